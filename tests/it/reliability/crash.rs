//! The machine stops at any operation of a run. Of what was under way then five images are made: everything that was written; the
//! last write torn; only what was synced; both; names without data (renamed, never synced). Each opens, holds whole results only, and
//! the next run ends with the bits of an undisturbed one.

use super::faulty::{Faulty, Wrong};
use super::in_process::{Snapshot, directory};
use super::io::{labs, undisturbed};
use super::spread;
use nasflow::store::Store;
use std::path::Path;
use std::sync::Arc;

/// What the disk holds after the stop.
#[derive(Clone, Copy, Debug)]
enum Image {
    Everything,
    Torn,
    Synced,
    SyncedAndTorn,
    NamesWithoutData,
}

impl Image {
    fn wrong(self) -> Wrong {
        if matches!(self, Image::Torn | Image::SyncedAndTorn) { Wrong::StopsTorn } else { Wrong::Stops }
    }

    fn make(self, disk: &Faulty, root: &Path) {
        match self {
            Image::Everything | Image::Torn => {}
            Image::Synced | Image::SyncedAndTorn => disk.cut_power(root),
            Image::NamesWithoutData => disk.lose_data(root),
        }
    }
}

#[test]
fn a_run_that_stops_at_any_operation_leaves_a_whole_store() {
    let images = [Image::Everything, Image::Torn, Image::Synced, Image::SyncedAndTorn, Image::NamesWithoutData];
    for (name, lab) in labs() {
        let (wanted, told, count) = undisturbed(&lab);
        let (mut cases, mut kept) = (0, 0);
        for (at, image) in images.into_iter().enumerate() {
            for n in spread(count, 25, at * 2) {
                let case = format!("{name}: stopped at operation {n} of {count}, {image:?}");
                let dir = directory();
                let root = dir.path().join("cache");
                let disk = Arc::new(Faulty::new(n, image.wrong()));
                let ended = lab.run(&root, disk.clone(), &mut |_| {});
                // The last operations are of what nothing depends on: the memo of the last run, the marks of a run that lives.
                assert!(ended.is_err() || n + 20 > count, "{case}: it ended well");
                image.make(&disk, &root);
                cases += 1;
                // Before anything runs again: what is known is whole.
                let seen = Store::open_read_only(&root).unwrap_or_else(|e| panic!("{case}: {e}"));
                let keys = seen.keys().unwrap_or_else(|e| panic!("{case}: {e}"));
                for record in seen.lookup_many(&keys).unwrap_or_else(|e| panic!("{case}: {e}")) {
                    let record = record.unwrap_or_else(|| panic!("{case}: a row without its record"));
                    assert_eq!(wanted.records.get(&record.key.hex()), Some(&record), "{case}");
                    let faults = seen.verify_outputs(&record).unwrap_or_else(|e| panic!("{case}: {e}"));
                    assert!(faults.iter().all(|(output, _)| output == "state"), "{case}: {faults:?}");
                    kept += 1;
                }
                drop(seen);
                assert_eq!(lab.told(&lab.finish(&root, &case)), told, "{case}");
                Snapshot::of(&root, &case).must_be(&wanted, &case);
            }
        }
        eprintln!("{name}: {count} operations a run; {cases} images, {kept} results in them");
        assert!(kept > 0, "{name}: no image held a result");
    }
}
