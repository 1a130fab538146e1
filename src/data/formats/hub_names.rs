//! Names of classes in what stands beside the columns of Hugging Face's tables: the description that its writer leaves in every
//! parquet file (`huggingface`), and the head of the data set's README.md (`dataset_info`).
//!
//! Both describe columns that may lie in lists and in groups, in forms that changed over the years; what is looked for is the
//! column's name, and below it the names of its classes.

use saphyr_parser::{Event, Parser, StrInput};
use serde_json::{Map, Value};

/// Longest README.
pub(super) const MAX_README: u64 = 4 << 20;
/// Most values of its head.
const MAX_VALUES: usize = 200_000;
/// Deepest lists in lists.
const MAX_DEPTH: usize = 24;
/// Most classes.
const MAX_NAMES: usize = u16::MAX as usize;

/// The names of a column's classes in a file's own description. `path` leads to the column: `["label"]`, `["objects", "category"]`.
pub(super) fn described(text: &str, path: &[String]) -> Option<Vec<String>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let column = path.iter().try_fold(&value["info"]["features"], |at, name| below(at, name))?;
    classes(column)
}

/// A column of this name, through what stands for a list.
fn below<'v>(at: &'v Value, name: &str) -> Option<&'v Value> {
    match at {
        Value::Object(map) => map.get(name).or_else(|| below(map.get("feature")?, name)),
        Value::Array(list) => list.iter().find_map(|v| below(v, name)),
        _ => None,
    }
}

/// The names of a column, through what stands for a list.
fn classes(column: &Value) -> Option<Vec<String>> {
    match column {
        Value::Object(map) => map.get("names").and_then(list).or_else(|| classes(map.get("feature")?)),
        Value::Array(list) => list.iter().find_map(classes),
        _ => None,
    }
}

fn list(names: &Value) -> Option<Vec<String>> {
    names.as_array()?.iter().map(|n| n.as_str().map(str::to_string)).collect()
}

/// The names of a column's classes in the head of a README.md; none where it has no such head, or says nothing of them.
pub(super) fn of_readme(text: &str, path: &[String]) -> Option<Vec<String>> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let head = text.strip_prefix("---")?.split("\n---").next()?;
    let head = tree(head)?;
    let column = path.iter().try_fold(head.get("dataset_info")?, |at, name| named(at, name))?;
    names(find(column, "class_label")?.get("names")?)
}

/// The map somewhere below whose `name` it is.
fn named<'v>(at: &'v Value, name: &str) -> Option<&'v Value> {
    match at {
        Value::Object(map) if map.get("name").and_then(Value::as_str) == Some(name) => Some(at),
        Value::Object(map) => map.values().find_map(|v| named(v, name)),
        Value::Array(list) => list.iter().find_map(|v| named(v, name)),
        _ => None,
    }
}

/// The value under a key somewhere below.
fn find<'v>(at: &'v Value, key: &str) -> Option<&'v Value> {
    match at {
        Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|v| find(v, key))),
        Value::Array(list) => list.iter().find_map(|v| find(v, key)),
        _ => None,
    }
}

/// `[a, b]` or `{'0': a, '1': b}`.
fn names(at: &Value) -> Option<Vec<String>> {
    let Value::Object(map) = at else { return list(at) };
    let mut found: Vec<(usize, String)> =
        map.iter().map(|(i, n)| Some((i.parse().ok()?, n.as_str()?.to_string()))).collect::<Option<_>>()?;
    found.sort();
    let whole = found.len() <= MAX_NAMES && found.iter().enumerate().all(|(i, (number, _))| i == *number);
    whole.then(|| found.into_iter().map(|(_, name)| name).collect())
}

/// YAML as a tree of texts. Aliases stand for nothing, so that no short text can become a large one.
fn tree(text: &str) -> Option<Value> {
    let mut reader = Reader { parser: Parser::new_from_str(text), left: MAX_VALUES };
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            event => return reader.value(event, 0),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    left: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Event<'a>> {
        self.parser.next_event()?.ok().map(|(event, _)| event)
    }

    fn value(&mut self, event: Event, depth: usize) -> Option<Value> {
        self.left = self.left.checked_sub(1).filter(|_| depth <= MAX_DEPTH)?;
        match event {
            Event::Scalar(text, ..) => Some(Value::String(text.into_owned())),
            Event::Alias(_) => Some(Value::Null),
            Event::SequenceStart(..) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => return Some(Value::Array(list)),
                        event => list.push(self.value(event, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut map = Map::new();
                loop {
                    let event = self.next()?;
                    if event == Event::MappingEnd {
                        return Some(Value::Object(map));
                    }
                    let key = self.value(event, depth + 1)?;
                    let event = self.next()?;
                    let value = self.value(event, depth + 1)?;
                    if let Value::String(key) = key {
                        map.insert(key, value);
                    }
                }
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    /// The forms that `datasets` has written over the years.
    #[test]
    fn names_in_a_files_description() {
        let category = r#"{"names": ["mask", "glove"], "_type": "ClassLabel"}"#;
        let features = [
            format!(r#"{{"objects": {{"feature": {{"bbox": {{}}, "category": {category}}}, "_type": "Sequence"}}}}"#),
            format!(r#"{{"objects": {{"category": {{"feature": {category}, "_type": "Sequence"}}, "bbox": {{}}}}}}"#),
            format!(r#"{{"objects": [{{"category": {category}}}]}}"#),
            format!(r#"{{"objects": {{"feature": {{"category": {category}}}, "_type": "List"}}}}"#),
            format!(r#"{{"objects": {{"category": [{category}]}}}}"#),
        ];
        for features in features {
            let text = format!(r#"{{"info": {{"features": {features}}}}}"#);
            assert_eq!(described(&text, &path(&["objects", "category"])).unwrap(), ["mask", "glove"], "{text}");
            assert_eq!(described(&text, &path(&["objects", "bbox"])), None);
        }
        let text = format!(r#"{{"info": {{"features": {{"label": {category}}}}}}}"#);
        assert_eq!(described(&text, &path(&["label"])).unwrap(), ["mask", "glove"]);
        for text in ["", "{", "[]", r#"{"info": 3}"#] {
            assert_eq!(described(text, &path(&["label"])), None);
        }
    }

    #[test]
    fn names_in_the_head_of_a_readme() {
        let names = "          class_label:\n            names:\n              '0': mask\n              '1': glove\n";
        let readme = format!(
            "---\nlicense: other\ndataset_info:\n  features:\n  - name: image\n    dtype: image\n  - name: objects\n    sequence:\n    - name: bbox\n      sequence: float32\n      length: 4\n    - name: category\n      dtype:\n{names}  splits:\n  - name: train\n---\n\n# Gear\n"
        );
        assert_eq!(of_readme(&readme, &path(&["objects", "category"])).unwrap(), ["mask", "glove"]);
        // Of several configurations the first that has it; a list in place of a map.
        let several = "---\ndataset_info:\n- config_name: a\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names: [x, y]\n---\n";
        assert_eq!(of_readme(several, &path(&["label"])).unwrap(), ["x", "y"]);
        for hostile in [
            "no head".to_string(),
            "---\ndataset_info: 3\n---\n".into(),
            readme.replace("'1'", "'7'"),
            format!("---\n{}", "[".repeat(100_000)),
            format!("---\n{}", "- ".repeat(10_000)),
            "---\na: &a [x]\ndataset_info: *a\n---\n".into(),
        ] {
            assert_eq!(of_readme(&hostile, &path(&["objects", "category"])), None);
        }
    }
}
