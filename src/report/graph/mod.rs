//! Drawings of a pipeline, of a space, of its supernet and of one network, as SVG.
//!
//! Pure: the same input gives the same bytes. A drawing takes the text colour of the page that it stands in; [`alone`] makes it a
//! file of its own. Names out of files are escaped (`svg`).

mod layered;
mod nested;
mod network;
mod pipeline;
mod space;
mod svg;

pub use network::network;
pub use pipeline::pipeline;
pub use space::{space, supernet};
pub use svg::alone;

#[cfg(test)]
mod tests;
