//! Bytes of a URL. `https` and `http` are fetched by the system's `curl`, which knows its certificates and proxies, and which costs no
//! crate and no minute of the first build; `file` is read. What comes is a stream that is cut off where it is too long or too slow.

use crate::store::StoreError;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// How long a server is waited for, and how much is taken from it.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Seconds until it must answer.
    pub connect: u32,
    /// Seconds without a byte after which it is given up.
    pub stall: u32,
    /// Most bytes.
    pub most: u64,
    /// Times that it is asked, the first included.
    pub tries: usize,
}

/// What is usual.
pub const USUAL: Patience = Patience { connect: 30, stall: 60, most: 4 << 40, tries: 3 };

/// Why there is nothing.
pub enum Halt {
    /// The store's fault.
    Store(StoreError),
    /// That of the URL or of what it gave.
    Url {
        /// In words.
        why: String,
        /// Whether another try may help.
        again: bool,
    },
}

impl From<StoreError> for Halt {
    fn from(e: StoreError) -> Self {
        Halt::Store(e)
    }
}

pub(super) fn halt(why: impl Into<String>) -> Halt {
    Halt::Url { why: why.into(), again: false }
}

/// What takes the bytes as they come.
pub type Out<'a> = dyn FnMut(&[u8]) -> Result<(), Halt> + 'a;

/// Hands on what a file has.
pub fn file(path: &Path, patience: Patience, out: &mut Out) -> Result<(), Halt> {
    let file = std::fs::File::open(path).map_err(|e| halt(e.to_string()))?;
    if !file.metadata().is_ok_and(|m| m.is_file()) {
        return Err(halt("it is no file"));
    }
    pass(file, patience.most, out)
}

/// From where on a server is asked.
#[derive(Clone, Copy, Debug)]
pub struct Begin<'a> {
    /// Bytes that are there already.
    pub byte: u64,
    /// What the server said names the version that they are of: only of that one the rest is wanted.
    pub version: Option<&'a str>,
    /// Where the head of its answer is written, before its bytes come.
    pub head: &'a Path,
}

/// How a server's answer ended that began well or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its bytes came to their end.
    Whole,
    /// It does not give the rest of what is there already: it must be asked for all.
    NoRest,
}

/// Hands on what a server has under a URL.
pub fn server(url: &str, patience: Patience, from: Begin, out: &mut Out) -> Result<Answer, Halt> {
    let mut curl = Command::new("curl");
    // Nobody's own settings; no other protocols, also where the server sends us on to another place.
    curl.args(["-q", "--silent", "--show-error", "--fail", "--location", "--max-redirs", "5", "--globoff"]);
    curl.args(["--proto", "=http,https", "--proto-redir", "=http,https", "--speed-limit", "1"]);
    curl.arg("--connect-timeout").arg(patience.connect.to_string()).arg("--speed-time").arg(patience.stall.to_string());
    curl.arg("--dump-header").arg(from.head);
    if from.byte > 0 {
        curl.arg("--continue-at").arg(from.byte.to_string());
        if let Some(version) = from.version {
            curl.arg("--header").arg(format!("If-Range: {version}"));
        }
    }
    curl.arg("--url").arg(url).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = curl.spawn().map_err(|e| match e.kind() {
        ErrorKind::NotFound => halt("`curl` fetches it, and is not installed; or fetch it by hand and write `url=\"file:///…\"`"),
        _ => halt(format!("curl: {e}")),
    })?;
    let most = patience.most.saturating_sub(from.byte);
    let passed = child.stdout.take().map_or(Ok(()), |stdout| pass(stdout, most, out));
    if passed.is_err() {
        let _ = child.kill();
    }
    let mut said = String::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(4096).read_to_string(&mut said);
    }
    let ended = child.wait().map_err(|e| halt(format!("curl: {e}")))?;
    passed?;
    if ended.success() {
        return Ok(Answer::Whole);
    }
    // No ranges; a range that the file does not have (416).
    if from.byte > 0 && matches!(ended.code(), Some(22 | 33 | 36)) {
        return Ok(Answer::NoRest);
    }
    let said = said.trim().trim_start_matches("curl: ");
    let (why, again) = match ended.code() {
        Some(18) => ("the connection broke before all had come".to_string(), true),
        Some(28) => (format!("the server does not answer, or gave nothing for {} s", patience.stall), true),
        Some(code) => {
            (if said.is_empty() { format!("curl ended with {code}") } else { said.to_string() }, [7, 52, 55, 56, 92].contains(&code))
        }
        None => ("curl was killed".to_string(), false),
    };
    Err(Halt::Url { why, again })
}

fn pass(mut source: impl Read, most: u64, out: &mut Out) -> Result<(), Halt> {
    let (mut piece, mut all) = (vec![0; 256 << 10], 0);
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => {
                all += n as u64;
                if all > most {
                    return Err(halt(format!("it is longer than {} MiB", most >> 20)));
                }
                out(&piece[..n])?;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(halt(e.to_string())),
        }
    }
}
