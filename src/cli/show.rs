//! `nasflow show`: the answer first; one trial; everything as JSON or CSV; a shipped network.

use super::arguments::ShowArguments;
use super::failure::Failure;
use super::load::{self, Access};
use super::print;
use crate::base::Digest;
use crate::document::{Metric, Pipeline, nearest};
use crate::nn::DeviceChoice;
use crate::plan::answer::Baseline;
use crate::plan::{Kind, Replay, Slot};
use crate::report::{self, curve, number, show};
use crate::results::{GivenUp, Outcome};
use crate::run::course::{Known, course};
use crate::run::options::alike;
use crate::run::reliability::{scores, trained_again};
use crate::run::{Prepared, StoreKnown, elsewhere, history, observe, record};
use crate::space::zoo;
use crate::store::{Attempt, Store};
use serde_json::json;
use std::process::ExitCode;

pub fn run(arguments: &ShowArguments) -> Result<ExitCode, Failure> {
    if let Some(name) = arguments.file.file.to_str().and_then(|f| f.strip_prefix("zoo/")) {
        return shipped(name);
    }
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::store(&arguments.file, Access::Read)?;
    if store.is_none() {
        print::note(&load::no_store(&arguments.file));
    }
    let prepared = load::prepared(pipeline, store.as_ref(), &arguments.file, true)?;
    let device = load::device(&arguments.numerics)?;
    let replay = replay(&prepared, store.as_ref(), device)?;
    let observed = |weights: Digest, metric: &Metric| store.as_ref().and_then(|s| observe::shown(s, weights, metric));
    let rows = report::rows(&prepared.pipeline, &replay, &observed);
    let (rows, one) = match &arguments.trial {
        Some(trial) => {
            let (stage, ticket) = which(&prepared.pipeline, trial)?;
            slots_of(&prepared.pipeline, &replay, &stage, ticket)?;
            (rows.into_iter().filter(|r| r.sample == stage && r.trial == ticket).collect(), Some((stage, ticket)))
        }
        None => (rows, None),
    };
    let text = if let (Some((stage, ticket)), false) = (&one, arguments.csv || arguments.json) {
        self::trial(&prepared.pipeline, &replay, store.as_ref(), stage, *ticket)?
    } else if let (Some((stage, ticket)), true) = (&one, arguments.json) {
        let curves = curves(&prepared.pipeline, &replay, store.as_ref(), stage, *ticket)?;
        serde_json::to_string_pretty(&json!({ "pipeline": prepared.pipeline.name, "rows": rows, "curves": curves }))
            .map_err(|e| e.to_string())?
            + "\n"
    } else if arguments.digests {
        digests(&prepared.pipeline, &replay, store.as_ref())?
    } else if arguments.csv {
        report::rows::csv(&rows)
    } else if arguments.json {
        let answer = crate::plan::answer::answered(&prepared.pipeline, &replay);
        let answer = answer.map(|a| {
            let baselines: Vec<_> = a.baselines.iter().map(against).collect();
            json!({ "name": a.name, "model": a.model.label(), "metric": a.metric, "values": a.figure.values, "baselines": baselines })
        });
        let trust = crate::run::trust::trusted(&prepared.pipeline, &replay);
        let winner = show::winner(&prepared.pipeline, &replay).and_then(|m| m.candidate.architecture().ok());
        let (worth, again) = (scores(&prepared.pipeline, &replay), trained_again(&prepared.pipeline, &replay));
        let stages = prepared.pipeline.stages.iter();
        let fronts: Vec<_> = stages.flat_map(|s| report::fronts::fronts(&prepared.pipeline, &replay, &s.name.value)).collect();
        let all = json!({ "pipeline": prepared.pipeline.name, "finished": replay.finished(), "answer": answer, "trust": trust, "reliability": worth, "replicas": again, "fronts": fronts, "rows": rows, "architecture": winner });
        serde_json::to_string_pretty(&all).map_err(|e| e.to_string())? + "\n"
    } else {
        show::text(&prepared.pipeline, &replay, &rows, print::columns())
    };
    print::out(&text);
    Ok(ExitCode::SUCCESS)
}

/// A baseline of the answer: `null` stands for what was not tested or does not exist.
fn against(b: &Baseline) -> serde_json::Value {
    let interval = b.interval();
    json!({
        "name": b.name,
        "values": b.figure.values,
        "models": b.models,
        "cost-ratio": b.cost_ratio,
        "difference": b.difference,
        "low": interval.map(|i| i.0),
        "high": interval.map(|i| i.1),
        "over-images": b.comparison.as_ref().and_then(|c| c.over_images),
        "verdict": b.verdict,
    })
}

/// What is known of a pipeline, as the last run left it: a trial that it gave up counts as failed.
pub fn replay(prepared: &Prepared, store: Option<&Store>, device: DeviceChoice) -> Result<Replay, Failure> {
    replay_saying(prepared, store, device, &print::note)
}

/// The same, with what there is to say said so.
pub fn replay_saying(prepared: &Prepared, store: Option<&Store>, device: DeviceChoice, say: &dyn Fn(&str)) -> Result<Replay, Failure> {
    let mut known = StoreKnown::new(store);
    if let Some(store) = store {
        let mut given_up = Vec::new();
        for GivenUp { key, label, reason } in history::given_up(store, &prepared.pipeline)? {
            if store.lookup(&key)?.is_none() {
                known.give_up(key, reason.clone());
                given_up.push(GivenUp { key, label, reason });
            }
        }
        for (trial, count) in alike(&given_up) {
            let more = if count > 1 { format!(" ({} more failed alike)", number::grouped(count as u64 - 1)) } else { String::new() };
            say(&format!("not reproducible: {}: {}{more}", trial.label, trial.reason));
        }
    }
    let replay = prepared.engine(device.numerics()).replay(&mut known);
    if let Some(error) = known.error {
        return Err(error.into());
    }
    if let Some(store) = store
        && let Some(note) = elsewhere::note(&replay.works, store, device.numerics())?
    {
        say(&note);
    }
    Ok(replay)
}

/// One line for every known action. Observations and times are not in it.
fn digests(pipeline: &Pipeline, replay: &Replay, store: Option<&Store>) -> Result<String, Failure> {
    let mut out = String::new();
    let Some(store) = store else { return Ok(out) };
    for (index, stage) in pipeline.stages.iter().enumerate() {
        for slot in replay.all(index) {
            for step in slot.steps.iter().filter(|s| s.known) {
                let Some(record) = store.lookup(&step.key)? else { continue };
                let outputs: String = record.outputs.iter().map(|(name, digest)| format!(" {name}={}", digest.hex())).collect();
                let values = crate::base::Digest::of(record.values.to_string().as_bytes());
                let (stage, model, kind) = (&stage.name.value, slot.model.label().replace(' ', ""), &record.kind);
                out += &format!("{stage} {model} {kind} {}{outputs} values={}\n", step.key.hex(), values.hex());
            }
        }
    }
    for (name, compared) in &replay.compared {
        let Some(record) = store.lookup(&compared.key)? else { continue };
        let values = crate::base::Digest::of(record.values.to_string().as_bytes());
        out += &format!("answer {} {} {} values={}\n", name.replace(' ', ""), record.kind, compared.key.hex(), values.hex());
    }
    Ok(out)
}

fn shipped(name: &str) -> Result<ExitCode, Failure> {
    match zoo::source(name) {
        Some(text) => {
            print::out(text);
            Ok(ExitCode::SUCCESS)
        }
        None => {
            let near = crate::document::nearest(name, zoo::names()).map_or(".".to_string(), |n| format!("; did you mean zoo/{n}?"));
            let known: String = zoo::ZOO.iter().map(|n| format!("\n  zoo/{}  {}", n.name, n.doc)).collect();
            Err(format!("no network or space called `{name}` is shipped{near} There are:{known}").into())
        }
    }
}

/// `STAGE#N`, or the number of a trial of the first search.
pub fn which(pipeline: &Pipeline, which: &str) -> Result<(String, usize), Failure> {
    let searched = pipeline.stages.iter().find(|s| s.sample().is_some_and(|s| s.objective.is_some()));
    let first = searched.or_else(|| pipeline.stages.iter().find(|s| s.sample().is_some()));
    let (stage, number) = match which.split_once('#') {
        Some((stage, number)) => (stage.trim().to_string(), number),
        None => (first.map(|s| s.name.value.clone()).unwrap_or_default(), which),
    };
    let ticket = number.trim().parse().map_err(|_| format!("`--trial {which}`: a number, or `STAGE#N`, was expected"))?;
    if !pipeline.stages.iter().any(|s| s.name.value == stage && s.sample().is_some()) {
        let samples: Vec<&str> = pipeline.stages.iter().filter(|s| s.sample().is_some()).map(|s| s.name.value.as_str()).collect();
        let near = nearest(&stage, samples.iter().copied()).map_or(".".to_string(), |n| format!("; did you mean `{n}`?"));
        return Err(format!("`--trial {which}`: no `sample` is called `{stage}`{near} There are: {}", samples.join(", ")).into());
    }
    Ok((stage, ticket))
}

/// Where a trial is: every stage that has it.
pub fn slots_of<'v>(pipeline: &'v Pipeline, replay: &'v Replay, stage: &str, ticket: usize) -> Result<Vec<(&'v str, &'v Slot)>, Failure> {
    let origin = (stage.to_string(), ticket);
    let slots: Vec<(&str, &Slot)> = pipeline
        .stages
        .iter()
        .zip(&replay.stages)
        .flat_map(|(s, seen)| seen.slots.iter().map(move |slot| (s.name.value.as_str(), slot)))
        .filter(|(_, slot)| slot.model.origin == origin)
        .collect();
    if slots.is_empty() {
        return Err(format!("`{stage}` has no trial {ticket} yet").into());
    }
    Ok(slots)
}

/// The learning curves of a trial as JSON.
fn curves(
    pipeline: &Pipeline,
    replay: &Replay,
    store: Option<&Store>,
    stage: &str,
    ticket: usize,
) -> Result<Vec<serde_json::Value>, Failure> {
    let mut out = Vec::new();
    let Some(store) = store else { return Ok(out) };
    for (name, slot) in slots_of(pipeline, replay, stage, ticket)? {
        for step in slot.steps.iter().filter(|s| s.action.kind == Kind::Train) {
            if let Some(known) = course(step, store)? {
                let mut curve = json!({ "stage": name, "seed": step.action.seed, "training": known.values });
                if let (Some(fold), Some(curve)) = (step.fold, curve.as_object_mut()) {
                    curve.insert("fold".into(), json!(fold + 1));
                }
                out.push(curve);
            }
        }
    }
    Ok(out)
}

fn trial(pipeline: &Pipeline, replay: &Replay, store: Option<&Store>, stage: &str, ticket: usize) -> Result<String, Failure> {
    let slots = slots_of(pipeline, replay, stage, ticket)?;
    let Some((_, first)) = slots.first() else { return Ok(String::new()) };
    let candidate = &first.model.candidate;
    let mut out = format!(
        "{} #{ticket}  architecture {}  {} parameters  {}FLOPs\n",
        stage,
        candidate.digest.short(),
        number::grouped(candidate.params),
        number::si(2.0 * candidate.macs as f64)
    );
    for (label, value) in &candidate.choices {
        out += &format!("  {label} = {value}\n");
    }
    for (name, slot) in &slots {
        let state = match &slot.state {
            crate::plan::State::Ready => "done".to_string(),
            crate::plan::State::Pending => "pending".to_string(),
            crate::plan::State::Failed(why) => format!("failed: {why}"),
        };
        out += &format!("\n{name}: {state}\n");
        let trains = slot.steps.iter().any(|s| s.action.kind == Kind::Train);
        for (metric, figure) in slot.model.figures.iter().filter(|_| !trains) {
            out += &format!("  {metric} {}\n", number::figure(metric, figure));
        }
        let Some(store) = store else { continue };
        if let Some(step) = slot.steps.iter().find(|s| s.action.kind == Kind::Metric && s.known)
            && let Some(Outcome::Measured { classes, .. }) = store.lookup(&step.key)?.and_then(|r| record::read(&r))
        {
            out += &curve::classes(&classes, print::columns());
        }
        for step in slot.steps.iter().filter(|s| s.action.kind == Kind::Train) {
            if let Some(Known { status, epochs, .. }) = course(step, store)? {
                let fold = step.fold.map_or(String::new(), |fold| format!("without fold {}, ", fold + 1));
                out += &format!("  {fold}seed {}, {status}\n", step.action.seed.unwrap_or(0));
                out += &curve::curve(&epochs, print::columns());
            }
            if let Some(log) = step.chain.and_then(|chain| Attempt::peek(store.root(), chain, "log")) {
                out += "  log:\n";
                for line in String::from_utf8_lossy(&log).lines() {
                    out += &format!("    {line}\n");
                }
            }
        }
    }
    out += "\n";
    for line in candidate.architecture()?.text().lines() {
        out += &format!("  {line}\n");
    }
    Ok(out)
}
