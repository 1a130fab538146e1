//! Distillation losses with their gradient by the student's raw outputs; the teacher's are constants.
//!
//! Classifiers (Hinton et al. 2015): τ²·KL(softmax(t / τ) ‖ softmax(s / τ)), the mean over images. Its gradient is that of the soft
//! cross-entropy that BigNAS, AttentiveNAS and once-for-all write (with τ = 1); the value is 0 where both agree.
//!
//! Detectors: objectness-scaled distillation (Mehta and Ozturk 2018, "Object detection at 200 frames per second") on the raw outputs of a
//! YOLOv5 head. Objectness is binary cross-entropy against the teacher's σ, at every cell and anchor. Classes and boxes count as much as
//! the teacher believes in an object there, oₜ = σ(its objectness): binary cross-entropy against its σ of each class, and the squared
//! difference of σ of the four box numbers. (YOLOv5 decodes boxes from those σ, so a difference in σ is one in cells and anchors,
//! where one in logits grows without bound for a saturated box; the paper squares decoded boxes likewise.) Values are means as in the detection
//! loss: over cells for objectness, by weight for classes and boxes, the sum of weights taken as at least 1; they carry the
//! same gains and balances, and the cross-entropies are less the teacher's own entropy, so that agreement is 0.

use nasflow_kernels::{bce, logistic};

/// The classifiers' loss: `n` rows of `classes` logits. The gradient is of value · n, as the trainer's losses are.
pub fn classifier(student: &[f32], teacher: &[f32], classes: usize, temperature: f64) -> Result<(f64, Vec<f32>), String> {
    if classes == 0 || student.len() != teacher.len() || !student.len().is_multiple_of(classes) {
        return Err(format!("{} logits of a student, {} of a teacher, {classes} classes", student.len(), teacher.len()));
    }
    let n = (student.len() / classes) as f64;
    let (mut sum, mut grads) = (0.0, Vec::with_capacity(student.len()));
    let log_probabilities = |row: &[f32]| super::softmax::log_softmax(&row.iter().map(|v| f64::from(*v) / temperature).collect::<Vec<_>>());
    for (s, t) in student.chunks_exact(classes).zip(teacher.chunks_exact(classes)) {
        for (ls, lt) in log_probabilities(s).iter().zip(log_probabilities(t)) {
            let (ps, pt) = (libm::exp(*ls), libm::exp(lt));
            sum += if pt > 0.0 { pt * (lt - ls) } else { 0.0 * ls };
            grads.push((temperature * (ps - pt)) as f32);
        }
    }
    Ok((temperature * temperature * sum / n.max(1.0), grads))
}

/// Gains of the detectors' loss as it applies them: those of the detection loss, scaled (`train::loss::Gains`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadGains {
    /// Boxes.
    pub r#box: f64,
    /// Objectness.
    pub obj: f64,
    /// Classes; not computed where there is one.
    pub cls: f64,
}

/// One level of a detector's head.
#[derive(Clone, Copy, Debug)]
pub struct LevelOutputs<'a> {
    /// n × h × w × anchors × (5 + classes): x, y, w, h, objectness, classes.
    pub student: &'a [f32],
    /// Likewise.
    pub teacher: &'a [f32],
    /// The level's weight of objectness in the detection loss.
    pub balance: f64,
}

/// (box, obj, cls) of a batch, gained.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct HeadParts {
    /// Squared differences of boxes.
    pub r#box: f64,
    /// Objectness.
    pub obj: f64,
    /// Classes.
    pub cls: f64,
}

impl HeadParts {
    /// The loss; the gradients are of this times the number of images.
    pub fn sum(&self) -> f64 {
        self.r#box + self.obj + self.cls
    }
}

/// The detectors' loss of `n` images over all levels, and its gradient by each level's output.
pub fn detector(levels: &[LevelOutputs], n: usize, classes: usize, gains: &HeadGains) -> Result<(HeadParts, Vec<Vec<f32>>), String> {
    let mut parts = HeadParts::default();
    let mut grads = Vec::with_capacity(levels.len());
    for (i, level) in levels.iter().enumerate() {
        if level.student.len() != level.teacher.len() || !level.student.len().is_multiple_of(5 + classes) {
            let (s, t) = (level.student.len(), level.teacher.len());
            return Err(format!("level {i}: {s} numbers of a student, {t} of a teacher, rows of {}", 5 + classes));
        }
        let (p, g) = one_level(level, n as f64, classes, gains);
        parts.r#box += p.r#box;
        parts.obj += p.obj;
        parts.cls += p.cls;
        grads.push(g);
    }
    Ok((parts, grads))
}

fn one_level(level: &LevelOutputs, n: f64, classes: usize, gains: &HeadGains) -> (HeadParts, Vec<f32>) {
    let row = 5 + classes;
    let belief: Vec<f64> = level.teacher.chunks_exact(row).map(|t| logistic(f64::from(t[4])).0).collect();
    let cells = (belief.len() as f64).max(1.0);
    let weight = belief.iter().sum::<f64>().max(1.0);
    let obj = gains.obj * level.balance / cells;
    let boxes = gains.r#box / (4.0 * weight);
    let cls = if classes > 1 { gains.cls / (classes as f64 * weight) } else { 0.0 };
    let mut parts = HeadParts::default();
    let mut grads = vec![0.0; level.student.len()];
    let rows = level.student.chunks_exact(row).zip(level.teacher.chunks_exact(row)).zip(grads.chunks_exact_mut(row));
    for (((s, t), g), o) in rows.zip(&belief) {
        for k in 0..4 {
            let (a, b) = (logistic(f64::from(s[k])).0, logistic(f64::from(t[k])).0);
            parts.r#box += boxes * o * (a - b) * (a - b);
            g[k] = (n * boxes * o * 2.0 * (a - b) * a * (1.0 - a)) as f32;
        }
        let (value, slope) = soft(s[4], t[4]);
        parts.obj += obj * value;
        g[4] = (n * obj * slope) as f32;
        for k in 5..if classes > 1 { row } else { 5 } {
            let (value, slope) = soft(s[k], t[k]);
            parts.cls += cls * o * value;
            g[k] = (n * cls * o * slope) as f32;
        }
    }
    (parts, grads)
}

/// Binary cross-entropy of a student's logit against a teacher's σ, less the teacher's entropy, and its derivative.
fn soft(student: f32, teacher: f32) -> (f64, f64) {
    let wanted = logistic(f64::from(teacher)).0;
    let (value, slope) = bce(f64::from(student), wanted);
    (value - bce(f64::from(teacher), wanted).0, slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    fn numbers(n: usize, position: u64, scale: f64) -> Vec<f32> {
        let mut r = Random::at(6, "distil", &[position]);
        (0..n).map(|_| (scale * r.normal()) as f32).collect()
    }

    /// Derivatives of `value · n` by central differences over f32 inputs.
    fn compare(mut value: impl FnMut(&[f32]) -> f64, at: &[f32], grads: &[f32]) {
        for i in 0..at.len() {
            let (mut up, mut down) = (at.to_vec(), at.to_vec());
            up[i] += 1e-2;
            down[i] -= 1e-2;
            let want = (value(&up) - value(&down)) / f64::from(up[i] - down[i]);
            let error = (f64::from(grads[i]) - want).abs();
            assert!(error < 1e-4 * (1.0 + want.abs()), "{i}: {} is not {want}", grads[i]);
        }
    }

    #[test]
    fn classifiers() {
        let (s, t) = (numbers(12, 0, 1.0), numbers(12, 1, 1.5));
        for temperature in [1.0, 4.0] {
            let (value, grads) = classifier(&s, &t, 4, temperature).expect("3 × 4");
            assert!(value > 0.0);
            compare(|s| 3.0 * classifier(s, &t, 4, temperature).expect("3 × 4").0, &s, &grads);
            let (same, none) = classifier(&t, &t, 4, temperature).expect("3 × 4");
            assert!(same.abs() < 1e-12 && none.iter().all(|g| g.abs() < 1e-7));
        }
        // By hand: two classes, teacher certain of the first by ln 3.
        let (value, grads) = classifier(&[0.0, 0.0], &[3f32.ln(), 0.0], 2, 1.0).expect("1 × 2");
        let kl = 0.75 * 1.5f64.ln() + 0.25 * 0.5f64.ln();
        assert!((value - kl).abs() < 1e-7 && (grads[0] + 0.25).abs() < 1e-6 && (grads[1] - 0.25).abs() < 1e-6);
        assert!(classifier(&s, &t[1..], 4, 1.0).is_err() && classifier(&s, &t, 5, 1.0).is_err() && classifier(&s, &t, 0, 1.0).is_err());
        assert!(classifier(&[f32::NAN, 0.0], &[0.0, 0.0], 2, 1.0).expect("1 × 2").0.is_nan());
    }

    fn level<'a>(student: &'a [f32], teacher: &'a [f32], balance: f64) -> LevelOutputs<'a> {
        LevelOutputs { student, teacher, balance }
    }

    #[test]
    fn detectors() {
        let gains = HeadGains { r#box: 0.05, obj: 0.7, cls: 0.3 };
        for classes in [1, 3] {
            let row = 5 + classes;
            let (a, b, c, d) = (numbers(8 * row, 2, 1.0), numbers(8 * row, 3, 1.5), numbers(2 * row, 4, 1.0), numbers(2 * row, 5, 1.5));
            let value = |a: &[f32], c: &[f32]| {
                let levels = [level(a, &b, 4.0), level(c, &d, 0.4)];
                detector(&levels, 2, classes, &gains).expect("fits").0.sum() * 2.0
            };
            let levels = [level(&a, &b, 4.0), level(&c, &d, 0.4)];
            let (parts, grads) = detector(&levels, 2, classes, &gains).expect("fits");
            assert!(parts.r#box > 0.0 && parts.obj > 0.0 && (parts.cls > 0.0) == (classes > 1));
            compare(|a| value(a, &c), &a, &grads[0]);
            compare(|c| value(&a, c), &c, &grads[1]);
            let (same, none) = detector(&[level(&b[..], &b, 4.0)], 2, classes, &gains).expect("fits");
            assert!(same.sum().abs() < 1e-12 && none[0].iter().all(|g| g.abs() < 1e-7));
        }
        let odd = LevelOutputs { student: &[0.0; 7], teacher: &[0.0; 7], balance: 1.0 };
        assert!(detector(&[odd], 1, 1, &gains).is_err());
    }

    /// Where the teacher sees nothing, boxes and classes do not count; objectness does.
    #[test]
    fn the_teachers_belief_weighs() {
        let gains = HeadGains { r#box: 1.0, obj: 1.0, cls: 1.0 };
        let mut teacher = numbers(2 * 7, 7, 1.0);
        (teacher[4], teacher[11]) = (-30.0, 5.0);
        let student = numbers(2 * 7, 8, 1.0);
        let (_, g) = detector(&[LevelOutputs { student: &student, teacher: &teacher, balance: 1.0 }], 1, 2, &gains).expect("fits");
        assert!(g[0][..4].iter().chain(&g[0][5..7]).all(|g| g.abs() < 1e-9) && g[0][4].abs() > 1e-2);
        assert!(g[0][7..11].iter().all(|g| g.abs() > 1e-5));
    }
}
