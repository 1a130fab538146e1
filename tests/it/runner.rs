//! Trainers and metrics of one's own, as shell scripts: what is in keys, what runs again, what is refused of what they leave, and that
//! nothing of them outlives a run. The example in PyTorch runs where there is a Python with it.

use crate::support::{Place, Said, python, root};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Two networks, trained by a script and measured by nasflow, by what the script reports, and by another script.
const TEXT: &str = r#"
pipeline "own" seed=1
data "figures" generate=figures images=24 image-size=32 { split train=0.5 val=0.5 }
space "s" { network { input "figures"; conv 8 stride=4 { kernel 3 5 }; global-pool; linear } }
sample   "trials" { from "s"; strategy random; trials 2 }
train    "own"    {
    from "trials"; data "figures" split=train; batch 4; epochs 2; seeds 2
    runner command { command "sh" "train.sh" "an argument" ""; uses "train.sh" "lib"; reports "dice" better=higher unit=share }
}
evaluate "score"  {
    from "own"; data "figures" split=val; metrics accuracy dice params
    metric "size" better=lower unit=bytes { command "./size.sh"; uses "size.sh" }
}
select   "best"   { from "score"; where dice min=0.1; top 1 by="size" }
"#;

/// The weights that it leaves are those that it was given.
const TRAIN: &str = r#"
test "$1$2" = "an argument"
test -f network.py && test -f network.json && test -f data.json
. lib/figures.sh
grep -q '"do": "train"' && grep -q '"epochs": 2' job.json
echo '{"epoch": 1, "loss": 0.5}'
echo 'for people'
echo '{"epoch": 2, "loss": 0.25, "dice": 0.1}'
cp network.safetensors "$NASFLOW_OUT/weights.safetensors"
echo "{\"dice\": $DICE, \"other\": 1}" > "$NASFLOW_OUT/metrics.json"
"#;

const SIZE: &str = "#!/bin/sh\ngrep -q measure \"$NASFLOW_JOB\" || exit 1\necho measured\nwc -c < network.onnx\n";

fn place(text: &str) -> Place {
    let place = Place::new(text);
    std::fs::create_dir(place.path().join("lib")).expect("a folder");
    put(&place, "train.sh", &format!("set -e\n{TRAIN}"));
    put(&place, "lib/figures.sh", "DICE=0.25\n");
    put(&place, "size.sh", SIZE);
    place
}

fn put(place: &Place, name: &str, text: &str) {
    std::fs::write(place.path().join(name), text).expect("written");
}

/// How many trainings, commands, inferences and metrics a run executed.
fn executed(said: &Said) -> [usize; 4] {
    ["train", "command", "predict", "metric"].map(|kind| said.executed(kind))
}

#[test]
fn what_scripts_train_and_measure_is_a_result_like_others() {
    let place = place(TEXT);
    let said = place.run();
    assert_eq!(executed(&said), [4, 4, 4, 4], "{said:?}");
    let again = place.run();
    assert!(again.nothing_executed(), "{again:?}");
    let shown = place.nasflow(&["show", "pipeline.kdl", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&shown.out).unwrap_or_else(|e| panic!("{e}: {shown:?}"));
    let metrics = &json["rows"][0]["metrics"];
    assert_eq!(metrics["dice"]["values"], serde_json::json!([0.25, 0.25]), "{metrics}");
    assert!(metrics["size"]["values"][0].as_f64().is_some_and(|size| size > 1000.0), "{metrics}");
    assert_eq!(metrics["accuracy"]["values"].as_array().map(Vec::len), Some(2), "{metrics}");
    let table = place.nasflow(&["show", "pipeline.kdl"]).out;
    assert!(table.contains("size") && table.contains("kB") && table.contains("0.250"), "{table}");
    let csv = place.nasflow(&["show", "pipeline.kdl", "--csv"]).out;
    assert!(csv.lines().next().is_some_and(|head| head.contains("dice") && head.contains("size")), "{csv}");
    // What it trained leaves like any other network.
    assert!(place.nasflow(&["export", "pipeline.kdl", "-o", "best.onnx"]).ok());
    // Names are nothing, nor is what no command uses.
    place.write(&TEXT.replace("\"own\"", "\"mine\""));
    put(&place, "other.sh", "");
    put(&place, "lib/.hidden", "");
    assert!(place.run().nothing_executed());
    place.write(TEXT);
    // A used file that is another trains again; the same weights are measured no second time.
    put(&place, "lib/figures.sh", "DICE=0.5\n");
    let said = place.run();
    assert_eq!(executed(&said), [4, 0, 0, 0], "{said:?}");
    put(&place, "size.sh", &SIZE.replace("measured", "measured anew"));
    let said = place.run();
    assert_eq!(executed(&said), [0, 4, 0, 0], "{said:?}");
    // So do other words and epochs; what was there before is still there.
    place.write(&TEXT.replace("\"\";", "\"\" \"more\";"));
    assert_eq!(place.run().executed("train"), 4);
    place.write(&TEXT.replace("epochs 2", "epochs 3"));
    put(&place, "train.sh", &format!("set -e\n{}", TRAIN.replace("\"epochs\": 2", "\"epochs\": 3")));
    assert_eq!(place.run().executed("train"), 4);
    place.write(TEXT);
    put(&place, "train.sh", &format!("set -e\n{TRAIN}"));
    assert!(place.run().nothing_executed());
    assert!(!place.path().join("cache/attempts").read_dir().expect("attempts").flatten().any(|attempt| {
        attempt.path().read_dir().is_ok_and(|all| all.flatten().any(|e| e.file_name().to_string_lossy().starts_with("job-")))
    }));
}

#[test]
fn a_search_goes_by_them_over_folds_and_from_other_weights() {
    let text = TEXT
        .replace("val=0.5 }", "val=0.5; folds \"cv\" 2 of=train }")
        .replace(
            "strategy random; trials 2",
            "strategy evolution population=1 tournament=1; trials 2 window=1; objective \"score\" minimize=\"size\"",
        )
        .replace("epochs 2; seeds 2", "epochs 2")
        .replace("split=train", "folds=\"cv\"")
        .replace("split=val", "folds=\"cv\"")
        + "train \"more\" { from \"best\"; data \"figures\" split=train; batch 4; init scratch; epochs 2\n\
           runner command { command \"sh\" \"train.sh\" \"an argument\"; uses \"train.sh\" \"lib\"; reports \"dice\" better=higher unit=share } }\n\
           train \"last\" { from \"more\"; data \"figures\" split=train; batch 4; init continue; epochs 2\n\
           runner command { command \"sh\" \"train.sh\" \"an argument\"; uses \"train.sh\" \"lib\" } }\n\
           evaluate \"end\" { from \"last\"; data \"figures\" split=val; metrics accuracy \"size\" }\n";
    let place = place(&text);
    let said = place.run();
    assert_eq!(executed(&said), [6, 5, 5, 5], "{said:?}");
}

/// `replicate`, weights of another training, and an answer by a command's figure.
#[test]
fn they_stand_where_nasflows_own_stand() {
    let text = "pipeline \"own\" seed=1
        data \"figures\" generate=figures images=40 image-size=32 { split train=0.5 val=0.3 test=0.2 }
        space \"s\" { network { input \"figures\"; conv 8 stride=4 { kernel 3 5 7 }; global-pool; linear } }
        sample \"trials\" { from \"s\"; strategy evolution population=2 tournament=2; trials 3 window=1; replicate 3; objective \"score\" maximize=dice }
        sample \"stock\" { from \"s\"; strategy reference }
        train \"base\" { from \"stock\"; data \"figures\" split=train; batch 4; epochs 1; seeds 2 }
        train \"own\" {
            from \"trials\"; data \"figures\" split=train; batch 4; epochs 2; init from=\"base\" match=overlap
            runner command { command \"sh\" \"train.sh\"; uses \"train.sh\"; reports \"dice\" better=higher unit=share }
        }
        evaluate \"score\" { from \"own\"; metrics dice params }
        select \"best\" { from \"score\"; top 1 by=dice }
        train \"final\" { from \"best\"; data \"figures\" split=train; batch 4; epochs 2; init continue; seeds 2 }
        evaluate \"edge\" { from \"final\" \"base\"; data \"figures\" split=test; metrics accuracy; metric \"kb\" better=lower unit=bytes { command \"./size.sh\"; uses \"size.sh\" } }
        answer \"best\" { in \"edge\"; by \"kb\"; against \"base\" }";
    let place = place(text);
    // A figure that seed and network decide.
    let script = "seed=$(sed -n 's/.*\"seed\": \\([0-9]*\\).*/\\1/p' job.json)\n\
                  cp network.safetensors out/weights.safetensors\necho \"{\\\"dice\\\": 0.$(wc -c < network.json)$seed}\" > out/metrics.json\n";
    put(&place, "train.sh", script);
    let said = place.run();
    // Three trials and each once more, two of `base`, two of `final`.
    assert_eq!(said.executed("train"), 10, "{said:?}");
    assert_eq!(said.executed("command"), 4, "{said:?}");
    assert!(said.out.contains("answer: best  kb 2"), "{said:?}");
    assert!(place.run().nothing_executed());
    let shown = place.nasflow(&["show", "pipeline.kdl"]).out;
    assert!(shown.contains("dice"), "{shown}");
    for file in ["best.py", "best.kdl"] {
        let said = place.nasflow(&["export", "pipeline.kdl", "-o", file]);
        assert!(said.ok(), "{said:?}");
    }
}

/// Only what a trainer says itself is known of what is no network of nasflow's.
#[test]
fn a_trainer_may_leave_no_weights() {
    let text = TEXT
        .replace("runner command {", "runner command weights=#false {")
        .replace("metrics accuracy dice params", "metrics dice params")
        .replace("top 1 by=\"size\"", "top 1 by=dice");
    let place = place(&text);
    put(&place, "train.sh", "echo '{\"dice\": 0.5}' > \"$NASFLOW_OUT/metrics.json\"; echo state > \"$NASFLOW_OUT/checkpoint.pt\"\n");
    put(&place, "size.sh", "#!/bin/sh\nset -e\nfile=$(sed -n 's/.*\"checkpoint\": \"\\(.*\\)\".*/\\1/p' job.json)\nwc -c < \"$file\"\n");
    let said = place.run();
    // Both seeds of a network left the same: it is measured once.
    assert_eq!(executed(&said), [4, 2, 0, 0], "{said:?}");
    let shown = place.nasflow(&["show", "pipeline.kdl", "--json"]).out;
    let json: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(json["rows"][0]["metrics"]["size"]["values"], serde_json::json!([6.0, 6.0]));
    let refused = place.nasflow(&["export", "pipeline.kdl", "-o", "best.onnx"]);
    assert!(!refused.ok() && refused.err.contains("leaves no weights"), "{refused:?}");
    let check = |text: &str, why: &str| {
        place.write(text);
        let refused = place.nasflow(&["check", "pipeline.kdl"]);
        assert!(!refused.ok() && refused.err.contains(why), "{why}: {refused:?}");
    };
    check(&text.replace("metrics dice", "metrics accuracy dice"), "`accuracy` needs weights, and `own` leaves none");
    check(
        &text.replace("; reports \"dice\" better=higher unit=share", "").replace("metrics dice params", "metrics params"),
        "nothing would be known",
    );
    let more = "train \"more\" { from \"best\"; data \"figures\" split=train; init continue; epochs 1 }\n";
    check(&(text.clone() + more), "`own` leaves no weights to start from");
}

/// One network.
fn single(script: &str) -> (Place, Said) {
    let text = TEXT.replace("strategy random; trials 2", "strategy reference").replace("; seeds 2", "");
    let place = place(&text);
    put(&place, "train.sh", script);
    let said = place.nasflow(&["run", "pipeline.kdl"]);
    (place, said)
}

#[test]
fn what_a_trainer_leaves_is_hostile_until_checked() {
    let good = "cp network.safetensors out/weights.safetensors; echo '{\"dice\": 0.5}' > out/metrics.json\n";
    let metrics = |json: &str| good.replace("{\"dice\": 0.5}", json);
    let cases = [
        ("echo one >&2; echo two; exit 3".to_string(), "`sh` ended with code 3; its last lines: "),
        ("kill -9 $$".to_string(), "`sh` was killed (signal 9)"),
        ("true".to_string(), "it left no `metrics.json`, and is to report dice"),
        (format!("{good} rm out/weights.safetensors"), "it left no `weights.safetensors`"),
        (format!("{good} mv out/weights.safetensors .; ln -s ../weights.safetensors out/"), "`weights.safetensors` is no plain file"),
        (format!("{good} rm out/metrics.json; ln -s /etc/passwd out/metrics.json"), "`metrics.json` is no plain file"),
        (format!("{good} rm out/weights.safetensors; mkdir out/weights.safetensors"), "`weights.safetensors` is no plain file"),
        (format!("{good} mv out elsewhere; ln -s elsewhere out"), "the folder `out` is gone, or no folder any more"),
        (format!("{good} echo nothing > out/weights.safetensors"), "`weights.safetensors`: not a safetensors file"),
        (
            format!("{good} dd if=/dev/zero of=out/weights.safetensors bs=1 seek=20G count=1 2> /dev/null"),
            "`weights.safetensors` has more than",
        ),
        (
            format!("{good} dd if=/dev/zero of=out/metrics.json bs=1 seek=2M count=1 2> /dev/null"),
            "`metrics.json` has more than 1048576 bytes",
        ),
        (format!("{good} touch out/checkpoint out/checkpoint.pt"), "it left two checkpoints"),
        (format!("{good} ln -s /etc/passwd out/checkpoint.pt"), "`checkpoint.pt` is no plain file"),
        (metrics("{\"dice\": NaN}"), "`metrics.json` is no JSON"),
        (metrics("{\"dice\": 1e999}"), "`metrics.json` is no JSON"),
        (metrics("{\"dice\": \"0.5\"}"), "`metrics.json`: `dice` is no number"),
        (metrics("{\"map50\": 0.5}"), "`metrics.json` says nothing of `dice`"),
        (metrics("[0.5]"), "`metrics.json` says nothing of `dice`"),
    ];
    for (script, why) in cases {
        let (_, said) = single(&script);
        assert!(format!("{}{}", said.out, said.err).contains(why), "{script}: {why}: {said:?}");
    }
    // Used files are there to be read.
    let (place, said) = single(&format!("{good} echo more >> lib/figures.sh || true\n"));
    assert_eq!(said.executed("train"), 1, "{said:?}");
    assert_eq!(std::fs::read_to_string(place.path().join("lib/figures.sh")).expect("a file"), "DICE=0.25\n");
}

#[test]
fn weights_of_another_network_are_refused() {
    // The name of a tensor in the header, of the same length.
    let (_, said) =
        single("sed 's/model.0/model.7/g' network.safetensors > out/weights.safetensors; echo '{\"dice\": 0.5}' > out/metrics.json");
    assert!(said.out.contains("does not belong to this network") || said.err.contains("does not belong to this network"), "{said:?}");
}

#[test]
fn a_metric_is_the_last_line() {
    for (script, why) in [
        ("true", "`sh` printed nothing"),
        ("echo 12 ms", "printed no number in its last line: `12 ms`"),
        ("echo nan", "printed no number in its last line: `nan`"),
        ("echo 12; exit 1", "`sh` ended with code 1"),
    ] {
        let text = TEXT
            .replace("strategy random; trials 2", "strategy reference")
            .replace("; seeds 2", "")
            .replace("\"./size.sh\"", "\"sh\" \"size.sh\"");
        let place = place(&text);
        put(&place, "size.sh", script);
        let said = place.nasflow(&["run", "pipeline.kdl"]);
        assert!(format!("{}{}", said.out, said.err).contains(why), "{script}: {said:?}");
    }
    // Networks that were never trained are measured, too; alone, where that is asked for.
    let place = place(
        "pipeline \"untrained\"\ndata \"figures\" generate=figures images=24 image-size=32 { split train=0.5 val=0.5 }\n\
         space \"s\" { network { input \"figures\"; conv 8 stride=4 { kernel 3 5 }; global-pool; linear } }\n\
         sample \"all\" { from \"s\"; strategy evolution population=1 tournament=1; trials 2 window=1; objective \"sizes\" minimize=\"size\" }\n\
         evaluate \"sizes\" { from \"all\"; metric \"size\" better=lower alone=#true { command \"./size.sh\"; uses \"size.sh\" } }\n\
         select \"least\" { from \"sizes\"; top 1 by=\"size\" }\nevaluate \"again\" { from \"least\"; metrics \"size\" params }\n",
    );
    let said = place.nasflow(&["run", "pipeline.kdl", "--jobs", "2"]);
    assert!(said.ok() && said.executed("command") == 2, "{said:?}");
}

#[test]
fn a_loss_that_is_no_number_is_a_result() {
    let (place, said) = single("echo '{\"epoch\": 1, \"loss\": 2}'; echo '{\"epoch\": 2, \"loss\": NaN}'; sleep 100");
    assert!(format!("{}{}", said.out, said.err).contains("diverged at epoch 2: loss NaN"), "{said:?}");
    let again = place.nasflow(&["run", "pipeline.kdl"]);
    assert!(again.nothing_executed(), "{again:?}");
    let (_, said) = single("echo '{\"diverged\": \"too bad\"}'; sleep 100");
    assert!(format!("{}{}", said.out, said.err).contains("as its trainer says: too bad"), "{said:?}");
}

/// A script that starts a child, says who both are, and waits.
fn waiting(place: &Place, more: &str) -> String {
    let here = place.path().display();
    format!("{more}\nsleep 1000 &\necho $! > '{here}/child'\necho $$ > '{here}/itself'\nwait\nsleep 1000\n")
}

fn alive(place: &Place, name: &str) -> bool {
    let Ok(pid) = std::fs::read_to_string(place.path().join(name)) else { return false };
    // A zombie that nobody waits for is dead.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

fn until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn begin(place: &Place, arguments: &[&str]) -> Child {
    let child = place.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nasflow starts");
    until("the script does not begin", || alive(place, "child") && alive(place, "itself"));
    child
}

#[cfg(target_os = "linux")]
#[test]
fn no_child_outlives_a_run() {
    let text = TEXT.replace("strategy random; trials 2", "strategy reference").replace("; seeds 2", "");
    let place = place(&text);
    put(&place, "train.sh", &waiting(&place, "echo began >> \"$NASFLOW_CHECKPOINTS/state\""));
    let dead = || !alive(&place, "child") && !alive(&place, "itself");
    // Killed outright.
    let mut child = begin(&place, &["run", "pipeline.kdl"]);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    until("something outlives a kill", dead);
    // For taking too long: that is an attempt, and its worker is killed.
    for file in ["child", "itself"] {
        std::fs::remove_file(place.path().join(file)).expect("removed");
    }
    let said = place.nasflow(&["run", "pipeline.kdl", "--timeout", "2s"]);
    assert!(format!("{}{}", said.out, said.err).contains("timed out after"), "{said:?}");
    until("something outlives a time-out", dead);
    // By the keyboard's interrupt: it is asked first, and may write what it goes on from.
    let text = "trap 'echo asked >> \"$NASFLOW_CHECKPOINTS/state\"; exit 0' TERM";
    put(&place, "train.sh", &waiting(&place, text));
    let mut child = begin(&place, &["run", "pipeline.kdl"]);
    let pid = child.id().to_string();
    std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill starts");
    child.wait().expect("an end");
    until("something outlives an interrupt", dead);
    // One that ends well leaves no child either, and finds what the others left.
    let here = place.path().display().to_string();
    let good = format!(
        "sleep 1000 & echo $! > '{here}/child'\ncat \"$NASFLOW_CHECKPOINTS/state\" > '{here}/seen'\n\
         cp network.safetensors out/weights.safetensors; echo '{{\"dice\": 0.5}}' > out/metrics.json\n"
    );
    put(&place, "train.sh", &good);
    let said = place.nasflow(&["run", "pipeline.kdl"]);
    assert!(said.ok(), "{said:?}");
    assert!(!alive(&place, "child"));
}

/// Checkpoints belong to one key: a script that is another starts from nothing.
#[cfg(target_os = "linux")]
#[test]
fn checkpoints_are_there_for_the_next_attempt() {
    let (place, said) = single(
        "echo one >> \"$NASFLOW_CHECKPOINTS/state\"\ntest $(wc -l < \"$NASFLOW_CHECKPOINTS/state\") = 2 || exit 1\n\
         cp network.safetensors out/weights.safetensors; echo '{\"dice\": 0.5}' > out/metrics.json\n",
    );
    assert!(format!("{}{}", said.out, said.err).contains("ended with code 1, and said nothing"), "{said:?}");
    assert_eq!(said.executed("train"), 1, "{said:?}");
    assert!(place.run().nothing_executed());
}

#[test]
fn mistakes_are_errors_at_their_lines() {
    let place = place(TEXT);
    let stop = "trials 2; objective \"score\" maximize=accuracy { stop-early asha reduction=2 min-epochs=1 }";
    for (from, to, why) in [
        ("uses \"train.sh\"", "uses \"none.sh\"", "`none.sh` cannot be used"),
        ("uses \"train.sh\"", "uses \"../train.sh\"", "a command uses files of the pipeline's own folder"),
        ("uses \"train.sh\"", "uses \"/bin/sh\"", "a command uses files of the pipeline's own folder"),
        ("uses \"train.sh\"", "uses \"train.sh\" \"./train.sh\"", "`train.sh` is used twice"),
        ("uses \"train.sh\" \"lib\"", "uses \"lib/figures.sh\" \"lib\"", "`lib` is used twice"),
        ("uses \"train.sh\"", "uses \"network.py\"", "nasflow itself puts beside a command"),
        ("command \"sh\" \"train.sh\" \"an argument\" \"\"; uses", "uses", "`runner` needs `command`"),
        ("\"size\" better=lower", "\"map50\" better=lower", "`map50` is a metric of nasflow"),
        ("reports \"dice\"", "reports \"accuracy\"", "`accuracy` is a metric of nasflow"),
        ("reports \"dice\"", "reports \"size\"", "`size` is declared twice, as two things"),
        ("\"size\" better=lower", "\"size\"", "a metric of one's own needs `better`"),
        ("metrics accuracy dice", "metrics accuracy dise", "did you mean `dice`?"),
        ("epochs 2; seeds 2", "epochs 2; seeds 2; method single-path", "method"),
        ("data \"figures\" split=val; metrics", "data \"figures\" split=val; at 1; metrics", "it leaves weights at its end"),
        ("trials 2", stop, "it is one run, which cannot be stopped early"),
        ("by=\"size\"", "by=\"sizes\"", "`sizes` is no metric"),
    ] {
        assert!(TEXT.contains(from), "{from}");
        place.write(&TEXT.replacen(from, to, 1));
        let refused = place.nasflow(&["check", "pipeline.kdl"]);
        assert!(!refused.ok() && refused.err.contains(why), "{to}: {refused:?}");
    }
    let other = "evaluate \"other\" { from \"own\"; metric \"size\" better=lower { command \"sh\" } }\n";
    for (more, why) in [
        (other, "`size` is declared twice"),
        (
            "train \"plain\" { from \"trials\"; data \"figures\" split=train; epochs 1 }\nevaluate \"o\" { from \"plain\"; metrics dice }\n",
            "`plain` does not report `dice`",
        ),
        ("evaluate \"o\" { from \"trials\"; metrics dice }\n", "nobody reports `dice` of these"),
        (
            "train \"net\" { from \"s\"; data \"figures\" split=train; epochs 1; method single-path; runner command { command \"sh\" } }\n",
            "a command trains one network, not a supernet",
        ),
    ] {
        place.write(&(TEXT.to_string() + more));
        let refused = place.nasflow(&["check", "pipeline.kdl"]);
        assert!(!refused.ok() && refused.err.contains(why), "{more}: {refused:?}");
    }
    std::os::unix::fs::symlink("/", place.path().join("lib/root")).expect("a link");
    place.write(TEXT);
    let refused = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!refused.ok() && refused.err.contains("is neither a file nor a folder"), "{refused:?}");
}

/// The examples, as they are shipped: PyTorch trains, ONNX Runtime measures. It takes a minute where they are: importing torch takes
/// seconds, and 12 epochs are what the networks need to find anything.
#[test]
fn pytorch_trains_what_nasflow_samples() {
    for (folder, modules) in [("torch", "torch, safetensors"), ("metric", "onnxruntime, numpy")] {
        let Some(python) = python(modules) else { continue };
        let place = Place::new("");
        let from = root().join("examples").join(folder);
        for file in from.read_dir().expect("the example").flatten() {
            if file.path().is_file() {
                std::fs::copy(file.path(), place.path().join(file.file_name())).expect("copied");
            }
        }
        let kdl = std::fs::read_to_string(from.join("search.kdl")).expect("its pipeline");
        place.write(&kdl.replace("\"python3\"", &format!("{:?}", python.display().to_string())));
        let said = place.nasflow(&["run", "pipeline.kdl"]);
        assert!(said.ok(), "{folder}: {said:?}");
        let shown = place.nasflow(&["show", "pipeline.kdl"]);
        eprintln!("{}", shown.out);
        if folder == "torch" {
            let shown = place.nasflow(&["show", "pipeline.kdl", "--json"]).out;
            let json: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
            let found = json["rows"][0]["metrics"]["map50"]["values"][0].as_f64();
            assert!(found.is_some_and(|map| map > 0.1), "what PyTorch trained finds nothing here: {found:?}");
        }
        assert!(place.run().nothing_executed());
    }
}
