//! Diagnostics: what is wrong, where, and what to write instead. Shown by miette, many in one report.

use super::tree::{Sources, Span};
use std::fmt;

/// Whether a diagnostic stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used; the reader should know.
    Warning,
}

/// One finding in a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable code such as `unknown-node`, shown as `nasflow::unknown-node`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// Places with what to say there; the first is the main one.
    pub labels: Vec<(Span, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at one place.
    pub fn error(code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Error, code, message: message.into(), labels: vec![(span, label.into())], help: None }
    }

    /// A warning at one place.
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Self::error(code, message, span, label) }
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With one more place.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push((span, label.into()));
        self
    }
}

/// All findings of a pipeline with the texts that they point into. Never empty.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    /// The texts.
    pub sources: Sources,
    /// The findings, in the order of the files.
    pub items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// True where nothing stops the run.
    pub fn only_warnings(&self) -> bool {
        self.items.iter().all(|d| d.severity == Severity::Warning)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for d in &self.items {
            writeln!(f, "{}: {}", d.code, d.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// Adds a finding. Where the same was said of another place, this place joins that finding: one cause is one finding.
pub fn join(found: &mut Vec<Diagnostic>, finding: Diagnostic) {
    /// Further places of one finding that are shown.
    const SHOWN: usize = 3;
    let Some(first) = found.iter_mut().find(|d| (d.code, &d.message) == (finding.code, &finding.message)) else {
        return found.push(finding);
    };
    let new: Vec<_> = finding.labels.into_iter().filter(|(span, _)| first.labels.iter().all(|(known, _)| known != span)).collect();
    let room = (SHOWN + 2).saturating_sub(first.labels.len());
    first.labels.extend(new.into_iter().take(room).map(|(span, _)| (span, "here, too".to_string())));
}

/// The nearest of `known` to `written`, where one is near enough to be meant: edit distance at most a third of its length, at
/// least 1; capitals count as small letters.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A name of a megabyte is nobody's typo, and would cost a megabyte squared.
    const LONGEST: usize = 64;
    if written.len() > LONGEST {
        return None;
    }
    let (small, length) = (written.to_lowercase(), written.chars().count());
    let bound = |k: &str| (k.chars().count().max(length) / 3).max(1);
    known
        .into_iter()
        .filter(|k| k.len() <= LONGEST)
        // Names of very different lengths are not near, which is seen at once. (The ones known are plain letters; of `written`, small
        // letters may be more than its own.)
        .filter(|k| k.chars().count().abs_diff(small.chars().count()) <= bound(k))
        .map(|k| (strsim::osa_distance(&small, &k.to_lowercase()), strsim::osa_distance(written, k), k))
        .filter(|(d, _, k)| *d <= bound(k))
        .min_by_key(|(d, exact, _)| (*d, *exact))
        .map(|(_, _, k)| k)
}
