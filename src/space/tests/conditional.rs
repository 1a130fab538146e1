//! Layers and choices that are there only under a condition; values that follow from others.

use super::*;
use crate::base::Random;
use std::collections::{BTreeSet, HashSet};

/// A head whose levels are chosen, over maps of 32, 16 and 8.
pub(crate) const LEVELS: &str = r#"space {
    choice "top" 8 4
    choice "fine" no yes
    network {
        input d
        conv stride=2 kernel=3 as="p1" { channels 8 16 }
        conv 16 stride=2 kernel=3 as="p2"
        when top=8 { conv 32 stride=2 as="p3" { kernel 3 5 } }
        conv 16 as="n3"
        when top=8 { conv 16 as="up"; upsample 2; concat above "p2"; conv 16 as="out2" }
        when top=4 { c3 16 as="out2" { repeats 1 2 } }
        when fine=yes { upsample 2; concat above "p1"; conv 8 as="out1"; conv 16 stride=2; add above "out2"; conv 16 as="out2" }
        when top=8 { conv 24 stride=2; concat above "up" as="out3" }
        detect "out1" "out2" "out3" anchors=auto
    }
}"#;

/// Every sample, found by trying every option of every decision.
fn by_force(space: &Space) -> HashSet<Sample> {
    let counts = space.decisions().iter().map(|d| d.options.len()).collect();
    function::Combinations::from(counts).map(|options| space.sample(|d| options[d])).collect()
}

fn counted(text: &str) -> Space {
    let space = whole(text);
    let all = by_force(&space);
    assert_eq!(space.size(), all.len() as f64, "{text}");
    let listed = space.enumerate(100_000).expect("few");
    assert_eq!(listed.len(), all.len(), "{text}");
    assert!(listed.iter().all(|s| all.contains(s)), "{text}");
    space
}

fn network(choices: &str, layers: &str) -> String {
    format!("space {{ {choices} network {{ input data; {layers} }} }}")
}

fn strides(space: &Space, sample: &Sample) -> Vec<usize> {
    match space.architecture(sample).expect("builds").program().expect("builds").head {
        Head::Detect { strides, .. } => strides,
        other => panic!("{other:?}"),
    }
}

/// The sample that takes these options of declared choices, and of all others the first.
fn with(space: &Space, wanted: &[(&str, &str)]) -> Sample {
    space.sample(|d| {
        let decision = &space.decisions()[d];
        let value = wanted.iter().find(|(label, _)| *label == decision.label).map(|(_, v)| *v);
        value.map_or(0, |v| decision.options.iter().position(|o| o == v).unwrap_or_else(|| panic!("{v} of {}", decision.label)))
    })
}

#[test]
fn a_head_reads_the_levels_that_are_there() {
    let space = counted(LEVELS);
    // p1's channels, with two kernels or two depths, over two levels each.
    assert_eq!(space.size(), 2.0 * (2.0 * 2.0 + 2.0 * 2.0));
    assert_eq!(strides(&space, &space.reference()), [4, 8]);
    assert_eq!(strides(&space, &with(&space, &[("fine", "yes")])), [2, 4, 8]);
    assert_eq!(strides(&space, &with(&space, &[("top", "4")])), [4]);
    assert_eq!(strides(&space, &with(&space, &[("top", "4"), ("fine", "yes")])), [2, 4]);
    let labels: Vec<&str> = space.decisions().iter().map(|d| d.label.as_str()).collect();
    assert_eq!(labels, ["top", "fine", "p1.channels", "when#1/p3.kernel", "when#3/out2.repeats"]);
    // What stands in a body that is not there is not decided.
    let told = space.describe(&with(&space, &[("top", "4")]));
    let told: Vec<&str> = told.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(told, ["top", "fine", "p1.channels", "when#3/out2.repeats"]);
}

#[test]
fn anchors_are_found_for_every_number_of_levels() {
    let space = whole(LEVELS);
    assert_eq!(space.awaits_anchors(), [(64, 1), (64, 2), (64, 3)]);
    let set = |n: usize| AnchorSet { image_size: 64, levels: vec![vec![(n as f32, 4.0), (8.0, 8.0), (9.0, 9.0)]; n] };
    let known = space.clone().with_anchors((1..=3).map(set).collect());
    assert!(known.awaits_anchors().is_empty());
    for sample in known.enumerate(100).expect("few") {
        let Head::Detect { anchors, strides, .. } = known.architecture(&sample).expect("builds").program().expect("builds").head else {
            panic!()
        };
        assert_eq!((anchors.len(), anchors[0][0].0), (strides.len(), strides.len() as f32));
    }
    assert_ne!(known.digest(), space.digest());
    let few = space.clone().with_anchors(vec![set(2)]);
    assert!(few.architecture(&with(&few, &[("top", "4")])).expect_err("one level").reason.contains("anchors of 1 levels"));
}

#[test]
fn sizes_are_exact_whatever_conditions_read() {
    let choices = "choice \"a\" 1 2 3; choice \"b\" x y;";
    for layers in [
        "conv 8; when a=2 { conv 8 { kernel 1 3 } }",
        "conv 8; when a=2 b=y { conv 8 { kernel 1 3 } }; when (expr)\"a >= 2 or b == 'y'\" { conv 8 { kernel 1 3 5 } }",
        // Nested; b is asked only inside.
        "conv 8; when a=1 { when b=x { conv 8 { kernel 1 3 } }; conv 8 { kernel 1 3 5 } }",
        // A decision of a layer, of a branch, of a copy, of an entry that may not be there.
        "conv 8 as=\"k\" { kernel 1 3 5 }; when k.kernel=3 { conv 8 { kernel 1 3 } }",
        "choose \"c\" { skip; conv 8; repeat 1 as=\"r\" { conv 8 as=\"q\" { kernel 1 3 } } }; when \"c/r/q.kernel\"=3 { conv 8 { kernel 1 3 } }; conv 8",
        "repeat \"d\" 1 2 3 { conv 8 { kernel 1 3 } }; when \"d[2]/conv#1.kernel\"=3 { conv 8 { kernel 1 3 5 } }; when (expr)\"d > 1\" { conv 8 { kernel 1 3 } }",
        "conv 8; when a=1 { conv 8 as=\"in\" { kernel 1 3 } }; when \"when#1/in.kernel\"=1 { conv 8 { kernel 1 3 5 } }",
        // The same choice in values, counts and branches.
        "conv 8 kernel=(choice)\"k\"; when k=3 { conv 8 { kernel 1 3 } }; choose \"c\" { conv 8 kernel=(choice)\"k\"; skip }",
        "conv 8; choose \"c\" { conv 8 kernel=(choice)\"k\"; repeat 1 as=\"r\" { when k=3 { conv 8 { kernel 1 3 } }; conv 8 } }",
        "conv 8; repeat (choice)\"k\" { conv 8 { kernel 1 3 }; when k=3 { conv 8 { kernel 1 3 } } }",
        "inputs-of; inputs \"x\" \"y\" \"z\" as=\"i\"; when i=y { conv 8 { kernel 1 3 } }",
        // Choices with conditions, one in another.
        "conv 8; when a=2 { conv 8 kernel=(choice)\"g\" }; when g=3 h=1 { conv 8 { kernel 1 3 5 } }",
        "conv 8; when h=1 { conv 8 { kernel 1 3 } }; when a=2 { conv 8 kernel=(choice)\"g\"; when g=3 { conv 8 stride=(choice)\"h\" } }",
        // Values that follow from others.
        "conv (expr)\"8 * a\" kernel=3; conv (expr)\"8 * a * max(k, 2)\" kernel=(choice)\"k\"; repeat (expr)\"a + k\" { conv 8 { kernel 1 3 } }",
        "conv 8; when b=y { repeat (expr)\"a * k\" { conv 8 } }; when a=3 { conv 8 { kernel 1 3 } }",
    ] {
        let layers = layers.replace("inputs-of;", "conv 8 as=\"x\"; conv 8 as=\"y\"; conv 8 as=\"z\";");
        let more = "choice \"k\" 1 3; choice \"g\" 1 3 when=(expr)\"a == 2\"; choice \"h\" 1 2 when=(expr)\"g == 3\";";
        counted(&network(&format!("{choices} {more}"), &layers));
    }
}

/// Layers with conditions over declared choices and over decisions above.
fn layers(random: &mut Random, depth: usize, n: &mut usize) -> String {
    let mut text = String::new();
    for _ in 0..1 + random.below(3) {
        *n += 1;
        let id = *n;
        let condition = ["a=2", "b=y", "a=1 b=x", "(expr)\"a > 1\"", "(expr)\"not b == 'x' or a == 3\"", "k=3"][random.below(6)];
        let inner =
            |random: &mut Random, n: &mut usize| if depth == 0 { "conv 8 { kernel 1 3 };".into() } else { layers(random, depth - 1, n) };
        text += &match random.below(6) {
            0 => "conv 8 { kernel 1 3 }; ".to_string(),
            1 => format!("choose \"c{id}\" {{ skip; conv 8; repeat 1 as=\"b\" {{ {} }} }}; ", inner(random, n)),
            2 => format!("repeat \"r{id}\" 1 2 {{ {} }}; ", inner(random, n)),
            3 => format!("choose \"c{id}\" {{ skip; conv 8 }}; when c{id}=conv {{ {} }}; ", inner(random, n)),
            _ => format!("conv 8 as=\"x{id}\"; when {condition} {{ {} conv 8 as=\"x{id}\" }}; add above \"x{id}\"; ", inner(random, n)),
        };
    }
    text
}

#[test]
fn random_spaces_with_conditions_are_counted_built_and_shared() {
    let mut counted_ones = 0;
    for seed in 0..60 {
        let layers = layers(&mut Random::at(seed, "conditional", &[]), 1, &mut 0);
        let text =
            network("choice \"a\" 1 2 3; choice \"b\" x y; choice \"k\" 1 3;", &format!("conv 8 kernel=3 stride=2; {layers} detect"));
        let space = whole(&text);
        let every: f64 = space.decisions().iter().map(|d| d.options.len() as f64).product();
        if every <= 5e4 {
            counted(&text);
            counted_ones += 1;
        }
        let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}\n{text}"));
        let mut sample = space.reference();
        for i in 0..20 {
            let architecture = space.architecture(&sample).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
            assert_eq!(Architecture::from_json(&architecture.to_json()).as_ref(), Ok(&architecture), "a fixed point");
            let path = net.path(&sample).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
            assert_eq!(path.architecture, architecture);
            assert_eq!(space.sample(|d| sample.option(d).expect("only what is decided is asked")), sample);
            sample = match i % 2 {
                0 => space.mutate(&sample, seed, &[i]).expect("something to edit"),
                _ => space.random(seed, &[i]),
            };
        }
        for sample in [net.smallest(), net.largest()] {
            net.path(&sample).expect("a path");
        }
    }
    assert!(counted_ones > 20, "{counted_ones}");
}

#[test]
fn what_differs_only_in_what_is_absent_is_one_candidate() {
    let space = whole(&network("choice \"a\" 1 2 3; choice \"b\" 1 2;", "conv 8; when a=2 b=2 { conv 8 kernel=3 }"));
    let all = space.enumerate(10).expect("few");
    let nets: HashSet<_> = all.iter().map(|s| space.architecture(s).expect("builds").digest()).collect();
    assert_eq!((all.len(), nets.len()), (6, 2));
    // And it is the network that is written without conditions.
    let plain = space_of_layers("conv 8; conv 8 kernel=3");
    assert!(nets.contains(&plain.digest()) && nets.contains(&space_of_layers("conv 8").digest()));
}

fn space_of_layers(layers: &str) -> Architecture {
    reference(layers)
}

#[test]
fn an_absent_layer_is_left_out_and_one_alone_is_itself() {
    let text = |join: &str| {
        network("choice \"a\" 1 2;", &format!("conv 8 as=\"x\"; when a=2 {{ conv 8 kernel=3 as=\"y\" }}; {join} \"x\" \"y\"; conv 16"))
    };
    for join in ["concat", "add"] {
        let space = whole(&text(join));
        let alone = space.architecture(&space.reference()).expect("builds");
        assert_eq!(alone, reference("conv 8; conv 16"), "{join}");
        let both = space.architecture(&with(&space, &[("a", "2")])).expect("builds");
        assert_eq!(both, reference(&format!("conv 8 as=\"x\"; conv 8 kernel=3 as=\"y\"; {join} \"x\" \"y\"; conv 16")), "{join}");
    }
    // The last of a name that is there is read, also one given outside.
    let space = whole(&network(
        "choice \"a\" 1 2 3;",
        "conv 8 as=\"x\"; when (expr)\"a >= 2\" { conv 16 as=\"x\" }; when a=3 { conv 24 as=\"x\" }; conv 32; concat above \"x\"",
    ));
    for (a, channels) in [("1", 8), ("2", 16), ("3", 24)] {
        let program = space.architecture(&with(&space, &[("a", a)])).expect("builds").program().expect("builds");
        assert_eq!(program.values.last().expect("an output").c, 32 + channels);
    }
}

#[test]
fn names_and_orders_move_nothing() {
    let one = whole(LEVELS);
    let other = whole(
        &LEVELS
            .replace("\"top\" 8 4", "\"t\" 8 4")
            .replace("when top=8", "when (expr)\"t > 4\"")
            .replace("when top=4", "when t=4")
            .replace("out2", "o2"),
    );
    assert_eq!(one.digest(), other.digest());
    let pairs =
        |order: &str| whole(&network("choice \"a\" 1 2; choice \"b\" 1 2 3;", &format!("conv 8; when {order} {{ conv 8 kernel=3 }}")));
    assert_eq!(pairs("a=2 b=3").digest(), pairs("b=3 a=2").digest());
    assert_ne!(pairs("a=2 b=3").digest(), pairs("a=2 b=2").digest());
    // Nor does the order in which choices are declared.
    let turned = whole(&network("choice \"b\" 1 2 3; choice \"a\" 1 2;", "conv 8; when a=2 b=3 { conv 8 kernel=3 }"));
    assert_eq!(pairs("a=2 b=3").digest(), turned.digest());
    // Draws are the same, too.
    let (a, b) = (pairs("a=2 b=3"), whole(&network("choice \"a\" 1 2; choice \"b\" 1 3 2;", "conv 8; when a=2 b=3 { conv 8 kernel=3 }")));
    for i in 0..40 {
        assert_eq!(a.describe(&a.random(3, &[i])), b.describe(&b.random(3, &[i])));
    }
    let addresses: BTreeSet<u64> = one.decisions().iter().map(|d| d.address).collect();
    assert_eq!(addresses.len(), one.decisions().len());
}

#[test]
fn a_choice_with_a_condition_is_made_only_where_it_holds() {
    let text = network(
        "choice \"op\" c3 residual; choice \"groups\" 1 2 4 when=(expr)\"op == 'residual'\";",
        "conv 8; choose (choice)\"op\" { c3 8; residual 8 groups=(choice)\"groups\" }",
    );
    let space = counted(&text);
    assert_eq!(space.size(), 4.0);
    let told: Vec<_> = space.enumerate(9).expect("few").iter().map(|s| space.describe(s).len()).collect();
    assert_eq!(told, [1, 2, 2, 2]);
    for i in 0..20 {
        let sample = space.random(1, &[i]);
        assert!(space.architecture(&space.mutate(&sample, 1, &[i]).expect("an edit")).is_ok());
    }
    // Read where it is not made.
    let errors = compile(&text.replace("c3 8;", "c3 8 groups=(choice)\"groups\";")).expect_err("read in c3");
    assert!(errors[0].message.contains("`groups` is read here, where its own condition is false"), "{errors:#?}");
}

#[test]
fn values_follow_from_choices() {
    let space = counted(&network(
        "choice \"c\" 16 24; choice \"w\" 1 2;",
        "conv (choice)\"c\"; conv (expr)\"ceil8(c * w + 1)\" kernel=(expr)\"2 * w + 1\"",
    ));
    let last = |c: &str, w: &str| {
        space.architecture(&with(&space, &[("c", c), ("w", w)])).expect("builds").program().expect("builds").values.last().expect("one").c
    };
    assert_eq!([last("16", "1"), last("24", "1"), last("16", "2"), last("24", "2")], [24, 32, 40, 56]);
    let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
    space.enumerate(9).expect("few").iter().for_each(|s| drop(net.path(s).expect("a path")));
    assert_eq!(net.decisions()[0].property, Some("channels"));
    // A constraint admits what meets it.
    let space = whole(
        "space { choice \"c\" 16 32 64; choice \"g\" 1 2 4; network { input d; conv (choice)\"c\"; conv (choice)\"c\" groups=(choice)\"g\" }; require (expr)\"16 * g <= c\" }",
    );
    let shares = space.shares(100);
    assert_eq!((shares.samples, shares.admitted), (9, 6.0 / 9.0));
    let unmet = space.architecture(&with(&space, &[("g", "4")])).expect_err("16 · 4 > 16");
    assert!(unmet.reason.contains("16 * g <= c"));
    // It binds proposals, not the network.
    let free = whole(
        "space { choice \"c\" 16 32 64; choice \"g\" 1 2 4; network { input d; conv (choice)\"c\"; conv (choice)\"c\" groups=(choice)\"g\" } }",
    );
    assert_eq!(space.network(), free.network());
    assert_ne!(space.digest(), free.digest());
}

#[test]
fn what_cannot_be_is_said_at_its_line() {
    let choices = "choice \"a\" 1 2 3; choice \"b\" x y;";
    let said = |choices: &str, layers: &str| compile(&network(choices, layers)).expect_err(layers).remove(0);
    for (layers, code, part) in [
        ("conv 8; when a=4 { conv 8 }", "never", "`a` is never 4"),
        ("conv 8; when (expr)\"a > 3\" { conv 8 }", "never", "never true"),
        ("conv 8; when (expr)\"a + 1\" { conv 8 }", "expression", "neither true nor false"),
        ("conv 8; when (expr)\"b > 1\" { conv 8 }", "expression", "takes numbers, not a word, where b = x"),
        ("conv 8; when q=1 { conv 8 }", "unknown-label", "nothing is decided by the name `q` above"),
        ("conv 8; when late.kernel=3 { conv 8 }; conv 8 as=\"late\" { kernel 1 3 }", "unknown-label", "`late.kernel`"),
        ("conv 8; when a=1 { conv 8 as=\"x\"; conv 8 as=\"x\" }", "duplicate-name", "`x` already"),
        ("conv 8; when a=1 { conv 8 as=\"x\" }; conv 8 as=\"x\"", "duplicate-name", "`x` already"),
        ("conv 8; when a=1 { conv 8 as=\"x\" }; inputs above \"x\"", "input-comes-and-goes", "only in some samples"),
        ("conv 8; when a=1 { conv 8 as=\"x\" }; add \"x\"", "shape", "is there, where a = 2"),
        (
            "conv 8; when a=1 { conv 8 as=\"x\" }; when b=x { conv 8 as=\"y\" }; conv 8; concat \"x\" \"y\"",
            "shape",
            "is there, where a = 2, b = y",
        ),
        ("repeat 2 { stride 2; when a=1 { conv 8 } }", "stride-of-when", "cannot have a stride"),
        ("conv 8; conv (expr)\"a * q\"", "unknown-label", "`q`"),
        ("conv 8 as=\"k\" { kernel 1 3 }; conv (expr)\"8 * `k.kernel`\"", "not-declared", "decided at its place"),
        ("conv 8; conv (expr)\"a / 2\"", "value-type", "`channels` cannot be 0.5, where a = 1"),
        ("conv 8; conv (expr)\"8 / (a - 2)\"", "expression", "divided by 0, where a = 2"),
    ] {
        let d = said(choices, layers);
        assert_eq!(d.code, code, "{layers}: {d:#?}");
        assert!(d.message.contains(part), "{layers}: {d:#?}");
    }
    let cell = "space { choice \"a\" 1 2; cell \"c\" { nodes 1; repeat 1 { when a=1 { conv kernel=3 } } }; network { input d; conv 8; use \"c\" channels=8 } }";
    assert_eq!(compile(cell).expect_err("in a cell")[0].code, "when-in-cell");
    let inside = "space { cell \"c\" { nodes 1; choose \"o\" { skip; conv kernel=3 } }; network { input d; conv 8; use \"c\" channels=8; when \"c/n1<in1\"=skip { conv 8 } } }";
    assert_eq!(compile(inside).expect_err("of a cell")[0].code, "decided-in-cell");
    let many: String = (0..15).map(|i| format!("choice \"c{i}\" 1 2;")).collect();
    let all = (0..15).map(|i| format!("c{i}=1 ")).collect::<String>();
    assert_eq!(said(&many, &format!("conv 8; when {all} {{ conv 8 }}")).code, "too-large");
}

#[test]
fn conditions_are_drawn_and_never_mixed() {
    let text = network(
        "choice \"b\" x y;",
        "conv 8; choose \"c\" { skip; conv 8 kernel=3 }; choose \"d\" { skip; conv 8 kernel=5 }; when c=conv b=y { conv 8 kernel=3 }; global-pool; linear",
    );
    let net = Supernet::of(&whole(&text)).unwrap_or_else(|e| panic!("{e:#?}"));
    let mixes: Vec<(&str, bool)> = net.decisions().iter().map(|d| (d.label.as_str(), d.mixes)).collect();
    assert_eq!(mixes, [("b", false), ("c", false), ("d", true)]);
    let over = |d: usize| [(d, vec![0, 1])].into_iter().collect();
    assert!(net.mixed(&[1, 1, 0], &over(2)).is_ok());
    let refused = net.mixed(&[0, 0, 0], &over(1)).expect_err("it decides what is there");
    assert!(refused.reason.contains("`c` cannot be mixed: it decides which layers"), "{refused:?}");
    assert_eq!(refused.span, net.space().decisions()[1].span);
}

#[test]
fn shared_tensors_stay_where_they_are() {
    let space = whole(LEVELS);
    let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
    let tensors = |sample: &Sample| -> BTreeSet<String> {
        let path = net.path(sample).expect("a path");
        path.slices.iter().map(|s| net.tensors()[s.tensor].name.clone()).collect()
    };
    let (whole, small) = (tensors(&with(&space, &[("fine", "yes")])), tensors(&with(&space, &[("top", "4")])));
    // Without the coarse level, nothing of its body is used, and what stands behind it is the same tensor.
    assert!(whole.contains("2.w.0.0.conv.weight") && !small.iter().any(|t| t.starts_with("2.w")), "{small:?}");
    assert!(whole.contains("3.0.conv.weight") && small.contains("3.0.conv.weight"));
    // A head's tensors belong to the layer that it reads: `out2` is the second of the list, alone or not.
    let heads = |all: &BTreeSet<String>| {
        all.iter().filter(|t| t.contains(".m.") && t.starts_with("8.") && t.ends_with("weight")).cloned().collect::<Vec<_>>()
    };
    assert_eq!(heads(&small), ["8.0.m.1.weight"]);
    assert_eq!(heads(&whole), ["8.0.m.0.weight", "8.0.m.1.weight", "8.0.m.2.weight"]);
    for sample in space.enumerate(100).expect("few") {
        let path = net.path(&sample).expect("a path");
        assert_eq!(path.program, space.architecture(&sample).expect("builds").program().expect("builds"));
    }
    let (small, large) = (space.architecture(&net.smallest()).expect("one"), space.architecture(&net.largest()).expect("one"));
    let all: Vec<u64> =
        space.enumerate(100).expect("few").iter().map(|s| space.architecture(s).expect("one").cost().expect("one").macs).collect();
    assert_eq!(
        (small.cost().expect("one").macs, large.cost().expect("one").macs),
        (*all.iter().min().expect("some"), *all.iter().max().expect("some"))
    );
}
