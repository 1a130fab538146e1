//! The rows of a model YAML as a network: `parse_model`'s rules of channels and repeats.

use super::model::{Anchors, MAX_CHANNELS, ModelYaml, Row, anchors};
use super::modules::{Layers, Place, makes_channels, repeats_inside};
use super::yaml::shown;
use crate::space::blocks::{Block, COCO_ANCHORS, Detect};
use crate::space::{Architecture, Input, Source, canonical};

/// The side of the images that shapes are shown for, in pixels.
pub const IMAGE: usize = 640;
/// Most layers.
const MAX_LAYERS: usize = 10_000;

/// A network out of a YAML.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Its canonical form, over images of [`IMAGE`] pixels.
    pub architecture: Architecture,
    /// What is not as in the YAML.
    pub notes: Vec<String>,
}

/// The network.
///
/// # Errors
/// The line, and what cannot be built.
pub fn network(model: &ModelYaml) -> Result<Imported, String> {
    let mut layers = Layers(Vec::new());
    // By row: what it makes, and of how many channels. By layer: the line of its row.
    let mut made: Vec<(Source, usize)> = Vec::new();
    let mut lines: Vec<usize> = Vec::new();
    let mut notes = Vec::new();
    for (i, row) in model.rows.iter().enumerate() {
        let sources = row.from.iter().map(|from| source(row, *from, i, &made)).collect::<Result<Vec<_>, _>>()?;
        let inputs = || sources.iter().map(|s| s.0).collect();
        let fail = |why: String| Err(format!("line {}: {why}", row.line));
        let last = i + 1 == model.rows.len();
        let out = match row.module.as_str() {
            "Detect" if !last => return fail("Detect ends a network; rows stand behind it".into()),
            "Detect" => {
                let (block, note) = detect(model, row, sources.len())?;
                notes.extend(note);
                (layers.add(Block::Detect(block), inputs()), 0)
            }
            module if last => {
                return fail(format!("the last row is `{}`; of a detector it is Detect, and only detectors are read", shown(module)));
            }
            "Concat" => {
                if row.args.len() > 1 || row.args.first().is_some_and(|a| a.text() != Some("1")) {
                    return fail("Concat is read along channels: [1]".into());
                }
                (layers.add(Block::Concat, inputs()), sources.iter().map(|s| s.1).sum())
            }
            module => match sources.as_slice() {
                [one] => modules(model, row, *one, &mut layers)?,
                _ => return fail(format!("`{}` reads one row", shown(module))),
            },
        };
        if out.1 > MAX_CHANNELS || layers.0.len() > MAX_LAYERS {
            return fail(format!("{} channels, {} layers: more than nasflow builds", out.1, layers.0.len()));
        }
        lines.resize(layers.0.len(), row.line);
        made.push(out);
    }
    let input = Input { channels: 3, height: IMAGE, width: IMAGE };
    let whole = Architecture { input, layers: layers.0 };
    if let Err(why) = whole.cost() {
        return Err(at_its_line(&whole, &lines, &why));
    }
    let output = Source::Layer(whole.layers.len().saturating_sub(1));
    Ok(Imported { architecture: canonical(input, whole.layers, output)?, notes })
}

/// What does not fit, at the row that does not.
fn at_its_line(whole: &Architecture, lines: &[usize], why: &str) -> String {
    let fits = |n: usize| Architecture { input: whole.input, layers: whole.layers[..n].to_vec() }.cost().is_ok();
    // So many layers fit; the next does not.
    let (mut fit, mut all) = (0, whole.layers.len());
    while all - fit > 1 {
        let middle = fit + (all - fit) / 2;
        if fits(middle) { fit = middle } else { all = middle }
    }
    let line = lines.get(fit);
    let why = why.split_once("): ").map_or(why, |(_, why)| why);
    format!("line {}: over images of {IMAGE} px this cannot be built: {why}", line.copied().unwrap_or(1))
}

/// What a row reads, and of how many channels.
fn source(row: &Row, from: i64, i: usize, made: &[(Source, usize)]) -> Result<(Source, usize), String> {
    if from == -1 && i == 0 {
        return Ok((Source::Image, 3));
    }
    let at = if from < 0 { i as i64 + from } else { from };
    let found = usize::try_from(at).ok().and_then(|at| made.get(at));
    found.copied().ok_or_else(|| format!("line {}: `from` {from} is no earlier row; this is row {i}", row.line))
}

/// The modules of a row, one after another: what they make, and of how many channels.
fn modules(model: &ModelYaml, row: &Row, (mut x, inputs): (Source, usize), layers: &mut Layers) -> Result<(Source, usize), String> {
    let module = row.module.as_str();
    let fail = |why: String| format!("line {}: {why}", row.line);
    let number = match row.number {
        // Python rounds halves to even.
        n if n > 1 => ((n as f64 * model.depth).round_ties_even() as usize).clamp(1, 100),
        n => n,
    };
    let (channels, args) = match makes_channels(module) {
        false => (inputs, &row.args[..]),
        true => {
            let (first, rest) = row.args.split_first().ok_or_else(|| fail(format!("{module} needs channels")))?;
            let written = first.whole("channels", 1, MAX_CHANNELS)?;
            // Channels that are as many as the head's outputs are not scaled.
            let outputs = model.anchors.per_level * (model.classes + 5);
            let scaled = ((written as f64 * model.width / model.multiple as f64).ceil() as usize).saturating_mul(model.multiple);
            (if written == outputs { written } else { scaled }, rest)
        }
    };
    let count = if repeats_inside(module) { 1 } else { number };
    if count == 0 || (count > 1 && inputs != channels) {
        let what = shown(module);
        return Err(fail(format!("{count} times `{what}` from {inputs} to {channels} channels; YOLOv5 builds all of them from {inputs}")));
    }
    let place = Place { channels: (inputs, channels), number, args, activation: model.activation, line: row.line };
    for _ in 0..count {
        x = place.build(module, layers, x)?;
    }
    Ok((x, channels))
}

/// The head, and what is not as in the YAML.
fn detect(model: &ModelYaml, row: &Row, levels: usize) -> Result<(Detect, Option<String>), String> {
    let fail = |why: String| format!("line {}: {why}", row.line);
    let [nc, given] = row.args.as_slice() else { return Err(fail("Detect has [nc, anchors]".into())) };
    let classes = if nc.text() == Some("nc") { model.classes } else { nc.whole("nc", 1, u16::MAX.into())? };
    let Anchors { levels: known, per_level } = if given.text() == Some("anchors") { model.anchors.clone() } else { anchors(given)? };
    match known {
        Some(known) if known.len() != levels => Err(fail(format!("anchors for {} levels, and Detect reads {levels}", known.len()))),
        Some(known) if known.iter().map(Vec::as_slice).eq(COCO_ANCHORS.iter().map(|level| &level[..])) => {
            Ok((Detect { classes, anchors: known }, None))
        }
        known => {
            let note = "its anchors are found anew, from the boxes of the data that it is trained on (`anchors=auto`)";
            // What `auto` stands for is not known here.
            let anchors = vec![vec![(1.0, 1.0); per_level]; levels];
            Ok((Detect { classes, anchors }, known.map(|_| note.to_string())))
        }
    }
}
