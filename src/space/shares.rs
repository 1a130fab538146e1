//! How much of a space meets its bounds, and that none of it does.

use super::bounds::{Bound, MEASURE};
use super::sample::Sample;
use super::space::Space;
use crate::document::{Diagnostic, Severity};

/// Samples of a large space among which one that meets the bounds is looked for.
const LOOKED: u64 = 256;
/// The same, of those that are not known to be refused.
const WITHIN: u64 = 20_000;
/// Passes over the decisions before the least figure of a bound is given up improving.
const PASSES: usize = 4;
/// Below this share of random samples, it is counted among those that are not known to be refused.
const FEW: f64 = 0.02;

/// So many times as many draws are made there.
const DRAWS: u64 = 30;

/// How many samples meet the bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// Whether every sample was counted; else they were drawn.
    pub exact: bool,
    /// Samples looked at.
    pub samples: usize,
    /// The share of samples that can be built and meet all bounds; where they were drawn, of draws.
    pub admitted: f64,
    /// The smallest share that could be told: that of one sample, or draw.
    pub least: f64,
    /// For each bound, how many of those looked at meet it.
    pub per_bound: Vec<usize>,
}

impl Space {
    /// How many samples meet each bound and all of them: of all samples where there are at most `limit`, else of
    /// `limit` random ones.
    pub fn shares(&self, limit: usize) -> Shares {
        let all = self.enumerate(limit);
        let exact = all.is_some();
        let samples = all.unwrap_or_else(|| (0..limit as u64).map(|i| self.random(0, &[u64::MAX, i])).collect());
        let mut per_bound = vec![0; self.bounds.len()];
        let mut admitted = 0u32;
        for met in samples.iter().filter_map(|sample| self.meets(sample)) {
            for (count, met) in per_bound.iter_mut().zip(&met) {
                *count += usize::from(*met);
            }
            admitted += u32::from(met.iter().all(|m| *m));
        }
        let least = 1.0 / samples.len().max(1) as f64;
        let mut shares =
            Shares { exact, samples: samples.len(), admitted: f64::from(admitted) / samples.len().max(1) as f64, least, per_bound };
        if !exact
            && shares.admitted < FEW
            && let Some(envelope) = self.envelope()
        {
            let draws = limit as u64 * DRAWS;
            let within = self.random_within(0, u64::MAX, 0..draws).filter(|s| self.admitted(s)).count();
            shares.least = envelope.share() / draws.max(1) as f64;
            shares.admitted = shares.least * within as f64;
        }
        shares
    }

    /// Which bounds a sample meets; none where it is no candidate.
    fn meets(&self, sample: &Sample) -> Option<Vec<bool>> {
        let architecture = self.architecture(sample).ok()?;
        let cost = architecture.cost().ok()?;
        let meets = |b: &Bound| b.of(&architecture, Some(&cost)).is_ok_and(|x| b.admits(x));
        Some(self.bounds.iter().map(meets).collect())
    }

    /// Whether a sample is a candidate.
    fn admitted(&self, sample: &Sample) -> bool {
        self.meets(sample).is_some_and(|met| met.iter().all(|m| *m))
    }

    /// What is wrong with bounds that no sample meets: an error where that is proven, a warning where none was found.
    pub fn nothing_meets(&self) -> Option<Diagnostic> {
        let first = self.bounds.first()?;
        if self.admitted(&self.reference()) || (0..LOOKED).any(|i| self.admitted(&self.random(0, &[u64::MAX, i]))) {
            return None;
        }
        let few = self.enumerate(LOOKED as usize * 16);
        let share = self.envelope().map_or(1.0, |e| e.share());
        let found = match &few {
            Some(all) => all.iter().any(|s| self.admitted(s)),
            None => self.random_within(0, u64::MAX, 0..WITHIN).any(|s| self.admitted(&s)),
        };
        if found {
            return None;
        }
        let closest: Vec<Option<(Sample, f64)>> = self.bounds.iter().map(|b| self.closest(b)).collect();
        if closest.iter().flatten().any(|(sample, _)| self.admitted(sample)) {
            return None;
        }
        // The bound that not even the sample closest to it meets; else they exclude one another.
        let missed = self.bounds.iter().zip(&closest).find(|(b, found)| found.as_ref().is_some_and(|(_, x)| !b.admits(*x)));
        let proven = few.is_some() || share == 0.0;
        let none = if proven { format!("no network of `{}`", self.name) } else { format!("no network of `{}` was found that", self.name) };
        let mut d = match missed {
            Some((bound, Some((_, x)))) => {
                let (side, x) = (if bound.max.is_some_and(|max| *x > max) { "smallest" } else { "largest" }, bound.say(*x));
                let message = format!("{none} meets {}: the {side} that was found has {x}", bound.text());
                Diagnostic::error(
                    "empty-bound",
                    message,
                    bound.span,
                    format!("{x} at the {}", if side == "smallest" { "least" } else { "most" }),
                )
            }
            _ => {
                let what = if self.bounds.len() > 1 { "all bounds at once" } else { "the bounds of this space" };
                let d = Diagnostic::error("empty-bound", format!("{none} meets {what}"), first.span, "one of them");
                self.bounds.iter().skip(1).fold(d, |d, b| d.also(b.span, "one of them"))
            }
        };
        if !proven {
            d.severity = Severity::Warning;
        }
        let table = self.bounds.iter().any(|b| b.table.is_some());
        Some(d.help(match table {
            true => format!("raise the bound, or give the space smaller values; {MEASURE}"),
            false => "raise the bound, or give the space smaller values".to_string(),
        }))
    }

    /// The sample whose figure is on the better side of a bound, and the figure: from the reference and a few random ones on, each
    /// decision in turn takes the best option, the others held, until a pass changes nothing.
    fn closest(&self, bound: &Bound) -> Option<(Sample, f64)> {
        let sign = if bound.max.is_some() { 1.0 } else { -1.0 };
        let figure = |sample: &Sample| Some(sign * bound.of(&self.architecture(sample).ok()?, None).ok()?);
        let starts = std::iter::once(self.reference()).chain((0..3).map(|i| self.random(0, &[u64::MAX - 2, i])));
        let mut best: Option<(Sample, f64)> = None;
        for mut sample in starts {
            let Some(mut least) = figure(&sample) else { continue };
            for _ in 0..PASSES {
                let before = sample.clone();
                for d in 0..self.structure.decisions.len() {
                    for option in 0..self.structure.decisions[d].options.len() {
                        if sample.option(d).is_none_or(|taken| taken == option) {
                            continue;
                        }
                        let other = self.sample(|asked| if asked == d { option } else { sample.option(asked).unwrap_or(0) });
                        if let Some(x) = figure(&other).filter(|x| *x < least) {
                            (sample, least) = (other, x);
                        }
                    }
                }
                if sample == before {
                    break;
                }
            }
            if best.as_ref().is_none_or(|(_, x)| least < *x) {
                best = Some((sample, least));
            }
        }
        best.map(|(sample, x)| (sample, sign * x))
    }
}
