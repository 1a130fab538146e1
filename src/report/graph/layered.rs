//! A layered drawing of a graph without circles (Sugiyama, Tagawa and Toda 1981): every node stands below all that it reads.
//!
//! In four steps: rows by the longest way; a place for every edge in each row that it passes, so that long edges go around
//! boxes; the order within rows by the mean place of neighbours, with the fewest crossings kept; columns by least squares (each
//! row is an isotonic regression, whose exact solution pools neighbours that would overlap). docs/architecture.md says which crates
//! were weighed, and what they lack.

/// x and y, or width and height, in pixels.
pub type Point = (f64, f64);

/// Most places that edges take in rows that they pass: beyond, they are drawn straight. A network of thousands of layers, each of
/// which reads the first one, would have millions.
const MOST_PLACES: usize = 20_000;
/// Sweeps over the rows for their order, down and up, and for their columns (fewer where there are many places).
const SWEEPS: usize = 12;
const STRAIGHTEN: usize = 120;
/// Between boxes of a row.
const GAP: f64 = 26.0;
/// Between an edge that passes and what is beside it.
const LANE: f64 = 12.0;

/// An edge from a node to one below it.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// From.
    pub from: usize,
    /// To.
    pub to: usize,
    /// At least so many rows below; 2 leaves a row for a label.
    pub rows: usize,
    /// How wide its label is.
    pub label: f64,
}

/// Where everything stands.
#[derive(Debug, Default)]
pub struct Layout {
    /// Upper left corners of the nodes.
    pub nodes: Vec<Point>,
    /// The points of each edge, from the lower border of one node to the upper border of another.
    pub edges: Vec<Vec<Point>>,
    /// Where the label of an edge has room: the middle of its middle place.
    pub labels: Vec<Option<Point>>,
    /// Width and height.
    pub size: Point,
}

/// A node, or an edge's place in a row.
struct Place {
    width: f64,
    /// A node's own edges pull it less than those that pass want to be straight.
    passes: bool,
    row: usize,
    x: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// Lays nodes of these sizes out; `gap` is the room between rows. An edge that closes a circle, or that leads nowhere, is left out
/// of the order, and drawn all the same.
pub fn layout(sizes: &[Point], edges: &[Edge], gap: f64) -> Layout {
    let rows = rows(sizes.len(), edges);
    let mut places: Vec<Place> = sizes.iter().zip(&rows).map(|(size, &row)| Place::new(size.0, row, false)).collect();
    let mut ways: Vec<Vec<usize>> = Vec::with_capacity(edges.len());
    for edge in edges {
        let (Some(&from), Some(&to)) = (rows.get(edge.from), rows.get(edge.to)) else {
            ways.push(vec![]);
            continue;
        };
        let mut way = vec![edge.from];
        if from < to && places.len() < MOST_PLACES + sizes.len() {
            let middle = (from + to) / 2;
            for row in from + 1..to {
                places.push(Place::new(if row == middle { 2.0 * edge.label + LANE } else { LANE }, row, true));
                way.push(places.len() - 1);
            }
        }
        way.push(edge.to);
        if from < to {
            for pair in way.windows(2) {
                places[pair[0]].below.push(pair[1]);
                places[pair[1]].above.push(pair[0]);
            }
        }
        ways.push(way);
    }
    let order = order(&places);
    columns(&mut places, &order);
    placed(sizes, edges, gap, &places, &order, &ways)
}

impl Place {
    fn new(width: f64, row: usize, passes: bool) -> Place {
        Place { width, passes, row, x: 0.0, above: vec![], below: vec![] }
    }
}

/// The row of every node: the longest way to it; what reads nothing stands right above its first reader.
fn rows(nodes: usize, edges: &[Edge]) -> Vec<usize> {
    let mut rows = vec![0usize; nodes];
    let sound = |e: &&Edge| e.from < nodes && e.to < nodes && e.from != e.to;
    // As often as there are nodes is enough where there is no circle; the bound ends what has one.
    for _ in 0..nodes {
        let mut moved = false;
        for edge in edges.iter().filter(sound) {
            let least = rows[edge.from] + edge.rows.max(1);
            if rows[edge.to] < least && least <= 2 * nodes {
                (rows[edge.to], moved) = (least, true);
            }
        }
        if !moved {
            break;
        }
    }
    let mut first: Vec<Option<usize>> = vec![None; nodes];
    let mut reads = vec![false; nodes];
    for edge in edges.iter().filter(sound) {
        reads[edge.to] = true;
        let row = rows[edge.to].saturating_sub(edge.rows.max(1));
        first[edge.from] = Some(first[edge.from].map_or(row, |f| f.min(row)));
    }
    for (node, row) in rows.iter_mut().enumerate().filter(|(node, _)| !reads[*node]) {
        *row = first[node].unwrap_or(*row);
    }
    let least = rows.iter().copied().min().unwrap_or(0);
    rows.iter().map(|r| r - least).collect()
}

/// The order in each row with the fewest crossings that was met.
fn order(places: &[Place]) -> Vec<Vec<usize>> {
    let rows = places.iter().map(|p| p.row + 1).max().unwrap_or(0);
    let mut order: Vec<Vec<usize>> = vec![vec![]; rows];
    places.iter().enumerate().for_each(|(i, p)| order[p.row].push(i));
    let mut best = (crossings(places, &order), order.clone());
    let mut at = vec![0.0; places.len()];
    let note = |row: &[usize], at: &mut [f64]| row.iter().enumerate().for_each(|(i, &p)| at[p] = (i as f64 + 0.5) / row.len() as f64);
    order.iter().for_each(|row| note(row, &mut at));
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        for r in 0..rows {
            let r = if down { r } else { rows - 1 - r };
            let mean = |p: usize| {
                let near = if down { &places[p].above } else { &places[p].below };
                if near.is_empty() { at[p] } else { near.iter().map(|&q| at[q]).sum::<f64>() / near.len() as f64 }
            };
            let mut row: Vec<(f64, usize)> = order[r].iter().map(|&p| (mean(p), p)).collect();
            row.sort_by(|a, b| a.0.total_cmp(&b.0));
            order[r] = row.into_iter().map(|(_, p)| p).collect();
            note(&order[r], &mut at);
        }
        let crossed = crossings(places, &order);
        if crossed < best.0 {
            best = (crossed, order.clone());
        }
    }
    best.1
}

/// How many pairs of edges between neighbouring rows cross.
fn crossings(places: &[Place], order: &[Vec<usize>]) -> usize {
    let mut at = vec![0usize; places.len()];
    order.iter().for_each(|row| row.iter().enumerate().for_each(|(i, &p)| at[p] = i));
    let mut count = 0;
    // Those that began further left and end further right cross: counted by sums over a tree (Barth, Mutzel and Jünger 2004).
    let mut tree: Vec<usize> = vec![];
    for (r, row) in order.iter().enumerate() {
        let ends = order.get(r + 1).map_or(0, Vec::len);
        tree.clear();
        tree.resize(ends + 1, 0);
        for &p in row {
            let below = || places[p].below.iter().map(|&q| at[q] + 1);
            count += below().map(|end| sum(&tree, ends) - sum(&tree, end)).sum::<usize>();
            below().for_each(|end| add(&mut tree, end));
        }
    }
    count
}

/// The sum of the first so many counts of a tree (Fenwick 1994).
fn sum(tree: &[usize], mut to: usize) -> usize {
    let mut sum = 0;
    while to > 0 {
        sum += tree[to];
        to &= to - 1;
    }
    sum
}

fn add(tree: &mut [usize], mut at: usize) {
    while at < tree.len() {
        tree[at] += 1;
        at += at & at.wrapping_neg();
    }
}

/// Gives every place its x (its middle): as near to its neighbours as its row lets it.
fn columns(places: &mut [Place], order: &[Vec<usize>]) {
    for row in order {
        let mut x = 0.0;
        for (i, &p) in row.iter().enumerate() {
            x += if i == 0 { places[p].width / 2.0 } else { apart(&places[row[i - 1]], &places[p]) };
            places[p].x = x;
        }
    }
    let sweeps = if places.len() < 3_000 { STRAIGHTEN } else { SWEEPS };
    for sweep in 0..sweeps {
        for r in 0..order.len() {
            let row = &order[if sweep % 2 == 0 { r } else { order.len() - 1 - r }];
            let wished: Vec<(f64, f64)> = row.iter().map(|&p| wish(places, p)).collect();
            let gaps: Vec<f64> = row.windows(2).map(|pair| apart(&places[pair[0]], &places[pair[1]])).collect();
            for (&p, x) in row.iter().zip(least_squares(&wished, &gaps)) {
                places[p].x = x;
            }
        }
    }
    let left = places.iter().map(|p| p.x - p.width / 2.0).fold(f64::INFINITY, f64::min);
    places.iter_mut().for_each(|p| p.x -= left);
}

/// Where a place would be best, and how much that counts.
fn wish(places: &[Place], p: usize) -> (f64, f64) {
    let (mut sum, mut weight) = (0.0, 0.0);
    for &q in places[p].above.iter().chain(&places[p].below) {
        // An edge that passes is straight before all else.
        let w = match (places[p].passes, places[q].passes) {
            (true, true) => 8.0,
            (false, false) => 4.0,
            _ => 1.0,
        };
        sum += w * places[q].x;
        weight += w;
    }
    if weight > 0.0 { (sum / weight, weight) } else { (places[p].x, 0.1) }
}

/// Least distance between the middles of two neighbours.
fn apart(a: &Place, b: &Place) -> f64 {
    (a.width + b.width) / 2.0 + if a.passes || b.passes { LANE } else { GAP }
}

/// The places nearest to those wished for (by weighted squares) that keep these distances: pools neighbours that would overlap.
fn least_squares(wished: &[(f64, f64)], gaps: &[f64]) -> Vec<f64> {
    let mut offsets = vec![0.0];
    gaps.iter().for_each(|gap| offsets.push(offsets[offsets.len() - 1] + gap));
    // (mean, weight, how many)
    let mut pools: Vec<(f64, f64, usize)> = vec![];
    for ((x, weight), offset) in wished.iter().zip(&offsets) {
        let mut pool = (x - offset, *weight, 1);
        while let Some(last) = pools.last().filter(|last| last.0 > pool.0) {
            let weight = last.1 + pool.1;
            pool = ((last.0 * last.1 + pool.0 * pool.1) / weight, weight, last.2 + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let means = pools.iter().flat_map(|(mean, _, n)| std::iter::repeat_n(*mean, *n));
    means.zip(&offsets).map(|(mean, offset)| mean + offset).collect()
}

/// Rows get their heights, edges their points.
fn placed(sizes: &[Point], edges: &[Edge], gap: f64, places: &[Place], order: &[Vec<usize>], ways: &[Vec<usize>]) -> Layout {
    let height = |row: &Vec<usize>| row.iter().filter_map(|&p| sizes.get(p)).map(|s| s.1).fold(8.0, f64::max);
    let mut tops = vec![];
    let mut y = 0.0;
    for row in order {
        tops.push((y, height(row)));
        y += height(row) + gap;
    }
    let corner = |p: usize| {
        let (top, high) = tops[places[p].row];
        (places[p].x - sizes[p].0 / 2.0, top + (high - sizes[p].1) / 2.0)
    };
    let nodes: Vec<Point> = (0..sizes.len()).map(corner).collect();
    // Edges leave and come in side by side, in the order of where they lead.
    let mut leave: Vec<Vec<(f64, usize)>> = vec![vec![]; sizes.len()];
    let mut come = leave.clone();
    for (e, way) in ways.iter().enumerate() {
        if let [from, .., to] = way[..] {
            leave[from].push((places[way[1]].x, e));
            come[to].push((places[way[way.len() - 2]].x, e));
        }
    }
    leave.iter_mut().chain(&mut come).for_each(|all| all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))));
    let mut ports = vec![(0.0, 0.0); edges.len()];
    for (out, all) in [(true, &leave), (false, &come)] {
        for (node, all) in all.iter().enumerate() {
            let steps = (all.len().max(2) - 1) as f64;
            let spread = (sizes[node].0 * 0.6).min(22.0 * steps);
            for (i, (_, e)) in all.iter().enumerate() {
                let x = places[node].x + if all.len() > 1 { spread * (i as f64 / steps - 0.5) } else { 0.0 };
                if out { ports[*e].0 = x } else { ports[*e].1 = x }
            }
        }
    }
    let mut layout = Layout { nodes, ..Layout::default() };
    for (e, way) in ways.iter().enumerate() {
        let (mut points, mut label) = (vec![], None);
        if let [from, between @ .., to] = &way[..] {
            points.push((ports[e].0, layout.nodes[*from].1 + sizes[*from].1));
            for &p in between {
                let (top, high) = tops[places[p].row];
                points.extend([(places[p].x, top), (places[p].x, top + high)]);
            }
            points.push((ports[e].1, layout.nodes[*to].1));
            label =
                between.get((between.len().max(1) - 1) / 2).map(|&p| (places[p].x, tops[places[p].row].0 + tops[places[p].row].1 / 2.0));
        }
        layout.edges.push(points);
        layout.labels.push(label);
    }
    let right = places.iter().map(|p| p.x + p.width / 2.0).fold(0.0, f64::max);
    layout.size = (right, (y - gap).max(0.0));
    layout
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: usize, to: usize) -> Edge {
        Edge { from, to, rows: 1, label: 0.0 }
    }

    fn overlap(layout: &Layout, sizes: &[Point]) -> bool {
        let boxes: Vec<(Point, Point)> = layout.nodes.iter().copied().zip(sizes.iter().copied()).collect();
        let apart =
            |(a, s): &(Point, Point), (b, t): &(Point, Point)| a.0 + s.0 <= b.0 || b.0 + t.0 <= a.0 || a.1 + s.1 <= b.1 || b.1 + t.1 <= a.1;
        boxes.iter().enumerate().any(|(i, a)| boxes[i + 1..].iter().any(|b| !apart(a, b)))
    }

    #[test]
    fn boxes_do_not_overlap_and_readers_stand_below() {
        // Pairs that pseudo-random numbers pick: whatever the graph, the drawing is sound.
        for seed in 0..30usize {
            let n = 5 + seed % 17;
            let next = |k: usize| (seed * 7919 + k * 104_729) % 1009;
            let sizes: Vec<Point> = (0..n).map(|i| (40.0 + (next(i) % 100) as f64, 20.0 + (next(i + 50) % 30) as f64)).collect();
            let edges: Vec<Edge> = (1..n).flat_map(|i| [edge(next(i) % i, i), edge(next(i * 3) % i, i)]).collect();
            let drawn = layout(&sizes, &edges, 30.0);
            assert!(!overlap(&drawn, &sizes), "{seed}: {drawn:?}");
            for (edge, points) in edges.iter().zip(&drawn.edges) {
                assert!(drawn.nodes[edge.from].1 + sizes[edge.from].1 < drawn.nodes[edge.to].1);
                assert!(points.windows(2).all(|p| p[0].1 <= p[1].1), "{points:?}");
            }
            assert!(drawn.nodes.iter().zip(&sizes).all(|(at, s)| at.0 >= -1e-6 && at.0 + s.0 <= drawn.size.0 + 1e-6));
        }
    }

    #[test]
    fn a_long_edge_goes_around_boxes() {
        let sizes = [(100.0, 30.0); 4];
        let drawn = layout(&sizes, &[edge(0, 1), edge(1, 2), edge(2, 3), edge(0, 3)], 30.0);
        let way = &drawn.edges[3];
        assert_eq!(way.len(), 6);
        let hits = |(x, y): Point, (left, top): Point| x > left && x < left + 100.0 && y > top && y < top + 30.0;
        let middle = |a: Point, b: Point| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
        assert!(way.windows(2).all(|p| drawn.nodes.iter().all(|at| !hits(middle(p[0], p[1]), *at))), "{drawn:?}");
    }

    #[test]
    fn least_squares_keeps_distances_and_wishes() {
        assert_eq!(least_squares(&[(0.0, 1.0), (50.0, 1.0)], &[10.0]), [0.0, 50.0]);
        // Two that want the same place share the way that they must give.
        assert_eq!(least_squares(&[(5.0, 1.0), (5.0, 1.0)], &[10.0]), [0.0, 10.0]);
        assert_eq!(least_squares(&[(5.0, 3.0), (5.0, 1.0)], &[8.0]), [3.0, 11.0]);
    }

    #[test]
    fn circles_and_edges_to_nowhere_do_no_harm() {
        let sizes = [(50.0, 20.0); 3];
        let drawn = layout(&sizes, &[edge(0, 1), edge(1, 0), edge(2, 2), edge(0, 9)], 20.0);
        assert_eq!((drawn.nodes.len(), drawn.edges.len()), (3, 4));
        assert!(layout(&[], &[], 20.0).nodes.is_empty());
    }

    #[test]
    fn thousands_of_long_edges_are_drawn() {
        let sizes = vec![(50.0, 20.0); 600];
        let edges: Vec<Edge> = (1..600).flat_map(|i| [edge(i - 1, i), edge(0, i)]).collect();
        assert_eq!(layout(&sizes, &edges, 20.0).edges.len(), 1198);
    }
}
