//! `strategy command`: a program of one's own is asked for the next candidate, and its answer is a result like any other. What it is
//! told is all that its answer follows from, so a replay finds the answer by that; the program is needed no more.

use super::super::action::{Action, Kind};
use super::super::command::Command;
use super::super::engine::{Engine, Known};
use super::super::tickets::Tickets;
use super::super::work::{ProposeWork, Work};
use crate::base::{Canon, Digest};
use crate::document::{Metric, Objective, OwnCommand, Sample, StageId};
use crate::results::Outcome;
use crate::search::{Next, Told};
use crate::space::{self, Bound, Space};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of what is told: raised where a field changes its meaning.
const FORMAT: u32 = 1;
/// How often a command may be refused in a row: each time it is told why.
const REFUSALS: usize = 20;

/// What it said, and why that was refused.
type Refused = (BTreeMap<String, String>, String);

/// The search that a command proposes for.
pub(super) struct Asked<'s, 't, 'a> {
    pub index: StageId,
    pub sample: &'s Sample,
    pub command: &'s OwnCommand,
    pub tickets: &'t mut Tickets<'a>,
}

impl Engine<'_> {
    /// The next ticket, as the command proposes it. Where its answer is not known yet, that is asked for.
    pub(super) fn asked(
        &mut self,
        asked: Asked,
        results: &dyn Fn(usize) -> Option<Told>,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> Next {
        let Asked { index, sample, command, tickets } = asked;
        let visible = match tickets.search.awaits(sample.objective.is_some(), results) {
            Ok(visible) => visible,
            Err(next) => return next,
        };
        let name = &self.pipeline.stages[index].name.value;
        let command = Command::new(command, self.commands.proposers.get(name));
        let number = tickets.search.known().len();
        let mut refused: Vec<Refused> = Vec::new();
        let why = loop {
            if refused.len() >= REFUSALS {
                let last = refused.last().map_or("", |(_, why)| why.as_str());
                break format!("the command was refused {REFUSALS} times in a row; the last time: {last}");
            }
            let ask = self.ask(sample, tickets, visible, &refused);
            let action = Action {
                kind: Kind::Propose,
                config: Canon::map([("command", command.canon())]),
                inputs: vec![("ask", Digest::of(ask.as_bytes())), ("uses", command.used.digest())],
                seed: None,
                numerics: None,
            };
            let key = action.key();
            match known.outcome(key) {
                Some(Outcome::Proposed { choices: Some(choices) }) => {
                    match sample_of(&tickets.space, &choices).and_then(|sample| tickets.search.offer(sample)) {
                        Ok(ticket) => return Next::Ticket(Box::new(ticket)),
                        Err(why) => refused.push((choices, why)),
                    }
                }
                Some(Outcome::Proposed { choices: None }) => break format!("the command has no candidate after these {number}"),
                _ => {
                    if let Some(why) = known.given_up(key) {
                        break format!("the command that proposes failed: {why}");
                    }
                    let model = Some(format!("{name} #{number}"));
                    let detail = if refused.is_empty() { String::new() } else { format!(", asked again ({})", refused.len()) };
                    let request = self.request(index, action, key, model, detail);
                    works.push(Work::Propose(Box::new(ProposeWork { request, command, ask })));
                    return Next::NeedResult(number);
                }
            }
        };
        tickets.search.close(why.clone());
        Next::Exhausted { note: why }
    }

    /// All that the command is told.
    fn ask(&self, sample: &Sample, tickets: &Tickets, visible: usize, refused: &[Refused]) -> String {
        let (space, search) = (&tickets.space, &tickets.search);
        let choices: Vec<Value> =
            space.decisions().iter().map(|d| json!({ "label": d.label, "values": d.options, "ordered": d.ordered })).collect();
        let goals: Vec<_> = sample.objective.iter().flat_map(Objective::goals).collect();
        let side =
            |metric: &Metric, maximize: bool| json!({ "metric": metric.name(), "better": if maximize { "higher" } else { "lower" } });
        let objectives: Vec<Value> = goals.iter().map(|(metric, maximize)| side(&metric.value, *maximize)).collect();
        let told = |n: usize| match search.values().get(n).filter(|_| n < visible).map(|_| search.scores(n)) {
            // The search is told that more is better.
            Some(Some(scores)) => {
                let values = goals.iter().zip(scores.values()).map(|((_, maximize), x)| json!(if *maximize { *x } else { -x }));
                ("measured", values.collect())
            }
            Some(None) => ("failed", vec![]),
            None => ("pending", vec![]),
        };
        let of = |(n, candidate): (usize, &std::sync::Arc<super::super::Candidate>)| {
            let (state, results): (_, Vec<Value>) = told(n);
            let decided: Map<String, Value> = candidate.choices.iter().map(|(l, v)| (l.clone(), json!(v))).collect();
            let cost = (candidate.params, 2 * candidate.macs);
            let result = results.first().cloned();
            json!({
                "number": n, "choices": decided, "parameters": cost.0, "flops": cost.1, "state": state, "result": result, "results": results,
            })
        };
        let again: Vec<Value> = refused.iter().map(|(choices, why)| json!({ "choices": choices, "why": why })).collect();
        json!({
            "format": FORMAT,
            "do": "propose",
            "number": search.known().len(),
            "seed": self.pipeline.seed.wrapping_add(sample.seed),
            "choices": choices,
            "bounds": space.bounds().iter().map(Bound::text).collect::<Vec<_>>(),
            "objective": objectives.first(),
            "objectives": objectives,
            "tickets": tickets.candidates.iter().enumerate().map(of).collect::<Vec<_>>(),
            "refused": again,
        })
        .to_string()
    }
}

/// The sample with these choices; else what is wrong with them, for whoever made them. Choices that are not active are passed over.
fn sample_of(space: &Space, choices: &BTreeMap<String, String>) -> Result<space::Sample, String> {
    let decisions = space.decisions();
    if let Some(unknown) = choices.keys().find(|label| decisions.iter().all(|d| d.label != **label)) {
        return Err(format!("no choice is called `{unknown}`"));
    }
    let mut wrong: Option<String> = None;
    let mut refuse = |why: String| {
        wrong.get_or_insert(why);
        0
    };
    let number = |text: &str| text.parse::<f64>().ok();
    let sample = space.sample(|d| {
        let (label, options) = (&decisions[d].label, &decisions[d].options);
        let Some(value) = choices.get(label) else {
            return refuse(format!("it says nothing of `{label}`: one of {}", options.join(", ")));
        };
        let same = |option: &String| option == value || number(option).is_some_and(|n| number(value) == Some(n));
        let place = options.iter().position(same);
        place.unwrap_or_else(|| refuse(format!("`{value}` is no value of `{label}`: one of {}", options.join(", "))))
    });
    wrong.map_or(Ok(sample), Err)
}
