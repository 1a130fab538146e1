//! What a folder holds, and how a pipeline reads it: splits where it has none, classes that occur, files that can be read.

use crate::base::counted;
use crate::cli::failure::Failure;
use crate::cli::folder::{self, ReadSet, Words};
use crate::data::{FindingKind, Need, Scan, Summary};
use crate::document::{Task, plain};
use std::path::Path;
use std::time::Instant;

/// Fewer images are no data set.
const FEWEST: usize = 10;
/// The splits that a pipeline reads.
const SPLITS: [&str; 3] = ["train", "val", "test"];

/// A folder that was looked at.
pub struct Looked {
    /// How it is read.
    pub words: Words,
    /// What was read.
    pub scan: Scan,
    /// In figures.
    pub summary: Summary,
    /// What the reader should know.
    pub notes: Vec<String>,
    /// Seconds of the whole machine to read and decode an image.
    pub decode: f64,
}

/// Looks at a folder.
///
/// # Errors
/// What is no data set, or too little of one, in words that say what to do.
pub fn look(place: &Path, format: Option<&str>, classify: bool) -> Result<Looked, Failure> {
    let mut words = Words::of(folder::found(place, format, classify)?)?;
    if classify && words.task() == Task::Detect {
        return Err(format!("`--format {}` is of images with boxes: leave `--classify` out", words.format).into());
    }
    let failed = |e: crate::data::DataError| Failure::Message(format!("{} cannot be used:\n{e}", place.display()));
    let (_, own, unreadable) = folder::splits(&words.data()?).map_err(failed)?;
    // Before shares of too few leave a split empty.
    let images: usize = own.iter().filter(|(name, ..)| name != "trainval").map(|(_, images, _)| images).sum();
    if own.iter().all(|(_, _, files)| *files == 0) {
        several(place, images)?;
    }
    let own: Vec<&str> = own.iter().filter(|(_, images, files)| images + files > 0).map(|(name, ..)| name.as_str()).collect();
    let mut notes: Vec<String> = unreadable.iter().map(|why| format!("not all of it can be read: {why}")).collect();
    let (split, why) = split(&words, &own);
    words.split = split;
    notes.extend(why);
    let need = Need { splits: Some(SPLITS.map(String::from).into()), anchors: words.task() == Task::Detect };
    let begun = Instant::now();
    let ReadSet { mut scan, broken } = folder::read(&words.data()?, &need).map_err(failed)?;
    let read: usize = scan.splits.iter().map(|s| s.images.len()).sum();
    let decode = begun.elapsed().as_secs_f64() / read.max(1) as f64;
    if !broken.is_empty() {
        words.skip_broken = true;
        notes.extend(broken.iter().map(|f| format!("left out by `broken=skip`: {f}")));
    }
    enough(place, &scan, words.task())?;
    let kept: Vec<String> = Summary::of(&scan).classes.into_iter().filter(|c| c.count > 0).map(|c| c.name).collect();
    if kept.len() < scan.classes.len() {
        let gone: Vec<&String> = scan.classes.iter().filter(|c| !kept.contains(c)).collect();
        let names: Vec<&str> = gone.iter().take(10).map(|c| c.as_str()).collect();
        let what = if words.task() == Task::Detect { "box" } else { "image" };
        notes.push(format!("left out, because no {what} is of it: {}{}", names.join(", "), if gone.len() > 10 { ", …" } else { "" }));
        words.classes = kept;
        scan = folder::read(&words.data()?, &need).map_err(failed)?.scan;
    }
    let summary = Summary::of(&scan);
    notes.extend(rare(&summary));
    let told = |kind: FindingKind| kind != FindingKind::EmptyClass && kind != FindingKind::SkippedBroken;
    notes.extend(scan.findings.iter().filter(|f| told(f.kind)).map(ToString::to_string));
    Ok(Looked { words, scan, summary, notes: notes.iter().map(|n| plain(n)).collect(), decode })
}

/// What stands behind `split` where the data set lacks one, and why.
fn split(words: &Words, own: &[&str]) -> (Option<String>, Option<String>) {
    let has = |name: &str| own.contains(&name);
    let missing: Vec<&str> = SPLITS.into_iter().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return (None, None);
    }
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let lacks = format!("the data set has no {}", names.join(" and no "));
    if words.task() == Task::Classify {
        let shares: Vec<String> = missing.iter().filter(|name| **name != "train").map(|name| format!("{name}=0.15")).collect();
        let from = if has("train") { "the training images" } else { "all images" };
        return (Some(shares.join(" ")), Some(format!("{lacks}: 15 % of {from} each are taken for it")));
    }
    let of_lists = words.format == "voc" && has("train");
    match (of_lists, &missing[..]) {
        (true, ["val"]) => {
            let dealt = "all images that `test.txt` does not name are dealt out, 85 % and 15 %";
            (Some("train=0.85 val=0.15 test=\"test.txt\"".into()), Some(format!("{lacks}: {dealt}")))
        }
        (true, ["test"]) => {
            let dealt = "all images that `val.txt` does not name are dealt out, 85 % and 15 %";
            (Some("train=0.85 test=0.15 val=\"val.txt\"".into()), Some(format!("{lacks}: {dealt}")))
        }
        _ => {
            let dealt = if own.len() > 1 || has("train") { ", whichever split they were in" } else { "" };
            let why = format!("{lacks}: its images are dealt out{dealt}, 70 % for training, 15 % for choosing, 15 % for the test");
            (Some("train=0.7 val=0.15 test=0.15".into()), Some(why))
        }
    }
}

/// Whether there are images enough.
fn several(place: &Path, images: usize) -> Result<(), Failure> {
    if images >= FEWEST {
        return Ok(());
    }
    let few = format!("{} has only {}", place.display(), counted(images, "image"));
    Err(format!("{few}: at least {FEWEST} are needed to train on some, choose by others and test with the rest").into())
}

/// Whether there is enough to train, to choose and to test.
fn enough(place: &Path, scan: &Scan, task: Task) -> Result<(), Failure> {
    let shown = place.display();
    let images: usize = scan.splits.iter().map(|s| s.images.len()).sum();
    several(place, images)?;
    if task == Task::Classify && scan.classes.len() < 2 {
        return Err(format!("{shown} has only one class ({}): there is nothing to tell apart", plain(&scan.classes.join(", "))).into());
    }
    for name in SPLITS {
        let split = scan.split(name);
        let bare = task == Task::Detect && split.is_none_or(|s| s.boxes() == 0);
        if split.is_none_or(|s| s.images.is_empty()) || bare {
            let of = if task == Task::Detect { "box" } else { "image" };
            let why: Vec<String> = scan.findings.iter().map(|f| format!("\n  {f}")).collect();
            let all = if scan.splits.iter().all(|s| s.boxes() == 0) && task == Task::Detect {
                format!("{shown}: there is no box in {}", counted(images, "image"))
            } else {
                format!("{shown}: the split `{name}` has no {of}")
            };
            return Err(format!("{all}: there is nothing to learn or to measure{}", plain_lines(&why)).into());
        }
    }
    Ok(())
}

fn plain_lines(lines: &[String]) -> String {
    lines.iter().map(|l| format!("\n{}", plain(l.trim_start_matches('\n')))).collect()
}

/// Classes that training never sees, or that nothing judges.
fn rare(summary: &Summary) -> Vec<String> {
    let at = |name: &str| summary.splits.iter().position(|s| s.name == name);
    let lacking = |name: &str| -> Vec<String> {
        let Some(split) = at(name) else { return Vec::new() };
        let none = summary.classes.iter().filter(|c| c.by_split.get(split) == Some(&0));
        none.map(|c| c.name.clone()).collect()
    };
    let say = |name: &str, so: &str| {
        let lacking = lacking(name);
        let shown: Vec<&str> = lacking.iter().take(10).map(String::as_str).collect();
        (!lacking.is_empty()).then(|| format!("not in `{name}`, so {so}: {}", shown.join(", ")))
    };
    [say("train", "it cannot be learned"), say("val", "it cannot decide"), say("test", "it is not tested")].into_iter().flatten().collect()
}
