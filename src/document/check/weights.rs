//! Initial weights and supernets: what a training starts from, and whose weights are measured.

use super::rules::Rules;
use crate::document::pipeline::{Evaluate, Init, Matching, SelectBy, StageKind, Train};
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Metric, Span, Spanned};

const PARTLY: &str = "these have a part of their weights trained, the rest not";

impl Rules<'_> {
    /// Whether networks of a supernet come here that trains a part of its channels: by which `from`, its method and its place.
    fn partly(&self, index: usize) -> Option<(Span, &'static str, Span)> {
        let method = |train: &usize| match &self.draft.stages[*train].kind {
            StageKind::Train(train) => {
                let method = train.method.filter(|m| m.traits().partial)?;
                Some((method.name(), train.oneshot.as_ref()?.span))
            }
            _ => None,
        };
        self.draft.stages[index].from.iter().find_map(|from| {
            let (mut next, mut seen) = (vec![*self.graph.index.get(&from.value)?], std::collections::HashSet::new());
            while let Some(i) = next.pop() {
                match self.draft.stages[i].kind {
                    StageKind::Train(_) => {}
                    StageKind::Sample(_) => match self.graph.reads[i].iter().find_map(method) {
                        Some((word, span)) => return Some((from.span, word, span)),
                        None => continue,
                    },
                    _ if seen.insert(i) => next.extend(&self.graph.reads[i]),
                    _ => {}
                }
            }
            None
        })
    }

    /// A `train` of models.
    pub(super) fn train(&mut self, index: usize, train: &Train) {
        self.written(index, train);
        self.placed(index, train);
        match &train.init {
            Init::Continue => self.continues(index),
            Init::Inherit => self.inherits(index),
            Init::From(name, _) => self.one_network(name),
            Init::Scratch | Init::File(..) => {}
        }
    }

    /// Places are those of a space as it is written, so weights of another network do not go into one that waits to be narrowed,
    /// nor out of one.
    fn placed(&mut self, index: usize, train: &Train) {
        let (at, source) = match &train.init {
            Init::From(name, _) => (name, self.graph.index.get(&name.value).copied()),
            Init::File(path, _) => (path, None),
            _ => return,
        };
        let (mut open, mut seen) = (vec![index], std::collections::HashSet::new());
        open.extend(source);
        while let Some(stage) = open.pop().filter(|&stage| stage < self.draft.stages.len()) {
            if !seen.insert(stage) {
                continue;
            }
            let from = &self.draft.stages[stage].from;
            let spaces = self.draft.spaces.iter().filter(|s| from.iter().any(|f| f.value == s.name.value));
            if let Some(waits) = spaces.flat_map(|s| s.waits()).next() {
                let message = "weights of another network in a space that waits for a stage are not supported yet";
                let d = Diagnostic::error("not-yet", message, at.span, "not yet").also(waits.span, "the space waits for this one");
                return self.context.push(d.help("write the values that are kept in place of `from=`, or `init scratch`"));
            }
            open.extend(&self.graph.reads[stage]);
        }
    }

    /// `init` must be written where the incoming models carry weights.
    fn written(&mut self, index: usize, train: &Train) {
        let Some(from) = self.carrying(index, |c| c.own || c.shared).filter(|_| !train.init_written) else { return };
        let shared = self.carrying(index, |c| c.shared).is_some();
        let d = Diagnostic::error("missing", "`init` must be written here", self.draft.stages[index].name.span, "`init` is missing")
            .also(from.span, "these models carry weights");
        self.context.push(d.help(if shared {
            "write `init scratch` to train them anew, or `init inherit` to go on from the supernet's weights"
        } else {
            "write `init scratch` to train them anew, or `init continue` to go on from their weights"
        }));
    }

    /// What others start from is one network.
    fn one_network(&mut self, name: &Spanned<String>) {
        let Some(&source) = self.graph.index.get(&name.value) else { return };
        if self.draft.stages[source].train().is_none() || self.draft.supernet(&self.draft.stages[source]).is_some() {
            return;
        }
        if self.draft.stages[source].folds().is_some() {
            let message = "`init from=` needs one network: a training over folds gave as many weights as there are folds";
            let d = Diagnostic::error("folds", message, name.span, "trained once a fold");
            let d = d.also(self.draft.stages[source].name.span, "trains over folds");
            return self.context.push(d.help("name a training on one split"));
        }
        let most = self.at_most(source, 0);
        if most > 1 {
            let message = format!("`{}` may train {most} networks: which of them is it?", shorten(&name.value));
            let d = Diagnostic::error("several-networks", message, name.span, "one network expected");
            let d = d.also(self.draft.stages[source].name.span, "trains them");
            self.context.push(
                d.help("others start from one: let that `train` read one network (`strategy reference`, or a `select` with `top 1`)"),
            );
        }
    }

    /// The most networks that a stage leaves.
    pub(super) fn at_most(&self, stage: usize, depth: usize) -> usize {
        // A cycle was reported.
        if depth > self.draft.stages.len() {
            return 0;
        }
        let read = || self.graph.reads[stage].iter().map(|&s| self.at_most(s, depth + 1)).fold(0, usize::saturating_add);
        match &self.draft.stages[stage].kind {
            StageKind::Sample(sample) => sample.trials,
            StageKind::Train(_) => read(),
            StageKind::Evaluate(evaluate) => read().saturating_mul(evaluate.at.len().max(1)),
            StageKind::Select(select) => match &select.by {
                SelectBy::Top(n, _) => read().min(*n),
                SelectBy::Pareto(_) | SelectBy::All => read(),
            },
        }
    }

    /// What goes on from the incoming models' own weights, as it is written.
    pub(super) fn goes_on(&self, index: usize) -> &'static str {
        if self.draft.stages[index].train().is_some_and(|t| t.prune.is_some()) { "prune" } else { "init continue" }
    }

    fn continues(&mut self, index: usize) {
        let word = self.goes_on(index);
        if let Some(from) = self.carrying(index, |c| c.none) {
            let message = format!("`{word}` needs models that carry weights");
            let d = Diagnostic::error("no-weights", message, from.span, "never trained");
            self.context.push(d.help(if word == "prune" { "train them first" } else { "write `init scratch`, or train them first" }));
        } else if let Some(from) = self.carrying(index, |c| c.shared) {
            let message = format!("`{word}` needs models that were trained themselves");
            let d = Diagnostic::error("no-weights", message, from.span, "these have the weights of a supernet");
            let first = "train them first: `init inherit` goes on from those";
            self.context.push(d.help(if word == "prune" { first } else { "write `init inherit` to go on from those" }));
        }
    }

    fn inherits(&mut self, index: usize) {
        if let Some((from, word, method)) = self.partly(index) {
            let d = Diagnostic::error("partial-weights", "`init inherit` takes over weights that were never trained here", from, PARTLY);
            self.context.push(
                d.also(method, "trains a part of the channels").help(format!("write `init scratch`: what `{word}` finds is trained anew")),
            );
        }
        let Some(from) = self.carrying(index, |c| c.none || c.own) else { return };
        let own = self.carrying(index, |c| c.own).is_some_and(|own| own.value == from.value);
        let label = if own { "these were trained themselves" } else { "never trained" };
        let d = Diagnostic::error("no-weights", "`init inherit` needs networks of a supernet", from.span, label);
        self.context.push(d.help(if own {
            "write `init continue` to go on from their own weights, or `init scratch`"
        } else {
            "write `init scratch`, or sample them from a supernet: `from` a `train` over a space"
        }));
    }

    /// A `train` of a space.
    pub(super) fn supernet(&mut self, index: usize, train: &Train) {
        let stage = &self.draft.stages[index];
        let Some(space) = self.draft.supernet(stage).map(|s| s.name.value.clone()) else { return };
        let Some(from) = stage.from.iter().find(|f| f.value == space) else { return };
        let name = shorten(&space);
        let waits = self.draft.spaces.iter().filter(|s| s.name.value == space).flat_map(|s| s.waits()).next();
        if let Some(waits) = waits {
            let d = Diagnostic::error("not-yet", "a supernet whose space waits for a stage is not supported yet", from.span, "not yet");
            let d = d.also(waits.span, "it waits for this one");
            self.context.push(d.help("write the values that are kept; or sample the space, and train its networks one by one"));
        }
        if train.oneshot.is_none() {
            let message = format!("`{name}` is a space: to train it needs a `method`");
            let d = Diagnostic::error("missing", message, from.span, "a space, and no `method` for one");
            self.context.push(d.help(format!(
                "write `method single-path` to train one network that holds them all; or sample it first: `sample \"trials\" {{ from \"{name}\"; … }}`"
            )));
        }
        let word = match &train.init {
            Init::From(name, Matching::Overlap) if self.is_supernet(name) => {
                let message = "a supernet takes over from another what has the same place and shape";
                let d = Diagnostic::error("not-yet", message, name.span, "a supernet: `match=overlap` is for one network");
                return self.context.push(d.help("write `match=names`, or start from a `train` of one network"));
            }
            Init::From(name, _) => return self.one_network(name),
            Init::Scratch | Init::File(..) => return,
            // That was said.
            Init::Continue if train.prune.is_some() => return,
            Init::Continue => "continue",
            Init::Inherit => "inherit",
        };
        let d = Diagnostic::error("no-weights", format!("`init {word}` needs models that carry weights"), from.span, "a space has none");
        self.context.push(d.help("write `init scratch`, or `init from=\"NAME\" match=names` to start from another training"));
    }

    fn is_supernet(&self, name: &Spanned<String>) -> bool {
        self.graph.index.get(&name.value).is_some_and(|&i| self.draft.supernet(&self.draft.stages[i]).is_some())
    }

    /// An `evaluate` that networks of a supernet may come into.
    pub(super) fn subnets(&mut self, index: usize, evaluate: &Evaluate) {
        if evaluate.table.is_some() {
            return;
        }
        let stage = &self.draft.stages[index];
        let shared = self.carrying(index, |c| c.shared).map(|f| f.span);
        let (first, observed) = {
            let find = |f: fn(&Metric) -> bool| evaluate.metrics.iter().find(|m| f(&m.value));
            (find(Metric::reads_predictions), find(Metric::is_observation))
        };
        if let (Some((from, word, method)), Some(metric)) = (self.partly(index), first) {
            let message = format!("`{}` cannot be measured inside a supernet of `{word}`", metric.value.name());
            let d = Diagnostic::error("partial-weights", message, metric.span, "over weights that were never trained");
            let d = d.also(from, PARTLY).also(method, "trains a part of the channels");
            return self.context.push(d.help("train them first, with `init scratch`, and measure that; or search with `method darts`"));
        }
        match (&evaluate.recalibrate, shared) {
            (None, Some(from)) if first.is_some() => {
                let d = Diagnostic::error(
                    "missing",
                    "`recalibrate` must be written here",
                    stage.name.span,
                    "how do they come to batch norm of their own?",
                );
                self.context.push(d.also(from, "these share the weights of a supernet").help(
                    "write `recalibrate batches=20 split=train`, or `recalibrate off` to take the supernet's statistics as they are",
                ));
            }
            (Some(line), None) => {
                let d = Diagnostic::error("no-supernet", "`recalibrate` is for networks of a supernet", line.span, "none comes here");
                self.context.push(d.help("networks that were trained themselves have their statistics; delete this line"));
            }
            (Some(line), Some(_)) if evaluate.data.is_none() => {
                let d = Diagnostic::error("missing", "`recalibrate` reads images", line.span, "`data` is missing");
                self.context.push(d.help("name the images and the split: `data \"shapes\" split=val`; or delete this line"));
            }
            _ => {}
        }
        if let (Some(metric), Some(from)) = (observed, shared) {
            let message = format!("`{}` is measured on networks with weights of their own", metric.value.name());
            let d = Diagnostic::error("no-weights", message, metric.span, "not in a supernet").also(from, "these share a supernet's");
            self.context.push(d.help("train them first (`init inherit`), and measure it there"));
        }
    }

    /// The split that batch norm is recalibrated on is there, and is not `test`.
    pub(super) fn recalibrates(&mut self, index: usize) {
        let Some(evaluate) = self.draft.stages[index].evaluate() else { return };
        let (Some((data, _)), Some(line)) = (&evaluate.data, &evaluate.recalibrate) else { return };
        let Some(split) = line.value.split() else { return };
        self.split_exists(data, split);
        if split.value == "test" {
            let d = Diagnostic::error("test-split", "the test split is never trained on", split.span, "read by `recalibrate`");
            self.context.push(d.help("statistics of batch norm are part of the weights; write `split=train`"));
        }
    }
}
