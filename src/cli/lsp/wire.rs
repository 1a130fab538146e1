//! Messages over stdio. lsp-server's own reader makes room for as many bytes as a header says; this one has a bound.

use lsp_server::Message;
use std::io::{BufRead, Read, Write};

/// The longest message; files of pipelines have at most 1 MiB.
const MOST_BYTES: usize = 64 << 20;
/// The longest line of a header, and how many of them a message has.
const HEADER_BYTES: u64 = 4096;
const HEADER_LINES: usize = 32;

/// What was read.
pub enum Incoming {
    /// A message.
    Message(Message),
    /// The bytes were no message; the next one may be.
    Broken(String),
    /// The other side is gone.
    End,
}

/// The next message.
///
/// # Errors
/// Where one ends cannot be told any more.
pub fn read(input: &mut dyn BufRead) -> Result<Incoming, String> {
    let mut length = None;
    for n in 0.. {
        if n == HEADER_LINES {
            return Err("a message has too many headers".into());
        }
        let mut line = Vec::new();
        let read = input.take(HEADER_BYTES).read_until(b'\n', &mut line).map_err(|e| e.to_string())?;
        if read == 0 {
            return if n == 0 { Ok(Incoming::End) } else { Err("the input ends in a header".into()) };
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_suffix('\n').ok_or("a header is too long, or the input ends in it")?.trim_end_matches('\r');
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| format!("`{}` is no header", line.chars().take(40).collect::<String>()))?;
        if name.trim().eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok().filter(|l| *l <= MOST_BYTES);
            if length.is_none() {
                return Err(format!("a message of `{}` bytes is not read", value.trim().chars().take(40).collect::<String>()));
            }
        }
    }
    let length = length.ok_or("a message has no `Content-Length`")?;
    let mut bytes = Vec::new();
    input.take(length as u64).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() < length {
        return Err("the input ends in a message".into());
    }
    Ok(match serde_json::from_slice(&bytes) {
        Ok(message) => Incoming::Message(message),
        Err(e) => Incoming::Broken(e.to_string()),
    })
}

/// Writes a message.
///
/// # Errors
/// The other side's.
pub fn write(output: &mut impl Write, message: &Message) -> std::io::Result<()> {
    message.write(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut input = text.as_bytes();
        let mut out = Vec::new();
        loop {
            match read(&mut input) {
                Ok(Incoming::Message(Message::Notification(n))) => out.push(n.method),
                Ok(Incoming::Message(_)) => out.push("other".into()),
                Ok(Incoming::Broken(_)) => out.push("broken".into()),
                Ok(Incoming::End) => return out,
                Err(why) => {
                    out.push(why);
                    return out;
                }
            }
        }
    }

    #[test]
    fn messages_are_read_and_nonsense_is_refused() {
        let one = "Content-Length: 33\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}";
        assert_eq!(all(&format!("{one}{one}")), ["exit", "exit"]);
        assert_eq!(all(&format!("Content-Type: x\r\nContent-Length: 3\r\n\r\n[1]{one}")), ["broken", "exit"]);
        for (text, why) in [
            ("Content-Length: 99999999999999999999\r\n\r\n", "a message of `99999999999999999999` bytes is not read"),
            ("Content-Length: 9999999999\r\n\r\n", "a message of `9999999999` bytes is not read"),
            ("Content-Length: 5\r\n\r\n{}", "the input ends in a message"),
            ("hello\r\n\r\n", "`hello` is no header"),
            ("A: b\r\n\r\n", "a message has no `Content-Length`"),
            ("A: b\r\n", "the input ends in a header"),
        ] {
            assert_eq!(all(text), [why], "{text}");
        }
        assert_eq!(all(&"a: b\r\n".repeat(100)), ["a message has too many headers"]);
        assert_eq!(all(&"a".repeat(100_000)), ["a header is too long, or the input ends in it"]);
    }
}
