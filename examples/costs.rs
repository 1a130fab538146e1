//! The library from Rust: compile a pipeline's spaces and print what some of their networks cost.
//!
//! ```text
//! cargo run --release --example costs -- pipelines/yolov5.kdl
//! ```

use nasflow::document::{self, Files, Options, Params};
use nasflow::run::{Look, prepare};

struct Disk;

impl Files for Disk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|e| format!("{path}: {e}"))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "pipelines/yolov5.kdl".into());
    let pipeline = document::load(&nasflow::language(), &file, &mut Disk, &Params { values: Vec::new() }, Options::default())?;
    // Without a store: data sets are scanned anew, nothing is written.
    let prepared = prepare(pipeline, None, Look::default())?;
    for (name, space) in &prepared.spaces {
        println!("{name}: {} samples", space.size());
        let samples = std::iter::once(space.reference()).chain((0..5).map(|i| space.random(0, &[i])));
        for sample in samples {
            let architecture = space.architecture(&sample).map_err(|e| e.reason)?;
            let program = architecture.program()?;
            let met = space.admits(&architecture).map_or_else(|e| e.reason, |()| "meets every bound".into());
            let choices: Vec<String> = space.describe(&sample).into_iter().map(|(label, value)| format!("{label}={value}")).collect();
            println!("  {:>9} parameters  {:>12} FLOPs  {met}  {}", program.param_count(), 2 * program.macs(), choices.join(" "));
        }
    }
    Ok(())
}
