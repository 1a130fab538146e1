//! Search in a supernet by the real binary. The supernet's weights are planted: fresh ones, under the key that `plan` gives
//! its training.

use crate::support::Place;
use nasflow::base::Digest;
use nasflow::document::{self, Files};
use nasflow::nn::{DeviceChoice, Parameters};
use nasflow::plan::{Engine, State, Work};
use nasflow::results::{Outcome, Trained};
use nasflow::run::job::files::{assignment_file, read_result};
use nasflow::run::job::{Assignment, FORMAT, Job, JobResult, PredictJob};
use nasflow::run::record;
use nasflow::run::{Look, Prepared, StoreKnown, prepare, worker};
use nasflow::space::{Sample, Supernet};
use nasflow::store::{Attempt, Store};
use nasflow::train::{shared, weights_from_bytes, weights_to_bytes};

pub const ONE_SHOT: &str = r#"
pipeline "one-shot" seed=3
data "shapes" generate=shapes images=32 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "tiny" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 kernel=3 stride=2
        choose "block" { c3 128 { repeats 1 2 }; residual 128; skip }
        conv 256 kernel=3 stride=2 as="out3"
        conv 512 stride=2 as="out4" { kernel 3 1 }
        conv 512 kernel=3 stride=2 as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }
}
train "supernet" { from "tiny"; data "shapes" split=train; method single-path; recipe yolov5-short; epochs 2 }
sample "subnets" { from "supernet"; strategy random; trials 6 }
evaluate "ranking" { from "subnets"; data "shapes" split=val; recalibrate batches=2 split=train; metrics map50 flops }
select "best" { from "ranking"; top 1 by=flops }
train "tuned" { from "best"; data "shapes" split=train; recipe yolov5-short; init inherit; epochs 1 }
evaluate "test" { from "tuned"; data "shapes" split=test; metrics map50 }
answer "tuned" { in "test"; by map50 }
"#;

struct Disk;

impl Files for Disk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|e| e.to_string())
    }
}

/// The pipeline of a place, and its store.
pub fn open(place: &Place) -> (Prepared, Store) {
    let path = place.path().join("pipeline.kdl").display().to_string();
    let pipeline =
        document::load(&nasflow::language(), &path, &mut Disk, &Default::default(), Default::default()).unwrap_or_else(|e| panic!("{e:?}"));
    let store = Store::open(&place.path().join("cache"), true).expect("a store");
    let prepared = prepare(pipeline, Some(&store), Look::default()).unwrap_or_else(|e| panic!("{e}"));
    (prepared, store)
}

/// A place whose supernet is there.
pub fn planted(text: &str) -> Place {
    let place = Place::new(text);
    let (prepared, store) = open(&place);
    let mut known = StoreKnown::new(Some(&store));
    let numerics = DeviceChoice::Fast.numerics().to_string();
    let replay = Engine::new(&prepared.pipeline, &prepared.data, &prepared.spaces, numerics).replay(&mut known);
    let [Work::Train(train)] = &replay.works[..] else { panic!("{} works", replay.works.len()) };
    let net = Supernet::of(&prepared.spaces["tiny"]).unwrap_or_else(|e| panic!("{e:?}"));
    let holder = shared::holder(&net).expect("a holder");
    let weights = store.blobs().put(&weights_to_bytes(&holder, &Parameters::init(&holder, 1)).expect("bytes")).expect("put");
    let trained = Trained {
        weights,
        state: None,
        choices: None,
        epochs: 2,
        curve: Vec::new(),
        learned: None,
        reported: std::collections::BTreeMap::new(),
        checkpoint: None,
    };
    let planted = record::write(&train.request.action, Some((train.chain, train.end())), &Outcome::Trained(trained));
    store.publish(&planted).expect("published");
    place
}

#[test]
fn a_search_in_a_supernet_has_the_same_bits_whoever_computes_it() {
    let two = planted(ONE_SHOT);
    let said = two.nasflow(&["run", "pipeline.kdl", "--jobs", "2"]);
    assert!(said.ok(), "{said:?}");
    let executed = |kind: &str| said.executed(kind);
    assert_eq!((executed("predict-subnet"), executed("cut"), executed("select"), executed("predict")), (6, 1, 1, 1), "{said:?}");
    assert!(two.run().nothing_executed());
    let digests = two.digests();
    assert!(digests.lines().filter(|l| l.contains(" predict-subnet ")).count() == 6, "{digests}");

    // One worker that stays, and then workers that come and go.
    let one = planted(ONE_SHOT);
    assert!(one.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]).ok());
    assert_eq!(one.digests(), digests);
    let many = planted(&ONE_SHOT.replace("trials 6", "trials 1"));
    for trials in 1..=6 {
        many.write(&ONE_SHOT.replace("trials 6", &format!("trials {trials}")));
        many.run();
    }
    assert_eq!(many.digests(), digests);
}

#[test]
fn what_is_cut_out_is_what_was_measured_inside() {
    let place = planted(&ONE_SHOT.replace("recalibrate batches=2 split=train", "recalibrate off"));
    place.run();
    let (prepared, store) = open(&place);
    let numerics = DeviceChoice::Fast.numerics().to_string();
    let replay = Engine::new(&prepared.pipeline, &prepared.data, &prepared.spaces, numerics).replay(&mut StoreKnown::new(Some(&store)));
    let at = |name: &str| &replay.stages[prepared.pipeline.stage(name).expect("a stage")];
    let best = &at("best").slots[0].model;
    let subnet = best.subnet.as_ref().expect("a subnet");
    let inside = at("ranking").slots.iter().find(|s| s.model.identity() == best.identity()).expect("measured");
    let step = inside.steps.iter().find(|s| s.action.kind.word() == "predict-subnet").expect("its detections");
    let inside = store.lookup(&step.key).expect("a store").expect("a record").outputs["predictions"];
    let cut = at("tuned").slots[0].steps.iter().find(|s| s.action.kind.word() == "cut").expect("cut out");
    let weights = store.lookup(&cut.key).expect("a store").expect("a record").outputs["weights"];
    let pack = store.keys().expect("keys").iter().filter_map(|k| store.lookup(k).ok()??.outputs.get("pack").copied()).collect::<Vec<_>>();

    // The network alone, with the weights that were cut out, over whichever pack is the right one.
    let architecture = best.candidate.architecture().expect("a network").clone();
    weights_from_bytes(&architecture.program().expect("a program"), &store.blobs().get(&weights).expect("there")).expect("its own weights");
    let alone: Vec<Digest> = pack
        .iter()
        .map(|&pack| {
            let key = Digest::of(&pack.0);
            let job = Job::Predict(Box::new(PredictJob { architecture: architecture.clone(), weights, bn_eps: 1e-3, loss: None, pack }));
            let assignment = Assignment { format: FORMAT, key, lock: key, executor: DeviceChoice::Fast, job };
            let attempt = Attempt::open(&store.blobs(), key).expect("a folder");
            attempt.write(&assignment_file(key), &serde_json::to_vec(&assignment).expect("JSON")).expect("written");
            worker::work(store.root(), key, key, Default::default(), &mut Default::default(), &mut |_| {});
            match read_result(&attempt, key).expect("readable") {
                Some(JobResult::Predicted { predictions }) => predictions,
                other => panic!("{other:?}"),
            }
        })
        .collect();
    assert!(alone.contains(&inside), "{} is none of {alone:?}", inside.hex());
    assert!(at("ranking").slots.iter().all(|s| s.state == State::Ready) && !subnet.sample.pairs().eq(Sample::default().pairs()));
}

#[test]
fn a_space_that_cannot_share_weights_is_refused_at_its_line() {
    let place = Place::new(&ONE_SHOT.replace("conv 128 kernel=3 stride=2", "conv 128 stride=2 { kernel 3 4 }"));
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("kernel"), "{said:?}");
}

#[test]
fn costs_are_counted_by_stage_and_by_way() {
    let place = planted(ONE_SHOT);
    place.run();
    let said = place.nasflow(&["cost", "pipeline.kdl", "--json", "--gain", "ranking", "test"]);
    let all: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    let stage =
        |name: &str| all["costs"]["stages"].as_array().expect("stages").iter().find(|l| l["name"] == name).expect("a stage").clone();
    // 16 images in batches of 8: two iterations an epoch.
    assert_eq!(stage("supernet")["spent"]["iterations"], 4);
    assert_eq!(stage("tuned")["spent"]["iterations"], 2);
    assert_eq!(stage("ranking")["spent"]["evaluated-images"], 6 * (8 + 16));
    let way = &all["costs"]["ways"][0];
    assert_eq!((&way["name"], &way["spent"]["iterations"], &way["spent"]["trained-images"]), (&"tuned".into(), &6.into(), &48.into()));
    assert_eq!(way["spent"]["evaluated-images"], 6 * (8 + 16) + 8, "with what the answer was compared by");
    // The planted supernet has no time here; what a worker did has.
    assert_eq!((&stage("supernet")["spent"]["untimed"], &stage("tuned")["spent"]["untimed"]), (&1.into(), &0.into()));
    assert!(stage("tuned")["spent"]["seconds"].as_f64() > Some(0.0));
    let ways = all["ways"].as_array().expect("ways");
    assert_eq!((&ways[0]["iterations"], &ways[1]["iterations"]), (&4.into(), &6.into()));
    assert_eq!((&ways[0]["curve"][0][0], &ways[1]["curve"][0][0]), (&4.into(), &6.into()));

    let text = place.nasflow(&["cost", "pipeline.kdl", "--gain", "ranking", "test"]).out;
    assert!(text.contains("gain: training iterations until the best map50 is"), "{text}");
    let wrong = place.nasflow(&["cost", "pipeline.kdl", "--gain", "rankin", "test"]);
    assert!(!wrong.ok() && wrong.err.contains("did you mean `ranking`?"), "{wrong:?}");
}
