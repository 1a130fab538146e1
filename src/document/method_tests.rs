//! What `method` lines become, before the whole file is looked at.

use super::load::drafted;
use super::tests::Memory;
use super::*;
use serde_json::json;

fn train(lines: &str) -> (Option<OneShot>, usize, Vec<Diagnostic>) {
    let text = format!("train \"net\" {{ from \"backbone\"; data \"shapes\" split=train; {lines} }}");
    let (draft, found) = drafted(&crate::language(), "p.kdl", &mut Memory::of(&[("p.kdl", &text)]));
    let Some(StageKind::Train(train)) = draft.stages.into_iter().next().map(|s| s.kind) else { return (None, 0, found) };
    (train.oneshot.map(|o| o.value), train.epochs, found)
}

fn good(lines: &str) -> OneShot {
    let (oneshot, _, found) = train(lines);
    assert_eq!(found, [], "{lines}");
    oneshot.unwrap_or_else(|| panic!("{lines}: no method"))
}

fn said(lines: &str) -> Vec<String> {
    train(lines).2.into_iter().map(|d| d.message).collect()
}

#[test]
fn without_a_method_there_is_no_supernet() {
    for lines in ["epochs 4", "epochs 4; method single"] {
        assert_eq!((train(lines).0, said(lines)), (None, vec![]));
    }
}

#[test]
fn phases_say_how_long_it_takes() {
    let lines = "method progressive-shrinking { teacher epochs=180; phase kernel epochs=120; phase depth epochs=25 subnets=2 lr=2.5e-3; phase depth epochs=120 subnets=2 }";
    let (oneshot, epochs, found) = train(lines);
    assert_eq!((found, epochs), (vec![], 445));
    let numbers = oneshot.expect("phases").method.numbers;
    let phase = |kind: &str, epochs: usize, subnets: usize, lr: Option<f64>| json!({ "kind": kind, "epochs": epochs, "subnets": subnets, "lr": lr });
    let phases = [phase("kernel", 120, 1, None), phase("depth", 25, 2, Some(2.5e-3)), phase("depth", 120, 2, None)];
    assert_eq!(numbers, json!({ "teacher": 180, "phases": phases }));
}

#[test]
fn holdouts_and_penalties() {
    assert_eq!(good("epochs 4; holdout 0.25; method darts").holdout, 0.25);
    assert_eq!(good("epochs 4; holdout 0; method gumbel").holdout, 0.0);
    let p = good("epochs 4; method gdas; penalty flops target=1.0 of=reference").penalty.expect("a penalty");
    assert_eq!((p.of, p.target, p.of_reference, p.weight, p.form), (Cost::Flops, 1.0, true, 0.2, PenaltyForm::Add));
    let p = good("epochs 4; method proxyless; penalty table-latency target=12 weight=1 form=log latency-table=\"t/pi4.json\"").penalty;
    let p = p.expect("a penalty");
    assert_eq!((p.of, p.form, p.exponent, p.table.as_deref()), (Cost::TableLatency, PenaltyForm::Log, 0.6, Some("t/pi4.json")));
}

#[test]
fn what_a_method_does_not_take() {
    for (lines, message) in [
        ("epochs 4; method gdas order=2", "`order` belongs to `method darts`"),
        ("epochs 4; method darts { temperature 2 }", "`temperature` belongs to `method gumbel` and `gdas`"),
        ("epochs 4; method single random=2", "`random` belongs to `method sandwich`"),
        ("epochs 4; method sandwich { phase kernel epochs=2 }", "`phase` belongs to `method progressive-shrinking`"),
        ("method single-path", "`train` needs `epochs`"),
        ("epochs 4; method progressive-shrinking { teacher epochs=1; phase kernel epochs=1 }", "the phases say how long it takes"),
        ("method progressive-shrinking { teacher epochs=1 }", "`progressive-shrinking` needs `phase`"),
        ("method progressive-shrinking { phase kernel epochs=1 }", "`progressive-shrinking` needs `teacher`"),
        ("epochs 15; method pc-darts", "choices would never learn: weights learn alone for 15 epochs, of 15"),
        ("epochs 4; method gumbel { temperature 0.1 }", "the temperature would rise from 0.1 to 0.33"),
        ("epochs 4; method darts; holdout 0", "`darts` learns its choices from images that weights do not learn from"),
        ("epochs 4; method darts { choices { betas 0.5 } }", "`betas` takes two numbers"),
        ("epochs 4; method darts; penalty flops target=2 exponent=1", "`exponent` belongs to `form=log`"),
        ("epochs 4; method darts; penalty flops target=0.5 form=log", "`form=log` divides by the logarithm of the target"),
        ("epochs 4; method darts; penalty table-latency target=2", "`table-latency` needs `latency-table`"),
        ("epochs 4; method darts; penalty flops target=2 latency-table=\"x\"", "`latency-table` belongs to `penalty table-latency`"),
        ("epochs 4; method dart", "`dart` is nothing that `method` knows"),
        ("method progresive-shrinking", "`progresive-shrinking` is nothing that `method` knows"),
    ] {
        assert_eq!(said(lines), [message], "{lines}");
    }
    let learn = "methods whose choices learn: `darts`, `gumbel`, `gdas`, `pc-darts`, `proxyless`, `enas`";
    for (lines, name) in [
        ("epochs 4; holdout 0.5", "holdout"),
        ("epochs 4; method single-path; holdout 0.5", "holdout"),
        ("epochs 4; method sandwich; penalty flops target=1e8", "penalty"),
    ] {
        assert_eq!(said(lines), [format!("`{name}` belongs to {learn}")], "{lines}");
    }
    let owners = "`method darts`, `gumbel`, `gdas`, `pc-darts`, `proxyless` and `enas`";
    assert_eq!(said("epochs 4; method sandwich warmup=2"), [format!("`warmup` belongs to {owners}")]);
}

/// What keys and jobs hold of every method: stores hold results under it, so that it may not change.
#[test]
fn the_form_of_every_method_in_keys() {
    let rule = |lr: &str, beta1: &str, decay: &str, clip: &str, warmup: &str| {
        format!("{{\"beta1\":{beta1},\"beta2\":0.999,\"clip_norm\":{clip},\"lr\":{lr},\"warmup\":{warmup},\"weight_decay\":{decay}}}")
    };
    let darts = rule("0.0003", "0.5", "0.001", "0.0", "0");
    for (lines, holdout, want) in [
        ("method single-path", "0.0", "\"SinglePath\":{\"fair\":false}".to_string()),
        ("method single-path sampling=fair", "0.0", "\"SinglePath\":{\"fair\":true}".to_string()),
        ("method sandwich", "0.0", "\"Sandwich\":{\"random\":2}".to_string()),
        ("method darts", "0.5", format!("\"Darts\":{{\"choices\":{darts},\"second_order\":false}}")),
        ("method darts order=2 warmup=3; holdout 0.25", "0.25", {
            let warm = darts.replace("\"warmup\":0", "\"warmup\":3");
            format!("\"Darts\":{{\"choices\":{warm},\"second_order\":true}}")
        }),
        ("method gumbel", "0.5", {
            format!("\"Gumbel\":{{\"choices\":{darts},\"temperature\":{{\"first\":1.0,\"last\":0.33,\"over\":40.0}}}}")
        }),
        ("method gdas { temperature 5 over=20 }", "0.5", {
            let rule = darts.replace("\"clip_norm\":0.0", "\"clip_norm\":5.0");
            format!("\"Gdas\":{{\"choices\":{rule},\"temperature\":{{\"first\":5.0,\"last\":0.1,\"over\":20.0}}}}")
        }),
        ("method pc-darts", "0.5", format!("\"PcDarts\":{{\"choices\":{},\"partial\":4}}", rule("0.0006", "0.5", "0.001", "0.0", "15"))),
        ("method proxyless", "0.5", format!("\"Proxyless\":{{\"choices\":{}}}", rule("0.001", "0.0", "0.0", "0.0", "0"))),
        ("method gdas { temperature 5 final=1 over=20; choices lr=1e-3 clip-norm=1 { betas 0.9 0.99 } }", "0.5", {
            let rule = rule("0.001", "0.9", "0.001", "1.0", "0").replace("0.999", "0.99");
            format!("\"Gdas\":{{\"choices\":{rule},\"temperature\":{{\"first\":5.0,\"last\":1.0,\"over\":20.0}}}}")
        }),
        ("method enas { controller hidden=8 }", "0.5", {
            let controller = "{\"baseline\":0.99,\"entropy\":0.0001,\"hidden\":8,\"samples\":20,\"steps\":50}";
            format!("\"Enas\":{{\"choices\":{},\"controller\":{controller}}}", rule("0.001", "0.9", "0.0", "5.0", "0"))
        }),
    ] {
        let want = format!("{{\"holdout\":{holdout},\"method\":{{{want}}},\"penalty\":null}}");
        let text = serde_json::to_value(good(&format!("epochs 40; {lines}"))).expect("plain numbers").to_string();
        assert_eq!(text, want, "{lines}");
    }
    let phases = "method progressive-shrinking { teacher epochs=3; phase depth epochs=2 subnets=2 lr=0.5; phase branch epochs=1 }";
    let want = "{\"holdout\":0.0,\"method\":{\"ProgressiveShrinking\":{\"phases\":[{\"epochs\":2,\"kind\":\"depth\",\"lr\":0.5,\"subnets\":2},\
                {\"epochs\":1,\"kind\":\"branch\",\"lr\":null,\"subnets\":1}],\"teacher\":3}},\"penalty\":null}";
    assert_eq!(serde_json::to_value(good(phases)).expect("plain numbers").to_string(), want);
}
