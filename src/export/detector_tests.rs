//! Any image in, boxes in its pixels out.

use super::*;
use crate::export::Model;
use crate::export::safetensors::tests::{artefact, small};
use crate::nn::Parameters;
use crate::space::Program;
use image::Rgb as Pixel;

/// "Recognises" grey-free red: objectness of the anchor 0 of a cell is the red in its middle.
struct Red {
    levels: Vec<(usize, usize)>,
    outputs: Vec<Vec<f32>>,
    eps: f64,
}

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
    fn forward_eval(&mut self, _: &Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String> {
        self.eps = norm.eps;
        assert_eq!((n, images.len()), (1, 64 * 64 * 3));
        let cells = |&(side, stride): &(usize, usize)| {
            let mut out = vec![-20.0; side * side * 21];
            for (cell, values) in out.chunks_exact_mut(21).enumerate() {
                let (y, x) = (cell / side * stride + stride / 2, cell % side * stride + stride / 2);
                let pixel = &images[(y * 64 + x) * 3..][..3];
                if stride == 8 && pixel[0] > 0.8 && pixel[1] < 0.2 {
                    values[..7].copy_from_slice(&[0.0, 0.0, 0.0, 0.0, 6.0, -20.0, 6.0]);
                }
            }
            out
        };
        self.outputs = self.levels.iter().map(cells).collect();
        Ok(())
    }
    fn output(&self, i: usize) -> &[f32] {
        &self.outputs[i]
    }
    fn backward(&mut self, _: &Parameters, _: &[Vec<f32>], _: &mut Parameters) -> Result<(), String> {
        Err("not for training".into())
    }
}

fn detector() -> Detector {
    let bytes = artefact(small(64, 2)).to_bytes().unwrap();
    let make = |program: &Program| {
        let levels = program.outputs.iter().map(|&o| (program.values[o].h, 64 / program.values[o].h)).collect();
        Ok(Box::new(Red { levels, outputs: vec![], eps: 0.0 }) as Box<dyn Executor>)
    };
    let Model::Detector(detector) = Model::load(&bytes, make).unwrap() else { panic!("a detector") };
    detector
}

#[test]
fn boxes_come_back_in_the_pixels_of_the_image() {
    // 256 × 128 goes to 64 × 32 with 16 rows of grey above: gain ¼. A red square of 32 pixels at (96, 64) fills the
    // cell of column 3, row 4 of the finest level.
    let mut image = RgbImage::from_pixel(256, 128, Pixel([20, 200, 20]));
    for y in 64..96 {
        for x in 96..128 {
            image.put_pixel(x, y, Pixel([255, 0, 0]));
        }
    }
    let mut detector = detector();
    let found = detector.detect(&image).unwrap();
    let [one] = found[..] else { panic!("{found:?}") };
    // Centre (112, 80), anchor 10 × 13 input pixels: 40 × 52 pixels of the image.
    assert_eq!([one.x1, one.y1, one.x2, one.y2, f32::from(one.class)], [92.0, 54.0, 132.0, 106.0, 1.0]);
    assert!(one.score > 0.99);
    assert_eq!(detector.classes().len(), 2);
    assert!(detector.detect_with(&image, NmsOptions { confidence: 0.999, ..NmsOptions::DETECT }).unwrap().is_empty());
}

#[test]
fn images_of_any_size_are_taken_and_empty_ones_refused() {
    let mut detector = detector();
    for (w, h) in [(1, 1), (1, 900), (900, 1), (64, 64), (63, 65), (333, 500)] {
        assert_eq!(detector.detect(&RgbImage::new(w, h)).unwrap(), vec![], "{w} x {h}");
    }
    assert!(matches!(detector.detect(&RgbImage::new(0, 5)), Err(ExportError::Run(_))));
}

#[test]
fn the_input_is_scaled_to_one_and_bordered_with_grey() {
    let pack = single(&RgbImage::from_pixel(128, 64, Pixel([255, 0, 51])), 64).unwrap();
    let batch = batches(&pack, 64, 1).unwrap().next().unwrap().unwrap();
    let at = |x: usize, y: usize| [0, 1, 2].map(|c| batch.images[(y * 64 + x) * 3 + c]);
    assert_eq!(at(5, 15), [114.0 / 255.0; 3]);
    assert_eq!(at(5, 16), [1.0, 0.0, 0.2]);
    assert_eq!(at(5, 47), [1.0, 0.0, 0.2]);
    assert_eq!(at(5, 48), [114.0 / 255.0; 3]);
}
