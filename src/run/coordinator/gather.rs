//! Small works that one worker does together: a job each would cost more than they do.

use crate::base::Digest;
use crate::plan::{UntrainedWork, Work};
use std::borrow::Cow;
use std::collections::HashSet;

/// Networks that one worker measures with fresh weights, at most.
const TOGETHER: usize = 32;

/// What workers are given: of the works that can run, those of untrained networks that read the same images together, as many at a
/// time as leave something for each of `jobs` workers; without those that run already.
pub fn gathered<'w>(works: &'w [Work], running: &HashSet<Digest>, jobs: usize) -> Vec<Cow<'w, Work>> {
    let mut all: Vec<Cow<Work>> = Vec::new();
    let mut groups: Vec<Vec<&UntrainedWork>> = Vec::new();
    for work in works {
        match work {
            Work::Untrained(w) if running.contains(&w.request.key) => {}
            Work::Untrained(w) => match groups.iter_mut().find(|group| alike(group[0], w)) {
                Some(group) => group.push(w),
                None => groups.push(vec![w]),
            },
            other => all.push(Cow::Borrowed(other)),
        }
    }
    for group in groups {
        let size = group.len().div_ceil(jobs.max(1)).clamp(1, TOGETHER);
        all.extend(group.chunks(size).map(|some| Cow::Owned(together(some))));
    }
    all
}

/// Whether one worker has all that both read.
fn alike(a: &UntrainedWork, b: &UntrainedWork) -> bool {
    let reads = |w: &UntrainedWork| w.data.clone().map(|data| (data, w.candidate.image_size()));
    a.request.stage == b.request.stage && reads(a) == reads(b)
}

fn together(some: &[&UntrainedWork]) -> Work {
    let mut first = some[0].clone();
    first.more = some[1..].iter().map(|w| (*w).clone()).collect();
    if !first.more.is_empty() {
        first.request.detail = format!("{} and {} more", first.request.detail, first.more.len());
    }
    Work::Untrained(Box::new(first))
}

/// The keys of all that a work computes.
pub fn keys(work: &Work) -> Vec<Digest> {
    match work {
        Work::Untrained(w) => w.all().map(|w| w.request.key).collect(),
        other => vec![other.key()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, Kind, Request};
    use std::sync::Arc;

    fn work(name: &str, stage: usize, data: Option<&str>) -> Work {
        let architecture = crate::space::tests::reference("conv 8; global-pool; linear 4");
        let candidate = crate::plan::Candidate::of(architecture);
        let action = Action { kind: Kind::Untrained, config: crate::base::Canon::None, inputs: vec![], seed: None, numerics: None };
        let key = Digest::of(name.as_bytes());
        Work::Untrained(Box::new(UntrainedWork {
            request: Request { action, key, stage, name: "s".into(), model: Some(name.into()), detail: String::new(), replica: false },
            metric: crate::language().metric("synflow").expect("it is one"),
            candidate: Arc::new(candidate),
            seed: 0,
            batch: 2,
            bn_eps: 1e-3,
            loss: None,
            data: data.map(|d| (d.to_string(), "train".to_string())),
            more: vec![],
        }))
    }

    #[test]
    fn each_is_measured_once_and_every_worker_has_something() {
        let works: Vec<Work> = (0..100).map(|i| work(&i.to_string(), i % 2, (i % 4 == 0).then_some("d"))).collect();
        let running: HashSet<Digest> = (0..10).map(|i| works[i].key()).collect();
        for jobs in [1, 2, 7] {
            let gathered = gathered(&works, &running, jobs);
            let mut found: Vec<Digest> = gathered.iter().flat_map(|w| keys(w)).collect();
            let mut wanted: Vec<Digest> = works[10..].iter().map(Work::key).collect();
            found.sort();
            wanted.sort();
            assert_eq!(found, wanted);
            for work in &gathered {
                let Work::Untrained(w) = &**work else { panic!("another kind") };
                assert!(w.all().count() <= TOGETHER && w.all().all(|other| alike(w, other)));
            }
            assert!(gathered.len() >= jobs);
        }
    }
}
