//! One network as a drawing: a box a layer with what it makes and costs, and a line from each layer to those that read it.

use super::layered::{Edge, layout};
use super::svg::{Card, Pen, Words};
use crate::report::number::{grouped, si};
use crate::space::{Architecture, Block, Layer, Seen, Shape, Source};

/// Between two rows of boxes.
const ROWS: f64 = 22.0;

/// The drawing. A layer that cannot be built (no sample of a space has one) is drawn without its shape.
pub fn network(architecture: &Architecture) -> String {
    let (seen, _) = architecture.layers_seen();
    let most = seen.iter().map(|s| s.cost.macs).max().unwrap_or(0).max(1) as f64;
    let (params, macs) = seen.iter().fold((0, 0), |(p, m), s| (p + s.cost.params, m + s.cost.macs));
    let input = architecture.input;
    let mut cards = vec![Card {
        class: "nf-data",
        lines: vec![Words::bold("image"), Words::small(shape(input.shape()))],
        title: format!("image {}\n{} parameters, {}FLOPs in all", shape(input.shape()), grouped(params), si(2.0 * macs as f64)),
        share: None,
    }];
    let mut edges = vec![];
    for (i, layer) in architecture.layers.iter().enumerate() {
        cards.push(card(i, layer, seen.get(i), most, macs));
        for source in &layer.inputs {
            let from = match source {
                Source::Image => 0,
                Source::Layer(j) => j + 1,
            };
            edges.push(Edge { from, to: i + 1, rows: 1, label: 0.0 });
        }
    }
    let sizes: Vec<_> = cards.iter().map(Card::size).collect();
    let placed = layout(&sizes, &edges, ROWS);
    let mut pen = Pen::default();
    for (edge, points) in edges.iter().zip(&placed.edges) {
        pen.curve("", points, &format!("{} is read by {}", name(architecture, edge.from), name(architecture, edge.to)));
    }
    for ((card, at), size) in cards.iter().zip(&placed.nodes).zip(&sizes) {
        pen.card(card, *at, *size);
    }
    pen.done("the layers of the network", placed.size)
}

/// What a node is called.
fn name(architecture: &Architecture, node: usize) -> String {
    let layer = node.checked_sub(1).and_then(|i| Some((i, architecture.layers.get(i)?)));
    layer.map_or("the image".into(), |(i, layer)| format!("#{i} {}", layer.block.word()))
}

fn card(i: usize, layer: &Layer, seen: Option<&Seen>, most: f64, all: u64) -> Card {
    let details = layer.block.details();
    let head = format!("#{i} {} {details}", layer.block.word()).trim_end().to_string();
    let mut title = head.clone();
    let mut lines = vec![Words::bold(head)];
    let class = match &layer.block {
        Block::Concat | Block::Add => "nf-join",
        Block::Upsample(_) | Block::MaxPool(_) | Block::AvgPool(_) | Block::GlobalPool => "nf-scale",
        Block::Detect(_) | Block::Linear(_) => "nf-out",
        Block::Zero(_) => "",
        _ => "nf-choice",
    };
    let mut share = None;
    if let Some(Seen { outputs, cost }) = seen {
        let shapes: Vec<String> = outputs.iter().map(|o| shape(*o)).collect();
        let made = shapes.join(", ");
        let params = if cost.params > 0 { format!("{} params", si(cost.params as f64)) } else { String::new() };
        lines.push(Words::small([made.as_str(), &params].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join("  ·  ")));
        let part = 100.0 * cost.macs as f64 / all.max(1) as f64;
        let (params, flops) = (grouped(cost.params), si(2.0 * cost.macs as f64));
        title += &format!("\nmakes {made} (rows × columns × channels)\n{params} parameters\n{flops}FLOPs, {part:.1} % of the network's");
        share = Some(cost.macs as f64 / most).filter(|s| *s > 0.0);
    }
    Card { class, lines, title, share }
}

fn shape(s: Shape) -> String {
    format!("{}×{}×{}", s.h, s.w, s.c)
}
