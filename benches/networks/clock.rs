//! The clock that steps are timed by.

use std::time::Instant;

/// What times are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The time of day.
    Wall,
    /// What the threads of the process ran, as the scheduler last counted it (some milliseconds late): for one thread on a
    /// machine that others use too.
    Cpu,
}

impl Clock {
    /// Seconds since some moment.
    pub fn now(self) -> f64 {
        match self {
            Clock::Wall => START.get_or_init(Instant::now).elapsed().as_secs_f64(),
            Clock::Cpu => {
                let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
                let ran = |path: std::path::PathBuf| std::fs::read_to_string(path).ok()?.split(' ').next()?.parse::<u64>().ok();
                tasks.filter_map(|t| ran(t.path().join("schedstat"))).sum::<u64>() as f64 / 1e9
            }
        }
    }
}

static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
