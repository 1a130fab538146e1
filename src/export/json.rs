//! Predictions as JSON for other programs.

use crate::metrics::Detection;
use serde::{Deserialize, Serialize};

/// What was found in one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImagePredictions {
    /// The image's path as the user gave it.
    pub file: String,
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// Highest score first.
    pub detections: Vec<NamedDetection>,
}

/// One box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedDetection {
    /// Index of the class.
    pub class: u16,
    /// Its name; the index where there is none.
    pub name: String,
    /// Objectness × class.
    pub score: f32,
    /// [x1, y1, x2, y2] in pixels of the image.
    #[serde(rename = "box")]
    pub corners: [f32; 4],
}

/// What a classifier says of one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageClasses {
    /// The image's path as the user gave it.
    pub file: String,
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// The likeliest first.
    pub classes: Vec<NamedClass>,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedClass {
    /// Index of the class.
    pub class: u16,
    /// Its name; the index where there is none.
    pub name: String,
    /// 0 … 1.
    pub probability: f32,
}

impl ImageClasses {
    /// Names the classes.
    pub fn new(file: impl Into<String>, width: usize, height: usize, found: &[(u16, f32)], classes: &[String]) -> Self {
        let named = |&(class, probability): &(u16, f32)| NamedClass { class, name: class_name(classes, class), probability };
        ImageClasses { file: file.into(), width, height, classes: found.iter().map(named).collect() }
    }
}

impl ImagePredictions {
    /// Names the classes.
    pub fn new(file: impl Into<String>, width: usize, height: usize, detections: &[Detection], classes: &[String]) -> Self {
        let named = |d: &Detection| NamedDetection {
            class: d.class,
            name: class_name(classes, d.class),
            score: d.score,
            corners: [d.x1, d.y1, d.x2, d.y2],
        };
        ImagePredictions { file: file.into(), width, height, detections: detections.iter().map(named).collect() }
    }
}

/// A class's name; the index where there is none.
pub fn class_name(classes: &[String], class: u16) -> String {
    classes.get(usize::from(class)).cloned().unwrap_or_else(|| class.to_string())
}

/// A JSON list, one object an image, indented, with a newline at its end.
pub fn predictions_json(images: &[impl Serialize]) -> String {
    // Plain structs of numbers and texts: serialising them cannot fail. Numbers that are not finite become null.
    serde_json::to_string_pretty(images).unwrap_or_else(|_| "[]".into()) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_documented_form() {
        let detection = Detection { x1: 1.5, y1: 2.0, x2: 3.25, y2: 4.0, score: 0.87, class: 1 };
        let unknown = Detection { class: 7, ..detection };
        let image = ImagePredictions::new("a \"b\".jpg", 640, 480, &[detection, unknown], &["WBC".into(), "RBC".into()]);
        let text = predictions_json(std::slice::from_ref(&image));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[0]["file"], "a \"b\".jpg");
        assert_eq!(value[0]["width"], 640);
        let first = &value[0]["detections"][0];
        assert_eq!(first.to_string(), r#"{"box":[1.5,2.0,3.25,4.0],"class":1,"name":"RBC","score":0.87}"#);
        assert_eq!(value[0]["detections"][1]["name"], "7");
        assert_eq!(serde_json::from_str::<Vec<ImagePredictions>>(&text).unwrap(), vec![image]);
    }
}
