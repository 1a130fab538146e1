//! `nasflow report`: the page of real runs, opened in a real browser where there is one, wide and narrow, light and dark, of no trial and of 5,000.

mod browser;
mod synthetic;

use crate::oneshot::planted;
use crate::support::{Place, SMALL};
use browser::{Opened, open, screenshot};
use serde_json::Value;

const ANSWERED: &str = r#"
sample   "reference" { from "tiny"; strategy reference }
train    "long" { from "best" "reference"; data "shapes" split=train; recipe yolov5-short; init scratch; epochs 3; seeds 2 }
evaluate "final" { from "long"; data "shapes" split=val; metrics map50 latency }
answer   "best" { in "final"; by map50; against "reference" }
"#;

fn facts(place: &Place) -> Value {
    let said = place.nasflow(&["report", "pipeline.kdl", "--json"]);
    assert!(said.ok(), "{said:?}");
    serde_json::from_str(&said.out).expect("facts are JSON")
}

/// Writes the page and opens it; none where there is no browser.
fn opened(place: &Place, query: &str, size: (u32, u32)) -> Option<Opened> {
    let said = place.nasflow(&["report", "pipeline.kdl", "-o", "report.html"]);
    assert!(said.ok() && said.err.contains("report.html: "), "{said:?}");
    open(&place.path().join("report.html"), query, size)
}

fn sound(page: &Opened, least: usize) {
    assert_eq!(page.errors, None, "{}", page.body);
    assert!(page.drawn >= least, "{} charts of {least}: {}", page.drawn, page.body);
}

#[test]
fn the_page_of_a_search_from_nothing_to_its_answer() {
    let place = Place::new(&format!("{SMALL}{ANSWERED}"));
    let before = facts(&place);
    assert_eq!((&before["progress"]["state"], &before["answer"]), (&Value::from("unfinished"), &Value::Null));
    assert!(before["headline"].as_str().is_some_and(|h| h.starts_with("No answer yet: ")), "{before}");
    if let Some(page) = opened(&place, "", (1200, 900)) {
        sound(&page, 0);
        assert!(page.text.contains("No answer yet") && page.text.contains("yet."), "{}", page.text);
    }

    place.run();
    let after = facts(&place);
    assert_eq!((&after["progress"]["state"], &after["answer"]["name"]), (&Value::from("finished"), &Value::from("best")));
    assert_eq!(after["answer"]["values"].as_array().map(Vec::len), Some(2));
    let score = &after["stages"][after["opens"].as_u64().expect("a place") as usize];
    assert_eq!((&score["name"], score["rows"].as_array().map(Vec::len)), (&Value::from("score"), Some(4)));
    assert!(score["rows"][0]["w"].as_f64().is_some_and(|flops| flops > 0.0), "{score}");
    assert_eq!(score["random"]["trials"], 3, "evolution begins with three at random: {score}");
    assert!(score["importance_note"].as_str().is_some_and(|n| n.contains("too few")), "{score}");
    // 4 of `short`, and 2 networks with 2 seeds of `long`.
    assert_eq!(after["courses"].as_array().map(Vec::len), Some(8));
    assert_eq!(after["pictures"]["images"].as_array().map(Vec::len), Some(8));
    assert!(after["saved"]["runs"][0]["made"].as_u64().is_some_and(|made| made > 20), "{}", after["saved"]);
    assert!(after["reproduce"]["command"].as_str() == Some("nasflow run pipeline.kdl"));
    assert!(after["reproduce"]["sources"][0][1].as_str().is_some_and(|s| s.contains("answer   \"best\"")));

    for (query, size) in [("", (1200, 900)), ("?theme=dark", (1200, 900)), ("?theme=light", (500, 900))] {
        let Some(page) = opened(&place, query, size) else { return };
        sound(&page, 6);
        assert!(page.text.contains("Held against") && page.text.contains("As a table"), "{}", page.text);
        let picture = screenshot(&place.path().join("report.html"), query, size).expect("a picture");
        let mean = picture.pixels().map(|p| f64::from(p.0[0])).sum::<f64>() / f64::from(picture.width() * picture.height());
        assert_eq!(mean < 100.0, query.contains("dark"), "mean brightness {mean} of {query}");
        let shades: std::collections::BTreeSet<[u8; 3]> = picture.pixels().map(|p| [p.0[0], p.0[1], p.0[2]]).collect();
        assert!(shades.len() > 50, "the picture has {} colours", shades.len());
    }
}

#[test]
fn a_run_that_is_under_way_and_one_that_was_widened() {
    let place = Place::new(&SMALL.replace("trials 4", "trials 3").replace("epochs 2", "epochs 1"));
    place.run();
    place.write(&SMALL.replace("epochs 2", "epochs 1"));
    let facts = facts(&place);
    assert_eq!(facts["progress"]["state"], "unfinished");
    assert!(facts["headline"].as_str().is_some_and(|h| h.contains("known so far are done")), "{}", facts["headline"]);
    if let Some(page) = opened(&place, "", (1200, 900)) {
        sound(&page, 4);
        assert!(page.text.contains("unfinished") && page.text.contains("The Pareto front"), "{}", page.text);
    }
    let said = place.nasflow(&["report", "pipeline.kdl", "--tensorboard", "events"]);
    assert!(said.ok() && said.err.contains("runs for `tensorboard"), "{said:?}");
    let folders: Vec<String> = std::fs::read_dir(place.path().join("events"))
        .expect("runs")
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    for name in ["short-trials-0-seed-0", "score-trials-2", "search-trials-in-score"] {
        assert!(folders.iter().any(|f| f == name), "{name} in {folders:?}");
    }
}

#[test]
fn hostile_names_stay_text() {
    let name = r#"</script><img src=x onerror=\"document.body.dataset.error='x'\"><b>"#;
    let hostile = SMALL.replace("pipeline \"reproducible\"", &format!("pipeline \"{name}\"")).replace("\"block\"", &format!("\"{name}\""));
    let place = Place::new(&hostile);
    let said = place.nasflow(&["report", "pipeline.kdl", "-o", "report.html"]);
    assert!(said.ok(), "{said:?}");
    let html = std::fs::read_to_string(place.path().join("report.html")).expect("the page");
    assert!(!html.contains("<img src=x"), "a name became HTML");
    place.run();
    if let Some(page) = opened(&place, "", (1200, 900)) {
        sound(&page, 4);
        assert!(!page.dom.contains("<img src=\"x\""), "a name became an element");
    }
}

#[test]
fn a_search_in_a_supernet_has_a_page() {
    let place = planted(crate::oneshot::ONE_SHOT);
    place.run();
    let facts = facts(&place);
    assert!(facts["stages"].as_array().is_some_and(|s| s.iter().any(|s| s["name"] == "ranking")), "{facts}");
    assert!(facts["said"].to_string().contains("was not checked"), "{}", facts["said"]);
    if let Some(page) = opened(&place, "", (1200, 900)) {
        sound(&page, 4);
    }
}

/// The times are printed, not judged: `cargo test --release --test it -- five_thousand_trials --nocapture`. They are those of a browser that runs
/// by the clock; the one that dumps a page has a clock of its own.
#[test]
fn five_thousand_trials_open_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    for trials in [5, 5_000] {
        let facts = synthetic::facts(trials);
        let html = nasflow::report::page::page(&facts, None);
        let path = dir.path().join("report.html");
        std::fs::write(&path, &html).expect("written");
        let Some(page) = open(&path, "", (1200, 900)) else { return };
        sound(&page, if trials < 20 { 6 } else { 8 });
        assert!(screenshot(&path, "?theme=dark", (1200, 900)).is_some());
        let Some(mut browser) = crate::chromium::chromium() else { return };
        let real = browser.open(&format!("file://{}", path.display()));
        browser.wait(&real, "!!document.body && !!document.body.dataset.allMs", 60);
        let ms = |browser: &mut crate::chromium::Chromium, name: &str| browser.value(&real, &format!("document.body.dataset.{name}"));
        let (first, all) = (ms(&mut browser, "ms"), ms(&mut browser, "allMs"));
        eprintln!("{trials} trials, {} kB: readable after {first} ms, all charts after {all} ms", html.len() / 1000);
    }
}

/// What a live page does: newer facts come in while somebody has zoomed in, unfolded a table and chosen other axes.
#[test]
fn newer_facts_keep_zoom_lists_and_what_is_unfolded() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("report.html");
    let html = nasflow::report::page::page(&synthetic::facts(60), None);
    let script = r#"<script>
setTimeout(() => {
  const instance = charts.get("front").instance;
  instance.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, start: 20, end: 50 });
  document.getElementById("trials").open = true;
  ui.x = "params";
  setTimeout(() => {
    const newer = JSON.parse(JSON.stringify(current));
    newer.stages[0].rows[0].v[0] = 0.99;
    draw(newer);
    setTimeout(() => {
      const option = instance.getOption();
      const best = charts.get("best").instance.getOption().series[0].data.at(-1);
      document.body.dataset.kept = [option.dataZoom[0].start, option.dataZoom[0].end, option.xAxis.length, option.xAxis[0].name.split(" ")[0],
        document.getElementById("trials").open, charts.get("front").instance === instance, best.value[1]].join(" ");
    }, 500);
  }, 300);
}, 500);
</script></body>"#;
    // The library has the word in a text of its own, so the page's end is the last.
    let (before, after) = html.rsplit_once("</body>").expect("an end");
    std::fs::write(&path, format!("{before}{script}{after}")).expect("written");
    let Some(page) = open(&path, "", (1200, 900)) else { return };
    sound(&page, 8);
    assert!(page.body.contains("data-kept=\"20 50 1 params true true 0.99\""), "{}", page.body);
}
