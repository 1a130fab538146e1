//! Positions of the protocol, which count lines and UTF-16 units, and bytes.

use lsp_types::{Position, Range, TextDocumentContentChangeEvent};

/// Where the lines of a text begin.
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Of a text. Lines end as in the protocol: `\n`, `\r\n` or `\r`.
    pub fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(i, b)| **b == b'\n' || (**b == b'\r' && bytes.get(i + 1) != Some(&b'\n')));
        Lines { text, starts: std::iter::once(0).chain(ends.map(|(i, _)| i + 1)).collect() }
    }

    /// The byte of a position; behind the end of a line it is the line's end, behind the last line the text's.
    pub fn byte(&self, position: Position) -> usize {
        let Some(&start) = self.starts.get(position.line as usize) else { return self.text.len() };
        let end = self.starts.get(position.line as usize + 1).map_or(self.text.len(), |e| *e);
        let line = self.text[start..end].trim_end_matches(['\n', '\r']);
        let mut units = position.character as usize;
        for (i, c) in line.char_indices() {
            if units < c.len_utf16() {
                return start + i;
            }
            units -= c.len_utf16();
        }
        start + line.len()
    }

    /// The position of a byte; one inside a character is its beginning.
    pub fn position(&self, byte: usize) -> Position {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|s| *s <= byte).saturating_sub(1);
        let before = &self.text[self.starts.get(line).copied().unwrap_or(0)..byte];
        Position { line: line as u32, character: before.encode_utf16().count() as u32 }
    }

    /// A range of bytes.
    pub fn range(&self, range: &std::ops::Range<usize>) -> Range {
        Range { start: self.position(range.start), end: self.position(range.end) }
    }
}

/// A text after an edit.
pub fn changed(text: &str, change: TextDocumentContentChangeEvent) -> String {
    let Some(range) = change.range else { return change.text };
    let lines = Lines::of(text);
    let (start, end) = (lines.byte(range.start), lines.byte(range.end));
    let (start, end) = (start.min(end), start.max(end));
    format!("{}{}{}", &text[..start], change.text, &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_utf16() {
        let text = "a\r\nx𝄞é\rlast";
        let lines = Lines::of(text);
        for (line, character, byte) in
            [(0, 0, 0), (0, 1, 1), (0, 9, 1), (1, 0, 3), (1, 1, 4), (1, 3, 8), (1, 4, 10), (2, 4, 15), (7, 0, 15)]
        {
            assert_eq!(lines.byte(Position { line, character }), byte, "{line}:{character}");
        }
        // Inside a pair of surrogates: its beginning.
        assert_eq!(lines.byte(Position { line: 1, character: 2 }), 4);
        for (byte, line, character) in [(0, 0, 0), (3, 1, 0), (6, 1, 1), (8, 1, 3), (11, 2, 0), (99, 2, 4)] {
            assert_eq!(lines.position(byte), Position { line, character }, "{byte}");
        }
    }

    #[test]
    fn edits_are_applied_where_they_are() {
        let at = |a: (u32, u32), b: (u32, u32)| Range {
            start: Position { line: a.0, character: a.1 },
            end: Position { line: b.0, character: b.1 },
        };
        let change = |range, text: &str| TextDocumentContentChangeEvent { range, range_length: None, text: text.into() };
        assert_eq!(changed("𝄞 b\nc", change(Some(at((0, 3), (0, 4))), "é")), "𝄞 é\nc");
        assert_eq!(changed("a\nb", change(Some(at((0, 1), (1, 0))), "")), "ab");
        assert_eq!(changed("a", change(Some(at((9, 9), (0, 0))), "x")), "x");
        assert_eq!(changed("a", change(None, "b")), "b");
    }
}
