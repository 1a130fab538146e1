//! What `nasflow show FILE` prints: the answer first, then candidates with their metrics, the front, the winner.

use super::rows::Row;
use super::table::Table;
use super::{answer, number};
use crate::document::{Pipeline, StageKind};
use crate::plan::answer::answered;
use crate::plan::choose::pareto;
use crate::plan::{Model, State, View};

/// Longest list of decisions in a table, in characters.
const WIDTH: usize = 88;

/// The whole text.
pub fn text(pipeline: &Pipeline, view: &View, rows: &[Row]) -> String {
    let mut out = head(pipeline, view);
    for stage in &pipeline.stages {
        let of_stage: Vec<&Row> = rows.iter().filter(|r| r.stage == stage.name.value).collect();
        if !of_stage.is_empty() {
            out += &format!("\n{} ({})\n{}", stage.name.value, counts(&of_stage), stage_table(&of_stage));
        }
    }
    for (stage, seen) in pipeline.stages.iter().zip(&view.stages) {
        for note in &seen.notes {
            out += &format!("\n{}: {note}\n", stage.name.value);
        }
    }
    out += &front(pipeline, rows);
    if let Some(model) = winner(pipeline, view) {
        out += &format!("\nthe architecture of {}\n", model.label());
        for (label, value) in &model.candidate.choices {
            out += &format!("  {label} = {value}\n");
        }
        out += "\n";
        for line in model.candidate.architecture.text().lines() {
            out += &format!("  {line}\n");
        }
    }
    out
}

/// The answer, or what stands for it: the last select, or how far the run is.
pub fn head(pipeline: &Pipeline, view: &View) -> String {
    if let Some(a) = answered(pipeline, view) {
        return answer::sentence(&a);
    }
    if !view.finished() {
        let (done, all) = progress(view);
        return format!("no answer yet: {done} of the {all} models known so far are done; `nasflow run` goes on\n");
    }
    match winner(pipeline, view) {
        Some(model) => format!("{} was selected; nothing was compared, because the pipeline has no `answer`\n", model.label()),
        None => "nothing was selected: every candidate failed or none met the bounds\n".into(),
    }
}

/// The answered model, else the first of the last select.
pub fn winner<'v>(pipeline: &Pipeline, view: &'v View) -> Option<&'v Model> {
    if let Some(a) = answered(pipeline, view) {
        let identity = a.model.identity();
        return view.stages.iter().flat_map(|s| &s.slots).map(|s| &s.model).rfind(|m| m.identity() == identity);
    }
    let last = pipeline.stages.iter().rposition(|s| matches!(s.kind, StageKind::Select(_)))?;
    view.stages.get(last)?.slots.first().map(|s| &s.model)
}

/// (models done or failed, models known) over all stages.
pub fn progress(view: &View) -> (usize, usize) {
    let slots = || view.stages.iter().flat_map(|s| &s.slots);
    (slots().filter(|s| s.state != State::Pending).count(), slots().count())
}

fn counts(rows: &[&Row]) -> String {
    let count = |state: &str| rows.iter().filter(|r| r.state == state).count();
    let mut parts = vec![format!("{} measured", count("ready"))];
    for state in ["failed", "pending"] {
        if count(state) > 0 {
            parts.push(format!("{} {state}", count(state)));
        }
    }
    parts.join(", ")
}

/// The models of a stage, best first by its first measured metric.
pub fn stage_table(rows: &[&Row]) -> String {
    let mut metrics: Vec<String> = Vec::new();
    for name in rows.iter().flat_map(|r| r.metrics.keys()) {
        if !metrics.contains(name) && !matches!(name.as_str(), "params" | "flops" | "macs") {
            metrics.push(name.clone());
        }
    }
    let mut observed: Vec<String> = rows.iter().flat_map(|r| r.observations.keys().cloned()).collect();
    observed.sort();
    observed.dedup();
    let mut head = vec!["  model".to_string()];
    head.extend(metrics.iter().map(|m| format!(">{m}")));
    head.extend([">params".to_string(), ">flops".to_string()]);
    head.extend(observed.iter().map(|o| format!(">{o}")));
    head.push("other than the reference".into());
    let mut sorted = rows.to_vec();
    if let Some(metric) = metrics.first() {
        let value = |r: &Row| r.metrics.get(metric).map_or(f64::NEG_INFINITY, |f| f.mean());
        sorted.sort_by(|a, b| value(b).total_cmp(&value(a)).then(a.trial.cmp(&b.trial)));
    }
    let mut table = Table::new(head);
    for r in sorted {
        let mut cells = vec![format!("  {}", r.model)];
        cells.extend(metrics.iter().map(|m| r.metrics.get(m).map_or("–".into(), |f| number::figure(m, f))));
        cells.push(number::si(r.params as f64));
        cells.push(number::si(r.flops as f64));
        cells.extend(observed.iter().map(|o| {
            r.observations.get(o).and_then(|v| v["median"].as_f64()).map_or("–".into(), |v| match o.as_str() {
                "latency" => format!("{v:.1} ms"),
                "throughput" => format!("{v:.0} /s"),
                _ => number::si(v),
            })
        }));
        cells.push(match (&r.reason, r.state) {
            (Some(reason), _) => reason.clone(),
            (None, "pending") => "pending".into(),
            _ => decisions(r),
        });
        table.row(cells);
    }
    table.render(0)
}

fn decisions(row: &Row) -> String {
    if row.edits.is_empty() {
        return "the reference".into();
    }
    let shown: Vec<String> = row.edits.iter().map(|(label, value)| format!("{label}={value}")).collect();
    let text = shown.join(" ");
    if text.chars().count() > WIDTH { text.chars().take(WIDTH - 1).collect::<String>() + "…" } else { text }
}

/// The Pareto front of the first stage that measures images: its first metric against FLOPs.
fn front(pipeline: &Pipeline, rows: &[Row]) -> String {
    let measured = |r: &&Row| r.state == "ready" && r.metrics.contains_key("map50");
    let Some(stage) = pipeline.stages.iter().find(|s| rows.iter().filter(measured).filter(|r| r.stage == s.name.value).count() > 2) else {
        return String::new();
    };
    let of_stage: Vec<&Row> = rows.iter().filter(measured).filter(|r| r.stage == stage.name.value).collect();
    let points: Vec<Vec<f64>> = of_stage.iter().map(|r| vec![-r.metrics["map50"].mean(), r.flops as f64]).collect();
    let mut best: Vec<&Row> = pareto(&points).into_iter().map(|i| of_stage[i]).collect();
    best.sort_by_key(|r| r.flops);
    let line: Vec<String> =
        best.iter().map(|r| format!("{} {:.3} at {}", r.model, r.metrics["map50"].mean(), number::si(r.flops as f64))).collect();
    format!("\nthe Pareto front of {} (map50, FLOPs): {}\n", stage.name.value, line.join("   "))
}
