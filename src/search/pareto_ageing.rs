//! `strategy pareto-ageing`: regularised evolution (Real et al. 2019) for several objectives, as in `strategy evolution`, whose tournaments are won by
//! non-domination and then crowding (Deb et al. 2002, section III) among the youngest `population` tickets.
//!
//! What made a candidate good once is forgotten with it: a lucky training does not stay for ever, as it may in `nsga2`.

use super::evolution::drawn;
use super::evolution::{self, POPULATION, TOURNAMENT};
use super::pareto::Ranking;
use super::random;
use super::strategy::{Propose, Strategy, Turn};
use crate::document::{Needs, Objectives, Settings, Unset, Word};
use crate::space::Sample;
use std::cmp::Reverse;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("pareto-ageing", "Regularised evolution for several objectives: tournaments by non-domination, then crowding.")
        .fields(&[POPULATION, TOURNAMENT])
        .example("strategy pareto-ageing population=30 tournament=10"),
    needs: Needs { objective: Objectives::Several, ..Needs::TRIALS },
    check: evolution::check,
    build: |settings, _| Ok(Box::new(ParetoAgeing::of(settings)?)),
};

struct ParetoAgeing {
    population: usize,
    tournament: usize,
}

impl ParetoAgeing {
    fn of(settings: &Settings) -> Result<Self, Unset> {
        let population = settings.count("population")?;
        Ok(ParetoAgeing { population, tournament: settings.count("tournament").unwrap_or(population.min(10)) })
    }
}

impl Propose for ParetoAgeing {
    fn reads_results(&self, number: usize) -> bool {
        number >= self.population
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        self.proposals(*turn)?.nth(attempt as usize)
    }

    fn proposals<'t>(&'t self, turn: Turn<'t>) -> Option<Box<dyn Iterator<Item = Sample> + 't>> {
        let oldest = turn.past.len().saturating_sub(self.population);
        // What each of the population is worth; those that failed have no place.
        let alive: Vec<usize> = (oldest..turn.past.len()).filter(|&t| turn.scores(t).is_some()).collect();
        if turn.number < self.population || alive.is_empty() {
            return Some(Box::new((0..).map(move |attempt| random::draw(&turn, attempt))));
        }
        let scores: Vec<super::Scores> = alive.iter().filter_map(|&t| turn.scores(t)).collect();
        let ranking = Ranking::of(&scores.iter().map(super::Scores::values).collect::<Vec<_>>());
        Some(Box::new((0..).map(move |attempt| {
            let position = [turn.number as u64, attempt];
            let members = drawn(&turn, self.population, self.tournament, "tournament", position);
            let place = |ticket: &usize| alive.binary_search(ticket).ok();
            let winner = members.iter().filter_map(place).max_by(|&a, &b| {
                let tie = |place: usize| (Reverse(turn.past[alive[place]].macs), Reverse(turn.past[alive[place]].digest));
                ranking.order(a, b).then_with(|| tie(a).cmp(&tie(b)))
            });
            // Where all that were drawn failed, this attempt explores.
            let parent = winner.map(|place| &turn.past[alive[place]].sample);
            parent.and_then(|p| turn.space.mutate(p, turn.seed, &position)).unwrap_or_else(|| random::draw(&turn, attempt))
        })))
    }
}
