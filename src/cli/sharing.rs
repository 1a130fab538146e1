//! With whom results are shared, from the arguments, the environment and the user's configuration.

use super::configuration;
use super::failure::Failure;
use super::remote_arguments::RemoteArguments;
use crate::document::configuration::RemoteSettings;
use crate::remote::{PublicKey, RemoteError, SecretKey, Sharing, Team, open};
use std::path::PathBuf;
use std::time::Duration;

/// Longest time without an answer, where nobody says.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The place where results are shared; none where none is named, or no network is wanted. Nothing is asked of it.
///
/// # Errors
/// An address, a key or a configuration that is wrong.
pub fn team(arguments: &RemoteArguments, states: bool) -> Result<Option<Team>, Failure> {
    if arguments.offline {
        return Ok(None);
    }
    let settings = configuration::configuration()?.store.remote;
    let address = arguments.remote.clone().or_else(|| settings.as_ref().map(|s| s.address.clone())).filter(|a| !a.is_empty());
    let Some(address) = address else { return Ok(None) };
    let settings = settings.unwrap_or_default();
    let trust = settings.trust.iter().map(|key| key.parse::<PublicKey>()).collect::<Result<Vec<_>, RemoteError>>()?;
    let secret = match configuration::key_path() {
        Some(path) => SecretKey::read(&path)?,
        None => None,
    };
    let RemoteSettings { read, write, timeout, .. } = settings;
    let (read, write, timeout) = (read.unwrap_or(true), write.unwrap_or(true), timeout.unwrap_or(TIMEOUT));
    Ok(Some(Team::new(open(&address)?, Sharing { read, write, trust, secret, timeout, states })))
}

/// What a run should know that shares by halves.
pub fn notes(team: &Team) -> Vec<String> {
    let (sharing, address) = (team.sharing(), team.address());
    let mut notes = Vec::new();
    if sharing.read && team.trusted().is_empty() {
        notes.push(format!("note: nothing is taken from {address}: you trust nobody (`nasflow docs store`, \"Stores shared by a team\")"));
    }
    if sharing.write && sharing.secret.is_none() {
        notes.push(format!("note: nothing is pushed to {address}: you have no key to sign with; `nasflow cache key` makes it"));
    }
    notes
}

/// The place, for a command that needs one.
///
/// # Errors
/// As [`team`]; that there is none.
pub fn needed(arguments: &RemoteArguments, states: bool, doing: &str) -> Result<Team, Failure> {
    if arguments.offline {
        return Err(RemoteError::Offline { doing: doing.into() }.into());
    }
    team(arguments, states)?.ok_or_else(|| RemoteError::Unnamed.into())
}

/// That somebody has to sign and nobody can.
pub fn no_key() -> Failure {
    let path = configuration::key_path().unwrap_or_else(|| PathBuf::from("key"));
    RemoteError::Key { path, why: "there is none yet: `nasflow cache key` makes it".into() }.into()
}

/// That the place failed, where it did.
///
/// # Errors
/// That.
pub fn served(team: &Team) -> Result<(), Failure> {
    match team.failure() {
        Some(why) => Err(RemoteError::Unreachable { address: team.address().into(), why: why.into() }.into()),
        None => Ok(()),
    }
}
