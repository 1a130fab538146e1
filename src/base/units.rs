//! Times and sizes as people write them.

use std::time::Duration;

/// Examples of times, for messages.
pub const TIMES: &str = "`90s`, `30m` or `8h`";
/// Examples of sizes, for messages.
pub const SIZES: &str = "`500MB`, `8GB` or `8GiB`";

/// A time such as `90s`, `30m`, `8h`: longer than nothing, shorter than 10,000,000 of its unit.
pub fn time(text: &str) -> Option<Duration> {
    let at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at))?;
    let unit = match &text[at..] {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = text[..at].parse().ok()?;
    (number > 0.0 && number < 1e7).then(|| Duration::from_secs_f64(number * unit))
}

/// A number of bytes such as `500MB` (500,000,000) or `8GiB` (8 × 1,073,741,824); only `0` has no unit, capitals do not matter.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = text.split_at(digits);
    let scale: f64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" if number == "0" => 1.0,
        "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => f64::from(1 << 20),
        "gib" => f64::from(1 << 30),
        "tib" => f64::from(1 << 20) * f64::from(1 << 20),
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    // Up to 2^53 every whole number is exact.
    (number >= 0.0 && number * scale < 9e15).then_some((number * scale).round() as u64)
}

/// A number of bytes for people: `1.5 GB`, `340 MB`, `12 kB`.
pub fn shown(bytes: u64) -> String {
    match bytes {
        b if b >= 1_000_000_000 => format!("{:.1} GB", b as f64 / 1e9),
        b if b >= 1_000_000 => format!("{:.0} MB", b as f64 / 1e6),
        b if b >= 1_000 => format!("{:.0} kB", b as f64 / 1e3),
        b => format!("{b} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(time("1.5m"), Some(Duration::from_secs(90)));
        assert_eq!((time("90s"), time("8h")), (Some(Duration::from_secs(90)), Some(Duration::from_secs(28_800))));
        for wrong in ["", "s", "90", "0s", "-1s", "1e9s", "nanm", "infh", "3d", "5µ", "é"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!((bytes("8GB"), bytes("8 gib"), bytes("1.5kB")), (Some(8_000_000_000), Some(8 << 30), Some(1500)));
        assert_eq!((bytes("0B"), bytes("0"), bytes("2TiB")), (Some(0), Some(0), Some(2 << 40)));
        for wrong in ["", "8", "8G", "GB", "-8GB", "8.8.8GB", "1e3MB", "99999TB", "8 é"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
        assert_eq!(
            (shown(999), shown(1500), shown(340_000_000), shown(1 << 30)),
            ("999 bytes".into(), "2 kB".into(), "340 MB".into(), "1.1 GB".into())
        );
    }
}
