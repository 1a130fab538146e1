//! Inference with an executor that "recognises" what is written into the pixels.

use super::*;
use crate::space::{Head, Shape};

/// A network of one level, 2 × 2 cells of 16 pixels, one anchor of 16 × 16 and one class.
pub(crate) fn program() -> Program {
    Program {
        values: vec![Shape { h: 32, w: 32, c: 3 }, Shape { h: 2, w: 2, c: 6 }],
        nodes: vec![],
        params: vec![],
        outputs: vec![1],
        head: Head::Detect { classes: 1, strides: vec![16], anchors: vec![vec![(16.0, 16.0)]] },
    }
}

/// Objectness of a cell is its mean red (as ±8 logits); the box is the cell.
struct Red(Vec<f32>);

impl Executor for Red {
    fn class(&self) -> String {
        "test".into()
    }
    fn replace(&mut self, _: &Program) -> Result<(), String> {
        Err("one network only".into())
    }
    fn forward_train(&mut self, _: &mut Parameters, _: &[f32], _: usize, _: NormOptions) -> Result<(), String> {
        Err("not for training".into())
    }
    fn forward_eval(&mut self, _: &Parameters, images: &[f32], n: usize, _: NormOptions) -> Result<(), String> {
        self.0.clear();
        for image in images.chunks_exact(32 * 32 * 3).take(n) {
            for cell in 0..4 {
                let red = image[(cell / 2 * 16 * 32 + cell % 2 * 16) * 3];
                self.0.extend([0.0, 0.0, 0.0, 0.0, if red > 0.5 { 8.0 * red } else { -20.0 }, 8.0]);
            }
        }
        Ok(())
    }
    fn output(&self, _: usize) -> &[f32] {
        &self.0
    }
    fn backward(&mut self, _: &Parameters, _: &[Vec<f32>], _: &mut Parameters) -> Result<(), String> {
        Err("not for training".into())
    }
}

fn place(width: usize, height: usize) -> Letterbox {
    // Into 32 × 32, borders shared.
    let scale = |v: usize| v * 32 / width.max(height);
    let (inner_width, inner_height) = (scale(width), scale(height));
    let (pad_x, pad_y) = ((32 - inner_width) as f32 / 2.0, (32 - inner_height) as f32 / 2.0);
    Letterbox { gain: 32.0 / width.max(height) as f32, pad_x, pad_y, width, height, inner_width, inner_height }
}

const NORM: NormOptions = NormOptions { eps: 1e-3, momentum: 0.03 };

fn image(cells: [f32; 4]) -> Vec<f32> {
    let mut pixels = vec![0.0; 32 * 32 * 3];
    for (i, pixel) in pixels.chunks_exact_mut(3).enumerate() {
        pixel[0] = cells[i / 32 / 16 * 2 + i % 32 / 16];
    }
    pixels
}

fn run(batches: Vec<EvalBatch>) -> Result<Predictions, EvaluateError> {
    predict(&mut Red(vec![]), &Parameters::default(), &program(), NORM, batches, NmsOptions::EVALUATE)
}

#[test]
fn boxes_come_back_in_original_pixels() {
    // A 128 × 64 original: gain ¼, 8 pixels of border above and below.
    let batch = EvalBatch { images: image([0.0, 0.9, 0.8, 0.0]), places: vec![(Digest::of(b"x"), place(128, 64))] };
    let predictions = run(vec![batch]).unwrap();
    let [a, b] = predictions.images[0].1[..] else { panic!("{predictions:?}") };
    assert_eq!(predictions.images[0].0, Digest::of(b"x"));
    // Cell (0, 1) is 16–32 × 0–16: × 4 is 64–128 across; −32 … 32 down, clipped at the top.
    assert_eq!([a.x1, a.y1, a.x2, a.y2], [64.0, 0.0, 128.0, 32.0]);
    assert_eq!([b.x1, b.y1, b.x2, b.y2], [0.0, 32.0, 64.0, 64.0]);
    assert!(a.score > b.score);
}

#[test]
fn batches_do_not_matter() {
    let place = place(32, 32);
    let one = |i: u8| {
        let cells = std::array::from_fn(|c| if (i >> c) & 1 == 1 { 0.6 + f32::from(i) / 50.0 } else { 0.0 });
        (image(cells), (Digest::of(&[i]), place))
    };
    let grouped = |size: u8| {
        let mut batches = vec![];
        for start in (0..12).step_by(usize::from(size)) {
            let (images, places): (Vec<_>, Vec<_>) = (start..(start + size).min(12)).map(one).unzip();
            batches.push(EvalBatch { images: images.concat(), places });
        }
        run(batches).unwrap()
    };
    let single = grouped(1);
    assert_eq!(single.images.len(), 12);
    assert_eq!(single.images[11].1.len(), 3);
    assert_eq!(single, grouped(5));
    assert_eq!(single, grouped(12));
}

#[test]
fn wrong_sizes_and_errors_are_reported() {
    let place = place(32, 32);
    let wrong = run(vec![EvalBatch { images: vec![0.0; 5], places: vec![(Digest::of(b""), place)] }]);
    assert!(matches!(wrong, Err(EvaluateError::Misfit(why)) if why.contains("5 values")));
    let broken = Letterbox { inner_width: 0, ..place };
    assert!(run(vec![EvalBatch { images: image([0.0; 4]), places: vec![(Digest::of(b""), broken)] }]).is_err());
    let broken = Letterbox { pad_x: f32::NAN, ..place };
    assert!(run(vec![EvalBatch { images: image([0.0; 4]), places: vec![(Digest::of(b""), broken)] }]).is_err());
    assert_eq!(run(vec![EvalBatch::default()]), Ok(Predictions::default()));
    let headless = Program { head: Head::Features, ..program() };
    assert!(predict(&mut Red(vec![]), &Parameters::default(), &headless, NORM, [], NmsOptions::EVALUATE).is_err());
}

#[test]
fn a_split_comes_in_its_own_order() {
    use crate::data::PackImage;
    let image = |i: u8| PackImage {
        digest: Digest::of(&[i]),
        width: 64,
        height: 64,
        w: 32,
        h: 32,
        offset: usize::from(i) * 3072,
        objects: vec![],
        label: None,
    };
    let images: Vec<PackImage> = (0..5).map(image).collect();
    // Image i is red in its first i cells.
    let pixels = (0..5 * 1024).flat_map(|p| [if p % 1024 / 512 * 2 + p % 32 / 16 < p / 1024 { 255 } else { 0 }, 0, 0]).collect();
    let pack = Arc::new(Pack { image_size: 32, channels: 3, classes: vec!["a".into()], images, pixels });
    let predictions =
        predict(&mut Red(vec![]), &Parameters::default(), &program(), NORM, batches(&pack, 32, 2).unwrap().flatten(), NmsOptions::EVALUATE)
            .unwrap();
    let counts: Vec<usize> = predictions.images.iter().map(|(_, d)| d.len()).collect();
    assert_eq!(counts, [0, 1, 2, 3, 4]);
    assert!(predictions.images.iter().zip(&pack.images).all(|(a, b)| a.0 == b.digest));
    let last = predictions.images[4].1[3];
    assert_eq!([last.x1, last.y1, last.x2, last.y2], [32.0, 32.0, 64.0, 64.0]);
    assert!(batches(&pack, 32, 0).is_err());
}
