//! What the status of a worker says of how it ended.

use super::launcher::Ended;
use crate::run::job::exit;

/// What happened, and the last line of the worker's log.
pub fn with_log(how: &str, log: &Option<String>) -> String {
    match log {
        Some(line) => format!("{how}; its log ends with: {line}"),
        None => how.to_string(),
    }
}

/// Ended by a signal.
pub fn by_signal(signal: i32, log: Option<String>) -> Ended {
    match signal {
        // The system's way to make room.
        9 => Ended::OutOfMemory(with_log("killed (signal 9): out of memory?", &log)),
        6 => Ended::Killed(with_log("aborted (signal 6)", &log)),
        11 => Ended::Killed(with_log("crashed (signal 11)", &log)),
        other => Ended::Killed(with_log(&format!("ended by signal {other}"), &log)),
    }
}

/// Ended with a code.
pub fn by_code(code: i32, log: Option<String>) -> Ended {
    match code {
        exit::DONE => Ended::Done { seconds: 0.0, count: 0 },
        exit::STOPPED => Ended::Stopped,
        exit::BROKEN => Ended::Broken(with_log("the worker could not go on", &log)),
        101 => Ended::Failed(log.unwrap_or_else(|| "panicked".into())),
        code => Ended::Failed(log.unwrap_or_else(|| format!("ended with code {code} and no result"))),
    }
}

/// As a shell says it: 128 and the number of the signal.
pub fn by_shell_code(code: i32, log: Option<String>) -> Ended {
    match code {
        129..=192 => by_signal(code - 128, log),
        code => by_code(code, log),
    }
}
