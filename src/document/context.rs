//! What decoding carries along: the texts, the findings, and which places are already known to be wrong.

use super::diagnostic;
use super::language::Language;
use super::pipeline::MetricWord;
use super::{Diagnostic, Diagnostics, Node, Severity, Sources, Span, Spanned};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Most findings that one report shows.
pub const MOST: usize = 60;

/// Where a param's value was written: paths are relative to that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// On the command line: relative to the working directory.
    CommandLine,
    /// In this file: relative to its folder.
    File(u16),
}

/// The state of one `load`.
#[derive(Default)]
pub struct Context {
    /// The words that rooms above describe.
    pub language: Language,
    /// Metrics that the file declares, at the first lines that do.
    pub declared: Vec<Spanned<&'static MetricWord>>,
    /// The texts read so far.
    pub sources: Sources,
    /// What the parser saw of them: comments, hidden nodes and traps overwritten.
    pub parsed: Vec<String>,
    /// What was found so far.
    pub found: Vec<Diagnostic>,
    /// Where the values that came from a `param` were written, for paths.
    pub origins: HashMap<Span, Origin>,
    /// Params that were used.
    pub used: HashSet<String>,
    /// Unknown names with the name that was probably meant (empty: none is near).
    suspects: Vec<(Span, &'static str)>,
    /// Whether what is decoded stands in a cell.
    pub in_cell: bool,
    /// (file, start) → end of places about which enough was said.
    poison: BTreeMap<(u16, usize), usize>,
}

impl Context {
    /// The beginning of a `load`.
    pub fn new(language: &Language) -> Self {
        Context { language: language.clone(), ..Context::default() }
    }

    /// Marks a place about which enough was said.
    pub fn poison(&mut self, span: Span) {
        self.poison.insert((span.file, span.offset), span.offset + span.len.max(1));
    }

    /// Whether a place touches one about which enough was said.
    pub fn poisoned(&self, span: Span) -> bool {
        let before = self.poison.range(..(span.file, span.offset + span.len.max(1))).next_back();
        before.is_some_and(|((file, _), end)| *file == span.file && *end > span.offset)
    }

    /// Adds a finding, after which nothing more is said about its place.
    pub fn spoil(&mut self, diagnostic: Diagnostic, span: Span) {
        self.push(diagnostic);
        self.poison(span);
    }

    /// Adds a finding, unless its main place is poisoned.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if diagnostic.labels.first().is_none_or(|(span, _)| !self.poisoned(*span)) {
            self.found.push(diagnostic);
        }
    }

    /// Adds a finding that other places may share: see [`diagnostic::join`].
    pub fn join(&mut self, finding: Diagnostic) {
        if finding.labels.first().is_none_or(|(span, _)| !self.poisoned(*span)) {
            diagnostic::join(&mut self.found, finding);
        }
    }

    /// Remembers an unknown name, so that what it probably stands for is not reported as missing.
    pub fn suspect(&mut self, span: Span, meant: &'static str) {
        self.suspects.push((span, meant));
    }

    /// Whether an unknown name probably stands for this one.
    pub fn suspects(&self, meant: &str) -> bool {
        self.suspects.iter().any(|(_, name)| *name == meant)
    }

    /// Whether something inside a node could not be read or is unknown.
    pub fn obscure(&self, node: &Node) -> bool {
        self.poisoned(node.span) || self.suspects.iter().any(|(span, _)| within(*span, node.span))
    }

    /// Says that something is missing from a node, unless part of the node could not be read, or an unknown name
    /// inside is near to what is missing (its label names that in backquotes).
    pub fn missing(&mut self, node: &Node, diagnostic: Diagnostic) {
        let label = diagnostic.labels.first().map_or("", |l| l.1.as_str());
        let meant = |name: &str| if name.is_empty() { node.children.is_empty() } else { label.contains(&format!("`{name}`")) };
        let suspected = self.suspects.iter().any(|(span, name)| within(*span, node.span) && meant(name));
        if !suspected && !self.poisoned(node.span) {
            self.push(diagnostic);
        }
    }

    /// Whether so much was found that what else there is will not be shown: it needs no advice.
    pub fn tired(&self) -> bool {
        self.found.len() > 2 * MOST
    }

    /// Whether an error was found.
    pub fn failed(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    /// What the parser saw at a place.
    pub fn text(&self, span: Span) -> &str {
        self.parsed.get(usize::from(span.file)).and_then(|text| text.get(span.offset..span.offset + span.len)).unwrap_or("")
    }

    /// The findings in the order of the files, bounded.
    pub fn finish(mut self) -> Diagnostics {
        // Beside errors, warnings are mostly their shadows.
        self.found.retain(|d| d.severity == Severity::Error);
        sort(&mut self.found);
        let more = self.found.len().saturating_sub(MOST);
        if more > 0 {
            self.found.truncate(MOST);
            let span = self.found.last().and_then(|d| d.labels.first()).map_or(Span::default(), |l| l.0);
            self.found.push(Diagnostic::error("too-many", format!("{more} more findings are not shown"), span, "up to here"));
        }
        Diagnostics { sources: self.sources, items: self.found }
    }
}

fn within(inner: Span, outer: Span) -> bool {
    inner.file == outer.file && outer.offset <= inner.offset && inner.offset < outer.offset + outer.len
}

/// Sorts findings by place, and drops repetitions.
pub fn sort(found: &mut Vec<Diagnostic>) {
    found.sort_by_key(|d| d.labels.first().map(|(span, _)| *span));
    found.dedup();
}
