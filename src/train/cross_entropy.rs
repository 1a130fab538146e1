//! Soft-max cross-entropy with label smoothing (Szegedy et al. 2016), the loss of classifiers.
//!
//! Logits are f32, n × classes. Everything between them and the f32 gradients is f64, summed in one fixed order, with `libm`'s
//! exponentials: the same bits everywhere.

use super::loss::LossParts;
use crate::space::{Head, Program};

/// The loss of one classifier: keeps its buffer from batch to batch.
pub struct CrossEntropy {
    classes: usize,
    smoothing: f64,
    grads: Vec<Vec<f32>>,
}

impl CrossEntropy {
    /// For a program that ends in a classifier. `smoothing` of the truth is spread evenly over all classes.
    pub fn new(program: &Program, smoothing: f64) -> Result<Self, String> {
        let Head::Classify { classes } = program.head else {
            return Err("cross-entropy needs a network that ends in a classifier".into());
        };
        let outputs: Vec<_> = program.outputs.iter().map(|&o| program.values.get(o).map(|s| s.h * s.w * s.c)).collect();
        if outputs != [Some(classes)] || classes == 0 {
            return Err(format!("a classifier of {classes} classes with outputs of {outputs:?} numbers"));
        }
        Ok(CrossEntropy { classes, smoothing, grads: vec![Vec::new()] })
    }

    /// The mean loss of `labels.len()` images in nats; afterwards [`Self::grads`] is its gradient.
    pub fn evaluate(&mut self, logits: &[f32], labels: &[u32]) -> Result<LossParts, String> {
        let (n, classes) = (labels.len(), self.classes);
        if logits.len() != n * classes {
            return Err(format!("{} logits for {n} images of {classes} classes", logits.len()));
        }
        if let Some(label) = labels.iter().find(|&&l| l as usize >= classes) {
            return Err(format!("an image of class {label} where there are {classes}"));
        }
        let grads = &mut self.grads[0];
        grads.resize(logits.len(), 0.0);
        let spread = self.smoothing / classes as f64;
        let mut sum = 0.0;
        for ((row, grads), &label) in logits.chunks_exact(classes).zip(grads.chunks_exact_mut(classes)).zip(labels) {
            let most = row.iter().fold(f64::NEG_INFINITY, |a, &x| a.max(f64::from(x)));
            let total: f64 = row.iter().map(|&x| libm::exp(f64::from(x) - most)).sum();
            let log_total = most + libm::log(total);
            for (c, (g, &x)) in grads.iter_mut().zip(row).enumerate() {
                let log_p = f64::from(x) - log_total;
                let truth = if c == label as usize { 1.0 - self.smoothing + spread } else { spread };
                // 0 · (−∞) is no number, and means nothing here.
                sum -= if truth > 0.0 { truth * log_p } else { 0.0 };
                *g = ((libm::exp(log_p) - truth) / n as f64) as f32;
            }
        }
        let mean = sum / n.max(1) as f64;
        Ok(LossParts { cls: mean, total: mean, ..LossParts::default() })
    }

    /// Gradient of the last loss by the logits.
    pub fn grads(&self) -> &[Vec<f32>] {
        &self.grads
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Shape;

    fn program(classes: usize) -> Program {
        let values = vec![Shape { h: 4, w: 4, c: 1 }, Shape { h: 1, w: 1, c: classes }];
        Program { values, nodes: vec![], params: vec![], outputs: vec![1], head: Head::Classify { classes } }
    }

    /// PyTorch 2: cross_entropy([[1, 2, 3], [0.5, −1, 0]], [2, 0], label_smoothing = s); gradients of the first row.
    #[test]
    fn as_pytorch() {
        let logits = [1.0, 2.0, 3.0, 0.5, -1.0, 0.0];
        for smoothing in [0.0, 0.1] {
            let mut loss = CrossEntropy::new(&program(3), smoothing).unwrap();
            let parts = loss.evaluate(&logits, &[2, 0]).unwrap();
            let row = |x: [f64; 3], t: usize| {
                let total: f64 = x.iter().map(|v| v.exp()).sum();
                x.iter()
                    .enumerate()
                    .map(|(c, v)| -(v - total.ln()) * (smoothing / 3.0 + if c == t { 1.0 - smoothing } else { 0.0 }))
                    .sum::<f64>()
            };
            let want = (row([1.0, 2.0, 3.0], 2) + row([0.5, -1.0, 0.0], 0)) / 2.0;
            assert!((parts.sum() - want).abs() < 1e-12 && (parts.total - want).abs() < 1e-12);
        }
        // log(e + e² + e³) − 3
        let one = CrossEntropy::new(&program(3), 0.0).unwrap().evaluate(&[1.0, 2.0, 3.0], &[2]).unwrap();
        assert!((one.sum() - 0.407_605_964_444_380_4).abs() < 1e-12);
    }

    /// PyTorch's values (tests/reference/operators.json, made by scripts/trajectory.py).
    #[test]
    fn as_stored() {
        let file: serde_json::Value = serde_json::from_str(include_str!("../../tests/reference/operators.json")).unwrap();
        for name in ["cross_entropy", "cross_entropy_smooth"] {
            let case = &file[name];
            let floats =
                |v: &serde_json::Value| -> Vec<f64> { v["values"].as_array().unwrap().iter().filter_map(|v| v.as_f64()).collect() };
            let logits: Vec<f32> = floats(&case["inputs"]["x"]).iter().map(|v| *v as f32).collect();
            let labels: Vec<u32> = case["options"]["labels"].as_array().unwrap().iter().map(|l| l.as_u64().unwrap() as u32).collect();
            let mut loss =
                CrossEntropy::new(&program(logits.len() / labels.len()), case["options"]["smoothing"].as_f64().unwrap()).unwrap();
            let value = loss.evaluate(&logits, &labels).unwrap().sum();
            assert!((value - floats(&case["output"])[0]).abs() < 1e-5, "{name}: {value}");
            // The stored gradient is that of a multiple of the loss.
            let by = floats(&case["output_grad"])[0];
            let wanted = floats(&case["input_grads"]["x"]);
            assert_eq!(wanted.len(), logits.len());
            for (got, want) in loss.grads()[0].iter().zip(&wanted) {
                assert!((f64::from(*got) * by - want).abs() < 1e-5, "{name}: {got}, {want}");
            }
        }
    }

    #[test]
    fn gradients_are_differences() {
        let mut loss = CrossEntropy::new(&program(4), 0.2).unwrap();
        let logits: Vec<f32> = (0..12).map(|i| ((i * 7) % 5) as f32 * 0.7 - 1.0).collect();
        let labels = [3, 0, 1];
        loss.evaluate(&logits, &labels).unwrap();
        let grads = loss.grads()[0].clone();
        for i in 0..logits.len() {
            let mut at = |d: f32| {
                let mut moved = logits.clone();
                moved[i] += d;
                (loss.evaluate(&moved, &labels).unwrap().sum(), f64::from(moved[i]))
            };
            let ((high, x1), (low, x0)) = (at(1e-3), at(-1e-3));
            assert!(((high - low) / (x1 - x0) - f64::from(grads[i])).abs() < 1e-6, "{i}");
        }
    }

    #[test]
    fn extremes_and_wrong_batches() {
        let mut loss = CrossEntropy::new(&program(2), 0.0).unwrap();
        let far = loss.evaluate(&[3e38, -3e38], &[0]).unwrap();
        assert!(far.sum() == 0.0 && loss.grads()[0].iter().all(|g| g.is_finite()));
        assert!(!loss.evaluate(&[f32::NAN, 0.0], &[0]).unwrap().sum().is_finite());
        assert!(!loss.evaluate(&[f32::INFINITY, 0.0], &[0]).unwrap().sum().is_finite());
        assert!(loss.evaluate(&[0.0; 3], &[0]).is_err() && loss.evaluate(&[0.0; 2], &[2]).is_err());
        let detector = Program { head: Head::Features, ..program(2) };
        assert!(CrossEntropy::new(&detector, 0.0).is_err());
        assert!(CrossEntropy::new(&Program { outputs: vec![0], ..program(2) }, 0.0).is_err());
    }
}
