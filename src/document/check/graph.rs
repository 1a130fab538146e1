//! Stages and what they read: reachability and order.

use crate::document::pipeline::{SpaceNode, Stage};
use std::collections::{BTreeSet, HashMap};

/// The edges `from` between stages, by index; names that are no stages have none.
pub struct Graph {
    /// Index by name; the first declaration counts.
    pub index: HashMap<String, usize>,
    /// What each stage reads.
    pub reads: Vec<Vec<usize>>,
    /// Who reads each stage.
    pub readers: Vec<Vec<usize>>,
    /// What each stage comes after: what it reads, the training that its `init from=` names and its `teacher`, the stages that its space waits for or
    /// that it starts with, and of a search that of every training on the way to its objective.
    waits: Vec<Vec<usize>>,
}

impl Graph {
    /// The graph of these stages.
    pub fn new(stages: &[Stage], spaces: &[SpaceNode]) -> Self {
        let mut index = HashMap::new();
        for (i, stage) in stages.iter().enumerate() {
            index.entry(stage.name.value.clone()).or_insert(i);
        }
        let reads: Vec<Vec<usize>> = stages.iter().map(|s| s.from.iter().filter_map(|f| index.get(&f.value).copied()).collect()).collect();
        let mut readers = vec![Vec::new(); stages.len()];
        for (i, sources) in reads.iter().enumerate() {
            for &source in sources {
                readers[source].push(i);
            }
        }
        let mut waits = reads.clone();
        for (stage, waits) in stages.iter().zip(&mut waits) {
            let space = spaces.iter().find(|s| stage.from.iter().any(|f| f.value == s.name.value));
            waits.extend(space.iter().flat_map(|s| s.waits()).filter_map(|name| index.get(&name.value)));
            if let Some(train) = stage.train() {
                waits.extend(train.waits().filter_map(|name| index.get(&name.value)));
            }
            // What a search begins with is there before it.
            let start = stage.sample().map_or(&[][..], |s| &s.start);
            waits.extend(start.iter().filter_map(|name| index.get(&name.value)));
        }
        let mut graph = Graph { index, reads, readers, waits };
        for (i, stage) in stages.iter().enumerate() {
            let objective = stage.sample().and_then(|s| s.objective.as_ref()).and_then(|o| graph.index.get(&o.stage.value));
            let Some(&objective) = objective else { continue };
            let downstream = graph.downstream(i);
            let between = graph.upstream(objective).into_iter().filter(|s| downstream.contains(s));
            let from = between.filter_map(|s| stages[s].train()).flat_map(|train| train.waits());
            let from: BTreeSet<usize> = from.filter_map(|name| graph.index.get(&name.value).copied()).collect();
            graph.waits[i].extend(from);
        }
        graph
    }

    /// Everything upstream of a stage, itself left out.
    pub fn upstream(&self, stage: usize) -> BTreeSet<usize> {
        closure(stage, &self.reads)
    }

    /// Everything downstream of a stage, itself left out.
    pub fn downstream(&self, stage: usize) -> BTreeSet<usize> {
        closure(stage, &self.readers)
    }

    /// An order in which each stage comes after those it reads, as near to the file's as that allows; or a cycle.
    pub fn order(&self) -> Result<Vec<usize>, Vec<usize>> {
        let mut waits: Vec<usize> = self.waits.iter().map(Vec::len).collect();
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); waits.len()];
        for (stage, sources) in self.waits.iter().enumerate() {
            sources.iter().for_each(|&source| waiting[source].push(stage));
        }
        let mut ready: BTreeSet<usize> = (0..waits.len()).filter(|&i| waits[i] == 0).collect();
        let mut order = Vec::with_capacity(waits.len());
        while let Some(next) = ready.pop_first() {
            order.push(next);
            for &reader in &waiting[next] {
                waits[reader] -= 1;
                if waits[reader] == 0 {
                    ready.insert(reader);
                }
            }
        }
        if order.len() == waits.len() { Ok(order) } else { Err(self.cycle(&waits)) }
    }

    /// Walks upstream among stages that wait for ever until one comes again.
    fn cycle(&self, waits: &[usize]) -> Vec<usize> {
        let mut path: Vec<usize> = Vec::new();
        let mut at = waits.iter().position(|&w| w > 0);
        while let Some(stage) = at {
            if let Some(start) = path.iter().position(|&p| p == stage) {
                let mut cycle = path.split_off(start);
                cycle.reverse();
                return cycle;
            }
            path.push(stage);
            at = self.waits[stage].iter().copied().find(|&s| waits[s] > 0);
        }
        path
    }
}

fn closure(start: usize, edges: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<usize> = edges[start].clone();
    while let Some(stage) = next.pop() {
        if seen.insert(stage) {
            next.extend(&edges[stage]);
        }
    }
    seen
}
