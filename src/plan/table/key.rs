//! How a network's row is called: from the decisions that led to it.

use crate::document::{KeyPart, TableSource};
use crate::space::Decision;

/// Why a network has no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unkeyed(
    /// In words.
    pub String,
);

/// The key of the network with these choices (label, option), in a space of these decisions.
pub fn key_of(source: &TableSource, decisions: &[Decision], choices: &[(String, String)]) -> Result<String, Unkeyed> {
    let mut key = String::new();
    for part in &source.key.value {
        match part {
            KeyPart::Text(text) => key += text,
            KeyPart::Option(label) => {
                let (_, option) = option_of(decisions, choices, label)?;
                key += source.words.iter().find(|(o, _)| o.value == option).map_or(option, |(_, text)| text);
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
