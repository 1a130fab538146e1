//! Plans over a world that exists only in memory: what an action would write is a digest of its key.

mod after;
mod learned;
mod racing;
mod replicate;
mod supernets;
mod tuned;
mod untrained;
mod warm;

use super::{DataInfo, Engine, Figure, Known, Point, Replay, Slot, SplitInfo, Work};
use crate::base::Digest;
use crate::document::{self, Files, Options, Params, Pipeline};
use crate::results::{Classes, Comparison, Outcome, Smaller, Trained};
use crate::space::prune::{Bound, Pruning};
use crate::space::{AnchorSet, Architecture, InputSpec, Space};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

struct One(String);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

/// What was computed so far, and what was computed last, by kind.
#[derive(Default)]
pub struct World {
    outcomes: HashMap<Digest, Outcome>,
    chains: HashMap<Digest, Vec<Point>>,
    /// Texts of everything that ran, in order.
    pub ran: Vec<(&'static str, String)>,
    /// Iterations trained.
    pub iterations: u64,
}

impl Known for World {
    fn outcome(&mut self, key: Digest) -> Option<Outcome> {
        self.outcomes.get(&key).cloned()
    }
    fn chain(&mut self, chain: Digest) -> Vec<Point> {
        self.chains.get(&chain).cloned().unwrap_or_default()
    }
    fn given_up(&mut self, _: Digest) -> Option<String> {
        None
    }
}

/// The figure of a metric.
pub fn figure<'s>(slot: &'s Slot, metric: &str) -> &'s Figure {
    slot.model.figures.iter().find(|(m, _)| m.name() == metric).map(|(_, figure)| figure).unwrap_or_else(|| panic!("no {metric}"))
}

/// A value that nothing but the key decides.
fn value(key: Digest) -> f64 {
    (key.seed() % 1000) as f64 / 1000.0
}

/// A network with half of its FLOPs, whatever its weights are.
fn half(architecture: &Architecture) -> Architecture {
    let pruning = Pruning::of(architecture).expect("a network");
    let scores: Vec<Vec<f64>> = pruning.groups().iter().map(|g| vec![1.0; g.channels]).collect();
    pruning.to(&scores, &Bound { macs: 0.5, params: 1.0, multiple: 1, floor: 0.1 }).expect("half").architecture
}

/// The blob that an action would leave.
fn blob(name: &str, key: Digest) -> Digest {
    Digest::of(format!("{name} {}", key.hex()).as_bytes())
}

impl World {
    fn done(&mut self, key: Digest, outcome: Outcome) {
        self.outcomes.insert(key, outcome);
    }

    fn execute(&mut self, work: &Work) {
        self.ran.push((work.action().kind.word(), work.action().text()));
        match work {
            Work::Train(w) => {
                self.iterations += w.end() - w.done();
                for (epochs, action) in &w.rungs {
                    let key = action.key();
                    let state = Some(blob("state", key));
                    let (weights, epochs) = (blob("weights", key), *epochs);
                    self.done(
                        key,
                        Outcome::Trained(Trained {
                            weights,
                            state,
                            choices: None,
                            epochs,
                            curve: Vec::new(),
                            learned: None,
                            reported: BTreeMap::new(),
                            checkpoint: None,
                        }),
                    );
                    let point = Point { iteration: (epochs * w.per_epoch) as u64, key, state, diverged: None };
                    self.chains.entry(w.chain).or_default().push(point);
                }
            }
            Work::Predict(_) | Work::Subnet(_) => {
                let key = work.key();
                if work.action().kind == super::Kind::Loss {
                    return self.done(key, Outcome::Measured { value: value(key), classes: Classes::Detection(Vec::new()) });
                }
                self.done(key, Outcome::Predicted { predictions: blob("predictions", key) });
            }
            Work::Command(w) => {
                let (value, classes) = (value(w.request.key), Classes::Detection(Vec::new()));
                self.done(w.request.key, Outcome::Measured { value, classes });
            }
            Work::Propose(w) => self.done(w.request.key, Outcome::Proposed { choices: None }),
            Work::Untrained(w) => {
                let (value, classes) = (value(w.request.key), Classes::Detection(Vec::new()));
                self.done(w.request.key, Outcome::Measured { value, classes });
            }
            Work::Cut(w) => self.done(w.request.key, Outcome::Cut { weights: blob("weights", w.request.key) }),
            Work::Prune(w) => {
                let architecture = half(w.candidate.architecture().expect("a network"));
                let smaller = Smaller { architecture: architecture.to_json(), weights: blob("weights", w.request.key) };
                self.done(w.request.key, Outcome::Pruned(Ok(smaller)));
            }
            Work::Metric(w) => {
                let (value, classes) = (value(w.request.key), Classes::Detection(Vec::new()));
                self.done(w.request.key, Outcome::Measured { value, classes });
            }
            Work::Select(w) => self.done(w.request.key, Outcome::Chosen { models: w.chosen.clone() }),
            Work::Compare(w) => {
                let interval = Some((value(w.request.key), 1.0));
                let comparison = Comparison { difference: 0.5, interval, freedom: Some(4.0), over_images: None, above: None, resamples: 0 };
                self.done(w.request.key, Outcome::Compared(comparison));
            }
        }
    }

    /// Runs a pipeline to its end; what ran is in `ran`, which this empties first.
    pub fn run(&mut self, text: &str) -> Replay {
        self.run_by(&Place::new(text), |_, works| 0..works, |_| false)
    }

    /// The same, where at each step those of the works are done that `pick` says (of how many there are), and the engine begins anew
    /// after the steps that `anew` names.
    pub fn run_by(&mut self, place: &Place, pick: impl Fn(usize, usize) -> Range<usize>, anew: impl Fn(usize) -> bool) -> Replay {
        let mut engine = place.engine();
        self.ran.clear();
        self.iterations = 0;
        for step in 0..20_000 {
            let replay = engine.replay(self);
            if replay.works.is_empty() {
                assert!(replay.finished(), "open stages and nothing to do");
                return replay;
            }
            replay.works[pick(step, replay.works.len())].iter().for_each(|work| self.execute(work));
            if anew(step) {
                engine = place.engine();
            }
        }
        panic!("it never ends");
    }

    /// How many actions of a kind ran last.
    pub fn count(&self, kind: &str) -> usize {
        self.ran.iter().filter(|(k, _)| *k == kind).count()
    }
}

/// A pipeline with what its plan reads.
pub struct Place {
    pub pipeline: Pipeline,
    data: BTreeMap<String, DataInfo>,
    spaces: BTreeMap<String, Space>,
}

impl Place {
    pub fn new(text: &str) -> Place {
        let loaded = document::load(&crate::language(), "p.kdl", &mut One(text.to_string()), &Params::default(), Options::default());
        let pipeline = loaded.unwrap_or_else(|d| panic!("{}", document::render::diagnostics(&d, false)));
        let split = |name: &str, images| {
            (name.to_string(), SplitInfo { digest: Digest::of(name.as_bytes()), images, objects: 4 * images, anchors: Vec::new() })
        };
        let info = DataInfo {
            image_size: 64,
            classes: ["a", "b", "c", "d"].map(String::from).to_vec(),
            splits: [split("train", 64), split("val", 32), split("test", 32)].into(),
            decoder: "none".into(),
            channels: 3,
            task: document::Task::Detect,
        };
        let data = pipeline.data.iter().map(|d| (d.name.value.clone(), info.clone())).collect();
        let input = InputSpec { channels: 3, image_size: 64, classes: 4, anchors: None };
        let anchored = |(image_size, levels)| AnchorSet { image_size, levels: vec![vec![(8.0, 8.0), (16.0, 16.0), (24.0, 24.0)]; levels] };
        let compiled = |s| {
            let space = Space::compile(s, &input).unwrap_or_else(|e| panic!("{e:?}")).0;
            let anchors = space.awaits_anchors().into_iter().map(anchored).collect::<Vec<_>>();
            if anchors.is_empty() { space } else { space.with_anchors(anchors) }
        };
        let spaces = pipeline.spaces.iter().map(|s| (s.name.value.clone(), compiled(s))).collect();
        Place { pipeline, data, spaces }
    }

    pub fn engine(&self) -> Engine<'_> {
        Engine::new(&self.pipeline, &self.data, &self.spaces, "test".into())
    }
}
