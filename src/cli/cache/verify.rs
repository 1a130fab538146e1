//! `nasflow cache verify`

use super::place;
use super::told::Told;
use crate::base::units;
use crate::base::{Digest, counted};
use crate::cli::arguments::CacheVerifyArguments;
use crate::cli::failure::Failure;
use crate::cli::print;
use crate::run::upkeep::owners::{Owner, owners};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

/// Bits of the exit code, those of `nix store verify`: something is damaged; something is lost (there: untrusted); something could
/// not be read.
const DAMAGED: u8 = 1;
const LOST: u8 = 2;
const UNREAD: u8 = 4;

pub fn run(arguments: &CacheVerifyArguments) -> Result<ExitCode, Failure> {
    let store = match place::writing(&arguments.place, false) {
        Ok(store) => store,
        Err(failure) => {
            print::failure(&failure);
            return Ok(ExitCode::from(UNREAD));
        }
    };
    let mut told = Told::new("verifying");
    let verdict = match store.verify_telling(&mut |done, all| told.bytes(done, all)) {
        Ok(verdict) => verdict,
        Err(e) => {
            drop(told);
            print::failure(&e.into());
            return Ok(ExitCode::from(UNREAD));
        }
    };
    drop(told);
    let notices = store.notices();
    let wanted: BTreeSet<Digest> = verdict.damaged.iter().copied().chain(verdict.missing.iter().map(|f| f.blob)).collect();
    // What no run makes again of itself is reported once, and counts as dropped from then on.
    let optional = verdict.missing.iter().filter(|f| ["state", "pack"].contains(&f.output.as_str())).map(|f| f.blob);
    // A run beside this may have made it by now.
    let blobs = store.blobs();
    store.drop_blobs(&optional.filter(|blob| blobs.size(blob).is_none()).collect::<Vec<_>>())?;
    let records = store.damaged_runs()?;
    let owners = owners(&store, &wanted)?;
    let lost: Vec<_> = verdict.missing.iter().filter(|f| !verdict.damaged.contains(&f.blob)).collect();
    let damaged = if verdict.damaged.is_empty() && records.is_empty() { 0 } else { DAMAGED };
    let code = damaged | if lost.is_empty() { 0 } else { LOST };
    if arguments.place.json {
        let owner = |blob: &Digest| {
            owners.get(blob).map(|o| json!({ "kind": o.kind, "output": o.output, "key": o.key, "pipeline": o.pipeline, "file": o.file }))
        };
        let list = |blobs: &mut dyn Iterator<Item = Digest>| blobs.map(|b| json!({ "blob": b, "of": owner(&b) })).collect::<Vec<_>>();
        let value = json!({
            "blobs": verdict.blobs,
            "bytes": verdict.bytes,
            "results": verdict.records,
            "damaged": list(&mut verdict.damaged.iter().copied()),
            "lost": list(&mut lost.iter().map(|f| f.blob)),
            "records": records.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
            "dropped": verdict.dropped,
            "rewritten": verdict.rewritten,
            "notices": notices,
        });
        print::out(&format!("{value}\n"));
        return Ok(ExitCode::from(code));
    }
    notices.iter().for_each(|notice| print::note(notice));
    let mut out = format!(
        "{} whole ({}), {} read\n",
        counted(verdict.blobs, "blob"),
        units::shown(verdict.bytes),
        counted(verdict.records, "result")
    );
    if verdict.rewritten > 0 {
        out += &format!("{} were lost as files, and were written again from the index\n", counted(verdict.rewritten, "manifest"));
    }
    if verdict.dropped > 0 {
        out += &format!("{} (states, packs) dropped on purpose, which is no fault\n", counted(verdict.dropped, "blob"));
    }
    let mut files: BTreeMap<String, usize> = BTreeMap::new();
    let blobs = verdict.damaged.iter().map(|b| (*b, "damaged, and put aside")).chain(lost.iter().map(|f| (f.blob, "lost")));
    for (blob, what) in blobs {
        let owner = owners.get(&blob);
        out += &format!("{} {what}: {}\n", blob.short(), owner.map_or("no result names it".to_string(), described));
        let optional = match owner.map(|o| o.output.as_str()) {
            Some("state") => Some("only more epochs would need it: they begin anew"),
            Some("pack") => Some("the next run that needs it makes it again"),
            _ => None,
        };
        if let Some(optional) = optional {
            out += &format!("    {optional}\n");
        } else if let Some(file) = owner.and_then(|o| o.file.clone()) {
            *files.entry(file).or_default() += 1;
        }
    }
    for path in &records {
        out += &format!(
            "the record of a run is damaged: {}\n    `cache gc` removes no result while it is there; what the run used is not lost, and without the file it counts as nobody's\n",
            path.display()
        );
    }
    if code == 0 {
        out += "nothing is damaged or lost\n";
    }
    for (file, n) in files {
        out += &format!("`nasflow run {file}` makes {n} of these again, or has no need of {}\n", if n == 1 { "it" } else { "them" });
    }
    print::out(&out);
    Ok(ExitCode::from(code))
}

fn described(owner: &Owner) -> String {
    let used = owner.pipeline.as_ref().map_or(String::new(), |p| format!(", used by `{p}`"));
    format!("the {} of {} {}{used}", owner.output, owner.kind, owner.key.short())
}
