//! What is written is read again, and is the same candidate.

use super::*;
use crate::document::{self, Files, Options, Params, Pipeline, Stage};
use crate::space::tests::{FLAGSHIP, cells, conditional, node, sampling, spec};
use crate::space::{AnchorSet, Architecture, InputSpec, Sample, Space};

struct One(String);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

fn loaded(text: &str) -> Pipeline {
    let loaded = document::load(&crate::language(), "winner.kdl", &mut One(text.into()), &Params::default(), Options::default());
    loaded.unwrap_or_else(|e| panic!("{text}\n{}", document::render::diagnostics(&e, false)))
}

/// A file that trains nothing but names data of both kinds.
fn source(task: &str) -> Pipeline {
    let (word, recipe) = if task == "figures" { ("figures", "classify") } else { ("shapes", "yolov5-short") };
    loaded(&format!(
        "pipeline \"source\"\n\
         data \"my data\" generate={word} images=60 image-size=64 seed=3 {{ split train=0.7 val=0.3 seed=2 }}\n\
         space \"s\" {{ network {{ input \"my data\"; conv 8 kernel=3 stride=8; {} }} }}\n\
         sample \"t\" {{ from \"s\"; strategy reference }}\n\
         train \"short\" {{ from \"t\"; data \"my data\" split=train; recipe {recipe}; epochs 3; optimizer adamw lr=0.003 {{ betas 0.8 0.99 }}\n\
             accumulate 4; batch-norm eps=2e-5; schedule cosine over=9 warmup=0.5; augment flip-ud=0.25; diverged loss-above=1e6; seed 4; seeds 2; images 0.5 }}\n\
         evaluate \"e\" {{ from \"short\"; data \"my data\" split=val; metrics {} params }}\n",
        if word == "figures" { "global-pool; linear" } else { "detect above" },
        if word == "figures" { "accuracy" } else { "map50 recall" },
    ))
}

/// The text of a pipeline with this network.
fn written(architecture: &Architecture, source: &Pipeline) -> String {
    let stage = |kind: fn(&Stage) -> bool| source.stages.iter().find(|s| kind(s)).expect("a stage");
    let train = stage(|s| s.train().is_some()).train().expect("trains");
    let evaluate = stage(|s| s.evaluate().is_some()).evaluate().expect("measures");
    let (data, split) = evaluate.data.as_ref().expect("reads");
    let origin = Origin {
        architecture,
        pipeline: "hostile \"name\"\n}",
        label: "trials #3".into(),
        choices: &[("mix".into(), "c3\nx".into())],
        figures: vec![("map50".into(), "0.5".into())],
        data: vec![&source.data[0], &source.data[0]],
        trained: Some(Trained { train, recipe: train.recipe.clone() }),
        measured: Some(Measured {
            reads: (&data.value, &split.value),
            metrics: evaluate.metrics.iter().map(|m| &m.value).collect(),
            by: &evaluate.metrics[0].value,
        }),
        path: &|path| path.to_string(),
    };
    pipeline(&origin).unwrap_or_else(|e| panic!("{e}\n{}", architecture.text()))
}

/// Writes a network, reads the file, and compares the candidates.
fn same(architecture: &Architecture, input: &InputSpec) -> Pipeline {
    let classifies = architecture.anchors().is_none();
    let text = written(architecture, &source(if classifies { "figures" } else { "shapes" }));
    let pipeline = loaded(&text);
    let anchors = architecture.anchors().map(|levels| vec![AnchorSet { image_size: architecture.input.height, levels: levels.to_vec() }]);
    let input = InputSpec { image_size: pipeline.data[0].image_size, anchors, ..input.clone() };
    let (space, warnings) = Space::compile(&pipeline.spaces[0], &input).unwrap_or_else(|e| panic!("{e:#?}\n{text}"));
    assert!(warnings.is_empty() && space.size() == 1.0, "{warnings:?}\n{text}");
    let again = space.architecture(&space.reference()).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
    assert_eq!(again.text(), architecture.text(), "{text}");
    assert_eq!(again.digest(), architecture.digest(), "{text}");
    pipeline
}

fn samples(space: &Space, count: u64) -> Vec<Architecture> {
    let random = (0..count).map(|i| space.random(5, &[i]));
    let all: Vec<Sample> = std::iter::once(space.reference()).chain(random).collect();
    all.iter().filter_map(|s| space.architecture(s).ok()).collect()
}

#[test]
fn every_kind_of_space_is_written_so_that_it_is_the_same_candidate() {
    let wide = r#"space { network like=yolov5n-wide { input data } }"#.to_string();
    let sizes = r#"space { choice "px" 96 64 128; network like=yolov5n-wide { input data image-size=(choice)"px" } }"#.to_string();
    let blocks = r#"space { choice "act" silu relu identity; network width=0.5 activation=(choice)"act" {
        input data
        conv 20 { kernel 3 5; stride 2 4; padding 2 3 }
        choose "a" { c3 48 { repeats 0 1 3; expansion 0.5 0.3 0.77 1.9; shortcut #true #false; kernel 3 5 }; ghost 64 { repeats 1 2; kernel 3 5 }
            mbconv 64 { expand 6 1 3.3 0.7; ratio 0 4 16; repeats 1 2; kernel 3 5 }; residual 64 { repeats 1 2 }; inception 64; squeeze-excite ratio=3
            bottleneck 64 { expansion 0.5 0.2 0.9; repeats 1 2; activation silu hardswish; groups 1 2 }; skip }
        conv 64 as="b" { kernel-h 1 5; kernel-w 3 1 }
        choose "c" { sep-conv kernel=5; dil-conv; depthwise-conv kernel=7; max-pool 3; avg-pool 2 padding=1; zero }
        conv 32 kernel=3 stride=2; conv 32 kernel=2 stride=2 padding=0
        choose "d" { mbconv 96 stride=2; ghost 96 stride=2; residual 96 stride=2 kernel=5; inception 96 stride=2; bottleneck 96 stride=2 }
        sppf { kernel 3 5 }; upsample 2; upsample 2; conv 16 as="e"; add "e" above; concat "e" above; global-pool; linear 
    } }"#;
    let texts: Vec<(String, u64)> = vec![
        (FLAGSHIP.into(), 25),
        (wide, 60),
        (sizes, 20),
        (blocks.into(), 100),
        (conditional::LEVELS.into(), 30),
        (cells::darts(1, 8), 6),
        (cells::bench201(1), 40),
        (cells::BENCH101.into(), 12),
        (cells::macro_bench(), 8),
    ];
    for (text, count) in texts {
        let input = spec(64, 4);
        let (space, _) = Space::compile(&node(&text), &input).unwrap_or_else(|e| panic!("{e:#?}\n{text}"));
        let all = samples(&space, count);
        assert!(all.len() as u64 > count / 3, "{} of {count}: {text}", all.len());
        for architecture in all {
            same(&architecture, &input);
        }
    }
    for seed in 0..10 {
        for architecture in samples(&sampling::random_space(seed), 4) {
            same(&architecture, &spec(64, 4));
        }
    }
}

#[test]
fn the_recipe_is_the_same_to_the_last_number() {
    for task in ["shapes", "figures"] {
        let source = source(task);
        let (space, _) = Space::compile(&source.spaces[0], &spec(64, 4)).expect("compiles");
        let read = same(&space.architecture(&space.reference()).expect("builds"), &spec(64, 4));
        let train = |p: &Pipeline| p.stages.iter().find_map(|s| s.train().cloned()).expect("trains");
        let (ours, theirs) = (train(&read), train(&source));
        assert_eq!(ours.recipe, theirs.recipe);
        assert_eq!((ours.epochs, ours.images, ours.seed, ours.seeds), (theirs.epochs, theirs.images, theirs.seed, theirs.seeds));
        let data = |p: &Pipeline| {
            let d = &p.data[0];
            (
                d.name.value.clone(),
                d.source.clone(),
                d.image_size,
                d.splits.iter().map(|(n, b)| (n.value.clone(), format!("{b:?}").len())).collect::<Vec<_>>(),
                d.split_seed,
            )
        };
        assert_eq!(data(&read), data(&source));
    }
}

/// Every number of a recipe that a file may set is written where it is not the usual one.
#[test]
fn no_number_of_a_recipe_is_forgotten() {
    for (field, task) in document::RECIPE_FIELDS.iter().flat_map(|f| [(f, "shapes"), (f, "figures")]) {
        let source = source(task);
        let mut recipe = source.stages.iter().find_map(|s| s.train()).expect("trains").recipe.clone();
        let before = super::recipe::lines(&recipe, 3);
        (field.set)(&mut recipe, 7.0);
        assert_ne!(super::recipe::lines(&recipe, 3), before, "{}", field.path());
    }
}
