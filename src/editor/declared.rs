//! The names that a text declares: data sets, spaces, stages, params; in spaces choices, cells and layers.

use crate::document::sketch::{Line, is_number, sketch};
use std::ops::Range;

/// A name, and where it is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// What it names, in the words of `Type::Name`: `stage`, `data set`.
    pub what: &'static str,
    /// The name.
    pub name: String,
    /// The file's number in [`Scope::files`].
    pub file: usize,
    /// Where the name stands.
    pub range: Range<usize>,
    /// Its line, for people.
    pub line: String,
    /// The node at the top around it, for names that count only there.
    pub within: Option<Range<usize>>,
}

/// The names of a file and of those that it includes.
#[derive(Default)]
pub struct Scope {
    /// (path, text); the first is the file itself.
    pub files: Vec<(String, String)>,
    /// Every name, in the order of the files.
    pub names: Vec<Declared>,
}

impl Scope {
    /// Of these files.
    pub fn of(files: Vec<(String, String)>) -> Scope {
        let mut scope = Scope::default();
        for (file, (_, text)) in files.iter().enumerate() {
            let mut finder = Finder { text, file, names: &mut scope.names, within: None };
            for line in &sketch(text).lines {
                finder.top(line);
            }
        }
        scope.files = files;
        scope
    }

    /// The names of a kind that count at a place of the first file.
    pub fn of_kind<'s, 'w>(&'s self, what: &'w str, at: usize) -> impl Iterator<Item = &'s Declared> + use<'s, 'w> {
        let fits = move |d: &&Declared| {
            let same =
                d.what == what || (what == "decision" && matches!(d.what, "choice" | "layer")) || (what == "train" && d.what == "stage");
            // A layer of another space is none here; its decisions are named from spaces over it, and by trainings.
            let here = what != "layer" && what != "cell" || d.within.as_ref().is_none_or(|w| d.file == 0 && w.start <= at && at <= w.end);
            same && here
        };
        self.names.iter().filter(fits)
    }

    /// Whatever is called so.
    pub fn find(&self, what: &str, name: &str, at: usize) -> Option<&Declared> {
        let own = self.of_kind(what, at).find(|d| d.name == name);
        own.or_else(|| self.names.iter().find(|d| d.name == name && (d.what == what || what == "layer" && d.what == "choice")))
    }
}

/// The paths that a text includes, as written.
pub fn includes(text: &str) -> Vec<String> {
    let lines = sketch(text).lines;
    let named = lines.iter().filter(|l| !l.hidden && &text[l.name.clone()] == "include");
    named.filter_map(|l| l.first(text).or_else(|| l.property(text, "path"))).map(|(path, _)| path.to_string()).collect()
}

struct Finder<'t> {
    text: &'t str,
    file: usize,
    names: &'t mut Vec<Declared>,
    within: Option<Range<usize>>,
}

impl Finder<'_> {
    fn add(&mut self, what: &'static str, found: Option<(&str, Range<usize>)>, line: &Line) {
        let Some((name, range)) = found.filter(|(name, _)| !name.is_empty()) else { return };
        let end = line.block.as_ref().map_or(line.range.end, |b| b.range.start);
        let shown: String = self.text[line.range.start..end].trim_end().chars().take(200).collect();
        let d = Declared { what, name: name.into(), file: self.file, range, line: shown, within: self.within.clone() };
        self.names.push(d);
    }

    fn top(&mut self, line: &Line) {
        if line.hidden {
            return;
        }
        let what = match &self.text[line.name.clone()] {
            "data" => "data set",
            "space" => "space",
            "sample" | "train" | "evaluate" | "select" => "stage",
            "param" => "param",
            _ => return,
        };
        self.add(what, line.first(self.text), line);
        self.within = Some(line.range.clone());
        for inner in line.inside().filter(|l| !l.hidden) {
            self.inner(what, inner);
        }
        self.within = None;
    }

    fn inner(&mut self, top: &str, line: &Line) {
        let first = line.first(self.text).filter(|(name, _)| !is_number(name));
        match (top, &self.text[line.name.clone()]) {
            ("data set", "split") => {
                for entry in &line.entries {
                    let key = entry.key.clone().map(|k| (&self.text[k.clone()], k));
                    self.add("split", key.filter(|(k, _)| !matches!(*k, "seed" | "only-missing" | "stratify")), line);
                }
            }
            ("data set", "folds") => self.add("set of folds", first, line),
            ("space", "choice" | "range") => self.add("choice", first, line),
            ("space", "cell") => self.add("cell", first, line),
            ("space", "choose" | "repeat") => self.add("layer", first, line),
            ("stage", "metric") if line.inside().any(|l| &self.text[l.name.clone()] == "command") => self.add("metric", first, line),
            ("stage", "runner") => {
                for reports in line.inside().filter(|l| &self.text[l.name.clone()] == "reports") {
                    self.add("metric", reports.first(self.text), reports);
                }
            }
            _ => {}
        }
        if top == "space" {
            self.add("layer", line.property(self.text, "as"), line);
            for inner in line.inside().filter(|l| !l.hidden) {
                self.inner(top, inner);
            }
        }
    }
}
