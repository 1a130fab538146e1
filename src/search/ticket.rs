//! Tickets: what a search hands out, what it is told of them, and what it remembers.

use crate::base::Digest;
use crate::space::{Architecture, Sample};
use serde::{Deserialize, Serialize};

/// What a strategy is told of a ticket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// Its result; higher is better, whatever the metric (negate those that are minimised). NaN counts as failed.
    Value(f64),
    /// It has none, and will have none.
    Failed,
}

/// A candidate to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    /// 0, 1, 2 ….
    pub number: usize,
    /// What was decided.
    pub sample: Sample,
    /// The network.
    pub architecture: Architecture,
    /// The candidate's name, distinct in a search: the architecture's digest, or the path's.
    pub digest: Digest,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<T = Box<Ticket>> {
    /// Look at this.
    Ticket(T),
    /// Ask again when this ticket has a result.
    NeedResult(usize),
    /// There is no further distinct candidate.
    Exhausted {
        /// For the person who asked for more.
        note: String,
    },
    /// As many tickets as were asked for.
    Done,
}

/// What a search needs to remember of a ticket; recorded, it replays the ticket without building anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// What was decided. Only meaningful with the same space.
    pub sample: Sample,
    /// The candidate.
    pub digest: Digest,
    /// What it costs, for ties.
    pub macs: u64,
}

impl Ticket {
    /// What to record of it.
    pub fn known(&self) -> Known {
        let macs = self.architecture.cost().map_or(u64::MAX, |c| c.macs);
        Known { sample: self.sample.clone(), digest: self.digest, macs }
    }
}
