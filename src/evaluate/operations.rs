//! How long the operations of a space's networks take on this machine: the rows of a latency table.

use super::{EvaluateError, latency};
use crate::nn::{Executor, FastExecutor, NormOptions, Parameters};
use crate::space::{Head, Node, Op, Operation, Program, Shape};

/// Milliseconds of an operation by the fast executor: one image, the median, less `call` ([`call`]).
pub fn milliseconds(operation: &Operation, call: f64) -> Result<f64, EvaluateError> {
    let less = operation.less.as_ref().map(alone).transpose()?.unwrap_or(call);
    Ok((alone(&operation.alone)? - less).max(0.0))
}

/// Milliseconds of a call that computes next to nothing, which a network pays once and not for every operation.
pub fn call() -> Result<f64, EvaluateError> {
    let one = Shape { h: 1, w: 1, c: 1 };
    let node = Node { op: Op::GlobalPool, inputs: vec![0], output: 1, layer: 0 };
    alone(&Program { values: vec![one, one], nodes: vec![node], params: vec![], outputs: vec![1], head: Head::Features })
}

fn alone(program: &Program) -> Result<f64, EvaluateError> {
    let failed = EvaluateError::Executor;
    let mut executor = FastExecutor::new(program, 1).map_err(failed)?;
    let params = Parameters::init(program, 0);
    let norm = NormOptions { eps: 1e-3, momentum: 0.03 };
    let s = program.values.first().ok_or_else(|| EvaluateError::misfit("a program without an image"))?;
    let image: Vec<f32> = (0..s.h * s.w * s.c).map(|i| (i % 251) as f32 / 251.0).collect();
    executor.forward_eval(&params, &image, 1, norm).map_err(failed)?;
    Ok(latency::measure_briefly(|| executor.forward_eval_again(&params, &image, 1, norm)).map_err(failed)?.median_ms)
}

#[cfg(test)]
mod tests {
    use crate::space::operations;
    use crate::space::tests::whole;

    #[test]
    fn every_operation_runs_alone() {
        let text = "space { network { input d; conv 8 stride=8; choose { skip; mbconv 8 ratio=4; max-pool 3; zero }; conv 8 kernel=3 as=\"p\"; \
                    conv 16 stride=2; upsample 2; concat above \"p\"; residual 24; sppf 16; detect anchors=auto } }";
        let operations = operations(&whole(text)).operations;
        assert!(operations.len() > 15, "{:?}", operations.keys());
        let call = super::call().unwrap();
        for operation in operations.values() {
            let ms = super::milliseconds(operation, call).unwrap_or_else(|e| panic!("{}: {e}", operation.key));
            assert!((0.0..1000.0).contains(&ms), "{}: {ms}", operation.key);
        }
    }
}
