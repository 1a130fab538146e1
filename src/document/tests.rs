//! The room as a whole: the flagship decodes to the values that its text states; two ways of writing are one; hostile
//! texts end in a report, soon.

mod edited;

use super::*;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Files in memory.
#[derive(Default)]
pub struct Memory(pub HashMap<String, Vec<u8>>);

impl Files for Memory {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "no such file".into())
    }
}

impl Memory {
    /// Files of these names and texts.
    pub fn of(files: &[(&str, &str)]) -> Self {
        Memory(files.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect())
    }
}

fn load_with(text: &str, params: &[(&str, &str)]) -> Result<Pipeline, Diagnostics> {
    let params = Params { values: params.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect() };
    load(&crate::language(), "pipelines/p.kdl", &mut Memory::of(&[("pipelines/p.kdl", text)]), &params, Options::default())
}

fn loaded(text: &str) -> Pipeline {
    load_with(text, &[]).unwrap_or_else(|d| panic!("{}", render::diagnostics(&d, false)))
}

fn chosen(name: &str, given: &[(&'static str, Value)]) -> Chosen {
    crate::language().strategies.choose(name, given).expect("a strategy")
}

fn codes(text: &str) -> Vec<&'static str> {
    match load_with(text, &[]) {
        Ok(pipeline) => pipeline.warnings.iter().map(|d| d.code).collect(),
        Err(found) => found.items.iter().map(|d| d.code).collect(),
    }
}

/// Language.md, section 1.
const FLAGSHIP: &str = r#"
pipeline "yolov5" seed=7
param "trials" 16                                   // nasflow run pipelines/yolov5.kdl -p trials=6
data "shapes" generate=shapes images=400 image-size=96 { split train=0.7 val=0.15 test=0.15 }

space "backbone" {                                  // the first value of every choice: YOLOv5n itself
    choice "act" silu relu hardswish
    network width=0.25 activation=(choice)"act" {   // width multiplies every channel count below
        input "shapes"
        conv 64 kernel=6 stride=2 padding=2
        conv 128 kernel=3 stride=2
        choose "p2" { c3 128; bottleneck 128; inception 128 }        // several layers: one is built
        conv 256 kernel=3 stride=2
        choose "p3" { c3 256 { repeats 2 1 3 }; residual 256 { repeats 2 1 }; inception 256 }
        conv 512 stride=2 { kernel 3 5 }                             // several values: one is taken
        c3 512 as="p4" { repeats 3 1 2; expansion 0.5 0.25 0.75 }
        conv 1024 stride=2 { kernel 3 5 }
        c3 1024 as="p5" { expansion 0.5 0.25 0.75 }
        sppf 1024 kernel=5
        conv 512 kernel=1 as="n5"                   // the neck: PAN, over whatever was chosen above
        upsample 2; concat above "p4"; c3 512 shortcut=#false
        conv 256 kernel=1 as="n4"
        upsample 2; concat above "p3"; c3 256 shortcut=#false as="out3"
        conv 256 kernel=3 stride=2; concat above "n4"; c3 512 shortcut=#false as="out4"
        conv 512 kernel=3 stride=2; concat above "n5"; c3 1024 shortcut=#false as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }
    require flops max=1.0 of=reference              // never costlier than YOLOv5n
}

sample "trials" {
    from "backbone"
    strategy evolution population=6 tournament=3
    trials (param)"trials" window=4
    objective "score" maximize=map50                // the loop: what "score" measures guides what comes next
}
train    "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; epochs 4 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 params flops }
select   "best"  { from "score"; top 1 by=map50 }

sample   "yolov5n" { from "backbone"; strategy reference }
sample   "chance"  { from "backbone"; strategy random; trials 2; seed 1 }
train    "long" { from "best" "yolov5n" "chance"; data "shapes" split=train; recipe yolov5-short; init scratch; epochs 12 }
evaluate "test" { from "long"; data "shapes" split=test; metrics map50 map50-95 latency }
answer   "best" { in "test"; by map50; against "yolov5n" "chance" }
"#;

fn stage<'a>(pipeline: &'a Pipeline, name: &str) -> &'a Stage {
    pipeline.stages.iter().find(|s| s.name.value == name).unwrap()
}

fn names(names: &[Spanned<String>]) -> Vec<&str> {
    names.iter().map(|n| n.value.as_str()).collect()
}

#[test]
fn the_flagship_says_what_it_says() {
    let p = loaded(FLAGSHIP);
    assert!(p.warnings.is_empty(), "{:?}", p.warnings);
    assert_eq!((p.name.as_str(), p.seed), ("yolov5", 7));
    let [data] = p.data.as_slice() else { panic!() };
    assert_eq!(data.source, DataSource::Shapes { images: 400, classes: 4, seed: 0 });
    assert_eq!((data.image_size, data.split_seed), (96, 0));
    let splits: Vec<_> = data.splits.iter().map(|(n, by)| (n.value.as_str(), by.clone())).collect();
    assert_eq!(splits, vec![("train", SplitBy::Share(0.7)), ("val", SplitBy::Share(0.15)), ("test", SplitBy::Share(0.15))]);
    let order: Vec<&str> = p.stages.iter().map(|s| s.name.value.as_str()).collect();
    assert_eq!(order, ["trials", "short", "score", "best", "yolov5n", "chance", "long", "test"]);

    let trials = stage(&p, "trials").sample().unwrap();
    assert_eq!(trials.strategy, chosen("evolution", &[("population", Value::Int(6)), ("tournament", Value::Int(3))]));
    assert_eq!((trials.trials, trials.window, trials.seed), (16, 4, 0));
    let objective = trials.objective.as_ref().unwrap();
    assert_eq!((objective.stage.value.as_str(), objective.metric.value.name().as_str(), objective.maximize), ("score", "map50", true));
    let reference = stage(&p, "yolov5n").sample().unwrap();
    assert_eq!((reference.strategy.name(), reference.trials), ("reference", 1));
    let chance = stage(&p, "chance").sample().unwrap();
    assert_eq!((chance.strategy.name(), chance.trials, chance.seed), ("random", 2, 1));

    let short = stage(&p, "short").train().unwrap();
    assert_eq!((short.data.value.as_str(), short.split.value.as_str(), short.epochs), ("shapes", "train", 4));
    assert_eq!(short.recipe, Recipe { over: 4.0, ..recipes::yolov5_short() });
    assert!(short.over_is_epochs && !short.init_written && short.seeds == 1);
    let long = stage(&p, "long").train().unwrap();
    assert_eq!((&long.init, long.init_written, long.epochs), (&Init::Scratch, true, 12));
    assert_eq!(names(&stage(&p, "long").from), ["best", "yolov5n", "chance"]);

    let test = stage(&p, "test").evaluate().unwrap();
    let metrics: Vec<_> = test.metrics.iter().map(|m| m.value.name()).collect();
    assert_eq!(metrics, ["map50", "map50-95", "latency"]);
    assert_eq!(test.data.as_ref().map(|(d, s)| (d.value.as_str(), s.value.as_str())), Some(("shapes", "test")));
    let best = stage(&p, "best").select().unwrap();
    assert!(matches!(&best.by, SelectBy::Top(1, m) if m.value.name() == "map50"));
    let answer = p.answer.unwrap();
    assert_eq!((answer.name.value.as_str(), answer.r#in.value.as_str(), answer.by.value.name().as_str()), ("best", "test", "map50"));
    assert_eq!(names(&answer.against), ["yolov5n", "chance"]);
}

#[test]
fn the_space_keeps_its_tree() {
    let p = loaded(FLAGSHIP);
    let [space] = p.spaces.as_slice() else { panic!() };
    assert_eq!(space.input.value, "shapes");
    let network = space.node.child("network").unwrap();
    assert_eq!(network.number("width"), Some(0.25));
    assert_eq!(network.value("activation").unwrap().value, Value::Choice("act".into()));
    let kinds: Vec<&str> = network.children.iter().take(5).map(|c| c.name.value.as_str()).collect();
    assert_eq!(kinds, ["input", "conv", "conv", "choose", "conv"]);
    let conv = &network.children[6];
    assert_eq!((conv.count("channels"), conv.count("stride"), conv.counts("kernel")), (Some(512), Some(2), vec![3, 5]));
    let p3 = &network.children[5];
    assert_eq!(p3.text("label").unwrap().value, "p3");
    assert_eq!(p3.children.iter().map(|c| c.counts("repeats")).collect::<Vec<_>>(), [vec![2, 1, 3], vec![2, 1], vec![]]);
    let detect = network.children.last().unwrap();
    assert_eq!(names(&detect.texts("layers")), ["out3", "out4", "out5"]);
    assert_eq!(space.node.child("require").unwrap().number("max"), Some(1.0));
}

/// What a node says, without its places.
fn bare(node: &Node) -> String {
    let mut properties: Vec<String> = node
        .properties
        .iter()
        .map(|p| format!("{}={:?}", p.name.value, p.values.iter().map(|v| v.value.to_string()).collect::<Vec<_>>()))
        .collect();
    properties.sort();
    format!("{}({}){{{}}}", node.name.value, properties.join(","), node.children.iter().map(bare).collect::<Vec<_>>().join(";"))
}

fn around(layers: &str) -> String {
    format!(
        "pipeline \"p\"\ndata \"d\" generate=shapes {{ split train=0.5 val=0.5 }}\nspace \"s\" {{ network {{ input \"d\"; {layers}; detect }} }}\nsample \"r\" {{ from \"s\"; strategy reference }}"
    )
}

#[test]
fn a_property_is_a_child() {
    let tree = |layers: &str| bare(&loaded(&around(layers)).spaces[0].node);
    assert_eq!(tree("conv 64 kernel=3 stride=2"), tree("conv { kernel 3; stride 2; channels 64 }"));
    assert_eq!(tree("conv 64 kernel=3"), tree("conv channels=64 { kernel 3 }"));
    assert_eq!(tree("max-pool 3"), tree("max-pool kernel=3"));
    assert_eq!(tree("conv 8 as=\"a\"; concat above \"a\""), tree("conv 8 { as \"a\" }; concat { layers above \"a\" }"));
    assert_ne!(tree("conv 64 kernel=3"), tree("conv 64 kernel=5"));
    assert_eq!(codes(&around("conv 64 kernel=3 { kernel 3 }")), ["given-twice"]);
    assert_eq!(codes(&around("conv 64 kernel=3 kernel=5")), ["given-twice"]);
    assert_eq!(codes(&around("conv 64 channels=64")), ["given-twice"]);
    // A line that takes a value and properties of its own is a property too.
    let trials = |line: &str| {
        let text = around("conv 8").replace("strategy reference }", &format!("strategy random; {line} }}"));
        let p = loaded(&text);
        let Some(sample) = p.stages[0].sample() else { panic!() };
        (sample.strategy.name(), sample.trials)
    };
    assert_eq!(trials("trials 3"), ("random", 3));
    let text =
        around("conv 8").replace("sample \"r\" { from \"s\"; strategy reference }", "sample \"r\" from=\"s\" strategy=random trials=3");
    let read = loaded(&text);
    let sample = read.stages[0].sample().unwrap();
    assert_eq!((sample.strategy.name(), sample.trials), ("random", 3));
}

#[test]
fn spans_are_exact_beyond_ascii() {
    let text = "pipeline \"größe 漢字\" seed = 7\ndata \"köpfe\" generate=shapes /* é */ image-size=(param)\"größe\" { split train=0.5 val=0.5 }\nparam \"größe\" 96\nspace \"räume\" {\n  network {\n    input \"köpfe\"; conv 64 kernel = 3 { stride 2 } // ü\n    detect \"äh\" anchors=auto\n  }\n}\n";
    let found = load_with(text, &[]).unwrap_err();
    let at = |span: Span| &text[span.offset..span.offset + span.len];
    assert_eq!(found.items.iter().map(|d| at(d.labels[0].0)).collect::<Vec<_>>(), ["\"äh\""]);
    assert_eq!(render::place(&found.sources, found.items[0].labels[0].0), "pipelines/p.kdl:7:12");

    let text = text.replace("\"äh\" ", "") + "sample \"s\" { from \"räume\"; strategy reference }\n";
    let p = load_with(&text, &[]).unwrap_or_else(|d| panic!("{}", render::diagnostics(&d, false)));
    let at = |span: Span| &text[span.offset..span.offset + span.len];
    let conv = &p.spaces[0].node.child("network").unwrap().children[1];
    assert_eq!(at(conv.span), "conv 64 kernel = 3 { stride 2 }");
    assert_eq!(at(conv.property("kernel").unwrap().name.span), "kernel");
    assert_eq!(at(conv.value("kernel").unwrap().span), "3");
    assert_eq!(at(conv.value("stride").unwrap().span), "2");
    assert_eq!(at(conv.value("channels").unwrap().span), "64");
    assert_eq!(at(p.data[0].name.span), "\"köpfe\"");
    assert_eq!(p.data[0].image_size, 96);
    assert_eq!(at(p.stages[0].span), "sample \"s\" { from \"räume\"; strategy reference }");
}

#[test]
fn params_are_typed_by_their_default() {
    let text = FLAGSHIP;
    let trials = |value: &str| {
        let p = load_with(text, &[("trials", value)]).map_err(|d| d.items[0].code)?;
        let sample = stage(&p, "trials").sample().unwrap();
        Ok((sample.trials, p.warnings.len()))
    };
    assert_eq!(trials("20"), Ok((20, 0)));
    assert_eq!(trials("6"), Ok((6, 1)), "fewer than twice the population: a warning");
    assert_eq!(trials("many"), Err("param-type"));
    assert_eq!(trials("0"), Err("out-of-range"));
    let found = load_with(text, &[("trails", "6")]).unwrap_err();
    assert_eq!(found.items[0].help.as_deref(), Some("did you mean `trials`?"));
}

#[test]
fn paths_are_relative_to_where_they_were_written() {
    let top = "pipeline \"p\"\nparam \"root\" \"a/b\"\ninclude \"parts/d.kdl\"\ninclude \"./parts/../parts/d.kdl\"";
    let part = "data \"d\" format=yolo root=(param)\"root\"\ndata \"e\" format=voc root=\"../e\"\ninclude \"../p.kdl\"";
    let mut files = Memory::of(&[("x/p.kdl", top), ("x/parts/d.kdl", part)]);
    let root = |p: &Pipeline, i: usize| match &p.data[i].source {
        DataSource::Files { root, .. } => root.value.clone(),
        DataSource::Shapes { .. } | DataSource::Figures { .. } => String::new(),
    };
    let p = load(&crate::language(), "x/p.kdl", &mut files, &Params::default(), Options::default()).unwrap();
    assert_eq!((root(&p, 0), root(&p, 1), p.data.len()), ("x/a/b".into(), "x/e".into(), 2));
    let given = Params { values: vec![("root".into(), "c/../d".into())] };
    let p = load(&crate::language(), "x/p.kdl", &mut files, &given, Options::default()).unwrap();
    assert_eq!(root(&p, 0), "d");
}

#[test]
fn every_line_of_train_overrides_the_recipe() {
    let text = FLAGSHIP.replace(
        "recipe yolov5-short; init scratch; epochs 12",
        "accumulate 2; optimizer adam lr=0.1 { betas 0.8 0.99 }; recipe yolov5; schedule cosine over=100 warmup=2 final=0.5 warmup-iterations=7; batch-norm eps=0.5; augment mosaic=0.25 flip-ud=1; loss obj-by-size=#false; init scratch; epochs 12; seeds 3; ema 0; diverged loss-above=9",
    );
    let p = loaded(&text);
    let long = stage(&p, "long").train().unwrap();
    let stock = recipes::yolov5();
    let expected = Recipe {
        optimizer: Optimizer::Adam,
        lr: 0.1,
        momentum: 0.8,
        beta2: 0.99,
        schedule: Schedule::Cosine,
        over: 100.0,
        warmup: 2.0,
        final_lr: 0.5,
        warmup_min_iterations: 7,
        accumulate: 2,
        nominal_batch: 0,
        bn_eps: 0.5,
        ema: 0.0,
        augment: Augment { mosaic: 0.25, flip_ud: 1.0, ..stock.augment },
        loss: LossGains { obj_by_size: false, ..stock.loss },
        diverged_above: 9.0,
        ..stock
    };
    assert_eq!(long.recipe, expected);
    assert!(!long.over_is_epochs && long.seeds == 3);
}

#[test]
fn all_errors_come_at_once_and_always_the_same() {
    let text = FLAGSHIP
        .replace("seed=7", "seed=-7")
        .replace("split=val", "split=vall")
        .replace("top 1 by=map50", "top 1 by=map5")
        .replace("kernel=6", "kernel=6x6")
        .replace("recipe yolov5-short; epochs 4", "recipe yolov6; epochs 4");
    let first = load_with(&text, &[]).unwrap_err();
    let codes: Vec<_> = first.items.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["out-of-range", "not-a-number", "unknown-word", "unknown-name", "unknown-metric"]);
    for _ in 0..3 {
        assert_eq!(load_with(&text, &[]).unwrap_err().items, first.items);
    }
}

#[test]
fn every_example_of_the_table_parses() {
    for spec in table::everything().filter(|s| s.later.is_none()) {
        assert!(kdl::KdlDocument::parse_v2(spec.example).is_ok(), "{}", spec.example);
    }
    let page = reference(&crate::language());
    for word in ["### `conv`", "### `objective`", "| `kernel` | a whole number; several are a choice | 3 |", "`cell`"] {
        assert!(page.contains(word), "{word}");
    }
}

/// What a layer of no known name hides is not missing as well.
#[test]
fn an_unknown_layer_is_not_also_a_missing_one() {
    for layers in ["choose \"x\" { zzzzqq 8 }; detect", "zzzzqq 8", "conv 8; choose \"x\" { evaluate \"y\" }"] {
        let text =
            format!("{}\nspace \"s\" {{ network {{ input \"d\"; {layers} }} }}", "data \"d\" generate=shapes images=4 image-size=32");
        let Err(found) = load_with(&text, &[]) else { panic!("{layers}") };
        let said = render::diagnostics(&found, false);
        assert!(said.contains("there is no node `zzzzqq`") || said.contains("`evaluate` does not stand"), "{said}");
        assert!(!said.contains("nothing to choose from") && !said.contains("has no layers"), "{said}");
    }
}

/// Texts that cost kdl 6.7.1 seconds or its stack.
#[test]
fn hostile_texts_are_refused_soon() {
    let texts = [
        "a {".repeat(200),
        format!("{}b{}", "a {".repeat(200), "}".repeat(200)),
        "/- ".repeat(1000),
        "\"".repeat(100_000),
        format!("a /*{}*/ b", "*".repeat(900_000)),
        "a /-{ ".repeat(60) + &"}".repeat(60),
        "/- a { ".repeat(60) + &"}".repeat(60),
        "a (".repeat(50_000),
        "conv 64 kernel=\n".repeat(5_000),
        "x ".repeat(100_000),
        "x ".repeat(400_000),
        format!("pipeline \"{}\"", "x".repeat(1_000_000)),
        format!("{} 1", "y".repeat(1_000_000)),
        "a=\\".repeat(10_000),
        "z;".repeat(100_000),
        "a \"\\q\"\n".repeat(100_000),
        "a \"\"\"\n b\n  \"\"\"\n".repeat(50_000),
        ") ".repeat(400_000),
    ];
    for text in texts {
        let start = Instant::now();
        let report = match load_with(&text, &[]) {
            Ok(pipeline) => render::report(&pipeline.sources, &pipeline.warnings, false),
            Err(found) => render::diagnostics(&found, false),
        };
        assert!(report.len() < 200_000, "{} bytes", report.len());
        assert!(start.elapsed() < Duration::from_secs(10), "{:?} for {}…", start.elapsed(), &text[..20]);
        eprintln!("{:?} {}", start.elapsed(), &text[..text.len().min(20)].escape_debug());
    }
}
