//! Loaders: repeatable, complete, and with boxes where the objects are.

use super::*;
use crate::base::Random;
use crate::data::augment::Plan;
use crate::data::{EvalBatches, Loader, Pack, Prefetch, auto_anchors};
use std::sync::Arc;

const FULL: Augment = Augment {
    mosaic: 0.5,
    mixup: 0.5,
    scale: 0.5,
    translate: 0.1,
    degrees: 5.0,
    shear: 2.0,
    hsv_h: 0.015,
    hsv_s: 0.7,
    hsv_v: 0.4,
    flip_lr: 0.5,
    flip_ud: 0.2,
    crop: 0,
    area: 1.0,
    cutout: 0,
};

fn pack(images: usize, size: usize) -> Arc<Pack> {
    let mut data = shapes(images, 4, size);
    shares(&mut data, &[("train", 1.0)]);
    Arc::new(Pack::build(&scan(&data).unwrap(), "train", size, Path::new("")).unwrap())
}

#[test]
fn generated_sets_have_their_own_split_and_subset() {
    let got = scan(&shapes(400, 4, 32)).unwrap();
    let counts: Vec<(&str, usize)> = got.splits.iter().map(|s| (s.name.as_str(), s.images.len())).collect();
    assert_eq!(counts, [("train", 280), ("val", 60), ("test", 60)]);
    assert_eq!(got.classes, ["circle", "square", "triangle", "star"]);
    let mut subset = shapes(40, 4, 32);
    subset.classes = vec![spanned("star".into()), spanned("circle".into())];
    let got = scan(&subset).unwrap();
    assert_eq!(got.classes, ["star", "circle"]);
    assert!(got.splits[0].images.iter().flat_map(|i| &i.objects).all(|o| o.class < 2));
    subset.classes = vec![spanned("ring".into())];
    assert!(scan(&subset).is_err());
}

#[test]
fn batches_are_pure_and_cover_each_epoch() {
    let loader = Loader::new(pack(11, 32), 32, 4, FULL, 7).unwrap();
    assert_eq!(loader.iterations_per_epoch(), 3);
    let sizes: Vec<usize> = (0..4).map(|i| loader.batch(0, i).unwrap().n).collect();
    assert_eq!(sizes, [4, 4, 3, 0]);
    let mut order = loader.order(1);
    assert_ne!(order, loader.order(0));
    order.sort();
    assert_eq!(order, (0..11).collect::<Vec<_>>());
    let late = loader.batch(2, 1).unwrap();
    let fresh = Loader::new(pack(11, 32), 32, 4, FULL, 7).unwrap();
    assert_eq!(fresh.batch(2, 1).unwrap(), late);
    assert_ne!(fresh.batch(3, 1).unwrap(), late);
    assert_ne!(Loader::new(pack(11, 32), 32, 4, FULL, 8).unwrap().batch(2, 1).unwrap(), late);
    for t in (0..3).flat_map(|e| loader.batch(e, 0).unwrap().targets) {
        assert!(t.w > 0.0 && t.h > 0.0 && t.cx - t.w / 2.0 >= -1e-6 && t.cx + t.w / 2.0 <= 1.0 + 1e-6 && t.cy + t.h / 2.0 <= 1.0 + 1e-6);
    }
    assert!(late.images.len() == 4 * 32 * 32 * 3 && late.images.iter().all(|v| (0.0..=1.0).contains(v)));
    assert!(Loader::new(pack(11, 32), 32, 0, FULL, 7).is_err());
    assert_eq!(Loader::new(pack(11, 32), 64, 4, PLAIN, 7).unwrap().batch(0, 0).unwrap().images.len(), 4 * 64 * 64 * 3);
}

#[test]
fn prefetching_gives_the_same_batches_and_ends() {
    let loader = Loader::new(pack(5, 32), 32, 2, FULL, 0).unwrap();
    let got: Vec<(u64, crate::data::Batch)> = Prefetch::new(loader.clone(), 2..8, 2).map(|(i, batch)| (i, batch.unwrap())).collect();
    assert_eq!(got.len(), 6);
    for (iteration, batch) in &got {
        assert_eq!(*batch, loader.batch((iteration / 3) as usize, (iteration % 3) as usize).unwrap());
    }
    let mut endless = Prefetch::new(loader, 0..u64::MAX, 3);
    assert_eq!(endless.next().map(|(i, _)| i), Some(0));
    drop(endless);
}

/// Nothing turned on: the image itself. Flips: the same, mirrored, with its boxes.
#[test]
fn plain_and_flipped() {
    let pack = pack(1, 48);
    let plain = Loader::new(pack.clone(), 48, 1, PLAIN, 0).unwrap().batch(0, 0).unwrap();
    let bytes: Vec<u8> = plain.images.iter().map(|v| (v * 255.0 + 0.5) as u8).collect();
    assert_eq!(bytes, pack.pixels_of(&pack.images[0]).unwrap()[..]);
    assert_eq!(plain.targets.len(), pack.images[0].objects.len());
    let o = pack.images[0].objects[0];
    assert!((plain.targets[0].cx - (o.x1 + o.x2) as f32 / 32.0 / 48.0).abs() < 1e-4);
    let flip = Augment { flip_lr: 1.0, flip_ud: 1.0, ..PLAIN };
    let flipped = Loader::new(pack, 48, 1, flip, 0).unwrap().batch(0, 0).unwrap();
    let back: Vec<f32> = flipped.images.chunks_exact(3).rev().flatten().copied().collect();
    assert_eq!(back, plain.images);
    assert!(
        (flipped.targets[0].cx - (1.0 - plain.targets[0].cx)).abs() < 1e-6
            && (flipped.targets[0].cy - (1.0 - plain.targets[0].cy)).abs() < 1e-6
    );
}

/// White rectangles on black: whatever geometry is drawn, a box and what it holds stay together.
#[test]
fn boxes_follow_the_pixels_through_mosaic_and_warp() {
    let size = 64;
    let mut pack = (*pack(1, size)).clone();
    let mut pixels = vec![0; size * size * 3];
    for y in 16..48 {
        pixels[(y * size + 16) * 3..(y * size + 48) * 3].fill(255);
    }
    pack.pixels = pixels.into();
    pack.images[0].objects = vec![sixteenths(0, [16, 16, 48, 48])];
    let augment = Augment { mosaic: 0.5, scale: 0.3, translate: 0.1, flip_lr: 0.5, ..PLAIN };
    let loader = Loader::new(Arc::new(pack), size, 1, augment, 3).unwrap();
    let (mut boxes, mut seen) = (0, std::collections::BTreeSet::new());
    for epoch in 0..60 {
        let batch = loader.batch(epoch, 0).unwrap();
        seen.insert(batch.targets.len());
        for t in &batch.targets {
            let s = size as f32;
            let (x1, x2) = ((t.cx - t.w / 2.0) * s, (t.cx + t.w / 2.0) * s);
            let (y1, y2) = ((t.cy - t.h / 2.0) * s, (t.cy + t.h / 2.0) * s);
            let (mut inside, mut area) = (0.0, 0.0);
            // A pixel inside the edges: OpenCV's warp maps the indices of pixels, upstream's boxes their edges.
            for y in y1.ceil() as usize + 1..(y2.floor() as usize).saturating_sub(1) {
                for x in x1.ceil() as usize + 1..(x2.floor() as usize).saturating_sub(1) {
                    inside += batch.images[(y * size + x) * 3];
                    area += 1.0;
                }
            }
            assert!(area == 0.0 || inside / area > 0.93, "epoch {epoch}: {} of a box is white", inside / area);
            boxes += 1;
        }
        let white: f32 = batch.images.iter().step_by(3).filter(|v| **v > 0.6).count() as f32;
        let covered: f32 = batch.targets.iter().map(|t| t.w * t.h).sum::<f32>() * (size * size) as f32;
        // A box of which less than a tenth remains is dropped: up to 32² · 1.3² / 10 pixels of each of four.
        let dropped = 175.0 * (4.0 - batch.targets.len().min(4) as f32);
        assert!(white <= covered * 1.15 + dropped + 20.0, "epoch {epoch}: {white} white pixels, {covered} in boxes");
    }
    assert!(boxes > 80 && seen.len() >= 4, "{boxes} {seen:?}");
}

#[test]
fn evaluation_batches_map_back() {
    let dir = tempfile::tempdir().unwrap();
    let images = [("a", png(100, 37, 1), object("x", [11, 11, 61, 31])), ("b", png(30, 90, 2), object("x", [1, 1, 31, 91]))];
    write_voc(dir.path(), &images, &[("val.txt", "a\nb\n")]);
    let scanned = scan(&voc(dir.path())).unwrap();
    let pack = Arc::new(Pack::build(&scanned, "val", 64, Path::new("")).unwrap());
    let eval = EvalBatches::new(pack.clone(), 64, 2).unwrap();
    assert_eq!((eval.len(), eval.range(0), eval.range(1)), (1, 0..2, 2..2));
    for size in [64, 96, 32] {
        let (batch, boxes) = EvalBatches::new(pack.clone(), size, 2).unwrap().batch(0).unwrap();
        assert_eq!((batch.n, batch.targets.len(), boxes.len()), (2, 2, 2));
        for t in &batch.targets {
            let s = size as f32;
            let corners = [t.cx - t.w / 2.0, t.cy - t.h / 2.0, t.cx + t.w / 2.0, t.cy + t.h / 2.0].map(|v| v * s);
            let o = pack.images[t.image].objects[0];
            let want = [o.x1, o.y1, o.x2, o.y2].map(|v| v as f32 / 16.0);
            let got = boxes[t.image].to_original(corners);
            assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 0.01), "{size}: {got:?} {want:?}");
        }
        let b = &boxes[0];
        assert!((b.gain - size.min(64) as f32 / b.width.max(b.height) as f32).abs() < 1e-6);
    }
}

/// ≥ 400 images a second at 160 pixels on one core (release; here only that it is not absurdly slow).
#[test]
fn speed() {
    let pack = pack(64, 160);
    let short = Augment { scale: 0.2, translate: 0.1, hsv_h: 0.015, hsv_s: 0.7, hsv_v: 0.4, flip_lr: 0.5, ..PLAIN };
    for (name, augment) in [("no mosaic", short), ("mosaic", Augment { mosaic: 1.0, scale: 0.5, ..short })] {
        let loader = Loader::new(pack.clone(), 160, 8, augment, 0).unwrap();
        let start = std::time::Instant::now();
        let n: usize = (0..4).flat_map(|e| (0..8).map(move |i| (e, i))).map(|(e, i)| loader.batch(e, i).unwrap().n).sum();
        let rate = n as f64 / start.elapsed().as_secs_f64();
        println!("{name}: {rate:.0} images/s");
        assert!(rate > 20.0, "{name}: {rate}");
    }
    println!("{:?}", auto_anchors(&pack, &[8, 16, 32]));
}

/// A pack in a file.
fn in_a_file(pack: &Pack) -> Arc<Pack> {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &pack.to_bytes().unwrap()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    Arc::new(Pack::from_file(file).unwrap())
}

#[test]
fn a_pack_on_disk_gives_the_same_batches() {
    let whole = pack(40, 48);
    let file = in_a_file(&whole);
    assert!(file.pixels.on_disk() && !whole.pixels.on_disk());
    let mixed = Augment { mixup: 0.5, mosaic: 0.7, ..FULL };
    for (augment, size) in [(FULL, 48), (mixed, 48), (PLAIN, 48), (FULL, 32)] {
        let loaders = [&whole, &file].map(|p| Loader::new(p.clone(), size, 3, augment, 5).unwrap());
        for (epoch, index) in [(0, 0), (0, 13), (4, 2)] {
            assert_eq!(loaders[0].batch(epoch, index).unwrap(), loaders[1].batch(epoch, index).unwrap());
        }
    }
    let eval = [&whole, &file].map(|p| EvalBatches::new(p.clone(), 64, 7).unwrap().batch(3).unwrap());
    assert_eq!(eval[0], eval[1]);
    let parts = [&whole, &file].map(|p| Loader::new(Arc::new(p.part(5..11)), 48, 6, FULL, 5).unwrap().batch(0, 0).unwrap());
    assert_eq!(parts[0], parts[1]);
}

/// What is drawn first and then made into a picture is what was drawn and made in one go: upstream's order, written down once more.
#[test]
fn plans_draw_in_upstreams_order() {
    use crate::data::{hsv::Jitter, label::stored_labels, letterbox, mosaic, warp::Warp};
    let (pack, size) = (pack(9, 48), 48);
    let happens = |rng: &mut Random, p: f64| p > 0.0 && rng.unit() < p;
    let four = |augment: &Augment, image: usize, rng: &mut Random| {
        let centre = mosaic::centre(rng, size);
        let mut indices = [image, 0, 0, 0];
        indices[1..].fill_with(|| rng.below(9));
        rng.shuffle(&mut indices);
        let pixels = indices.map(|i| pack.pixels_of(&pack.images[i]).unwrap());
        let tiles = [0, 1, 2, 3].map(|k| {
            let image = &pack.images[indices[k]];
            mosaic::Tile { pixels: &pixels[k], width: image.w, height: image.h, labels: stored_labels(image, 0.0, 0.0) }
        });
        let (canvas, _) = mosaic::mosaic(&tiles, centre, size);
        Warp::draw(rng, augment, 2 * size, size).pixels(canvas, 2 * size, 2 * size)
    };
    let augment = Augment { mosaic: 0.6, mixup: 0.5, flip_ud: 0.5, ..FULL };
    for image in 0..9 {
        for seed in 0..20 {
            let rng = &mut Random::at(seed, "plan", &[image as u64]);
            let mut pixels;
            if happens(rng, augment.mosaic) {
                pixels = four(&augment, image, rng);
                if happens(rng, augment.mixup) {
                    let other = rng.below(9);
                    let second = four(&augment, other, rng);
                    mosaic::mix(&mut pixels, &second, mosaic::mix_ratio(rng));
                }
            } else {
                let image = &pack.images[image];
                let fit = letterbox::fit(image.w, image.h, (size, size), false, true, 32);
                let source = letterbox::draw(&pack.pixels_of(image).unwrap(), image.w, image.h, &fit);
                pixels = Warp::draw(rng, &augment, size, size).pixels(source, size, size);
            }
            if let Some(jitter) = Jitter::draw(rng, &augment) {
                jitter.apply(&mut pixels);
            }
            let rows = |pixels: &[u8]| pixels.chunks(size * 3).map(<[u8]>::to_vec).collect::<Vec<_>>();
            if happens(rng, augment.flip_ud) {
                pixels = rows(&pixels).into_iter().rev().flatten().collect();
            }
            if happens(rng, augment.flip_lr) {
                pixels = rows(&pixels).iter().flat_map(|r| r.chunks(3).rev().flatten().copied().collect::<Vec<_>>()).collect();
            }
            let plan = Plan::draw(9, &augment, size, image, &mut Random::at(seed, "plan", &[image as u64]));
            assert!(plan.images().contains(&image));
            assert_eq!(plan.picture(&pack, size).unwrap().0, pixels, "{image} {seed}");
        }
    }
}
