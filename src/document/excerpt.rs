//! A text as a report shows it: a line longer than the report's frame is cut around what is pointed at.

use super::Span;
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// Stands where something was left out.
const ELLIPSIS: &str = "…";
/// A place of more bytes than this is marked on its first line alone.
const LONGEST_PLACE: usize = 1600;

/// A named text with its long lines cut.
pub struct Excerpt {
    path: String,
    text: String,
    lines: Vec<Line>,
}

/// One line: what was kept of it, and where that stands now.
struct Line {
    /// Where the line begins in the whole text.
    start: usize,
    /// What was kept, in the whole text.
    kept: std::ops::Range<usize>,
    /// Characters left out before what was kept.
    left_out: usize,
    /// Where the line stands in the cut text, ellipses included.
    place: std::ops::Range<usize>,
}

impl Excerpt {
    /// The text with lines of at most `room` characters around `places`; the first place of a line matters most. Also the
    /// places in the cut text: one that was left out is where the ellipsis stands.
    pub fn new(path: &str, text: &str, places: &[Span], longest: usize, room: usize) -> (Self, Vec<(usize, usize)>) {
        let mut excerpt = Excerpt { path: path.to_string(), text: String::with_capacity(text.len()), lines: Vec::new() };
        let mut start = 0;
        for whole in text.split_inclusive('\n') {
            let line = whole.trim_end_matches(['\n', '\r']);
            let inside = |p: &&Span| (start..=start + line.len()).contains(&p.offset);
            let kept = match line.len() <= longest || line.chars().nth(longest).is_none() {
                true => 0..line.len(),
                false => window(line, places.iter().find(inside).map_or(0, |p| p.offset - start), room),
            };
            let begin = excerpt.text.len();
            let (head, tail) = (kept.start > 0, kept.end < line.len());
            excerpt.text.push_str(if head { ELLIPSIS } else { "" });
            excerpt.text.push_str(&line[kept.clone()]);
            excerpt.text.push_str(if tail { ELLIPSIS } else { "" });
            let place = begin..excerpt.text.len();
            excerpt.text.push_str(&whole[line.len()..]);
            let left_out = line[..kept.start].chars().count();
            excerpt.lines.push(Line { start, kept: start + kept.start..start + kept.end, left_out, place });
            start += whole.len();
        }
        let moved = places.iter().map(|p| excerpt.moved(text, *p)).collect();
        (excerpt, moved)
    }

    /// A place of the whole text in the cut one: offset and length.
    fn moved(&self, text: &str, place: Span) -> (usize, usize) {
        let mut end = place.offset + place.len;
        if place.len > LONGEST_PLACE {
            end = text.get(place.offset..).and_then(|t| t.find('\n')).map_or(end, |n| place.offset + n);
        }
        let from = self.at(place.offset, false);
        let to = if end > place.offset { self.at(end, true) } else { from };
        (from, to.saturating_sub(from))
    }

    /// Where an offset of the whole text stands in the cut one; what was left out is at the near (or far) side of its ellipsis.
    fn at(&self, offset: usize, far: bool) -> usize {
        let index = self.lines.partition_point(|l| l.start <= offset).saturating_sub(1);
        let Some(line) = self.lines.get(index) else { return self.text.len() };
        let head = if line.left_out > 0 { ELLIPSIS.len() } else { 0 };
        let kept = line.place.start + head;
        let behind = kept + line.kept.len();
        match offset {
            o if o < line.kept.start => line.place.start + if far { ELLIPSIS.len() } else { 0 },
            o if o <= line.kept.end => kept + (o - line.kept.start),
            _ if far => line.place.end,
            _ => behind,
        }
    }

    /// The column of an offset of the cut text within its line as it is shown, from 0.
    pub fn column(&self, offset: usize) -> usize {
        self.line(offset).and_then(|l| self.text.get(l.place.start..offset)).map_or(0, |t| t.chars().count())
    }

    fn line(&self, offset: usize) -> Option<&Line> {
        self.lines.get(self.lines.partition_point(|l| l.place.start <= offset).checked_sub(1)?)
    }
}

/// The part of a line around an offset that fits the room, ellipses included.
fn window(line: &str, at: usize, room: usize) -> std::ops::Range<usize> {
    let room = room.max(8);
    let back = |from: usize, n: usize| match n {
        0 => from,
        n => line[..from].char_indices().rev().nth(n - 1).map_or(0, |(i, _)| i),
    };
    let forward = |from: usize, n: usize| line[from..].char_indices().nth(n).map_or(line.len(), |(i, _)| from + i);
    let at = (0..=at.min(line.len())).rev().find(|&i| line.is_char_boundary(i)).unwrap_or(0);
    let mut from = back(at, room / 3);
    let to = forward(from, room);
    if to == line.len() {
        from = back(to, room);
    }
    let head = if from > 0 { forward(from, 1) } else { 0 };
    let tail = if to < line.len() { back(to, 1) } else { to };
    head..tail
}

impl SourceCode for Excerpt {
    fn read_span<'a>(&'a self, span: &SourceSpan, before: usize, after: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.read_span(span, before, after)?;
        // Lines and columns are those of the whole text.
        let at = if before == 0 { span.offset() } else { read.span().offset() };
        let column = self.column(at);
        let left_out = self.line(at).filter(|_| column > 0).map_or(0, |l| l.left_out.saturating_sub(usize::from(l.left_out > 0)));
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            read.data(),
            *read.span(),
            read.line(),
            column + left_out,
            read.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, place: (usize, usize)) -> (String, String, usize) {
        let (excerpt, moved) = Excerpt::new("f", text, &[Span { file: 0, offset: place.0, len: place.1 }], 20, 20);
        let (from, len) = moved[0];
        let column = excerpt.read_span(&(from, len).into(), 0, 0).map(|c| c.column()).unwrap_or(usize::MAX);
        (excerpt.text[from..from + len].to_string(), excerpt.text, column)
    }

    #[test]
    fn what_is_pointed_at_is_kept() {
        let long = format!("a\n{}needle{}\nb\n", "x".repeat(50), "y".repeat(50));
        assert_eq!(cut(&long, (52, 6)), ("needle".into(), "a\n…xxxxxneedleyyyyyyy…\nb\n".into(), 50));
        assert_eq!(cut(&long, (2, 3)), ("xxx".into(), format!("a\n{}…\nb\n", "x".repeat(19)), 0));
        assert_eq!(cut(&long, (106, 2)).0, "yy");
        assert_eq!(cut("short\n", (0, 5)), ("short".into(), "short\n".into(), 0));
    }

    #[test]
    fn what_was_left_out_is_where_the_ellipsis_stands() {
        let text = format!("{}needle{}", "ä".repeat(50), "y".repeat(50));
        let places = [(100, 6), (4, 2), (150, 3)].map(|(offset, len)| Span { file: 0, offset, len });
        let (excerpt, moved) = Excerpt::new("f", &text, &places, 20, 20);
        let shown: Vec<&str> = moved.iter().map(|(from, len)| &excerpt.text[*from..*from + *len]).collect();
        assert_eq!(shown, ["needle", "…", "…"]);
        assert!(excerpt.text.chars().count() <= 20);
    }
}
