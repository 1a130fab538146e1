//! A real S3 server on this machine, and one in front of it that hangs, fails or cuts answers short.

use super::Ground;
use crate::support::root;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// `s3s-fs`, ended when dropped.
pub struct Server {
    child: Child,
    port: u16,
    dir: TempDir,
}

/// The program; says that the test is skipped where it is absent.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("NASFLOW_S3S").map(PathBuf::from);
    let candidates = named.into_iter().chain([root().join("target/s3s/bin/s3s-fs"), "s3s-fs".into()]);
    let runs =
        |p: &PathBuf| Command::new(p).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    let found = candidates.into_iter().find(runs);
    if found.is_none() {
        eprintln!("skipped: no s3s-fs; `cargo install s3s-fs --version 0.14.1 --features binary --locked --root target/s3s` has it");
    }
    found
}

impl Server {
    pub fn new() -> Option<Server> {
        let program = program()?;
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("bucket")).expect("a bucket");
        for _ in 0..5 {
            // Somebody else may take the port in between.
            let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
            let mut command = Command::new(&program);
            command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--access-key", "anybody", "--secret-key", "secret"]);
            let mut child = command.arg(dir.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(10) && child.try_wait().expect("a look").is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Some(Server { child, port, dir });
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("s3s-fs does not listen");
    }

    /// A part of the bucket, asked by way of a port.
    pub fn ground(&self, prefix: &str, port: u16) -> Ground {
        let variables = vec![
            ("AWS_ACCESS_KEY_ID", "anybody".to_string()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_string()),
            ("AWS_REGION", "us-east-1".to_string()),
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
            ("NO_PROXY", "*".to_string()),
        ];
        Ground { address: format!("s3://bucket/{prefix}"), files: self.dir.path().join("bucket").join(prefix), variables }
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a front does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// It passes everything on.
    Passes,
    /// It takes requests and never answers.
    Hangs,
    /// It answers 500 to so many connections, then it passes on.
    Fails(usize),
    /// It ends the connection after so many bytes of what the server answers, on so many connections; then it passes on.
    Cuts(usize, usize),
}

/// Stands in front of a server.
pub struct Front {
    pub port: u16,
    met: Arc<AtomicUsize>,
}

impl Front {
    pub fn new(server: u16, does: Does) -> Front {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let met = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&met);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let n = count.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || drop(serve(stream, server, does, n)));
            }
        });
        Front { port, met }
    }

    /// Connections so far.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::SeqCst)
    }
}

fn serve(mut client: TcpStream, server: u16, does: Does, n: usize) -> std::io::Result<()> {
    match does {
        Does::Hangs => {
            // Until the client has enough of it.
            let mut bytes = [0; 4096];
            while client.read(&mut bytes)? > 0 {}
            return Ok(());
        }
        Does::Fails(times) if n < times => {
            let mut bytes = [0; 65536];
            let _ = client.read(&mut bytes)?;
            client.write_all(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
            return client.shutdown(Shutdown::Write);
        }
        _ => {}
    }
    let most = if let Does::Cuts(bytes, times) = does { if n < times { bytes } else { usize::MAX } } else { usize::MAX };
    let server = TcpStream::connect(("127.0.0.1", server))?;
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || drop(copy(from, to, usize::MAX)));
    copy(server, client, most)
}

/// Passes on what comes, so many bytes at most; then both ends are closed.
fn copy(mut from: TcpStream, mut to: TcpStream, most: usize) -> std::io::Result<()> {
    let (mut bytes, mut left) = ([0; 16384], most);
    while left > 0 {
        let n = from.read(&mut bytes)?;
        if n == 0 {
            break;
        }
        let n = n.min(left);
        to.write_all(&bytes[..n])?;
        left -= n;
    }
    let _ = from.shutdown(Shutdown::Both);
    to.shutdown(Shutdown::Both)
}
