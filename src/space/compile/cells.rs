//! `cell`, `use` and `inputs`: graphs that are decided, not only layers.

use super::compiler::{Compiler, Declared, Place};
use crate::document::{Diagnostic, Node, Property, Span, Spanned, Value, nearest};
use crate::space::blocks::{Default, Property as Field, Scalar, Type, kinds};
use crate::space::structure::{Cell, CellNode, Input, Item, Output, Pick, Reduce, Setting, Slot, What, as_count};

/// Bounds on hostile documents.
const MAX_CELLS: usize = 64;
const MAX_NODES: usize = 32;
const MAX_SETS: usize = 4096;

/// Which states a node reads.
#[derive(Clone, Copy, PartialEq)]
enum Edges {
    Some(usize),
    All,
    Any,
    /// Two, each of any state.
    Pair,
}

impl Compiler {
    pub(super) fn declare_cell(&mut self, node: &Node) {
        let Some((name, span)) = text(node, "name") else {
            return self.error("missing-name", "a cell needs a name", node.name.span, "write cell \"name\" { … }");
        };
        if let Some(first) = self.cells.iter().find(|c| c.name == name) {
            let first = first.node.name.span;
            let d = Diagnostic::error("duplicate-name", format!("there is a cell `{name}` already"), span, "declared again");
            return self.errors.push(d.also(first, "first here"));
        }
        let mut whole = node.clone();
        if let Some((like, span)) = text(node, "like") {
            let Some(stock) = self.cell(&like, span).map(|i| self.cells[i].node.clone()) else { return };
            for property in stock.properties {
                if whole.property(&property.name.value).is_none() {
                    whole.properties.push(property);
                }
            }
            if let Some(extra) = node.children.first() {
                let message = format!("`{name}` is like `{like}` and has layers of its own");
                self.error_help("cell-like", message, extra.name.span, "beside `like`", "write a cell of its own, or leave the layers out");
            }
            whole.children = stock.children;
        }
        self.cells.push(Declared { name, node: whole, shared: None });
    }

    fn cell(&mut self, name: &str, span: Span) -> Option<usize> {
        let found = self.cells.iter().position(|c| c.name == name);
        if found.is_none() {
            let near = nearest(name, self.cells.iter().map(|c| c.name.as_str())).map(str::to_string);
            let help = near.map_or("declare it in the space: cell \"name\" { … }".to_string(), |n| format!("did you mean `{n}`?"));
            self.error_help("unknown-cell", format!("there is no cell `{name}` in this space"), span, "not declared above", help);
        }
        found
    }

    pub(super) fn use_cell(&mut self, node: &Node, base: &str, place: &Place) -> Option<What> {
        self.only(node, &["cell", "channels", "stride", "own", "as"]);
        if place.channels.is_some() {
            self.error("cell-in-cell", "a cell cannot use a cell", node.name.span, "inside a cell");
            return None;
        }
        let Some((name, span)) = text(node, "cell") else {
            self.error("missing-value", "`use` needs the name of a cell", node.name.span, "such as use \"normal\" channels=16");
            return None;
        };
        let index = self.cell(&name, span)?;
        let declared = self.cells[index].node.clone();
        let channels = Field { name: "channels", r#type: Type::Channels, default: Default::Required, doc: "" };
        let channels = match node.property("channels") {
            Some(p) => self.setting(p, &channels, &format!("{base}.channels"))?,
            None => {
                let help = format!("write use \"{name}\" channels=16");
                self.error_help("missing-value", "`use` needs `channels`".into(), node.name.span, "of every node", help);
                return None;
            }
        };
        let stride = self.whole(node, "stride", 64).or_else(|| self.whole(&declared, "stride", 64)).unwrap_or((1, node.name.span));
        let stride = match &place.stride {
            None => stride,
            Some(outer) => {
                self.error("stride-twice", "a cell has a stride of its own", outer.span, "write it at the `use`");
                return None;
            }
        };
        if declared.property("edges").is_none() && declared.children.is_empty() {
            self.error(
                "empty-cell",
                format!("the cell `{name}` computes nothing"),
                declared.name.span,
                "write edges, and layers to choose from",
            );
            return None;
        }
        let own = matches!(node.property("own").and_then(|p| p.values.first()), Some(Spanned { value: Value::Bool(true), .. }));
        let outer = self.reused.take();
        let (group, known) = match self.cells[index].shared.clone().filter(|_| !own) {
            Some((group, known)) => (group, Some(known)),
            None => {
                self.groups += 1;
                (self.groups - 1, None)
            }
        };
        if self.groups > MAX_CELLS {
            self.error("too-many-cells", format!("more than {MAX_CELLS} cells decide for themselves"), node.name.span, "the next one");
            return None;
        }
        self.reused = Some(known.unwrap_or_default());
        let prefix = if own { base.to_string() } else { name };
        let cell = self.cell_of(&declared, group, channels, stride, &prefix, place);
        let decided = std::mem::replace(&mut self.reused, outer).unwrap_or_default();
        if !own {
            self.cells[index].shared = Some((group, decided));
        }
        cell.map(|cell| What::Cell(Box::new(cell)))
    }

    fn cell_of(
        &mut self,
        node: &Node,
        group: usize,
        channels: Setting,
        stride: (usize, Span),
        prefix: &str,
        place: &Place,
    ) -> Option<Cell> {
        self.only(node, &["name", "like", "inputs", "nodes", "edges", "combine", "output", "stride"]);
        let inputs = self.whole(node, "inputs", 2).map_or(1, |i| i.0);
        let field = Field { name: "nodes", r#type: Type::Whole(0, MAX_NODES), default: Default::Required, doc: "" };
        let Some(count) = node.property("nodes") else {
            self.error("missing-value", "a cell needs `nodes`", node.name.span, "how many?");
            return None;
        };
        let count = self.setting(count, &field, &format!("{prefix}.nodes"))?;
        if count.derived.is_some() {
            self.error("value-type", "`nodes` follows from one choice at most", count.span, "reads several");
            return None;
        }
        let edges = self.edges(node)?;
        let joined = if matches!(edges, Edges::Any | Edges::Pair) { Output::Loose } else { Output::Nodes };
        let output = match text(node, "output") {
            None => joined,
            Some((word, _)) if word == "last" => Output::Last,
            Some((word, _)) if word == "concat" => joined,
            Some((word, span)) => {
                self.error("value-type", format!("`output` cannot be {word}"), span, "expected concat or last");
                return None;
            }
        };
        if let (Some(combine), false) = (node.property("combine"), edges == Edges::Pair) {
            let (message, help) =
                ("`combine` belongs to pairs of edges".to_string(), "write `edges pair`, or leave it out: edges are added");
            self.error_help("combine-of-no-pair", message, combine.name.span, "not of these edges", help);
            return None;
        }
        let layers: Vec<&Node> = node.children.iter().filter(|c| !matches!(c.name.value.as_str(), "require" | "on-node")).collect();
        let on_node: Vec<&Node> = node.children.iter().filter(|c| c.name.value == "on-node").flat_map(|c| &c.children).collect();
        for extra in layers.iter().skip(1).chain(on_node.iter().skip(1)) {
            self.error_help(
                "cell-layers",
                "an edge or a node has one layer".into(),
                extra.name.span,
                "one too many",
                "write them in choose { … }, or several in repeat 1 { … }",
            );
        }
        let largest = count.values.iter().map(|v| as_count(*v)).max().unwrap_or(0);
        let inner = self.deeper(node, place)?;
        let inner = Place { prefix: format!("{prefix}/"), channels: Some(channels.clone()), ..inner };
        let mut nodes = vec![];
        for n in 0..largest {
            nodes.push(self.cell_node(n, inputs, stride, edges, layers.first().copied(), on_node.first().copied(), node, &inner)?);
            if !self.errors.is_empty() || self.full {
                return None; // the other nodes have the same errors
            }
        }
        let bounds = self.edge_bounds(node)?;
        Some(Cell { group, channels, stride: stride.0, inputs, count, nodes, output, edges: bounds })
    }

    fn cell_node(
        &mut self,
        n: usize,
        inputs: usize,
        stride: (usize, Span),
        edges: Edges,
        layer: Option<&Node>,
        on_node: Option<&Node>,
        cell: &Node,
        place: &Place,
    ) -> Option<CellNode> {
        let own = format!("n{}", n + 1);
        let state = |s: usize| if s < inputs { format!("in{}", s + 1) } else { format!("n{}", s + 1 - inputs) };
        let span = cell.property("edges").map_or(cell.name.span, |p| p.name.span);
        let states = inputs + n;
        if edges == Edges::Pair {
            return self.pair(&own, states, inputs, stride, layer, on_node, cell, place);
        }
        let pick = match edges {
            Edges::Some(k) if k < states => Some(self.pick(&format!("{}{own}.edges", place.prefix), k, states, &state, span)?),
            _ => None,
        };
        let mut items = vec![];
        for s in 0..states {
            let base = format!("{own}<{}", state(s));
            let stride = (s < inputs && stride.0 > 1).then(|| Setting::fixed(Scalar::Int(stride.0), stride.1));
            let place = Place { branch: Some(base.clone()), stride, ..place.clone() };
            let item = self.edge(layer, span, &place)?;
            items.push(match edges {
                Edges::Any => self.on_or_off(item, &format!("{}{base}", place.prefix), &place, span)?,
                _ => item,
            });
        }
        let op = self.on_node(on_node, own, place)?;
        Some(CellNode { slots: vec![Slot { pick, edges: items }], combine: None, op })
    }

    /// What is computed on the way from a state.
    pub(super) fn edge(&mut self, layer: Option<&Node>, span: Span, place: &Place) -> Option<Item> {
        match layer {
            Some(layer) => self.item(layer, 1, place),
            None if place.stride.is_some() => Some(Item { span, slot: None, what: self.strided_skip(place)? }),
            None => Some(Item { span, slot: None, what: What::Skip }),
        }
    }

    /// What is computed of the sum; nothing where nothing is written, none where that is wrong.
    pub(super) fn on_node(&mut self, layer: Option<&Node>, own: String, place: &Place) -> Option<Option<Item>> {
        match layer {
            Some(layer) => Some(Some(self.item(layer, 1, &Place { branch: Some(own), ..place.clone() })?)),
            None => Some(None),
        }
    }

    /// An edge that may be left out.
    fn on_or_off(&mut self, item: Item, label: &str, place: &Place, span: Span) -> Option<Item> {
        let kind = kinds().iter().find(|k| k.word == "zero")?;
        let settings = place.stride.iter().map(|s| ("stride", s.clone())).collect();
        let off = Item { span, slot: None, what: What::Layer { kind, settings, inputs: vec![Input::Above] } };
        let label = format!("{label}.edge");
        let branches = self.kept(&label, vec![("on", item), ("off", off)], |(name, _)| name.to_string());
        let decision = self.decide(&label, branches.iter().map(|(name, _)| name.to_string()).collect(), span, false)?;
        let branches = branches.into_iter().map(|(_, branch)| branch).collect();
        Some(Item { span, slot: None, what: What::Choose { decision, branches } })
    }

    /// `skip` where the map becomes smaller: a 1×1 convolution.
    pub(super) fn strided_skip(&mut self, place: &Place) -> Option<What> {
        let kind = kinds().iter().find(|k| k.word == "conv")?;
        let settings = vec![("channels", place.channels.clone()?), ("stride", place.stride.clone()?)];
        Some(What::Layer { kind, settings, inputs: vec![Input::Above] })
    }

    /// A decision for `k` of `n` candidates.
    pub(super) fn pick(&mut self, label: &str, k: usize, n: usize, name: &dyn Fn(usize) -> String, span: Span) -> Option<Pick> {
        let sets = subsets(k, n);
        if sets.len() > MAX_SETS {
            self.error("too-large", format!("there are more than {MAX_SETS} ways to take {k} of {n}"), span, "here");
            return None;
        }
        let named = |s: &Vec<usize>| s.iter().map(|&i| name(i)).collect::<Vec<_>>().join("+");
        let sets = self.kept(label, sets, named);
        let options = sets.iter().map(named).collect();
        Some(Pick { decision: self.decide(label, options, span, false)?, sets })
    }

    pub(super) fn pick_inputs(&mut self, node: &Node, base: &str) -> Option<What> {
        self.only(node, &["layers", "pick", "reduce", "as"]);
        let names: Vec<Spanned<Value>> = node.property("layers").map_or(vec![], |p| p.values.clone());
        if names.is_empty() {
            self.error_help(
                "missing-value",
                "`inputs` needs names of layers".into(),
                node.name.span,
                "nothing is named",
                "such as inputs above \"p4\" pick=1",
            );
            return None;
        }
        let inputs: Vec<_> = names.iter().filter_map(|n| self.resolve(n)).collect();
        if inputs.len() < names.len() {
            return None;
        }
        if let Some(i) = inputs.iter().position(|i| matches!(i, Input::Last(_))) {
            let (message, help) =
                (format!("`{}` is there only in some samples", names[i].value), "write concat or add: they leave out what is not there");
            self.error_help("input-comes-and-goes", message, names[i].span, "cannot be chosen", help);
            return None;
        }
        let reduce = match text(node, "reduce") {
            None => Reduce::Add,
            Some((word, _)) if word == "add" => Reduce::Add,
            Some((word, _)) if word == "concat" => Reduce::Concat,
            Some((word, span)) => {
                self.error("value-type", format!("`reduce` cannot be {word}"), span, "expected add or concat");
                return None;
            }
        };
        let (k, span) = self.whole(node, "pick", 64).unwrap_or((1, node.name.span));
        if k > inputs.len() {
            self.error("pick-of-few", format!("{k} of {} layers cannot be picked", inputs.len()), span, "too many");
            return None;
        }
        let name = |i: usize| names[i].value.to_string();
        let pick = if k < inputs.len() { Some(self.pick(base, k, inputs.len(), &name, node.name.span)?) } else { None };
        Some(What::Pick { inputs, pick, reduce })
    }

    fn edges(&mut self, node: &Node) -> Option<Edges> {
        match node.property("edges").and_then(|p| p.values.first()) {
            None => Some(Edges::All),
            Some(Spanned { value: Value::Text(word), .. }) if word == "all" => Some(Edges::All),
            Some(Spanned { value: Value::Text(word), .. }) if word == "any" => Some(Edges::Any),
            Some(Spanned { value: Value::Text(word), .. }) if word == "pair" => Some(Edges::Pair),
            Some(Spanned { value: Value::Int(n), .. }) if (1..=MAX_NODES as i64).contains(n) => Some(Edges::Some(*n as usize)),
            Some(other) => {
                self.error("value-type", format!("`edges` cannot be {}", other.value), other.span, "expected all, any, pair, or how many");
                None
            }
        }
    }

    /// `require edges min= max=`.
    fn edge_bounds(&mut self, node: &Node) -> Option<(usize, usize)> {
        let mut bounds = (0, usize::MAX);
        for require in node.children.iter().filter(|c| c.name.value == "require") {
            if let Some((metric, span)) = text(require, "metric").filter(|(m, _)| m != "edges") {
                self.error("require-metric", format!("`{metric}` is no bound of a cell"), span, "only `edges`");
                return None;
            }
            bounds.0 = self.whole(require, "min", 4096).map_or(bounds.0, |m| m.0);
            bounds.1 = self.whole(require, "max", 4096).map_or(bounds.1, |m| m.0);
        }
        Some(bounds)
    }

    /// A plain whole number from 1 on, where it is written.
    fn whole(&mut self, node: &Node, name: &str, max: usize) -> Option<(usize, Span)> {
        let value = node.property(name).and_then(|p: &Property| p.values.first())?;
        match value.value {
            Value::Int(n) if n >= 1 && n as usize <= max => Some((n as usize, value.span)),
            _ => {
                self.error(
                    "value-type",
                    format!("`{name}` cannot be {}", value.value),
                    value.span,
                    format!("expected a whole number from 1 to {max}"),
                );
                None
            }
        }
    }
}

fn text(node: &Node, name: &str) -> Option<(String, Span)> {
    match node.property(name)?.values.first()? {
        Spanned { value: Value::Text(text), span } => Some((text.clone(), *span)),
        _ => None,
    }
}

/// The sets of k numbers below n in the order of their members; at most one more than [`MAX_SETS`].
fn subsets(k: usize, n: usize) -> Vec<Vec<usize>> {
    let mut sets = vec![];
    let mut set: Vec<usize> = (0..k).collect();
    while sets.len() <= MAX_SETS {
        sets.push(set.clone());
        let Some(i) = (0..k).rev().find(|&i| set[i] < n - k + i) else { break };
        set[i] += 1;
        for j in i + 1..k {
            set[j] = set[j - 1] + 1;
        }
    }
    sets
}
