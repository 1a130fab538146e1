//! Runs a program's nodes over candle tensors, forward, and candle's backward over what that recorded.

use super::{activation::activate, channels, conv, mix, norm, pool};
use crate::space::{Node, Op, ParamId, Program, Shape, ValueId, Window};
use candle_core::backprop::GradStore;
use candle_core::{Error, Result, Tensor};

/// Which statistics batch norm uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Train,
    Eval,
}

/// The batch's statistics at one norm: the buffers they belong to, mean and unbiased variance.
pub(super) struct Statistics {
    pub ids: (ParamId, ParamId),
    pub mean: Tensor,
    pub var: Tensor,
}

/// What a forward pass leaves: every value that the mode keeps.
pub(super) struct Tape {
    pub values: Vec<Option<Tensor>>,
    pub statistics: Vec<Statistics>,
}

impl Tape {
    /// Runs all nodes over `image` (n × c × h × w). In eval mode a value is dropped after its last reader.
    pub fn forward(program: &Program, params: &[Tensor], image: Tensor, mode: Mode, eps: f64) -> Result<Tape> {
        let mut last_reader = vec![0; program.values.len()];
        for (i, node) in program.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|&v| last_reader[v] = i);
        }
        program.outputs.iter().for_each(|&v| last_reader[v] = usize::MAX);
        let mut tape = Tape { values: vec![None; program.values.len()], statistics: Vec::new() };
        tape.values[0] = Some(image);
        for (i, node) in program.nodes.iter().enumerate() {
            let y = tape.node(params, &program.values, node, mode, eps)?;
            tape.values[node.output] = Some(y);
            if mode == Mode::Eval {
                node.inputs.iter().filter(|&&v| last_reader[v] == i).for_each(|&v| tape.values[v] = None);
            }
        }
        Ok(tape)
    }

    /// A value that was kept.
    pub fn value(&self, id: ValueId) -> Result<&Tensor> {
        self.values[id].as_ref().ok_or_else(|| Error::Msg(format!("value {id} is gone")))
    }

    fn node(&mut self, params: &[Tensor], shapes: &[Shape], node: &Node, mode: Mode, eps: f64) -> Result<Tensor> {
        let x = self.value(node.inputs[0])?;
        let (_, _, h, w) = x.dims4()?;
        let out = |window: &Window| window.output(h, w).ok_or_else(|| Error::Msg("window does not fit".into()));
        match &node.op {
            Op::Conv { weight, bias, window, groups } => {
                conv::conv(x, &params[*weight], bias.map(|b| &params[b]), window, *groups, out(window)?)
            }
            Op::Norm { scale, shift, mean, var, activation } => {
                let (scale, shift) = (&params[*scale], &params[*shift]);
                let y = match mode {
                    Mode::Eval => norm::eval(x, scale, shift, &params[*mean], &params[*var], eps)?,
                    Mode::Train => {
                        let trained = norm::train(x, scale, shift, eps)?;
                        self.statistics.push(Statistics { ids: (*mean, *var), mean: trained.mean, var: trained.var });
                        trained.y
                    }
                };
                activate(&y, *activation)
            }
            Op::Activate(activation) => activate(x, *activation),
            Op::MaxPool(window) => pool::max_pool(x, window, out(window)?),
            Op::AvgPool(window) => pool::avg_pool(x, window, out(window)?),
            Op::GlobalPool => pool::global_pool(x),
            Op::Linear { weight, bias } => conv::linear(x, &params[*weight], bias.map(|b| &params[b])),
            Op::Upsample(factor) => pool::upsample(x, *factor),
            Op::Concat => Tensor::cat(&self.inputs(node)?, 1),
            Op::Add => self.inputs(node)?.into_iter().skip(1).try_fold(x.clone(), |sum, x| sum + x),
            Op::Scale => x.broadcast_mul(self.value(node.inputs[1])?),
            Op::Zero => {
                let s = shapes[node.output];
                Tensor::zeros((x.dim(0)?, s.c, s.h, s.w), x.dtype(), x.device())
            }
            Op::Slice { first, channels } => channels::slice(x, *first, *channels),
            Op::Shuffle { groups } => channels::shuffle(x, *groups),
            Op::Mix { weights, picks } => mix::mix(&self.inputs(node)?, &params[*weights], picks),
        }
    }

    fn inputs(&self, node: &Node) -> Result<Vec<&Tensor>> {
        node.inputs.iter().map(|&v| self.value(v)).collect()
    }

    /// candle's backward, seeded with `grads` (one for each output, n × c × h × w): the gradient of Σ Σ y·g.
    ///
    /// Runs on a thread with a large stack: candle walks the tape recursively, about ten levels an operator.
    pub fn backward(&self, program: &Program, grads: &[Tensor]) -> Result<GradStore> {
        let mut loss: Option<Tensor> = None;
        for (&id, g) in program.outputs.iter().zip(grads) {
            let term = (self.value(id)? * g)?.sum_all()?;
            loss = Some(match loss {
                Some(loss) => (loss + term)?,
                None => term,
            });
        }
        let loss = loss.ok_or_else(|| Error::Msg("a program without outputs has no gradient".into()))?;
        std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().name("tape".into()).stack_size(512 << 20);
            let handle = builder.spawn_scoped(scope, || loss.backward()).map_err(|e| Error::Msg(e.to_string()))?;
            handle.join().map_err(|_| Error::Msg("candle's backward panicked".into()))?
        })
    }
}

impl Drop for Tape {
    /// From the last value to the first, so that no drop walks the whole chain recursively.
    fn drop(&mut self) {
        while self.values.pop().is_some() {}
    }
}
