//! Measures a network by a command of one's own.

use super::describe::{self, Network};
use super::folder::Folder;
use super::process::{self, Heard};
use crate::document::plain;
use crate::nn::Parameters;
use crate::run::job::{CommandJob, JobResult};
use crate::run::worker::context::Context;
use crate::run::worker::failure::Failure;
use crate::train::weights_from_bytes;
use serde_json::{Value, json};

/// Measures; returns the result, and that it was one.
pub fn measure(job: &CommandJob, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let program = job.architecture.program().map_err(Failure::Attempt)?;
    let params = match job.weights {
        Some(weights) => weights_from_bytes(&program, &context.blob(weights, "the weights")?).map_err(Failure::Attempt)?,
        None => Parameters::init(&program, job.seed),
    };
    let about = &job.command.about;
    let folder = Folder::new(context)?;
    folder.lay(&job.command.files, context)?;
    let network = Network { architecture: &job.architecture, about, norm: job.norm, params, onnx: true }.write(&folder)?;
    let images = describe::images(about, job.pack, None, &folder, context)?;
    // It stays where it is: it may be large, and is only read.
    let checkpoint = match &job.checkpoint {
        Some(blob) => {
            context.blob(*blob, "the checkpoint")?;
            std::fs::canonicalize(context.blobs.path(blob)).ok()
        }
        None => None,
    };
    let told = json!({
        "format": describe::FORMAT,
        "do": "measure",
        "model": about.model,
        "metric": job.metric,
        "threads": rayon::current_num_threads(),
        "decisions": describe::decisions(about),
        "network": network,
        "trained": job.weights.is_some(),
        "checkpoint": checkpoint,
        "data": images,
        "out": folder.out(),
    });
    folder.write("job.json", &describe::bytes(&told)?)?;
    let mut last = String::new();
    process::run(&job.command.words, &folder, context, &mut |line, _| {
        if !line.trim().is_empty() {
            last = line.trim().to_string();
        }
        Heard::Log
    })?;
    let value = value(&last, &job.metric).ok_or_else(|| {
        let shown: String = plain(&last).chars().take(100).collect();
        let name = job.command.words.first().map_or("", String::as_str);
        Failure::Attempt(match shown.is_empty() {
            true => format!("`{name}` printed nothing: its last line is to be the number"),
            false => format!("`{name}` printed no number in its last line: `{shown}`"),
        })
    })?;
    folder.remove();
    Ok((JobResult::Number { value }, 1))
}

/// The number of a last line: alone, or in an object under the metric's name or `value`.
fn value(line: &str, metric: &str) -> Option<f64> {
    let value = match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(said)) => said.get(metric).or_else(|| said.get("value"))?.as_f64()?,
        Ok(Value::Number(number)) => number.as_f64()?,
        // `.5`, `+3` and the like.
        _ => line.parse::<f64>().ok()?,
    };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_last_line_is_a_number() {
        for (line, wanted) in [
            ("12.5", Some(12.5)),
            ("+3", Some(3.0)),
            ("{\"pi-ms\": 4}", Some(4.0)),
            ("{\"value\": 4.5, \"other\": 1}", Some(4.5)),
            ("{\"other\": 1}", None),
            ("nan", None),
            ("inf", None),
            ("1e999", None),
            ("12 ms", None),
            ("", None),
            ("[1]", None),
        ] {
            assert_eq!(value(line, "pi-ms"), wanted, "{line}");
        }
    }
}
