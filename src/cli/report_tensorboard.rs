//! The curves and figures of a report as TensorBoard's event files: a folder for every training, one for every search.

use super::export::write;
use super::failure::Failure;
use crate::export::tensorboard::{Scalar, events};
use crate::report::page::Facts;
use crate::report::page::facts::Measured;
use crate::run::observe;
use std::collections::BTreeMap;
use std::path::Path;

/// The end of every file's name; TensorBoard reads whatever holds `tfevents`.
const FILE: &str = "events.out.tfevents.0.nasflow";

/// Writes a run for every training (its loss by epoch), every measured model (its metrics, at the epochs that it was trained) and every search
/// (each trial's figure, and the best so far, by trial). Files of an earlier report are written over. Returns how many runs there are.
pub fn write_events(folder: &Path, facts: &Facts) -> Result<usize, Failure> {
    let runs = runs(facts);
    let time = observe::now() as f64;
    for (name, scalars) in &runs {
        let place = folder.join(name);
        std::fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
        write(&place.join(FILE), &events(scalars, time))?;
    }
    Ok(runs.len())
}

/// Runs by the name of their folder.
fn runs(facts: &Facts) -> BTreeMap<String, Vec<Scalar>> {
    let mut runs: BTreeMap<String, Vec<Scalar>> = BTreeMap::new();
    for course in &facts.courses {
        let fold = course.fold.map_or(String::new(), |fold| format!(" fold {}", fold + 1));
        let run = runs.entry(plain(&format!("{} {} seed {}{fold}", course.stage, course.model, course.seed))).or_default();
        run.extend((1..).zip(&course.loss).map(|(step, value)| Scalar { tag: "loss".into(), step, value: *value }));
    }
    for stage in &facts.stages {
        for row in &stage.rows {
            let values = stage.metrics.iter().zip(&row.v).filter_map(|(m, v)| Some((m, (*v)?)));
            let step = row.e.unwrap_or(0) as u64;
            let scalars = values.map(|(m, value)| Scalar { tag: format!("metric/{}", m.name), step, value: value as f32 });
            runs.entry(plain(&format!("{} {}", stage.name, row.model))).or_default().extend(scalars);
        }
        for search in 0..stage.searches.len() {
            runs.entry(plain(&format!("search {} in {}", stage.searches[search].name, stage.name)))
                .or_default()
                .extend(course(stage, search));
        }
    }
    runs.retain(|_, scalars| !scalars.is_empty());
    runs
}

/// A search by trial: the headline figure, and the best so far.
fn course(stage: &Measured, search: usize) -> Vec<Scalar> {
    let Some(metric) = stage.headline else { return Vec::new() };
    let higher = stage.metrics[metric].higher;
    let mut trials: Vec<(usize, f64)> = stage.rows.iter().filter(|r| r.s == search).filter_map(|r| Some((r.t, r.v[metric]?))).collect();
    trials.sort_by_key(|t| t.0);
    let (mut out, mut best) = (Vec::new(), f64::NAN);
    for (trial, value) in trials {
        if best.is_nan() || (value > best) == higher {
            best = value;
        }
        let scalar = |tag: String, value: f64| Scalar { tag, step: trial as u64, value: value as f32 };
        out.push(scalar(format!("trial/{}", stage.metrics[metric].name), value));
        out.push(scalar(format!("best/{}", stage.metrics[metric].name), best));
    }
    out
}

/// A name that is a folder's everywhere: letters, digits and hyphens. Two names that come out alike share a folder, and both are in it.
fn plain(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            c if c.is_alphanumeric() || c == '_' => out.push(c),
            _ if out.ends_with('-') || out.is_empty() => {}
            _ => out.push('-'),
        }
    }
    let out: String = out.trim_end_matches('-').chars().take(100).collect();
    if out.is_empty() { "run".into() } else { out }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn folders_are_named_plainly() {
        assert_eq!(plain("score trials #3"), "score-trials-3");
        assert_eq!(plain("../../etc \u{0}passwd"), "etc-passwd");
        assert_eq!(plain("..."), "run");
        assert!(plain(&"é".repeat(400)).chars().count() <= 100);
    }
}
