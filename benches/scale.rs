//! A coordinator and its workers at scale: what one coordinator does for each trial, with stand-ins for the workers.
//!
//!   cargo bench --bench scale -- [--workers 1000] [--strategy random] [TRIALS …]
//!
//! The coordinator, the store and the disk are real. A stand-in takes an assignment, writes the blobs and the result file that a worker
//! would leave (weights of a few bytes, logits of four images) and ends at once, so all time is the coordinator's, and that of the
//! stand-ins, which is measured and taken off. Every trial is two attempts (a training, its evaluation) and a metric.

use nasflow::base::{Digest, Random};
use nasflow::document::{self, Files, Params};
use nasflow::evaluate::Logits;
use nasflow::nn::DeviceChoice;
use nasflow::run::events::Silent;
use nasflow::run::job::files::{assignment_file, result_file};
use nasflow::run::job::{Assignment, Job, JobResult, Rung};
use nasflow::run::launch::{Ended, Heard, Id, LaunchError, Launcher, Start};
use nasflow::run::{Look, Options, prepare};
use nasflow::store::{Blobs, Disk, Options as Opening, Store};
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Text(String);

impl Files for Text {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into())
    }
}

/// The workers' disks, whose waits are not the coordinator's.
struct Unsynced;

impl Disk for Unsynced {
    fn sync_file(&self, _: &File, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// Workers that are done at once. They are heard in an order by chance.
struct StandIns {
    blobs: Blobs,
    images: Vec<Digest>,
    ids: Id,
    running: VecDeque<Id>,
    most: usize,
    took: Duration,
}

impl StandIns {
    fn blob(&self, bytes: &[u8]) -> Digest {
        self.blobs.put(bytes).expect("a blob")
    }

    fn work(&self, start: &Start) {
        let bytes = start.attempt.read(&assignment_file(start.key)).expect("readable").expect("an assignment");
        let assignment: Assignment = serde_json::from_slice(&bytes).expect("an assignment");
        let place = start.key.0[0] as u64 * 256 + start.key.0[1] as u64;
        let mut random = Random::at(place, "stand-in", &[self.ids]);
        let result = match &assignment.job {
            Job::Train(job) => {
                let rung =
                    |&epoch: &usize| Rung::new(epoch, self.blob(&start.key.0), self.blob(&[&start.key.0[..], b"state"].concat()), None);
                JobResult::Trained { rungs: job.rungs.iter().map(rung).collect(), curve: Vec::new() }
            }
            _ => {
                let values = self.images.iter().flat_map(|_| [random.unit() as f32, random.unit() as f32]).collect();
                let logits = Logits { classes: 2, images: self.images.clone(), values };
                JobResult::Predicted { predictions: self.blob(&logits.to_bytes()) }
            }
        };
        let bytes = serde_json::to_vec(&result).expect("JSON");
        // As the worker's own write would be, but for the wait.
        std::fs::write(start.attempt.path().join(result_file(start.key)), bytes).expect("a result");
    }
}

impl Launcher for StandIns {
    fn start(&mut self, start: &Start) -> Result<Id, LaunchError> {
        let begun = Instant::now();
        self.work(start);
        self.ids += 1;
        self.running.push_back(self.ids);
        self.most = self.most.max(self.running.len());
        self.took += begun.elapsed();
        Ok(self.ids)
    }

    fn listen(&mut self, _: Duration) -> Option<Heard> {
        self.running.pop_front().map(|id| Heard::Ended(id, Ended::Done { seconds: 1.0, count: 1 }))
    }

    fn stop(&mut self) {}

    fn kill(&mut self, _: Id) {}
}

fn pipeline(strategy: &str, trials: usize, window: usize) -> String {
    let layers = "conv 4 { kernel 1 3 5 7 };".repeat(20);
    format!(
        "pipeline \"scale\"\ndata \"d\" generate=figures images=8 classes=2 image-size=32 {{ split train=0.5 val=0.5 }}\n\
         space \"chain\" {{ network {{ input \"d\"; {layers} global-pool; linear }} }}\n\
         sample \"s\" {{ from \"chain\"; strategy {strategy}; trials {trials} window={window}; objective \"e\" maximize=accuracy }}\n\
         train \"t\" {{ from \"s\"; data \"d\" split=train; batch 4; epochs 1 }}\n\
         evaluate \"e\" {{ from \"t\"; data \"d\" split=val; metrics accuracy }}\n\
         select \"best\" {{ from \"e\"; top 1 by=accuracy }}\n"
    )
}

/// User and system time of this process, in seconds.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn main() {
    let (mut workers, mut strategy, mut all) = (1000usize, "random".to_string(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--workers" => workers = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(workers),
            "--strategy" => strategy = arguments.next().unwrap_or(strategy),
            other => all.extend(other.parse::<usize>().ok()),
        }
    }
    if all.is_empty() {
        all = vec![1_000, 3_000, 10_000];
    }
    println!("{workers} workers, strategy {strategy}; milliseconds a trial");
    println!("{:>8} {:>8} {:>10} {:>10} {:>10} {:>12}", "trials", "at once", "wall", "CPU", "stand-ins", "trials a s");
    for trials in all {
        let dir = tempfile::tempdir().expect("a directory");
        let text = pipeline(&strategy, trials, workers.min(trials));
        let loaded = document::load(&nasflow::language(), "p.kdl", &mut Text(text), &Params::default(), document::Options::default());
        let loaded = loaded.unwrap_or_else(|found| panic!("{}", document::render::diagnostics(&found, false)));
        let prepared = prepare(loaded, None, Look::default()).unwrap_or_else(|e| panic!("{e}"));
        let root = dir.path().join("cache");
        let store = Store::open_with(&root, Opening::default()).expect("a store");
        let images = prepared.scans["d"].split("val").expect("a split").images.iter().map(|i| i.digest).collect();
        let blobs = Blobs::open_on(&root, Arc::new(Unsynced)).expect("blobs");
        let mut stand_ins = StandIns { blobs, images, ids: 0, running: VecDeque::new(), most: 0, took: Duration::ZERO };
        let options = Options { jobs: workers, ..Options::new(DeviceChoice::Fast) };
        let (begun, before) = (Instant::now(), cpu());
        let report = nasflow::run::run(&prepared, &store, &options, &mut stand_ins, &mut Silent).unwrap_or_else(|e| panic!("{e}"));
        let (wall, cpu, took) = (begun.elapsed().as_secs_f64(), cpu() - before, stand_ins.took.as_secs_f64());
        assert_eq!(report.executed.get("train").copied().unwrap_or(0), trials, "{:?}", report.executed);
        let each = |seconds: f64| seconds * 1e3 / trials as f64;
        println!(
            "{trials:>8} {:>8} {:>10.2} {:>10.2} {:>10.2} {:>12.1}",
            stand_ins.most,
            each(wall - took),
            each(cpu),
            each(took),
            trials as f64 / (wall - took)
        );
    }
}
