//! Texts as they are written in a file.

/// A text in quotes, so that reading gives it back: whatever has a meaning of its own in quotes, ends a line, or may not stand in a file
/// is written as an escape.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_hidden(c) => out.push_str(&format!("\\u{{{:X}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text for a comment or a message: on one line, without characters that are not seen.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_hidden(c) { '\u{FFFD}' } else { c }).collect()
}

/// Marks of direction, and the separators and the byte order mark that KDL treats as its own.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let hostile = [
            "",
            "a b",
            "it's \"so\"",
            "C:\\new\\u{41}",
            "two\nlines\r\n\tx",
            "} // x",
            "#true",
            "ünï ✓ 红",
            "\u{202E}x\u{FEFF}\u{7F}\u{1}\u{85}\u{2028}",
        ];
        for text in hostile {
            let line = format!("x {}\n", quoted(text));
            let read: kdl::KdlDocument = line.parse().unwrap_or_else(|e| panic!("{line}: {e:?}"));
            let value = read.nodes()[0].entries()[0].value().as_string().map(String::from);
            assert_eq!(value.as_deref(), Some(text));
            assert_eq!(line.lines().count(), 1, "{line}");
            assert!(plain(text).lines().count() <= 1);
        }
    }
}
