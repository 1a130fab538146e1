//! Long lines of prose, broken for a terminal.

/// The text with lines of at most `width` characters, broken at spaces and continued under their beginning; whole without a
/// width. A word that is longer stays whole.
pub fn wrapped(text: &str, width: Option<usize>) -> String {
    let Some(width) = width.filter(|w| *w > 20) else { return text.to_string() };
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if bare.chars().count() <= width {
            out.push_str(line);
            continue;
        }
        let leading = bare.chars().take_while(|c| *c == ' ').count();
        let mut column = 0;
        for word in bare.trim_start().split(' ') {
            let length = word.chars().count();
            if column == 0 || column + 1 + length > width {
                let indent = if column == 0 { leading } else { leading + 2 };
                out.push_str(if column == 0 { "" } else { "\n" });
                out.push_str(&" ".repeat(indent));
                column = indent;
            } else {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out.push_str(&line[bare.len()..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn prose_is_broken_at_spaces_and_short_lines_stay() {
        let text = "short   as it is\n  one two three four five six\n";
        assert_eq!(wrapped(text, Some(21)), "short   as it is\n  one two three four\n    five six\n");
        assert_eq!(wrapped(text, None), text);
        assert_eq!(wrapped(&"x".repeat(30), Some(21)), "x".repeat(30));
    }
}
