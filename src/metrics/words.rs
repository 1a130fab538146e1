//! The metrics of the language, as far as a file is concerned.

use crate::document::{Described, Field, Type, Word, Words};

const CLASS: &[Field] = &[Field::one("class", &[Type::Text], "", "The class.")];

static METRICS: [Word; 17] = [
    Word::new("map50", "YOLOv5's mAP at IoU .5."),
    Word::new("map50-95", "YOLOv5's mAP at .5:.95."),
    Word::new("precision", "At the confidence of the best mean F1."),
    Word::new("recall", "At the confidence of the best mean F1."),
    Word::new("ap50", "Of one class, as `map50`.").fields(CLASS),
    Word::new("coco-map50", "COCO's mAP at .5."),
    Word::new("coco-map50-95", "COCO's mAP at .5:.95."),
    Word::new("accuracy", "Share of images whose class has the highest logit."),
    Word::new("top5", "Share of images whose class is among the five highest logits."),
    Word::new("loss", "Mean cross-entropy in nats, without smoothing."),
    Word::new("params", "Trainable parameters."),
    Word::new("flops", "2 × multiply-adds of convolutions and linear layers, one image at the data's size."),
    Word::new("macs", "Half of `flops`."),
    Word::new("likelihood", "ln of the probability, in nats, that a network's supernet has learned for its path."),
    Word::new("latency", "Milliseconds an image, batch 1, alone on the machine."),
    Word::new("throughput", "Images a second, batch 1."),
    Word::new("memory", "Peak bytes of inference."),
];

/// The metrics, and those of later versions.
pub fn words() -> Words<dyn Described> {
    Words { known: METRICS.iter().map(|w| w as &dyn Described).collect(), later: &["table-latency", "synflow"] }
}
