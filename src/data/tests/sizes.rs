//! One data set at several sizes: the same images and boxes, and generated images drawn once.

use super::*;
use crate::data::decode::Rgb;
use crate::data::resize::resize;
use crate::data::{EvalBatches, Pack, auto_anchors};
use std::sync::Arc;

#[test]
fn generated_images_are_drawn_at_the_size_of_the_data_and_scaled() {
    let mut data = shapes(6, 4, 48);
    shares(&mut data, &[("train", 1.0)]);
    let scan = scan(&data).unwrap();
    let at = |size: usize| Pack::build(&scan, "train", size, Path::new("")).unwrap();
    let own = at(48);
    for size in [32, 96] {
        let scaled = at(size);
        assert_eq!((scaled.image_size, scaled.images.len()), (size, own.images.len()));
        for (a, b) in own.images.iter().zip(&scaled.images) {
            assert_eq!((a.digest, &a.objects, a.width, b.w), (b.digest, &b.objects, b.width, size));
            let drawn = Rgb { width: a.w, height: a.h, pixels: own.pixels_of(a).unwrap().to_vec() };
            assert_eq!(resize(&drawn, size, size).pixels, scaled.pixels_of(b).unwrap()[..]);
        }
    }
}

/// Figures of two sizes may be laid side by side: the truth is that of the original images, whatever a network sees of it.
#[test]
fn no_box_is_lost_at_a_small_size_and_all_are_found_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let objects = object("a", [1, 1, 100, 80]) + &object("a", [150, 101, 151, 102]) + &object("a", [40, 90, 44, 119]);
    let images = [("p", png(160, 120, 1), objects), ("q", png(90, 160, 2), object("a", [11, 21, 30, 160]))];
    write_voc(dir.path(), &images, &[("train.txt", "p\nq\n")]);
    let scan = scan_of(&voc(dir.path()), &["train"]).unwrap();
    let truth: Vec<Vec<Object>> = scan.splits[0].images.iter().map(|i| i.objects.clone()).collect();
    assert_eq!(truth.iter().map(Vec::len).sum::<usize>(), 4);
    for size in [16, 64, 160, 320] {
        let pack = Arc::new(Pack::build(&scan, "train", size, Path::new("")).unwrap());
        assert_eq!(pack.images.iter().map(|i| i.objects.clone()).collect::<Vec<_>>(), truth);
        let (batch, places) = EvalBatches::new(pack, size, 4).unwrap().batch(0).unwrap();
        let s = size as f32;
        for (i, (place, objects)) in places.iter().zip(&truth).enumerate() {
            let mut found: Vec<[f32; 4]> = batch
                .targets
                .iter()
                .filter(|t| t.image == i)
                .map(|t| [t.cx - t.w / 2.0, t.cy - t.h / 2.0, t.cx + t.w / 2.0, t.cy + t.h / 2.0].map(|v| v * s))
                .map(|corners| place.to_original(corners))
                .collect();
            assert_eq!(found.len(), objects.len(), "{size} px");
            for o in objects {
                let wanted = [o.x1, o.y1, o.x2, o.y2].map(|v| v as f32 / 16.0);
                let near = |c: &[f32; 4]| c.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 0.01);
                let at = found.iter().position(near).unwrap_or_else(|| panic!("{wanted:?} at {size} px: {found:?}"));
                found.remove(at);
            }
        }
    }
}

#[test]
fn anchors_grow_with_the_size() {
    let mut data = shapes(60, 4, 96);
    shares(&mut data, &[("train", 1.0)]);
    let scan = scan(&data).unwrap();
    let at = |size: usize| auto_anchors(&Pack::build(&scan, "train", size, Path::new("")).unwrap(), &[8, 16]);
    let mean = |size: usize| at(size).anchors.iter().flatten().map(|a| a.0 + a.1).sum::<f32>() / 12.0;
    let (small, large) = (mean(48), mean(192));
    assert!((large / small - 4.0).abs() < 0.5, "{small} {large}");
    assert!(at(192).bpr > 0.95 && at(48).bpr > 0.95);
}
