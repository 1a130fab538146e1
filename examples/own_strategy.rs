//! The library from Rust: a search over a space with an objective of one's own, without a store or a process.
//!
//! Evolution asks for networks; here the "result" is a formula (many parameters for few FLOPs), so it takes milliseconds.
//!
//! ```text
//! cargo run --release --example own_strategy
//! ```

use nasflow::document::{self, Files, Options, Params, Strategy};
use nasflow::run::prepare;
use nasflow::search::{Next, Search, Told};

struct Disk;

impl Files for Disk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|e| format!("{path}: {e}"))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pipeline = document::load("pipelines/yolov5.kdl", &mut Disk, &Params { values: Vec::new() }, Options::default())?;
    let prepared = prepare(pipeline, None, false)?;
    let space = prepared.spaces.get("backbone").ok_or("no space")?;
    let strategy = Strategy::Evolution { population: 20, tournament: 8 };
    let mut search = Search::new(space, &strategy, 200, 4, 7);
    let mut results: Vec<f64> = Vec::new();
    let mut best: Option<(f64, Vec<(String, String)>)> = None;
    loop {
        match search.propose(&|ticket| results.get(ticket).map(|&v| Told::Value(v))) {
            Next::Ticket(ticket) => {
                let program = ticket.architecture.program()?;
                let value = program.param_count() as f64 / program.macs() as f64;
                results.push(value);
                if best.as_ref().is_none_or(|(b, _)| value > *b) {
                    best = Some((value, space.describe(&ticket.sample)));
                }
            }
            Next::NeedResult(ticket) => return Err(format!("ticket {ticket} has no result").into()),
            Next::Exhausted { note } => {
                println!("{note}");
                break;
            }
            Next::Done => break,
        }
    }
    if let Some((value, choices)) = best {
        println!("best of {}: {value:.4} parameters a multiply-add", results.len());
        for (label, choice) in choices {
            println!("  {label} = {choice}");
        }
    }
    Ok(())
}
