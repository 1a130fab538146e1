//! Extremely randomised trees (Geurts, Ernst and Wehenkel 2006): regression by an ensemble whose spread says how sure it is.
//!
//! Every tree is grown on all points; a node tries a third of the features at one random threshold each, and keeps the split that
//! leaves the least squares. Sums run in the order of the points.

use crate::base::Random;

/// The points of a leaf that is not split.
const LEAF: usize = 2;

enum Node {
    Leaf(f64),
    Split { feature: usize, threshold: f64, below: Box<Node>, above: Box<Node> },
}

/// An ensemble of trees.
pub(super) struct Forest(Vec<Node>);

impl Forest {
    /// So many trees over points of equal length; the randomness of each is addressed by its number.
    pub fn grow(trees: u64, points: &[Vec<f64>], scores: &[f64], seed: u64, position: u64) -> Forest {
        let tree = |t: u64| {
            let mut random = Random::at(seed, "tree", &[position, t]);
            grow(points, scores, (0..points.len()).collect(), &mut random)
        };
        Forest((0..trees).map(tree).collect())
    }

    /// Mean and standard deviation of the trees' answers.
    pub fn guess(&self, point: &[f64]) -> (f64, f64) {
        let answers: Vec<f64> = self.0.iter().map(|tree| answer(tree, point)).collect();
        let n = answers.len().max(1) as f64;
        let mean = answers.iter().sum::<f64>() / n;
        let square = answers.iter().map(|a| (a - mean) * (a - mean)).sum::<f64>() / n;
        (mean, libm::sqrt(square))
    }
}

fn answer(mut node: &Node, point: &[f64]) -> f64 {
    loop {
        match node {
            Node::Leaf(value) => return *value,
            Node::Split { feature, threshold, below, above } => node = if point[*feature] <= *threshold { below } else { above },
        }
    }
}

fn grow(points: &[Vec<f64>], scores: &[f64], inside: Vec<usize>, random: &mut Random) -> Node {
    let mean = inside.iter().map(|&i| scores[i]).sum::<f64>() / inside.len().max(1) as f64;
    let alike = inside.windows(2).all(|pair| scores[pair[0]] == scores[pair[1]]);
    if inside.len() < LEAF || alike {
        return Node::Leaf(mean);
    }
    let features = points[inside[0]].len();
    let wanted = features.div_ceil(3).max(5);
    let mut order: Vec<usize> = (0..features).collect();
    let (mut tried, mut best): (usize, Option<(f64, usize, f64)>) = (0, None);
    for i in 0..features {
        if tried == wanted {
            break;
        }
        let other = i + random.below(features - i);
        order.swap(i, other);
        let feature = order[i];
        let values = || inside.iter().map(|&p| points[p][feature]);
        let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low >= high {
            continue;
        }
        tried += 1;
        let threshold = random.range(low, high);
        let (mut below, mut above) = (Sum::default(), Sum::default());
        for &p in &inside {
            if points[p][feature] <= threshold { below.add(scores[p]) } else { above.add(scores[p]) }
        }
        let left = below.squares() + above.squares();
        if best.is_none_or(|(least, ..)| left < least) {
            best = Some((left, feature, threshold));
        }
    }
    let Some((_, feature, threshold)) = best else { return Node::Leaf(mean) };
    let (below, above): (Vec<usize>, Vec<usize>) = inside.into_iter().partition(|&p| points[p][feature] <= threshold);
    Node::Split {
        feature,
        threshold,
        below: Box::new(grow(points, scores, below, random)),
        above: Box::new(grow(points, scores, above, random)),
    }
}

/// Sums of one side of a split.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: f64,
    sum: f64,
    square: f64,
}

impl Sum {
    fn add(&mut self, score: f64) {
        self.count += 1.0;
        self.sum += score;
        self.square += score * score;
    }

    /// The sum of squares around the mean.
    fn squares(&self) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.square - self.sum * self.sum / self.count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forest_answers_its_points_and_is_unsure_between_them() {
        let points: Vec<Vec<f64>> = (0..40).map(|i| vec![f64::from(i % 2), f64::from(i / 2), 7.0]).collect();
        let scores: Vec<f64> = points.iter().map(|p| 3.0 * p[0] + libm::floor(p[1] / 10.0)).collect();
        let forest = Forest::grow(30, &points, &scores, 1, 2);
        for (point, score) in points.iter().zip(&scores) {
            let (mean, deviation) = forest.guess(point);
            assert!((mean - score).abs() < 1e-9 && deviation < 1e-9, "{point:?}: {mean} {deviation}");
        }
        assert!(forest.guess(&[0.0, 9.5, 7.0]).1 > 0.1);
        // The same address, the same forest.
        assert_eq!(forest.guess(&[0.5, 9.5, 7.0]), Forest::grow(30, &points, &scores, 1, 2).guess(&[0.5, 9.5, 7.0]));
        assert_eq!(Forest::grow(3, &points[..1], &scores[..1], 1, 2).guess(&points[5]), (scores[0], 0.0));
    }
}
