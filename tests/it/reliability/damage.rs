//! Bits that flip in a store's files, and files of SQLite that are cut, torn or gone: whichever command meets the damage finds it, none
//! shows a wrong result, and the next run mends it. One store is made, and laid out again before each case.

use super::io::TRAINED;
use super::{Dice, spread};
use crate::support::{Place, Said, long};
use nasflow::store::Store;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A store's files as they were.
struct Image(BTreeMap<PathBuf, Vec<u8>>);

impl Image {
    fn of(root: &Path) -> Image {
        let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_path_buf()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.strip_prefix(root).expect("inside").to_path_buf(), fs::read(&path).expect("a file"));
                }
            }
        }
        Image(files)
    }

    fn lay_out(&self, root: &Path) {
        let _ = fs::remove_dir_all(root);
        for (name, bytes) in &self.0 {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, bytes).expect("written");
        }
    }

    /// Files that damage may meet: all but the two that say what the directory is.
    fn victims(&self, part: &str) -> Vec<&PathBuf> {
        let is = |name: &&PathBuf| {
            let text = name.display().to_string();
            match part {
                "blobs" => text.starts_with("blobs/"),
                "index" => text.starts_with("index.sqlite"),
                _ => !text.starts_with("blobs/") && !text.starts_with("index.sqlite") && text != "format" && text != ".gitignore",
            }
        };
        self.0.keys().filter(is).filter(|name| !self.0[*name].is_empty()).collect()
    }
}

/// The pipeline edited so that everything is read again: states (one epoch more), weights (measured on other images), predictions.
fn edited() -> String {
    let more = "evaluate \"early\" { from \"short\"; data \"images\" split=train; metrics loss; at 2 3 }\n";
    TRAINED.replace("epochs 2", "epochs 3") + more
}

/// The pipeline's directory, its store as it was closed and as it was while somebody had it open (with a write-ahead log), and what
/// the commands say of it.
struct Kept {
    place: Place,
    closed: Image,
    open: Image,
    digests: String,
    /// Those of the edited pipeline.
    edited: String,
    rows: Vec<Value>,
    files: BTreeMap<&'static str, Vec<u8>>,
}

const READERS: [&str; 6] = ["show", "plan", "export", "report", "results", "cost"];

impl Kept {
    fn new() -> Kept {
        let place = Place::new(TRAINED);
        let root = place.path().join("cache");
        let held = Store::open(&root, true).expect("a store");
        place.run();
        let open = Image::of(&root);
        assert!(open.0.contains_key(Path::new("index.sqlite-wal")), "no write-ahead log");
        drop(held);
        // Whoever closes last ends the log.
        drop(Store::open(&root, false).expect("a store"));
        let closed = Image::of(&root);
        let mut kept =
            Kept { place, closed, open, digests: String::new(), edited: String::new(), rows: Vec::new(), files: BTreeMap::new() };
        kept.digests = kept.place.digests();
        kept.rows = rows(&kept.read("show"));
        for reader in ["export", "results"] {
            assert!(kept.read(reader).ok());
            kept.files.insert(reader, fs::read(kept.out(reader)).expect("a file"));
        }
        kept.edited = kept.edit("undisturbed");
        assert!(kept.rows.len() == 2 && kept.files["export"].len() > 1000);
        kept
    }

    fn root(&self) -> PathBuf {
        self.place.path().join("cache")
    }

    fn out(&self, reader: &str) -> PathBuf {
        self.place.path().join(if reader == "export" { "m.safetensors" } else { "earlier.json" })
    }

    fn read(&self, reader: &str) -> Said {
        let more: &[&str] = match reader {
            "export" => &["-o", "m.safetensors"],
            "results" => &["-o", "earlier.json", "--stage", "score"],
            _ => &["--json"],
        };
        let _ = fs::remove_file(self.out(reader));
        self.place.nasflow(&[&[reader, "pipeline.kdl"], more].concat())
    }

    /// A command on a damaged store says what is true, or less, or that it cannot; whether it said that it cannot.
    fn looks(&self, reader: &str, case: &str) -> bool {
        let said = self.read(reader);
        assert!(said.code.is_some() && !said.err.contains("panicked"), "{case}: {said:?}");
        if !said.ok() {
            assert!(!said.err.is_empty(), "{case}: {said:?}");
            return true;
        }
        match reader {
            "show" => {
                let ready = |row: &&Value| row["state"] == "ready";
                let shown = rows(&said);
                for row in shown.iter().filter(ready) {
                    let (mut row, found) = (row.clone(), self.rows.iter().any(|known| same(known, row)));
                    row["wrong"] = Value::Bool(!found);
                    assert!(found, "{case}: {row}, not {:?}", self.rows);
                }
            }
            "export" => assert!(fs::read(self.out(reader)).expect("a file") == self.files[reader], "{case}: another model"),
            "results" => {
                let known: BTreeSet<String> = trials(&self.files[reader]);
                assert!(trials(&fs::read(self.out(reader)).expect("a file")).is_subset(&known), "{case}: other results");
            }
            _ => {}
        }
        false
    }

    /// The digests of the edited pipeline, run on the same store.
    fn edit(&self, case: &str) -> String {
        self.place.write(&edited());
        let said = self.place.nasflow(&["run", "pipeline.kdl"]);
        assert!(said.ok(), "{case}, edited: {said:?}");
        assert!(!said.err.contains("other bits"), "{case}, edited: {said:?}");
        let digests = self.place.digests();
        self.place.write(TRAINED);
        digests
    }

    /// The next run mends, and then everything is as it was. None where the store is refused as a newer one.
    fn mends(&self, reader: &str, case: &str) -> Option<Said> {
        let said = self.place.nasflow(&["run", "pipeline.kdl"]);
        assert!(said.code.is_some() && !said.err.contains("panicked"), "{case}: {said:?}");
        if !said.ok() && said.err.contains("newer") {
            return None;
        }
        assert!(said.ok(), "{case}: {said:?}");
        assert_eq!(self.place.digests(), self.digests, "{case}: {said:?}");
        let seen = rows(&self.read("show"));
        assert_eq!(seen.len(), self.rows.len(), "{case}");
        assert!(seen.iter().zip(&self.rows).all(|(a, b)| same(a, b)), "{case}: {seen:?}");
        if reader != "show" {
            assert!(!self.looks(reader, case), "{case}: `{reader}` cannot after the run either");
            assert!(self.files.get(reader).is_none_or(|file| fs::read(self.out(reader)).expect("a file") == *file), "{case}");
        }
        Some(said)
    }
}

fn rows(said: &Said) -> Vec<Value> {
    let json: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    json["rows"].as_array().cloned().unwrap_or_default()
}

/// The same model with the same figures and weights.
fn same(a: &Value, b: &Value) -> bool {
    ["stage", "model", "architecture", "metrics", "weights", "state"].iter().all(|field| a[field] == b[field])
}

fn trials(bytes: &[u8]) -> BTreeSet<String> {
    let json: Value = serde_json::from_slice(bytes).expect("JSON");
    let lists = json.as_object().into_iter().flat_map(|o| o.values()).filter_map(Value::as_array);
    lists.flatten().map(Value::to_string).collect()
}

/// What came of flips, by the part of the store: how many, where a reading command said so, where a run computed again, where the
/// store was refused as a newer one.
type Seen = BTreeMap<String, (usize, usize, usize, usize)>;

fn tell(seen: &Seen) {
    for (part, (n, found, again, refused)) in seen {
        eprintln!(
            "{part}: {n} flips, {found} where a reading command said so, {again} where a run computed again, {refused} refused as newer"
        );
    }
}

#[test]
fn a_flipped_bit_is_found_by_whom_it_meets_and_mended_by_the_next_run() {
    let (kept, flips) = (Kept::new(), if long() { 1000 } else { 36 });
    let mut dice = Dice::new(11);
    let mut seen = Seen::new();
    for flip in 0..flips {
        let part = ["blobs", "index", "blobs", "rest"][flip % 4];
        let reader = *dice.pick(&READERS);
        let image = if dice.one_in(2) { &kept.open } else { &kept.closed };
        image.lay_out(&kept.root());
        let name = (*dice.pick(&image.victims(part))).clone();
        let mut bytes = image.0[&name].clone();
        let (at, bit) = (dice.below(bytes.len()), dice.below(8));
        bytes[at] ^= 1 << bit;
        fs::write(kept.root().join(&name), bytes).expect("written");
        let case = format!("flip {flip}: bit {bit} of byte {at} of {}, met by `{reader}`", name.display());
        let found = kept.looks(reader, &case);
        let mended = kept.mends(reader, &case);
        if mended.is_some() {
            assert_eq!(kept.edit(&case), kept.edited, "{case}, edited");
        }
        if flip % 100 == 99 {
            tell(&seen);
        }
        let count = seen.entry(part.to_string()).or_default();
        count.0 += 1;
        count.1 += usize::from(found);
        match mended {
            Some(said) => count.2 += usize::from(!said.nothing_executed()),
            None => count.3 += 1,
        }
    }
    tell(&seen);
    for (part, (_, _, _, refused)) in seen {
        assert!(part == "index" || refused == 0);
    }
}

#[test]
fn sqlites_files_may_be_cut_torn_or_gone() {
    let kept = Kept::new();
    let (mut cases, mut again) = (0, 0);
    for (what, image) in [("closed", &kept.closed), ("open", &kept.open)] {
        for ending in ["", "-wal", "-shm"] {
            let name = PathBuf::from(format!("index.sqlite{ending}"));
            let Some(bytes) = image.0.get(&name) else { continue };
            // A page of the log has a head of its own.
            let (head, page) = if ending == "-wal" { (32, 4120) } else { (0, 4096) };
            let borders = bytes.len().saturating_sub(head) / page;
            let mut damages: Vec<(String, Option<Vec<u8>>)> = vec![("gone".into(), None), ("empty".into(), Some(Vec::new()))];
            for border in spread(borders, 3, 1) {
                let cut = head + border * page;
                damages.push((format!("cut at page {border}"), Some(bytes[..cut].to_vec())));
                let mut torn = bytes.clone();
                torn[cut + page / 2..(cut + page).min(bytes.len())].fill(0);
                damages.push((format!("page {border} torn"), Some(torn)));
            }
            for (damage, left) in damages {
                let case = format!("store {what}, {}: {damage}", name.display());
                image.lay_out(&kept.root());
                match left {
                    None => fs::remove_file(kept.root().join(&name)).expect("removed"),
                    Some(bytes) => fs::write(kept.root().join(&name), bytes).expect("written"),
                }
                kept.looks("show", &case);
                let said = kept.mends("export", &case).unwrap_or_else(|| panic!("{case}: refused"));
                // Results are in their own files: no damage to the index makes anything run again. (A log that is cut while it is
                // in use loses the rows in it, and what they name is computed again.)
                assert!(what == "open" || said.nothing_executed(), "{case}: {said:?}");
                (cases, again) = (cases + 1, again + usize::from(!said.nothing_executed()));
            }
        }
    }
    eprintln!("{cases} cases, {again} in which something was computed again");
}
