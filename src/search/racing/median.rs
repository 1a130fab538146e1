//! `stop-early median`: the median stopping rule (Golovin et al. 2017, as in NNI). At every rung a trial ends where its best score so far
//! is below the median, over the trials that were trained to the end, of their mean scores up to that epoch.
//!
//! The oldest trial that may go on goes on before a new one is started, so with `window=4` four are under way together. Before
//! `startup` trials were trained to the end, none is stopped (Syne Tune's grace population).

use super::rule::{Field, Rule, Stopping};
use super::rungs::{MIN_EPOCHS, WORST, early_enough};
use crate::document::{Diagnostic, Field as Property, Preset, Raced, Type, Word};

/// The descriptor.
pub(super) static RULE: Stopping = Stopping {
    word: Word::new("median", "Median stopping (Golovin et al. 2017): who is worse than half of the others were so early ends.")
        .fields(&[
            MIN_EPOCHS,
            Property::one("interval", &[Type::Int(1, 1_000_000)], "", "Every how many epochs trials are read.").preset(Preset::Int(1)),
            Property::one("startup", &[Type::Int(1, 1_000_000)], "", "How many trials must be trained to the end before any is stopped.")
                .preset(Preset::Int(5)),
            WORST,
        ])
        .example("stop-early median min-epochs=2 startup=5"),
    check,
    build: |settings| {
        let (min_epochs, interval) = (settings.count("min-epochs")?.max(1), settings.count("interval")?.max(1));
        Ok(Box::new(Median { min_epochs, interval, startup: settings.count("startup")?.max(1) }))
    },
};

struct Median {
    min_epochs: usize,
    interval: usize,
    startup: usize,
}

fn check(raced: &Raced) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = early_enough(raced).into_iter().collect();
    if let (Ok(startup), Some(trials)) = (raced.settings.count("startup"), &raced.trials)
        && trials.value <= startup
    {
        let message = format!("{} trials, of which the first {startup} are never stopped", trials.value);
        let d = Diagnostic::warning("few-trials", message, trials.span, "none is left to stop");
        found.push(d.help("raise `trials`, or lower `startup`"));
    }
    found
}

impl Rule for Median {
    fn rungs(&self, epochs: usize) -> Vec<usize> {
        let mut rungs: Vec<usize> = (self.min_epochs..epochs).step_by(self.interval).collect();
        rungs.push(epochs);
        rungs
    }

    fn next(&self, field: &Field) -> Option<usize> {
        (0..field.lanes.len()).find(|&t| field.lanes[t].waits(field.rungs))
    }

    fn ends(&self, field: &Field, trial: usize) -> bool {
        let own = &field.lanes[trial].values;
        let (last, Some(best)) = (field.rungs.len() - 1, own.iter().flatten().copied().reduce(f64::max)) else { return true };
        let whole = field.lanes.iter().enumerate().filter(|&(t, lane)| t != trial && lane.at(last).flatten().is_some());
        let mut means: Vec<f64> = whole.filter_map(|(_, lane)| lane.mean(own.len())).collect();
        if means.len() < self.startup {
            return false;
        }
        means.sort_by(f64::total_cmp);
        let half = means.len() / 2;
        let median = if means.len() % 2 == 1 { means[half] } else { (means[half - 1] + means[half]) / 2.0 };
        best < median
    }
}
