//! The head's raw maps as boxes, in ONNX: YOLOv5's formula, in its order of rows (level, anchor, y, x).

use super::graph::{Attribute, Graph, OUTPUT, value};
use crate::space::{Head, Program};

/// Writes the decoding of all levels; returns the output's dimensions after the batch. Fails where the head is none of boxes.
pub(super) fn decode(graph: &mut Graph, program: &Program) -> Result<Vec<usize>, String> {
    let Head::Detect { classes, strides, anchors } = &program.head else { return Err("the network has no detect head".into()) };
    let width = 5 + classes;
    graph.floats("two", &[1], [2.0]);
    graph.ints("parts", &[2, 2, 1 + *classes as i64]);
    graph.ints("rows", &[0, -1, width as i64]);
    let (mut levels, mut count) = (Vec::new(), 0);
    for (level, ((&output, &stride), anchors)) in program.outputs.iter().zip(strides).zip(anchors).enumerate() {
        let (s, a, stride) = (program.values[output], anchors.len(), stride as f32);
        if s.c != a * width {
            return Err(format!("a detect output has {} channels, not {a} × {width}", s.c));
        }
        let at = |part: &str| format!("level{level}/{part}");
        graph.ints(&at("split"), &[0, a as i64, width as i64, s.h as i64, s.w as i64]);
        graph.node("Reshape", &[&value(output), &at("split")], &at("apart"), &[]);
        graph.node("Transpose", &[&at("apart")], &at("last"), &[("perm", Attribute::Ints(&[0, 1, 3, 4, 2]))]);
        graph.node("Sigmoid", &[&at("last")], &at("values"), &[]);
        let parts = [at("xy0"), at("wh0"), at("scores")];
        graph.split("Split", &[&at("values"), "parts"], &[&parts[0], &parts[1], &parts[2]], &[("axis", Attribute::Int(-1))]);
        // x = (2σ + gx − ½) · stride
        let corners = (0..s.h).flat_map(|y| (0..s.w).map(move |x| [x, y])).flatten().map(|g| g as f32 - 0.5);
        graph.floats(&at("cells"), &[1, 1, s.h, s.w, 2], corners);
        graph.floats(&at("stride"), &[1], [stride]);
        graph.node("Mul", &[&parts[0], "two"], &at("xy1"), &[]);
        graph.node("Add", &[&at("xy1"), &at("cells")], &at("xy2"), &[]);
        graph.node("Mul", &[&at("xy2"), &at("stride")], &at("xy"), &[]);
        // w = (2σ)² · anchor
        graph.floats(&at("anchors"), &[1, a, 1, 1, 2], anchors.iter().flat_map(|(w, h)| [*w, *h]));
        graph.node("Mul", &[&parts[1], "two"], &at("wh1"), &[]);
        graph.node("Mul", &[&at("wh1"), &at("wh1")], &at("wh2"), &[]);
        graph.node("Mul", &[&at("wh2"), &at("anchors")], &at("wh"), &[]);
        graph.node("Concat", &[&at("xy"), &at("wh"), &parts[2]], &at("boxes"), &[("axis", Attribute::Int(-1))]);
        graph.node("Reshape", &[&at("boxes"), "rows"], &at("rows"), &[]);
        levels.push(at("rows"));
        count += a * s.h * s.w;
    }
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    graph.node("Concat", &levels, OUTPUT, &[("axis", Attribute::Int(1))]);
    Ok(vec![count, width])
}
