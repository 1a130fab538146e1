//! What stands at a place of a text, by the table: a node's name, a property, a value of a field.

use crate::document::lexer::{Kind, Token};
use crate::document::meaning::{self, Meaning, Slots};
use crate::document::sketch::{Entry, Line, Sketch, is_number};
use crate::document::{Field, Language};
use std::ops::Range;

/// What a place is for.
pub enum At {
    /// The name of a node.
    Name,
    /// A value without a name, of this field where one is left; or the name of a property.
    Entry(Option<&'static Field>),
    /// The name of a property.
    Key,
    /// The value of a property.
    Value(Option<&'static Field>),
    /// What is behind `(choice)`, `(param)` or `(expr)`.
    Annotated(String),
    /// Inside `( … )`.
    Annotation,
    /// A comment, or nothing that can be told.
    Nothing,
}

/// A place.
pub struct Place<'s> {
    /// The word there; empty between words.
    pub word: Range<usize>,
    /// The nodes around it, the outermost first, with the node whose line it is on, if it is on one.
    pub around: Vec<(&'s Line, Meaning)>,
    /// Whether the last of `around` is the line that the place is on; else it is the block's.
    pub on_line: bool,
    /// What it is for.
    pub at: At,
}

/// Looks at a place.
pub fn place<'s>(language: &Language, sketch: &'s Sketch, text: &str, at: usize) -> Place<'s> {
    let word = word(&sketch.tokens, text, at);
    let mut place = Place { word, around: Vec::new(), on_line: false, at: At::Nothing };
    let comment = |r: &Range<usize>| r.start < at && (at < r.end || (at == r.end && text[r.clone()].starts_with("//")));
    if sketch.comments.iter().any(comment) {
        return place;
    }
    let mut lines: &'s [Line] = &sketch.lines;
    loop {
        let around = lines
            .iter()
            .find(|l| l.block.as_ref().is_some_and(|b| b.range.start < at && (at < b.range.end || (!b.closed && at == b.range.end))));
        let Some(line) = around else { break };
        let meaning = meaning::of(language, place.around.last().map(|(_, m)| m), line, text);
        place.around.push((line, meaning));
        lines = line.block.as_ref().map_or(&[], |b| &b.lines);
    }
    let on = lines.iter().rev().find(|l| l.range.start <= at).filter(|l| is_on(&sketch.tokens, l, at));
    let Some(line) = on else {
        place.at = At::Name;
        return place;
    };
    let meaning = meaning::of(language, place.around.last().map(|(_, m)| m), line, text);
    place.at = if at <= line.name.end { At::Name } else { entry(line, &meaning, text, &place.word, at) };
    place.around.push((line, meaning));
    place.on_line = true;
    place
}

/// The word that a place is in or at the end of.
fn word(tokens: &[Token], text: &str, at: usize) -> Range<usize> {
    let first = tokens.partition_point(|t| t.range.end < at);
    let touches = |t: &&Token| t.range.start <= at && at <= t.range.end && matches!(t.kind, Kind::Word | Kind::Text | Kind::Keyword);
    let inside = |t: &Token| {
        let written = &text[t.range.clone()];
        // Behind its closing quote a text is over.
        let closed = t.kind == Kind::Text && written.len() > 1 && written.ends_with('"');
        !(closed && at == t.range.end)
    };
    let found = tokens[first..].iter().take(2).filter(touches).find(|t| inside(t));
    found.map_or(at..at, |t| t.range.clone())
}

/// Whether a place behind the start of a line is still on it.
fn is_on(tokens: &[Token], line: &Line, at: usize) -> bool {
    let first = tokens.partition_point(|t| t.range.start < line.range.end);
    // Behind a block nothing of the line follows.
    if at > line.range.end && line.block.as_ref().is_some_and(|b| b.closed) {
        return false;
    }
    let between = tokens[first..].iter().take_while(|t| t.range.start < at);
    at <= line.range.end || !between.into_iter().any(|t| matches!(t.kind, Kind::Newline | Kind::Semicolon | Kind::Open | Kind::Close))
}

fn entry(line: &Line, meaning: &Meaning, text: &str, word: &Range<usize>, at: usize) -> At {
    let before = text[..word.start].trim_end();
    if before.ends_with('(') {
        return At::Annotation;
    }
    if let Some(open) = before.strip_suffix(')').and_then(|b| b.rfind('(')) {
        let inside = &before[open + 1..before.len() - 1];
        if matches!(inside, "choice" | "param" | "expr") {
            return At::Annotated(inside.into());
        }
    }
    let fields = meaning::fields(meaning, line, text);
    for (entry, field) in line.entries.iter().zip(&fields) {
        let touches = |r: &Range<usize>| r.start <= at && at <= r.end && *r == *word;
        match (&entry.key, &entry.value) {
            (Some(key), _) if touches(key) => return At::Key,
            (Some(_), Some(value)) if touches(value) => return At::Value(*field),
            (Some(key), None) if key.end < at && text[key.end..at].trim() == "=" => return At::Value(*field),
            (None, Some(value)) if touches(value) => return At::Entry(*field),
            _ => {}
        }
    }
    At::Entry(next(meaning, &line.entries, text, at))
}

/// The field of a value that would be written here.
fn next(meaning: &Meaning, entries: &[Entry], text: &str, at: usize) -> Option<&'static Field> {
    match meaning {
        Meaning::Unknown => None,
        Meaning::Field(field) => Some(field),
        Meaning::Node(form) => {
            let mut slots = Slots::of(form);
            for value in entries.iter().filter(|e| e.key.is_none()).filter_map(|e| e.value.as_ref()).filter(|v| v.end <= at) {
                let written = &text[value.clone()];
                slots.next(!is_number(written) && !written.starts_with('#'));
            }
            slots.next(true)
        }
    }
}
