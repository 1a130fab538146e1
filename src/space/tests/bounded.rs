//! Bounds while samples are drawn: what an interval excludes is refused, and what is drawn stays what it was.

use super::sampling::random_space;
use super::*;
use crate::space::range::Ranges;
use crate::space::sample::draw;
use crate::space::within::tree;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Levels, sizes, widths, channels and depths, and layers under conditions.
pub(crate) const WIDE: &str = r#"
space {
    choice "px" 64 96 128
    choice "top" 4 3
    choice "w" 0.25 0.5
    network width=(choice)"w" {
        input "data" image-size=(choice)"px"
        conv 64 kernel=3 stride=2
        c3 as="p1" { channels 64 32 96; repeats 1 2 }
        conv 128 kernel=3 stride=2
        choose "b" { c3 128 { repeats 1 3 }; residual 128; skip }
        conv 256 kernel=3 stride=2
        repeat "r" 1 2 3 as="p3" { conv kernel=3 { channels 128 256 } }
        when top=4 { conv 256 kernel=3 stride=2; c3 256 as="p4" }
        when top=4 { upsample 2; concat above "p3"; c3 128 as="out3" }
        detect "out3" "p3" anchors=auto
    }
    BOUND
}"#;

fn bounded(bound: &str) -> Space {
    Space::compile(&node(&WIDE.replace("BOUND", bound)), &spec(64, 4)).unwrap_or_else(|e| panic!("{e:#?}")).0
}

/// A table in which every operation has a row of its own.
fn table(space: &Space) -> LatencyTable {
    let rows = operations(space).operations.into_keys().enumerate();
    LatencyTable::new("none".into(), rows.map(|(i, key)| (key, 0.01 + (i * 7919 % 101) as f64 * 0.003)).collect())
}

/// The same space with bounds of every metric, which refuse nothing.
fn with_every_bound(space: &Space) -> Space {
    let table = Arc::new(table(space));
    let digest = table.digest();
    let metrics = COSTS.iter().map(|c| (c.metric(), None)).chain([(TABLE_LATENCY.metric(), Some((table, digest)))]);
    let bound = |(metric, table)| Bound { metric, min: Some(0.0), max: Some(f64::INFINITY), span: Default::default(), table };
    Space { bounds: metrics.map(bound).collect(), envelope: Default::default(), ..space.clone() }
}

fn figures(space: &Space, sample: &Sample) -> Option<Vec<f64>> {
    let architecture = space.architecture(sample).ok()?;
    Some(space.bounds.iter().map(|b| b.of(&architecture, None).expect("a figure")).collect())
}

fn spaces() -> Vec<Space> {
    let zeros = whole(
        "space { network { input d; conv 8 kernel=3 as=\"a\"; choose \"z\" as=\"b\" { zero; conv 8 { kernel 1 3 }; max-pool 3 }; add \"a\" \"b\"; conv 16 { kernel 1 3 } } }",
    );
    let shipped = whole("space { choice \"w\" 0.125 0.25; network like=yolov5n-wide { input d } }");
    (0..12).map(random_space).chain([bounded(""), whole(FLAGSHIP), zeros, shipped]).map(|s| with_every_bound(&s)).collect()
}

/// Decided whole, the interval is the figure; decided in part, it holds the figures of all that may follow.
#[test]
fn an_interval_holds_the_figures_of_all_samples_that_are_decided_so() {
    for (k, space) in spaces().iter().enumerate() {
        let ranges = Ranges::new(&space.structure, &space.input, &space.bounds);
        let zeros = k == 14;
        for i in 0..24 {
            let full: Vec<Option<usize>> = (0..space.decisions().len()).map(|d| Some(draw(&space.structure, 5, &[i], d))).collect();
            let sample = space.random(5, &[i]);
            let Some(found) = figures(space, &sample) else { continue };
            let range = ranges.of(&full).expect("it can be built");
            for (x, (low, high)) in found.iter().zip(&range) {
                let exact = (x - low).abs() <= 1e-9 * x && (x - high).abs() <= 1e-9 * x;
                assert!(exact || (zeros && *low <= x * (1.0 + 1e-9) && *high >= x * (1.0 - 1e-9)), "space {k}: {x} in {low}..{high}");
            }
            for hidden in 0..4u64 {
                let mut random = crate::base::Random::at(hidden, "hide", &[i]);
                let some: Vec<Option<usize>> = full.iter().map(|o| o.filter(|_| random.below(4) >= hidden as usize)).collect();
                let range = ranges.of(&some).expect("it can be built");
                for (x, (low, high)) in found.iter().zip(&range) {
                    assert!(low * (1.0 - 1e-9) <= *x && *x <= high * (1.0 + 1e-9), "space {k}: {x} in {low}..{high}");
                }
            }
        }
    }
}

#[test]
fn what_is_cut_is_refused_and_much_is_cut() {
    for (bound, most) in [
        ("require flops max=1.4e7", 0.1),
        ("require params max=7e4", 0.1),
        ("require flops min=4e8", 0.4),
        ("require (expr)\"px >= 128 and w < 0.5\"", 0.34),
        ("require flops max=4e7; require params min=2e5", 0.5),
    ] {
        let space = bounded(bound);
        let admitted = |s: &Sample| space.architecture(s).and_then(|a| space.admits(&a)).is_ok();
        let (mut cut, mut met) = (0, 0);
        for i in 0..1500 {
            let sample = space.random(1, &[0, i]);
            met += usize::from(admitted(&sample));
            let tree = space.envelope().expect("bounds");
            if space.random_unless_refused(1, 0, i..i + 1).next().is_none() {
                cut += i32::from(tree.cuts(|d| Some(draw(&space.structure, 1, &[0, i], d))));
                assert!(!admitted(&sample), "{bound}: {:?}", space.describe(&sample));
            }
        }
        let share = space.envelope().expect("bounds").share();
        assert!(share <= most && met > 0, "{bound}: {share} is left, {met} of 1500 are admitted, {cut} were cut");
        assert!((1.0 - share - f64::from(cut) / 1500.0).abs() < 0.05, "{share} {cut}");
    }
}

/// Drawn inside the tree, each admitted sample comes as often as the loop of draws brings it.
#[test]
fn what_is_drawn_within_the_bounds_has_the_distribution_of_the_loop() {
    for bound in ["require flops max=1.3e7", "require (expr)\"px > 64\"; require flops max=4e7"] {
        let space = bounded(bound);
        let admitted = |s: &Sample| space.architecture(s).and_then(|a| space.admits(&a)).is_ok();
        // Draws are uniform over the options of every decision that is made.
        let chance = |s: &Sample| s.pairs().map(|(d, _)| 1.0 / space.decisions()[d].options.len() as f64).product::<f64>();
        let all: BTreeMap<Sample, f64> =
            space.enumerate(20_000).expect("few").into_iter().filter(|s| admitted(s)).map(|s| (s.clone(), chance(&s))).collect();
        let whole: f64 = all.values().sum();
        assert!((20..400).contains(&all.len()), "{bound}: {}", all.len());
        let mut seen: HashMap<Sample, f64> = HashMap::new();
        let (mut drawn, mut tried) = (0.0, 0u32);
        for sample in space.random_within(9, 0, 0..1 << 40) {
            tried += 1;
            if admitted(&sample) {
                drawn += 1.0;
                *seen.entry(sample).or_default() += 1.0;
            }
            if drawn >= 6_000.0 {
                break;
            }
        }
        assert!(seen.keys().all(|s| all.contains_key(s)));
        let square = |(s, p): (&Sample, &f64)| {
            let expected = drawn * p / whole;
            (seen.get(s).copied().unwrap_or(0.0) - expected).powi(2) / expected
        };
        let (chi, freedom) = (all.iter().map(square).sum::<f64>(), all.len() as f64 - 1.0);
        // Mean n and variance 2 n: four deviations.
        assert!((chi - freedom).abs() < 4.0 * (2.0 * freedom).sqrt(), "{bound}: chi-square {chi} of {freedom}");
        assert!(drawn / f64::from(tried) > 3.0 * whole, "{drawn} of {tried}, where the loop has {whole}");
    }
}

/// Names, the order of values and the order of choices move no draw.
#[test]
fn the_order_of_values_moves_no_draw_within_the_bounds() {
    let one = bounded("require flops max=1.3e7");
    let text = WIDE
        .replace("BOUND", "require flops max=1.3e7")
        .replace("\"px\" 64 96 128", "\"px\" 64 128 96")
        .replace("{ channels 64 32 96;", "{ channels 64 96 32;");
    let text = text.replace("\"p1\"", "\"q1\"");
    let other = Space::compile(&node(&text), &spec(64, 4)).unwrap().0;
    for (a, b) in one.random_within(2, 0, 0..400).zip(other.random_within(2, 0, 0..400)) {
        let build = |space: &Space, s: &Sample| space.architecture(s).map(|a| a.digest()).ok();
        assert_eq!(build(&one, &a), build(&other, &b));
    }
}

#[test]
fn bounds_that_nothing_meets_are_said_with_what_comes_closest() {
    for (bound, said) in [
        ("require flops max=1e5", "no network of `test` meets flops ≤ 100.0 k: the smallest that was found has 7.614 M"),
        ("require flops min=1e12", "no network of `test` meets flops ≥ 1000.000 G: the largest that was found has "),
        ("require params max=5e4; require flops min=3e8", "no network of `test` meets all bounds at once"),
    ] {
        let d = bounded(bound).nothing_meets().unwrap_or_else(|| panic!("{bound}: something meets it"));
        assert!(d.message.starts_with(said) && d.severity == crate::document::Severity::Error, "{}", d.message);
    }
    assert!(bounded("require flops max=8e6").nothing_meets().is_none());
}

#[test]
fn a_tree_is_the_same_whenever_it_is_made() {
    let space = bounded("require flops max=9e6");
    let (one, other) = (tree(&space), tree(&space.clone()));
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}
