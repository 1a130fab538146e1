//! A pipeline as a drawing: data sets, spaces and stages as boxes, what goes from one to another as lines, and the feedback of a
//! search (from the stage that measures to the sample that proposed) as a dashed line with how often it is gone.

use super::layered::{Edge, layout};
use super::svg::{Card, Pen, Words, width};
use crate::document::{Data, DataSource, Init, Metric, Pipeline, SelectBy, SpaceNode, Spanned, SplitBy, Stage, StageId, StageKind};
use crate::report::number::{counted, si};
use crate::run::todo::expected;
use crate::space::Space;
use std::collections::{BTreeMap, HashMap};

/// Between two rows of boxes.
const ROWS: f64 = 38.0;

/// A line between two boxes.
struct Line {
    edge: Edge,
    class: &'static str,
    label: String,
    title: String,
    /// Its arrow points up: it is a feedback.
    back: bool,
}

/// The drawing. `spaces` are those that are compiled, of which sizes are said; `progress` is a line more for each stage, by its number,
/// where it is there and not empty.
pub fn pipeline(pipeline: &Pipeline, spaces: &BTreeMap<String, Space>, progress: &[String]) -> String {
    let mut cards: Vec<Card> = vec![];
    let mut at: HashMap<(&str, &str), usize> = HashMap::new();
    for data in &pipeline.data {
        at.insert(("data", &data.name.value), cards.len());
        cards.push(data_card(data));
    }
    for node in &pipeline.spaces {
        at.insert(("space", &node.name.value), cards.len());
        cards.push(space_card(node, spaces.get(&node.name.value)));
    }
    let first = cards.len();
    for (id, stage) in pipeline.stages.iter().enumerate() {
        let mut card = stage_card(pipeline, stage);
        if let Some(line) = progress.get(id).filter(|line| !line.is_empty()) {
            card.lines.push(Words::small(line.as_str()));
        }
        cards.push(card);
    }
    let mut lines = vec![];
    for node in &pipeline.spaces {
        let to = at.get(&("space", node.name.value.as_str())).copied();
        let from = node.over().and_then(|over| at.get(&("space", over.value.as_str())).copied());
        let data = at.get(&("data", node.input.value.as_str())).copied().filter(|_| from.is_none());
        lines.extend(from.or(data).zip(to).map(|(from, to)| Line::new(from, to)));
    }
    for (id, stage) in pipeline.stages.iter().enumerate() {
        lines.extend(lines_of(pipeline, id, stage, first, &at));
    }
    if let Some(answer) = &pipeline.answer {
        let mut card = Card { class: "nf-answer", lines: vec![Words::bold(format!("answer {}", answer.name.value))], ..Card::default() };
        card.lines.push(Words::small(format!("by {} in {}", answer.by.value.name(), answer.r#in.value)));
        if !answer.against.is_empty() {
            card.lines.push(Words::small(format!("against {}", names(&answer.against))));
        }
        card.title = card.lines.iter().map(|l| l.text.clone()).collect::<Vec<_>>().join("\n");
        if let Some(links) = &pipeline.links.answer {
            lines.push(Line::new(first + links.within, cards.len()));
        }
        cards.push(card);
    }
    drawn(&pipeline.name, &cards, &lines)
}

impl Line {
    fn new(from: usize, to: usize) -> Line {
        Line { edge: Edge { from, to, rows: 1, label: 0.0 }, class: "", label: String::new(), title: String::new(), back: false }
    }

    fn with(from: usize, to: usize, class: &'static str, label: &str) -> Line {
        let edge = Edge { from, to, rows: 2, label: width(label) };
        Line { edge, class, label: label.to_string(), ..Line::new(from, to) }
    }
}

fn drawn(name: &str, cards: &[Card], lines: &[Line]) -> String {
    let sizes: Vec<_> = cards.iter().map(Card::size).collect();
    let edges: Vec<Edge> = lines.iter().map(|l| l.edge).collect();
    let placed = layout(&sizes, &edges, ROWS);
    let mut pen = Pen::default();
    for (line, points) in lines.iter().zip(&placed.edges) {
        let mut points = points.clone();
        if line.back {
            points.reverse();
        }
        pen.curve(line.class, &points, &line.title);
    }
    for ((card, at), size) in cards.iter().zip(&placed.nodes).zip(&sizes) {
        pen.card(card, *at, *size);
    }
    for (line, at) in lines.iter().zip(&placed.labels) {
        if let (Some((x, y)), false) = (at, line.label.is_empty()) {
            pen.label(&line.label, (*x, *y));
        }
    }
    pen.done(&format!("the pipeline {name}"), placed.size)
}

/// What goes into a stage.
fn lines_of(pipeline: &Pipeline, id: StageId, stage: &Stage, first: usize, at: &HashMap<(&str, &str), usize>) -> Vec<Line> {
    let (links, me) = (&pipeline.links, first + id);
    let mut lines = vec![];
    for from in &stage.from {
        let space = at.get(&("space", from.value.as_str())).copied();
        lines.extend(space.or(links.id(&from.value).map(|s| first + s)).map(|from| Line::new(from, me)));
    }
    let of = |by: &[Vec<StageId>]| by.get(id).cloned().unwrap_or_default();
    let one = |by: &[Option<StageId>]| by.get(id).copied().flatten();
    lines.extend(one(&links.starts).map(|s| Line::with(first + s, me, "nf-dotted", "weights")));
    lines.extend(of(&links.begins).into_iter().map(|s| Line::with(first + s, me, "nf-dotted", "start")));
    lines.extend(of(&links.narrows).into_iter().map(|s| Line::with(first + s, me, "nf-dotted", "keep")));
    if let (Some(measures), Some(sample)) = (one(&links.objective), stage.sample()) {
        let times = expected(pipeline, &stage.name.value);
        let mut line = Line::with(me, first + measures, "nf-dashed", &counted(times, "time"));
        let goals = sample.objective.iter().flat_map(|o| o.goals());
        let goals: Vec<String> = goals.map(|(m, most)| format!("{} {}", if most { "most" } else { "least" }, m.value.name())).collect();
        line.title =
            format!("{} tells {} how good its networks were: {}", pipeline.stages[measures].name.value, stage.name.value, goals.join(", "));
        line.back = true;
        lines.push(line);
    }
    lines
}

fn data_card(data: &Data) -> Card {
    let (what, more) = match &data.source {
        DataSource::Shapes { images, classes, .. } => (format!("drawn shapes, {images} images"), format!("{classes} classes")),
        DataSource::Figures { images, classes, .. } => (format!("drawn figures, {images} images"), format!("{classes} classes")),
        DataSource::Files { format, root } => (format.name().to_string(), root.value.clone()),
    };
    let split = |(name, by): &(Spanned<String>, SplitBy)| match by {
        SplitBy::Share(share) => format!("{} {share}", name.value),
        SplitBy::File(_) => name.value.clone(),
    };
    let splits: Vec<String> = data.splits.iter().map(split).collect();
    let mut lines = vec![Words::bold(format!("data {}", data.name.value)), Words::small(format!("{what}, {} px", data.image_size))];
    if !splits.is_empty() {
        lines.push(Words::small(splits.join(", ")));
    }
    let title = format!("{}\n{more}", lines.iter().map(|l| l.text.clone()).collect::<Vec<_>>().join("\n"));
    Card { class: "nf-data", lines, title, share: None }
}

fn space_card(node: &SpaceNode, space: Option<&Space>) -> Card {
    let mut lines = vec![Words::bold(format!("space {}", node.name.value))];
    if let Some(space) = space {
        let choices = space.decisions().iter().filter(|d| d.options.len() > 1).count();
        lines.push(Words::small(format!("{}, {}", counted(choices, "choice"), networks(space.size()))));
        lines.extend(space.bounds().iter().map(|b| Words::small(b.text())));
    }
    Card { class: "nf-space", lines, ..Card::default() }
}

/// `6,144 samples`, `2.6e38 samples`.
pub fn networks(size: f64) -> String {
    match size {
        s if s < 1e6 => counted(s as usize, "sample"),
        s => format!("{s:.2e} samples"),
    }
}

fn stage_card(pipeline: &Pipeline, stage: &Stage) -> Card {
    let mut lines = vec![Words::bold(format!("{} {}", stage.kind.word(), stage.name.value))];
    let models = expected(pipeline, &stage.name.value);
    let networks = counted(models, "network");
    let mut say = |line: String| lines.push(Words::small(line));
    let class = match &stage.kind {
        StageKind::Sample(sample) => {
            let names: Vec<&str> = sample.strategies().map(|(chosen, _)| chosen.name()).collect();
            say(format!("{}, {networks}", names.join(", then ")));
            if let Some(stop) = sample.objective.as_ref().and_then(|o| o.stop.as_ref()) {
                say(format!("stops early: {}", stop.name()));
            }
            "nf-sample"
        }
        StageKind::Train(train) => {
            let seeds = if train.seeds > 1 { format!(", {} seeds", train.seeds) } else { String::new() };
            match pipeline.supernet(stage) {
                Some(space) => say(format!("supernet of {}: {}", space.name.value, stage.method().map_or("", |m| m.name()))),
                None => say(networks),
            }
            say(format!("{}{seeds}", counted(train.epochs, "epoch")));
            match &train.init {
                Init::Scratch => {}
                Init::Continue => say("goes on".into()),
                Init::Inherit => say("weights of the supernet".into()),
                Init::From(from, _) => say(format!("weights of {}", from.value)),
                Init::File(..) => say("weights of a file".into()),
            }
            if train.runner.is_some() {
                say("by a command of one's own".into());
            }
            "nf-train"
        }
        StageKind::Evaluate(evaluate) => {
            say(networks);
            say(metrics(&evaluate.metrics));
            if evaluate.table.is_some() {
                say("out of a table".into());
            }
            "nf-evaluate"
        }
        StageKind::Select(select) => {
            match &select.by {
                SelectBy::Top(n, metric) => say(format!("top {n} by {}", metric.value.name())),
                SelectBy::Pareto(of) => say(format!("front of {}", metrics(of))),
                SelectBy::All => say("all that meet the bounds".into()),
            }
            for bound in &select.bounds {
                let least = bound.min.map_or(String::new(), |min| format!("{} ≤ ", short(min)));
                let most = bound.max.map_or(String::new(), |max| format!(" ≤ {}", short(max)));
                say(format!("where {least}{}{most}", bound.metric.value.name()));
            }
            "nf-select"
        }
    };
    let reads = stage.reads();
    if let Some((data, split)) = reads.first() {
        let folds = stage.folds().map_or(String::new(), |(_, folds)| format!(", folds {}", folds.value));
        lines.push(Words::small(format!("images: {}, {}{folds}", data.value, split.value)));
    }
    Card { class, lines, ..Card::default() }
}

fn short(value: f64) -> String {
    if value.abs() >= 1e4 { si(value) } else { value.to_string() }
}

fn metrics(all: &[Spanned<Metric>]) -> String {
    all.iter().map(|m| m.value.name()).collect::<Vec<_>>().join(", ")
}

fn names(all: &[Spanned<String>]) -> String {
    all.iter().map(|n| n.value.as_str()).collect::<Vec<_>>().join(", ")
}
