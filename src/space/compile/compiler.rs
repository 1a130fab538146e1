//! The state of compiling a space: what was found so far, and every error.

use super::narrow::Narrowing;
use crate::document::{Diagnostic, Node, Span, Spanned, Value};
use crate::space::function::Condition;
use crate::space::structure::{Decision, DecisionId, Setting};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Bounds on hostile documents: nested repeats multiply.
pub(in crate::space) const MAX_ITEMS: usize = 10_000;
pub(in crate::space) const MAX_DECISIONS: usize = 10_000;
pub(in crate::space) const MAX_DEPTH: usize = 32;
pub(in crate::space) const MAX_SHARED: usize = 64;

/// A `choice` of the space.
pub(in crate::space) struct Shared {
    pub label: String,
    pub values: Vec<Spanned<Value>>,
    pub id: DecisionId,
}

pub(in crate::space) struct Compiler {
    pub errors: Vec<Diagnostic>,
    pub(in crate::space) decisions: Vec<Decision>,
    pub(in crate::space) labels: HashMap<String, Span>,
    pub(in crate::space) shared: Vec<Shared>,
    pub(in crate::space) names: Vec<Name>,
    /// All names of the network, to say that one comes later.
    pub(in crate::space) later: HashMap<String, Span>,
    /// Names that a space over a space has cut off.
    pub(in crate::space) gone: HashMap<String, Span>,
    pub(in crate::space) slots: usize,
    pub(in crate::space) items: usize,
    pub(in crate::space) full: bool,
    pub(in crate::space) cells: Vec<Declared>,
    /// How many groups of uses there are.
    pub(in crate::space) groups: usize,
    /// In a cell that decides for all its uses: its decisions so far.
    pub(in crate::space) reused: Option<HashMap<String, DecisionId>>,
    /// Decisions inside cells, which nothing outside may read.
    pub(in crate::space) hidden: HashSet<DecisionId>,
    /// How many blocks of a `when` there were, and those around here, outermost first.
    pub(in crate::space) bodies: usize,
    pub(in crate::space) within: Vec<usize>,
    /// Combinations of what expressions read, so far.
    pub(in crate::space) worked_out: usize,
    /// Declared choices that something reads.
    pub(in crate::space) used: HashSet<DecisionId>,
    /// The conditions of choices.
    pub(in crate::space) guards: BTreeMap<DecisionId, Condition>,
    /// Labels of choices that trainings read.
    pub(in crate::space) trained: HashSet<String>,
    /// `fix` and `keep`.
    pub(in crate::space) narrowings: Vec<Narrowing>,
}

/// What surrounds an entry.
#[derive(Clone)]
pub(in crate::space) struct Place {
    /// Before its label: empty, `p3/`, `d1[2]/`.
    pub prefix: String,
    pub depth: usize,
    /// A `repeat`'s stride, for the first layer of its first copy.
    pub stride: Option<Setting>,
    /// Inside `choose`: the branch's name, which stands for kind and number.
    pub branch: Option<String>,
    /// Inside a cell: the channels of its nodes, for layers that name none.
    pub channels: Option<Setting>,
}

impl Place {
    /// What to say of a stride that comes from a repeat, or from a cell.
    pub(in crate::space) fn whose(&self, repeat: &'static str, cell: &'static str) -> &'static str {
        if self.channels.is_some() { cell } else { repeat }
    }
}

/// A name that later layers may read.
pub(in crate::space) struct Name {
    pub name: String,
    pub slot: usize,
    pub span: Span,
    /// The block of a `when` that gave it; 0: it is there always.
    pub body: usize,
}

/// A cell as it is written, what it is like already filled in.
#[derive(Clone)]
pub(in crate::space) struct Declared {
    pub name: String,
    pub node: Node,
    /// What all uses that do not decide for themselves have decided so far, and their group.
    pub shared: Option<(usize, HashMap<String, DecisionId>)>,
}

impl Compiler {
    pub fn new() -> Self {
        Compiler {
            errors: vec![],
            decisions: vec![],
            labels: HashMap::new(),
            shared: vec![],
            names: vec![],
            later: HashMap::new(),
            gone: HashMap::new(),
            slots: 0,
            items: 0,
            full: false,
            cells: vec![],
            groups: 0,
            reused: None,
            hidden: HashSet::new(),
            bodies: 0,
            within: vec![],
            worked_out: 0,
            used: HashSet::new(),
            guards: BTreeMap::new(),
            trained: HashSet::new(),
            narrowings: vec![],
        }
    }

    pub(in crate::space) fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) {
        self.errors.push(Diagnostic::error(code, message, span, label));
    }

    pub(in crate::space) fn error_help(&mut self, code: &'static str, message: String, span: Span, label: &str, help: impl Into<String>) {
        self.errors.push(Diagnostic::error(code, message, span, label).help(help));
    }

    /// A new decision; an error where the label is taken.
    pub(in crate::space) fn decide(&mut self, label: &str, options: Vec<String>, span: Span, shared: bool) -> Option<DecisionId> {
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
            self.hidden.insert(self.decisions.len());
        }
        self.decisions.push(Decision {
            label: label.to_string(),
            options,
            span,
            address: 0,
            ranked: vec![],
            shared,
            ordered: false,
            read: false,
        });
        Some(self.decisions.len() - 1)
    }

    pub(in crate::space) fn overflow(&mut self, span: Span) {
        if !self.full {
            self.full = true;
            let message = format!("the network is larger than nasflow compiles: more than {MAX_ITEMS} layers or {MAX_DECISIONS} decisions");
            self.error("too-large", message, span, "reached here");
        }
    }
}
