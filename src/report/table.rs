//! Plain text tables: a header, a rule, right-aligned numbers.

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

    /// The text, every line indented by `indent` spaces, without trailing spaces.
    pub fn render(&self, indent: usize) -> String {
        let right: Vec<bool> = self.head.iter().map(|h| h.starts_with('>')).collect();
        let head: Vec<&str> = self.head.iter().map(|h| h.trim_start_matches('>')).collect();
        let cell = |row: &[String], i: usize| row.get(i).cloned().unwrap_or_default();
        let widths: Vec<usize> = head
            .iter()
            .enumerate()
            .map(|(i, h)| self.rows.iter().map(|r| cell(r, i).chars().count()).max().unwrap_or(0).max(h.chars().count()))
            .collect();
        let line = |cells: Vec<String>| {
            let mut out = " ".repeat(indent);
            for (i, c) in cells.iter().enumerate() {
                let pad = " ".repeat(widths[i].saturating_sub(c.chars().count()));
                let gap = if i + 1 < cells.len() { "  " } else { "" };
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

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up() {
        let mut t = Table::new(["name", ">n"]);
        t.row(["a", "10"]);
        t.row(["longer", "2"]);
        assert_eq!(t.render(0), "name     n\n──────  ──\na       10\nlonger   2\n");
    }
}
