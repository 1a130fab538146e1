//! Tickets: what a search hands out, what it is told of them, and what it remembers.

use crate::base::Digest;
use crate::document::MOST_OBJECTIVES;
use crate::space::{Architecture, Sample};
use serde::{Deserialize, Serialize};

/// The results of one ticket by several objectives, in the order of the file; higher is better in each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    values: [f64; MOST_OBJECTIVES],
    count: usize,
}

impl Scores {
    /// The results; those beyond [`MOST_OBJECTIVES`] are left out.
    pub fn new(all: impl IntoIterator<Item = f64>) -> Self {
        let mut scores = Scores { values: [0.0; MOST_OBJECTIVES], count: 0 };
        for value in all.into_iter().take(MOST_OBJECTIVES) {
            scores.values[scores.count] = value;
            scores.count += 1;
        }
        scores
    }

    /// The results.
    pub fn values(&self) -> &[f64] {
        &self.values[..self.count]
    }
}

/// What a strategy is told of a ticket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// Its result; higher is better, whatever the metric (negate those that are minimised). NaN counts as failed.
    Value(f64),
    /// Its results by several objectives. One NaN among them counts as failed.
    Values(Scores),
    /// It has none, and will have none.
    Failed,
}

impl Told {
    /// The results as a search keeps them: none of a ticket that failed.
    pub(super) fn scores(self) -> Option<Scores> {
        let scores = match self {
            Told::Value(x) => Scores::new([x]),
            Told::Values(scores) => scores,
            Told::Failed => return None,
        };
        let sound = !scores.values().is_empty() && !scores.values().iter().any(|x| x.is_nan());
        sound.then_some(scores)
    }
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
    /// What follows from the network.
    pub built: Built,
    /// Its multiply-adds; where it cannot be counted, the most.
    pub macs: u64,
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
    /// A candidate to look at, as it was recorded: nothing was proposed or built.
    Recalled(Box<Recorded>),
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

/// A ticket as a search leaves it behind: what whoever asks again needs of it without its network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// What the search remembers.
    pub known: Known,
    /// The network.
    pub built: Built,
    /// What it was proposed from, summed up.
    pub seen: Digest,
}

/// What follows from an architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Built {
    /// Its digest.
    pub architecture: Digest,
    /// Trainable parameters.
    pub params: u64,
    /// The size at which it reads images, in pixels.
    pub image_size: usize,
}

impl Ticket {
    /// What to record of it.
    pub fn known(&self) -> Known {
        Known { sample: self.sample.clone(), digest: self.digest, macs: self.macs }
    }
}
