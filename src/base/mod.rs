//! What every room stands on: digests with their canonical writer, addressed randomness, counts in words, times and sizes.
//!
//! Promises: no I/O, no clock, no threads, no shared state. Knows nothing of any other room.

pub mod canon;
pub mod count;
pub mod digest;
pub mod number;
pub mod random;
pub mod units;

pub use canon::Canon;
pub use count::{counted, grouped, without_numbers};
pub use digest::{Digest, Hashing};
pub use number::fixed;
pub use random::Random;
