//! What a command is told: the network as files, and everything else as JSON (docs/language.md has the tables).

use super::folder::Folder;
use crate::base::Digest;
use crate::data::{Object, PackImage};
use crate::export::{Artefact, ModelCard, onnx, pytorch};
use crate::nn::Parameters;
use crate::run::job::About;
use crate::run::worker::context::Context;
use crate::run::worker::failure::Failure;
use crate::space::{Architecture, Head};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of what is told: raised where a field changes its meaning.
pub const FORMAT: u32 = 1;

/// JSON with a newline at its end.
pub fn bytes(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| Failure::Broken(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What the space decided, by label.
pub fn decisions(about: &About) -> Map<String, Value> {
    about.decisions.iter().map(|(label, value)| (label.clone(), json!(value))).collect()
}

/// A network with weights, as a command gets it.
pub struct Network<'a> {
    /// What it is built of.
    pub architecture: &'a Architecture,
    /// What else is known of it.
    pub about: &'a About,
    /// Batch norm's epsilon and momentum.
    pub norm: (f64, f64),
    /// Its weights.
    pub params: Parameters,
    /// Whether ONNX is wanted as well.
    pub onnx: bool,
}

impl Network<'_> {
    /// Writes its files; what is told of it.
    pub fn write(self, folder: &Folder) -> Result<Value, Failure> {
        let Network { architecture, about, norm, params, onnx: wanted } = self;
        let digest = |digest: Option<Digest>| digest.unwrap_or(Digest::of(b""));
        let card = ModelCard {
            architecture: architecture.clone(),
            classes: about.classes.clone(),
            norm_eps: norm.0,
            norm_momentum: norm.1,
            iterations: 0,
            choices: Vec::new(),
            decisions: about.decisions.clone(),
            candidate: about.candidate,
            weights: digest(None),
            data: digest(about.images.as_ref().map(|i| i.digest)),
            recipe: BTreeMap::new(),
            metrics: BTreeMap::new(),
            nasflow: env!("CARGO_PKG_VERSION").to_string(),
        };
        let artefact = Artefact::new(card, params).map_err(|e| Failure::Attempt(e.to_string()))?;
        for file in (pytorch::FORMAT.write)(&artefact, "network").map_err(|e| Failure::Attempt(e.to_string()))? {
            folder.write(&format!("network.{}", file.ending), &file.bytes)?;
        }
        folder.write("network.json", (architecture.to_json() + "\n").as_bytes())?;
        let mut graph = Value::Null;
        // A network that ONNX cannot say is measured by what it is in PyTorch.
        if let (true, Ok(files)) = (wanted, (onnx::FORMAT.write)(&artefact, "network")) {
            for file in files {
                folder.write(&format!("network.{}", file.ending), &file.bytes)?;
            }
            graph = json!("network.onnx");
        }
        let program = &artefact.program;
        let mut told = json!({
            "module": "network.py",
            "weights": "network.safetensors",
            "architecture": "network.json",
            "onnx": graph,
            "task": if artefact.card.is_detector() { "detect" } else { "classify" },
            "image-size": artefact.card.image_size(),
            "channels": architecture.input.channels,
            "preprocessing": artefact.card.preprocessing(),
            "classes": about.classes,
            "parameters": program.param_count(),
            "flops": 2 * about.macs,
            "batch-norm": { "eps": norm.0, "momentum": norm.1 },
        });
        if let (Head::Detect { strides, anchors, .. }, Some(told)) = (&program.head, told.as_object_mut()) {
            told.insert("strides".into(), json!(strides));
            told.insert("anchors".into(), json!(anchors));
        }
        Ok(told)
    }
}

/// Writes the list of the images that a command reads, the first so many of them; what is told of them, or null. Their pixels stay
/// in the pack.
pub fn images(about: &About, pack: Option<Digest>, first: Option<usize>, folder: &Folder, context: &Context) -> Result<Value, Failure> {
    let (Some(images), Some(blob)) = (&about.images, pack) else { return Ok(Value::Null) };
    let pack = context.pack(blob)?;
    let files: Vec<Option<String>> = serde_json::from_slice(&context.blob(images.files, "the list of images")?)
        .map_err(|e| Failure::Broken(format!("the list of images: {e}")))?;
    let start = pack.pixels_start();
    let path = std::fs::canonicalize(context.blobs.path(&blob)).map_err(|e| Failure::Attempt(format!("the pack: {e}")))?;
    let taken = first.unwrap_or(pack.images.len());
    let each = pack.images.iter().take(taken).enumerate();
    let list: Vec<Value> = each.map(|(i, image)| of_image(image, start, files.get(i).and_then(Option::as_deref))).collect();
    let mut told = json!({
        "name": images.data,
        "split": images.split,
        "format": images.format,
        "digest": images.digest,
        "classes": pack.classes,
        "image-size": pack.image_size,
        "channels": pack.channels,
        "labels": if pack.is_labelled() { "class" } else { "boxes" },
        "count": list.len(),
        "pixels": path,
    });
    let mut whole = told.clone();
    if let (Some(whole), Some(told)) = (whole.as_object_mut(), told.as_object_mut()) {
        whole.insert("images".into(), Value::Array(list));
        told.insert("file".into(), json!("data.json"));
    }
    // One may have 100,000 images: not indented.
    let bytes = serde_json::to_vec(&whole).map_err(|e| Failure::Broken(e.to_string()))?;
    folder.write("data.json", &bytes)?;
    Ok(told)
}

/// One image: where its pixels are in the pack, and its label or boxes, in shares of the image as YOLO's files have them.
fn of_image(image: &PackImage, start: u64, file: Option<&str>) -> Value {
    let mut told = json!({
        "offset": start + image.offset as u64,
        "width": image.w,
        "height": image.h,
        "original": [image.width, image.height],
        "digest": image.digest,
        "file": file,
    });
    let Some(fields) = told.as_object_mut() else { return told };
    match image.label {
        Some(label) => fields.insert("class".into(), json!(label)),
        None => {
            let (w, h) = (16.0 * image.width as f64, 16.0 * image.height as f64);
            let of = |o: &Object| {
                let [x1, y1, x2, y2] = [o.x1, o.y1, o.x2, o.y2].map(f64::from);
                json!([o.class, (x1 + x2) / 2.0 / w, (y1 + y2) / 2.0 / h, (x2 - x1) / w, (y2 - y1) / h])
            };
            fields.insert("boxes".into(), Value::Array(image.objects.iter().map(of).collect()))
        }
    };
    told
}
