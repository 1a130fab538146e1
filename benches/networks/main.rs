//! Training steps and inference of whole networks, on this project's executors.
//!
//! `cargo bench --bench networks -- [NAME…]` prints a table; `benches/against-pytorch.sh` runs the same beside PyTorch, through
//! `serve`.

mod clock;
#[path = "../common/mod.rs"]
mod common;
mod step;
mod workload;

use clock::Clock;
use common::{Arguments, fail, quartiles};
use nasflow::nn::{DeviceChoice, choose};
use nasflow_kernels::{InstructionSet, with_instruction_set};
use serde_json::json;
use std::io::{BufRead, Write};
use std::time::Instant;
use step::{PHASES, Stepper};
use workload::{Task, WORKLOADS, Workload};

const HELP: &str = "cargo bench --bench networks -- [NAME…] [--threads N] [--executor fast] [--device cpu]
                                              [--seconds 3] [--clock wall] [--instructions SET]

Steps of whole networks: images/s, ms a step (median, quartiles), GFLOP/s and their share of a large matrix product's, peak memory.
Names: yolov5n-64, yolov5n-160, yolov5n, yolov5s, mobilenet, nasbench201 (training steps), yolov5n-640 (inference), matrix (a product
of two matrices); all without a name, but not yolov5s-640 (training steps of seconds).
--threads      of every workload; without it 2, and the small ones (yolov5n-64, yolov5n-160) with 1 as well
--executor     fast|reference
--device       cpu|cuda|cuda:N (a GPU has only `reference`)
--seconds      for each
--clock        wall|cpu (the process's own time: for one thread on a machine that others use)
--instructions avx512|avx2|portable: nasflow's kernels use these, where the machine has them

describe NAME   what a workload is, as JSON
serve NAME      for a driver: a line `run SECONDS` or `run SECONDS STEPS` on standard input is answered by a line of JSON;
                `end` by the peak memory";

fn main() {
    let arguments = Arguments::read(&["threads", "executor", "device", "seconds", "clock", "instructions"], HELP);
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    let command = matches!(words.first(), Some(&("describe" | "serve")));
    if !command && arguments.text("threads").is_none() {
        return each_with_its_threads(&words).unwrap_or_else(|e| fail(&e));
    }
    let threads = arguments.count("threads", 2);
    let clock = match (arguments.text("clock").unwrap_or("wall"), threads) {
        ("wall", _) => Clock::Wall,
        ("cpu", 1) => Clock::Cpu,
        ("cpu", _) => fail("`--clock cpu` needs `--threads 1`: the time of several threads is not how long they took"),
        (other, _) => fail(&format!("`--clock {other}`: there are `wall` and `cpu`")),
    };
    let place = arguments.text("device").unwrap_or("cpu");
    let own = arguments.text("instructions").is_some();
    let how = || choose(arguments.text("executor"), place).map(|chosen| How { device: chosen.device, clock, own });
    common::use_threads(threads);
    let work = || match words.as_slice() {
        ["describe", name] => find(name).and_then(|w| describe(&w)),
        ["serve", name] => how().and_then(|how| serve(name, how)),
        names => how().and_then(|how| table(&named(names), how, threads, arguments.count("seconds", 3) as f64)),
    };
    let done = match arguments.text("instructions") {
        Some(name) => with_instruction_set(instructions(name), work),
        None => work(),
    };
    done.unwrap_or_else(|e| fail(&e));
}

/// How everything is measured.
#[derive(Clone, Copy)]
struct How {
    device: DeviceChoice,
    clock: Clock,
    /// The matrix product is that of nasflow's kernels alone.
    own: bool,
}

fn instructions(name: &str) -> InstructionSet {
    let all = InstructionSet::all_available();
    let known: Vec<&str> = all.iter().map(|s| s.name()).collect();
    let found = all.iter().find(|s| s.name() == name);
    *found.unwrap_or_else(|| fail(&format!("`--instructions {name}`: this machine has {}", known.join(", "))))
}

/// The workloads named, or all but the one whose step takes seconds.
fn named<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let quick = |w: &&Workload| w.name != "yolov5s-640";
    if names.is_empty() { WORKLOADS.iter().filter(quick).map(|w| w.name).chain(["matrix"]).collect() } else { names.to_vec() }
}

/// A table for each number of threads that some of the workloads are measured with, each by a process of its own: two, and one for
/// small images, which a search trains side by side.
fn each_with_its_threads(names: &[&str]) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|e| format!("this program cannot be found: {e}"))?;
    let wanted = |name: &str, threads| threads == 2 || find(name).is_ok_and(|w| w.task == Task::Detect && w.size < 320);
    for threads in [1, 2] {
        let with: Vec<&str> = named(names).into_iter().filter(|name| wanted(name, threads)).collect();
        if with.is_empty() {
            continue;
        }
        let options = std::env::args().skip(1).filter(|a| a != "--bench" && !names.contains(&a.as_str()));
        let status = std::process::Command::new(&program).args(with).args(options).arg("--threads").arg(threads.to_string()).status();
        if !status.map_err(|e| e.to_string())?.success() {
            std::process::exit(2);
        }
    }
    Ok(())
}

fn find(name: &str) -> Result<Workload, String> {
    let known = || WORKLOADS.map(|w| w.name).join(", ");
    WORKLOADS.into_iter().find(|w| w.name == name).ok_or_else(|| format!("no workload `{name}`: there are {}, matrix", known()))
}

fn describe(workload: &Workload) -> Result<(), String> {
    let program = workload.program()?;
    if program.param_count() != workload.params {
        return Err(format!("{}: {} parameters, not {}", workload.name, program.param_count(), workload.params));
    }
    let targets: Vec<_> = workload.targets().iter().map(|t| json!([t.image, t.class, t.cx, t.cy, t.w, t.h])).collect();
    let (task, targets) = match workload.task {
        Task::Detect => ("detect", targets),
        Task::Classify => ("classify", Vec::new()),
        Task::Infer => ("infer", Vec::new()),
    };
    let said = json!({
        "name": workload.name, "network": workload.network, "task": task, "batch": workload.batch, "size": workload.size,
        "classes": workload.classes, "params": program.param_count(), "macs": program.macs(), "flops": workload.flops(&program),
        "targets": targets,
    });
    println!("{said}");
    Ok(())
}

/// What is measured, how many operations and images it has.
struct Subject {
    what: What,
    flops: f64,
    images: usize,
    clock: Clock,
    own: bool,
}

enum What {
    Matrix(common::Matrix),
    Network(Box<Stepper>),
}

/// Sides of the matrices of `matrix`.
const SIDE: usize = 2048;

fn subject(name: &str, How { device, clock, own }: How) -> Result<Subject, String> {
    if name == "matrix" {
        let matrix = common::Matrix::new(SIDE).map_err(|e| e.to_string())?;
        return Ok(Subject { flops: matrix.flops(), what: What::Matrix(matrix), images: 1, clock, own });
    }
    let workload = find(name)?;
    let program = workload.program()?;
    let stepper = Stepper::new(&workload, &program, device)?;
    Ok(Subject { what: What::Network(Box::new(stepper)), flops: workload.flops(&program), images: workload.batch, clock, own })
}

impl Subject {
    /// Milliseconds of each call: at least `least` calls, and more until `seconds` are over.
    fn run(&mut self, seconds: f64, least: usize) -> Result<(Vec<f64>, f64), String> {
        let (begin, mut times, mut last) = (Instant::now(), Vec::new(), 0.0);
        while times.len() < least || begin.elapsed().as_secs_f64() < seconds {
            let start = self.clock.now();
            let took = match &mut self.what {
                What::Matrix(matrix) => matrix.product(|| self.clock.now(), self.own).map_err(|e| e.to_string())?,
                What::Network(stepper) => {
                    last = stepper.step(self.clock)?;
                    self.clock.now() - start
                }
            };
            times.push(took * 1e3);
        }
        Ok((times, last))
    }

    /// Median milliseconds of each phase of a training step, the first `skip` steps left out.
    fn phases(&self, skip: usize) -> Vec<(&'static str, f64)> {
        let What::Network(stepper) = &self.what else { return Vec::new() };
        let known = PHASES.iter().zip(&stepper.phases).filter(|(_, t)| t.len() > skip);
        known.map(|(name, t)| (*name, quartiles(&t[skip..])[1] * 1e3)).collect()
    }
}

fn serve(name: &str, how: How) -> Result<(), String> {
    let start = memory("VmHWM");
    let mut subject = subject(name, how)?;
    let say = |v: serde_json::Value| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{v}").and_then(|()| out.flush()).map_err(|e| e.to_string())
    };
    say(json!({ "ready": name, "executor": how.device.executor_name(), "threads": rayon::current_num_threads() }))?;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|e| e.to_string())?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |i: usize| words.get(i).and_then(|w| w.parse::<f64>().ok());
        match words.first() {
            Some(&"run") => {
                let (ms, last) = subject.run(number(1).unwrap_or(1.0), number(2).unwrap_or(1.0) as usize)?;
                say(json!({ "ms": ms, "value": last }))?;
            }
            Some(&"end") => {
                let phases: serde_json::Map<_, _> = subject.phases(1).into_iter().map(|(n, t)| (n.to_string(), json!(t))).collect();
                return say(json!({ "peak": memory("VmHWM"), "start": start, "phases": phases }));
            }
            _ => return Err(format!("`{line}` is neither `run SECONDS [STEPS]` nor `end`")),
        }
    }
    Ok(())
}

fn table(names: &[&str], how: How, threads: usize, seconds: f64) -> Result<(), String> {
    println!("{} on {}, {threads} threads, {}", how.device.executor_name(), how.device.place(), nasflow_kernels::instruction_set());
    println!("{:<12} {:>9} {:>9} {:>19} {:>8} {:>9} {:>9}", "workload", "images/s", "ms", "quartiles", "GFLOP/s", "of matrix", "peak MB*");
    let mut matrix = subject("matrix", how)?;
    for name in names {
        // Before every workload, as the machine's speed drifts.
        let product = matrix.flops / quartiles(&matrix.run(0.5, 4)?.0)[1] / 1e6;
        let mut subject = subject(name, how)?;
        subject.run(0.0, 2)?;
        let (ms, _) = subject.run(seconds, 3)?;
        let [low, middle, high] = quartiles(&ms);
        let (rate, gflops) = (subject.images as f64 / middle * 1e3, subject.flops / middle / 1e6);
        let (share, peak) = (gflops / product * 100.0, memory("VmHWM") >> 20);
        println!("{name:<12} {rate:>9.1} {middle:>9.2} {low:>9.2} {high:>9.2} {gflops:>8.1} {share:>8.0}% {peak:>9}");
        let phases: Vec<String> = subject.phases(2).iter().map(|(n, t)| format!("{n} {t:.1} ms")).collect();
        if !phases.is_empty() {
            println!("             {}", phases.join(", "));
        }
    }
    println!("* of this process so far, the matrices included");
    Ok(())
}

/// A line of `/proc/self/status` in bytes (`VmHWM`: the most memory that the process ever held); 0 where there is none.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':')?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    found.unwrap_or(0) * 1024
}
