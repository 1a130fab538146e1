//! The part of YAML that YOLOv5's `data.yaml` consists of: top-level keys with a scalar, a list or a map of scalars, in
//! block or in flow form. Anything else under other keys is skipped.

use std::collections::BTreeMap;

/// Longest file.
pub const MAX_YAML: u64 = 4 << 20;
/// Most classes.
const MAX_NAMES: usize = u16::MAX as usize;

/// What a data set's description says.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DataYaml {
    /// `path`: the root.
    pub path: Option<String>,
    /// `train`, `val`, `test`: folders or lists of images.
    pub splits: Vec<(String, Vec<String>)>,
    /// `names`, by index.
    pub names: Vec<String>,
}

/// A value of the subset.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Scalar(String),
    List(Vec<String>),
    Map(Vec<(String, String)>),
}

/// Reads the subset.
///
/// # Errors
/// The line and what is wrong with it.
pub fn parse(text: &str) -> Result<DataYaml, String> {
    let mut out = DataYaml::default();
    let mut entries: BTreeMap<String, Value> = BTreeMap::new();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().map(|l| strip_comment(l).trim_end()).collect();
    let mut i = 0;
    while i < lines.len() {
        let line = lines[i];
        i += 1;
        if line.trim().is_empty() || line.starts_with("---") || line.starts_with([' ', '\t', '-', '%']) {
            continue;
        }
        let (key, rest) = key_and_rest(line).ok_or_else(|| format!("line {i}: `key: value` expected"))?;
        let start = i;
        let mut block = Vec::new();
        while i < lines.len() && (lines[i].trim().is_empty() || lines[i].starts_with([' ', '\t', '-', ']', '}'])) {
            block.push(lines[i].trim());
            i += 1;
        }
        if !matches!(key.as_str(), "path" | "train" | "val" | "test" | "names") {
            continue;
        }
        let value = if rest.starts_with(['[', '{']) {
            flow(&[&[rest][..], &block].concat().join(" "))
        } else if rest.is_empty() {
            block_value(&block)
        } else if block.iter().all(|l| l.is_empty()) {
            scalar(rest).map(Value::Scalar)
        } else {
            Err("a value over several lines".into())
        };
        let value = value.map_err(|e| format!("line {start}, `{key}`: {e}"))?;
        if entries.insert(key.clone(), value).is_some() {
            return Err(format!("line {start}: `{key}` stands twice"));
        }
    }
    for split in ["train", "val", "test"] {
        match entries.remove(split) {
            None => {}
            Some(Value::Scalar(s)) if s.is_empty() || s == "~" || s == "null" => {}
            Some(Value::Scalar(s)) => out.splits.push((split.into(), vec![s])),
            Some(Value::List(l)) => out.splits.push((split.into(), l)),
            Some(Value::Map(_)) => return Err(format!("`{split}` is a map; a path or a list of paths is expected")),
        }
    }
    match entries.remove("path") {
        None => {}
        Some(Value::Scalar(s)) => out.path = Some(s).filter(|s| !s.is_empty()),
        Some(_) => return Err("`path` is not a single path".into()),
    }
    match entries.remove("names") {
        None => {}
        Some(Value::List(l)) => out.names = l,
        Some(Value::Map(m)) => out.names = by_index(m)?,
        Some(Value::Scalar(_)) => return Err("`names` is neither a list nor a map from index to name".into()),
    }
    if out.names.len() > MAX_NAMES {
        return Err(format!("more than {MAX_NAMES} names"));
    }
    Ok(out)
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

/// Up to a `#` that starts a comment: at the start or after a space, outside quotes.
fn strip_comment(line: &str) -> &str {
    let (mut quote, mut before) = (None, ' ');
    for (i, c) in line.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if c == '#' && before.is_whitespace() => return &line[..i],
            None if (c == '"' || c == '\'') && !before.is_alphanumeric() => quote = Some(c),
            None => {}
        }
        before = c;
    }
    line
}

fn key_and_rest(text: &str) -> Option<(String, &str)> {
    let quoted = text.starts_with(['"', '\'']);
    let from = if quoted { 1 + text[1..].find(&text[..1])? } else { 0 };
    let colon = from + text[from..].find(':')?;
    let rest = &text[colon + 1..];
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    Some((scalar(text[..colon].trim()).ok()?, rest.trim()))
}

fn scalar(text: &str) -> Result<String, String> {
    let text = text.trim();
    let inner = |q: char| text.strip_prefix(q).and_then(|t| t.strip_suffix(q)).filter(|_| text.len() >= 2);
    if let Some(t) = inner('\'') {
        return Ok(t.replace("''", "'"));
    }
    if let Some(t) = inner('"') {
        if t.contains('\\') {
            return Err("an escape in a quoted text; use single quotes".into());
        }
        return Ok(t.to_string());
    }
    if text.starts_with(['"', '\'', '&', '*', '!', '|', '>', '[', '{', '@', '`']) {
        return Err(format!("`{}` is outside the part of YAML that is read here", text.chars().take(20).collect::<String>()));
    }
    Ok(text.to_string())
}

fn block_value(block: &[&str]) -> Result<Value, String> {
    let lines: Vec<&str> = block.iter().copied().filter(|l| !l.is_empty()).collect();
    let Some(first) = lines.first() else { return Ok(Value::Scalar(String::new())) };
    if first.starts_with("- ") || *first == "-" {
        let item = |l: &&str| l.strip_prefix('-').ok_or("a line that is no `- item`".to_string()).and_then(scalar);
        return lines.iter().map(item).collect::<Result<_, _>>().map(Value::List);
    }
    if first.starts_with(['[', '{']) {
        return flow(&lines.join(" "));
    }
    let entry = |l: &&str| {
        let (key, rest) = key_and_rest(l).ok_or_else(|| format!("`{}` is no `index: name`", l.chars().take(40).collect::<String>()))?;
        Ok((key, scalar(rest)?))
    };
    lines.iter().map(entry).collect::<Result<_, String>>().map(Value::Map)
}

/// `[a, b]` or `{0: a, 1: b}`.
fn flow(text: &str) -> Result<Value, String> {
    let text = text.trim();
    let is_list = text.starts_with('[');
    let inner = if is_list {
        text.strip_prefix('[').and_then(|t| t.strip_suffix(']'))
    } else {
        text.strip_prefix('{').and_then(|t| t.strip_suffix('}'))
    };
    let inner = inner.ok_or("a bracket is not closed")?;
    let (mut items, mut quote, mut item, mut before) = (Vec::new(), None, String::new(), ' ');
    for c in inner.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            None if (c == '"' || c == '\'') && !before.is_alphanumeric() => quote = Some(c),
            None if c == ',' => {
                items.push(std::mem::take(&mut item));
                before = ' ';
                continue;
            }
            None if matches!(c, '[' | ']' | '{' | '}') => return Err("nested brackets".into()),
            _ => {}
        }
        item.push(c);
        before = c;
    }
    if !item.trim().is_empty() {
        items.push(item);
    }
    if is_list {
        return items.iter().map(|i| scalar(i)).collect::<Result<_, _>>().map(Value::List);
    }
    let entry = |i: &String| {
        let (key, rest) = key_and_rest(i.trim()).ok_or("an entry that is no `index: name`")?;
        Ok((key, scalar(rest)?))
    };
    items.iter().map(entry).collect::<Result<_, String>>().map(Value::Map)
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
    }

    #[test]
    fn what_is_refused() {
        for text in [
            "names: [a",
            "names: {0: a, 2: b}",
            "names: {x: a}",
            "names: 3",
            "train: {a: b}",
            "train: &x y",
            "names: [[a]]",
            "path\n",
            "val: a\nval: b",
            "names:\n  - a\n  b",
            "names: [\"a\\n\"]",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let _ = parse(&"[".repeat(1 << 20));
        let _ = parse(&"names: '".repeat(1 << 16));
    }
}
