//! What differs between a text and its formatted form, as `diff -u` shows it. Formatting only changes lines and takes empty ones away, so
//! lines are held against each other in one pass.

use std::fmt::Write as _;

/// Lines around a change.
const AROUND: usize = 3;

/// `-` and `+` lines in their places; nothing where the texts are the same.
pub fn unified(name: &str, old: &str, new: &str) -> String {
    let rows = rows(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let mut out = String::new();
    let mut at = 0;
    while let Some(first) = rows[at..].iter().position(|r| r.0 != ' ').map(|i| at + i) {
        let start = first.saturating_sub(AROUND).max(at);
        // A gap of more than twice the context ends a hunk.
        let mut end = first + 1;
        while let Some(next) = rows[end..].iter().take(2 * AROUND + 1).position(|r| r.0 != ' ') {
            end += next + 1;
        }
        let stop = (end + AROUND).min(rows.len());
        if out.is_empty() {
            let _ = writeln!(out, "--- {name}\n+++ {name}, formatted");
        }
        let count = |rows: &[(char, &str)], skip: char| rows.iter().filter(|r| r.0 != skip).count();
        let (before, hunk) = (&rows[..start], &rows[start..stop]);
        let place = |skip| (count(before, skip) + 1, count(hunk, skip));
        let ((a, n), (b, m)) = (place('+'), place('-'));
        let _ = writeln!(out, "@@ -{a},{n} +{b},{m} @@");
        for (sign, line) in hunk {
            let _ = writeln!(out, "{sign}{line}");
        }
        at = stop;
    }
    if out.is_empty() && old != new {
        let _ = writeln!(out, "--- {name}\n+++ {name}, formatted\n(only the ends of lines differ)");
    }
    out
}

fn rows<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(char, &'t str)> {
    let mut rows = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b => {
                rows.push((' ', *a));
                (i, j) = (i + 1, j + 1);
            }
            // An empty line that went.
            (Some(a), b) if a.trim().is_empty() && b.is_none_or(|b| !b.is_empty()) => {
                rows.push(('-', *a));
                i += 1;
            }
            (a, b) => {
                rows.extend(a.map(|a| ('-', *a)));
                rows.extend(b.map(|b| ('+', *b)));
                (i, j) = (i + usize::from(a.is_some()), j + usize::from(b.is_some()));
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn what_differs_is_shown_in_its_place() {
        assert_eq!(unified("p", "a\nb\n", "a\nb\n"), "");
        assert_eq!(
            unified("p", "a\n\n\nb  1\nc\n", "a\n\nb 1\nc\n"),
            "--- p\n+++ p, formatted\n@@ -1,5 +1,4 @@\n a\n \n-\n-b  1\n+b 1\n c\n"
        );
        let long: String = (0..30).map(|i| format!("l{i}\n")).collect();
        let other = long.replace("l2\n", "L2\n").replace("l25\n", "L25\n");
        let shown = unified("p", &long, &other);
        assert_eq!(shown.matches("@@ -").count(), 2, "{shown}");
        assert!(shown.contains("@@ -23,7 +23,7 @@"), "{shown}");
        assert!(unified("p", "a\r\n", "a\n").contains("only the ends of lines differ"));
    }
}
