//! The report against pycocotools 2 and against upstream's formulas in numpy, on one made-up crowded split of 30 images
//! (129 boxes, 251 detections, scores with ties), written down on 2026-11-24.

use super::{Detection, DetectionReport, Truth, TruthBox};

/// The generator of the reference script: integers only, so that both sides make the same split.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = (self.0 * 1_103_515_245 + 12_345) % (1 << 31);
        (self.0 >> 12) % n
    }
    fn px(&mut self, n: u64) -> f32 {
        self.below(n) as f32
    }
    fn score(&mut self) -> f32 {
        (self.below(1000) + 1) as f32 / 1024.0
    }
    fn jitter(&mut self, side: f32) -> f32 {
        self.px(2 * side as u64 / 8 + 1) - (side as u64 / 8) as f32
    }
}

fn split() -> (Vec<Truth>, Vec<Vec<Detection>>) {
    let mut r = Lcg(12_345);
    let (mut truth, mut predictions) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        let (mut boxes, mut found) = (Vec::new(), Vec::new());
        for _ in 0..r.below(10) {
            let (x, y, w, h) = (r.px(200), r.px(200), 20.0 + r.px(60), 20.0 + r.px(60));
            let class = r.below(3) as u16;
            boxes.push(TruthBox { x1: x, y1: y, x2: x + w, y2: y + h, class });
            for _ in 0..r.below(4) {
                let class = if r.below(8) == 0 { r.below(3) as u16 } else { class };
                let (x1, y1) = (x + r.jitter(w), y + r.jitter(h));
                let (x2, y2) = (x + w + r.jitter(w), y + h + r.jitter(h));
                found.push(Detection { x1, y1, x2, y2, score: r.score(), class });
            }
        }
        for _ in 0..r.below(4) {
            let (x, y) = (r.px(200), r.px(200));
            found.push(Detection { x1: x, y1: y, x2: x + 40.0, y2: y + 30.0, score: r.score(), class: r.below(3) as u16 });
        }
        truth.push(Truth { boxes });
        predictions.push(found);
    }
    (truth, predictions)
}

#[test]
fn agrees_with_pycocotools_and_with_numpy() {
    let (truth, predictions) = split();
    assert_eq!(predictions.iter().map(Vec::len).sum::<usize>(), 251);
    let classes = ["a", "b", "c"].map(String::from);
    let report = DetectionReport::new(&classes, &truth, &predictions).unwrap();
    assert_eq!(report.n_truth, 129);
    let per_class = |get: fn(&super::ClassReport) -> Option<f64>| report.classes.iter().map(|c| get(c).unwrap()).collect::<Vec<_>>();
    let coco_50 = per_class(|c| c.coco_ap50);
    let coco = per_class(|c| c.coco_ap50_95);
    let yolov5_50 = per_class(|c| c.ap50);
    let expected = [
        // pycocotools: area all, maxDets 100.
        (report.coco_map50_95, 0.29792124583282575),
        (report.coco_map50, 0.5321890097625701),
        (coco_50[0], 0.5904495241238444),
        (coco_50[1], 0.5378403716428914),
        (coco_50[2], 0.4682771335209747),
        (coco[0], 0.313808584511597),
        (coco[1], 0.3160616673592251),
        (coco[2], 0.263893485627655),
        // Upstream's process_batch (single precision), ap_per_class and smooth.
        (report.map50, 0.5780948623005342),
        (report.map50_95, 0.33568780027255624),
        (yolov5_50[0], 0.6273672158460211),
        (yolov5_50[1], 0.5951667345429938),
        (yolov5_50[2], 0.5117506365125877),
        (report.precision, 0.46395491271443107),
        (report.recall, 0.6851601061737947),
        ((super::words::f1::F1.value)(&report, None), 0.5510863972321678),
        (report.confidence, 0.28128128128128127),
    ];
    for (i, (got, want)) in expected.into_iter().enumerate() {
        assert!((got - want).abs() < 1e-9, "number {i}: {got}, not {want}");
    }
}
