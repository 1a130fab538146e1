//! Data larger than memory: a data set of JPEG files is packed into a store and trained on, and its speed is held against a part of
//! it that is in memory. `scripts/large_data.sh` runs it under a memory limit.
//!
//!   cargo bench --bench large -- make|pack|load|train [--dir target/large] [--images 3000] [--hold 0] [--batch 8] [--batches 60] [--network yolov5n]
//!
//! `train` trains a very small network, so that reading is what takes time; `--network` names another one of the zoo.
//! `--hold N` takes the first N images into memory and reads no others; 0 reads all of them from disk.

use nasflow::data::{self, Loader, Pack, Packing, Prefetch};
use nasflow::document::{self, Files, Options, Params, Pipeline, recipes};
use nasflow::nn::{DeviceChoice, Parameters, executor};
use nasflow::space::{InputSpec, Space};
use nasflow::store::{Store, StoreError};
use nasflow::train::{Batches, TrainState, Trainer};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const SIZE: usize = 640;

fn text(name: &str, default: &str) -> String {
    let args: Vec<String> = std::env::args().collect();
    args.iter().position(|a| a == name).and_then(|i| args.get(i + 1).cloned()).unwrap_or_else(|| default.to_string())
}

fn number(name: &str, default: usize) -> usize {
    text(name, "").parse().unwrap_or(default)
}

/// The most memory that this process has had, in MiB, without the pages that the system keeps of files.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)?.split_whitespace().next()?.parse::<usize>().ok());
    of("VmHWM:").unwrap_or(0) / 1024
}

fn pipeline(dir: &Path) -> Pipeline {
    let root = dir.join("set");
    let network = match text("--network", "").as_str() {
        "" => "network width=0.0625 { input \"d\"; conv 64 kernel=6 stride=4 padding=1; conv 64 kernel=3 stride=2 as=\"a\"\n\
               conv 64 kernel=3 stride=2 as=\"b\"; conv 64 kernel=3 stride=2 as=\"c\"; detect \"a\" \"b\" \"c\" }"
            .to_string(),
        zoo => format!("network like={zoo} {{ input \"d\" }}"),
    };
    let file = format!(
        "pipeline \"p\"\ndata \"d\" format=yolo root={:?} image-size={SIZE}\nspace \"s\" {{ {network} }}\n\
         sample \"a\" {{ from \"s\"; strategy reference }}\n",
        root.to_string_lossy()
    );
    document::load(&nasflow::language(), "bench.kdl", &mut One(file), &Params { values: Vec::new() }, Options { allow_outside: true })
        .unwrap_or_else(|e| panic!("{e:?}"))
}

fn main() {
    let dir = PathBuf::from(text("--dir", "target/large"));
    match std::env::args().nth(1).as_deref() {
        Some("make") => make(&dir, number("--images", 3000)),
        Some("pack") => pack(&dir),
        Some("load") => load(&dir),
        Some("train") => train(&dir),
        _ => println!("say what to do: make, pack, load or train (`scripts/large_data.sh` does all)"),
    }
}

/// JPEG files of 640 × 640 pixels with boxes, each of other bytes.
fn make(dir: &Path, images: usize) {
    let (pictures, labels) = (dir.join("set/images/train"), dir.join("set/labels/train"));
    [&pictures, &labels].into_iter().for_each(|d| std::fs::create_dir_all(d).expect("a folder"));
    std::fs::write(dir.join("set/data.yaml"), "train: images/train\nval: images/train\nnames: [a, b]\n").expect("a file");
    for i in 0..images {
        let picture = image::RgbImage::from_fn(SIZE as u32, SIZE as u32, |x, y| {
            let (cx, cy) = (100 + (i * 37 % 400) as u32, 100 + (i * 53 % 400) as u32);
            let inside = x.abs_diff(cx) < 60 && y.abs_diff(cy) < 60;
            image::Rgb([(x / 3 + i as u32) as u8, (y / 3) as u8, if inside { 250 } else { ((x ^ y) / 4) as u8 }])
        });
        let mut bytes = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 80).encode_image(&picture).expect("encoded");
        // Bytes behind the end are no pixels; they make each file its own.
        bytes.extend((i as u64).to_le_bytes());
        std::fs::write(pictures.join(format!("{i:06}.jpg")), bytes).expect("a file");
        let (x, y) = ((100 + i * 37 % 400) as f64 / 640.0, (100 + i * 53 % 400) as f64 / 640.0);
        std::fs::write(labels.join(format!("{i:06}.txt")), format!("{} {x} {y} 0.18 0.18\n", i % 2)).expect("a file");
    }
}

fn open(dir: &Path) -> Store {
    Store::open(&dir.join("cache"), true).expect("a store")
}

/// Scans, decodes and writes the pack as `nasflow run` does.
fn pack(dir: &Path) {
    let pipeline = pipeline(dir);
    let need = data::Need { splits: Some(["train".to_string()].into()), anchors: false };
    let start = Instant::now();
    let scan = data::scan(&pipeline.data[0], Path::new("."), &need).expect("a scan");
    let scanned = start.elapsed().as_secs_f64();
    let packing = Packing::of(&scan, "train", SIZE, Path::new(".")).expect("a packing");
    let store = open(dir);
    store.blobs().room("the pack", packing.bytes()).unwrap_or_else(|e| panic!("{e}"));
    let start = Instant::now();
    let digest = store.blobs().put_pieces::<Failed>(|out| packing.write(&|| false, out)).unwrap_or_else(|e| panic!("{}", e.0));
    let (n, gib) = (packing.images(), packing.bytes() as f64 / f64::from(1 << 30));
    println!(
        "{n} images, scanned in {scanned:.0} s, packed in {:.0} s: {gib:.1} GiB on disk; peak memory {} MiB",
        start.elapsed().as_secs_f64(),
        peak()
    );
    std::fs::write(dir.join("pack"), digest.hex()).expect("a file");
}

struct Failed(String);
impl From<data::DataError> for Failed {
    fn from(e: data::DataError) -> Self {
        Failed(e.to_string())
    }
}
impl From<StoreError> for Failed {
    fn from(e: StoreError) -> Self {
        Failed(e.to_string())
    }
}

/// The pack on disk, verified; or its first images in memory.
fn opened(dir: &Path) -> Arc<Pack> {
    let digest = std::fs::read_to_string(dir.join("pack")).expect("`pack` first").parse().expect("a digest");
    let start = Instant::now();
    let pack = Pack::from_file(open(dir).blobs().file(&digest).expect("a blob")).expect("a pack");
    println!("verified in {:.1} s", start.elapsed().as_secs_f64());
    let hold = number("--hold", 0);
    if hold == 0 {
        return Arc::new(pack);
    }
    let part = pack.part(0..hold);
    let bytes = part.pixels.get(0..part.pixels.len() as usize).expect("pixels").into_owned();
    Arc::new(Pack { pixels: bytes.into(), ..part })
}

fn loader(dir: &Path) -> Loader {
    let recipe = recipes::yolov5();
    Loader::new(opened(dir), SIZE, number("--batch", 8), recipe.augment, 0).expect("a loader")
}

/// Augmented batches, made ahead on one thread as trainings do.
fn load(dir: &Path) {
    let loader = loader(dir);
    let batches = number("--batches", 60).min(loader.iterations_per_epoch());
    let start = Instant::now();
    let images: usize = Prefetch::new(loader, 0..batches as u64, 3).map(|(_, batch)| batch.expect("a batch").n).sum();
    told("load", images, start);
}

struct Made(Prefetch, usize);
impl Batches for Made {
    fn per_epoch(&self) -> usize {
        self.1
    }
    fn batch(&mut self, _: usize, _: usize) -> Result<data::Batch, data::DataError> {
        self.0.next().map_or_else(|| Ok(data::Batch::default()), |(_, batch)| batch)
    }
}

/// A training of a small network.
fn train(dir: &Path) {
    let loader = loader(dir);
    let (batch, batches) = (number("--batch", 8), number("--batches", 60).min(loader.iterations_per_epoch()));
    let pipeline = pipeline(dir);
    let spec = InputSpec { channels: 3, image_size: SIZE, classes: 2, anchors: None };
    let (space, _) = Space::compile(&pipeline.spaces[0], &spec).expect("a space");
    let program = space.architecture(&space.reference()).expect("a network").program().expect("a program");
    let recipe = document::Recipe { batch, ..recipes::yolov5() };
    let state = TrainState::fresh(Parameters::init(&program, 0), &program, &recipe).expect("a state");
    let executor = executor(&program, DeviceChoice::Fast, batch).expect("an executor");
    let per_epoch = loader.iterations_per_epoch();
    let source = Made(Prefetch::new(loader, 0..batches as u64, 3), per_epoch);
    let mut trainer = Trainer::new(&program, &recipe, Box::new(source), executor, state).expect("a trainer");
    trainer.step().expect("a step");
    let start = Instant::now();
    (1..batches).for_each(|_| {
        trainer.step().expect("a step");
    });
    told("train", (batches - 1) * batch, start);
}

fn told(what: &str, images: usize, start: Instant) {
    let rate = images as f64 / start.elapsed().as_secs_f64();
    println!("{what}: {images} images, {rate:.1} images/s; peak memory {} MiB", peak());
}

struct One(String);
impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}
