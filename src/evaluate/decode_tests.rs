//! The formula by hand, upstream's order of rows, and that the short cuts leave nothing out.

use super::*;
use crate::base::Random;

fn head(classes: usize, cells: &[(usize, usize, f32)]) -> DetectHead {
    let level = |&(h, w, stride): &(usize, usize, f32)| Level {
        shape: Shape { h, w, c: 3 * (5 + classes) },
        stride,
        anchors: vec![(10.0, 13.0), (16.0, 30.0), (33.0, 23.0)],
    };
    DetectHead { classes, levels: cells.iter().map(level).collect() }
}

const ALL: NmsOptions = NmsOptions { confidence: 0.001, iou: 1.0, max_detections: 100_000, multi_label: true };

#[test]
fn zeros_are_a_cell_centre_with_the_anchor_itself() {
    let head = head(1, &[(2, 3, 8.0)]);
    let mut output = vec![0.0; 2 * 3 * 18];
    output.chunks_exact_mut(6).for_each(|row| row[4] = -20.0);
    // Row 1, column 2, anchor 1; the class and the box at logit 0.
    output[(3 + 2) * 18 + 6 + 4] = 20.0;
    let found = head.detect(&[&output], ALL).unwrap();
    let [one] = found[..] else { panic!("{found:?}") };
    // Centre (1 + 2 − ½)·8 = 20, (1 + 1 − ½)·8 = 12; size 16 × 30.
    assert_eq!([one.x1, one.y1, one.x2, one.y2], [12.0, -3.0, 28.0, 27.0]);
    assert!((one.score - 0.5).abs() < 1e-6);
}

#[test]
fn sizes_and_offsets_follow_the_formula() {
    let head = head(1, &[(1, 1, 32.0)]);
    let mut output = vec![-20.0; 18];
    output[..6].copy_from_slice(&[1.0, -1.0, 2.0, -2.0, 20.0, 20.0]);
    let one = head.detect(&[&output], ALL).unwrap()[0];
    let s = |x: f32| 1.0 / (1.0 + (-x).exp());
    let (x, y) = ((2.0 * s(1.0) - 0.5) * 32.0, (2.0 * s(-1.0) - 0.5) * 32.0);
    let (w, h) = ((2.0 * s(2.0)).powi(2) * 10.0, (2.0 * s(-2.0)).powi(2) * 13.0);
    for (got, expected) in [one.x1, one.y1, one.x2, one.y2].into_iter().zip([x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0]) {
        assert!((got - expected).abs() < 1e-4, "{got} {expected}");
    }
}

#[test]
fn equal_scores_come_by_level_then_anchor_then_row() {
    let head = head(1, &[(2, 2, 8.0), (1, 1, 16.0)]);
    let (fine, coarse) = (vec![0.0; 4 * 18], vec![0.0; 18]);
    let found = head.detect(&[&fine, &coarse], ALL).unwrap();
    assert_eq!(found.len(), 15);
    let widths: Vec<f32> = found.iter().map(|d| d.x2 - d.x1).collect();
    assert_eq!(widths[..5], [10.0, 10.0, 10.0, 10.0, 16.0]);
    assert_eq!(widths[12..], [10.0, 16.0, 33.0]);
    let lefts: Vec<f32> = found[..4].iter().map(|d| d.x1 + 5.0).collect();
    assert_eq!(lefts, [4.0, 12.0, 4.0, 12.0]);
    assert_eq!(found[2].y1 + 6.5, 12.0);
}

#[test]
fn the_short_cuts_leave_nothing_out() {
    // Against every row and class, unfiltered, at several confidences; logits up to ±30 and values just at the limits.
    let head = head(5, &[(6, 5, 8.0)]);
    for (seed, confidence) in [(1, 0.001f32), (2, 0.25), (3, 0.9), (4, 0.999_999), (5, 0.0), (6, 1e-30)] {
        let mut r = Random::at(seed, "decode", &[]);
        let edge = f64::from(confidence / (1.0 - confidence)).max(1e-30);
        let mut value = || if r.below(4) == 0 { (libm::log(edge) + r.normal() * 1e-6) as f32 } else { (r.normal() * 10.0) as f32 };
        let output: Vec<f32> = (0..6 * 5 * 30).map(|_| value()).collect();
        for multi_label in [true, false] {
            let options = NmsOptions { confidence, multi_label, ..ALL };
            let mut slow = Collector::new(options);
            for a in 0..3 {
                for (cell, values) in output.chunks_exact(30).enumerate() {
                    let row = &values[a * 10..a * 10 + 10];
                    let (aw, ah) = head.levels[0].anchors[a];
                    let s = |i: usize| sigmoid(row[i]);
                    let centre = |i: usize, g: usize| (2.0 * s(i) + g as f32 - 0.5) * 8.0;
                    let xywh = [centre(0, cell % 5), centre(1, cell / 5), 2.0 * s(2) * (2.0 * s(2)) * aw, 2.0 * s(3) * (2.0 * s(3)) * ah];
                    slow.row(xywh, s(4), (0..5u16).map(|c| (c, s(5 + usize::from(c)))));
                }
            }
            assert_eq!(head.detect(&[&output], options).unwrap(), slow.finish(), "confidence {confidence}");
        }
    }
}

#[test]
fn hostile_outputs_do_not_fail() {
    let head = head(2, &[(2, 2, 8.0)]);
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
        for d in head.detect(&[&[value; 84]], ALL).unwrap() {
            assert!(d.x1.is_finite() && d.score <= 1.0);
        }
    }
    assert!(head.detect(&[&[0.0; 83]], ALL).is_err());
    assert!(head.detect(&[], ALL).is_err());
}
