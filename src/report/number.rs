//! Numbers as people read them.

use crate::plan::Figure;

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

/// `4.47 G`, `17.2 M`, `950 k`: three significant digits with a decimal prefix.
pub fn si(value: f64) -> String {
    for (limit, unit) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if value.abs() >= limit {
            let scaled = value / limit;
            let decimals = if scaled.abs() >= 100.0 {
                0
            } else if scaled.abs() >= 10.0 {
                1
            } else {
                2
            };
            return format!("{scaled:.decimals$} {unit}");
        }
    }
    format!("{value:.0}")
}

/// `3 s`, `2 min 5 s`, `1 h 4 min`
pub fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0 => format!("{seconds:.1} s"),
        1..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

/// A metric's figure: counts grouped, costs with a prefix, shares with three decimals; `± deviation` over seeds.
pub fn figure(metric: &str, figure: &Figure) -> String {
    let mean = match metric {
        "params" | "flops" | "macs" => si(figure.mean()),
        _ => format!("{:.3}", figure.mean()),
    };
    match figure.deviation() {
        Some(d) if !matches!(metric, "params" | "flops" | "macs") => format!("{mean} ± {d:.3}"),
        _ => mean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_well() {
        assert_eq!(grouped(1_872_157), "1,872,157");
        assert_eq!(grouped(12), "12");
        assert_eq!(si(4.468e9), "4.47 G");
        assert_eq!(si(950.0), "950");
        assert_eq!(duration(125.2), "2 min 5 s");
        assert_eq!(duration(0.21), "0.2 s");
        assert_eq!(figure("map50", &Figure { values: vec![0.5, 0.6] }), "0.550 ± 0.071");
    }
}
