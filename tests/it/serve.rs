//! `serve`: what is answered to whom, over real sockets; the page in a real Chromium while runs come, are killed and end.

use crate::chromium::chromium;
use crate::support::{Place, SMALL};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A server, ended when dropped.
struct Served {
    child: Child,
    /// What it printed: where to look.
    address: String,
    port: u16,
}

impl Served {
    fn new(place: &Place, more: &[&str]) -> Served {
        let arguments: Vec<&str> = ["serve", "pipeline.kdl", "--port", "0"].iter().chain(more).copied().collect();
        let mut child = place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("nasflow starts");
        let mut address = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut address).expect("a line");
        let address = address.trim().to_string();
        let port = address.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()?.parse().ok());
        let port = port.unwrap_or_else(|| panic!("no port in `{address}`"));
        Served { child, address, port }
    }

    fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        // It may refuse before all is written.
        let _ = stream.write_all(bytes);
        stream
    }

    /// A request's status, head and body; `with` are lines of the head.
    fn ask(&self, line: &str, with: &str) -> (u16, String, String) {
        self.hear(self.send(format!("{line} HTTP/1.1\r\nConnection: close\r\n{with}\r\n").as_bytes()))
    }

    /// The same, from this machine.
    fn get(&self, path: &str, with: &str) -> (u16, String, String) {
        self.ask(&format!("GET {path}"), &format!("Host: 127.0.0.1:{}\r\n{with}", self.port))
    }

    fn hear(&self, mut stream: TcpStream) -> (u16, String, String) {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        (status, head.to_lowercase(), body.to_string())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn this_machine_gets_the_page_and_others_nothing() {
    let place = Place::new(SMALL);
    let served = Served::new(&place, &[]);
    assert_eq!(served.address, format!("http://127.0.0.1:{}/", served.port));
    let (status, head, body) = served.get("/", "");
    assert_eq!(status, 200, "{head}");
    assert!(body.contains("nasflowLive") && body.trim_end().ends_with("</html>"));
    for wanted in ["content-security-policy: default-src 'none'", "frame-ancestors 'none'", "x-content-type-options: nosniff", "etag: \""] {
        assert!(head.contains(wanted), "{wanted}: {head}");
    }
    assert!(!head.contains("access-control"), "{head}");
    let (status, head, facts) = served.get("/facts.json", "Accept-Encoding: identity\r\n");
    assert_eq!((status, head.contains("application/json")), (200, true));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&facts).expect("JSON")["pipeline"], "reproducible");
    // What is known is not sent again.
    let tag = head.lines().find_map(|l| l.strip_prefix("etag: ")).expect("a tag").to_string();
    let (status, _, body) = served.get("/facts.json", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((status, body.as_str()), (304, ""));
    assert_eq!(served.get("/facts.json", "If-None-Match: \"other\"\r\n").0, 200);
    let (status, head, _) = served.get("/facts.json", "Accept-Encoding: gzip\r\n");
    assert!(status == 200 && head.contains("content-encoding: gzip"), "{head}");
    let (status, head, body) = served.ask("HEAD /", "Host: localhost\r\n");
    assert_eq!((status, body.as_str(), head.contains("etag")), (200, "", true));
    // Nobody else.
    let refused = |with: &str| {
        let (status, head, body) = served.ask("GET /facts.json", with);
        assert!(status == 403 && !body.contains("pipeline") && !head.contains("access-control"), "{with}: {status} {body}");
    };
    refused("Host: evil.example\r\n");
    let host = format!("Host: 127.0.0.1:{}\r\n", served.port);
    for more in ["Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"] {
        refused(&format!("{host}{more}"));
    }
    refused(&format!("{host}Origin: http://127.0.0.1:{0}\r\nOrigin: http://evil.example\r\n", served.port));
    assert_eq!(served.ask("GET /", "").0, 400);
    assert_eq!(served.ask("GET /", "Host: 127.0.0.1\r\nHost: evil.example\r\n").0, 400);
    for path in ["/x", "/cache/index.sqlite", "/../Cargo.toml", "/%2e%2e/%2e%2e/etc/passwd"] {
        assert_eq!(served.get(path, "").0, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let (status, head, _) = served.ask(&format!("{method} /"), &format!("{host}Content-Length: 0\r\n"));
        assert!(status == 405 && head.contains("allow: get, head"), "{method}: {head}");
    }
}

#[test]
fn what_is_too_large_broken_or_slow_holds_nobody_up() {
    let place = Place::new(SMALL);
    let served = Served::new(&place, &[]);
    let long = "a".repeat(100_000);
    for request in [
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", (0..500).map(|i| format!("X{i}: 1\r\n")).collect::<String>()),
        "nonsense\r\n\r\n".to_string(),
        "GET / HTTP/9.9\r\n\r\n".to_string(),
    ] {
        let (status, _, _) = served.hear(served.send(request.as_bytes()));
        assert!(status == 0 || (400..500).contains(&status), "{status}: {}", &request[..40.min(request.len())]);
    }
    // A body is not waited for.
    let (status, _, _) = served.hear(served.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"));
    assert_eq!(status, 405);
    // Clients that begin a request and say no more.
    let slow: Vec<TcpStream> = (0..100).map(|_| served.send(b"GET / HTTP/1.1\r\nHost: loc")).collect();
    let begun = Instant::now();
    assert_eq!(served.get("/live.json", "").0, 200);
    assert!(begun.elapsed() < Duration::from_secs(5), "a hundred silent clients hold the others up");
    drop(slow);
    // More than there may be: those are closed, and once they are gone others come in.
    let many: Vec<TcpStream> = (0..400).map(|_| served.send(b"GET")).collect();
    drop(many);
    let begun = Instant::now();
    while served.get("/live.json", "").0 != 200 {
        assert!(begun.elapsed() < Duration::from_secs(15), "it lets nobody in any more");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_token_is_asked_where_there_is_one() {
    let place = Place::new(SMALL);
    let served = Served::new(&place, &["--token", "0123456789abcdef-_"]);
    let (path, query) = ("/", "?token=0123456789abcdef-_");
    assert_eq!(served.address, format!("http://127.0.0.1:{}{path}{query}", served.port));
    for path in ["/", "/facts.json", "/live.json", "/?token=0123456789abcdef", "/facts.json?token=0123456789abcdef-_"] {
        let (status, _, body) = served.get(path, "");
        assert!(status == 403 && !body.contains("standing"), "{path}: {status} {body}");
    }
    let (status, head, _) = served.get(&format!("{path}{query}"), "");
    assert_eq!((status, head.contains("location: /\r\n")), (303, true), "{head}");
    let cookie = head.lines().find_map(|l| l.strip_prefix("set-cookie: ")).expect("a cookie");
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().expect("its value"));
    assert_eq!(served.get("/live.json", &cookie).0, 200);
    assert_eq!(served.get("/live.json", "Authorization: Bearer 0123456789abcdef-_\r\n").0, 200);
    assert_eq!(served.get("/live.json", &format!("{cookie}Sec-Fetch-Site: cross-site\r\n")).0, 403);
    let short = place.nasflow(&["serve", "pipeline.kdl", "--port", "0", "--token", "short"]);
    assert!(!short.ok() && short.err.contains("16 or more letters"), "{short:?}");
}

#[test]
fn away_from_the_loopback_there_is_always_a_token() {
    let place = Place::new(SMALL);
    let served = Served::new(&place, &["--address", "0.0.0.0"]);
    let (_, token) = served.address.split_once("/?token=").unwrap_or_else(|| panic!("no token in {}", served.address));
    assert_eq!(token.len(), 32);
    assert_eq!(served.get("/facts.json", "").0, 403);
    assert_eq!(served.get("/facts.json", &format!("Authorization: Bearer {token}\r\n")).0, 200);
}

#[test]
fn a_file_with_errors_and_a_port_in_use_are_said() {
    let place = Place::new("pipeline \"p\"\ntrain \"t\" { from \"nothing\" }\n");
    let said = place.nasflow(&["serve", "pipeline.kdl", "--port", "0"]);
    assert!(!said.ok() && said.err.contains("nothing"), "{said:?}");
    let place = Place::new(SMALL);
    let served = Served::new(&place, &[]);
    let said = place.nasflow(&["serve", "pipeline.kdl", "--port", &served.port.to_string()]);
    assert!(!said.ok() && said.err.contains("--port 0"), "{said:?}");
}

/// A run that takes some seconds.
fn longer() -> String {
    SMALL.replace("images=24", "images=48").replace("epochs 2", "epochs 60").replace("trials 4", "trials 6")
}

const STANDING: &str = "document.querySelector('#live')?.dataset.standing";

fn run(place: &Place) -> Child {
    place.command(&["run", "pipeline.kdl", "--jobs", "1"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nasflow starts")
}

/// Opened before anything ran, at the half and at the end; killed and started again; twenty pages. Nothing is ever loaded anew.
#[cfg(unix)]
#[test]
fn the_page_follows_runs_without_a_reload() {
    let Some(mut browser) = chromium() else { return };
    let place = Place::new(&longer());
    let served = Served::new(&place, &[]);
    let early = browser.open(&served.address);
    browser.wait(&early, &format!("{STANDING} === 'not-begun'"), 180);
    browser.value(&early, "window.mark = 'the first load'");

    let mut child = run(&place);
    browser.wait(&early, &format!("{STANDING} === 'running'"), 120);
    // In the middle: some networks are measured, some are not, and one is trained.
    let done = "Number(document.querySelector('#live').dataset.done)";
    browser.wait(
        &early,
        &format!("{STANDING} === 'running' && {done} >= 8 && Number(document.querySelector('#live').dataset.working) > 0"),
        120,
    );
    let middle = browser.open(&served.address);
    browser.wait(&middle, &format!("{STANDING} === 'running' && {done} >= 8"), 120);

    child.kill().expect("a kill");
    child.wait().expect("an end");
    for page in [&early, &middle] {
        browser.wait(page, &format!("{STANDING} === 'stopped'"), 120);
    }
    let more: Vec<_> = (0..18).map(|_| browser.open(&served.address)).collect();
    let pages: Vec<_> = [early, middle].into_iter().chain(more).collect();
    for page in &pages {
        browser.wait(page, &format!("{STANDING} === 'stopped'"), 180);
        browser.value(page, "window.mark ??= 'a later load'");
    }

    let mut child = run(&place);
    browser.wait(&pages[0], &format!("{STANDING} === 'running'"), 120);
    assert!(child.wait().expect("an end").success());
    for page in &pages {
        browser.wait(page, &format!("{STANDING} === 'finished'"), 180);
        browser.wait(page, "document.querySelector('.pill')?.textContent === 'finished'", 120);
    }
    let late = browser.open(&served.address);
    browser.wait(&late, &format!("{STANDING} === 'finished'"), 120);
    let newest = "fetch('/facts.json').then((r) => r.json()).then((newest) => JSON.stringify(newest) === JSON.stringify(current))";
    for (i, page) in pages.iter().enumerate() {
        let mark = if i == 0 { "the first load" } else { "a later load" };
        assert_eq!(browser.value(page, "window.mark"), mark, "page {i} was loaded anew");
        assert_eq!(browser.value(page, "document.body.dataset.error ?? ''"), "", "page {i}");
        browser.wait(page, newest, 120);
    }
    assert!(!browser.picture(&pages[0]).is_empty());
}

/// A page of another site, in the same browser, can neither read nor frame it.
#[cfg(unix)]
#[test]
fn a_page_of_another_site_reads_nothing() {
    let Some(mut browser) = chromium() else { return };
    let place = Place::new(SMALL);
    let (served, other) = (Served::new(&place, &[]), Served::new(&place, &[]));
    // Another port is another origin; its page stands for any page of the web.
    let page = browser.open(&other.address);
    browser.wait(&page, "document.readyState === 'complete'", 180);
    let blank = browser.open("about:blank");
    for page in [&page, &blank] {
        for mode in ["cors", "no-cors"] {
            let read = format!(
                "fetch('{}facts.json', {{ mode: '{mode}' }}).then((r) => r.text()).then((t) => t.length, () => -1)",
                served.address
            );
            assert!(browser.value(page, &read).as_i64().is_some_and(|n| n <= 0), "{mode}");
        }
    }
}
