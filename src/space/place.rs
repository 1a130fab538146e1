//! What names a sample within its space, whatever labels and orders its file has.

use super::{Sample, Space};
use crate::base::{Canon, Digest};

impl Space {
    /// The digest of (address, rank of the option) over the active decisions. Two samples of one architecture differ here,
    /// because inside a supernet their weights do.
    pub fn path(&self, sample: &Sample) -> Digest {
        let pairs = self.choices(sample).into_iter().map(|(address, rank)| Canon::List(vec![Canon::Int(address as i64), rank.into()]));
        Canon::map([("path", 1usize.into()), ("decisions", Canon::List(pairs.collect()))]).digest()
    }

    /// (address, rank of the option) of the active decisions, ascending: what a sample is, free of labels and of the order of values.
    pub fn choices(&self, sample: &Sample) -> Vec<(u64, usize)> {
        let decisions = self.decisions();
        let pairs = sample.pairs().filter_map(|(d, o)| decisions.get(d).map(|decision| (decision.address, decision.rank(o))));
        let mut pairs: Vec<(u64, usize)> = pairs.collect();
        pairs.sort_unstable();
        pairs
    }

    /// The sample that takes such choices, perhaps of another space: those that this space has not are left out, and what is not
    /// among them is the reference's.
    pub fn sample_of(&self, choices: &[(u64, usize)]) -> Sample {
        self.sample(|d| {
            let decision = &self.decisions()[d];
            let rank = choices.iter().find(|(address, _)| *address == decision.address).map(|(_, rank)| *rank);
            rank.and_then(|rank| decision.ranked.get(rank).copied()).unwrap_or(0)
        })
    }

    /// The digest of everything that a supernet of this space is made of: its network and its input. Bounds bind proposals,
    /// not the network, so another bound asks for no other supernet; nor do ranges, priors, and what trainings read.
    pub fn network(&self) -> Digest {
        match self.canon() {
            Canon::Map(entries) => {
                let drawn = ["bounds", "constraints", "trained", "ranges", "priors"];
                Canon::Map(entries.into_iter().filter(|(name, _)| !drawn.contains(&name.as_str())).collect()).digest()
            }
            other => other.digest(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::space::supernet::Supernet;
    use crate::space::tests::whole;

    const SPACE: &str = r#"space {
        network {
            input d
            conv 16 stride=4 { kernel 3 5 }
            choose "a" { skip; conv 16 kernel=3; c3 16 { repeats 2 1 } }
            conv 32 kernel=3 stride=2 as="p"
            detect "p" anchors=auto
        }
        require flops max=1.0 of=reference
    }"#;

    #[test]
    fn a_path_is_called_alike_by_the_space_and_by_its_supernet() {
        let space = whole(SPACE);
        let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
        let samples = space.enumerate(100).expect("a small space");
        let mut seen: Vec<_> = samples.iter().map(|s| space.path(s)).collect();
        assert!(samples.iter().all(|s| space.sample_of(&space.choices(s)) == *s));
        assert!(samples.iter().zip(&seen).all(|(s, digest)| net.path(s).expect("a path").digest() == *digest));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), samples.len());
    }

    #[test]
    fn names_orders_and_bounds_are_no_part_of_a_supernet() {
        let space = whole(SPACE);
        // The first value is the reference and stays first; of the others no order counts.
        let other = whole(
            &SPACE
                .replace(
                    "\"a\" { skip; conv 16 kernel=3; c3 16 { repeats 2 1 } }",
                    "\"b\" { skip; c3 16 { repeats 2 1 }; conv 16 kernel=3 }",
                )
                .replace("max=1.0", "max=0.9"),
        );
        assert_eq!(space.network(), other.network());
        assert_ne!(space.digest(), other.digest());
        assert_ne!(space.network(), whole(&SPACE.replace("3 5", "3 7")).network());
        let (a, b) = (Supernet::of(&space).expect("one"), Supernet::of(&other).expect("one"));
        let layout = |net: &Supernet| net.tensors().iter().map(|t| (t.name.clone(), t.shape.clone())).collect::<Vec<_>>();
        assert_eq!(layout(&a), layout(&b));
        // One path is the same slices of the same tensors.
        for sample in space.enumerate(100).expect("a small space") {
            let same = other.enumerate(100).into_iter().flatten().find(|s| other.path(s) == space.path(&sample)).expect("there too");
            assert_eq!(a.path(&sample).expect("a path").slices, b.path(&same).expect("a path").slices);
        }
    }
}
