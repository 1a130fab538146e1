//! Printing: a broken pipe is a success, errors go to the error stream.

use super::Failure;
use crate::document::{Diagnostics, render};
use std::io::{self, IsTerminal, Write};

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
    note(render::diagnostics(diagnostics, io::stderr().is_terminal()).trim_end());
}

/// Prints why a command failed.
pub fn failure(failure: &Failure) {
    match failure {
        Failure::Document(d) => diagnostics(d),
        Failure::Message(m) => note(&format!("nasflow: {m}")),
    }
}
