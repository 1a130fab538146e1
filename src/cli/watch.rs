//! Looks at a store that others write, and works the facts of a page out once for everybody who looks at it.
//!
//! It only reads: the store is opened read-only, and anew each time, so that nothing is held while a run writes. It works at most a
//! fifth of the time, however large the search is.

use super::arguments::{FileArguments, ServeArguments};
use super::failure::Failure;
use super::{download, load, report, show};
use crate::document::render;
use crate::nn::DeviceChoice;
use crate::report::live::{self, Live, Standing};
use crate::report::page::{self, Facts};
use crate::run::live::heard;
use crate::run::{Look, Prepared, prepare};
use crate::serve::Site;
use crate::store::Store;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How often it looks whether something changed.
const OFTEN: Duration = Duration::from_millis(400);
/// Least time between two facts; five times as long as they took, where that is more.
const PAUSE: Duration = Duration::from_secs(1);

/// How long facts may be old while trainings go on.
const GROWS: Duration = Duration::from_secs(15);

/// Sizes and times of files: what differs has changed.
type Seen = Vec<(PathBuf, Option<(u64, SystemTime)>)>;

/// Looks, and keeps a site up to date.
pub struct Watch {
    file: FileArguments,
    device: DeviceChoice,
    site: Site,
    root: PathBuf,
    prepared: Prepared,
    /// The pipeline's files, and the store's, as they were when the facts were worked out.
    files: Seen,
    store: Seen,
    /// What of the replay the small document needs.
    live: Live,
    said: String,
    /// The facts that are shown, what names them, and how the search stood when they were.
    facts: Facts,
    tag: String,
    stood: Standing,
    /// When facts were worked out, and when they may be again.
    worked: Instant,
    due: Instant,
    /// Why the pipeline's file, or the store, could not be read.
    file_problem: Option<String>,
    store_problem: Option<String>,
}

impl Watch {
    /// Looks for the first time.
    ///
    /// # Errors
    /// What is wrong with the pipeline's file, its data or the store.
    pub fn new(arguments: &ServeArguments, site: Site) -> Result<Watch, Failure> {
        let file = arguments.file.clone();
        let device = load::device(&arguments.numerics)?;
        let here = std::env::current_dir().map_err(|e| format!("the working directory cannot be read: {e}"))?;
        let root = Store::find(&here, file.cache.as_deref(), Some(&file.file))?.root;
        let prepared = prepared(&file, &root)?;
        let now = Instant::now();
        let mut watch = Watch {
            files: files_of(&prepared),
            file,
            device,
            site,
            root,
            prepared,
            store: vec![],
            live: Live::default(),
            said: String::new(),
            facts: Facts::default(),
            tag: String::new(),
            stood: Standing::default(),
            worked: now,
            due: now,
            file_problem: None,
            store_problem: None,
        };
        watch.work_out()?;
        watch.say();
        Ok(watch)
    }

    /// Looks until the process ends.
    pub fn go_on(mut self) {
        loop {
            std::thread::sleep(OFTEN);
            if Instant::now() >= self.due {
                self.look();
            }
            self.say();
        }
    }

    /// Works the facts out again where something changed. What cannot be read now is said, and the last facts stay.
    fn look(&mut self) {
        let files = files_of(&self.prepared);
        // Curves of trainings grow without a result.
        let grows = matches!(self.stood, Standing::Running | Standing::Stopping) && self.worked.elapsed() > GROWS;
        let same = files == self.files && self.file_problem.is_none();
        if same && !grows && store_files(&self.root) == self.store {
            return;
        }
        let begun = Instant::now();
        if !same {
            self.files = files;
            match prepared(&self.file, &self.root) {
                Ok(prepared) => {
                    (self.files, self.prepared, self.file_problem) = (files_of(&prepared), prepared, None);
                }
                Err(failure) => self.file_problem = Some(in_words(failure)),
            }
        }
        self.store_problem = self.work_out().err().map(in_words);
        self.due = Instant::now() + PAUSE.max(begun.elapsed() * 5);
    }

    fn work_out(&mut self) -> Result<(), Failure> {
        // Seen before it is read: what changes meanwhile is looked at again.
        (self.store, self.worked) = (store_files(&self.root), Instant::now());
        let store = if Store::is_at(&self.root)? { Some(Store::open_read_only(&self.root)?) } else { None };
        let replay = show::replay_saying(&self.prepared, store.as_ref(), self.device, &|_| ())?;
        self.facts = report::facts(&self.prepared, &replay, store.as_ref(), self.device, &self.file)?;
        self.live = Live::of(&self.prepared.pipeline, &replay);
        self.show(self.stood);
        Ok(())
    }

    /// Shows the facts, of a search that stands so.
    fn show(&mut self, standing: Standing) {
        self.stood = standing;
        self.facts.progress.state = standing.word().into();
        self.tag = self.site.show(live::page(&self.facts), page::json(&self.facts));
    }

    /// Says how far the run is, where that changed.
    fn say(&mut self) {
        let at_work = Store::at_work(&self.root, &self.prepared.pipeline.name).ok().flatten();
        if at_work.is_none() && matches!(self.stood, Standing::Running | Standing::Stopping) {
            // It has ended, perhaps because all is done: its last results say so.
            self.store_problem = self.work_out().err().map(in_words);
        }
        let said = at_work.as_ref().map(|run| heard(&run.said).unwrap_or_default());
        let problem = self.file_problem.as_ref().or(self.store_problem.as_ref());
        let mut live = self.live.with(said.as_ref(), &self.tag, problem.map(String::as_str));
        if live.standing != self.stood {
            self.show(live.standing);
            live.facts.clone_from(&self.tag);
        }
        let json = serde_json::to_string(&live).unwrap_or_default();
        if json != self.said {
            self.site.say(json.clone());
            self.said = json;
        }
    }
}

fn in_words(failure: Failure) -> String {
    match failure {
        Failure::Document(d) => render::diagnostics(&d, false),
        Failure::Index(message) | Failure::Message(message) => message,
    }
}

fn prepared(file: &FileArguments, root: &Path) -> Result<Prepared, Failure> {
    let pipeline = load::pipeline(file)?;
    let store = if Store::is_at(root)? { Some(Store::open_read_only(root)?) } else { None };
    Ok(prepare(pipeline, store.as_ref(), Look { rehash: file.rehash, all: false, offline: false, watch: Some(download::watch) })?)
}

/// The pipeline's file and those that it includes.
fn files_of(prepared: &Prepared) -> Seen {
    seen(prepared.pipeline.sources.files.iter().map(|f| PathBuf::from(&f.0)))
}

/// What of a store changes with every result, and with every run that ended.
fn store_files(root: &Path) -> Seen {
    let mut all = seen(["index.sqlite", "index.sqlite-wal", "attempts"].iter().map(|name| root.join(name)));
    let runs = std::fs::read_dir(root.join("runs")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut runs: Vec<PathBuf> = runs.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    runs.sort();
    all.extend(runs.into_iter().map(|path| (path, None)));
    all
}

fn seen(paths: impl Iterator<Item = PathBuf>) -> Seen {
    let look = |path: PathBuf| {
        let found = path.metadata().ok().and_then(|m| Some((m.len(), m.modified().ok()?)));
        (path, found)
    };
    paths.map(look).collect()
}
