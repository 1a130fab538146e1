//! How long one call takes: an observation of this machine, never part of a result (invariant 12).

use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Calls before the clock counts.
pub const WARM_UP: usize = 3;
/// At least so many calls are measured …
pub const MIN_RUNS: usize = 10;
/// … for at least this long …
pub const MIN_TIME: Duration = Duration::from_millis(500);
/// … and no more than so many.
pub const MAX_RUNS: usize = 10_000;

/// Milliseconds a call.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The median.
    pub median_ms: f64,
    /// A quarter of the calls took less.
    pub lower_quartile_ms: f64,
    /// A quarter of the calls took more.
    pub upper_quartile_ms: f64,
    /// Calls that were measured.
    pub n: usize,
}

/// Measures `call` (one image, batch 1): three calls unmeasured, then at least ten and at least half a second.
///
/// The first error of `call` ends it.
pub fn measure<E>(call: impl FnMut() -> Result<(), E>) -> Result<Latency, E> {
    let start = Instant::now();
    measure_by(call, MIN_TIME, || start.elapsed())
}

/// Measures one of many short calls: at least ten and at least 50 ms.
pub fn measure_briefly<E>(call: impl FnMut() -> Result<(), E>) -> Result<Latency, E> {
    let start = Instant::now();
    measure_by(call, MIN_TIME / 10, || start.elapsed())
}

fn measure_by<E>(mut call: impl FnMut() -> Result<(), E>, least: Duration, mut clock: impl FnMut() -> Duration) -> Result<Latency, E> {
    for _ in 0..WARM_UP {
        call()?;
    }
    let (mut times, mut total) = (Vec::new(), Duration::ZERO);
    while times.len() < MIN_RUNS || (total < least && times.len() < MAX_RUNS) {
        let before = clock();
        call()?;
        let time = clock().saturating_sub(before);
        total += time;
        times.push(time.as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(Latency {
        median_ms: quantile(&times, 0.5),
        lower_quartile_ms: quantile(&times, 0.25),
        upper_quartile_ms: quantile(&times, 0.75),
        n: times.len(),
    })
}

/// Linear between neighbours (numpy's default). `sorted` is not empty.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (low, share) = (place as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn fake(durations: impl Fn(usize) -> u64) -> (Latency, usize) {
        let (calls, now) = (Cell::new(0usize), Cell::new(0u64));
        let call = || {
            now.set(now.get() + durations(calls.get()));
            calls.set(calls.get() + 1);
            Ok::<(), ()>(())
        };
        let latency = measure_by(call, MIN_TIME, || Duration::from_millis(now.get())).unwrap();
        (latency, calls.get())
    }

    #[test]
    fn warm_up_is_not_measured_and_slow_calls_run_ten_times() {
        let (latency, calls) = fake(|i| if i < 3 { 10_000 } else { 100 + i as u64 });
        assert_eq!((latency.n, calls), (10, 13));
        assert!((latency.median_ms - 107.5).abs() < 1e-9);
        assert!((latency.lower_quartile_ms - 105.25).abs() < 1e-9 && (latency.upper_quartile_ms - 109.75).abs() < 1e-9);
    }

    #[test]
    fn fast_calls_run_for_half_a_second_and_instant_ones_end() {
        assert_eq!(fake(|_| 2).0.n, 250);
        assert_eq!(fake(|_| 0).0.n, MAX_RUNS);
    }

    #[test]
    fn errors_pass_through() {
        assert_eq!(measure(|| Err::<(), _>("broken")), Err("broken"));
    }
}
