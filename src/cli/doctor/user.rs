//! The user's configuration: which file was read, and what it sets.

use crate::cli::configuration::{Found, find};
use crate::cli::failure::Failure;
use crate::document::render;
use serde::Serialize;
use std::collections::BTreeMap;

/// What there is of the configuration.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct User {
    /// The file that was looked for; none where the environment says that there is none.
    pub path: Option<String>,
    /// Whether it is there.
    pub exists: bool,
    /// What it sets: `run timeout` → `30m`.
    pub sets: BTreeMap<String, String>,
}

/// Looks: what is found, what it sets, and what is wrong with it.
pub fn look() -> (User, Found, Option<String>) {
    let (found, fault) = match find() {
        Ok(found) => (found, None),
        Err(Failure::Document(d)) => {
            (Found::default(), Some(format!("the configuration is wrong:\n{}", render::diagnostics(&d, false).trim())))
        }
        Err(Failure::Message(why) | Failure::Index(why)) => (Found::default(), Some(why)),
    };
    let sets = found.configuration.written.iter().cloned().collect();
    (User { path: found.path.as_ref().map(|p| p.display().to_string()), exists: found.exists, sets }, found, fault)
}
