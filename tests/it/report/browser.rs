//! A headless Chromium, where there is one.

use image::RgbImage;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A page that was opened and drawn.
pub struct Opened {
    /// The `body` tag, which says what was drawn and what went wrong.
    pub body: String,
    /// All of the page as the browser has it.
    pub dom: String,
    /// Its text.
    pub text: String,
    /// `data-error`.
    pub errors: Option<String>,
    /// `data-drawn`: charts.
    pub drawn: usize,
}

/// The browser; says that a test is skipped where there is none. `NASFLOW_CHROMIUM` may name one.
fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("NASFLOW_CHROMIUM").map(PathBuf::from);
    let usual = ["chromium", "chromium-browser", "google-chrome"].map(PathBuf::from);
    let found = named.into_iter().chain(usual).find(|p| Command::new(p).arg("--version").output().is_ok_and(|o| o.status.success()));
    if found.is_none() {
        eprintln!("skipped: no Chromium to open the page with; `NASFLOW_CHROMIUM` may name one");
    }
    found
}

fn command(page: &Path, query: &str, (width, height): (u32, u32), profile: &Path, what: &str) -> Option<Command> {
    let mut command = Command::new(chromium()?);
    let quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"];
    command.args(quiet).args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    command.arg(format!("--user-data-dir={}", profile.display())).arg(format!("--window-size={width},{height}"));
    command.arg("--virtual-time-budget=20000").arg(what).arg(format!("file://{}{query}", page.display()));
    Some(command)
}

/// Opens a page of a file; none where there is no browser.
pub fn open(page: &Path, query: &str, size: (u32, u32)) -> Option<Opened> {
    let profile = tempfile::tempdir().expect("a directory");
    let output = command(page, query, size, profile.path(), "--dump-dom")?.output().expect("the browser starts");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(dom.contains("id=\"page\""), "no page: {}", String::from_utf8_lossy(&output.stderr));
    // What scripts hold is no page; the first is the facts.
    let shown = dom.split("<script type=\"application/json\"").next().unwrap_or_default();
    let body = shown.find("<body").map_or("", |at| &shown[at..at + shown[at..].find('>').map_or(0, |end| end + 1)]).to_string();
    let data = |name: &str| {
        let start = body.find(&format!("data-{name}=\""))? + name.len() + 7;
        body[start..].split('"').next().map(str::to_string)
    };
    let number = |name: &str| data(name).and_then(|n| n.parse().ok()).unwrap_or(0);
    let main = shown.find("<main").map_or("", |at| &shown[at..]);
    let text = main.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect::<Vec<_>>().join(" ");
    Some(Opened { errors: data("error"), drawn: number("drawn") as usize, dom: shown.to_string(), text, body })
}

/// A picture of it; none where there is no browser.
pub fn screenshot(page: &Path, query: &str, size: (u32, u32)) -> Option<RgbImage> {
    let profile = tempfile::tempdir().expect("a directory");
    let file = profile.path().join("page.png");
    let output =
        command(page, query, size, profile.path(), &format!("--screenshot={}", file.display()))?.output().expect("the browser starts");
    let picture = image::open(&file).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    Some(picture.to_rgb8())
}
