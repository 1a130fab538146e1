//! The page holds what it should, and no name in a pipeline gets out of its place.

use super::contributed::contributed;
use super::facts::{Axis, Facts, Progress, Trial};
use super::*;
use crate::base::Random;
use crate::metrics::words::mean_average_precision::MAP50;

#[test]
fn no_text_leaves_its_place() {
    let hostile = "</script><script>alert(1)</script>\u{2028}<!-- & \"'";
    let facts = Facts {
        pipeline: hostile.into(),
        headline: hostile.into(),
        progress: Progress { line: hostile.into(), ..Progress::default() },
        said: vec![hostile.into()],
        ..Facts::default()
    };
    let html = page(&facts, Some(&Live { url: hostile.into(), every: 500 }));
    assert!(!html.contains("<script>alert"));
    let scripts: Vec<&str> = html.split("<script").skip(1).filter_map(|s| s.split("</script>").next()).collect();
    assert!(!scripts.iter().any(|s| s.contains('\u{2028}')), "a line separator in a script");
    // Four scripts that are ours: the facts, the live flag, the library, the page's own; each ends once.
    assert_eq!(html.matches("</script>").count(), 4);
    let read: serde_json::Value = serde_json::from_str(&json(&facts)).expect("JSON");
    assert_eq!(read["pipeline"], hostile);
}

/// So many measured networks of one search: `a` decides, `b` does not, and `c` is there only where `a` is its second option.
fn trials(count: usize) -> (Vec<Trial>, Vec<Axis>) {
    let axis = |label: &str, n: usize| Axis { label: label.into(), options: (0..n).map(|o| format!("{o}")).collect(), ordered: n > 2 };
    let one = |t: usize| {
        let mut random = Random::at(1, "page", &[t as u64]);
        let (a, b, c) = (random.below(2) as i32, random.below(3) as i32, random.below(2) as i32);
        let score = f64::from(a) + 0.01 * random.normal();
        Trial {
            model: format!("trials #{t}"),
            s: 0,
            t,
            state: "ready",
            v: vec![Some(score)],
            d: Vec::new(),
            c: vec![a, b, if a == 1 { c } else { -1 }],
            e: None,
            it: None,
            w: None,
            why: None,
            a: String::new(),
        }
    };
    ((0..count).map(one).collect(), vec![axis("a", 2), axis("b", 3), axis("c", 2)])
}

#[test]
fn what_decides_is_named_and_what_does_not_is_not() {
    let metrics = [MAP50.metric()];
    let (rows, axes) = trials(80);
    let (found, note) = contributed(&rows, &axes, Some(0), &metrics, None);
    let found = found.expect("enough");
    assert!(note.contains("More than by chance contribute: ") && note.contains("`a`") && !note.contains("`b`"), "{note}");
    let c = found.choices.iter().find(|c| c.label == "c").expect("c");
    assert_eq!(c.effects.last().map(|e| e.option.as_str()), Some("(not there)"), "{c:?}");

    // Scores that no choice has a part in.
    let mut luck = rows.clone();
    luck.iter_mut().enumerate().for_each(|(i, r)| r.v = vec![Some(Random::at(2, "luck", &[i as u64]).normal())]);
    let (_, note) = contributed(&luck, &axes, Some(0), &metrics, None);
    assert!(note.contains("next to nothing") || note.contains("No choice contributes more than chance"), "{note}");

    let (none, note) = contributed(&rows[..19], &axes, Some(0), &metrics, None);
    assert!(none.is_none() && note.starts_with("19 measured networks are too few"), "{note}");
    assert!(contributed(&rows, &[], Some(0), &metrics, None).0.is_none());
    assert_eq!(contributed(&rows, &axes, None, &metrics, None), (None, "nothing is measured yet".to_string()));
}

#[test]
fn the_form_of_the_facts() {
    let facts = Facts { tone: facts::Tone::Unsure, ..Facts::default() };
    let value: serde_json::Value = serde_json::from_str(&json(&facts)).expect("JSON");
    let names: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    for name in [
        "answer",
        "because",
        "costs",
        "courses",
        "drawings",
        "headline",
        "network",
        "opens",
        "pictures",
        "progress",
        "question",
        "reproduce",
        "said",
        "saved",
        "stages",
        "trust",
    ] {
        assert!(names.contains(&name), "no {name} in {names:?}");
    }
    assert_eq!((&value["format"], &value["tone"]), (&serde_json::Value::from(0), &serde_json::Value::from("unsure")));
    // What does not exist is null, never a word that JSON lacks.
    let (rows, _) = trials(1);
    let row = Trial { v: vec![None], w: Some(f64::NAN), ..rows[0].clone() };
    assert!(json_of(&row).contains("\"v\":[null]") && json_of(&row).contains("\"w\":null"), "{}", json_of(&row));
}
