//! A real Chromium without a window, driven by its DevTools protocol over two named pipes, so that neither a port nor a library is needed.

use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What Chromium is called, where it is.
pub const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser, ended when dropped.
pub struct Chromium {
    child: Child,
    say: File,
    hear: Receiver<Value>,
    next: u64,
    _folder: TempDir,
}

/// A page of it.
pub struct Page {
    session: String,
}

/// Starts one; says that the test is skipped where there is none.
pub fn chromium() -> Option<Chromium> {
    let named = std::env::var("NASFLOW_CHROMIUM").ok();
    let there = |name: &&str| Command::new(name).arg("--version").stderr(Stdio::null()).output().is_ok_and(|o| o.status.success());
    let Some(program) = named.as_deref().into_iter().chain(NAMES).find(there) else {
        eprintln!("skipped: no Chromium; `NASFLOW_CHROMIUM` may name one");
        return None;
    };
    let folder = tempfile::tempdir().expect("a directory");
    let (to, from) = (folder.path().join("to"), folder.path().join("from"));
    let made = Command::new("mkfifo").arg(&to).arg(&from).status().is_ok_and(|s| s.success());
    if !made {
        eprintln!("skipped: no named pipes here");
        return None;
    }
    let child = start(program, folder.path(), &to, &from);
    let say = OpenOptions::new().write(true).open(&to).expect("the pipe to Chromium");
    let answers = File::open(&from).expect("the pipe from Chromium");
    let (send, hear) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(answers).split(0).map_while(Result::ok) {
            let Ok(value) = serde_json::from_slice(&line) else { continue };
            if send.send(value).is_err() {
                break;
            }
        }
    });
    Some(Chromium { child, say, hear, next: 0, _folder: folder })
}

/// The shell opens the pipes as the descriptors 3 and 4, which Chromium reads and writes.
/// What Chromium says of a page that is on its way to its address: it can be asked again in a moment.
const ON_ITS_WAY: [&str; 2] = ["Cannot find default execution context", "Execution context was destroyed"];

fn start(program: &str, folder: &Path, to: &Path, from: &Path) -> Child {
    let script = r#"exec "$1" --headless=new --remote-debugging-pipe --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --disable-background-timer-throttling \
        --disable-renderer-backgrounding --disable-backgrounding-occluded-windows --user-data-dir="$2" about:blank 3<"$3" 4>"$4""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", program]).arg(folder.join("profile")).arg(to).arg(from);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("Chromium starts")
}

impl Chromium {
    fn ask(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = self.answer(session, method, &params, until);
            let error = answer["error"]["message"].as_str().unwrap_or_default();
            if Instant::now() < until && ON_ITS_WAY.iter().any(|said| error.contains(said)) {
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            assert!(answer.get("error").is_none(), "{method}: {answer}");
            return answer["result"].clone();
        }
    }

    /// The answer to one message.
    fn answer(&mut self, session: Option<&str>, method: &str, params: &Value, until: Instant) -> Value {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).expect("JSON");
        bytes.push(0);
        self.say.write_all(&bytes).expect("Chromium listens");
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let answer = self.hear.recv_timeout(left).unwrap_or_else(|e| panic!("{method}: Chromium says nothing: {e}"));
            if answer["id"] == json!(self.next) {
                return answer;
            }
        }
    }

    /// Opens a page.
    pub fn open(&mut self, address: &str) -> Page {
        let target = self.ask(None, "Target.createTarget", json!({ "url": address, "newWindow": true }));
        let attached = self.ask(None, "Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        let page = Page { session: attached["sessionId"].as_str().expect("a session").to_string() };
        // Each of several pages counts as the one that is seen.
        self.ask(Some(&page.session), "Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        page
    }

    /// What an expression is in a page, a promise awaited.
    pub fn value(&mut self, page: &Page, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        self.ask(Some(&page.session), "Runtime.evaluate", params)["result"]["value"].clone()
    }

    /// Waits until an expression is true in a page.
    pub fn wait(&mut self, page: &Page, expression: &str, seconds: u64) {
        let until = Instant::now() + Duration::from_secs(seconds);
        while self.value(page, expression) != json!(true) {
            if Instant::now() > until {
                let seen = self.value(page, "document.body ? document.body.innerText.slice(0, 2000) : ''");
                panic!("after {seconds} s not true: {expression}\n{seen}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// A picture of what is seen of a page, as PNG in base 64.
    pub fn picture(&mut self, page: &Page) -> String {
        self.ask(Some(&page.session), "Page.captureScreenshot", json!({ "format": "png" }))["data"].as_str().unwrap_or("").to_string()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
