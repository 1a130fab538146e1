//! The tensors that there are to start from, in the places of the target's space.

use super::layout::{Layout, Level, Slot, level};
use crate::space::Architecture;
use crate::space::supernet::{Dim, Part, Use};
use std::collections::{BTreeSet, HashMap};

/// Tensors to start from.
#[derive(Clone, Debug)]
pub struct Given {
    tensors: Vec<Tensor>,
    places: HashMap<String, usize>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    /// Its name among the weights.
    pub name: String,
    pub shape: Vec<usize>,
    pub of: Use,
    word: &'static str,
    pub head: Option<Level>,
}

/// A trained network.
pub struct Network<'a> {
    /// By the places of its own space.
    pub layout: &'a Layout,
    /// What it is.
    pub architecture: &'a Architecture,
    /// Whether its space and the target's are one, or over one another: then they have their places in common.
    pub related: bool,
}

/// Names and shapes of a file that says nothing else of its network.
pub struct Shapes<'a> {
    /// (name, shape).
    pub tensors: &'a [(String, Vec<usize>)],
    /// Upstream's buffer `model.N.anchors`, in units of the stride: by level.
    pub anchors: Option<&'a [Vec<(f32, f32)>]>,
}

impl Tensor {
    /// Whether it may stand for a tensor of its place: of the same kind of layer, and in a head where outputs mean the same.
    pub fn may_fill(&self, slot: &Slot) -> bool {
        let same = match (&self.head, &slot.head) {
            (Some(a), Some(b)) => a.agrees(b),
            (None, None) => true,
            _ => false,
        };
        self.word == slot.word && same
    }
}

impl Given {
    fn new(tensors: Vec<Tensor>) -> Given {
        let places = tensors.iter().enumerate().map(|(i, t)| (t.of.tensor.clone(), i)).collect();
        Given { tensors, places }
    }

    pub(super) fn by_place(&self, place: &str) -> Option<&Tensor> {
        self.places.get(place).and_then(|&i| self.tensors.get(i))
    }

    /// Those of a network whose space is known. `known` are networks of the target's space whose names say places: its
    /// reference, and the target itself.
    ///
    /// # Errors
    /// Where the network cannot be built.
    pub fn of_network(network: &Network, known: &[&Layout]) -> Result<Given, String> {
        if !network.related
            && let Some(given) = by_layers(&Layout::of_architecture(network.architecture)?, known)
        {
            return Ok(given);
        }
        Ok(Given::new(network.layout.slots.iter().map(|slot| tensor(slot, slot.of.clone())).collect()))
    }

    /// Those of a network of which nothing is known but itself.
    ///
    /// # Errors
    /// Where no known network has the same layers.
    pub fn of_architecture(architecture: &Architecture, known: &[&Layout]) -> Result<Given, String> {
        let layers = architecture.layers.len();
        by_layers(&Layout::of_architecture(architecture)?, known)
            .ok_or_else(|| format!("its network ({layers} layers) has other layers than the reference of the space"))
    }

    /// Those of a file with upstream's names.
    ///
    /// # Errors
    /// Where no known network has the same names.
    pub fn of_shapes(shapes: &Shapes, known: &[&Layout]) -> Result<Given, String> {
        let names: BTreeSet<String> = shapes.tensors.iter().map(|(name, _)| skeleton(name)).collect();
        let same = |layout: &&&Layout| layout.slots.iter().map(|s| skeleton(&s.name)).collect::<BTreeSet<_>>() == names;
        let like: Vec<&&Layout> = known.iter().filter(same).collect();
        if like.is_empty() {
            let Some(reference) = known.first() else { return Err("there is nothing to hold it against".into()) };
            let own: BTreeSet<String> = reference.slots.iter().map(|s| skeleton(&s.name)).collect();
            let odd = names.difference(&own).next().map(|name| format!("`{name}` is not in it"));
            let odd = odd.or_else(|| own.difference(&names).next().map(|name| format!("`{name}` is missing in the file")));
            return Err(format!("its names are not those of the reference of the space: {}", odd.unwrap_or_default()));
        }
        let by_name = by_name(&like);
        let tensors = shapes.tensors.iter().filter_map(|(name, shape)| {
            let slot = by_name.get(name.as_str())?;
            let dims = slot.of.dims.iter().zip(shape).zip(&slot.shape).map(|((dim, &size), &own)| scaled(dim, size, own));
            let dims: Vec<Dim> = dims.collect::<Option<_>>().filter(|d: &Vec<Dim>| d.len() == shape.len())?;
            let head = slot.head.as_ref().map(|own| head(own, name, shape, shapes));
            Some(Tensor { name: name.clone(), shape: shape.clone(), of: Use { dims, ..slot.of.clone() }, word: slot.word, head })
        });
        Ok(Given::new(tensors.collect()))
    }
}

fn tensor(slot: &Slot, of: Use) -> Tensor {
    Tensor { name: slot.name.clone(), shape: slot.shape.clone(), of, word: slot.word, head: slot.head.clone() }
}

/// The tensors of `own` in the places of the first of these networks that has the same layers.
fn by_layers(own: &Layout, known: &[&Layout]) -> Option<Given> {
    let like: Vec<&&Layout> = known.iter().filter(|k| k.layers == own.layers).collect();
    if like.is_empty() {
        return None;
    }
    let by_name = by_name(&like);
    let tensors = own.slots.iter().filter_map(|slot| {
        let other = by_name.get(slot.name.as_str())?;
        let dims = slot.of.dims.iter().zip(&other.of.dims).map(|(own, other)| moved(own, other));
        let dims = dims.collect::<Option<Vec<Dim>>>()?;
        Some(tensor(slot, Use { tensor: other.of.tensor.clone(), dims, grouping: slot.of.grouping }))
    });
    Some(Given::new(tensors.collect()))
}

/// The tensors of networks with the same layers, by name: one may have repeats that another has not.
fn by_name<'a>(like: &[&'a &Layout]) -> HashMap<&'a str, &'a Slot> {
    let mut found: HashMap<&str, &Slot> = HashMap::new();
    for slot in like.iter().flat_map(|l| &l.slots) {
        found.entry(&slot.name).or_insert(slot);
    }
    found
}

/// A dimension with its own sizes and the other's places.
fn moved(own: &Dim, other: &Dim) -> Option<Dim> {
    match (own, other) {
        (Dim::Channels { parts: own, each }, Dim::Channels { parts: other, .. }) => {
            let part = |(own, other): (&Part, &Part)| Part { place: other.place.clone(), count: own.count };
            (own.len() == other.len()).then(|| Dim::Channels { parts: own.iter().zip(other.iter()).map(part).collect(), each: *each })
        }
        (Dim::Kernel(_), Dim::Kernel(_)) | (Dim::First(_), Dim::First(_)) => Some(own.clone()),
        _ => None,
    }
}

/// A dimension of another size: every joined input has the same share of it as in the network that is known.
fn scaled(dim: &Dim, size: usize, own: usize) -> Option<Dim> {
    Some(match dim {
        Dim::Kernel(_) => Dim::Kernel(size),
        Dim::First(_) => Dim::First(size),
        Dim::Channels { parts, each } => {
            let part = |part: &Part| {
                let count = part.count.checked_mul(size)?;
                (count % own == 0).then(|| Part { place: part.place.clone(), count: count / own })
            };
            Dim::Channels { parts: parts.iter().map(part).collect::<Option<_>>()?, each: *each }
        }
    })
}

/// What the outputs of a file's head mean, as far as it says. Its anchors are in units of the stride.
fn head(own: &Level, name: &str, shape: &[usize], shapes: &Shapes) -> Level {
    let level = level(name);
    let known = own.anchors.as_deref();
    let anchors = level.and_then(|l| shapes.anchors?.get(l).cloned());
    let stride = match (known, anchors.as_deref()) {
        // The stride is the one number that makes the first of them equal; the others then agree or do not.
        (Some([(w, _), ..]), Some([(unit, _), ..])) if *unit > 0.0 => (w / unit).round(),
        _ => 1.0,
    };
    let count = anchors.as_ref().map_or(0, Vec::len).max(1);
    let classes = shape.first().map_or(0, |n| (n / count).saturating_sub(5));
    Level { classes, anchors: anchors.map(|all| all.iter().map(|(w, h)| (w * stride, h * stride)).collect()) }
}

/// A name without the numbers of repeats and levels: `model.4.m.1.cv1.conv.weight` is `model.4.m.cv1.conv.weight`.
fn skeleton(name: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in name.split('.') {
        let number = step.bytes().all(|b| b.is_ascii_digit());
        if !(number && steps.last() == Some(&"m")) {
            steps.push(step);
        }
    }
    steps.join(".")
}
