//! Sizes as people write and read them.

use super::failure::Failure;

/// `182.4 MB`: three digits or four, with a decimal prefix.
pub fn shown(bytes: u64) -> String {
    let value = bytes as f64;
    for (limit, unit) in [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")] {
        if value >= limit {
            return format!("{:.1} {unit}", value / limit);
        }
    }
    format!("{bytes} B")
}

/// A size such as `500MB`, `2GiB`, `40 kB`, `0`.
pub fn size(text: &str) -> Result<u64, Failure> {
    let wrong = || Failure::Message(format!("`{text}` is no size: write `500MB`, `2GB` or `0`"));
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| wrong())?;
    let unit = match text[end..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        "tib" => 1_099_511_627_776.0,
        _ => return Err(wrong()),
    };
    let bytes = number * unit;
    if bytes.is_finite() && bytes < 1e18 { Ok(bytes.round() as u64) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [("0", 0), ("500MB", 500_000_000), ("2 GiB", 2 << 30), ("1.5k", 1500), ("7b", 7), ("40mb", 40_000_000)] {
            assert_eq!(size(text).ok(), Some(bytes), "{text}");
        }
        for text in ["", "MB", "1XB", "-1", "1e9", "1..2MB", "99999999TB", "∞"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!([shown(7), shown(1234), shown(182_440_000)], ["7 B", "1.2 kB", "182.4 MB"]);
    }
}
