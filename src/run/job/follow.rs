//! Progress and stop over files, for workers that no pipe reaches: a worker appends its lines to `progress-NAME` of its
//! attempt's folder and ends with a checkpoint once `stop-NAME` is there. `NAME` tells attempts apart that share a folder.

use super::message::WorkerMessage;
use crate::store::{Attempt, StoreError};

/// The file that a worker appends its lines to.
pub fn progress_file(name: &str) -> String {
    format!("progress-{name}")
}

/// The file whose presence asks a worker to stop.
pub fn stop_file(name: &str) -> String {
    format!("stop-{name}")
}

/// Reads a worker's lines as they come.
pub struct Tail {
    attempt: Attempt,
    file: String,
    read: u64,
}

impl Tail {
    /// From the first line.
    pub fn new(attempt: Attempt, name: &str) -> Tail {
        Tail { attempt, file: progress_file(name), read: 0 }
    }

    /// The whole lines that have come since. A line that is no [`WorkerMessage`] is passed over.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn lines(&mut self) -> Result<Vec<WorkerMessage>, StoreError> {
        let bytes = self.attempt.read_from(&self.file, self.read)?;
        let Some(end) = bytes.iter().rposition(|&b| b == b'\n') else { return Ok(Vec::new()) };
        self.read += end as u64 + 1;
        Ok(bytes[..end].split(|&b| b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// Removes the files of an attempt that has ended. What cannot be removed does no harm.
    pub fn remove(&self, name: &str) {
        let _ = self.attempt.remove(&self.file);
        let _ = self.attempt.remove(&stop_file(name));
    }
}

/// Asks a worker to stop.
///
/// # Errors
/// A file that cannot be written.
pub fn stop(attempt: &Attempt, name: &str) -> Result<(), StoreError> {
    attempt.write(&stop_file(name), b"stop\n")
}

/// Appends a line, as the worker does.
///
/// # Errors
/// A file that cannot be written.
pub fn say(attempt: &Attempt, name: &str, line: &WorkerMessage) -> Result<(), StoreError> {
    let mut bytes = serde_json::to_vec(line).map_err(|e| StoreError::Invalid { message: e.to_string() })?;
    bytes.push(b'\n');
    attempt.append(&progress_file(name), &bytes)
}

/// Whether a worker was asked to stop.
pub fn stopped(attempt: &Attempt, name: &str) -> bool {
    matches!(attempt.read(&stop_file(name)), Ok(Some(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::store::Store;

    #[test]
    fn lines_are_read_once_and_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path(), true).expect("a store");
        let attempt = Attempt::open(&store.blobs(), Digest::of(b"lock")).expect("an attempt");
        let mut tail = Tail::new(attempt.clone(), "1");
        assert!(tail.lines().expect("no file yet").is_empty());
        say(&attempt, "1", &WorkerMessage::Began).expect("said");
        say(&attempt, "1", &WorkerMessage::Iteration { done: 1, of: 2, loss: 0.5 }).expect("said");
        say(&attempt, "2", &WorkerMessage::Waiting).expect("said");
        attempt.append("progress-1", b"{\"event\":\"note\",\"mess").expect("half a line");
        let lines = tail.lines().expect("lines");
        assert!(matches!(lines[..], [WorkerMessage::Began, WorkerMessage::Iteration { done: 1, of: 2, .. }]), "{lines:?}");
        assert!(tail.lines().expect("nothing new").is_empty());
        attempt.append("progress-1", b"age\":\"m\"}\nno line\n").expect("the other half");
        assert!(matches!(&tail.lines().expect("lines")[..], [WorkerMessage::Note { message }] if message == "m"));
        assert!(!stopped(&attempt, "1"));
        stop(&attempt, "1").expect("stop");
        assert!(stopped(&attempt, "1") && !stopped(&attempt, "2"));
        tail.remove("1");
        assert!(!stopped(&attempt, "1") && attempt.read("progress-1").expect("a look").is_none());
    }
}
