//! The language of the product: every room's words in one value, one line a room.

use crate::document::{Language, MetricWord, Words, words_of};
use crate::train::oneshot;
use crate::{data, evaluate, metrics, search, space};

/// All words that nasflow knows. Add to it what comes from elsewhere (`examples/own_strategy.rs`).
pub fn language() -> Language {
    Language {
        strategies: search::words(),
        methods: oneshot::words(),
        metrics: metrics(),
        formats: data::words(),
        stopping: search::racing::words(),
    }
}

/// The metrics of every room that computes some; the rooms hold the lists.
fn metrics() -> Words<MetricWord> {
    let known = [
        words_of(metrics::DETECTION),
        words_of(metrics::CLASSIFICATION),
        words_of(space::COSTS),
        words_of(space::LATENCIES),
        words_of(space::ENTROPIES),
        evaluate::proxy_words(),
        words_of(search::LEARNED),
        words_of(evaluate::MACHINE),
    ];
    Words { known: known.concat(), later: &[] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Distribution, Given, build};
    use crate::space::tests::whole;
    use std::sync::Arc;

    /// What a descriptor reads, it declares: each is built from its defaults alone.
    #[test]
    fn every_strategy_is_built_from_its_defaults() {
        let space = whole("space { network { input data; conv 8 { kernel 1 3 5 } } }");
        let even = |d: &crate::space::Decision| Some((vec![1.0 / d.ranked.len() as f64; d.ranked.len()], 0));
        let learned = Distribution::new(&space, false, &even).map(Arc::new);
        let strategies = language().strategies;
        for word in strategies.words() {
            let chosen = strategies.choose(word.name, &[]).expect("it is known");
            let built = build(&chosen, Given { learned: learned.clone() });
            assert!(built.is_ok(), "{}: {:?}", word.name, built.err());
        }
    }

    #[test]
    fn every_stopping_rule_is_built_from_its_defaults() {
        let rules = language().stopping;
        for word in rules.words() {
            let built = search::racing::build(&rules.choose(word.name, &[]).expect("it is known"));
            assert!(built.is_ok(), "{}: {:?}", word.name, built.err());
        }
    }
}
