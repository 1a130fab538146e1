//! `--launcher ssh` against a real sshd on loopback: the same bits as on this machine, also where connections break. Skipped, saying so,
//! where OpenSSH's server is absent.

use crate::support::{Place, SMALL, command, said};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SSHD: &str = "/usr/sbin/sshd";

/// A server of its own, with keys of its own; ended when dropped.
struct Server {
    dir: tempfile::TempDir,
    process: Child,
}

impl Server {
    /// None where there is no server to start.
    fn start() -> Option<Server> {
        let user = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n");
        let here = user && Path::new(SSHD).exists() && Command::new("ssh").arg("-V").output().is_ok_and(|o| o.status.success());
        if !here {
            eprintln!("skipped: needs OpenSSH's server and client, and root to start it");
            return None;
        }
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name);
        for key in ["host", "user"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path(key)).status();
            assert!(made.expect("ssh-keygen").success());
        }
        fs::copy(path("user.pub"), path("authorized")).expect("copied");
        fs::create_dir_all("/run/sshd").expect("the server's own folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let configuration = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 100\nMaxSessions 100\n",
            path("host").display(),
            path("authorized").display()
        );
        fs::write(path("sshd_config"), configuration).expect("written");
        let client = format!(
            "#!/bin/sh\nexec ssh -F none -p {port} -i {} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \"$@\"\n",
            path("user").display()
        );
        fs::write(path("client"), client).expect("written");
        #[cfg(unix)]
        fs::set_permissions(path("client"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("made a program");
        let mut server = Command::new(SSHD);
        server.args(["-D", "-e", "-f"]).arg(path("sshd_config")).stdin(Stdio::null()).stdout(Stdio::null());
        let process = server.stderr(fs::File::create(path("log")).expect("a log")).spawn().expect("sshd");
        let server = Server { dir, process };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{}", fs::read_to_string(server.path("log")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A run in this place, over two names of this machine.
    fn run(&self, place: &Place) -> Command {
        self.run_over(place, "host \"127.0.0.1\" jobs=2; host \"localhost\"")
    }

    fn run_over(&self, place: &Place, hosts: &str) -> Command {
        let configuration = format!("run {{ launcher ssh; jobs 3; threads 1 }}\nlauncher {{ ssh {{ {hosts} }} }}\n");
        fs::write(place.path().join("config.kdl"), configuration).expect("written");
        let mut run = command(place.path(), &["run", "pipeline.kdl"]);
        run.env("NASFLOW_CONFIG", place.path().join("config.kdl")).env("NASFLOW_SSH", self.path("client"));
        run
    }

    /// Ends all connections; how many there were. Their clients are those that name this server's key.
    fn cut(&self) -> usize {
        let key = self.path("user").display().to_string();
        let processes = fs::read_dir("/proc").expect("processes").flatten();
        let clients = processes.filter(|p| {
            let words = fs::read(p.path().join("cmdline")).unwrap_or_default();
            let words: Vec<&[u8]> = words.split(|b| *b == 0).collect();
            words.first().is_some_and(|w| w.ends_with(b"ssh")) && words.contains(&key.as_bytes())
        });
        let ids = clients.map(|p| p.file_name().to_string_lossy().into_owned());
        ids.filter(|id| Command::new("kill").args(["-9", id]).status().is_ok_and(|s| s.success())).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn workers_that_ssh_starts_give_the_same_bits_also_where_connections_break() {
    let Some(server) = Server::start() else { return };
    let longer = SMALL.replace("images=24", "images=48").replace("epochs 2", "epochs 20");
    let local = Place::new(&longer);
    local.run();
    let place = Place::new(&longer);
    let run = server.run(&place).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("nasflow starts");
    let (begun, mut cut) = (Instant::now(), 0);
    while cut == 0 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(500));
        let working = fs::read_dir(place.path().join("cache/attempts")).into_iter().flatten().flatten();
        let taken = |folder: PathBuf| {
            fs::read_dir(folder).into_iter().flatten().flatten().any(|f| f.file_name().to_string_lossy().starts_with("taken-"))
        };
        if working.map(|e| e.path()).any(taken) {
            cut = server.cut();
        }
    }
    let heard = said(run.wait_with_output().expect("an end"));
    assert!(heard.ok(), "{heard:?}");
    assert!(cut > 0, "no connection was there to be cut: {heard:?}");
    assert_eq!(place.digests(), local.digests());
    let again = said(server.run(&place).output().expect("a run"));
    assert!(again.ok() && again.nothing_executed(), "{again:?}");
}

#[test]
fn a_machine_that_cannot_be_reached_is_left_alone_where_there_is_another() {
    let Some(server) = Server::start() else { return };
    let (local, place) = (Place::new(SMALL), Place::new(SMALL));
    local.run();
    // Nobody listens at the first.
    let heard = said(server.run_over(&place, "host \"127.0.0.2\" jobs=3; host \"127.0.0.1\"").output().expect("a run"));
    assert!(heard.ok() && heard.err.contains("on 127.0.0.2 (no connection: ssh: connect to host"), "{heard:?}");
    assert_eq!(place.digests(), local.digests());
}

#[test]
fn machines_that_cannot_be_reached_end_the_run_in_words() {
    let Some(server) = Server::start() else { return };
    fs::write(server.path("authorized"), "").expect("nobody may enter");
    let place = Place::new(SMALL);
    let heard = said(server.run(&place).output().expect("a run"));
    assert!(!heard.ok() && !heard.err.contains("panicked"), "{heard:?}");
    assert!(heard.err.contains("Permission denied"), "{heard:?}");
    // Nothing is lost: the same search goes on here.
    let local = place.nasflow(&["run", "pipeline.kdl", "--launcher", "local"]);
    assert!(local.ok(), "{local:?}");
}
