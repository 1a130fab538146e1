//! How long strategies take to propose.
//!
//!   cargo bench --bench search [-- STRATEGY …]
//!
//! For every strategy that searches: the time of one proposal where 100, 1,000 and 10,000 results are known (the tickets after them, whatever the search needs to
//! find one that is new included), over a chain of twenty layers of four kernels. Then random search over as many table queries as NAS benchmarks have
//! networks: 10,000 tickets, each told at once.

use nasflow::base::Digest;
use nasflow::document::{self, Files, Options, Params, StrategyWord};
use nasflow::search::{Given, Known, Next, Search, Told, build, words};
use nasflow::space::{InputSpec, Space};
use std::time::Instant;

/// A text in place of a file.
struct Text(String);
impl Files for Text {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into())
    }
}

/// Twenty layers of four kernels: 4²⁰ networks.
fn chain() -> Space {
    let layers = "conv 4 { kernel 1 3 5 7 };".repeat(20);
    let text = format!(
        "pipeline \"bench\"\ndata \"d\" generate=shapes images=4 classes=2 image-size=32 {{ split train=1.0 }}\n\
         space \"chain\" {{ network {{ input \"d\"; {layers} global-pool; linear }} }}\n\
         sample \"s\" {{ from \"chain\"; strategy random; trials 4 }}\n"
    );
    let loaded = document::load(&nasflow::language(), "bench.kdl", &mut Text(text), &Params::default(), Options::default());
    let pipeline = loaded.unwrap_or_else(|e| panic!("{e}"));
    let input = InputSpec { channels: 3, image_size: 32, classes: 2, anchors: None };
    Space::compile(&pipeline.spaces[0], &input).unwrap_or_else(|e| panic!("{e:?}")).0
}

/// A smooth score with noise.
fn score(known: &Known) -> f64 {
    let smooth: f64 = known.sample.pairs().map(|(d, o)| ((d * 7 + o * 3) % 5) as f64).sum();
    smooth + (known.digest.seed() >> 11) as f64 / (1u64 << 53) as f64
}

fn search<'a>(space: &'a Space, word: &str, trials: usize) -> Search<'a> {
    let strategy = build(&words().choose(word, &[]).expect("a strategy"), Given::default()).expect("it is built");
    Search::new(space, strategy, trials, 1, 0)
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let space = chain();
    let past: Vec<Known> = (0..10_000u64)
        .map(|i| {
            let sample = space.random(9, &[i]);
            let architecture = space.architecture(&sample).expect("it builds");
            Known { digest: architecture.digest(), macs: architecture.cost().expect("a cost").macs, sample }
        })
        .collect();
    let values: Vec<f64> = past.iter().map(score).collect();
    println!("{:<18} {:>12} {:>12} {:>12}", "ms a proposal", "100 known", "1,000 known", "10,000 known");
    // A program of one's own (`command`) takes what it takes.
    let ours = |s: &&&dyn StrategyWord| s.needs().trials && !s.needs().learned && s.word().name != "command";
    for strategy in words().known.iter().filter(ours) {
        let word = strategy.word().name;
        if !asked.is_empty() && !asked.iter().any(|a| a == word) {
            continue;
        }
        let mut row = format!("{word:<18}");
        for known in [100, 1_000, 10_000] {
            let mut search = search(&space, word, known + 50);
            past[..known].iter().for_each(|k| search.recall(k.clone()));
            let mut told: Vec<f64> = values[..known].to_vec();
            let rounds = if known == 10_000 { 5 } else { 20 };
            let start = Instant::now();
            for _ in 0..rounds {
                let Next::Ticket(ticket) = search.propose(&|n| told.get(n).map(|v| Told::Value(*v))) else { panic!("{word} has ended") };
                told.push(score(&ticket.known()));
            }
            row += &format!(" {:>12.2}", start.elapsed().as_secs_f64() * 1e3 / f64::from(rounds));
        }
        println!("{row}");
    }
    let mut random = search(&space, "random", 10_000);
    let name = |sample: &nasflow::space::Sample| {
        // A table's key stands for the network.
        let key: Vec<u8> = sample.pairs().map(|(_, option)| option as u8).collect();
        Some(Known { sample: sample.clone(), digest: Digest::of(&key), macs: 0 })
    };
    let start = Instant::now();
    let queries = (0..10_000).filter(|_| matches!(random.propose_named(&|_| Some(Told::Value(0.0)), &name), Next::Ticket(_))).count();
    println!("random search, {queries} table queries: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
}
