//! Numbers as people read them.

use crate::base::fixed;
use crate::document::{Metric, Unit};
use crate::plan::Figure;

pub use crate::base::{counted, grouped};

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

/// A value in its metric's unit: counts with a prefix, shares with three decimals.
pub fn value(metric: &Metric, value: f64) -> String {
    match metric.unit() {
        Unit::Count => si(value),
        Unit::Bytes => format!("{}B", si(value)),
        Unit::Share | Unit::Nats => fixed(value, 3),
        Unit::Milliseconds => format!("{} ms", fixed(value, 1)),
        Unit::PerSecond => format!("{} /s", fixed(value, 0)),
        Unit::Number if value.abs() >= 1000.0 => si(value),
        Unit::Number => fixed(value, 3),
    }
}

/// A metric's figure; `± deviation` over seeds.
pub fn figure(metric: &Metric, figure: &Figure) -> String {
    let mean = value(metric, figure.mean());
    match figure.deviation() {
        Some(d) if metric.unit() != Unit::Count => format!("{mean} ± {}", value(metric, d)),
        _ => mean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::words::mean_average_precision::MAP50;
    use crate::space::costs::FLOPS;

    #[test]
    fn reads_well() {
        assert_eq!(si(4.468e9), "4.47 G");
        assert_eq!(si(950.0), "950");
        assert_eq!(duration(125.2), "2 min 5 s");
        assert_eq!(duration(0.21), "0.2 s");
        let figure = |metric: Metric, values: &[f64]| figure(&metric, &Figure::of(values.to_vec()));
        assert_eq!(figure(MAP50.metric(), &[0.5, 0.6]), "0.550 ± 0.071");
        assert_eq!(figure(MAP50.metric(), &[-0.0]), "0.000");
        assert_eq!(figure(MAP50.metric(), &[]), "NaN");
        assert_eq!(figure(crate::language().metric("latency").expect("a metric"), &[2.0, 2.5]), "2.2 ms ± 0.4 ms");
        assert_eq!(figure(FLOPS.metric(), &[4.468e9, 4.468e9]), "4.47 G");
    }
}
