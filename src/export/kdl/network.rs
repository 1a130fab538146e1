//! A network with nothing left open, as a `network` node: the same layers in the same order, so that it is the same candidate.

use super::layer::line;
use super::text::quoted;
use crate::space::blocks::{Block, COCO_ANCHORS, Zero, activation_word};
use crate::space::{Activation, Architecture, ParamKind, Program, Shape, Source};

/// How the image is called where a layer reads it that is not the first.
const IMAGE: &str = "image";

/// The lines of a network over this data set: text, and what stands behind `//`. `image_size` is the data's.
///
/// # Errors
/// A block that no file of the language makes: it came from elsewhere.
pub fn network(architecture: &Architecture, data: &str, image_size: usize) -> Result<Vec<(String, String)>, String> {
    let program = architecture.program()?;
    let writer = Writer { architecture, shapes: shapes(&program, architecture.layers.len()), activation: usual(architecture) };
    let size = architecture.input.height;
    let stated = if size == image_size { String::new() } else { format!(" image-size={size}") };
    let active = match writer.activation {
        Activation::Silu => String::new(),
        other => format!(" activation={}", activation_word(other)),
    };
    let mut lines = vec![(format!("network{active} {{"), String::new())];
    lines.push((format!("    input {}{stated}", quoted(data)), writer.show(architecture.input.shape())));
    if (0..architecture.layers.len()).any(|i| writer.names_image(i)) {
        lines.push((format!("    skip as={}", quoted(IMAGE)), "nothing: a name for the image".into()));
    }
    for i in 0..architecture.layers.len() {
        let written = writer.layer(i).map_err(|why| format!("layer {i} cannot be written: {why}"))?;
        lines.push((format!("    {written}"), writer.note(&program, i)));
    }
    lines.push(("}".into(), String::new()));
    Ok(lines)
}

/// The output of every layer.
fn shapes(program: &Program, layers: usize) -> Vec<Shape> {
    let mut shapes = vec![program.values[0]; layers];
    for node in &program.nodes {
        shapes[node.layer] = program.values[node.output];
    }
    shapes
}

/// The activation of most blocks.
fn usual(architecture: &Architecture) -> Activation {
    let all: Vec<Activation> = architecture.layers.iter().filter_map(|l| activation(&l.block)).collect();
    let count = |a: Activation| all.iter().filter(|b| **b == a).count();
    // Of several the first that is met.
    all.iter().rev().copied().max_by_key(|a| count(*a)).unwrap_or(Activation::Silu)
}

/// The activation that a block was given; none of one that takes none.
pub fn activation(block: &Block) -> Option<Activation> {
    match block {
        Block::Conv(b) => Some(b.activation),
        Block::Residual(b) => Some(b.activation),
        Block::Bottleneck(b) => Some(b.activation),
        Block::Inception(b) => Some(b.activation),
        Block::C3(b) => Some(b.activation),
        Block::Sppf(b) => Some(b.activation),
        Block::Mbconv(b) => Some(b.activation),
        Block::Ghost(b) => Some(b.activation),
        Block::Shuffle(b) => Some(b.activation),
        Block::MaxPool(_) | Block::AvgPool(_) | Block::GlobalPool | Block::Linear(_) => None,
        Block::SqueezeExcite(_) | Block::Upsample(_) | Block::Concat | Block::Add | Block::Detect(_) | Block::Zero(_) => None,
    }
}

struct Writer<'a> {
    architecture: &'a Architecture,
    shapes: Vec<Shape>,
    activation: Activation,
}

impl Writer<'_> {
    fn show(&self, s: Shape) -> String {
        format!("{}×{}×{}", s.h, s.w, s.c)
    }

    fn shape(&self, source: Source) -> Shape {
        match source {
            Source::Image => self.architecture.input.shape(),
            Source::Layer(j) => self.shapes[j],
        }
    }

    /// What stands above a layer.
    fn above(i: usize) -> Source {
        i.checked_sub(1).map_or(Source::Image, Source::Layer)
    }

    /// Whether a layer reads the image by its name.
    fn names_image(&self, i: usize) -> bool {
        let layer = &self.architecture.layers[i];
        match &layer.block {
            Block::Zero(zero) => i > 0 && self.like(i, zero).is_none(),
            _ => i > 0 && layer.inputs.contains(&Source::Image),
        }
    }

    /// Whether a later layer reads this one by its name.
    fn is_named(&self, i: usize) -> bool {
        (i + 1..self.architecture.layers.len()).any(|j| {
            let layer = &self.architecture.layers[j];
            match &layer.block {
                Block::Zero(zero) => self.like(j, zero).is_some_and(|(like, _)| like == i && j > i + 1),
                _ => j > i + 1 && layer.inputs.contains(&Source::Layer(i)),
            }
        })
    }

    fn name(i: usize) -> String {
        format!("l{i}")
    }

    /// A source as a list of layers names it.
    fn reference(i: usize, source: Source) -> String {
        match source {
            _ if source == Self::above(i) => "above".into(),
            Source::Image => quoted(IMAGE),
            Source::Layer(j) => quoted(&Self::name(j)),
        }
    }

    /// A layer's line; where it reads another layer than the one above, that one is handed on before it.
    fn layer(&self, i: usize) -> Result<String, String> {
        let layer = &self.architecture.layers[i];
        let lists = || layer.inputs.iter().map(|s| format!(" {}", Self::reference(i, *s))).collect::<String>();
        let written = match &layer.block {
            Block::Concat => format!("concat{}", lists()),
            Block::Add => format!("add{}", lists()),
            Block::Detect(d) => {
                let coco = d.anchors.iter().map(Vec::as_slice).eq(COCO_ANCHORS.iter().map(|level| &level[..]));
                format!("detect{} anchors={}", lists(), if coco { "coco" } else { "auto" })
            }
            Block::Zero(zero) => self.zero(i, zero)?,
            block => {
                let source = *layer.inputs.first().ok_or("it reads nothing")?;
                let line = line(block, self.shape(source), self.activation)?;
                if source == Self::above(i) { line } else { format!("concat {}; {line}", Self::reference(i, source)) }
            }
        };
        Ok(if self.is_named(i) { format!("{written} as={}", quoted(&Self::name(i))) } else { written })
    }

    /// An earlier layer that has the zeros' channels, and the stride from its map to theirs.
    fn like(&self, i: usize, zero: &Zero) -> Option<(usize, usize)> {
        (0..i).rev().find_map(|j| (self.shapes[j].c == zero.channels).then(|| Some((j, stride(self.shapes[j], zero)?)))?)
    }

    /// Zeros are made in the shape of something.
    fn zero(&self, i: usize, zero: &Zero) -> Result<String, String> {
        if let Some((j, stride)) = self.like(i, zero) {
            let of = if j + 1 == i { String::new() } else { format!("concat {}; ", quoted(&Self::name(j))) };
            return Ok(format!("{of}zero stride={stride}"));
        }
        let of = if i == 0 { String::new() } else { format!("concat {}; ", quoted(IMAGE)) };
        Ok(format!("{of}{}; zero", carrier(self.architecture.input.shape(), zero)?))
    }

    /// What stands behind a layer's line: its number in `nasflow show`, its output, its parameters.
    fn note(&self, program: &Program, i: usize) -> String {
        let prefix = format!("model.{i}.");
        let trained = |p: &&crate::space::ParamSpec| p.name.starts_with(&prefix) && p.kind.is_trained() && p.kind != ParamKind::Mixture;
        let params: usize = program.params.iter().filter(trained).map(|p| p.len()).sum();
        let shape = match &self.architecture.layers[i].block {
            Block::Detect(d) => format!("{} classes", d.classes),
            _ => self.show(self.shapes[i]),
        };
        let params = if params == 0 { String::new() } else { format!(", {} parameters", crate::base::grouped(params as u64)) };
        format!("#{i} {shape}{params}")
    }
}

/// A convolution over the image whose output has the zeros' shape. Nothing is computed by it: zeros read nothing.
fn carrier(image: Shape, zero: &Zero) -> Result<String, String> {
    let (h, w) = (zero.height.max(1), zero.width.max(1));
    let padding = (h.max(w)).saturating_sub(image.h.min(image.w)).div_ceil(2);
    let (rows, columns) = (image.h + 2 * padding, image.w + 2 * padding);
    let stride = (rows / h).min(columns / w).clamp(1, 64);
    let kernel = |all: usize, n: usize| Some(all.checked_sub((n - 1) * stride)?).filter(|k| (1..=255).contains(k));
    match (kernel(rows, h), kernel(columns, w)) {
        (Some(kh), Some(kw)) if padding <= 255 => {
            Ok(format!("conv {} kernel-h={kh} kernel-w={kw} stride={stride} padding={padding}", zero.channels))
        }
        _ => Err(format!("zeros of {h}×{w}×{}", zero.channels)),
    }
}

/// The stride from a map to zeros of this size.
fn stride(from: Shape, zero: &Zero) -> Option<usize> {
    (1..=64).find(|s| from.h.div_ceil(*s) == zero.height && from.w.div_ceil(*s) == zero.width)
}
