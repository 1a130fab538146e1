//! From a folder that was looked at to a draft that fits the time.

use super::bound::Wanted;
use super::budget::{self, Images, Plan};
use super::draft::{Bound, Draft};
use super::look::Looked;
use super::measure::{self, Rates};
use super::place::{name, shown_root};
use super::sizes;
use crate::base::counted;
use crate::cli::data_text::in_short;
use crate::cli::failure::Failure;
use crate::cli::{load, print};
use crate::data::chosen::{choose, pictures};
use crate::document::{Diagnostics, Pipeline, Severity, StageKind, Task};
use crate::nn::DeviceChoice;
use crate::space::{Architecture, InputSpec, Space};
use std::path::Path;

/// Images that a worker is measured with.
const MEASURED: usize = 16;
/// Seconds of decoding an image where the speed is given and nothing is measured.
const DECODE: f64 = 0.005;

/// What is known on the way from a folder to a pipeline.
pub struct Work<'l> {
    looked: &'l Looked,
    output: &'l str,
    time: f64,
    workers: usize,
    threads: usize,
    /// The latency table that goes with the pipeline, as JSON.
    pub table: Option<String>,
}

impl<'l> Work<'l> {
    /// On this machine.
    pub fn new(looked: &'l Looked, output: &'l str, time: f64) -> Result<Self, Failure> {
        let (workers, threads) = load::shares(None, None, DeviceChoice::Fast)?;
        Ok(Work { looked, output, time, workers, threads, table: None })
    }

    /// A draft of one size, to see what its reference costs.
    fn draft(&self, sizes: Vec<usize>, bound: Bound, plan: Plan) -> Result<Draft, Failure> {
        let mut words = self.looked.words.clone();
        words.root = shown_root(Path::new(self.output), &words.root)?;
        Ok(Draft {
            name: name(&self.looked.words.root),
            file: self.output.to_string(),
            words,
            found: format!("{}, {}", self.looked.words.format, in_short(&self.looked.summary)),
            notes: self.looked.notes.clone(),
            sizes,
            bound,
            plan,
            batch: self.images().batch,
            workers: self.workers,
        })
    }

    fn images(&self) -> Images {
        let of = |name: &str| self.looked.scan.split(name).map_or(0, |s| s.images.len());
        let train = of("train");
        let batch = match self.looked.words.task() {
            Task::Detect => 8,
            // As many as leave some steps in an epoch.
            Task::Classify => [128, 64, 32, 16].into_iter().find(|batch| train >= batch * 20).unwrap_or(8),
        };
        Images { train, val: of("val"), test: of("test"), batch }
    }

    fn reference(&self, size: usize) -> Result<(Pipeline, Architecture), Failure> {
        let nothing = Rates { train: 0.0, evaluate: 0.0, decode: 0.0, workers: self.workers };
        let plan = budget::plan(1e9, &self.images(), 1, &nothing, &|_| 1.0);
        let (pipeline, space) = compile(self.output, &text(&self.draft(vec![size], Bound::Reference, plan)?), self.looked)?;
        let architecture = space.architecture(&space.reference()).map_err(|e| e.reason)?;
        Ok((pipeline, architecture))
    }

    /// The size at which the reference reads images, and whether the bound fixes it.
    pub fn base(&self, wanted: &Wanted) -> Result<(usize, bool), Failure> {
        let usual = self.sized(1.0);
        if wanted.is_open() {
            return Ok((usual, false));
        }
        let (_, architecture) = self.reference(usual)?;
        let cost = wanted.cost(&architecture, self.workers * self.threads)?;
        let (step, most) = self.limits();
        let size = (usual as f64 * (wanted.most() / cost.max(1e-12)).sqrt() / step as f64).floor() as usize * step;
        Ok((size.clamp(self.least(), most.max(self.least())), true))
    }

    fn sized(&self, scale: f64) -> usize {
        match self.looked.words.task() {
            Task::Detect => sizes::of_boxes(&self.looked.summary, scale),
            Task::Classify => sizes::of_pictures(&self.looked.summary, scale),
        }
    }

    /// By what sizes are divided, and the largest that images have the pixels for.
    fn limits(&self) -> (usize, usize) {
        match self.looked.words.task() {
            Task::Detect => (32, sizes::most(&self.looked.summary)),
            Task::Classify => (16, (self.looked.summary.shorter_side.map_or(64, |s| s.median as usize) / 16 * 16).max(32)),
        }
    }

    fn least(&self) -> usize {
        if self.looked.words.task() == Task::Detect { 64 } else { 32 }
    }

    /// How fast this machine trains the reference: measured, or as it is given.
    pub fn rates(&self, size: usize, speed: Option<f64>) -> Result<Rates, Failure> {
        let (pipeline, architecture) = self.reference(size)?;
        let macs = |a: &Architecture| a.cost().map(|c| c.macs as f64);
        let cost = macs(&architecture)?;
        if let Some(speed) = speed {
            return Ok(Rates::of_speed(speed, cost, DECODE, self.workers));
        }
        let measured = if size > measure::LARGEST { architecture.at_size(measure::LARGEST)? } else { architecture };
        let recipe = pipeline.stages.iter().find_map(|s| if let StageKind::Train(t) = &s.kind { Some(t.recipe.clone()) } else { None });
        let recipe = recipe.ok_or_else(|| "the pipeline trains nothing".to_string())?;
        let chosen = choose(&self.looked.scan, MEASURED.max(recipe.batch.min(64)), 0);
        let pack = pictures(&self.looked.scan, &chosen, measured.input.height, Path::new(".")).map_err(|e| e.to_string())?;
        let (train, evaluate) = measure::measure(&measured, &recipe, pack, self.workers, self.threads)?;
        let rates = Rates { train, evaluate, decode: self.looked.decode, workers: self.workers }.times(cost / macs(&measured)?);
        print::out(&format!(
            "measured: {} at once, each {:.1} ms to train on an image at {size} px ({:.1} ms to evaluate it); {:.1} ms to decode one\n",
            counted(self.workers, "training"),
            1e3 * rates.train,
            1e3 * rates.evaluate,
            1e3 * rates.decode
        ));
        Ok(rates)
    }

    /// What fits the time.
    pub fn plan(&mut self, base: usize, fixed: bool, wanted: &Wanted, rates: &Rates, table: &Path) -> Result<Draft, Failure> {
        let count = match (self.looked.words.task(), wanted.is_latency()) {
            (_, true) => 4,
            (Task::Detect, _) => 7,
            (Task::Classify, _) => 4,
        };
        let (step, most) = self.limits();
        // A bound says what networks cost, however large their images are.
        let sized = |scale: f64| if fixed { base } else { self.sized(scale) };
        let area = |scale: f64| (sized(scale) as f64 / base as f64).powi(2);
        let plan = budget::plan(self.time, &self.images(), count, rates, &area);
        let size = sized(plan.level.scale);
        // Where time has made the reference small, smaller ones would show nothing.
        let least = if plan.level.scale < 1.0 { size } else { self.least() };
        let sizes = sizes::choices(size, [least, most], count, step);
        let mut bound = wanted.bound();
        if wanted.is_latency() {
            let open = self.draft(sizes.clone(), Bound::Reference, plan.clone())?;
            let (_, space) = compile(self.output, &text(&open), self.looked)?;
            self.table = Some(wanted.table(&space, self.workers * self.threads)?);
            let name = table.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            bound = Bound::Latency { ms: wanted.most(), table: name };
        }
        self.draft(sizes, bound, plan)
    }
}

/// The text of a draft.
pub fn text(draft: &Draft) -> String {
    match draft.words.task() {
        Task::Detect => super::detector::text(draft),
        Task::Classify => super::classifier::text(draft),
    }
}

/// The pipeline and its space, as `check` compiles them.
pub fn compile(path: &str, text: &str, looked: &Looked) -> Result<(Pipeline, Space), Failure> {
    let pipeline = load::text(path, text)?;
    let (Some(data), Some(node)) = (pipeline.data.first(), pipeline.spaces.first()) else {
        return Err("a pipeline without data or space was drafted".to_string().into());
    };
    let (channels, classes) = (looked.scan.channels, looked.scan.classes.len());
    let input = InputSpec { channels, image_size: data.image_size, classes, anchors: None };
    let wrong = |items| Failure::Document(Box::new(Diagnostics { sources: pipeline.sources.clone(), items }));
    // A table of latencies is read where the pipeline is prepared.
    let mut node = node.clone();
    node.node.children.retain(|c| c.property("latency-table").is_none());
    let (space, _) = Space::compile(&node, &input).map_err(wrong)?;
    match space.nothing_meets() {
        Some(d) if d.severity == Severity::Error => Err(wrong(vec![d])),
        _ => Ok((pipeline, space)),
    }
}
