//! A download that may break off and go on later, also in another process. What has come lies in the store's folder of attempts,
//! under the URL, with what the server said of it. It is no result: nobody reads it before it is whole and has its hash.
//!
//! The rest is asked for where it must fit: by the version that the server named (a strong `ETag`, or `Last-Modified`), or by a
//! hash that the whole will be compared with. Else a broken download begins anew.

use super::download::{self, Answer, Halt, Patience, halt};
use super::progress::{Progress, Watch};
use crate::base::Digest;
use crate::store::{Attempt, Blobs, StoreError};
use std::time::{Duration, Instant};

/// What has come.
const BYTES: &str = "bytes";
/// What the server said last.
const HEAD: &str = "head";
/// The version that the bytes are of, as the server named it.
const VERSION: &str = "version";
/// Longest head that is read.
const MAX_HEAD: usize = 64 << 10;
/// How often it is told how far a download is.
const TOLD: Duration = Duration::from_millis(100);

/// The name of a URL's download, and of the lock of whoever works on it.
pub fn key(url: &str) -> Digest {
    Digest::of(format!("download {url}").as_bytes())
}

/// A download; whoever opens it has the lock of its [`key`].
pub struct Partial<'a> {
    attempt: Attempt,
    url: &'a str,
    wanted: Option<Digest>,
}

impl<'a> Partial<'a> {
    /// Of a URL, whose bytes are to have a digest.
    pub fn open(blobs: &Blobs, url: &'a str, wanted: Option<Digest>) -> Result<Self, StoreError> {
        Ok(Partial { attempt: Attempt::open(blobs, key(url))?, url, wanted })
    }

    /// Bytes that have come.
    pub fn length(&self) -> u64 {
        self.attempt.file(BYTES).metadata().map_or(0, |m| m.len())
    }

    /// Whether what has come can be gone on from.
    pub fn goes_on(&self) -> bool {
        self.length() > 0 && (self.wanted.is_some() || self.attempt.file(VERSION).is_file())
    }

    /// Gone, and all that has come with it.
    pub fn clear(self) {
        self.attempt.clear();
    }

    /// Fetches what is missing; returns whether something was there before. After an error what has come is still there.
    pub fn fetch(&self, patience: Patience, watch: Watch) -> Result<bool, Halt> {
        let there = self.length();
        let version = self.attempt.read(VERSION)?.and_then(|v| String::from_utf8(v).ok());
        if self.goes_on() && self.ask(there, version.as_deref(), patience, watch)? == Answer::Whole {
            return Ok(true);
        }
        self.attempt.remove(BYTES)?;
        self.attempt.remove(VERSION)?;
        self.ask(0, None, patience, watch)?;
        Ok(false)
    }

    fn ask(&self, byte: u64, version: Option<&str>, patience: Patience, watch: Watch) -> Result<Answer, Halt> {
        self.attempt.remove(HEAD)?;
        let (mut begun, mut refused) = (false, false);
        let (mut done, mut of, mut told) = (byte, None, Instant::now());
        let head = self.attempt.file(HEAD);
        let from = download::Begin { byte, version, head: &head };
        let answer = download::server(self.url, patience, from, &mut |piece| {
            if !begun {
                begun = true;
                let head = self.head();
                if byte > 0 && head.status != Some(206) {
                    refused = true;
                    return Err(halt("it gave all in place of the rest"));
                }
                of = head.length.map(|length| length + byte);
                if let (0, Some(version)) = (byte, &head.version) {
                    self.attempt.write(VERSION, version.as_bytes())?;
                }
                watch(&Progress { url: self.url, done, of, ended: false });
            }
            self.attempt.append(BYTES, piece)?;
            done += piece.len() as u64;
            if told.elapsed() >= TOLD {
                told = Instant::now();
                watch(&Progress { url: self.url, done, of, ended: false });
            }
            Ok(())
        });
        watch(&Progress { url: self.url, done, of, ended: true });
        match answer {
            _ if refused => Ok(Answer::NoRest),
            // curl calls it whole, without asking for a byte, where a server has as many bytes as are there, of whatever version.
            Ok(Answer::Whole) if byte > 0 && !begun && self.head().status != Some(206) => Ok(Answer::NoRest),
            // A URL may have nothing.
            Ok(Answer::Whole) if byte == 0 && !begun => {
                self.attempt.write(BYTES, b"")?;
                Ok(Answer::Whole)
            }
            answer => answer,
        }
    }

    /// What the last answer of the server begins with.
    fn head(&self) -> Head {
        let bytes = std::fs::read(self.attempt.file(HEAD)).unwrap_or_default();
        Head::of(&String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_HEAD)]))
    }

    /// Takes what has come as a blob.
    pub fn keep(self, blobs: &Blobs) -> Result<Digest, StoreError> {
        let kept = blobs.put_file(&self.attempt.file(BYTES), self.wanted);
        // Whatever was wrong with it, it is no good to go on from.
        self.attempt.clear();
        kept
    }
}

/// What is read of the head of an answer.
#[derive(Debug, Default, PartialEq)]
struct Head {
    status: Option<u16>,
    length: Option<u64>,
    /// As `If-Range` takes it.
    version: Option<String>,
}

impl Head {
    /// Of the last answer in a text: those before it sent us on.
    fn of(text: &str) -> Head {
        let (mut head, mut modified) = (Head::default(), None);
        for line in text.lines() {
            if line.starts_with("HTTP/") {
                (head, modified) = (Head { status: line.split(' ').nth(1).and_then(|s| s.parse().ok()), ..Head::default() }, None);
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            let plain = !value.is_empty() && value.len() < 200 && !value.contains(char::is_control);
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = value.parse().ok(),
                "etag" if plain && value.starts_with('"') => head.version = Some(value.to_string()),
                "last-modified" if plain => modified = Some(value.to_string()),
                _ => {}
            }
        }
        head.version = head.version.or(modified);
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_answers() {
        let text = "HTTP/1.1 302 Found\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nHTTP/2 200 \r\ncontent-length: 77\r\nLast-Modified: Tue, 01 Jul 2025 10:00:00 GMT\r\nETag: W/\"weak\"\r\n\r\n";
        let modified = Some("Tue, 01 Jul 2025 10:00:00 GMT".to_string());
        assert_eq!(Head::of(text), Head { status: Some(200), length: Some(77), version: modified });
        let strong = Head::of("HTTP/1.1 206 Partial Content\r\nETag: \"abc\"\r\nlast-modified: then\r\ncontent-length: x\r\n");
        assert_eq!(strong, Head { status: Some(206), length: None, version: Some("\"abc\"".into()) });
        assert_eq!(Head::of("what\u{0}"), Head::default());
    }
}
