//! Predictors without training against PyTorch's values of the same networks, weights and images (`tests/reference/proxies.json`, made
//! by `scripts/reference_proxies.py`), and in a whole pipeline.
//!
//! Where there is a Python with torch, the values are made again and must be those of the file; `UPDATE_PROXIES=1` writes it.

use crate::support::{Place, python, root};
use nasflow::base::{Digest, Random};
use nasflow::data::{Batch, Target};
use nasflow::document::{self, Files, Options, Params, Recipe, Task, recipes};
use nasflow::evaluate::{PROXIES, Untrained};
use nasflow::export::{Artefact, FORMATS, ModelCard};
use nasflow::nn::{DeviceChoice, Parameters, executor, save_tensors};
use nasflow::space::{Architecture, Head, InputSpec, ParamKind, Space, entropy};
use nasflow::train::criterion;
use std::collections::BTreeMap;
use std::process::Command;

/// Plain chains and links, gates and depthwise convolutions, joins with every kind of activation, and a detector.
const NETWORKS: &str = r#"
pipeline "networks"
data "images" generate=shapes images=10 image-size=32 { split train=1.0 }
space "plain" {
    network activation=relu {
        input "images"
        conv 8 kernel=3
        residual 8
        conv 16 kernel=3 stride=2 activation=silu
        residual 16 { repeats 2 }
        conv 24 kernel=5 stride=2
        global-pool
        linear 4
    }
}
space "mobile" {
    network activation=hardswish {
        input "images"
        conv 8 kernel=3 stride=2
        mbconv 12 kernel=3 expand=3 ratio=4 stride=2
        mbconv 12 kernel=5 expand=2
        conv 32 kernel=1
        global-pool
        linear 4
    }
}
space "joins" {
    network {
        input "images"
        conv 8 kernel=6 stride=2 padding=2
        inception 16
        c3 16
        ghost 16
        sppf 24
        linear 4
    }
}
space "detector" { network like=yolov5n { input "images" } }
sample "a" { from "plain"; strategy reference }
sample "b" { from "mobile"; strategy reference }
sample "c" { from "joins"; strategy reference }
sample "d" { from "detector"; strategy reference }
"#;

const SEED: u64 = 3;
const BATCH: usize = 8;
const CLASSES: usize = 4;
const EPS: f64 = 1e-3;

struct One;

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(NETWORKS.into())
    }
}

fn networks() -> Vec<(String, Architecture)> {
    let loaded = document::load(&nasflow::language(), "p.kdl", &mut One, &Params::default(), Options::default());
    let pipeline = loaded.unwrap_or_else(|d| panic!("{}", document::render::diagnostics(&d, false)));
    let input = |size: usize| InputSpec { channels: 3, image_size: size, classes: CLASSES, anchors: None };
    let one = |node: &document::SpaceNode| {
        let size = if node.name.value == "detector" { 64 } else { 32 };
        let space = Space::compile(node, &input(size)).unwrap_or_else(|e| panic!("{e:?}")).0;
        let architecture = space.architecture(&space.reference()).expect("it builds");
        // In the canonical order, as it comes out of a search.
        (node.name.value.clone(), Architecture::from_json(&architecture.to_json()).expect("a network"))
    };
    pipeline.spaces.iter().map(one).collect()
}

/// The same images for every network of a size.
fn batch(architecture: &Architecture) -> Batch {
    let side = architecture.input.height;
    let mut random = Random::at(1, "test images", &[]);
    let images = (0..BATCH * side * side * 3).map(|_| random.unit() as f32).collect();
    let labels = (0..BATCH).map(|i| (i % CLASSES) as u32).collect();
    let mut box_of = |image: usize| Target {
        image,
        class: random.below(CLASSES),
        cx: random.range(0.2, 0.8) as f32,
        cy: random.range(0.2, 0.8) as f32,
        w: random.range(0.1, 0.6) as f32,
        h: random.range(0.1, 0.6) as f32,
    };
    let targets = (0..2 * BATCH).map(|i| box_of(i / 2)).collect();
    Batch { n: BATCH, images, targets, labels }
}

fn recipe(head: &Head) -> Recipe {
    let (stock, task) = match head {
        Head::Classify { .. } => (recipes::classify(), Task::Classify),
        _ => (recipes::yolov5(), Task::Detect),
    };
    Recipe { task, ..stock }
}

/// What nasflow makes of a network, by name.
fn ours(architecture: &Architecture) -> BTreeMap<String, f64> {
    let program = architecture.program().expect("a program");
    let (batch, recipe) = (batch(architecture), recipe(&program.head));
    let mut values = BTreeMap::from([("entropy".to_string(), entropy(architecture).expect("it has levels").0)]);
    for proxy in PROXIES {
        let mut make = |program: &_, n| executor(program, DeviceChoice::Fast, n);
        let mut loss = |outputs: &[&[f32]], batch: &Batch| {
            let mut criterion = criterion(&program, &recipe)?;
            criterion.evaluate(outputs, batch)?;
            Ok(criterion.grads().to_vec())
        };
        let mut network =
            Untrained { program: &program, seed: SEED, noise: BATCH, batch: &batch, eps: EPS, executor: &mut make, loss: &mut loss };
        let name = proxy.word.word.name;
        values.insert(name.to_string(), proxy.value(&mut network).unwrap_or_else(|e| panic!("{name}: {e}")));
    }
    values
}

/// The network as a Python file with its weights, and beside it everything else that the predictors read.
fn write(folder: &std::path::Path, architecture: &Architecture) {
    let program = architecture.program().expect("a program");
    let params = Parameters::init(&program, SEED);
    let digest = architecture.digest();
    let card = ModelCard {
        architecture: architecture.clone(),
        classes: (0..CLASSES).map(|i| i.to_string()).collect(),
        norm_eps: EPS,
        norm_momentum: 1.0,
        iterations: 0,
        choices: vec![],
        decisions: vec![],
        candidate: digest,
        weights: digest,
        data: digest,
        recipe: BTreeMap::new(),
        metrics: BTreeMap::new(),
        nasflow: "test".into(),
    };
    let artefact = Artefact::new(card, params).expect("a model");
    let format = FORMATS.iter().find(|f| f.name == "pytorch").expect("the format");
    for file in (format.write)(&artefact, "model").expect("it is written") {
        std::fs::write(folder.join(format!("model.{}", file.ending)), file.bytes).expect("written");
    }
    let side = architecture.input.height;
    let nchw = |images: &[f32]| {
        let pixels = side * side;
        let planes = (0..BATCH).flat_map(|i| (0..3).flat_map(move |c| (0..pixels).map(move |p| (i * pixels + p) * 3 + c)));
        planes.map(|at| images[at]).collect::<Vec<f32>>()
    };
    let batch = batch(architecture);
    let noise = |what: u64| {
        let mut random = Random::at(SEED, "zen-noise", &[what]);
        (0..BATCH * side * side * 3).map(|_| random.normal() as f32).collect::<Vec<f32>>()
    };
    let images = [BATCH, 3, side, side];
    let boxes: Vec<f32> = batch.targets.iter().flat_map(|t| [t.image as f32, t.class as f32, t.cx, t.cy, t.w, t.h]).collect();
    let labels: Vec<f32> = batch.labels.iter().map(|l| *l as f32).collect();
    let normal: Vec<(String, Vec<usize>, Vec<f32>)> = (program.params.iter())
        .filter(|spec| spec.kind == ParamKind::Weight)
        .map(|spec| {
            let mut random = Random::at(SEED, "zen-weights", &[Digest::of(spec.name.as_bytes()).seed()]);
            (format!("zen.{}", spec.name), spec.shape.clone(), (0..spec.len()).map(|_| random.normal() as f32).collect())
        })
        .collect();
    let (pixels, x, e) = (nchw(&batch.images), nchw(&noise(0)), nchw(&noise(1)));
    let mut tensors: Vec<(&str, &[usize], &[f32])> = vec![("images", &images, &pixels), ("x", &images, &x), ("e", &images, &e)];
    let (rows, count) = ([batch.targets.len(), 6], [BATCH]);
    tensors.extend([("boxes", &rows[..], &boxes[..]), ("labels", &count[..], &labels[..])]);
    tensors.extend(normal.iter().map(|(name, shape, values)| (name.as_str(), shape.as_slice(), values.as_slice())));
    std::fs::write(folder.join("case.safetensors"), save_tensors(&tensors, &BTreeMap::new()).expect("tensors")).expect("written");
}

type Values = BTreeMap<String, BTreeMap<String, f64>>;

/// How far f32 may be from PyTorch's f64. What is counted (codes) or solved (eigenvalues) may turn on one sign.
fn tolerance(metric: &str) -> f64 {
    match metric {
        "entropy" | "synflow" => 1e-9,
        "naswot" | "jacov" | "zen" => 1e-3,
        _ => 2e-4,
    }
}

fn close(what: &str, found: &Values, wanted: &Values) {
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{what}");
    for (network, values) in wanted {
        for (metric, wanted) in values {
            let found = found[network][metric];
            let error = (found - wanted).abs() / wanted.abs().max(1e-9);
            assert!(error <= tolerance(metric), "{what}: {metric} of {network}: {found} against {wanted}");
        }
    }
}

#[test]
fn values_are_pytorchs() {
    let path = root().join("tests/reference/proxies.json");
    let networks = networks();
    let update = std::env::var_os("UPDATE_PROXIES").is_some();
    if let Some(python) = python("numpy, torch, safetensors") {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, architecture) in &networks {
            let at = folder.path().join(name);
            std::fs::create_dir(&at).expect("a folder");
            write(&at, architecture);
        }
        let out = folder.path().join("proxies.json");
        let mut command = Command::new(python);
        let said = command.arg("-B").arg(root().join("scripts/reference_proxies.py")).arg(folder.path()).arg(&out).output();
        let said = said.expect("Python starts");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let made: Values = serde_json::from_slice(&std::fs::read(&out).expect("its values")).expect("JSON");
        if update {
            std::fs::copy(&out, &path).expect("written");
        }
        let stored: Values = serde_json::from_slice(&std::fs::read(&path).expect("the file")).expect("JSON");
        close("PyTorch here against the file", &made, &stored);
    }
    let stored: Values = serde_json::from_slice(&std::fs::read(&path).expect("the file")).expect("JSON");
    let found: Values = networks.iter().map(|(name, architecture)| (name.clone(), ours(architecture))).collect();
    close("nasflow against PyTorch", &found, &stored);
}

/// Twelve networks of seconds, whose ranking nobody trained for.
const RANKED: &str = r#"
pipeline "ranked"
data "shapes" generate=shapes images=24 image-size=64 { split train=0.5 val=0.5 }
space "tiny" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2
        choose "block" { residual 128; c3 128; skip }
        conv 256 kernel=3 stride=2 as="out3"
        conv 512 kernel=3 stride=2 as="out4"
        conv 512 stride=2 as="out5" { kernel 3 5 }
        detect "out3" "out4" "out5" anchors=auto
    }
}
sample   "wide"  { from "tiny"; strategy random; trials 6 }
evaluate "proxy" { from "wide"; data "shapes" split=train; untrained batch=4 seeds=2; metrics synflow snip grad-norm jacov naswot zen entropy flops }
select   "some"  { from "proxy"; top 2 by=naswot }
"#;

#[test]
fn thousands_of_candidates_are_ranked_as_few_are() {
    let place = Place::new(RANKED);
    let first = place.nasflow(&["run", "pipeline.kdl", "-j", "2"]);
    assert!(first.ok(), "{first:?}");
    assert_eq!(first.executed("untrained"), 6 * 6 * 2, "{}", first.out);
    // Several a worker, and the run says so.
    assert!(first.err.contains(" more: ") && first.err.contains(" measured ("), "{}", first.err);
    assert!(place.run().nothing_executed());
    let shown = place.nasflow(&["show", "pipeline.kdl", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.out).expect("JSON");
    let rows: Vec<_> = shown["rows"].as_array().into_iter().flatten().filter(|r| r["stage"] == "proxy").collect();
    assert_eq!(rows.len(), 6);
    for row in &rows {
        for metric in ["synflow", "snip", "grad-norm", "jacov", "naswot", "zen"] {
            let values = row["metrics"][metric]["values"].as_array().expect("values");
            assert!(values.len() == 2 && values.iter().all(serde_json::Value::is_f64) && values[0] != values[1], "{metric}: {row}");
        }
        assert!(row["metrics"]["entropy"]["values"][0].is_f64(), "{row}");
    }
    // One worker at a time, in a store of its own: the same bits.
    let alone = Place::new(RANKED);
    alone.run();
    assert_eq!(alone.digests(), place.digests());
    // A search that is guided by one: what is known is not measured again.
    let search = RANKED.replace(
        "strategy random; trials 6",
        "strategy evolution population=2 tournament=2; trials 8; objective \"proxy\" maximize=synflow",
    );
    place.write(&search);
    let searched = place.run();
    assert!(searched.executed("untrained") < 8 * 6 * 2 && place.run().nothing_executed(), "{}", searched.out);
}

#[test]
fn a_class_guides_a_search_and_an_unknown_one_is_named() {
    let text = include_str!("../../pipelines/reproducible.kdl");
    let guided = text
        .replace("maximize=map50", "maximize=\"recall-of:circle\"")
        .replace("metrics map50 map50-95 flops", "metrics map50 flops; metric recall-of class=\"circle\"; metric ap50-95 class=\"circle\"")
        .replace("top 1 by=map50", "top 1 by=\"ap50-95:circle\"");
    let place = Place::new(&guided);
    let said = place.run();
    assert!(said.out.contains("recall-of:circle") && said.out.contains("ap50-95:circle"), "{}", said.out);
    place.write(&guided.replace("circle", "cirle"));
    let said = place.nasflow(&["run", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("the data has no class `cirle`"), "{said:?}");
    assert!(said.err.contains("did you mean `circle`?") && said.err.contains("its classes: "), "{}", said.err);
}

/// `snip` of a network that is trained for nothing has no value, which is said; the others have theirs.
#[test]
fn what_is_not_defined_is_no_failure() {
    let features = r#"
pipeline "features"
data "shapes" generate=shapes images=24 image-size=64 { split train=0.5 val=0.5 }
space "tiny" { network width=0.125 { input "shapes"; conv 64 stride=2 { kernel 3 5 }; conv 128 kernel=3 stride=2 } }
sample   "wide"  { from "tiny"; strategy random; trials 2 }
evaluate "proxy" { from "wide"; data "shapes" split=train; untrained batch=4; metrics snip naswot }
select   "some"  { from "proxy"; top 1 by=naswot }
"#;
    let place = Place::new(features);
    let said = place.run();
    assert!(said.err.contains("snip: no value: a recipe for detectors needs a network that ends in `detect`"), "{}", said.err);
    assert!(place.run().nothing_executed());
}
