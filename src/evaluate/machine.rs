//! The metrics that a machine says of a network, alone on it: observations, never part of a result.

use crate::document::{Better, Measure, Reading, Reads, Unit};
use serde::{Deserialize, Serialize};

/// What was observed of one network, one image at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Milliseconds an image: the median.
    pub median: f64,
    /// The first quartile.
    pub low: f64,
    /// The third quartile.
    pub high: f64,
    /// Calls that were measured.
    pub runs: usize,
    /// Bytes of the process at its peak.
    pub memory: u64,
}

impl Reading for Observed {
    const READS: Reads = Reads::Machine;
}

/// Milliseconds an image.
pub static LATENCY: Measure<Observed> =
    Measure::new("latency", Unit::Milliseconds, Better::Lower, |o, _| o.median, "Time of one image, alone on the machine: the median.");

/// Images a second.
pub static THROUGHPUT: Measure<Observed> =
    Measure::new("throughput", Unit::PerSecond, Better::Higher, |o, _| 1000.0 / o.median, "Images a second, one at a time.");

/// Bytes.
pub static MEMORY: Measure<Observed> =
    Measure::new("memory", Unit::Bytes, Better::Lower, |o, _| o.memory as f64, "Memory of the process at its peak, inference.");

/// All of them.
pub static MACHINE: &[&Measure<Observed>] = &[&LATENCY, &THROUGHPUT, &MEMORY];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::measure;

    #[test]
    fn the_machine_says_time_rate_and_memory() {
        let observed = Observed { median: 4.0, low: 3.0, high: 5.0, runs: 10, memory: 1 << 20 };
        let value = |m: &'static Measure<Observed>| measure(MACHINE, &m.metric(), &observed);
        assert_eq!((value(&LATENCY), value(&THROUGHPUT), value(&MEMORY)), (Some(4.0), Some(250.0), Some(1_048_576.0)));
        assert!(MACHINE.iter().all(|m| m.metric().is_observation()));
    }
}
