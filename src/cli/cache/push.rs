//! `nasflow cache push`

use super::place;
use super::told::Told;
use crate::base::{Digest, counted, units};
use crate::cli::arguments::CachePushArguments;
use crate::cli::failure::Failure;
use crate::cli::{print, sharing};
use crate::remote::parcel;
use crate::run::runs;
use crate::run::sharing::remember;
use crate::run::upkeep::roots::{self, Why};
use crate::store::Store;
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Results that are held in memory at a time.
const CHUNK: usize = 500;

pub fn run(arguments: &CachePushArguments) -> Result<ExitCode, Failure> {
    let team = sharing::needed(&arguments.remote, arguments.states, "`cache push`")?;
    let store = place::writing(&arguments.place, false)?;
    let keys = keys(&store, arguments)?;
    if arguments.dry_run {
        return dry(&store, arguments, &keys, team.address());
    }
    let mut pusher = team.pusher(store.blobs()).ok_or_else(|| match team.sharing().secret {
        Some(_) => Failure::Message(format!("the configuration says `write #false` of {}: leave that out to push", team.address())),
        None => sharing::no_key(),
    })?;
    let mut told = Told::new("pushing");
    let (mut given, mut remembered) = (0, 0);
    for chunk in keys.chunks(CHUNK) {
        for key in chunk {
            if let Some(parcel) = parcel(&store, key)? {
                given += 1;
                pusher.give(parcel);
            }
        }
        // Each request has its limit, and whoever waits here may end it.
        pusher.wait(None, &|| false, &mut |open, _| told.results(given - open, keys.len()));
        let pushed = pusher.gather();
        remember(&store, team.address(), pushed.there[remembered..].iter().copied())?;
        remembered = pushed.there.len();
        if team.failure().is_some() {
            break;
        }
    }
    drop(told);
    let pushed = pusher.end();
    let (address, there) = (team.address(), pushed.there.len() - pushed.new.min(pushed.there.len()));
    pushed.remarks.lines(address).iter().for_each(|line| print::note(line));
    print::out(&if arguments.place.json {
        let value = json!({ "remote": address, "new": pushed.new, "there": there, "left": pushed.left, "bytes": pushed.bytes });
        format!("{value}\n")
    } else {
        let known = if there > 0 { format!("; {} there already", counted(there, "result")) } else { String::new() };
        format!("pushed {} ({}) to {address}{known}\n", counted(pushed.new, "result"), units::shown(pushed.bytes))
    });
    if let Some(error) = pushed.error {
        return Err(error.into());
    }
    sharing::served(&team)?;
    Ok(ExitCode::SUCCESS)
}

/// What is to go.
fn keys(store: &Store, arguments: &CachePushArguments) -> Result<Vec<Digest>, Failure> {
    if arguments.all {
        return Ok(store.keys()?);
    }
    let wanted = match arguments.runs.as_slice() {
        [] => roots::runs(store, 1)?,
        names => {
            let mut kept = Vec::new();
            for name in names {
                kept.push((runs::record_of(store, name)?, Why::Recent));
            }
            (kept, None)
        }
    };
    let roots = roots::roots(store, wanted, Duration::ZERO, &mut |_, _| {})?;
    match roots.all {
        Some(why) => Err(format!("{why}: `cache push --all` pushes all that is there").into()),
        None => Ok(roots.keys.into_iter().collect()),
    }
}

/// Says what would go.
fn dry(store: &Store, arguments: &CachePushArguments, keys: &[Digest], address: &str) -> Result<ExitCode, Failure> {
    let (mut results, mut bytes) = (0, 0);
    for key in keys {
        let Some(parcel) = parcel(store, key)? else { continue };
        results += 1;
        bytes += parcel.bytes() + parcel.state.filter(|_| arguments.states).map_or(0, |s| s.1);
    }
    print::out(&if arguments.place.json {
        format!("{}\n", json!({ "remote": address, "results": results, "bytes": bytes }))
    } else {
        let what = counted(results, "result");
        format!("would push {what} ({}) to {address}, as far as they are not there\n", units::shown(bytes))
    });
    Ok(ExitCode::SUCCESS)
}
