//! The size of a space: products over layers, sums over branches and depths, with shared choices counted once.

use super::structure::{Cell, CellNode, Decision, DecisionId, Item, Setting, Structure, What, as_count};
use std::collections::HashMap;

impl Structure {
    /// The number of samples: assignments of the active decisions. Exact below 2⁵³ (and below 10⁴ combinations of
    /// `choice`s that decide what is built; above, the product over those is an upper bound).
    pub fn size(&self) -> f64 {
        let mut deciding = vec![];
        collect_deciding(&self.items, &self.decisions, &mut deciding);
        let shared: Vec<DecisionId> = (0..self.decisions.len()).filter(|&d| self.decisions[d].shared).collect();
        let bit = |d: DecisionId| shared.iter().position(|&s| s == d).map_or(0, |i| 1u128 << i);
        let mut cells = vec![];
        collect_cells(&self.items, &mut cells);
        let count = Counter { structure: self, bit: &bit };
        // Cells are read like shared choices; what stands in one is counted once.
        let within = |counts: Counts, assignment: &HashMap<DecisionId, usize>| {
            counts
                .into_iter()
                .flat_map(|(mask, n)| {
                    let read = cells.iter().filter(|c| mask & cell_bit(c.group) != 0);
                    read.fold(vec![(mask, n)], |counts, cell| multiply(&counts, &count.cell(cell, assignment)))
                })
                .fold(Counts::new(), |mut sum, (mask, n)| {
                    add(&mut sum, mask, n);
                    sum
                })
        };
        let total = deciding.iter().map(|&d| self.decisions[d].options.len() as f64).product::<f64>();
        if total > 1e4 {
            let inside = within(count.items(&self.items, &HashMap::new()), &HashMap::new());
            return total * inside.iter().map(|(_, n)| n).sum::<f64>();
        }
        let mut sum = 0.0;
        let mut assignment: HashMap<DecisionId, usize> = deciding.iter().map(|&d| (d, 0)).collect();
        loop {
            let head = self.head().fold(vec![(0, 1.0)], |m, s| multiply(&m, &count.setting(s)));
            for (mask, n) in within(multiply(&head, &count.items(&self.items, &assignment)), &assignment) {
                // A deciding choice that this network does not read is counted once, at its first value.
                if deciding.iter().any(|&d| mask & bit(d) == 0 && assignment[&d] != 0) {
                    continue;
                }
                let free = shared.iter().filter(|&&d| mask & bit(d) != 0 && !deciding.contains(&d));
                sum += n * free.map(|&d| self.decisions[d].options.len() as f64).product::<f64>();
            }
            let mut done = true;
            for &d in &deciding {
                let next = assignment[&d] + 1;
                if next < self.decisions[d].options.len() {
                    assignment.insert(d, next);
                    done = false;
                    break;
                }
                assignment.insert(d, 0);
            }
            if done {
                return sum;
            }
        }
    }
}

fn collect_deciding(items: &[Item], decisions: &[Decision], found: &mut Vec<DecisionId>) {
    let mut note = |d: DecisionId| {
        if decisions[d].shared && !found.contains(&d) {
            found.push(d);
        }
    };
    for item in items {
        match &item.what {
            What::Choose { decision, .. } => note(*decision),
            What::Repeat { count, .. } => count.decision.into_iter().for_each(&mut note),
            _ => {}
        }
    }
    for item in items {
        match &item.what {
            What::Choose { branches, .. } => collect_deciding(branches, decisions, found),
            What::Repeat { copies, .. } => copies.iter().for_each(|c| collect_deciding(c, decisions, found)),
            What::Cell(cell) => {
                cell.count.decision.filter(|&d| decisions[d].shared && !found.contains(&d)).into_iter().for_each(|d| found.push(d));
                for node in &cell.nodes {
                    collect_deciding(&node.edges, decisions, found);
                    collect_deciding(node.op.as_slice(), decisions, found);
                }
            }
            _ => {}
        }
    }
}

/// One use of every cell.
fn collect_cells<'a>(items: &'a [Item], found: &mut Vec<&'a Cell>) {
    for item in items {
        match &item.what {
            What::Choose { branches, .. } => collect_cells(branches, found),
            What::Repeat { copies, .. } => copies.iter().for_each(|c| collect_cells(c, found)),
            What::Cell(cell) if !found.iter().any(|f| f.group == cell.group) => found.push(cell),
            _ => {}
        }
    }
}

/// Behind those of the shared choices, of which there are at most 64.
fn cell_bit(group: usize) -> u128 {
    1 << (64 + group.min(63))
}

/// How many assignments there are of the decisions that are not shared, by the set of shared ones that are read.
type Counts = Vec<(u128, f64)>;

struct Counter<'a> {
    structure: &'a Structure,
    bit: &'a dyn Fn(DecisionId) -> u128,
}

impl Counter<'_> {
    fn setting(&self, setting: &Setting) -> Counts {
        match setting.decision {
            Some(d) if self.structure.decisions[d].shared => vec![((self.bit)(d), 1.0)],
            _ => vec![(0, setting.values.len() as f64)],
        }
    }

    fn items(&self, items: &[Item], fixed: &HashMap<DecisionId, usize>) -> Counts {
        items.iter().fold(vec![(0, 1.0)], |counts, item| multiply(&counts, &self.item(item, fixed)))
    }

    fn item(&self, item: &Item, fixed: &HashMap<DecisionId, usize>) -> Counts {
        match &item.what {
            What::Skip => vec![(0, 1.0)],
            What::Layer { settings, .. } => settings.iter().fold(vec![(0, 1.0)], |counts, (_, s)| multiply(&counts, &self.setting(s))),
            What::Choose { decision, branches } => {
                let of = |i: usize| self.items(&branches[i..=i], fixed);
                self.decide(Some(*decision), branches.len(), fixed, &of)
            }
            What::Pick { pick, .. } => vec![(0, pick.as_ref().map_or(1.0, |p| p.sets.len() as f64))],
            What::Cell(cell) => multiply(&self.setting(&cell.channels), &vec![(cell_bit(cell.group), 1.0)]),
            What::Repeat { count, copies } => {
                let first = |n: usize| copies[..n].iter().fold(vec![(0, 1.0)], |m, c| multiply(&m, &self.items(c, fixed)));
                let of = |i: usize| first(as_count(count.values[i]).min(copies.len()));
                self.decide(count.decision, count.values.len(), fixed, &of)
            }
        }
    }

    /// What stands in a cell.
    fn cell(&self, cell: &Cell, fixed: &HashMap<DecisionId, usize>) -> Counts {
        let node = |node: &CellNode| {
            let all: Vec<Vec<usize>> = vec![(0..node.edges.len()).collect()];
            let sets = node.pick.as_ref().map_or(&all, |p| &p.sets);
            let edges: Vec<Counts> = node.edges.iter().map(|e| self.item(e, fixed)).collect();
            let mut sum = Counts::new();
            for (mask, n) in sets.iter().flat_map(|set| set.iter().fold(vec![(0, 1.0)], |counts, &e| multiply(&counts, &edges[e]))) {
                add(&mut sum, mask, n);
            }
            multiply(&sum, &self.items(node.op.as_slice(), fixed))
        };
        let nodes: Vec<Counts> = cell.nodes.iter().map(node).collect();
        let first = |n: usize| nodes[..n].iter().fold(vec![(0, 1.0)], multiply_into);
        let of = |i: usize| first(as_count(cell.count.values[i]).min(nodes.len()));
        self.decide(cell.count.decision, cell.count.values.len(), fixed, &of)
    }

    fn decide(
        &self,
        decision: Option<DecisionId>,
        options: usize,
        fixed: &HashMap<DecisionId, usize>,
        of: &dyn Fn(usize) -> Counts,
    ) -> Counts {
        let shared = decision.filter(|&d| self.structure.decisions[d].shared);
        if let Some((d, &i)) = shared.and_then(|d| fixed.get(&d).map(|i| (d, i))) {
            return of(i).into_iter().map(|(mask, n)| (mask | (self.bit)(d), n)).collect();
        }
        let mut sum = Counts::new();
        for (mask, n) in (0..options).flat_map(of) {
            add(&mut sum, mask, n);
        }
        sum
    }
}

fn multiply_into(a: Counts, b: &Counts) -> Counts {
    multiply(&a, b)
}

fn multiply(a: &Counts, b: &Counts) -> Counts {
    let mut product = Counts::new();
    for (m, x) in a {
        for (n, y) in b {
            add(&mut product, m | n, x * y);
        }
    }
    product
}

fn add(counts: &mut Counts, mask: u128, n: f64) {
    match counts.iter_mut().find(|(m, _)| *m == mask) {
        Some((_, sum)) => *sum += n,
        None => counts.push((mask, n)),
    }
}
