//! `scripts/cuda/on-a-gpu.sh`, as far as it goes without a GPU: it explains itself, says what it skips, and its steps work.

use crate::support::root;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const STEPS: [&str; 10] = ["machine", "doctor", "operators", "trajectory", "search", "same-bits", "proxies", "kill", "times", "pipelines"];

/// Status and everything printed.
fn check(arguments: &[&str], paths: &[&Path]) -> (Option<i32>, String) {
    let script = root().join("scripts/cuda/on-a-gpu.sh");
    let said = Command::new("bash").arg(script).args(arguments).args(paths).output().expect("bash");
    (said.status.code(), String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned())
}

/// A folder with this build under the three names (the steps that are run here use `nasflow` alone), and one for the report.
fn folders() -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (bin, report) = (dir.path().join("bin"), dir.path().join("report"));
    std::fs::create_dir(&bin).expect("a folder");
    for name in ["nasflow", "nasflow-tests", "nasflow-networks"] {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_nasflow"), bin.join(name)).expect("a link");
    }
    (dir, bin, report)
}

#[test]
fn the_check_is_one_script_and_explains_itself() {
    let (status, help) = check(&["--help"], &[]);
    assert_eq!(status, Some(0), "{help}");
    for word in ["--without-gpu", "--only", "--pack", "BINARIES REPORT", "NASFLOW_PYTHON"].into_iter().chain(STEPS) {
        assert!(help.contains(word), "`{word}` is not in the help");
    }
    assert_eq!(check(&["--nonsense"], &[]).0, Some(2), "an unknown option");
    let (status, said) = check(&["--only", "serach"], &[]);
    assert!(status == Some(2) && said.contains("`serach` is no step"), "{said}");
    let (_dir, _, report) = folders();
    let (status, said) = check(&[], &[Path::new("/nowhere"), &report]);
    assert!(status == Some(2) && said.contains("--pack"), "{said}");
}

#[test]
fn without_a_gpu_it_says_so_and_names_what_it_skips() {
    if nasflow::nn::gpus().is_ok() {
        eprintln!("skipped: there is a GPU");
        return;
    }
    let (_dir, bin, report) = folders();
    let (status, said) = check(&[], &[&bin, &report]);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("there is no GPU") && said.contains("fault: "), "{said}");
    assert!(said.contains(&format!("skipped: {}", STEPS.join(" "))), "{said}");
    assert!(report.join("report.md").is_file());
}

#[test]
fn its_steps_work_on_the_cpu() {
    let (_dir, bin, report) = folders();
    let only = ["--without-gpu", "--only", "operators", "--only", "search", "--only", "same-bits", "--only", "proxies", "--only", "kill"];
    let (status, said) = check(&only, &[&bin, &report]);
    assert_eq!(status, Some(0), "{said}");
    let written = std::fs::read_to_string(report.join("report.md")).expect("the report");
    for line in ["| operators | skipped |", "| search | ok |", "| same-bits | ok |", "| proxies | ok |", "| kill | ok |"] {
        assert!(said.contains(line) && written.contains(line), "{line}: {said}");
    }
    assert!(written.contains("compares a GPU with the CPU") && written.contains("digests, equal"), "{written}");
}

/// A step that fails is in the table and in the report, with its end, and the others go on.
#[test]
fn a_failed_step_is_recorded() {
    let (_dir, bin, report) = folders();
    // `nasflow` under the name of the tests knows no option `--exact`.
    let (status, said) = check(&["--without-gpu", "--only", "trajectory", "--only", "machine"], &[&bin, &report]);
    assert_eq!(status, Some(1), "{said}");
    let written = std::fs::read_to_string(report.join("report.md")).expect("the report");
    assert!(written.contains("| trajectory | failed |") && written.contains("The end of trajectory"), "{written}");
    assert!(written.contains("| machine | ok |"), "{written}");
}
