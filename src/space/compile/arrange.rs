//! `choose` and `repeat`: what arranges layers.

use super::compiler::{Compiler, MAX_DEPTH, Place};
use crate::document::{Diagnostic, Node, Span, Spanned, Value, nearest};
use crate::space::blocks::{Default, Property as Field, Type};
use crate::space::names::{branch_name, plain};
use crate::space::structure::{What, as_count};

impl Compiler {
    pub(super) fn choose(&mut self, node: &Node, base: &str, place: &Place) -> Option<What> {
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
                    if !values.iter().any(|(v, _)| v == name) && self.narrowings.is_empty() {
                        let message = format!("`{label}` never takes the branch `{name}`");
                        self.error("branch-of-choice", message, node.children[i].name.span, "not a value of the choice");
                    }
                }
                Some(self.shared[found].id)
            }
            _ => {
                order = self.kept(base, order, |&i| names[i].clone());
                self.decide(base, order.iter().map(|&i| names[i].clone()).collect(), node.name.span, false)
            }
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

    pub(super) fn repeat(&mut self, node: &Node, base: &str, place: &Place) -> Option<What> {
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

    pub(super) fn only(&mut self, node: &Node, known: &[&str]) {
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

    pub(super) fn deeper(&mut self, node: &Node, place: &Place) -> Option<Place> {
        if place.depth >= MAX_DEPTH {
            self.error("too-deep", format!("blocks are nested deeper than {MAX_DEPTH}"), node.name.span, "here");
            return None;
        }
        Some(Place { depth: place.depth + 1, branch: None, stride: None, ..place.clone() })
    }
}
