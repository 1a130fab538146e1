//! A table of latencies: the milliseconds of every operation, on some device, as a file. A network's is their sum.

use super::architecture::Architecture;
use super::graph::Program;
use crate::base::{Canon, Digest};
use crate::document::{Better::Lower, Measure, Reading, Reads, Unit::Milliseconds};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A network's latency by a table, in milliseconds.
pub struct TableLatency(pub f64);

impl Reading for TableLatency {
    const READS: Reads = Reads::Operations;
}

/// The sum of the rows of a network's operations.
pub static TABLE_LATENCY: Measure<TableLatency> = Measure::new(
    "table-latency",
    Milliseconds,
    Lower,
    |sum, _| sum.0,
    "Time of one image by a table of its operations (`latency-table`): the sum of their rows.",
);

/// The metrics that a table of latencies gives.
pub static LATENCIES: &[&Measure<TableLatency>] = &[&TABLE_LATENCY];

/// The table. As JSON: `{"unit": "ms", "device": "…", "rows": {"conv 8x3x3x3 s2 p1 in 32x32 norm silu": 0.12, …}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyTable {
    unit: String,
    device: String,
    rows: BTreeMap<String, f64>,
}

impl LatencyTable {
    /// From rows in milliseconds.
    pub fn new(device: String, rows: BTreeMap<String, f64>) -> Self {
        LatencyTable { unit: "ms".into(), device, rows }
    }

    /// Reads the JSON. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: LatencyTable = serde_json::from_str(text).map_err(|e| format!("it is no table of latencies: {e}"))?;
        if table.unit != "ms" {
            return Err(format!("its unit is `{}`; only `ms` is known", table.unit));
        }
        match table.rows.iter().find(|(_, ms)| !(ms.is_finite() && **ms >= 0.0)) {
            Some((key, ms)) => Err(format!("its row `{key}` is {ms} ms")),
            None => Ok(table),
        }
    }

    /// What names it in keys: its rows, however the file is written and whatever it says of the device.
    pub fn digest(&self) -> Digest {
        let rows = self.rows.iter().map(|(key, ms)| Canon::List(vec![key.as_str().into(), (*ms).into()]));
        Canon::List(rows.collect()).digest()
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of an operation, in milliseconds.
    pub(super) fn row(&self, key: &str) -> Option<f64> {
        self.rows.get(key).copied()
    }

    /// Milliseconds of an architecture, or why it has none.
    pub fn latency(&self, architecture: &Architecture) -> Result<f64, String> {
        self.of(&architecture.program()?).map_err(|missing| missing.to_string())
    }

    /// The JSON.
    pub fn to_json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map_err(|e| e.to_string())
    }

    /// Milliseconds of a network, or the rows that are missing.
    pub fn of(&self, program: &Program) -> Result<f64, Missing> {
        let (mut sum, mut missing) = (0.0, vec![]);
        for (key, count) in program.operation_counts() {
            match self.rows.get(&key) {
                Some(ms) => sum += ms * count as f64,
                None => missing.push(key),
            }
        }
        if missing.is_empty() { Ok(sum) } else { Err(Missing(missing)) }
    }
}

/// Operations without a row, each once.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing(pub Vec<String>);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let first = self.0.first().map_or("", String::as_str);
        match self.0.len() {
            1 => write!(f, "the latency table has no row `{first}`"),
            n => write!(f, "the latency table has no row `{first}` (and {} more are missing)", n - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::tests::whole;
    use crate::space::{Looked, Space, operations};

    fn space() -> Space {
        whole(
            "space { network { input d; conv 8 stride=4 { kernel 3 5 }; choose \"a\" { skip; mbconv 8; max-pool 3 }; \
             skip as=\"p\"; conv 8 stride=2; upsample 2; concat above \"p\"; global-pool; linear } }",
        )
    }

    #[test]
    fn a_network_is_the_sum_of_its_operations() {
        let space = space();
        let Looked { operations, samples, all } = operations(&space);
        assert!(all && samples == 6, "{samples}");
        let keys: Vec<&String> = operations.keys().collect();
        assert!(keys.iter().any(|k| k.starts_with("conv 8x3x5x5 s4 p2 in ") && k.ends_with(" norm silu")), "{keys:?}");
        assert!(keys.iter().any(|k| k.starts_with("concat 8+8 in ")), "{keys:?}");
        assert!(!keys.iter().any(|k| k.starts_with("norm")), "{keys:?}");
        let rows: BTreeMap<String, f64> = operations.keys().enumerate().map(|(i, k)| (k.clone(), 0.25 * (i + 1) as f64)).collect();
        let table = LatencyTable::new("here".into(), rows.clone());
        assert_eq!(LatencyTable::parse(&table.to_json().unwrap()).unwrap(), table);
        table.check(&space).unwrap();
        for sample in space.enumerate(10).unwrap() {
            let program = space.architecture(&sample).unwrap().program().unwrap();
            let sum: f64 = program.operations().iter().map(|o| rows[&o.key]).sum();
            assert!((table.of(&program).unwrap() - sum).abs() < 1e-12);
            // Every operator is in exactly one operation.
            let nodes: usize = program.operations().iter().map(|o| o.alone.nodes.len() - usize::from(o.less.is_some())).sum();
            assert_eq!(nodes, program.nodes.len());
            assert_eq!(program.operations().iter().map(|o| o.alone.macs()).sum::<u64>(), program.macs());
        }
        let mut few = rows.clone();
        let gone = few.keys().find(|k| k.starts_with("max-pool")).unwrap().clone();
        few.remove(&gone);
        let missing = LatencyTable::new("here".into(), few).check(&space).unwrap_err();
        assert_eq!(missing, Missing(vec![gone.clone()]));
        assert!(missing.to_string().contains(&gone));
        let none = LatencyTable::new("here".into(), BTreeMap::new()).check(&space).unwrap_err();
        assert!(none.to_string().contains(&format!("and {} more", rows.len() - 1)), "{none}");
    }

    #[test]
    fn other_files_are_no_tables() {
        for (text, why) in [
            ("{}", "missing field"),
            ("[]", "no table"),
            ("{\"unit\": \"s\", \"device\": \"x\", \"rows\": {}}", "only `ms`"),
            ("{\"unit\": \"ms\", \"device\": \"x\", \"rows\": {\"add\": -1}}", "`add` is -1"),
            ("{\"unit\": \"ms\", \"device\": \"x\", \"rows\": {}, \"more\": 1}", "unknown field"),
        ] {
            let found = LatencyTable::parse(text).unwrap_err();
            assert!(found.contains(why), "{text}: {found}");
        }
    }
}
