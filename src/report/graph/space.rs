//! A space as a drawing: its layers in order, what is chosen at each, and what reads what. Of a supernet also how options share weights.

use super::nested::{Graph, Part, What, draw, options};
use super::pipeline::networks;
use super::svg::{Card, Words};
use crate::report::number::{counted, grouped, si};
use crate::space::function::Condition;
use crate::space::structure::{Cell, CellNode, Decision, DecisionId, Input, Item, Output, Pick, Reduce, Setting, Structure, What as Kind};
use crate::space::supernet::{DecisionKind, Supernet};
use crate::space::{ParamSpec, Space};
use std::collections::HashSet;

/// The drawing of a space.
pub fn space(space: &Space) -> String {
    drawn(space, None)
}

/// The drawing of a space as one network that holds all of its networks.
pub fn supernet(net: &Supernet) -> String {
    drawn(net.space(), Some(net))
}

fn drawn(space: &Space, net: Option<&Supernet>) -> String {
    let structure = space.structure();
    let mut view = View { structure, net, cells: HashSet::new() };
    let mut parts = vec![head(space, net)];
    let shared: Vec<&Decision> = structure.decisions.iter().filter(|d| d.shared).collect();
    if !shared.is_empty() {
        let lines = shared.iter().flat_map(|d| options(&d.label, &d.options));
        let lines: Vec<Words> = std::iter::once(Words::bold("choices that several places may read")).chain(lines).collect();
        parts.push(Part { above: false, ..Part::card(Card { class: "nf-choice", lines, ..Card::default() }) });
    }
    let size = structure.size.as_ref().map(|s| view.value("image-size", s));
    let pixels = size.unwrap_or_else(|| format!("{} px", space.image_size()));
    let lines = vec![Words::bold("image"), Words::small(format!("{pixels}, {} channels", space.input().channels))];
    parts.push(Part { above: false, ..Part::card(Card { class: "nf-data", lines, ..Card::default() }) });
    for (i, item) in structure.items.iter().enumerate() {
        let (level, entry) = structure.entry(i);
        let place = if level == 0 { entry.to_string() } else { format!("then{level}.{entry}") };
        parts.push(view.part(item, &place));
    }
    let what = if net.is_some() { "the supernet of the space" } else { "the space" };
    draw(&format!("{what} {}", space.name), &parts)
}

fn head(space: &Space, net: Option<&Supernet>) -> Part {
    let choices = space.decisions().iter().filter(|d| d.options.len() > 1).count();
    let what = if net.is_some() { "supernet of" } else { "space" };
    let mut lines = vec![Words::bold(format!("{what} {}", space.name))];
    lines.push(Words::small(format!("{}, {}", counted(choices, "choice"), networks(space.size()))));
    let cost = space.reference_cost();
    lines.push(Words::small(format!("reference: {} params, {}FLOPs", si(cost.params as f64), si(2.0 * cost.macs as f64))));
    if let Some(net) = net {
        let all = shared(net.tensors().iter());
        lines.push(Words::small(format!("all options together: {} shared params", si(all as f64))));
    }
    let structure = space.structure();
    let reads = |name: &str, s: &Setting| s.reads().next().is_some().then(|| format!("{name} {}", labels(structure, s)));
    let read = structure.width.as_ref().and_then(|w| reads("width is", w)).into_iter().chain(reads("activation is", &structure.activation));
    lines.extend(read.map(Words::small));
    lines.extend(space.bounds().iter().map(|b| Words::small(format!("required: {}", b.text()))));
    lines.extend(structure.constraints.iter().map(|c| Words::small(format!("required: {}", c.text))));
    lines.push(Words::small("of each choice the first option is the reference"));
    Part { above: false, ..Part::card(Card { class: "nf-space", lines, ..Card::default() }) }
}

/// Trained elements.
fn shared<'t>(tensors: impl Iterator<Item = &'t ParamSpec>) -> u64 {
    tensors.filter(|t| t.kind.is_trained()).map(|t| t.len() as u64).sum()
}

/// The labels of the decisions that a setting reads.
fn labels(structure: &Structure, setting: &Setting) -> String {
    let names: Vec<&str> = setting.reads().filter_map(|d| Some(structure.decisions.get(d)?.label.as_str())).collect();
    names.join(", ")
}

/// What is drawn, and which cells were drawn already.
struct View<'a> {
    structure: &'a Structure,
    net: Option<&'a Supernet>,
    cells: HashSet<usize>,
}

impl View<'_> {
    fn part(&mut self, item: &Item, place: &str) -> Part {
        let (mut above, mut reads) = (true, vec![]);
        let what = match &item.what {
            Kind::Skip => What::Card(Card { class: "", lines: vec![Words::bold("skip")], ..Card::default() }),
            Kind::Layer { kind, settings, inputs } => {
                (above, reads) = read(inputs);
                What::Card(self.layer(kind.word, kind.first, settings, kind.joins, place))
            }
            Kind::When { condition, body } => {
                let lines = vec![Words::bold("only"), Words::small(self.condition(condition))];
                What::Column(frame("", lines), self.parts(body, &format!("{place}.w")))
            }
            Kind::Choose { decision, branches } => {
                let decided = &self.structure.decisions[*decision];
                let mut lines = vec![Words::bold(format!("one of {}: {}", branches.len(), decided.label))];
                lines.extend(self.shares(*decision));
                let of = |(o, branch): (usize, &Item)| self.part(branch, &format!("{place}.b{}", decided.rank(o)));
                let parts = branches.iter().enumerate().map(of).collect();
                What::Row(frame("nf-choice", lines), parts)
            }
            Kind::Pick { inputs, pick, reduce } => {
                (above, reads) = read(inputs);
                let how = if *reduce == Reduce::Add { "sum" } else { "join" };
                let mut lines = vec![Words::bold(format!("{how} of {}", picked(pick.as_ref(), inputs.len())))];
                lines.extend(pick.iter().map(|p| Words::small(self.structure.decisions[p.decision].label.as_str())));
                What::Card(Card { class: "nf-join", lines, ..Card::default() })
            }
            Kind::Cell(cell) => self.cell(cell, place),
            Kind::Repeat { count, copies } => {
                let mut lines = vec![Words::bold(self.value("repeat", count))];
                if copies.len() > 1 && copies.first().is_some_and(|copy| self.decides(copy)) {
                    lines.push(Words::small("each copy decides for itself what it chooses"));
                }
                lines.extend(count.decision.and_then(|d| self.shares(d)));
                lines.extend(self.params(place).map(|words| Words { text: words.text + " in all copies", ..words }));
                let first = copies.first().map(|copy| self.parts(copy, &format!("{place}.r0"))).unwrap_or_default();
                What::Column(frame("nf-choice", lines), first)
            }
        };
        Part { what, slot: item.slot, reads, above }
    }

    fn parts(&mut self, items: &[Item], place: &str) -> Vec<Part> {
        items.iter().enumerate().map(|(i, item)| self.part(item, &format!("{place}.{i}"))).collect()
    }

    fn layer(&self, word: &str, first: Option<&str>, settings: &[(&'static str, Setting)], joins: bool, place: &str) -> Card {
        let fixed = |s: &Setting| s.reads().next().is_none();
        let mut head = word.to_string();
        for (name, setting) in settings.iter().filter(|(_, s)| fixed(s)) {
            let Some(value) = setting.values.first() else { continue };
            head += &if first == Some(*name) { format!(" {value}") } else { format!(" {name}={value}") };
        }
        let mut lines = vec![Words::bold(head)];
        for (name, setting) in settings.iter().filter(|(_, s)| !fixed(s)) {
            lines.extend(self.chosen(name, setting));
            lines.extend(setting.decision.and_then(|d| self.shares(d)));
        }
        lines.extend(self.params(place));
        let chosen = settings.iter().any(|(_, s)| !fixed(s));
        let class = if joins {
            "nf-join"
        } else if chosen {
            "nf-choice"
        } else {
            ""
        };
        Card { class, lines, ..Card::default() }
    }

    /// `repeats: 2 · 1 · 3`, `channels: by w`.
    fn value(&self, name: &str, setting: &Setting) -> String {
        let values = || setting.values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" · ");
        match setting.decision.and_then(|d| self.structure.decisions.get(d)) {
            Some(decision) if decision.shared => format!("{name}: by {}", decision.label),
            Some(_) => format!("{name}: {}", values()),
            None if setting.derived.is_some() => format!("{name}: by {} ({})", labels(self.structure, setting), values()),
            None => format!("{name} {}", values()),
        }
    }

    /// The same of a choice, in as many lines as its options need.
    fn chosen(&self, name: &str, setting: &Setting) -> Vec<Words> {
        let own = setting.decision.and_then(|d| self.structure.decisions.get(d)).is_some_and(|d| !d.shared);
        match own {
            true => options(name, &setting.values.iter().map(ToString::to_string).collect::<Vec<_>>()),
            false => vec![Words { text: self.value(name, setting), class: "" }],
        }
    }

    /// `where top is 5 · 4`: the options with which it holds.
    fn condition(&self, condition: &Condition) -> String {
        let decisions: Vec<&Decision> = condition.reads.iter().filter_map(|r| self.structure.decisions.get(r.decision)).collect();
        let name = |options: &[usize]| {
            let options = decisions.iter().zip(options).map(|(d, &o)| d.options.get(o).cloned().unwrap_or_default());
            options.collect::<Vec<_>>().join("/")
        };
        let holds: Vec<String> = condition.combinations().filter(|c| *condition.at(c)).map(|c| name(&c)).collect();
        let labels: Vec<&str> = decisions.iter().map(|d| d.label.as_str()).collect();
        format!("where {} is {}", labels.join("/"), holds.join(" · "))
    }

    /// Whether something is chosen in these layers that is chosen nowhere else: a declared choice and a cell's are the same everywhere.
    fn decides(&self, items: &[Item]) -> bool {
        let own = |d: DecisionId| self.structure.decisions.get(d).is_some_and(|d| !d.shared && d.options.len() > 1);
        items.iter().any(|item| match &item.what {
            Kind::Skip | Kind::Cell(_) => false,
            Kind::Layer { settings, .. } => settings.iter().flat_map(|(_, s)| s.reads()).any(own),
            Kind::When { body, .. } => self.decides(body),
            Kind::Choose { decision, branches } => own(*decision) || self.decides(branches),
            Kind::Pick { pick, .. } => pick.as_ref().is_some_and(|p| own(p.decision)),
            Kind::Repeat { count, copies } => count.reads().any(own) || copies.iter().any(|copy| self.decides(copy)),
        })
    }

    /// How the options of a decision share weights; nothing outside of a supernet.
    fn shares(&self, decision: DecisionId) -> Option<Words> {
        let decided = self.net?.decisions().get(decision).filter(|d| d.options.len() > 1)?;
        let none = decided.tensors.iter().all(Vec::is_empty);
        let how = match decided.kind {
            DecisionKind::Branch if none => "no weights of their own",
            DecisionKind::Branch => "weights of their own",
            DecisionKind::Depth => "elastic: the first copies of the most",
            DecisionKind::Inputs => "inputs: weights of each edge",
            DecisionKind::Value if none => "no weights in it",
            DecisionKind::Value => "elastic: slices of the largest",
        };
        Some(Words::small(how))
    }

    /// The shared parameters of a place of a supernet.
    fn params(&self, place: &str) -> Option<Words> {
        let within = format!("{place}.");
        let of = shared(self.net?.tensors().iter().filter(|t| t.name.starts_with(&within)));
        (of > 0).then(|| Words::small(format!("{} shared params", grouped(of))))
    }

    fn cell(&mut self, cell: &Cell, place: &str) -> What {
        let channels = self.value("channels", &cell.channels);
        let stride = if cell.stride > 1 { format!(", stride {}", cell.stride) } else { String::new() };
        let name = format!("cell {}", cell.group + 1);
        if !self.cells.insert(cell.group) {
            let mut lines = vec![Words::bold(format!("{name} again")), Words::small(format!("{channels}{stride}, the same choices"))];
            lines.extend(self.params(place));
            return What::Card(Card { class: "nf-choice", lines, ..Card::default() });
        }
        let ops: HashSet<Vec<String>> = cell.nodes.iter().flat_map(|n| &n.slots).flat_map(|s| &s.edges).map(|e| self.op(e)).collect();
        let mut lines = vec![Words::bold(name), Words::small(format!("{channels}{stride}"))];
        if cell.count.decision.is_some() {
            lines.push(Words { text: self.value("nodes", &cell.count), class: "" });
        }
        lines.extend(self.params(place));
        let alike = ops.len() == 1;
        lines.extend(ops.into_iter().filter(|_| alike).flat_map(|ops| options("each edge", &ops)));
        let (least, most) = cell.edges;
        if least > 0 || most < usize::MAX {
            lines.push(Words::small(format!("{least} to {most} edges")));
        }
        let mut cards: Vec<Card> = (0..cell.inputs)
            .map(|i| if i == 0 { "the layer above".to_string() } else { format!("{} before that", counted(i, "layer")) })
            .map(|text| Card { class: "nf-data", lines: vec![Words::small(text)], ..Card::default() })
            .collect();
        let mut edges = vec![];
        for (n, node) in cell.nodes.iter().enumerate() {
            for slot in &node.slots {
                let open = slot.pick.is_some() || slot.edges.iter().any(|e| matches!(e.what, Kind::Choose { .. }));
                edges.extend((0..slot.edges.len()).map(|from| (from, cell.inputs + n, if open { "nf-dotted" } else { "" })));
            }
            cards.push(self.node(n, node, alike));
        }
        let out = cards.len();
        cards.push(Card { class: "nf-out", lines: vec![Words::small("output")], ..Card::default() });
        let all = cell.inputs..out;
        match cell.output {
            Output::Nodes => edges.extend(all.map(|n| (n, out, ""))),
            Output::Loose => edges.extend(all.map(|n| (n, out, "nf-dotted"))),
            Output::Last => edges.push((out - 1, out, "")),
        }
        edges.sort_unstable();
        edges.dedup();
        What::Graph(frame("nf-choice", lines), Box::new(Graph::new(cards, edges)))
    }

    fn node(&self, n: usize, node: &CellNode, alike: bool) -> Card {
        let mut lines = vec![Words::bold(format!("node {}", n + 1))];
        for slot in &node.slots {
            lines.push(Words::small(format!("adds {}", picked(slot.pick.as_ref(), slot.edges.len()))));
            if !alike {
                lines.extend(slot.edges.first().map(|e| Words::small(self.op(e).join(" · "))));
            }
        }
        lines.extend(node.combine.iter().map(|c| Words::small(self.value("combined by", c))));
        lines.extend(node.op.iter().map(|op| Words::small(format!("then {}", self.op(op).join(" · ")))));
        Card { class: "", lines, ..Card::default() }
    }

    /// What an edge may compute.
    fn op(&self, item: &Item) -> Vec<String> {
        match &item.what {
            Kind::Choose { decision, .. } => self.structure.decisions[*decision].options.clone(),
            Kind::Skip => vec!["skip".into()],
            Kind::Layer { kind, .. } => vec![kind.word.into()],
            _ => vec!["several layers".into()],
        }
    }
}

fn frame(class: &'static str, lines: Vec<Words>) -> Card {
    Card { class, lines, ..Card::default() }
}

/// `2 of 5`, `1 to 3 of 5`, `all 5`.
fn picked(pick: Option<&Pick>, of: usize) -> String {
    let Some(pick) = pick else { return format!("all {of}") };
    let sizes = || pick.sets.iter().map(Vec::len);
    match (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0)) {
        (a, b) if a == b => format!("{a} of {of}"),
        (a, b) => format!("{a} to {b} of {of}"),
    }
}

/// Whether it reads what is above, and the names that it reads.
fn read(inputs: &[Input]) -> (bool, Vec<usize>) {
    let mut slots = vec![];
    for input in inputs {
        match input {
            Input::Above => {}
            Input::Slot(slot) => slots.push(*slot),
            Input::Last(all) => slots.extend(all),
        }
    }
    (inputs.is_empty() || inputs.contains(&Input::Above), slots)
}
