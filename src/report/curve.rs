//! One trial in text: its learning curve with a bar for the eye, and its metrics by class.

use serde_json::Value;

/// The epochs of a training record's `curve` as a table with bars of the total loss; empty where there are none.
pub fn curve(values: &Value, width: Option<usize>) -> String {
    let Some(epochs) = values["curve"].as_array() else { return String::new() };
    let total = |e: &Value| ["box", "obj", "cls"].iter().filter_map(|k| e[k].as_f64()).sum::<f64>();
    let most = epochs.iter().map(total).fold(0.0, f64::max);
    // A classifier has one loss, which `cls` holds.
    let one = epochs.iter().all(|e| e["box"] == 0.0 && e["obj"] == 0.0);
    let mut table = if one {
        super::table::Table::new([">epoch", "loss"])
    } else {
        super::table::Table::new([">epoch", ">box", ">obj", ">cls", "loss"])
    };
    for e in epochs {
        let cell = |k: &str| e[k].as_f64().map_or_else(String::new, |v| format!("{v:.4}"));
        let share = if most > 0.0 { total(e) / most } else { 0.0 };
        let bar = "█".repeat((share * 30.0).round() as usize);
        let loss = format!("{:.4} {bar}", total(e));
        if one {
            table.row([e["epoch"].to_string(), loss]);
        } else {
            table.row([e["epoch"].to_string(), cell("box"), cell("obj"), cell("cls"), loss]);
        }
    }
    table.render(2, width)
}

/// The classes of a metric record as a table: boxes, average precision, precision and recall, or images and accuracy; empty
/// where there are none.
pub fn classes(values: &Value, width: Option<usize>) -> String {
    let Some(classes) = values["classes"].as_array() else { return String::new() };
    if classes.iter().any(|c| c.get("accuracy").is_some()) {
        let mut table = super::table::Table::new(["class", ">images", ">accuracy"]);
        for c in classes {
            let accuracy = c["accuracy"].as_f64().map_or("–".to_string(), |v| format!("{v:.3}"));
            table.row([c["name"].as_str().unwrap_or("").to_string(), c["n_truth"].to_string(), accuracy]);
        }
        return table.render(2, width);
    }
    let mut table = super::table::Table::new(["class", ">boxes", ">ap50", ">ap50-95", ">precision", ">recall"]);
    for c in classes {
        let cell = |k: &str| c[k].as_f64().map_or("–".to_string(), |v| format!("{v:.3}"));
        let name = c["name"].as_str().unwrap_or("").to_string();
        table.row([name, c["n_truth"].to_string(), cell("ap50"), cell("ap50_95"), cell("precision"), cell("recall")]);
    }
    table.render(2, width)
}
