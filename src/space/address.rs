//! Addresses of decisions and ranks of their options: a draw depends on the place in the structure and on content,
//! never on a name or on the order of values (invariant 11).

use super::content::by_value;
use super::function::Read;
use super::structure::{DecisionId, Item, Pick, Setting, Structure, What, compare};
use crate::base::{Canon, Digest};
use std::collections::{HashMap, HashSet};

impl Structure {
    /// Gives every decision its address and the ranks of its options.
    pub fn address(&mut self) {
        let mut found: HashMap<DecisionId, (u64, Vec<usize>)> = HashMap::new();
        let read;
        {
            let mut pass = Addresses { structure: self, found: &mut found, read: vec![] };
            if let Some(size) = &self.size {
                pass.setting(size, &[0, 2]);
            }
            if let Some(width) = &self.width {
                pass.setting(width, &[0, 0]);
            }
            pass.setting(&self.activation, &[0, 1]);
            for (i, item) in self.items.iter().enumerate() {
                let (level, number) = self.entry(i);
                pass.item(item, &mut vec![1 + level as u64, number as u64]);
            }
            pass.only_read();
            read = pass.of_the_network();
            pass.trained();
            pass.guards();
        }
        for (id, decision) in self.decisions.iter_mut().enumerate() {
            // A `choice` that nothing reads is never asked for; its rank is the order of the file.
            let (address, ranked) = found.remove(&id).unwrap_or((id as u64, (0..decision.options.len()).collect()));
            decision.address = address;
            decision.read = read.contains(&id);
            decision.ranked = ranked;
        }
    }
}

/// Visits places in an order that no name and no order of values decides.
struct Addresses<'a> {
    structure: &'a Structure,
    found: &'a mut HashMap<DecisionId, (u64, Vec<usize>)>,
    /// What conditions and derived values read, and where.
    read: Vec<(DecisionId, Vec<u64>)>,
}

impl Addresses<'_> {
    fn note(&mut self, id: DecisionId, path: &[u64], ranked: impl FnOnce() -> Vec<usize>) {
        // A shared choice lies where it is read first.
        self.found.entry(id).or_insert_with(|| {
            let canon = Canon::List(path.iter().map(|p| Canon::Int(*p as i64)).collect());
            (canon.digest().seed(), ranked())
        });
    }

    fn reads(&mut self, reads: &[Read], path: &[u64]) {
        for (i, read) in reads.iter().enumerate().filter(|(_, r)| r.asks) {
            self.read.push((read.decision, path.iter().copied().chain([i as u64]).collect()));
        }
    }

    /// A choice that stands nowhere lies where the first condition or derived value reads it, its options ranked by value.
    fn only_read(&mut self) {
        for (d, path) in std::mem::take(&mut self.read) {
            let options = &self.structure.decisions[d].options;
            self.note(d, &path, || by_value(options));
        }
    }

    /// What the network reads, with what the conditions of that read.
    fn of_the_network(&self) -> HashSet<DecisionId> {
        let mut read: HashSet<DecisionId> = self.found.keys().copied().collect();
        // A choice's condition reads choices before it.
        for (d, guard) in self.structure.guards.iter().rev() {
            if read.contains(d) {
                read.extend(guard.reads.iter().map(|r| r.decision));
            }
        }
        read
    }

    /// A choice that only trainings read lies in the numbers of recipes that it is; one of several that are the same, by their order.
    fn trained(&mut self) {
        for (i, trained) in self.structure.trained.iter().enumerate() {
            let same = self.structure.trained[..i].iter().filter(|t| t.reads == trained.reads).count();
            let place = Digest::of(trained.reads.join(" ").as_bytes()).seed();
            let options = &self.structure.decisions[trained.decision].options;
            self.note(trained.decision, &[u64::MAX - 1, place, same as u64], || by_value(options));
        }
    }

    /// Those that only the conditions of choices read come last.
    fn guards(&mut self) {
        let mut guards: Vec<_> = self.structure.guards.iter().map(|(d, g)| (self.found.get(d).map_or(u64::MAX, |f| f.0), g)).collect();
        guards.sort_by_key(|(address, _)| *address);
        for (address, guard) in guards {
            for (i, read) in guard.reads.iter().enumerate() {
                let options = &self.structure.decisions[read.decision].options;
                self.note(read.decision, &[u64::MAX, address, i as u64], || by_value(options));
            }
        }
    }

    fn setting(&mut self, setting: &Setting, path: &[u64]) {
        if let Some(derived) = &setting.derived {
            self.reads(&derived.reads, path);
        }
        if let Some(id) = setting.decision {
            self.note(id, path, || {
                let mut ranked: Vec<usize> = (0..setting.values.len()).collect();
                ranked.sort_by(|&a, &b| compare(&setting.values[a], &setting.values[b]));
                ranked
            });
        }
    }

    /// Sets of candidates have one order, whatever the file says.
    fn pick(&mut self, pick: Option<&Pick>, path: &[u64]) {
        if let Some(pick) = pick {
            self.note(pick.decision, path, || (0..pick.sets.len()).collect());
        }
    }

    fn items(&mut self, items: &[Item], path: &mut Vec<u64>) {
        for (i, item) in items.iter().enumerate() {
            path.push(i as u64);
            self.item(item, path);
            path.pop();
        }
    }

    fn item(&mut self, item: &Item, path: &mut Vec<u64>) {
        match &item.what {
            What::Skip => {}
            What::Layer { settings, .. } => {
                let mut settings: Vec<_> = settings.iter().collect();
                settings.sort_by_key(|(name, _)| *name);
                for (name, setting) in settings {
                    path.push(Digest::of(name.as_bytes()).seed());
                    self.setting(setting, path);
                    path.pop();
                }
            }
            What::When { condition, body } => {
                path.push(u64::MAX);
                self.reads(&condition.reads, path);
                path.pop();
                self.items(body, path);
            }
            What::Choose { decision, branches } => {
                let mut ranked: Vec<usize> = (0..branches.len()).collect();
                let digests: Vec<_> = branches.iter().map(|b| self.structure.item_canon(b).digest()).collect();
                ranked.sort_by_key(|&b| digests[b]);
                self.note(*decision, path, || ranked.clone());
                for (rank, &branch) in ranked.iter().enumerate() {
                    path.push(rank as u64);
                    self.item(&branches[branch], path);
                    path.pop();
                }
            }
            What::Pick { pick, .. } => self.pick(pick.as_ref(), path),
            What::Cell(cell) => {
                self.setting(&cell.channels, path);
                path.push(0);
                self.setting(&cell.count, path);
                path.pop();
                for (n, node) in cell.nodes.iter().enumerate() {
                    path.push(1 + n as u64);
                    for (k, slot) in node.slots.iter().enumerate() {
                        // Behind the edges of the first, before the operation.
                        path.extend((k > 0).then(|| u64::MAX - k as u64));
                        self.pick(slot.pick.as_ref(), path);
                        self.items(&slot.edges, path);
                        path.truncate(path.len() - usize::from(k > 0));
                    }
                    if let Some(combine) = &node.combine {
                        path.push(u64::MAX - node.slots.len() as u64);
                        self.setting(combine, path);
                        path.pop();
                    }
                    if let Some(op) = &node.op {
                        path.push(u64::MAX);
                        self.item(op, path);
                        path.pop();
                    }
                    path.pop();
                }
            }
            What::Repeat { count, copies } => {
                self.setting(count, path);
                for (k, copy) in copies.iter().enumerate() {
                    path.push(k as u64);
                    self.items(copy, path);
                    path.pop();
                }
            }
        }
    }
}
