//! What a run needs of a place: to ask for many results, and to put results while it goes on.

use super::crew::{Crew, Pulse};
use super::fault::Fault;
use super::key::{PublicKey, SecretKey};
use super::line::Line;
use super::look::{Found, bytes, look, strangers};
use super::place::{FORMAT, VERSION};
use super::push::{Done, Parcel, Pushing, push, put_bytes};
use super::remark::Remarks;
use super::take::{Taken, take};
use super::transport::{Put, Remote, Stored};
use crate::base::Digest;
use crate::store::{Blobs, Record, StoreError};
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Requests at a time.
const READERS: usize = 16;
/// Results that are put at a time.
const WRITERS: usize = 6;
/// How often it is looked whether the user wants to stop.
const OFTEN: Duration = Duration::from_millis(50);
/// So much longer than a request may take nothing may move.
const GRACE: Duration = Duration::from_secs(3);

/// How a place is used.
#[derive(Clone, Debug)]
pub struct Sharing {
    /// Results come from there.
    pub read: bool,
    /// Results go there.
    pub write: bool,
    /// Whose claims count, besides one's own.
    pub trust: Vec<PublicKey>,
    /// Who signs.
    pub secret: Option<SecretKey>,
    /// Longest time without an answer.
    pub timeout: Duration,
    /// Optimiser states, too.
    pub states: bool,
}

/// A result that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The action.
    pub key: Digest,
    /// The action without its numerics class.
    pub what: Digest,
    /// The digest of its text: a result is taken only where it says that it is of this text.
    pub text: Digest,
}

/// What came.
#[derive(Debug, Default)]
pub struct Came {
    /// Results, all that they name being here now.
    pub records: Vec<Record>,
    /// States that they name and that stay away.
    pub lacking: Vec<Digest>,
    /// Bytes that were moved, or would be.
    pub bytes: u64,
    /// What there is to say.
    pub remarks: Remarks,
    /// Why our own store could not take them.
    pub error: Option<StoreError>,
}

/// What was put.
#[derive(Debug, Default)]
pub struct Pushed {
    /// Results that are new there.
    pub new: usize,
    /// Bytes that were moved.
    pub bytes: u64,
    /// The keys of those that are there now.
    pub there: Vec<Digest>,
    /// Results that could not be put.
    pub left: usize,
    /// What there is to say.
    pub remarks: Remarks,
    /// Why our own store could not give them.
    pub error: Option<StoreError>,
}

/// A place, and how it is used.
pub struct Team {
    sharing: Sharing,
    reading: Line,
    writing: Line,
    /// Blobs of which it was seen that they are damaged there.
    damaged: Arc<Mutex<HashSet<Digest>>>,
    said: AtomicBool,
}

impl fmt::Debug for Team {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Team at {}", self.address())
    }
}

impl Team {
    /// Over a place; nothing is asked of it yet.
    pub fn new(remote: Arc<dyn Remote>, sharing: Sharing) -> Team {
        let line = || Line::new(Arc::clone(&remote), sharing.timeout);
        let (reading, writing) = (line(), line());
        Team { sharing, reading, writing, damaged: Arc::default(), said: AtomicBool::new(false) }
    }

    /// How it is used.
    pub fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    /// The address of the place.
    pub fn address(&self) -> &str {
        self.reading.remote().name()
    }

    /// The place, for reading.
    pub fn line(&self) -> &Line {
        &self.reading
    }

    /// Whose claims count: one's own first.
    pub fn trusted(&self) -> Vec<PublicKey> {
        let own = self.sharing.secret.as_ref().map(SecretKey::public);
        let others = self.sharing.trust.iter().copied().filter(|key| Some(*key) != own);
        own.into_iter().chain(others).collect()
    }

    /// Whether results come from there: somebody is trusted, and it serves.
    pub fn reads(&self) -> bool {
        self.sharing.read && self.reading.failed().is_none() && !self.trusted().is_empty()
    }

    /// Whether results go there: there is somebody to sign, and it serves.
    pub fn writes(&self) -> bool {
        self.sharing.write && self.sharing.secret.is_some() && self.writing.failed().is_none()
    }

    /// Why the place does not serve.
    pub fn failure(&self) -> Option<&str> {
        self.reading.failed().or(self.writing.failed())
    }

    /// The same, once.
    pub fn news(&self) -> Option<String> {
        let why = self.failure()?;
        (!self.said.swap(true, Ordering::Relaxed)).then(|| why.to_string())
    }

    /// Asks for results, many at a time; takes what they name into `blobs`, or only looks, where there are none. What a place that
    /// fails, or a user who wants to stop, leaves undone stays away. `told` hears how many were answered, of how many, and the bytes.
    pub fn ask(&self, blobs: Option<&Blobs>, asked: Vec<Asked>, stop: &dyn Fn() -> bool, told: &mut dyn FnMut(usize, usize, u64)) -> Came {
        let mut came = Came::default();
        if asked.is_empty() || !self.reads() {
            return came;
        }
        let all = asked.len();
        let (line, trusted, states, blobs) = (self.reading.clone(), self.trusted(), self.sharing.states, blobs.cloned());
        let layout: OnceLock<bool> = OnceLock::new();
        let mut crew = Crew::new(READERS.min(all), move |asked: Asked, pulse: &Pulse| {
            let mut remarks = Remarks::default();
            let answer = match *layout.get_or_init(|| is_ours(&line)) {
                true => answer(&line, blobs.as_ref(), &asked, &trusted, states, pulse, &mut remarks),
                false => Ok(None),
            };
            (answer, remarks)
        });
        asked.into_iter().for_each(|asked| crew.give(asked));
        while crew.open() > 0 && !stop() {
            if let Some((answer, remarks)) = crew.heard(OFTEN) {
                came.remarks.take(remarks);
                match answer {
                    Ok(Some((found, taken))) => {
                        came.bytes += taken.bytes;
                        came.lacking.extend(taken.lacking);
                        came.records.push(found.record);
                    }
                    Err(Fault::Store(e)) => drop(came.error.get_or_insert(e)),
                    Ok(None) | Err(_) => {}
                }
            } else if crew.silent() > self.sharing.timeout + GRACE {
                self.reading.give_up(format!("no answer within {} s", self.sharing.timeout.as_secs()));
                break;
            }
            told(all - crew.open(), all, crew.bytes());
        }
        // In the order of keys, whoever was quicker.
        came.records.sort_by_key(|record| record.key);
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).extend(came.remarks.damaged());
        came
    }

    /// Keys that are not trusted under whose names claims of these actions lie, once for each action. A place that does not answer
    /// says nothing.
    pub fn strangers(&self, actions: Vec<Digest>) -> Vec<PublicKey> {
        let mut found = Vec::new();
        if actions.is_empty() || !self.sharing.read || self.reading.failed().is_some() {
            return found;
        }
        let (line, trusted) = (self.reading.clone(), self.trusted());
        let ask = move |key: Digest, _: &Pulse| strangers(&line, &key, &trusted).unwrap_or_default();
        let mut crew = Crew::new(READERS.min(actions.len()), ask);
        actions.into_iter().for_each(|key| crew.give(key));
        while crew.open() > 0 {
            match crew.heard(OFTEN) {
                Some(signers) => found.extend(signers),
                None if crew.silent() > self.sharing.timeout + GRACE => {
                    self.reading.give_up(format!("no answer within {} s", self.sharing.timeout.as_secs()));
                    break;
                }
                None => {}
            }
        }
        found
    }

    /// Puts results, by threads of its own; none where nobody signs.
    pub fn pusher(&self, blobs: Blobs) -> Option<Pusher> {
        let signer = self.sharing.secret.clone().filter(|_| self.sharing.write)?;
        let how = Pushing { signer, trusted: self.trusted(), states: self.sharing.states };
        let (line, damaged) = (self.writing.clone(), Arc::clone(&self.damaged));
        let layout: OnceLock<bool> = OnceLock::new();
        let crew = Crew::new(WRITERS, move |parcel: Parcel, pulse: &Pulse| {
            if !*layout.get_or_init(|| made_ours(&line)) {
                return Err(Fault::Down(line.failed().unwrap_or_default().to_string()));
            }
            let damaged = damaged.lock().unwrap_or_else(PoisonError::into_inner).clone();
            push(&line, &blobs, &parcel, &how, &damaged, pulse)
        });
        Some(Pusher { crew, line: self.writing.clone(), pushed: Pushed::default() })
    }
}

/// The answer for one result.
fn answer(
    line: &Line,
    blobs: Option<&Blobs>,
    asked: &Asked,
    trusted: &[PublicKey],
    states: bool,
    pulse: &Pulse,
    remarks: &mut Remarks,
) -> Result<Option<(Found, Taken)>, Fault> {
    let fits = |record: &Record| record.what == asked.what && Digest::of(record.text.as_bytes()) == asked.text;
    let Some(found) = look(line, &asked.key, trusted, &fits, remarks)? else { return Ok(None) };
    let taken = match blobs {
        Some(blobs) => take(line, blobs, &found, states, pulse, remarks)?,
        None => Some(Taken { bytes: found.claim.bytes, lacking: Vec::new() }),
    };
    Ok(taken.map(|taken| (found, taken)))
}

/// Whether there is anything to read; where something else lies there, the place is given up.
fn is_ours(line: &Line) -> bool {
    let most = VERSION.len() as u64;
    match line.ask(most, |remote, limit| bytes(remote, FORMAT, most, limit)) {
        Ok(found) if found == VERSION => true,
        Ok(_) | Err(Fault::TooLarge { .. } | Fault::Damaged) => {
            line.give_up(format!("its object `{FORMAT}` is not this nasflow's: a newer one wrote it, or other things lie there"));
            false
        }
        // Nobody has put anything there yet, or it does not serve.
        Err(_) => false,
    }
}

/// Makes sure that what lies there is ours, or nothing.
fn made_ours(line: &Line) -> bool {
    match put_bytes(line, FORMAT, VERSION, Put::IfAbsent) {
        Ok(Stored::New) => true,
        Ok(Stored::There) => is_ours(line),
        Err(_) => false,
    }
}

/// Puts results while its caller does other things.
pub struct Pusher {
    crew: Crew<Parcel, Result<Done, Fault>>,
    line: Line,
    pushed: Pushed,
}

impl Pusher {
    /// One more result.
    pub fn give(&mut self, parcel: Parcel) {
        self.crew.give(parcel);
    }

    /// Results that are not done.
    pub fn open(&self) -> usize {
        self.crew.open()
    }

    /// What is done by now, without waiting for more.
    pub fn gather(&mut self) -> &mut Pushed {
        while self.hear(Duration::ZERO) {}
        &mut self.pushed
    }

    fn hear(&mut self, wait: Duration) -> bool {
        let Some(done) = self.crew.heard(wait) else { return false };
        match done {
            Ok(done) => {
                self.pushed.new += usize::from(done.new);
                self.pushed.bytes += done.bytes;
                self.pushed.there.push(done.key);
                self.pushed.remarks.take(done.remarks);
            }
            Err(fault) => {
                self.pushed.left += 1;
                if let Fault::Store(e) = fault {
                    self.pushed.error.get_or_insert(e);
                }
            }
        }
        true
    }

    /// Waits until all is done, until nothing moves any more, the time is over, or the user wants to stop. `told` hears how many are
    /// open, and the bytes.
    pub fn wait(&mut self, most: Option<Duration>, stop: &dyn Fn() -> bool, told: &mut dyn FnMut(usize, u64)) {
        let begun = Instant::now();
        while self.crew.open() > 0 && !stop() && most.is_none_or(|most| begun.elapsed() < most) {
            if !self.hear(OFTEN) && self.crew.silent() > self.line.timeout() + GRACE {
                self.line.give_up(format!("no answer within {} s", self.line.timeout().as_secs()));
                break;
            }
            told(self.crew.open(), self.crew.bytes());
        }
    }

    /// What was put in all; what is still open counts as left, and is not begun any more.
    pub fn end(mut self) -> Pushed {
        self.gather();
        self.pushed.left += self.crew.open();
        self.pushed
    }
}
