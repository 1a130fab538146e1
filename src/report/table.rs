//! Plain text tables: a header, a rule, right-aligned numbers.

/// Spaces between columns.
const GAP: usize = 2;
/// A column of texts is first cut down to this.
const NARROW: usize = 20;
/// A column of texts is never narrower.
const NARROWEST: usize = 6;

/// A table under construction.
#[derive(Clone, Debug, Default)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these column heads. A head that starts with `>` is of a right-aligned column.
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        Table { head: head.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text, every line indented by `indent` spaces, without trailing spaces. With a `width` it fits so many columns as far as
    /// it can: texts are cut, the widest first, then the heads of numbers. Without one it is whole.
    pub fn render(&self, indent: usize, width: Option<usize>) -> String {
        let right: Vec<bool> = self.head.iter().map(|h| h.starts_with('>')).collect();
        let head: Vec<&str> = self.head.iter().map(|h| h.trim_start_matches('>')).collect();
        let cell = |row: &[String], i: usize| row.get(i).cloned().unwrap_or_default();
        let content = |i: usize| self.rows.iter().map(|r| r.get(i).map_or(0, |c| c.chars().count())).max().unwrap_or(0);
        let mut widths: Vec<usize> = head.iter().enumerate().map(|(i, h)| content(i).max(h.chars().count())).collect();
        if let Some(width) = width {
            let room = width.saturating_sub(indent + GAP * head.len().saturating_sub(1));
            shrink(&mut widths, room, |i| if right[i] { None } else { Some(NARROW) });
            shrink(&mut widths, room, |i| if right[i] { Some(content(i).max(1)) } else { None });
            shrink(&mut widths, room, |i| if right[i] { None } else { Some(NARROWEST) });
        }
        let line = |cells: Vec<String>| {
            let mut out = " ".repeat(indent);
            for (i, c) in cells.iter().enumerate() {
                let c = cut(c, widths[i]);
                let pad = " ".repeat(widths[i].saturating_sub(c.chars().count()));
                let gap = if i + 1 < cells.len() { " ".repeat(GAP) } else { String::new() };
                out.push_str(&if right[i] { format!("{pad}{c}{gap}") } else { format!("{c}{pad}{gap}") });
            }
            out.trim_end().to_string() + "\n"
        };
        let mut text = line(head.iter().map(|h| (*h).to_string()).collect());
        text += &line(widths.iter().map(|w| "─".repeat(*w)).collect());
        for row in &self.rows {
            text += &line((0..head.len()).map(|i| cell(row, i)).collect());
        }
        text
    }
}

/// Takes from the widest of the columns that `least` has a bound for, until all together fit the room.
fn shrink(widths: &mut [usize], room: usize, least: impl Fn(usize) -> Option<usize>) {
    loop {
        let over = widths.iter().sum::<usize>().saturating_sub(room);
        let widest = (0..widths.len()).filter(|&i| least(i).is_some_and(|l| widths[i] > l)).max_by_key(|&i| widths[i]);
        let (1.., Some(i)) = (over, widest) else { return };
        // Down to the next widest, so that equal columns shrink alike.
        let next = (0..widths.len()).filter(|&j| j != i && least(j).is_some()).map(|j| widths[j].min(widths[i] - 1)).max();
        let floor = least(i).unwrap_or(0).max(next.unwrap_or(0));
        widths[i] = (widths[i] - over.min(widths[i])).max(floor).min(widths[i] - 1);
    }
}

/// A text of at most so many characters, with an ellipsis where it was cut.
pub fn cut(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up() {
        let mut t = Table::new(["name", ">n"]);
        t.row(["a", "10"]);
        t.row(["longer", "2"]);
        assert_eq!(t.render(0, None), "name     n\n──────  ──\na       10\nlonger   2\n");
    }

    fn wide() -> Table {
        let mut t = Table::new(["model", ">map50", ">images evaluated", "decisions"]);
        t.row(["trials #0", "0.412 ± 0.020", "1,204", "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=10 k=11 l=12 m=13 n=14 o=15 p=16"]);
        t.row(["trials #1", "–", "17", "the reference"]);
        t
    }

    #[test]
    fn a_table_fits_its_width_and_is_whole_without_one() {
        for width in [60, 80, 100] {
            let text = wide().render(2, Some(width));
            assert!(text.lines().all(|l| l.chars().count() <= width), "{width}:\n{text}");
            assert!(text.contains("0.412 ± 0.020") && text.contains("1,204") && text.contains('…'), "{text}");
        }
        assert!(wide().render(2, None).contains("p=16") && !wide().render(2, None).contains('…'));
        assert_eq!(wide().render(2, Some(200)), wide().render(2, None));
    }

    #[test]
    fn equal_columns_shrink_alike() {
        let mut t = Table::new(["a", "b"]);
        t.row(["x".repeat(60), "y".repeat(60)]);
        let text = t.render(0, Some(82));
        assert_eq!(text.lines().next_back(), Some(format!("{}…  {}…", "x".repeat(39), "y".repeat(39)).as_str()));
    }

    #[test]
    fn no_width_is_too_small() {
        for width in 0..20 {
            assert!(wide().render(0, Some(width)).lines().count() == 4);
        }
    }
}
