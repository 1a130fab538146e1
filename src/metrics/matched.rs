//! Detections laid against the truth of a split, once: what every number of a detector is computed from.

use super::matching::{self, Hits};
use super::{Detection, Truth};

/// One detection among those of its class in all images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Its score, as everything orders by it.
    pub score: f32,
    /// Its image.
    pub image: u32,
    /// Where it is true, YOLOv5's way.
    pub yolov5: Hits,
    /// Where it is true, COCO's way; none where COCO does not read it.
    pub coco: Option<Hits>,
}

/// The detections of one class.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OfClass {
    /// By (score descending, image, index).
    pub entries: Vec<Entry>,
    /// Images with true boxes of this class, and how many.
    pub truth: Vec<(u32, u32)>,
}

impl OfClass {
    /// True boxes.
    pub fn truths(&self) -> usize {
        self.truth.iter().map(|t| t.1 as usize).sum()
    }
}

/// A detector's detections on a split, matched.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// Class names in declared order.
    pub names: Vec<String>,
    /// By class.
    pub classes: Vec<OfClass>,
    /// Images.
    pub images: usize,
}

impl Matched {
    /// `truth[i]` and `predictions[i]` are of one image.
    ///
    /// Detections of a class beyond `classes` count nowhere; a NaN score counts as 0, a NaN box as a false detection.
    /// Fails where the lists differ in length or the truth holds an unknown class.
    pub fn new<D: AsRef<[Detection]>>(names: &[String], truth: &[Truth], predictions: &[D]) -> Result<Self, String> {
        if truth.len() != predictions.len() {
            return Err(format!("predictions of {} images for {} images of truth", predictions.len(), truth.len()));
        }
        let mut classes = vec![OfClass::default(); names.len()];
        for (image, (truth, found)) in truth.iter().zip(predictions).enumerate() {
            let (found, image) = (found.as_ref(), image as u32);
            for object in &truth.boxes {
                let Some(class) = classes.get_mut(usize::from(object.class)) else {
                    let known = names.len();
                    return Err(format!("image {image} has a box of class {}, but there are {known} classes", object.class));
                };
                match class.truth.last_mut() {
                    Some(last) if last.0 == image => last.1 += 1,
                    _ => class.truth.push((image, 1)),
                }
            }
            let yolov5 = matching::yolov5(&truth.boxes, found);
            let coco = matching::coco(&truth.boxes, found);
            for ((detection, yolov5), coco) in found.iter().zip(yolov5).zip(coco) {
                if let Some(class) = classes.get_mut(usize::from(detection.class)) {
                    class.entries.push(Entry { score: detection.rank_score(), image, yolov5, coco });
                }
            }
        }
        // Stable: equal scores keep the order of images, then of detections.
        classes.iter_mut().for_each(|class| class.entries.sort_by(|a, b| b.score.total_cmp(&a.score)));
        Ok(Matched { names: names.to_vec(), classes, images: truth.len() })
    }
}
