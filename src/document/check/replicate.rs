//! `replicate`: what is trained once more must be trials that a search trains, each once.

use super::rules::Rules;
use crate::document::pipeline::{Sample, StageKind};
use crate::document::{Diagnostic, Spanned};

impl Rules<'_> {
    /// A search whose trials are trained, each with one seed on one split, and measured once.
    pub(super) fn replicates(&mut self, index: usize, sample: &Sample) {
        let Some(asked) = &sample.replicate else { return };
        if asked.value > sample.trials {
            let message = format!("`replicate {}` of {} trials", asked.value, sample.trials);
            let d = Diagnostic::error("out-of-range", message, asked.span, format!("at most {} expected", sample.trials));
            let d = d.also(sample.trials_span, "so many trials there are");
            self.context.push(d.help("lower it, or raise `trials`"));
        }
        let fault = |message: String, label: &str| Diagnostic::error("replicate", message, asked.span, label.to_string());
        let Some(objective) = &sample.objective else {
            let d = fault("`replicate` measures what an objective is worth, and there is none".into(), "nothing guides this search");
            self.context.push(d.help("add `objective`, or delete `replicate`; `seeds` of a `train` repeats the training of every model"));
            return;
        };
        let Some(&target) = self.graph.index.get(&objective.stage.value) else { return };
        let Some(evaluate) = self.draft.stages[target].evaluate() else { return };
        let there = self.name(target);
        if evaluate.table.is_some() {
            let d = fault(format!("`{there}` looks figures up in a table: nothing is trained"), "there is no training to repeat");
            self.context.push(d.also(objective.stage.span, "reads a table").help("delete `replicate`"));
            return;
        }
        let trains = self.trains_between(index, target);
        if !self.graph.reads[index].is_empty() {
            self.context.push(match trains.is_empty() {
                true => fault("networks of a supernet have its weights, and no trainings of their own".into(), "nothing to repeat")
                    .help("delete `replicate`; `trust` in the `answer` says how well such a ranking agrees with trainings"),
                false => {
                    Diagnostic::error("not-yet", "networks of a supernet cannot be trained once more yet", asked.span, "of a supernet")
                        .help("delete `replicate`; `seeds 2` in their `train` repeats all trainings")
                }
            });
            return;
        }
        if trains.is_empty() {
            let d = fault(format!("nothing is trained before `{there}`"), "there is no training to repeat");
            self.context.push(d.help("delete `replicate`, or put a `train` between"));
            return;
        }
        if !(objective.metric.value.reads_predictions() || objective.metric.value.is_own()) {
            let message = format!("`{}` is the same after every training", objective.metric.value.name());
            let d = fault(message, "nothing to repeat").also(objective.metric.span, "follows from the architecture");
            self.context.push(d.help("delete `replicate`, or search by a metric of the trained network"));
        }
        for stage in trains {
            self.repeated_already(stage, asked);
        }
    }

    /// Where every model is trained several times, these trainings say what the scores are worth.
    fn repeated_already(&mut self, train: usize, asked: &Spanned<usize>) {
        let stage = &self.draft.stages[train];
        let (name, at) = (self.name(train), stage.name.span);
        let Some(held) = stage.train() else { return };
        let fault = |message: String| Diagnostic::error("contradiction", message, asked.span, "trains some of them once more");
        if held.seeds > 1 {
            let d = fault(format!("`{name}` trains every model with {} seeds: they say already what the scores are worth", held.seeds));
            self.context.push(d.also(at, "trains with several seeds").help("delete `replicate`, or `seeds` there"));
        } else if held.folds.is_some() {
            let d = fault(format!("`{name}` trains every model once a fold: `replicate` does not go with folds"));
            self.context.push(d.also(at, "trains over folds").help("delete `replicate`, and write `seeds 2` there"));
        }
    }

    /// The `train` stages on the way from a sample to a stage.
    fn trains_between(&self, sample: usize, stage: usize) -> Vec<usize> {
        let (mut trains, mut at) = (Vec::new(), stage);
        while let Some(before) = self.graph.reads[at].iter().copied().find(|&i| i == sample || self.graph.upstream(i).contains(&sample)) {
            at = before;
            if at == sample {
                break;
            }
            if matches!(self.draft.stages[at].kind, StageKind::Train(_)) {
                trains.push(at);
            }
        }
        trains
    }
}
