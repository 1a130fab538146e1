//! What is said between a run and the queue: sending again, looking now and then, and what follows from the answers.

use super::Remote;
use super::clerk::Answer;
use super::job::{Job, Seen, Sent, Told};
use super::polls::nap;
use super::queue::{How, Refusal, Row, State};
use crate::run::launch::launcher::{Ended, Heard};
use std::time::{Duration, Instant};

/// How soon a machine is looked for where all are busy by this run.
const BUSY: Duration = Duration::from_millis(200);
/// Sending takes a fraction of a second, unless there is trouble.
const LONG: Duration = Duration::from_secs(2);

impl Remote {
    /// Sends again what is due, and asks the queue where that is due.
    pub(super) fn talk(&mut self, now: Instant) {
        self.relieve();
        for job in &mut self.jobs {
            if let (Sent::Refused { again, unsure: false, .. }, Some(sending)) = (&job.sent, &job.sending)
                && now >= *again
            {
                self.clerk.send(job.number, sending.clone());
                job.again();
            }
        }
        if !(self.jobs.is_empty() && self.off.is_empty()) && self.polls.begin(now) {
            self.clerk.look(&self.tag);
        }
    }

    /// Gives attempts whose jobs are not accepted to workers that wait for one.
    fn relieve(&mut self) {
        let refused = |job: &Job| match job.sent {
            Sent::Refused { .. } => job.told == Told::Nothing,
            Sent::Now(since) => since.elapsed() > LONG && job.told == Told::Nothing,
            Sent::Since(_) => false,
        };
        while let Some(at) = self.jobs.iter().position(|job| refused(job) && job.work.is_some() && job.start.is_some()) {
            let (Some(start), Some(id)) = (self.jobs[at].start.clone(), self.jobs[at].work.as_ref().map(|work| work.id)) else { return };
            let number = self.jobs[at].number;
            if !self.hand_over(&start, id).unwrap_or(false) {
                return;
            }
            let Some(at) = self.jobs.iter().position(|job| job.number == number) else { return };
            // It may have been accepted all the same; then it finds that it is not wanted.
            self.jobs[at].work = None;
            self.withdraw(at, Ended::Stopped);
        }
    }

    /// What the queue answered.
    pub(super) fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Sent(number, result) => self.sent(number, result),
            Answer::Seen(begun, result) => match result {
                Ok(rows) => {
                    if self.polls.answered() {
                        self.said.remove("silent");
                        self.heard.push_back(Heard::Note(format!("{} answers again", self.queue.word())));
                    }
                    self.seen(begun, &rows);
                }
                Err(why) => {
                    self.polls.failed();
                    let word = self.queue.word();
                    self.note("silent", format!("{word} does not answer ({why}); jobs go on, nothing is lost, and it is asked again"));
                }
            },
            Answer::Over => {}
        }
    }

    fn sent(&mut self, number: u64, result: Result<String, Refusal>) {
        let word = self.queue.word();
        let Some(at) = self.jobs.iter().position(|job| job.number == number) else {
            // It was withdrawn while it was sent.
            self.clerk.cancel(result.into_iter().collect());
            return;
        };
        let job = &mut self.jobs[at];
        match result {
            Ok(id) => {
                (job.sent, job.start) = (Sent::Since(Instant::now()), None);
                job.id = Some(id);
                self.said.remove("refused");
                self.polls.soon();
                self.know(at);
            }
            Err(Refusal::Never(why)) => {
                let why = format!("{word} does not take the job: {why}; what is asked for stands in `launcher` of the configuration file");
                self.withdraw(at, Ended::Broken(why));
            }
            Err(Refusal::NotNow(why)) => {
                job.refused(true);
                self.note("refused", format!("{word} takes no job now ({why}); it is sent again"));
                self.polls.soon();
            }
            Err(Refusal::Full) => job.refused(false),
        }
    }

    /// Writes down what the queue calls a job.
    fn know(&mut self, at: usize) {
        let job = &mut self.jobs[at];
        let (Some(intents), Some(intent)) = (&self.intents, &mut job.intent) else { return };
        intent.job.clone_from(&job.id);
        // Where this fails, the next run finds it by its name.
        let _ = intents.keep(intent);
    }

    /// The queue as it was at some time after `begun`.
    fn seen(&mut self, begun: Instant, rows: &[Row]) {
        let mut cancelled = Vec::new();
        for row in rows.iter().filter(|row| !matches!(row.state, State::Gone(_))) {
            let killed = |job: &Job| job.id.as_ref() == Some(&row.id) && job.told == Told::Kill;
            if self.off.contains(&row.name) || self.jobs.iter().any(killed) {
                cancelled.push(row.id.clone());
            }
        }
        self.clerk.cancel(cancelled);
        let mut telling = Vec::new();
        for at in 0..self.jobs.len() {
            let job = &mut self.jobs[at];
            // A controller that was killed before it had saved what it knew gives numbers twice.
            let own = |row: &&Row| row.name.is_empty() || row.name == job.name;
            let by_id = rows.iter().find(|row| job.id.as_ref() == Some(&row.id)).filter(own);
            // Sent twice, or launched twice: what is still there counts.
            let by_name = || {
                let named = || rows.iter().filter(|row| row.name == job.name);
                named().find(|row| !matches!(row.state, State::Gone(_))).or_else(|| named().next())
            };
            let row = match by_id {
                Some(row) if !matches!(row.state, State::Gone(_)) => Some(row),
                gone => by_name().or(gone),
            };
            let Some(row) = row else {
                job.absent(begun);
                continue;
            };
            let unknown = job.id.as_ref() != Some(&row.id);
            job.id = Some(row.id.clone());
            if !matches!(job.sent, Sent::Since(_)) {
                job.sent = Sent::Since(begun);
            }
            job.seen(row);
            if row.state == State::Waiting
                && let Some(why) = self.queue.waits(&row.reason)
            {
                telling.push((row.reason.clone(), format!("{} job {} waits: {why}", self.queue.word(), row.id)));
            }
            if unknown {
                self.know(at);
            }
        }
        telling.into_iter().for_each(|(once, message)| self.note(&format!("waits {once}"), message));
        // What was called off and is not there is not waited for.
        self.off.retain(|name| rows.iter().any(|row| row.name == *name && !matches!(row.state, State::Gone(_))));
    }
}

impl Job {
    /// It was not accepted.
    fn refused(&mut self, unsure: bool) {
        let times = match self.sent {
            Sent::Refused { times, .. } => times + 1,
            _ => self.vain + 1,
        };
        self.vain = times;
        let since = Instant::now();
        self.sent = Sent::Refused { since, again: since + if unsure { nap(times) } else { BUSY }, times, unsure };
    }

    /// It is sent again.
    fn again(&mut self) {
        self.sent = Sent::Now(Instant::now());
    }

    /// The queue did not have it at some time after `begun`.
    fn absent(&mut self, begun: Instant) {
        match &mut self.sent {
            Sent::Now(_) => {}
            Sent::Refused { since, unsure, .. } if *since < begun => *unsure = false,
            Sent::Refused { .. } => {}
            Sent::Since(since) if *since < begun && !matches!(self.seen, Seen::Gone(..)) => {
                self.seen = Seen::Gone(How::Forgotten, String::new(), String::new(), Instant::now());
            }
            Sent::Since(_) => {}
        }
    }

    fn seen(&mut self, row: &Row) {
        self.seen = match row.state {
            State::Waiting => Seen::Waiting,
            State::Working => Seen::Working,
            State::Gone(how) => {
                let first = if let Seen::Gone(.., since) = &self.seen { *since } else { Instant::now() };
                Seen::Gone(how, row.reason.clone(), row.machine.clone(), first)
            }
        };
    }
}
