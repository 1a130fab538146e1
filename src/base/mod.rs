//! What every room stands on: digests with their canonical writer, and addressed randomness.
//!
//! Promises: no I/O, no clock, no threads, no shared state. Knows nothing of any other room.

pub mod canon;
pub mod digest;
pub mod number;
pub mod random;

pub use canon::Canon;
pub use digest::Digest;
pub use number::fixed;
pub use random::Random;
