//! YOLOv5's `data.yaml`: `path`, `train`, `val`, `test`, `names`, `nc`. Anything under other keys is skipped.
//!
//! The parser gives events one after the other; nothing is built of what is not asked for, and aliases are never
//! followed, so that no short file can become a large one.

use saphyr_parser::{Event, Marker, Parser, ScanError, Span};
use std::collections::BTreeMap;

/// Longest file.
pub const MAX_YAML: u64 = 4 << 20;
/// Most classes.
const MAX_NAMES: usize = u16::MAX as usize;
/// What is read.
const KEYS: [&str; 6] = ["path", "train", "val", "test", "names", "nc"];

/// What a data set's description says.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DataYaml {
    /// `path`: the root.
    pub path: Option<String>,
    /// `train`, `val`, `test`: folders or lists of images.
    pub splits: Vec<(String, Vec<String>)>,
    /// `names`, by index.
    pub names: Vec<String>,
    /// `nc`: how many classes there are.
    pub count: Option<usize>,
}

/// A value under a key that is read.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Scalar(String),
    List(Vec<String>),
    Map(Vec<(String, String)>),
}

/// Reads it.
///
/// # Errors
/// Line and column, and what is wrong there.
pub fn parse(text: &str) -> Result<DataYaml, String> {
    let mut entries = Events(Parser::new_from_str(text)).entries()?;
    let mut take = |key: &str| entries.remove(key);
    let mut out = DataYaml::default();
    for split in ["train", "val", "test"] {
        match take(split) {
            None => {}
            Some((_, Value::Scalar(s))) if is_null(&s) => {}
            Some((_, Value::Scalar(s))) => out.splits.push((split.into(), vec![s])),
            Some((_, Value::List(l))) => out.splits.push((split.into(), l)),
            Some((at, Value::Map(_))) => return Err(format!("{at}: `{split}` is a map; a path or a list of paths is expected")),
        }
    }
    match take("path") {
        None => {}
        Some((_, Value::Scalar(s))) => out.path = Some(s).filter(|s| !is_null(s)),
        Some((at, _)) => return Err(format!("{at}: `path` is not a single path")),
    }
    match take("names") {
        None => {}
        Some((_, Value::List(l))) => out.names = l,
        Some((at, Value::Map(m))) => out.names = by_index(m).map_err(|e| format!("{at}: {e}"))?,
        Some((_, Value::Scalar(s))) if is_null(&s) => {}
        Some((at, Value::Scalar(_))) => return Err(format!("{at}: `names` is neither a list nor a map from index to name")),
    }
    if out.names.len() > MAX_NAMES {
        return Err(format!("more than {MAX_NAMES} names"));
    }
    if let Some((at, Value::Scalar(n))) = take("nc")
        && !is_null(&n)
    {
        out.count = n.parse().ok();
        if !out.names.is_empty() && out.count != Some(out.names.len()) {
            return Err(format!("{at}: `nc` is {n}, but `names` has {}; correct the wrong one", out.names.len()));
        }
        if out.count.is_none_or(|count| count > MAX_NAMES) {
            return Err(format!("{at}: `nc` is {n}; a number of classes up to {MAX_NAMES} is expected"));
        }
    }
    Ok(out)
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn by_index(map: Vec<(String, String)>) -> Result<Vec<String>, String> {
    let mut names = BTreeMap::new();
    for (index, name) in map {
        let index: usize = index.parse().map_err(|_| format!("`names`: `{index}` is not an index"))?;
        if names.insert(index, name).is_some() {
            return Err(format!("`names`: {index} stands twice"));
        }
    }
    if names.keys().enumerate().any(|(i, &k)| i != k) {
        return Err("`names`: the indices are not 0, 1, 2, …".into());
    }
    Ok(names.into_values().collect())
}

struct Events<'a>(Parser<'a, saphyr_parser::StrInput<'a>>);

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), String> {
        match self.0.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(e)) => Err(said(&e)),
            None => Err("the file ends too early".into()),
        }
    }

    /// The keys at the top that are read, with their places and values.
    fn entries(&mut self) -> Result<BTreeMap<String, (String, Value)>, String> {
        let mut entries = BTreeMap::new();
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (Event::StreamEnd | Event::DocumentEnd, _) => return Ok(entries),
                (Event::MappingStart(..), _) => break,
                (Event::Scalar(text, ..), _) if is_null(&text) => {}
                (_, span) => return Err(format!("{}: lines of `key: value` are expected", place(&span.start))),
            }
        }
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(entries),
                Event::Scalar(text, ..) => text.into_owned(),
                other => {
                    self.skip(&other)?;
                    String::new()
                }
            };
            let at = place(&span.start);
            let (event, span) = self.next()?;
            if !KEYS.contains(&key.as_str()) {
                self.skip(&event)?;
                continue;
            }
            let value = self.value(event, &span)?;
            if entries.insert(key.clone(), (at.clone(), value)).is_some() {
                return Err(format!("{at}: `{key}` stands twice"));
            }
        }
    }

    fn value(&mut self, first: Event, span: &Span) -> Result<Value, String> {
        match first {
            Event::SequenceStart(..) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => return Ok(Value::List(list)),
                        (event, span) => list.push(scalar(event, &span)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut map = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::MappingEnd {
                        return Ok(Value::Map(map));
                    }
                    let key = scalar(event, &span)?;
                    let (event, span) = self.next()?;
                    map.push((key, scalar(event, &span)?));
                }
            }
            other => scalar(other, span).map(Value::Scalar),
        }
    }

    /// Goes on to the end of a value whose first event this is.
    fn skip(&mut self, first: &Event) -> Result<(), String> {
        let opens = |e: &Event| matches!(e, Event::SequenceStart(..) | Event::MappingStart(..));
        let mut depth = usize::from(opens(first));
        while depth > 0 {
            let (event, _) = self.next()?;
            depth += usize::from(opens(&event));
            depth -= usize::from(matches!(event, Event::SequenceEnd | Event::MappingEnd));
        }
        Ok(())
    }
}

fn scalar(event: Event, span: &Span) -> Result<String, String> {
    let at = place(&span.start);
    match event {
        Event::Scalar(text, ..) => Ok(text.into_owned()),
        Event::Alias(_) => Err(format!("{at}: an alias (`*…`) is not read here; write out what it stands for")),
        _ => Err(format!("{at}: a name or a path is expected, not a list or a map")),
    }
}

fn place(at: &Marker) -> String {
    format!("line {}, column {}", at.line(), at.col() + 1)
}

fn said(e: &ScanError) -> String {
    let help = if e.info().contains("escape") { "; in double quotes `\\` begins an escape: use single quotes for a path" } else { "" };
    format!("{}: {}{help}", place(e.marker()), e.info())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms() {
        let coco = "# COCO\npath: ../datasets/coco128  # root\ntrain: images/train2017\nval: images/train2017\ntest:\n\n\
                    names:\n  0: person\n  1: 'sports ball'\n  2: t-shirt #7\n\ndownload: |\n  # script\n  from x import y\n  z: 1\n";
        let got = parse(coco).unwrap();
        assert_eq!(got.path.as_deref(), Some("../datasets/coco128"));
        assert_eq!(got.splits, [("train".into(), vec!["images/train2017".into()]), ("val".into(), vec!["images/train2017".into()])]);
        assert_eq!(got.names, ["person", "sports ball", "t-shirt"]);

        let legacy = "train:\n- a\n- \"b c\"\nval: [x.txt, y]\nnc: 3\nnames: ['it''s', b,\n        \"c, d\"]\n";
        let got = parse(legacy).unwrap();
        assert_eq!(got.splits[0].1, ["a", "b c"]);
        assert_eq!(got.splits[1].1, ["x.txt", "y"]);
        assert_eq!(got.names, ["it's", "b", "c, d"]);
        assert_eq!(parse("names: {1: b, 0: a}").unwrap().names, ["a", "b"]);
        assert_eq!(parse("names:\n- cat\n- dog's\n").unwrap().names, ["cat", "dog's"]);
        assert_eq!(parse("---\nnames: [a]\nroboflow:\n  workspace: w\n  tags: [x, {y: z}]\n...\n").unwrap().names, ["a"]);
        assert_eq!(parse("").unwrap(), DataYaml::default());
    }

    /// What PyYAML and Roboflow write.
    #[test]
    fn escapes_mean_what_yaml_says() {
        let got = parse("names:\n- \"\\u7EA2\"\n- \"bl\\xE9\"\n- \"5\\\" disk\"\n- 'a\\b'\n").unwrap();
        assert_eq!(got.names, ["红", "blé", "5\" disk", "a\\b"]);
        assert_eq!(parse("train: ..\\train\\images\n").unwrap().splits[0].1, ["..\\train\\images"]);
        let error = parse("path: \"C:\\data\"\nnames: [a]\n").unwrap_err();
        assert!(error.contains("line 1") && error.contains("single quotes"), "{error}");
    }

    #[test]
    fn the_count_of_classes_must_agree() {
        let error = parse("nc: 3\nnames: [red, blue]\n").unwrap_err();
        assert!(error.contains("line 1") && error.contains("`nc` is 3") && error.contains("`names` has 2"), "{error}");
        assert_eq!(parse("nc: 2\nnames: [red, blue]\n").unwrap().count, Some(2));
        // Alone it is kept: the classes are then called by their numbers.
        assert_eq!(parse("nc: 2\n").unwrap(), DataYaml { count: Some(2), ..DataYaml::default() });
        assert_eq!(parse("nc: null\n").unwrap(), DataYaml::default());
        for nc in ["65536", "-1", "two", "99999999999999999999999"] {
            let error = parse(&format!("\nnc: {nc}\n")).unwrap_err();
            assert!(error.contains("line 2") && error.contains(nc), "{error}");
        }
    }

    #[test]
    fn what_is_refused() {
        for text in [
            "names: [a",
            "names: {0: a, 2: b}",
            "names: {x: a}",
            "names: 3",
            "train: {a: b}",
            "names: [[a]]",
            "path\n",
            "val: a\nval: b",
            "names:\n  - a\n  b",
            "x: &n [a]\nnames: *n",
            "names: [\"a\\q\"]",
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains("line "), "{text}: {error}");
        }
    }

    /// None of these may take long, take much memory, or end the program.
    #[test]
    fn hostile_files_end() {
        let bomb =
            format!("a0: &a0 [x]\n{}names: *a30\n", (1..=30).map(|i| format!("a{i}: &a{i} [*a{0}, *a{0}]\n", i - 1)).collect::<String>());
        assert!(parse(&bomb).unwrap_err().contains("alias"));
        for text in [
            "[".repeat(1 << 18),
            "{a: ".repeat(1 << 16),
            "names: '".repeat(1 << 16),
            "- ".repeat(1 << 16),
            "? ".repeat(1 << 14),
            "a: ".repeat(1 << 14),
        ] {
            let _ = parse(&text);
        }
        let deep: String = (0..2000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
        let _ = parse(&deep);
    }
}
