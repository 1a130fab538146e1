//! Networks that return what predictors look at: other values of the same operators.

use crate::space::{Activation, Head, Node, Op, Program, ValueId};

/// The network with these values for outputs, without the operators that lead to none of them. Parameters keep their places.
pub fn reaching(program: &Program, outputs: &[ValueId]) -> Program {
    let mut needed = vec![false; program.values.len()];
    outputs.iter().for_each(|&v| needed[v] = true);
    let mut nodes: Vec<Node> = Vec::new();
    for node in program.nodes.iter().rev().filter(|node| node.output < program.values.len()) {
        if needed[node.output] {
            node.inputs.iter().for_each(|&v| needed[v] = true);
            nodes.push(node.clone());
        }
    }
    nodes.reverse();
    Program { nodes, outputs: outputs.to_vec(), head: Head::Features, ..program.clone() }
}

/// The same network with batch norm's activations as operators of their own; and, for each activation that switches units on and off,
/// the value that it reads.
pub fn before_activations(program: &Program) -> (Program, Vec<ValueId>) {
    let switches = |a: Activation| !matches!(a, Activation::Identity | Activation::Sigmoid | Activation::Hardsigmoid);
    let mut other = Program { nodes: Vec::new(), ..program.clone() };
    let mut sources = Vec::new();
    for node in &program.nodes {
        match node.op {
            Op::Norm { scale, shift, mean, var, activation } if switches(activation) => {
                let between = other.values.len();
                other.values.push(program.values[node.output]);
                let norm = Op::Norm { scale, shift, mean, var, activation: Activation::Identity };
                other.nodes.push(Node { op: norm, output: between, ..node.clone() });
                other.nodes.push(Node { op: Op::Activate(activation), inputs: vec![between], ..node.clone() });
                sources.push(between);
            }
            Op::Activate(activation) if switches(activation) => {
                sources.extend(node.inputs.first());
                other.nodes.push(node.clone());
            }
            _ => other.nodes.push(node.clone()),
        }
    }
    (other, sources)
}

/// The maps that a network's head reads: of a detector one a level, of others the one before the last global pooling (before the last
/// linear layer where there is none); without either, the outputs themselves.
pub fn features(program: &Program) -> Vec<ValueId> {
    let writer = |v: ValueId| program.nodes.iter().find(|n| n.output == v);
    if let Head::Detect { .. } = program.head {
        return program.outputs.iter().map(|&v| writer(v).and_then(|n| n.inputs.first().copied()).unwrap_or(v)).collect();
    }
    let one = |output: ValueId| {
        let (mut at, mut linear) = (output, None);
        while let Some(node) = writer(at) {
            let Some(&input) = node.inputs.first() else { break };
            match node.op {
                Op::GlobalPool => return input,
                Op::Linear { .. } => linear = Some(input),
                _ => {}
            }
            at = input;
        }
        linear.unwrap_or(output)
    };
    program.outputs.iter().map(|&v| one(v)).collect()
}
