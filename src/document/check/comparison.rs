//! The rules of a fair comparison: nothing chooses by the test split, nothing chooses from the answer's figures, and
//! models meet data of the classes that they were built for.

use super::rules::Rules;
use crate::document::pipeline::{Data, DataSource, StageKind, Task};
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Span, Spanned, nearest};

impl Rules<'_> {
    /// What chooses downstream of a stage, if anything does: its place and how.
    fn chooser(&self, stage: usize) -> Option<(Span, String)> {
        let downstream = self.graph.downstream(stage);
        let objective = |i: usize| {
            self.draft.stages.iter().find_map(|s| {
                let objective = s.sample()?.objective.as_ref().filter(|o| self.graph.index.get(&o.stage.value) == Some(&i))?;
                Some((objective.stage.span, format!("guides the search of `{}`", shorten(&s.name.value))))
            })
        };
        let narrows = |i: usize| {
            let waits = self.draft.spaces.iter().flat_map(|s| s.waits());
            let name = waits.into_iter().find(|name| self.graph.index.get(&name.value) == Some(&i))?;
            Some((name.span, "narrows a space".to_string()))
        };
        // What a search begins with it may propose children of, whatever the stage left out.
        let starts = |i: usize| {
            let names = self.draft.stages.iter().filter_map(|s| s.sample()).flat_map(|s| &s.start);
            let name = names.into_iter().find(|name| self.graph.index.get(&name.value) == Some(&i))?;
            Some((name.span, "a search starts with its models".to_string()))
        };
        objective(stage).or_else(|| narrows(stage)).or_else(|| starts(stage)).or_else(|| {
            downstream.iter().find_map(|&i| {
                let stage = &self.draft.stages[i];
                let selects = stage.select().map(|_| (stage.name.span, "chooses by it".to_string()));
                selects.or_else(|| objective(i)).or_else(|| narrows(i)).or_else(|| starts(i))
            })
        })
    }

    /// Splits exist, and `test` is read only where nothing chooses.
    pub(super) fn splits(&mut self) {
        for index in 0..self.draft.stages.len() {
            let folds = self.draft.stages[index].folds().is_some();
            let (data, split, train) = match &self.draft.stages[index].kind {
                StageKind::Train(t) if !t.data.value.is_empty() => (&t.data, &t.split, true),
                StageKind::Evaluate(e) => match &e.data {
                    Some((data, split)) => (data, split, false),
                    None => continue,
                },
                _ => continue,
            };
            // The split that is cut into folds is looked at where it is cut.
            if !folds {
                self.split_exists(data, split);
            }
            self.classes(index, data);
            self.recalibrates(index);
            if split.value != "test" || folds {
                continue;
            }
            if train {
                let d = Diagnostic::error("test-split", "the test split is never trained on", split.span, "read by a `train`");
                self.context.push(d.help("only an `evaluate` from which nothing chooses may read it; write `split=train`"));
            } else if let Some((span, how)) = self.chooser(index) {
                let name = self.name(index);
                let d = Diagnostic::error("test-split", "the test split may not choose", split.span, format!("read by `{name}`"))
                    .also(span, how);
                self.context.push(d.help(
                    "choose on `split=val`; evaluate what was chosen on `split=test` in a stage of its own, from which nothing chooses",
                ));
            }
        }
    }

    pub(super) fn split_exists(&mut self, data: &Spanned<String>, split: &Spanned<String>) {
        let Some(set) = self.draft.data.iter().find(|d| d.name.value == data.value) else { return };
        let own = if let DataSource::Files { format, .. } = &set.source { format.shape().splits } else { &[] };
        let written = set.splits.iter().map(|(n, _)| n.value.as_str());
        let names: Vec<&str> = match (set.source.task(), set.source.is_generated(), set.splits.is_empty()) {
            (_, _, true) => own.to_vec(),
            // Shares are cut from the format's own splits, which stay.
            (Task::Classify, false, false) => own.iter().copied().filter(|n| *n != "all").chain(written).collect(),
            _ => written.collect(),
        };
        if names.is_empty() || names.contains(&split.value.as_str()) {
            return;
        }
        let d = Diagnostic::error(
            "unknown-name",
            format!("`{}` has no split `{}`", shorten(&data.value), shorten(&split.value)),
            split.span,
            "no such split",
        )
        .also(set.name.span, "declared here");
        self.context.join(match nearest(&split.value, names.iter().copied()) {
            Some(near) => d.help(format!("did you mean `{near}`?")),
            None => d.help(format!("its splits: {}", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))),
        });
    }

    pub(super) fn answers(&mut self) {
        if let [first, second, ..] = self.draft.answers.as_slice() {
            let d = Diagnostic::error("given-twice", "a file has one answer", second.name.span, "a second answer");
            self.context.push(d.also(first.name.span, "first here").help("keep the one that the file is for"));
        }
        for answer in &self.draft.answers {
            let Some(&target) = self.graph.index.get(&answer.r#in.value) else { continue };
            let Some(evaluate) = self.draft.stages[target].evaluate() else { continue };
            let there = self.name(target);
            if let Some((span, how)) = self.chooser(target) {
                let d = Diagnostic::error(
                    "answer",
                    format!("`{there}` cannot answer: something chooses from it"),
                    answer.r#in.span,
                    "nothing may choose from this stage",
                )
                .also(span, how);
                self.context.push(d.help("evaluate what was chosen in a stage of its own, on images that nothing has chosen by"));
            }
            self.decides(std::slice::from_ref(&answer.r#in), &answer.by, "compares");
            self.answers_folds(answer.r#in.span, evaluate.folds.as_ref());
            if !evaluate.metrics.iter().any(|m| m.value == answer.by.value) {
                let known: Vec<String> = evaluate.metrics.iter().map(|m| m.value.name()).collect();
                self.not_measured(&answer.by, &answer.r#in.value, &known, answer.r#in.span);
            }
            let upstream = self.graph.upstream(target);
            for name in std::iter::once(&answer.name).chain(answer.against.iter().filter(|a| a.value != answer.name.value)) {
                let Some(&stage) = self.graph.index.get(&name.value) else { continue };
                if !upstream.contains(&stage) {
                    let d = Diagnostic::error(
                        "answer",
                        format!("no model of `{}` comes into `{there}`", shorten(&name.value)),
                        name.span,
                        "not upstream",
                    )
                    .also(answer.r#in.span, "compared here");
                    self.context.push(d.help(format!("let its models be trained and measured there: add it to a `from` above `{there}`")));
                }
            }
            if let Some(same) = answer.against.iter().find(|a| a.value == answer.name.value) {
                self.context.push(Diagnostic::error(
                    "answer",
                    format!("`{}` is compared with itself", shorten(&same.value)),
                    same.span,
                    "the answer itself",
                ));
            }
        }
    }

    /// Models are built for the classes of their space's input.
    fn classes(&mut self, stage: usize, name: &Spanned<String>) {
        let Some(read) = self.draft.data.iter().find(|d| d.name.value == name.value) else { return };
        let known = |d: &Data| match &d.source {
            DataSource::Shapes { classes, .. } | DataSource::Figures { classes, .. } => Some((*classes, Vec::new())),
            _ if d.classes.is_empty() => None, // The disk knows.
            _ => Some((d.classes.len(), d.classes.iter().map(|c| c.value.clone()).collect())),
        };
        for i in self.graph.upstream(stage).into_iter().chain([stage]) {
            let spaces = self.draft.spaces.iter().filter(|s| self.draft.stages[i].from.iter().any(|f| f.value == s.name.value));
            for space in spaces {
                let Some(input) = self.draft.data.iter().find(|d| d.name.value == space.input.value) else { continue };
                let (Some(here), Some(there)) = (known(read), known(input)) else { continue };
                if input.name.value != read.name.value && here != there {
                    let message = format!(
                        "`{}` has other classes than `{}`, for which these models are built",
                        shorten(&name.value),
                        shorten(&input.name.value)
                    );
                    let d = Diagnostic::error("classes", message, name.span, format!("{} classes", here.0))
                        .also(space.input.span, format!("built for {}", there.0));
                    return self.context.push(d.help("read data of the same classes in the same order, or give the space another `input`"));
                }
            }
        }
    }
}
