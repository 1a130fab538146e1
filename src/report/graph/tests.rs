use super::*;
use crate::space::supernet::Supernet;
use crate::space::tests::cells::{bench201, darts};
use crate::space::tests::derived::{loaded, space_of};
use crate::space::tests::{FLAGSHIP, whole};
use std::collections::BTreeMap;

/// A drawing that can be read as XML, with a size, and no number that is none.
fn sound(svg: &str) -> roxmltree::Document<'_> {
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    roxmltree::Document::parse(svg).unwrap_or_else(|e| panic!("{e}: {svg}"))
}

fn texts(svg: &str) -> Vec<String> {
    sound(svg).descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text().map(str::to_string)).collect()
}

const PIPELINE: &str = r#"
pipeline "p<&>"
data "d" generate=shapes images=60 image-size=32 { split train=0.5 val=0.5 }
space "s" { network { input "d"; conv 8 kernel=3 stride=8 { activation silu relu }; detect above anchors=auto } }
sample "t" { from "s"; strategy random; trials 2; objective "e" maximize=map50 }
train "tr" { from "t"; data "d" split=train; epochs 1 }
evaluate "e" { from "tr"; data "d" split=val; metrics map50 }
select "b" { from "e"; top 1 by=map50 }
"#;

#[test]
fn a_pipeline_shows_its_stages_and_the_feedback() {
    let read = loaded(PIPELINE);
    let (space, _) = space_of(&read, "s");
    let svg = pipeline(&read, &BTreeMap::from([("s".to_string(), space)]), &[String::new(), "1 of 2".into()]);
    let texts = texts(&svg);
    for wanted in ["data d", "space s", "sample t", "train tr", "evaluate e", "select b", "2 times", "top 1 by map50", "1 of 2"] {
        assert!(texts.iter().any(|t| t == wanted), "{wanted}: {texts:?}");
    }
    assert!(texts.iter().any(|t| t == "1 choice, 2 samples"), "{texts:?}");
    let dashed = sound(&svg).descendants().filter(|n| n.attribute("class") == Some("nf-dashed")).count();
    assert_eq!(dashed, 1);
    assert!(sound(&svg).root_element().attribute("aria-label").is_some_and(|l| l.contains("p<&>")));
}

#[test]
fn a_space_shows_layers_options_and_who_reads_what() {
    let flagship = whole(FLAGSHIP);
    let svg = space(&flagship);
    let texts = texts(&svg);
    for wanted in ["act: silu · relu · hardswish", "one of 3: p3", "repeats: 3 · 1 · 2", "expansion: 0.5 · 0.25 · 0.75", "kernel: 3 · 5"]
    {
        assert!(texts.iter().any(|t| t == wanted), "{wanted}: {texts:?}");
    }
    // p4, p3, n4, n5 by name, and the head three: as many lanes (a lane begins and ends level: M H V H).
    let lanes = sound(&svg).descendants().filter_map(|n| n.attribute("d")).filter(|d| d.contains('H') && d.contains('V')).count();
    assert_eq!(lanes, 7);
}

#[test]
fn a_supernet_says_what_is_shared() {
    let flagship = whole(FLAGSHIP);
    let net = Supernet::of(&flagship).expect("a supernet");
    let texts = texts(&supernet(&net));
    for wanted in ["supernet of test", "weights of their own", "elastic: slices of the largest", "elastic: the first copies of the most"] {
        assert!(texts.iter().any(|t| t == wanted), "{wanted}: {texts:?}");
    }
    // Every parameter that is shared stands in some box.
    let all: u64 = net.tensors().iter().filter(|t| t.kind.is_trained()).map(|t| t.len() as u64).sum();
    let said = texts.iter().filter_map(|t| t.strip_suffix(" shared params")?.replace(',', "").parse::<u64>().ok());
    assert_eq!(said.sum::<u64>(), all);
}

#[test]
fn cells_are_graphs_drawn_once() {
    for text in [darts(2, 8), bench201(2)] {
        let of = whole(&text);
        let texts = texts(&space(&of));
        assert!(texts.iter().any(|t| t.starts_with("each edge: ")), "{texts:?}");
        assert_eq!(texts.iter().filter(|t| *t == "cell 1").count(), 1, "{texts:?}");
        assert!(texts.iter().any(|t| t == "cell 1 again"), "{texts:?}");
        // What is chosen in a cell holds in all of its uses.
        assert!(!texts.iter().any(|t| t.contains("decides for itself")), "{texts:?}");
    }
}

#[test]
fn copies_that_choose_for_themselves_say_so() {
    let of = whole(
        "space { network { input data; conv 8 stride=4; repeat 2 { choose { conv 8 kernel=3; skip } }; conv 16 kernel=3 stride=2 as=\"p\"; detect \"p\" anchors=auto } }",
    );
    assert!(texts(&space(&of)).iter().any(|t| t.contains("each copy decides for itself")));
}

#[test]
fn a_network_shows_every_layer_with_its_cost() {
    let flagship = whole(FLAGSHIP);
    let architecture = flagship.architecture(&flagship.reference()).expect("builds");
    let svg = network(&architecture);
    let texts = texts(&svg);
    for (i, layer) in architecture.layers.iter().enumerate() {
        let head = format!("#{i} {}", layer.block.word());
        assert!(texts.iter().any(|t| t.starts_with(&head)), "{head}: {texts:?}");
    }
    let reads: usize = architecture.layers.iter().map(|l| l.inputs.len()).sum();
    let titles =
        sound(&svg).descendants().filter(|n| n.has_tag_name("title") && n.text().is_some_and(|t| t.contains("is read by"))).count();
    assert_eq!(titles, reads);
    let (seen, whole) = architecture.layers_seen();
    assert!(whole.is_ok());
    assert_eq!(seen.iter().map(|s| s.cost.params).sum::<u64>(), architecture.cost().expect("counted").params);
}

#[test]
fn a_file_has_colours_and_a_page_gives_its_own() {
    let svg = pipeline(&loaded(PIPELINE), &BTreeMap::new(), &[]);
    assert!(!svg.contains(":root") && !svg.contains(" id=\""));
    assert!(alone(&svg).contains("prefers-color-scheme:dark"));
    sound(&alone(&svg));
}
