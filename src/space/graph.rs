//! The list of operators that a network is: shapes known, parameters named, no tensors.
//!
//! Blocks (`c3`, `residual`, …) expand into these once; costs are summed over them here, and the room `nn` executes
//! them. Shapes are of one image, height × width × channels.

use serde::{Deserialize, Serialize};

/// Index of a value (an activation) in [`Program::values`]; 0 is the image.
pub type ValueId = usize;
/// Index of a parameter in [`Program::params`].
pub type ParamId = usize;

/// Height, width, channels of one image's activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
    /// Channels.
    pub c: usize,
}

/// Activation functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// x
    Identity,
    /// x · sigmoid(x)
    Silu,
    /// max(x, 0)
    Relu,
    /// x · relu6(x + 3) / 6
    Hardswish,
    /// x where x > 0, else 0.1 · x
    LeakyRelu,
    /// 1 / (1 + exp(−x))
    Sigmoid,
    /// relu6(x + 3) / 6
    Hardsigmoid,
}

/// What a parameter is, which decides initialisation and weight decay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParamKind {
    /// Convolution or linear weight: decayed; U(−1/√fan_in, 1/√fan_in).
    Weight,
    /// Convolution or linear bias: not decayed, warms up with its own rate; U(−1/√fan_in, 1/√fan_in) + `shift` of [`ParamSpec`].
    Bias,
    /// Batch norm's gamma: not decayed; 1.
    NormScale,
    /// Batch norm's beta: upstream counts it a bias (group 0); 0.
    NormShift,
    /// Running mean: a buffer, not trained; 0.
    RunningMean,
    /// Running variance: a buffer; 1.
    RunningVar,
    /// Weights of a mixture: set and trained by a search method, never by the optimiser of the other weights; no cost.
    Mixture,
}

impl ParamKind {
    /// Whether the optimiser moves it (running statistics are buffers, mixtures belong to their method).
    pub fn is_trained(self) -> bool {
        self.has_gradient() && self != ParamKind::Mixture
    }

    /// Whether a backward pass gives it a gradient.
    pub fn has_gradient(self) -> bool {
        !matches!(self, ParamKind::RunningMean | ParamKind::RunningVar)
    }
}

/// A parameter: its name under YOLOv5's convention, and its shape in PyTorch's order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamSpec {
    /// `model.<layer>.<path>.weight` and so on.
    pub name: String,
    /// Convolution: [out, in/groups, kh, kw]; linear: [out, in]; others: [channels].
    pub shape: Vec<usize>,
    /// What it is.
    pub kind: ParamKind,
    /// Elements that feed one output, for initialisation.
    pub fan_in: usize,
    /// Added to the initial value, element by element (the detect head's prior); empty is zero.
    pub shift: Vec<f32>,
}

impl ParamSpec {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }
    /// True where a dimension is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Kernel, stride, padding and dilation along one axis pair: (height, width).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Kernel.
    pub kernel: (usize, usize),
    /// Stride.
    pub stride: (usize, usize),
    /// Padding on both sides.
    pub padding: (usize, usize),
    /// Dilation.
    pub dilation: (usize, usize),
}

impl Window {
    /// Height and width that it makes of `h` × `w`, where it fits (PyTorch's formula, rounding down).
    pub fn output(&self, h: usize, w: usize) -> Option<(usize, usize)> {
        let axis = |size: usize, k: usize, s: usize, p: usize, d: usize| -> Option<usize> {
            let reach = d.checked_mul(k.checked_sub(1)?)?.checked_add(1)?;
            let free = size.checked_add(p.checked_mul(2)?)?.checked_sub(reach)?;
            (d > 0).then(|| free.checked_div(s))?.map(|x| x + 1)
        };
        let Window { kernel, stride, padding, dilation } = *self;
        Some((axis(h, kernel.0, stride.0, padding.0, dilation.0)?, axis(w, kernel.1, stride.1, padding.1, dilation.1)?))
    }
}

/// An operator. Inputs and the output are in [`Node`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// 2-D cross-correlation, zero padding. Weight [out, in/groups, kh, kw].
    Conv {
        /// Weight.
        weight: ParamId,
        /// Bias, where there is no norm after it.
        bias: Option<ParamId>,
        /// Window.
        window: Window,
        /// Groups.
        groups: usize,
    },
    /// Batch norm, then an activation. Epsilon and momentum come from the recipe.
    Norm {
        /// gamma
        scale: ParamId,
        /// beta
        shift: ParamId,
        /// running mean
        mean: ParamId,
        /// running variance
        var: ParamId,
        /// Applied after.
        activation: Activation,
    },
    /// An activation alone.
    Activate(Activation),
    /// Max pooling; padding is −∞.
    MaxPool(Window),
    /// Average pooling; padding counts as zeros (PyTorch's default).
    AvgPool(Window),
    /// Mean over all pixels: 1 × 1 × c.
    GlobalPool,
    /// Fully connected over h·w·c flattened in PyTorch's order (c, h, w). Weight [out, in].
    Linear {
        /// Weight.
        weight: ParamId,
        /// Bias.
        bias: Option<ParamId>,
    },
    /// Nearest, by a whole factor.
    Upsample(usize),
    /// Along channels, in the order of the inputs.
    Concat,
    /// Sum of equal shapes.
    Add,
    /// Input 0 (h × w × c) times input 1 (1 × 1 × c): squeeze-excite.
    Scale,
    /// Zeros; its input is the image, which it does not look at.
    Zero,
    /// The channels from `first` on, `channels` of them.
    Slice {
        /// The first.
        first: usize,
        /// How many.
        channels: usize,
    },
    /// Channels in another order: the `groups` × (c / groups) grid of them, transposed (ShuffleNet). Output channel i is input channel
    /// (i mod groups) · (c / groups) + ⌊i / groups⌋.
    Shuffle {
        /// Groups; they divide the channels.
        groups: usize,
    },
    /// Σ weights[picks[j]] · input j, over inputs of one shape: what a differentiable method computes in place of one choice.
    Mix {
        /// [options].
        weights: ParamId,
        /// By input: its weight.
        picks: Vec<usize>,
    },
}

/// One operator of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// What it reads.
    pub inputs: Vec<ValueId>,
    /// What it writes: each value has one writer.
    pub output: ValueId,
    /// The layer of the architecture that it came from.
    pub layer: usize,
}

/// What stands at the end of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Head {
    /// YOLOv5's detect: output l is h × w × (3·(5 + classes)); channel a·(5 + classes) + o.
    Detect {
        /// Number of classes.
        classes: usize,
        /// Stride of each output in pixels.
        strides: Vec<usize>,
        /// Anchors (w, h) in pixels, for each output.
        anchors: Vec<Vec<(f32, f32)>>,
    },
    /// Logits: one output, 1 × 1 × classes.
    Classify {
        /// Number of classes.
        classes: usize,
    },
    /// Feature maps (a network without a head).
    Features,
}

/// A network as a list of operators in an order of execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Shapes; value 0 is the image.
    pub values: Vec<Shape>,
    /// Operators in order.
    pub nodes: Vec<Node>,
    /// Parameters and buffers in the order of YOLOv5's state dict (num_batches_tracked left out).
    pub params: Vec<ParamSpec>,
    /// What the network returns.
    pub outputs: Vec<ValueId>,
    /// What the outputs mean.
    pub head: Head,
}

impl Program {
    /// Trainable parameters.
    pub fn param_count(&self) -> u64 {
        self.params.iter().filter(|p| p.kind.is_trained()).map(|p| p.len() as u64).sum()
    }

    /// Multiply-adds of convolutions and linear layers for one image.
    pub fn macs(&self) -> u64 {
        self.nodes
            .iter()
            .map(|node| match &node.op {
                Op::Conv { weight, .. } | Op::Linear { weight, .. } => {
                    let out = self.values[node.output];
                    let per_output: usize = self.params[*weight].shape[1..].iter().product();
                    (out.h * out.w * out.c * per_output) as u64
                }
                _ => 0,
            })
            .sum()
    }
}
