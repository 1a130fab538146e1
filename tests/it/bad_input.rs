//! Bad input and a bad machine: a clear error each, an exit code, nothing lost.

use crate::support::{Place, SMALL, command, real_data, said};
use std::fs;
use std::path::Path;

#[test]
fn documents_that_are_none() {
    let place = Place::new("");
    let empty = place.nasflow(&["run", "pipeline.kdl"]);
    assert!(!empty.ok() && empty.err.contains("empty"), "{empty:?}");
    assert!(!place.path().join("cache").exists(), "an unreadable file makes no store");

    let nested = format!("pipeline \"x\"\n{}{}", "a {\n".repeat(200), "}\n".repeat(200));
    place.write(&nested);
    let deep = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!deep.ok() && deep.err.contains("deep"), "{deep:?}");

    fs::write(place.path().join("binary.kdl"), [0u8, 159, 146, 150, 0, 255, 1, 2]).expect("a file");
    let binary = place.nasflow(&["check", "binary.kdl"]);
    assert!(!binary.ok() && binary.code == Some(1), "{binary:?}");

    let missing = place.nasflow(&["check", "nowhere.kdl"]);
    assert!(!missing.ok() && missing.err.contains("nowhere.kdl"), "{missing:?}");
}

#[test]
fn all_errors_come_at_once_with_the_nearest_names() {
    let wrong = SMALL.replace("metrics map50", "metrics mapp50").replace("from \"trials\"", "from \"trails\"");
    let said = Place::new(&wrong).nasflow(&["check", "pipeline.kdl"]);
    assert!(!said.ok(), "{said:?}");
    for part in ["mapp50", "map50", "trails", "trials", "pipeline.kdl:"] {
        assert!(said.err.contains(part), "no {part:?} in {}", said.err);
    }
}

#[test]
fn a_truncated_image_is_named() {
    let Some(bccd) = real_data("BCCD") else { return };
    let place = Place::new(
        "pipeline \"broken\"\ndata \"cells\" format=voc root=\"set\" image-size=64\n\
         space \"s\" { network width=0.125 { input \"cells\"; conv 64 kernel=3 stride=8 padding=1 as=\"a\"; conv 64 kernel=3 stride=2 as=\"b\"; \
         conv 64 kernel=3 stride=2 as=\"c\"; detect \"a\" \"b\" \"c\" anchors=auto } }\n\
         sample \"one\" { from \"s\"; strategy reference }\ntrain \"t\" { from \"one\"; data \"cells\" split=train; epochs 1 }\n",
    );
    let set = place.path().join("set");
    for folder in ["JPEGImages", "Annotations", "ImageSets/Main"] {
        fs::create_dir_all(set.join(folder)).expect("a folder");
    }
    let names = ["BloodImage_00000", "BloodImage_00001", "BloodImage_00002"];
    for name in names {
        fs::copy(bccd.join(format!("JPEGImages/{name}.jpg")), set.join(format!("JPEGImages/{name}.jpg"))).expect("a copy");
        fs::copy(bccd.join(format!("Annotations/{name}.xml")), set.join(format!("Annotations/{name}.xml"))).expect("a copy");
    }
    fs::write(set.join("ImageSets/Main/train.txt"), names.join("\n")).expect("a list");
    let cut = set.join("JPEGImages/BloodImage_00001.jpg");
    let bytes = fs::read(bccd.join("JPEGImages/BloodImage_00001.jpg")).expect("an image");
    // A copy of a read-only file is read-only: replace it.
    fs::remove_file(&cut).expect("removed");
    fs::write(&cut, &bytes[..bytes.len() / 2]).expect("a truncated image");
    let said = place.nasflow(&["run", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("BloodImage_00001"), "{said:?}");
    assert!(!said.err.contains("BloodImage_00002"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    use std::process::Command;
    let place = Place::new(SMALL);
    let small = place.path().join("small");
    fs::create_dir(&small).expect("a folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=700k", "tmpfs"]).arg(&small).output();
    if !mounted.is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: a small file system cannot be mounted here");
        return;
    }
    let cache = small.join("cache").display().to_string();
    let full = place.nasflow(&["run", "pipeline.kdl", "--cache", &cache]);
    let grown = Command::new("mount").args(["-o", "remount,size=200m"]).arg(&small).status().is_ok_and(|s| s.success());
    let after = place.nasflow(&["run", "pipeline.kdl", "--cache", &cache]);
    let digests = place.nasflow(&["show", "pipeline.kdl", "--digests", "--cache", &cache]).out;
    let _ = Command::new("umount").arg(&small).status();
    assert!(full.code != Some(0) && full.code.is_some(), "{full:?}");
    assert!(full.err.contains("No space left") || full.err.contains("disk is full") || full.err.contains("full"), "{full:?}");
    assert!(grown && after.ok(), "{after:?}");
    place.run();
    assert_eq!(digests, place.digests(), "the interrupted store ends with the same bits");
}

#[cfg(unix)]
#[test]
fn a_read_only_store_is_said_and_still_shown() {
    use std::process::Command;
    let place = Place::new(SMALL);
    place.run();
    let before = place.digests();
    let kept = place.path().join("kept");
    fs::create_dir(&kept).expect("a folder");
    // A read-only bind mount, because root may write whatever the permissions say.
    let cache = place.path().join("cache");
    let bound = Command::new("mount").arg("--bind").arg(&cache).arg(&kept).status().is_ok_and(|s| s.success())
        && Command::new("mount").args(["-o", "remount,ro,bind"]).arg(&kept).status().is_ok_and(|s| s.success());
    if !bound {
        eprintln!("skipped: nothing can be mounted read-only here");
        return;
    }
    let kept_at = kept.display().to_string();
    place.write(&SMALL.replace("trials 4", "trials 6"));
    let run = place.nasflow(&["run", "pipeline.kdl", "--cache", &kept_at]);
    place.write(SMALL);
    let shown = place.nasflow(&["show", "pipeline.kdl", "--digests", "--cache", &kept_at]);
    let _ = Command::new("umount").arg(&kept).status();
    assert!(!run.ok() && run.err.to_lowercase().contains("read-only"), "{run:?}");
    assert!(shown.ok(), "{shown:?}");
    assert_eq!(shown.out, before);
}

#[test]
fn arguments_that_make_no_sense() {
    let place = Place::new(SMALL);
    for (arguments, part) in [
        (vec!["run", "pipeline.kdl", "--jobs", "0"], "--jobs 0"),
        (vec!["run", "pipeline.kdl", "--threads", "0"], "--threads 0"),
        (vec!["run", "pipeline.kdl", "--timeout", "soon"], "`soon` is no time"),
        (vec!["run", "pipeline.kdl", "-p", "trials"], "NAME=VALUE"),
        (vec!["run", "pipeline.kdl", "-p", "trails=3"], "trails"),
        (vec!["export", "pipeline.kdl", "-o", "x"], "no answer yet"),
        (vec!["predict", "pipeline.kdl", "a.png", "-o", "out"], "pipeline.kdl"),
    ] {
        let said = place.nasflow(&arguments);
        assert!(!said.ok() && said.err.contains(part), "{arguments:?}: {said:?}");
    }
    let help = said(command(place.path(), &["run", "--help"]).output().expect("nasflow starts"));
    // An error of the store tells to say `--allow-network`.
    assert!(help.ok() && help.out.contains("--jobs") && help.out.contains("--allow-network"), "{help:?}");
}

#[test]
fn a_damaged_blob_is_put_aside_and_made_again() {
    let place = Place::new(SMALL);
    place.run();
    let before = place.digests();
    let weights = before.lines().find_map(|l| l.split(' ').find_map(|p| p.strip_prefix("weights="))).expect("weights").to_string();
    let path = place.path().join("cache/blobs").join(&weights[..2]).join(&weights[2..]);
    let mut bytes = fs::read(&path).expect("the blob");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).expect("a damaged blob");
    // Another metric needs predictions of another split, so the weights are read again.
    place.write(
        &SMALL.replace(
            "data \"shapes\" split=val; metrics map50 map50-95 flops",
            "data \"shapes\" split=train; metrics map50 map50-95 flops",
        ),
    );
    let said = place.nasflow(&["run", "pipeline.kdl"]);
    assert!(said.ok(), "{said:?}");
    place.write(SMALL);
    place.run();
    assert_eq!(place.digests(), before);
}

/// `export` finds the damage, the next `run` mends it; where nobody has found it yet, `run` reads the answer's weights itself.
#[test]
fn what_export_finds_damaged_the_next_run_makes_again() {
    let place = Place::new(SMALL);
    place.run();
    let export = || place.nasflow(&["export", "pipeline.kdl", "-o", "best.nasflow"]);
    assert!(export().ok());
    let (before, exported) = (place.digests(), fs::read(place.path().join("best.nasflow")).expect("a model"));
    // The exported file names the blob of its weights.
    let header = String::from_utf8_lossy(&exported).into_owned();
    let folders = fs::read_dir(place.path().join("cache/blobs")).expect("blobs").map(|e| e.expect("a folder").path());
    let named = |path: &Path| {
        let parts: Vec<_> = path.components().rev().take(2).map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        header.contains(&format!("{}{}", parts[1], parts[0]))
    };
    let weights: Vec<_> =
        folders.flat_map(|f| fs::read_dir(f).expect("a folder")).map(|e| e.expect("a blob").path()).filter(|p| named(p)).collect();
    assert_eq!(weights.len(), 1);
    let damage = || {
        let mut bytes = fs::read(&weights[0]).expect("the blob");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&weights[0], &bytes).expect("a damaged blob");
    };
    for found_by_export in [true, false] {
        damage();
        if found_by_export {
            let said = export();
            assert!(!said.ok() && said.err.contains("the next `run` makes it again"), "{said:?}");
            let said = export();
            assert!(!said.ok() && said.err.contains("no answer yet"), "{said:?}");
        }
        let said = place.run();
        // Its weights come of the training's state, which is there: nothing is trained again.
        assert!(said.executed("train") == 0 && said.err.contains("gone or damaged"), "{said:?}");
        assert_eq!(place.digests(), before);
        let said = export();
        assert!(said.ok(), "{said:?}");
        assert_eq!(fs::read(place.path().join("best.nasflow")).expect("a model"), exported);
        assert!(place.run().nothing_executed());
    }
}
