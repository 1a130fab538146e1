//! The answer as sentences.

use super::number;
use crate::plan::Figure;
use crate::plan::answer::{Answered, Baseline, Verdict};

/// `answer: best  map50 0.871   yolov5n 0.842   at 0.94 × the FLOPs of yolov5n`, then what was tested.
pub fn sentence(answered: &Answered) -> String {
    let figure = number::figure(&answered.metric, &answered.figure);
    let seeds = |n: usize| if n > 1 { format!(" ({n} seeds)") } else { String::new() };
    let mut first = format!("answer: {}  {} {figure}{}", answered.name, answered.metric, seeds(answered.figure.values.len()));
    let compared: Vec<&Baseline> = answered.baselines.iter().filter(|b| b.models > 0).collect();
    for b in &compared {
        let mean = number::figure(&answered.metric, &Figure::exact(b.figure.mean()));
        let spread = b.deviation.map_or(String::new(), |d| format!(" ± {}", number::value(&answered.metric, d)));
        let of = if b.models > 1 { format!(" ({} models)", b.models) } else { seeds(b.figure.values.len()) };
        first += &format!("   {} {mean}{spread}{of}", b.name);
    }
    if let Some(b) = compared.first() {
        first += &format!("   at {:.2} × the FLOPs of {}", b.cost_ratio, b.name);
    }
    let names =
        |verdict: Verdict| -> Vec<&str> { answered.baselines.iter().filter(|b| b.verdict == verdict).map(|b| b.name.as_str()).collect() };
    let mut lines = vec![first];
    for b in &answered.baselines {
        match &b.verdict {
            Verdict::Same => lines.push(format!("        the answer is {} itself", b.name)),
            Verdict::Failed(why) => lines.push(format!("        {} failed: {why}", b.name)),
            _ => {}
        }
    }
    let no_better = names(Verdict::NoBetter);
    if !no_better.is_empty() {
        lines.push(format!("        no better than {}", no_better.join(", ")));
    }
    let untested = names(Verdict::NotTested);
    if !untested.is_empty() {
        lines.push(format!("        one run each: the difference from {} was not tested (`seeds 3` would test it)", untested.join(", ")));
    }
    let better = names(Verdict::Better);
    if !better.is_empty() {
        lines.push(format!("        better than {} by more than the pooled deviation over seeds", better.join(", ")));
    }
    if answered.baselines.is_empty() {
        lines.push("        nothing was compared: `against` names no model that was measured".into());
    }
    lines.join("\n") + "\n"
}
