//! Metrics of the language.

use super::Task;

/// A metric of the language. `class` variants name the class.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// YOLOv5's mAP at IoU .5.
    Map50,
    /// YOLOv5's mAP at .5:.95.
    Map5095,
    /// At the confidence of the best mean F1.
    Precision,
    /// Likewise.
    Recall,
    /// `ap50 class="RBC"`: one class, YOLOv5's way.
    Ap50(String),
    /// COCO's mAP at .5.
    CocoMap50,
    /// COCO's mAP at .5:.95.
    CocoMap5095,
    /// Share of images whose class has the highest logit.
    Accuracy,
    /// Share of images whose class is among the five highest logits.
    Top5,
    /// Mean cross-entropy in nats, without smoothing.
    Loss,
    /// Trainable parameters.
    Params,
    /// 2 × multiply-adds of convolutions and linear layers, one image at the data's size.
    Flops,
    /// Half of `flops`.
    Macs,
    /// ln of the probability, in nats, that a network's supernet has learned for its path.
    Likelihood,
    /// Observation: milliseconds an image, batch 1, alone on the machine.
    Latency,
    /// Observation: images a second, batch 1.
    Throughput,
    /// Observation: peak bytes of inference.
    Memory,
}

impl Metric {
    /// The word in the file (`ap50:CLASS` for one class).
    pub fn name(&self) -> String {
        match self {
            Metric::Map50 => "map50".into(),
            Metric::Map5095 => "map50-95".into(),
            Metric::Precision => "precision".into(),
            Metric::Recall => "recall".into(),
            Metric::Ap50(class) => format!("ap50:{class}"),
            Metric::CocoMap50 => "coco-map50".into(),
            Metric::CocoMap5095 => "coco-map50-95".into(),
            Metric::Accuracy => "accuracy".into(),
            Metric::Top5 => "top5".into(),
            Metric::Loss => "loss".into(),
            Metric::Params => "params".into(),
            Metric::Flops => "flops".into(),
            Metric::Macs => "macs".into(),
            Metric::Likelihood => "likelihood".into(),
            Metric::Latency => "latency".into(),
            Metric::Throughput => "throughput".into(),
            Metric::Memory => "memory".into(),
        }
    }

    /// Whether more is better (rule 10).
    pub fn higher_is_better(&self) -> bool {
        !matches!(self, Metric::Loss | Metric::Params | Metric::Flops | Metric::Macs | Metric::Latency | Metric::Memory)
    }

    /// Whether a clock or a machine measured it, so that it may be reported but never decides (rule 16).
    pub fn is_observation(&self) -> bool {
        matches!(self, Metric::Latency | Metric::Throughput | Metric::Memory)
    }

    /// Whether it lies between 0 and 1.
    pub fn is_share(&self) -> bool {
        self.reads_predictions() && *self != Metric::Loss
    }

    /// Whether it follows from the architecture alone.
    pub fn is_cost(&self) -> bool {
        matches!(self, Metric::Params | Metric::Flops | Metric::Macs)
    }

    /// What it is a measure of; none where it is of any network.
    pub fn task(&self) -> Option<Task> {
        match self {
            Metric::Accuracy | Metric::Top5 | Metric::Loss => Some(Task::Classify),
            _ if self.reads_predictions() => Some(Task::Detect),
            _ => None,
        }
    }

    /// Whether it is a pure function of predictions and truth.
    pub fn reads_predictions(&self) -> bool {
        !self.is_cost() && !self.is_observation() && *self != Metric::Likelihood
    }
}
