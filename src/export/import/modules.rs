//! Upstream's modules as layers of nasflow: one module is one layer, or several that compute the same.

use super::model::{MAX_CHANNELS, activation};
use super::yaml::{Node, shown};
use crate::space::blocks::{Block, Bottleneck, C3, Conv, Ghost, Pool, Sppf, Upsample};
use crate::space::{Activation, Layer, Source};

/// The modules that are read, for messages.
const MODULES: &str = "Conv, DWConv, GhostConv, Bottleneck, GhostBottleneck, C3, C3Ghost, SPP, SPPF, Concat, nn.Upsample, \
    nn.MaxPool2d, nn.AvgPool2d, nn.Identity, Detect";

/// A module where it stands.
pub struct Place<'a> {
    /// Channels that it reads, and makes.
    pub channels: (usize, usize),
    /// `number` after `depth_multiple`: bottlenecks inside.
    pub number: usize,
    /// Arguments behind the channels.
    pub args: &'a [Node],
    /// The network's activation.
    pub activation: Activation,
    /// Where the row stands.
    pub line: usize,
}

/// Layers that are added one by one.
pub struct Layers(pub Vec<Layer>);

impl Layers {
    /// Adds one; what it makes.
    pub fn add(&mut self, block: Block, inputs: Vec<Source>) -> Source {
        self.0.push(Layer { block, inputs });
        Source::Layer(self.0.len() - 1)
    }
}

/// Whether a module has channels of its own as its first argument.
pub fn makes_channels(module: &str) -> bool {
    matches!(module, "Conv" | "DWConv" | "GhostConv" | "Bottleneck" | "GhostBottleneck" | "C3" | "C3Ghost" | "SPP" | "SPPF")
}

/// Whether `number` counts what is inside, and not the modules.
pub fn repeats_inside(module: &str) -> bool {
    matches!(module, "C3" | "C3Ghost")
}

impl Place<'_> {
    fn error(&self, why: impl std::fmt::Display) -> String {
        format!("line {}: {why}", self.line)
    }

    fn whole(&self, i: usize, what: &str, usual: usize) -> Result<usize, String> {
        self.args.get(i).map_or(Ok(usual), |n| n.whole(what, 1, 255))
    }

    fn stride(&self, i: usize) -> Result<usize, String> {
        self.args.get(i).map_or(Ok(1), |n| n.whole("stride", 1, 64))
    }

    fn groups(&self, i: usize) -> Result<usize, String> {
        self.args.get(i).map_or(Ok(1), |n| n.whole("groups", 1, MAX_CHANNELS))
    }

    fn most(&self, count: usize) -> Result<(), String> {
        self.args.get(count).map_or(Ok(()), |more| Err(more.error("an argument too many")))
    }

    /// `act`: the network's for True, none for False.
    fn active(&self, i: usize) -> Result<Activation, String> {
        match self.args.get(i) {
            None => Ok(self.activation),
            Some(n) if n.is_none() => Ok(Activation::Identity),
            Some(n) => match n.flag("act") {
                Ok(true) => Ok(self.activation),
                Ok(false) => Ok(Activation::Identity),
                Err(_) => activation(n),
            },
        }
    }

    /// Hidden channels: the product, cut off.
    fn hidden(&self, i: usize) -> Result<usize, String> {
        let e = self.args.get(i).map_or(Ok(0.5), |n| n.number("expansion"))?;
        let hidden = self.channels.1 as f64 * e;
        if (1.0..=MAX_CHANNELS as f64).contains(&hidden) { Ok(hidden as usize) } else { Err(self.error(format!("an expansion of {e}"))) }
    }

    /// `shortcut, groups, expansion` of a C3 or a Bottleneck: (shortcut, groups, hidden channels).
    fn units(&self) -> Result<(bool, usize, usize), String> {
        self.most(3)?;
        Ok((self.args.first().map_or(Ok(true), |n| n.flag("shortcut"))?, self.groups(1)?, self.hidden(2)?))
    }

    /// The layers of a module over x.
    pub fn build(&self, module: &str, layers: &mut Layers, x: Source) -> Result<Source, String> {
        let ((inputs, channels), activation) = (self.channels, self.activation);
        Ok(match module {
            "Conv" => {
                self.most(6)?;
                let conv = self.conv(channels, self.groups(3)?, self.whole(4, "dilation", 1)?, self.active(5)?, true)?;
                layers.add(Block::Conv(conv), vec![x])
            }
            "DWConv" => {
                self.most(4)?;
                let conv = self.conv(channels, gcd(inputs, channels), self.whole(2, "dilation", 1)?, self.active(3)?, false)?;
                layers.add(Block::Conv(conv), vec![x])
            }
            "GhostConv" => self.ghost_conv(layers, x)?,
            "Bottleneck" => {
                let (shortcut, groups, hidden) = self.units()?;
                let shortcut = shortcut && inputs == channels;
                layers.add(Block::Bottleneck(Bottleneck { channels, hidden, kernel: 3, stride: 1, shortcut, groups, activation }), vec![x])
            }
            "GhostBottleneck" => {
                self.most(2)?;
                let (kernel, stride) = (self.whole(0, "kernel", 3)?, self.stride(1)?);
                if !matches!(stride, 1 | 2) || (stride == 1 && inputs != channels) {
                    return Err(self.error("a GhostBottleneck keeps its channels, or has stride 2"));
                }
                // Without a stride nothing has this kernel.
                let kernel = if stride == 1 { 3 } else { kernel };
                layers.add(Block::Ghost(Ghost { channels, kernel, stride, activation }), vec![x])
            }
            "C3" => {
                let (shortcut, groups, hidden) = self.units()?;
                layers.add(Block::C3(C3 { channels, hidden, repeats: self.number, kernel: 3, shortcut, groups, activation }), vec![x])
            }
            "C3Ghost" => self.c3_ghost(layers, x)?,
            "SPPF" => {
                self.most(1)?;
                layers.add(Block::Sppf(Sppf { channels, hidden: inputs / 2, kernel: self.whole(0, "kernel", 5)?, activation }), vec![x])
            }
            "SPP" => self.spp(layers, x)?,
            "nn.Upsample" => layers.add(Block::Upsample(self.upsample()?), vec![x]),
            "nn.MaxPool2d" => layers.add(Block::MaxPool(self.pool()?), vec![x]),
            "nn.AvgPool2d" => layers.add(Block::AvgPool(self.pool()?), vec![x]),
            "nn.Identity" => x,
            other => return Err(self.error(format!("the module `{}` is not read here; read are {MODULES}", shown(other)))),
        })
    }

    /// Half of the channels, and the other half by a depthwise 5×5 of these.
    fn ghost_conv(&self, layers: &mut Layers, x: Source) -> Result<Source, String> {
        self.most(4)?;
        let (half, act) = (self.channels.1 / 2, self.active(3)?);
        let (kernel, stride) = (self.whole(0, "kernel", 1)?, self.stride(1)?);
        let a = layers.add(plain(half, kernel, stride, self.groups(2)?, act), vec![x]);
        let b = layers.add(plain(half, 5, 1, half, act), vec![a]);
        Ok(layers.add(Block::Concat, vec![a, b]))
    }

    /// A C3 whose bottlenecks are ghosts.
    fn c3_ghost(&self, layers: &mut Layers, x: Source) -> Result<Source, String> {
        let (_, _, hidden) = self.units()?;
        let act = self.activation;
        let mut a = layers.add(plain(hidden, 1, 1, 1, act), vec![x]);
        for _ in 0..self.number {
            a = layers.add(Block::Ghost(Ghost { channels: hidden, kernel: 3, stride: 1, activation: act }), vec![a]);
        }
        let b = layers.add(plain(hidden, 1, 1, 1, act), vec![x]);
        let joined = layers.add(Block::Concat, vec![a, b]);
        Ok(layers.add(plain(self.channels.1, 1, 1, 1, act), vec![joined]))
    }

    /// Pools of several sizes beside each other.
    fn spp(&self, layers: &mut Layers, x: Source) -> Result<Source, String> {
        self.most(1)?;
        let kernels: Vec<usize> = match self.args.first() {
            None => vec![5, 9, 13],
            Some(list) => list.list("kernels")?.iter().map(|k| k.whole("a kernel", 1, 255)).collect::<Result<_, _>>()?,
        };
        let a = layers.add(plain(self.channels.0 / 2, 1, 1, 1, self.activation), vec![x]);
        let mut all = vec![a];
        for kernel in kernels {
            all.push(layers.add(Block::MaxPool(Pool { kernel, stride: 1, padding: kernel / 2 }), vec![a]));
        }
        let joined = layers.add(Block::Concat, all);
        Ok(layers.add(plain(self.channels.1, 1, 1, 1, self.activation), vec![joined]))
    }

    /// `k, s`, and `p` where it has a padding; the rest is given.
    fn conv(&self, channels: usize, groups: usize, dilation: usize, activation: Activation, padded: bool) -> Result<Conv, String> {
        let pair = |n: &Node, least: usize| -> Result<(usize, usize), String> {
            if n.text().is_some() {
                return n.whole("a side", least, 255).map(|k| (k, k));
            }
            match n.list("sides")? {
                [h, w] => Ok((h.whole("a side", least, 255)?, w.whole("a side", least, 255)?)),
                _ => Err(n.error("a height and a width are expected")),
            }
        };
        let kernel = self.args.first().map_or(Ok((1, 1)), |n| pair(n, 1))?;
        let half = |k: usize| (dilation * (k - 1)).div_ceil(2);
        let padding = match self.args.get(2).filter(|n| padded && !n.is_none()) {
            Some(n) => pair(n, 0)?,
            None => (half(kernel.0), half(kernel.1)),
        };
        Ok(Conv { channels, kernel, stride: self.stride(1)?, padding, dilation, groups, activation })
    }

    fn upsample(&self) -> Result<Upsample, String> {
        let wrong = || self.error("nn.Upsample is read as [None, 2, 'nearest'], by a whole factor up to 64");
        let [size, factor, mode] = self.args else { return Err(wrong()) };
        // `2` or `2.0`.
        let number = factor.number("factor")?;
        let read = size.is_none() && mode.text() == Some("nearest") && number.fract() == 0.0 && (1.0..=64.0).contains(&number);
        if read { Ok(Upsample { factor: number as usize }) } else { Err(wrong()) }
    }

    fn pool(&self) -> Result<Pool, String> {
        self.most(3)?;
        let kernel = self.args.first().ok_or_else(|| self.error("a pool needs a kernel"))?.whole("kernel", 1, 255)?;
        let stride = self.args.get(1).filter(|n| !n.is_none()).map_or(Ok(kernel), |n| n.whole("stride", 1, 64))?;
        Ok(Pool { kernel, stride, padding: self.args.get(2).map_or(Ok(0), |n| n.whole("padding", 0, 127))? })
    }
}

/// Convolution, norm, activation.
fn plain(channels: usize, kernel: usize, stride: usize, groups: usize, activation: Activation) -> Block {
    let padding = (kernel / 2, kernel / 2);
    Block::Conv(Conv { channels, kernel: (kernel, kernel), stride, padding, dilation: 1, groups, activation })
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
