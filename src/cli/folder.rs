//! From a folder to the line `data` that reads it, and to what it holds.

use super::failure::Failure;
use super::load;
use crate::base::counted;
use crate::data::{Contents, DataError, Finding, Need, Recognised, Scan, Survey, formats, recognise, scan};
use crate::document::{Data, FormatWord, Task, quoted};
use std::path::Path;

/// The words of a line `data`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// `format=`
    pub format: &'static str,
    /// `root=`
    pub root: String,
    /// `images=`
    pub images: Option<String>,
    /// `annotations=`
    pub annotations: Option<String>,
    /// `image-size=`
    pub size: Option<usize>,
    /// What stands behind `split`.
    pub split: Option<String>,
    /// What `classes` keeps; all where it is empty.
    pub classes: Vec<String>,
    /// `broken=skip`
    pub skip_broken: bool,
}

impl Words {
    /// Of a data set that was found.
    ///
    /// # Errors
    /// A path that is not UTF-8.
    pub fn of(found: Recognised) -> Result<Words, Failure> {
        let root = std::fs::canonicalize(&found.root).unwrap_or(found.root);
        let root = root.to_str().ok_or_else(|| format!("{}: its name is not UTF-8; rename it", root.display()))?.to_string();
        Ok(Words { format: found.format, root, images: found.images, annotations: found.annotations, ..Words::default() })
    }

    /// What networks learn from it.
    pub fn task(&self) -> Task {
        task(self.format)
    }

    /// The line.
    pub fn line(&self, name: &str) -> String {
        let mut line = format!("data {} format={} root={}", quoted(name), self.format, quoted(&self.root));
        for (word, value) in [("images", &self.images), ("annotations", &self.annotations)] {
            line += &value.as_ref().map_or(String::new(), |v| format!(" {word}={}", quoted(v)));
        }
        line += &self.size.map_or(String::new(), |size| format!(" image-size={size}"));
        line += if self.skip_broken { " broken=skip" } else { "" };
        let classes: Vec<String> = self.classes.iter().map(|c| quoted(c)).collect();
        let classes = Some(classes).filter(|c| !c.is_empty()).map(|c| format!("classes {}", c.join(" ")));
        let block: Vec<String> = self.split.iter().map(|s| format!("split {s}")).chain(classes).collect();
        if block.is_empty() { line } else { line + &format!(" {{ {} }}", block.join("; ")) }
    }

    /// The node that the line is.
    ///
    /// # Errors
    /// Those of the language.
    pub fn data(&self) -> Result<Data, Failure> {
        let mut pipeline = load::text("folder.kdl", &format!("pipeline \"folder\"\n{}\n", self.line("folder")))?;
        pipeline.data.pop().ok_or_else(|| "a line `data` came to nothing".to_string().into())
    }
}

fn task(format: &str) -> Task {
    formats::by_word(format).map_or(Task::Detect, |f| f.about().shape().task)
}

/// The data set of a folder. With a `format` that one, else the only one; `classify`: one of images of one class each.
///
/// # Errors
/// Nothing, or no data set, is there; there are several; the format is not known.
pub fn found(place: &Path, format: Option<&str>, classify: bool) -> Result<Recognised, Failure> {
    if !place.exists() {
        return Err(format!("{}: no such folder", place.display()).into());
    }
    let mut all = recognise(place).map_err(|e| e.to_string())?;
    if let Some(word) = format {
        let words = formats::words();
        let known = words.known.iter().map(|f| f.word().name).find(|name| *name == word);
        let known = known.ok_or_else(|| {
            let names: Vec<&str> = words.known.iter().map(|f| f.word().name).collect();
            format!("`--format {word}`: the formats are {}", names.join(", "))
        })?;
        // One that is named is read even where it does not look so: its reader says what it lacks.
        let named = Recognised { format: known, root: place.to_path_buf(), images: None, annotations: None };
        return Ok(all.into_iter().find(|f| f.format == word).unwrap_or(named));
    }
    if classify && let Some(first) = all.first().cloned() {
        all.retain(|f| task(f.format) == Task::Classify);
        if all.is_empty() {
            let help = "leave `--classify` out, or name another folder";
            return Err(format!("{} holds images with boxes (format {}): {help}", place.display(), first.format).into());
        }
    }
    match all.len() {
        1 => all.pop().ok_or_else(|| nothing(place).into()),
        0 => Err(nothing(place).into()),
        _ => {
            let formats: Vec<&str> = all.iter().map(|f| f.format).collect();
            let first = formats.first().copied().unwrap_or_default();
            Err(format!(
                "{} holds data sets of several formats: {}; say which one is meant, as `--format {first}`",
                place.display(),
                formats.join(", ")
            )
            .into())
        }
    }
}

/// Why a folder is no data set.
fn nothing(place: &Path) -> String {
    let shown = place.display();
    if place.is_file() {
        return format!("{shown} is a file; a folder, a `data.yaml` or a pipeline (.kdl) was expected");
    }
    let contents = match Contents::of(place) {
        Ok(contents) => contents,
        Err(e) => return e.to_string(),
    };
    if contents.entries == 0 {
        return format!("{shown} is empty");
    }
    if contents.images == 0 {
        let other = match contents.unsupported {
            0 => String::new(),
            n => format!(", but {} in formats that are not read; convert them", counted(n, "image")),
        };
        return format!("there are no images (JPEG, PNG, WebP, BMP or TIFF) in {shown}{other}");
    }
    let texts = match contents.texts {
        0 => String::new(),
        n => format!(" and {}", counted(n, "text file")),
    };
    format!(
        "{shown} holds {}{texts}, but no annotations in a form that is known: `Annotations/*.xml` beside `JPEGImages` (voc), a \
         `data.yaml` or `labels/*.txt` beside `images` (yolo), `annotations/*.json` or `train/_annotations.coco.json` (coco), or a folder of \
         images for each class",
        counted(contents.images, "image")
    )
}

/// A data set as far as it can be read.
pub struct ReadSet {
    /// What is there.
    pub scan: Scan,
    /// What made it unusable as it is: files that were left out to read the rest.
    pub broken: Vec<Finding>,
}

/// A split that is there: its name, images, files with many images.
pub type OwnSplit = (String, usize, usize);

/// The splits of a data set that can be read, with how many images and files with many images each names; and why others cannot: a description may name what is not
/// there.
///
/// # Errors
/// A data set of which nothing can be read.
pub fn splits(data: &Data) -> Result<(Need, Vec<OwnSplit>, Option<String>), DataError> {
    let base = Path::new(".");
    let first = match Survey::of(data, base, &Need::all()) {
        Ok(survey) => return Ok((Need::all(), survey.splits(), None)),
        Err(e) => e,
    };
    for splits in [&["train", "val"][..], &["train", "test"], &["train"]] {
        let need = Need { splits: Some(splits.iter().map(ToString::to_string).collect()), anchors: true };
        if let Ok(survey) = Survey::of(data, base, &need) {
            let found = survey.splits();
            return Ok((need, found, Some(first.to_string())));
        }
    }
    Err(first)
}

/// Reads the splits of a data set that are asked for. Files that cannot be read are left out and told.
///
/// # Errors
/// A data set of which nothing can be read, or that is wrong as a whole.
pub fn read(data: &Data, need: &Need) -> Result<ReadSet, DataError> {
    let base = Path::new(".");
    let (mut data, mut broken) = (data.clone(), Vec::new());
    let mut scanned = scan(&data, base, need);
    if let Err(DataError::Findings(findings)) = &scanned
        && findings.iter().filter(|f| f.kind.is_error()).all(|f| f.kind.is_broken())
        && !data.skip_broken
    {
        broken = findings.iter().filter(|f| f.kind.is_error()).cloned().collect();
        data.skip_broken = true;
        scanned = scan(&data, base, need);
    }
    Ok(ReadSet { scan: scanned?, broken })
}
