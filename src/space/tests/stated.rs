//! Sizes of images that a space states, fixed or as a choice.

use super::*;
use crate::space::bounds::short;

const LAYERS: &str =
    r#"conv 16 kernel=3 stride=2; conv 32 stride=2 as="p2" { kernel 3 5 }; conv 32 kernel=3 stride=2 as="p3"; detect "p2" "p3""#;

fn sized(size: &str, layers: &str) -> String {
    format!("space {{ choice \"px\" 96 64 128; network {{ input data {size}; {layers} }}; require flops max=1.0 of=reference }}")
}

fn at(size: usize, text: &str) -> Space {
    Space::compile(&node(text), &spec(size, 4)).unwrap_or_else(|e| panic!("{e:#?}")).0
}

#[test]
fn a_candidate_is_the_same_network_over_data_of_its_size() {
    let space = whole(&sized("image-size=(choice)\"px\"", LAYERS));
    assert_eq!((space.size(), space.image_size(), space.image_sizes()), (6.0, 96, vec![64, 96, 128]));
    let labels: Vec<&str> = space.decisions().iter().map(|d| d.label.as_str()).collect();
    assert_eq!(labels, ["px", "p2.kernel"]);
    for sample in space.enumerate(10).expect("six") {
        let size: usize = space.describe(&sample)[0].1.parse().expect("a size");
        let alone = at(size, &sized("", LAYERS));
        let kernel = sample.option(1).expect("a kernel");
        let same = alone.enumerate(10).expect("two").into_iter().find(|s| s.option(1) == Some(kernel)).expect("the other sample");
        let (ours, theirs) = (space.architecture(&sample).expect("builds"), alone.architecture(&same).expect("builds"));
        assert_eq!((&ours, ours.digest()), (&theirs, theirs.digest()));
        assert_eq!((ours.input.height, ours.cost()), (size, theirs.cost()));
    }
    // Bounds are measured by the reference's own size, which is the first.
    let reference = at(96, &sized("", LAYERS)).reference_cost();
    assert_eq!(space.reference_cost(), reference);
    let bound = format!("flops ≤ {}", short(2.0 * reference.macs as f64));
    assert_eq!(space.bounds()[0].text(), bound);
    assert_eq!(space.shares(10).admitted * space.size(), 3.0, "both kernels at 64 px, one at 96");
}

#[test]
fn one_size_is_that_of_the_data() {
    let (stated, plain) = (at(64, &sized("image-size=96", LAYERS)), at(96, &sized("", LAYERS)));
    assert_eq!((stated.digest(), stated.network()), (plain.digest(), plain.network()));
    assert!(stated.states_size() && !plain.states_size());
    assert_eq!(stated.input().image_size, 64);
}

#[test]
fn a_list_of_its_own_is_a_choice_too_and_its_order_moves_no_draw() {
    let list = |sizes: &str| whole(&format!("space {{ network {{ input data {{ image-size {sizes} }}; {LAYERS} }} }}"));
    let (a, b) = (list("96 64 128"), list("96 128 64"));
    assert_eq!(a.decisions().iter().map(|d| d.label.as_str()).collect::<Vec<_>>(), ["input.image-size", "p2.kernel"]);
    assert_eq!(a.digest(), b.digest());
    let drawn = |space: &Space| (0..20).map(|i| space.architecture(&space.random(3, &[i])).expect("builds").digest()).collect::<Vec<_>>();
    assert_eq!(drawn(&a), drawn(&b));
}

#[test]
fn strides_divide_the_size_of_their_own_sample() {
    // 80 is a multiple of 16 and not of 32.
    let depth =
        r#"conv 16 kernel=3 stride=4; conv 16 kernel=3 stride=4 as="a"; repeat 0 1 { conv 16 kernel=3 stride=2 }; global-pool; linear"#;
    let space = whole(&sized("{ image-size 96 80 }", depth));
    let built = |sample: &Sample| space.architecture(sample).map_err(|e| e.reason);
    let refused: Vec<String> = space.enumerate(9).expect("few").iter().filter_map(|s| built(s).err()).collect();
    assert_eq!(refused, ["images of 80 px do not fit a network whose largest stride is 32; 64 or 96 px would"]);
    // A size that fits none of them.
    let never = compile(&sized("{ image-size 96 80 72 }", depth)).expect_err("72 px");
    assert_eq!(never.len(), 1, "{never:#?}");
    assert_eq!((never[0].code, never[0].message.as_str()), ("image-size", "images of 72 px fit no network of this space"));
    assert_eq!(never[0].labels[0].1, "images of 72 px do not fit a network whose largest stride is 16; 64 or 80 px would");
    // The reference, and maps that do not meet: the size is the reason.
    let neck = r#"conv 8 stride=2; conv 8 stride=2 as="a"; conv 8 stride=2; upsample; concat above "a"; detect above"#;
    for text in [sized("image-size=72", depth), sized("image-size=100", neck)] {
        let found = compile(&text).expect_err("does not fit");
        assert_eq!((found.len(), found[0].code), (1, "image-size"), "{found:#?}");
        assert_eq!(found[0].message, "the size of the images does not fit the network of `test`");
    }
    // Without a stated size the rule is the old one: what can be built is built.
    at(72, &sized("", depth));
}

#[test]
fn a_large_space_says_it_as_a_warning() {
    let many: String = (0..10).map(|i| format!("conv 16 as=\"c{i}\" {{ kernel 1 3 }}; ")).collect();
    let found =
        compile(&sized("{ image-size 96 72 }", &format!("conv 16 kernel=3 stride=16; {many}global-pool; linear"))).expect("a space");
    let warnings: Vec<&str> = found.1.iter().filter(|w| w.code == "image-size").map(|w| w.message.as_str()).collect();
    assert_eq!(warnings, ["images of 72 px fit none of the networks of this space that were looked at"]);
}

#[test]
fn anchors_are_of_each_size() {
    let space = whole(&sized("image-size=(choice)\"px\"", LAYERS));
    let wanted = space.awaits_anchors();
    assert_eq!(wanted, [(64, 2), (96, 2), (128, 2)]);
    let set = |image_size: usize| AnchorSet { image_size, levels: vec![vec![(image_size as f32 / 8.0, 4.0); 3]; 2] };
    let given = space.clone().with_anchors(vec![set(64), set(96), set(128)]);
    for sample in given.enumerate(10).expect("six") {
        let architecture = given.architecture(&sample).expect("builds");
        let Some(Block::Detect(detect)) = architecture.layers.last().map(|l| &l.block) else { panic!("no head") };
        assert_eq!(detect.anchors, set(architecture.input.height).levels);
    }
    assert!(given.awaits_anchors().is_empty() && given.digest() != space.digest());
    // What was found for other sizes is no stand-in.
    let lacking = space.with_anchors(vec![set(96)]);
    let reason = lacking.architecture(&lacking.enumerate(10).expect("six")[2]).expect_err("64 px").reason;
    assert!(reason.ends_with("anchors of 2 levels at 64 px are not given"), "{reason}");
}

#[test]
fn in_a_supernet_all_sizes_share_all_weights() {
    let tensors = |size: &str| Supernet::of(&whole(&sized(size, LAYERS))).unwrap_or_else(|e| panic!("{e:#?}"));
    let (net, plain) = (tensors("image-size=(choice)\"px\""), tensors(""));
    assert_eq!(net.tensors(), plain.tensors());
    let decision = net.size_decision().expect("a decision");
    assert_eq!((net.decisions()[decision].property, net.decisions()[decision].mixes), (Some("image-size"), false));
    let reference = net.space().reference();
    for (option, size) in [96, 64, 128].into_iter().enumerate() {
        let path = net.path(&net.with_option(&reference, decision, option)).unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!((path.program.values[0].h, path.slices), (size, net.path(&reference).expect("the reference").slices));
    }
    // Where maps are flattened they are of one size.
    let flat = whole(&sized("{ image-size 96 64 }", "conv 8 stride=8; linear"));
    assert!(Supernet::of(&flat).is_err_and(|e| e[0].code == "supernet-map"));
}

#[test]
fn a_size_may_fit_only_the_networks_of_some_levels() {
    let space = whole("space { network like=yolov5n-wide { input data { image-size 96 64 80 } } }");
    let px = space.decisions().iter().position(|d| d.label == "input.image-size").expect("the size");
    let top = space.decisions().iter().position(|d| d.label == "top").expect("the coarsest level");
    let with = |size: usize, level: usize| {
        let sample = Sample::collect(&space.structure, |d| if d == px { size } else { usize::from(d == top) * level });
        space.architecture(&sample).map(|a| a.input.height).map_err(|e| e.reason)
    };
    assert_eq!((with(1, 0), with(2, 1), with(2, 2)), (Ok(64), Ok(80), Ok(80)));
    assert_eq!(with(2, 0), Err("images of 80 px do not fit a network whose largest stride is 32; 64 or 96 px would".into()));
    let wanted = space.awaits_anchors();
    assert!([64, 80, 96].iter().all(|size| (1..=4).all(|levels| wanted.contains(&(*size, levels)))), "{wanted:?}");
    let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
    assert_eq!(net.size_decision(), Some(px));
    assert!(net.path(&net.largest()).is_ok_and(|p| p.architecture.input.height >= 80));
}

#[test]
fn a_size_may_follow_from_others_but_in_a_supernet_from_one_alone() {
    let text = |size: &str| {
        format!("space {{ choice \"half\" 32 48; choice \"more\" 0 32; network {{ input data image-size=(expr)\"{size}\"; {LAYERS} }} }}")
    };
    let of = |size: &str| whole(&text(size));
    let sizes = |space: &Space| -> Vec<usize> {
        space.enumerate(9).expect("few").iter().map(|s| space.architecture(s).expect("builds").input.height).collect()
    };
    let (one, two) = (of("2 * half"), of("2 * half + more"));
    assert_eq!((one.image_sizes(), sizes(&one)), (vec![64, 96], vec![64, 64, 96, 96]));
    assert_eq!((two.image_sizes(), sizes(&two)), (vec![64, 96, 128], vec![64, 64, 96, 96, 96, 96, 128, 128]));
    assert_eq!(Supernet::of(&one).unwrap_or_else(|e| panic!("{e:#?}")).size_decision(), Some(0));
    assert!(Supernet::of(&two).is_err_and(|e| e[0].code == "supernet-size"));
}
