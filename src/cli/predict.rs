//! `nasflow predict`: boxes on copies of images, JSON, and YOLO's text files.

use super::arguments::PredictArguments;
use super::export::write;
use super::failure::Failure;
use super::images::images;
use super::{load, print};
use crate::data::decode;
use crate::evaluate::NmsOptions;
use crate::export::{Detector, ImagePredictions, draw, predictions_json, yolo_txt};
use crate::nn;
use crate::report::number::counted;
use image::RgbImage;
use std::collections::HashSet;
use std::io::Read;
use std::process::ExitCode;

pub fn run(arguments: &PredictArguments) -> Result<ExitCode, Failure> {
    for (name, value) in [("--confidence", arguments.confidence), ("--iou", arguments.iou)] {
        if !(0.0..=1.0).contains(&value) {
            return Err(format!("`{name} {value}`: a number from 0 to 1 was expected").into());
        }
    }
    let images = images(&arguments.images)?;
    let bytes = std::fs::read(&arguments.model).map_err(|e| format!("{}: {e}", arguments.model.display()))?;
    let device = load::device(&arguments.numerics)?;
    let mut detector =
        Detector::load(&bytes, |program| nn::executor(program, device, 1)).map_err(|e| format!("{}: {e}", arguments.model.display()))?;
    std::fs::create_dir_all(&arguments.output).map_err(|e| format!("{}: {e}", arguments.output.display()))?;
    // Pictures go on copies: what was given is never written over.
    let given: Vec<_> = images.iter().chain([&arguments.model]).filter_map(|p| p.canonicalize().ok()).collect();
    let options = NmsOptions { confidence: arguments.confidence, iou: arguments.iou, ..NmsOptions::DETECT };
    let (mut found, mut failed, mut names) = (Vec::new(), 0, HashSet::new());
    for path in &images {
        let image = match read(path) {
            Ok(image) => image,
            Err(e) => {
                print::note(&format!("nasflow: {}: {e}", path.display()));
                failed += 1;
                continue;
            }
        };
        let detections = detector.detect_with(&image, options).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut name = path.file_stem().map_or_else(|| "image".into(), |s| s.to_string_lossy().into_owned());
        while !names.insert(name.clone()) {
            name.push('_');
        }
        let copy = arguments.output.join(format!("{name}.png"));
        if copy.canonicalize().is_ok_and(|c| given.contains(&c)) {
            return Err(format!("{} would be written over; name another folder with -o", copy.display()).into());
        }
        let picture = draw(&image, &detections, detector.classes());
        let mut png = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut png, image::ImageFormat::Png).map_err(|e| format!("{}: {e}", path.display()))?;
        write(&copy, png.get_ref())?;
        print::note(&format!("{}: {}", path.display(), counted(detections.len(), "object")));
        let (width, height) = (image.width() as usize, image.height() as usize);
        if arguments.txt {
            let text = arguments.output.join(format!("{name}.txt"));
            if text.canonicalize().is_ok_and(|t| given.contains(&t)) {
                return Err(format!("{} would be written over; name another folder with -o", text.display()).into());
            }
            write(&text, yolo_txt(width, height, &detections).as_bytes())?;
        }
        found.push(ImagePredictions::new(path.to_string_lossy(), width, height, &detections, detector.classes()));
    }
    let json = predictions_json(&found);
    write(&arguments.output.join("predictions.json"), json.as_bytes())?;
    if arguments.json {
        print::out(&json);
    }
    match failed {
        0 => Ok(ExitCode::SUCCESS),
        n => Err(format!("{n} of {} could not be read", counted(images.len(), "image")).into()),
    }
}

fn read(path: &std::path::Path) -> Result<RgbImage, String> {
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    file.take(decode::MAX_FILE + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > decode::MAX_FILE {
        return Err(format!("more than {} MiB", decode::MAX_FILE >> 20));
    }
    let image = decode::decode(&bytes)?;
    let (width, height) = (image.width as u32, image.height as u32);
    RgbImage::from_raw(width, height, image.pixels).ok_or_else(|| "the image has no pixels".to_string())
}
