//! Findings as people read them: miette's graphical reports. Makes text; printing is the command line's.

use super::traps::shorten;
use super::{Diagnostic, Diagnostics, Severity, Sources, Span};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};
use std::fmt;

/// Lines longer than this are not shown, only named.
const LONGEST_LINE: usize = 400;
const WIDTH: usize = 100;

/// The report of a failed load.
pub fn diagnostics(found: &Diagnostics, colour: bool) -> String {
    report(&found.sources, &found.items, colour)
}

/// The report of some findings, with a count at its end where there are several.
pub fn report(sources: &Sources, items: &[Diagnostic], colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false).with_wrap_lines(false).with_context_lines(1);
    let mut out = String::new();
    for item in items {
        if handler.render_report(&mut out, &Shown::new(sources, item)).is_err() {
            out.push_str(&plain(sources, item));
        }
        out.push('\n');
    }
    let count = |severity: Severity| items.iter().filter(|d| d.severity == severity).count();
    let number = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if items.len() > 1 {
        let parts: Vec<String> =
            [(errors, "error"), (warnings, "warning")].into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| number(n, what)).collect();
        out.push_str(&parts.join(", "));
        out.push('\n');
    }
    out
}

/// `file:line:column`, both counted from 1, the column in characters.
pub fn place(sources: &Sources, span: Span) -> String {
    let Some((path, text)) = sources.files.get(usize::from(span.file)) else { return String::new() };
    let before = text.get(..span.offset).unwrap_or(text);
    let line = before.rfind('\n').map_or(0, |i| i + 1);
    format!("{path}:{}:{}", before.matches('\n').count() + 1, before[line..].chars().count() + 1)
}

fn plain(sources: &Sources, item: &Diagnostic) -> String {
    let at = item.labels.first().map_or(String::new(), |(span, _)| format!("{}: ", place(sources, *span)));
    let help = item.help.as_ref().map_or(String::new(), |h| format!("\n  help: {h}"));
    format!("{at}{}{help}\n", item.message)
}

/// A finding with the text that it points into; labels in other files become findings of their own beside it.
struct Shown<'a> {
    item: &'a Diagnostic,
    main: bool,
    message: String,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Shown<'a>>,
}

impl<'a> Shown<'a> {
    fn new(sources: &Sources, item: &'a Diagnostic) -> Self {
        let mut files: Vec<u16> = item.labels.iter().map(|(span, _)| span.file).collect();
        files.dedup();
        let main = files.first().copied().unwrap_or(0);
        let mut shown = Self::of_file(sources, item, main, item.message.clone());
        let mut others: Vec<u16> = files.into_iter().filter(|f| *f != main).collect();
        others.sort_unstable();
        others.dedup();
        shown.elsewhere = others
            .into_iter()
            .map(|file| Shown { main: false, help: None, ..Self::of_file(sources, item, file, "the other place".into()) })
            .collect();
        shown
    }

    fn of_file(sources: &Sources, item: &'a Diagnostic, file: u16, message: String) -> Self {
        let labels: Vec<&(Span, String)> = item.labels.iter().filter(|(span, _)| span.file == file).collect();
        let source = sources
            .files
            .get(usize::from(file))
            .filter(|(_, text)| !text.is_empty() && labels.iter().all(|(span, _)| short_line(text, *span)));
        let message = match (source, labels.first()) {
            (None, Some((span, _))) if !sources.files.is_empty() => format!("{message}\nat {}", place(sources, *span)),
            _ => message,
        };
        Shown {
            item,
            main: true,
            message: wrap(&message, WIDTH - 4),
            // The first label is the main place: its line and column stand in the header.
            labels: labels
                .iter()
                .enumerate()
                .map(|(i, (span, text))| match i {
                    0 => LabeledSpan::new_primary_with_span(Some(text.clone()), (span.offset, span.len)),
                    _ => LabeledSpan::new(Some(text.clone()), span.offset, span.len),
                })
                .collect(),
            help: item.help.as_deref().map(|help| wrap(help, WIDTH - 8)),
            source: source.map(|(path, text)| NamedSource::new(path, text.clone())),
            elsewhere: Vec::new(),
        }
    }
}

/// Breaks a text at spaces only: names with hyphens stay whole.
fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.split('\n') {
        let mut column = 0;
        for word in line.split(' ') {
            let len = word.chars().count();
            if column > 0 {
                let fits = column + 1 + len <= width;
                out.push(if fits { ' ' } else { '\n' });
                column = if fits { column + 1 } else { 0 };
            }
            out.push_str(word);
            column += len;
        }
        out.push('\n');
    }
    out.pop();
    out
}

fn short_line(text: &str, span: Span) -> bool {
    let (Some(before), Some(behind)) = (text.get(..span.offset), text.get(span.offset..)) else { return false };
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let end = behind.find('\n').unwrap_or(behind.len());
    before.len() - start + end <= LONGEST_LINE && span.len <= 4 * LONGEST_LINE
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shorten(&self.message))
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        // What is shown beside another finding has its code and help there.
        self.main.then(|| Box::new(format!("nasflow::{}", self.item.code)) as Box<dyn fmt::Display>)
    }
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.item.severity {
            _ if !self.main => miette::Severity::Advice,
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|s| s as &dyn miette::SourceCode)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        Some(Box::new(self.labels.iter().cloned()))
    }
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.elsewhere.is_empty() { None } else { Some(Box::new(self.elsewhere.iter().map(|s| s as &dyn miette::Diagnostic))) }
    }
}
