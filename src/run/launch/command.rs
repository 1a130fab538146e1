//! A program of the system that is asked something, and may hang: it has so long, and then it is ended.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// What a program said.
pub struct Said {
    /// Whether it ended well.
    pub ok: bool,
    /// Its output.
    pub out: String,
    /// Its errors, in one line.
    pub err: String,
}

/// Why it said nothing.
#[derive(Debug)]
pub enum Silent {
    /// It cannot be started.
    Absent(String),
    /// It was ended because it took too long; the errors that it had said by then.
    Hung(String),
}

/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(5);
/// Most bytes that are read of what it says.
const MOST: u64 = 16 << 20;
/// How long its last words may take once it has ended.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Runs a program with these bytes on its input.
pub fn ask(command: &mut Command, input: &[u8], wait: Duration) -> Result<Said, Silent> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Out of the terminal's foreground group: the keyboard's interrupt reaches the run alone.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command.spawn().map_err(|e| Silent::Absent(format!("`{name}` cannot be started: {e}")))?;
    let (stdin, input) = (child.stdin.take(), input.to_vec());
    // A program that ends before it has read all is asked in vain, and says why.
    let writer = std::thread::spawn(move || drop(stdin.map(|mut pipe| pipe.write_all(&input))));
    let out = reader(child.stdout.take());
    let err = reader(child.stderr.take());
    let begun = Instant::now();
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if begun.elapsed() < wait => std::thread::sleep(LOOK),
            _ => break None,
        }
    };
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    drop(writer);
    // Something that it has started may hold its output open for ever.
    let text = |reader: Receiver<Vec<u8>>| String::from_utf8_lossy(&reader.recv_timeout(AFTERWARDS).unwrap_or_default()).into_owned();
    let (out, err) = (text(out), one_line(&text(err)));
    match ended {
        Some(status) => Ok(Said { ok: status.success(), out, err }),
        None => Err(Silent::Hung(err)),
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            let _ = pipe.take(MOST).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

/// What a program complains of, in one line without control characters.
pub fn one_line(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|l| l.chars().filter(|c| !c.is_control()).collect::<String>()).collect();
    let lines: Vec<&str> = lines.iter().map(|l| l.trim()).filter(|l| !l.is_empty()).collect();
    lines.join("; ").chars().take(400).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_is_ended_and_what_is_said_is_heard() {
        let sh = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        let said = ask(&mut sh("cat; echo why >&2; echo more >&2; exit 3"), b"input", Duration::from_secs(30)).expect("it ends");
        assert_eq!((said.ok, said.out.as_str(), said.err.as_str()), (false, "input", "why; more"));
        let begun = Instant::now();
        let hung = ask(&mut sh("echo why >&2; exec sleep 60"), b"", Duration::from_millis(300));
        assert!(matches!(hung, Err(Silent::Hung(why)) if why == "why") && begun.elapsed() < Duration::from_secs(30));
        let absent = ask(&mut Command::new("/no/such/program"), b"", Duration::from_secs(1));
        assert!(matches!(absent, Err(Silent::Absent(why)) if why.contains("/no/such/program")));
    }
}
