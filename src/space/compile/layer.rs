//! One layer: its settings, what it reads, and what its place adds.

use super::compiler::{Compiler, Place};
use crate::document::{Diagnostic, Node, nearest};
use crate::space::blocks::{Default, Kind, Type};
use crate::space::structure::{Input, Setting, What};

impl Compiler {
    pub(super) fn layer(&mut self, node: &Node, kind: &'static Kind, base: &str, place: &Place) -> Option<What> {
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
}
