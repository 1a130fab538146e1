//! Searches by several objectives, chains, candidates that come first, and results of earlier searches, over a small table.

use crate::support::{Place, Said, real_data, root};
use crate::tables::json;
use serde_json::Value;
use std::collections::BTreeSet;

/// Two objectives at odds over 5³ networks; a random search beside it.
const FRONTS: &str = r#"pipeline "fronts" seed=3
data "images" generate=shapes images=4 classes=2 image-size=32 { split train=1.0 }
space "chain" {
    choice "a" 1 3 5 7 9
    choice "b" 1 3 5 7 9
    choice "c" 1 3 5 7 9
    network width=1.0 { input "images"; conv 8 kernel=(choice)"a" stride=2; conv 8 kernel=(choice)"b" stride=2; conv 8 kernel=(choice)"c"; global-pool; linear }
}
sample "trials" { from "chain"; strategy nsga2 population=10; trials 40 window=1; objective "val" { maximize accuracy; minimize flops } }
evaluate "val" {
    from "trials"
    method table file="table.csv" key="{a}-{b}-{c}" { column accuracy "val" }
    metrics accuracy flops
}
sample "chance" { from "chain"; strategy random; trials 40; seed 1 }
evaluate "drawn" {
    from "chance"
    method table file="table.csv" key="{a}-{b}-{c}" { column accuracy "val" }
    metrics accuracy flops
}
select "front" { from "val"; pareto accuracy flops }
"#;

/// Larger kernels are better, of `c` less so than they cost.
fn accuracy(kernels: [usize; 3]) -> f64 {
    let [a, b, c] = kernels.map(|k| k as f64);
    0.4 + 0.02 * a + 0.015 * b + 0.004 * c - 0.002 * (a - b).abs()
}

fn place(pipeline: &str) -> Place {
    let place = Place::new(pipeline);
    let mut rows = "arch,val\n".to_string();
    for a in [1, 3, 5, 7, 9] {
        for b in [1, 3, 5, 7, 9] {
            for c in [1, 3, 5, 7, 9] {
                rows += &format!("{a}-{b}-{c},{}\n", accuracy([a, b, c]));
            }
        }
    }
    std::fs::write(place.path().join("table.csv"), rows).expect("the table is written");
    place
}

fn shown(place: &Place) -> Value {
    json(&place.nasflow(&["show", "pipeline.kdl", "--json"]))
}

/// The networks of a stage, in the order of its trials.
fn networks(shown: &Value, stage: &str) -> Vec<String> {
    let rows = shown["rows"].as_array().into_iter().flatten().filter(|r| r["stage"] == stage);
    let mut all: Vec<(u64, String)> =
        rows.map(|r| (r["trial"].as_u64().expect("a trial"), r["architecture"].as_str().expect("a digest").to_string())).collect();
    all.sort();
    all.into_iter().map(|(_, network)| network).collect()
}

#[test]
fn fronts_of_several_objectives_and_their_hypervolume() {
    let place = place(FRONTS);
    let said = place.run();
    assert!(said.ok(), "{said:?}");
    let shown = shown(&place);
    let fronts = shown["fronts"].as_array().expect("fronts");
    let names: Vec<&str> = fronts.iter().filter_map(|f| f["sample"].as_str()).collect();
    assert_eq!(names, ["trials", "chance"]);
    let point = |r: &Value| (r["metrics"]["accuracy"]["values"][0].as_f64().expect("accuracy"), r["flops"].as_f64().expect("flops"));
    let rows: Vec<&Value> =
        shown["rows"].as_array().into_iter().flatten().filter(|r| r["stage"] == "val" || r["stage"] == "drawn").collect();
    let all: Vec<(f64, f64)> = rows.iter().map(|r| point(r)).collect();
    let corner = |of: fn(f64, f64) -> f64, cost: fn(f64, f64) -> f64| {
        (all.iter().map(|p| p.0).reduce(of).expect("some"), all.iter().map(|p| p.1).reduce(cost).expect("some"))
    };
    let (worst, best) = (corner(f64::min, f64::max), corner(f64::max, f64::min));
    for (front, stage) in fronts.iter().zip(["val", "drawn"]) {
        // A sweep: the cheapest first, each counts by what it gains in accuracy.
        let mut points: Vec<(f64, f64)> = rows.iter().filter(|r| r["stage"] == stage).map(|r| point(r)).collect();
        points.sort_by(|a, b| a.1.total_cmp(&b.1).then(b.0.total_cmp(&a.0)));
        let (mut area, mut height, mut count) = (0.0, worst.0, 0u64);
        for (accuracy, flops) in points {
            if accuracy > height {
                area += (worst.1 - flops) * (accuracy - height);
                height = accuracy;
                count += 1;
            }
        }
        let share = area / ((best.0 - worst.0) * (worst.1 - best.1));
        assert!((front["hypervolume"].as_f64().expect("a number") - share).abs() < 1e-9, "{front}: {share}");
        // The worst of all has no area of its own, and may be on the front.
        assert!(front["front"].as_u64().expect("a count").abs_diff(count) <= 1, "{front}: {count}");
        assert_eq!(front["measured"], 40);
    }
    let of = |i: usize| fronts[i]["hypervolume"].as_f64().expect("a number");
    assert!(of(0) > of(1), "{} by nsga2, {} by chance", of(0), of(1));
    let line = format!("  trials: of 40 trials {} are on the Pareto front; hypervolume {:.3}", fronts[0]["front"], of(0));
    assert!(said.out.contains(&line) && said.out.contains("  hypervolume: the share of the box from accuracy "), "{line}\n{}", said.out);
    assert!(place.run().nothing_executed());
    assert_eq!(networks(&self::shown(&place), "val"), networks(&shown, "val"));
    // A stated corner takes the place of the worst.
    let stated = self::place(&FRONTS.replace("minimize flops }", "minimize flops; reference 0.3 1e6 }"));
    assert!(stated.run().ok());
    let stated = self::shown(&stated);
    assert_eq!(stated["fronts"][0]["reference"], serde_json::json!([0.3, 1e6]));
}

/// A first search, candidates of which the second starts with; the second a chain.
const STARTED: &str = r#"
sample "more" {
    from "chain"; start "seeds"
    strategy random trials=12
    then local-search
    trials 24 window=1
    objective "again" maximize=accuracy
}
select "seeds" { from "drawn"; top 5 by=accuracy }
evaluate "again" {
    from "more"
    method table file="table.csv" key="{a}-{b}-{c}" { column accuracy "val" }
    metrics accuracy flops
}
select "best" { from "again"; top 1 by=accuracy }
"#;

#[test]
fn a_search_starts_with_what_another_left() {
    let place = place(&(FRONTS.to_string() + STARTED));
    let said = place.run();
    assert!(said.ok(), "{said:?}");
    let shown = shown(&place);
    let (more, seeds) = (networks(&shown, "again"), networks(&shown, "drawn"));
    assert_eq!(more.len(), 24);
    assert_eq!(more.iter().collect::<BTreeSet<_>>().len(), 24, "all distinct");
    let rows = || shown["rows"].as_array().into_iter().flatten();
    let accuracy = |r: &Value| r["metrics"]["accuracy"]["values"][0].as_f64().expect("accuracy");
    let mut drawn: Vec<(f64, String)> =
        rows().filter(|r| r["stage"] == "drawn").map(|r| (accuracy(r), r["architecture"].as_str().unwrap_or("").to_string())).collect();
    drawn.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best: BTreeSet<&String> = drawn[..5].iter().map(|d| &d.1).collect();
    assert_eq!(more[..5].iter().collect::<BTreeSet<_>>(), best, "the five seeds come first");
    assert!(seeds.len() == 40);
    // The climb goes on from them: it ends above all that were drawn.
    let highest = rows().filter(|r| r["stage"] == "again").map(accuracy).fold(0.0, f64::max);
    assert!(highest >= drawn[0].0, "{highest} and {}", drawn[0].0);
}

fn refused(place: &Place, text: &str) -> Said {
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains(text), "{text}\n{}", said.err);
    said
}

#[test]
fn results_of_an_earlier_search_are_known_and_not_proposed_again() {
    let one = |strategy: &str, more: &str| {
        let (head, tail) = FRONTS.split_once("sample \"trials\"").expect("a sample");
        let (_, tail) = tail.split_once('\n').expect("more");
        let (evaluate, _) = tail.split_once("sample \"chance\"").expect("a second");
        format!(
            "{head}sample \"trials\" {{ from \"chain\"; {strategy}; trials 30 window=1; objective \"val\" maximize=accuracy{more} }}\n{evaluate}select \"best\" {{ from \"val\"; top 1 by=accuracy }}\n"
        )
    };
    let place = place(&one("strategy random", ""));
    assert!(place.nasflow(&["results", "pipeline.kdl"]).err.contains("store"), "nothing has run");
    assert!(place.run().ok());
    let written = place.nasflow(&["results", "pipeline.kdl", "-o", "first.json"]);
    assert!(written.ok() && written.out.contains("first.json: 30 trials of `val`, 0 of them failed"), "{written:?}");
    let first = networks(&shown(&place), "val");
    // The same file is the same bytes.
    let bytes = std::fs::read(place.path().join("first.json")).expect("a file");
    assert!(place.nasflow(&["results", "pipeline.kdl", "--stage", "val", "-o", "first.json"]).ok());
    assert_eq!(std::fs::read(place.path().join("first.json")).expect("a file"), bytes);
    let wrong = place.nasflow(&["results", "pipeline.kdl", "--stage", "vall"]);
    assert!(!wrong.ok() && wrong.err.contains("did you mean `val`?"), "{wrong:?}");

    place.write(&one("strategy local-search", "; earlier \"first.json\""));
    let said = place.run();
    assert!(said.ok(), "{said:?}");
    let second = shown(&place);
    let networks = networks(&second, "val");
    assert_eq!(networks.len(), 30);
    assert!(networks.iter().all(|n| !first.contains(n)), "none of the first search's is proposed again");
    // It climbs from the best of them at once.
    let rows = || second["rows"].as_array().into_iter().flatten().filter(|r| r["stage"] == "val");
    let highest = rows().filter_map(|r| r["metrics"]["accuracy"]["values"][0].as_f64()).fold(0.0, f64::max);
    assert!(highest > accuracy([9, 7, 9]) - 1e-9 || highest > 0.7, "{highest}");
    assert!(!said.out.contains("come of other"), "{}", said.out);

    // Of another table it is said.
    let text = std::fs::read_to_string(place.path().join("table.csv")).expect("a table");
    std::fs::write(place.path().join("table.csv"), text.replace("1-1-1,", "1-1-1,0")).expect("a table");
    let told = place.nasflow(&["show", "pipeline.kdl"]);
    assert!(told.out.contains("the earlier results of `val` come of other training or other images than this search's"), "{told:?}");

    // Whatever is wrong with the file is said at its line.
    let file = place.path().join("first.json");
    let good = String::from_utf8(bytes).expect("text");
    std::fs::write(&file, "{}").expect("written");
    refused(&place, "it is no file of results");
    std::fs::write(&file, good.replace("\"accuracy\"", "\"top5\"")).expect("written");
    refused(&place, "the earlier results have no `accuracy`");
    std::fs::write(&file, good.replace("\"network\": \"", "\"network\": \"00")).expect("written");
    refused(&place, "the earlier results cannot be used");
    std::fs::write(&file, &good).expect("written");
    let other = one("strategy local-search", "; earlier \"first.json\"").replace("image-size=32", "image-size=48");
    place.write(&other);
    refused(&place, "no earlier result is of a network of `chain`");
    std::fs::remove_file(&file).expect("removed");
    refused(&place, "the earlier results cannot be used");
}

/// The pipeline of two objectives over the real benchmark, where it is.
#[test]
fn nsga2_over_nas_bench_macro() {
    let Some(table) = real_data("nas-bench-macro/nas-bench-macro_cifar10.json") else { return };
    let table = format!("table={}", std::fs::canonicalize(table).expect("a path").display());
    let place = Place::new(&std::fs::read_to_string(root().join("pipelines/macro-fronts.kdl")).expect("a pipeline"));
    let said = place.nasflow(&["run", "pipeline.kdl", "-p", &table, "-p", "trials=100"]);
    assert!(said.ok(), "{said:?}");
    let shown = json(&place.nasflow(&["show", "pipeline.kdl", "-p", &table, "-p", "trials=100", "--json"]));
    let of = |name: &str| {
        let fronts = shown["fronts"].as_array().into_iter().flatten();
        fronts.into_iter().find(|f| f["sample"] == name).and_then(|f| f["hypervolume"].as_f64()).expect("a front")
    };
    assert!(of("nsga2") > of("random"), "{} and {}", of("nsga2"), of("random"));
    assert!(of("nsga2") < 1.0);
}
