//! From a split and the predictions for it to the report: the one place where the two are laid side by side.

use super::{EvaluateError, Predictions};
use crate::data::{Pack, PackImage};
use crate::metrics::{DetectionReport, Matched, Truth, TruthBox};

/// The true boxes of an image, in pixels of the original.
pub fn truth(image: &PackImage) -> Truth {
    let boxes = image.objects.iter().map(|o| TruthBox::from_sixteenths(o.class, o.x1, o.y1, o.x2, o.y2));
    Truth { boxes: boxes.collect() }
}

/// Every number of the predictions for a split. Fails where they are not of this split's images in this order.
pub fn report(pack: &Pack, predictions: &Predictions) -> Result<DetectionReport, EvaluateError> {
    Ok(DetectionReport::of(&matched(pack, predictions)?))
}

/// The predictions laid against the truth. Fails as [`report`] does.
pub fn matched(pack: &Pack, predictions: &Predictions) -> Result<Matched, EvaluateError> {
    let same = pack.images.len() == predictions.images.len()
        && pack.images.iter().zip(&predictions.images).all(|(image, (digest, _))| image.digest == *digest);
    if !same {
        let (found, images) = (predictions.images.len(), pack.images.len());
        let why = format!("the predictions ({found} images) are not of this split ({images} images)");
        return Err(EvaluateError::Misfit(why));
    }
    let truth: Vec<Truth> = pack.images.iter().map(truth).collect();
    let found: Vec<&[_]> = predictions.images.iter().map(|(_, detections)| &detections[..]).collect();
    Matched::new(&pack.classes, &truth, &found).map_err(EvaluateError::Misfit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::data::Object;
    use crate::metrics::Detection;

    #[test]
    fn sixteenths_become_pixels_and_other_splits_are_refused() {
        let object = Object { class: 0, x1: 8, y1: 16, x2: 168, y2: 176 };
        let image = |name: &[u8]| PackImage {
            digest: Digest::of(name),
            width: 20,
            height: 20,
            w: 20,
            h: 20,
            offset: 0,
            objects: vec![object],
            label: None,
        };
        let pack =
            Pack { image_size: 20, channels: 3, classes: vec!["a".into()], images: vec![image(b"1"), image(b"2")], pixels: vec![].into() };
        let found = Detection { x1: 0.5, y1: 1.0, x2: 10.5, y2: 11.0, score: 0.9, class: 0 };
        let mut predictions = Predictions { images: pack.images.iter().map(|i| (i.digest, vec![found])).collect() };
        assert_eq!(report(&pack, &predictions).unwrap().coco_map50_95, 1.0);
        predictions.images.reverse();
        assert!(matches!(report(&pack, &predictions), Err(EvaluateError::Misfit(_))));
        predictions.images.pop();
        assert!(report(&pack, &predictions).is_err());
    }
}
