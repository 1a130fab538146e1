//! Counts as people read them.

/// `1,872,157`
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 image`, `1,204 images`, `2 classes`: a count with its noun.
pub fn counted(n: usize, noun: &str) -> String {
    let ending = match noun {
        _ if n == 1 => "",
        _ if noun.ends_with(['s', 'x']) => "es",
        _ => "s",
    };
    format!("{} {noun}{ending}", grouped(n as u64))
}

/// A text without its numbers: reasons that differ in those alone are alike.
pub fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_well() {
        assert_eq!(grouped(1_872_157), "1,872,157");
        assert_eq!(grouped(12), "12");
        assert_eq!([1, 2, 1204].map(|n| counted(n, "image")), ["1 image", "2 images", "1,204 images"]);
        assert_eq!(without_numbers("loss NaN at iteration 1017"), without_numbers("loss NaN at iteration 3"));
        assert_ne!(without_numbers("killed"), without_numbers("timed out"));
        assert_eq!([counted(2, "class"), counted(0, "box")], ["2 classes", "0 boxes"]);
    }
}
