//! From an older index to this program's.
//!
//! Each step takes an index from one version to the next; all that an index needs are applied in one transaction, while nobody else
//! has the store open, so that a crash leaves the old index or the new one. An index that no step starts from is put aside and built
//! again from the files, which takes longer and loses only which source files were read before. Whoever only reads an older index
//! reads the files instead, and changes nothing. A newer index is refused ([`super::schema::check_version`]).
//!
//! To raise [`super::schema::VERSION`]: change `TABLES`, add a step here, and a fixture to `tests/upgrade.rs`. A step must leave the
//! schema as `TABLES` has it, word for word and in that order.

use super::StoreError;
use super::disk::{Disk, again};
use super::schema::{APPLICATION, VERSION, failed};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// From one version to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The version that it starts from.
    pub from: i32,
    /// What makes the next of it.
    pub sql: &'static str,
}

/// All steps, oldest first. Version 1 is the first that anybody has.
#[cfg(not(test))]
pub(super) const STEPS: &[Step] = &[];
/// Tests have an older version, which did not remember source files.
#[cfg(test)]
pub(super) const STEPS: &[Step] = &[Step { from: 0, sql: super::schema::TABLES[4] }];

/// The version of an index of ours that is older than this program's; none of any other file.
pub(super) fn older(connection: &Connection) -> rusqlite::Result<Option<i32>> {
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |r| r.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    Ok((application == APPLICATION && version < VERSION).then_some(version))
}

/// Whether steps lead from a version to this program's.
pub(super) fn leads(from: i32) -> bool {
    (from..VERSION).all(|version| STEPS.iter().any(|step| step.from == version))
}

/// Takes an index to this program's version, as a whole or not at all. The caller has the store alone.
pub(super) fn migrate(connection: &mut Connection, from: i32, path: &Path, disk: &dyn Disk) -> Result<(), StoreError> {
    let lost = |e| failed(path, e);
    let ask = || again(|| disk.transact(path)).map_err(|e| StoreError::io("upgrade", path, None, e));
    ask()?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(lost)?;
    for version in from..VERSION {
        for step in STEPS.iter().filter(|step| step.from == version) {
            transaction.execute_batch(step.sql).map_err(lost)?;
        }
    }
    transaction.execute_batch(&format!("PRAGMA user_version={VERSION};")).map_err(lost)?;
    ask()?;
    transaction.commit().map_err(lost)
}
