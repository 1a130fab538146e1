//! What two tensors of one place have in common, dimension by dimension.

use crate::space::supernet::{Dim, Part, Use};

/// (from, to, how many), in elements of one dimension, ascending.
pub type Ranges = Vec<(usize, usize, usize)>;

/// The common part of a tensor and one of the same place in another network: first channels of each joined input by itself,
/// the middle of kernels. None where there is none, or where it would mean another thing.
pub fn between(from: &Use, to: &Use) -> Option<Vec<Ranges>> {
    if from.grouping != to.grouping || from.dims.len() != to.dims.len() {
        return None;
    }
    from.dims.iter().zip(&to.dims).map(|(from, to)| filled(dimension(from, to)?)).collect()
}

fn dimension(from: &Dim, to: &Dim) -> Option<Ranges> {
    match (from, to) {
        (Dim::Channels { parts: from, each }, Dim::Channels { parts: to, each: other }) if each == other => Some(channels(from, to, *each)),
        (Dim::Kernel(from), Dim::Kernel(to)) => middle(*from, *to),
        (Dim::First(from), Dim::First(to)) => Some(vec![(0, 0, *from.min(to))]),
        _ => None,
    }
}

/// The first channels of every part that is in both; of a place that comes several times, each with its own.
fn channels(from: &[Part], to: &[Part], each: usize) -> Ranges {
    let mut ranges = Vec::new();
    let mut start = 0;
    for (i, part) in to.iter().enumerate() {
        let nth = to[..i].iter().filter(|p| p.place == part.place).count();
        if let Some(at) = (0..from.len()).filter(|&j| from[j].place == part.place).nth(nth) {
            let before: usize = from[..at].iter().map(|p| p.count).sum();
            push(&mut ranges, (before * each, start * each, from[at].count.min(part.count) * each));
        }
        start += part.count;
    }
    ranges
}

/// The middle of a side of a kernel: odd of odd, even of even.
fn middle(from: usize, to: usize) -> Option<Ranges> {
    let n = from.min(to);
    (from % 2 == to % 2).then(|| vec![((from - n) / 2, (to - n) / 2, n)])
}

/// The part of a tensor that a shared tensor of this shape has room for; `width` is the most channels of a place there.
pub fn shared(from: &Use, shape: &[usize], width: &dyn Fn(&str) -> Option<usize>) -> Option<Vec<Ranges>> {
    if from.dims.len() != shape.len() {
        return None;
    }
    let each_dimension = from.dims.iter().zip(shape).map(|(dim, &size)| {
        let ranges = match dim {
            Dim::Channels { parts, each } => {
                let (mut ranges, mut taken, mut start) = (Vec::new(), 0, 0);
                for part in parts.iter() {
                    let width = width(&part.place)?;
                    push(&mut ranges, (taken * each, start * each, part.count.min(width) * each));
                    (taken, start) = (taken + part.count, start + width);
                }
                // A linear layer reads every pixel of a map: over another size of map it is another layer.
                let fits = if shape.len() == 2 { start * each == size } else { start * each <= size };
                fits.then_some(ranges)?
            }
            Dim::Kernel(side) => middle(*side, size)?,
            Dim::First(n) => vec![(0, 0, *n.min(&size))],
        };
        filled(ranges)
    });
    each_dimension.collect()
}

fn push(ranges: &mut Ranges, (from, to, n): (usize, usize, usize)) {
    match ranges.last_mut() {
        Some((f, t, count)) if *f + *count == from && *t + *count == to => *count += n,
        _ if n > 0 => ranges.push((from, to, n)),
        _ => {}
    }
}

fn filled(ranges: Ranges) -> Option<Ranges> {
    (!ranges.is_empty() && ranges.iter().all(|r| r.2 > 0)).then_some(ranges)
}
