//! Printing: a broken pipe is a success, errors go to the error stream.

use super::failure::Failure;
use crate::document::{Diagnostics, render};
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

/// Prints to the output; a reader that went away is fine.
pub fn out(text: &str) {
    let mut stdout = io::stdout().lock();
    if let Err(e) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
        && e.kind() == io::ErrorKind::BrokenPipe
    {
        std::process::exit(0);
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
}

/// Prints why a command failed.
pub fn failure(failure: &Failure) {
    match failure {
        Failure::Document(d) => diagnostics(d),
        Failure::Message(m) => note(&format!("nasflow: {m}")),
    }
}
