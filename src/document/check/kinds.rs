//! One namespace for data, spaces and stages; every reference names something of the right kind.

use crate::document::context::Context;
use crate::document::pipeline::{Init, Stage, StageKind};
use crate::document::shorten::shorten;
use crate::document::typed::Draft;
use crate::document::{Diagnostic, Span, Spanned, nearest};

/// Every declared name with its kind: `data set`, `space`, `supernet`, or the word of a stage.
fn names(draft: &Draft) -> Vec<(&Spanned<String>, &'static str)> {
    let data = draft.data.iter().map(|d| (&d.name, "data set"));
    let spaces = draft.spaces.iter().map(|s| (&s.name, "space"));
    let kind = |s: &Stage| if draft.supernet(s).is_some() { "supernet" } else { s.kind.word() };
    let stages = draft.stages.iter().map(|s| (&s.name, kind(s)));
    data.chain(spaces).chain(stages).collect()
}

/// A second declaration of a name is an error.
pub fn namespace(context: &mut Context, draft: &Draft) {
    let mut names = names(draft);
    names.sort_by_key(|(name, _)| name.span);
    let mut first: std::collections::HashMap<&str, (&Spanned<String>, &str)> = std::collections::HashMap::new();
    for (name, kind) in names {
        if let Some((known, known_kind)) = first.get(name.value.as_str()) {
            let d = Diagnostic::error(
                "declared-twice",
                format!("the name `{}` is declared twice", shorten(&name.value)),
                name.span,
                format!("a {kind} here"),
            );
            context.push(
                d.also(known.span, format!("a {known_kind} here")).help("data sets, spaces and stages share one set of names; rename one"),
            );
        } else {
            first.insert(&name.value, (name, kind));
        }
    }
}

/// Every reference outside spaces' networks.
pub fn references(context: &mut Context, draft: &Draft) {
    let all = names(draft);
    let mut check = |name: &Spanned<String>, wanted: &[&str], what: &str| reference(context, draft, &all, name, wanted, what);
    for space in &draft.spaces {
        check(&space.input, &["data set"], "a data set");
        // What it has of the space that it starts from is said there.
        for name in space.waits().iter().filter(|name| within(name.span, space.node.span)) {
            check(name, &["sample", "train", "evaluate", "select"], "a stage that gives models");
        }
    }
    for stage in &draft.stages {
        match &stage.kind {
            StageKind::Sample(sample) => {
                for from in &stage.from {
                    check(from, &["space", "supernet"], "a space");
                }
                for name in &sample.start {
                    check(name, &["sample", "train", "evaluate", "select"], "a stage that gives models");
                }
                if let Some(objective) = &sample.objective {
                    check(&objective.stage, &["evaluate"], "an `evaluate` stage");
                }
            }
            StageKind::Train(train) => {
                for from in stage.from.iter().filter(|f| train.oneshot.is_none() && !draft.spaces.iter().any(|s| s.name.value == f.value)) {
                    check(from, &["sample", "train", "evaluate", "select"], "a stage that gives models");
                }
                if let Init::From(name, _) = &train.init {
                    // The weights of a supernet are for supernets: its networks have theirs by `init inherit`.
                    let kinds: &[&str] = if draft.supernet(stage).is_some() { &["train", "supernet"] } else { &["train"] };
                    check(name, kinds, "a training");
                }
                if let Some(teacher) = train.teacher.as_ref().and_then(|t| t.stage()) {
                    check(teacher, &["train", "evaluate", "select"], "a stage that gives trained models");
                }
                if !train.data.value.is_empty() {
                    check(&train.data, &["data set"], "a data set");
                }
            }
            StageKind::Evaluate(evaluate) => {
                for from in &stage.from {
                    check(from, &["sample", "train", "evaluate", "select"], "a stage that gives models");
                }
                if let Some((data, _)) = &evaluate.data {
                    check(data, &["data set"], "a data set");
                }
            }
            StageKind::Select(_) => {
                for from in &stage.from {
                    check(from, &["evaluate", "select"], "an `evaluate` or `select` stage");
                }
            }
        }
    }
    for answer in &draft.answers {
        let stage = ["sample", "train", "evaluate", "select"];
        check(&answer.name, &stage, "a stage");
        check(&answer.r#in, &["evaluate"], "an `evaluate` stage");
        for name in &answer.against {
            check(name, &stage, "a stage");
        }
        for trust in &answer.trust {
            check(&trust.ranking, &["evaluate"], "an `evaluate` stage");
            check(&trust.truth, &["evaluate"], "an `evaluate` stage");
        }
    }
    for stage in &draft.stages {
        if let (StageKind::Sample(_), [_, second, ..]) = (&stage.kind, stage.from.as_slice()) {
            let d = Diagnostic::error("several-values", "`sample` works on one space", second.span, "a second space");
            context.push(d.help("write a `sample` for each space; `train` and `evaluate` may join them"));
        }
    }
}

/// What a one-shot method trains: exactly one space.
pub fn supernets(context: &mut Context, draft: &Draft) {
    let all = names(draft);
    for stage in &draft.stages {
        let Some(train) = stage.train() else { continue };
        let (Some(oneshot), Some(method)) = (&train.oneshot, train.method) else { continue };
        let word = method.name();
        let mut sound = true;
        for from in &stage.from {
            let declared = all.iter().find(|(known, _)| known.value == from.value);
            match declared {
                Some((_, "space")) => {}
                Some((known, kind)) => {
                    let shown = shorten(&from.value);
                    let what = match *kind {
                        "data set" | "supernet" => format!("a {kind}"),
                        "evaluate" => "an `evaluate` stage".to_string(),
                        kind => format!("a `{kind}` stage"),
                    };
                    let d = Diagnostic::error(
                        "wrong-kind",
                        format!("`method {word}` trains a space as one network; `{shown}` is {what}"),
                        from.span,
                        "a space expected",
                    );
                    let d = d.also(oneshot.span, "because of this").also(known.span, "declared here");
                    context.push(match draft.spaces.as_slice() {
                        [one] => d.help(format!("write `from \"{}\"`, or delete `method`", shorten(&one.name.value))),
                        _ => d.help("name a space, or delete `method`"),
                    });
                    sound = false;
                }
                None => {
                    reference(context, draft, &all, from, &["space"], "a space");
                    sound = false;
                }
            }
        }
        if let ([_, second, ..], true) = (stage.from.as_slice(), sound) {
            let d = Diagnostic::error("several-values", "a supernet holds one space", second.span, "a second one");
            context.push(d.help("write a `train` for each space"));
        }
    }
}

fn within(inner: Span, outer: Span) -> bool {
    inner.file == outer.file && outer.offset <= inner.offset && inner.offset < outer.offset + outer.len
}

fn reference(
    context: &mut Context,
    draft: &Draft,
    all: &[(&Spanned<String>, &'static str)],
    name: &Spanned<String>,
    wanted: &[&str],
    what: &str,
) {
    let shown = shorten(&name.value);
    let supernets = all.iter().any(|(_, kind)| *kind == "supernet" && wanted.contains(kind));
    let plural = |what: &str| if supernets && wanted.contains(&"space") { "spaces and supernets".to_string() } else { plural(what) };
    let fitting = || all.iter().filter(|(_, kind)| wanted.contains(kind)).map(|(n, _)| n.value.as_str());
    if all.iter().any(|(known, kind)| known.value == name.value && wanted.contains(kind)) {
        return;
    }
    match all.iter().find(|(known, _)| known.value == name.value) {
        Some((known, kind)) => {
            let hint = match (*kind, what) {
                ("space", "a stage that gives models") => Some("sample it first: `sample \"trials\" { from \"…\"; … }`"),
                ("supernet", "a stage that gives models") => {
                    Some("a supernet is not one network: sample it first: `sample \"subnets\" { from \"…\"; … }`")
                }
                ("supernet", "a training") => Some(
                    "networks of a supernet start with its weights by `init inherit`: sample them from it; or name a `train` of one network",
                ),
                ("train", "a space" | "a supernet") => Some("a supernet is a `train` whose `from` names a space"),
                _ => None,
            };
            let article =
                if matches!(*kind, "data set" | "space" | "supernet") { format!("a {kind}") } else { format!("a `{kind}` stage") };
            let article = article.replace("a `evaluate`", "an `evaluate`");
            let d = Diagnostic::error(
                "wrong-kind",
                format!("`{shown}` is {article}; {what} was expected"),
                name.span,
                format!("{what} expected"),
            )
            .also(known.span, "declared here");
            context.push(match (hint, fitting().collect::<Vec<_>>().as_slice()) {
                (Some(help), _) => d.help(help),
                (None, []) => d,
                (None, names) => d.help(format!("{} of this file: {}", plural(what), list(names))),
            });
        }
        None if draft.broken.contains(&name.value) => {}
        None => {
            let d = Diagnostic::error("unknown-name", format!("nothing is named `{shown}`"), name.span, format!("{what} expected"));
            let names: Vec<&str> = fitting().collect();
            let broken = || draft.broken.iter().map(String::as_str);
            let near = nearest(&name.value, names.iter().copied().chain(broken()))
                .or_else(|| nearest(&name.value, all.iter().map(|(n, _)| n.value.as_str())));
            context.join(match (near, names.as_slice()) {
                (Some(near), _) => d.help(format!("did you mean `{}`?", shorten(near))),
                (None, []) if draft.broken.is_empty() => {
                    d.help(format!("the file declares no {}", what.trim_start_matches("an ").trim_start_matches("a ")))
                }
                (None, []) => d,
                (None, names) => d.help(format!("{} of this file: {}", plural(what), list(names))),
            });
        }
    }
}

fn plural(what: &str) -> String {
    let bare = what.trim_start_matches("an ").trim_start_matches("a ");
    if bare.contains("stage that") { bare.replace("stage that gives", "stages that give") } else { format!("{bare}s") }
}

fn list(names: &[&str]) -> String {
    let mut shown: Vec<String> = names.iter().take(12).map(|n| format!("`{}`", shorten(n))).collect();
    if names.len() > 12 {
        shown.push("…".into());
    }
    shown.join(", ")
}
