//! `strategy evolution`: regularised evolution (Real et al. 2019), one edit a child, ageing by ticket order.
//!
//! The first `population` tickets are random, at the addresses of `strategy random`. After that the best of
//! `tournament` members, drawn without replacement from the youngest `population` tickets that this one may know of,
//! has a child. Failed tickets age like others and never win. Ties go to fewer multiply-adds, then to the smaller digest.

use super::random;
use super::{Propose, View};
use crate::base::Random;
use crate::space::Sample;
use std::cmp::Reverse;

pub(super) struct Evolution {
    pub population: usize,
    pub tournament: usize,
}

impl Propose for Evolution {
    fn reads_results(&self, number: usize) -> bool {
        number >= self.population
    }

    fn propose(&self, view: &View, attempt: u64) -> Option<Sample> {
        let oldest = view.past.len().saturating_sub(self.population);
        let mut members: Vec<usize> = (oldest..view.past.len()).collect();
        if view.number < self.population || members.iter().all(|&m| view.values[m].is_none()) {
            return Some(random::draw(view, attempt));
        }
        let position = [view.number as u64, attempt];
        let mut random = Random::at(view.seed, "tournament", &position);
        let drawn = self.tournament.clamp(1, members.len());
        for i in 0..drawn {
            let other = i + random.below(members.len() - i);
            members.swap(i, other);
        }
        let winner = members[..drawn].iter().filter_map(|&m| Some((view.values[m]?, m))).max_by(|(a, i), (b, j)| {
            let tie = |m: usize| (Reverse(view.past[m].macs), Reverse(view.past[m].digest));
            a.total_cmp(b).then_with(|| tie(*i).cmp(&tie(*j)))
        });
        // Where all that were drawn failed, this attempt explores.
        let parent = winner.map(|(_, m)| &view.past[m].sample);
        Some(parent.and_then(|p| view.space.mutate(p, view.seed, &position)).unwrap_or_else(|| random::draw(view, attempt)))
    }
}
