//! What is asked for, and by whom.

use super::action::Action;
use crate::base::Digest;

/// An action, and the stage that asked for it first.
#[derive(Clone, Debug)]
pub struct Request {
    /// The action.
    pub action: Action,
    /// Its key.
    pub key: Digest,
    /// The index of the stage.
    pub stage: usize,
    /// The stage's name.
    pub name: String,
    /// The model that it is for, as people call it; none where it is for the stage as a whole.
    pub model: Option<String>,
    /// What tells it from others of the stage and model: `, seed 1`.
    pub detail: String,
    /// Whether it is for a trial that is trained once more (`replicate`), and for no model of the stage.
    pub replica: bool,
}

impl Request {
    /// `score: trials #12, seed 1`.
    pub fn label(&self) -> String {
        let model = self.model.as_ref().map_or(String::new(), |m| format!(": {m}"));
        format!("{}{model}{}", self.name, self.detail)
    }
}
