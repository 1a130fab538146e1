//! The shipped spaces: stock networks with levels, channels and depths to choose.

use super::*;

fn wide(size: &str, px: usize, classes: usize, choices: &str) -> Space {
    let text = format!("space {{ {choices} network like=yolov5{size}-wide {{ input data }} }}");
    let (space, warnings) = Space::compile(&node(&text), &spec(px, classes)).unwrap_or_else(|e| panic!("{e:#?}"));
    assert!(warnings.is_empty(), "{warnings:#?}");
    space
}

fn taking(space: &Space, wanted: &[(&str, &str)]) -> Sample {
    space.sample(|d| {
        let decision = &space.decisions()[d];
        let value = wanted.iter().find(|(label, _)| *label == decision.label).map(|(_, v)| *v);
        value.map_or(0, |v| decision.options.iter().position(|o| o == v).expect("an option"))
    })
}

#[test]
fn the_reference_is_the_stock_network() {
    for size in ["n", "s", "m", "l", "x"] {
        let space = wide(size, 320, 80, "");
        let stock = format!("space {{ network like=yolov5{size} {{ input data }} }}");
        let stock = Space::compile(&node(&stock), &spec(320, 80)).expect("stock").0;
        let build = |s: &Space| s.architecture(&s.reference()).expect("builds");
        assert_eq!(build(&space), build(&stock), "{size}");
    }
}

#[test]
fn the_wide_space_holds_heads_at_every_pair_of_levels() {
    let space = wide("n", 96, 4, "");
    // w, p2's channels and depths, p3's depths; p4's depths where it is there; the finest level.
    assert_eq!(space.size(), 4.0 * 3.0 * 2.0 * 3.0 * (3.0 + 3.0 + 1.0) * 2.0);
    assert_eq!(space.enumerate(2000).expect("few").len() as f64, space.size());
    assert_eq!(space.awaits_anchors(), [(96, 1), (96, 2), (96, 3), (96, 4)]);
    for (top, fine, strides) in [
        ("5", "3", vec![8, 16, 32]),
        ("5", "2", vec![4, 8, 16, 32]),
        ("4", "3", vec![8, 16]),
        ("4", "2", vec![4, 8, 16]),
        ("3", "3", vec![8]),
        ("3", "2", vec![4, 8]),
    ] {
        let architecture = space.architecture(&taking(&space, &[("top", top), ("fine", fine)])).expect("builds");
        let Head::Detect { strides: found, .. } = architecture.program().expect("builds").head else { panic!("no head") };
        assert_eq!(found, strides, "{top} {fine}");
    }
}

/// Levels P2 and P3 alone: on small objects far better than the stock network, at fewer operations and a tenth of its parameters.
#[test]
fn the_wide_space_holds_the_network_of_levels_p2_and_p3() {
    let space = wide("n", 96, 4, "");
    let stock = space.reference_cost();
    let sample = taking(&space, &[("top", "3"), ("fine", "2"), ("w", "0.3125"), ("p2.repeats", "1"), ("p3.repeats", "2")]);
    let cost = space.architecture(&sample).expect("builds").cost().expect("a cost");
    assert!(cost.params * 10 < stock.params && cost.macs < stock.macs, "{cost:?} {stock:?}");
}

#[test]
fn a_choice_of_the_space_stands_for_the_shipped_one() {
    let space = wide("n", 96, 4, "choice \"top\" 4 3; choice \"w\" 0.25 0.5;");
    assert_eq!(space.size(), 2.0 * 3.0 * 2.0 * 3.0 * (3.0 + 1.0) * 2.0);
    let text = "space { choice \"px\" 1 2; network like=yolov5n-wide { input data; at \"p3\" { c3 256 { repeats 1 2 } } } }";
    let (space, warnings) = Space::compile(&node(text), &spec(96, 4)).expect("compiles");
    assert_eq!(warnings[0].code, "unused");
    assert_eq!(space.size(), 4.0 * 3.0 * 2.0 * 2.0 * 7.0 * 2.0);
    let under = "space { network like=yolov5n-wide { input data; at \"p4\" { c3 512 } } }";
    assert_eq!(compile(under).expect_err("under a when")[0].code, "name-under-when");
}

#[test]
fn a_supernet_holds_every_network_of_the_wide_space() {
    let space = wide("n", 64, 4, "choice \"w\" 0.125 0.0625;");
    let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
    for i in 0..60 {
        let sample = space.random(0, &[i]);
        let path = net.path(&sample).unwrap_or_else(|e| panic!("{e:?} {:?}", space.describe(&sample)));
        assert_eq!(path.program, space.architecture(&sample).expect("builds").program().expect("builds"));
    }
    let told = |s: &Sample| {
        space.describe(s).into_iter().filter(|(l, _)| matches!(l.as_str(), "top" | "fine" | "w")).map(|(_, v)| v).collect::<Vec<_>>()
    };
    assert_eq!(told(&net.smallest()), ["3", "3", "0.0625"]);
    assert_eq!(told(&net.largest()), ["5", "2", "0.125"]);
}
