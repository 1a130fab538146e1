//! `trust` as sentences.

use super::number;
use crate::base::fixed;
use crate::plan::Figure;
use crate::run::trust::{FEWEST, Predictor, Trusted};

/// Below so many networks an interval is wide, and itself unsure.
const FEW: usize = 10;

/// One paragraph a `trust` line: the ranking against the truth, then `params` and `flops` in its place.
pub fn sentences(trusted: &[Trusted]) -> String {
    trusted.iter().map(sentence).collect()
}

/// What an answer says whose ranking by shared weights nothing checks.
pub fn unchecked() -> &'static str {
    "trust: the ranking by shared weights was not checked (`trust` in `answer` would check it)\n"
}

fn sentence(t: &Trusted) -> String {
    let (ranking, truth, metric) = (&t.ranking, &t.truth, &t.metric);
    let mut lines = Vec::new();
    let Some((own, others)) = t.predictors.split_first() else {
        let waits = if t.complete { "" } else { " so far" };
        return format!(
            "trust: {ranking} and {truth} have {}{waits}: nothing can be said of the ranking (at least {FEWEST} are needed)\n",
            networks(t.networks, "in common")
        );
    };
    let by = if t.using == *metric { String::new() } else { format!(" by {metric}") };
    let so_far = if t.complete { "" } else { ", so far" };
    match own.agreement.kendall {
        Some(_) => lines.push(format!(
            "trust: {ranking} ranks {} by {} as {truth} does{by} to {}{so_far}",
            networks(t.networks, ""),
            t.using,
            figures(own)
        )),
        None => lines.push(format!(
            "trust: no order to compare: {metric} is the same for all {} in {ranking} or in {truth}{so_far}",
            networks(t.networks, "")
        )),
    }
    for other in others {
        match other.agreement.kendall {
            Some(_) => lines.push(format!("        {} alone: {}{}", other.name, figures(other), verdict(own, other))),
            None => lines.push(format!("        {} alone: the same for all", other.name)),
        }
    }
    if let Some(equal) = &t.random_search {
        let (trainings, drawn) = (equal.trainings, equal.drawn);
        let best = if drawn < t.networks { format!("the best of {drawn} drawn from these has") } else { "the best of these has".into() };
        let figure = |value: f64| number::figure(metric, &Figure::exact(value));
        lines.push(format!(
            "        random search at equal cost ({} alone for the images of the supernet): {best} {}, the ranking's first {}",
            networks(trainings, ""),
            figure(equal.random),
            figure(equal.first)
        ));
    }
    if t.networks < FEW {
        lines.push(format!("        {} are few: these figures are unsure", networks(t.networks, "")));
    }
    if t.left_out > 0 {
        lines.push(format!("        left out: {} that one of the two did not measure", networks(t.left_out, "")));
    }
    lines.join("\n") + "\n"
}

/// `1 network`, `12 networks in common`
fn networks(n: usize, which: &str) -> String {
    let word = if n == 1 { "network" } else { "networks" };
    if which.is_empty() { format!("{n} {word}") } else { format!("{n} {word} {which}") }
}

fn figures(p: &Predictor) -> String {
    let part = |v: Option<f64>| v.map_or("–".to_string(), |v| fixed(v, 3));
    let between = p.agreement.interval.map_or(String::new(), |(low, high)| format!(" ({} to {})", fixed(low, 3), fixed(high, 3)));
    format!("tau {}{between}, rho {}", part(p.agreement.kendall), part(p.agreement.spearman))
}

/// Whether the ranking beats this predictor by more than chance.
fn verdict(own: &Predictor, other: &Predictor) -> &'static str {
    match other.agreement.behind_interval.filter(|_| own.agreement.kendall.is_some()) {
        Some((low, _)) if low > 0.0 => "; the ranking is better",
        Some((_, high)) if high < 0.0 => "; the ranking is worse",
        Some(_) => "; the ranking is no better for sure",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::agreements;
    use crate::metrics::words::mean_average_precision::MAP50;

    fn trusted(networks: usize) -> Trusted {
        let truth: Vec<f64> = (0..networks).map(|i| i as f64).collect();
        let flat = vec![1.0; networks];
        let found = agreements(&[&truth, &flat], &truth);
        let predictors = ["shared", "flops"].into_iter().zip(found).map(|(n, agreement)| Predictor { name: n.into(), agreement });
        Trusted {
            ranking: "shared".into(),
            truth: "truth".into(),
            metric: MAP50.metric(),
            using: MAP50.metric(),
            networks,
            left_out: 1,
            complete: true,
            predictors: if networks < FEWEST { Vec::new() } else { predictors.collect() },
            random_search: None,
        }
    }

    #[test]
    fn says_what_is_known_and_what_is_not() {
        assert_eq!(
            sentences(&[trusted(1)]),
            "trust: shared and truth have 1 network in common: nothing can be said of the ranking (at least 3 are needed)\n"
        );
        assert_eq!(
            sentences(&[trusted(5)]),
            "trust: shared ranks 5 networks by map50 as truth does to tau 1.000 (1.000 to 1.000), rho 1.000\n        \
             flops alone: the same for all\n        5 networks are few: these figures are unsure\n        \
             left out: 1 network that one of the two did not measure\n"
        );
    }
}
