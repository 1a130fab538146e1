//! `--launcher slurm` against a real Slurm of two nodes: the same bits as on this machine, whatever ends in between. Skipped, saying so,
//! where Slurm is absent. 10 kills of the coordinator in the long form, 3 otherwise.

mod cluster;

use crate::reliability::Dice;
use crate::support::{Place, SMALL, long, root, said};
use cluster::{Cluster, is_here};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A search whose four trainings take some seconds each.
fn longer() -> String {
    SMALL.replace("images=24", "images=48").replace("epochs 2", "epochs 30")
}

/// One training of many seconds.
fn one() -> String {
    longer()
        .replace("population=3", "population=1")
        .replace("tournament=2", "tournament=1")
        .replace("trials 4 window=2", "trials 1")
        .replace("epochs 30", "epochs 400")
}

/// The digests of all results, as this machine alone computes them.
fn wanted(pipeline: &str, once: &'static OnceLock<String>) -> &'static str {
    once.get_or_init(|| {
        let place = Place::new(pipeline);
        place.run();
        place.digests()
    })
}

static LONGER: OnceLock<String> = OnceLock::new();

/// Files by which workers and the run talk; `taken-` stays, for a job that comes once more.
fn talk(place: &Place) -> Vec<String> {
    let attempts = std::fs::read_dir(place.path().join("cache/attempts")).expect("attempts").map(|e| e.expect("a folder").path());
    let names = attempts.flat_map(|a| std::fs::read_dir(a).expect("a folder")).map(|e| e.expect("a file").file_name());
    let names = names.map(|n| n.to_string_lossy().into_owned());
    names.filter(|n| ["progress-", "next-", "left-", "sent-"].iter().any(|p| n.starts_with(p))).collect()
}

#[test]
fn the_results_are_those_of_this_machine_and_jobs_are_shared() {
    if !is_here() {
        return;
    }
    let local = Place::new(SMALL);
    local.run();
    let cluster = Cluster::new(SMALL, "partition main; memory \"200MB\"; line \"#SBATCH --nice=1\" \"true\"", 1000);
    let said = cluster.run();
    assert!(said.err.contains("short: trials #0: 2 epochs"), "{said:?}");
    assert_eq!(cluster.place.digests(), local.digests());
    // Four trainings and four evaluations by the two workers that run at a time.
    let jobs = cluster.slurm(&["squeue", "--states=all", "--noheader", "--format=%i %T"]);
    assert!(jobs.lines().count() <= 4, "{jobs}");
    assert!(cluster.run().nothing_executed());
    cluster.until("jobs end", || cluster.slurm(&["squeue", "--noheader"]).is_empty());
    assert_eq!(talk(&cluster.place), Vec::<String>::new());
}

/// The flagship; short of time, with all its stages, and less in each.
fn flagship() -> String {
    let whole = std::fs::read_to_string(root().join("pipelines/yolov5.kdl")).expect("it ships");
    let less = [
        ("\"trials\" 16 ", "\"trials\" 4 "),
        ("images=700", "images=60"),
        ("population=6 tournament=3", "population=2 tournament=2"),
        ("window=4", "window=2"),
        ("epochs 12", "epochs 1"),
        ("epochs 20", "epochs 1"),
        ("seeds 5", "seeds 2"),
        ("trials 8", "trials 2"),
    ];
    let shortened = less.iter().fold(whole.clone(), |text, (much, little)| {
        assert!(text.contains(much), "{much}");
        text.replace(much, little)
    });
    if long() { whole } else { shortened }
}

#[test]
fn the_flagship_gives_the_digests_of_this_machine() {
    if !is_here() {
        return;
    }
    let local = Place::new(&flagship());
    local.run();
    let cluster = Cluster::new(&flagship(), "", 1000);
    let said = cluster.run();
    assert!(said.out.contains("answer: best"), "{said:?}");
    assert_eq!(cluster.place.digests(), local.digests());
    eprintln!("{} digests are the same", local.digests().lines().count());
}

#[test]
fn a_run_that_is_killed_leaves_jobs_that_the_next_one_takes_up() {
    if !is_here() {
        return;
    }
    let kills = if long() { 10 } else { 3 };
    // So long on this machine that it is met at work each time: some two seconds a kill.
    let begun = Instant::now();
    Place::new(&longer()).run();
    let epochs = (30.0 * 2.0 * kills as f64 / begun.elapsed().as_secs_f64()) as usize;
    let pipeline = longer().replace("epochs 30", &format!("epochs {}", epochs.clamp(30, 20_000)));
    let local = Place::new(&pipeline);
    local.run();
    let (cluster, mut dice) = (Cluster::new(&pipeline, "", 1000), Dice::new(7));
    let (mut taken_up, mut met) = (0, 0);
    for kill in 0..kills {
        let mut run = cluster.spawn();
        if kill == 0 {
            cluster.until("a job works", || cluster.iterations() > 2);
        }
        std::thread::sleep(Duration::from_millis(dice.below(3000) as u64));
        met += usize::from(run.try_wait().expect("a child").is_none());
        let _ = run.kill();
        let heard = said(run.wait_with_output().expect("an end"));
        assert!(!heard.err.contains("panicked") && !heard.err.contains("nasflow: "), "{heard:?}");
        taken_up += heard.err.matches("taken up").count();
        let status = cluster.nasflow(&["status", "pipeline.kdl"]);
        assert!(status.ok() && status.out.contains("no run is at work") && status.out.contains("Slurm"), "{status:?}");
    }
    let last = cluster.run();
    taken_up += last.err.matches("taken up").count();
    assert!(met > 0 && taken_up > 0, "{met} kills, {taken_up} attempts taken up");
    assert_eq!(cluster.place.digests(), local.digests());
    let (executed, distinct) = crate::kill::journal(&cluster.place);
    assert_eq!(executed, distinct, "jobs go on without their run, so nothing is done twice");
    eprintln!("{met} coordinators killed, {taken_up} attempts taken up, {executed} iterations, none twice");
}

#[test]
fn what_is_not_wanted_any_more_is_cancelled() {
    if !is_here() {
        return;
    }
    let cluster = Cluster::new(&longer(), "", 1000);
    let mut run = cluster.spawn();
    cluster.until("two jobs work", || cluster.working(None).len() == 2 && cluster.iterations() > 2);
    run.kill().and_then(|()| run.wait()).expect("killed");
    // Other trainings, so that nobody wants those that are at work.
    cluster.place.write(&longer().replace("epochs 30", "epochs 1").replace("recipe yolov5-short", "recipe yolov5-short; batch 4"));
    let said = cluster.run();
    assert!(!said.err.contains("taken up"), "{said:?}");
    cluster.until("nothing is left", || cluster.slurm(&["squeue", "--noheader"]).is_empty());
}

#[test]
fn a_job_that_is_cancelled_and_a_controller_that_is_killed_cost_nothing() {
    if !is_here() {
        return;
    }
    let mut cluster = Cluster::new(&longer(), "", 1000);
    let run = cluster.spawn();
    cluster.until("two jobs work", || cluster.working(None).len() == 2 && cluster.iterations() > 4);
    cluster.slurm(&["scancel", &cluster.working(None)[0]]);
    let heard = said(run.wait_with_output().expect("an end"));
    assert!(heard.ok() && heard.err.contains("it goes on"), "{heard:?}");
    assert_eq!(cluster.place.digests(), wanted(&longer(), &LONGER));

    // Within 1.5 s of a job's start the controller may forget it, or launch it once more.
    let again = Place::new(&longer());
    std::fs::copy(cluster.place.path().join("config.kdl"), again.path().join("config.kdl")).expect("copied");
    cluster.place = again;
    let mut run = cluster.spawn();
    cluster.until("a job works", || !cluster.working(None).is_empty());
    std::thread::sleep(Duration::from_millis(700));
    cluster.restart_controller();
    // It may give a number twice; then Slurm drains the node, and its administrator lets it go on.
    let begun = Instant::now();
    while run.try_wait().expect("a child").is_none() && begun.elapsed() < Duration::from_secs(150) {
        if cluster.slurm(&["sinfo", "--noheader", "--format=%T"]).contains("drain") {
            cluster.slurm(&["scontrol", "update", "nodename=n[1-2]", "state=resume"]);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    let _ = run.kill();
    let heard = said(run.wait_with_output().expect("an end"));
    assert!(heard.ok(), "{heard:?}");
    assert_eq!(cluster.place.digests(), wanted(&longer(), &LONGER));
}

#[test]
fn a_node_that_is_killed_costs_at_most_a_checkpoint_interval() {
    if !is_here() {
        return;
    }
    let cluster = Cluster::with(&longer(), "", 1000, 4);
    let run = cluster.spawn();
    cluster.until("a job works on the second node", || !cluster.working(Some("n2")).is_empty() && cluster.iterations() > 10);
    cluster.kill_node(2);
    let heard = said(run.wait_with_output().expect("an end"));
    assert!(heard.ok() && !heard.out.contains("not reproducible"), "{heard:?}");
    assert!(heard.err.contains("the machine of its slurm job") && heard.err.contains("it goes on"), "{heard:?}");
    assert_eq!(cluster.place.digests(), wanted(&longer(), &LONGER));
    let (executed, distinct) = crate::kill::journal(&cluster.place);
    // 24 images in batches of 8: an epoch, and a checkpoint, every third iteration.
    assert!(executed - distinct <= 3, "{executed} executed, {distinct} distinct");
}

#[test]
fn before_its_time_is_over_a_job_writes_a_checkpoint_and_the_next_goes_on() {
    if !is_here() {
        return;
    }
    if !long() {
        eprintln!("skipped: takes some minutes, because Slurm looks at time limits every 30 s; NASFLOW_LONG=1 runs it");
        return;
    }
    // So long on this machine that the signal comes in its middle: Slurm sends it up to half a minute after its time.
    let epochs = |n: usize| one().replace("epochs 400", &format!("epochs {n}"));
    let begun = Instant::now();
    Place::new(&epochs(200)).run();
    let many = (200.0 * 75.0 / begun.elapsed().as_secs_f64()) as usize;
    let long = epochs(many.clamp(200, 50_000));
    let cluster = Cluster::new(&long, "time \"1m\"; lead \"56s\"", 1000);
    let said = cluster.run();
    assert!(said.err.contains("was told to end; it goes on"), "{said:?}");
    let (executed, distinct) = crate::kill::journal(&cluster.place);
    assert_eq!(executed, distinct);
    let local = Place::new(&long);
    local.run();
    assert_eq!(cluster.place.digests(), local.digests());
}

#[test]
fn what_cannot_be_is_said_in_one_line_and_nothing_is_lost() {
    if !is_here() {
        return;
    }
    let cluster = Cluster::new(SMALL, "", 1000);
    let configure = |slurm: &str| {
        let text = format!("run {{ launcher slurm; jobs 2; threads 1 }}\nlauncher {{ slurm {{ grace \"1s\"; {slurm} }} }}\n");
        std::fs::write(cluster.place.path().join("config.kdl"), text).expect("written");
    };
    for (slurm, word) in [
        ("partition nowhere", "Invalid partition name specified"),
        ("gres \"gpu:9\"", "Invalid generic resource"),
        ("memory \"900GB\"", "Memory specification can not be satisfied"),
    ] {
        configure(slurm);
        let said = cluster.nasflow(&["run", "pipeline.kdl"]);
        let line = said.err.lines().find(|l| l.starts_with("nasflow: ")).unwrap_or_default();
        assert!(!said.ok() && line.contains("slurm does not take the job") && line.contains(word), "{said:?}");
    }
    // Accepted, and never started: it is said, and a run that is stopped leaves nothing in the queue.
    configure("partition empty");
    let run = cluster.spawn();
    cluster.until("jobs wait", || cluster.slurm(&["squeue", "--noheader", "--format=%T"]).contains("PENDING"));
    let status = cluster.nasflow(&["status", "pipeline.kdl"]);
    assert!(status.ok() && status.out.contains("0 running jobs, 2 pending") && status.out.contains("PartitionDown"), "{status:?}");
    assert!(status.out.contains("short: trials #0") && status.out.contains("a run is at work"), "{status:?}");
    std::thread::sleep(Duration::from_millis(2500));
    Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill");
    let heard = said(run.wait_with_output().expect("an end"));
    assert_eq!(heard.code, Some(130), "{heard:?}");
    assert_eq!(heard.err.matches("(PartitionDown)").count(), 1, "{heard:?}");
    cluster.until("nothing is left", || cluster.slurm(&["squeue", "--noheader"]).is_empty());
    // Drained nodes, until they come back.
    configure("");
    cluster.slurm(&["scontrol", "update", "nodename=n[1-2]", "state=drain", "reason=test"]);
    let run = cluster.spawn();
    cluster.until("jobs wait", || cluster.slurm(&["squeue", "--noheader", "--format=%r"]).contains("UnavailableNodes"));
    std::thread::sleep(Duration::from_millis(2500));
    cluster.slurm(&["scontrol", "update", "nodename=n[1-2]", "state=resume"]);
    let heard = said(run.wait_with_output().expect("an end"));
    assert!(heard.ok() && heard.err.contains("down, drained or reserved"), "{heard:?}");
    let local = Place::new(SMALL);
    local.run();
    assert_eq!(cluster.place.digests(), local.digests());
}

/// Of the cluster's two places one is for good: a second job is refused again and again.
#[test]
fn where_the_queue_is_full_a_worker_that_is_free_does_the_rest() {
    if !is_here() {
        return;
    }
    let cluster = Cluster::new(SMALL, "", 2);
    let said = cluster.run();
    let local = Place::new(SMALL);
    local.run();
    assert_eq!(cluster.place.digests(), local.digests(), "{said:?}");
    assert_eq!(cluster.slurm(&["squeue", "--states=all", "--noheader", "--format=%i"]), "1");
}
