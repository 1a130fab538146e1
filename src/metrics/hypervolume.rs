//! Hypervolume: how much of the space of objectives a set of points dominates (Zitzler and Thiele 1998), exactly, for any number of objectives.
//!
//! The algorithm is WFG (While, Bradstreet and Barone 2012): a point's own share is its box without what the points behind it cover of that box,
//! which is again a hypervolume, of points cut to the box. Two objectives are a sweep. More are better throughout: costs are negated by who calls.

/// The volume that `points` dominate above a reference point. Points that are not better than it in every objective add nothing, nor does
/// one that holds a NaN. 0 of no point.
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let inside = |p: &&Vec<f64>| p.len() == reference.len() && p.iter().zip(reference).all(|(x, r)| x > r);
    let above = points.iter().filter(inside).map(|p| p.iter().zip(reference).map(|(x, r)| x - r).collect());
    volume(front(above.collect()))
}

/// The points that no other dominates, each once, the highest last objective first.
fn front(mut points: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let backwards = |a: &Vec<f64>, b: &Vec<f64>| {
        let places = a.iter().rev().zip(b.iter().rev()).map(|(x, y)| y.total_cmp(x));
        places.into_iter().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    points.sort_by(backwards);
    let mut kept: Vec<Vec<f64>> = Vec::with_capacity(points.len());
    for point in points {
        // In this order none is dominated by a later one.
        if !kept.iter().any(|other| other.iter().zip(&point).all(|(x, y)| x >= y)) {
            kept.push(point);
        }
    }
    kept
}

/// Of a front above 0, in its order.
fn volume(front: Vec<Vec<f64>>) -> f64 {
    match front.first().map(Vec::len) {
        None | Some(0) => 0.0,
        Some(1) => front[0][0],
        Some(2) => {
            // The highest second objective first, so that the first objective grows.
            let mut before = 0.0;
            front.iter().map(|p| (p[0] - std::mem::replace(&mut before, p[0])) * p[1]).sum()
        }
        Some(_) => (0..front.len()).map(|i| own(&front[i], &front[i + 1..])).sum(),
    }
}

/// What a point dominates and the points behind it do not.
fn own(point: &[f64], behind: &[Vec<f64>]) -> f64 {
    let cut = behind.iter().map(|other| other.iter().zip(point).map(|(x, y)| x.min(*y)).collect());
    point.iter().product::<f64>() - volume(front(cut.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    #[test]
    fn areas_and_volumes_worked_by_hand() {
        let of = |points: &[&[f64]], reference: &[f64]| hypervolume(&points.iter().map(|p| p.to_vec()).collect::<Vec<_>>(), reference);
        assert_eq!(of(&[], &[0.0, 0.0]), 0.0);
        assert_eq!(of(&[&[3.0]], &[1.0]), 2.0);
        assert_eq!(of(&[&[1.0, 3.0], &[2.0, 2.0], &[3.0, 1.0]], &[0.0, 0.0]), 6.0);
        // One dominated, one twice, one not above the reference, one that is no number.
        let more: [&[f64]; 7] = [&[1.0, 3.0], &[2.0, 2.0], &[3.0, 1.0], &[1.0, 1.0], &[2.0, 2.0], &[9.0, 0.0], &[f64::NAN, 9.0]];
        assert_eq!(of(&more, &[0.0, 0.0]), 6.0);
        assert_eq!(of(&[&[1.0, 3.0], &[2.0, 2.0]], &[0.5, 1.0]), 1.0 + 1.0);
        // Two boxes of 1 × 2 × 3 and 2 × 1 × 3, which share 1 × 1 × 3.
        assert_eq!(of(&[&[1.0, 2.0, 3.0], &[2.0, 1.0, 3.0]], &[0.0; 3]), 9.0);
        assert_eq!(of(&[&[1.0, 1.0, 1.0, 2.0], &[2.0, 1.0, 1.0, 1.0], &[1.0, 2.0, 1.0, 1.0]], &[0.0; 4]), 4.0);
    }

    /// Cells of a grid of whole numbers, counted one by one.
    fn counted(points: &[Vec<f64>], objectives: usize, side: usize) -> f64 {
        let cells = side.pow(objectives as u32);
        let corner = |cell: usize, o: usize| (cell / side.pow(o as u32) % side) as f64;
        (0..cells).filter(|&cell| points.iter().any(|p| (0..objectives).all(|o| p[o] > corner(cell, o)))).count() as f64
    }

    #[test]
    fn it_is_the_number_of_cells_for_two_to_five_objectives() {
        for case in 0..80u64 {
            let mut random = Random::at(case, "points", &[]);
            let objectives = 2 + random.below(4);
            let side = if objectives > 3 { 5 } else { 8 };
            let points: Vec<Vec<f64>> =
                (0..random.below(14)).map(|_| (0..objectives).map(|_| random.below(side + 1) as f64).collect()).collect();
            let found = hypervolume(&points, &vec![0.0; objectives]);
            assert_eq!(found, counted(&points, objectives, side), "case {case}: {points:?}");
            // A point more never takes away, and the order says nothing.
            let mut more = points.clone();
            more.push((0..objectives).map(|_| random.below(side + 1) as f64).collect());
            more.reverse();
            assert!(hypervolume(&more, &vec![0.0; objectives]) >= found);
        }
    }
}
