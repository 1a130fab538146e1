//! Talks to the queue on threads of its own, because any word with it may take long: one sends jobs, the other looks and cancels.

use super::queue::{Queue, Refusal, Row, Sending};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a run that ends waits for what it has asked the queue for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the queue answered.
pub enum Answer {
    /// A job of this number was sent, or was not.
    Sent(u64, Result<String, Refusal>),
    /// What the queue knew at some time after this one.
    Seen(Instant, Result<Vec<Row>, String>),
    /// A thread has done all that it was asked for.
    Over,
}

enum Other {
    Look(String),
    Cancel(Vec<String>),
}

/// Talks to the queue.
pub struct Clerk {
    sending: Option<Sender<(u64, Sending)>>,
    other: Option<Sender<Other>>,
    answers: Receiver<Answer>,
    threads: Vec<JoinHandle<()>>,
}

impl Clerk {
    /// Of this queue.
    pub fn new(queue: Arc<dyn Queue>) -> Clerk {
        let (sending, to_send) = channel::<(u64, Sending)>();
        let (other, to_do) = channel::<Other>();
        let (answer, answers) = channel();
        let (of, said) = (queue.clone(), answer.clone());
        let send = std::thread::spawn(move || {
            for (number, job) in to_send {
                let _ = said.send(Answer::Sent(number, of.send(&job)));
            }
            let _ = said.send(Answer::Over);
        });
        let look = std::thread::spawn(move || {
            for asked in to_do {
                match asked {
                    Other::Look(tag) => {
                        let begun = Instant::now();
                        let _ = answer.send(Answer::Seen(begun, queue.look(&tag)));
                    }
                    // What is not cancelled finds that it is not wanted, or is cancelled when it is seen again.
                    Other::Cancel(ids) => drop(queue.cancel(&ids)),
                }
            }
            let _ = answer.send(Answer::Over);
        });
        Clerk { sending: Some(sending), other: Some(other), answers, threads: vec![send, look] }
    }

    /// Sends a job.
    pub fn send(&self, number: u64, job: Sending) {
        if let Some(sending) = &self.sending {
            let _ = sending.send((number, job));
        }
    }

    /// Looks at all jobs of this name.
    pub fn look(&self, tag: &str) {
        self.ask(Other::Look(tag.to_string()));
    }

    /// Cancels jobs.
    pub fn cancel(&self, ids: Vec<String>) {
        if !ids.is_empty() {
            self.ask(Other::Cancel(ids));
        }
    }

    fn ask(&self, what: Other) {
        if let Some(other) = &self.other {
            let _ = other.send(what);
        }
    }

    /// Waits for an answer, at most so long.
    pub fn answer(&self, wait: Duration) -> Option<Answer> {
        self.answers.recv_timeout(wait).ok()
    }

    /// Sends nothing more, and waits for a while until all that was asked for is done; `late` hears of jobs that were sent meanwhile,
    /// and says which are to be cancelled.
    pub fn finish(&mut self, mut late: impl FnMut(Answer) -> Vec<String>) {
        self.sending = None;
        let (begun, mut over) = (Instant::now(), 0);
        while over < 2 && begun.elapsed() < PATIENCE {
            match self.answers.recv_timeout(Duration::from_millis(100)) {
                Ok(Answer::Over) => {
                    over += 1;
                    // The one that sends has ended first: nothing is cancelled any more after that.
                    self.other = None;
                }
                Ok(answer) => self.cancel(late(answer)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if over == 2 {
            self.threads.drain(..).for_each(|thread| drop(thread.join()));
        }
    }
}
