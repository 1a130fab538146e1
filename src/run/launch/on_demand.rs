//! A launcher for tests, whose attempts do as they are told: work in this process, or fail in one of the ways in which attempts
//! fail.

use super::launcher::{Ended, Heard, Id, LastWords, LaunchError, Launcher, Start};
use crate::run::job::{WorkerMessage, exit};
use crate::run::worker::{Memory, work};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What becomes of an attempt.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It does its assignment.
    Work,
    /// It does its assignment, and nobody hears of it any more.
    WorkUnheard,
    /// It begins, and never ends by itself.
    Hang,
    /// Likewise, and it takes so many bytes of memory.
    Grow(u64),
    /// It ends so, at once.
    End(Ended),
}

/// Attempts that do as they are told.
pub struct OnDemand<'f> {
    fate: Box<dyn FnMut(&Start) -> Fate + 'f>,
    ids: Id,
    stops: HashMap<Id, Arc<AtomicBool>>,
    /// With the memory that they take.
    hanging: HashMap<Id, u64>,
    sender: Sender<Heard>,
    receiver: Receiver<Heard>,
}

impl<'f> OnDemand<'f> {
    /// `fate` says what becomes of each attempt as it is started.
    pub fn new(fate: impl FnMut(&Start) -> Fate + 'f) -> Self {
        let (sender, receiver) = channel();
        OnDemand { fate: Box::new(fate), ids: 0, stops: HashMap::new(), hanging: HashMap::new(), sender, receiver }
    }

    fn send(&self, heard: Heard) {
        self.sender.send(heard).expect("the launcher listens");
    }
}

impl Launcher for OnDemand<'_> {
    fn start(&mut self, start: &Start) -> Result<Id, LaunchError> {
        let id = self.ids;
        self.ids += 1;
        let fate = (self.fate)(start);
        match fate {
            Fate::Work | Fate::WorkUnheard => {
                let stop = Arc::new(AtomicBool::new(false));
                self.stops.insert(id, stop.clone());
                let (sender, start) = (self.sender.clone(), start.clone());
                std::thread::spawn(move || {
                    let mut last_words = LastWords::default();
                    let mut say = |line: &WorkerMessage| {
                        last_words.hear(line);
                        // Nobody may be listening any more.
                        let _ = sender.send(Heard::Line(id, line.clone()));
                    };
                    let code = work(&start.root, start.lock, start.key, stop, &mut Memory::default(), &mut say);
                    let ended = match (fate, code) {
                        (Fate::WorkUnheard, _) => Ended::Lost("its machine does not answer".into()),
                        (_, exit::DONE) => Ended::Done { seconds: 0.0, count: 0 },
                        (_, exit::STOPPED) => Ended::Stopped,
                        (_, code) => Ended::Failed(format!("ended with code {code}")),
                    };
                    let _ = sender.send(Heard::Ended(id, last_words.ended(ended)));
                });
            }
            Fate::Hang | Fate::Grow(_) => {
                self.hanging.insert(id, if let Fate::Grow(bytes) = fate { bytes } else { 0 });
                self.send(Heard::Line(id, WorkerMessage::Began));
            }
            Fate::End(how) => self.send(Heard::Ended(id, how)),
        }
        Ok(id)
    }

    fn listen(&mut self, wait: Duration) -> Option<Heard> {
        self.receiver.recv_timeout(wait).ok()
    }

    fn stop(&mut self) {
        self.stops.values().for_each(|stop| stop.store(true, Ordering::Relaxed));
        for id in std::mem::take(&mut self.hanging).into_keys() {
            self.send(Heard::Ended(id, Ended::Stopped));
        }
    }

    fn kill(&mut self, id: Id) {
        if self.hanging.remove(&id).is_some() {
            self.send(Heard::Ended(id, Ended::Killed("ended by signal 9".into())));
        }
    }

    fn memory(&mut self, id: Id) -> Option<u64> {
        self.hanging.get(&id).copied()
    }
}
