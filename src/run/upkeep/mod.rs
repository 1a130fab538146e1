//! What a store keeps, and why: what there is (`census`, `saved`, `listing`), what runs need (`roots`), what may go (`gc`,
//! `states`), and a run as one file (`archive`). For the commands of `nasflow cache`, and for the end of a run.

pub mod archive;
pub mod attempts;
pub mod census;
pub mod gc;
pub mod listing;
pub mod owners;
pub mod roots;
pub mod saved;
pub mod states;

#[cfg(test)]
mod repairs_tests;
#[cfg(test)]
mod tests;
