//! `nasflow plan`: what would run, what is known and why, and how long it will take. The same replay as `run`.

use super::arguments::PlanArguments;
use super::failure::Failure;
use super::load::{self, Access};
use super::{configuration, print, spaces};
use crate::document::Train;
use crate::plan::reason::{self, Reason};
use crate::plan::stopping::stops;
use crate::plan::{Engine, Replay, State, Step, Work};
use crate::report::table::Table;
use crate::report::{number, survey, time, wrap};
use crate::run::reliability::{Score, score};
use crate::run::todo::{Speed, Todo};
use crate::run::{Prepared, StoreKnown, elsewhere, history};
use crate::space::{Effort, Survey};
use crate::store::Store;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;

pub fn run(arguments: &PlanArguments) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(&arguments.file)?;
    let store = load::store(&arguments.file, Access::Read)?;
    let prepared = load::prepared(pipeline, store.as_ref(), &arguments.file, false)?;
    let device = load::device(&arguments.numerics)?;
    let numerics = device.numerics().to_string();
    let mut known = StoreKnown::new(store.as_ref());
    let replay = Engine::new(&prepared.pipeline, &prepared.data, &prepared.spaces, numerics.clone())
        .with_tables(&prepared.tables)
        .with_latencies(&prepared.latencies)
        .with_earlier(&prepared.earlier)
        .with_weights(&prepared.weights)
        .with_teachers(&prepared.teachers)
        .with_commands(&prepared.commands)
        .replay(&mut known);
    if let Some(error) = known.error {
        return Err(error.into());
    }
    let rows = rows(&prepared, &replay, store.as_ref())?;
    // A run that is finished is planned at once: nobody waits for figures of its spaces who has not asked for them.
    let effort = match (arguments.spaces, replay.finished()) {
        (true, _) => Some(Effort::Thorough),
        (false, true) => None,
        (false, false) => Some(Effort::Quick),
    };
    let surveys = effort.map_or_else(BTreeMap::new, |effort| spaces::surveys(&prepared, effort));
    let user = configuration::configuration()?.run;
    let (jobs, _) = load::shares(user.jobs, user.threads, device)?;
    let todo = Todo::of(&prepared, &replay, jobs);
    let speed = if todo.is_nothing() { None } else { Speed::of(&prepared, store.as_ref(), device) };
    if arguments.json {
        let time = speed.and_then(|s| Some(json!({ "seconds": s.seconds(&todo)?, "basis": s.basis })));
        let text = serde_json::to_string_pretty(&json!({
            "pipeline": prepared.pipeline.name,
            "numerics": numerics,
            "finished": replay.finished(),
            "todo": todo,
            "time": time,
            "stages": rows,
            "spaces": surveys.iter().map(|(name, survey)| (name.clone(), survey::json(survey))).collect::<BTreeMap<_, _>>(),
        }));
        print::out(&(text.map_err(|e| e.to_string())? + "\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let text = text(&prepared, &replay, &rows, &numerics, store.as_ref(), (todo, speed), &surveys);
    print::out(&wrap::wrapped(&text, print::columns()));
    Ok(ExitCode::SUCCESS)
}

/// One stage of a plan.
#[derive(serde::Serialize)]
struct StageRow {
    stage: String,
    kind: &'static str,
    models: usize,
    complete: bool,
    /// Actions whose results are known.
    known: usize,
    /// Actions that would run now, by kind.
    runs: BTreeMap<&'static str, usize>,
    /// Models that wait for other results.
    waits: usize,
    /// Why what runs has to run, with how often.
    reasons: Vec<(String, usize)>,
    /// Keys of the actions met, without their numerics class.
    what: Vec<String>,
    /// What the reader should know.
    notes: Vec<String>,
}

fn rows(prepared: &Prepared, replay: &Replay, store: Option<&Store>) -> Result<Vec<StageRow>, Failure> {
    let mut history = match store {
        Some(store) => history::last(store, &prepared.pipeline)?,
        None => reason::History::new(),
    };
    let mut out = Vec::new();
    for (index, (stage, seen)) in prepared.pipeline.stages.iter().zip(&replay.stages).enumerate() {
        let name = &stage.name.value;
        let steps: Vec<&Step> = replay.all(index).flat_map(|s| &s.steps).collect();
        // A run that was killed left no record, but what it did is known.
        if !history.contains_key(name) {
            let texts: Vec<String> = steps.iter().filter(|s| s.known).map(|s| s.action.text()).collect();
            if !texts.is_empty() {
                history.insert(name.clone(), texts);
            }
        }
        let mut runs = BTreeMap::new();
        let mut reasons: BTreeMap<Reason, usize> = BTreeMap::new();
        for work in replay.works.iter().filter(|w| w.stage() == index) {
            *runs.entry(work.action().kind.word()).or_insert(0) += 1;
            let (others, recorded) = recorded(work, store)?;
            *reasons.entry(reason::of_work(work, name, &history, others, recorded)).or_insert(0) += 1;
        }
        let waiting = |s: &&crate::plan::Slot| s.state == State::Pending && s.steps.iter().all(|step| step.known);
        let mut notes = seen.notes.clone();
        notes.extend(remarks(prepared, index));
        let luck = score(&prepared.pipeline, replay, index).filter(Score::is_luck);
        notes.extend(luck.map(|score| format!("{}; {}", score.sentence(), score.advice())));
        out.push(StageRow {
            stage: name.clone(),
            kind: stage.kind.word(),
            models: seen.slots.len(),
            complete: seen.complete,
            known: steps.iter().filter(|s| s.known).count(),
            runs,
            waits: seen.slots.iter().filter(waiting).count(),
            reasons: reasons.into_iter().map(|(r, n)| (r.to_string(), n)).collect(),
            what: steps.iter().map(|s| s.action.what().hex()).collect(),
            notes,
        });
    }
    Ok(out)
}

/// Numerics classes in which the result is known, and whether a record of it is there.
fn recorded(work: &Work, store: Option<&Store>) -> Result<(Vec<String>, bool), Failure> {
    let Some(store) = store else { return Ok((Vec::new(), false)) };
    let others = elsewhere::classes(work, store)?;
    // A training's result is gone only where every rung asked for was recorded.
    let keys = match work {
        Work::Train(t) => t.rungs.iter().map(|(_, action)| action.key()).collect(),
        other => vec![other.key()],
    };
    let recorded = store.lookup_many(&keys)?.iter().all(Option::is_some);
    Ok((others, recorded))
}

/// What follows from the document alone: schedules without a horizon, and searches that hardly evolve.
fn remarks(prepared: &Prepared, index: usize) -> Vec<String> {
    let train = prepared.pipeline.stages[index].train();
    // A command trains from the beginning, whatever the schedule.
    let bound = train.filter(|t| t.runner.is_none() && t.over_is_epochs && t.recipe.schedule != crate::document::Schedule::Constant);
    let remark =
        |t: &Train| format!("the schedule's horizon is `epochs` ({}): raising `epochs` trains anew; `schedule … over=` fixes it", t.epochs);
    let stopping = stops(&prepared.pipeline, index).map(|s| {
        let rungs: Vec<String> = s.rungs.iter().map(usize::to_string).collect();
        let (epochs, whole) = (number::grouped(s.epochs as u64), number::grouped(s.whole as u64));
        format!("its trials are measured at epochs {}: about {epochs} epochs are trained, {whole} without `stop-early`", rungs.join(", "))
    });
    let again = prepared.pipeline.stages[index].sample().and_then(|s| s.replicate.as_ref());
    let again = again.map(|n| format!("its first {} trials are trained once more, to say what the scores are worth", n.value));
    bound.into_iter().map(remark).chain(stopping).chain(again).collect()
}

fn text(
    prepared: &Prepared,
    replay: &Replay,
    rows: &[StageRow],
    numerics: &str,
    store: Option<&Store>,
    todo: (Todo, Option<Speed>),
    surveys: &BTreeMap<String, Survey>,
) -> String {
    let place = store.map_or("no store yet".to_string(), |s| format!("store {}", s.root().display()));
    let mut out = format!("{} (seed {}), numerics {numerics}, {place}\n\n", prepared.pipeline.name, prepared.pipeline.seed);
    let mut table = Table::new(["  stage", "kind", ">models", ">known", ">run now", ">wait", "why"]);
    for r in rows {
        let runs: usize = r.runs.values().sum();
        let shown: Vec<String> = r.runs.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        let why: Vec<String> =
            r.reasons.iter().map(|(why, n)| if r.reasons.len() > 1 { format!("{n} × {why}") } else { why.clone() }).collect();
        table.row([
            format!("  {}", r.stage),
            r.kind.to_string(),
            format!("{}{}", r.models, if r.complete { "" } else { "+" }),
            r.known.to_string(),
            if runs == 0 { "–".into() } else { shown.join(", ") },
            if r.waits == 0 { "–".into() } else { r.waits.to_string() },
            why.join("; "),
        ]);
    }
    out += &table.render(0, print::columns());
    for r in rows {
        for note in &r.notes {
            out += &format!("  {}: {note}\n", r.stage);
        }
    }
    out += &spaces::text(prepared, surveys);
    if replay.finished() {
        out += "\nnothing to run\n";
    } else {
        out += &format!("\n{}; `nasflow cost` counts the same once it is done\n", time::todo(&todo.0));
        out += &format!("{}\n", time::time(&todo.0, todo.1.as_ref()));
    }
    out
}
