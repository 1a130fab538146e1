//! Data sets before a run: which splits the stages read, what is known of them from last time, and what makes them useless.

use crate::base::counted;
use crate::data::{self, DataError, FindingKind, Need, Scan, ScanSplit, Survey};
use crate::document::diagnostic::join;
use crate::document::{Data, DataSource, Diagnostic, Pipeline, Spanned, StageKind, Task, nearest};
use crate::plan::{DataInfo, SplitInfo};
use crate::run::error::RunError;
use crate::run::fetch;
use crate::store::Store;
use std::collections::BTreeSet;
use std::path::Path;

/// How data sets are looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Read every file again, whatever its size and times say.
    pub rehash: bool,
    /// Name every file with a fault, however many there are.
    pub all: bool,
    /// Download nothing.
    pub offline: bool,
    /// Who is told how far a download is.
    pub watch: Option<fn(&fetch::Progress)>,
}

/// Every place where a stage reads a split: (data, split).
fn reads(pipeline: &Pipeline) -> impl Iterator<Item = (&Spanned<String>, &Spanned<String>)> {
    pipeline.stages.iter().flat_map(|stage| match &stage.kind {
        StageKind::Train(t) => vec![(&t.data, &t.split)],
        StageKind::Evaluate(e) => {
            let Some((data, split)) = &e.data else { return Vec::new() };
            let recalibrated = e.recalibrate.as_ref().and_then(|r| r.value.split());
            std::iter::once(split).chain(recalibrated).map(|split| (data, split)).collect()
        }
        _ => Vec::new(),
    })
}

/// Which splits of a data set are read: what nobody uses may be broken or not there.
fn need(pipeline: &Pipeline, data: &Data) -> Need {
    let name = &data.name.value;
    let splits: BTreeSet<String> = reads(pipeline).filter(|(d, _)| d.value == *name).map(|(_, s)| s.value.clone()).collect();
    let anchors = data.source.task() == Task::Detect && pipeline.spaces.iter().any(|s| s.input.value == *name);
    Need { splits: Some(splits), anchors }
}

/// What a data set holds, or why it cannot be used.
pub fn scan(pipeline: &Pipeline, node: &Data, store: Option<&Store>, look: Look) -> Result<Result<Scan, DataError>, RunError> {
    let base = Path::new(".");
    let need = need(pipeline, node);
    // One place has one name, from whichever directory the run is started and however the root is spelled.
    let mut node = node.clone();
    if let (Some(fetch), DataSource::Files { root, .. }) = (&node.fetch, &mut node.source) {
        match fetch::folder(fetch, store, look.offline, &|progress| look.watch.into_iter().for_each(|watch| watch(progress)))? {
            Ok(folder) => root.value = folder.join(&root.value).to_string_lossy().into_owned(),
            Err(why) => return Ok(Err(DataError::Invalid(why))),
        }
    }
    if let DataSource::Files { root, .. } = &node.source
        && look.offline
        && root.value.starts_with("hub:")
    {
        return Ok(Err(DataError::Invalid(format!("`--offline`, and `{}` is read from the hub: leave it out", root.value))));
    }
    if let DataSource::Files { root, .. } = &mut node.source
        && let Some(absolute) = std::fs::canonicalize(&root.value).ok().and_then(|p| p.to_str().map(str::to_string))
    {
        root.value = absolute;
    }
    let node = &node;
    let survey = match Survey::of(node, base, &need) {
        Ok(survey) => survey,
        Err(e) => return Ok(Err(e)),
    };
    let listing = match survey.listing() {
        Ok(listing) => listing,
        Err(e) => return Ok(Err(e)),
    };
    if let (Some(store), false) = (store, look.rehash) {
        let known = store.get_source(&listing.fingerprint.hex())?;
        // A scan that is gone or damaged is made again.
        if let Some(scan) = known.and_then(|blob| store.blobs().get(&blob).ok()).and_then(|b| serde_json::from_slice::<Scan>(&b).ok()) {
            return Ok(Ok(scan));
        }
    }
    let scan = match survey.scan() {
        Ok(scan) => scan,
        Err(e) => return Ok(Err(e)),
    };
    if let Some(store) = store.filter(|s| !s.is_read_only()) {
        let bytes = serde_json::to_vec(&scan).map_err(|e| RunError::Data(e.to_string()))?;
        let blob = store.blobs().put(&bytes)?;
        store.put_source(&listing.fingerprint.hex(), blob)?;
    }
    Ok(Ok(scan))
}

/// Cuts the folds that stages read. More folds than images are an error, and so is a fold, or its training, without anything to
/// learn or to measure.
pub fn cut_folds(pipeline: &Pipeline, node: &Data, scan: &mut Scan, errors: &mut Vec<Diagnostic>) {
    let read = |name: &str| pipeline.stages.iter().filter_map(|s| s.folds()).any(|(d, f)| d.value == node.name.value && f.value == name);
    for folds in node.folds.iter().filter(|f| read(&f.name.value)) {
        // A split that is not there is said where it is read.
        let Some(images) = scan.split(&folds.of.value).map(|s| s.images.len()) else { continue };
        let (name, of, count) = (&folds.name.value, &folds.of.value, folds.count.value);
        if images < count {
            let message = format!("the split `{of}` of `{}` has fewer images than `{name}` has folds", node.name.value);
            let d = Diagnostic::error("empty-split", message, folds.count.span, format!("{count} folds of {}", counted(images, "image")));
            errors.push(d.help("every fold needs an image: fewer folds, or a larger split"));
            continue;
        }
        data::folds::cut(scan, folds);
        let boxes = |split: String| scan.split(&split).map_or(0, ScanSplit::boxes);
        let bare = (0..count).find(|&fold| boxes(folds.held_out(fold)) == 0 || boxes(folds.without(fold)) == 0);
        if let (Some(fold), Task::Detect) = (bare, node.source.task()) {
            let message = format!("fold {} of `{name}` has no box, or all of them: there is nothing to measure or to learn", fold + 1);
            let d = Diagnostic::error("no-boxes", message, folds.count.span, format!("{count} folds of {}", counted(images, "image")));
            errors.push(d.help("write fewer folds, or another `seed=`"));
        }
    }
}

/// What keys need of a data set.
pub fn info(node: &Data, scan: &Scan) -> DataInfo {
    let split =
        |s: &ScanSplit| (s.name.clone(), SplitInfo { digest: s.digest, images: s.images.len(), objects: s.boxes(), anchors: Vec::new() });
    DataInfo {
        image_size: node.image_size,
        classes: scan.classes.clone(),
        splits: scan.splits.iter().map(split).collect(),
        decoder: data::DECODER.to_string(),
        channels: scan.channels,
        task: node.source.task(),
    }
}

/// Splits that stages read must be there and hold something to learn or to measure; each fault is told once.
pub fn check_splits(pipeline: &Pipeline, name: &str, info: &DataInfo, scan: &Scan, errors: &mut Vec<Diagnostic>) {
    for (_, split) in reads(pipeline).filter(|(data, _)| data.value == name) {
        let fault = match info.splits.get(&split.value) {
            None => unknown(name, split, scan),
            Some(found) if found.images == 0 => {
                Diagnostic::error("empty-split", format!("the split `{}` of `{name}` has no images", split.value), split.span, "empty")
            }
            Some(found) if info.task == Task::Detect && found.objects == 0 => no_boxes(name, split, found.images, scan),
            Some(_) => continue,
        };
        join(errors, fault);
    }
}

fn unknown(name: &str, split: &Spanned<String>, scan: &Scan) -> Diagnostic {
    let names: Vec<&str> = scan.splits.iter().map(|s| s.name.as_str()).chain(scan.unread.iter().map(String::as_str)).collect();
    let d = Diagnostic::error(
        "unknown-split",
        format!("the data set `{name}` has no split `{}`", split.value),
        split.span,
        "not a split of this data set",
    );
    let near = nearest(&split.value, names.iter().copied()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    d.help(format!("{near}its splits are {}", names.join(", ")))
}

/// Nothing can be learned or measured without a box. What was found on the way says why there is none.
fn no_boxes(name: &str, split: &Spanned<String>, images: usize, scan: &Scan) -> Diagnostic {
    use FindingKind::{Difficult, NoBoxes, NoLabelFile, OtherLabels, Outside, UnknownClass, ZeroArea};
    let causes = [NoLabelFile, OtherLabels, NoBoxes, ZeroArea, Outside, UnknownClass, Difficult];
    let found: Vec<String> = scan.findings.iter().filter(|f| causes.contains(&f.kind)).map(ToString::to_string).collect();
    let message = format!("the split `{}` of `{name}` has no box: there is nothing to learn or to measure", split.value);
    let d = Diagnostic::error("no-boxes", message, split.span, format!("none in {}", counted(images, "image")));
    let help = "labels lie in `labels/…` beside `images/…` (yolo) or in `Annotations` (voc); name another folder by `annotations=`";
    d.help(if found.is_empty() { help.to_string() } else { format!("{}; {help}", found.join("; ")) })
}
