//! Samples that show how large everything becomes: every option of every decision once, with the others at their largest.

use crate::space::blocks::Scalar;
use crate::space::structure::{DecisionId, Item, Setting, Structure, What};
use crate::space::{Sample, Space};
use std::collections::HashMap;

/// Above this many options in all, some are seen only in random samples.
const MOST: usize = 4096;
const RANDOM: u64 = 64;
/// Above this many cases of what is there, only those around the largest options are looked at.
const CASES: usize = 64;

/// A sample, and the options that it is there for.
pub(super) struct Probe {
    pub sample: Sample,
    pub shows: Vec<(DecisionId, usize)>,
}

/// A place where a decision is read, and the options of others that lead there.
struct Place {
    decision: DecisionId,
    through: Vec<(DecisionId, usize)>,
}

/// For every decision the option that makes most of it: the largest number; the first branch.
pub(super) fn largest(structure: &Structure) -> Vec<usize> {
    extreme(structure, |a, b| a > b)
}

/// For every decision the option that makes least of it: the smallest number; the first branch.
pub(super) fn smallest(structure: &Structure) -> Vec<usize> {
    extreme(structure, |a, b| a < b)
}

fn extreme(structure: &Structure, better: fn(f64, f64) -> bool) -> Vec<usize> {
    let mut best: Vec<Option<usize>> = vec![None; structure.decisions.len()];
    settings(structure, &mut |setting| {
        if let Some(derived) = &setting.derived {
            let largest = derived
                .combinations()
                .reduce(|best, c| if better(number(setting, *derived.at(&c)), number(setting, *derived.at(&best))) { c } else { best });
            for (read, option) in derived.reads.iter().zip(largest.into_iter().flatten()) {
                best[read.decision].get_or_insert(option);
            }
        }
        let Some(d) = setting.decision else { return };
        best[d].get_or_insert_with(|| {
            (1..setting.values.len()).fold(0, |best, i| if better(number(setting, i), number(setting, best)) { i } else { best })
        });
    });
    best.into_iter().map(|b| b.unwrap_or(0)).collect()
}

/// A value as a size.
fn number(setting: &Setting, i: usize) -> f64 {
    match setting.values[i] {
        Scalar::Int(v) => v as f64,
        Scalar::Float(v) => v,
        Scalar::Bool(v) => f64::from(u8::from(v)),
        Scalar::Activation(_) | Scalar::Word(_) => 0.0,
    }
}

/// Visits every setting of the space, taken or not.
pub(super) fn settings<'a>(structure: &'a Structure, visit: &mut dyn FnMut(&'a Setting)) {
    fn items<'a>(all: &'a [Item], visit: &mut dyn FnMut(&'a Setting)) {
        for item in all {
            match &item.what {
                What::Skip => {}
                What::Layer { settings, .. } => settings.iter().for_each(|(_, s)| visit(s)),
                What::When { body, .. } => items(body, visit),
                What::Choose { branches, .. } => items(branches, visit),
                What::Pick { .. } => {}
                What::Cell(cell) => {
                    visit(&cell.channels);
                    visit(&cell.count);
                    for node in &cell.nodes {
                        node.slots.iter().for_each(|s| items(&s.edges, visit));
                        node.combine.iter().for_each(&mut *visit);
                        items(node.op.as_slice(), visit);
                    }
                }
                What::Repeat { count, copies } => {
                    visit(count);
                    copies.iter().for_each(|c| items(c, visit));
                }
            }
        }
    }
    structure.head().for_each(&mut *visit);
    items(&structure.items, visit);
}

/// The probes around these options; where layers come and go, around them in every case of what decides it.
pub(super) fn everywhere(space: &Space, options: &[usize]) -> Vec<Probe> {
    let cases = match space.structure.is_conditional() {
        true => space.structure.cases(CASES).unwrap_or_default(),
        false => vec![],
    };
    let mut probes = around(space, options);
    for case in cases {
        let there = options.iter().enumerate().map(|(d, &o)| case.get(&d).copied().unwrap_or(o));
        probes.extend(around(space, &there.collect::<Vec<_>>()));
    }
    probes
}

/// The probes around these options.
fn around(space: &Space, options: &[usize]) -> Vec<Probe> {
    let structure = &space.structure;
    let mut probes = vec![Probe { sample: Sample::collect(structure, |d| options[d]), shows: vec![] }];
    let mut known = HashMap::from([(probes[0].sample.clone(), 0)]);
    for place in places(structure) {
        for option in 0..structure.decisions[place.decision].options.len() {
            if probes.len() > MOST {
                break;
            }
            let sample = Sample::collect(structure, |d| match place.through.iter().find(|(t, _)| *t == d) {
                Some((_, o)) => *o,
                None if d == place.decision => option,
                None => options[d],
            });
            let probe = *known.entry(sample).or_insert_with_key(|sample| {
                probes.push(Probe { sample: sample.clone(), shows: vec![] });
                probes.len() - 1
            });
            // Where layers come and go, it may stand in such as are not there now.
            if probes[probe].sample.option(place.decision) == Some(option) {
                probes[probe].shows.push((place.decision, option));
            }
        }
    }
    probes
}

/// Samples at random.
pub(super) fn random(space: &Space) -> Vec<Probe> {
    (0..RANDOM).map(|i| Probe { sample: space.random(0, &[u64::MAX, i]), shows: vec![] }).collect()
}

fn places(structure: &Structure) -> Vec<Place> {
    fn items(all: &[Item], through: &mut Vec<(DecisionId, usize)>, found: &mut Vec<Place>) {
        let note = |d: Option<DecisionId>, through: &Vec<(DecisionId, usize)>, found: &mut Vec<Place>| {
            if let Some(decision) = d.filter(|d| through.iter().all(|(t, _)| t != d)) {
                found.push(Place { decision, through: through.clone() });
            }
        };
        for item in all {
            match &item.what {
                What::Skip => {}
                What::When { condition, body } => {
                    condition.reads.iter().for_each(|r| note(Some(r.decision), through, found));
                    items(body, through, found);
                }
                What::Layer { settings, .. } => settings.iter().flat_map(|(_, s)| s.reads()).for_each(|d| note(Some(d), through, found)),
                What::Choose { decision, branches } => {
                    note(Some(*decision), through, found);
                    let fixed = through.iter().find(|(t, _)| t == decision).map(|(_, o)| *o);
                    for (i, branch) in branches.iter().enumerate().filter(|(i, _)| fixed.is_none_or(|f| f == *i)) {
                        through.push((*decision, i));
                        items(std::slice::from_ref(branch), through, found);
                        through.pop();
                    }
                }
                What::Pick { pick, .. } => note(pick.as_ref().map(|p| p.decision), through, found),
                What::Cell(cell) => {
                    cell.channels.reads().for_each(|d| note(Some(d), through, found));
                    note(cell.count.decision, through, found);
                    for node in &cell.nodes {
                        for slot in &node.slots {
                            note(slot.pick.as_ref().map(|p| p.decision), through, found);
                            for (e, edge) in slot.edges.iter().enumerate() {
                                let set = slot.pick.as_ref().and_then(|p| Some((p.decision, p.sets.iter().position(|s| s.contains(&e))?)));
                                let before = through.len();
                                through.extend(set);
                                items(std::slice::from_ref(edge), through, found);
                                through.truncate(before);
                            }
                        }
                        node.combine.iter().flat_map(Setting::reads).for_each(|d| note(Some(d), through, found));
                        items(node.op.as_slice(), through, found);
                    }
                }
                What::Repeat { count, copies } => {
                    count.reads().for_each(|d| note(Some(d), through, found));
                    copies.iter().for_each(|c| items(c, through, found));
                }
            }
        }
    }
    let mut found = vec![];
    for setting in structure.head() {
        found.extend(setting.reads().map(|decision| Place { decision, through: vec![] }));
    }
    items(&structure.items, &mut vec![], &mut found);
    found
}
