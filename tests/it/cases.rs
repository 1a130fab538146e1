//! Inputs that failed when people tried: `../shared/cases`, one folder each, with `expect.txt`. The real binary reads them.
//! What each of them taught is also a test of its own in the room that it concerns.

use crate::support::{command, root, said};
use std::collections::BTreeSet;

/// A case, whether it is valid, what must be said (in any order), and what must not.
type Case = (&'static str, bool, &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    ("01b-mixed-box-polygon", true, &["train 4 images, 5 boxes", "val 4 images, 4 boxes"], &[]),
    ("02-ids-from-1", false, &["use the classes 1, 2", "declared are 0 (red), 1 (blue)", "count from 1"], &["Index("]),
    ("04-appledouble-yolo", true, &["train 4 images"], &["._p0"]),
    ("04c-appledouble-voc", true, &["train 3 images", "val 3 images"], &["._p0"]),
    ("04d-ipynb-checkpoints-folder", true, &["2 classes (cat, dog)"], &["ipynb"]),
    ("05-roboflow-no-test", true, &["train 4 images", "val 4 images"], &["error"]),
    ("05c-roboflow-no-yaml", true, &["train 4 images", "val 4 images"], &["error"]),
    ("05m-voc-test-list-without-images", true, &["train 3 images", "val 3 images"], &["error"]),
    ("06-labels-elsewhere", false, &["`train`", "has no box", "images without a label file", "Labels"], &[]),
    ("06c-all-empty", false, &["`train`", "has no box", "annotations have no box"], &[]),
    ("07b-webp-as-jpg", true, &["train 5 images", "val 4 images"], &["error"]),
    ("07e-no-eoi", true, &["JPEG", "end marker", "train 4 images"], &[]),
    ("07f-seven-corrupt", false, &["7 images that cannot be read"], &[]),
    ("08-exif-voc", true, &["before EXIF turns the image; boxes turned with it"], &["scaled"]),
    ("09-classes-bom", true, &["(red, blue)"], &["\u{feff}"]),
    ("09b-yaml-escapes", true, &["(红, blé)"], &[]),
    ("09f-xml-gb2312", true, &["红"], &[]),
    ("10-nc-mismatch", false, &["`nc` is 3", "`names` has 2"], &[]),
    ("10c-duplicate-names", false, &["the class `red` stands twice"], &[]),
    ("11-list-backslash", true, &["train 4 images"], &[]),
    ("11e-voc-list-with-jpg", true, &["train 3 images", "val 3 images"], &[]),
    ("13-folder-nested", true, &["sub (3)", "not read"], &[]),
    ("13c-folder-train-Test", true, &["Test as test"], &[]),
];

#[test]
fn every_case_gives_what_it_should() {
    let folder = root().join("../shared/cases");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is absent", folder.display());
        return;
    };
    let there: BTreeSet<String> =
        entries.flatten().filter(|e| e.path().join("t.kdl").is_file()).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    let mut faults: Vec<String> = there.iter().filter(|n| !CASES.iter().any(|c| c.0 == **n)).map(|n| format!("{n}: no test")).collect();
    faults.extend(CASES.iter().filter(|c| !there.contains(c.0)).map(|c| format!("{}: the case is gone", c.0)));
    for (name, valid, says, never) in CASES.iter().filter(|c| there.contains(c.0)) {
        let place = folder.join(name);
        let said = said(command(&place, &["check", "t.kdl", "--all"]).output().expect("nasflow starts"));
        // Long lines are broken for the terminal; what they say is not.
        let text = format!("{}{}", said.out, said.err).replace(['\n', '│'], " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let expect = std::fs::read_to_string(place.join("expect.txt")).unwrap_or_default();
        let mut wrong = Vec::new();
        if said.ok() != *valid {
            wrong.push(format!("valid is {}", said.ok()));
        }
        wrong.extend(says.iter().filter(|s| !text.contains(**s)).map(|s| format!("does not say {s:?}")));
        wrong.extend(never.iter().filter(|s| text.contains(**s)).map(|s| format!("says {s:?}")));
        if !wrong.is_empty() {
            faults.push(format!("{name} ({}): {}\n{}{}", expect.trim(), wrong.join("; "), said.out, said.err));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// A reader of a broken set learns every name.
#[test]
fn all_names_are_printed() {
    let place = root().join("../shared/cases/07f-seven-corrupt");
    if !place.is_dir() {
        eprintln!("skipped: {} is absent", place.display());
        return;
    }
    let said = said(command(&place, &["check", "t.kdl"]).output().expect("nasflow starts"));
    let images = std::fs::read_dir(place.join("ds/images/train")).expect("images").flatten();
    // They hold text.
    let broken: Vec<String> = images
        .filter(|e| std::fs::read(e.path()).is_ok_and(|b| !b.starts_with(&[0xFF, 0xD8])))
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(broken.len(), 7, "{broken:?}");
    let text: String = said.err.split_whitespace().filter(|w| *w != "│").collect();
    for name in &broken {
        assert!(text.contains(name.as_str()), "{name} is not named: {}", said.err);
    }
}
