//! The files that an editor has open, over those of the disk.

use crate::document::{Files, guard, paths};
use crate::editor::{Scope, includes, is_fragment};
use std::collections::BTreeMap;
use std::io::Read;

/// Files that one scope looks at.
const MOST_FILES: usize = 100;

/// Open files: by their path, the address that the editor calls them by, and their text as it is in the editor.
#[derive(Default)]
pub struct Documents {
    open: BTreeMap<String, (String, String)>,
}

impl Documents {
    /// A file was opened, or has another text.
    pub fn put(&mut self, uri: &str, text: String) {
        self.open.insert(path_of(uri), (uri.to_string(), text));
    }

    /// A file was closed: the disk's text counts again.
    pub fn close(&mut self, uri: &str) {
        self.open.remove(&path_of(uri));
    }

    /// The text of an open file.
    pub fn text(&self, uri: &str) -> Option<&str> {
        self.open.get(&path_of(uri)).map(|(_, text)| text.as_str())
    }

    /// The open files, by their addresses.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.open.values().map(|(uri, _)| uri.as_str())
    }

    /// The address of a file: the editor's own, where it is open.
    pub fn uri(&self, path: &str) -> String {
        self.open.get(path).map_or_else(|| uri_of(path), |(uri, _)| uri.clone())
    }

    /// The names that count in a file: its own, those of what it includes, and of an open file that includes it.
    pub fn scope(&self, uri: &str) -> Scope {
        let mut files = Vec::new();
        self.gather(&path_of(uri), &mut files);
        for top in self.tops(uri) {
            self.gather(&path_of(&top), &mut files);
        }
        Scope::of(files)
    }

    /// The open pipelines that include a fragment.
    pub fn tops(&self, uri: &str) -> Vec<String> {
        let path = path_of(uri);
        if !self.text(uri).is_some_and(is_fragment) {
            return Vec::new();
        }
        let holds = |(top, (_, text)): &(&String, &(String, String))| {
            let mut files = Vec::new();
            !is_fragment(text) && {
                self.gather(top, &mut files);
                files.iter().any(|(p, _)| *p == path)
            }
        };
        self.open.iter().filter(holds).map(|(_, (uri, _))| uri.clone()).collect()
    }

    fn gather(&self, path: &str, files: &mut Vec<(String, String)>) {
        let mut waiting = vec![path.to_string()];
        while let Some(path) = waiting.pop() {
            if files.len() == MOST_FILES || files.iter().any(|(known, _)| *known == path) {
                continue;
            }
            let Ok(bytes) = self.bytes(&path) else { continue };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let folder = paths::folder(&path);
            waiting.extend(includes(&text).iter().rev().map(|inner| paths::join(folder, inner)));
            files.push((path, text));
        }
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        if let Some((_, text)) = self.open.get(path) {
            return Ok(text.clone().into_bytes());
        }
        let file = std::fs::File::open(path).map_err(|e| format!("{path}: {e}"))?;
        // A pipe would never end.
        if !file.metadata().is_ok_and(|m| m.is_file()) {
            return Err(format!("{path} is no file"));
        }
        let mut bytes = Vec::new();
        file.take(guard::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| format!("{path}: {e}"))?;
        Ok(bytes)
    }
}

/// The same for `document`.
pub struct Overlay<'d>(pub &'d Documents);

impl Files for Overlay<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.0.bytes(path)
    }
}

/// The path of a `file:` address; what has none (`untitled:1`) is its own path.
pub fn path_of(uri: &str) -> String {
    let Some(rest) = uri.strip_prefix("file://") else { return uri.to_string() };
    let path = rest.find('/').map_or(rest, |i| &rest[i..]);
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    paths::join("", &String::from_utf8_lossy(&out))
}

/// The address of a path.
fn uri_of(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_string();
    }
    let mut out = String::from("file://");
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => out.push(char::from(byte)),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_paths() {
        for (uri, path) in [
            ("file:///home/a%20b/x.kdl", "/home/a b/x.kdl"),
            ("file://host/x%C3%A9.kdl", "/xé.kdl"),
            ("file:///a/./b/../c%", "/a/c%"),
            ("untitled:Untitled-1", "untitled:Untitled-1"),
        ] {
            assert_eq!(path_of(uri), path);
        }
        assert_eq!(uri_of("/a b/é.kdl"), "file:///a%20b/%C3%A9.kdl");
        assert_eq!(path_of(&uri_of("/a b/é#?.kdl")), "/a b/é#?.kdl");
    }

    #[test]
    fn what_the_editor_has_counts_before_the_disk() {
        let mut documents = Documents::default();
        documents.put("file:///nowhere/top.kdl", "pipeline \"p\"\ninclude \"part.kdl\"\nparam \"n\" 1".into());
        documents.put("file:///nowhere/part.kdl", "data \"d\" generate=shapes".into());
        let names = |uri: &str| documents.scope(uri).names.iter().map(|d| d.name.clone()).collect::<Vec<_>>();
        assert_eq!(names("file:///nowhere/top.kdl"), ["n", "d"]);
        assert_eq!(names("file:///nowhere/part.kdl"), ["d", "n"]);
        assert_eq!(documents.tops("file:///nowhere/part.kdl"), ["file:///nowhere/top.kdl"]);
        documents.close("file:///nowhere/part.kdl");
        assert_eq!(documents.scope("file:///nowhere/top.kdl").names.len(), 1);
    }
}
