//! `nasflow plan`: what would run, what is known and why, and how long it will take. The same replay as `run`.

use super::arguments::PlanArguments;
use super::failure::Failure;
use super::load::{self, Access};
use super::{configuration, print, sharing, spaces};
use crate::base::{counted, units};
use crate::document::Train;
use crate::plan::Work;
use crate::plan::stopping::stops;
use crate::plan::{Group, Replay, State, Step, Told};
use crate::report::table::Table;
use crate::report::{number, survey, time, wrap};
use crate::run::reliability::{Score, score};
use crate::run::sharing::{LOOKED, pull, strangers, told_of_strangers};
use crate::run::todo::{Speed, Todo};
use crate::run::why::{Upgraded, Why};
use crate::run::{Prepared, StoreKnown};
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
    let team = sharing::team(&arguments.remote, false)?;
    let (replay, elsewhere) = match &team {
        Some(team) => {
            let pulled = pull(&prepared, &mut known, None, team, &numerics, &|| false, &mut |_, _| {})?;
            pulled.remarks.lines(team.address()).iter().for_each(|line| print::note(line));
            let others = strangers(team, pulled.replay.works.iter().map(Work::key), LOOKED);
            told_of_strangers(&others).iter().for_each(|line| print::note(line));
            if let Some(why) = team.failure() {
                print::note(&format!("{} does not serve ({why}): what is there is not counted", team.address()));
            }
            (pulled.replay, Some(Elsewhere { remote: team.address().into(), results: pulled.came.len(), bytes: pulled.bytes }))
        }
        None => (prepared.engine(&numerics).replay(&mut known), None),
    };
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
            "elsewhere": elsewhere,
            "spaces": surveys.iter().map(|(name, survey)| (name.clone(), survey::json(survey))).collect::<BTreeMap<_, _>>(),
        }));
        print::out(&(text.map_err(|e| e.to_string())? + "\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let text = text(&prepared, &replay, &rows, &numerics, store.as_ref(), (todo, speed), &surveys);
    if let Some(Elsewhere { remote, results, bytes }) = elsewhere.filter(|e| e.results > 0) {
        let (what, bytes) = (counted(results, "result"), units::shown(bytes));
        print::note(&format!("{what} ({bytes}) would come from {remote}, and count as known"));
    }
    print::out(&wrap::wrapped(&text, print::columns()));
    Ok(ExitCode::SUCCESS)
}

/// What would come from others.
#[derive(serde::Serialize)]
struct Elsewhere {
    remote: String,
    results: usize,
    bytes: u64,
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
    /// Why what runs has to run: equal reasons together.
    reasons: Vec<Told>,
    /// What runs because this program computes it otherwise than the one that made the known results.
    upgraded: Vec<Upgraded>,
    /// Keys of the actions met, without their numerics class.
    what: Vec<String>,
    /// What the reader should know.
    notes: Vec<String>,
}

fn rows(prepared: &Prepared, replay: &Replay, store: Option<&Store>) -> Result<Vec<StageRow>, Failure> {
    let why = Why::new(prepared, replay, store)?;
    let mut out = Vec::new();
    for (index, (stage, seen)) in prepared.pipeline.stages.iter().zip(&replay.stages).enumerate() {
        let name = &stage.name.value;
        let steps: Vec<&Step> = replay.all(index).flat_map(|s| &s.steps).collect();
        let mut runs = BTreeMap::new();
        for work in replay.works.iter().filter(|w| w.stage() == index) {
            *runs.entry(work.action().kind.word()).or_insert(0) += 1;
        }
        let reasons = why.stage(replay, index)?;
        let upgraded = why.upgraded(&reasons)?;
        let waiting = |s: &&crate::plan::Slot| s.state == State::Pending && s.steps.iter().all(|step| step.known);
        let mut notes = seen.notes.clone();
        notes.extend(upgraded.iter().map(again));
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
            reasons: reasons.iter().map(Group::told).collect(),
            upgraded,
            what: steps.iter().map(|s| s.action.what().hex()).collect(),
            notes,
        });
    }
    Ok(out)
}

/// What an upgrade of the program costs.
fn again(upgraded: &Upgraded) -> String {
    let Upgraded { kind, actions, seconds } = upgraded;
    let noun = if kind == "train" { counted(*actions, "training") } else { counted(*actions, &format!("`{kind}`")) };
    let took = if *seconds > 0.0 { format!(", {},", number::duration(*seconds)) } else { String::new() };
    format!("this nasflow computes `{kind}` otherwise than the one that made these results: {noun}{took} would run again")
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
        let why: Vec<&str> = r.reasons.iter().map(|told| told.sentence.as_str()).collect();
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
