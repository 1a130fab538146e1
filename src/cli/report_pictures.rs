//! Some images of a report: truth and prediction, from predictions that the store has. No network runs for them.
//!
//! Which images: evenly spaced over the split, whose order follows from the images' bytes. Nobody picked them by how well the network does.

use super::data_show::rgb;
use crate::base::Digest;
use crate::data::chosen::{Chosen, pictures as decoded};
use crate::data::{Scan, ScanImage};
use crate::evaluate::{Logits, Predictions};
use crate::metrics::Detection;
use crate::plan::{Kind, Model, Replay, Slot, winner};
use crate::report::number::counted;
use crate::report::page::{Picture, Pictures};
use crate::results::Outcome;
use crate::run::{Prepared, record};
use crate::store::Store;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use std::collections::HashMap;
use std::path::Path;

/// How many images.
const IMAGES: usize = 8;
/// The longer side of a picture, in pixels.
const SIDE: usize = 320;
/// That of an image of one class.
const SMALL_SIDE: usize = 128;
/// The least confidence of a detection that is drawn: that of `nasflow predict`.
const CONFIDENCE: f32 = 0.25;
/// Guesses that are told of an image of one class.
const GUESSES: usize = 3;

/// JPEG's quality, of 100: some 15 kB a picture.
const QUALITY: u8 = 82;

/// What predictions say of an image.
enum Said {
    Found(Vec<Detection>),
    Guessed(Vec<(u16, f32)>),
}

/// Of the winner, where its predictions are kept; none where there is no winner, or nothing that it predicted.
///
/// # Errors
/// In words: predictions or images that cannot be read.
pub fn pictures(prepared: &Prepared, replay: &Replay, store: &Store) -> Result<Option<Pictures>, String> {
    let pipeline = &prepared.pipeline;
    let Some(model) = winner(pipeline, replay) else { return Ok(None) };
    let answered = pipeline.links.answer.as_ref().map(|a| a.within);
    // The stage that compares the answer first, else the last that has predictions of it.
    let stages = answered.into_iter().chain((0..pipeline.stages.len()).rev());
    for index in stages {
        let Some((data, split)) = pipeline.stages[index].evaluate().filter(|e| e.folds.is_none()).and_then(|e| e.data.as_ref()) else {
            continue;
        };
        let Some(blob) = predictions(&replay.stages[index].slots, model, store)? else { continue };
        let Some(scan) = prepared.scans.get(&data.value) else { continue };
        let bytes = store.blobs().get(&blob).map_err(|e| e.to_string())?;
        let all = read(&bytes)?;
        let said = format!(
            "{} images of `{}` of `{}`, evenly spaced over its {}, and what {} says of them (stage `{}`, first seed{}). They were not picked by result.",
            IMAGES.min(all.len()),
            split.value,
            data.value,
            counted(all.len(), "image"),
            model.label(),
            pipeline.stages[index].name.value,
            if all.iter().any(|(_, s)| matches!(s, Said::Found(_))) {
                format!("; detections from a confidence of {CONFIDENCE}")
            } else {
                String::new()
            }
        );
        let images = drawn(scan, &split.value, &all)?;
        return Ok((!images.is_empty()).then(|| Pictures { about: said, classes: scan.classes.clone(), images }));
    }
    Ok(None)
}

/// The blob of a model's predictions among slots.
fn predictions(slots: &[Slot], model: &Model, store: &Store) -> Result<Option<Digest>, String> {
    let identity = model.identity();
    let own = slots.iter().filter(|s| s.model.identity() == identity).flat_map(|s| &s.steps);
    for step in own.filter(|s| s.known && [Kind::Predict, Kind::PredictSubnet].contains(&s.action.kind)) {
        let found = store.lookup(&step.key).map_err(|e| e.to_string())?.and_then(|r| record::read(&r));
        if let Some(blob) = found.as_ref().and_then(Outcome::predictions) {
            return Ok(Some(blob));
        }
    }
    Ok(None)
}

/// What the bytes say by image, be they a detector's or a classifier's.
fn read(bytes: &[u8]) -> Result<Vec<(Digest, Said)>, String> {
    if let Ok(found) = Predictions::from_bytes(bytes) {
        return Ok(found.images.into_iter().map(|(digest, all)| (digest, Said::Found(all))).collect());
    }
    let logits = Logits::from_bytes(bytes).map_err(|e| e.to_string())?;
    let rows = logits.images.iter().zip(logits.values.chunks_exact(logits.classes.max(1)));
    Ok(rows.map(|(digest, row)| (*digest, Said::Guessed(guesses(row)))).collect())
}

/// The likeliest classes with their probabilities.
fn guesses(row: &[f32]) -> Vec<(u16, f32)> {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = row.iter().map(|v| libm::expf(v - most)).collect();
    let sum: f32 = weights.iter().sum();
    let mut all: Vec<(u16, f32)> = (0..=u16::MAX).zip(weights.iter().map(|w| w / sum)).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(GUESSES);
    all
}

/// The pictures, decoded and written as JPEG.
fn drawn(scan: &Scan, split: &str, all: &[(Digest, Said)]) -> Result<Vec<Picture>, String> {
    let images: HashMap<Digest, &ScanImage> = scan.split(split).into_iter().flat_map(|s| &s.images).map(|i| (i.digest, i)).collect();
    let step = (all.len() as f64 / IMAGES as f64).max(1.0);
    let places = (0..IMAGES).map(|k| (k as f64 * step) as usize).filter(|&i| i < all.len());
    let picked: Vec<(&ScanImage, &Said)> = places.filter_map(|i| Some((*images.get(&all[i].0)?, &all[i].1))).collect();
    let chosen: Vec<Chosen> = picked.iter().map(|(image, _)| Chosen { split: split.to_string(), image: (*image).clone() }).collect();
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let side = if chosen.iter().any(|c| c.image.label.is_some()) { SMALL_SIDE } else { SIDE };
    let pack = decoded(scan, &chosen, side, Path::new(".")).map_err(|e| e.to_string())?;
    let one = |((image, said), chosen): (&(&ScanImage, &Said), &Chosen)| {
        let Some(packed) = pack.images.iter().find(|p| p.digest == image.digest) else { return Ok(None) };
        let picture = rgb(&pack, packed).map_err(|e| e.to_string())?;
        let (x, y) = (packed.w as f32 / packed.width.max(1) as f32, packed.h as f32 / packed.height.max(1) as f32);
        let sixteenth = |v: i32, scale: f32| v as f32 / 16.0 * scale;
        let mut out = Picture {
            name: chosen.name(),
            data: jpeg_uri(&picture)?,
            width: picture.width(),
            height: picture.height(),
            truth: packed
                .objects
                .iter()
                .map(|o| (sixteenth(o.x1, x), sixteenth(o.y1, y), sixteenth(o.x2, x), sixteenth(o.y2, y), o.class))
                .collect(),
            label: packed.label,
            ..Picture::default()
        };
        match said {
            Said::Found(found) => {
                let sure = found.iter().filter(|d| d.rank_score() >= CONFIDENCE);
                out.found = sure.map(|d| (d.x1 * x, d.y1 * y, d.x2 * x, d.y2 * y, d.class, d.rank_score())).collect();
            }
            Said::Guessed(guesses) => out.guesses.clone_from(guesses),
        }
        Ok(Some(out))
    };
    picked.iter().zip(&chosen).map(one).collect::<Result<Vec<_>, String>>().map(|all| all.into_iter().flatten().collect())
}

/// A picture as a JPEG that can stand in a page.
fn jpeg_uri(picture: &RgbImage) -> Result<String, String> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(picture).map_err(|e| e.to_string())?;
    Ok(format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes)))
}
