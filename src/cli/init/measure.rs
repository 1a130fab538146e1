//! How fast this machine trains and evaluates a network: a few steps now, on as many workers as a run has.

use crate::data::{Batch, DataError, Loader, Pack};
use crate::document::Recipe;
use crate::evaluate::{NmsOptions, batches, logits, predict};
use crate::nn::{self, DeviceChoice, NormOptions, Parameters};
use crate::space::{Architecture, Head};
use crate::train::{Batches, TrainState, Trainer};
use std::sync::Arc;
use std::time::Instant;

/// How long each worker is measured, in seconds, at least; and how many steps at most.
const LASTS: f64 = 1.5;
const STEPS: usize = 20;
/// Networks are measured at this size at most, and reckoned larger: a step is as much longer as its maps are larger.
pub const LARGEST: usize = 256;

/// What things cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Seconds of a worker to train on one image.
    pub train: f64,
    /// Seconds of a worker to evaluate one image.
    pub evaluate: f64,
    /// Seconds of the whole machine to read and decode one image.
    pub decode: f64,
    /// Workers of a run.
    pub workers: usize,
}

impl Rates {
    /// From multiply-adds of forward passes a second of all workers while training, of a network that needs so many.
    pub fn of_speed(speed: f64, macs: f64, decode: f64, workers: usize) -> Rates {
        let train = macs * workers as f64 / speed.max(1.0);
        Rates { train, evaluate: train / 3.0, decode, workers }
    }

    /// The same at another cost of a network.
    pub fn times(self, factor: f64) -> Rates {
        Rates { train: self.train * factor, evaluate: self.evaluate * factor, ..self }
    }
}

/// Measures: all workers at once, since they share the machine. (train, evaluate): seconds of a worker for an image.
///
/// # Errors
/// A network that cannot run.
pub fn measure(architecture: &Architecture, recipe: &Recipe, pack: Pack, workers: usize, threads: usize) -> Result<(f64, f64), String> {
    let pack = Arc::new(pack);
    let results: Vec<Result<(f64, f64), String>> = std::thread::scope(|scope| {
        let one = || {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| e.to_string())?;
            pool.install(|| worker(architecture, recipe, &pack))
        };
        let started: Vec<_> = (0..workers.max(1)).map(|_| scope.spawn(one)).collect();
        started.into_iter().map(|t| t.join().unwrap_or_else(|_| Err("a worker ended unexpectedly".into()))).collect()
    });
    let all: Vec<(f64, f64)> = results.into_iter().collect::<Result<_, _>>()?;
    let mean = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).sum::<f64>() / all.len().max(1) as f64;
    Ok((mean(|r| r.0), mean(|r| r.1)))
}

/// The loader as it is, without reading ahead.
struct Plain(Loader);

impl Batches for Plain {
    fn per_epoch(&self) -> usize {
        self.0.iterations_per_epoch()
    }
    fn batch(&mut self, epoch: usize, index: usize) -> Result<Batch, DataError> {
        self.0.batch(epoch, index)
    }
}

fn worker(architecture: &Architecture, recipe: &Recipe, pack: &Arc<Pack>) -> Result<(f64, f64), String> {
    let program = architecture.program()?;
    let size = architecture.input.height;
    let batch = recipe.batch.min(pack.images.len()).max(1);
    let recipe = Recipe { over: 10.0, batch, ..recipe.clone() };
    let loader = Loader::new(pack.clone(), size, batch, recipe.augment, 0).map_err(|e| e.to_string())?;
    let executor = nn::executor(&program, DeviceChoice::Fast, batch)?;
    let state = TrainState::fresh(Parameters::init(&program, 0), &program, &recipe)?;
    let mut trainer = Trainer::new(&program, &recipe, Box::new(Plain(loader)), executor, state).map_err(|e| e.to_string())?;
    // The first step touches all memory for the first time.
    trainer.step().map_err(|e| e.to_string())?;
    let begun = Instant::now();
    let (mut seconds, mut images) = (Vec::new(), 0.0);
    while seconds.len() < 2 || (begun.elapsed().as_secs_f64() < LASTS && seconds.len() < STEPS) {
        let step = Instant::now();
        trainer.step().map_err(|e| e.to_string())?;
        seconds.push(step.elapsed().as_secs_f64());
        images += batch as f64;
    }
    let train = seconds.iter().sum::<f64>() / images;
    let norm = NormOptions { eps: recipe.bn_eps, momentum: 0.0 };
    let count = pack.images.len().min(batch);
    let mut executor = nn::executor(&program, DeviceChoice::Fast, count)?;
    let params = trainer.weights();
    let begun = Instant::now();
    match program.head {
        Head::Detect { .. } => {
            let images: Result<Vec<_>, _> = batches(pack, size, count).and_then(Iterator::collect);
            let images = images.map_err(|e| e.to_string())?;
            predict(executor.as_mut(), params, &program, norm, images, NmsOptions::EVALUATE).map(drop)
        }
        _ => logits(executor.as_mut(), params, &program, norm, pack, count, |_| true).map(drop),
    }
    .map_err(|e| e.to_string())?;
    Ok((train, begun.elapsed().as_secs_f64() / pack.images.len().max(1) as f64))
}
