//! Completion, explanations and definitions, at places of real and of broken files. `|` is where the cursor is.

use super::*;
use crate::document::{Files, Options};

const FILE: &str = "pipeline \"p\"
param \"n\" 6
data \"shapes\" generate=shapes images=20 image-size=64 { split train=0.5 val=0.5; folds \"cv\" 3 }
space \"backbone\" {
    choice \"act\" silu relu
    network width=0.25 activation=(choice)\"act\" {
        input \"shapes\"
        conv 64 kernel=3 stride=2 as=\"p3\"
        conv 64 kernel=3 stride=2 as=\"p4\"
        conv 64 kernel=3 stride=2 as=\"p5\"
        detect \"p3\" \"p4\" \"p5\"
    }
}
sample \"trials\" { from \"backbone\"; strategy random; trials 2 }
train \"short\" { from \"trials\"; data \"shapes\" split=train; recipe yolov5-short; epochs 2 }
evaluate \"score\" { from \"short\"; data \"shapes\" split=val; metrics map50 flops }
";

/// A text with the cursor where `|` is, and the labels that are offered there.
fn offered(text: &str) -> Vec<String> {
    let at = text.find('|').expect("a cursor");
    let scope = Scope::of(vec![("p.kdl".into(), text.replacen('|', "", 1))]);
    complete(&crate::language(), &scope, at).items.into_iter().map(|i| i.insert).collect()
}

fn in_file(from: &str, to: &str) -> String {
    assert!(FILE.contains(from), "{from}");
    FILE.replacen(from, to, 1)
}

#[test]
fn what_may_stand_here_is_offered() {
    for (text, some, none) in [
        // Nodes at the top, in a space, in a network, in a stage; fields as lines.
        (format!("{FILE}\n|"), vec!["data", "space", "sample", "answer"], vec!["conv", "epochs"]),
        (format!("{FILE}\nsele|"), vec!["select"], vec!["conv"]),
        (in_file("    choice \"act\"", "    |\n    choice \"act\""), vec!["choice", "network", "require", "from"], vec!["conv"]),
        (in_file("        input", "        co|\n        input"), vec!["conv", "concat", "choose", "when"], vec!["sample", "network"]),
        (in_file("epochs 2 }", "epochs 2; | }"), vec!["optimizer", "init", "batch", "seeds"], vec!["epochs", "conv"]),
        // Words of nasflow's, and those of a word: fields of `evolution`.
        (in_file("strategy random", "strategy |"), vec!["evolution", "random", "tpe"], vec!["\"trials\""]),
        (in_file("strategy random", "strategy evolution |"), vec!["population=", "tournament="], vec!["epsilon="]),
        (in_file("strategy random", "strategy evolution population=|"), vec!["(param)\"n\""], vec!["evolution"]),
        (in_file("recipe yolov5-short", "recipe |"), vec!["yolov5", "classify"], vec![]),
        (in_file("metrics map50 flops", "metrics map50 |"), vec!["map50-95", "latency"], vec!["\"score\""]),
        (in_file("activation=(choice)\"act\"", "activation=|"), vec!["silu", "relu", "(choice)\"act\""], vec!["above"]),
        (in_file("generate=shapes", "generate=|"), vec!["shapes", "figures"], vec![]),
        (in_file("as=\"p5\"", "as=\"p5\" shortcut=|"), vec![], vec!["silu"]),
        // Names in scope.
        (in_file("from \"trials\"", "from |"), vec!["\"trials\"", "\"score\"", "\"backbone\""], vec!["\"p3\"", "\"shapes\""]),
        (in_file("from \"trials\"", "from \"tr|"), vec!["\"trials\""], vec![]),
        (in_file("data \"shapes\" split=train", "data |"), vec!["\"shapes\""], vec!["\"trials\""]),
        (in_file("split=train", "split=|"), vec!["train", "val"], vec!["\"train\""]),
        (in_file("split=train", "folds=|"), vec!["\"cv\""], vec!["train"]),
        (in_file("detect \"p3\"", "detect |"), vec!["above", "\"p3\"", "\"p5\""], vec!["\"short\""]),
        (in_file("(choice)\"act\"", "(choice)|"), vec!["\"act\""], vec!["\"n\""]),
        (in_file("trials 2", "trials (param)\"|\""), vec!["\"n\""], vec!["\"act\""]),
        (in_file("trials 2", "trials (|"), vec!["choice", "param", "expr"], vec![]),
        // Properties that are not written yet.
        (in_file("conv 64 kernel=3 stride=2 as=\"p3\"", "conv 64 kernel=3 |"), vec!["stride=", "as="], vec!["kernel="]),
        (in_file("pipeline \"p\"", "pipeline \"p\" se|"), vec!["seed="], vec!["name="]),
        // Shipped networks.
        (in_file("network width=0.25", "network like=|"), vec!["yolov5n", "yolov5n-wide"], vec!["\"shapes\""]),
        // Half a file, whose strings and blocks are open.
        ("pipeline \"p\"\nsample \"a\" { from \"b\"; strategy |".into(), vec!["evolution"], vec![]),
        ("data \"d\n\nspace \"s\" {\n  network {\n    input \"|".into(), vec!["\"d\""], vec!["\"s\""]),
        ("train \"t\" { from \"|\nsample \"x\" { }\n".into(), vec!["\"x\""], vec![]),
        // Nothing inside comments, and for names that the writer invents.
        ("// pipe|\n".into(), vec![], vec!["pipeline"]),
        ("sample |".into(), vec![], vec!["\"trials\"", "(param)\"n\""]),
    ] {
        let got = offered(&text);
        for want in some {
            assert!(got.iter().any(|g| g == want), "{want} is missing in {got:?} of\n{text}");
        }
        for not in none {
            assert!(got.iter().all(|g| g != not), "{not} is in {got:?} of\n{text}");
        }
    }
}

fn asked(word: &str, nth: usize) -> (Scope, usize) {
    let at = FILE.match_indices(word).nth(nth).expect(word).0 + 1;
    (Scope::of(vec![("p.kdl".into(), FILE.into())]), at)
}

#[test]
fn words_are_explained() {
    for (word, nth, want) in [
        ("strategy", 0, "How"),
        ("random", 0, "random"),
        ("epochs", 0, "**epochs**"),
        ("stride", 0, "**stride**"),
        ("map50", 0, "map50"),
        ("\"trials\"", 1, "sample \"trials\""),
        ("\"shapes\"", 1, "data \"shapes\""),
        ("act\"", 1, "choice \"act\" silu relu"),
        ("conv", 0, "```kdl\nconv"),
        ("generate", 0, "Makes the images instead"),
        ("yolov5-short", 0, "recipe"),
    ] {
        let (scope, at) = asked(word, nth);
        let said = hover(&crate::language(), &scope, at).unwrap_or_else(|| panic!("{word}: nothing"));
        assert!(said.text.contains(want), "{word}: {}", said.text);
        assert!(FILE[said.range.clone()].contains(word.trim_matches('"')), "{word}: {}", &FILE[said.range]);
    }
    let (scope, at) = asked("\n", 0);
    assert_eq!(hover(&crate::language(), &scope, at + 4000), None);
}

#[test]
fn declarations_are_found() {
    for (word, nth, line) in [
        ("\"trials\"", 1, "sample \"trials\""),
        ("\"backbone\"", 1, "space \"backbone\""),
        ("\"shapes\"", 1, "data \"shapes\" generate=shapes images=20 image-size=64"),
        ("\"p4\"", 1, "conv 64 kernel=3 stride=2 as=\"p4\""),
        ("act\"", 1, "choice \"act\" silu relu"),
    ] {
        let (scope, at) = asked(word, nth);
        assert_eq!(definition(&crate::language(), &scope, at).map(|d| d.line.as_str()), Some(line), "{word}");
    }
    let (scope, at) = asked("epochs", 0);
    assert_eq!(definition(&crate::language(), &scope, at), None);
}

#[test]
fn a_file_has_an_outline() {
    let symbols = outline(FILE);
    let names: Vec<(&str, &str)> = symbols.iter().map(|s| (s.kind.as_str(), s.name.as_str())).collect();
    assert_eq!(
        names[..4],
        [("pipeline", "\"p\""), ("param", "\"n\""), ("data", "\"shapes\""), ("space", "\"backbone\"")]
            .map(|(k, n)| (k, n.trim_matches('"')))
    );
    let inside: Vec<&str> = symbols[3].inside.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(inside, ["act", "p3", "p4", "p5"]);
}

struct One<'t>(&'t str);

impl Files for One<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        if path == "p.kdl" { Ok(self.0.into()) } else { Err("no such file".into()) }
    }
}

fn found(text: &str) -> Vec<&'static str> {
    examine(&crate::language(), "p.kdl", &mut One(text), Options::default()).items.iter().map(|d| d.code).collect()
}

#[test]
fn what_check_says_is_said_while_typing() {
    assert_eq!(found(FILE), ["unused"], "the param");
    let file = FILE.replace("param \"n\" 6\n", "");
    assert_eq!(found(&file.replace("strategy random", "strategy ramdom")), ["unknown-word"]);
    // What does not fit inside networks, too: data sets are not looked at.
    assert!(found(&file.replace("detect \"p3\" \"p4\" \"p5\"", "add \"p3\" \"p5\"; detect \"p3\" \"p4\" \"p5\"")).contains(&"shape"));
    let elsewhere = file.replace("generate=shapes images=20", "format=voc root=\"/nowhere\"");
    assert_eq!(found(&elsewhere), Vec::<&str>::new());
    // A part that others include.
    assert_eq!(found("train \"t\" { from \"elsewhere\"; data \"d\" split=train; epochs 2 }"), Vec::<&str>::new());
    assert_eq!(found("train \"t\" { from \"elsewhere\"; data \"d\" split=train; epoch 2 }"), ["unknown-node"]);
}

/// Whatever stands in a file, and wherever the cursor is: every beginning and every single gap of a file, at every place.
#[test]
fn no_text_is_too_broken() {
    let language = crate::language();
    let mut texts: Vec<String> = (0..FILE.len()).step_by(7).map(|i| FILE[..i].to_string()).collect();
    texts.extend((0..FILE.len() - 3).step_by(11).map(|i| format!("{}{}", &FILE[..i], &FILE[i + 3..])));
    texts.extend(
        ["(", "a (", "a=", "a b=(", "\"", "{{{{", "}}}}", "/- /- a", "a \\", "é ü=\"𝄞", "\u{7}\u{202E}", "/*", "#\"", "a={}"]
            .map(String::from),
    );
    for text in texts {
        let scope = Scope::of(vec![("p.kdl".into(), text.clone())]);
        for at in (0..=text.len()).step_by(5).filter(|i| text.is_char_boundary(*i)).chain([text.len()]) {
            complete(&language, &scope, at);
            hover(&language, &scope, at);
            definition(&language, &scope, at);
        }
        outline(&text);
    }
}
