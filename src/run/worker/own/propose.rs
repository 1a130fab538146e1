//! Asks a command of one's own for the next candidate of a search.

use super::folder::Folder;
use super::process::{self, Heard};
use crate::document::plain;
use crate::run::job::{JobResult, ProposeJob};
use crate::run::worker::context::Context;
use crate::run::worker::failure::Failure;
use serde_json::Value;
use std::collections::BTreeMap;

/// The most choices of an answer, and characters of a value.
const MOST: (usize, usize) = (10_000, 1000);

/// What a command answers: choices, or that there are no more.
type Answer = Option<BTreeMap<String, String>>;

/// Asks; returns the answer, and that it was one.
pub fn propose(job: &ProposeJob, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let folder = Folder::new(context)?;
    folder.lay(&job.files, context)?;
    folder.write("job.json", format!("{}\n", job.ask).as_bytes())?;
    let mut said: Option<Result<Answer, String>> = None;
    process::run(&job.words, &folder, context, &mut |line, _| match answer(line) {
        Some(found) => {
            said = Some(found);
            Heard::Taken
        }
        None => Heard::Log,
    })?;
    let name = job.words.first().map_or("", String::as_str);
    let choices = match said {
        Some(Ok(choices)) => choices,
        Some(Err(why)) => return Err(Failure::Attempt(format!("`{name}` answered what cannot be read: {why}"))),
        None => {
            let how = "a line `{\"choices\": {\"label\": \"value\"}}`, or `{\"done\": true}`";
            return Err(Failure::Attempt(format!("`{name}` proposed nothing: {how} is expected")));
        }
    };
    folder.remove();
    Ok((JobResult::Proposed { choices }, 1))
}

/// The answer in a line; none where the line is for people.
fn answer(line: &str) -> Option<Result<Answer, String>> {
    let Ok(Value::Object(said)) = serde_json::from_str::<Value>(line.trim()) else { return None };
    if said.get("done") == Some(&Value::Bool(true)) {
        return Some(Ok(None));
    }
    let text = |(label, value): (&String, &Value)| Ok((label.clone(), text(label, value)?));
    match said.get("choices")? {
        Value::Object(choices) if choices.len() > MOST.0 => Some(Err(format!("more than {} choices", MOST.0))),
        Value::Object(choices) => Some(choices.iter().map(text).collect::<Result<_, _>>().map(Some)),
        _ => Some(Err("`choices` is no object".into())),
    }
}

fn text(label: &str, value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return Err(format!("the value of `{}` is neither a text nor a number", plain(label))),
    };
    if text.chars().count() > MOST.1 { Err(format!("the value of `{}` is too long", plain(label))) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn a_line_is_an_answer_or_for_people() {
        let choices = |line: &str| answer(line).expect("an answer").expect("it can be read").expect("choices");
        let all = choices(r#"{"choices": {"kernel": 5, "act": "relu", "wide": true}}"#);
        assert_eq!(all.into_values().collect::<Vec<_>>(), ["relu", "5", "true"]);
        assert_eq!(answer(r#" {"done": true} "#), Some(Ok(None)));
        for line in ["thinking …", "", "5", "[1]", r#"{"loss": 1}"#, r#"{"done": false}"#] {
            assert_eq!(answer(line), None, "{line}");
        }
        for line in [r#"{"choices": [1]}"#, r#"{"choices": {"kernel": [5]}}"#, r#"{"choices": {"kernel": null}}"#] {
            assert!(matches!(answer(line), Some(Err(_))), "{line}");
        }
        assert!(matches!(answer(&format!(r#"{{"choices": {{"kernel": "{}"}}}}"#, "x".repeat(1001))), Some(Err(_))));
    }
}
