//! `fix` and `keep`: what is left, what bounds it, and what is said of a line that fits nothing.

use super::derived::{PLAIN, loaded, space_of};
use super::*;

fn with(more: &str) -> Space {
    space_of(&loaded(&format!("{PLAIN}{more}\n")), "narrow").0
}

fn wrong(more: &str) -> Vec<Diagnostic> {
    let pipeline = loaded(&format!("{PLAIN}{more}\n"));
    let node = pipeline.spaces.iter().find(|s| s.name.value == "narrow").expect("the space");
    Space::compile(node, &spec(64, 4)).expect_err("it does not fit")
}

fn options<'s>(space: &'s Space, label: &str) -> Vec<&'s str> {
    let decision = space.decisions().iter().find(|d| d.label == label).unwrap_or_else(|| panic!("no {label}"));
    decision.options.iter().map(String::as_str).collect()
}

/// What the reference has for a label.
fn reference_of(space: &Space, label: &str) -> String {
    space.describe(&space.reference()).into_iter().find(|(l, _)| l == label).expect("a decision").1
}

#[test]
fn what_is_left_is_all_that_is_drawn_and_the_fixed_value_is_the_reference() {
    let whole = space_of(&loaded(PLAIN), "backbone").0;
    let space =
        with("space \"narrow\" { from \"backbone\"; fix \"act\" relu; keep \"p4/c3.repeats\" 1; keep \"p3.kernel\" 3 5; fix \"p4\" c3 }");
    assert_eq!(options(&space, "act"), ["relu"]);
    assert_eq!(options(&space, "p4"), ["c3"]);
    assert_eq!(options(&space, "p4/c3.repeats"), ["1"]);
    // In the order of the other space: its reference stays the reference.
    assert_eq!(options(&space, "p3.kernel"), ["5", "3"]);
    assert_eq!(options(&space, "neck"), ["128", "64"]);
    assert_eq!(reference_of(&space, "act"), "relu");
    // Of (c3 × 2 repeats + residual) × act one is left.
    assert_eq!(space.size(), whole.size() / 6.0);
    for i in 0..200 {
        let sample = space.random(1, &[i]);
        let drawn = space.describe(&sample);
        assert!(drawn.contains(&("act".into(), "relu".into())) && drawn.contains(&("p4".into(), "c3".into())), "{drawn:?}");
        space.architecture(&sample).expect("builds");
        let child = space.mutate(&sample, 2, &[i]).expect("something is left to change");
        assert!(space.describe(&child).contains(&("act".into(), "relu".into())));
    }
    // It is the space that would be written by hand.
    let by_hand = PLAIN
        .replace("\"backbone\"", "\"narrow\"")
        .replace("silu relu", "relu")
        .replace("choose \"p4\" { c3 128 { repeats 1 2 }; residual 128 }", "choose \"p4\" { c3 128 { repeats 1 } }");
    let by_hand = space_of(&loaded(&by_hand), "narrow").0;
    let networks = |space: &Space| {
        let all = space.enumerate(1000).expect("few").into_iter().map(|s| space.architecture(&s).expect("builds").digest());
        all.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(networks(&space), networks(&by_hand));
    assert_eq!(Supernet::of(&space).expect("a supernet").tensors().len(), Supernet::of(&by_hand).expect("one").tensors().len());
}

#[test]
fn bounds_stay_as_they_are_measured_in_the_other_space() {
    let whole = space_of(&loaded(PLAIN), "backbone").0;
    let narrow = "space \"narrow\" { from \"backbone\"; fix \"neck\" 64; fix \"p4\" residual; require params max=0.9 of=reference }";
    let space = with(narrow);
    assert_ne!(space.reference_cost(), whole.reference_cost());
    let bounds: Vec<String> = space.bounds().iter().map(Bound::text).collect();
    assert_eq!(bounds[0], whole.bounds()[0].text());
    assert_eq!(space.bounds()[1].max, Some(0.9 * space.reference_cost().params as f64), "its own is measured by its own");
    // Over that again, and the same bounds still; over a part of the network, none.
    let again = with("space \"between\" { from \"backbone\"; fix \"neck\" 64 }\nspace \"narrow\" { from \"between\"; keep \"act\" silu }");
    assert_eq!(again.bounds()[0].text(), whole.bounds()[0].text());
    assert_eq!((options(&again, "neck"), options(&again, "act")), (vec!["64"], vec!["silu"]));
    // Choices that are added change no network; nor do they take its bounds away.
    let joint = with("space \"narrow\" { from \"backbone\"; range \"lr\" min=1e-3 max=1e-1 scale=log reference=1e-2 }");
    assert_eq!(joint.bounds()[0].text(), whole.bounds()[0].text());
    let cut = with("space \"narrow\" { from \"backbone\"; fix \"act\" relu; until \"p4\"; then-layers { detect \"p4\" } }");
    assert!(cut.bounds().is_empty());
    assert_eq!(options(&cut, "act"), ["relu"]);
}

#[test]
fn a_shipped_space_is_narrowed_with_its_conditions() {
    let narrow = |lines: &str| {
        let data = "pipeline \"p\"\ndata \"shapes\" generate=shapes images=48 image-size=96 { split train=0.5 val=0.25 test=0.25 }\n";
        space_of(&loaded(&format!("{data}space \"narrow\" {{ network like=yolov5n-wide {{ input \"shapes\" }}; {lines} }}\n")), "narrow")
    };
    let whole = narrow("").0;
    let labels: Vec<&str> = whole.decisions().iter().filter(|d| d.shared).map(|d| d.label.as_str()).collect();
    let (first, last) = (options(&whole, "top")[0].to_string(), options(&whole, "top").last().expect("some").to_string());
    // The branch of a level that is never there goes, and nothing is said of it.
    let (space, warnings) = narrow(&format!("fix \"top\" {last}"));
    assert!(warnings.is_empty(), "{warnings:#?}");
    assert_eq!(reference_of(&space, "top"), last);
    assert!(space.reference_cost().params < whole.reference_cost().params && space.size() < whole.size(), "{labels:?}");
    (0..50).for_each(|i| drop(space.architecture(&space.random(3, &[i])).expect("builds")));
    Supernet::of(&space).expect("a supernet of it");
    let (space, _) = narrow(&format!("keep \"top\" {first} {last}"));
    assert_eq!(options(&space, "top"), [first, last]);
}

#[test]
fn a_line_that_fits_nothing_is_an_error_at_its_place() {
    for (lines, said, label) in [
        ("fix \"acct\" silu", "nothing is decided by the name `acct` in this network", "acct"),
        ("fix \"act\" gelu", "`act` has no value gelu", "gelu"),
        ("keep \"p3.kernel\" 3", "`keep` leaves out 5, which is what the reference has for `p3.kernel`", "p3.kernel"),
        ("keep \"p4\" c3 c4", "`p4` has no value c4", "c4"),
    ] {
        let text = format!("space \"narrow\" {{ from \"backbone\"; {lines} }}");
        let errors = wrong(&text);
        assert_eq!(errors.len(), 1, "{errors:#?}");
        assert_eq!(errors[0].message, said);
        let span = errors[0].labels[0].0;
        let whole = format!("{PLAIN}{text}\n");
        assert!(whole[span.offset..span.offset + span.len].contains(label), "{lines}");
    }
    // `fix` says another reference than `keep` would have.
    let fixed = with("space \"narrow\" { from \"backbone\"; keep \"p3.kernel\" 3; fix \"p3.kernel\" 3 }");
    assert_eq!(options(&fixed, "p3.kernel"), ["3"]);
}
