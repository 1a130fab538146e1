//! Trials that are trained once more, with real trainings: what they cost, what the reader is told, and the same bits after kills.

use crate::kill::{journal, thrice};
use crate::support::Place;

const PIPELINE: &str = r#"pipeline "replicate" seed=3
data "shapes" generate=shapes images=48 image-size=64 { split train=0.5 val=0.25 test=0.25 }
space "small" {
    network width=0.125 {
        input "shapes"
        conv 64 stride=2 { kernel 3 5 }
        conv 128 stride=2 { kernel 3 5 }
        conv 256 stride=2 { kernel 3 5 }
        detect anchors=auto
    }
}
sample "trials" {
    from "small"; strategy evolution population=3 tournament=2; trials 6 window=3; replicate 3
    objective "score" minimize=loss
}
train    "short" { from "trials"; data "shapes" split=train; recipe yolov5-short; batch 8; epochs 2; schedule linear over=9 }
evaluate "score" { from "short"; data "shapes" split=val; metrics loss flops }
select   "best"  { from "score"; top 1 by=loss }
train    "long"  { from "best"; data "shapes" split=train; recipe yolov5-short; batch 8; epochs 3; init scratch }
"#;

/// Iterations of an epoch: 24 images in batches of 8.
const EPOCH: usize = 3;

fn json(place: &Place, command: &str) -> serde_json::Value {
    let said = place.nasflow(&[command, "pipeline.kdl", "--json"]);
    assert!(said.ok(), "{said:?}");
    serde_json::from_str(&said.out).expect("JSON")
}

#[cfg(unix)]
#[test]
fn replicas_cost_what_was_planned_and_change_no_bit() {
    let place = Place::new(&PIPELINE.replace("; replicate 3", ""));
    assert!(place.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]).ok());
    let (rows, digests, before) = (json(&place, "show")["rows"].clone(), place.digests(), journal(&place).0);
    assert_eq!(before, EPOCH * (6 * 2 + 3));
    assert!(json(&place, "show")["reliability"].as_array().is_some_and(Vec::is_empty), "one training each says nothing");

    // What is short are the replicas; the models, their scores and what was chosen stay.
    place.write(PIPELINE);
    let todo = json(&place, "plan")["todo"].clone();
    assert_eq!((todo["iterations"].as_u64(), todo["evaluated-images"].as_u64()), (Some(3 * 2 * EPOCH as u64), Some(3 * 12)), "{todo}");
    let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]);
    assert_eq!((said.executed("train"), said.executed("loss"), said.executed("select")), (3, 3, 0), "{said:?}");
    assert!(said.out.contains("short: trials #0, once more") || said.err.contains("short: trials #0, once more"), "{said:?}");
    assert_eq!((json(&place, "show")["rows"].clone(), journal(&place).0), (rows, before + EPOCH * 6));
    let all = place.digests();
    let kept = |line: &str| all.lines().any(|l| l == line);
    assert!(digests.lines().all(kept) && all.lines().count() == digests.lines().count() + 6, "{all}");

    // From the start, with kills: the same; and what was planned is what it cost.
    let killed = Place::new(PIPELINE);
    let todo = json(&killed, "plan")["todo"].clone();
    let kills = thrice(&killed, 5);
    killed.run();
    assert_eq!(killed.digests(), all, "after {kills} kills");
    assert_eq!(journal(&killed).1, before + EPOCH * 6);
    let costs = json(&killed, "cost")["costs"]["stages"].clone();
    let sum = |what: &str| costs.as_array().expect("stages").iter().map(|l| l["spent"][what].as_u64().expect("a count")).sum::<u64>();
    assert_eq!(["iterations", "evaluated-images"].map(|w| Some(sum(w))), ["iterations", "evaluated-images"].map(|w| todo[w].as_u64()));
    assert_eq!(costs[0]["spent"]["iterations"].as_u64(), Some((6 + 3) * 2 * EPOCH as u64), "{costs}");
    assert!(killed.run().nothing_executed());

    // `seeds 2` finds them: only the other trials are trained once more.
    killed.write(&PIPELINE.replace("; replicate 3", "").replace("epochs 2;", "epochs 2; seeds 2;"));
    let said = killed.run();
    let second = |trial: usize| format!("{}{}", said.out, said.err).contains(&format!("short: trials #{trial}, seed 1"));
    assert_eq!([0, 1, 2, 3].map(second), [false, false, false, true], "{said:?}");
}

#[test]
fn what_the_scores_are_worth_is_said_and_warned_of() {
    for (stop, at) in [("", ""), (" { stop-early asha }", " after epoch 1")] {
        let place = Place::new(&PIPELINE.replace("minimize=loss", &format!("minimize=loss{stop}")));
        let said = place.run();
        let line = format!("  of the spread of loss{at} among 6 networks ");
        assert!(said.out.contains(&line) && said.out.contains("the rest the seeds' (3 of them trained more than once)"), "{said:?}");
        assert!(place.nasflow(&["show", "pipeline.kdl"]).out.contains(&line));
        let score = json(&place, "show")["reliability"][0].clone();
        assert!(
            score["stage"] == "score" && score["repeated"] == 3 && score["epochs"].as_u64() == (!at.is_empty()).then_some(1),
            "{score}"
        );
        let luck = score["share"].as_f64().expect("a share") < 0.3;
        let warns = |text: &str| text.contains("score: of the spread of loss") && text.contains("mostly luck");
        let planned = place.nasflow(&["plan", "pipeline.kdl"]).out;
        assert_eq!((warns(&said.err) || warns(&said.out), warns(&planned)), (luck, luck), "{said:?} {planned}");
    }
}
