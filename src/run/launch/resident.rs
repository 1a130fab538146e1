//! How much memory a process takes, with all that it has started: what `--memory` bounds.

#[cfg(target_os = "linux")]
use std::fs;

/// Most processes that are counted together: a fork bomb is ended all the same.
#[cfg(target_os = "linux")]
const MOST: usize = 1000;

/// Bytes of a process and its descendants that the system can take back from nobody else: pages of files are left out. None where the
/// system does not say, or the process is gone.
#[cfg(target_os = "linux")]
pub fn resident(process: u32) -> Option<u64> {
    let mut total = own(process)?;
    let (mut seen, mut open) = (vec![process], vec![process]);
    while let Some(parent) = open.pop() {
        for child in children(parent) {
            if seen.len() < MOST && !seen.contains(&child) {
                total += own(child).unwrap_or(0);
                seen.push(child);
                open.push(child);
            }
        }
    }
    Some(total)
}

/// Elsewhere nobody says.
#[cfg(not(target_os = "linux"))]
pub fn resident(_: u32) -> Option<u64> {
    None
}

#[cfg(target_os = "linux")]
fn own(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let of = |name: &str| {
        status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':')?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
    };
    // A process that has ended and is not waited for yet has no memory.
    Some(of("VmRSS").unwrap_or(0).saturating_sub(of("RssFile").unwrap_or(0)) << 10)
}

/// The processes that its threads have started.
#[cfg(target_os = "linux")]
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<u32>>()).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::resident;

    #[test]
    fn what_a_process_takes_is_seen() {
        let before = resident(std::process::id()).expect("Linux says it");
        let held = vec![1u8; 64 << 20];
        let after = resident(std::process::id()).expect("Linux says it");
        assert!(held.iter().map(|&b| u64::from(b)).sum::<u64>() == 64 << 20);
        // Other tests of this process come and go.
        assert!(after > before / 2 && after > 32 << 20, "{before} {after}");
        assert_eq!(resident(u32::MAX), None);
    }

    #[test]
    fn what_it_has_started_counts() {
        // What is started holds 32 MiB: the kernel counts pages by processor and adds them up late, so that a small process may read as 0.
        let held = "(x=$(head -c 33554432 /dev/zero | tr '\\0' a); sleep 60; echo ${#x}) & wait";
        let mut child = std::process::Command::new("sh").args(["-c", held]).stdout(std::process::Stdio::null()).spawn().expect("sh");
        let begun = std::time::Instant::now();
        // The kernel may be built without the list of children; then only the process itself counts.
        let listed = std::path::Path::new(&format!("/proc/self/task/{}/children", std::process::id())).exists();
        let counts = || {
            let alone = super::own(child.id()).expect("it runs");
            resident(child.id()).expect("Linux says it") > alone + (16 << 20)
        };
        let mut counted = counts();
        while listed && !counted && begun.elapsed().as_secs() < 55 {
            std::thread::sleep(std::time::Duration::from_millis(10));
            counted = counts();
        }
        assert!(!listed || counted, "alone {:?}, with what it has started {:?}", super::own(child.id()), resident(child.id()));
        let _ = child.kill();
        let _ = child.wait();
    }
}
