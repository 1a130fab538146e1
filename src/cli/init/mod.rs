//! `nasflow init`: looks at a folder and writes a pipeline for it that runs, and takes about as long as is said.
//!
//! `look` reads the data set, `sizes` says at which sizes boxes can be seen, `measure` how fast this machine is, `budget` what fits the
//! time, `draft` with `detector` and `classifier` write the text.

mod bound;
mod budget;
mod classifier;
mod detector;
mod draft;
mod look;
mod measure;
mod sizes;

use super::arguments::InitArguments;
use super::data_text::in_short;
use super::export::write;
use super::failure::Failure;
use super::{load, print};
use crate::base::counted;
use crate::data::chosen::{choose, pictures};
use crate::document::{Diagnostics, Pipeline, StageKind, Task, plain};
use crate::nn::DeviceChoice;
use crate::report::number::{self, duration};
use crate::report::wrap::wrapped;
use crate::space::{Architecture, InputSpec, Space};
use bound::Wanted;
use budget::{Images, Plan};
use draft::{Bound, Draft, shell};
use look::Looked;
use measure::Rates;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Images that a worker is measured with.
const MEASURED: usize = 16;
/// Seconds of decoding an image where the speed is given and nothing is measured.
const DECODE: f64 = 0.005;

pub fn run(arguments: &InitArguments) -> Result<ExitCode, Failure> {
    let time = load::time(&arguments.time)?.as_secs_f64();
    let wanted = Wanted::of(arguments)?;
    let output = arguments.output.to_str().ok_or_else(|| format!("{}: the path is not UTF-8", arguments.output.display()))?;
    if !output.ends_with(".kdl") {
        return Err(format!("`-o {output}`: the name of a pipeline ends in .kdl").into());
    }
    let table = PathBuf::from(format!("{}-latency.json", output.trim_end_matches(".kdl")));
    let writes: Vec<&Path> = std::iter::once(arguments.output.as_path()).chain(wanted.is_latency().then_some(table.as_path())).collect();
    if let Some(there) = writes.iter().find(|p| std::fs::symlink_metadata(p).is_ok()).filter(|_| !arguments.force) {
        return Err(format!("{} is there already: name another file with -o, or write over it with --force", there.display()).into());
    }
    let looked = look::look(&arguments.dir, arguments.format.as_deref(), arguments.classify)?;
    say(&found(&looked));
    let mut work = Work::new(&looked, output, time)?;
    let (base, fixed) = work.base(&wanted)?;
    let rates = work.rates(base, arguments.speed)?;
    let draft = work.plan(base, fixed, &wanted, &rates, &table)?;
    let text = draft.text();
    // What is written is what was checked.
    let checked = compile(output, &text, &looked);
    if let (Err(failure), true) = (checked, !wanted.is_latency()) {
        return Err(wanted.too_tight().map_or(failure, Failure::from));
    }
    if let Some(json) = &work.table {
        write(&table, json.as_bytes())?;
    }
    write(&arguments.output, text.as_bytes())?;
    say(&reckoning(&draft, output, time));
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) {
    print::out(&wrapped(text, print::columns()));
}

/// What is known on the way from a folder to a pipeline.
struct Work<'l> {
    looked: &'l Looked,
    output: &'l str,
    time: f64,
    workers: usize,
    threads: usize,
    /// The latency table that goes with the pipeline, as JSON.
    table: Option<String>,
}

impl<'l> Work<'l> {
    fn new(looked: &'l Looked, output: &'l str, time: f64) -> Result<Self, Failure> {
        let (workers, threads) = load::shares(None, None, DeviceChoice::Fast)?;
        Ok(Work { looked, output, time, workers, threads, table: None })
    }

    /// A draft of one size, to see what its reference costs.
    fn draft(&self, sizes: Vec<usize>, bound: Bound, plan: Plan) -> Result<Draft, Failure> {
        let mut words = self.looked.words.clone();
        words.root = shown_root(Path::new(self.output), &words.root)?;
        Ok(Draft {
            name: name(&self.looked.words.root),
            file: self.output.to_string(),
            words,
            found: format!("{}, {}", self.looked.words.format, in_short(&self.looked.summary)),
            notes: self.looked.notes.clone(),
            sizes,
            bound,
            plan,
            batch: self.images().batch,
            workers: self.workers,
        })
    }

    fn images(&self) -> Images {
        let of = |name: &str| self.looked.scan.split(name).map_or(0, |s| s.images.len());
        let train = of("train");
        let batch = match self.looked.words.task() {
            Task::Detect => 8,
            // As many as leave some steps in an epoch.
            Task::Classify => [128, 64, 32, 16].into_iter().find(|batch| train >= batch * 20).unwrap_or(8),
        };
        Images { train, val: of("val"), test: of("test"), batch }
    }

    fn reference(&self, size: usize) -> Result<(Pipeline, Architecture), Failure> {
        let nothing = Rates { train: 0.0, evaluate: 0.0, decode: 0.0, workers: self.workers };
        let plan = budget::plan(1e9, &self.images(), 1, &nothing, true);
        let (pipeline, space) = compile(self.output, &self.draft(vec![size], Bound::Reference, plan)?.text(), self.looked)?;
        let architecture = space.architecture(&space.reference()).map_err(|e| e.reason)?;
        Ok((pipeline, architecture))
    }

    /// The size at which the reference reads images, and whether the bound fixes it.
    fn base(&self, wanted: &Wanted) -> Result<(usize, bool), Failure> {
        let usual = self.sized(1.0);
        if wanted.is_open() {
            return Ok((usual, false));
        }
        let (_, architecture) = self.reference(usual)?;
        let cost = wanted.cost(&architecture, self.workers * self.threads)?;
        let (step, most) = self.limits();
        let size = (usual as f64 * (wanted.most() / cost.max(1e-12)).sqrt() / step as f64).floor() as usize * step;
        Ok((size.clamp(self.least(), most.max(self.least())), true))
    }

    fn sized(&self, scale: f64) -> usize {
        match self.looked.words.task() {
            Task::Detect => sizes::of_boxes(&self.looked.summary, scale),
            Task::Classify => sizes::of_pictures(&self.looked.summary, scale),
        }
    }

    /// By what sizes are divided, and the largest that images have the pixels for.
    fn limits(&self) -> (usize, usize) {
        match self.looked.words.task() {
            Task::Detect => (32, sizes::most(&self.looked.summary)),
            Task::Classify => (16, self.looked.summary.shorter_side.map_or(64, |s| s.median as usize).max(32)),
        }
    }

    fn least(&self) -> usize {
        if self.looked.words.task() == Task::Detect { 64 } else { 32 }
    }

    /// How fast this machine trains the reference: measured, or as it is given.
    fn rates(&self, size: usize, speed: Option<f64>) -> Result<Rates, Failure> {
        let (pipeline, architecture) = self.reference(size)?;
        let macs = |a: &Architecture| a.cost().map(|c| c.macs as f64);
        let cost = macs(&architecture)?;
        if let Some(speed) = speed {
            return Ok(Rates::of_speed(speed, cost, DECODE, self.workers));
        }
        let measured = if size > measure::LARGEST { architecture.at_size(measure::LARGEST)? } else { architecture };
        let recipe = pipeline.stages.iter().find_map(|s| if let StageKind::Train(t) = &s.kind { Some(t.recipe.clone()) } else { None });
        let recipe = recipe.ok_or_else(|| "the pipeline trains nothing".to_string())?;
        let chosen = choose(&self.looked.scan, MEASURED.max(recipe.batch.min(64)), 0);
        let pack = pictures(&self.looked.scan, &chosen, measured.input.height, Path::new(".")).map_err(|e| e.to_string())?;
        let (train, evaluate) = measure::measure(&measured, &recipe, pack, self.workers, self.threads)?;
        let rates = Rates { train, evaluate, decode: self.looked.decode, workers: self.workers }.times(cost / macs(&measured)?);
        say(&format!(
            "measured: {} at once, each {:.1} ms to train on an image at {size} px ({:.1} ms to evaluate it); {:.1} ms to decode one\n",
            counted(self.workers, "training"),
            1e3 * rates.train,
            1e3 * rates.evaluate,
            1e3 * rates.decode
        ));
        Ok(rates)
    }

    /// What fits the time.
    fn plan(&mut self, base: usize, fixed: bool, wanted: &Wanted, rates: &Rates, table: &Path) -> Result<Draft, Failure> {
        let count = match (self.looked.words.task(), wanted.is_latency()) {
            (_, true) => 4,
            (Task::Detect, _) => 7,
            (Task::Classify, _) => 4,
        };
        let (step, most) = self.limits();
        let plan = budget::plan(self.time, &self.images(), count, rates, !fixed);
        let size = if fixed || plan.level.scale == 1.0 { base } else { self.sized(plan.level.scale) };
        let sizes = sizes::choices(size, most, count, step);
        let mut bound = wanted.bound();
        if wanted.is_latency() {
            let open = self.draft(sizes.clone(), Bound::Reference, plan.clone())?;
            let (_, space) = compile(self.output, &open.text(), self.looked)?;
            self.table = Some(wanted.table(&space, self.workers * self.threads)?);
            let name = table.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            bound = Bound::Latency { ms: wanted.most(), table: name };
        }
        self.draft(sizes, bound, plan)
    }
}

/// The pipeline and its space, as `check` compiles them.
fn compile(path: &str, text: &str, looked: &Looked) -> Result<(Pipeline, Space), Failure> {
    let pipeline = load::text(path, text)?;
    let (Some(data), Some(node)) = (pipeline.data.first(), pipeline.spaces.first()) else {
        return Err("a pipeline without data or space was drafted".to_string().into());
    };
    let (channels, classes) = (looked.scan.channels, looked.scan.classes.len());
    let input = InputSpec { channels, image_size: data.image_size, classes, anchors: None };
    let wrong = |items| Failure::Document(Box::new(Diagnostics { sources: pipeline.sources.clone(), items }));
    // A table of latencies is read where the pipeline is prepared.
    let mut node = node.clone();
    node.node.children.retain(|c| c.property("latency-table").is_none());
    let (space, _) = Space::compile(&node, &input).map_err(wrong)?;
    match space.nothing_meets() {
        Some(d) if d.severity == crate::document::Severity::Error => Err(wrong(vec![d])),
        _ => Ok((pipeline, space)),
    }
}

/// The root as it is written: from the pipeline's folder where that is near, else whole.
fn shown_root(output: &Path, root: &str) -> Result<String, Failure> {
    let folder = output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = std::fs::canonicalize(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), Path::new(root).components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.len() - shared;
    if shared < 2 || up > 2 {
        return Ok(root.to_string());
    }
    let parts: Vec<String> = to[shared..].iter().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    let path = std::iter::repeat_n("..".to_string(), up).chain(parts).collect::<Vec<_>>().join("/");
    // What begins as something else than a path does is made one.
    let special = path.is_empty() || path.starts_with('~') || path.starts_with("hub:");
    Ok(if special { format!("./{path}") } else { path })
}

/// The pipeline's name: that of the folder, in letters and digits.
fn name(root: &str) -> String {
    let last = Path::new(root).file_stem().map_or_else(String::new, |n| n.to_string_lossy().to_lowercase());
    let simple: String = last.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let simple = simple.trim_matches('-').to_string();
    if simple.is_empty() { "search".into() } else { simple }
}

/// What was found, in short.
fn found(looked: &Looked) -> String {
    let Looked { words, summary, notes, .. } = looked;
    let splits: Vec<String> = summary.splits.iter().map(|s| format!("{} {}", s.name, number::grouped(s.images as u64))).collect();
    let classes: Vec<String> =
        summary.classes.iter().take(12).map(|c| format!("{} {}", plain(&c.name), number::grouped(c.count as u64))).collect();
    let more = if summary.classes.len() > 12 { ", …" } else { "" };
    let mut out = format!("found: {}, {}\n", words.format, in_short(summary));
    out += &format!("  splits: {}\n  classes: {}{more}\n", splits.join(", "), classes.join(", "));
    if let Some(boxes) = &summary.box_sizes {
        out += &format!(
            "  boxes: half are smaller than {:.3} of the image's longer side, one in ten smaller than {:.3}\n",
            boxes.share.median, boxes.share.p10
        );
    }
    notes.iter().for_each(|note| out += &format!("  note: {note}\n"));
    out
}

/// The reckoning, and what to do next.
fn reckoning(draft: &Draft, output: &str, time: f64) -> String {
    let Plan { level, trials, short, long, seconds: [decode, search, finals, compared, rest] } = &draft.plan;
    let share = |l: &budget::Length| if l.share < 1.0 { format!(" over {:.0} % of the images", 100.0 * l.share) } else { String::new() };
    let mut parts = vec![format!("{trials} trials of {} epochs{} ≈ {}", short.epochs, share(short), duration(*search))];
    let seeds = counted(level.seeds, "seed");
    if level.finals > 1 {
        let of = format!("{} finalists of {} epochs{} with {seeds} ≈ {}", level.finals, long.epochs, share(long), duration(*finals));
        parts.push(of);
    }
    let reference = if draft.words.task() == Task::Detect { "YOLOv5n" } else { "the reference" };
    let winner = if level.finals > 1 { "" } else { "the winner and " };
    let random = counted(level.chance, "random network");
    parts.push(format!("{winner}{reference} with {seeds} and {random}, {} epochs{}, ≈ {}", long.epochs, share(long), duration(*compared)));
    parts.push(format!("decoding and the rest ≈ {}", duration(decode + rest)));
    let total = draft.plan.total();
    let mut out = format!("wrote {}: {}; together about {}\n", plain(output), parts.join(", "), duration(total));
    if total > time {
        out += &format!("  no search that is worth running fits {}: this is the smallest\n", duration(time));
    }
    out += &format!("  {}\nnext: nasflow run {}\n", level.worth, shell(output));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_roots_are_safe() {
        assert_eq!(name("/data/My \"Set\"\n(2)"), "my--set---2");
        assert_eq!((name("/data/红"), name("/x/mine.yaml")), ("search".into(), "mine".into()));
        let dir = tempfile::tempdir().expect("a folder");
        let here = std::fs::canonicalize(dir.path()).expect("a path");
        let root = |inside: &str| shown_root(&here.join("search.kdl"), here.join(inside).to_str().expect("a path")).ok();
        assert_eq!(root("a/b").as_deref(), Some("a/b"));
        assert_eq!(root("hub:x").as_deref(), Some("./hub:x"));
        assert_eq!(root("~x").as_deref(), Some("./~x"));
        assert_eq!(root("").as_deref(), Some("./"));
        assert_eq!(shown_root(&here.join("search.kdl"), "/elsewhere/x").ok().as_deref(), Some("/elsewhere/x"));
    }
}
