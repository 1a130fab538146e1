//! Samples by the names of decisions and options, as people and files write them.

use super::sample::Sample;
use super::space::Space;
use std::collections::HashMap;

impl Space {
    /// The sample that takes these options, (label, value): what [`describe`](Self::describe) says of a sample, of this space or of one that has
    /// its decisions. None where a decision that it makes is not named, or has no such option.
    pub fn sample_named(&self, choices: &[(String, String)]) -> Option<Sample> {
        let named: HashMap<&str, &str> = choices.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
        let mut fits = true;
        let sample = self.sample(|d| {
            let decision = &self.decisions()[d];
            let option = named.get(decision.label.as_str()).and_then(|value| decision.options.iter().position(|o| o == value));
            fits &= option.is_some();
            option.unwrap_or(0)
        });
        fits.then_some(sample)
    }
}

#[cfg(test)]
mod tests {
    use crate::space::tests::whole;

    #[test]
    fn what_is_described_is_found_again() {
        let text = |tail: &str| {
            format!(
                "space {{ network {{ input data; choose \"a\" {{ skip; conv 8 as=\"w\" {{ kernel 3 5 7 }} }}; conv 8 as=\"z\" {{ kernel 1 3 }}{tail} }} }}"
            )
        };
        let (space, larger) = (whole(&text("")), whole(&text("; conv 8 as=\"y\" { kernel 1 3 }")));
        let reordered = whole(&text("").replace("3 5 7", "7 5 3"));
        for sample in space.enumerate(100).expect("a small space") {
            let choices = space.describe(&sample);
            assert_eq!(space.sample_named(&choices), Some(sample.clone()));
            let other = reordered.sample_named(&choices).expect("the same options");
            assert_eq!(
                reordered.architecture(&other).expect("a network").digest(),
                space.architecture(&sample).expect("a network").digest()
            );
            assert_eq!(larger.sample_named(&choices), None, "a decision has no option");
        }
        assert!(larger.enumerate(100).expect("a small space").iter().all(|s| space.sample_named(&larger.describe(s)).is_some()));
        assert_eq!(space.sample_named(&[("a".into(), "no such".into())]), None);
    }
}
