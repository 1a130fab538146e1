//! The tests that a store earns its trust by: real runs of the real engine, with a disk that fails, a machine that stops, bits that
//! flip, neighbours, and edits. `docs/reliability.md` says what each shows. Short here; `NASFLOW_LONG=1` does all of it.

mod crash;
mod damage;
mod everywhere;
#[cfg(unix)]
mod full;
mod in_process;
mod io;
#[cfg(unix)]
mod many;
mod oracle;
mod resume;
#[cfg(target_os = "linux")]
mod system_calls;

/// The disk of the store's own tests. It finds the trait that it implements by the name `crate::store`.
#[path = "../../../src/store/tests/faulty.rs"]
mod faulty;

use crate::support::long;

/// Of `count` cases those with these numbers are looked at: all in the long form, else about `few`, spread evenly, with an offset
/// so that several rows of one table look at different ones.
fn spread(count: usize, few: usize, offset: usize) -> impl Iterator<Item = usize> {
    let step = if long() { 1 } else { count.div_ceil(few).max(1) };
    (offset % step..count).step_by(step)
}

/// Small numbers that look random and are the same everywhere.
pub struct Dice(u64);

impl Dice {
    /// Another sequence for each seed.
    pub fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x2545_F491_4F6C_DD1D);
        for _ in 0..4 {
            dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.next() >> 11) % n as u64) as usize
    }

    /// Whether one of `n` cases is met.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of several.
    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }
}
