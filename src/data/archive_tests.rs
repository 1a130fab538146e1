//! Archives as they should be, and as somebody would make them who means harm.

use super::*;
use std::collections::BTreeMap;
use std::io::Write;

const SMALL: Limits = Limits { entries: 50, total: 1 << 20, ratio: 20, free: 64 << 10 };

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn unpacked(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    unpack(file(bytes), "one.bin", SMALL, &mut |path, source| {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes)?;
        files.insert(path.to_string_lossy().into_owned(), bytes);
        Ok(())
    })?;
    Ok(files)
}

/// A tar file of entries as they are given: name, kind, bytes. Names are put into the header as they are.
fn tar(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, kind, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("target").unwrap();
        }
        header.set_cksum();
        out.append(&header, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        out.start_file(*name, options).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

const FILE: tar::EntryType = tar::EntryType::Regular;

#[test]
fn files_come_out_as_they_went_in() {
    let tarred = tar(&[("set/", tar::EntryType::Directory, b""), ("./set/a.txt", FILE, b"one"), ("set/b/c.png", FILE, b"two")]);
    let want = BTreeMap::from([("set/a.txt".to_string(), b"one".to_vec()), ("set/b/c.png".to_string(), b"two".to_vec())]);
    assert_eq!(unpacked(&tarred).unwrap(), want);
    assert_eq!(unpacked(&gz(&tarred)).unwrap(), want);
    assert_eq!(unpacked(&zip(&[("set/a.txt", b"one"), ("set/b/c.png", b"two")])).unwrap(), want);
    // No archive: one file, also a packed one.
    let packed = gz(b"words");
    for bytes in [b"words".as_slice(), &packed, b""] {
        assert_eq!(unpacked(bytes).unwrap(), BTreeMap::from([("one.bin".to_string(), bytes.to_vec())]));
    }
}

#[test]
fn names_that_lead_out_are_errors() {
    for name in ["../a", "a/../../b", "/etc/a", "a\\..\\b", "C:/a", "..", "a/..", "", "/"] {
        let said = unpacked(&tar(&[("good.txt", FILE, b"x"), (name, FILE, b"x")])).unwrap_err();
        assert!(said.contains("outside") || said.contains("no name") || said.contains("cannot be read"), "{name}: {said}");
        let said = unpacked(&zip(&[("good.txt", b"x"), (name, b"x")]));
        assert!(said.is_err(), "{name}: {said:?}");
    }
    let deep = "a/".repeat(40) + "b";
    assert!(unpacked(&zip(&[(&deep, b"x")])).is_err());
}

#[test]
fn links_and_devices_are_errors() {
    use tar::EntryType;
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo] {
        let said = unpacked(&tar(&[("a.txt", kind, b"")])).unwrap_err();
        assert!(said.contains("is a link") || said.contains("neither a file nor a folder"), "{kind:?}: {said}");
    }
    let mut out = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    out.add_symlink("link", "/etc/passwd", zip::write::SimpleFileOptions::default()).unwrap();
    assert!(unpacked(&out.finish().unwrap().into_inner()).unwrap_err().contains("is a link"));
}

#[test]
fn bombs_and_crowds_are_errors() {
    let zeros = vec![0; 4 << 20];
    for bytes in [zip(&[("a", &zeros)]), gz(&tar(&[("a", FILE, &zeros)]))] {
        assert!(bytes.len() < 64 << 10);
        assert!(unpacked(&bytes).unwrap_err().contains("looks like a bomb"));
    }
    let names: Vec<String> = (0..60).map(|i| format!("f{i}")).collect();
    let crowd: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), b"".as_slice())).collect();
    assert!(unpacked(&zip(&crowd)).unwrap_err().contains("more entries"));
    assert!(unpacked(&tar(&[("a", FILE, b"1"), ("./a", FILE, b"2")])).unwrap_err().contains("stands twice"));
}

/// Cut or damaged anywhere: an error, or the files that are still whole; never a panic.
#[test]
fn cut_and_damaged_archives() {
    let tarred = tar(&[("a", FILE, &[7; 700]), ("b", FILE, b"x")]);
    for whole in [zip(&[("a", &[7; 700]), ("b", b"x")]), gz(&tarred), tarred] {
        for i in 0..whole.len() {
            let _ = unpacked(&whole[..i]);
            let mut damaged = whole.clone();
            damaged[i] ^= 0x5A;
            let _ = unpacked(&damaged);
        }
        let cut = unpacked(&whole[..whole.len() / 2]);
        assert!(cut.as_ref().map_or(true, |files| !files.contains_key("b")), "{cut:?}");
    }
}
