//! A `space` node becomes a [`Structure`]: names are resolved, choices become decisions, every error is at its span.

mod cells;

use super::blocks::{Default, Kind, Property as Field, Scalar, Type, kinds};
use super::structure::{Decision, DecisionId, Input, Item, Setting, Structure, What, as_count};
use super::zoo;
use crate::document::{Diagnostic, Node, Span, Spanned, Value, nearest};
use std::collections::HashMap;

/// Bounds on hostile documents: nested repeats multiply.
const MAX_ITEMS: usize = 10_000;
const MAX_DECISIONS: usize = 10_000;
const MAX_DEPTH: usize = 32;
const MAX_SHARED: usize = 64;

/// A `choice` of the space.
pub(super) struct Shared<'a> {
    pub label: String,
    pub values: &'a [Spanned<Value>],
    pub id: DecisionId,
}

/// A name that later layers may read.
struct Name {
    name: String,
    slot: usize,
    span: Span,
}

pub(super) struct Compiler<'a> {
    pub errors: Vec<Diagnostic>,
    decisions: Vec<Decision>,
    labels: HashMap<String, Span>,
    pub(super) shared: Vec<Shared<'a>>,
    names: Vec<Name>,
    /// All names of the network, to say that one comes later.
    later: HashMap<String, Span>,
    slots: usize,
    items: usize,
    full: bool,
    cells: Vec<cells::Declared>,
    /// How many groups of uses there are.
    groups: usize,
    /// In a cell that decides for all its uses: its decisions so far.
    reused: Option<HashMap<String, DecisionId>>,
}

/// What surrounds an entry.
#[derive(Clone)]
struct Place {
    /// Before its label: empty, `p3/`, `d1[2]/`.
    prefix: String,
    depth: usize,
    /// A `repeat`'s stride, for the first layer of its first copy.
    stride: Option<Setting>,
    /// Inside `choose`: the branch's name, which stands for kind and number.
    branch: Option<String>,
    /// Inside a cell: the channels of its nodes, for layers that name none.
    channels: Option<Setting>,
}

impl Place {
    /// What to say of a stride that comes from a repeat, or from a cell.
    fn whose(&self, repeat: &'static str, cell: &'static str) -> &'static str {
        if self.channels.is_some() { cell } else { repeat }
    }
}

impl<'a> Compiler<'a> {
    pub fn new() -> Self {
        Compiler {
            errors: vec![],
            decisions: vec![],
            labels: HashMap::new(),
            shared: vec![],
            names: vec![],
            later: HashMap::new(),
            slots: 0,
            items: 0,
            full: false,
            cells: vec![],
            groups: 0,
            reused: None,
        }
    }

    pub(super) fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) {
        self.errors.push(Diagnostic::error(code, message, span, label));
    }

    pub(super) fn error_help(&mut self, code: &'static str, message: String, span: Span, label: &str, help: impl Into<String>) {
        self.errors.push(Diagnostic::error(code, message, span, label).help(help));
    }

    /// The network of a space. `choices` and `network` are the space's children.
    pub fn network(&mut self, choices: &[&'a Node], cells: &[&Node], network: &Node) -> Option<Structure> {
        for &choice in choices {
            self.choice(choice);
        }
        for &cell in cells {
            self.declare_cell(cell);
        }
        let top = Place { prefix: String::new(), depth: 0, stride: None, branch: None, channels: None };
        let mut network = network.clone();
        if let Some(like) = network.property("like").cloned() {
            network = match zoo::expand(&network, &like) {
                Ok(network) => network,
                Err(errors) => {
                    self.errors.extend(errors);
                    return None;
                }
            };
        }
        let number = Field { name: "width", r#type: Type::Number(1024.0), default: Default::Auto, doc: "" };
        let width = network.property("width").and_then(|p| self.setting(p, &number, "network.width"));
        let activation = Field { name: "activation", r#type: Type::Activation, default: Default::Auto, doc: "" };
        let activation = network
            .property("activation")
            .and_then(|p| self.setting(p, &activation, "network.activation"))
            .unwrap_or(Setting::fixed(Scalar::Activation(super::Activation::Silu), network.name.span));
        let layers: Vec<Node> = network.children.iter().filter(|c| c.name.value != "input").cloned().collect();
        for (name, span) in layers.iter().flat_map(|l| names_of(l).into_iter()) {
            self.later.entry(name).or_insert(span);
        }
        if layers.is_empty() {
            self.error("empty-network", "the network has no layers", network.name.span, "nothing is built");
        }
        let items = self.block(&layers, &top);
        if !self.errors.is_empty() {
            return None;
        }
        let decisions = std::mem::take(&mut self.decisions);
        let mut structure = Structure { decisions, width, activation, items, slots: self.slots };
        structure.address();
        Some(structure)
    }

    fn choice(&mut self, node: &'a Node) {
        let label = node.property("label").and_then(|p| p.values.first());
        let Some(Spanned { value: Value::Text(label), span }) = label else {
            return self.error("missing-label", "a choice needs a label", node.name.span, "write choice \"label\" value …");
        };
        let values = node.property("values").map_or(&[][..], |p| &p.values);
        if values.is_empty() {
            return self.error(
                "missing-value",
                format!("the choice `{label}` has no values"),
                node.span,
                "write its values after the label",
            );
        }
        if let Some(nested) = values.iter().find(|v| matches!(v.value, Value::Choice(_))) {
            return self.error("choice-of-choice", "a value of a choice cannot be a choice", nested.span, "write a value");
        }
        if self.shared.len() >= MAX_SHARED {
            return self.error("too-many-choices", format!("a space has at most {MAX_SHARED} shared choices"), node.name.span, "too many");
        }
        let options = values.iter().map(|v| plain(&v.value)).collect();
        if let Some(id) = self.decide(label, options, *span, true) {
            self.shared.push(Shared { label: label.clone(), values, id });
        }
    }

    /// A new decision; an error where the label is taken.
    pub(super) fn decide(&mut self, label: &str, options: Vec<String>, span: Span, shared: bool) -> Option<DecisionId> {
        if let Some(&known) = self.reused.as_ref().and_then(|known| known.get(label)) {
            return Some(known);
        }
        if let Some(first) = self.labels.get(label) {
            let first = *first;
            self.errors.push(
                Diagnostic::error("duplicate-label", format!("the label `{label}` is taken"), span, "declared again")
                    .also(first, "first here")
                    .help("a choice belongs to one place; to share one, declare `choice` and write (choice)\"label\""),
            );
            return None;
        }
        for (i, option) in options.iter().enumerate() {
            if options[..i].contains(option) {
                self.error("duplicate-value", format!("`{label}` has the value `{option}` twice"), span, "a choice of equal values");
                return None;
            }
        }
        if self.decisions.len() >= MAX_DECISIONS {
            self.overflow(span);
            return None;
        }
        self.labels.insert(label.to_string(), span);
        if let Some(reused) = &mut self.reused {
            reused.insert(label.to_string(), self.decisions.len());
        }
        self.decisions.push(Decision { label: label.to_string(), options, span, address: 0, ranked: vec![], shared });
        Some(self.decisions.len() - 1)
    }

    fn overflow(&mut self, span: Span) {
        if !self.full {
            self.full = true;
            let message = format!("the network is larger than nasflow compiles: more than {MAX_ITEMS} layers or {MAX_DECISIONS} decisions");
            self.error("too-large", message, span, "reached here");
        }
    }

    /// Layers one after another.
    fn block(&mut self, nodes: &[Node], place: &Place) -> Vec<Item> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut items = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            let n = counts.entry(node.name.value.as_str()).or_insert(0);
            *n += 1;
            let here = Place { stride: if i == 0 { place.stride.clone() } else { None }, ..place.clone() };
            items.extend(self.item(node, *n, &here));
        }
        items
    }

    fn item(&mut self, node: &Node, n: usize, place: &Place) -> Option<Item> {
        self.items += 1;
        if self.items > MAX_ITEMS || self.full {
            self.overflow(node.name.span);
            return None;
        }
        let kind = node.name.value.as_str();
        let names = if place.branch.is_some() { vec![] } else { names_of(node) };
        let own = place.branch.clone().or(names.first().map(|n| n.0.clone()));
        let base = format!("{}{}", place.prefix, own.unwrap_or(format!("{kind}#{n}")));
        let what = match kind {
            "skip" if place.channels.is_some() && place.stride.is_some() => self.strided_skip(place),
            "skip" => {
                if let Some(stride) = &place.stride {
                    let (message, help) = ("`skip` cannot have a stride".to_string(), "write a layer that has one first");
                    self.error_help("stride-of-skip", message, node.span, "is the first layer of this repeat", help);
                    self.errors.last_mut()?.labels.push((stride.span, "the stride".into()));
                }
                Some(What::Skip)
            }
            "choose" => self.choose(node, &base, place),
            "repeat" => self.repeat(node, &base, place),
            "use" => self.use_cell(node, &base, place),
            "inputs" => self.pick_inputs(node, &base),
            "at" | "after" | "before" => {
                let message = format!("`{kind}` changes a shipped network, and this one is written out");
                self.error_help(
                    "at-of-nothing",
                    message,
                    node.name.span,
                    "nothing to change",
                    "start from one by network like=yolov5n { … }",
                );
                None
            }
            _ => match kinds().iter().find(|k| k.word == kind) {
                Some(kind) => self.layer(node, kind, &base, place),
                None => {
                    let known = kinds().iter().map(|k| k.word).chain(["skip", "choose", "repeat", "use", "inputs"]);
                    let help = nearest(kind, known)
                        .map_or("see the list of layers in docs/language.md".to_string(), |w| format!("did you mean `{w}`?"));
                    self.error_help("unknown-layer", format!("there is no layer `{kind}`"), node.name.span, "not known", help);
                    None
                }
            },
        };
        let slot = self.bind(names, what.is_some());
        Some(Item { span: node.span, slot, what: what? })
    }

    /// Makes names readable from here on; they all stand for one output.
    fn bind(&mut self, names: Vec<(String, Span)>, report: bool) -> Option<usize> {
        let slot = self.slots;
        for (name, span) in &names {
            if name == "above" {
                self.error("reserved-name", "`above` is the word for the layer above", *span, "name the layer otherwise");
            } else if let Some(first) = self.names.iter().find(|n| n.name == *name) {
                let first = first.span;
                if !report {
                    continue; // something else is wrong there already
                }
                self.errors.push(
                    Diagnostic::error("duplicate-name", format!("there is a layer `{name}` already"), *span, "named again")
                        .also(first, "first here"),
                );
            } else {
                self.names.push(Name { name: name.clone(), slot, span: *span });
            }
        }
        if names.is_empty() {
            return None;
        }
        self.slots += 1;
        Some(slot)
    }

    fn resolve(&mut self, name: &Spanned<Value>) -> Option<Input> {
        let Value::Text(text) = &name.value else {
            self.error("value-type", format!("{} is not the name of a layer", name.value), name.span, "expected `above` or a name");
            return None;
        };
        if text == "above" {
            return Some(Input::Above);
        }
        if let Some(found) = self.names.iter().find(|n| n.name == *text) {
            return Some(Input::Slot(found.slot));
        }
        let message = format!("there is no layer `{text}` above");
        let d = Diagnostic::error("unknown-name", message, name.span, "not known here");
        let d = match self.later.get(text) {
            Some(later) => d.also(*later, "it comes later").help("layers read what stands above them"),
            None => match nearest(text, self.names.iter().map(|n| n.name.as_str()).chain(["above"])) {
                Some(near) => d.help(format!("did you mean `{near}`?")),
                None if self.names.is_empty() => d.help("name a layer by as=\"…\""),
                None => d.help(format!("known are {}", self.names.iter().map(|n| format!("`{}`", n.name)).collect::<Vec<_>>().join(", "))),
            },
        };
        self.errors.push(d);
        None
    }

    fn layer(&mut self, node: &Node, kind: &'static Kind, base: &str, place: &Place) -> Option<What> {
        let mut settings: Vec<(&'static str, Setting)> = vec![];
        let before = self.errors.len();
        let mut inputs = vec![];
        for property in &node.properties {
            let name = property.name.value.as_str();
            match kind.properties.iter().find(|f| f.name == name) {
                Some(field) => {
                    if let Some(setting) = self.setting(property, field, &format!("{base}.{name}")) {
                        settings.push((field.name, setting));
                    }
                }
                None if name == "layers" && kind.joins => inputs = property.values.iter().filter_map(|v| self.resolve(v)).collect(),
                None if name == "as" => {}
                None => {
                    let known = kind.properties.iter().map(|f| f.name).chain(["as"]);
                    let help = match nearest(name, known.clone()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("it takes {}", known.collect::<Vec<_>>().join(", ")),
                    };
                    self.error_help("unknown-property", format!("`{}` has no `{name}`", kind.word), property.name.span, "not known", help);
                }
            }
        }
        if let Some(stride) = &place.stride {
            if let Some(own) = settings.iter().find(|(n, _)| *n == "stride") {
                let (own, message) = (own.1.span, "the stride is written twice");
                self.errors.push(
                    Diagnostic::error("stride-twice", message, own, "here")
                        .also(stride.span, place.whose("and at the repeat", "and at the cell")),
                );
            } else if kind.properties.iter().any(|f| f.name == "stride") {
                settings.push(("stride", stride.clone()));
            } else {
                let message = format!("`{}` has no stride", kind.word);
                self.errors.push(
                    Diagnostic::error(
                        "no-stride",
                        message,
                        node.name.span,
                        place.whose("is the first layer of this repeat", "reads the cell's input"),
                    )
                    .also(stride.span, "the stride"),
                );
            }
        }
        if let (Some(channels), false) = (&place.channels, settings.iter().any(|(n, _)| *n == "channels")) {
            let field = kind.properties.iter().find(|f| f.name == "channels" && f.r#type == Type::Channels);
            settings.extend(field.map(|f| (f.name, channels.clone())));
        }
        for field in kind.properties {
            if settings.iter().any(|(n, _)| *n == field.name) {
                continue;
            }
            if field.default == Default::Required && !node.properties.iter().any(|p| p.name.value == field.name) {
                let help = format!("write it first: {} {}", kind.word, if field.name == "kernel" { "3" } else { "64" });
                self.error_help(
                    "missing-value",
                    format!("`{}` needs `{}`", kind.word, field.name),
                    node.name.span,
                    "nothing is written",
                    help,
                );
            }
        }
        let has = |name: &str| settings.iter().find(|(n, _)| *n == name).map(|(_, s)| s.span);
        match (has("kernel"), has("kernel-h"), has("kernel-w")) {
            (Some(square), Some(side), _) | (Some(square), _, Some(side)) => {
                self.errors
                    .push(Diagnostic::error("kernel-twice", "the kernel is written twice", side, "one side").also(square, "both sides"));
            }
            (_, Some(span), None) | (_, None, Some(span)) => {
                self.error_help(
                    "half-kernel",
                    "one side of the kernel is missing".into(),
                    span,
                    "the other?",
                    "write kernel-h and kernel-w, or kernel for a square",
                );
            }
            _ => {}
        }
        if inputs.is_empty() {
            inputs.push(Input::Above);
        }
        if kind.joins && kind.word != "detect" && node.property("layers").is_none_or(|p| p.values.is_empty()) {
            self.error_help(
                "missing-value",
                format!("`{}` needs names of layers", kind.word),
                node.name.span,
                "nothing is named",
                format!("such as {} above \"p4\"", kind.word),
            );
        }
        (self.errors.len() == before).then_some(What::Layer { kind, settings, inputs })
    }

    fn choose(&mut self, node: &Node, base: &str, place: &Place) -> Option<What> {
        self.only(node, &["label", "as"]);
        let inner = self.deeper(node, place)?;
        if node.children.is_empty() {
            self.error("empty-choose", "`choose` has nothing to choose from", node.name.span, "write layers inside");
            return None;
        }
        let names: Vec<String> = node.children.iter().map(branch_name).collect();
        for (i, name) in names.iter().enumerate() {
            if let Some(first) = names[..i].iter().position(|n| n == name) {
                let (this, first) = (&node.children[i], &node.children[first]);
                self.errors.push(
                    Diagnostic::error("duplicate-branch", format!("two branches are called `{name}`"), this.name.span, "the second")
                        .also(first.name.span, "the first")
                        .help("name them apart by as=\"…\""),
                );
                return None;
            }
        }
        // The decision comes before those inside, as in the file.
        let mut order: Vec<usize> = (0..names.len()).collect();
        let decision = match node.property("label").and_then(|p| p.values.first()) {
            Some(Spanned { value: Value::Choice(label), span }) => {
                let found = self.shared_choice(label, *span)?;
                let values: Vec<(String, Span)> = self.shared[found].values.iter().map(|v| (plain(&v.value), v.span)).collect();
                order.clear();
                for (value, value_span) in &values {
                    match names.iter().position(|n| n == value) {
                        Some(i) => order.push(i),
                        None => self.errors.push(
                            Diagnostic::error("branch-of-choice", format!("no branch is called `{value}`"), *span, "chosen here")
                                .also(*value_span, "a value of the choice")
                                .help(format!("branches are {}", names.join(", "))),
                        ),
                    }
                }
                for (i, name) in names.iter().enumerate() {
                    if !values.iter().any(|(v, _)| v == name) {
                        let message = format!("`{label}` never takes the branch `{name}`");
                        self.error("branch-of-choice", message, node.children[i].name.span, "not a value of the choice");
                    }
                }
                Some(self.shared[found].id)
            }
            _ => self.decide(base, names.clone(), node.name.span, false),
        };
        let mut branches = vec![];
        for i in order {
            let frame = self.names.len();
            let prefix = format!("{base}/");
            let here = Place { prefix, branch: Some(names[i].clone()), stride: place.stride.clone(), ..inner.clone() };
            branches.extend(self.item(&node.children[i], 1, &here));
            self.names.truncate(frame);
        }
        let decision = decision?;
        (branches.len() == self.decisions[decision].options.len()).then_some(What::Choose { decision, branches })
    }

    fn repeat(&mut self, node: &Node, base: &str, place: &Place) -> Option<What> {
        self.only(node, &["label", "times", "stride", "as"]);
        let inner = self.deeper(node, place)?;
        let times = Field { name: "times", r#type: Type::Whole(0, 1000), default: Default::Required, doc: "" };
        let Some(count) = node.property("times") else {
            self.error("missing-value", "`repeat` needs how many times", node.name.span, "such as repeat 3 { … }");
            return None;
        };
        let count = self.setting(count, &times, base)?;
        let stride = Field { name: "stride", r#type: Type::Whole(1, 64), default: Default::Auto, doc: "" };
        let stride = match node.property("stride") {
            Some(p) => Some(self.setting(p, &stride, &format!("{base}.stride"))?),
            None => place.stride.clone(),
        };
        if let (Some(stride), true) = (&stride, count.values.iter().any(|v| as_count(*v) == 0)) {
            let (span, help) = (stride.span, "without a copy there is nothing that has the stride");
            self.errors.push(
                Diagnostic::error("stride-of-none", "zero copies cannot have a stride", span, "the stride")
                    .also(count.span, "zero copies")
                    .help(help),
            );
        }
        if node.children.is_empty() {
            self.error("empty-repeat", "`repeat` has nothing to repeat", node.name.span, "write layers inside");
            return None;
        }
        let largest = count.values.iter().map(|v| as_count(*v)).max().unwrap_or(0);
        let mut copies = vec![];
        for k in 0..largest {
            let frame = self.names.len();
            let stride = if k == 0 { stride.clone() } else { None };
            let prefix = if largest == 1 { format!("{base}/") } else { format!("{base}[{}]/", k + 1) };
            copies.push(self.block(&node.children, &Place { prefix, stride, ..inner.clone() }));
            self.names.truncate(frame);
            if !self.errors.is_empty() || self.full {
                break; // the other copies have the same errors
            }
        }
        Some(What::Repeat { count, copies })
    }

    fn only(&mut self, node: &Node, known: &[&str]) {
        for property in &node.properties {
            let name = property.name.value.as_str();
            if !known.contains(&name) {
                let help = nearest(name, known.iter().copied())
                    .map_or(format!("it takes {}", known.join(", ")), |n| format!("did you mean `{n}`?"));
                self.error_help(
                    "unknown-property",
                    format!("`{}` has no `{name}`", node.name.value),
                    property.name.span,
                    "not known",
                    help,
                );
            }
        }
    }

    fn deeper(&mut self, node: &Node, place: &Place) -> Option<Place> {
        if place.depth >= MAX_DEPTH {
            self.error("too-deep", format!("blocks are nested deeper than {MAX_DEPTH}"), node.name.span, "here");
            return None;
        }
        Some(Place { depth: place.depth + 1, branch: None, stride: None, ..place.clone() })
    }
}

/// The names that an entry gives to its output.
fn names_of(node: &Node) -> Vec<(String, Span)> {
    let text = |name: &str| match node.property(name).and_then(|p| p.values.first()) {
        Some(Spanned { value: Value::Text(t), span }) => Some((t.clone(), *span)),
        _ => None,
    };
    let label = if matches!(node.name.value.as_str(), "choose" | "repeat") { text("label") } else { None };
    let mut names: Vec<_> = label.into_iter().chain(text("as")).collect();
    names.dedup_by(|a, b| a.0 == b.0);
    names
}

/// A branch is named by `as=`, a block by its label, everything else by its kind.
fn branch_name(node: &Node) -> String {
    names_of(node).pop().map_or(node.name.value.clone(), |(name, _)| name)
}

/// A value as a person writes it in a list of options.
fn plain(value: &Value) -> String {
    match value {
        Value::Text(t) => t.clone(),
        other => other.to_string(),
    }
}
