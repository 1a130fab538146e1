//! Choices that change no network, and options that no network takes.

use super::work::Work;
use crate::space::architecture::Architecture;
use crate::space::sample::Sample;

/// Samples in which a choice is changed before it is said to make no difference.
const TRIES: usize = 16;
/// Choices that are looked at, of spaces with very many.
const CHOICES: usize = 500;

/// A choice that changes no network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Its label.
    pub label: String,
    /// In how many samples each of its options was tried; none where it was tried in all.
    pub tries: Option<usize>,
}

/// An option that no network takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Never {
    /// The label of its choice.
    pub label: String,
    /// The option.
    pub option: String,
    /// How many samples with it were tried; none where all were.
    pub tries: Option<usize>,
}

/// By trying. `built` are drawn samples with their networks.
pub fn tried(work: &Work, built: &[(Sample, Architecture)]) -> (Vec<Idle>, Vec<Never>) {
    let (mut idle, mut never) = (vec![], vec![]);
    let reference = work.space.reference();
    let with_reference = work.build(&reference).map(|network| (reference, network));
    for (d, decision) in work.space.decisions().iter().enumerate().take(CHOICES).filter(|(_, d)| d.options.len() > 1) {
        let active: Vec<&(Sample, Architecture)> =
            with_reference.iter().chain(built).filter(|(s, _)| s.option(d).is_some()).take(TRIES).collect();
        // Where no drawn sample makes it, nothing is known of it.
        if active.is_empty() {
            continue;
        }
        let mut matters = false;
        for (option, name) in decision.options.iter().enumerate() {
            let mut builds = built.iter().any(|(s, _)| s.option(d) == Some(option));
            for (sample, network) in &active {
                if builds && matters {
                    break;
                }
                if sample.option(d) == Some(option) {
                    builds = true;
                    continue;
                }
                match work.build(&work.edited(sample, d, option)) {
                    Some(other) => {
                        builds = true;
                        matters |= other != *network;
                    }
                    // A choice by which a network can no longer be built makes a difference.
                    None => matters = true,
                }
            }
            if !builds {
                never.push(Never { label: decision.label.clone(), option: name.clone(), tries: Some(active.len()) });
            }
        }
        if !matters {
            idle.push(Idle { label: decision.label.clone(), tries: Some(active.len()) });
        }
    }
    (idle, never)
}
