//! Tests of the whole: the real binary in fresh directories, the project's own rules, and the documents.
//!
//! One binary, because linking is slow. Long forms run with `NASFLOW_LONG=1` (the README names them).

mod after;
mod bad_input;
mod benches;
mod cache;
mod cases;
mod chromium;
mod classify;
mod compare;
mod detnas;
mod doctor;
mod documents;
mod editor;
mod edits;
mod errors;
mod explain;
mod exports;
mod fetch;
mod folds;
mod formatting;
mod forms;
mod full;
#[cfg(unix)]
mod gpu;
mod graph;
mod hostile;
mod keys;
mod kill;
mod latency;
mod launch;
mod learning;
mod lookups;
mod losses;
mod measures;
mod mended;
mod methods;
mod nix;
mod objectives;
mod oneshot;
mod output;
#[cfg(unix)]
mod proposer;
mod proxies;
mod racing;
mod recipe;
mod reliability;
mod remote;
mod replicate;
mod report;
mod rooms;
#[cfg(unix)]
mod runner;
mod runs;
mod serve;
mod shipped;
mod sized;
#[cfg(target_os = "linux")]
mod slurm;
mod ssh;
mod start;
mod supernet;
mod support;
mod tables;
mod together;
mod user;
mod warm;
mod whole;
mod wide;
mod yolov5;

/// For a disk that the store's own tests have too (`reliability/faulty`).
use nasflow::store;
