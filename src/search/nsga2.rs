//! `strategy nsga2` (Deb et al. 2002), for several objectives, with Optuna's defaults: population 50, crossover 0.9, swapping 0.5, mutation
//! 1 / number of decisions.
//!
//! Generation g is the tickets g·P … (g + 1)·P − 1; the first is random, at the addresses of `strategy random`. The population behind a
//! generation is made of the population before and the generation: whole fronts, and of the last one that fits the least crowded. A ticket
//! takes its parents by binary tournaments, by front and then crowding, from the population behind what it may know of: while the last
//! results of the generation before are out, the population lacks these. So nothing waits for the slowest of a generation, and the
//! population is a pure fold over tickets. Failed tickets are never parents.

use super::crossing::cross;
use super::pareto::{Ranking, crowding, fronts};
use super::random;
use super::strategy::{Propose, Strategy, Turn};
use crate::base::Random;
use crate::document::{Asked, Diagnostic, Field, Needs, Objectives, Preset, Settings, Type, Unset, Word};
use crate::space::Sample;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("nsga2", "NSGA-II (Deb et al. 2002): non-dominated fronts and crowding; of several objectives, or of one.")
        .fields(&[
            Field::one("population", &[Type::Int(2, 100_000)], "", "How many candidates are kept, and how many a generation has.")
                .preset(Preset::Int(50)),
            Field::one("crossover", &[Type::Number(0.0, 1.0)], "", "The probability that a child has two parents.")
                .preset(Preset::Number(0.9)),
            Field::one("swapping", &[Type::Number(0.0, 1.0)], "", "Of each decision the probability that it is the second parent's.")
                .preset(Preset::Number(0.5)),
            Field::one(
                "mutation",
                &[Type::Number(0.0, 1.0)],
                "1 / number of decisions",
                "Of each decision the probability that it is drawn anew.",
            ),
        ])
        .example("strategy nsga2 population=40"),
    needs: Needs { objective: Objectives::Several, ..Needs::TRIALS },
    check,
    build: |settings, _| Ok(Box::new(Nsga2::of(settings)?)),
};

struct Nsga2 {
    population: usize,
    crossover: f64,
    swapping: f64,
    mutation: Option<f64>,
}

impl Nsga2 {
    fn of(settings: &Settings) -> Result<Self, Unset> {
        Ok(Nsga2 {
            population: settings.count("population")?,
            crossover: settings.number("crossover")?,
            swapping: settings.number("swapping")?,
            mutation: settings.number("mutation").ok(),
        })
    }
}

fn check(asked: &Asked) -> Vec<Diagnostic> {
    let (Ok(population), Some(trials)) = (asked.settings.count("population"), &asked.trials) else { return Vec::new() };
    let enough = population.saturating_mul(2);
    if trials.value >= enough {
        return Vec::new();
    }
    let first = trials.value.min(population);
    let message = format!("{} trials with a population of {population}: the first {first} are random", trials.value);
    let d = Diagnostic::warning("few-trials", message, trials.span, format!("at least {enough} would let generations follow"));
    vec![d.help("raise `trials`, or lower `population`")]
}

impl Propose for Nsga2 {
    fn reads_results(&self, number: usize) -> bool {
        number >= self.population
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        self.proposals(*turn)?.nth(attempt as usize)
    }

    fn proposals<'t>(&'t self, turn: Turn<'t>) -> Option<Box<dyn Iterator<Item = Sample> + 't>> {
        let parents = if turn.number < self.population { Vec::new() } else { self.parents(&turn) };
        if parents.is_empty() {
            return Some(Box::new((0..).map(move |attempt| random::draw(&turn, attempt))));
        }
        let points: Vec<super::Scores> = parents.iter().filter_map(|&p| turn.scores(p)).collect();
        let points: Vec<&[f64]> = points.iter().map(super::Scores::values).collect();
        let ranking = Ranking::of(&points);
        Some(Box::new((0..).map(move |attempt| self.child(&turn, &parents, &ranking, attempt))))
    }
}

impl Nsga2 {
    /// The population behind what this ticket may know of.
    fn parents(&self, turn: &Turn) -> Vec<usize> {
        let generation = turn.number / self.population;
        let known = turn.past.len().min(generation * self.population);
        let mut population: Vec<usize> = Vec::new();
        for begin in (0..known).step_by(self.population) {
            let born = begin..(begin + self.population).min(known);
            population.extend(born.filter(|&t| turn.scores(t).is_some()));
            if population.len() > self.population {
                self.survive(turn, &mut population);
            }
        }
        population
    }

    /// Keeps whole fronts, and of the last the least crowded; of equals the older.
    fn survive(&self, turn: &Turn, all: &mut Vec<usize>) {
        let scores: Vec<super::Scores> = all.iter().filter_map(|&t| turn.scores(t)).collect();
        let points: Vec<&[f64]> = scores.iter().map(super::Scores::values).collect();
        let mut kept: Vec<usize> = Vec::with_capacity(self.population);
        for front in fronts(&points, self.population) {
            let room = self.population - kept.len();
            if front.len() <= room {
                kept.extend(&front);
                continue;
            }
            let distance = crowding(&points, &front);
            let mut order: Vec<usize> = (0..front.len()).collect();
            order.sort_by(|&a, &b| distance[b].total_cmp(&distance[a]).then(a.cmp(&b)));
            kept.extend(order[..room].iter().map(|&i| front[i]));
        }
        kept.sort_unstable();
        *all = kept.into_iter().map(|i| all[i]).collect();
    }

    fn child(&self, turn: &Turn, parents: &[usize], ranking: &Ranking, attempt: u64) -> Sample {
        let position = [turn.number as u64, attempt];
        let mut random = Random::at(turn.seed, "nsga2", &position);
        let crosses = random.unit() < self.crossover;
        let mut winner = || {
            let (a, b) = (random.below(parents.len()), random.below(parents.len()));
            if ranking.order(a, b).then(b.cmp(&a)).is_ge() { a } else { b }
        };
        let (first, second) = (winner(), winner());
        let of = |winner: usize| &turn.past[parents[winner]].sample;
        let child = if crosses { cross(turn, (of(first), of(second)), self.swapping, position) } else { of(first).clone() };
        let decisions = turn.space.decisions();
        let open = child.pairs().filter(|(d, _)| decisions[*d].options.len() > 1).count();
        let rate = self.mutation.unwrap_or(1.0 / open.max(1) as f64);
        // What becomes active by a change is drawn, too.
        turn.space.sample(|d| {
            let options = &decisions[d].ranked;
            let mut random = Random::at(turn.seed, "nsga2 mutation", &[position[0], position[1], decisions[d].address]);
            let drawn = random.unit() < rate;
            child.option(d).filter(|_| !drawn).unwrap_or_else(|| options[random.below(options.len())])
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::base::Random;
    use crate::document::Value;
    use crate::search::pareto::dominates;
    use crate::search::{Given, Next, Scores, Search, Ticket, Told, build, words};
    use crate::space::Space;
    use crate::space::tests::whole;
    use std::collections::HashSet;

    fn chain() -> Space {
        whole(&format!("space {{ network {{ input data; {} }} }}", "conv 4 { kernel 1 3 5 7 };".repeat(10)))
    }

    /// Two goals at odds: many first options, and many last ones, each at places of its own weight.
    fn goals(ticket: &Ticket) -> Told {
        let up = ticket.sample.pairs().map(|(d, o)| (o * (d + 1)) as f64).sum::<f64>();
        let down = ticket.sample.pairs().map(|(d, o)| ((3 - o) * (10 - d) * (1 + o % 2)) as f64).sum::<f64>();
        Told::Values(Scores::new([up, down]))
    }

    fn run(
        space: &Space,
        word: &str,
        population: i64,
        trials: usize,
        window: usize,
        seed: u64,
        told: &dyn Fn(&Ticket) -> Told,
    ) -> Vec<(Ticket, Told)> {
        let given: Vec<(&'static str, Value)> = if word == "random" { vec![] } else { vec![("population", Value::Int(population))] };
        let strategy = build(&words().choose(word, &given).expect("a strategy"), Given::default()).expect("it is built");
        let mut search = Search::new(space, strategy, trials, window, seed);
        let mut all: Vec<(Ticket, Told)> = vec![];
        while let Next::Ticket(ticket) = search.propose(&|n| all.get(n).map(|(_, told)| *told)) {
            let result = told(&ticket);
            all.push((*ticket, result));
        }
        all
    }

    /// The area under the front of two goals, above (0, 0).
    fn area(all: &[(Ticket, Told)]) -> f64 {
        let mut points: Vec<(f64, f64)> = all
            .iter()
            .filter_map(|(_, told)| match told {
                Told::Values(scores) => Some((scores.values()[0], scores.values()[1])),
                _ => None,
            })
            .collect();
        points.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut area, mut height) = (0.0, 0.0);
        for (x, y) in points {
            if y > height {
                area += x * (y - height);
                height = y;
            }
        }
        area
    }

    #[test]
    fn several_goals_are_met_better_than_by_chance() {
        let space = chain();
        for word in ["nsga2", "pareto-ageing"] {
            let (mut wins, mut gain) = (0, 0.0);
            for seed in 0..10 {
                let (ours, random) =
                    (area(&run(&space, word, 20, 200, 4, seed, &goals)), area(&run(&space, "random", 0, 200, 4, seed, &goals)));
                wins += usize::from(ours > random);
                gain += (ours / random - 1.0) / 10.0;
            }
            assert!(wins >= 9 && gain > 0.05, "{word}: {wins} of 10, {gain} better");
        }
    }

    /// One generation after the other, with all results known: the population is that of the published loop.
    #[test]
    fn the_first_children_are_of_the_random_generation() {
        let space = chain();
        let all = run(&space, "nsga2", 8, 24, 1, 3, &goals);
        let random = run(&space, "random", 0, 8, 1, 3, &goals);
        assert!(all[..8].iter().zip(&random).all(|(a, b)| a.0 == b.0));
        // Without mutation a child has nothing that no parent has; with it, at most a few decisions.
        for (child, _) in &all[8..16] {
            let foreign = child.sample.pairs().filter(|(d, o)| !random.iter().any(|(p, _)| p.sample.option(*d) == Some(*o))).count();
            assert!(foreign <= 4, "{foreign}");
        }
    }

    #[test]
    fn workers_and_the_order_of_arrival_change_nothing() {
        let space = chain();
        for word in ["nsga2", "pareto-ageing"] {
            let expected: Vec<_> = run(&space, word, 10, 50, 8, 7, &goals).iter().map(|(t, _)| t.digest).collect();
            for (order, workers) in [(0u64, 2usize), (1, 8), (2, 5)] {
                let chosen = words().choose(word, &[("population", Value::Int(10))]).expect("a strategy");
                let mut search = Search::new(&space, build(&chosen, Given::default()).expect("it is built"), 50, 8, 7);
                let (mut running, mut told, mut got): (Vec<Box<Ticket>>, std::collections::HashMap<usize, Told>, Vec<_>) =
                    Default::default();
                let mut random = Random::at(order, "arrival", &[]);
                loop {
                    let next = if running.len() < workers { search.propose(&|n| told.get(&n).copied()) } else { Next::NeedResult(0) };
                    match next {
                        Next::Ticket(ticket) => {
                            got.push(ticket.digest);
                            running.push(ticket);
                        }
                        Next::NeedResult(_) => {
                            let done = running.swap_remove(random.below(running.len()));
                            told.insert(done.number, goals(&done));
                        }
                        Next::Done => break,
                        other => panic!("{other:?}"),
                    }
                }
                assert_eq!(got, expected, "{word}, {workers} workers");
            }
        }
    }

    #[test]
    fn one_objective_and_failures_do_no_harm() {
        let space = chain();
        for word in ["nsga2", "pareto-ageing"] {
            let one = run(&space, word, 10, 120, 4, 2, &|t| match t.number % 5 {
                0 => Told::Failed,
                1 => Told::Values(Scores::new([f64::NAN, 1.0])),
                _ => goals(t),
            });
            assert_eq!(one.iter().map(|(t, _)| t.digest).collect::<HashSet<_>>().len(), 120);
            let failed = run(&space, word, 10, 40, 4, 2, &|_| Told::Failed);
            let random = run(&space, "random", 0, 40, 4, 2, &|_| Told::Failed);
            assert!(failed.iter().zip(&random).all(|(a, b)| a.0 == b.0), "{word}: what failed has no children");
            let single = |t: &Ticket| Told::Value(t.sample.pairs().map(|(_, o)| o as f64).sum());
            let best = |word: &str| -> f64 {
                let value = |told: &Told| if let Told::Value(x) = told { *x } else { 0.0 };
                run(&space, word, 20, 200, 4, 5, &single).iter().map(|(_, told)| value(told)).fold(0.0, f64::max)
            };
            assert!(best(word) > best("random"), "{word}");
        }
        assert!(dominates(&[1.0, 2.0], &[1.0, 1.0]) && !dominates(&[1.0, 2.0], &[1.0, 2.0]) && !dominates(&[0.0, 3.0], &[1.0, 2.0]));
    }
}
