//! Which words are quoted: names that a file invents are, nasflow's words are not. Only where the table says what a value is.

use super::line::Wishes;
use crate::document::field::{Field, Type};
use crate::document::language::Language;
use crate::document::meaning::{self, Meaning};
use crate::document::sketch::{Line, is_number, plain, sketch};

/// What the tokens of a text are printed as, where that is not what was written.
pub fn wishes(language: &Language, text: &str) -> Wishes {
    let mut wishes = Wishes::new();
    for line in &sketch(text).lines {
        look(language, None, line, text, &mut wishes);
    }
    wishes
}

fn look(language: &Language, parent: Option<&Meaning>, line: &Line, text: &str, wishes: &mut Wishes) {
    if line.hidden {
        return;
    }
    let meaning = meaning::of(language, parent, line, text);
    for (entry, field) in line.entries.iter().zip(meaning::fields(&meaning, line, text)) {
        let Some(range) = &entry.value else { continue };
        let written = &text[range.clone()];
        let quoted = match (&entry.annotation, field) {
            (Some(_), _) => Some(true),
            (None, Some(field)) => plain(written).and_then(|word| style(language, field, word)),
            (None, None) => None,
        };
        match quoted {
            Some(true) if !written.starts_with(['"', '#']) && !is_number(written) => {
                wishes.insert(range.start, format!("\"{written}\""));
            }
            Some(false) if written.starts_with('"') => {
                wishes.extend(plain(written).filter(|word| is_bare(word)).map(|word| (range.start, word.to_string())));
            }
            _ => {}
        }
    }
    for child in line.inside() {
        look(language, Some(&meaning), child, text, wishes);
    }
}

/// Whether a value of a field is quoted; none where either may be meant.
fn style(language: &Language, field: &Field, word: &str) -> Option<bool> {
    if meaning::is_word(language, field, word) {
        return Some(false);
    }
    let invented = |t: &Type| match t {
        // The layer above has a word; splits and shipped networks are called by words, too.
        Type::Name("layer") => word != "above",
        Type::Name(what) => !matches!(*what, "split" | "network" | "shipped space"),
        Type::Path | Type::Label | Type::Metric => true,
        _ => false,
    };
    (field.types.iter().all(invented)).then_some(true)
}

/// Whether a word may stand without quotes.
fn is_bare(word: &str) -> bool {
    let letters = word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    letters && !matches!(word, "true" | "false" | "null" | "inf" | "nan")
}
