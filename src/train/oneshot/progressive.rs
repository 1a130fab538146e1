//! Progressive shrinking (Cai et al. 2020, "Once-for-All"): the largest network is trained first and becomes the teacher; then
//! phases open the smaller options of one kind of choice after the other. What was opened stays open. A step adds the gradients of
//! `subnets` random networks on one batch, each 1.0 × loss against labels + 1.0 × distillation from the teacher.
//!
//! A kind may have several phases, as upstream's depth and expand have two: the j-th of m opens the ⌈(k − 1)·j/m⌉ + 1 largest of k
//! options (of three, with two phases: two, then all). Options of a kind without a phase never open; [`unopened`] names them. Each phase has a schedule of its own over its own epochs ([`position`]). Two things of upstream
//! are not done: channels are not sorted by their norms where widths open, and smaller kernels are the middle of the larger ones
//! without a learned transform between them.

use super::lines::EPOCHS;
use super::method::{Draw, Draws, Family, Method, Position, form, numbers};
use super::paths::{self, Decision, Path, PathPlan, Role, StepPlan, Teacher};
use crate::base::Random;
use crate::document::table::Spec;
use crate::document::{Diagnostic, Elastic, Field, Form, MethodLines, MethodRule, Preset, Traits, Type, Unset, Word};
use serde::{Deserialize, Serialize};

/// The descriptor.
pub(super) static METHOD: Method = Method {
    word: Word::new("progressive-shrinking", "The largest network first; then phases open the smaller values of one kind of choice.")
        .lines(&[&TEACHER, &PHASE])
        .example("method progressive-shrinking { teacher epochs=180; phase kernel epochs=120 }"),
    tag: "ProgressiveShrinking",
    traits: Traits { own_epochs: true, ..Traits::DRAWS },
    read: |lines, found| {
        let rule = Shrinking::read(lines, found)?;
        Ok(Some(MethodRule { epochs: Some(rule.epochs()), ..MethodRule::of(rule.form()) }))
    },
    build: |value| Ok(Family::Draws(Box::new(numbers::<Shrinking>(value)?))),
};

static TEACHER: Spec = Spec::new(
    "teacher",
    &["method"],
    &[],
    &[&[Field::one("epochs", EPOCHS, "", "How long.").required()]],
    "`progressive-shrinking`: the largest network, trained first; the others learn from it, too.",
    "teacher epochs=180",
)
.once();

static PHASE: Spec = Spec::new(
    "phase",
    &["method"],
    &["kind"],
    &[&[
        Field::one(
            "kind",
            &[Type::Word(&["kernel", "depth", "expand", "width", "branch"])],
            "",
            "Which choices it opens; of several phases of a kind each opens a share of the values, the largest first.",
        )
        .required(),
        Field::one("epochs", EPOCHS, "", "How long.").required(),
        Field::one("subnets", &[Type::Int(1, 64)], "", "Paths a step.").preset(Preset::Int(1)),
        Field::one("lr", &[Type::Positive], "the recipe's", "Learning rate of this phase, whose schedule is its own."),
    ]],
    "`progressive-shrinking`: opens the smaller values of one kind of choice.",
    "phase depth epochs=25 subnets=2",
);

/// Its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shrinking {
    /// `teacher epochs=`: of the largest network, alone.
    pub teacher: usize,
    /// The phases in their order; a kind may come several times.
    pub phases: Vec<Phase>,
}

/// `phase KIND epochs= subnets= lr=`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Which choices it opens.
    pub kind: Elastic,
    /// How long.
    pub epochs: usize,
    /// Paths a step [1].
    pub subnets: usize,
    /// Learning rate of the phase [the recipe's].
    pub lr: Option<f64>,
}

impl Shrinking {
    fn read(lines: &MethodLines, found: &mut Vec<Diagnostic>) -> Result<Self, Unset> {
        let settings = lines.settings;
        for (what, help) in [
            ("teacher", "the largest network is trained first: `teacher epochs=180`"),
            ("phase", "then choices are opened, one kind after the other: `phase kernel epochs=120`"),
        ] {
            if settings.line(what).is_none() {
                let message = format!("`progressive-shrinking` needs `{what}`");
                found.push(Diagnostic::error("missing", message, settings.node(), format!("`{what}` is missing")).help(help));
            }
        }
        // What a line lacks was reported.
        let phases = settings.lines("phase").filter_map(|line| {
            let kind = Elastic::ALL.into_iter().find(|kind| line.text("kind").is_ok_and(|word| word == kind.word()))?;
            Some(Phase { kind, epochs: line.count("epochs").ok()?, subnets: line.count("subnets").ok()?, lr: line.number("lr").ok() })
        });
        let phases = phases.collect();
        Ok(Shrinking { teacher: settings.line("teacher").and_then(|t| t.count("epochs").ok()).unwrap_or(1), phases })
    }

    /// All epochs.
    pub fn epochs(&self) -> usize {
        self.phases.iter().fold(self.teacher, |sum, p| sum.saturating_add(p.epochs))
    }

    /// What keys hold.
    pub fn form(&self) -> Form {
        form(METHOD.tag, self)
    }
}

impl Draws for Shrinking {
    fn plan(&self, at: &Draw) -> StepPlan {
        plan(self, at.seed, at.step, at.epoch, at.decisions)
    }

    fn phase(&self, epoch: usize) -> Option<Position> {
        Some(position(self, epoch))
    }

    fn sizes_by_cost(&self) -> bool {
        true
    }
}

/// The phase of an epoch, counted over all. Epochs after the last phase belong to it.
pub fn position(rule: &Shrinking, epoch: usize) -> Position {
    let (mut start, mut found) = (0, Position { phase: None, epoch, epochs: rule.teacher, lr: None });
    let lengths = [(None, rule.teacher, None)].into_iter().chain(rule.phases.iter().enumerate().map(|(i, p)| (Some(i), p.epochs, p.lr)));
    for (phase, epochs, lr) in lengths {
        if epochs > 0 && epoch >= start {
            found = Position { phase, epoch: epoch - start, epochs, lr };
        }
        start = start.saturating_add(epochs);
    }
    found
}

/// The options of a decision that are open in a phase, from the largest.
pub fn open(rule: &Shrinking, phase: Option<usize>, decision: &Decision) -> Vec<usize> {
    let mut order = decision.descending();
    let of_kind = |phases: &[Phase]| phases.iter().filter(|p| p.kind == decision.kind).count();
    let all = of_kind(&rule.phases);
    let begun = phase.map_or(0, |p| of_kind(&rule.phases[..rule.phases.len().min(p + 1)]));
    let kept = if all == 0 { 1 } else { (order.len().saturating_sub(1) * begun).div_ceil(all) + 1 };
    order.truncate(kept);
    order
}

/// Decisions with options that no phase opens.
pub fn unopened(rule: &Shrinking, decisions: &[Decision]) -> Vec<usize> {
    let closed = |d: &Decision| d.options() > 1 && !rule.phases.iter().any(|p| p.kind == d.kind);
    (0..decisions.len()).filter(|&i| closed(&decisions[i])).collect()
}

/// The plan of a step, in this epoch.
pub fn plan(rule: &Shrinking, seed: u64, step: u64, epoch: usize, decisions: &[Decision]) -> StepPlan {
    let Some(phase) = position(rule, epoch).phase else {
        return StepPlan { batches: 1, paths: vec![PathPlan::labelled(paths::largest(decisions), Role::Largest)] };
    };
    let open: Vec<Vec<usize>> = decisions.iter().map(|d| open(rule, Some(phase), d)).collect();
    let subnet = |i: usize| -> Path {
        let one = |(d, options): (usize, &Vec<usize>)| {
            let pick = Random::at(seed, "progressive", &[step, i as u64, d as u64]).below(options.len());
            options.get(pick).copied().unwrap_or(0)
        };
        open.iter().enumerate().map(one).collect()
    };
    let teacher = (rule.teacher > 0).then_some((1.0, Teacher::Frozen));
    let count = rule.phases[phase].subnets.max(1);
    let paths = (0..count).map(|i| PathPlan { teacher, regularised: false, ..PathPlan::labelled(subnet(i), Role::Random) }).collect();
    StepPlan { batches: 1, paths }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Shrinking {
        let phase = |kind, epochs, subnets| Phase { kind, epochs, subnets, lr: None };
        let phases = vec![
            phase(Elastic::Kernel, 3, 1),
            phase(Elastic::Depth, 1, 2),
            phase(Elastic::Depth, 2, 2),
            Phase { lr: Some(7.5e-3), ..phase(Elastic::Expand, 2, 4) },
        ];
        Shrinking { teacher: 4, phases }
    }

    fn space() -> Vec<Decision> {
        let d = |kind, sizes: &[f64]| Decision { kind, sizes: sizes.to_vec() };
        vec![d(Elastic::Kernel, &[7.0, 5.0, 3.0]), d(Elastic::Depth, &[2.0, 4.0, 3.0]), d(Elastic::Expand, &[6.0, 4.0, 3.0])]
    }

    #[test]
    fn phases_follow_each_other() {
        let r = rule();
        let at: Vec<(Option<usize>, usize)> = (0..14).map(|e| position(&r, e)).map(|p| (p.phase, p.epoch)).collect();
        let want = [(None, 0), (None, 1), (None, 2), (None, 3), (Some(0), 0), (Some(0), 1), (Some(0), 2), (Some(1), 0)];
        assert_eq!(at[..8], want);
        assert_eq!(at[8..], [(Some(2), 0), (Some(2), 1), (Some(3), 0), (Some(3), 1), (Some(3), 2), (Some(3), 3)]);
        assert_eq!(r.epochs(), 12);
        assert_eq!(position(&r, 10).lr, Some(7.5e-3));
    }

    #[test]
    fn options_open_from_the_largest_and_stay_open() {
        let (r, s) = (rule(), space());
        let opened = |phase| s.iter().map(|d| open(&r, phase, d)).collect::<Vec<_>>();
        assert_eq!(opened(None), [vec![0], vec![1], vec![0]]);
        assert_eq!(opened(Some(0)), [vec![0, 1, 2], vec![1], vec![0]]);
        assert_eq!(opened(Some(1)), [vec![0, 1, 2], vec![1, 2], vec![0]]);
        assert_eq!(opened(Some(2)), [vec![0, 1, 2], vec![1, 2, 0], vec![0]]);
        assert_eq!(opened(Some(3)), [vec![0, 1, 2], vec![1, 2, 0], vec![0, 1, 2]]);
        assert!(unopened(&r, &s).is_empty());
        let branch = Decision { kind: Elastic::Branch, sizes: vec![1.0, 2.0] };
        assert_eq!((open(&r, Some(3), &branch), unopened(&r, &[branch])), (vec![1], vec![0]));
    }

    #[test]
    fn plans_draw_what_is_open_and_distil() {
        let (r, s) = (rule(), space());
        assert_eq!(plan(&r, 1, 0, 0, &s).paths, [PathPlan::labelled(vec![0, 1, 0], Role::Largest)]);
        let mut seen = std::collections::HashSet::new();
        for step in 0..2_000 {
            let epoch = 4 + step as usize % 8;
            let phase = position(&r, epoch).phase;
            let plan = plan(&r, 1, step, epoch, &s);
            assert_eq!(plan.paths.len(), [1, 2, 2, 4][phase.expect("a phase")]);
            for p in &plan.paths {
                assert_eq!((p.labels, p.teacher), (1.0, Some((1.0, Teacher::Frozen))));
                for (d, &i) in s.iter().zip(&p.path) {
                    assert!(open(&r, phase, d).contains(&i));
                }
                seen.insert(p.path.clone());
            }
        }
        assert_eq!(seen.len(), 27, "in the end every network is trained");
    }
}
