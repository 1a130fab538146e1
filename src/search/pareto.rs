//! Several objectives: who dominates whom, fronts behind fronts, and how crowded a front is. Higher is better throughout.

/// Whether a point is at least as good in every objective, and better in one.
pub(super) fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(x, y)| x >= y) && a.iter().zip(b).any(|(x, y)| x > y)
}

/// The fronts of some points, the best first: what nothing dominates, what nothing but that dominates, and so on; as many of them as hold
/// `enough` points. (Efficient non-dominated sort, Zhang et al. 2015, section III: in the order of the objectives one after the other no
/// point is dominated by a later one.) Points keep their order within a front.
pub(super) fn fronts(points: &[&[f64]], enough: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    let by_objective = |a: &[f64], b: &[f64]| {
        // Adding 0 makes one of both zeros.
        let mut places = a.iter().zip(b).map(|(x, y)| (y + 0.0).total_cmp(&(x + 0.0)));
        places.find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    order.sort_by(|&a, &b| by_objective(points[a], points[b]).then(a.cmp(&b)));
    let mut fronts: Vec<Vec<usize>> = Vec::new();
    for point in order {
        // Those that came in last are nearest, and dominate soonest.
        let behind = |front: &Vec<usize>| front.iter().rev().any(|&other| dominates(points[other], points[point]));
        // What a front dominates, all fronts before it dominate.
        let at = fronts.partition_point(behind);
        match fronts.get_mut(at) {
            Some(front) => front.push(point),
            None => fronts.push(vec![point]),
        }
    }
    let mut held = 0;
    let kept = fronts.iter().take_while(|front| (held < enough).then(|| held += front.len()).is_some()).count();
    fronts.truncate(kept);
    fronts.iter_mut().for_each(|front| front.sort_unstable());
    fronts
}

/// The crowding distance of every point of a front (Deb et al. 2002, section III B): per objective the gap between its neighbours as a
/// share of the front's extent, summed; the ends are the least crowded of all.
pub(super) fn crowding(points: &[&[f64]], front: &[usize]) -> Vec<f64> {
    let mut distance = vec![0.0; front.len()];
    let objectives = front.first().map_or(0, |&p| points[p].len());
    for objective in 0..objectives {
        let value = |i: usize| points[front[i]][objective];
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else { continue };
        let extent = value(last) - value(first);
        distance[first] = f64::INFINITY;
        distance[last] = f64::INFINITY;
        // All equal, or infinite: it tells none of them apart.
        if !(extent > 0.0 && extent.is_finite()) {
            continue;
        }
        for three in order.windows(3) {
            distance[three[1]] += (value(three[2]) - value(three[0])) / extent;
        }
    }
    distance
}

/// Rank and crowding of some points, for comparisons between two of them.
pub(super) struct Ranking {
    /// The front of each, 0 the best.
    pub rank: Vec<usize>,
    /// The crowding distance of each.
    pub crowding: Vec<f64>,
}

impl Ranking {
    /// Of all these points.
    pub(super) fn of(points: &[&[f64]]) -> Self {
        let mut ranking = Ranking { rank: vec![0; points.len()], crowding: vec![0.0; points.len()] };
        for (rank, front) in fronts(points, points.len()).iter().enumerate() {
            for (&point, distance) in front.iter().zip(crowding(points, front)) {
                ranking.rank[point] = rank;
                ranking.crowding[point] = distance;
            }
        }
        ranking
    }

    /// The crowded comparison (Deb et al. 2002, section III C): the lower rank, then the less crowded. The better is the greater.
    pub(super) fn order(&self, a: usize, b: usize) -> std::cmp::Ordering {
        self.rank[b].cmp(&self.rank[a]).then(self.crowding[a].total_cmp(&self.crowding[b]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    /// Peeling: what nothing left dominates.
    fn peeled(points: &[&[f64]]) -> Vec<Vec<usize>> {
        let (mut left, mut fronts): (Vec<usize>, Vec<Vec<usize>>) = ((0..points.len()).collect(), vec![]);
        while !left.is_empty() {
            let (front, rest) = left.iter().partition(|&&p| !left.iter().any(|&q| dominates(points[q], points[p])));
            fronts.push(front);
            left = rest;
        }
        fronts
    }

    #[test]
    fn fronts_are_those_of_peeling() {
        for case in 0..60u64 {
            let mut random = Random::at(case, "points", &[]);
            let objectives = 1 + random.below(4);
            // Few values, so that many are equal.
            let values: Vec<Vec<f64>> = (0..random.below(60)).map(|_| (0..objectives).map(|_| random.below(6) as f64).collect()).collect();
            let points: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
            let expected = peeled(&points);
            assert_eq!(fronts(&points, points.len()), expected, "case {case}");
            let some = fronts(&points, 5);
            let held: usize = some.iter().map(Vec::len).sum();
            assert!(expected.starts_with(&some) && (held >= 5.min(points.len())), "case {case}");
            assert!(some.is_empty() || held - some[some.len() - 1].len() < 5);
        }
    }

    #[test]
    fn crowding_is_the_published_distance() {
        let values = [[0.0, 10.0], [1.0, 9.0], [4.0, 4.0], [10.0, 0.0], [5.0, 5.0]];
        let points: Vec<&[f64]> = values.iter().map(|v| &v[..]).collect();
        // By hand: the second has neighbours at 0 and 4 of 10, and at 10 and 4 of 10.
        let distance = crowding(&points, &[0, 1, 2, 3]);
        assert_eq!((distance[0], distance[3]), (f64::INFINITY, f64::INFINITY));
        assert!((distance[1] - (0.4 + 0.6)).abs() < 1e-12 && (distance[2] - (0.9 + 0.9)).abs() < 1e-12, "{distance:?}");
        let ranking = Ranking::of(&points);
        assert_eq!(ranking.rank, [0, 0, 1, 0, 0]);
        assert!(ranking.order(0, 2).is_gt() && ranking.order(4, 1).is_gt() && ranking.order(3, 3).is_eq());
        assert_eq!(crowding(&points, &[]), Vec::<f64>::new());
    }
}
