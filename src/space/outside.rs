//! An architecture that comes from outside (a file, a checkpoint) is checked before it is one.

use super::architecture::{Architecture, Layer, Raw, Source};
use super::blocks::Block;
use super::canonical::canonical;

/// Bounds on what is read from outside.
const MAX_LAYERS: usize = 4096;
const MAX_NUMBER: f64 = 65536.0;
const MAX_CLASSES: usize = 10_000;

impl TryFrom<Raw> for Architecture {
    type Error = String;
    fn try_from(raw: Raw) -> Result<Self, String> {
        if raw.layers.len() > MAX_LAYERS {
            return Err(format!("{} layers are more than nasflow builds ({MAX_LAYERS})", raw.layers.len()));
        }
        if [raw.input.channels, raw.input.height, raw.input.width].contains(&0) {
            return Err("the image is empty".into());
        }
        let value = serde_json::to_value(&raw).map_err(|e| e.to_string())?;
        numbers_within(&value)?;
        let last = raw.layers.len().checked_sub(1).ok_or("the network has no layers")?;
        let mut links = 0;
        for (i, layer) in raw.layers.iter().enumerate() {
            check(i, layer, i == last).map_err(|e| format!("layer {i} ({}): {e}", layer.block.word()))?;
            links += layer.inputs.len();
        }
        if links > 4 * MAX_LAYERS {
            return Err(format!("{links} inputs are more than nasflow builds"));
        }
        let architecture = canonical(raw.input, raw.layers, Source::Layer(last))?;
        architecture.cost()?;
        Ok(architecture)
    }
}

fn check(i: usize, layer: &Layer, is_last: bool) -> Result<(), String> {
    if layer.inputs.is_empty() || (layer.inputs.len() > 1 && !layer.block.joins()) {
        return Err(format!("it cannot read {} layers", layer.inputs.len()));
    }
    if layer.inputs.iter().any(|s| matches!(s, Source::Layer(j) if *j >= i)) {
        return Err("it reads a layer that does not come before it".into());
    }
    if let Block::Detect(detect) = &layer.block {
        if !is_last {
            return Err("only the last layer can be a head".into());
        }
        if !(1..=MAX_CLASSES).contains(&detect.classes) {
            return Err(format!("{} classes", detect.classes));
        }
        if detect.anchors.iter().any(|level| level.is_empty() || level.iter().any(|(w, h)| !(*w > 0.0 && *h > 0.0))) {
            return Err("each level needs anchors, of positive size".into());
        }
    }
    Ok(())
}

fn numbers_within(value: &serde_json::Value) -> Result<(), String> {
    match value {
        serde_json::Value::Number(n) => match n.as_f64() {
            Some(x) if x.abs() <= MAX_NUMBER => Ok(()),
            _ => Err(format!("{n} is larger than nasflow builds ({MAX_NUMBER})")),
        },
        serde_json::Value::Array(items) => items.iter().try_for_each(numbers_within),
        serde_json::Value::Object(fields) => fields.values().try_for_each(numbers_within),
        _ => Ok(()),
    }
}
