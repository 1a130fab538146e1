//! Upstream's model YAML as its rows: what `parse_model` reads of it, before a module is built.

use super::yaml::{self, Node, shown};
use crate::space::Activation;

/// Most rows.
const MAX_ROWS: usize = 1000;
/// Most channels of anything.
pub const MAX_CHANNELS: usize = 1 << 16;
/// Keys that mean something, and those that may stand there.
const KEYS: [&str; 10] =
    ["nc", "depth_multiple", "width_multiple", "channel_multiple", "activation", "anchors", "backbone", "head", "ch", "inplace"];

/// The file.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelYaml {
    /// `nc`: classes.
    pub classes: usize,
    /// `depth_multiple`.
    pub depth: f64,
    /// `width_multiple`.
    pub width: f64,
    /// `channel_multiple` [8].
    pub multiple: usize,
    /// `activation` [SiLU].
    pub activation: Activation,
    /// `anchors`.
    pub anchors: Anchors,
    /// `backbone` and `head`.
    pub rows: Vec<Row>,
}

/// Anchors of a head.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchors {
    /// (width, height) in pixels for each level; none where only their number is given.
    pub levels: Option<Vec<Vec<(f32, f32)>>>,
    /// How many a level has.
    pub per_level: usize,
}

/// A row: `[from, number, module, args]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where it stands.
    pub line: usize,
    /// The rows that it reads: below 0 counts from here.
    pub from: Vec<i64>,
    /// `number`, as written.
    pub number: usize,
    /// The module.
    pub module: String,
    /// Its arguments.
    pub args: Vec<Node>,
}

/// Reads the file.
///
/// # Errors
/// The line, and what is wrong there.
pub fn read(text: &str) -> Result<ModelYaml, String> {
    let map = yaml::parse(text)?;
    let get = |key: &str| map.iter().find(|(k, _)| k == key).map(|(_, node)| node);
    let need = |key: &str| get(key).ok_or_else(|| format!("`{key}` is missing; a model YAML of YOLOv5 v6 or v7 is expected"));
    if let Some((key, node)) = map.iter().find(|(key, _)| !KEYS.contains(&key.as_str())) {
        return Err(node.error(format!("`{}` is not known here; known are {}", shown(key), KEYS.join(", "))));
    }
    if let Some(channels) = get("ch")
        && channels.text() != Some("3")
    {
        return Err(channels.error("`ch`: images of 3 channels are expected"));
    }
    let multiple = |key: &str| {
        let node = need(key)?;
        match node.number(key)? {
            x if x > 0.0 && x <= 100.0 => Ok(x),
            x => Err(node.error(format!("`{key}` is {x}; a number above 0, at most 100, is expected"))),
        }
    };
    let mut rows = Vec::new();
    for part in ["backbone", "head"] {
        for node in need(part)?.list(part)? {
            rows.push(row(node)?);
        }
    }
    if rows.is_empty() || rows.len() > MAX_ROWS {
        return Err(format!("{} rows; from 1 to {MAX_ROWS} are expected", rows.len()));
    }
    Ok(ModelYaml {
        classes: need("nc")?.whole("nc", 1, u16::MAX.into())?,
        depth: multiple("depth_multiple")?,
        width: multiple("width_multiple")?,
        multiple: get("channel_multiple").map_or(Ok(8), |n| n.whole("channel_multiple", 1, 1024))?,
        activation: get("activation").filter(|n| !n.is_none()).map_or(Ok(Activation::Silu), activation)?,
        anchors: anchors(need("anchors")?)?,
        rows,
    })
}

/// An activation as Python calls it.
pub fn activation(node: &Node) -> Result<Activation, String> {
    match node.text().map(|t| t.replace(' ', "")).as_deref() {
        Some("nn.SiLU()") => Ok(Activation::Silu),
        Some("nn.ReLU()") => Ok(Activation::Relu),
        Some("nn.Hardswish()") => Ok(Activation::Hardswish),
        Some("nn.LeakyReLU(0.1)") => Ok(Activation::LeakyRelu),
        Some("nn.Sigmoid()") => Ok(Activation::Sigmoid),
        Some("nn.Hardsigmoid()") => Ok(Activation::Hardsigmoid),
        Some("nn.Identity()") => Ok(Activation::Identity),
        _ => Err(node.error(format!(
            "the activation {} is not known; known are nn.SiLU(), nn.ReLU(), nn.Hardswish(), nn.LeakyReLU(0.1), nn.Sigmoid(), \
             nn.Hardsigmoid(), nn.Identity()",
            node.shown()
        ))),
    }
}

/// `anchors`: a list for each level of widths and heights, or how many a level has.
pub fn anchors(node: &Node) -> Result<Anchors, String> {
    if node.text().is_some() {
        return Ok(Anchors { levels: None, per_level: node.whole("anchors", 1, 64)? });
    }
    let mut levels: Vec<Vec<(f32, f32)>> = Vec::new();
    for level in node.list("anchors")? {
        let mut sides = Vec::new();
        for side in level.list("anchors of a level")? {
            match side.number("an anchor")? {
                x if x > 0.0 && x <= 65536.0 => sides.push(x as f32),
                x => return Err(side.error(format!("an anchor of {x} pixels"))),
            }
        }
        levels.push(sides.as_chunks::<2>().0.iter().map(|[w, h]| (*w, *h)).collect());
        let first = levels.first().map_or(0, Vec::len);
        if sides.is_empty() || sides.len() != 2 * first {
            let count = sides.len();
            return Err(level.error(format!("{count} numbers; a width and a height for each anchor, as many as for the first level")));
        }
    }
    match levels.first().map(Vec::len) {
        Some(per_level @ 1..=64) => Ok(Anchors { levels: Some(levels), per_level }),
        _ => Err(node.error("anchors: from 1 to 64 a level are expected")),
    }
}

fn row(node: &Node) -> Result<Row, String> {
    let [from, number, module, args] = node.list("a row")? else {
        return Err(node.error("a row is [from, number, module, args]"));
    };
    let one = |n: &Node| n.text().and_then(|t| t.parse::<i64>().ok()).filter(|f| f.abs() <= MAX_ROWS as i64);
    let list = if from.text().is_some() { std::slice::from_ref(from) } else { from.list("from")? };
    let from: Option<Vec<i64>> = list.iter().map(one).collect();
    Ok(Row {
        line: node.line,
        from: from
            .filter(|f| !f.is_empty())
            .ok_or_else(|| node.error("`from` is -1 for the row above, a row's number, or a list of such"))?,
        number: number.whole("number", 0, 100)?,
        module: module.text().ok_or_else(|| module.error("the name of a module is expected"))?.to_string(),
        args: args.list("args")?.to_vec(),
    })
}
