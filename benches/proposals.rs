//! What a proposal costs once 10,000 results are known, strategy by strategy: milliseconds each, the median and the slowest of twenty.
//!
//!   cargo bench --bench proposals -- [--known 10000] [--strategy nsga2]
//!
//! The space has twelve decisions of four; results are two objectives at odds, of which strategies of one objective read the first.

use nasflow::document::{self, Files, Objectives, Options, Params};
use nasflow::search::{Given, Next, Scores, Search, Told, build, words};
use nasflow::space::{InputSpec, Sample, Space};
use std::collections::HashSet;
use std::time::Instant;

fn text(name: &str, default: &str) -> String {
    let args: Vec<String> = std::env::args().collect();
    args.iter().position(|a| a == name).and_then(|i| args.get(i + 1).cloned()).unwrap_or_else(|| default.to_string())
}

struct One(String);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into())
    }
}

fn space() -> Space {
    let layers = "conv 8 { kernel 1 3 5 7 }; ".repeat(12);
    let file = format!(
        "pipeline \"p\"\ndata \"d\" generate=shapes images=10 classes=4 image-size=32 {{ split train=1.0 }}\n\
         space \"s\" {{ network width=1.0 {{ input \"d\"; {layers} global-pool; linear }} }}\nsample \"a\" {{ from \"s\"; strategy reference }}\n"
    );
    let params = Params { values: Vec::new() };
    let pipeline = document::load(&nasflow::language(), "bench.kdl", &mut One(file), &params, Options { allow_outside: true })
        .unwrap_or_else(|e| panic!("{e:?}"));
    let input = InputSpec { channels: 3, image_size: 32, classes: 4, anchors: None };
    Space::compile(&pipeline.spaces[0], &input).unwrap_or_else(|e| panic!("{e:?}")).0
}

fn scores(sample: &Sample) -> [f64; 2] {
    let up = sample.pairs().map(|(d, o)| (o * (d + 1)) as f64).sum::<f64>();
    let down = sample.pairs().map(|(d, o)| ((3 - o) * (12 - d) * (1 + o % 2)) as f64).sum::<f64>();
    [up, down]
}

fn main() {
    let space = space();
    let known: usize = text("--known", "10000").parse().unwrap_or(10_000);
    let only = text("--strategy", "");
    // Distinct networks, drawn at random.
    let mut seen = HashSet::new();
    let look =
        Search::new(&space, build(&words().choose("random", &[]).expect("a strategy"), Given::default()).expect("it is built"), 1, 1, 0);
    let tickets: Vec<_> =
        (0..).filter_map(|n| look.candidate(space.random(9, &[n]))).filter(|t| seen.insert(t.digest)).take(known).collect();
    let mut samples: Vec<Sample> = tickets.iter().map(|t| t.sample.clone()).collect();
    for word in words().known {
        let name = word.word().name;
        let needs = word.needs();
        if !needs.trials || needs.learned || !(only.is_empty() || only == name) {
            continue;
        }
        let strategy = build(&words().choose(name, &[]).expect("a strategy"), Given::default()).expect("it is built");
        let mut search = Search::new(&space, strategy, known + 100, 4, 0);
        tickets.iter().for_each(|t| search.recall(t.known()));
        samples.truncate(known);
        let mut times = Vec::new();
        for _ in 0..21 {
            let results = |n: usize| {
                let [first, second] = scores(&samples[n]);
                Some(if needs.objective == Objectives::Several { Told::Values(Scores::new([first, second])) } else { Told::Value(first) })
            };
            let begun = Instant::now();
            let Next::Ticket(ticket) = search.propose(&results) else { break };
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            samples.push(ticket.sample);
        }
        // The first takes in all results.
        let mut later = times.split_off(1.min(times.len()));
        later.sort_by(f64::total_cmp);
        let of = |at: usize| later.get(at).copied().unwrap_or(f64::NAN);
        println!(
            "{name}: {:.2} ms, at most {:.2} ms; {:.1} ms with all results new",
            of(later.len() / 2),
            of(later.len().saturating_sub(1)),
            times[0]
        );
    }
}
