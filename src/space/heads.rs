//! Which heads of boxes the networks of a space have.

use super::graph::{Head, Program};
use super::sample::Sample;
use super::space::Space;
use std::collections::BTreeSet;

/// All samples are looked at where there are no more than these, else so many random ones and each value of each choice once.
const LOOKED_AT: usize = 256;

/// A head of boxes, as far as the loss is weighted by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeadShape {
    /// Both sides of the image, in pixels.
    pub image_size: usize,
    /// Of each level, finest first.
    pub strides: Vec<usize>,
}

impl Space {
    /// The heads that its networks have: of all its samples, or, where there are more than some hundreds, of those and of each value
    /// of each choice beside the reference. Networks that end otherwise have none.
    pub fn heads(&self) -> BTreeSet<HeadShape> {
        let samples = self.enumerate(LOOKED_AT).unwrap_or_else(|| {
            let reference = self.reference();
            let one = |asked: usize, option: usize| {
                Sample::collect(&self.structure, |d| if d == asked { option } else { reference.option(d).unwrap_or(0) })
            };
            let each = self.decisions().iter().enumerate().flat_map(|(d, decision)| (1..decision.options.len()).map(move |o| (d, o)));
            let random = (0..LOOKED_AT as u64).map(|i| self.random(0, &[u64::MAX, i]));
            std::iter::once(reference.clone()).chain(each.map(|(d, o)| one(d, o))).chain(random).collect()
        });
        let shape = |sample: &Sample| {
            let architecture = self.architecture(sample).ok()?;
            match architecture.program().ok()?.head {
                Head::Detect { strides, .. } => Some(HeadShape { image_size: architecture.input.height, strides }),
                _ => None,
            }
        };
        samples.iter().filter_map(shape).collect()
    }
}

/// Whether the outputs of two networks mean the same, number by number: images of one shape, and heads of the same classes, strides and
/// anchors. The error says where they part; `a` and `b` are how the two are called there.
///
/// # Errors
/// The first difference, in words.
pub fn same_outputs((a, one): (&str, &Program), (b, other): (&str, &Program)) -> Result<(), String> {
    let differ = |what: &str, x: String, y: String| Err(format!("{what} differ: {x} of {a}, {y} of {b}"));
    let image = |p: &Program| p.values.first().map_or(String::new(), |&s| super::expand::show(s).to_string());
    if image(one) != image(other) {
        return differ("images", image(one), image(other));
    }
    match (&one.head, &other.head) {
        (Head::Classify { classes: x }, Head::Classify { classes: y }) if x != y => differ("classes", x.to_string(), y.to_string()),
        (Head::Classify { .. }, Head::Classify { .. }) => Ok(()),
        (Head::Detect { classes: x, strides: s, anchors: m }, Head::Detect { classes: y, strides: t, anchors: n }) => {
            if x != y {
                return differ("classes", x.to_string(), y.to_string());
            }
            if s != t {
                return differ("strides of the head", format!("{s:?}"), format!("{t:?}"));
            }
            if m != n {
                let list = |levels: &Vec<Vec<(f32, f32)>>| format!("{:?}", levels.iter().flatten().collect::<Vec<_>>());
                return differ("anchors", list(m), list(n));
            }
            Ok(())
        }
        (Head::Features, _) | (_, Head::Features) => Err("a network without a head teaches nothing".into()),
        _ => Err(format!("one of {a} and {b} detects, the other classifies")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::tests::whole;

    #[test]
    fn heads_of_small_and_of_large_spaces() {
        let heads = |more: &str, input: &str| {
            let space = whole(&format!(
                "space {{ network {{ input d {input}; conv 8 kernel=3 stride=4; {more} conv 8 kernel=3 stride=2 as=\"a\"; \
                 conv 8 kernel=3 {{ stride 2 1 }}; conv 8 kernel=3 stride=2; detect \"a\" above }} }}"
            ));
            (space.size() > LOOKED_AT as f64, space.heads().into_iter().map(|h| (h.image_size, h.strides)).collect::<Vec<_>>())
        };
        let both = vec![(64, vec![8, 16]), (64, vec![8, 32])];
        assert_eq!(heads("", "image-size=64"), (false, both.clone()));
        // Too many samples to look at all.
        assert_eq!(heads(&"conv 8 { kernel 1 3 5 7 }; ".repeat(5), "image-size=64"), (true, both));
        let sizes: Vec<usize> = heads("", "{ image-size 64 128 }").1.iter().map(|h| h.0).collect();
        assert_eq!(sizes, [64, 64, 128, 128]);
        assert!(whole("space { network { input d; conv 8 { kernel 1 3 }; global-pool; linear } }").heads().is_empty());
    }
}
