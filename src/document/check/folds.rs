//! k-fold: folds are declared, and what was trained without a fold is measured on that fold and nowhere else.

use super::rules::Rules;
use crate::document::context::Context;
use crate::document::pipeline::{Data, Init, StageKind};
use crate::document::shorten::shorten;
use crate::document::typed::Draft;
use crate::document::{Diagnostic, Span, Spanned, nearest};

/// Writes the split that is cut into every stage that reads folds; folds that nobody declares are errors.
pub fn resolve(context: &mut Context, draft: &mut Draft) {
    let Draft { data, stages, .. } = draft;
    for stage in stages {
        let (set, split, folds) = match &mut stage.kind {
            StageKind::Train(train) => (&train.data, &mut train.split, &train.folds),
            StageKind::Evaluate(evaluate) => match &mut evaluate.data {
                Some((data, split)) => (&*data, split, &evaluate.folds),
                None => continue,
            },
            _ => continue,
        };
        let (Some(folds), Some(set)) = (folds, data.iter().find(|d| d.name.value == set.value)) else { continue };
        match set.folds(&folds.value) {
            Some(known) => split.value.clone_from(&known.of.value),
            None => context.join(unknown(set, folds)),
        }
    }
}

fn unknown(set: &Data, folds: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` has no folds `{}`", shorten(&set.name.value), shorten(&folds.value));
    let d = Diagnostic::error("unknown-name", message, folds.span, "no such folds").also(set.name.span, "declared here");
    let names: Vec<&str> = set.folds.iter().map(|f| f.name.value.as_str()).collect();
    match (nearest(&folds.value, names.iter().copied()), names.as_slice()) {
        (Some(near), _) => d.help(format!("did you mean `{near}`?")),
        (None, []) => d.help(format!("declare them in the data set, beside `split`: `folds \"{}\" 5 of=train`", shorten(&folds.value))),
        (None, names) => d.help(format!("its folds: {}", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))),
    }
}

impl Rules<'_> {
    /// What is asked of one stage, and, with the first, of every `folds` line.
    pub(super) fn folds(&mut self, index: usize) {
        if index == 0 {
            self.cut_splits();
        }
        let stage = &self.draft.stages[index];
        match &stage.kind {
            StageKind::Train(train) => match &train.folds {
                Some(folds) => self.trains_folds(index, folds),
                None if matches!(train.init, Init::Continue) => self.continues_folds(index),
                None => {}
            },
            StageKind::Evaluate(evaluate) if evaluate.table.is_none() => match (&evaluate.data, &evaluate.folds) {
                (Some((data, _)), Some(folds)) => self.measures_folds(index, data, folds),
                (Some((_, split)), None) if evaluate.metrics.iter().any(|m| m.value.reads_predictions() || m.value.is_by_command()) => {
                    self.measures_a_split(index, split);
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// The split that is cut is there.
    fn cut_splits(&mut self) {
        let all: Vec<_> = self.draft.data.iter().flat_map(|d| d.folds.iter().map(|f| (d.name.clone(), f.of.clone()))).collect();
        for (data, of) in all {
            self.split_exists(&data, &of);
        }
    }

    fn trains_folds(&mut self, index: usize, folds: &Spanned<String>) {
        let stage = &self.draft.stages[index];
        let Some(train) = stage.train() else { return };
        if self.draft.supernet(stage).is_some() {
            let d = Diagnostic::error("not-yet", "a supernet cannot be trained over folds yet", folds.span, "a supernet reads one split");
            let d = d.also(stage.name.span, "trains a space");
            return self
                .context
                .push(d.help("write `split=train`; networks that are sampled from it can be trained over folds, from scratch"));
        }
        let word = match &train.init {
            Init::Continue => self.goes_on(index).trim_start_matches("init "),
            Init::Inherit => "inherit",
            Init::From(..) => "from",
            Init::File(..) => "file",
            _ => return,
        };
        let word = if word == "prune" { word.to_string() } else { format!("init {word}") };
        let message = format!("`{word}` does not go with folds: those weights may have seen the images that are left out");
        let d = Diagnostic::error("folds", message, folds.span, "each training must not know its fold");
        self.context.push(d.also(stage.name.span, "starts from weights").help("write `init scratch`, or train on one split"));
    }

    fn continues_folds(&mut self, index: usize) {
        let Some((from, source)) = self.trained_by(index).into_iter().find(|(_, t)| self.draft.stages[*t].folds().is_some()) else {
            return;
        };
        let word = self.goes_on(index);
        let message = format!("`{word}` cannot go on from a training over folds: it gave as many weights as there are folds");
        let d =
            Diagnostic::error("folds", message, from, "trained once a fold").also(self.draft.stages[source].name.span, "trains over folds");
        self.context.push(d.help("write `init scratch`, or go on from a training on one split"));
    }

    /// Every model was trained over these very folds.
    fn measures_folds(&mut self, index: usize, data: &Spanned<String>, folds: &Spanned<String>) {
        let shown = shorten(&folds.value);
        let fits = |train: usize| {
            let own = self.draft.stages[train].folds();
            own.is_some_and(|(set, of)| set.value == data.value && of.value == folds.value)
        };
        let found = self.trained_by(index).into_iter().find(|(_, train)| !fits(*train));
        let (from, also) = match found {
            Some((from, train)) => (from, Some(self.draft.stages[train].name.span)),
            None => match self.carrying(index, |c| c.none || c.shared) {
                Some(from) => (from.span, None),
                None => return,
            },
        };
        let message = format!("only what was trained over the folds `{shown}` can be measured on them");
        let d = Diagnostic::error("folds", message, folds.span, "on the fold that a training left out");
        let trained = if also.is_some() { "trained otherwise" } else { "not trained here" };
        let d = also.into_iter().fold(d.also(from, trained), |d, span| d.also(span, "by this"));
        self.context.push(
            d.help(format!("train them by `data \"{}\" folds=\"{shown}\"`; or measure on a split: `split=val`", shorten(&data.value))),
        );
    }

    /// No model was trained over folds.
    fn measures_a_split(&mut self, index: usize, split: &Spanned<String>) {
        let found = self.trained_by(index).into_iter().find_map(|(from, t)| Some((from, t, self.draft.stages[t].folds()?)));
        let Some((from, train, (data, folds))) = found else { return };
        let message = format!("what was trained over folds is measured on them, not on `{}`", shorten(&split.value));
        let d = Diagnostic::error("folds", message, split.span, "one split").also(from, "trained once a fold");
        let d = d.also(self.draft.stages[train].name.span, "by this");
        self.context.push(d.help(format!(
            "write `data \"{}\" folds=\"{}\"`; for figures on another split, train on one split",
            shorten(&data.value),
            shorten(&folds.value)
        )));
    }

    /// An answer compares runs that saw the same images.
    pub(super) fn answers_folds(&mut self, within: Span, folds: Option<&Spanned<String>>) {
        let Some(folds) = folds else { return };
        let d = Diagnostic::error("folds", "an answer does not compare over folds", within, "nothing is compared here")
            .also(folds.span, "measured fold by fold");
        self.context.push(d.help(
            "the trainings of two folds share most of their images, so an interval over folds would be too narrow; \
             choose over folds, train what was chosen on one split, and answer by figures on `test`",
        ));
    }

    /// Over how many folds a stage trains; 1 where over none.
    pub(super) fn fold_count(&self, stage: usize) -> usize {
        let Some((data, folds)) = self.draft.stages[stage].folds() else { return 1 };
        let set = self.draft.data.iter().find(|d| d.name.value == data.value);
        set.and_then(|set| set.folds(&folds.value)).map_or(1, |folds| folds.count.value)
    }

    /// The trainings that gave a stage's models their weights: by which `from`, and which stage.
    fn trained_by(&self, index: usize) -> Vec<(Span, usize)> {
        let mut all = Vec::new();
        for from in &self.draft.stages[index].from {
            let mut next: Vec<usize> = self.graph.index.get(&from.value).copied().into_iter().collect();
            let mut seen = std::collections::HashSet::new();
            while let Some(i) = next.pop() {
                match self.draft.stages[i].kind {
                    StageKind::Train(_) => all.push((from.span, i)),
                    StageKind::Sample(_) => {}
                    _ if seen.insert(i) => next.extend(&self.graph.reads[i]),
                    _ => {}
                }
            }
        }
        all
    }
}
