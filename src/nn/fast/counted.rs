//! The executor over other kernels: those of the processor, counted. The bits are the same, and the counts are what the plan
//! promises.

use super::buffer::Buffer;
use super::cpu::Packed;
use super::kernels::{From, In, Kernels, NormGradients, Out, Running, Statistics};
use super::tests::step;
use super::{Cpu, FastExecutor};
use crate::nn::testing::programs;
use crate::space::{Op, Program};
use nasflow_kernels::{Activation, Conv2d, Pool2d, Scratch, View};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Counts = BTreeMap<&'static str, usize>;

#[derive(Clone, Default)]
struct Counted(Arc<Mutex<Counts>>);

impl Counted {
    fn count(&self, name: &'static str) {
        *self.0.lock().unwrap().entry(name).or_default() += 1;
    }
}

macro_rules! counted {
    ($(fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $out:ty)?;)*) => {
        $(fn $name(&self, $($arg: $ty),*) $(-> $out)? {
            self.count(stringify!($name));
            Cpu.$name($($arg),*)
        })*
    };
}

impl Kernels for Counted {
    const CLASS: &'static str = Cpu::CLASS;

    type Block = Buffer;
    type Tensor = Vec<f32>;
    type Work = Scratch;
    type Prepared = Packed;
    type Winners = Vec<u8>;

    fn enter<R: Send>(f: impl FnOnce() -> R + Send) -> R {
        Cpu::enter(f)
    }

    fn floats<'a>(&self, block: &'a Buffer) -> &'a [f32] {
        Cpu.floats(block)
    }

    counted! {
        fn reserve(block: &mut Buffer, floats: usize);
        fn resize(tensor: &mut Vec<f32>, len: usize);
        fn same(a: &Vec<f32>, b: &Vec<f32>) -> bool;
        fn upload(from: &[f32], to: Out<Buffer>, add: bool);
        fn copy(x: In<Buffer>, y: Out<Buffer>, add: bool);
        fn sum(xs: &[In<Buffer>], y: Out<Buffer>, add: bool);
        fn zero(y: Out<Buffer>);
        fn prepare(
            conv: &Conv2d,
            channels: (usize, usize),
            weight: &Vec<f32>,
            bias: Option<&Vec<f32>>,
            norm: Option<Running<Vec<f32>>>,
            act: Activation,
        ) -> Packed;
        fn prepared(conv: &Packed, x: In<Buffer>, y: Out<Buffer>);
        fn prepared_on_images(conv: &Packed, images: &[f32], xv: View, y: Out<Buffer>);
        fn conv(
            conv: &Conv2d,
            x: In<Buffer>,
            weight: &Vec<f32>,
            bias: Option<&Vec<f32>>,
            y: Out<Buffer>,
            statistics: Option<&mut Statistics<Vec<f32>>>,
            work: &mut Scratch,
        );
        fn conv_weight(conv: &Conv2d, x: In<Buffer>, dy: In<Buffer>, dw: &mut Vec<f32>, work: &mut Scratch);
        fn conv_bias(dy: In<Buffer>, db: &mut Vec<f32>, work: &mut Scratch);
        fn conv_input(conv: &Conv2d, weight: &Vec<f32>, dy: In<Buffer>, dx: Out<Buffer>, add: bool, work: &mut Scratch);
        fn statistics(x: In<Buffer>, to: &mut Statistics<Vec<f32>>, work: &mut Scratch);
        fn norm(
            act: Activation,
            x: In<Buffer>,
            scale: &Vec<f32>,
            shift: &Vec<f32>,
            eps: f64,
            y: Out<Buffer>,
            statistics: &mut Statistics<Vec<f32>>,
        );
        fn norm_backward(
            act: Activation,
            norm: NormGradients<Vec<f32>>,
            x: In<Buffer>,
            dy: From<Buffer>,
            dx: Out<Buffer>,
            work: &mut Scratch,
        );
        fn norm_running(act: Activation, norm: Running<Vec<f32>>, x: From<Buffer>, y: Out<Buffer>);
        fn follow(running: (&mut Vec<f32>, &mut Vec<f32>), batch: &Statistics<Vec<f32>>, momentum: f64, samples: f64);
        fn activate(act: Activation, x: From<Buffer>, y: Out<Buffer>);
        fn activate_backward(act: Activation, x: In<Buffer>, dy: From<Buffer>, dx: Out<Buffer>, add: bool);
        fn max_pool(pool: &Pool2d, x: From<Buffer>, y: Out<Buffer>, winners: &mut Vec<u8>);
        fn max_pool_backward(pool: &Pool2d, winners: &Vec<u8>, dy: From<Buffer>, dx: Out<Buffer>, add: bool);
        fn avg_pool(pool: &Pool2d, x: In<Buffer>, y: Out<Buffer>);
        fn avg_pool_backward(pool: &Pool2d, dy: In<Buffer>, dx: Out<Buffer>, add: bool);
        fn global_pool(x: In<Buffer>, y: Out<Buffer>);
        fn global_pool_backward(dy: In<Buffer>, dx: Out<Buffer>, add: bool);
        fn upsample(factor: usize, x: In<Buffer>, y: Out<Buffer>);
        fn upsample_backward(factor: usize, dy: In<Buffer>, dx: Out<Buffer>, add: bool);
        fn scale(x: In<Buffer>, s: In<Buffer>, y: Out<Buffer>);
        fn scale_input(s: In<Buffer>, dy: In<Buffer>, dx: Out<Buffer>, add: bool);
        fn scale_scale(x: In<Buffer>, dy: In<Buffer>, ds: Out<Buffer>, add: bool);
        fn shuffle(groups: usize, x: In<Buffer>, y: Out<Buffer>);
        fn unshuffle(groups: usize, dy: In<Buffer>, dx: Out<Buffer>, add: bool);
        fn mix(weights: &Vec<f32>, pick: usize, x: In<Buffer>, y: Out<Buffer>, add: bool);
        fn mix_weight(dy: In<Buffer>, x: In<Buffer>, grads: &mut Vec<f32>, pick: usize);
    }
}

/// A step, training and inference, of kernels that are counted.
fn counts(program: &Program) -> Counts {
    let counted = Counted::default();
    let found = step(&mut FastExecutor::with(counted.clone(), program, 3).unwrap(), program, 3);
    assert!(found == step(&mut FastExecutor::new(program, 3).unwrap(), program, 3), "other bits");
    std::mem::take(&mut *counted.0.lock().unwrap())
}

#[test]
fn the_executor_calls_what_its_plan_promises() {
    for (name, program) in programs() {
        let counts = counts(&program);
        let of = |kernel: &str| counts.get(kernel).copied().unwrap_or(0);
        let nodes = |wanted: fn(&Op) -> bool| program.nodes.iter().filter(|n| wanted(&n.op)).count();
        let convolutions = nodes(|op| matches!(op, Op::Conv { .. } | Op::Linear { .. }));
        assert_eq!(of("conv"), convolutions, "{name}");
        assert_eq!(of("prepare"), convolutions, "{name}: each is prepared once");
        assert_eq!(of("prepared") + of("prepared_on_images"), convolutions, "{name}");
        assert_eq!(of("follow"), nodes(|op| matches!(op, Op::Norm { .. })), "{name}");
        assert_eq!(of("norm"), of("follow"), "{name}");
        assert_eq!(of("max_pool"), 2 * nodes(|op| matches!(op, Op::MaxPool(_))), "{name}: in training and in inference");
    }
}

/// SPPF: convolutions and pools write into their concatenation, and gradients lie in the gradient of it.
#[test]
fn concatenations_cost_nothing() {
    let counts = counts(&programs().swap_remove(2).1);
    assert!(!counts.contains_key("copy") && counts["max_pool_backward"] > 0, "{counts:?}");
}
