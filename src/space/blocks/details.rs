//! Lines for people: a block beside its word, defaults left out.

use super::property::activation_word;
use crate::space::graph::Activation;

/// Writes ` name=value` where the value is not the usual one.
pub(super) struct Details(pub String);

impl Details {
    pub fn of(first: usize) -> Self {
        Details(first.to_string())
    }
    pub fn unless<T: PartialEq + std::fmt::Display>(mut self, name: &str, value: T, usual: T) -> Self {
        if value != usual {
            self.0.push_str(&format!(" {name}={value}"));
        }
        self
    }
    pub fn flag(self, name: &str, value: bool) -> Self {
        if value { self } else { self.always(name, "#false") }
    }
    pub fn always(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.0.push_str(&format!(" {name}={value}"));
        self
    }
    pub fn activation(self, value: Activation) -> String {
        self.unless("activation", activation_word(value), "silu").0
    }
}
