//! Findings as people read them: miette's graphical reports. Makes text; printing is the command line's.

use super::excerpt::Excerpt;
use super::shorten::shorten;
use super::{Diagnostic, Diagnostics, Severity, Sources, Span};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan};
use std::fmt;

/// Messages are wrapped at this width where no terminal has another.
const WIDTH: usize = 100;
/// Longest source line that is shown whole in a file or pipe.
const LONGEST_LINE: usize = 200;
/// Columns of a frame that are not source: line number, rule and gutter.
const FRAME: usize = 10;
/// Columns that a reason has at least, even where it leaves the frame.
const NARROWEST: usize = 32;

/// How much fits.
#[derive(Clone, Copy)]
struct Room {
    /// Columns of the whole report.
    width: usize,
    /// Longest source line that is shown whole.
    longest: usize,
    /// Whether reasons are wrapped: in a file or pipe they stay whole, so that they can be searched for.
    wraps: bool,
}

/// The report of a failed load, for a file or a pipe.
pub fn diagnostics(found: &Diagnostics, colour: bool) -> String {
    report(&found.sources, &found.items, colour)
}

/// The report of a failed load, for a terminal of so many columns.
pub fn on_terminal(found: &Diagnostics, colour: bool, columns: usize) -> String {
    let width = columns.clamp(40, WIDTH);
    let room = Room { width, longest: columns.max(40) - FRAME, wraps: true };
    reported(&found.sources, &found.items, colour, room)
}

/// The report of some findings, with a count at its end where there are several.
pub fn report(sources: &Sources, items: &[Diagnostic], colour: bool) -> String {
    reported(sources, items, colour, Room { width: WIDTH, longest: LONGEST_LINE, wraps: false })
}

fn reported(sources: &Sources, items: &[Diagnostic], colour: bool, room: Room) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(room.width).with_links(false).with_wrap_lines(false).with_context_lines(1);
    let mut out = String::new();
    for item in items {
        if handler.render_report(&mut out, &Shown::new(sources, item, room)).is_err() {
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
    source: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Shown<'a>>,
}

impl<'a> Shown<'a> {
    fn new(sources: &Sources, item: &'a Diagnostic, room: Room) -> Self {
        let mut files: Vec<u16> = item.labels.iter().map(|(span, _)| span.file).collect();
        files.dedup();
        let main = files.first().copied().unwrap_or(0);
        let mut shown = Self::of_file(sources, item, main, &item.message, room);
        let mut others: Vec<u16> = files.into_iter().filter(|f| *f != main).collect();
        others.sort_unstable();
        others.dedup();
        shown.elsewhere = others
            .into_iter()
            .map(|file| Shown { main: false, help: None, ..Self::of_file(sources, item, file, "the other place", room) })
            .collect();
        shown
    }

    fn of_file(sources: &Sources, item: &'a Diagnostic, file: u16, message: &str, room: Room) -> Self {
        let (spans, texts): (Vec<Span>, Vec<&String>) =
            item.labels.iter().filter(|(span, _)| span.file == file).map(|(span, text)| (*span, text)).unzip();
        let text = sources.files.get(usize::from(file)).filter(|(_, text)| {
            let whole = |s: &Span| text.get(s.offset..s.offset + s.len).is_some();
            !text.is_empty() && spans.iter().all(whole)
        });
        let shown = text.map(|(path, text)| Excerpt::new(path, text, &spans, room.longest, room.longest.min(room.width - FRAME)));
        // Where there is no frame to point into, the reasons stand below the message.
        let message = match &shown {
            None if !sources.files.is_empty() => spans.iter().zip(&texts).fold(message.to_string(), |message, (span, text)| {
                let colon = if text.is_empty() { "" } else { ": " };
                format!("{message}\nat {}{colon}{text}", place(sources, *span))
            }),
            _ => message.to_string(),
        };
        let (source, moved) = shown.unzip();
        let reason = |text: &str, (from, len): (usize, usize), source: &Excerpt| match room.wraps {
            // It begins under the middle of what is marked; near the right border it takes some room of its own.
            true => wrap(text, room.width.saturating_sub(FRAME + 4 + source.column(from) + len / 2).max(NARROWEST)),
            false => text.to_string(),
        };
        let label = |(i, (&place, text)): (usize, (&(usize, usize), &&String))| {
            let text = source.as_ref().map(|source| reason(text, place, source));
            match i {
                // The first label is the main place: its line and column stand in the header.
                0 => LabeledSpan::new_primary_with_span(text, place),
                _ => LabeledSpan::new(text, place.0, place.1),
            }
        };
        Shown {
            item,
            main: true,
            message: wrap(&message, room.width - 4),
            labels: moved.iter().flatten().zip(&texts).enumerate().map(label).collect(),
            help: item.help.as_deref().map(|help| wrap(help, room.width - 8)),
            source,
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
