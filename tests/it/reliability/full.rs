//! A disk that is full, at one size of the file system after another: the error names what could not be written and what to do, the
//! store is whole, and the same command goes on once there is room. (`--wait-for-space` has tests of its own.)

use super::in_process::Snapshot;
use super::io::TRAINED;
use super::spread;
use crate::support::Place;
use std::fs;
use std::process::Command;

/// Mounts a small file system in a name space of its own, runs, makes room, runs again. Keeps copies of the store after both.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=$1 none small || exit 77
"$2" run pipeline.kdl --cache small/cache --jobs 1 >out 2>err
echo $? >code
cp -r small/cache full 2>/dev/null
mount -o remount,size=100m none small || exit 77
"$2" run pipeline.kdl --cache small/cache >again 2>&1 || { cat again >&2; exit 1; }
cp -r small/cache after
"#;

/// Whether the first run was stopped by the disk; none where nothing can be mounted here.
fn with_room(kib: usize, wanted: &Snapshot) -> Option<bool> {
    let (place, case) = (Place::new(TRAINED), format!("{kib} KiB"));
    fs::create_dir(place.path().join("small")).expect("a folder");
    let size = format!("{kib}k");
    let mut script = Command::new("unshare");
    script.args(["-rm", "sh", "-c", SCRIPT, "sh", &size, env!("CARGO_BIN_EXE_nasflow")]).current_dir(place.path());
    let ended = script.env_remove("NASFLOW_CACHE").env("NO_COLOR", "1").output().ok()?;
    let text = |name: &str| fs::read_to_string(place.path().join(name)).unwrap_or_default();
    if text("code").is_empty() || ended.status.code() == Some(77) {
        return None;
    }
    assert!(ended.status.success(), "{case}: {}", String::from_utf8_lossy(&ended.stderr));
    let (code, err) = (text("code"), text("err"));
    let stopped = code.trim() != "0";
    if stopped {
        assert_eq!(code.trim(), "1", "{case}: {err}");
        assert!(!err.contains("panicked") && err.contains("small/cache") && err.contains("make room"), "{case}: {err}");
        if place.path().join("full/format").exists() {
            // What is there is whole.
            Snapshot::of(&place.path().join("full"), &case);
        }
    }
    Snapshot::of(&place.path().join("after"), &case).must_be(wanted, &case);
    Some(stopped)
}

#[test]
fn a_disk_may_be_full_at_any_size() {
    let undisturbed = Place::new(TRAINED);
    undisturbed.run();
    let wanted = Snapshot::of(&undisturbed.path().join("cache"), "undisturbed");
    let (mut stopped, mut ended) = (0, 0);
    // From a store that cannot even be made to one that has all it needs.
    for step in spread(100, 7, 3) {
        match with_room(4 + 8 * step, &wanted) {
            None => {
                eprintln!("skipped: a small file system cannot be mounted here (`unshare -rm`)");
                return;
            }
            Some(true) => stopped += 1,
            Some(false) => ended += 1,
        }
    }
    eprintln!("{} sizes: {stopped} runs stopped by the disk, {ended} that had room", stopped + ended);
    assert!(stopped > 2, "{stopped}");
}
