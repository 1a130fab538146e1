//! A pipeline with everything that its keys need.

use crate::data::Scan;
use crate::document::{Diagnostic, Pipeline};
use crate::plan::{Commands, DataInfo, Earlier, Engine, Table, WeightsFile};
use crate::space::{LatencyTable, Space};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A pipeline with everything that its keys need.
pub struct Prepared {
    /// The document.
    pub pipeline: Pipeline,
    /// Data sets, as far as keys need them.
    pub data: BTreeMap<String, DataInfo>,
    /// Data sets, as far as decoding needs them.
    pub scans: BTreeMap<String, Scan>,
    /// Compiled spaces.
    pub spaces: BTreeMap<String, Space>,
    /// Tables that `evaluate` stages read, by stage.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// Tables of latencies that `evaluate` stages read, by stage.
    pub latencies: BTreeMap<String, Arc<LatencyTable>>,
    /// Files of weights that trainings start from, by stage.
    pub weights: BTreeMap<String, Arc<WeightsFile>>,
    /// Files of teachers, by the stage that learns from them.
    pub teachers: BTreeMap<String, Arc<WeightsFile>>,
    /// What searches know before their first trial, by stage.
    pub earlier: BTreeMap<String, Arc<Earlier>>,
    /// What commands of one's own use.
    pub commands: Commands,
    /// What the reader should know: warnings of the document, with their places.
    pub warnings: Vec<Diagnostic>,
    /// What the reader should know of the data: one line a finding.
    pub notes: Vec<String>,
}

impl Prepared {
    /// What replays it, in this class of numerics.
    pub fn engine(&self, numerics: &str) -> Engine<'_> {
        Engine::new(&self.pipeline, &self.data, &self.spaces, numerics.to_string())
            .with_tables(&self.tables)
            .with_latencies(&self.latencies)
            .with_earlier(&self.earlier)
            .with_weights(&self.weights)
            .with_teachers(&self.teachers)
            .with_commands(&self.commands)
    }
}
