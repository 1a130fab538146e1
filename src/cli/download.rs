//! How far a download is: a line on the terminal while it lasts; elsewhere one when it begins.

use super::{bars, print};
use crate::report::number;
use crate::run::fetch::Progress;
use indicatif::ProgressBar;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What is shown just now.
static SHOWN: Mutex<Option<Shown>> = Mutex::new(None);

/// A download that is shown.
struct Shown {
    url: String,
    bar: ProgressBar,
    /// When it began, and the bytes that were there by then: its speed is of what comes now.
    begun: (Instant, u64),
}

/// Shows it.
pub fn watch(progress: &Progress) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if progress.ended {
        if let Some(shown) = shown.take() {
            shown.bar.finish_and_clear();
        }
        return;
    }
    if shown.as_ref().is_none_or(|shown| shown.url != progress.url) {
        if !std::io::stderr().is_terminal() {
            print::note(&begun(progress));
        }
        *shown = Some(Shown { url: progress.url.to_string(), bar: bar(progress), begun: (Instant::now(), progress.done) });
    }
    if let Some(Shown { bar, begun: (then, at), .. }) = shown.as_ref() {
        let seconds = then.elapsed().as_secs_f64();
        let speed = Some(progress.done.saturating_sub(*at) as f64 / seconds).filter(|s| seconds > 0.2 && *s > 0.0);
        bar.set_prefix(amounts(progress, speed));
        bar.set_position(progress.done);
    }
}

/// What a URL ends in: a line has no room for all of it.
fn name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(url)
}

fn bytes(n: f64) -> String {
    if n < 1000.0 { format!("{n:.0} B") } else { format!("{}B", number::si(n)) }
}

/// `fetching https://… (12 MB)`, and where it goes on.
fn begun(progress: &Progress) -> String {
    let of = progress.of.map_or(String::new(), |of| format!(" ({})", bytes(of as f64)));
    let on = if progress.done > 0 { format!(", going on at {}", bytes(progress.done as f64)) } else { String::new() };
    format!("fetching {}{of}{on}", progress.url)
}

/// `3.80 MB of 8.91 MB, 2.11 MB/s, 3 s left`, as far as it is known.
fn amounts(progress: &Progress, speed: Option<f64>) -> String {
    let of = progress.of.map_or(String::new(), |of| format!(" of {}", bytes(of as f64)));
    let left = progress.of.map(|of| of.saturating_sub(progress.done) as f64);
    let rate = speed.map_or(String::new(), |speed| format!(", {}/s", bytes(speed)));
    let time = speed.zip(left).map_or(String::new(), |(speed, left)| format!(", {} left", number::duration((left / speed).max(1.0))));
    format!("{}{of}{rate}{time}", bytes(progress.done as f64))
}

/// The line. On what is no terminal it draws nothing.
fn bar(progress: &Progress) -> ProgressBar {
    let bar = progress.of.map_or_else(ProgressBar::no_length, ProgressBar::new);
    bar.set_style(bars::style(if progress.of.is_some() { "  {wide_msg} {bar:18} {prefix}" } else { "  {wide_msg} {prefix}" }));
    bar.set_message(format!("fetching {}", name(progress.url)));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(done: u64, of: Option<u64>) -> Progress<'static> {
        Progress { url: "https://a.b/c.zip", done, of, ended: false }
    }

    #[test]
    fn what_is_said_where_there_is_no_terminal() {
        assert_eq!(begun(&progress(0, Some(12_000_000))), "fetching https://a.b/c.zip (12.0 MB)");
        assert_eq!(begun(&progress(4_000_000, None)), "fetching https://a.b/c.zip, going on at 4.00 MB");
    }

    #[test]
    fn what_is_shown_on_one() {
        assert_eq!(["https://a.b/c.zip?x=1/2", "https://a.b/"].map(name), ["c.zip", "https://a.b/"]);
        assert_eq!(amounts(&progress(512, None), None), "512 B");
        assert_eq!(amounts(&progress(4_000_000, None), Some(2e6)), "4.00 MB, 2.00 MB/s");
        assert_eq!(amounts(&progress(4_000_000, Some(10_000_000)), Some(2e6)), "4.00 MB of 10.0 MB, 2.00 MB/s, 3 s left");
    }
}
