//! Of a space that is listed whole.

use super::distinct::Distinct;
use super::found::Survey;
use super::idle::{Idle, Never};
use super::spread;
use crate::base::Digest;
use crate::space::architecture::Architecture;
use crate::space::latency::LatencyTable;
use crate::space::sample::Sample;
use crate::space::space::Space;
use std::collections::{HashMap, HashSet};

/// All samples, each looked at.
pub fn survey(space: &Space, all: &[Sample], tables: &[(String, &LatencyTable)]) -> Survey {
    let mut networks: HashMap<&Sample, Option<Digest>> = HashMap::with_capacity(all.len());
    let mut distinct: HashSet<Digest> = HashSet::new();
    let mut figures = spread::Figures::new(tables);
    let mut taken: Vec<Vec<bool>> = space.decisions().iter().map(|d| vec![false; d.options.len()]).collect();
    let mut unbuilt = 0;
    for sample in all {
        let network: Option<Architecture> = space.architecture(sample).ok();
        let digest = network.as_ref().map(Architecture::digest);
        networks.insert(sample, digest);
        let Some((network, digest)) = network.zip(digest) else {
            unbuilt += 1;
            continue;
        };
        figures.note(&network);
        distinct.insert(digest);
        if space.admits(&network).is_ok() {
            sample.pairs().for_each(|(d, o)| taken[d][o] = true);
        }
    }
    let mut idle = vec![];
    let mut never = vec![];
    for (d, decision) in space.decisions().iter().enumerate().filter(|(_, d)| d.options.len() > 1) {
        let differs = |sample: &Sample| {
            let own = &networks[sample];
            (0..decision.options.len()).any(|option| {
                let other = space.sample(|asked| if asked == d { option } else { sample.option(asked).unwrap_or(0) });
                networks.get(&other).is_some_and(|n| n != own)
            })
        };
        // One that no sample makes is not there to matter.
        let mut active = all.iter().filter(|s| s.option(d).is_some()).peekable();
        if active.peek().is_some() && !active.any(differs) {
            idle.push(Idle { label: decision.label.clone(), tries: None });
        }
        for (_, name) in decision.options.iter().enumerate().filter(|(o, _)| !taken[d][*o]) {
            never.push(Never { label: decision.label.clone(), option: name.clone(), tries: None });
        }
    }
    Survey {
        samples: space.size(),
        exact: true,
        looked: all.len(),
        unbuilt,
        distinct: Distinct::exactly(distinct.len(), all.len()),
        idle,
        never,
        spread: figures.spread(),
    }
}
