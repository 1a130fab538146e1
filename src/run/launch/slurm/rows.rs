//! What Slurm's commands say, read as the text of strangers.

use crate::run::job::follow::is_name;
use crate::run::launch::command::one_line;
use crate::run::launch::remote::queue::{How, Row, State};

/// What `squeue` is asked for: number, state, reason, begin, submission, machines, comment.
pub const FORMAT: &str = "%i|%T|%r|%S|%V|%N|%k";

/// Whether a text is the number of a job.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The number that `sbatch --parsable` gives: `17`, or `17;cluster`.
pub fn id(out: &str) -> Option<String> {
    let word = out.trim().lines().last()?.split(';').next()?.trim();
    is_id(word).then(|| word.to_string())
}

/// The jobs of a listing; a line that is none is passed over.
pub fn rows(out: &str) -> Vec<Row> {
    out.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let mut fields = line.trim().splitn(7, '|').map(str::trim);
    let (id, state, reason) = (fields.next()?, fields.next()?, fields.next()?);
    let (begun, submitted, machine, about) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let state = state_of(state);
    let name = about.rsplit_once('#').map(|(_, name)| name).filter(|name| is_name(name)).unwrap_or_default();
    let since = if state == State::Waiting { submitted } else { begun };
    is_id(id).then(|| Row {
        id: id.to_string(),
        name: name.to_string(),
        state,
        reason: one_line(reason),
        machine: one_line(machine),
        since: since.parse().ok(),
    })
}

/// What is not known is at work: what its files say decides.
fn state_of(word: &str) -> State {
    match word {
        "PENDING" | "CONFIGURING" | "SUSPENDED" | "REQUEUED" | "REQUEUE_FED" | "REQUEUE_HOLD" | "RESV_DEL_HOLD" | "SPECIAL_EXIT" => {
            State::Waiting
        }
        "COMPLETED" | "FAILED" => State::Gone(How::Itself),
        "CANCELLED" => State::Gone(How::Cancelled),
        "TIMEOUT" | "DEADLINE" => State::Gone(How::TimedOut),
        "OUT_OF_MEMORY" => State::Gone(How::OutOfMemory),
        "NODE_FAIL" | "BOOT_FAIL" | "PREEMPTED" | "REVOKED" => State::Gone(How::Taken),
        _ => State::Working,
    }
}

/// Whether what a command complains of passes: the controller, the network, or a limit on how much may be queued.
pub fn is_passing(said: &str) -> bool {
    const PASSING: [&str; 16] = [
        "unable to contact",
        "unable to connect",
        "could not establish a configuration source",
        "temporarily",
        "try again",
        "timed out",
        "timeout",
        "connection refused",
        "connection reset",
        "no route to host",
        "network is unreachable",
        "zero bytes were transmitted",
        "standby",
        "communication",
        "policy",
        "limit",
    ];
    let said = said.to_lowercase();
    PASSING.iter().any(|word| said.contains(word))
}

/// What to say of a job that waits for this reason; none where it only waits for its turn.
pub fn waits(reason: &str) -> Option<String> {
    let what = match reason.split([',', ' ']).next().unwrap_or_default() {
        "None" | "Priority" | "Resources" | "BeginTime" | "Dependency" | "Cleaning" | "Prolog" | "Licenses" | "" => return None,
        "PartitionConfig" | "PartitionNodeLimit" | "PartitionTimeLimit" | "BadConstraints" | "InvalidQOS" | "InvalidAccount"
        | "AccountNotAllowed" | "QOSNotAllowed" => {
            "as it is asked for, no machine may ever take it: look at `threads` in `run { … }`, and at `launcher { slurm { … } }`"
        }
        "PartitionDown" | "PartitionInactive" | "ReqNodeNotAvail" | "NodeDown" | "Nodes" | "Reservation" | "ReservationDeleted"
        | "FrontEndDown" => "its partition, or the machines that may take it, are down, drained or reserved",
        "JobHeldUser" | "JobHeldAdmin" | "job" => "it is held (`scontrol release`)",
        word if word.contains("Limit") || word.starts_with("QOS") || word.starts_with("Assoc") || word.contains("Grp") => {
            "a limit of the account, the partition or the user is reached"
        }
        _ => "Slurm gives this reason",
    };
    Some(format!("{what} ({})", one_line(reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_and_what_is_none_is_passed_over() {
        let out = "17|RUNNING|None|1790000000|1780000000|n1|ab#1-c\n\
                   18|PENDING|Priority|N/A|1780000001||ab#2-d\n\
                   19|CANCELLED|None|N/A|1780000001|n2|(null)\n\
                   20|NODE_FAIL|NodeDown|x|y|n2|a|b#../../x\n\
                   -1|RUNNING|None|1|1|n1|a#1\n\
                   slurm_load_jobs error\n\
                   21|ODD|\u{7}x|1|1|n1|a#3-e|#4-f\n22|RUNNING";
        let found = rows(out);
        let short: Vec<_> = found.iter().map(|r| (r.id.as_str(), r.name.as_str(), r.state, r.since)).collect();
        let wanted = [
            ("17", "1-c", State::Working, Some(1_790_000_000)),
            ("18", "2-d", State::Waiting, Some(1_780_000_001)),
            ("19", "", State::Gone(How::Cancelled), None),
            ("20", "", State::Gone(How::Taken), None),
            ("21", "4-f", State::Working, Some(1)),
        ];
        assert_eq!(short, wanted);
        assert_eq!((found[0].machine.as_str(), found[4].reason.as_str()), ("n1", "x"));
        assert_eq!(id("17\n"), Some("17".into()));
        assert_eq!(id("a warning\n17;cluster\n"), Some("17".into()));
        assert_eq!(id("-o\n"), None);
        assert_eq!(id(""), None);
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for said in [
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
            "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying",
            "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
            "Socket timed out on send/recv operation",
        ] {
            assert!(is_passing(said), "{said}");
        }
        for said in [
            "sbatch: error: Batch job submission failed: Invalid partition name specified",
            "sbatch: error: Batch job submission failed: Requested node configuration is not available",
            "Invalid generic resource (gres) specification",
            "Memory specification can not be satisfied",
        ] {
            assert!(!is_passing(said), "{said}");
        }
    }

    #[test]
    fn a_reason_that_is_no_turn_is_told() {
        for reason in ["None", "Priority", "Resources", ""] {
            assert_eq!(waits(reason), None);
        }
        for (reason, said) in [
            ("PartitionConfig", "no machine may ever take it"),
            ("ReqNodeNotAvail, UnavailableNodes:n[1-2]", "down, drained"),
            ("QOSMaxJobsPerUserLimit", "a limit"),
            ("JobHeldAdmin", "scontrol release"),
            ("Something", "(Something)"),
        ] {
            assert!(waits(reason).is_some_and(|w| w.contains(said) && w.contains(reason)), "{reason}");
        }
    }
}
