//! A Slurm of two nodes on this machine, ended with its jobs when it is dropped.

use crate::support::{Place, Said, root, said};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// A cluster, and a place whose runs use it.
pub struct Cluster {
    dir: tempfile::TempDir,
    pub place: Place,
}

/// Whether Slurm is here and may be started; says that a test is skipped where it is not.
pub fn is_here() -> bool {
    let there = |program: &str| Command::new(program).arg("-V").output().is_ok_and(|o| o.status.success());
    let user = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n");
    let here = user && ["/usr/sbin/slurmctld", "/usr/sbin/slurmd"].iter().all(|p| there(p));
    if !here {
        eprintln!("skipped: needs slurmctld, slurmd and slurm-client, and root to start them");
    }
    here
}

/// Ports that nobody has: a controller and its nodes.
fn ports() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 1000) as u16 * 20;
    loop {
        let port = first + NEXT.fetch_add(3, Ordering::Relaxed) % 9_000;
        if (port..port + 3).all(|p| std::net::TcpListener::bind(("127.0.0.1", p)).is_ok()) {
            return port;
        }
    }
}

impl Cluster {
    /// With the lines of `slurm { }` in the user's configuration, and fewer than so many jobs.
    pub fn new(pipeline: &str, slurm: &str, most: usize) -> Cluster {
        Cluster::with(pipeline, slurm, most, 10)
    }

    /// The same, with the seconds after which a silent node counts as failed.
    pub fn with(pipeline: &str, slurm: &str, most: usize, silent: u32) -> Cluster {
        let cluster = Cluster { dir: tempfile::tempdir().expect("a directory"), place: Place::new(pipeline) };
        let (port, most, silent) = (ports().to_string(), most.to_string(), silent.to_string());
        let up =
            cluster.script(&["up"]).env("SLURM_PORT", port).env("SLURM_MOST", most).env("SLURM_TIMEOUT", silent).output().expect("bash");
        assert!(up.status.success(), "{}", String::from_utf8_lossy(&up.stderr));
        let configuration = format!("run {{ launcher slurm; jobs 2; threads 1 }}\nlauncher {{ slurm {{ grace \"1s\"; {slurm} }} }}\n");
        std::fs::write(cluster.place.path().join("config.kdl"), configuration).expect("written");
        cluster
    }

    /// `cluster.sh` with this folder behind the first word.
    fn script(&self, words: &[&str]) -> Command {
        let mut command = Command::new("bash");
        command.arg(root().join("scripts/slurm/cluster.sh")).arg(words[0]).arg(self.dir.path()).args(&words[1..]);
        command
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// One of Slurm's commands; what it printed.
    pub fn slurm(&self, words: &[&str]) -> String {
        let mut command = Command::new("timeout");
        command.arg("20").args(words).env("SLURM_CONF", self.path("slurm.conf"));
        String::from_utf8_lossy(&command.output().expect("a command of Slurm").stdout).trim().to_string()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.env("SLURM_CONF", self.path("slurm.conf")).env("NASFLOW_CONFIG", "config.kdl");
        command
    }

    pub fn nasflow(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("nasflow starts"))
    }

    /// A run that goes on while something is done to it.
    pub fn spawn(&self) -> Child {
        self.command(&["run", "pipeline.kdl"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("nasflow starts")
    }

    /// A run that must end well.
    pub fn run(&self) -> Said {
        let said = self.nasflow(&["run", "pipeline.kdl"]);
        assert!(said.ok(), "{said:?}");
        said
    }

    /// The numbers of jobs that work, on a node or on any.
    pub fn working(&self, node: Option<&str>) -> Vec<String> {
        let mut words = vec!["squeue", "--noheader", "--states=R", "--format=%i"];
        words.extend(node.iter().flat_map(|node| ["--nodelist", node]));
        self.slurm(&words).lines().map(str::to_string).collect()
    }

    /// Waits until it is so.
    pub fn until(&self, what: &str, mut so: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !so() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {}", self.slurm(&["squeue", "--states=all"]));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Iterations that workers have executed.
    pub fn iterations(&self) -> usize {
        crate::kill::journal(&self.place).0
    }

    /// Ends the controller at once, and starts it anew with what it had saved.
    pub fn restart_controller(&self) {
        kill(&std::fs::read_to_string(self.path("pid/controller")).expect("its number"));
        std::thread::sleep(Duration::from_millis(500));
        assert!(self.script(&["controller"]).status().expect("bash").success());
    }

    /// Ends a node at once, with all that works on it.
    pub fn kill_node(&self, number: u32) {
        let node = format!("n{number}");
        let jobs = self.working(Some(&node));
        kill(&std::fs::read_to_string(self.path(&format!("pid/{node}"))).expect("its number"));
        self.kill_steps(&jobs);
    }

    /// Ends what works on these jobs.
    fn kill_steps(&self, jobs: &[String]) {
        let processes = processes();
        let conf = self.dir.path().to_string_lossy().into_owned();
        let of_us = |pid: u32| {
            let links = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            links.starts_with(&conf)
        };
        for job in jobs {
            let title = format!("slurmstepd: [{job}.batch]");
            for (step, ..) in processes.iter().filter(|(pid, _, line)| line.starts_with(&title) && of_us(*pid)) {
                let mut tree = vec![*step];
                let mut at = 0;
                while at < tree.len() {
                    let parent = tree[at];
                    tree.extend(processes.iter().filter(|(_, of, _)| *of == parent).map(|(pid, ..)| *pid));
                    at += 1;
                }
                tree.iter().for_each(|pid| kill(&pid.to_string()));
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.path("slurm.conf").exists() {
            let jobs = self.working(None);
            if !self.slurm(&["squeue", "--noheader"]).is_empty() {
                self.slurm(&["scancel", "--user=root"]);
            }
            self.kill_steps(&jobs);
            let _ = self.script(&["down"]).status();
        }
    }
}

fn kill(pid: &str) {
    let _ = Command::new("kill").args(["-9", pid.trim()]).stderr(Stdio::null()).status();
}

/// (number, parent, command line) of every process.
fn processes() -> Vec<(u32, u32, String)> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let parent = stat.rsplit(") ").next()?.split(' ').nth(1)?.parse().ok()?;
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            Some((pid, parent, String::from_utf8_lossy(&line).replace('\0', " ")))
        })
        .collect()
}
