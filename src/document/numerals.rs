//! Words that begin like numbers: which of them are, and what was meant by the others.

use super::shorten::shorten;

/// What to say of a word that is no number: the label at its place, and what to write.
pub fn advice(written: &str) -> (&'static str, String) {
    let shown = shorten(written);
    let quote = format!("write a number, or quote the text: `\"{shown}\"`");
    if let Some(rest) = written.strip_prefix('.').or(written.strip_prefix("-.")).filter(|r| digits(r)) {
        let sign = if written.starts_with('-') { "-" } else { "" };
        return ("a digit expected before the point", format!("write `{sign}0.{rest}`"));
    }
    if let Some((a, b)) = written.split_once("..") {
        let numbers = number(a).is_some() && number(b).is_some();
        return (
            "no range",
            if numbers { format!("several values are a choice: write `{a} {b}`, or bounds as `min={a} max={b}`") } else { quote },
        );
    }
    if let Some((a, b)) = written.split_once(',').filter(|(a, b)| digits(a) && digits(b)) {
        return ("a number has a point", format!("write `{a}.{b}`, or `{a} {b}` if two values are meant"));
    }
    if let Some(a) = written.strip_suffix(',').filter(|a| number(a).is_some()) {
        return ("no comma here", format!("values are separated by spaces: write `{a}`"));
    }
    if let Some(share) = written.strip_suffix('%').and_then(number) {
        return ("no percentages", format!("write `{}`", share / 100.0));
    }
    if let Some((a, b)) = written.split_once('x').filter(|(a, b)| digits(a) && digits(b)) {
        let sides = format!("`kernel-h={a} kernel-w={b}`");
        return ("one number expected", if a == b { format!("write `{a}`; for unequal sides {sides}") } else { format!("write {sides}") });
    }
    if let Some(a) = written.strip_suffix('x').filter(|a| number(a).is_some()) {
        return ("not a number", format!("write `{a}`"));
    }
    if written.ends_with('.') && digits(written.trim_end_matches('.')) {
        return ("a digit expected behind the point", format!("write `{shown}0`"));
    }
    ("not a number", quote)
}

/// Whether a bare word begins as a number does.
pub fn looks_numeric(written: &str) -> bool {
    let rest = written.strip_prefix(['+', '-']).unwrap_or(written);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    rest.starts_with(|c: char| c.is_ascii_digit())
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The value of a KDL number in base ten; hexadecimal, octal and binary count as zero. None where KDL refuses it.
pub fn number(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2), ("0X", 16), ("0O", 8), ("0B", 2)] {
        if let Some(rest) = body.strip_prefix(prefix) {
            let fine = rest.starts_with(|c: char| c.is_digit(radix)) && rest.chars().all(|c| c == '_' || c.is_digit(radix));
            return fine.then_some(0.0);
        }
    }
    let part = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (mantissa, exponent) = body.split_once(['e', 'E']).map_or((body, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let exponent_fine = exponent.is_none_or(|e| part(e.strip_prefix(['+', '-']).unwrap_or(e)));
    (part(whole) && fraction.is_none_or(part) && exponent_fine).then(|| text.replace('_', "").parse().unwrap_or(0.0))
}
