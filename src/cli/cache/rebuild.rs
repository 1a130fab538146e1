//! `nasflow cache rebuild-index`

use super::place;
use crate::base::counted;
use crate::cli::arguments::CacheRebuildArguments;
use crate::cli::failure::Failure;
use crate::cli::print;
use crate::store::Store;
use serde_json::json;
use std::process::ExitCode;

pub fn run(arguments: &CacheRebuildArguments) -> Result<ExitCode, Failure> {
    let root = place::needed(&arguments.place)?;
    let store = match Store::rebuild_index(&root, place::options(&arguments.place)) {
        Ok(store) => store,
        Err(e) => return place::busy_or(e),
    };
    let (results, notices) = (store.keys()?.len(), store.notices());
    if arguments.place.json {
        print::out(&format!("{}\n", json!({ "results": results, "notices": notices })));
        return Ok(ExitCode::SUCCESS);
    }
    notices.iter().for_each(|notice| print::note(notice));
    print::out(&format!("the index has {}; the next run reads its data sets again\n", counted(results, "result")));
    Ok(ExitCode::SUCCESS)
}
