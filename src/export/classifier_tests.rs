//! An image in, its classes out.

use super::*;
use crate::export::safetensors::tests::{artefact, tiny_classifier};
use crate::export::{Model, run_again};
use crate::nn::{DeviceChoice, executor};
use image::{Rgb as Pixel, RgbImage};

fn classifier(channels: usize) -> Classifier {
    let bytes = artefact(tiny_classifier(channels, 4)).to_bytes().unwrap();
    match Model::load(&bytes, |program| executor(program, DeviceChoice::Fast, 1)).unwrap() {
        Model::Classifier(classifier) => classifier,
        Model::Detector(_) => panic!("a classifier"),
    }
}

#[test]
fn probabilities_are_sorted_and_add_up() {
    for channels in [1, 3] {
        let mut classifier = classifier(channels);
        for (w, h) in [(8, 8), (1, 1), (3, 90), (90, 3), (17, 23)] {
            let found = classifier.classify(&RgbImage::from_fn(w, h, |x, y| Pixel([x as u8, y as u8, 90]))).unwrap();
            let sum: f32 = found.iter().map(|f| f.1).sum();
            assert!((sum - 1.0).abs() < 1e-5 && found.is_sorted_by(|a, b| a.1 >= b.1) && found.len() == 4, "{found:?}");
        }
        assert!(matches!(classifier.classify(&RgbImage::new(0, 3)), Err(ExportError::Run(_))));
    }
}

#[test]
fn the_shorter_side_is_scaled_and_the_middle_taken() {
    // Left, middle and right third in colours of their own: 24 × 8 at 8 px is the middle third, whatever the sides show.
    let wide = |side: u8| RgbImage::from_fn(24, 8, |x, _| if (8..16).contains(&x) { Pixel([200, 90, 30]) } else { Pixel([side; 3]) });
    let mut classifier = classifier(3);
    let found = classifier.logits(&wide(0)).unwrap();
    assert_eq!(found, classifier.logits(&wide(255)).unwrap());
    assert_eq!(found, classifier.logits(&RgbImage::from_pixel(8, 8, Pixel([200, 90, 30]))).unwrap());
    assert_ne!(found, classifier.logits(&RgbImage::from_pixel(8, 8, Pixel([200, 90, 90]))).unwrap());
}

#[test]
fn what_was_written_is_run_again() {
    let good = artefact(tiny_classifier(3, 4));
    let run = |program: &crate::space::Program| executor(program, DeviceChoice::Fast, 1);
    run_again(&good, &good.to_bytes().unwrap(), run).unwrap();
    let mut other = good.clone();
    other.params.0[0][0] += 1.0;
    assert!(matches!(run_again(&good, &other.to_bytes().unwrap(), run), Err(ExportError::CannotWrite(_))));
}
