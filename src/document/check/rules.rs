//! The rules of language.md that need the graph: what may decide, what may read the test split, what carries weights.

use super::Graph;
use crate::document::context::Context;
use crate::document::pipeline::{Metric, Objective, SelectBy, StageKind};
use crate::document::shorten::shorten;
use crate::document::typed::Draft;
use crate::document::{Diagnostic, Span, Spanned, nearest};

/// All of them; the graph has no cycle.
pub fn all(context: &mut Context, draft: &Draft, graph: &Graph) {
    let mut rules = Rules { context, draft, graph };
    for index in 0..draft.stages.len() {
        rules.stage(index);
        rules.folds(index);
    }
    rules.splits();
    rules.answers();
    rules.trust();
    rules.unused();
}

/// Stages that wait for each other.
pub fn cycle(context: &mut Context, draft: &Draft, cycle: &[usize]) {
    let name = |i: &usize| format!("`{}`", shorten(&draft.stages[*i].name.value));
    let Some(first) = cycle.first() else { return };
    let path = cycle.iter().chain([first]).map(name).collect::<Vec<_>>().join(" → ");
    let from = |i: usize, source: usize| {
        let stage = &draft.stages[i];
        let waits: Vec<&Spanned<String>> = stage.train().into_iter().flat_map(|train| train.waits()).collect();
        let space = draft.spaces.iter().find(|s| stage.from.iter().any(|f| f.value == s.name.value));
        let narrows = space.map_or(Vec::new(), |s| s.waits());
        let start = stage.sample().map_or(&[][..], |s| &s.start);
        let mut names = stage.from.iter().chain(waits).chain(&narrows).chain(start);
        names.find(|f| f.value == draft.stages[source].name.value).map_or(stage.name.span, |f| f.span)
    };
    let mut d = None;
    for (k, &stage) in cycle.iter().enumerate() {
        let source = cycle[(k + cycle.len() - 1) % cycle.len()];
        let (span, label) = (from(stage, source), format!("{} reads {}", name(&stage), name(&source)));
        d = Some(match d {
            None => Diagnostic::error("cycle", format!("these stages wait for each other: {path}"), span, label),
            Some(d) => Diagnostic::also(d, span, label),
        });
    }
    if let Some(d) = d {
        context.push(d.help("results go back to a `sample` only by its `objective`; everything else reads what was there before"));
    }
}

/// What weights models carry; those of several stages may differ.
#[derive(Clone, Copy, Default)]
pub(super) struct Carried {
    /// Some were trained themselves.
    pub own: bool,
    /// Some inherit those of a supernet.
    pub shared: bool,
    /// Some have none.
    pub none: bool,
}

/// The rules with what they look at.
pub(super) struct Rules<'a> {
    pub(super) context: &'a mut Context,
    pub(super) draft: &'a Draft,
    pub(super) graph: &'a Graph,
}

impl Rules<'_> {
    pub(super) fn name(&self, stage: usize) -> String {
        shorten(&self.draft.stages[stage].name.value)
    }

    fn stage(&mut self, index: usize) {
        let stage = &self.draft.stages[index];
        if let StageKind::Train(train) = &stage.kind {
            self.budget(index, train);
            self.runner(index, train);
            self.teacher(index, train);
            self.prunes(index, train);
        }
        match &stage.kind {
            StageKind::Sample(sample) => {
                self.draws_learned(index, sample);
                self.replicates(index, sample);
                if let Some(objective) = &sample.objective {
                    for (metric, _) in objective.goals() {
                        self.decides(std::slice::from_ref(&objective.stage), metric, "guides a search");
                    }
                    self.objective(index, &objective.stage, objective);
                    self.stops(index, sample, objective);
                }
            }
            StageKind::Train(train) if self.draft.supernet(stage).is_some() => self.supernet(index, train),
            StageKind::Train(train) => self.train(index, train),
            // A table needs no weights.
            StageKind::Evaluate(evaluate) if evaluate.table.is_some() => {}
            StageKind::Evaluate(evaluate) => {
                self.trained(index, &evaluate.metrics);
                self.subnets(index, evaluate);
                self.likelihood(index, evaluate);
                self.measures_own(index, evaluate);
                for &epoch in &evaluate.at {
                    self.at(index, epoch);
                }
            }
            StageKind::Select(select) => {
                let mut metrics: Vec<&Spanned<Metric>> = select.bounds.iter().map(|b| &b.metric).collect();
                match &select.by {
                    SelectBy::Top(_, metric) => metrics.push(metric),
                    SelectBy::Pareto(all) => metrics.extend(all),
                    SelectBy::All => {}
                }
                for metric in metrics {
                    self.decides(&stage.from, metric, "chooses");
                    self.measured(index, metric);
                }
            }
        }
    }

    /// Nothing that this machine says decides. What a table says of another machine is a figure like its others.
    pub(super) fn decides(&mut self, from: &[Spanned<String>], metric: &Spanned<Metric>, how: &str) {
        let machine = |name: &Spanned<String>| self.graph.index.get(&name.value).is_some_and(|&stage| self.observes(stage, &metric.value));
        if metric.value.is_observation() && from.iter().any(machine) {
            let (name, costs) = (metric.value.name(), self.context.language.costs("or"));
            let d = Diagnostic::error(
                "observation",
                format!("`{name}` is measured on this machine: it may be reported, never decide"),
                metric.span,
                how.to_string(),
            );
            self.context
                .push(d.help(format!("the result would depend on the machine; use {costs}, or read it from a table (`method table`)")));
        }
    }

    /// Whether this machine is asked for a metric at a stage, or at one that it chooses from.
    fn observes(&self, stage: usize, metric: &Metric) -> bool {
        match &self.draft.stages[stage].kind {
            StageKind::Evaluate(evaluate) => evaluate.observed().any(|m| m == metric),
            StageKind::Select(_) => self.graph.reads[stage].iter().any(|&read| self.observes(read, metric)),
            _ => false,
        }
    }

    /// What weights the models of a stage carry.
    pub(super) fn weights(&self, stage: usize) -> Carried {
        let mut next = vec![stage];
        let mut carried = Carried::default();
        let mut seen = std::collections::HashSet::new();
        while let Some(i) = next.pop() {
            match self.draft.stages[i].kind {
                StageKind::Train(_) => carried.own = true,
                // What a sample reads among stages is a supernet.
                StageKind::Sample(_) if self.graph.reads[i].is_empty() => carried.none = true,
                StageKind::Sample(_) => carried.shared = true,
                _ if seen.insert(i) => next.extend(&self.graph.reads[i]),
                _ => {}
            }
        }
        carried
    }

    /// The first name in a stage's `from` whose models carry such weights.
    pub(super) fn carrying(&self, index: usize, which: impl Fn(Carried) -> bool) -> Option<&Spanned<String>> {
        let from = &self.draft.stages[index].from;
        from.iter().find(|f| self.graph.index.get(&f.value).is_some_and(|&i| which(self.weights(i))))
    }

    fn trained(&mut self, index: usize, metrics: &[Spanned<Metric>]) {
        let Some(metric) = metrics.iter().find(|m| m.value.reads_predictions()) else { return };
        for from in &self.draft.stages[index].from {
            if self.graph.index.get(&from.value).is_some_and(|&i| self.weights(i).none) {
                let d = Diagnostic::error(
                    "no-weights",
                    format!("`{}` is measured on trained models", metric.value.name()),
                    from.span,
                    "these were never trained",
                )
                .also(metric.span, "needs weights");
                let costs = self.context.language.costs("and");
                self.context.push(d.help(format!("put a `train` stage between, or measure only {costs}")));
            }
        }
    }

    /// Epochs that are evaluated must have been trained.
    fn at(&mut self, index: usize, epoch: usize) {
        for &source in &self.graph.reads[index] {
            let Some(train) = self.draft.stages[source].train() else {
                let stage = &self.draft.stages[index];
                let message = format!("`at {epoch}` needs the training itself; `{}` is no `train`", self.name(source));
                let d = Diagnostic::error("at-needs-train", message, stage.name.span, "evaluates an earlier epoch");
                self.context.push(d.help("read the `train` stage, and `select` among its epochs afterwards"));
                continue;
            };
            if epoch > train.epochs {
                let stage = &self.draft.stages[index];
                let d = Diagnostic::error(
                    "out-of-range",
                    format!("epoch {epoch} is never reached: `{}` has {}", self.name(source), train.epochs),
                    stage.name.span,
                    format!("evaluates `at {epoch}`"),
                );
                self.context.push(d.help("lower `at`, or raise `epochs`"));
            }
        }
    }

    /// Metrics that a stage's models have: those of the evaluate stages that it reads.
    fn measured(&mut self, index: usize, metric: &Spanned<Metric>) {
        for from in &self.draft.stages[index].from {
            let Some(&source) = self.graph.index.get(&from.value) else { continue };
            let (found, known) = self.metrics_of(source, &metric.value);
            if !found {
                self.not_measured(metric, &from.value, &known, from.span);
            }
        }
    }

    fn metrics_of(&self, stage: usize, metric: &Metric) -> (bool, Vec<String>) {
        match &self.draft.stages[stage].kind {
            StageKind::Evaluate(e) => (e.metrics.iter().any(|m| m.value == *metric), e.metrics.iter().map(|m| m.value.name()).collect()),
            StageKind::Select(_) => {
                let all: Vec<_> = self.graph.reads[stage].iter().map(|&s| self.metrics_of(s, metric)).collect();
                (all.iter().all(|a| a.0), all.into_iter().find(|a| !a.0).map_or(Vec::new(), |a| a.1))
            }
            _ => (true, Vec::new()), // The kind was reported.
        }
    }

    pub(super) fn not_measured(&mut self, metric: &Spanned<Metric>, stage: &str, known: &[String], place: Span) {
        let (name, stage) = (metric.value.name(), shorten(stage));
        let d = Diagnostic::error("not-measured", format!("`{name}` is not measured by `{stage}`"), metric.span, "not measured there")
            .also(place, "this stage");
        self.context.push(match nearest(&name, known.iter().map(String::as_str)) {
            Some(near) => d.help(format!("did you mean `{near}`? or add `{name}` to the metrics of `{stage}`")),
            None => d.help(format!(
                "add it to the metrics of `{stage}`: it measures {}",
                known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
            )),
        });
    }

    /// The conditions of language.md, section 7.
    fn objective(&mut self, sample: usize, stage: &Spanned<String>, objective: &Objective) {
        let Some(&target) = self.graph.index.get(&stage.value) else { return };
        let Some(evaluate) = self.draft.stages[target].evaluate() else { return };
        let (here, there) = (self.name(sample), self.name(target));
        let upstream = self.graph.upstream(target);
        if !upstream.contains(&sample) {
            let d = Diagnostic::error(
                "objective",
                format!("`{there}` does not measure what `{here}` proposes"),
                stage.span,
                "not downstream of this sample",
            );
            let d = d.also(self.draft.stages[target].name.span, "reads other models");
            self.context.push(d.help(format!("let `{there}` read, through its `from`, the models of `{here}`")));
        } else {
            for &i in &upstream {
                let other = &self.draft.stages[i];
                match other.kind {
                    StageKind::Select(_) if self.graph.upstream(i).contains(&sample) => {
                        let d = Diagnostic::error(
                            "objective",
                            format!("a `select` stands between `{here}` and `{there}`"),
                            stage.span,
                            "some candidates would have no value",
                        )
                        .also(other.name.span, "leaves models out");
                        self.context.push(d.help("the objective must measure every candidate; select afterwards"));
                    }
                    // A table says of every network what it says, whoever proposed it.
                    StageKind::Sample(_) if i != sample && evaluate.table.is_none() => {
                        let d = Diagnostic::error(
                            "objective",
                            format!("`{there}` measures models of two samples"),
                            stage.span,
                            format!("must measure those of `{here}` only"),
                        )
                        .also(other.name.span, "also comes into it");
                        self.context.push(d.help("give the other sample stages of its own"));
                    }
                    _ => {}
                }
            }
            if self.paths(sample, target) > 1 {
                let d = Diagnostic::error(
                    "objective",
                    format!("`{there}` measures each model of `{here}` more than once"),
                    stage.span,
                    "each model has one value",
                );
                self.context.push(d.help("let one chain of stages lead from the sample to its objective"));
            }
        }
        if evaluate.at.len() > 1 {
            let d = Diagnostic::error("objective", format!("`{there}` measures several epochs"), stage.span, "each model has one value")
                .also(self.draft.stages[target].name.span, format!("`at` names {}", evaluate.at.len()));
            self.context.push(d.help("evaluate one epoch for the search, and the others in a stage of their own"));
        }
        for (metric, _) in objective.goals() {
            if !evaluate.metrics.iter().any(|m| m.value == metric.value) {
                let known: Vec<String> = evaluate.metrics.iter().map(|m| m.value.name()).collect();
                self.not_measured(metric, &stage.value, &known, stage.span);
            }
        }
    }

    /// How many ways lead from one stage to another (at most two are told apart).
    fn paths(&self, from: usize, to: usize) -> usize {
        let mut known: std::collections::HashMap<usize, usize> = std::collections::HashMap::from([(from, 1)]);
        let mut stack = vec![to];
        while let Some(&stage) = stack.last() {
            if known.contains_key(&stage) {
                stack.pop();
                continue;
            }
            let open: Vec<usize> = self.graph.reads[stage].iter().copied().filter(|s| !known.contains_key(s)).collect();
            if open.is_empty() {
                let sum: usize = self.graph.reads[stage].iter().map(|s| known[s]).sum();
                known.insert(stage, sum.min(2));
                stack.pop();
            } else {
                stack.extend(open);
            }
        }
        known.get(&to).copied().unwrap_or(0)
    }

    /// Declared, and nobody reads it.
    fn unused(&mut self) {
        if let (true, Some(pipeline)) = (self.draft.stages.is_empty(), self.draft.pipelines.first()) {
            let d = Diagnostic::warning("nothing-to-do", "this pipeline has no stages", pipeline.name.span, "nothing to run");
            self.context.push(d.help("stages are `sample`, `train`, `evaluate` and `select`"));
        }
        for space in &self.draft.spaces {
            // A space over another still names it.
            let read = self.draft.spaces.iter().any(|s| s.over().is_some_and(|f| f.value == space.name.value));
            if !read && !self.draft.stages.iter().any(|s| s.from.iter().any(|f| f.value == space.name.value)) {
                let d = Diagnostic::warning(
                    "unused",
                    format!("the space `{}` is never sampled", shorten(&space.name.value)),
                    space.name.span,
                    "declared here",
                );
                self.context.push(d.help(format!("write `sample \"trials\" {{ from \"{}\"; … }}`", shorten(&space.name.value))));
            }
        }
    }
}
