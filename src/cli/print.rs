//! Printing: a broken pipe is a success, errors go to the error stream.

use super::failure::Failure;
use crate::document::{Diagnostics, Severity, render};
use std::io::{self, IsTerminal, Write};
use terminal_size::{Width, terminal_size_of};

/// Columns of the terminal that reads the output; none where a file or a pipe does, which gets everything whole.
pub fn columns() -> Option<usize> {
    terminal_size_of(io::stdout()).map(|(Width(columns), _)| usize::from(columns)).filter(|c| *c > 0)
}

/// Likewise of the error stream.
pub fn error_columns() -> Option<usize> {
    terminal_size_of(io::stderr()).map(|(Width(columns), _)| usize::from(columns)).filter(|c| *c > 0)
}

/// Whether the error stream shows colours (NO_COLOR: <https://no-color.org>).
fn colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// What the program leaves when its output cannot be written (`EX_IOERR`).
const OUTPUT_FAILED: i32 = 74;

/// Prints to the output; a reader that went away is fine. Where it cannot be written (a full disk), that is the end: a table that is
/// cut short must not look whole.
pub fn out(text: &str) {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(e) => {
            note(&format!("nasflow: the output cannot be written: {e}"));
            std::process::exit(OUTPUT_FAILED);
        }
    }
}

/// Prints to the error stream.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints findings with their places.
pub fn diagnostics(diagnostics: &Diagnostics) {
    let text = match error_columns() {
        Some(columns) => render::on_terminal(diagnostics, colours(), columns),
        None => render::diagnostics(diagnostics, false),
    };
    note(text.trim_end());
    if let Some(first) = diagnostics.items.iter().find(|d| d.severity == Severity::Error) {
        note(&format!(
            "\n`nasflow help {}` explains {}",
            first.code,
            if diagnostics.items.len() > 1 { "the first; so for each code" } else { "it" }
        ));
    }
}

/// Prints why a command failed.
pub fn failure(failure: &Failure) {
    match failure {
        Failure::Document(d) => diagnostics(d),
        Failure::Index(m) | Failure::Message(m) => note(&format!("nasflow: {m}")),
    }
}
