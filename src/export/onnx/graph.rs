//! An ONNX graph in the making. Numbers of fields are those of `onnx.proto3`.

use super::wire::Message;

/// The names of a network's input and output.
pub(super) const INPUT: &str = "images";
pub(super) const OUTPUT: &str = "output0";

/// The name of a program's value.
pub(super) fn value(id: usize) -> String {
    if id == 0 { INPUT.to_string() } else { format!("x{id}") }
}

/// Elements of tensors.
const FLOAT: i64 = 1;
const INT64: i64 = 7;

/// A value of an attribute.
pub(super) enum Attribute<'a> {
    /// A number.
    Float(f32),
    /// A whole number.
    Int(i64),
    /// Whole numbers.
    Ints(&'a [usize]),
    /// A word.
    Word(&'a str),
}

/// Nodes and tensors so far.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    tensors: Vec<Message>,
}

impl Graph {
    /// An operator; its output has its name.
    pub fn node(&mut self, op: &str, inputs: &[&str], output: &str, attributes: &[(&str, Attribute)]) {
        self.split(op, inputs, &[output], attributes);
    }

    /// An operator with several outputs; it is named after the first.
    pub fn split(&mut self, op: &str, inputs: &[&str], outputs: &[&str], attributes: &[(&str, Attribute)]) {
        let attribute = |(name, value): &(&str, Attribute)| {
            let message = Message::default().bytes(1, name);
            match value {
                Attribute::Float(x) => message.float(2, *x).int(20, 1),
                Attribute::Int(x) => message.int(3, *x).int(20, 2),
                Attribute::Word(x) => message.bytes(4, x).int(20, 3),
                Attribute::Ints(x) => message.all(*x, |m, x| m.int(8, *x as i64)).int(20, 7),
            }
        };
        let node = Message::default().all(inputs, |m, x| m.bytes(1, x)).all(outputs, |m, y| m.bytes(2, y));
        let node = node.bytes(3, outputs[0]).bytes(4, op).all(attributes, |m, a| m.message(5, &attribute(a)));
        self.nodes.push(node);
    }

    /// A constant of floats.
    pub fn floats(&mut self, name: &str, dims: &[usize], values: impl IntoIterator<Item = f32>) {
        let data = values.into_iter().flat_map(f32::to_le_bytes).collect();
        self.tensor(name, dims, FLOAT, data);
    }

    /// A list of whole numbers.
    pub fn ints(&mut self, name: &str, values: &[i64]) {
        let data = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.tensor(name, &[values.len()], INT64, data);
    }

    fn tensor(&mut self, name: &str, dims: &[usize], kind: i64, data: Vec<u8>) {
        let tensor = Message::default().all(dims, |m, d| m.int(1, *d as i64)).int(2, kind).bytes(8, name).bytes(9, data);
        self.tensors.push(tensor);
    }

    /// The graph, with its input and output: floats, whose first dimension is `batch`.
    pub fn finish(self, name: &str, input: (&str, &[usize]), output: (&str, &[usize])) -> Message {
        let value = |(name, dims): (&str, &[usize])| {
            let batch = Message::default().message(1, &Message::default().bytes(2, "batch"));
            let shape = batch.all(dims, |m, d| m.message(1, &Message::default().int(1, *d as i64)));
            let tensor = Message::default().int(1, FLOAT).message(2, &shape);
            Message::default().bytes(1, name).message(2, &Message::default().message(1, &tensor))
        };
        let graph = Message::default().all(&self.nodes, |m, n| m.message(1, n)).bytes(2, name);
        graph.all(&self.tensors, |m, t| m.message(5, t)).message(11, &value(input)).message(12, &value(output))
    }
}
