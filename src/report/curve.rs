//! One trial in text: its learning curve with a bar for the eye, and its metrics by class.

use super::table::Table;
use crate::results::{Classes, Epoch};

/// The epochs of a training as a table with bars of the total loss; empty where there are none.
pub fn curve(epochs: &[Epoch], width: Option<usize>) -> String {
    if epochs.is_empty() {
        return String::new();
    }
    let most = epochs.iter().map(Epoch::total).fold(0.0, f64::max);
    // A classifier has one loss, which `cls` holds.
    let one = epochs.iter().all(|e| e.r#box == 0.0 && e.obj == 0.0);
    let mut table = if one { Table::new([">epoch", "loss"]) } else { Table::new([">epoch", ">box", ">obj", ">cls", "loss"]) };
    for e in epochs {
        let cell = |v: f64| format!("{v:.4}");
        let share = if most > 0.0 { e.total() / most } else { 0.0 };
        let bar = "█".repeat((share * 30.0).round() as usize);
        let loss = format!("{:.4} {bar}", e.total());
        if one {
            table.row([e.epoch.to_string(), loss]);
        } else {
            table.row([e.epoch.to_string(), cell(e.r#box), cell(e.obj), cell(e.cls), loss]);
        }
    }
    table.render(2, width)
}

/// The classes of a metric as a table: boxes, average precision, precision and recall, or images and accuracy; empty where there
/// are none.
pub fn classes(classes: &Classes, width: Option<usize>) -> String {
    let cell = |v: Option<f64>| v.map_or("–".to_string(), |v| format!("{v:.3}"));
    match classes {
        Classes::Detection(classes) if classes.is_empty() => String::new(),
        Classes::Detection(classes) => {
            let mut table = Table::new(["class", ">boxes", ">ap50", ">ap50-95", ">precision", ">recall"]);
            for c in classes {
                table.row([c.name.clone(), c.n_truth.to_string(), cell(c.ap50), cell(c.ap50_95), cell(c.precision), cell(c.recall)]);
            }
            table.render(2, width)
        }
        Classes::Classification(classes) => {
            let mut table = Table::new(["class", ">images", ">accuracy"]);
            for c in classes {
                table.row([c.name.clone(), c.n_truth.to_string(), cell(c.accuracy)]);
            }
            table.render(2, width)
        }
    }
}
