//! A network as the rows of upstream's model YAML: `[from, number, module, args]`, one a layer.
//!
//! `parse_model` (v7.0) builds row i as `model.i`, with the channels of the layers that `from` names put before its arguments. So
//! the rows of a network have YOLOv5's names of tensors because its layers have them: nothing is renamed, unless the image is read twice.

use crate::export::kdl::{activation, number, shortest, usual_padding};
use crate::export::torch::call;
use crate::space::blocks::{Block, Bottleneck, C3, Conv, Detect, Ghost, Pool};
use crate::space::{Activation, Architecture, Shape, Source};

/// A row of the YAML.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it reads: −1 is the row above, else a row's number; several for joins.
    pub from: Vec<i64>,
    /// `number`: bottlenecks of a C3, else 1.
    pub number: usize,
    /// The module's name there.
    pub module: &'static str,
    /// Its arguments, as YAML.
    pub args: Vec<String>,
}

/// A network as rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// In order; the last is `Detect`.
    pub rows: Vec<Row>,
    /// How many of the rows are the backbone.
    pub backbone: usize,
    /// The activation of all blocks but those that name their own.
    pub activation: Activation,
    /// What upstream computes otherwise, though all weights fit.
    pub differing: Vec<String>,
}

/// The rows of a network.
///
/// # Errors
/// The layers that upstream has no module for, each by its number and word.
pub fn rows(architecture: &Architecture, shapes: &[Shape]) -> Result<Rows, Vec<String>> {
    let usual = usual(architecture);
    let mut out = Rows { rows: Vec::new(), backbone: 0, activation: usual, differing: Vec::new() };
    let mut missing = Vec::new();
    for (i, layer) in architecture.layers.iter().enumerate() {
        let from = layer.inputs.iter().map(|s| match s {
            Source::Layer(j) if j + 1 < i => *j as i64,
            _ => -1,
        });
        let from = from.collect();
        if i > 0 && layer.inputs.contains(&Source::Image) && !matches!(layer.block, Block::Zero(_)) {
            missing.push(format!("#{i} {}: it reads the image, which no row but the first can", layer.block.word()));
        }
        let input = match layer.inputs.first() {
            Some(Source::Layer(j)) => shapes[*j],
            _ => architecture.input.shape(),
        };
        match module(&layer.block, input, usual) {
            Ok((module, number, args)) => out.rows.push(Row { from, number, module, args }),
            Err(why) => missing.push(format!("#{i} {}: {why}", layer.block.word())),
        }
        if let (Some(own), false) = (activation(&layer.block).filter(|a| *a != usual), matches!(layer.block, Block::Conv(_))) {
            let (word, own, theirs) = (layer.block.word(), call(own), call(usual));
            out.differing.push(format!("layer {i}: this {word} has {own} after its norms, upstream's has {theirs}"));
        }
    }
    out.backbone = out.rows.iter().rposition(|r| r.module == "SPPF").map_or(neck(&out.rows), |i| i + 1);
    if missing.is_empty() { Ok(out) } else { Err(missing) }
}

/// Where the head begins in a network without SPPF: at the first join, else at `Detect`.
fn neck(rows: &[Row]) -> usize {
    let head = |r: &Row| matches!(r.module, "nn.Upsample" | "Concat" | "Detect");
    rows.iter().position(head).unwrap_or(rows.len())
}

/// The activation that `activation:` names: that of most blocks which cannot name their own, else of most convolutions.
fn usual(architecture: &Architecture) -> Activation {
    let of = |own: bool| -> Vec<Activation> {
        let blocks = architecture.layers.iter().map(|l| &l.block);
        blocks.filter(|b| matches!(b, Block::Conv(_)) == own).filter_map(activation).collect()
    };
    let (all, convolutions) = (of(false), of(true));
    let all = if all.is_empty() { convolutions } else { all };
    let count = |a: Activation| all.iter().filter(|b| **b == a).count();
    all.iter().rev().copied().max_by_key(|a| count(*a)).unwrap_or(Activation::Silu)
}

type Module = (&'static str, usize, Vec<String>);

/// The module of a block that reads this shape.
fn module(block: &Block, input: Shape, usual: Activation) -> Result<Module, String> {
    let none = || Err("YOLOv5 has no such module".to_string());
    match block {
        Block::Conv(b) => Ok(("Conv", 1, conv(b, usual))),
        Block::C3(b) => c3(b),
        Block::Bottleneck(b) => bottleneck(b),
        Block::Ghost(b) => ghost(b, input.c),
        Block::Sppf(b) if b.hidden == input.c / 2 => Ok(("SPPF", 1, vec![b.channels.to_string(), b.kernel.to_string()])),
        Block::Sppf(_) => Err("YOLOv5's SPPF has half of its input's channels inside".into()),
        Block::MaxPool(b) => Ok(("nn.MaxPool2d", 1, pool(b))),
        Block::AvgPool(b) => Ok(("nn.AvgPool2d", 1, pool(b))),
        Block::GlobalPool => Ok(("nn.AdaptiveAvgPool2d", 1, vec!["1".into()])),
        Block::Upsample(b) => Ok(("nn.Upsample", 1, vec!["None".into(), b.factor.to_string(), "'nearest'".into()])),
        Block::Concat => Ok(("Concat", 1, vec!["1".into()])),
        Block::Detect(b) => detect(b),
        Block::Add => Err("no module of YOLOv5's adds layers".into()),
        Block::Linear(_)
        | Block::Residual(_)
        | Block::Inception(_)
        | Block::Mbconv(_)
        | Block::Shuffle(_)
        | Block::SqueezeExcite(_)
        | Block::Zero(_) => none(),
    }
}

/// Arguments up to the last that is not what upstream takes where nothing is written.
fn shorten(args: Vec<String>, usual: &[&str]) -> Vec<String> {
    let needed = args.iter().zip(usual).rposition(|(a, u)| a != u).map_or(0, |i| i + 1);
    args.into_iter().take(needed.max(1)).collect()
}

fn conv(b: &Conv, usual: Activation) -> Vec<String> {
    let pair = |(h, w): (usize, usize)| if h == w { h.to_string() } else { format!("[{h}, {w}]") };
    let padding = if b.padding == usual_padding(b) { "None".into() } else { pair(b.padding) };
    let activation = match b.activation {
        a if a == usual => "True",
        Activation::Identity => "False",
        other => call(other),
    };
    let args = vec![
        b.channels.to_string(),
        pair(b.kernel),
        b.stride.to_string(),
        padding,
        b.groups.to_string(),
        b.dilation.to_string(),
        activation.to_string(),
    ];
    shorten(args, &["", "1", "1", "None", "1", "1", "True"])
}

fn pool(b: &Pool) -> Vec<String> {
    vec![b.kernel.to_string(), b.stride.to_string(), b.padding.to_string()]
}

fn flag(flag: bool) -> String {
    if flag { "True".into() } else { "False".into() }
}

/// `channels, shortcut, groups, expansion`.
fn units(channels: usize, hidden: usize, shortcut: bool, groups: usize) -> Result<Vec<String>, String> {
    let of = |e: f64| (channels as f64 * e) as usize == hidden;
    let half = of(0.5).then_some(0.5);
    let expansion = half.or_else(|| shortest(hidden as f64 / channels.max(1) as f64, of));
    let expansion = expansion.ok_or_else(|| format!("no expansion makes {hidden} of {channels} channels"))?;
    Ok(shorten(vec![channels.to_string(), flag(shortcut), groups.to_string(), number(expansion)], &["", "True", "1", "0.5"]))
}

fn c3(b: &C3) -> Result<Module, String> {
    match b.kernel {
        3 => Ok(("C3", b.repeats, units(b.channels, b.hidden, b.shortcut, b.groups)?)),
        k => Err(format!("its kernel is {k}, that of YOLOv5's C3 always 3")),
    }
}

fn bottleneck(b: &Bottleneck) -> Result<Module, String> {
    match (b.kernel, b.stride) {
        (3, 1) => Ok(("Bottleneck", 1, units(b.channels, b.hidden, b.shortcut, b.groups)?)),
        (3, s) => Err(format!("its stride is {s}, that of YOLOv5's Bottleneck always 1")),
        (k, _) => Err(format!("its kernel is {k}, that of YOLOv5's Bottleneck always 3")),
    }
}

fn ghost(b: &Ghost, inputs: usize) -> Result<Module, String> {
    match b.stride {
        1 if inputs == b.channels => Ok(("GhostBottleneck", 1, vec![b.channels.to_string()])),
        1 => Err(format!("it makes {} channels of {inputs}; YOLOv5's GhostBottleneck without stride keeps them", b.channels)),
        2 => Ok(("GhostBottleneck", 1, vec![b.channels.to_string(), b.kernel.to_string(), "2".into()])),
        s => Err(format!("its stride is {s}, that of YOLOv5's GhostBottleneck 1 or 2")),
    }
}

fn detect(b: &Detect) -> Result<Module, String> {
    let per_level = b.anchors.first().map_or(0, Vec::len);
    match b.anchors.iter().all(|level| level.len() == per_level) && per_level > 0 {
        true => Ok(("Detect", 1, vec!["nc".into(), "anchors".into()])),
        false => Err("its levels have different numbers of anchors".into()),
    }
}
