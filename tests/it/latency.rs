//! `table-latency`: what a table says decides, its rows are what it is known by, and a row that is missing is said.

use crate::support::{Place, Said};
use serde_json::Value;

/// Two sizes, two widths of a layer and a level that is there only in some networks.
const SEARCH: &str = r#"
pipeline "timed" seed=1
data "shapes" generate=shapes images=24 image-size=64 { split train=0.5 val=0.5 }
space "fast" {
    choice "px" 64 32
    choice "top" 4 3
    network width=0.125 {
        input "shapes" image-size=(choice)"px"
        conv 64 kernel=3 stride=4
        conv stride=2 as="a" { channels 64 256; kernel 3 5 }
        when top=4 { conv 128 kernel=3 stride=2 as="b" }
        detect "a" "b"
    }
    require table-latency max=BOUND latency-table="t.json"
}
sample   "trials" { from "fast"; strategy evolution population=2 tournament=1; trials 4 window=1; objective "score" minimize=table-latency }
train    "short"  { from "trials"; data "shapes" split=train; recipe yolov5-short; batch 4; epochs 1 }
evaluate "score"  { from "short"; data "shapes" split=val; metrics map50 table-latency latency; latency-table "t.json" }
select   "best"   { from "score"; where table-latency max=BOUND; top 1 by=table-latency }
evaluate "final"  { from "best"; metrics table-latency params; latency-table "t.json" }
answer   "best"   { in "final"; by table-latency }
"#;

/// The file that `latency-table` makes, its rows replaced: a convolution over larger maps takes longer.
fn table(place: &Place, slower: f64) -> Value {
    let made = place.nasflow(&["latency-table", "pipeline.kdl"]);
    assert!(made.ok() && made.err.contains("space `fast`:") && made.err.contains("of all 16 networks"), "{made:?}");
    let mut table: Value = serde_json::from_str(&made.out).expect("JSON");
    for (key, ms) in table["rows"].as_object_mut().expect("rows") {
        let side = key.split(" in ").nth(1).and_then(|m| m.split('x').next()).and_then(|s| s.parse::<f64>().ok()).expect("a map");
        *ms = (slower * if key.starts_with("conv") { side / 64.0 } else { 0.0 }).into();
    }
    table
}

fn put(place: &Place, table: &Value) {
    std::fs::write(place.path().join("t.json"), table.to_string()).expect("a table");
}

fn rows(place: &Place) -> Vec<Value> {
    let shown = place.nasflow(&["show", "pipeline.kdl", "--json"]);
    let shown: Value = serde_json::from_str(&shown.out).expect("JSON");
    shown["rows"].as_array().expect("rows").iter().filter(|r| r["stage"] == "score").cloned().collect()
}

fn latency(row: &Value) -> f64 {
    row["metrics"]["table-latency"]["values"][0].as_f64().expect("a figure")
}

#[test]
fn a_search_by_a_table_of_latencies() {
    // At 64 px the first two convolutions alone take 1 and 0.25 ms; at 32 px all together less than that.
    let text = SEARCH.replace("BOUND", "1.2");
    let place = Place::new(&text);
    let made = table(&place, 1.0);
    put(&place, &made);
    let first = place.run();
    assert!(first.ok() && first.executed("train") == 4, "{first:?}");
    let measured = rows(&place);
    assert!(measured.len() == 4 && measured.iter().all(|r| latency(r) <= 1.2), "{measured:?}");
    assert!(measured.iter().all(|r| r["choices"].to_string().contains("\"32\"")), "{measured:?}");
    assert!(measured.iter().all(|r| r["observations"]["latency"]["median"].as_f64().is_some_and(|ms| ms > 0.0)), "{measured:?}");
    let least = measured.iter().map(latency).fold(f64::INFINITY, f64::min);
    let shown = place.nasflow(&["show", "pipeline.kdl"]).out;
    assert!(shown.starts_with(&format!("answer: best  table-latency {least:.1} ms")), "{shown}");
    assert!(place.run().nothing_executed());

    // A table is its rows: neither its name, its form nor what it says of the device.
    let mut other = made.clone();
    other["device"] = "another".into();
    std::fs::write(place.path().join("u.json"), serde_json::to_string_pretty(&other).expect("JSON")).expect("a table");
    place.write(&text.replace("t.json", "u.json"));
    assert!(place.run().nothing_executed());

    // Another row: what it did not decide is not trained again.
    place.write(&text);
    put(&place, &table(&place, 1.01));
    let again = place.run();
    assert!(again.ok() && again.executed("train") < 4 && again.executed("select") == 1, "{again:?}");
    assert!(rows(&place).iter().map(latency).fold(f64::INFINITY, f64::min) > least);
}

#[test]
fn a_table_that_does_not_serve_is_refused_at_its_line() {
    let place = Place::new(&SEARCH.replace("BOUND", "1.2"));
    let check = |text: &str, expected: &[&str]| {
        place.write(text);
        let said: Said = place.nasflow(&["check", "pipeline.kdl"]);
        assert!(!said.ok() && expected.iter().all(|e| said.err.contains(e)), "{expected:?}: {said:?}");
    };
    let text = SEARCH.replace("BOUND", "1.2");
    check(&text, &["t.json: No such file", "the latency table cannot be used", "nasflow latency-table PIPELINE > FILE"]);
    let mut few = table(&place, 1.0);
    // Only networks of 32 px with the larger kernel have it.
    let key = few["rows"].as_object().expect("rows").keys().find(|k| k.starts_with("conv 32x8x5x5") && k.contains("in 8x8")).cloned();
    let key = key.expect("a convolution over 8x8");
    few["rows"].as_object_mut().expect("rows").remove(&key);
    put(&place, &few);
    check(
        &text,
        &["the latency table lacks operations of the space `fast`", &format!("no row `{key}`"), "pipeline.kdl:14", "pipeline.kdl:18"],
    );
    put(&place, &table(&place, 1.0));
    let none = ["no network of `fast` meets table-latency ≤ 0.2 ms: the smallest that was found has 0.", "raise the bound"];
    check(&SEARCH.replace("BOUND", "0.2"), &none);
    place.write(&text);
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(
        said.ok() && said.out.contains("requires table-latency ≤ 1.2 ms") && said.out.contains("% of its samples are within the bounds"),
        "{said:?}"
    );
}
