//! Flipped bits: found before use in blobs; rebuilt or refused, never believed, in the index.

use super::{directory, fill, nobody_spawns, record};
use crate::base::Random;
use crate::store::{Store, StoreError};
use std::fs;

#[test]
fn every_flip_in_a_blob_is_found_once_and_mended_by_putting_it_again() {
    let dir = directory();
    fill(dir.path(), 20);
    let store = Store::open(dir.path(), false).unwrap();
    let blobs = store.blobs();
    let all = blobs.sizes().unwrap();
    let mut random = Random::at(1, "flips", &[]);
    for i in 0..1000 {
        let (digest, size) = all[random.below(all.len())];
        let path = blobs.path(&digest);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[random.below(size as usize)] ^= 1 << random.below(8);
        fs::write(&path, &bad).unwrap();
        if i % 2 == 0 {
            let Err(StoreError::Damaged { aside: Some(aside), .. }) = blobs.get(&digest) else { panic!("flip {i} was not found") };
            assert_eq!(fs::read(aside).unwrap(), bad);
            assert!(matches!(blobs.get(&digest), Err(StoreError::Missing { .. })));
            assert!(!blobs.has(&digest).unwrap());
        }
        assert_eq!(blobs.put(&good).unwrap(), digest);
        assert_eq!(blobs.get(&digest).unwrap(), good);
    }
    // A reader puts aside, too; where it may not, it says that the blob is damaged, as often as it is asked.
    let reader = Store::open_read_only(dir.path()).unwrap();
    fs::write(blobs.path(&all[0].0), "x").unwrap();
    assert!(matches!(reader.blobs().get(&all[0].0), Err(StoreError::Damaged { aside: Some(_), .. })));
    assert!(matches!(store.blobs().get(&all[0].0), Err(StoreError::Missing { .. })));
    fs::remove_dir_all(dir.path().join("damaged")).unwrap();
    fs::write(dir.path().join("damaged"), "in the way").unwrap();
    fs::write(blobs.path(&all[0].0), "x").unwrap();
    for _ in 0..2 {
        assert!(matches!(reader.blobs().get(&all[0].0), Err(StoreError::Damaged { aside: None, .. })));
    }
    fs::remove_file(dir.path().join("damaged")).unwrap();
    fs::create_dir(dir.path().join("damaged")).unwrap();
    assert_eq!(store.verify().unwrap().damaged, vec![all[0].0]);
}

#[test]
fn flips_in_the_index_never_give_a_wrong_result() {
    let dir = directory();
    let records = fill(dir.path(), 200);
    {
        let store = Store::open(dir.path(), false).unwrap();
        store.observe("latency", &records[0].key, "here", 2.5.into(), 7).unwrap();
        store.put_source("file", records[1].key).unwrap();
    }
    let path = dir.path().join("index.sqlite");
    let good = fs::read(&path).unwrap();
    let keys: Vec<_> = records.iter().map(|r| r.key).collect();
    let mut random = Random::at(2, "flips", &[]);
    let (mut refused, mut rebuilt, mut misses) = (0, 0, 0);
    for round in 0..600 {
        let _quiet = nobody_spawns();
        for ending in ["-wal", "-shm"] {
            let _ = fs::remove_file(dir.path().join(format!("index.sqlite{ending}")));
        }
        let mut bad = good.clone();
        // Half of the rounds flip in the first pages: header and schema.
        let range = if round % 2 == 0 { bad.len() } else { 8192 };
        for _ in 0..=random.below(4) {
            bad[random.below(range)] ^= 1 << random.below(8);
        }
        fs::write(&path, &bad).unwrap();
        // The second time, what the first has noticed is mended.
        for time in 0..2 {
            let store = match Store::open(dir.path(), false) {
                Ok(store) => store,
                Err(StoreError::Newer { .. }) => {
                    refused += 1;
                    break;
                }
                Err(e) => panic!("round {round}: {e}"),
            };
            rebuilt += usize::from(!store.notices().is_empty());
            let mut noticed = false;
            for record in &records {
                match store.lookup(&record.key) {
                    Ok(Some(found)) => assert_eq!(found, *record, "round {round}"),
                    Ok(None) => misses += 1,
                    Err(e) => {
                        noticed = true;
                        assert!(time == 0, "round {round}: {e}");
                    }
                }
            }
            for found in store.chain(&records[0].chain.unwrap().0).unwrap_or_default() {
                assert!(records.contains(&found), "round {round}");
            }
            for seen in store.observations("latency", &keys[0]).unwrap_or_default() {
                assert_eq!((seen.value, seen.time), (2.5.into(), 7), "round {round}");
            }
            assert!(store.get_source("file").unwrap_or_default().is_none_or(|d| d == keys[1]), "round {round}");
            assert!(!noticed || time == 0);
        }
    }
    println!("600 rounds: {refused} refused as newer, {rebuilt} rebuilt, {misses} look-ups of 240,000 missed");
    assert!(rebuilt > 50);
}

#[test]
fn a_lost_or_spoilt_index_is_built_from_the_files() {
    let _quiet = nobody_spawns();
    let dir = directory();
    let records = fill(dir.path(), 50);
    Store::open(dir.path(), false).unwrap().observe("latency", &records[0].key, "here", 2.5.into(), 7).unwrap();
    let path = dir.path().join("index.sqlite");
    let length = fs::metadata(&path).unwrap().len();
    let spoil: [(&str, &dyn Fn()); 4] = [
        ("missing", &|| fs::remove_file(&path).unwrap()),
        ("damaged", &|| fs::write(&path, "not a database at all, but long enough to be one".repeat(99)).unwrap()),
        ("damaged", &|| fs::File::options().write(true).open(&path).unwrap().set_len(length / 2 + 100).unwrap()),
        ("", &|| fs::write(&path, "").unwrap()),
    ];
    for (i, (word, spoil)) in spoil.iter().enumerate() {
        spoil();
        // A killed writer's marker makes the whole index be looked at.
        fs::write(dir.path().join("open/1-x"), "boot another\n").unwrap();
        if i < 2 {
            let reader = Store::open_read_only(dir.path()).unwrap();
            assert_eq!(reader.lookup(&records[7].key).unwrap().as_ref(), Some(&records[7]));
            assert_eq!(reader.notices().len(), 1);
        }
        let store = Store::open(dir.path(), false).unwrap();
        let notices = store.notices();
        assert!(notices.len() == 1 && notices[0].contains(word) && notices[0].contains("50 results"), "{i}: {notices:?}");
        let keys: Vec<_> = records.iter().map(|r| r.key).collect();
        assert_eq!(store.lookup_many(&keys).unwrap().into_iter().flatten().collect::<Vec<_>>(), records, "{i}");
        assert_eq!(store.observations("latency", &records[0].key).unwrap().len(), 1);
        assert!(store.notices().is_empty());
    }
}

#[test]
fn a_manifest_without_a_row_is_adopted_after_an_unclean_stop() {
    let _quiet = nobody_spawns();
    let dir = directory();
    fill(dir.path(), 3);
    let late = record("late", None, &[]);
    let manifest = Store::open(dir.path(), false).unwrap().blobs().put(&late.manifest().unwrap()).unwrap();
    // After a clean stop nothing is searched.
    assert_eq!(Store::open(dir.path(), false).unwrap().lookup(&late.key).unwrap(), None);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    for (marker, adopted) in [(format!("boot {boot}"), false), (format!("boot {boot}{manifest}\n"), true), ("boot another\n".into(), true)]
    {
        fs::write(dir.path().join("open/1-dead"), &marker).unwrap();
        let store = Store::open(dir.path(), false).unwrap();
        assert_eq!(store.lookup(&late.key).unwrap().is_some(), adopted, "{marker}");
        let notices = store.notices();
        assert_eq!(notices.len(), usize::from(adopted));
        assert!(notices.iter().all(|n| n.ends_with("1 result that it had finished was adopted")), "{notices:?}");
        assert!(!dir.path().join("open/1-dead").exists());
        store.index.as_ref().unwrap().forget(&[late.key]).unwrap();
    }
}
