//! What is taken over, worked out by hand.

use super::*;
use crate::space::tests::{node, spec, whole};
use crate::space::{AnchorSet, Sample, Space};

/// Two inputs are joined, a kernel is chosen, and a layer stands behind a condition.
const SPACE: &str = r#"space {
    choice "deep" #true #false
    network {
        input d
        conv kernel=3 stride=4 as="a" { channels 8 4 }
        conv kernel=3 as="b" { channels 6 2 }
        concat "a" "b"
        conv 4 as="c" { kernel 3 5 }
        when deep=#true { conv 4 kernel=3 }
        conv 16 kernel=3 stride=2 as="p"
        detect "p" anchors=auto
    }
}"#;

fn sample(space: &Space, wanted: &[(&str, &str)]) -> Sample {
    space.sample(|d| {
        let decision = &space.decisions()[d];
        let value = wanted.iter().find(|(label, _)| *label == decision.label).map(|(_, v)| *v);
        value.map_or(0, |v| decision.options.iter().position(|o| o == v).unwrap_or_else(|| panic!("{:?}", decision.options)))
    })
}

fn layout(space: &Space, wanted: &[(&str, &str)]) -> Layout {
    Layout::of(space, &sample(space, wanted)).expect("builds")
}

/// What one sample of a space takes over from another.
fn within(space: &Space, from: &[(&str, &str)], to: &[(&str, &str)], matching: Matching) -> (Transfer, Layout) {
    let architecture = space.architecture(&sample(space, from)).expect("builds");
    let (source, target) = (layout(space, from), layout(space, to));
    let given = Given::of_network(&Network { layout: &source, architecture: &architecture, related: true }, &[]).expect("given");
    (into_network(&given, &target, matching), target)
}

fn piece<'a>(found: &'a (Transfer, Layout), place: &str) -> Option<&'a Piece> {
    let to = found.1.slots.iter().position(|s| s.of.tensor == place).unwrap_or_else(|| panic!("no {place}"));
    found.0.pieces.iter().find(|p| p.to == to)
}

#[test]
fn first_channels_of_each_joined_input_and_the_middle_of_kernels() {
    let space = whole(SPACE);
    let found = within(
        &space,
        &[("a.channels", "4"), ("c.kernel", "5")],
        &[("a.channels", "8"), ("b.channels", "2"), ("c.kernel", "3")],
        Matching::Overlap,
    );
    let joined = piece(&found, "3.0.conv.weight").expect("in part");
    assert_eq!(joined.shape, [4, 10, 5, 5]);
    // Of `a` 4 of 8 channels, of `b` 2 of 6, which begin at 8 there and at 4 here.
    assert_eq!(joined.ranges, [vec![(0, 0, 4)], vec![(0, 0, 4), (4, 8, 2)], vec![(1, 0, 3)], vec![(1, 0, 3)]]);
    assert!(!joined.whole);
    let first = piece(&found, "0.0.conv.weight").expect("in part");
    assert_eq!(first.ranges, [vec![(0, 0, 4)], vec![(0, 0, 3)], vec![(0, 0, 3)], vec![(0, 0, 3)]]);
    assert_eq!(piece(&found, "0.0.bn.running_var").expect("in part").ranges, [vec![(0, 0, 4)]]);
    // A smaller tensor is filled whole by the part of a larger one.
    assert!(piece(&found, "1.0.bn.weight").expect("whole").whole);
    assert!(piece(&found, "3.0.bn.running_mean").expect("whole").whole);
    assert_eq!(found.0.pieces.len(), found.0.of);
    assert!(found.0.to_string().ends_with("in part"), "{}", found.0);
}

#[test]
fn names_take_what_has_one_shape() {
    let space = whole(SPACE);
    let found = within(&space, &[("c.kernel", "5")], &[], Matching::Names);
    assert!(piece(&found, "3.0.conv.weight").is_none() && piece(&found, "3.0.bn.weight").is_some());
    assert_eq!((found.0.pieces.len(), found.0.in_part()), (found.0.of - 1, 0));
    let same = within(&space, &[], &[], Matching::Names).0;
    assert_eq!(same.to_string(), format!("{} of {} tensors", same.of, same.of));
    // One shape of other parts is another tensor.
    let other = whole(&SPACE.replace("8 4", "8 4 6").replace("6 2", "6 2 8"));
    let found = within(&other, &[("a.channels", "6"), ("b.channels", "8")], &[], Matching::Names);
    assert!(piece(&found, "3.0.conv.weight").is_none() && piece(&found, "3.0.bn.weight").is_some());
}

#[test]
fn layers_behind_a_condition_keep_theirs() {
    let space = whole(SPACE);
    for (from, to) in [("#true", "#false"), ("#false", "#true")] {
        let found = within(&space, &[("deep", from)], &[("deep", to)], Matching::Names);
        let missing = if to == "#true" { 5 } else { 0 };
        assert_eq!(found.0.pieces.len(), found.0.of - missing, "{to}");
        assert!(piece(&found, "5.0.conv.weight").is_some());
    }
}

#[test]
fn even_kernels_are_no_middle_of_odd_ones() {
    let space = whole(&SPACE.replace("{ kernel 3 5 }", "stride=2 padding=1 { kernel 3 4 }"));
    let found = within(&space, &[("c.kernel", "4")], &[], Matching::Overlap);
    assert!(piece(&found, "3.0.conv.weight").is_none() && piece(&found, "3.0.bn.weight").is_some());
}

#[test]
fn a_head_is_taken_where_its_outputs_mean_the_same() {
    let at = |classes: usize, anchor: f32| {
        let space = Space::compile(&node(SPACE), &spec(64, classes)).expect("compiles").0;
        let (image_size, levels) = space.awaits_anchors()[0];
        assert_eq!(levels, 1);
        space.with_anchors(vec![AnchorSet { image_size, levels: vec![vec![(anchor, 8.0), (16.0, 16.0), (24.0, 24.0)]] }])
    };
    let target = at(4, 8.0);
    let (own, heads) =
        (layout(&target, &[]), |t: &Transfer, of: &Layout| t.pieces.iter().filter(|p| of.slots[p.to].head.is_some()).count());
    for (source, wanted) in [(at(4, 8.0), 2), (at(4, 9.0), 0), (at(2, 8.0), 0)] {
        let architecture = source.architecture(&source.reference()).expect("builds");
        let network = layout(&source, &[]);
        let given = Given::of_network(&Network { layout: &network, architecture: &architecture, related: true }, &[]).expect("given");
        for matching in [Matching::Names, Matching::Overlap] {
            let found = into_network(&given, &own, matching);
            assert_eq!((heads(&found, &own), found.pieces.len()), (wanted, own.slots.len() - 2 + wanted));
        }
    }
}

fn stock(size: &str, classes: usize) -> Space {
    Space::compile(&node(&format!("space {{ network like=yolov5{size} {{ input data }} }}")), &spec(64, classes)).expect("compiles").0
}

fn shapes(space: &Space) -> Vec<(String, Vec<usize>)> {
    layout(space, &[]).slots.into_iter().map(|s| (s.name, s.shape)).collect()
}

#[test]
fn files_go_by_the_names_of_the_network_that_the_space_is_like() {
    let wide = Space::compile(&node("space { network like=yolov5n-wide { input data } }"), &spec(64, 4)).expect("compiles").0;
    let reference = layout(&wide, &[]);
    let file = shapes(&stock("n", 80));
    let given = Given::of_shapes(&Shapes { tensors: &file, anchors: None }, &[&reference]).expect("its names");
    let found = (into_network(&given, &reference, Matching::Names), reference.clone());
    // All but the head.
    assert_eq!((found.0.pieces.len(), found.0.of), (file.len() - 6, file.len()));
    // A larger one: of both joined inputs the first half.
    let file = shapes(&stock("s", 80));
    let given = Given::of_shapes(&Shapes { tensors: &file, anchors: None }, &[&reference]).expect("its names");
    let found = (into_network(&given, &reference, Matching::Overlap), reference.clone());
    let to = found.1.slots.iter().position(|s| s.name == "model.13.cv1.conv.weight").expect("a tensor");
    let joined = found.0.pieces.iter().find(|p| p.to == to).expect("taken");
    assert_eq!((&joined.shape[..], &joined.ranges[1]), (&[128, 512, 1, 1][..], &vec![(0, 0, 128), (256, 128, 128)]));
    assert!(into_network(&given, &reference, Matching::Names).is_empty());
    // Levels P2 and P3 alone, of half the width: what stands behind the levels that are gone is at its place; what leads to the
    // finer level, the stock network has not.
    let small = layout(&wide, &[("top", "3"), ("fine", "2"), ("w", "0.125")]);
    let found = (into_network(&given, &small, Matching::Overlap), small.clone());
    assert!(piece(&found, "7.0.cv2.conv.weight").is_some(), "the sppf");
    assert!(found.0.pieces.len() > 80 && found.0.pieces.len() < small.slots.len(), "{}", found.0);
    // Anchors in units of the stride say what a head means.
    let own = &reference.slots.iter().filter_map(|s| s.head.as_ref()?.anchors.clone()).collect::<Vec<_>>();
    let units: Vec<Vec<(f32, f32)>> = [(0, 8.0), (2, 16.0), (4, 32.0)]
        .iter()
        .map(|&(i, s): &(usize, f32)| own[i].iter().map(|(w, h)| (w / s, h / s)).collect())
        .collect();
    let file = shapes(&stock("n", 4));
    let given = Given::of_shapes(&Shapes { tensors: &file, anchors: Some(&units) }, &[&reference]).expect("its names");
    assert_eq!(into_network(&given, &reference, Matching::Names).pieces.len(), file.len());
}

#[test]
fn other_names_are_refused_by_name() {
    let reference = layout(&stock("n", 4), &[]);
    let mut file = shapes(&stock("n", 4));
    file.retain(|(name, _)| !name.starts_with("model.9."));
    let told = Given::of_shapes(&Shapes { tensors: &file, anchors: None }, &[&reference]).expect_err("other names");
    assert!(told.contains("model.9.cv1.bn.bias") && told.contains("missing in the file"), "{told}");
    file.push(("module.model.0.conv.weight".into(), vec![1]));
    let told = Given::of_shapes(&Shapes { tensors: &file, anchors: None }, &[&reference]).expect_err("other names");
    assert!(told.contains("`module.model.0.conv.weight` is not in it"), "{told}");
}

#[test]
fn a_stock_network_starts_networks_of_the_wide_space() {
    let (stock, wide) =
        (stock("n", 4), Space::compile(&node("space { network like=yolov5n-wide { input data } }"), &spec(64, 4)).expect("compiles").0);
    let architecture = stock.architecture(&stock.reference()).expect("builds");
    let (source, reference) = (layout(&stock, &[]), layout(&wide, &[]));
    let network = Network { layout: &source, architecture: &architecture, related: false };
    let given = Given::of_network(&network, &[&reference]).expect("given");
    // Anchors of both are the same placeholders.
    assert_eq!(into_network(&given, &reference, Matching::Names).pieces.len(), reference.slots.len());
    let deeper = layout(&wide, &[("p3.repeats", "3"), ("p2.channels", "192"), ("top", "4")]);
    let given = Given::of_network(&network, &[&reference, &deeper]).expect("given");
    let found = into_network(&given, &deeper, Matching::Overlap);
    let missing: Vec<&str> =
        (0..deeper.slots.len()).filter(|i| !found.pieces.iter().any(|p| p.to == *i)).map(|i| deeper.slots[i].name.as_str()).collect();
    // What the stock network has not: a third bottleneck; and the head has other levels and so other anchors.
    assert!(
        missing.iter().all(|name| name.contains("model.4.m.2.") || deeper.slots.iter().any(|s| s.name == *name && s.head.is_some())),
        "{missing:?}"
    );
}

#[test]
fn a_supernet_starts_from_one_network() {
    let space = whole(SPACE);
    let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
    let from = [("a.channels", "4"), ("b.channels", "2")];
    let architecture = space.architecture(&sample(&space, &from)).expect("builds");
    let (source, reference) = (layout(&space, &from), layout(&space, &[]));
    let given = Given::of_network(&Network { layout: &source, architecture: &architecture, related: true }, &[]).expect("given");
    let found = into_supernet(&given, &net, &reference, Matching::Overlap);
    let at = |name: &str| net.tensors().iter().position(|t| t.name == name).expect("a tensor");
    let joined = found.pieces.iter().find(|p| p.to == at("3.0.conv.weight")).expect("taken");
    assert_eq!(net.tensors()[joined.to].shape, [4, 14, 5, 5]);
    assert_eq!(joined.ranges, [vec![(0, 0, 4)], vec![(0, 0, 4), (4, 8, 2)], vec![(0, 1, 3)], vec![(0, 1, 3)]]);
    assert!(into_supernet(&given, &net, &reference, Matching::Names).pieces.iter().all(|p| p.whole && p.to != joined.to));
    // What it takes over is where its own path finds it.
    let path = net.path(&sample(&space, &from)).expect("a path");
    for (slice, slot) in path.slices.iter().zip(&source.slots) {
        let piece = found.pieces.iter().find(|p| p.to == slice.tensor).unwrap_or_else(|| panic!("{}", slot.name));
        let to: Vec<Vec<(usize, usize)>> = piece.ranges.iter().map(|r| r.iter().map(|r| (r.1, r.2)).collect()).collect();
        assert_eq!(to, slice.ranges, "{}", slot.name);
    }
}
