//! Spaces over spaces: what is kept, what goes, and what is said where it cannot be cut.

use super::*;
use crate::document::{Files, Options, Params, Pipeline, load};
use std::collections::{BTreeMap, BTreeSet};

struct One(String);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

/// A detector with choices in its backbone and below it, and a branch beside that only its neck reads.
pub(crate) const PLAIN: &str = r#"
pipeline "p"
data "shapes" generate=shapes images=48 image-size=64 { split train=0.5 val=0.25 test=0.25 }
data "figures" generate=figures images=48 image-size=32 { split train=0.5 val=0.25 test=0.25 }
space "backbone" {
    choice "act" silu relu
    choice "neck" 128 64
    choice "side" 32 64
    network width=0.25 activation=(choice)"act" {
        input "shapes"
        conv 32 stride=2 { kernel 3 5 }
        conv 64 kernel=3 stride=2 as="p2"
        conv kernel=1 as="side" { channels (choice)"side" }
        skip as="aside"
        inputs "p2"
        conv 64 stride=2 as="p3" { kernel 5 3 }
        choose "p4" { c3 128 { repeats 1 2 }; residual 128 }
        conv kernel=1 { channels (choice)"neck" }
        upsample
        concat above "aside"
        conv 64 as="n3" { kernel 3 1 }
        detect "n3" "p4" anchors=auto
    }
    require flops max=1.0 of=reference
}
"#;

pub(crate) fn loaded(text: &str) -> Pipeline {
    load(&crate::language(), "p.kdl", &mut One(text.into()), &Params::default(), Options::default())
        .unwrap_or_else(|d| panic!("{}", crate::document::render::diagnostics(&d, false)))
}

/// A space of a pipeline, with its warnings.
pub(crate) fn space_of(pipeline: &Pipeline, name: &str) -> (Space, Vec<Diagnostic>) {
    let node = pipeline.spaces.iter().find(|s| s.name.value == name).expect("the space");
    let data = pipeline.data.iter().find(|d| d.name.value == node.input.value).expect("its data");
    Space::compile(node, &spec(data.image_size, 4)).unwrap_or_else(|e| panic!("{e:#?}"))
}

fn with(more: &str) -> Pipeline {
    loaded(&format!("{PLAIN}{more}"))
}

const CLASSIFIER: &str = r#"space "classifier" { from "backbone"; until "p4"; then-layers { conv 128 kernel=1; global-pool; linear }; input "figures" }
"#;

fn labelled(space: &Space) -> BTreeMap<&str, (u64, &[String])> {
    space.decisions().iter().map(|d| (d.label.as_str(), (d.address, d.options.as_slice()))).collect()
}

fn layout(space: &Space) -> BTreeMap<String, Vec<usize>> {
    let net = Supernet::of(space).unwrap_or_else(|e| panic!("{e:#?}"));
    net.tensors().iter().map(|t| (t.name.clone(), t.shape.clone())).collect()
}

#[test]
fn what_is_kept_stays_where_it_was() {
    let pipeline = with(CLASSIFIER);
    assert!(!pipeline.warnings.iter().any(|w| w.message.contains("choice")), "{:#?}", pipeline.warnings);
    let ((whole, _), (classifier, warnings)) = (space_of(&pipeline, "backbone"), space_of(&pipeline, "classifier"));
    assert!(warnings.is_empty(), "{warnings:#?}");
    let (all, kept) = (labelled(&whole), labelled(&classifier));
    let names: Vec<&str> = kept.keys().copied().collect();
    assert_eq!(names, ["act", "conv#1.kernel", "p3.kernel", "p4", "p4/c3.repeats"]);
    assert!(kept.iter().all(|(label, decision)| all[label] == *decision));
    assert_eq!(classifier.size(), 2.0 * 2.0 * 2.0 * 3.0);
    assert!(classifier.bounds().is_empty() && !whole.bounds().is_empty());
    assert_eq!((classifier.input().image_size, whole.input().image_size), (32, 64));
    // The tensors of the backbone, and no others, are in both.
    let (a, b) = (layout(&whole), layout(&classifier));
    let both: BTreeSet<&str> = b.iter().filter(|(name, shape)| a.get(*name) == Some(shape)).map(|(name, _)| name.as_str()).collect();
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_string();
    assert_eq!(both.iter().map(|n| first(n)).collect::<BTreeSet<_>>(), ["0", "1", "5", "6"].map(String::from).into());
    let fresh: BTreeSet<String> = b.keys().filter(|n| !both.contains(n.as_str())).map(|n| first(n)).collect();
    assert_eq!(fresh, ["then1".to_string()].into());
    let backbone = |n: &&String| ["0", "1", "5", "6"].contains(&first(n).as_str());
    assert_eq!(a.keys().filter(backbone).count(), both.len());
    // The network's width holds for what follows, too.
    assert_eq!(b["then1.0.0.conv.weight"], [32, 32, 1, 1]);
}

#[test]
fn the_space_in_between_is_one_like_any_other() {
    let more =
        format!("{CLASSIFIER}space \"deeper\" {{ from \"classifier\"; until \"p3\"; then-layers {{ global-pool as=\"g\"; linear }} }}\n");
    let last = "space \"last\" { from \"deeper\"; until \"g\"; then-layers { linear } }\n";
    let pipeline = with(&[last, more.as_str()].concat());
    let (deeper, _) = space_of(&pipeline, "deeper");
    assert_eq!(deeper.input().image_size, 32);
    let firsts = |space: &Space| {
        let first = |name: &String| name.split('.').take(2).collect::<Vec<_>>().join(".");
        layout(space).keys().map(first).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(firsts(&deeper), ["0.0", "1.0", "5.0", "then2.1"]);
    assert_eq!(firsts(&space_of(&pipeline, "last").0), ["0.0", "1.0", "5.0", "then3.0"]);
    let tailed = with(
        &more
            .replace("until \"p3\"; then-layers { global-pool as=\"g\"; linear }", "until \"g\"; then-layers { linear }")
            .replace("{ conv 128 kernel=1; global-pool;", "{ conv 128 kernel=1; global-pool as=\"g\";"),
    );
    assert!(firsts(&space_of(&tailed, "deeper").0).ends_with(&["6.b0".into(), "6.b1".into(), "then1.0".into(), "then2.0".into()]));
}

#[test]
fn another_input_alone_is_a_space_too() {
    let pipeline = with(
        "space \"same\" { from \"backbone\" }\nspace \"larger\" { from \"backbone\"; input \"large\" }\ndata \"large\" generate=shapes image-size=128 { split train=0.5 val=0.5 }\n",
    );
    let (whole, same, larger) = (space_of(&pipeline, "backbone").0, space_of(&pipeline, "same").0, space_of(&pipeline, "larger").0);
    assert_eq!(whole.network(), same.network());
    assert_ne!(whole.digest(), same.digest(), "its bounds are not taken over");
    assert_eq!(larger.input().image_size, 128);
    assert_eq!(layout(&whole), layout(&larger));
}

#[test]
fn a_shipped_network_is_cut_by_its_names() {
    let text = r#"
pipeline "p"
data "d" generate=shapes image-size=64 { split train=0.5 val=0.5 }
data "f" generate=figures { split train=0.5 val=0.5 }
space "yolo" { network like=yolov5n { input "d"; at "p4" { choose { c3 512 { repeats 2 1 }; residual 512 } } } }
space "classifier" { from "yolo"; until "p5"; then-layers { global-pool; linear }; input "f" }
"#;
    let pipeline = loaded(text);
    let (whole, classifier) = (space_of(&pipeline, "yolo").0, space_of(&pipeline, "classifier").0);
    let (a, b) = (layout(&whole), layout(&classifier));
    let fresh: Vec<&String> = b.keys().filter(|n| !a.contains_key(*n)).collect();
    assert_eq!(fresh, ["then1.1.0.linear.bias", "then1.1.0.linear.weight"]);
    assert_eq!(classifier.decisions().len(), whole.decisions().len());
    assert_eq!(labelled(&whole), labelled(&classifier));
}

#[test]
fn long_networks_and_many_spaces_end_in_a_report() {
    let layers: String = (0..800).map(|i| format!("conv 8 kernel=1 as=\"n{i}\"; ")).collect();
    let text = format!(
        "pipeline \"p\"\ndata \"d\" generate=figures {{ split train=0.5 val=0.5 }}\nspace \"s0\" {{ network {{ input \"d\"; {layers} }} }}\n\
         space \"s1\" {{ from \"s0\"; until \"n700\"; then-layers {{ concat above \"n7\"; global-pool; linear }} }}\n"
    );
    let begun = std::time::Instant::now();
    let pipeline = loaded(&text);
    let node = pipeline.spaces.iter().find(|s| s.name.value == "s1").expect("a space");
    let children = node.node.child("network").expect("one").children.clone();
    let (cuts, rest): (Vec<_>, Vec<_>) = children.into_iter().partition(|c| c.name.value == crate::space::derive::WORD);
    let layers = rest.into_iter().filter(|c| c.name.value != "input").collect();
    let cut = crate::space::derive::cut(layers, &cuts).unwrap_or_else(|d| panic!("{d:?}"));
    assert_eq!((cut.layers.len(), cut.tails.len(), cut.gone.len()), (704, 1, 99));
    assert!(cut.unread.iter().all(|unread| !unread));
    let many: String = (0..70).map(|i| format!("space \"d{i}\" {{ from \"s0\" }}\n")).collect();
    let report = load(&crate::language(), "p.kdl", &mut One([text, many].concat()), &Params::default(), Options::default())
        .map(drop)
        .map_err(|d| d.to_string());
    assert!(report.expect_err("too many").contains("at most 64 spaces over spaces"));
    assert!(begun.elapsed().as_secs() < 30);
}

#[test]
fn a_stated_size_is_kept_with_the_input_it_was_stated_for() {
    let sized = PLAIN
        .replace("choice \"act\"", "choice \"px\" 96 128 64\n    choice \"act\"")
        .replace("input \"shapes\"", "input \"shapes\" image-size=(choice)\"px\"");
    let kept = "space \"kept\" { from \"backbone\"; until \"p4\"; then-layers { detect above } }\n";
    let pipeline = loaded(&format!("{sized}{CLASSIFIER}{kept}"));
    let (kept, classifier) = (space_of(&pipeline, "kept").0, space_of(&pipeline, "classifier").0);
    assert_eq!((kept.image_sizes(), classifier.image_sizes()), (vec![64, 96, 128], vec![32]));
    assert!(labelled(&kept).contains_key("px") && !labelled(&classifier).contains_key("px"));
    let other = space_of(&loaded(&format!("{sized}space \"other\" {{ from \"backbone\"; input \"figures\" }}\n")), "other").0;
    assert!(other.image_sizes() == [32] && !labelled(&other).contains_key("px"));
    // Nothing of the classifier has changed by it.
    assert_eq!(classifier.digest(), space_of(&with(CLASSIFIER), "classifier").0.digest());
}
