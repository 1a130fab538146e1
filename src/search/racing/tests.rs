//! Rules against tables of learning curves: by hand, against references that are written another way, and with workers of all speeds.

use super::*;
use crate::base::Random;
use crate::document::Value;
use crate::search::Told;
use std::collections::HashMap;

/// (trial, from epoch, to epoch).
type Run = (usize, usize, usize);

/// What a trial scores after so many epochs; none where it failed.
type Curves<'a> = &'a dyn Fn(usize, usize) -> Option<f64>;

fn race(name: &str, given: &[(&'static str, i64)], epochs: usize, trials: usize, window: usize, budget: Option<usize>) -> Race {
    let given: Vec<(&'static str, Value)> = given.iter().map(|&(name, value)| (name, Value::Int(value))).collect();
    let chosen = words().choose(name, &given).expect("a rule");
    Race::new(build(&chosen).expect("it is built"), epochs, trials, window, budget)
}

/// Asks for tickets as far as results allow; whether it is over.
fn ask(race: &mut Race, results: &HashMap<(usize, usize), Told>, tickets: &mut Vec<Run>, space: usize) -> bool {
    loop {
        let trial = match race.next(false, &|trial, rung| results.get(&(trial, rung)).copied()) {
            Move::Over => return true,
            Move::Needs { .. } => return false,
            Move::Start if race.lanes().len() == space => {
                race.exhausted();
                continue;
            }
            Move::Start => {
                race.started(0);
                race.lanes().len() - 1
            }
            Move::On(trial) => trial,
        };
        let lane = &race.lanes()[trial];
        let from = if lane.asked > lane.first { race.rungs()[lane.asked - 1] } else { 0 };
        tickets.push((trial, from, race.rungs()[lane.asked]));
    }
}

/// With so many workers that finish in an order of `seed`'s; `kill` forgets the race now and then, with all that was under way.
fn played(make: &dyn Fn() -> Race, curves: Curves, workers: usize, seed: u64, kill: bool) -> Vec<Run> {
    let (mut race, mut tickets, mut results) = (make(), Vec::new(), HashMap::new());
    for step in 0.. {
        let over = ask(&mut race, &results, &mut tickets, usize::MAX);
        let rungs = race.rungs().to_vec();
        let rung = |to: usize| rungs.iter().position(|&r| r == to).expect("a rung");
        let waiting: Vec<Run> = tickets.iter().copied().filter(|t| !results.contains_key(&(t.0, rung(t.2)))).take(workers).collect();
        if waiting.is_empty() {
            assert!(over, "nothing runs, and it is not over");
            return tickets;
        }
        let mut random = Random::at(seed, "workers", &[step]);
        let (trial, _, to) = waiting[random.below(waiting.len())];
        let told = curves(trial, to).map_or(Told::Failed, Told::Value);
        results.insert((trial, rung(to)), told);
        if kill && random.below(4) == 0 {
            (race, tickets) = (make(), Vec::new());
        }
    }
    unreachable!()
}

/// The last epoch of each trial; no epoch of a trial comes twice, and none is left out.
fn epochs(tickets: &[Run]) -> Vec<usize> {
    let mut last: Vec<usize> = Vec::new();
    for &(trial, from, to) in tickets {
        last.resize(last.len().max(trial + 1), 0);
        assert!(from == last[trial] && from < to, "trial {trial} goes from {from} to {to}, and was at {}", last[trial]);
        last[trial] = to;
    }
    last
}

/// One at a time.
fn alone(make: &dyn Fn() -> Race, curves: Curves) -> Vec<usize> {
    epochs(&played(make, curves, 1, 0, false))
}

/// Curves that cross: what is best early is not always best late. One in nine fails on its way.
fn crossing(seed: u64) -> impl Fn(usize, usize) -> Option<f64> {
    move |trial, epoch| {
        let mut random = Random::at(seed, "curve", &[trial as u64]);
        let (start, end, speed, fails) = (random.unit(), random.unit(), 1.0 + 4.0 * random.unit(), random.below(9) == 0);
        let fails_at = 1 + random.below(20);
        (!(fails && epoch >= fails_at)).then(|| end + (start - end) * (-(epoch as f64) / speed).exp())
    }
}

#[test]
fn asha_by_hand() {
    let score = [5.0, 1.0, 9.0, 3.0, 7.0, 2.0, 8.0, 6.0, 4.0];
    let make = || race("asha", &[], 9, 9, 1, None);
    let tickets = played(&make, &|trial, _| Some(score[trial]), 1, 0, false);
    let expected = [
        (0, 0, 1),
        (1, 0, 1),
        (2, 0, 1),
        (2, 1, 3), // the best of three
        (3, 0, 1),
        (4, 0, 1),
        (5, 0, 1),
        (4, 1, 3), // the best two of six are 2 and 4
        (6, 0, 1),
        (6, 1, 3), // of seven 2 and 6: better than 4, which went on before it came
        (2, 3, 9), // the best of three at the next rung
        (7, 0, 1),
        (8, 0, 1), // the best three of nine went on: 2, 6 and 4
    ];
    assert_eq!(tickets, expected);
}

#[test]
fn halving_by_hand() {
    // At 2 epochs 0, 2, 4 and 6 are ahead; at 6 the order has turned: 4 is best.
    let score = |trial: usize, epoch: usize| match epoch {
        2 => Some([9.0, 1.0, 8.0, 2.0, 7.0, 3.0, 6.0, 4.0, 5.0][trial]),
        6 => Some([1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0][trial]),
        _ => Some(5.0),
    };
    let made = |trials| move || race("halving", &[("min-epochs", 2)], 18, trials, 4, None);
    assert_eq!(alone(&made(9), &score), [6, 2, 6, 2, 18, 2, 2, 2, 2]);
    // Of two, one goes on. Where it fails nobody takes its place: the rung was decided.
    assert_eq!(alone(&made(2), &score), [18, 2]);
    assert_eq!(alone(&made(2), &|trial, epoch| (trial == 1 || epoch < 6).then_some(1.0 - trial as f64)), [6, 2]);
    // The last rung is cut to the last epoch.
    assert_eq!(race("halving", &[("min-epochs", 2)], 20, 9, 4, None).rungs(), [2, 6, 18, 20]);
    assert_eq!(race("halving", &[("min-epochs", 2)], 1, 9, 4, None).rungs(), [1]);
    let mut short = race("halving", &[], 9, 100, 4, None);
    let (mut tickets, mut results) = (Vec::new(), HashMap::new());
    while !ask(&mut short, &results, &mut tickets, 6) {
        let rungs = short.rungs().to_vec();
        results.extend(tickets.iter().map(|t| ((t.0, rungs.iter().position(|&r| r == t.2).expect("a rung")), Told::Value(-(t.0 as f64)))));
    }
    assert_eq!(epochs(&tickets), [9, 3, 1, 1, 1, 1], "a space of six networks: nobody waits for the others");
}

/// The best so many, by a sort.
fn best(of: &[usize], count: usize, epoch: usize, curves: Curves) -> Vec<usize> {
    let mut all: Vec<(f64, usize)> = of.iter().filter_map(|&t| Some((curves(t, epoch)?, t))).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    all.into_iter().take(count).map(|(_, t)| t).collect()
}

/// Successive halving as a loop over rungs.
fn halved(trials: &[usize], rungs: &[usize], reduction: usize, curves: Curves, last: &mut [usize]) {
    let mut left = trials.to_vec();
    for (i, &rung) in rungs.iter().enumerate() {
        left.iter().for_each(|&t| last[t] = rung);
        if i + 1 < rungs.len() {
            left = best(&left, (left.len() / reduction).max(1), rung, curves);
        }
    }
}

#[test]
fn halving_and_hyperband_are_loops_over_rungs() {
    for seed in 0..20 {
        let curves = crossing(seed);
        let mut last = vec![0; 40];
        halved(&(0..40).collect::<Vec<_>>(), &[1, 3, 9, 27], 3, &curves, &mut last);
        assert_eq!(alone(&|| race("halving", &[], 27, 40, 4, None), &curves), last);
        // Li et al. 2018, table 1, at a third: 81 trials at 1, 34 at 3, 15 at 9, 8 at 27, 5 at 81.
        let sizes = [(81, vec![1, 3, 9, 27, 81]), (34, vec![3, 9, 27, 81]), (15, vec![9, 27, 81]), (8, vec![27, 81]), (5, vec![81])];
        let (mut last, mut start) = (vec![0; 143 + 100], 0);
        for (size, rungs) in sizes.iter().cycle() {
            let trials: Vec<usize> = (start..last.len().min(start + size)).collect();
            halved(&trials, rungs, 3, &curves, &mut last);
            start += size;
            if start >= last.len() {
                break;
            }
        }
        assert_eq!(alone(&|| race("hyperband", &[], 81, 243, 4, None), &curves), last);
    }
    let rungs = |epochs| race("hyperband", &[("min-epochs", 2)], epochs, 9, 4, None).rungs().to_vec();
    assert_eq!((rungs(20), rungs(18), rungs(17)), (vec![2, 6, 20], vec![2, 6, 18], vec![5, 17]));
}

/// ASHA, ticket by ticket, with everything counted anew from a list of tickets.
fn asha_reference(trials: usize, rungs: &[usize], reduction: usize, window: usize, curves: Curves) -> Vec<Run> {
    let mut tickets: Vec<Option<Run>> = Vec::new();
    loop {
        let seen: Vec<Run> = tickets[..(tickets.len() + 1).saturating_sub(window).min(tickets.len())].iter().flatten().copied().collect();
        let started = tickets.iter().flatten().filter(|t| t.1 == 0).count();
        let mut next = None;
        for (i, pair) in rungs.windows(2).enumerate().rev() {
            let here: Vec<usize> = seen.iter().filter(|t| t.2 == rungs[i]).map(|t| t.0).collect();
            let gone = |t: &usize| tickets.iter().flatten().any(|k| k.0 == *t && k.1 == pair[0]);
            next = next.or_else(|| {
                best(&here, here.len() / reduction, pair[0], curves).into_iter().find(|t| !gone(t)).map(|t| (t, pair[0], pair[1]))
            });
        }
        next = next.or_else(|| (started < trials).then(|| (started, 0, rungs[0])));
        if next.is_none() && seen.len() == tickets.iter().flatten().count() {
            return tickets.into_iter().flatten().collect();
        }
        tickets.push(next);
    }
}

#[test]
fn asha_is_its_reference() {
    for (seed, window) in [(0, 1), (1, 2), (2, 4), (3, 4), (4, 9), (5, 16)] {
        let curves = crossing(seed);
        let tickets = played(&|| race("asha", &[("min-epochs", 2)], 20, 60, window, None), &curves, 3, seed, false);
        assert_eq!(tickets, asha_reference(60, &[2, 6, 18, 20], 3, window, &curves), "seed {seed}, window {window}");
        let last = epochs(&tickets);
        assert!(last.iter().filter(|&&e| e == 2).count() > 30 && last.contains(&20), "{last:?}");
    }
}

/// Median stopping with one trial at a time: a loop over trials and epochs.
fn median_reference(trials: usize, full: usize, min: usize, startup: usize, curves: Curves) -> Vec<usize> {
    let (mut last, mut whole): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for trial in 0..trials {
        let mut at = min;
        while at < full {
            let epochs: Vec<usize> = (min..=at).collect();
            if curves(trial, at).is_none() {
                break;
            }
            let mut means: Vec<f64> =
                whole.iter().map(|&t| epochs.iter().filter_map(|&e| curves(t, e)).sum::<f64>() / epochs.len() as f64).collect();
            means.sort_by(f64::total_cmp);
            let (n, top) = (means.len(), epochs.iter().filter_map(|&e| curves(trial, e)).fold(f64::MIN, f64::max));
            if n >= startup && top < (means[(n - 1) / 2] + means[n / 2]) / 2.0 {
                break;
            }
            at += 1;
        }
        if at == full && curves(trial, full).is_some() {
            whole.push(trial);
        }
        last.push(at);
    }
    last
}

#[test]
fn median_stopping_by_hand_and_as_its_reference() {
    // Two are trained to the end: means after one epoch 2 and 4, after two 3 and 5. The third has 2, 3.5 and is out at 2.
    let table = [[2.0, 4.0, 5.0], [4.0, 6.0, 7.0], [3.0, 3.5, 9.0], [2.9, 9.0, 9.0], [3.0, 4.0, 1.0]];
    let make = || race("median", &[("startup", 2)], 3, 5, 1, None);
    // The fourth is below 3, the median after one epoch. The fifth is at the medians 3 and 4, which is not below.
    assert_eq!(alone(&make, &|trial, epoch| Some(table[trial][epoch - 1])), [3, 3, 2, 1, 3]);
    for seed in 0..10 {
        let curves = crossing(seed);
        let made = || race("median", &[("startup", 4), ("min-epochs", 2)], 20, 40, 1, None);
        let last = alone(&made, &curves);
        assert_eq!(last, median_reference(40, 20, 2, 4, &curves), "seed {seed}");
        assert!(last.iter().filter(|&&e| e < 20).count() > 10, "{last:?}");
    }
}

#[test]
fn workers_and_kills_change_no_ticket() {
    for (name, given) in [("asha", vec![]), ("halving", vec![("min-epochs", 2)]), ("hyperband", vec![]), ("median", vec![("interval", 4)])]
    {
        for window in [1, 4, 11] {
            let (make, curves) = (|| race(name, &given, 18, 50, window, None), crossing(window as u64));
            let one = played(&make, &curves, 1, 0, false);
            epochs(&one);
            for (workers, seed) in [(2, 1), (8, 2), (8, 3), (50, 4)] {
                assert_eq!(played(&make, &curves, workers, seed, false), one, "{name}: {workers} workers, window {window}");
                assert_eq!(played(&make, &curves, workers, seed, true), one, "{name}: {workers} workers, window {window}, killed");
            }
        }
    }
}

#[test]
fn a_budget_ends_the_tickets_where_it_is_spent() {
    let curves = crossing(3);
    for name in ["asha", "halving", "hyperband", "median"] {
        let whole = played(&|| race(name, &[], 18, 40, 4, None), &curves, 2, 0, false);
        let cost = |tickets: &[Run]| tickets.iter().map(|t| t.2 - t.1).sum::<usize>();
        for budget in [18, 77, cost(&whole) - 1, cost(&whole), cost(&whole) + 1] {
            let make = || race(name, &[], 18, 40, 4, Some(budget));
            let cut = played(&make, &curves, 8, 5, true);
            assert_eq!(cut, whole[..cut.len()], "{name}: the same tickets, as far as they go");
            assert!(cost(&cut) <= budget && (cut.len() == whole.len() || cost(&whole[..=cut.len()]) > budget), "{name}: {budget}");
            let (mut again, mut tickets) = (make(), Vec::new());
            let results = cut.iter().map(|t| ((t.0, again.rungs().iter().position(|&r| r == t.2).expect("a rung")), curves(t.0, t.2)));
            let results = results.map(|(at, value)| (at, value.map_or(Told::Failed, Told::Value))).collect();
            assert!(ask(&mut again, &results, &mut tickets, usize::MAX) && tickets == cut);
            assert_eq!((again.spent(), again.overspent()), (cost(&cut), cut.len() < whole.len()));
        }
    }
}
