//! `nasflow predict`: of a detector boxes on copies of images, of a classifier the likeliest classes; JSON, and YOLO's text files.

use super::arguments::PredictArguments;
use super::export::write;
use super::failure::Failure;
use super::images::images;
use super::{load, print};
use crate::data::decode;
use crate::evaluate::NmsOptions;
use crate::export::{Classifier, Detector, ImageClasses, ImagePredictions, Model, draw, predictions_json, yolo_txt};
use crate::nn;
use crate::report::number::counted;
use image::RgbImage;
use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How many classes are named of an image.
const TOP: usize = 5;

pub fn run(arguments: &PredictArguments) -> Result<ExitCode, Failure> {
    for (name, value) in [("--confidence", arguments.confidence), ("--iou", arguments.iou)] {
        if !(0.0..=1.0).contains(&value) {
            return Err(format!("`{name} {value}`: a number from 0 to 1 was expected").into());
        }
    }
    let images = images(&arguments.images)?;
    let bytes = std::fs::read(&arguments.model).map_err(|e| format!("{}: {e}", arguments.model.display()))?;
    let device = load::device(&arguments.numerics)?;
    let model =
        Model::load(&bytes, |program| nn::executor(program, device, 1)).map_err(|e| format!("{}: {e}", arguments.model.display()))?;
    std::fs::create_dir_all(&arguments.output).map_err(|e| format!("{}: {e}", arguments.output.display()))?;
    let (json, failed) = match model {
        Model::Detector(detector) => detect(arguments, &images, detector)?,
        Model::Classifier(_) if arguments.txt => {
            return Err("`--txt` writes boxes, and this model is a classifier; predictions.json has its classes".to_string().into());
        }
        Model::Classifier(classifier) => classify(&images, classifier)?,
    };
    write(&arguments.output.join("predictions.json"), json.as_bytes())?;
    if arguments.json {
        print::out(&json);
    }
    match failed {
        0 => Ok(ExitCode::SUCCESS),
        n => Err(format!("{n} of {} could not be read", counted(images.len(), "image")).into()),
    }
}

/// Boxes on copies. The JSON, and how many images could not be read.
fn detect(arguments: &PredictArguments, images: &[PathBuf], mut detector: Detector) -> Result<(String, usize), Failure> {
    // Pictures go on copies: what was given is never written over.
    let given: Vec<_> = images.iter().chain([&arguments.model]).filter_map(|p| p.canonicalize().ok()).collect();
    let options = NmsOptions { confidence: arguments.confidence, iou: arguments.iou, ..NmsOptions::DETECT };
    let mut names = HashSet::new();
    each(images, |path, image| {
        let detections = detector.detect_with(image, options).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut name = path.file_stem().map_or_else(|| "image".into(), |s| s.to_string_lossy().into_owned());
        while !names.insert(name.clone()) {
            name.push('_');
        }
        let copy = arguments.output.join(format!("{name}.png"));
        if copy.canonicalize().is_ok_and(|c| given.contains(&c)) {
            return Err(format!("{} would be written over; name another folder with -o", copy.display()).into());
        }
        let picture = draw(image, &detections, detector.classes());
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
        Ok(ImagePredictions::new(path.to_string_lossy(), width, height, &detections, detector.classes()))
    })
}

/// The likeliest classes of every image. As [`detect`].
fn classify(images: &[PathBuf], mut classifier: Classifier) -> Result<(String, usize), Failure> {
    each(images, |path, image| {
        let mut found = classifier.classify(image).map_err(|e| format!("{}: {e}", path.display()))?;
        found.truncate(TOP);
        let (width, height) = (image.width() as usize, image.height() as usize);
        let image = ImageClasses::new(path.to_string_lossy(), width, height, &found, classifier.classes());
        let said = image.classes.iter().map(|c| format!("{} {:.1} %", c.name, f64::from(c.probability) * 100.0));
        print::note(&format!("{}: {}", path.display(), said.collect::<Vec<_>>().join(", ")));
        Ok(image)
    })
}

/// What is found in every image that can be read, as JSON; and how many could not be.
fn each<T: serde::Serialize>(
    images: &[PathBuf],
    mut one: impl FnMut(&Path, &RgbImage) -> Result<T, Failure>,
) -> Result<(String, usize), Failure> {
    let (mut found, mut failed) = (Vec::new(), 0);
    for path in images {
        match read(path) {
            Ok(image) => found.push(one(path, &image)?),
            Err(e) => {
                print::note(&format!("nasflow: {}: {e}", path.display()));
                failed += 1;
            }
        }
    }
    Ok((predictions_json(&found), failed))
}

fn read(path: &Path) -> Result<RgbImage, String> {
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
