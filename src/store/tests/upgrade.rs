//! Stores of older and newer programs.

use super::{directory, fill};
use crate::base::Digest;
use crate::store::schema::{APPLICATION, TABLES, VERSION};
use crate::store::{Blobs, Store, StoreError, schema};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};

/// A store as version 0 left it: three results, and no table of source files.
fn older(root: &Path) -> Vec<Digest> {
    fill(root, 3);
    let keys = Store::open(root, false).unwrap().keys().unwrap();
    let connection = Connection::open(root.join("index.sqlite")).unwrap();
    connection.execute_batch("DROP TABLE sources; PRAGMA user_version=0; PRAGMA journal_mode=DELETE;").unwrap();
    drop(connection);
    assert_eq!(schema::version(&root.join("index.sqlite")), Some(0));
    keys
}

#[test]
fn an_older_index_is_upgraded_when_it_is_opened_for_writing() {
    let dir = directory();
    let root = dir.path().join("cache");
    let keys = older(&root);
    let store = Store::open(&root, false).unwrap();
    let notices = store.notices();
    assert!(notices.len() == 1 && notices[0].contains(&format!("upgraded from version 0 to {VERSION}")), "{notices:?}");
    assert_eq!(store.keys().unwrap(), keys);
    drop(store);
    assert_eq!(schema::version(&root.join("index.sqlite")), Some(VERSION));
    // It is as a new one is, and the next open says nothing.
    let connection = Connection::open(root.join("index.sqlite")).unwrap();
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").unwrap();
    let found: Vec<String> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(found, TABLES);
    assert!(Store::open(&root, false).unwrap().notices().is_empty());
}

#[test]
fn an_older_index_is_read_without_being_changed() {
    let dir = directory();
    let root = dir.path().join("cache");
    let keys = older(&root);
    let before = seen(&root);
    let store = Store::open_read_only(&root).unwrap();
    assert_eq!(store.keys().unwrap(), keys);
    assert!(store.notices()[0].contains("older"), "it says why it read the files");
    drop(store);
    assert_eq!(seen(&root), before);
}

#[test]
fn an_index_without_a_way_to_this_version_is_built_again() {
    let dir = directory();
    let root = dir.path().join("cache");
    let keys = older(&root);
    let connection = Connection::open(root.join("index.sqlite")).unwrap();
    connection.execute_batch("PRAGMA user_version=-3;").unwrap();
    drop(connection);
    let store = Store::open(&root, false).unwrap();
    assert_eq!(store.keys().unwrap(), keys);
    assert_eq!(store.notices().len(), 1);
}

#[test]
fn an_upgrade_waits_for_those_who_have_the_store_open() {
    let dir = directory();
    let root = dir.path().join("cache");
    fill(&root, 1);
    let held = Blobs::open(&root).unwrap();
    let connection = Connection::open(root.join("index.sqlite")).unwrap();
    connection.execute_batch("DROP TABLE sources; PRAGMA user_version=0;").unwrap();
    drop(connection);
    assert!(matches!(Store::open(&root, false).map(drop), Err(StoreError::InUse { .. })));
    drop(held);
    assert!(Store::open(&root, false).is_ok());
}

#[test]
fn a_newer_index_is_refused_in_one_line_and_nothing_is_touched() {
    let dir = directory();
    let root = dir.path().join("cache");
    fill(&root, 2);
    let connection = Connection::open(root.join("index.sqlite")).unwrap();
    connection.execute_batch("PRAGMA journal_mode=DELETE;").unwrap();
    connection.execute_batch(&format!("CREATE TABLE later(x); PRAGMA user_version={};", VERSION + 1)).unwrap();
    drop(connection);
    assert_eq!(schema::version(&root.join("index.sqlite")), Some(VERSION + 1));
    let before = seen(&root);
    for opened in [Store::open(&root, true), Store::open(&root, false), Store::open_read_only(&root)] {
        let Err(error) = opened else { panic!("it was opened") };
        assert!(matches!(error, StoreError::Newer { .. }) && !error.to_string().contains('\n'), "{error}");
    }
    assert_eq!(seen(&root), before);
    assert_eq!(APPLICATION.to_be_bytes(), *b"nasf");
}

/// Every file and folder with its bytes and the time it was changed.
fn seen(root: &Path) -> Vec<(PathBuf, std::time::SystemTime, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.metadata().unwrap();
            let bytes = if meta.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
            if meta.is_dir() {
                folders.push(path.clone());
            }
            found.push((path, meta.modified().unwrap(), bytes));
        }
    }
    found.sort();
    found
}
