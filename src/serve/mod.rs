//! A page and its facts over HTTP, for browsers: what `nasflow serve` puts on the wire.
//!
//! Promises: it only ever sends what [`Site::show`] was given last, to whom the rules (`rules`) let see it. It reads no file, no
//! store and no clock but for time limits, and writes nothing. May import `base` only.
//!
//! HTTP is hyper's: one thread, bounded heads, a time limit on each, so that a client that is slow or silent holds nobody up.

mod http;
mod rules;
mod site;

pub use http::Server;
pub use rules::{Rules, token};
pub use site::Site;

#[cfg(test)]
mod tests;
