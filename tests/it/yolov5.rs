//! Upstream's own code builds what is exported for it, takes the weights, and computes the same; its checkpoints become files that
//! trainings start from. Needs Python with the `yolov5` package of PyPI: as for the tests of `exports.rs`. Skips where
//! that is absent.

use crate::support::{Place, SMALL, python};
use nasflow::document::{self, Files, Options, Params};
use nasflow::export::{Artefact, Format, ModelCard};
use nasflow::nn::{DeviceChoice, NormOptions, Parameters, executor, save_tensors};
use nasflow::space::{Architecture, InputSpec, ParamKind, Space};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

struct One(String);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

/// A Python that has upstream's code; says so where there is none. (Importing it takes seconds, so it is asked once.)
fn upstream() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(|| python("yolov5.models.yolo, safetensors.torch")).clone()
}

/// Builds the network of each folder's YAML in one process (so that an activation must not leak), loads the weights, compares the raw outputs.
const COMPARE: &str = r#"
import sys, torch
from safetensors.torch import load_file
from yolov5.models.yolo import Model
import yolov5.models.common as common
for folder in sys.argv[1:]:
    # Upstream keeps `activation:` for every later network of the process.
    common.Conv.default_act = torch.nn.SiLU()
    model = Model(f"{folder}/winner.yaml")
    print(folder, model.load_state_dict(load_file(f"{folder}/winner.safetensors")))
    # Training mode of the head alone gives its raw outputs.
    model.eval()
    model.model[-1].training = True
    seen = load_file(f"{folder}/seen.safetensors")
    with torch.no_grad():
        outputs = model(seen["images"])
    assert len(outputs) == len(seen) - 1, (len(outputs), len(seen))
    worst = 0.0
    for i, out in enumerate(outputs):
        n, anchors, h, w, o = out.shape
        out = out.permute(0, 2, 3, 1, 4).reshape(n, h, w, anchors * o)
        worst = max(worst, (out - seen[f"out{i}"]).abs().max().item())
    strides = model.stride.int().tolist()
    print(f"{folder}: strides {strides}, worst difference {worst:.2e}")
    assert worst < 1e-4, worst
"#;

/// The networks of some samples of a space.
fn networks(space: &str, samples: u64) -> Vec<Architecture> {
    let text = format!(
        "pipeline \"p\"\ndata \"d\" generate=shapes image-size=64 classes=3 {{ split train=0.7 val=0.3 }}\n{space}\n\
         sample \"s\" {{ from \"space\"; strategy reference }}"
    );
    let loaded = document::load(&nasflow::language(), "p.kdl", &mut One(text), &Params::default(), Options::default());
    let pipeline = loaded.unwrap_or_else(|d| panic!("{}", document::render::diagnostics(&d, false)));
    let input = InputSpec { channels: 3, image_size: 64, classes: 3, anchors: None };
    let (space, _) = Space::compile(&pipeline.spaces[0], &input).unwrap_or_else(|e| panic!("{e:#?}"));
    let random = (0..samples).map(|i| space.random(11, &[i]));
    std::iter::once(space.reference()).chain(random).filter_map(|s| space.architecture(&s).ok()).collect()
}

/// Writes a network's export, images and our outputs to a folder; none where upstream lacks a layer.
fn export(architecture: &Architecture, seed: u64, folder: &Path) -> Option<()> {
    let program = architecture.program().expect("builds");
    let mut params = Parameters::init(&program, seed);
    // Statistics as after a training: no two channels alike.
    let mut next = seed as u32 + 1;
    let mut random = || {
        next = next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (next >> 8) as f32 / (1 << 24) as f32
    };
    for (values, spec) in params.0.iter_mut().zip(&program.params) {
        match spec.kind {
            ParamKind::RunningMean | ParamKind::NormShift => values.iter_mut().for_each(|v| *v = random() - 0.5),
            ParamKind::RunningVar | ParamKind::NormScale => values.iter_mut().for_each(|v| *v = 0.3 + random()),
            _ => {}
        }
    }
    let image = program.values[0];
    let images: Vec<f32> = (0..2 * image.h * image.w * 3).map(|_| random()).collect();
    let mut run = executor(&program, DeviceChoice::Fast, 2).expect("an executor");
    run.forward_eval(&params, &images, 2, NormOptions { eps: 1e-3, momentum: 0.03 }).expect("runs");
    // PyTorch's order of images: n, c, h, w.
    let mut turned = vec![0.0; images.len()];
    for (i, value) in images.iter().enumerate() {
        let (n, y, x, c) = (i / (image.h * image.w * 3), i / (image.w * 3) % image.h, i / 3 % image.w, i % 3);
        turned[((n * 3 + c) * image.h + y) * image.w + x] = *value;
    }
    let shape = [2, 3, image.h, image.w];
    let outputs = program.outputs.iter().enumerate().map(|(i, value)| {
        let s = program.values[*value];
        (format!("out{i}"), [2, s.h, s.w, s.c], run.output(i)[..2 * s.h * s.w * s.c].to_vec())
    });
    let outputs: Vec<(String, [usize; 4], Vec<f32>)> = outputs.collect();
    let mut seen: Vec<(&str, &[usize], &[f32])> = vec![("images", &shape, &turned)];
    seen.extend(outputs.iter().map(|(name, shape, values)| (&name[..], &shape[..], &values[..])));

    let digest = nasflow::base::Digest::of(b"test");
    let card = ModelCard {
        architecture: architecture.clone(),
        classes: vec!["a".into(), "it's \"b\"\n".into(), "c é".into()],
        norm_eps: 1e-3,
        norm_momentum: 0.03,
        iterations: 7,
        choices: vec![],
        decisions: vec![],
        candidate: architecture.digest(),
        weights: digest,
        data: digest,
        recipe: Default::default(),
        metrics: Default::default(),
        nasflow: "test".into(),
    };
    let artefact = Artefact::new(card, params).expect("belongs together");
    let format = Format::named("yolov5").expect("the format");
    assert_eq!(format.differs.expect("it says what differs")(&artefact), Vec::<String>::new());
    let written = (format.write)(&artefact, "winner").ok()?;
    std::fs::create_dir_all(folder).expect("a folder");
    for file in written {
        std::fs::write(folder.join(format!("winner.{}", file.ending)), file.bytes).expect("is written");
    }
    std::fs::write(folder.join("seen.safetensors"), save_tensors(&seen, &Default::default()).expect("tensors")).expect("is written");
    Some(())
}

const WIDE: &str = r#"space "space" { choice "w" 0.125 0.0625 0.1875; network like=yolov5n-wide { input "d" } }"#;
/// One activation a network, so that upstream can compute all of them.
const MODULES: &str = r#"space "space" { choice "act" silu relu hardswish; network activation=(choice)"act" {
    input "d"
    conv 16 stride=2 { kernel 6 5; padding 2; activation silu relu identity }
    conv 16 { kernel-h 1 3; kernel-w 3 5; groups 1 2; dilation 1 2 }
    choose { c3 24 { repeats 0 1 3; expansion 0.5 0.3 0.77; shortcut #true #false }; ghost 16 { repeats 1 2 }; max-pool 3; avg-pool 3
        bottleneck 16 { expansion 0.5 0.25; shortcut #true #false; repeats 1 2 }; skip }
    choose as="p" { conv 32 stride=2 kernel=3; ghost 32 stride=2 kernel=5 }
    sppf { kernel 3 5 }; conv 32 kernel=3 stride=2 as="q"
    upsample 2; concat above "p"; conv 8 kernel=3 as="r"
    detect "r" "q"
} }"#;

#[test]
fn upstream_builds_loads_and_computes_the_same() {
    let Some(python) = upstream() else { return };
    let place = Place::new("");
    let mut folders = Vec::new();
    for (name, space, samples) in [("wide", WIDE, 8), ("modules", MODULES, 16)] {
        for (i, architecture) in networks(space, samples).iter().enumerate() {
            let folder = place.path().join(format!("{name}{i}"));
            if export(architecture, i as u64, &folder).is_some() {
                folders.push(folder);
            }
        }
    }
    assert!(folders.len() > 14, "{}", folders.len());
    let out = Command::new(python).current_dir(place.path()).arg("-c").arg(COMPARE).args(&folders).output().expect("starts");
    let (said, failed) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}\n{failed}");
    assert_eq!(said.matches("worst difference").count(), folders.len(), "{said}");
}

/// Upstream's checkpoint: modules in half precision, in a dict.
const CHECKPOINT: &str = r#"
import sys, torch
from yolov5.models.yolo import Model
model = Model(sys.argv[1])
torch.save({"epoch": -1, "model": model.half(), "ema": None, "optimizer": None}, sys.argv[2])
for name, value in model.state_dict().items():
    print(name, list(value.shape))
"#;

#[test]
fn a_checkpoint_becomes_weights_that_a_training_starts_from() {
    let Some(python) = upstream() else { return };
    let place = Place::new(
        "pipeline \"p\"\ndata \"d\" generate=shapes images=20 image-size=64 classes=2 { split train=0.7 val=0.3 }\n\
         space \"space\" { network like=yolov5n { input \"d\" } }\nsample \"stock\" { from \"space\"; strategy reference }\n\
         train \"t\" { from \"stock\"; data \"d\" split=train; init file=\"n.safetensors\" match=overlap; recipe yolov5-short; epochs 1 }\n",
    );
    let folder = place.path().join("n");
    let yolov5n = networks(r#"space "space" { network like=yolov5n { input "d" } }"#, 0);
    export(&yolov5n[0], 0, &folder).expect("upstream has all of it");
    let said = |command: &mut Command| {
        let out = command.current_dir(place.path()).output().expect("starts");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        (String::from_utf8_lossy(&out.stdout).into_owned(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let (names, _) = said(Command::new(&python).args(["-c", CHECKPOINT, "n/winner.yaml", "n.pt"]));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/convert_pt.py");
    let (_, warned) = said(Command::new(&python).arg(script).args(["n.pt", "n.safetensors"]));
    assert!(warned.contains("run as code"), "{warned}");
    let bytes = std::fs::read(place.path().join("n.safetensors")).expect("the weights");
    let read = nasflow::nn::load_weights(&bytes).expect("safetensors");
    for line in names.lines().filter(|l| l.starts_with("model.") && !l.contains("num_batches_tracked")) {
        let (name, shape) = line.split_once(' ').expect("a name and a shape");
        let tensor = read.tensors.iter().find(|t| t.name == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(format!("{:?}", tensor.shape), shape, "{name}");
    }
    let planned = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(planned.ok(), "{planned:?}");
    place.run();
}

/// A search of seconds whose every network upstream has.
fn small() -> Place {
    let place = Place::new(&SMALL.replace("residual 128; c3 128; skip", "c3 128; skip; bottleneck 128"));
    place.run();
    std::fs::create_dir(place.path().join("out")).expect("a folder");
    place
}

#[test]
fn the_winner_is_a_pipeline_whose_training_is_known() {
    let place = small();
    let said = place.nasflow(&["export", "pipeline.kdl", "-o", "out/winner.kdl"]);
    assert!(said.ok() && said.out.contains("it is the same network"), "{said:?}");
    let again = place.nasflow(&["run", "out/winner.kdl"]);
    assert!(again.ok(), "{again:?}");
    assert_eq!((again.executed("train"), again.executed("predict")), (0, 0), "{again:?}");
    // It has an answer of its own, which can be exported in its turn: the same file but for where it comes from.
    let second = place.nasflow(&["export", "out/winner.kdl", "-o", "second.kdl"]);
    assert!(second.ok(), "{second:?}");
    let text = |name: &str| {
        let text = std::fs::read_to_string(place.path().join(name)).expect("a pipeline");
        text.lines().filter(|l| l.starts_with("    ")).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(text("out/winner.kdl"), text("second.kdl"));
}

#[test]
fn what_is_written_for_upstream_is_read_again() {
    let place = small();
    let said = place.nasflow(&["export", "pipeline.kdl", "-o", "out/winner.yaml", "--strict"]);
    assert!(said.ok() && said.out.contains("not run here"), "{said:?}");
    assert!(place.path().join("out/winner.safetensors").exists());
    let said = place.nasflow(&["import", "out/winner.yaml", "-o", "network.kdl"]);
    assert!(said.ok() && said.out.contains("layers"), "{said:?}");
    place.write(
        "pipeline \"p\"\ndata \"images\" generate=shapes images=24 image-size=64 { split train=0.5 val=0.5 }\ninclude \"network.kdl\"\n\
         train \"t\" { from \"winner stock\"; data \"images\" split=train; recipe yolov5-short; epochs 2; init file=\"out/winner.safetensors\" match=names }\n",
    );
    let plan = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(plan.ok(), "{plan:?}");
    for (arguments, why) in [
        (["import", "out/winner.safetensors", "-o", "x.kdl"], "a model YAML is expected"),
        (["import", "pipeline.kdl", "-o", "x.kdl"], "line"),
    ] {
        let said = place.nasflow(&arguments);
        assert!(!said.ok() && said.err.contains(why) && !place.path().join("x.kdl").exists(), "{said:?}");
    }
}
