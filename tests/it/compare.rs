//! `nasflow compare`: searches on a table, many seeds, in memory.

use crate::support::Said;
use crate::tables::{LINEAR, place};

/// The table of `tables`, with a row for every network; the best is 5,3 by `val`, 5,5 by `test`.
const ROWS: &str = "net,val1,val2,test\nk1|0,50,52,0.5\nk1|1,60,60,0.6\nk1|2,61,63,0.7\nk3|0,70,70,0.65\nk3|1,80,82,0.8\nk3|2,10,10,0.2\n\
                    kfive|0,72,74,0.75\nkfive|1,90,90,0.85\nkfive|2,88,86,0.9\n";

/// The lines that are of one search.
fn rows<'t>(said: &'t Said, search: &str) -> Vec<Vec<&'t str>> {
    let rows = said.out.lines().map(|l| l.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect::<Vec<_>>());
    rows.filter(|cells| cells.first() == Some(&search)).collect()
}

#[test]
fn a_search_is_repeated_over_seeds_and_leaves_nothing() {
    let place = place(LINEAR, ROWS);
    let said = place.nasflow(&["compare", "pipeline.kdl", "--seeds", "30", "-o", "r.csv", "-o", "r.svg"]);
    assert!(said.ok(), "{said:?}");
    assert!(
        said.out.contains("space \"chain\": 9 samples, 9 distinct networks; searched by accuracy\nthe best has 90.000;"),
        "{}",
        said.out
    );
    assert!(said.out.contains("`stock` is left out: its strategy has one candidate"), "{}", said.out);
    let found = rows(&said, "trials");
    // All nine are looked at, so that every seed finds the best, and nothing is left to regret.
    assert_eq!((found.len(), found[0].last(), &found[1][1..]), (2, Some(&"100 %"), &["0.000 (0.000–0.000)", "0.000"][..]), "{}", said.out);
    let csv = std::fs::read_to_string(place.path().join("r.csv")).expect("written");
    let lines: Vec<Vec<&str>> = csv.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(lines.len(), 10, "{csv}");
    let column = |name: &str, line: usize| {
        lines[line][lines[0].iter().position(|c| *c == name).expect("a column")].parse::<f64>().expect("a number")
    };
    assert!((2..10).all(|q| column("mean", q) <= column("mean", q - 1)), "regret never grows: {csv}");
    assert_eq!((column("found_best", 9), column("mean", 9)), (30.0, 0.0));
    assert!(std::fs::read_to_string(place.path().join("r.svg")).expect("written").contains("<polyline"));
    assert!(!place.path().join("cache").exists(), "nothing is stored");
    // Threads change nothing.
    let one = place.command(&["compare", "pipeline.kdl", "--seeds", "30"]).env("RAYON_NUM_THREADS", "1").output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&one.stdout), said.out);
}

#[test]
fn what_is_judged_may_be_another_figure_than_what_is_told() {
    let place = place(LINEAR, ROWS);
    let said = place.nasflow(&["compare", "pipeline.kdl", "--seeds", "5", "--by", "truth"]);
    assert!(said.out.contains("searched by accuracy, judged by accuracy of `truth`\nthe best has 90.000;"), "{said:?}");
    // What `val` puts first has 0.85 in the test, 0.05 less than the best there.
    assert_eq!(rows(&said, "trials")[1][1..], ["5.000 (5.000–5.000)", "5.000"], "{}", said.out);
    let said = place.nasflow(&["compare", "pipeline.kdl", "--seeds", "5", "--told-seed", "1"]);
    assert!(said.out.contains("judged by the mean of all seeds, where the search is told seed 1"), "{said:?}");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let place = place(LINEAR, ROWS);
    for (arguments, expected) in [
        (&["--by", "tuth"][..], "did you mean `truth`? there are accuracy, params, val, test, truth"),
        (&["--told-seed", "2"][..], "`accuracy` has 2 values a row in this table: there is no seed 2"),
        (&["-o", "r.png"][..], "a name that ends in `.csv` or `.svg` was expected"),
    ] {
        let said = place.nasflow(&[&["compare", "pipeline.kdl", "--seeds", "2"], arguments].concat());
        assert!(!said.ok() && said.err.contains(expected), "{arguments:?}: {said:?}");
    }
    let plain = "pipeline \"p\"\ndata \"d\" generate=shapes images=8 classes=2 image-size=32 { split train=1.0 }\n\
                 space \"s\" { network { input \"d\"; conv 8 { kernel 1 3 }; global-pool; linear } }\n\
                 sample \"a\" { from \"s\"; strategy random; trials 2 }\n";
    place.write(plain);
    let said = place.nasflow(&["compare", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("there is no search on a table to compare"), "{said:?}");
}
