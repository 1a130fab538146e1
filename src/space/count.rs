//! The size of a space: products over layers, sums over branches and depths, with shared choices counted once.

use super::blocks::Scalar;
use super::function::{Combinations, Condition, Read};
use super::structure::{Cell, CellNode, Decision, DecisionId, Item, Setting, Slot, Structure, What, as_count};
use std::collections::{HashMap, HashSet};

impl Structure {
    /// The number of samples: assignments of the active decisions. Exact below 2⁵³ (and below 10⁴ combinations of
    /// `choice`s that decide what is built; above, the product over those is an upper bound).
    pub fn size(&self) -> f64 {
        let mut deciding = vec![];
        collect_deciding(&self.items, &self.decisions, &mut deciding);
        deciding.extend(self.deciding().into_iter().filter(|d| !deciding.contains(d)).collect::<Vec<_>>());
        let shared: Vec<DecisionId> = (0..self.decisions.len()).filter(|&d| self.decisions[d].shared).collect();
        let bit = |d: DecisionId| shared.iter().position(|&s| s == d).map_or(0, |i| 1u128 << i);
        let mut cells = vec![];
        collect_cells(&self.items, &mut cells);
        // Cells are read like shared choices; what stands in one is counted once.
        let within = |counts: Counts, count: &Counter| {
            counts
                .into_iter()
                .flat_map(|(mask, n)| {
                    let read = cells.iter().filter(|c| mask & cell_bit(c.group) != 0);
                    read.fold(vec![(mask, n)], |counts, cell| multiply(&counts, &count.cell(cell)))
                })
                .fold(Counts::new(), |mut sum, (mask, n)| {
                    add(&mut sum, mask, n);
                    sum
                })
        };
        let total = deciding.iter().map(|&d| self.decisions[d].options.len() as f64).product::<f64>();
        if total > 1e4 {
            let count = Counter { structure: self, bit: &bit, fixed: HashMap::new(), made: HashSet::new(), never: HashSet::new() };
            let inside = within(count.items(&self.items), &count);
            let trained = self.trained.iter().map(|t| t.decision).filter(|d| !deciding.contains(d));
            let trained: f64 = trained.map(|d| self.decisions[d].options.len() as f64).product();
            return total * trained * inside.iter().map(|(_, n)| n).sum::<f64>();
        }
        let mut sum = 0.0;
        for options in Combinations::from(deciding.iter().map(|&d| self.decisions[d].options.len()).collect()) {
            let count = Counter::of(self, &bit, deciding.iter().copied().zip(options).collect());
            // What is not made is counted once, at its first value.
            let idle = |d: DecisionId, mask: u128| match self.decisions[d].shared {
                true => mask & bit(d) == 0,
                false => !count.made.contains(&d),
            };
            let head = self.head().fold(vec![(0, 1.0)], |m, s| multiply(&m, &count.setting(s)));
            let head = self.trained.iter().fold(head, |m, t| multiply(&m, &vec![(count.read(t.decision), 1.0)]));
            for (mask, n) in within(multiply(&head, &count.items(&self.items)), &count) {
                if deciding.iter().any(|&d| idle(d, mask) && count.fixed[&d] != 0) {
                    continue;
                }
                let free = shared.iter().filter(|&&d| mask & bit(d) != 0 && !deciding.contains(&d));
                sum += n * free.map(|&d| self.decisions[d].options.len() as f64).product::<f64>();
            }
        }
        sum
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
            What::Repeat { count, .. } => count.reads().for_each(&mut note),
            _ => {}
        }
    }
    for item in items {
        match &item.what {
            What::Choose { branches, .. } => collect_deciding(branches, decisions, found),
            What::When { body, .. } => collect_deciding(body, decisions, found),
            What::Repeat { copies, .. } => copies.iter().for_each(|c| collect_deciding(c, decisions, found)),
            What::Cell(cell) => {
                cell.count.decision.filter(|&d| decisions[d].shared && !found.contains(&d)).into_iter().for_each(|d| found.push(d));
                for node in &cell.nodes {
                    node.slots.iter().for_each(|s| collect_deciding(&s.edges, decisions, found));
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
            What::When { body, .. } => collect_cells(body, found),
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
    /// The options of those decisions on which hangs what is built.
    fixed: HashMap<DecisionId, usize>,
    /// Which of them are made, and the shared ones that are not, because their own conditions are false.
    made: HashSet<DecisionId>,
    never: HashSet<DecisionId>,
}

impl<'a> Counter<'a> {
    fn of(structure: &'a Structure, bit: &'a dyn Fn(DecisionId) -> u128, fixed: HashMap<DecisionId, usize>) -> Self {
        let (mut made, mut never) = (HashSet::new(), HashSet::new());
        if structure.is_conditional() {
            structure.walk(&mut |d| {
                made.insert(d);
                fixed.get(&d).copied().unwrap_or(0)
            });
        }
        // A choice's condition reads choices before it.
        for (&d, guard) in &structure.guards {
            let options: Vec<usize> = guard.reads.iter().map(|r| fixed.get(&r.decision).copied().unwrap_or(0)).collect();
            if guard.reads.iter().any(|r| never.contains(&r.decision)) || !guard.at(&options) {
                never.insert(d);
            }
        }
        Counter { structure, bit, fixed, made, never }
    }

    /// The shared choices that are made where this one is read: what its condition reads, and it.
    fn read(&self, d: DecisionId) -> u128 {
        let guard = self.structure.guards.get(&d).into_iter().flat_map(|g| &g.reads);
        let before = guard.fold(0, |mask, r| mask | self.read(r.decision));
        if self.never.contains(&d) { before } else { before | (self.bit)(d) }
    }

    fn setting(&self, setting: &Setting) -> Counts {
        match setting.decision {
            Some(d) if self.structure.decisions[d].shared => vec![(self.read(d), 1.0)],
            Some(d) if self.fixed.contains_key(&d) => vec![(0, 1.0)],
            None if setting.derived.is_some() => vec![(setting.reads().fold(0, |mask, d| mask | self.read(d)), 1.0)],
            _ => vec![(0, setting.values.len() as f64)],
        }
    }

    fn items(&self, items: &[Item]) -> Counts {
        items.iter().fold(vec![(0, 1.0)], |counts, item| multiply(&counts, &self.item(item)))
    }

    fn item(&self, item: &Item) -> Counts {
        match &item.what {
            What::Skip => vec![(0, 1.0)],
            What::When { condition, body } => self.when(condition, body),
            What::Layer { settings, .. } => settings.iter().fold(vec![(0, 1.0)], |counts, (_, s)| multiply(&counts, &self.setting(s))),
            What::Choose { decision, branches } => self.decide(Some(*decision), branches.len(), &|i| self.items(&branches[i..=i])),
            What::Pick { pick, .. } => {
                let free = pick.as_ref().filter(|p| !self.fixed.contains_key(&p.decision));
                vec![(0, free.map_or(1.0, |p| p.sets.len() as f64))]
            }
            What::Cell(cell) => multiply(&self.setting(&cell.channels), &vec![(cell_bit(cell.group), 1.0)]),
            What::Repeat { count, copies } => {
                let first = |n: usize| copies[..n].iter().fold(vec![(0, 1.0)], |m, c| multiply(&m, &self.items(c)));
                let of = |n: Scalar| first(as_count(n).min(copies.len()));
                match &count.derived {
                    None => self.decide(count.decision, count.values.len(), &|i| of(count.values[i])),
                    Some(derived) => {
                        let options: Vec<usize> = derived.reads.iter().map(|r| self.fixed.get(&r.decision).copied().unwrap_or(0)).collect();
                        multiply(&self.setting(count), &of(count.values[*derived.at(&options)]))
                    }
                }
            }
        }
    }

    /// Layers under a condition. All that it reads is made, whether it holds or not.
    fn when(&self, condition: &Condition, body: &[Item]) -> Counts {
        let mask = condition.reads.iter().filter(|r| r.asks).fold(0, |mask, r| mask | self.read(r.decision));
        let there = |r: &Read| if r.asks { !self.never.contains(&r.decision) } else { self.made.contains(&r.decision) };
        let options: Vec<usize> = condition.reads.iter().map(|r| self.fixed.get(&r.decision).copied().unwrap_or(0)).collect();
        match self.fixed.is_empty() || (condition.reads.iter().all(there) && *condition.at(&options)) {
            true => multiply(&vec![(mask, 1.0)], &self.items(body)),
            false => vec![(mask, 1.0)],
        }
    }

    /// What stands in a cell.
    fn cell(&self, cell: &Cell) -> Counts {
        let slot = |slot: &Slot| {
            let all: Vec<Vec<usize>> = vec![(0..slot.edges.len()).collect()];
            let sets = slot.pick.as_ref().map_or(&all, |p| &p.sets);
            let edges: Vec<Counts> = slot.edges.iter().map(|e| self.item(e)).collect();
            let mut sum = Counts::new();
            for (mask, n) in sets.iter().flat_map(|set| set.iter().fold(vec![(0, 1.0)], |counts, &e| multiply(&counts, &edges[e]))) {
                add(&mut sum, mask, n);
            }
            sum
        };
        let node = |node: &CellNode| {
            let slots = node.slots.iter().fold(vec![(0, 1.0)], |counts, s| multiply(&counts, &slot(s)));
            let combined = node.combine.iter().fold(slots, |counts, c| multiply(&counts, &self.setting(c)));
            multiply(&combined, &self.items(node.op.as_slice()))
        };
        let nodes: Vec<Counts> = cell.nodes.iter().map(node).collect();
        let first = |n: usize| nodes[..n].iter().fold(vec![(0, 1.0)], multiply_into);
        let of = |i: usize| first(as_count(cell.count.values[i]).min(nodes.len()));
        self.decide(cell.count.decision, cell.count.values.len(), &of)
    }

    fn decide(&self, decision: Option<DecisionId>, options: usize, of: &dyn Fn(usize) -> Counts) -> Counts {
        if let Some((d, &i)) = decision.and_then(|d| self.fixed.get(&d).map(|i| (d, i))) {
            let (shared, never) = (self.structure.decisions[d].shared, self.never.contains(&d));
            let (read, i) = (if shared { self.read(d) } else { 0 }, if never { 0 } else { i });
            return of(i).into_iter().map(|(mask, n)| (mask | read, n)).collect();
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
