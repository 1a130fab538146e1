//! How far a download is: a line on the terminal while it lasts; elsewhere one when it begins.

use super::{bars, print};
use crate::report::number;
use crate::run::fetch::Progress;
use indicatif::ProgressBar;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};

/// What is shown just now: the URL, and its line.
static SHOWN: Mutex<Option<(String, ProgressBar)>> = Mutex::new(None);

/// Shows it.
pub fn watch(progress: &Progress) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if progress.ended {
        if let Some((_, bar)) = shown.take() {
            bar.finish_and_clear();
        }
        return;
    }
    if shown.as_ref().is_none_or(|(url, _)| url != progress.url) {
        if !std::io::stderr().is_terminal() {
            print::note(&begun(progress));
        }
        *shown = Some((progress.url.to_string(), bar(progress)));
    }
    if let Some((_, bar)) = shown.as_ref() {
        bar.set_position(progress.done);
    }
}

/// `fetching https://… (12.0 MB)`, and where it goes on.
fn begun(progress: &Progress) -> String {
    let bytes = |n: u64| if n < 1000 { format!("{n} B") } else { format!("{}B", number::si(n as f64)) };
    let of = progress.of.map_or(String::new(), |of| format!(" ({})", bytes(of)));
    let on = if progress.done > 0 { format!(", going on at {}", bytes(progress.done)) } else { String::new() };
    format!("fetching {}{of}{on}", progress.url)
}

/// The line. On what is no terminal it draws nothing.
fn bar(progress: &Progress) -> ProgressBar {
    let bar = progress.of.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let template = match progress.of {
        Some(_) => "  {wide_msg} {bar:18} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}",
        None => "  {wide_msg} {decimal_bytes} {decimal_bytes_per_sec}",
    };
    bar.set_style(bars::style(template));
    bar.set_message(format!("fetching {}", progress.url));
    // The speed is of what comes now.
    bar.set_position(progress.done);
    bar.reset_eta();
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_where_there_is_no_terminal() {
        let progress = |done, of| Progress { url: "https://a.b/c.zip", done, of, ended: false };
        assert_eq!(begun(&progress(0, Some(12_000_000))), "fetching https://a.b/c.zip (12.0 MB)");
        assert_eq!(begun(&progress(4_000_000, None)), "fetching https://a.b/c.zip, going on at 4.00 MB");
    }
}
