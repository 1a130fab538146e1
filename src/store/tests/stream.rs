//! Blobs that are written and verified piece by piece.

use super::{digest, directory};
use crate::base::Digest;
use crate::store::{Store, StoreError};
use std::io::Read;

fn pieces(store: &Store, pieces: &[&[u8]]) -> Result<Digest, StoreError> {
    store.blobs().put_pieces(|out| pieces.iter().try_for_each(|p| out(p)))
}

#[test]
fn pieces_are_the_blob_that_they_are_together() {
    let dir = directory();
    let store = Store::open(dir.path().join("cache").as_path(), true).unwrap();
    let (blobs, long) = (store.blobs(), vec![7; 3 << 20]);
    let name = pieces(&store, &[b"one ", &long, b"", b" two"]).unwrap();
    let whole = [b"one ".as_slice(), &long, b" two"].concat();
    assert_eq!((name, blobs.get(&name).unwrap() == whole), (Digest::of(&whole), true));
    assert_eq!(blobs.put(&whole).unwrap(), name);
    assert_eq!(pieces(&store, &[&whole]).unwrap(), name);
    let mut read = Vec::new();
    blobs.file(&name).unwrap().read_to_end(&mut read).unwrap();
    assert!(read == whole);
    assert_eq!(blobs.sizes().unwrap(), [(name, whole.len() as u64)]);
    // Whoever holds the file reads it to its end.
    let mut held = blobs.file(&name).unwrap();
    blobs.remove(&name).unwrap();
    read.clear();
    held.read_to_end(&mut read).unwrap();
    assert!(read == whole);
    assert!(matches!(blobs.file(&name), Err(StoreError::Missing { .. })));
}

#[test]
fn a_writer_that_gives_up_leaves_nothing() {
    let dir = directory();
    let store = Store::open(dir.path().join("cache").as_path(), true).unwrap();
    let given_up = store.blobs().put_pieces(|out| {
        out(b"half")?;
        Err(StoreError::Invalid { message: "enough".into() })
    });
    assert!(matches!(given_up, Err(StoreError::Invalid { .. })));
    assert_eq!(std::fs::read_dir(dir.path().join("cache/blobs")).unwrap().count(), 0);
}

#[test]
fn damage_is_found_before_a_file_is_handed_out() {
    let dir = directory();
    let store = Store::open(dir.path().join("cache").as_path(), true).unwrap();
    let (blobs, long) = (store.blobs(), vec![9; 2 << 20]);
    for at in [0, 1 << 20, (2 << 20) - 1] {
        let name = blobs.put(&long).unwrap();
        let mut bytes = long.clone();
        bytes[at] ^= 1;
        std::fs::write(blobs.path(&name), bytes).unwrap();
        assert!(matches!(blobs.file(&name), Err(StoreError::Damaged { aside: Some(_), .. })), "{at}");
        assert!(matches!(blobs.file(&name), Err(StoreError::Missing { .. })), "{at}");
        // Damaged bytes under the name are replaced.
        std::fs::write(blobs.path(&name), b"wrong").unwrap();
        assert_eq!(pieces(&store, &[&long]).unwrap(), name);
        assert!(blobs.file(&name).is_ok());
    }
}

#[test]
fn a_disk_without_room_is_said_in_numbers() {
    let dir = directory();
    let store = Store::open(dir.path().join("cache").as_path(), true).unwrap();
    assert!(store.blobs().room("a pack", 1).is_ok());
    let said = store.blobs().room("the split `train`", 1 << 60).unwrap_err().to_string();
    assert!(said.starts_with("the split `train` takes 1073741824.0 GiB of disk") && said.contains("--cache"), "{said}");
    assert!(matches!(store.blobs().get(&digest("none")), Err(StoreError::Missing { .. })));
}
