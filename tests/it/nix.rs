//! The flake evaluates: every package, check and shell, against a stand-in for nixpkgs. Skipped where nix is absent.

use crate::support::root;
use std::process::Command;

#[test]
fn the_flake_evaluates() {
    if !Command::new("nix").arg("--version").output().is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: nix is absent (Debian: nix-bin)");
        return;
    }
    let said = crate::support::said(Command::new(root().join("tests/nix/check.sh")).output().expect("the check starts"));
    assert!(said.ok(), "{said:?}");
    assert_eq!(said.out.lines().filter(|l| l.ends_with(".drv")).count(), 4, "{said:?}");
}

#[test]
fn the_lock_pins_nixpkgs() {
    let lock: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(root().join("flake.lock")).expect("a lock")).expect("JSON");
    let locked = &lock["nodes"]["nixpkgs"]["locked"];
    assert_eq!(locked["rev"].as_str().map(str::len), Some(40));
    assert!(locked["narHash"].as_str().is_some_and(|h| h.starts_with("sha256-")));
}
