//! Whether data keeps up with training: how fast augmented batches are made, and how much of the speed of pre-made batches a
//! training keeps that makes its batches beside it.
//!
//!   cargo bench --bench data [-- [--size 320] [--batch 16] [--threads 2] [--rounds 3]]

use nasflow::base::{Digest, Random};
use nasflow::data::{Batch, DataError, Loader, Object, Pack, PackImage, Prefetch};
use nasflow::document::{self, Files, Options, Params, recipes};
use nasflow::nn::{DeviceChoice, Parameters, executor};
use nasflow::space::{InputSpec, Program, Space};
use nasflow::train::{Batches, TrainState, Trainer};
use std::sync::Arc;
use std::time::Instant;

/// Images with edges at all scales and a dozen boxes each, such as a detection data set has.
fn pack(size: usize, images: usize) -> Pack {
    let (w, h) = (size, size * 3 / 4);
    let mut out = Pack {
        image_size: size,
        channels: 3,
        classes: ["a", "b", "c"].map(String::from).to_vec(),
        images: Vec::new(),
        pixels: Vec::new().into(),
    };
    let mut all: Vec<u8> = Vec::new();
    for i in 0..images {
        let mut rng = Random::at(7, "bench", &[i as u64]);
        let objects = (0..12).map(|_| {
            let (x, y, side) = (rng.below(w - 64) as i32, rng.below(h - 64) as i32, 16 + rng.below(48) as i32);
            Object { class: rng.below(3) as u16, x1: x * 16, y1: y * 16, x2: (x + side) * 16, y2: (y + side) * 16 }
        });
        let mut objects: Vec<Object> = objects.collect();
        objects.sort();
        let mut pixels: Vec<u8> = (0..w * h * 3).map(|k| (k / 3 % w + k / 3 / w) as u8).collect();
        for o in &objects {
            for y in o.y1 / 16..o.y2 / 16 {
                let row = (y as usize * w + o.x1 as usize / 16) * 3;
                pixels[row..row + (o.x2 - o.x1) as usize / 16 * 3].fill(60 + 50 * o.class as u8);
            }
        }
        let offset = all.len();
        all.extend(pixels);
        let digest = Digest::of(format!("bench {i}").as_bytes());
        out.images.push(PackImage { digest, width: w, height: h, w, h, offset, objects, label: None });
    }
    Pack { pixels: all.into(), ..out }
}

/// Batches made beside the training, as `nasflow run` makes them.
struct Made(Prefetch, usize);
impl Batches for Made {
    fn per_epoch(&self) -> usize {
        self.1
    }
    fn batch(&mut self, _: usize, _: usize) -> Result<Batch, DataError> {
        self.0.next().map_or_else(|| Ok(Batch::default()), |(_, batch)| batch)
    }
}

/// Batches that lie ready.
struct Ready(Vec<Batch>);
impl Batches for Ready {
    fn per_epoch(&self) -> usize {
        self.0.len()
    }
    fn batch(&mut self, _: usize, index: usize) -> Result<Batch, DataError> {
        Ok(self.0[index].clone())
    }
}

fn number(name: &str, default: usize) -> usize {
    let args: Vec<String> = std::env::args().collect();
    args.iter().position(|a| a == name).and_then(|i| args.get(i + 1)?.parse().ok()).unwrap_or(default)
}

fn main() {
    let (size, batch, threads) = (number("--size", 320), number("--batch", 16), number("--threads", 2));
    let (rounds, iterations) = (number("--rounds", 5), number("--iterations", 8));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
    let recipe = recipes::yolov5();
    let recipe = nasflow::document::Recipe { batch, ..recipe };
    let loader = Loader::new(Arc::new(pack(size, 256)), size, batch, recipe.augment, 0).expect("a loader");

    let start = Instant::now();
    let ready: Vec<Batch> = (0..iterations).map(|i| loader.batch(0, i).expect("a batch")).collect();
    let alone = (iterations * batch) as f64 / start.elapsed().as_secs_f64();
    println!("batches of {batch} at {size} px, mosaic, colour, flips, made on one thread: {alone:.0} images/s");

    let program = program(size);
    let train = |batches: Box<dyn Batches>| {
        let state = TrainState::fresh(Parameters::init(&program, 0), &program, &recipe).expect("a state");
        let executor = executor(&program, DeviceChoice::Fast, batch).expect("an executor");
        let mut trainer = Trainer::new(&program, &recipe, batches, executor, state).expect("a trainer");
        // The first iteration makes room.
        trainer.step().expect("a step");
        let start = Instant::now();
        for _ in 1..iterations {
            trainer.step().expect("a step");
        }
        ((iterations - 1) * batch) as f64 / start.elapsed().as_secs_f64()
    };
    let mut ratios = Vec::new();
    println!("{:>10} {:>10} {:>8}   YOLOv5n training, images/s, {threads} threads", "pre-made", "made", "ratio");
    for _ in 0..rounds {
        let pre = pool.install(|| train(Box::new(Ready(ready.clone()))));
        let prefetch = Prefetch::new(loader.clone(), 0..iterations as u64, 3);
        let made = pool.install(|| train(Box::new(Made(prefetch, loader.iterations_per_epoch()))));
        println!("{pre:>10.1} {made:>10.1} {:>8.3}", made / pre);
        ratios.push(made / pre);
    }
    ratios.sort_by(f64::total_cmp);
    println!("ratio data {:.3} (median of {rounds}; {:.3} to {:.3})", ratios[rounds / 2], ratios[0], ratios[rounds - 1]);
}

/// YOLOv5n for the bench's classes.
fn program(size: usize) -> Program {
    let file = format!(
        "pipeline \"p\"\ndata \"d\" generate=shapes images=8 image-size={size} classes=3 {{ split train=0.5 val=0.5 }}\n\
         space \"s\" {{ network like=yolov5n {{ input \"d\" }} }}\nsample \"a\" {{ from \"s\"; strategy reference }}\n"
    );
    let pipeline = document::load(&nasflow::language(), "bench.kdl", &mut One(file), &Params { values: Vec::new() }, Options::default())
        .unwrap_or_else(|e| panic!("{e:?}"));
    let node = &pipeline.spaces[0];
    let spec = InputSpec { channels: 3, image_size: size, classes: 3, anchors: None };
    let (space, _) = Space::compile(node, &spec).expect("a space");
    space.architecture(&space.reference()).expect("a network").program().expect("a program")
}

struct One(String);
impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}
