//! How far something long is: on a terminal a line that changes, elsewhere a line now and then.

use crate::base::units;
use crate::cli::print;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often a terminal's line changes.
const OFTEN: Duration = Duration::from_millis(200);
/// How often a line is written elsewhere.
const SELDOM: Duration = Duration::from_secs(15);

/// Says how far it is.
pub struct Told {
    what: &'static str,
    terminal: bool,
    last: Instant,
    shown: bool,
}

impl Told {
    /// Of something that is said in a word or two.
    pub fn new(what: &'static str) -> Told {
        Told { what, terminal: std::io::stderr().is_terminal(), last: Instant::now(), shown: false }
    }

    /// Bytes of bytes.
    pub fn bytes(&mut self, done: u64, all: u64) {
        self.say(|| format!("{} of {}", units::shown(done), units::shown(all)));
    }

    /// Bytes, of nobody knows how many.
    pub fn moved(&mut self, bytes: u64) {
        self.say(|| units::shown(bytes));
    }

    /// Results of results.
    pub fn results(&mut self, done: usize, all: usize) {
        self.say(|| format!("{done} of {all} results"));
    }

    fn say(&mut self, text: impl FnOnce() -> String) {
        if self.last.elapsed() < if self.terminal { OFTEN } else { SELDOM } {
            return;
        }
        self.last = Instant::now();
        let line = format!("{}: {}", self.what, text());
        if self.terminal {
            self.shown = true;
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        } else {
            print::note(&line);
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
