//! Which detections of an image are true, at each of the ten IoU thresholds: YOLOv5's way and COCO's.
//!
//! They differ where detections compete for a box. YOLOv5 (`process_batch`, v7.0): a detection chooses the box with the
//! highest IoU, taken or not; a box keeps the highest-scored detection that chose it; the rest are false. COCO
//! (`COCOeval.evaluateImg`): detections in score order each take the best box that is still free.

use super::{Detection, TruthBox, score_order};

/// Number of IoU thresholds: .50, .55, … .95.
pub const LEVELS: usize = 10;

/// Detections that COCO reads of one class in one image (`maxDets`).
pub const COCO_MAX_DETECTIONS: usize = 100;

/// One detection at the ten thresholds: bit `t` is set where it is true at IoU .50 + .05·t.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Hits(pub u16);

impl Hits {
    /// Whether it is true at threshold `t`.
    pub fn at(self, t: usize) -> bool {
        self.0 >> t & 1 == 1
    }
    fn set(&mut self, t: usize) {
        self.0 |= 1 << t;
    }
}

/// YOLOv5's matching. One entry a detection, in the order of `detections`.
///
/// IoU is of single precision with 1e-7 added to the union, as upstream's. Equal IoUs choose the last box, as upstream's
/// reversed sort does. Boxes that are not numbers match nothing.
pub fn yolov5(truth: &[TruthBox], detections: &[Detection]) -> Vec<Hits> {
    let mut hits = vec![Hits::default(); detections.len()];
    let mut taken = vec![Hits::default(); truth.len()];
    for d in score_order(detections) {
        let detection = &detections[d];
        let mut best: Option<(usize, f32)> = None;
        for (g, truth) in truth.iter().enumerate().filter(|(_, g)| g.class == detection.class) {
            let iou = iou_f32(truth, detection);
            if iou >= 0.5 && best.is_none_or(|(_, b)| iou >= b) {
                best = Some((g, iou));
            }
        }
        // The chosen box does not depend on the threshold: the highest IoU is the highest among those above it too.
        let Some((g, iou)) = best else { continue };
        for t in 0..LEVELS {
            if iou >= threshold_f32(t) && !taken[g].at(t) {
                taken[g].set(t);
                hits[d].set(t);
            }
        }
    }
    hits
}

/// COCO's matching. One entry a detection, in the order of `detections`; `None` where COCO does not read it (beyond the
/// 100 best of its class in this image). There are no crowd regions: importers drop them.
pub fn coco(truth: &[TruthBox], detections: &[Detection]) -> Vec<Option<Hits>> {
    let mut hits = vec![None; detections.len()];
    let mut read = std::collections::BTreeMap::<u16, usize>::new();
    let mut taken = vec![Hits::default(); truth.len()];
    for d in score_order(detections) {
        let detection = &detections[d];
        let count = read.entry(detection.class).or_default();
        if *count == COCO_MAX_DETECTIONS {
            continue;
        }
        *count += 1;
        let same: Vec<(usize, f64)> =
            truth.iter().enumerate().filter(|(_, g)| g.class == detection.class).map(|(g, truth)| (g, iou_f64(truth, detection))).collect();
        let mut own = Hits::default();
        for t in 0..LEVELS {
            let mut best = threshold_f64(t).min(1.0 - 1e-10);
            let mut chosen = None;
            for &(g, iou) in &same {
                // pycocotools keeps the later of equal boxes.
                if !taken[g].at(t) && iou >= best {
                    best = iou;
                    chosen = Some(g);
                }
            }
            if let Some(g) = chosen {
                taken[g].set(t);
                own.set(t);
            }
        }
        hits[d] = Some(own);
    }
    hits
}

fn threshold_f32(t: usize) -> f32 {
    threshold_f64(t) as f32
}

fn threshold_f64(t: usize) -> f64 {
    // numpy.linspace(.5, .95, 10): .90 is one ulp low. As singles they are torch.linspace's.
    [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95][t]
}

fn iou_f32(a: &TruthBox, b: &Detection) -> f32 {
    let w = (a.x2.min(b.x2) - a.x1.max(b.x1)).max(0.0);
    let h = (a.y2.min(b.y2) - a.y1.max(b.y1)).max(0.0);
    let inter = w * h;
    inter / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - inter + 1e-7)
}

fn iou_f64(a: &TruthBox, b: &Detection) -> f64 {
    let [ax1, ay1, ax2, ay2] = [a.x1, a.y1, a.x2, a.y2].map(f64::from);
    let [bx1, by1, bx2, by2] = [b.x1, b.y1, b.x2, b.y2].map(f64::from);
    let inter = (ax2.min(bx2) - ax1.max(bx1)).max(0.0) * (ay2.min(by2) - ay1.max(by1)).max(0.0);
    let union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - inter;
    if union > 0.0 { inter / union } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(x1: f32, x2: f32) -> TruthBox {
        TruthBox { x1, y1: 0.0, x2, y2: 10.0, class: 0 }
    }
    fn found(x1: f32, x2: f32, score: f32) -> Detection {
        Detection { x1, y1: 0.0, x2, y2: 10.0, score, class: 0 }
    }
    fn coco_all(truth: &[TruthBox], found: &[Detection]) -> Vec<Hits> {
        coco(truth, found).into_iter().map(Option::unwrap).collect()
    }

    #[test]
    fn a_second_best_box_is_given_by_coco_and_refused_by_yolov5() {
        // Truths 0–10 and 2–12. The first detection is 2–12 exactly. The second, 1.9–11.9, prefers the taken box
        // (IoU .98) and overlaps the free one with 8.1 / 11.9 = .68.
        let truths = [truth(0.0, 10.0), truth(2.0, 12.0)];
        let dets = [found(2.0, 12.0, 0.9), found(1.9, 11.9, 0.8)];
        assert_eq!(yolov5(&truths, &dets), vec![Hits(0x3ff), Hits(0)]);
        // .50 .55 .60 .65 only.
        assert_eq!(coco_all(&truths, &dets), vec![Hits(0x3ff), Hits(0b1111)]);
    }

    #[test]
    fn the_higher_score_keeps_the_box_even_where_the_lower_fits_better() {
        // IoU .8 with score .9 against IoU 1 with score .8: at .85 and above only the second is a candidate.
        let truths = [truth(0.0, 10.0)];
        let dets = [found(0.0, 8.0, 0.9), found(0.0, 10.0, 0.8)];
        let (low, high) = (Hits(0b000_1111111), Hits(0b111_0000000));
        assert_eq!(coco_all(&truths, &dets), vec![low, high]);
        // Single precision: 80 / (100 + 1e-7) is .8 as a float, so both count .80.
        assert_eq!(yolov5(&truths, &dets), vec![low, high]);
        // The order of the list does not matter, the scores do.
        let swapped = [dets[1], dets[0]];
        assert_eq!(yolov5(&truths, &swapped), vec![high, low]);
        assert_eq!(coco_all(&truths, &swapped), vec![high, low]);
    }

    #[test]
    fn classes_do_not_mix_and_broken_numbers_match_nothing() {
        let truths = [truth(0.0, 10.0)];
        let other = Detection { class: 1, ..found(0.0, 10.0, 0.9) };
        let nan_box = found(f32::NAN, 10.0, 0.9);
        let infinite = Detection { x1: f32::NEG_INFINITY, x2: f32::INFINITY, ..found(0.0, 0.0, 0.9) };
        let dets = [other, infinite, found(0.0, 10.0, f32::NAN)];
        assert_eq!(yolov5(&truths, &dets), vec![Hits(0), Hits(0), Hits(0x3ff)]);
        assert_eq!(coco_all(&truths, &dets), vec![Hits(0), Hits(0), Hits(0x3ff)]);
        assert_eq!(yolov5(&truths, &[nan_box]).len(), 1);
        // A NaN score comes last: the other detection takes the box.
        let dets = [found(0.0, 10.0, f32::NAN), found(0.0, 10.0, 0.1)];
        assert_eq!(yolov5(&truths, &dets), vec![Hits(0), Hits(0x3ff)]);
    }

    #[test]
    fn coco_reads_a_hundred_of_a_class() {
        let mut dets = vec![found(50.0, 60.0, 0.5); 120];
        dets[119] = found(0.0, 10.0, 0.4);
        let hits = coco(&[truth(0.0, 10.0)], &dets);
        assert_eq!(hits.iter().filter(|h| h.is_some()).count(), 100);
        assert_eq!(hits[119], None);
        assert_eq!(yolov5(&[truth(0.0, 10.0)], &dets)[119], Hits(0x3ff));
    }
}
