//! The progress of a run on a terminal: a bar for every trial in work, and a line for the whole run. They are gone when the run
//! is, however it ends.

use super::print;
use super::sentence::sentence;
use crate::report::number;
use crate::report::wrap::wrapped;
use crate::run::events::Whole;
use crate::run::{Event, Events};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::collections::HashMap;
use std::fmt::Write;
use std::io::IsTerminal;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is on the terminal just now, so that whoever ends the program can take it away.
static SHOWN: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// The terminal's settings as they were found.
static FOUND: Mutex<Option<String>> = Mutex::new(None);

/// Asks `stty` about the terminal, or tells it; none where there is no terminal or no `stty`.
fn stty(argument: &str) -> Option<String> {
    let done = Command::new("stty").arg(argument).stdin(Stdio::inherit()).stderr(Stdio::null()).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_string())
}

/// Whether this program has the terminal: one in the background that changes its settings is stopped.
fn in_front() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the program's name: state, parent, process group, session, terminal, the group that has it.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    std::io::stdin().is_terminal() && fields.len() > 5 && fields[2] == fields[5]
}

/// Lets the terminal not echo Ctrl-C as `^C`: at the end of a full line that begins a new one, and a bar would stay behind.
fn silence() {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if found.is_none() && in_front() {
        *found = stty("-g");
        if found.is_some() {
            stty("-echoctl");
        }
    }
}

/// Takes all bars from the terminal, for good, and leaves it as it was found.
pub fn clear() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(found) = found.filter(|_| in_front()) {
        stty(&found);
    }
    if let Some(all) = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = all.clear();
        all.set_draw_target(ProgressDrawTarget::hidden());
    }
}

/// A line that is drawn by a template.
pub fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━ ")
}

/// When it was said how many seconds are left.
type Countdown = Arc<Mutex<Option<(Instant, f64)>>>;

/// One bar a running trial and one for all.
pub struct Bars {
    all: MultiProgress,
    bars: HashMap<String, ProgressBar>,
    total: Option<ProgressBar>,
    countdown: Countdown,
}

impl Bars {
    /// None yet.
    pub fn new() -> Self {
        silence();
        let all = MultiProgress::new();
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(all.clone());
        Bars { all, bars: HashMap::new(), total: None, countdown: Countdown::default() }
    }

    fn set_seconds_left(&self, seconds: f64) {
        *self.countdown.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), seconds));
    }

    /// The line of the whole run: time, done of all, what is left, and the best so far.
    fn whole(&mut self, whole: &Whole) {
        if let Some(seconds) = whole.seconds_left {
            self.set_seconds_left(seconds);
        }
        let countdown = self.countdown.clone();
        let bar = self.total.get_or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(0));
            let style = style("  {elapsed} {pos}/{len} done{left}{wide_msg}");
            bar.set_style(style.with_key("left", move |_: &ProgressState, out: &mut dyn Write| {
                let _ = out.write_str(&remaining(&countdown));
            }));
            bar.enable_steady_tick(Duration::from_secs(1));
            bar
        });
        bar.set_length(whole.of as u64);
        bar.set_position(whole.done as u64);
        let best = whole.best.as_ref().map(|b| format!(", best {} {:.3} ({})", b.metric, b.value, b.model));
        bar.set_message(best.unwrap_or_default());
        bar.tick();
    }
}

/// `, about 3 min 5 s left`, counted down since it was said.
fn remaining(countdown: &Countdown) -> String {
    match *countdown.lock().unwrap_or_else(PoisonError::into_inner) {
        Some((said, seconds)) => format!(", about {} left", number::duration((seconds - said.elapsed().as_secs_f64()).max(1.0))),
        None => String::new(),
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in self.bars.values().chain(&self.total) {
            bar.finish_and_clear();
        }
        clear();
    }
}

impl Events for Bars {
    fn on(&mut self, event: Event) {
        if let Some(line) = sentence(&event) {
            let _ = self.all.println(wrapped(&line, print::error_columns()));
        }
        match event {
            Event::Started { subject, from, .. } => {
                let bar = self.all.add(ProgressBar::new(0));
                bar.set_style(style("  {msg:36!} {bar:18} {pos}/{len} {eta}"));
                bar.set_message(subject.label);
                bar.set_position(from);
                self.bars.insert(subject.key, bar);
            }
            Event::Progress { subject, done, of, loss } => {
                let label = subject.label;
                if let Some(bar) = self.bars.get(&subject.key) {
                    bar.set_length(of);
                    bar.set_position(done);
                    bar.set_message(loss.map_or_else(|| label.clone(), |l| format!("{label} loss {l:.3}")));
                }
            }
            Event::Finished { subject, .. } | Event::AttemptFailed { subject, .. } => {
                if let Some(bar) = self.bars.remove(&subject.key) {
                    bar.finish_and_clear();
                }
            }
            Event::Estimate { time: Some(time), .. } => self.set_seconds_left(time.seconds),
            Event::Stages { whole, .. } => self.whole(&whole),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_counted_down() {
        let countdown = Countdown::default();
        assert_eq!(remaining(&countdown), "");
        *countdown.lock().unwrap() = Instant::now().checked_sub(Duration::from_secs(60)).map(|then| (then, 100.0));
        assert_eq!(remaining(&countdown), ", about 40 s left");
    }
}
