//! Reads the sources of `src/`: their module, and their code without comments, texts and tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A source file.
pub struct Source {
    /// Below `src/`, with `/`.
    pub path: String,
    /// `["space", "blocks", "conv"]`.
    pub module: Vec<String>,
    /// All code; comments and texts are blank, so that lines and columns stay.
    pub all: String,
    /// The same without what stands behind `#[cfg(test)]`; blank where the file is a test's.
    pub code: String,
    /// Lines as written.
    pub lines: usize,
}

impl Source {
    /// The room that it stands in; a file beside the rooms is one of its own, `lib.rs` and `main.rs` are none.
    pub fn room(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }
}

/// All sources below a folder, in the order of their paths.
pub fn read(src: &Path) -> Vec<Source> {
    let mut paths = vec![];
    walk(src, &mut paths);
    paths.sort();
    let mut tests = BTreeSet::new();
    let mut sources: Vec<Source> = paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("a source file");
            let all = blank(&text);
            let (code, declared) = without_tests(&text, &all);
            let folder = match path.file_name().and_then(|n| n.to_str()) {
                Some("mod.rs" | "lib.rs" | "main.rs") => path.parent().expect("a folder").to_path_buf(),
                _ => path.with_extension(""),
            };
            for Declared { name, path: at } in declared {
                let at = at.map(|at| path.parent().expect("a folder").join(at));
                tests.insert(at.unwrap_or_else(|| folder.join(name)));
            }
            let below = path.strip_prefix(src).expect("below src");
            let mut module: Vec<String> = below.with_extension("").iter().map(|s| s.to_string_lossy().into_owned()).collect();
            module.pop_if(|last| matches!(last.as_str(), "mod" | "lib" | "main"));
            let path = below.iter().map(|s| s.to_string_lossy()).collect::<Vec<_>>().join("/");
            Source { path, module, all, code, lines: text.lines().count() }
        })
        .collect();
    for source in &mut sources {
        let path = src.join(&source.path);
        if tests.iter().any(|t| path.starts_with(t) || path.with_extension("") == *t || path == *t) {
            source.code.clear();
        }
    }
    sources
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, paths);
        } else if path.extension().is_some_and(|e| e == "rs") {
            paths.push(path);
        }
    }
}

/// Comments, texts and characters become spaces; line ends stay.
pub fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut i = 0;
    while i < bytes.len() {
        let end = match bytes[i] {
            b'/' if bytes[i..].starts_with(b"//") => find(bytes, i, b"\n"),
            b'/' if bytes[i..].starts_with(b"/*") => comment(bytes, i),
            b'"' => text_end(bytes, i + 1),
            b'r' if !part_of_word(bytes, i) && is_raw(&bytes[i + 1..]) => raw_end(bytes, i + 1),
            b'\'' => character(bytes, i),
            _ => i,
        };
        if end == i {
            i += 1;
        }
        while i < end.min(bytes.len()) {
            if bytes[i] != b'\n' {
                out[i] = b' ';
            }
            i += 1;
        }
    }
    String::from_utf8(out.iter().map(|b| if b.is_ascii() { *b } else { b'_' }).collect()).expect("ASCII")
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    (from..bytes.len()).find(|&i| bytes[i..].starts_with(what)).unwrap_or(bytes.len())
}

fn comment(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i < bytes.len() {
        if bytes[i..].starts_with(b"/*") {
            (depth, i) = (depth + 1, i + 2);
        } else if bytes[i..].starts_with(b"*/") {
            (depth, i) = (depth - 1, i + 2);
            if depth == 0 {
                break;
            }
        } else {
            i += 1;
        }
    }
    i
}

fn text_end(bytes: &[u8], mut i: usize) -> usize {
    while i < bytes.len() && bytes[i] != b'"' {
        i += if bytes[i] == b'\\' { 2 } else { 1 };
    }
    i + 1
}

fn part_of_word(bytes: &[u8], i: usize) -> bool {
    // `br"…"` is a text as well.
    i > 0 && is_word(bytes[i - 1]) && !(bytes[i - 1] == b'b' && !(i > 1 && is_word(bytes[i - 2])))
}

fn is_raw(rest: &[u8]) -> bool {
    rest.iter().find(|b| **b != b'#') == Some(&b'"')
}

fn raw_end(bytes: &[u8], start: usize) -> usize {
    let hashes = bytes[start..].iter().take_while(|b| **b == b'#').count();
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    find(bytes, start + hashes + 1, &close) + close.len()
}

/// The end of a character; a lifetime has none.
fn character(bytes: &[u8], i: usize) -> usize {
    match bytes.get(i + 1) {
        Some(b'\\') => find(bytes, i + 3, b"'") + 1,
        Some(_) => {
            let next = (i + 2..bytes.len()).find(|&j| bytes[j] & 0xC0 != 0x80).unwrap_or(bytes.len());
            if bytes.get(next) == Some(&b'\'') { next + 1 } else { i }
        }
        None => i,
    }
}

/// Whether a byte belongs to a word.
pub fn is_word(b: u8) -> bool {
    b == b'_' || b.is_ascii_alphanumeric()
}

/// A test's module in a file of its own.
struct Declared {
    name: String,
    path: Option<String>,
}

/// Blanks every item behind `#[cfg(test)]` (or `all(test, …)`), and lists the modules among them that have files.
fn without_tests(text: &str, all: &str) -> (String, Vec<Declared>) {
    let bytes = all.as_bytes();
    let next = |from| [b"#[cfg(test)]".as_slice(), b"#[cfg(all(test, "].iter().map(|t| find(bytes, from, t)).min().unwrap_or(bytes.len());
    let (mut out, mut declared, mut from) = (bytes.to_vec(), vec![], 0);
    loop {
        let start = next(from);
        if start == bytes.len() {
            return (String::from_utf8(out).expect("ASCII"), declared);
        }
        let mut i = find(bytes, start, b"]") + 1;
        let mut path = None;
        loop {
            i += bytes[i..].iter().take_while(|b| b.is_ascii_whitespace()).count();
            if !bytes[i..].starts_with(b"#[") {
                break;
            }
            let end = find(bytes, i, b"]") + 1;
            if bytes[i..end].starts_with(b"#[path") {
                path = text[i..end].split('"').nth(1).map(str::to_string);
            }
            i = end;
        }
        let end = item_end(bytes, i);
        if let Some((before, name)) = all[i..end].strip_suffix(';').and_then(|item| item.split_once("mod "))
            && (before.is_empty() || before.starts_with("pub"))
        {
            declared.push(Declared { name: name.trim().to_string(), path });
        }
        for b in out[start..end].iter_mut().filter(|b| **b != b'\n') {
            *b = b' ';
        }
        from = end;
    }
}

/// One past an item: its `;`, its closing brace, or, of a field, its comma.
fn item_end(bytes: &[u8], start: usize) -> usize {
    let first: Vec<u8> = bytes[start..].iter().copied().take_while(|b| is_word(*b)).collect();
    let field = bytes[start + first.len()..].first() == Some(&b':');
    let mut depth = 0usize;
    for (i, b) in bytes.iter().enumerate().skip(start) {
        match b {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && first != b"use" {
                    return i + 1;
                }
            }
            b';' if depth == 0 => return i + 1,
            b',' if depth == 0 && field => return i + 1,
            _ => {}
        }
    }
    bytes.len()
}
