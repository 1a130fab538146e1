//! Tables of benchmarks as evaluators, and rankings held against each other: the real files where they are, small ones here.

use crate::support::{Place, Said, real_data, root};
use nasflow::base::Digest;
use nasflow::document::{self, Params, Pipeline, StageKind};
use nasflow::metrics::{kendall_tau_b, spearman};
use nasflow::plan::table::{Table, key_of};
use nasflow::space::{InputSpec, Space};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A search of a linear space by a table, and whether another column of it would have ranked alike.
pub const LINEAR: &str = r#"pipeline "linear" seed=3
param "table" "table.csv"
data "images" generate=shapes images=4 classes=2 image-size=32 { split train=1.0 }
space "chain" {
    choice "a" 1 3 5
    choice "b" 1 3 5
    network width=1.0 { input "images"; conv 8 kernel=(choice)"a" stride=2; conv 8 kernel=(choice)"b" stride=2; global-pool; linear }
}
sample "trials" { from "chain"; strategy evolution population=3 tournament=2; trials 9 window=1; objective "val" maximize=accuracy }
evaluate "val" {
    from "trials"
    method table file=(param)"table" key="k{a}|{b:index}" keys="net" { word 5 "five"; column accuracy "val1" "val2" unit=percent }
    metrics accuracy params
}
select "best" { from "val"; top 1 by=accuracy }
sample "stock" { from "chain"; strategy reference }
evaluate "test" {
    from "best" "stock"
    method table file=(param)"table" key="k{a}|{b:index}" keys="net" { word 5 "five"; column accuracy "test" }
    metrics accuracy
}
evaluate "truth" {
    from "trials"
    method table file=(param)"table" key="k{a}|{b:index}" keys="net" { word 5 "five"; column accuracy "test" }
    metrics accuracy flops
}
answer "best" { in "test"; by accuracy; against "stock"; trust "val" "truth" }
"#;

/// Nine rows; the network 3,5 (`k3|2`) has none.
pub const ROWS: &str = "net,val1,val2,test\nk1|0,50,52,0.5\nk1|1,60,60,0.6\nk1|2,61,63,0.7\nk3|0,70,70,0.65\nk3|1,80,82,0.8\n\
                    kfive|0,72,74,0.75\nkfive|1,90,90,0.85\nkfive|2,88,86,0.9\n\"k9|9\",1,1,0.1\n";

pub fn place(pipeline: &str, rows: &str) -> Place {
    let place = Place::new(pipeline);
    std::fs::write(place.path().join("table.csv"), rows).expect("the table is written");
    place
}

pub fn json(said: &Said) -> Value {
    assert!(said.ok(), "{said:?}");
    serde_json::from_str(&said.out).expect("JSON")
}

#[test]
fn a_table_guides_a_search_and_checks_a_ranking() {
    let place = place(LINEAR, ROWS);
    let said = place.run();
    assert_eq!((said.executed("select"), said.executed("train"), said.executed("metric")), (1, 0, 0), "{said:?}");
    assert!(said.out.starts_with("answer: best  accuracy 0.850   at "), "{}", said.out);
    assert!(said.out.contains("\n        stock 0.500: +0.350, one figure each: not tested\n"), "{}", said.out);
    assert!(said.out.contains("\ntrust: val ranks 8 networks by accuracy as truth does to tau 0.857 ("), "{}", said.out);
    assert!(said.out.contains("left out: 1 network that one of the two did not measure"), "{}", said.out);

    let shown = json(&place.nasflow(&["show", "pipeline.kdl", "--json"]));
    let rows = shown["rows"].as_array().expect("rows");
    let row = |stage: &str, a: &str, b: &str| {
        let choices = |r: &&Value| r["choices"] == serde_json::json!([["a", a], ["b", b]]);
        rows.iter().filter(|r| r["stage"] == stage).find(choices).unwrap_or_else(|| panic!("no {a}, {b} in {stage}"))
    };
    // Two columns are two seeds; percent are shares; a cost without a column is counted.
    assert_eq!(row("val", "1", "5")["metrics"]["accuracy"]["values"], serde_json::json!([0.61, 0.63]));
    assert_eq!(row("val", "1", "5")["metrics"]["params"]["values"][0], row("val", "1", "5")["params"].as_f64().expect("params"));
    assert_eq!(row("truth", "5", "5")["metrics"]["accuracy"]["values"], serde_json::json!([0.9]));
    // A network that the table does not know has failed; the search went on.
    assert_eq!(row("val", "3", "5")["state"], "failed");
    assert_eq!(row("val", "3", "5")["reason"], "the table has no row `k3|2`");

    // The figures of `trust`, from their definitions.
    let measured: Vec<&Value> = rows.iter().filter(|r| r["stage"] == "truth" && r["state"] == "ready").collect();
    let mean = |r: &Value| {
        let values: Vec<f64> = r["metrics"]["accuracy"]["values"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let val = |r: &Value| mean(rows.iter().find(|v| v["stage"] == "val" && v["architecture"] == r["architecture"]).expect("measured"));
    let (truth, ours): (Vec<f64>, Vec<f64>) = measured.iter().map(|r| (mean(r), val(r))).unzip();
    let flops: Vec<f64> = measured.iter().filter_map(|r| r["flops"].as_f64()).collect();
    let trust = &shown["trust"][0];
    assert_eq!((trust["networks"].as_u64(), trust["left-out"].as_u64(), trust["complete"].as_bool()), (Some(8), Some(1), Some(true)));
    assert_eq!(trust["predictors"][0]["name"], "val");
    assert_eq!(trust["predictors"][0]["kendall"].as_f64(), kendall_tau_b(&ours, &truth));
    assert_eq!(trust["predictors"][0]["spearman"].as_f64(), spearman(&ours, &truth));
    assert_eq!(trust["predictors"][2]["name"], "flops");
    assert_eq!(trust["predictors"][2]["kendall"].as_f64(), kendall_tau_b(&flops, &truth));
    let behind = trust["predictors"][2]["behind-interval"].as_array().expect("an interval");
    assert!(behind[0].as_f64() <= trust["predictors"][2]["behind"].as_f64() && behind[0].as_f64() < behind[1].as_f64(), "{trust}");

    // The run's record has it, a second run does nothing, and another store says the same.
    assert!(place.run().nothing_executed());
    let again = crate::tables::place(LINEAR, ROWS);
    again.run();
    assert_eq!(json(&again.nasflow(&["show", "pipeline.kdl", "--json"])), shown);
}

#[test]
fn few_networks_in_common_are_said_to_be_few() {
    let two = LINEAR.replace("trials 9 window=1", "trials 2 window=1").replace("population=3", "population=2");
    let said = place(&two, ROWS).run();
    assert!(said.out.contains(" in common: nothing can be said of the ranking (at least 3 are needed)"), "{}", said.out);
    let five = LINEAR.replace("trials 9 window=1", "trials 5 window=1");
    let said = place(&five, ROWS).run();
    assert!(said.out.contains(" are few: these figures are unsure"), "{}", said.out);
}

#[test]
fn another_table_is_another_choice() {
    let place = place(LINEAR, ROWS);
    let first = place.run();
    std::fs::write(place.path().join("table.csv"), ROWS.replace("kfive|1,90,90", "kfive|1,10,10")).expect("written");
    let second = place.run();
    assert_eq!(second.executed("select"), 1, "{second:?}");
    assert_ne!(first.out.lines().next(), second.out.lines().next());
}

#[test]
fn what_is_wrong_with_a_table_is_said_at_its_line() {
    let cases = [
        ("file=(param)\"table\"", "file=\"none.csv\"", "none.csv: No such file"),
        ("file=(param)\"table\"", "file=\".\"", "is no file"),
        ("keys=\"net\"", "keys=\"nets\"", "did you mean `net`? its columns: net, val1, val2,"),
        ("\"val1\" \"val2\"", "\"val1\" \"vall2\"", "the table has no column `vall2`"),
        ("column accuracy \"test\"", "column accuracy", "say which column is which metric: `column accuracy \"NAME\"`"),
        (
            "\"val1\" \"val2\" unit=percent",
            "\"val1\" \"val2\"",
            "if the file holds percent: `column accuracy \"val1\" \"val2\" unit=percent`",
        ),
        ("k{a}|{b:index}", "k{a}|{c:index}", "`chain` has no decision `c`"),
        ("word 5 \"five\"", "word 7 \"five\"", "no decision has the option `7`"),
    ];
    for (old, new, expected) in cases {
        let place = place(&LINEAR.replace(old, new), ROWS);
        for command in ["check", "run"] {
            let said = place.nasflow(&[command, "pipeline.kdl"]);
            assert!(!said.ok() && said.err.contains(expected), "{new}: {said:?}");
            assert!(said.err.contains("pipeline.kdl:"), "{new}: no place in {said:?}");
        }
    }
    let said = place(LINEAR, "net,val1,val2,test\nk1|0,50,52\n").nasflow(&["check", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("line 2: 3 cells, where the first line has 4"), "{said:?}");
}

/// The disk, for `document`.
struct Disk;

impl document::Files for Disk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|e| e.to_string())
    }
}

fn macro_table() -> Option<PathBuf> {
    real_data("nas-bench-macro/nas-bench-macro_cifar10.json")
}

fn macro_pipeline(table: &Path) -> Pipeline {
    let file = root().join("pipelines/macro-table.kdl");
    let params = Params { values: vec![("table".into(), table.display().to_string())] };
    document::load(&nasflow::language(), &file.display().to_string(), &mut Disk, &params, document::Options::default()).expect("a pipeline")
}

/// The space is the benchmark's: parameters and multiply-adds of all 6,561 networks, and which of them are the same.
#[test]
fn the_space_of_nas_bench_macro_is_the_benchmarks() {
    let Some(file) = macro_table() else { return };
    let pipeline = macro_pipeline(&file);
    let input = InputSpec { channels: 3, image_size: 32, classes: 10, anchors: None };
    let (space, _) = Space::compile(&pipeline.spaces[0], &input).expect("a space");
    let source = pipeline.stages.iter().find_map(|s| match &s.kind {
        StageKind::Evaluate(e) => e.table.clone(),
        _ => None,
    });
    let source = source.expect("a table");
    let bytes = std::fs::read(&file).expect("the table");
    let table: BTreeMap<String, Value> = serde_json::from_slice(&bytes).expect("JSON");
    let read = Table::parse("t.json", &bytes, &["arch"], &["test_acc"]).expect("a table");
    let mut records: BTreeMap<Digest, Value> = BTreeMap::new();
    let samples = space.enumerate(10_000).expect("few enough");
    assert_eq!((samples.len(), table.len(), read.len()), (6561, 6561, 6561));
    for sample in &samples {
        let key = key_of(&source, space.decisions(), &space.describe(sample)).expect("a key");
        let row = &table[&key.joined()];
        let architecture = space.architecture(sample).expect("a network");
        let cost = architecture.cost().expect("a cost");
        assert_eq!((Some(cost.macs), Some(cost.params)), (row["flops"].as_u64(), row["params"].as_u64()), "{key}");
        let figure = read.figure(&key, &source.columns[0]).expect("a figure");
        let percent: Vec<f64> = row["test_acc"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        assert_eq!(figure.values, percent.iter().map(|v| v / 100.0).collect::<Vec<_>>(), "{key}");
        assert!((figure.mean() * 100.0 - row["mean_acc"].as_f64().expect("a mean")).abs() < 1e-9, "{key}");
        // Networks that differ only in where nothing stands are one: the benchmark has one record for them, too.
        assert_eq!(records.entry(architecture.digest()).or_insert_with(|| row.clone()), row, "{key}");
    }
    assert_eq!(records.len(), 3969);
    // FLOPs as a predictor, over the whole table; counted pair by pair elsewhere.
    let column = |name: &str| table.values().filter_map(|r| r[name].as_f64()).collect::<Vec<_>>();
    let tau = kendall_tau_b(&column("flops"), &column("mean_acc")).expect("an order");
    assert!((tau - 0.5559973586).abs() < 1e-9, "{tau}");
}

#[test]
fn searches_of_nas_bench_macro_are_reproducible_and_exact() {
    let Some(file) = macro_table() else { return };
    let table: BTreeMap<String, Value> = serde_json::from_slice(&std::fs::read(&file).expect("read")).expect("JSON");
    let parameter = format!("table={}", std::fs::canonicalize(&file).expect("a path").display());
    let pipeline = std::fs::read_to_string(root().join("pipelines/macro-table.kdl")).expect("a pipeline");
    let run = || {
        let place = Place::new(&pipeline);
        let said = place.nasflow(&["run", "pipeline.kdl", "-p", &parameter]);
        assert!(said.ok(), "{said:?}");
        assert_eq!((said.executed("select"), said.executed("train")), (2, 0), "{said:?}");
        (json(&place.nasflow(&["show", "pipeline.kdl", "-p", &parameter, "--json"])), said.out)
    };
    let (shown, said) = run();
    assert_eq!(run().0, shown);
    let rows: Vec<&Value> = shown["rows"].as_array().into_iter().flatten().collect();
    assert_eq!(rows.iter().filter(|r| r["stage"] == "found").count(), 100);
    assert_eq!(rows.iter().filter(|r| r["stage"] == "chance").count(), 100);
    let mut best: BTreeMap<&str, f64> = BTreeMap::new();
    for row in rows.iter().filter(|r| r["stage"] != "winners") {
        let place = |option: &str| ["identity", "mb3", "mb6"].iter().position(|o| *o == option).expect("an option").to_string();
        let key: String = row["choices"].as_array().into_iter().flatten().filter_map(|c| c[1].as_str()).map(place).collect();
        let values: Vec<f64> = row["metrics"]["accuracy"]["values"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let percent: Vec<f64> = table[&key]["test_acc"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        assert_eq!(values, percent.iter().map(|v| v / 100.0).collect::<Vec<_>>(), "{key}");
        let best = best.entry(row["stage"].as_str().unwrap_or("")).or_insert(0.0);
        *best = best.max(values.iter().sum::<f64>() / values.len() as f64);
    }
    for (name, stage) in [("best", "found"), ("lucky", "chance")] {
        let of = if name == "best" { &shown["answer"]["values"] } else { &shown["answer"]["baselines"][0]["values"] };
        let values: Vec<f64> = of.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        assert_eq!(values.iter().sum::<f64>() / values.len() as f64, best[stage], "{name}");
    }
    // Costs as the table has them.
    let winner = rows.iter().find(|r| r["stage"] == "winners").expect("a winner");
    assert!(table.values().any(|r| {
        r["params"].as_f64() == winner["metrics"]["params"]["values"][0].as_f64()
            && r["flops"].as_f64() == winner["metrics"]["macs"]["values"][0].as_f64()
    }));
    assert!(said.contains("(3 seeds)"), "{said}");
}

/// NAS-Bench-201's keys, over a chain that stands in for its cell until the language has cells: 5⁶ networks all the same.
const CELLS: &str = r#"pipeline "nb201"
param "table"
data "images" generate=shapes images=4 classes=2 image-size=32 { split train=1.0 }
space "edges" {
    choice "e1" 1 3 5 7 9
    choice "e2" 1 3 5 7 9
    choice "e3" 1 3 5 7 9
    choice "e4" 1 3 5 7 9
    choice "e5" 1 3 5 7 9
    choice "e6" 1 3 5 7 9
    network width=1.0 {
        input "images"; conv 8 kernel=(choice)"e1"; conv 8 kernel=(choice)"e2"; conv 8 kernel=(choice)"e3"
        conv 8 kernel=(choice)"e4"; conv 8 kernel=(choice)"e5"; conv 8 kernel=(choice)"e6"; global-pool; linear
    }
}
sample "all" { from "edges"; strategy random; trials 300 }
evaluate "valid" {
    from "all"
    method table file=(param)"table" key="|{e1}~0|+|{e2}~0|{e3}~1|+|{e4}~0|{e5}~1|{e6}~2|" {
        word 1 "none"; word 3 "skip_connect"; word 5 "nor_conv_1x1"; word 7 "nor_conv_3x3"; word 9 "avg_pool_3x3"
        column accuracy "cifar10_valid_acc" unit=percent
    }
    metrics accuracy
}
evaluate "test" {
    from "all"
    method table file=(param)"table" key="|{e1}~0|+|{e2}~0|{e3}~1|+|{e4}~0|{e5}~1|{e6}~2|" {
        word 1 "none"; word 3 "skip_connect"; word 5 "nor_conv_1x1"; word 7 "nor_conv_3x3"; word 9 "avg_pool_3x3"
        column accuracy "cifar10_test_acc" unit=percent; column params "params_cifar10"; column macs "macs_cifar10"
    }
    metrics accuracy params macs
}
select "best" { from "valid"; top 1 by=accuracy }
evaluate "end" {
    from "best"
    method table file=(param)"table" key="|{e1}~0|+|{e2}~0|{e3}~1|+|{e4}~0|{e5}~1|{e6}~2|" {
        word 1 "none"; word 3 "skip_connect"; word 5 "nor_conv_1x1"; word 7 "nor_conv_3x3"; word 9 "avg_pool_3x3"
        column accuracy "cifar10_test_acc" unit=percent
    }
    metrics accuracy
}
answer "best" { in "end"; by accuracy; trust "valid" "test" by=accuracy }
"#;

#[test]
fn validation_of_nas_bench_201_is_held_against_its_test() {
    let Some(file) = real_data("nas-bench-201-12ep/nasbench201_12ep.csv") else { return };
    let parameter = format!("table={}", std::fs::canonicalize(&file).expect("a path").display());
    let place = Place::new(CELLS);
    let said = place.nasflow(&["run", "pipeline.kdl", "-p", &parameter]);
    assert!(said.ok(), "{said:?}");
    assert!(said.out.contains("trust: valid ranks 300 networks by accuracy as test does to tau 0.8"), "{}", said.out);
    let shown = json(&place.nasflow(&["show", "pipeline.kdl", "-p", &parameter, "--json"]));

    let text = std::fs::read_to_string(&file).expect("the table");
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let at = |name: &str| head.iter().position(|h| *h == name).expect("a column");
    let table: BTreeMap<&str, Vec<&str>> = lines.map(|l| (l.split(',').nth(1).unwrap_or(""), l.split(',').collect())).collect();
    let words = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];
    let mut columns: [Vec<f64>; 4] = Default::default();
    for row in shown["rows"].as_array().into_iter().flatten().filter(|r| r["stage"] == "test") {
        let e: Vec<&str> = row["choices"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|c| c[1].as_str()?.parse::<usize>().ok())
            .map(|k| words[(k - 1) / 2])
            .collect();
        let key = format!("|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|", e[0], e[1], e[2], e[3], e[4], e[5]);
        let cell = |name: &str| table[key.as_str()][at(name)].parse::<f64>().expect("a number");
        assert_eq!(row["metrics"]["accuracy"]["values"][0].as_f64(), Some(cell("cifar10_test_acc") / 100.0), "{key}");
        assert_eq!(row["metrics"]["macs"]["values"][0].as_f64(), Some(cell("macs_cifar10")), "{key}");
        for (column, name) in columns.iter_mut().zip(["cifar10_test_acc", "cifar10_valid_acc", "params_cifar10", "macs_cifar10"]) {
            column.push(cell(name));
        }
    }
    assert_eq!(columns[0].len(), 300);
    let predictors = &shown["trust"][0]["predictors"];
    for (i, column) in columns[1..].iter().enumerate() {
        assert_eq!(predictors[i]["kendall"].as_f64(), kendall_tau_b(column, &columns[0]), "{}", predictors[i]["name"]);
        let (low, high) = (predictors[i]["interval"][0].as_f64(), predictors[i]["interval"][1].as_f64());
        assert!(low < predictors[i]["kendall"].as_f64() && predictors[i]["kendall"].as_f64() < high, "{predictors}");
    }
    assert!(predictors[1]["behind-interval"][0].as_f64() > Some(0.0), "validation predicts better than size: {predictors}");
}
