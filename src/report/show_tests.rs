use super::*;
use crate::document::{self, Files, Options, Params};
use crate::plan::Figure;

struct One(&'static str);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.as_bytes().to_vec())
    }
}

/// A search of classifiers for the least loss.
const LEAST_LOSS: &str = r#"pipeline "p"
data "d" generate=figures images=40 { split train=0.5 val=0.5 }
space "s" { choice "w" 8 16; network { input "d"; conv 8 kernel=3 stride=2; conv (choice)"w" kernel=3; global-pool; linear } }
sample "a" { from "s"; strategy random; trials 4 }
train "t" { from "a"; data "d" split=train; epochs 1 }
evaluate "e" { from "t"; data "d" split=val; metrics loss accuracy macs }
select "best" { from "e"; top 1 by=loss }
"#;

fn pipeline() -> Pipeline {
    let loaded = document::load(&crate::language(), "p.kdl", &mut One(LEAST_LOSS), &Params::default(), Options::default());
    loaded.unwrap_or_else(|found| panic!("{}", document::render::diagnostics(&found, false)))
}

/// A trial with its loss and its multiply-adds in millions.
fn row(trial: usize, loss: f64, macs: u64) -> Row {
    let metric = |name: &str| crate::language().metric(name).expect("a metric");
    let metrics = [("loss", loss), ("accuracy", 0.5), ("macs", macs as f64 * 1e6)];
    Row {
        stage: "e".into(),
        model: format!("a #{trial}"),
        sample: "a".into(),
        trial,
        state: "ready",
        reason: None,
        architecture: String::new(),
        params: 1000,
        flops: 2_000_000 * macs,
        epochs: Some(1),
        folds: 1,
        weights: Vec::new(),
        metrics: metrics.into_iter().map(|(name, value)| (metric(name), Figure::exact(value))).collect(),
        observations: Default::default(),
        choices: Vec::new(),
        edits: Vec::new(),
    }
}

#[test]
fn the_least_loss_comes_first_and_no_number_last() {
    let rows = [row(0, 1.5, 3), row(1, f64::NAN, 1), row(2, 0.5, 4), row(3, 0.9, 2)];
    let table = stage_table(&pipeline(), &rows.iter().collect::<Vec<_>>(), None);
    let order: Vec<&str> = table.lines().skip(2).map(|l| l.split_whitespace().nth(1).unwrap_or("")).collect();
    assert_eq!(order, ["#2", "#3", "#0", "#1"], "{table}");
    assert!(table.lines().next().is_some_and(|head| head.trim_start().starts_with("model") && head.contains("loss")), "{table}");
}

#[test]
fn the_front_holds_the_best_of_a_metric_that_is_minimised() {
    let rows = [row(0, 1.5, 3), row(1, f64::NAN, 1), row(2, 0.5, 4), row(3, 0.9, 2)];
    assert_eq!(front(&pipeline(), &rows), "\nthe Pareto front of e (loss, FLOPs): a #3 0.900 at 4.00 M   a #2 0.500 at 8.00 M\n");
}

#[test]
fn costs_are_shown_as_they_were_asked_for() {
    let table = stage_table(&pipeline(), &[&row(0, 1.0, 3)], None);
    let head: Vec<&str> = table.lines().next().unwrap_or("").split_whitespace().collect();
    assert_eq!(&head[..5], ["model", "loss", "accuracy", "params", "macs"], "{table}");
    assert!(table.contains("3.00 M") && !table.contains("6.00 M"), "{table}");
}

#[test]
fn many_that_failed_alike_are_said_once() {
    let mut rows: Vec<Row> = (0..40).map(|i| row(i, 1.0, 3)).collect();
    for (i, r) in rows.iter_mut().enumerate().skip(1) {
        (r.state, r.reason) = ("failed", Some(format!("the loss is NaN at iteration {i}")));
        r.metrics.clear();
    }
    let table = stage_table(&pipeline(), &rows.iter().collect::<Vec<_>>(), None);
    // Head, rule, the one that is measured, three that failed, and the others.
    assert_eq!(table.lines().count(), 2 + 1 + 3 + 1, "{table}");
    assert!(table.lines().next_back().is_some_and(|l| l.contains("36 more") && l.contains("failed alike: the loss is NaN")), "{table}");
}
