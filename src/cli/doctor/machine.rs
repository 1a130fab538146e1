//! Processor and memory, as far as the system tells.

use crate::{nn, run::observe};
use serde::Serialize;
use std::path::Path;

/// Processor and memory.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Machine {
    /// Architecture, processor and number of processors that this process may use: the name under which latencies are kept.
    pub name: String,
    /// Processors that this process may use.
    pub processors: usize,
    /// What the fast kernels use: `avx512`, `avx2` or `portable`.
    pub instruction_set: &'static str,
    /// Bytes of memory that this process may use: the machine's, or its container's where that is less.
    pub memory: Option<u64>,
    /// Bytes that are free now.
    pub memory_free: Option<u64>,
}

/// Looks.
pub fn look() -> Machine {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().find_map(|p| std::fs::read_to_string(Path::new(p)).ok()?.trim().parse::<u64>().ok());
    let least = |of_machine: Option<u64>| of_machine.map(|m| m.min(limit.unwrap_or(u64::MAX)));
    Machine {
        name: observe::machine(),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        instruction_set: nn::instruction_set(),
        memory: least(field(&info, "MemTotal:")),
        memory_free: least(field(&info, "MemAvailable:")),
    }
}

/// A line `NAME: N kB`, in bytes.
fn field(info: &str, name: &str) -> Option<u64> {
    let line = info.lines().find_map(|l| l.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn memory_is_read_where_it_is_told() {
        let info = "MemTotal:       24684932 kB\nMemAvailable:   oops kB\n";
        assert_eq!(field(info, "MemTotal:"), Some(24_684_932 * 1024));
        assert_eq!((field(info, "MemAvailable:"), field("", "MemTotal:")), (None, None));
        assert_eq!(field("MemTotal: 18446744073709551615 kB", "MemTotal:"), None);
    }
}
