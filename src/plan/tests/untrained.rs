//! Predictors without training, in plans: what their keys hold, and that nothing is measured twice.

use super::{Place, World, figure};
use crate::plan::Work;

fn text(untrained: &str, metrics: &str) -> String {
    format!(
        r#"
pipeline "untrained" seed=7
data "shapes" generate=shapes images=128 image-size=64 {{ split train=0.5 val=0.25 test=0.25 }}
space "tiny" {{
    network width=0.125 {{
        input "shapes"
        conv 64 stride=2 {{ kernel 3 5 }}
        conv 128 kernel=3 stride=2
        choose "block" {{ c3 128; residual 128; skip }}
        conv 256 kernel=3 stride=2 as="out3"
        conv 512 kernel=3 stride=2 as="out4"
        conv 512 kernel=3 stride=2 as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }}
}}
sample "trials" {{ from "tiny"; strategy random; trials 6 }}
evaluate "proxy" {{ from "trials"; data "shapes" split=train; {untrained} metrics {metrics} }}
select "some" {{ from "proxy"; top 2 by=naswot }}
train "short" {{ from "some"; data "shapes" split=train; recipe yolov5-short; epochs 1 }}
evaluate "score" {{ from "short"; data "shapes" split=val; metrics map50 }}
select "best" {{ from "score"; top 1 by=map50 }}
"#
    )
}

const ALL: &str = "synflow snip grad-norm jacov naswot zen entropy";

fn texts(world: &World, metric: &str) -> Vec<String> {
    let named = format!("config.metric = {metric}\n");
    let ours = world.ran.iter().filter(|(kind, text)| *kind == "untrained" && text.contains(&named));
    ours.map(|(_, text)| text.clone()).collect()
}

#[test]
fn a_key_holds_what_its_metric_reads() {
    let mut world = World::default();
    world.run(&text("", ALL));
    assert_eq!(world.count("untrained"), 6 * 6, "entropy is worked out");
    assert_eq!(world.count("train"), 2, "the two that were chosen");
    let key = |metric: &str| texts(&world, metric).first().cloned().unwrap_or_else(|| panic!("no {metric}"));
    for (metric, batch, split, loss) in [
        ("synflow", false, false, false),
        ("zen", true, false, false),
        ("jacov", true, true, false),
        ("naswot", true, true, false),
        ("snip", true, true, true),
        ("grad-norm", true, true, true),
    ] {
        let text = key(metric);
        assert_eq!(text.contains("config.batch = 32"), batch, "{text}");
        assert_eq!(text.contains("inputs.split = "), split, "{text}");
        assert_eq!(text.contains("config.loss.box = "), loss, "{text}");
        assert!(text.contains("seed = 0\n") && text.contains("inputs.architecture = ") && text.contains("numerics = "), "{text}");
    }
}

#[test]
fn what_is_known_is_measured_by_no_search_again() {
    let mut world = World::default();
    world.run(&text("", ALL));
    // Another batch: only what looks at one.
    world.run(&text("untrained batch=16;", ALL));
    assert_eq!((world.count("untrained"), texts(&world, "synflow").len()), (5 * 6, 0));
    // Another seed: another network.
    world.run(&text("untrained seed=1;", ALL));
    assert_eq!(world.count("untrained"), 6 * 6);
    // The first is known, the second too, and the third is new.
    world.run(&text("untrained seeds=3;", "naswot synflow"));
    assert_eq!(world.count("untrained"), 2 * 6);
    // Whoever proposes a network, and whatever guides the search.
    let searched = text("", ALL).replace(
        "strategy random; trials 6",
        "strategy evolution population=2 tournament=2; trials 6; objective \"proxy\" maximize=synflow",
    );
    world.run(&searched);
    let known = world.count("untrained");
    assert!(known < 6 * 6, "{known}: at most six networks, of which some are known");
    world.run(&searched);
    assert_eq!(world.count("untrained"), 0);
    // More images than there are.
    world.run(&text("untrained batch=4096;", "naswot"));
    assert!(texts(&world, "naswot").iter().all(|text| text.contains("config.batch = 64")));
}

#[test]
fn several_seeds_are_one_figure() {
    let mut world = World::default();
    let replay = world.run(&text("untrained seed=4 seeds=3;", "naswot entropy params"));
    for slot in &replay.stages[1].slots {
        assert_eq!(figure(slot, "naswot").values.len(), 3);
        assert_eq!(figure(slot, "entropy").values.len(), 1);
    }
    let place = Place::new(&text("", "snip naswot"));
    let works = place.engine().replay(&mut World::default()).works;
    assert!(works.iter().all(|w| matches!(w, Work::Untrained(w) if w.loss.is_some() == (w.metric.name() == "snip"))));
}
