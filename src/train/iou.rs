//! Complete IoU of two boxes with its gradient (Zheng et al. 2020, "Distance-IoU loss"; epsilons as in YOLOv5).

/// Upstream's epsilon.
const EPS: f64 = 1e-7;

/// CIoU of `p` and `t`, both (cx, cy, w, h), and its derivative by `p`. The weight alpha of the aspect term counts as a
/// constant. Where two edges coincide the derivative is shared evenly between them, as PyTorch's minimum and maximum do.
pub fn ciou(p: [f64; 4], t: [f64; 4]) -> (f64, [f64; 4]) {
    let x = axis(p[0], p[2], t[0], t[2]);
    let y = axis(p[1], p[3], t[1], t[3]);
    let inter = x.inter * y.inter;
    let union = p[2] * p[3] + t[2] * t[3] - inter + EPS;
    let iou = inter / union;
    let diagonal = x.hull * x.hull + y.hull * y.hull + EPS;
    let distance = (p[0] - t[0]) * (p[0] - t[0]) + (p[1] - t[1]) * (p[1] - t[1]);

    let k = 4.0 / (std::f64::consts::PI * std::f64::consts::PI);
    let angle = libm::atan2(t[2], t[3]) - libm::atan2(p[2], p[3]);
    let v = k * angle * angle;
    let alpha = v / (v - iou + (1.0 + EPS));

    // Derivatives by the four numbers of p; `inter` and `hull` each depend on one axis.
    let d_inter = [x.d_inter[0] * y.inter, y.d_inter[0] * x.inter, x.d_inter[1] * y.inter, y.d_inter[1] * x.inter];
    let d_area = [0.0, 0.0, p[3], p[2]];
    let d_diagonal = [2.0 * x.hull * x.d_hull[0], 2.0 * y.hull * y.d_hull[0], 2.0 * x.hull * x.d_hull[1], 2.0 * y.hull * y.d_hull[1]];
    let d_distance = [2.0 * (p[0] - t[0]), 2.0 * (p[1] - t[1]), 0.0, 0.0];
    let square = p[2] * p[2] + p[3] * p[3];
    let turn = if square > 0.0 { 2.0 * k * angle / square } else { 0.0 };
    let d_v = [0.0, 0.0, -turn * p[3], turn * p[2]];

    let mut gradient = [0.0; 4];
    for i in 0..4 {
        let d_iou = (d_inter[i] * union - inter * (d_area[i] - d_inter[i])) / (union * union);
        let d_penalty = (d_distance[i] * diagonal - distance * d_diagonal[i]) / (diagonal * diagonal);
        gradient[i] = d_iou - d_penalty - alpha * d_v[i];
    }
    (iou - (distance / diagonal + v * alpha), gradient)
}

/// One axis: overlap (at least zero) and hull of two intervals; derivatives by the first one's centre and length.
struct Axis {
    inter: f64,
    d_inter: [f64; 2],
    hull: f64,
    d_hull: [f64; 2],
}

fn axis(pc: f64, pl: f64, tc: f64, tl: f64) -> Axis {
    let (p1, p2) = (pc - pl / 2.0, pc + pl / 2.0);
    let (t1, t2) = (tc - tl / 2.0, tc + tl / 2.0);
    // How much of p's edge the inner (outer) edge is: 1, 0, or a half where they coincide.
    let inner_high = share(p2 < t2, p2 == t2);
    let inner_low = share(p1 > t1, p1 == t1);
    let outer_high = share(p2 > t2, p2 == t2);
    let outer_low = share(p1 < t1, p1 == t1);
    let overlap = p2.min(t2) - p1.max(t1);
    let touches = if overlap >= 0.0 { 1.0 } else { 0.0 };
    Axis {
        inter: if overlap < 0.0 { 0.0 } else { overlap },
        d_inter: [touches * (inner_high - inner_low), touches * 0.5 * (inner_high + inner_low)],
        hull: p2.max(t2) - p1.min(t1),
        d_hull: [outer_high - outer_low, 0.5 * (outer_high + outer_low)],
    }
}

fn share(all: bool, half: bool) -> f64 {
    if all {
        1.0
    } else if half {
        0.5
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    /// Figures of a run of upstream's own code.
    #[test]
    fn golden() {
        let pairs = [
            ([10.0, 10.0, 4.0, 6.0], [11.0, 9.0, 5.0, 4.0], 0.433891),
            ([0.0, 0.0, 2.0, 2.0], [3.0, 3.0, 2.0, 2.0], -0.36),
            ([5.0, 5.0, 10.0, 1.0], [5.0, 5.0, 1.0, 10.0], -0.2872596),
        ];
        for (a, b, want) in pairs {
            assert!((ciou(a, b).0 - want).abs() < 1e-6, "{a:?} {b:?}: {}", ciou(a, b).0);
        }
    }

    /// CIoU with alpha held at its value in `at`.
    fn frozen(p: [f64; 4], t: [f64; 4], at: [f64; 4]) -> f64 {
        let k = 4.0 / (std::f64::consts::PI * std::f64::consts::PI);
        let v = |p: [f64; 4]| k * (libm::atan(t[2] / t[3]) - libm::atan(p[2] / p[3])).powi(2);
        let iou = |p: [f64; 4]| {
            let side = |i: usize| {
                ((p[i] + p[i + 2] / 2.0).min(t[i] + t[i + 2] / 2.0) - (p[i] - p[i + 2] / 2.0).max(t[i] - t[i + 2] / 2.0)).max(0.0)
            };
            let inter = side(0) * side(1);
            inter / (p[2] * p[3] + t[2] * t[3] - inter + EPS)
        };
        let hull = |i: usize| (p[i] + p[i + 2] / 2.0).max(t[i] + t[i + 2] / 2.0) - (p[i] - p[i + 2] / 2.0).min(t[i] - t[i + 2] / 2.0);
        let alpha = v(at) / (v(at) - iou(at) + 1.0 + EPS);
        let distance = (p[0] - t[0]).powi(2) + (p[1] - t[1]).powi(2);
        iou(p) - distance / (hull(0).powi(2) + hull(1).powi(2) + EPS) - alpha * v(p)
    }

    #[test]
    fn gradient_by_finite_differences() {
        let mut r = Random::at(1, "iou", &[]);
        for _ in 0..500 {
            let mut draw = |low, high| [r.range(low, high), r.range(low, high), r.range(0.2, 5.0), r.range(0.2, 5.0)];
            let (p, t) = (draw(-1.5, 1.5), draw(-1.5, 1.5));
            let (value, gradient) = ciou(p, t);
            assert!((value - frozen(p, t, p)).abs() < 1e-12);
            for i in 0..4 {
                let step = 1e-6;
                let (mut up, mut down) = (p, p);
                up[i] += step;
                down[i] -= step;
                let slope = (frozen(up, t, p) - frozen(down, t, p)) / (2.0 * step);
                assert!((slope - gradient[i]).abs() < 1e-5 * (1.0 + slope.abs()), "{p:?} {t:?} {i}: {slope} {}", gradient[i]);
            }
        }
    }

    #[test]
    fn degenerate_boxes_stay_finite() {
        for p in [[0.0; 4], [1.0, 1.0, 0.0, 2.0], [1.0, 1.0, 2.0, 0.0], [0.5, 0.5, 1e-300, 1e-300]] {
            let (value, gradient) = ciou(p, [0.5, 0.5, 1.0, 2.0]);
            assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "{p:?}: {value} {gradient:?}");
        }
    }
}
