//! Learning curves in text: one line a row of the table, and a bar for the eye.

use serde_json::Value;

/// The epochs of a training record's `curve` as a table with bars of the total loss; empty where there are none.
pub fn curve(values: &Value) -> String {
    let Some(epochs) = values["curve"].as_array() else { return String::new() };
    let total = |e: &Value| ["box", "obj", "cls"].iter().filter_map(|k| e[k].as_f64()).sum::<f64>();
    let most = epochs.iter().map(total).fold(0.0, f64::max);
    let mut table = super::table::Table::new([">epoch", ">box", ">obj", ">cls", "loss"]);
    for e in epochs {
        let cell = |k: &str| e[k].as_f64().map_or_else(String::new, |v| format!("{v:.4}"));
        let share = if most > 0.0 { total(e) / most } else { 0.0 };
        let bar = "█".repeat((share * 30.0).round() as usize);
        table.row([e["epoch"].to_string(), cell("box"), cell("obj"), cell("cls"), format!("{:.4} {bar}", total(e))]);
    }
    table.render(2)
}
