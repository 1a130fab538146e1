//! `teacher`: a stage that leaves one trained network, which has not seen what a fold leaves out.

use super::rules::Rules;
use crate::document::pipeline::{StageKind, Teacher, TeacherFrom, Train};
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Spanned};

impl Rules<'_> {
    /// A `train` that prunes: a network's own weights say what goes, and nasflow trains what is left.
    pub(super) fn prunes(&mut self, index: usize, train: &Train) {
        let stage = &self.draft.stages[index];
        if train.prune.is_none() {
            return;
        }
        if self.draft.supernet(stage).is_some() || train.oneshot.is_some() {
            let d = Diagnostic::error("contradiction", "a supernet is not pruned", stage.name.span, "trains a space");
            self.context.push(d.help("sample a network from it, train that, and prune it then"));
        }
    }

    /// A `train` that learns from another network.
    pub(super) fn teacher(&mut self, index: usize, train: &Train) {
        let Some(Teacher { who: TeacherFrom::Stage(name) | TeacherFrom::File(name), .. }) = &train.teacher else { return };
        let stage = &self.draft.stages[index];
        if self.draft.supernet(stage).is_some() || train.oneshot.is_some() {
            let message = "a supernet has no `teacher` from outside";
            let d = Diagnostic::error("contradiction", message, name.span, "for one network").also(stage.name.span, "trains a space");
            return self
                .context
                .push(d.help("its methods have teachers of their own (`method sandwich`); train its networks with this one"));
        }
        if let Some(runner) = &train.runner {
            let d = Diagnostic::error("contradiction", "a command trains by itself", name.span, "nasflow's own trainings read it");
            return self.context.push(d.also(runner.span, "the command").help("delete `teacher`, or the `runner`"));
        }
        if train.teacher.as_ref().is_some_and(|t| t.file().is_some()) {
            if train.folds.is_some() {
                let message = "its teacher may have seen the images that are left out";
                let d = Diagnostic::error("folds", message, name.span, "nobody knows what it was trained on");
                self.context.push(d.help("name a `train` over the same folds"));
            }
            return;
        }
        let Some(&source) = self.graph.index.get(&name.value).filter(|&&s| s < self.draft.stages.len()) else { return };
        if matches!(self.draft.stages[source].kind, StageKind::Sample(_)) {
            return; // Its kind was reported.
        }
        let carried = self.weights(source);
        if carried.none || carried.shared {
            let what = if carried.shared { "these have the weights of a supernet" } else { "these were never trained" };
            let d = Diagnostic::error("no-weights", "a teacher has weights of its own", name.span, what);
            return self.context.push(d.help("name a `train` of one network, or a `select` behind one"));
        }
        if self.teacher_left_no_weights(source, name) {
            return;
        }
        let most = self.at_most(source, 0);
        if most > 1 {
            let message = format!("`{}` may leave {most} networks: which of them teaches?", shorten(&name.value));
            let d = Diagnostic::error("several-networks", message, name.span, "one network expected");
            let d = d.also(self.draft.stages[source].name.span, "leaves them");
            return self.context.push(d.help("name a `train` of one network (`strategy reference`), or a `select` with `top 1`"));
        }
        self.taught_over_folds(index, source, name);
    }

    /// Who knows the images of a fold must not teach what is measured on it.
    fn taught_over_folds(&mut self, index: usize, source: usize, name: &Spanned<String>) {
        let of = |stage: usize| self.draft.stages[stage].folds().map(|(data, folds)| (data.value.clone(), folds.value.clone()));
        let own = of(index);
        let Some(by) = self.trainings(&[source]).into_iter().find(|&t| of(t) != own) else { return };
        let (message, help) = match own {
            Some(_) => ("its teacher may have seen the images that are left out", "train the teacher over the same folds"),
            None => ("a training over folds gave as many teachers as there are folds", "name a training on one split"),
        };
        let d = Diagnostic::error("folds", message, name.span, "trained on other images");
        self.context.push(d.also(self.draft.stages[by].name.span, "trains it").help(help));
    }
}
