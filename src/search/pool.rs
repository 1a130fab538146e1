//! The candidates among which a model of results chooses: neighbours of the best, edits of the good, and random ones.
//!
//! Addressed by the ticket, so that the same pool is made again. Samples that were proposed are left out; networks that another sample has built
//! already are found out by the search, which asks for the next.

use super::strategy::Turn;
use crate::base::Random;
use crate::space::Sample;
use std::collections::HashSet;

/// Tickets whose neighbours are looked at, and the most neighbours of one.
const AROUND: usize = 5;
const NEIGHBOURS: usize = 60;
/// Tickets of which others are edited, and how many edited and random samples there are.
const EDITED: usize = 10;
const EACH: u64 = 100;

/// Up to some five hundred samples. `best` has tickets, the best first.
pub(super) fn pool(turn: &Turn, best: &[usize]) -> Vec<Sample> {
    let mut met: HashSet<Sample> = turn.past.iter().map(|known| known.sample.clone()).collect();
    let mut out = Vec::new();
    let mut take = |sample: Sample| {
        if met.insert(sample.clone()) {
            out.push(sample);
        }
    };
    for &ticket in best.iter().take(AROUND) {
        neighbours(turn, &turn.past[ticket].sample).into_iter().for_each(&mut take);
    }
    let parents = best.len().min(EDITED);
    for i in 0..EACH {
        let position = [turn.number as u64, i];
        let mut random = Random::at(turn.seed, "edits", &position);
        if parents > 0 {
            let mut sample = turn.past[best[random.below(parents)]].sample.clone();
            for edit in 0..2 + random.below(2) as u64 {
                sample = turn.space.mutate(&sample, turn.seed, &[turn.number as u64, i, edit]).unwrap_or(sample);
            }
            take(sample);
        }
        take(turn.space.random(turn.seed, &[turn.number as u64, u64::MAX, i]));
    }
    out
}

/// Samples that differ from one in one decision, at most so many, in an order of the seed's. What becomes active by an edit is drawn,
/// addressed by the edit.
fn neighbours(turn: &Turn, centre: &Sample) -> Vec<Sample> {
    let space = turn.space;
    let mut edits: Vec<(u64, usize, usize)> = Vec::new();
    for (decision, old) in centre.pairs() {
        let edited = &space.decisions()[decision];
        for rank in edited.beside(edited.rank(old)) {
            edits.push((Random::at(turn.seed, "around", &[turn.number as u64, edited.address, rank as u64]).bits(), decision, rank));
        }
    }
    if edits.len() > NEIGHBOURS {
        edits.sort_unstable();
        edits.truncate(NEIGHBOURS);
    }
    let edit = |&(_, decision, rank): &(u64, usize, usize)| {
        space.sample(|d| {
            let inside = &space.decisions()[d];
            let address = || [space.decisions()[decision].address, rank as u64, inside.address];
            let draw = || inside.ranked[Random::at(turn.seed, "inside", &address()).below(inside.ranked.len())];
            if d == decision { inside.ranked[rank] } else { centre.option(d).unwrap_or_else(draw) }
        })
    };
    edits.iter().map(edit).collect()
}

/// Tickets by their scores, the best first; of equals the earlier.
pub(super) fn best_first(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order
}
