//! Checks a program and its parameters before anything runs, so that no kernel meets a shape that it does not expect.

use super::Parameters;
use crate::space::{Node, Op, Program, Shape, Window};

/// Largest number of elements of one image's activation, or of one parameter: keeps all products far from overflow.
const MAX_ELEMENTS: usize = 1 << 34;

/// Checks that every index is in range, every value has one writer that comes before its readers, and every shape is
/// what its operator makes of its inputs. Errors name the node.
pub fn check_program(program: &Program) -> Result<(), String> {
    for (i, s) in program.values.iter().enumerate() {
        product(&[s.h, s.w, s.c]).ok_or_else(|| format!("value {i}: shape {}×{}×{} is empty or too large", s.h, s.w, s.c))?;
    }
    for p in &program.params {
        product(&p.shape).ok_or_else(|| format!("parameter `{}`: shape {:?} is empty or too large", p.name, p.shape))?;
        if !p.shift.is_empty() && p.shift.len() != p.len() {
            return Err(format!("parameter `{}`: {} initial shifts for {} elements", p.name, p.shift.len(), p.len()));
        }
    }
    let mut written = vec![false; program.values.len()];
    *written.first_mut().ok_or("a program without an image")? = true;
    for (i, node) in program.nodes.iter().enumerate() {
        let context = |what: String| format!("node {i} ({}, layer {}): {what}", name(&node.op), node.layer);
        if let Some(v) = node.inputs.iter().find(|v| !written.get(**v).copied().unwrap_or(false)) {
            return Err(context(format!("reads value {v} before it is written")));
        }
        match written.get_mut(node.output) {
            Some(w) if !*w => *w = true,
            _ => return Err(context(format!("value {} does not exist or has another writer", node.output))),
        }
        let expected = output_shape(program, node).map_err(&context)?;
        let found = program.values[node.output];
        if expected != found {
            return Err(context(format!("its output is {}, the program says {}", text(expected), text(found))));
        }
    }
    match program.outputs.iter().find(|v| !written.get(**v).copied().unwrap_or(false)) {
        Some(v) => Err(format!("output value {v} is never written")),
        None => Ok(()),
    }
}

/// Checks that there is a vector of the right length for every parameter. Errors name the parameter.
pub fn check_parameters(program: &Program, params: &Parameters) -> Result<(), String> {
    if params.0.len() != program.params.len() {
        return Err(format!("{} parameters for a program with {}", params.0.len(), program.params.len()));
    }
    match program.params.iter().zip(&params.0).find(|(spec, values)| spec.len() != values.len()) {
        Some((spec, values)) => Err(format!("parameter `{}` has {} elements, not {}", spec.name, values.len(), spec.len())),
        None => Ok(()),
    }
}

/// Checks the number of images and the length of their buffer.
pub(super) fn check_images(program: &Program, images: &[f32], n: usize) -> Result<(), String> {
    let s = program.values[0];
    match n.checked_mul(s.h * s.w * s.c) {
        Some(len) if n > 0 && len == images.len() => Ok(()),
        _ => Err(format!("{} floats are not {n} images of {}", images.len(), text(s))),
    }
}

/// Checks that there is a gradient of the right length for every output.
pub(super) fn check_output_grads(program: &Program, grads: &[Vec<f32>], n: usize) -> Result<(), String> {
    if grads.len() != program.outputs.len() {
        return Err(format!("{} gradients for {} outputs", grads.len(), program.outputs.len()));
    }
    for (i, (&v, g)) in program.outputs.iter().zip(grads).enumerate() {
        let s = program.values[v];
        if g.len() != n * s.h * s.w * s.c {
            return Err(format!("the gradient of output {i} has {} elements, not {n} × {}", g.len(), text(s)));
        }
    }
    Ok(())
}

/// Batch norm in training needs two values a channel, as in PyTorch.
pub(super) fn check_statistics(program: &Program, n: usize) -> Result<(), String> {
    let lone = |node: &&Node| matches!(node.op, Op::Norm { .. }) && n * program.values[node.output].h * program.values[node.output].w < 2;
    match program.nodes.iter().find(lone) {
        Some(node) => Err(format!("batch norm of layer {} has one value a channel: training needs more images or pixels", node.layer)),
        None => Ok(()),
    }
}

fn product(dims: &[usize]) -> Option<usize> {
    let p = dims.iter().try_fold(1usize, |p, &d| p.checked_mul(d))?;
    (p > 0 && p <= MAX_ELEMENTS).then_some(p)
}

fn text(s: Shape) -> String {
    format!("{}×{}×{}", s.h, s.w, s.c)
}

fn name(op: &Op) -> &'static str {
    match op {
        Op::Conv { .. } => "convolution",
        Op::Norm { .. } => "batch norm",
        Op::Activate(_) => "activation",
        Op::MaxPool(_) => "max pool",
        Op::AvgPool(_) => "average pool",
        Op::GlobalPool => "global pool",
        Op::Linear { .. } => "linear",
        Op::Upsample(_) => "upsample",
        Op::Concat => "concat",
        Op::Add => "add",
        Op::Scale => "scale",
        Op::Mix { .. } => "mixture",
        Op::Zero => "zero",
        Op::Slice { .. } => "slice",
        Op::Shuffle { .. } => "shuffle",
    }
}

/// The shape that an operator makes of its inputs; checks its parameters' shapes.
fn output_shape(program: &Program, node: &Node) -> Result<Shape, String> {
    let shapes: Vec<Shape> = node.inputs.iter().map(|&v| program.values[v]).collect();
    let arity = match node.op {
        Op::Concat | Op::Add | Op::Mix { .. } => shapes.len().max(1),
        Op::Scale => 2,
        _ => 1,
    };
    if shapes.len() != arity {
        return Err(format!("{} inputs, not {arity}", shapes.len()));
    }
    let x = shapes[0];
    let param = |id: usize, shape: &[usize]| match program.params.get(id) {
        Some(p) if p.shape == shape => Ok(()),
        Some(p) => Err(format!("parameter `{}` has shape {:?}, not {shape:?}", p.name, p.shape)),
        None => Err(format!("parameter {id} does not exist")),
    };
    let outputs = |id: usize| program.params.get(id).and_then(|p| p.shape.first().copied()).ok_or(format!("parameter {id} does not exist"));
    let pooled = |w: &Window| -> Result<Shape, String> {
        let (h, wide) = w.output(x.h, x.w).ok_or_else(|| format!("{w:?} does not fit {}", text(x)))?;
        Ok(Shape { h, w: wide, c: x.c })
    };
    match &node.op {
        Op::Conv { weight, bias, window, groups } => {
            let out = outputs(*weight)?;
            if *groups == 0 || !x.c.is_multiple_of(*groups) || !out.is_multiple_of(*groups) {
                return Err(format!("{groups} groups do not divide {} and {out} channels", x.c));
            }
            param(*weight, &[out, x.c / groups, window.kernel.0, window.kernel.1])?;
            bias.map_or(Ok(()), |b| param(b, &[out]))?;
            Ok(Shape { c: out, ..pooled(window)? })
        }
        Op::Norm { scale, shift, mean, var, .. } if scale == shift || mean == var => Err("two of its parameters are one".into()),
        Op::Norm { scale, shift, mean, var, .. } => [scale, shift, mean, var].iter().try_for_each(|p| param(**p, &[x.c])).map(|()| x),
        Op::Activate(_) => Ok(x),
        Op::MaxPool(w) | Op::AvgPool(w) => {
            if w.padding.0 > w.kernel.0 / 2 || w.padding.1 > w.kernel.1 / 2 {
                return Err(format!("padding {:?} is more than half the kernel {:?}", w.padding, w.kernel));
            }
            // The fast kernels note the winner of a maximum in a byte.
            if w.dilation != (1, 1) || w.kernel.0.saturating_mul(w.kernel.1) > 256 {
                return Err(format!("{w:?} has a dilation, or more than 256 taps"));
            }
            pooled(w)
        }
        Op::GlobalPool => Ok(Shape { h: 1, w: 1, c: x.c }),
        Op::Linear { weight, bias } => {
            let out = outputs(*weight)?;
            param(*weight, &[out, x.h * x.w * x.c])?;
            bias.map_or(Ok(()), |b| param(b, &[out]))?;
            Ok(Shape { h: 1, w: 1, c: out })
        }
        Op::Upsample(f) => match (x.h.checked_mul(*f), x.w.checked_mul(*f)) {
            (Some(h), Some(w)) if *f > 0 => Ok(Shape { h, w, c: x.c }),
            _ => Err(format!("upsampling by {f}")),
        },
        Op::Concat => match shapes.iter().find(|s| (s.h, s.w) != (x.h, x.w)) {
            Some(s) => Err(format!("inputs {} and {}", text(x), text(*s))),
            None => Ok(Shape { c: shapes.iter().map(|s| s.c).sum(), ..x }),
        },
        Op::Add => match shapes.iter().find(|s| **s != x) {
            Some(s) => Err(format!("inputs {} and {}", text(x), text(*s))),
            None => Ok(x),
        },
        Op::Scale if shapes[1] != (Shape { h: 1, w: 1, c: x.c }) => Err(format!("inputs {} and {}", text(x), text(shapes[1]))),
        Op::Scale => Ok(x),
        Op::Slice { first, channels } => match first.checked_add(*channels) {
            Some(end) if *channels > 0 && end <= x.c => Ok(Shape { c: *channels, ..x }),
            _ => Err(format!("{channels} channels from {first} on of {}", text(x))),
        },
        Op::Shuffle { groups } if *groups == 0 || !x.c.is_multiple_of(*groups) => Err(format!("{groups} groups of {} channels", x.c)),
        Op::Shuffle { .. } => Ok(x),
        // Any shape: it does not depend on the input.
        Op::Zero => Ok(program.values[node.output]),
        Op::Mix { weights, picks } => {
            let options = outputs(*weights)?;
            param(*weights, &[options])?;
            if picks.len() != shapes.len() || picks.iter().any(|p| *p >= options) {
                return Err(format!("weights {picks:?} of {options} for {} inputs", shapes.len()));
            }
            match shapes.iter().find(|s| **s != x) {
                Some(s) => Err(format!("inputs {} and {}", text(x), text(*s))),
                None => Ok(x),
            }
        }
    }
}
