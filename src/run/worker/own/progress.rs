//! The lines of JSON that a trainer says on its way.

use crate::results::Epoch;
use serde_json::Value;

/// What a line says.
#[derive(Debug, PartialEq)]
pub enum Progress {
    /// An epoch is done.
    Epoch(Epoch),
    /// The training is worth nothing: why.
    Diverged(String),
    /// Nothing for nasflow.
    Other,
}

/// Reads a line. `{"epoch": 3, "loss": 0.7}`, with `box`, `obj` and `cls` in place of `loss` where there are three; `{"diverged": "why"}`.
/// Python writes numbers that are none as `NaN` and `Infinity`, which is no JSON: such a loss has diverged.
pub fn read(line: &str) -> Progress {
    let line = line.trim();
    if !line.starts_with('{') || !line.ends_with('}') {
        return Progress::Other;
    }
    let parsed = serde_json::from_str::<Value>(line).or_else(|_| serde_json::from_str(&without_odd_numbers(line)));
    let Ok(Value::Object(said)) = parsed else { return Progress::Other };
    if let Some(why) = said.get("diverged") {
        let why = why.as_str().map_or_else(|| why.to_string(), str::to_string);
        return Progress::Diverged(crate::document::plain(&why).chars().take(300).collect());
    }
    let Some(epoch) = said.get("epoch").and_then(Value::as_u64).and_then(|e| usize::try_from(e).ok()) else { return Progress::Other };
    let part = |name: &str| said.get(name).map(|v| v.as_f64().unwrap_or(f64::NAN));
    let of = |name: &str| part(name).unwrap_or(0.0);
    let epoch = match part("loss") {
        Some(loss) if part("cls").is_none() => Epoch { epoch, r#box: of("box"), obj: of("obj"), cls: loss - of("box") - of("obj") },
        Some(loss) if !loss.is_finite() => Epoch { epoch, r#box: loss, obj: 0.0, cls: 0.0 },
        Some(_) | None => Epoch { epoch, r#box: of("box"), obj: of("obj"), cls: of("cls") },
    };
    Progress::Epoch(epoch)
}

/// `NaN`, `Infinity` and `-Infinity` as `null`, outside of texts.
fn without_odd_numbers(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let (mut rest, mut quoted) = (line, false);
    while let Some(c) = rest.chars().next() {
        let odd = ["-Infinity", "Infinity", "NaN"].into_iter().find(|odd| !quoted && rest.starts_with(odd));
        if let Some(odd) = odd {
            out.push_str("null");
            rest = &rest[odd.len()..];
            continue;
        }
        let taken = match c {
            '\\' if quoted => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            c => c.len_utf8(),
        };
        quoted ^= c == '"';
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_how_far_it_is() {
        let epoch = |r#box: f64, obj: f64, cls: f64| Progress::Epoch(Epoch { epoch: 2, r#box, obj, cls });
        for (line, wanted) in [
            (r#"{"epoch": 2, "loss": 0.5}"#, epoch(0.0, 0.0, 0.5)),
            (r#"{"epoch": 2, "loss": 9, "box": 1, "obj": 2, "cls": 3, "map50": 0.1}"#, epoch(1.0, 2.0, 3.0)),
            (r#"{"epoch": 2}"#, epoch(0.0, 0.0, 0.0)),
            (r#"{"diverged": "loss \"NaN\""}"#, Progress::Diverged("loss \"NaN\"".into())),
            ("epoch 2", Progress::Other),
            ("{\"epoch\": -1}", Progress::Other),
            ("{\"a\": \"\\", Progress::Other),
            ("{\\}", Progress::Other),
            ("{", Progress::Other),
            ("[2]", Progress::Other),
        ] {
            assert_eq!(read(line), wanted, "{line}");
        }
        for line in
            [r#"{"epoch": 2, "loss": NaN}"#, r#"{"note": "\"NaN", "epoch": 2, "loss": -Infinity}"#, r#"{"epoch":2,"loss":null,"cls":1}"#]
        {
            let Progress::Epoch(epoch) = read(line) else { panic!("{line}") };
            assert!(!epoch.total().is_finite(), "{line}");
        }
        assert_eq!(without_odd_numbers(r#"{"NaN \" NaN": NaN, "é": 1}"#), r#"{"NaN \" NaN": null, "é": 1}"#);
    }
}
