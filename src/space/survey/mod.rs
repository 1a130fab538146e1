//! What a space holds, found before anything is trained: how many distinct networks, which choices can never matter, and what its
//! networks cost.
//!
//! Small spaces are listed whole, and everything said of them is exact. Of larger ones samples are drawn, and what is said is an
//! estimate with an interval, or what was tried without finding a difference. All draws are addressed: the same space gives the same
//! survey, whatever machine it is made on.

mod distinct;
mod draws;
mod exact;
mod found;
mod idle;
mod interval;
mod spread;
mod work;

use super::architecture::Architecture;
use super::latency::LatencyTable;
use super::sample::Sample;
use super::space::Space;
pub use distinct::Distinct;
pub use found::Survey;
pub use idle::{Idle, Never};
pub use spread::Spread;
pub use work::Effort;
use work::Work;

/// Networks whose costs are looked at, where not all are.
const DRAWN: u64 = 400;

impl Space {
    /// Looks at the space. Costs by tables of latencies are found for each of `tables`, which have names.
    pub fn survey(&self, effort: Effort, tables: &[(String, &LatencyTable)]) -> Survey {
        let work = Work::new(self, effort);
        if self.size <= work.limit as f64
            && let Some(all) = self.enumerate(work.limit + 1)
        {
            return exact::survey(self, &all, tables);
        }
        let drawn: Vec<Sample> = (0..DRAWN.min(work.limit as u64)).map(|i| self.random(0, &[u64::MAX - 3, i])).collect();
        let built: Vec<(Sample, Architecture)> = drawn.iter().filter_map(|s| Some((s.clone(), work.build(s)?))).collect();
        let (idle, never) = idle::tried(&work, &built);
        Survey {
            samples: self.size,
            exact: false,
            looked: drawn.len(),
            unbuilt: drawn.len() - built.len(),
            distinct: distinct::estimated(&work),
            idle,
            never,
            spread: spread::of(built.iter().map(|(_, a)| a), tables),
        }
    }
}
