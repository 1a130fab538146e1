//! Values as KDL 2 writes them.

/// A string in quotes, whatever is in it: nothing can end it, and nothing in it is invisible.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if plain(c) => out.push(c),
            c => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// What may follow `//`: one line, nothing invisible.
pub fn comment(text: &str) -> String {
    text.chars().map(|c| if plain(c) { c } else { ' ' }).collect()
}

/// Whether a character is itself in a file that people read: no control, no line break, no mark that turns the direction of text.
fn plain(c: char) -> bool {
    !(c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
}

/// A number, which is finite. Whole ones have no point.
pub fn number(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        size if !(1e-4..1e15).contains(&size) => format!("{x:e}"),
        _ => x.to_string(),
    }
}

/// Lines inside a block, with what stands behind `//` in one column.
pub fn aligned(lines: &[(String, String)]) -> String {
    /// Longer lines stand out of the column.
    const WIDEST: usize = 72;
    let column = lines.iter().filter(|(_, note)| !note.is_empty()).map(|(line, _)| line.chars().count().min(WIDEST)).max().unwrap_or(0);
    let one = |(line, note): &(String, String)| match note.as_str() {
        "" => format!("    {line}\n"),
        note => format!("    {line}{}   // {note}\n", " ".repeat(column.saturating_sub(line.chars().count()))),
    };
    lines.iter().map(one).collect()
}

/// The number of fewest decimals, at or near `ratio`, for which `fits` holds: the ratio itself where that is short. None where none does.
pub fn shortest(ratio: f64, fits: impl Fn(f64) -> bool) -> Option<f64> {
    let rounded = |digits: i32| {
        let scale = 10f64.powi(digits);
        (ratio * scale).round() / scale
    };
    let exact = (0..=4).map(rounded).filter(|x| *x == ratio);
    let near = [ratio, ratio.next_up(), ratio + 1e-12, ratio * (1.0 + 1e-6)];
    exact.chain((0..=9).map(rounded)).chain(near).find(|x| *x > 0.0 && fits(*x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kdl::KdlDocument;

    #[test]
    fn every_string_is_read_back() {
        for text in ["", "a\"b\\c", "line\nbreak\r\t", "\u{202e}x\u{2028}y\u{0}", "é 红 🦀", "/*", "//", "#true", "{;}"] {
            let read = KdlDocument::parse_v2(&format!("n {}", quoted(text))).unwrap_or_else(|e| panic!("{text:?}: {e:?}"));
            assert_eq!(read.nodes()[0].entries()[0].value().as_string(), Some(text));
            assert!(!comment(text).contains(['\n', '\r', '\u{2028}', '\u{202e}', '\0']), "{text:?}");
        }
    }

    #[test]
    fn every_number_is_read_back() {
        for x in [0.0, 1.0, 0.1 + 0.2, 1e-9, 5e-4, 1e300, -2.5, 64.0, 0.002] {
            let read = KdlDocument::parse_v2(&format!("n {}", number(x))).unwrap_or_else(|e| panic!("{x}: {e:?}"));
            let value = read.nodes()[0].entries()[0].value();
            assert_eq!(value.as_float().or(value.as_integer().map(|i| i as f64)), Some(x), "{}", number(x));
        }
    }

    #[test]
    fn ratios_are_as_short_as_they_may_be() {
        let hidden = |c: usize, h: usize| shortest(h as f64 / c as f64, |e| (c as f64 * e) as usize == h);
        assert_eq!((hidden(64, 32), hidden(64, 48), hidden(8, 6)), (Some(0.5), Some(0.75), Some(0.75)));
        for c in 1..=300 {
            for h in 1..=c * 2 {
                assert!(hidden(c, h).is_some_and(|e| (c as f64 * e) as usize == h), "{h} of {c}");
            }
        }
    }
}
