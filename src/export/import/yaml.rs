//! YAML as a tree with the lines of its values. Aliases are never followed, so that no short file can become a large one.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

/// Longest file in bytes.
pub const MAX_YAML: usize = 1 << 20;
/// Most values of a file.
const MAX_NODES: usize = 50_000;
/// Deepest lists in lists.
const MAX_DEPTH: usize = 16;

/// A value and the line where it begins, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The line.
    pub line: usize,
    /// What stands there.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text, whatever it means.
    Scalar(String),
    /// `[a, b]`, or lines that begin with `-`.
    List(Vec<Node>),
    /// `key: value`, in order.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// An error at this place.
    pub fn error(&self, why: impl std::fmt::Display) -> String {
        format!("line {}: {why}", self.line)
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        if let Value::Scalar(text) = &self.value { Some(text) } else { None }
    }

    /// The values of a list.
    pub fn list(&self, what: &str) -> Result<&[Node], String> {
        match &self.value {
            Value::List(list) => Ok(list),
            _ => Err(self.error(format!("{what}: a list is expected"))),
        }
    }

    /// A finite number.
    pub fn number(&self, what: &str) -> Result<f64, String> {
        let number = self.text().and_then(|t| t.parse::<f64>().ok()).filter(|x| x.is_finite());
        number.ok_or_else(|| self.error(format!("{what}: a number is expected, not {}", self.shown())))
    }

    /// A whole number in a range.
    pub fn whole(&self, what: &str, least: usize, most: usize) -> Result<usize, String> {
        let number = self.text().and_then(|t| t.parse::<usize>().ok()).filter(|n| (least..=most).contains(n));
        number.ok_or_else(|| self.error(format!("{what}: a whole number from {least} to {most} is expected, not {}", self.shown())))
    }

    /// `True` or `False`.
    pub fn flag(&self, what: &str) -> Result<bool, String> {
        match self.text() {
            Some("True" | "true") => Ok(true),
            Some("False" | "false") => Ok(false),
            _ => Err(self.error(format!("{what}: True or False is expected, not {}", self.shown()))),
        }
    }

    /// Whether it is nothing.
    pub fn is_none(&self) -> bool {
        matches!(self.text(), Some("" | "~" | "None" | "null" | "Null" | "NULL"))
    }

    /// What stands there, for messages.
    pub fn shown(&self) -> String {
        match &self.value {
            Value::Scalar(text) => format!("`{}`", shown(text)),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
        }
    }
}

/// A text of the file in a message: its beginning, without control characters.
pub fn shown(text: &str) -> String {
    text.chars().take(40).collect::<String>().escape_debug().to_string()
}

/// Reads the only document of a text: a map.
///
/// # Errors
/// The line, and what is wrong there.
pub fn parse(text: &str) -> Result<Vec<(String, Node)>, String> {
    if text.len() > MAX_YAML {
        return Err(format!("the file is longer than {} MiB", MAX_YAML >> 20));
    }
    let mut reader = Reader { parser: Parser::new_from_str(text), nodes: 0 };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Err("the file is empty".into()),
            event => {
                let line = span.start.line();
                return match reader.node(event, &span, 0)?.value {
                    Value::Map(map) => Ok(map),
                    _ => Err(format!("line {line}: lines of `key: value` are expected")),
                };
            }
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), String> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(e)) => Err(said(&e)),
            None => Err("the file ends too early".into()),
        }
    }

    fn node(&mut self, event: Event, span: &Span, depth: usize) -> Result<Node, String> {
        let line = span.start.line();
        let fail = |why: &str| Err(format!("line {line}: {why}"));
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return fail("the file has too many values");
        }
        if depth > MAX_DEPTH {
            return fail("lists stand too deep in lists");
        }
        let value = match event {
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => return fail("a block of text is not read here"),
            Event::Scalar(text, ..) => Value::Scalar(text.into_owned()),
            Event::Alias(_) => return fail("an alias (`*…`) is not read here; write out what it stands for"),
            Event::SequenceStart(..) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break Value::List(list),
                        (event, span) => list.push(self.node(event, &span, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(..) => Value::Map(self.map(depth)?),
            _ => return fail("a value is expected"),
        };
        Ok(Node { line, value })
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(String, Node)>, String> {
        let mut map: Vec<(String, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(map);
            }
            let line = span.start.line();
            let Value::Scalar(key) = self.node(event, &span, depth + 1)?.value else {
                return Err(format!("line {line}: a key is a word"));
            };
            let (event, span) = self.next()?;
            let value = self.node(event, &span, depth + 1)?;
            if map.len() > 256 {
                return Err(format!("line {line}: too many keys"));
            }
            if map.iter().any(|(k, _)| *k == key) {
                return Err(format!("line {line}: `{}` stands twice", shown(&key)));
            }
            map.push((key, value));
        }
    }
}

fn said(e: &ScanError) -> String {
    format!("line {}, column {}: {}", e.marker().line(), e.marker().col() + 1, e.info())
}
