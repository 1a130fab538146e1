//! `nasflow cache pull`

use super::told::Told;
use crate::base::{Digest, counted, units};
use crate::cli::arguments::CachePullArguments;
use crate::cli::failure::Failure;
use crate::cli::load::{self, Access};
use crate::cli::{print, sharing};
use crate::remote::{PublicKey, RemoteError, Team, strangers};
use crate::run::StoreKnown;
use crate::run::sharing::{pull, remember};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Results that are not there of which it is looked who else claims them, at most.
const LOOKED: usize = 20;

pub fn run(arguments: &CachePullArguments) -> Result<ExitCode, Failure> {
    let team = sharing::needed(&arguments.remote, arguments.states, "`cache pull`")?;
    if team.trusted().is_empty() {
        return Err(RemoteError::Nobody { address: team.address().into() }.into());
    }
    let pipeline = load::pipeline(&arguments.file)?;
    let access = if arguments.dry_run { Access::Read } else { Access::Write };
    let store = load::store(&arguments.file, access)?;
    let prepared = load::prepared(pipeline, store.as_ref(), &arguments.file, false)?;
    let numerics = load::device(&arguments.numerics)?.numerics().to_string();
    let mut known = StoreKnown::new(store.as_ref());
    let into = store.as_ref().filter(|_| !arguments.dry_run);
    let mut told = Told::new("pulling");
    let pulled = pull(&prepared, &mut known, into, &team, &numerics, &|| false, &mut |_, bytes| told.moved(bytes));
    drop(told);
    let pulled = pulled?;
    let address = team.address();
    if let Some(store) = into {
        // What came is there: the next run need not look for it.
        remember(store, address, pulled.came.iter().copied())?;
    }
    pulled.remarks.lines(address).iter().for_each(|line| print::note(line));
    let others = others(&team, &pulled.missing)?;
    let left = pulled.replay.works.len();
    print::out(&if arguments.json {
        let strangers: BTreeMap<String, usize> = others.iter().map(|(key, n)| (key.to_string(), *n)).collect();
        let value = json!({
            "remote": address, "results": pulled.came.len(), "bytes": pulled.bytes, "finished": pulled.replay.finished(),
            "to-run-now": left, "not-trusted": strangers,
        });
        format!("{value}\n")
    } else {
        let (what, bytes) = (counted(pulled.came.len(), "result"), units::shown(pulled.bytes));
        let came = if arguments.dry_run { "would come" } else { "came" };
        let rest = match left {
            0 => "nothing is left to run".to_string(),
            n => format!("a run would now begin with {}", counted(n, "action")),
        };
        format!("{what} ({bytes}) {came} from {address}; {rest}\n")
    });
    for (key, n) in others {
        let them = if n == 1 { "it" } else { "them" };
        print::note(&format!(
            "{} there under a key that you do not trust, {key}: `trust` it, where you believe its owner, to take {them}",
            is(n)
        ));
    }
    sharing::served(&team)?;
    Ok(ExitCode::SUCCESS)
}

fn is(n: usize) -> String {
    format!("{} {}", counted(n, "result"), if n == 1 { "is" } else { "are" })
}

/// Who else claims to have what is not there; of the first ones only.
fn others(team: &Team, missing: &[Digest]) -> Result<BTreeMap<PublicKey, usize>, Failure> {
    let (mut found, trusted) = (BTreeMap::new(), team.trusted());
    for key in missing.iter().take(LOOKED) {
        if !team.reads() {
            break;
        }
        for signer in strangers(team.line(), key, &trusted).unwrap_or_default() {
            *found.entry(signer).or_default() += 1;
        }
    }
    Ok(found)
}
