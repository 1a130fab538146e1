//! What `nasflow show FILE` prints: the answer first, then candidates with their metrics, the front, the winner.

use super::headline::headline;
use super::number::counted;
use super::rows::{Row, distinct};
use super::table::Table;
use super::wrap::wrapped;
use super::{answer, fronts, number, reliability, trust};
use crate::base::without_numbers;
use crate::document::{Metric, Pipeline};
use crate::plan::answer::{answered, unanswered};
use crate::plan::choose::pareto;
use crate::plan::trust::unchecked;
use crate::plan::{Replay, State};
use crate::run::trust::trusted;
use crate::space::costs;
use std::collections::BTreeSet;

pub use crate::plan::winner;

/// The whole text, for a terminal of so many columns or, without `width`, whole.
pub fn text(pipeline: &Pipeline, replay: &Replay, rows: &[Row], width: Option<usize>) -> String {
    let mut out = wrapped(&head(pipeline, replay), width);
    for stage in &pipeline.stages {
        let of_stage: Vec<&Row> = rows.iter().filter(|r| r.stage == stage.name.value).collect();
        if !of_stage.is_empty() {
            out += &format!("\n{} ({})\n{}", stage.name.value, counts(&of_stage), stage_table(pipeline, &of_stage, width));
            out += &wrapped(&reliability::line(pipeline, replay, &stage.name.value), width);
            out += &wrapped(&fronts::lines(pipeline, replay, &stage.name.value), width);
        }
    }
    for (stage, seen) in pipeline.stages.iter().zip(&replay.stages) {
        for note in &seen.notes {
            out += &wrapped(&format!("\n{}: {note}\n", stage.name.value), width);
        }
    }
    out += &wrapped(&front(pipeline, rows), width);
    if let Some(model) = winner(pipeline, replay) {
        out += &format!("\nthe architecture of {}\n", model.label());
        for (label, value) in model.candidate.choices.iter().filter(|(label, _)| model.has(label)) {
            out += &format!("  {label} = {value}\n");
        }
        out += "\n";
        for line in model.candidate.architecture().map_or_else(|why| why, |a| a.text()).lines() {
            out += &format!("  {line}\n");
        }
    }
    out
}

/// The answer with what is known of the ranking that led to it, or what stands for it: the last select, or how far the run is.
pub fn head(pipeline: &Pipeline, replay: &Replay) -> String {
    let ranking = trust::sentences(&trusted(pipeline, replay));
    if let Some(a) = answered(pipeline, replay) {
        let unchecked = if unchecked(pipeline) { trust::unchecked() } else { "" };
        return answer::sentence(&a) + unchecked + &ranking;
    }
    without_answer(pipeline, replay) + if replay.finished() { ranking.as_str() } else { "" }
}

fn without_answer(pipeline: &Pipeline, replay: &Replay) -> String {
    if !replay.finished() {
        let (done, all) = progress(replay);
        return format!("no answer yet: {done} of the {} known so far {}; `nasflow run` goes on\n", counted(all, "model"), are(done));
    }
    if let Some(answer) = &pipeline.answer {
        let why = unanswered(pipeline, replay).map_or("none was left to measure".to_string(), |why| format!("they failed; {why}"));
        return format!("no answer: of the models of `{}` {why}\n", answer.name.value);
    }
    match winner(pipeline, replay) {
        Some(model) => format!("{} was selected; nothing was compared, because the pipeline has no `answer`\n", model.label()),
        None if !pipeline.stages.iter().any(|s| s.select().is_some()) => {
            "done; the pipeline chooses nothing (no `select`, no `answer`)\n".into()
        }
        None => "nothing was selected: every candidate failed or none met the bounds\n".into(),
    }
}

/// (models done or failed, models known) over all stages.
pub fn progress(replay: &Replay) -> (usize, usize) {
    let slots = || replay.stages.iter().flat_map(|s| &s.slots);
    (slots().filter(|s| s.state != State::Pending).count(), slots().count())
}

/// `is done` or `are done`.
pub fn are(n: usize) -> &'static str {
    if n == 1 { "is done" } else { "are done" }
}

fn counts(rows: &[&Row]) -> String {
    let count = |state: &str| rows.iter().filter(|r| r.state == state).count();
    let stopped = count("stopped");
    let mut parts = vec![format!("{} measured", count("ready") + stopped)];
    if stopped > 0 {
        parts.push(format!("{stopped} of them stopped early"));
    }
    for state in ["failed", "pending"] {
        if count(state) > 0 {
            parts.push(format!("{} {state}", count(state)));
        }
    }
    parts.join(", ")
}

/// The models of a stage, best first by its headline metric.
pub fn stage_table(pipeline: &Pipeline, rows: &[&Row], width: Option<usize>) -> String {
    let headline = rows.first().and_then(|r| headline(pipeline, &r.stage));
    let (costs, mut metrics): (Vec<&Metric>, Vec<&Metric>) =
        distinct(rows.iter().flat_map(|r| r.metrics.keys())).into_iter().partition(|m| m.is_of_network());
    metrics.sort_by_key(|m| Some(*m) != headline.as_ref());
    let costs = cost_columns(&costs);
    let observed: BTreeSet<&Metric> = rows.iter().flat_map(|r| r.observations.keys()).collect();
    let mut head = vec!["  model".to_string()];
    head.extend(metrics.iter().map(|m| format!(">{m}")));
    head.extend(costs.iter().map(|m| format!(">{m}")));
    head.extend(observed.iter().map(|m| format!(">{m}")));
    let raced = rows.iter().any(|r| r.state == "stopped");
    if raced {
        head.insert(1, ">epochs".into());
    }
    head.push("other than the reference".into());
    let mut sorted = rows.to_vec();
    if let Some(metric) = &headline {
        // Who was stopped ranks below who came further, whatever it scored there.
        let reach = |r: &Row| if r.state == "stopped" { r.epochs.unwrap_or(0) } else { usize::MAX };
        let order = |a: &Row, b: &Row| reach(b).cmp(&reach(a)).then_with(|| metric.order(a.value(metric), b.value(metric)));
        sorted.sort_by(|a, b| order(a, b).then(a.trial.cmp(&b.trial)));
    }
    let mut table = Table::new(head);
    let (columns, mut failures) = (1 + usize::from(raced) + metrics.len() + costs.len() + observed.len(), Failures::default());
    for r in sorted.into_iter().filter(|r| failures.shows(r)) {
        let mut cells = vec![format!("  {}", r.model)];
        if raced {
            let stopped = if r.state == "stopped" { "stopped at " } else { "" };
            cells.push(r.epochs.map_or("–".into(), |epochs| format!("{stopped}{epochs}")));
        }
        cells.extend(metrics.iter().map(|m| r.metrics.get(m).map_or("–".into(), |f| number::figure(m, f))));
        cells.extend(costs.iter().map(|m| number::value(m, r.value(m))));
        cells.extend(observed.iter().map(|m| r.observations.get(m).map_or("–".into(), |seen| number::value(m, seen.median))));
        cells.push(match (&r.reason, r.state) {
            (Some(reason), _) => reason.clone(),
            (None, "pending") => "pending".into(),
            _ => decisions(r),
        });
        table.row(cells);
    }
    for (count, reason) in failures.left_out() {
        let mut cells = vec![format!("  {} more", number::grouped(count as u64))];
        cells.resize(columns, "–".into());
        cells.push(format!("failed alike: {reason}"));
        table.row(cells);
    }
    table.render(0, width)
}

/// Models that failed, by why: of many that failed alike only the first are lines of a table.
#[derive(Default)]
struct Failures {
    /// The reason without its numbers, one reason as it stands, and how many there are.
    kinds: Vec<(String, String, usize)>,
}

impl Failures {
    /// Models of a kind that have lines of their own.
    const SHOWN: usize = 3;

    fn shows(&mut self, row: &Row) -> bool {
        let Some(reason) = &row.reason else { return true };
        let kind = without_numbers(reason);
        match self.kinds.iter_mut().find(|k| k.0 == kind) {
            Some(known) => {
                known.2 += 1;
                known.2 <= Self::SHOWN
            }
            None => {
                self.kinds.push((kind, reason.clone(), 1));
                true
            }
        }
    }

    fn left_out(&self) -> impl Iterator<Item = (usize, &str)> {
        self.kinds.iter().filter(|k| k.2 > Self::SHOWN).map(|k| (k.2 - Self::SHOWN, k.1.as_str()))
    }
}

/// The costs that a table shows: those that were asked for, with `params` and, where no other tells it, `flops`.
fn cost_columns(asked: &[&Metric]) -> Vec<Metric> {
    let [params, flops, macs] = [costs::PARAMS.metric(), costs::FLOPS.metric(), costs::MACS.metric()];
    let mut shown = vec![params];
    if asked.contains(&&flops) || !asked.contains(&&macs) {
        shown.push(flops);
    }
    let others: Vec<Metric> = asked.iter().filter(|m| !shown.contains(m)).map(|m| (*m).clone()).collect();
    shown.extend(others);
    shown
}

fn decisions(row: &Row) -> String {
    if row.edits.is_empty() {
        return "the reference".into();
    }
    let shown: Vec<String> = row.edits.iter().map(|(label, value)| format!("{label}={value}")).collect();
    shown.join(" ")
}

/// The Pareto front of the first stage that measures several models: its headline metric against FLOPs.
fn front(pipeline: &Pipeline, rows: &[Row]) -> String {
    for stage in &pipeline.stages {
        let Some(metric) = headline(pipeline, &stage.name.value) else { continue };
        let flops = costs::FLOPS.metric();
        let measured = |r: &&Row| r.stage == stage.name.value && r.state == "ready" && r.metrics.contains_key(&metric);
        let of_stage: Vec<&Row> = rows.iter().filter(measured).collect();
        if of_stage.len() < 3 {
            continue;
        }
        let points: Vec<Vec<f64>> = of_stage.iter().map(|r| vec![metric.as_cost(r.value(&metric)), r.value(&flops)]).collect();
        let mut best: Vec<&Row> = pareto(&points).into_iter().map(|i| of_stage[i]).collect();
        best.sort_by(|a, b| a.value(&flops).total_cmp(&b.value(&flops)));
        let point = |r: &&Row| format!("{} {} at {}", r.model, number::value(&metric, r.value(&metric)), number::si(r.value(&flops)));
        let line: Vec<String> = best.iter().map(point).collect();
        return format!("\nthe Pareto front of {} ({metric}, FLOPs): {}\n", stage.name.value, line.join("   "));
    }
    String::new()
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
