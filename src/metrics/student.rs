//! Student's t distribution: how far a mean of few values may lie from the truth.

/// The point below which `share` of the distribution lies, for `freedom` degrees of freedom (they need not be whole; at least 0.5).
/// NaN where `share` is not within 0 and 1.
pub fn quantile(share: f64, freedom: f64) -> f64 {
    if !(share > 0.0 && share < 1.0 && freedom > 0.0) {
        return f64::NAN;
    }
    if share < 0.5 {
        return -quantile(1.0 - share, freedom);
    }
    let mut high = 1.0;
    while below(high, freedom) < share && high < 1e9 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if below(middle, freedom) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// The share of the distribution below `t`, which is not negative.
fn below(t: f64, freedom: f64) -> f64 {
    1.0 - beta(freedom / (freedom + t * t), freedom / 2.0, 0.5) / 2.0
}

/// The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8) on the side where that
/// converges.
fn beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let scale = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x);
    if x < (a + 1.0) / (a + b + 2.0) {
        libm::exp(scale) * fraction(x, a, b) / a
    } else {
        1.0 - libm::exp(scale) * fraction(1.0 - x, b, a) / b
    }
}

/// Lentz's way to work a continued fraction out.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let sound = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / sound(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = value;
        for term in [even, odd] {
            d = 1.0 / sound(1.0 + term * d);
            c = sound(1.0 + term / c);
            value *= c * d;
        }
        if (value - before).abs() < 1e-15 * value.abs() {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_printed_tables() {
        let table = [(1.0, 12.7062), (2.0, 4.30265), (3.0, 3.18245), (4.0, 2.77645), (10.0, 2.22814), (100.0, 1.98397), (1e6, 1.95997)];
        for (freedom, t) in table {
            assert!((quantile(0.975, freedom) / t - 1.0).abs() < 1e-5, "{freedom}: {}", quantile(0.975, freedom));
            assert!((quantile(0.025, freedom) / -t - 1.0).abs() < 1e-5);
        }
        // One degree of freedom is Cauchy's: tan(π (p − ½)).
        for share in [0.6, 0.9, 0.999] {
            let exact = libm::tan(std::f64::consts::PI * (share - 0.5));
            assert!((quantile(share, 1.0) / exact - 1.0).abs() < 1e-9);
        }
        // Two have √2 q ÷ √(1 − q²), with q = 2p − 1; between whole numbers it lies between them.
        let q: f64 = 2.0 * 0.95 - 1.0;
        assert!((quantile(0.95, 2.0) - std::f64::consts::SQRT_2 * q / libm::sqrt(1.0 - q * q)).abs() < 1e-9);
        assert!((quantile(0.975, 1.5) - 6.0).abs() < 1.0);
        assert!(quantile(0.5, 3.0).abs() < 1e-9);
        assert!(quantile(1.0, 3.0).is_nan() && quantile(0.5, 0.0).is_nan());
    }
}
