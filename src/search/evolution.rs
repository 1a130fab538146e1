//! `strategy evolution`: regularised evolution (Real et al. 2019), one edit a child, ageing by ticket order.
//!
//! The first `population` tickets are random, at the addresses of `strategy random`. After that the best of
//! `tournament` members, drawn without replacement from the youngest `population` tickets that this one may know of,
//! has a child. Failed tickets age like others and never win. Ties go to fewer multiply-adds, then to the smaller digest.
//! With `crossover` some children have two parents, each of a tournament of its own: every decision is the one's or the other's, and then
//! one is edited (as NNI has it).

use super::crossing::cross;
use super::random;
use super::strategy::{Propose, Strategy, Turn};
use crate::base::Random;
use crate::document::{Asked, Diagnostic, Field, Needs, Objectives, Preset, Settings, Type, Unset, Word};
use crate::space::Sample;
use std::cmp::Reverse;

/// Fields of evolution by age, whatever decides its tournaments.
pub(super) const POPULATION: Field =
    Field::one("population", &[Type::Int(1, 1_000_000)], "", "How many of the latest candidates may be parents.").preset(Preset::Int(30));
pub(super) const TOURNAMENT: Field =
    Field::one("tournament", &[Type::Int(1, 1_000_000)], "10, at most the population", "How many of them compete to be the parent.");

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("evolution", "Regularised evolution (Real et al. 2019), one edit a child.")
        .fields(&[
            POPULATION,
            TOURNAMENT,
            Field::one("crossover", &[Type::Number(0.0, 1.0)], "", "The probability that a child has two parents.")
                .preset(Preset::Number(0.0)),
        ])
        .example("strategy evolution population=6 tournament=3"),
    needs: Needs { objective: Objectives::One, ..Needs::TRIALS },
    check,
    build: |settings, _| Ok(Box::new(Evolution::of(settings)?)),
};

struct Evolution {
    population: usize,
    tournament: usize,
    crossover: f64,
}

impl Evolution {
    fn of(settings: &Settings) -> Result<Self, Unset> {
        let population = settings.count("population")?;
        let tournament = settings.count("tournament").unwrap_or(population.min(10));
        Ok(Evolution { population, tournament, crossover: settings.number("crossover")? })
    }
}

/// Of any strategy with a population and tournaments.
pub(super) fn check(asked: &Asked) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let Ok(population) = asked.settings.count("population") else { return found };
    let tournament = asked.settings.count("tournament").unwrap_or(population.min(10));
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
        if turn.number < self.population || turn.values[oldest..].iter().all(Option::is_none) {
            return Some(random::draw(turn, attempt));
        }
        let position = [turn.number as u64, attempt];
        // Where all that were drawn failed, this attempt explores.
        let Some(parent) = self.winner(turn, "tournament", position) else { return Some(random::draw(turn, attempt)) };
        let crosses = self.crossover > 0.0 && Random::at(turn.seed, "crosses", &position).unit() < self.crossover;
        let other = if crosses { self.winner(turn, "second tournament", position) } else { None };
        let crossed = other.map(|other| cross(turn, (parent, other), 0.5, position));
        let child = turn.space.mutate(crossed.as_ref().unwrap_or(parent), turn.seed, &position);
        Some(child.unwrap_or_else(|| random::draw(turn, attempt)))
    }
}

impl Evolution {
    /// The best of a tournament; none where all of it failed.
    fn winner<'t>(&self, turn: &Turn<'t>, purpose: &str, position: [u64; 2]) -> Option<&'t Sample> {
        let members = drawn(turn, self.population, self.tournament, purpose, position);
        let standing = members.into_iter().filter_map(|m| Some((turn.standing(m)?, m)));
        let winner = standing.max_by(|(a, i), (b, j)| {
            let tie = |m: usize| (Reverse(turn.past[m].macs), Reverse(turn.past[m].digest));
            a.order(b).then_with(|| tie(*i).cmp(&tie(*j)))
        });
        winner.map(|(_, m)| &turn.past[m].sample)
    }
}

/// So many of the youngest `population` tickets that this one may know of, without replacement.
pub(super) fn drawn(turn: &Turn, population: usize, tournament: usize, purpose: &str, position: [u64; 2]) -> Vec<usize> {
    let oldest = turn.past.len().saturating_sub(population);
    let mut members: Vec<usize> = (oldest..turn.past.len()).collect();
    let mut random = Random::at(turn.seed, purpose, &position);
    let drawn = tournament.max(1).min(members.len());
    for i in 0..drawn {
        let other = i + random.below(members.len() - i);
        members.swap(i, other);
    }
    members.truncate(drawn);
    members
}
