//! What somebody may do to a pipeline between two runs.

use super::super::Dice;
use super::pipeline::{ACTIVATIONS, Branch, Measured, Pipeline, STRATEGIES, TRAINED, Train};

/// An edit by chance: its name, and whether no result may change.
pub fn edit(p: &mut Pipeline, dice: &mut Dice) -> (&'static str, bool) {
    let fresh = p.branches.iter().map(|b| b.id + 1).max().unwrap_or(0);
    let at = dice.below(p.branches.len());
    match dice.below(26) {
        0 => {
            p.comment = format!("remark {}", dice.below(1000));
            ("a comment", true)
        }
        1 => {
            p.suffix = format!("-{}", dice.below(1000));
            ("other names", true)
        }
        2 => {
            p.order = 1 + dice.below(1000) as u64;
            ("another order of nodes", true)
        }
        3 => {
            p.name = format!("oracle {}", dice.below(3));
            ("another name of the pipeline", true)
        }
        4 => {
            p.seed = dice.below(9) as u64;
            ("the seed", false)
        }
        5 => {
            p.images = *dice.pick(&[12, 16, 20]);
            ("the number of images", false)
        }
        6 => {
            p.share = *dice.pick(&[0.5, 0.75]);
            ("the shares of the splits", false)
        }
        7 => {
            p.channels = *dice.pick(&[8, 12]);
            ("channels", false)
        }
        8 => {
            p.activation = *dice.pick(&ACTIVATIONS);
            ("the activation", false)
        }
        9 | 10 => options(p, dice),
        11 => {
            p.rows[dice.below(5)] = dice.below(60) as i32 - 30;
            ("rows of the table", false)
        }
        12 => {
            p.branches.push(Branch::any(fresh, dice));
            ("another branch", false)
        }
        13 if p.branches.len() > 1 => {
            p.branches.remove(at);
            ("a branch is gone", false)
        }
        14 => {
            p.branches.swap(0, at);
            ("branches in another order", true)
        }
        n => of_branch(&mut p.branches[at], n, dice),
    }
}

/// A column that a table names must be measured.
fn needed(measured: &Measured, metric: &str) -> bool {
    *measured == Measured::Table && metric == "accuracy"
}

fn options(p: &mut Pipeline, dice: &mut Dice) -> (&'static str, bool) {
    let options = &mut p.options[dice.below(3)];
    match dice.below(3) {
        0 if options.len() > 2 => {
            options.remove(1 + dice.below(options.len() - 1));
            ("an option is gone", false)
        }
        1 => {
            // The first stays the reference.
            let last = options.len() - 1;
            options.swap(1, last);
            ("options in another order", false)
        }
        _ => {
            let new = *dice.pick(&[1, 3, 5, 7]);
            if !options.contains(&new) {
                options.push(new);
            }
            ("another option", false)
        }
    }
}

fn of_branch(branch: &mut Branch, n: usize, dice: &mut Dice) -> (&'static str, bool) {
    match (n, &mut branch.train) {
        (15, _) => {
            branch.trials = 2 + dice.below(6);
            ("trials", false)
        }
        (16, _) => {
            branch.strategy = *dice.pick(&STRATEGIES);
            ("the strategy", false)
        }
        (17, _) => {
            branch.window = 1 + dice.below(3);
            branch.seed = dice.below(3) as u64;
            ("the search's window and seed", false)
        }
        (18, _) => {
            let all = branch.measured.metrics();
            let kept = branch.by();
            branch.metrics = all.iter().copied().filter(|m| *m == kept || needed(&branch.measured, m) || dice.one_in(2)).collect();
            branch.by = branch.metrics.iter().position(|m| *m == kept).unwrap_or(0);
            ("metrics", false)
        }
        (19, _) => {
            branch.by = dice.below(3);
            ("what decides", false)
        }
        (20, _) => {
            branch.top = 1 + dice.below(3);
            ("how many are chosen", false)
        }
        (21, _) => {
            branch.measured = Measured::any(dice);
            branch.metrics = branch.measured.metrics().to_vec();
            ("how it is measured", false)
        }
        (22, _) => {
            branch.joins = !branch.joins;
            ("what a choice is made from", false)
        }
        (_, None) => {
            branch.train = Some(Train::any(dice));
            ("a training", false)
        }
        (23, Some(train)) => {
            train.epochs = 1 + dice.below(3);
            ("epochs", false)
        }
        (24, Some(train)) => {
            (train.lr, train.seed, train.seeds) = (*dice.pick(&[0.05, 0.02]), dice.below(2) as u64, 1 + dice.below(2));
            train.fixed = dice.one_in(2);
            ("the recipe and seeds", false)
        }
        (_, Some(train)) => {
            train.metrics = TRAINED[..1 + dice.below(3)].to_vec();
            ("what a training is measured by", false)
        }
    }
}
