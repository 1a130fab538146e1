//! What a network of a supernet is trained against: labels, and the outputs of a teacher.

use crate::data::Batch;
use crate::document::Recipe;
use crate::space::{Head, Program, Shape};
use crate::train::loss::{Gains, LossParts, balances};
use crate::train::oneshot::distil;
use crate::train::{Criterion, criterion};

/// The loss of networks that come one after the other.
pub struct Objective {
    recipe: Recipe,
    /// Of the last network; the next one mostly has the same head.
    criterion: Option<(Head, Vec<Shape>, Box<dyn Criterion>)>,
    grads: Vec<Vec<f32>>,
}

/// A loss in its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Against the labels; none where they do not count.
    pub labels: Option<LossParts>,
    /// Against the teacher; 0 without one.
    pub soft: f64,
}

impl Loss {
    /// What divergence is judged by.
    pub fn worst(&self) -> f64 {
        let labels = self.labels.map_or(0.0, |l| l.sum());
        if labels.is_finite() && labels > self.soft {
            labels
        } else if self.soft.is_finite() {
            labels.max(self.soft)
        } else {
            self.soft
        }
    }
}

impl Objective {
    /// By a recipe.
    pub fn new(recipe: &Recipe) -> Self {
        Objective { recipe: recipe.clone(), criterion: None, grads: Vec::new() }
    }

    /// The loss of a batch: `labels` times that against the truth, plus the teacher's weight times that against its outputs.
    /// A teacher whose head has other levels says nothing of this one's cells: its weight goes to the truth.
    /// Afterwards [`Self::grads`] is its gradient.
    pub fn evaluate(
        &mut self,
        program: &Program,
        outputs: &[&[f32]],
        batch: &Batch,
        labels: f64,
        teacher: Option<(f64, &[Vec<f32>])>,
    ) -> Result<Loss, String> {
        let mut loss = Loss { labels: None, soft: 0.0 };
        let (labels, teacher) = match teacher {
            Some((weight, outside)) if matches!(program.head, Head::Detect { .. }) && !alike(outputs, outside) => (labels + weight, None),
            other => (labels, other),
        };
        self.grads.iter_mut().for_each(Vec::clear);
        self.grads.resize_with(outputs.len(), Vec::new);
        if labels != 0.0 {
            let criterion = self.criterion(program)?;
            loss.labels = Some(criterion.evaluate(outputs, batch)?);
            for (sum, grads) in self.grads.iter_mut().zip(self.criterion.iter().flat_map(|t| t.2.grads())) {
                sum.extend(grads.iter().map(|g| labels as f32 * g));
            }
        }
        if let Some((weight, teacher)) = teacher {
            let (value, grads) = self.soft(program, outputs, teacher, batch.n)?;
            loss.soft = weight * value;
            for (sum, grads) in self.grads.iter_mut().zip(grads) {
                match sum.is_empty() {
                    true => sum.extend(grads.iter().map(|g| weight as f32 * g)),
                    false => sum.iter_mut().zip(&grads).for_each(|(s, g)| *s += weight as f32 * g),
                }
            }
        }
        Ok(loss)
    }

    /// Gradient of the last loss by each output.
    pub fn grads(&self) -> &[Vec<f32>] {
        &self.grads
    }

    fn criterion(&mut self, program: &Program) -> Result<&mut Box<dyn Criterion>, String> {
        let shapes: Vec<Shape> = program.outputs.iter().filter_map(|&o| program.values.get(o).copied()).collect();
        if !self.criterion.as_ref().is_some_and(|(head, known, _)| *head == program.head && *known == shapes) {
            self.criterion = Some((program.head.clone(), shapes, criterion(program, &self.recipe)?));
        }
        self.criterion.as_mut().map(|t| &mut t.2).ok_or_else(|| "there is no criterion".to_string())
    }

    /// The distillation loss and its gradients, of the same scale as the criterion's own.
    fn soft(&self, program: &Program, outputs: &[&[f32]], teacher: &[Vec<f32>], n: usize) -> Result<(f64, Vec<Vec<f32>>), String> {
        if teacher.len() != outputs.len() {
            return Err(format!("{} outputs of a student, {} of a teacher", outputs.len(), teacher.len()));
        }
        match &program.head {
            Head::Classify { classes } => {
                let (value, mut grads) = distil::classifier(outputs[0], &teacher[0], *classes, 1.0)?;
                // The criterion's gradient is of the mean over images, distillation's of the sum.
                grads.iter_mut().for_each(|g| *g /= n as f32);
                Ok((value, vec![grads]))
            }
            Head::Detect { classes, .. } => {
                let image = program.values[0];
                let gains = Gains::scaled(&self.recipe.loss, outputs.len().max(1), *classes, image.h.max(image.w));
                let gains = distil::HeadGains { r#box: gains.r#box, obj: gains.obj, cls: gains.cls };
                let levels = outputs.iter().zip(teacher).zip(balances(outputs.len()));
                let levels: Vec<_> =
                    levels.map(|((student, teacher), &balance)| distil::LevelOutputs { student, teacher, balance }).collect();
                let (parts, grads) = distil::detector(&levels, n, *classes, &gains)?;
                Ok((parts.sum(), grads))
            }
            Head::Features => Err("a network without a head has nothing to distil".into()),
        }
    }
}

/// Whether two heads have the same levels. (Then they have the same anchors, too: these are found for each number of levels.)
fn alike(student: &[&[f32]], teacher: &[Vec<f32>]) -> bool {
    student.len() == teacher.len() && student.iter().zip(teacher).all(|(s, t)| s.len() == t.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Batch;
    use crate::space::tests::conditional::LEVELS;
    use crate::space::tests::whole;

    #[test]
    fn a_teacher_of_other_levels_leaves_its_weight_to_the_truth() {
        let space = whole(LEVELS);
        let program = space.architecture(&space.reference()).expect("builds").program().expect("builds");
        let outputs: Vec<Vec<f32>> =
            program.outputs.iter().map(|&o| vec![0.25; program.values[o].h * program.values[o].w * program.values[o].c]).collect();
        let student: Vec<&[f32]> = outputs.iter().map(|o| &o[..]).collect();
        let recipe = crate::document::recipes::yolov5();
        let batch = Batch { n: 1, images: vec![], targets: vec![], labels: vec![] };
        let mut objective = Objective::new(&recipe);
        let labelled = objective.evaluate(&program, &student, &batch, 1.5, None).expect("a loss");
        let grads = objective.grads().to_vec();
        let other = objective.evaluate(&program, &student, &batch, 0.5, Some((1.0, &outputs[..1]))).expect("a loss");
        assert_eq!((other, objective.grads()), (labelled, &grads[..]));
        // One of the same levels teaches: it agrees with itself.
        let same = objective.evaluate(&program, &student, &batch, 0.0, Some((1.0, &outputs))).expect("a loss");
        assert_eq!((same.labels, same.soft), (None, 0.0));
    }
}
