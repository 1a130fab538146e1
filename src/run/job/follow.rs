//! What passes between a worker that no pipe reaches and whoever follows it: files of the attempt's folder. `NAME` is given once and
//! never again, so that attempts which share a folder are told apart, whatever comes late or twice.
//!
//! - `progress-NAME`: the worker appends its lines.
//! - `stop-NAME`: asks it to end with a checkpoint; before it begins, not to begin. Stays where it may still come.
//! - `taken-NAME`: made by whoever begins on it; a second process finds it and ends. So a job that a cluster launches twice works once.
//! - `next-NAME`: once it has finished, the next assignment, or that there is none. The first to make it decides: whoever gives
//!   work, or the worker that has waited long enough.
//! - `left-NAME`: the exit code of a worker, written by the script that started it.

use super::message::WorkerMessage;
use crate::base::Digest;
use crate::store::{Attempt, StoreError};

/// The file that a worker appends its lines to.
pub fn progress_file(name: &str) -> String {
    format!("progress-{name}")
}

/// The file whose presence asks a worker to stop.
pub fn stop_file(name: &str) -> String {
    format!("stop-{name}")
}

/// The file of whoever works on it.
pub fn taken_file(name: &str) -> String {
    format!("taken-{name}")
}

/// The file of what comes after it.
pub fn next_file(name: &str) -> String {
    format!("next-{name}")
}

/// The file of the exit code.
pub fn left_file(name: &str) -> String {
    format!("left-{name}")
}

/// Whether files of this name serve a worker and who follows it, and nothing goes on from them.
pub fn is_talk(file: &str) -> bool {
    ["progress-", "stop-", "taken-", "next-", "left-"].iter().any(|prefix| file.starts_with(prefix))
}

/// Begins to work on the attempt of this name; false where somebody else has, or where it was called off.
///
/// # Errors
/// A file that cannot be written.
pub fn take(attempt: &Attempt, name: &str) -> Result<bool, StoreError> {
    let who = format!("process {}\n", std::process::id());
    Ok(!stopped(attempt, name) && attempt.create(&taken_file(name), who.as_bytes())?)
}

/// Whether somebody has begun to work on it.
pub fn taken(attempt: &Attempt, name: &str) -> bool {
    attempt.file(&taken_file(name)).exists()
}

/// What a worker does after an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It ends.
    Leave,
    /// Another assignment.
    Work {
        /// What the lock is held on.
        lock: Digest,
        /// The key that is wanted.
        key: Digest,
        /// The name of the attempt.
        name: String,
    },
}

/// Says what comes after the assignment of this name; false where that was said before.
///
/// # Errors
/// A file that cannot be written.
pub fn decide(attempt: &Attempt, name: &str, next: &Next) -> Result<bool, StoreError> {
    let words = match next {
        Next::Leave => "leave\n".to_string(),
        Next::Work { lock, key, name } => format!("{} {} {name}\n", lock.hex(), key.hex()),
    };
    attempt.create(&next_file(name), words.as_bytes())
}

/// What was said to come after it; none where nothing was, or not wholly yet. What is not understood means to leave.
pub fn next(attempt: &Attempt, name: &str) -> Option<Next> {
    let bytes = attempt.read(&next_file(name)).ok()??;
    let text = std::str::from_utf8(&bytes).ok()?.strip_suffix('\n')?;
    let words: Vec<&str> = text.split(' ').collect();
    let [lock, key, name] = words[..] else { return Some(Next::Leave) };
    match (lock.parse(), key.parse()) {
        (Ok(lock), Ok(key)) if is_name(name) => Some(Next::Work { lock, key, name: name.to_string() }),
        _ => Some(Next::Leave),
    }
}

/// Whether a text may be the name of an attempt: it becomes part of names of files.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The exit code that a worker left; none where it has not ended, or nobody could say it.
pub fn left(attempt: &Attempt, name: &str) -> Option<i32> {
    let bytes = attempt.read(&left_file(name)).ok()??;
    std::str::from_utf8(&bytes).ok()?.strip_suffix('\n')?.trim().parse().ok()
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
        self.remove_but_stop(name);
        let _ = self.attempt.remove(&stop_file(name));
    }

    /// The same of one whose worker may still come, and finds that it is not wanted. That it was taken stays said, too.
    pub fn remove_but_stop(&self, name: &str) {
        for file in [&self.file, &next_file(name), &left_file(name)] {
            let _ = self.attempt.remove(file);
        }
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

    #[test]
    fn an_attempt_is_begun_once_and_what_comes_next_is_decided_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path(), true).expect("a store");
        let attempt = Attempt::open(&store.blobs(), Digest::of(b"lock")).expect("an attempt");
        assert!(take(&attempt, "1").expect("taken") && !take(&attempt, "1").expect("a look"));
        stop(&attempt, "2").expect("called off");
        assert!(!take(&attempt, "2").expect("a look") && !taken(&attempt, "2"));
        let work = Next::Work { lock: Digest::of(b"l"), key: Digest::of(b"k"), name: "2-a".into() };
        assert_eq!(next(&attempt, "1"), None);
        assert!(decide(&attempt, "1", &work).expect("said") && !decide(&attempt, "1", &Next::Leave).expect("a look"));
        assert_eq!(next(&attempt, "1"), Some(work));
        for (bytes, wanted) in [(&b"leave"[..], None), (b"leave\n", Some(Next::Leave)), (b"a b c\n", Some(Next::Leave)), (b"\xff\n", None)]
        {
            attempt.write(&next_file("3"), bytes).expect("written");
            assert_eq!(next(&attempt, "3"), wanted);
        }
        let escape = format!("{} {} ../x\n", Digest::of(b"l").hex(), Digest::of(b"k").hex());
        attempt.write(&next_file("3"), escape.as_bytes()).expect("written");
        assert_eq!(next(&attempt, "3"), Some(Next::Leave));
        assert_eq!(left(&attempt, "1"), None);
        attempt.write(&left_file("1"), b"137\n").expect("written");
        assert_eq!(left(&attempt, "1"), Some(137));
        assert!(is_talk("left-1") && is_talk("taken-1") && !is_talk("checkpoint.json"));
    }
}
