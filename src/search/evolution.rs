//! `strategy evolution`: regularised evolution (Real et al. 2019), one edit a child, ageing by ticket order.
//!
//! The first `population` tickets are random, at the addresses of `strategy random`. After that the best of
//! `tournament` members, drawn without replacement from the youngest `population` tickets that this one may know of,
//! has a child. Failed tickets age like others and never win. Ties go to fewer multiply-adds, then to the smaller digest.

use super::random;
use super::strategy::{Propose, Strategy, Turn};
use crate::base::Random;
use crate::document::{Asked, Diagnostic, Field, Needs, Objectives, Preset, Settings, Type, Unset, Word};
use crate::space::Sample;
use std::cmp::Reverse;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("evolution", "Regularised evolution (Real et al. 2019), one edit a child.")
        .fields(&[
            Field::one("population", &[Type::Int(1, 1_000_000)], "", "How many of the latest candidates may be parents.")
                .preset(Preset::Int(30)),
            Field::one(
                "tournament",
                &[Type::Int(1, 1_000_000)],
                "10, at most the population",
                "How many of them compete to be the parent.",
            ),
        ])
        .example("strategy evolution population=6 tournament=3"),
    needs: Needs { objective: Objectives::One, ..Needs::TRIALS },
    check,
    build: |settings, _| Ok(Box::new(Evolution::of(settings)?)),
};

struct Evolution {
    population: usize,
    tournament: usize,
}

impl Evolution {
    fn of(settings: &Settings) -> Result<Self, Unset> {
        let population = settings.count("population")?;
        Ok(Evolution { population, tournament: settings.count("tournament").unwrap_or(population.min(10)) })
    }
}

fn check(asked: &Asked) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let Ok(Evolution { population, tournament }) = Evolution::of(asked.settings) else { return found };
    if tournament > population {
        let message = format!("a tournament of {tournament} does not fit a population of {population}");
        let place = asked.settings.place("tournament");
        let d = Diagnostic::error("out-of-range", message, place, format!("at most {population} expected"));
        found.push(d.help("a tournament draws its parents from the population"));
    }
    let enough = population.saturating_mul(2);
    if let Some(trials) = asked.trials.as_ref().filter(|t| t.value < enough) {
        let first = trials.value.min(population);
        let message = format!("{} trials with a population of {population}: the first {first} are random", trials.value);
        let d = Diagnostic::warning("few-trials", message, trials.span, format!("at least {enough} would let evolution work"));
        found.push(d.help("raise `trials`, or lower `population`"));
    }
    found
}

impl Propose for Evolution {
    fn reads_results(&self, number: usize) -> bool {
        number >= self.population
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        let oldest = turn.past.len().saturating_sub(self.population);
        let mut members: Vec<usize> = (oldest..turn.past.len()).collect();
        if turn.number < self.population || members.iter().all(|&m| turn.values[m].is_none()) {
            return Some(random::draw(turn, attempt));
        }
        let position = [turn.number as u64, attempt];
        let mut random = Random::at(turn.seed, "tournament", &position);
        let drawn = self.tournament.clamp(1, members.len());
        for i in 0..drawn {
            let other = i + random.below(members.len() - i);
            members.swap(i, other);
        }
        let winner = members[..drawn].iter().filter_map(|&m| Some((turn.standing(m)?, m))).max_by(|(a, i), (b, j)| {
            let tie = |m: usize| (Reverse(turn.past[m].macs), Reverse(turn.past[m].digest));
            a.order(b).then_with(|| tie(*i).cmp(&tie(*j)))
        });
        // Where all that were drawn failed, this attempt explores.
        let parent = winner.map(|(_, m)| &turn.past[m].sample);
        Some(parent.and_then(|p| turn.space.mutate(p, turn.seed, &position)).unwrap_or_else(|| random::draw(turn, attempt)))
    }
}
