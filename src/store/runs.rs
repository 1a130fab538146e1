//! Records of runs: one JSON file each in `runs/`, so that `plan` can say what changed since the last one.

use super::disk::{again, entries, name};
use super::{Store, StoreError};
use crate::base::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One action of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// Its key.
    pub key: Digest,
    /// The digest of its canonical text, which is a blob where the caller put it there.
    pub text: Digest,
}

/// What is known of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its name: the time it began (UTC, to the microsecond) and six digits; names sort by time.
    pub id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The file it came from, as it was given.
    pub source: String,
    /// When it began, in seconds since 1970.
    pub begun: u64,
    /// When it ended; nothing while it runs, or where it was killed.
    pub ended: Option<u64>,
    /// How it ended, in a word; empty before.
    pub outcome: String,
    /// The actions that each stage consisted of, cached ones included.
    pub stages: BTreeMap<String, Vec<Ran>>,
    /// Whatever else the caller wants to keep.
    pub values: Value,
}

impl Store {
    /// Begins a run's record.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn run_begin(&self, pipeline: &str, source: &str, values: Value) -> Result<RunRecord, StoreError> {
        let (token, counter) = self.blobs.writer()?.writing()?;
        let now = now();
        let begun = now.as_secs();
        let nonce = Digest::of(format!("{token} {counter} {now:?}").as_bytes()).hex();
        let run = RunRecord {
            id: format!("{}.{:06}-{}", utc(begun), now.subsec_micros(), &nonce[..6]),
            pipeline: pipeline.to_string(),
            source: source.to_string(),
            begun,
            ended: None,
            outcome: String::new(),
            stages: BTreeMap::new(),
            values,
        };
        self.run_update(&run)?;
        Ok(run)
    }

    /// Writes a run's record anew, whole; its seal.
    ///
    /// # Errors
    /// As [`Store::run_begin`].
    pub fn run_update(&self, run: &RunRecord) -> Result<Digest, StoreError> {
        let bytes =
            serde_json::to_vec(run).map_err(|e| StoreError::Invalid { message: format!("run {} cannot be recorded: {e}", run.id) })?;
        let seal = Digest::of(&bytes);
        let path = self.layout.folder("runs").join(format!("{}-{}.json", run.id, suffix(&run.pipeline)));
        self.blobs.write_file(&path, &sealed(bytes, &seal))?;
        Ok(seal)
    }

    /// Keeps the record of a run that was made elsewhere; one of that name that is here stays.
    ///
    /// # Errors
    /// A name that no run has; as [`Store::run_begin`].
    pub fn run_keep(&self, run: &RunRecord) -> Result<(), StoreError> {
        if !is_name(&run.id) {
            return Err(StoreError::Invalid { message: format!("`{}` is no name of a run", run.id.escape_debug()) });
        }
        let there = self.layout.folder("runs").join(format!("{}-{}.json", run.id, suffix(&run.pipeline))).exists();
        if there { Ok(()) } else { self.run_update(run).map(drop) }
    }

    /// Ends a run's record; its seal.
    ///
    /// # Errors
    /// As [`Store::run_begin`].
    pub fn run_end(&self, run: &mut RunRecord, outcome: &str) -> Result<Digest, StoreError> {
        run.ended = Some(now().as_secs());
        run.outcome = outcome.to_string();
        self.run_update(run)
    }

    /// The runs of a pipeline (of all where none is named), oldest first; files that are no records are skipped.
    ///
    /// # Errors
    /// A directory or file that cannot be read.
    pub fn runs(&self, pipeline: Option<&str>) -> Result<Vec<RunRecord>, StoreError> {
        let mut runs = self.runs_back(pipeline, |_| false)?;
        runs.reverse();
        Ok(runs)
    }

    /// Files that should be records of runs and are not: damaged ones. Whoever removes what no run used must not go on without them.
    ///
    /// # Errors
    /// As [`Store::runs`].
    pub fn damaged_runs(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut damaged = Vec::new();
        for path in entries(&self.layout.folder("runs"))? {
            if !name(&path).ends_with(".json") || name(&path).starts_with('.') {
                continue;
            }
            let bytes = again(|| self.disk.read(&path)).map_err(|e| StoreError::io("read", &path, None, e))?;
            if read(&path, &bytes).is_none() {
                damaged.push(path);
            }
        }
        Ok(damaged)
    }

    /// The digest that seals the record of a pipeline's last run; none where there is no run, or its record is damaged or of an older
    /// program, which sealed none.
    ///
    /// # Errors
    /// As [`Store::runs`].
    pub fn last_run_seal(&self, pipeline: &str) -> Result<Option<Digest>, StoreError> {
        let ending = format!("-{}.json", suffix(pipeline));
        let mut paths = entries(&self.layout.folder("runs"))?;
        paths.retain(|path| name(path).ends_with(&ending) && !name(path).starts_with('.'));
        let Some(path) = paths.into_iter().max_by(|a, b| name(a).cmp(name(b))) else { return Ok(None) };
        let bytes = again(|| self.disk.read(&path)).map_err(|e| StoreError::io("read", &path, None, e))?;
        Ok(unsealed(&bytes).filter(|json| json.len() + 1 < bytes.len()).map(Digest::of))
    }

    /// The runs of a pipeline (of all where none is named), newest first, up to the first that is `enough`: older ones are not read.
    ///
    /// # Errors
    /// As [`Store::runs`].
    pub fn runs_back(&self, pipeline: Option<&str>, mut enough: impl FnMut(&RunRecord) -> bool) -> Result<Vec<RunRecord>, StoreError> {
        let ending = pipeline.map(|p| format!("-{}.json", suffix(p)));
        let mut paths = entries(&self.layout.folder("runs"))?;
        paths.retain(|path| name(path).ends_with(ending.as_deref().unwrap_or(".json")) && !name(path).starts_with('.'));
        // Their names begin with the time.
        paths.sort_by(|a, b| name(b).cmp(name(a)));
        let mut runs = Vec::new();
        for path in paths {
            let bytes = again(|| self.disk.read(&path)).map_err(|e| StoreError::io("read", &path, None, e))?;
            let found = read(&path, &bytes).filter(|r| pipeline.is_none_or(|p| r.pipeline == p));
            if let Some(run) = found {
                let last = enough(&run);
                runs.push(run);
                if last {
                    break;
                }
            }
        }
        Ok(runs)
    }
}

/// The record in the bytes of its file; none where it is damaged, or no record.
fn read(path: &Path, bytes: &[u8]) -> Option<RunRecord> {
    let run = serde_json::from_slice::<RunRecord>(unsealed(bytes)?).ok()?;
    name(path).ends_with(&format!("-{}.json", suffix(&run.pipeline))).then_some(run)
}

/// One line of JSON, and below it its digest.
fn sealed(mut json: Vec<u8>, seal: &Digest) -> Vec<u8> {
    json.extend([b"\n", seal.hex().as_bytes(), b"\n"].concat());
    json
}

/// The JSON of a file, where its digest is right. Records of older programs have none.
fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let mut lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let (json, seal) = (lines.next()?, lines.next());
    (seal.is_none_or(|seal| seal == Digest::of(json).hex().as_bytes()) && lines.next().is_none()).then_some(json)
}

/// Whether a run may be called so: it becomes the name of a file.
pub fn is_name(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    !id.is_empty() && id.len() <= 100 && !id.starts_with('.') && id.chars().all(plain)
}

/// Keeps a pipeline's runs together by name, whatever characters the name has.
pub(super) fn suffix(pipeline: &str) -> String {
    Digest::of(pipeline.as_bytes()).short()
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The time in the name of a run: `20260131T101502` (days to civil date after Howard Hinnant, "chrono-compatible low-level date algorithms").
pub fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates() {
        assert_eq!(super::utc(0), "19700101T000000");
        assert_eq!(super::utc(951_782_399), "20000228T235959");
        assert_eq!(super::utc(951_782_400), "20000229T000000");
        assert_eq!(super::utc(1_769_854_502), "20260131T101502");
    }
}
