//! Plain text tables: a header, a rule, right-aligned numbers.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Between a mean and its deviation.
const DEVIATION: &str = " ± ";
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
    /// it can: texts are cut, the widest first, then the heads of numbers, then deviations are left out, the last columns' first. The
    /// first column says which row it is and is cut last. Without a width the table is whole.
    pub fn render(&self, indent: usize, width: Option<usize>) -> String {
        let right: Vec<bool> = self.head.iter().map(|h| h.starts_with('>')).collect();
        let head: Vec<&str> = self.head.iter().map(|h| h.trim_start_matches('>')).collect();
        let mut rows = self.rows.clone();
        let content = |rows: &[Vec<String>], i: usize| rows.iter().map(|r| r.get(i).map_or(0, |c| c.width())).max().unwrap_or(0);
        let mut widths: Vec<usize> = head.iter().enumerate().map(|(i, h)| content(&rows, i).max(h.width())).collect();
        let mut left_out = false;
        if let Some(width) = width {
            let room = width.saturating_sub(indent + GAP * head.len().saturating_sub(1));
            let text = |i: usize| i > 0 && !right[i];
            shrink(&mut widths, room, |i| text(i).then_some(NARROW));
            shrink(&mut widths, room, |i| right[i].then(|| content(&rows, i).max(1)));
            shrink(&mut widths, room, |i| text(i).then_some(NARROWEST));
            for i in (0..head.len()).rev().filter(|&i| right[i]) {
                if widths.iter().sum::<usize>() > room && rows.iter().any(|r| r.get(i).is_some_and(|c| c.contains(DEVIATION))) {
                    left_out = true;
                    for cell in rows.iter_mut().filter_map(|r| r.get_mut(i)) {
                        cell.truncate(cell.find(DEVIATION).unwrap_or(cell.len()));
                    }
                    widths[i] = widths[i].min(content(&rows, i).max(1));
                }
            }
            shrink(&mut widths, room, |i| (i == 0).then_some(NARROWEST));
        }
        let line = |cells: Vec<String>| {
            let mut out = " ".repeat(indent);
            for (i, c) in cells.iter().enumerate() {
                let c = cut(c, widths[i]);
                let pad = " ".repeat(widths[i].saturating_sub(c.width()));
                let gap = if i + 1 < cells.len() { " ".repeat(GAP) } else { String::new() };
                out.push_str(&if right[i] { format!("{pad}{c}{gap}") } else { format!("{c}{pad}{gap}") });
            }
            out.trim_end().to_string() + "\n"
        };
        let mut text = line(head.iter().map(|h| (*h).to_string()).collect());
        text += &line(widths.iter().map(|w| "─".repeat(*w)).collect());
        for row in &rows {
            text += &line((0..head.len()).map(|i| row.get(i).cloned().unwrap_or_default()).collect());
        }
        if left_out {
            text += &cut("(± does not fit: see a wider terminal, a pipe, or `--csv`)", width.unwrap_or(usize::MAX));
            text += "\n";
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

/// A text of at most so many columns, with an ellipsis where it was cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_string();
    }
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken < width
    };
    text.chars().take_while(fits).chain(['…']).collect()
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
        let mut t = Table::new(["row", "a", "b"]);
        t.row(["one".to_string(), "x".repeat(60), "y".repeat(60)]);
        let text = t.render(0, Some(87));
        assert_eq!(text.lines().next_back(), Some(format!("one  {}…  {}…", "x".repeat(39), "y".repeat(39)).as_str()));
    }

    #[test]
    fn no_width_is_too_small() {
        for width in 0..20 {
            assert!(wide().render(0, Some(width)).lines().count() >= 4);
        }
    }

    /// What tells rows apart is never cut as long as something else can go.
    #[test]
    fn deviations_go_before_names() {
        let mut t = Table::new(["  model", ">map50", ">map", ">recall", ">params", ">flops", "other than the reference"]);
        for i in 10..13 {
            let figure = "0.412 ± 0.020";
            t.row([format!("  trials #{i} @20").as_str(), figure, figure, figure, "1.77 M", "41.4 M", "p3/c3.repeats=1 p4.repeats=2"]);
        }
        let text = t.render(0, Some(80));
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
        assert!((10..13).all(|i| text.contains(&format!("trials #{i} @20"))) && text.contains("0.412 ± 0.020"), "{text}");
        assert!(text.contains("`--csv`") && !t.render(0, None).contains("`--csv`"), "{text}");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let mut t = Table::new(["class", ">n"]);
        t.row(["红细胞", "10"]);
        t.row(["blue", "2"]);
        assert_eq!(t.render(0, None), "class    n\n──────  ──\n红细胞  10\nblue     2\n");
        assert_eq!(super::cut("红细胞", 5), "红细…");
    }
}
