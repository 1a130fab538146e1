//! Results of an earlier search, pinned in a file (`earlier`): what a search knows before its first trial.
//!
//! `nasflow results` writes such a file from the trials that a stage has measured; it stands for them by its digest, wherever their store is. A
//! trial is known by its choices, by label and value, and by the digest of the network that they built: where this space builds another
//! network by them (other images, other layers), the result is of another network and is left out.

use crate::base::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most bytes of such a file.
pub const MAX_BYTES: u64 = 64 << 20;
/// What names the format, and its version.
const FORMAT: (&str, u32) = ("nasflow-results", 1);
/// Most trials of such a file.
const MAX_TRIALS: usize = 200_000;

/// A file of results.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// Where it is.
    pub path: String,
    /// The digest of its bytes: what a search that knows it follows from.
    pub digest: Digest,
    /// What it holds.
    pub results: Results,
}

/// What a file of results holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    format: String,
    version: u32,
    /// The pipeline that it comes from, for people.
    pub pipeline: String,
    /// The stage there that measured, for people.
    pub stage: String,
    /// What its networks were trained and measured by: [`super::way::way`].
    pub way: Digest,
    /// The trials in their order.
    pub trials: Vec<Trial>,
}

/// A trial of an earlier search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The digest of the network.
    pub network: Digest,
    /// Its decisions: (label, value).
    pub choices: Vec<(String, String)>,
    /// Metric → value, in the metric's unit; empty where it failed.
    pub figures: BTreeMap<String, f64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl Results {
    /// Trials of a stage of a pipeline.
    pub fn new(pipeline: String, stage: String, way: Digest, trials: Vec<Trial>) -> Self {
        Results { format: FORMAT.0.into(), version: FORMAT.1, pipeline, stage, way, trials }
    }

    /// As a file.
    ///
    /// # Errors
    /// Where a figure is no finite number.
    pub fn to_json(&self) -> Result<String, String> {
        if let Some((name, _)) = self.trials.iter().flat_map(|t| &t.figures).find(|(_, x)| !x.is_finite()) {
            return Err(format!("a value of `{name}` is no finite number"));
        }
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(|e| e.to_string())
    }
}

impl Earlier {
    /// Reads a file.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let broken = |e: serde_json::Error| format!("it is no file of results: {e}");
        let head: Head = serde_json::from_slice(bytes).map_err(broken)?;
        if head.format != FORMAT.0 {
            return Err(format!("its format is {:?}, where {:?} was expected", head.format.chars().take(40).collect::<String>(), FORMAT.0));
        }
        if head.version != FORMAT.1 {
            return Err(format!("it is of version {}, and this program reads version {}", head.version, FORMAT.1));
        }
        let results: Results = serde_json::from_slice(bytes).map_err(broken)?;
        if results.trials.len() > MAX_TRIALS {
            return Err(format!("it has {} trials: at most {MAX_TRIALS} are read", results.trials.len()));
        }
        Ok(Earlier { path: path.to_string(), digest: Digest::of(bytes), results })
    }

    /// The first metric of these that a trial which did not fail lacks.
    pub fn lacks<'m>(&self, metrics: impl IntoIterator<Item = &'m String>) -> Option<&'m String> {
        let measured = || self.results.trials.iter().filter(|t| t.failed.is_none());
        metrics.into_iter().find(|name| measured().any(|t| !t.figures.contains_key(*name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Results {
        let figures = [("accuracy".to_string(), 0.5)].into();
        let of = |n: u8, figures, failed| Trial { network: Digest::of(&[n]), choices: vec![("a".into(), "1".into())], figures, failed };
        let trials = vec![of(1, figures, None), of(2, BTreeMap::new(), Some("it diverged".into()))];
        Results::new("p".into(), "score".into(), Digest::of(b"way"), trials)
    }

    #[test]
    fn what_is_written_is_read() {
        let text = some().to_json().expect("JSON");
        let read = Earlier::parse("x.json", text.as_bytes()).expect("a file of results");
        assert_eq!((&read.results, read.digest), (&some(), Digest::of(text.as_bytes())));
        assert_eq!(read.lacks(&["accuracy".to_string()]), None, "what failed has no figures");
        assert_eq!(read.lacks(&["accuracy".to_string(), "flops".to_string()]).map(String::as_str), Some("flops"));
    }

    #[test]
    fn hostile_files_are_refused() {
        let text = some().to_json().expect("JSON");
        for cut in 0..text.trim_end().len() {
            assert!(Earlier::parse("x.json", &text.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        let wrong = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            Earlier::parse("x.json", text.replacen(from, to, 1).as_bytes()).expect_err(to)
        };
        assert!(wrong("nasflow-results", "weights").contains("where \"nasflow-results\" was expected"));
        assert!(wrong("\"version\": 1", "\"version\": 7").contains("of version 7"));
        assert!(wrong("0.5", "\"high\"").contains("no file of results"));
        assert!(wrong("0.5", "1e999").contains("no file of results"));
        assert!(wrong("\"choices\"", "\"other\"").contains("unknown field"));
        assert!(Earlier::parse("x.json", &[0xff, 0xfe]).is_err() && Earlier::parse("x.json", b"[]").is_err());
        let mut infinite = some();
        infinite.trials[0].figures.insert("flops".into(), f64::INFINITY);
        assert!(infinite.to_json().is_err());
    }
}
