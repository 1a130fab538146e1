//! A strategy of one's own: a value that says what a file may write of it and how it proposes, added to the words of the language.
//!
//! The search is named in a file like any other; here the "result" of a network is a formula (many parameters for few FLOPs), so that
//! it takes milliseconds and needs neither a store nor a process.
//!
//! ```text
//! cargo run --release --example own_strategy
//! ```

use nasflow::document::{self, Field, Files, Needs, Objectives, Options, Params, Preset, StageKind, Type, Word};
use nasflow::run::{Look, prepare};
use nasflow::search::{self, Given, Next, Propose, Search, Strategy, Told, Turn};
use nasflow::space::Sample;

/// One edit of the best so far; at random while there is none, and now and then later.
struct Greedy {
    explore: usize,
}

static GREEDY: Strategy = Strategy {
    word: Word::new("greedy", "One edit of the best network so far.").example("strategy greedy explore=5").fields(&[Field::one(
        "explore",
        &[Type::Int(2, 1000)],
        "",
        "Every so many candidates one is random.",
    )
    .preset(Preset::Int(10))]),
    needs: Needs { objective: Objectives::One, ..Needs::TRIALS },
    check: |_| Vec::new(),
    build: |settings, _| Ok(Box::new(Greedy { explore: settings.count("explore")? })),
};

impl Propose for Greedy {
    fn reads_results(&self, _number: usize) -> bool {
        true
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        let address = [turn.number as u64, attempt];
        let best = turn.values.iter().zip(turn.past).filter_map(|(v, t)| Some((v.as_ref()?, t))).max_by(|a, b| a.0.total_cmp(b.0));
        match best.filter(|_| !turn.number.is_multiple_of(self.explore)) {
            Some((_, parent)) => turn.space.mutate(&parent.sample, turn.seed, &address),
            None => Some(turn.space.random(turn.seed, &address)),
        }
    }
}

/// A search that names the strategy.
const FILE: &str = r#"
pipeline "mine" seed=7
data "shapes" generate=shapes images=60 image-size=64 { split train=0.6 val=0.2 test=0.2 }
space "backbone" {
    network width=0.25 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        choose "p2" { c3 128; bottleneck 128; residual 128 }
        conv 256 stride=2 { kernel 3 5 }
        choose "p3" { c3 256 { repeats 1 2 3 }; residual 256; inception 256 }
        conv 512 kernel=3 stride=2 as="a"
        conv 512 kernel=3 stride=2 as="b"
        conv 512 kernel=3 stride=2 as="c"
        detect "a" "b" "c" anchors=coco
    }
}
sample "trials" { from "backbone"; strategy greedy explore=4; trials 40; objective "score" maximize=map50 }
train "short" { from "trials"; data "shapes" split=train; epochs 1 }
evaluate "score" { from "short"; data "shapes" split=val; metrics map50 }
"#;

struct Text;

impl Files for Text {
    fn read(&mut self, _path: &str) -> Result<Vec<u8>, String> {
        Ok(FILE.into())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut language = nasflow::language();
    language.strategies.known.push(&GREEDY);
    let pipeline = document::load(&language, "mine.kdl", &mut Text, &Params { values: Vec::new() }, Options::default())?;
    let Some(StageKind::Sample(sample)) = pipeline.stages.iter().map(|s| s.kind.clone()).find(|k| matches!(k, StageKind::Sample(_))) else {
        return Err("no `sample`".into());
    };
    let seed = pipeline.seed + sample.seed;
    let prepared = prepare(pipeline, None, Look::default())?;
    let space = prepared.spaces.get("backbone").ok_or("no space")?;
    let strategy = search::build(&sample.strategy, Given::default())?;
    let mut search = Search::new(space, strategy, sample.trials, sample.window, seed);
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
            Next::Recalled(_) => return Err("recalled without a record".into()),
            Next::NeedResult(ticket) => return Err(format!("ticket {ticket} has no result").into()),
            Next::Exhausted { note } => {
                println!("{note}");
                break;
            }
            Next::Done => break,
        }
    }
    if let Some((value, choices)) = best {
        println!("{}: best of {}: {value:.4} parameters a multiply-add", sample.strategy.name(), results.len());
        for (label, choice) in choices {
            println!("  {label} = {choice}");
        }
    }
    Ok(())
}
