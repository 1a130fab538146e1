//! What a command left in its folder `out`: nothing of it is believed.

use crate::base::Digest;
use crate::nn::Parameters;
use crate::run::worker::failure::Failure;
use crate::space::Program;
use crate::store::Blobs;
use crate::train::{weights_from_bytes, weights_to_bytes};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The most bytes of `metrics.json`.
const METRICS: u64 = 1 << 20;
/// The most bytes of a checkpoint.
const CHECKPOINT: u64 = 2 << 30;
/// The most files that are looked at.
const MOST: usize = 10_000;

/// The folder, once the command has ended.
pub struct Left(PathBuf);

impl Left {
    /// Of this folder, where it still is one: a link in its place would lead anywhere.
    pub fn of(out: &Path) -> Result<Left, Failure> {
        match fs::symlink_metadata(out) {
            Ok(meta) if meta.is_dir() => Ok(Left(out.to_path_buf())),
            _ => Err(fault("the folder `out` is gone, or no folder any more".into())),
        }
    }

    /// The weights, as the blob that every training leaves: names and shapes are those of the network, and numbers are finite.
    pub fn weights(&self, program: &Program, blobs: &Blobs) -> Result<Digest, Failure> {
        // Eight bytes a value, and a header.
        let most = (64 << 20) + 16 * program.params.iter().map(|p| p.len() as u64).sum::<u64>();
        let name = "weights.safetensors";
        let bytes = self.read(name, most)?.ok_or_else(|| {
            fault("it left no `weights.safetensors` (a trainer that leaves none says so: `runner command weights=#false`)".into())
        })?;
        let weights: Parameters = weights_from_bytes(program, &bytes).map_err(|why| fault(format!("`{name}`: {why}")))?;
        Ok(blobs.put(&weights_to_bytes(program, &weights).map_err(Failure::Attempt)?)?)
    }

    /// The figures that it must report.
    pub fn reported(&self, wanted: &[String]) -> Result<BTreeMap<String, f64>, Failure> {
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let name = "metrics.json";
        let bytes =
            self.read(name, METRICS)?.ok_or_else(|| fault(format!("it left no `{name}`, and is to report {}", wanted.join(", "))))?;
        let said: Value = serde_json::from_slice(&bytes).map_err(|e| fault(format!("`{name}` is no JSON: {e}")))?;
        let number = |metric: &String| match said.get(metric) {
            Some(value) => match value.as_f64().filter(|v| v.is_finite()) {
                Some(value) => Ok((metric.clone(), value)),
                None => Err(fault(format!("`{name}`: `{metric}` is no number"))),
            },
            None => Err(fault(format!("`{name}` says nothing of `{metric}`"))),
        };
        wanted.iter().map(number).collect()
    }

    /// The checkpoint, where it left one: `checkpoint` with any ending.
    pub fn checkpoint(&self, blobs: &Blobs) -> Result<Option<Digest>, Failure> {
        let entries = fs::read_dir(&self.0).map_err(|e| fault(format!("the folder `out`: {e}")))?;
        let names = entries.take(MOST).flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut named: Vec<String> = names.filter(|name| name == "checkpoint" || name.starts_with("checkpoint.")).collect();
        named.sort();
        match named.as_slice() {
            [] => Ok(None),
            [one] => Ok(self.read(one, CHECKPOINT)?.map(|bytes| blobs.put(&bytes)).transpose()?),
            [one, other, ..] => Err(fault(format!("it left two checkpoints: `{one}` and `{other}`"))),
        }
    }

    /// A plain file, not too long.
    fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.0.join(name);
        let meta = match fs::symlink_metadata(&path) {
            Ok(meta) => meta,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(fault(format!("`{name}`: {e}"))),
        };
        if !meta.is_file() {
            return Err(fault(format!("`{name}` is no plain file")));
        }
        let long = || fault(format!("`{name}` has more than {most} bytes"));
        if meta.len() > most {
            return Err(long());
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).map_err(|e| fault(format!("`{name}`: {e}")))?;
        file.take(most + 1).read_to_end(&mut bytes).map_err(|e| fault(format!("`{name}`: {e}")))?;
        if bytes.len() as u64 > most { Err(long()) } else { Ok(Some(bytes)) }
    }
}

fn fault(why: String) -> Failure {
    Failure::Attempt(format!("what the command left cannot be used: {why}"))
}
