//! The names of stages that a pipeline's nodes mention, resolved once: who reads whom.

use super::{Answer, Init, SpaceNode, Stage, StageKind};
use std::collections::{BTreeSet, HashMap};

/// An index into [`super::Pipeline::stages`].
pub type StageId = usize;

/// Which stage each mention of one means. By stage, but for the answer.
#[derive(Clone, Debug, Default)]
pub struct Links {
    names: HashMap<String, StageId>,
    /// `from`: the stages that it works on, in the order of the file; a space is none.
    pub reads: Vec<Vec<StageId>>,
    /// `objective` of a `sample`: the stage that tells it how good its proposals were.
    pub objective: Vec<Option<StageId>>,
    /// `init from=` of a `train`: the training whose weights it starts from.
    pub starts: Vec<Option<StageId>>,
    /// `teacher` of a `train`: the stage whose network it learns from.
    pub teachers: Vec<Option<StageId>>,
    /// `keep … from=` of the space that a stage names: the stages that it waits for.
    pub narrows: Vec<Vec<StageId>>,
    /// `start` of a `sample`: the stages whose models it proposes first.
    pub begins: Vec<Vec<StageId>>,
    /// What the answer names.
    pub answer: Option<AnswerLinks>,
}

/// What an answer names.
#[derive(Clone, Debug)]
pub struct AnswerLinks {
    /// `answer "best"`.
    pub stage: StageId,
    /// `in`.
    pub within: StageId,
    /// `trust`: ranking and truth of each line.
    pub trust: Vec<(StageId, StageId)>,
}

impl Links {
    /// The links of stages that were checked; a name that means no stage has none.
    pub fn of(stages: &[Stage], spaces: &[SpaceNode], answer: Option<&Answer>) -> Self {
        let mut names = HashMap::new();
        for (id, stage) in stages.iter().enumerate() {
            names.entry(stage.name.value.clone()).or_insert(id);
        }
        let id = |name: &str| names.get(name).copied();
        let reads = stages.iter().map(|s| s.from.iter().filter_map(|f| id(&f.value)).collect()).collect();
        let objective = |stage: &Stage| match &stage.kind {
            StageKind::Sample(sample) => sample.objective.as_ref().and_then(|o| id(&o.stage.value)),
            _ => None,
        };
        let starts = |stage: &Stage| match &stage.kind {
            StageKind::Train(train) => {
                if let Init::From(name, _) = &train.init {
                    id(&name.value)
                } else {
                    None
                }
            }
            _ => None,
        };
        let teacher = |stage: &Stage| id(&stage.train()?.teacher.as_ref()?.stage()?.value);
        let teachers = stages.iter().map(teacher).collect();
        let answer = answer.and_then(|answer| {
            let trust = answer.trust.iter().filter_map(|t| Some((id(&t.ranking.value)?, id(&t.truth.value)?))).collect();
            Some(AnswerLinks { stage: id(&answer.name.value)?, within: id(&answer.r#in.value)?, trust })
        });
        let narrows = |stage: &Stage| {
            let space = spaces.iter().find(|s| stage.from.iter().any(|f| f.value == s.name.value));
            space.iter().flat_map(|s| s.waits()).filter_map(|name| id(&name.value)).collect()
        };
        let (objective, starts) = (stages.iter().map(objective).collect(), stages.iter().map(starts).collect());
        let narrows = stages.iter().map(narrows).collect();
        let begins = stages.iter().map(|s| s.sample().map_or(&[][..], |s| &s.start).iter().filter_map(|name| id(&name.value)).collect());
        let begins = begins.collect();
        Links { reads, objective, starts, teachers, narrows, begins, answer, names }
    }

    /// The stage of this name.
    pub fn id(&self, name: &str) -> Option<StageId> {
        self.names.get(name).copied()
    }

    /// Whether what a stage leaves comes into another, by way of others or not.
    pub fn reaches(&self, from: StageId, to: StageId) -> bool {
        self.reads[to].iter().any(|&read| read == from || self.reaches(from, read))
    }

    /// The stages between a sample and the evaluate stage that its objective names, in order, that stage included; none without one.
    pub fn way(&self, sample: StageId) -> Vec<StageId> {
        let mut way = Vec::new();
        let mut at = self.objective[sample];
        while let Some(index) = at.filter(|&i| i != sample) {
            way.push(index);
            at = self.reads[index].iter().copied().find(|&i| i == sample || self.reaches(sample, i));
        }
        way.reverse();
        way
    }

    /// A stage with all that led to it: what it reads, what told its searches how good their proposals were, the trainings
    /// that others started from, their teachers, and what narrowed their spaces or
    /// came first in their searches.
    pub fn leading_to(&self, stage: StageId) -> BTreeSet<StageId> {
        let mut all = BTreeSet::new();
        let mut open = vec![stage];
        while let Some(id) = open.pop() {
            if all.insert(id) {
                open.extend(self.reads[id].iter().copied().chain(self.objective[id]).chain(self.starts[id]).chain(self.teachers[id]));
                open.extend(self.narrows[id].iter().chain(&self.begins[id]));
            }
        }
        all
    }
}
