//! Boxes in boxes: layers one below the other, branches side by side, cells as small graphs; what reads a layer by its name is
//! joined to it by a lane on the right.

use super::layered::{Edge, Layout, Point, layout};
use super::svg::{Card, LINE, PAD, Pen, Words};
use std::collections::HashMap;

/// Between boxes that stand one below the other.
const DOWN: f64 = 18.0;
/// Between boxes that stand side by side.
const SIDE: f64 = 10.0;
/// Between lanes.
const LANE: f64 = 9.0;
/// Most boxes side by side.
const ABREAST: usize = 4;

/// Something that is drawn.
pub struct Part {
    /// What.
    pub what: What,
    /// The name of its output, where others read it by one.
    pub slot: Option<usize>,
    /// What it reads by name.
    pub reads: Vec<usize>,
    /// Whether it reads what stands above it.
    pub above: bool,
}

/// What is drawn.
pub enum What {
    /// A box.
    Card(Card),
    /// A frame with a head, around parts one below the other.
    Column(Card, Vec<Part>),
    /// A frame with a head, around parts side by side.
    Row(Card, Vec<Part>),
    /// A frame with a head, around a graph.
    Graph(Card, Box<Graph>),
}

/// A small graph.
pub struct Graph {
    cards: Vec<Card>,
    edges: Vec<(Edge, &'static str)>,
    placed: Layout,
}

impl Graph {
    /// Boxes, and edges with their classes.
    pub fn new(cards: Vec<Card>, edges: Vec<(usize, usize, &'static str)>) -> Graph {
        let edges: Vec<(Edge, &str)> = edges.into_iter().map(|(from, to, class)| (Edge { from, to, rows: 1, label: 0.0 }, class)).collect();
        let sizes: Vec<Point> = cards.iter().map(Card::size).collect();
        let placed = layout(&sizes, &edges.iter().map(|e| e.0).collect::<Vec<_>>(), 24.0);
        Graph { cards, edges, placed }
    }
}

impl Part {
    /// A box that reads what stands above it.
    pub fn card(card: Card) -> Part {
        Part { what: What::Card(card), slot: None, reads: vec![], above: true }
    }

    fn size(&self) -> Point {
        match &self.what {
            What::Card(card) => card.size(),
            What::Column(head, parts) => framed(head, column(parts)),
            What::Row(head, parts) => framed(head, rows(parts).iter().fold((0.0, -SIDE), |(w, h), row| (w.max(row.0), h + row.1 + SIDE))),
            What::Graph(head, graph) => framed(head, graph.placed.size),
        }
    }
}

/// The size of a frame with a head around something.
fn framed(head: &Card, (w, h): Point) -> Point {
    let words = head.lines.iter().map(Words::width).fold(0.0, f64::max);
    (w.max(words) + 2.0 * PAD, h.max(0.0) + head_height(head) + PAD)
}

fn head_height(head: &Card) -> f64 {
    head.lines.len() as f64 * LINE + PAD
}

fn column(parts: &[Part]) -> Point {
    let sizes = parts.iter().map(Part::size);
    sizes.fold((0.0, -DOWN), |(w, h), size| (w.max(size.0), h + size.1 + DOWN))
}

/// The sizes of rows of parts.
fn rows(parts: &[Part]) -> Vec<Point> {
    let row = |row: &[Part]| {
        let sizes = row.iter().map(Part::size);
        sizes.fold((-SIDE, 0.0f64), |(w, h), size| (w + size.0 + SIDE, h.max(size.1)))
    };
    parts.chunks(ABREAST).map(row).collect()
}

/// Where things are, once they are drawn.
#[derive(Default)]
struct Places {
    /// By name: the middle of the right border of whoever made it last.
    slots: HashMap<usize, Vec<Point>>,
    /// Who reads which name: the middle of its right border.
    reads: Vec<(usize, Point)>,
}

/// Draws parts one below the other.
pub fn draw(label: &str, parts: &[Part]) -> String {
    let size = column(parts);
    let (mut boxes, mut lines, mut places) = (Pen::default(), Pen::default(), Places::default());
    draw_column(parts, (0.0, 0.0), size.0, &mut boxes, &mut lines, &mut places);
    let right = lanes(&places, size.0, &mut lines);
    lines.over(boxes);
    lines.done(label, (right, size.1))
}

fn draw_column(parts: &[Part], (x, mut y): Point, w: f64, boxes: &mut Pen, lines: &mut Pen, places: &mut Places) {
    let mut before: Option<Point> = None;
    for part in parts {
        let size = part.size();
        let at = (x + (w - size.0) / 2.0, y);
        if let Some(from) = before.filter(|_| part.above) {
            lines.curve("", &[from, (x + w / 2.0, y)], "");
        }
        draw_part(part, at, size, boxes, lines, places);
        y += size.1 + DOWN;
        before = Some((x + w / 2.0, at.1 + size.1));
    }
}

fn draw_part(part: &Part, at: Point, size: Point, boxes: &mut Pen, lines: &mut Pen, places: &mut Places) {
    let right = (at.0 + size.0, at.1 + size.1 / 2.0);
    if let Some(slot) = part.slot {
        places.slots.entry(slot).or_default().push((right.0, right.1 + 4.0));
    }
    // Side by side from the middle up, within the box.
    let step = (size.1 / 2.0 / part.reads.len().max(1) as f64).min(5.0);
    places.reads.extend(part.reads.iter().enumerate().map(|(i, slot)| (*slot, (right.0, right.1 - step * i as f64))));
    match &part.what {
        What::Card(card) => boxes.card(card, at, size),
        What::Column(head, parts) => {
            let inner = draw_head(head, at, size, boxes);
            draw_column(parts, inner, size.0 - 2.0 * PAD, boxes, lines, places);
        }
        What::Row(head, parts) => {
            let (x, mut y) = draw_head(head, at, size, boxes);
            for (row, sizes) in parts.chunks(ABREAST).zip(rows(parts)) {
                let mut x = x + (size.0 - 2.0 * PAD - sizes.0) / 2.0;
                for part in row {
                    let size = part.size();
                    draw_part(part, (x, y), size, boxes, lines, places);
                    x += size.0 + SIDE;
                }
                y += sizes.1 + SIDE;
            }
        }
        What::Graph(head, graph) => {
            let (x, y) = draw_head(head, at, size, boxes);
            let x = x + (size.0 - 2.0 * PAD - graph.placed.size.0) / 2.0;
            for ((_, class), points) in graph.edges.iter().zip(&graph.placed.edges) {
                let points: Vec<Point> = points.iter().map(|p| (p.0 + x, p.1 + y)).collect();
                boxes.curve(class, &points, "");
            }
            for (card, at) in graph.cards.iter().zip(&graph.placed.nodes) {
                boxes.card(card, (at.0 + x, at.1 + y), card.size());
            }
        }
    }
}

/// A frame with its head; answers where what is inside begins.
fn draw_head(head: &Card, at: Point, size: Point, boxes: &mut Pen) -> Point {
    boxes.frame(head, at, size);
    (at.0 + PAD, at.1 + head_height(head))
}

/// The lanes on the right: the shortest nearest to the boxes, none over another. Answers how far right they reach.
fn lanes(places: &Places, edge: f64, lines: &mut Pen) -> f64 {
    let mut all: Vec<(Point, Point)> = vec![];
    for (slot, to) in &places.reads {
        // Several of one name stand where only one of them is there; below its reader stands none.
        let made = places.slots.get(slot).into_iter().flatten().filter(|from| from.1 < to.1);
        all.extend(made.map(|from| (*from, *to)));
    }
    all.sort_by(|a, b| (a.1.1 - a.0.1).total_cmp(&(b.1.1 - b.0.1)));
    let mut taken: Vec<Vec<(f64, f64)>> = vec![];
    for (from, to) in all {
        let free = |lane: &Vec<(f64, f64)>| lane.iter().all(|(top, bottom)| to.1 + 3.0 < *top || *bottom + 3.0 < from.1);
        let lane = taken.iter().position(free).unwrap_or(taken.len());
        if lane == taken.len() {
            taken.push(vec![]);
        }
        taken[lane].push((from.1, to.1));
        lines.lane("", from, edge + LANE * (lane as f64 + 1.5), to, "");
    }
    if taken.is_empty() { edge } else { edge + LANE * (taken.len() as f64 + 1.0) }
}

/// Most lines of options in a box; all of them are in its title.
const OPTION_LINES: usize = 4;

/// What is chosen, with its options, in as many lines as they need.
pub fn options(name: &str, all: &[String]) -> Vec<Words> {
    let mut lines = vec![format!("{name}:")];
    for (i, option) in all.iter().enumerate() {
        let next = if i == 0 { format!(" {option}") } else { format!(" · {option}") };
        let last = lines.len() - 1;
        match (lines[last].chars().count() + next.chars().count() <= MOST_OPTIONS || i == 0, lines.len() < OPTION_LINES) {
            (true, _) | (_, false) => lines[last] += &next,
            _ => lines.push(format!("   {option}")),
        }
    }
    lines.into_iter().map(|text| Words { text, class: "" }).collect()
}

/// Most columns of a line of options.
const MOST_OPTIONS: usize = 46;
