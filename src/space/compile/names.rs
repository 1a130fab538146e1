//! Names of layers, and who may read them.

use super::compiler::{Compiler, Name};
use crate::document::{Diagnostic, Span, Spanned, Value, nearest};
use crate::space::structure::Input;

impl Compiler {
    /// Makes names readable from here on; they all stand for one output.
    pub(super) fn bind(&mut self, names: Vec<(String, Span)>, report: bool) -> Option<usize> {
        let (slot, body) = (self.slots, self.within.last().copied().unwrap_or(0));
        for (name, span) in &names {
            if name == "above" {
                self.error("reserved-name", "`above` is the word for the layer above", *span, "name the layer otherwise");
            } else if let Some(first) = self.names.iter().find(|n| n.name == *name && (body == 0 || n.body == body)) {
                let first = first.span;
                if !report {
                    continue; // something else is wrong there already
                }
                self.errors.push(
                    Diagnostic::error("duplicate-name", format!("there is a layer `{name}` already"), *span, "named again")
                        .also(first, "first here"),
                );
            } else {
                self.names.push(Name { name: name.clone(), slot, span: *span, body });
            }
        }
        if names.is_empty() {
            return None;
        }
        self.slots += 1;
        Some(slot)
    }

    pub(super) fn resolve(&mut self, name: &Spanned<Value>) -> Option<Input> {
        let Value::Text(text) = &name.value else {
            self.error("value-type", format!("{} is not the name of a layer", name.value), name.span, "expected `above` or a name");
            return None;
        };
        if text == "above" {
            return Some(Input::Above);
        }
        let given: Vec<&Name> = self.names.iter().filter(|n| n.name == *text).collect();
        if let Some(last) = given.last() {
            // What stands in a block around here is there wherever this is.
            let sure = |n: &Name| n.body == 0 || self.within.contains(&n.body);
            let first = given.iter().rposition(|n| sure(n)).unwrap_or(0);
            let slots = given[first..].iter().map(|n| n.slot).collect();
            return Some(if sure(last) { Input::Slot(last.slot) } else { Input::Last(slots) });
        }
        let message = format!("there is no layer `{text}` above");
        let d = Diagnostic::error("unknown-name", message, name.span, "not known here");
        let d = match self.later.get(text) {
            None if self.gone.contains_key(text) => {
                d.also(self.gone[text], "cut off by `until`").help("name a layer of those that are kept, or cut further below")
            }
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
}
