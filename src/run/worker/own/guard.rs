//! A process that ends a command with all its children when this one ends, however it does.
//!
//! It leads the process group that the command runs in, and reads a pipe that only this process writes to: a line asks the group to
//! end, the pipe's end kills it. So nobody needs to live on to clean up, and no number of a process is remembered that another
//! might have by then.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

/// The shell's `kill` with 0 is for its own group.
const SCRIPT: &str = "trap '' TERM INT HUP\nwhile read -r line; do kill -TERM 0; done\nkill -KILL 0\n";

/// The guard of one command.
pub struct Guard {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Guard {
    /// Starts one.
    ///
    /// # Errors
    /// A system without `sh`.
    pub fn new() -> std::io::Result<Guard> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        Ok(Guard { stdin: child.stdin.take(), child })
    }

    /// Has a command run in its group.
    pub fn guards(&self, command: &mut Command) {
        #[cfg(unix)]
        if let Ok(group) = i32::try_from(self.child.id()) {
            std::os::unix::process::CommandExt::process_group(command, group);
        }
        #[cfg(not(unix))]
        let _ = command;
    }

    /// Asks all of the group to end.
    pub fn ask(&mut self) {
        if let Some(stdin) = &mut self.stdin {
            let _ = stdin.write_all(b"stop\n").and_then(|()| stdin.flush());
        }
    }
}

impl Drop for Guard {
    /// Kills all of the group, and waits until it is done.
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
