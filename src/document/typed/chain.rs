//! `then` of a `sample`: strategies one after the other, each with its share of the trials.

use crate::document::context::Context;
use crate::document::pipeline::{Sample, Then};
use crate::document::settings::Settings;
use crate::document::strategy::{Asked, Chosen};
use crate::document::{Diagnostic, Node, Span, Spanned};

/// The share of a line `strategy` or `then`.
pub fn share(line: &Node) -> Option<Spanned<usize>> {
    Some(Spanned { value: line.count("trials")?, span: line.place("trials") })
}

/// The lines `then`; one whose strategy is not known was reported.
pub fn then(context: &mut Context, node: &Node) -> Vec<Then> {
    let lines = node.children.iter().filter(|c| c.name.value == "then");
    let then = lines.filter_map(|line| {
        let kind = line.text("kind")?;
        let strategy = context.language.strategies.find(&kind.value)?;
        let settings = Settings::of(strategy.word(), Some(line), kind.span);
        Some(Then { strategy: Chosen { strategy, settings }, share: share(line), span: kind.span })
    });
    then.collect()
}

/// What must be true of a chain, and of what comes before a search.
pub fn check(context: &mut Context, node: &Node, sample: &Sample) {
    one_candidate(context, node, sample);
    command(context, sample);
    for then in &sample.then {
        for diagnostic in then.strategy.strategy.check(&Asked { settings: &then.strategy.settings, trials: None }) {
            context.push(diagnostic);
        }
    }
    if let (true, Some(share)) = (sample.then.is_empty(), &sample.share) {
        // A `then` that could not be read is one.
        if node.child("then").is_none() {
            let word = sample.strategy.name();
            let message = format!("`trials=` of a strategy is its share in a chain, and nothing comes after `{word}`");
            let d = Diagnostic::error("contradiction", message, share.span, "no share here");
            context.push(d.help(format!("write `trials {}` in a line of its own, or add a line such as `then local-search`", share.value)));
        }
        return;
    }
    shares(context, node, sample);
}

/// A strategy of one candidate has no place in a chain, and goes on from nothing.
fn one_candidate(context: &mut Context, node: &Node, sample: &Sample) {
    let lines: Vec<&Node> = ["then", "start", "earlier"].iter().filter_map(|name| node.child(name)).collect();
    let Some(other) = lines.iter().min_by_key(|line| line.name.span) else { return };
    let all = std::iter::once((&sample.strategy, sample.strategy_span)).chain(sample.then.iter().map(|t| (&t.strategy, t.span)));
    for (chosen, place) in all.filter(|(chosen, _)| !chosen.strategy.needs().trials) {
        let word = chosen.name();
        let d =
            Diagnostic::error("contradiction", format!("`strategy {word}` has one candidate"), place, "nothing goes before or after it");
        context.push(d.also(other.name.span, format!("`{}` here", other.name.value)).help("give it a `sample` of its own"));
    }
}

/// A program of one's own proposes all of a search.
fn command(context: &mut Context, sample: &Sample) {
    let all = std::iter::once((&sample.strategy, sample.strategy_span)).chain(sample.then.iter().map(|t| (&t.strategy, t.span)));
    for (_, place) in all.filter(|(chosen, _)| chosen.name() == "command" && !sample.then.is_empty()) {
        let d = Diagnostic::error("contradiction", "`strategy command` is no part of a chain", place, "proposes every trial");
        context.push(d.help("let the program propose the first ones, too, or begin with the models of another stage: `start`"));
    }
    if let (Some(_), Some(earlier)) = (&sample.proposer, &sample.earlier) {
        let d = Diagnostic::error("contradiction", "a program is not told of earlier results", earlier.span, "not with `strategy command`");
        context.push(d.help("name the file in `uses`, and let the program read it"));
    }
}

/// Every strategy but the last says how many it proposes, and something is left for the last.
fn shares(context: &mut Context, node: &Node, sample: &Sample) {
    let first = (sample.strategy.name(), sample.strategy_span, &sample.share);
    let parts: Vec<(&str, Span, &Option<Spanned<usize>>)> =
        std::iter::once(first).chain(sample.then.iter().map(|t| (t.strategy.name(), t.span, &t.share))).collect();
    let Some(((last, _, last_share), before)) = parts.split_last() else { return };
    let mut sum = 0usize;
    for (word, place, share) in before {
        let Some(share) = share else {
            let message = format!("how many of the trials are those of `{word}` is not said");
            let d = Diagnostic::error("missing", message, *place, "`trials=` is missing");
            context.missing(node, d.help(format!("every strategy but the last says how many it proposes: `{word} trials=20`")));
            return;
        };
        sum = sum.saturating_add(share.value);
        if node.child("trials").is_some() && sum >= sample.trials {
            let message = format!("{sum} of {} trials are gone before `{last}` begins", sample.trials);
            let d = Diagnostic::error("out-of-range", message, share.span, format!("with this they are {sum}"));
            context.push(d.also(sample.trials_span, "so many there are").help("raise `trials`, or lower the shares"));
            return;
        }
    }
    if let (Some(share), false) = (last_share, before.is_empty())
        && sum.saturating_add(share.value) != sample.trials
        && node.child("trials").is_some()
    {
        let message = format!("the shares are {} of {} trials", sum.saturating_add(share.value), sample.trials);
        let d = Diagnostic::error("contradiction", message, share.span, format!("{} are left", sample.trials.saturating_sub(sum)));
        context
            .push(d.also(sample.trials_span, "so many there are").help("delete this `trials=`: the last strategy proposes what is left"));
    }
}
