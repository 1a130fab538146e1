//! Values of a node that the table has checked, by their fields' names.

use super::{Node, Value};
use crate::base::units;
use std::time::Duration;

/// Values of a node that the table has checked.
pub(super) struct Read<'n> {
    pub(super) node: &'n Node,
}

impl Read<'_> {
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        Some(&self.node.property(name)?.values.first()?.value)
    }

    pub(super) fn count(&self, name: &str) -> Option<usize> {
        match self.value(name)? {
            Value::Int(i) => usize::try_from(*i).ok(),
            _ => None,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(yes) => Some(*yes),
            _ => None,
        }
    }

    pub(super) fn time(&self, name: &str) -> Option<Duration> {
        units::time(self.text(name)?)
    }

    pub(super) fn size(&self, name: &str) -> Option<u64> {
        units::bytes(self.text(name)?)
    }
}
