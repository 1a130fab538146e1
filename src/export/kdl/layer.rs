//! A layer with nothing left open, as the language writes it.

use super::text::{number, shortest};
use crate::space::blocks::{Block, Bottleneck, C3, Conv, Ghost, Mbconv, Pool, SqueezeExcite, activation_word};
use crate::space::{Activation, Shape};

/// A word with its values, those left out that the language fills in.
struct Line(String);

impl Line {
    fn new(word: &str, first: impl std::fmt::Display) -> Self {
        Line(format!("{word} {first}"))
    }

    fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.0.push_str(&format!(" {name}={value}"));
        self
    }

    fn unless(self, name: &str, value: usize, usual: usize) -> Self {
        if value == usual { self } else { self.with(name, value) }
    }

    fn shortcut(self, shortcut: bool) -> Self {
        if shortcut { self } else { self.with("shortcut", "#false") }
    }

    /// The activation, where it is not the network's.
    fn active(self, activation: Activation, network: Activation) -> String {
        if activation == network { self.0 } else { self.with("activation", activation_word(activation)).0 }
    }
}

/// The line of a block that reads this shape, in a network of this activation. `concat`, `add`, `detect` and `zero` are written
/// where their inputs are known.
///
/// # Errors
/// A block that no file of the language makes: it came from elsewhere.
pub fn line(block: &Block, input: Shape, network: Activation) -> Result<String, String> {
    Ok(match block {
        Block::Conv(b) => return conv(b, network),
        Block::MaxPool(b) => pool("max-pool", b),
        Block::AvgPool(b) => pool("avg-pool", b),
        Block::GlobalPool => "global-pool".into(),
        Block::Linear(b) => Line::new("linear", b.channels).0,
        Block::Residual(b) => Line::new("residual", b.channels)
            .unless("kernel", b.kernel, 3)
            .unless("stride", b.stride, 1)
            .unless("groups", b.groups, 1)
            .active(b.activation, network),
        Block::Bottleneck(b) => return bottleneck(b, network),
        Block::Inception(b) => Line::new("inception", b.channels).unless("stride", b.stride, 1).active(b.activation, network),
        Block::C3(b) => return c3(b, network),
        Block::Sppf(b) => {
            if b.hidden != input.c / 2 {
                return Err(format!("an sppf of {} channels inside, over {}", b.hidden, input.c));
            }
            Line::new("sppf", b.channels).unless("kernel", b.kernel, 5).active(b.activation, network)
        }
        Block::Mbconv(b) => return mbconv(b, input.c, network),
        Block::Ghost(b) => ghost(b, network),
        Block::Shuffle(b) => Line::new("shuffle", b.channels)
            .unless("kernel", b.kernel, 3)
            .unless("stride", b.stride, 1)
            .unless("depthwise", b.depthwise, 1)
            .active(b.activation, network),
        Block::SqueezeExcite(b) => return squeeze_excite(b, input.c),
        Block::Upsample(b) => Line::new("upsample", b.factor).0,
        Block::Concat | Block::Add | Block::Detect(_) | Block::Zero(_) => return Err(format!("`{}` stands alone", block.word())),
    })
}

fn conv(b: &Conv, network: Activation) -> Result<String, String> {
    let (h, w) = b.kernel;
    let line = match h == w {
        true => Line::new("conv", b.channels).unless("kernel", h, 1),
        false => Line::new("conv", b.channels).with("kernel-h", h).with("kernel-w", w),
    };
    let mut line = line.unless("stride", b.stride, 1);
    if b.padding != usual_padding(b) {
        if b.padding.0 != b.padding.1 {
            return Err(format!("a convolution padded by {} and {}", b.padding.0, b.padding.1));
        }
        line = line.with("padding", b.padding.0);
    }
    Ok(line.unless("dilation", b.dilation, 1).unless("groups", b.groups, 1).active(b.activation, network))
}

/// The padding of a convolution where none is written: half of the kernel's reach.
pub fn usual_padding(b: &Conv) -> (usize, usize) {
    let half = |k: usize| b.dilation.saturating_mul(k.max(1) - 1).div_ceil(2);
    (half(b.kernel.0), half(b.kernel.1))
}

fn pool(word: &str, b: &Pool) -> String {
    let line = Line::new(word, b.kernel).unless("stride", b.stride, 1);
    line.unless("padding", b.padding, (b.kernel.max(1) - 1) / 2).0
}

/// `expansion=`, where it is not the usual one.
fn expanded(line: Line, channels: usize, hidden: usize) -> Result<Line, String> {
    let of = |e: f64| (channels as f64 * e) as usize;
    if of(0.5) == hidden {
        return Ok(line);
    }
    let expansion = shortest(hidden as f64 / channels.max(1) as f64, |e| e <= 16.0 && of(e) == hidden);
    expansion.map(|e| line.with("expansion", number(e))).ok_or_else(|| format!("{hidden} channels inside a block of {channels}"))
}

fn bottleneck(b: &Bottleneck, network: Activation) -> Result<String, String> {
    let line = Line::new("bottleneck", b.channels).unless("kernel", b.kernel, 3).unless("stride", b.stride, 1);
    Ok(expanded(line, b.channels, b.hidden)?.shortcut(b.shortcut).unless("groups", b.groups, 1).active(b.activation, network))
}

fn c3(b: &C3, network: Activation) -> Result<String, String> {
    let line = expanded(Line::new("c3", b.channels).unless("repeats", b.repeats, 1), b.channels, b.hidden)?;
    Ok(line.shortcut(b.shortcut).unless("kernel", b.kernel, 3).unless("groups", b.groups, 1).active(b.activation, network))
}

fn mbconv(b: &Mbconv, inputs: usize, network: Activation) -> Result<String, String> {
    let mut line = Line::new("mbconv", b.channels).unless("kernel", b.kernel, 3).unless("stride", b.stride, 1);
    let of = |e: f64| (inputs as f64 * e + 0.5) as usize;
    if of(6.0) != b.hidden {
        let expand = shortest(b.hidden as f64 / inputs.max(1) as f64, |e| e <= 32.0 && of(e) == b.hidden);
        line = line.with("expand", number(expand.ok_or_else(|| format!("{} channels inside an mbconv over {inputs}", b.hidden))?));
    }
    if let Some(squeeze) = b.squeeze {
        line = line.with("ratio", ratio(b.hidden, squeeze)?);
    }
    Ok(line.shortcut(b.shortcut).active(b.activation, network))
}

/// By what channels are divided inside squeeze-excite.
fn ratio(channels: usize, reduced: usize) -> Result<usize, String> {
    let fits = |r: &usize| (channels / r).max(1) == reduced;
    (1..=1024).find(fits).ok_or_else(|| format!("{reduced} of {channels} channels inside a squeeze-excite"))
}

fn ghost(b: &Ghost, network: Activation) -> String {
    Line::new("ghost", b.channels).unless("kernel", b.kernel, 3).unless("stride", b.stride, 1).active(b.activation, network)
}

fn squeeze_excite(b: &SqueezeExcite, channels: usize) -> Result<String, String> {
    match (b.gate, ratio(channels, b.reduced)?) {
        (Activation::Sigmoid, 16) => Ok("squeeze-excite".into()),
        (Activation::Sigmoid, ratio) => Ok(format!("squeeze-excite ratio={ratio}")),
        (gate, _) => Err(format!("a squeeze-excite that ends in {}", activation_word(gate))),
    }
}
