//! The answer as sentences.

use super::number;
use crate::document::Metric;
use crate::plan::Figure;
use crate::plan::answer::{Answered, Baseline, Verdict};

/// `answer: best  map50 0.871 ± 0.012 (3 seeds)   at 0.94 × the FLOPs of yolov5n`, then a line for each baseline: how the answer
/// compares, and by how much.
pub fn sentence(answered: &Answered) -> String {
    let metric = &answered.metric;
    let figure = number::figure(metric, &answered.figure);
    let mut first = format!("answer: {}  {metric} {figure}{}", answered.name, seeds(answered.figure.values.len()));
    if let Some(b) = answered.baselines.iter().find(|b| b.models > 0) {
        first += &format!("   at {:.2} × the FLOPs of {}", b.cost_ratio, b.name);
    }
    let mut lines = vec![first];
    lines.extend(answered.baselines.iter().map(|b| format!("        {}", compared(metric, b))));
    if answered.baselines.is_empty() {
        lines.push("        nothing was compared: `against` names no model that was measured".into());
    }
    lines.join("\n") + "\n"
}

/// `better than yolov5n 0.842 ± 0.015 (3 seeds): +0.029 (95 % 0.004 to 0.054)`
pub(super) fn compared(metric: &Metric, b: &Baseline) -> String {
    let mean = number::figure(metric, &Figure::exact(b.figure.mean()));
    let spread = b.deviation.map_or(String::new(), |d| format!(" ± {}", number::value(metric, d)));
    let of = if b.models > 1 { format!(" ({} models)", b.models) } else { seeds(b.figure.values.len()) };
    let theirs = format!("{} {mean}{spread}{of}", b.name);
    let between = |(low, high): (f64, f64)| format!("{} to {}", number::value(metric, low), number::value(metric, high));
    let interval = b.interval().map_or(String::new(), |i| format!(" (95 % {})", between(i)));
    let difference = format!("{}{interval}", signed(metric, b.difference));
    let over_images = b.comparison.as_ref().filter(|c| c.interval.is_none()).and_then(|c| c.over_images);
    let over_images = over_images.map_or(String::new(), |i| format!("; over images alone 95 % {}", between(i)));
    match &b.verdict {
        Verdict::Better => format!("better than {theirs}: {difference}"),
        Verdict::Worse => format!("worse than {theirs}: {difference}"),
        Verdict::NoBetter => format!("no better than {theirs}: {difference}{over_images}"),
        Verdict::NotTested if b.comparison.is_none() => format!("{theirs}: {difference}, one figure each: not tested"),
        Verdict::NotTested => format!("{theirs}: {difference}, one run each: not tested (`seeds 3` would test it){over_images}"),
        Verdict::Pending => format!("{theirs}: {difference}; how sure that is, the next `nasflow run` works out"),
        Verdict::Same => format!("the answer is {} itself", b.name),
        Verdict::Failed(why) => format!("{} failed: {why}", b.name),
    }
}

fn signed(metric: &Metric, difference: f64) -> String {
    let text = number::value(metric, difference);
    if difference >= 0.0 && !text.starts_with('-') { format!("+{text}") } else { text }
}

fn seeds(n: usize) -> String {
    if n > 1 { format!(" ({n} seeds)") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::words::mean_average_precision::MAP50;
    use crate::results::Comparison;

    fn baseline(verdict: Verdict, difference: f64, interval: Option<(f64, f64)>) -> Baseline {
        let values = if interval.is_some() { vec![0.25, 0.5] } else { vec![0.25] };
        let deviation = interval.map(|_| 0.177);
        let over_images = Some((difference - 0.0625, difference + 0.0625));
        let comparison = Comparison { difference, interval, freedom: None, over_images, above: None, resamples: 1000 };
        let figure = Figure::of(values);
        Baseline { name: "stock".into(), figure, models: 1, deviation, difference, comparison: Some(comparison), verdict, cost_ratio: 0.5 }
    }

    #[test]
    fn a_difference_is_said_with_its_interval() {
        let said = |b: Baseline| compared(&MAP50.metric(), &b);
        let better = baseline(Verdict::Better, 0.125, Some((0.0625, 0.1875)));
        assert_eq!(said(better.clone()), "better than stock 0.375 ± 0.177 (2 seeds): +0.125 (95 % 0.062 to 0.188)");
        assert_eq!(
            said(baseline(Verdict::NoBetter, -0.125, Some((-0.5, 0.25)))),
            "no better than stock 0.375 ± 0.177 (2 seeds): -0.125 (95 % -0.500 to 0.250)"
        );
        let untested = baseline(Verdict::NotTested, 0.125, None);
        assert_eq!(
            said(untested.clone()),
            "stock 0.250: +0.125, one run each: not tested (`seeds 3` would test it); over images alone 95 % 0.062 to 0.188"
        );
        assert_eq!(said(Baseline { comparison: None, ..untested }), "stock 0.250: +0.125, one figure each: not tested");
        assert!(said(Baseline { models: 3, ..better }).starts_with("better than stock 0.375 ± 0.177 (3 models): "));
    }
}
