//! `nasflow cache pull`

use super::told::Told;
use crate::base::{counted, units};
use crate::cli::arguments::CachePullArguments;
use crate::cli::failure::Failure;
use crate::cli::load::{self, Access};
use crate::cli::{print, sharing};
use crate::remote::RemoteError;
use crate::run::StoreKnown;
use crate::run::sharing::{pull, remember, strangers, told_of_strangers};
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
    let others = strangers(&team, pulled.missing.iter().copied(), LOOKED);
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
    told_of_strangers(&others).iter().for_each(|line| print::note(line));
    sharing::served(&team)?;
    Ok(ExitCode::SUCCESS)
}
