//! How a network's row is called: from the decisions that led to it.

use crate::document::{KeyPart, TableSource};
use crate::space::Decision;
use std::fmt;

/// Why a network has no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unkeyed(
    /// In words.
    pub String,
);

/// What names a row: one text for each column of keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey(
    /// In the order of `keys`.
    pub Vec<String>,
);

/// No key holds it: it stands between the texts of several columns.
pub(super) const BETWEEN: char = '\u{1f}';

impl RowKey {
    /// As one text.
    pub fn joined(&self) -> String {
        self.0.join(&BETWEEN.to_string())
    }
}

impl From<&str> for RowKey {
    fn from(key: &str) -> Self {
        RowKey(vec![key.to_string()])
    }
}

/// As messages show it.
impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shorten(&self.0.join(", ")))
    }
}

/// The key of the network with these choices (label, option), in a space of these decisions.
pub fn key_of(source: &TableSource, decisions: &[Decision], choices: &[(String, String)]) -> Result<RowKey, Unkeyed> {
    source.key.iter().map(|text| text_of(source, &text.value, decisions, choices)).collect::<Result<_, _>>().map(RowKey)
}

fn text_of(source: &TableSource, parts: &[KeyPart], decisions: &[Decision], choices: &[(String, String)]) -> Result<String, Unkeyed> {
    let mut key = String::new();
    for part in parts {
        match part {
            KeyPart::Text(text) => key += text,
            KeyPart::Option(label) => {
                let (_, option) = option_of(decisions, choices, label)?;
                key += source.word(label, option);
            }
            KeyPart::Index(label) => key += &option_of(decisions, choices, label)?.0.to_string(),
            KeyPart::Decisions => {
                for decision in decisions {
                    key += &option_of(decisions, choices, &decision.label)?.0.to_string();
                }
            }
        }
    }
    Ok(key)
}

/// The place and the name of the option that a decision took.
fn option_of<'c>(decisions: &[Decision], choices: &'c [(String, String)], label: &str) -> Result<(usize, &'c str), Unkeyed> {
    let unmade = || Unkeyed(format!("the key of its row needs the decision `{label}`, which this network does not have"));
    let decision = decisions.iter().find(|d| d.label == label).ok_or_else(unmade)?;
    let (_, option) = choices.iter().find(|(l, _)| l == label).ok_or_else(unmade)?;
    let place = decision.options.iter().position(|o| o == option).ok_or_else(unmade)?;
    Ok((place, option))
}

/// Keys are as long as their file says; messages are not.
pub(super) fn shorten(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_string() } else { text.chars().take(79).chain(['…']).collect() }
}
