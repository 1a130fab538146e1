//! Numbers as text.

/// So many decimals; what rounds to nothing has no sign.
pub fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| matches!(b, b'0' | b'.')) => rest.to_string(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::fixed;

    #[test]
    fn nothing_has_no_sign() {
        assert_eq!((fixed(-0.0, 3), fixed(-0.0004, 3), fixed(-0.0005001, 3)), ("0.000".into(), "0.000".into(), "-0.001".into()));
        assert_eq!((fixed(0.25, 1), fixed(f64::NAN, 3), fixed(f64::NEG_INFINITY, 3)), ("0.2".into(), "NaN".into(), "-inf".into()));
        assert_eq!(fixed(-0.0, 0), "0");
    }
}
