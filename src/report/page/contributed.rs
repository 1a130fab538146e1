//! What each choice contributed to a stage's headline metric, with what is to be known of that.

use super::facts::{Axis, Trial};
use crate::document::Metric;
use crate::metrics::importance::{Chosen, FEWEST, Importance, importance};
use crate::report::number;
use crate::run::reliability::Score;

/// The option of a trial that has no such choice.
const ABSENT: &str = "(not there)";
/// Below so much that is explained, nothing is to be read from shares.
const LITTLE: f64 = 0.1;

/// Of the models that are measured to the end; where too few are, why there is nothing to say.
pub fn contributed(
    trials: &[Trial],
    axes: &[Axis],
    headline: Option<usize>,
    metrics: &[Metric],
    worth: Option<&Score>,
) -> (Option<Importance>, String) {
    let Some((at, metric)) = headline.and_then(|h| Some((h, metrics.get(h)?))) else { return (None, "nothing is measured yet".into()) };
    if axes.is_empty() {
        return (None, "the networks of this stage have no choices".into());
    }
    // Of several searches over several spaces, the one with most trials.
    let ready = |s: usize| trials.iter().filter(move |t| t.s == s && t.state == "ready" && t.v[at].is_some());
    let searches = trials.iter().map(|t| t.s + 1).max().unwrap_or(0);
    let shared = |a: usize, b: usize| (0..axes.len()).all(|c| ready(a).any(|t| t.c[c] >= 0) == ready(b).any(|t| t.c[c] >= 0));
    let Some(most) = (0..searches).max_by_key(|&s| (ready(s).count(), std::cmp::Reverse(s))) else { return (None, String::new()) };
    // Searches with the same choices are learnt from together.
    let taken: Vec<&Trial> =
        (0..searches).filter(|&s| s == most || (ready(s).next().is_some() && shared(s, most))).flat_map(ready).collect();
    if taken.len() < FEWEST {
        return (
            None,
            format!(
                "{} are too few to say what a choice contributes: at least {FEWEST} are needed",
                number::counted(taken.len(), "measured network")
            ),
        );
    }
    let chosen: Vec<Chosen> = (0..axes.len()).map(|c| of(&axes[c], c, &taken)).collect();
    let scores: Vec<f64> = taken.iter().map(|t| t.v[at].unwrap_or(f64::NAN)).collect();
    let Some(found) = importance(&chosen, &scores) else {
        return (None, format!("{metric} is the same for all, or no choice differs: nothing can be said of choices"));
    };
    let note = note(&found, metric, worth);
    (Some(found), note)
}

fn of(axis: &Axis, c: usize, trials: &[&Trial]) -> Chosen {
    let mut options = axis.options.clone();
    let absent = trials.iter().any(|t| t.c[c] < 0);
    if absent {
        options.push(ABSENT.into());
    }
    let last = options.len().saturating_sub(1);
    let taken = trials.iter().map(|t| usize::try_from(t.c[c]).unwrap_or(last)).collect();
    Chosen { label: axis.label.clone(), options, ordered: axis.ordered && !absent, taken }
}

/// What is to be known before the shares are read.
fn note(found: &Importance, metric: &Metric, worth: Option<&Score>) -> String {
    let percent = |x: f64| format!("{:.0} %", 100.0 * x);
    let between = found.interval.map_or(String::new(), |(low, high)| format!(" (95 %: {:.0} to {:.0} %)", 100.0 * low, 100.0 * high));
    let mut said = format!(
        "From the choices alone, {}{between} of the spread of {metric} is foreseen in networks that were not learnt from ({} networks).",
        percent(found.explained),
        number::grouped(found.trials as u64)
    );
    let beyond: Vec<String> =
        found.choices.iter().filter(|c| c.is_beyond_chance()).map(|c| format!("`{}` {}", c.label, percent(c.share))).collect();
    if found.explained < LITTLE {
        said += " That is next to nothing: what these networks differ by is luck, or too fine for so few. Read no cause from the bars.";
    } else if beyond.is_empty() {
        said += " No choice contributes more than chance does.";
    } else {
        said += &format!(" More than by chance contribute: {}.", beyond.join(", "));
    }
    if worth.is_some_and(Score::is_luck) {
        said += " The score itself is mostly the luck of the seed (see above).";
    }
    said
}
