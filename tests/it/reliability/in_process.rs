//! Whole runs inside this process, coordinator and workers, on a disk that the test gives: so every operation can be counted, failed or
//! be the last. Workers are threads; everything else is the engine that the program runs.

use nasflow::document::{self, Files};
use nasflow::nn::DeviceChoice;
use nasflow::plan::{Replay, State, winner};
use nasflow::run::job::{WorkerMessage, exit};
use nasflow::run::launch::{Ended, Heard, Id, LastWords, LaunchError, Launcher, Start};
use nasflow::run::options::{Options, Report};
use nasflow::run::worker::{Memory, work_on};
use nasflow::run::{Event, Events, Look, Prepared, RunError, coordinator, prepare};
use nasflow::store::{self, Blobs, Direct, Disk, Record, Store};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use tempfile::TempDir;

/// A directory in memory where there is one: these tests sync thousands of times.
pub fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()) } else { tempfile::tempdir() };
    made.expect("a temporary directory")
}

/// A pipeline and the files that it reads, ready to run on one store after another.
pub struct Lab {
    dir: TempDir,
    pub prepared: Prepared,
    pub options: Options,
}

struct OnDisk;

impl Files for OnDisk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|e| e.to_string())
    }
}

impl Lab {
    /// A pipeline with the files beside it.
    pub fn new(pipeline: &str, files: &[(&str, &str)]) -> Lab {
        Lab::within(directory(), pipeline, files)
    }

    /// The same in a directory that stays what it is, such as for an edited pipeline.
    pub fn within(dir: TempDir, pipeline: &str, files: &[(&str, &str)]) -> Lab {
        for (name, text) in files.iter().chain([&("pipeline.kdl", pipeline)]) {
            std::fs::write(dir.path().join(name), text).expect("written");
        }
        let prepared = Lab::prepared(dir.path(), None);
        Lab { dir, prepared, options: Options::new(DeviceChoice::Fast) }
    }

    /// The directory's pipeline, or what is wrong with it.
    pub fn loaded(dir: &Path) -> Result<document::Pipeline, String> {
        let path = dir.join("pipeline.kdl").display().to_string();
        let loaded = document::load(&nasflow::language(), &path, &mut OnDisk, &Default::default(), Default::default());
        loaded.map_err(|d| document::render::diagnostics(&d, false))
    }

    /// The directory's pipeline, read and prepared.
    pub fn prepared(dir: &Path, store: Option<&Store>) -> Prepared {
        let pipeline = Lab::loaded(dir).unwrap_or_else(|e| panic!("{e}"));
        prepare(pipeline, store, Look::default()).unwrap_or_else(|e| panic!("{e}"))
    }

    /// A place for a store that is not there yet.
    pub fn store(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs to the end, or as far as the disk lets it. `hook` hears all events.
    pub fn run(&self, root: &Path, disk: Arc<dyn Disk>, hook: &mut dyn FnMut(&Event)) -> Result<Report, RunError> {
        run(&self.prepared, &self.options, root, disk, hook)
    }

    /// Runs on a disk that works, and must end well.
    pub fn finish(&self, root: &Path, case: &str) -> Report {
        self.run(root, Arc::new(Direct), &mut |_| {}).unwrap_or_else(|e| panic!("{case}: {e}"))
    }

    /// What a report holds for comparison.
    pub fn told(&self, report: &Report) -> Vec<String> {
        told(&self.prepared, &report.replay)
    }
}

/// A run of the engine in this process.
pub fn run(
    prepared: &Prepared,
    options: &Options,
    root: &Path,
    disk: Arc<dyn Disk>,
    hook: &mut dyn FnMut(&Event),
) -> Result<Report, RunError> {
    let store = Store::open_with(root, store::Options { disk: disk.clone(), ..store::Options::default() })?;
    let mut launcher = InProcess::new(disk);
    let mut events = Hook(hook);
    let report = coordinator::run(prepared, &store, options, &mut launcher, &mut events);
    launcher.join();
    report
}

struct Hook<'h>(&'h mut dyn FnMut(&Event));

impl Events for Hook<'_> {
    fn on(&mut self, event: Event) {
        assert!(!matches!(&event, Event::AttemptFailed { reason, .. } if reason.contains("panicked")), "{event:?}");
        (self.0)(&event);
    }
}

/// Every network of every stage in its order, how it stands there, and the answer.
pub fn told(prepared: &Prepared, replay: &Replay) -> Vec<String> {
    let mut lines = Vec::new();
    for (stage, seen) in prepared.pipeline.stages.iter().zip(&replay.stages) {
        for slot in &seen.slots {
            let state = match &slot.state {
                State::Ready => "ready".to_string(),
                State::Failed(why) => format!("failed: {why}"),
                State::Pending => "pending".to_string(),
            };
            let figures: Vec<String> = slot.model.figures.iter().map(|(metric, f)| format!("{}={:?}", metric.name(), f.values)).collect();
            let line = [stage.name.value.clone(), slot.model.label(), slot.model.candidate.digest.hex(), state, figures.join(" ")];
            lines.push(line.join(" | "));
        }
    }
    lines.push(format!("answer {:?}", winner(&prepared.pipeline, replay).map(|m| (m.label(), m.identity()))));
    lines
}

/// What a store knows: its records, and which of the outputs that they name are not there.
#[derive(Debug, PartialEq)]
pub struct Snapshot {
    pub records: BTreeMap<String, Record>,
    gone: BTreeSet<(String, String)>,
}

impl Snapshot {
    /// Of a store that is whole: every blob is what its name says.
    pub fn of(root: &Path, case: &str) -> Snapshot {
        let store = Store::open(root, false).unwrap_or_else(|e| panic!("{case}: {e}"));
        let verdict = store.verify().unwrap_or_else(|e| panic!("{case}: {e}"));
        assert!(verdict.damaged.is_empty(), "{case}: {verdict:?}");
        let keys = store.keys().unwrap_or_else(|e| panic!("{case}: {e}"));
        let records = store.lookup_many(&keys).unwrap_or_else(|e| panic!("{case}: {e}"));
        let records = keys.iter().zip(records).map(|(k, r)| (k.hex(), r.unwrap_or_else(|| panic!("{case}: no record of {k:?}"))));
        Snapshot { records: records.collect(), gone: verdict.missing.into_iter().map(|f| (f.key.hex(), f.output)).collect() }
    }

    /// That all that this store has is what an undisturbed one has.
    pub fn must_be_of(&self, undisturbed: &Snapshot, case: &str) {
        for (key, record) in &self.records {
            assert_eq!(undisturbed.records.get(key), Some(record), "{case}: the undisturbed one's and ours");
        }
    }

    /// That this store, after all that happened to it, has what an undisturbed one has.
    pub fn must_be(&self, undisturbed: &Snapshot, case: &str) {
        let keys: BTreeSet<&String> = self.records.keys().chain(undisturbed.records.keys()).collect();
        for key in keys {
            let (ours, theirs) = (self.records.get(key), undisturbed.records.get(key));
            assert_eq!(ours, theirs, "{case}: ours and the undisturbed one's");
        }
        // A state that an undisturbed run has dropped may still be there.
        assert!(self.gone.is_subset(&undisturbed.gone), "{case}: {:?} are gone", self.gone.difference(&undisturbed.gone));
    }
}

/// Workers as threads, over one disk.
struct InProcess {
    disk: Arc<dyn Disk>,
    ids: Id,
    stops: HashMap<Id, Arc<AtomicBool>>,
    threads: Vec<std::thread::JoinHandle<()>>,
    sender: Sender<Heard>,
    receiver: Receiver<Heard>,
}

impl InProcess {
    fn new(disk: Arc<dyn Disk>) -> InProcess {
        let (sender, receiver) = channel();
        InProcess { disk, ids: 0, stops: HashMap::new(), threads: Vec::new(), sender, receiver }
    }

    /// Nothing of a run works on when its store is looked at.
    fn join(&mut self) {
        self.stop();
        self.threads.drain(..).for_each(|t| t.join().expect("a worker's thread"));
    }
}

impl Launcher for InProcess {
    fn start(&mut self, start: &Start) -> Result<Id, LaunchError> {
        let (id, stop) = (self.ids, Arc::new(AtomicBool::new(false)));
        self.ids += 1;
        self.stops.insert(id, stop.clone());
        let (sender, start, disk) = (self.sender.clone(), start.clone(), self.disk.clone());
        self.threads.push(std::thread::spawn(move || {
            let mut last_words = LastWords::default();
            let mut say = |line: &WorkerMessage| {
                last_words.hear(line);
                // Nobody may be listening any more.
                let _ = sender.send(Heard::Line(id, line.clone()));
            };
            let code = catch_unwind(AssertUnwindSafe(|| {
                let blobs = Blobs::open_on(&start.root, disk);
                work_on(blobs, start.lock, start.key, stop, &mut Memory::default(), &mut say)
            }));
            let ended = match code {
                Ok(exit::DONE) => Ended::Done { seconds: 0.0, count: 0 },
                Ok(exit::STOPPED) => Ended::Stopped,
                Ok(code) => Ended::Failed(format!("ended with code {code}")),
                Err(_) => Ended::Failed("panicked".into()),
            };
            let _ = sender.send(Heard::Ended(id, last_words.ended(ended)));
        }));
        Ok(id)
    }

    fn listen(&mut self, wait: Duration) -> Option<Heard> {
        self.receiver.recv_timeout(wait).ok()
    }

    fn stop(&mut self) {
        self.stops.values().for_each(|stop| stop.store(true, Ordering::Relaxed));
    }

    fn kill(&mut self, id: Id) {
        self.stops.get(&id).into_iter().for_each(|stop| stop.store(true, Ordering::Relaxed));
    }
}
