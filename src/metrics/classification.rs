//! The report of a classifier on a split: accuracy, top-5 accuracy and loss.

use crate::results::ClassAccuracy;
use serde::{Deserialize, Serialize};

/// How many guesses `top5` allows.
const GUESSES: usize = 5;

/// A classifier on a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// Share of images whose class has the highest logit.
    pub accuracy: f64,
    /// Share of images whose class is among the five highest.
    pub top5: f64,
    /// Mean cross-entropy in nats; may not be finite.
    pub loss: f64,
    /// Images.
    pub n_images: usize,
    /// Every class in declared order.
    pub classes: Vec<ClassAccuracy>,
}

impl ClassificationReport {
    /// `truth[i]` is the class of image `i`, `logits` are images × classes. Of equal logits the class that is declared first
    /// counts as the higher; one that is no number is the lowest. Fails where lengths differ or the truth holds an unknown class.
    pub fn new(classes: &[String], truth: &[u32], logits: &[f32]) -> Result<Self, String> {
        Ok(Guesses::new(classes, truth, logits)?.report(&vec![1; truth.len()]))
    }
}

/// What a classifier makes of each image of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Guesses {
    names: Vec<String>,
    images: Vec<Guess>,
}

/// One image.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Guess {
    class: usize,
    right: bool,
    among: bool,
    loss: f64,
}

impl Guesses {
    /// As [`ClassificationReport::new`].
    pub fn new(classes: &[String], truth: &[u32], logits: &[f32]) -> Result<Self, String> {
        let n = classes.len();
        if n == 0 || logits.len() != truth.len() * n {
            return Err(format!("{} logits for {} images of {n} classes", logits.len(), truth.len()));
        }
        if let Some(bad) = truth.iter().find(|&&t| t as usize >= n) {
            return Err(format!("an image of class {bad}, but there are {n} classes"));
        }
        let guess = |(row, &class): (&[f32], &u32)| {
            let class = class as usize;
            let place = place(row, class);
            Guess { class, right: place == 0, among: place < GUESSES, loss: cross_entropy(row, class) }
        };
        Ok(Guesses { names: classes.to_vec(), images: logits.chunks_exact(n).zip(truth).map(guess).collect() })
    }

    /// How many images.
    pub fn images(&self) -> usize {
        self.images.len()
    }

    /// The report of the resample in which image `i` stands `copies[i]` times.
    pub fn report(&self, copies: &[u32]) -> ClassificationReport {
        let n = self.names.len();
        let (mut right, mut images) = (vec![0usize; n], vec![0usize; n]);
        let (mut among, mut loss, mut all) = (0usize, 0.0, 0usize);
        for (guess, &copies) in self.images.iter().zip(copies).filter(|(_, copies)| **copies > 0) {
            let count = copies as usize;
            images[guess.class] += count;
            right[guess.class] += count * usize::from(guess.right);
            among += count * usize::from(guess.among);
            loss += f64::from(copies) * guess.loss;
            all += count;
        }
        let share = |part: usize, of: usize| part as f64 / of as f64;
        let class = |(i, name): (usize, &String)| ClassAccuracy {
            name: name.clone(),
            n_truth: images[i],
            accuracy: (images[i] > 0).then(|| share(right[i], images[i])),
        };
        ClassificationReport {
            accuracy: share(right.iter().sum(), all),
            top5: share(among, all),
            loss: loss / all as f64,
            n_images: all,
            classes: self.names.iter().enumerate().map(class).collect(),
        }
    }
}

/// How many classes stand before this one; past all guesses where its logit is no number.
fn place(row: &[f32], class: usize) -> usize {
    let own = row[class];
    if own.is_nan() {
        return usize::MAX;
    }
    row.iter().enumerate().filter(|&(i, &x)| x > own || (x == own && i < class)).count()
}

fn cross_entropy(row: &[f32], class: usize) -> f64 {
    let most = row.iter().fold(f64::NEG_INFINITY, |a, &x| a.max(f64::from(x)));
    let total: f64 = row.iter().map(|&x| libm::exp(f64::from(x) - most)).sum();
    most + libm::log(total) - f64::from(row[class])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("c{i}")).collect()
    }

    #[test]
    fn counts_and_loss() {
        // Places of the true class: 0, 1, 0 (a tie that it wins), 1 (a tie that it loses).
        let logits = [2.0, 1.0, 0.0, 2.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0];
        let report = ClassificationReport::new(&classes(3), &[0, 1, 0, 1], &logits).unwrap();
        assert_eq!((report.accuracy, report.top5, report.n_images), (0.5, 1.0, 4));
        let accuracies: Vec<_> = report.classes.iter().map(|c| (c.n_truth, c.accuracy)).collect();
        assert_eq!(accuracies, [(2, Some(1.0)), (2, Some(0.0)), (0, None)]);
        let e = std::f64::consts::E;
        let (a, b) = ((e * e + e + 1.0).ln(), (2.0 * e + 1.0).ln());
        assert!((report.loss - ((a - 2.0) + (a - 1.0) + 2.0 * (b - 1.0)) / 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_resample_says_what_the_report_of_repeated_images_says() {
        let logits = [2.0, 1.0, 0.0, 2.0, 1.0, 0.5, 1.0, 1.0, 0.0];
        let guesses = Guesses::new(&classes(3), &[0, 1, 2], &logits).unwrap();
        let repeated: Vec<f32> = [0, 0, 2].iter().flat_map(|&i| logits[3 * i..3 * i + 3].to_vec()).collect();
        let (a, b) = (guesses.report(&[2, 0, 1]), ClassificationReport::new(&classes(3), &[0, 0, 2], &repeated).unwrap());
        assert!((a.loss - b.loss).abs() < 1e-12);
        assert_eq!(ClassificationReport { loss: b.loss, ..a }, b);
    }

    #[test]
    fn top5_and_broken_numbers() {
        let row: Vec<f32> = (0..10).map(|i| i as f32).collect();
        let top5 = |truth| ClassificationReport::new(&classes(10), &[truth], &row).unwrap().top5;
        assert_eq!((top5(5), top5(4)), (1.0, 0.0));
        let nan = ClassificationReport::new(&classes(2), &[0, 1], &[f32::NAN, 0.0, f32::NAN, 0.0]).unwrap();
        assert_eq!((nan.accuracy, nan.top5), (0.5, 0.5));
        assert!(nan.loss.is_nan());
        assert!(ClassificationReport::new(&classes(2), &[2], &[0.0, 0.0]).is_err());
        assert!(ClassificationReport::new(&classes(2), &[0], &[0.0]).is_err());
        assert!(ClassificationReport::new(&[], &[], &[]).is_err());
    }
}
