use super::*;
use crate::space::Decision;
use crate::space::tests::whole;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Three branches, one of which decides further, and a kernel.
const NESTED: &str = "space { network { input data; choose \"a\" { skip; conv 8 kernel=3 as=\"narrow\"; conv 8 as=\"wide\" { kernel 5 7 } }; conv 8 { kernel 1 3 5 } } }";

/// By option text; options that are not named share what is left.
fn of(named: &[(&str, f64)]) -> impl Fn(&Decision) -> Option<(Vec<f64>, usize)> {
    let named: BTreeMap<String, f64> = named.iter().map(|(o, p)| ((*o).to_string(), *p)).collect();
    move |decision| {
        let given = |o: &usize| named.get(&decision.options[*o]).copied();
        let (sum, count) = decision.ranked.iter().filter_map(given).fold((0.0, 0), |(s, n), p| (s + p, n + 1));
        let rest = (1.0 - sum) / (decision.ranked.len() - count).max(1) as f64;
        let p: Vec<f64> = decision.ranked.iter().map(|o| given(o).unwrap_or(rest)).collect();
        let strongest = (0..p.len()).fold(0, |best, r| if p[r] > p[best] { r } else { best });
        Some((p, strongest))
    }
}

fn built(learned: Option<&Distribution>) -> Result<Box<dyn Propose>, Unbuilt> {
    let learned = learned.map(|d| Arc::new(d.clone()));
    build(&words().choose("learned", &[]).expect("a strategy"), Given { learned })
}

fn tickets(space: &Space, distribution: &Distribution, trials: usize, seed: u64) -> Vec<Ticket> {
    let mut search = Search::new(space, built(Some(distribution)).expect("it is built"), trials, 4, seed).over_paths();
    let mut found = vec![];
    while let Next::Ticket(ticket) = search.propose(&|_| None) {
        found.push(*ticket);
    }
    found
}

fn kernels() -> Space {
    let layers = "conv 4 { kernel 1 3 5 7 };".repeat(6);
    whole(&format!("space {{ network {{ input data; {layers} }} }}"))
}

#[test]
fn the_strongest_comes_first_and_the_others_are_drawn() {
    let space = kernels();
    let p = [("1", 0.1), ("3", 0.6), ("5", 0.3), ("7", 0.0)];
    let distribution = Distribution::new(&space, false, &of(&p)).expect("a distribution");
    let all = tickets(&space, &distribution, 40, 7);
    assert!(space.describe(&all[0].sample).iter().all(|(_, v)| v == "3"));
    assert_eq!(all, tickets(&space, &distribution, 40, 7));
    assert_ne!(all[1..], tickets(&space, &distribution, 40, 8)[1..]);
    let mut digests: Vec<Digest> = all.iter().map(|t| t.digest).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 40);
    assert!(all.iter().all(|t| space.describe(&t.sample).iter().all(|(_, v)| v != "7")), "it has no probability");
    // Single draws, repeated or not, follow the probabilities.
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for i in 0..2000 {
        space.describe(&distribution.draw(&space, 1, &[i])).into_iter().for_each(|(_, v)| *counts.entry(v).or_default() += 1.0 / 12_000.0);
    }
    for (option, p) in &p[..3] {
        assert!((counts[*option] - p).abs() < 0.015, "{counts:?}");
    }
    assert_eq!(built(None).err(), Some(Unbuilt::NothingLearned));
}

#[test]
fn bounds_bind_and_a_space_runs_out() {
    let text = "space { network { input data; conv 8 { kernel 1 3 5 }; conv 8 { kernel 1 3 5 } }; require params max=400 }";
    let space = whole(text);
    let distribution = Distribution::new(&space, false, &of(&[("5", 0.98)])).expect("a distribution");
    let all = tickets(&space, &distribution, 20, 3);
    assert!(!all.is_empty() && all.len() < 9 && all.iter().all(|t| space.admits(&t.architecture).is_ok()), "{}", all.len());
    assert!(space.admits(&space.architecture(&distribution.strongest(&space)).expect("a network")).is_err());
    let admitted = space.enumerate(9).expect("few").iter().filter(|s| space.admits(&space.architecture(s).unwrap()).is_ok()).count();
    assert_eq!(all.len(), admitted);
}

#[test]
fn neither_names_nor_the_order_of_options_change_a_draw() {
    let digests = |text: &str| {
        let space = whole(text);
        let distribution = Distribution::new(&space, false, &of(&[("3", 0.5)])).expect("a distribution");
        tickets(&space, &distribution, 8, 5).iter().map(|t| t.digest).collect::<Vec<_>>()
    };
    let other = NESTED.replace("kernel 1 3 5", "kernel 3 5 1").replace("\"a\"", "\"b\"");
    assert_eq!(digests(NESTED), digests(&other));
}

#[test]
fn a_likelihood_is_of_the_active_decisions() {
    let space = whole(NESTED);
    let distribution = Distribution::new(&space, false, &of(&[("skip", 0.5), ("5", 0.25)])).expect("a distribution");
    let mut sum = 0.0;
    for sample in space.enumerate(100).expect("few") {
        let ln = distribution.log_probability(&space, &sample);
        let chosen: BTreeMap<String, String> = space.describe(&sample).into_iter().collect();
        sum += ln.exp();
        if chosen["a"] == "skip" {
            assert_eq!(chosen.len(), 2, "{chosen:?}");
            let kernel = chosen.iter().find(|(label, _)| *label != "a").expect("a kernel").1;
            let p: f64 = if kernel == "5" { 0.25 } else { 0.375 };
            assert!((ln - (0.5 * p).ln()).abs() < 1e-12);
        }
    }
    assert!((sum - 1.0).abs() < 1e-9, "a distribution over networks: {sum}");
}

#[test]
fn a_node_keeps_its_strongest_edges() {
    let text = "space { cell \"c\" inputs=2 nodes=2 { edges 2; choose { zero; skip; conv kernel=3 as=\"conv\" } }
        network { input data; conv 8 kernel=3; conv 8 kernel=3; use \"c\" channels=8; use \"c\" channels=8 } }";
    let space = whole(text);
    let [pick] = &space.edge_picks()[..] else { panic!("{:?}", space.edge_picks()) };
    assert_eq!((pick.sets.len(), pick.on.iter().flatten().count()), (3, 3));
    // By edge of the second node: the largest probability beside `zero`, which may be larger and counts for nothing.
    let best = [0.3, 0.45, 0.4];
    let of = |decision: &Decision| {
        let d = space.decisions().iter().position(|o| o.address == decision.address)?;
        let Some(edge) = pick.on.iter().position(|on| *on == Some(d)) else {
            let n = decision.ranked.len();
            return Some((vec![1.0 / n as f64; n], 0));
        };
        let p = |o: &usize| match decision.options[*o].as_str() {
            "conv" => best[edge],
            "zero" => 0.55 - 0.1 * f64::from(u8::from(edge == 1)),
            _ => 1.0 - best[edge] - 0.55 + 0.1 * f64::from(u8::from(edge == 1)),
        };
        let rank = decision.ranked.iter().position(|o| decision.options[*o] == "conv")?;
        Some((decision.ranked.iter().map(p).collect(), rank))
    };
    let kept = |mixed: bool| {
        let distribution = Distribution::new(&space, mixed, &of).expect("a distribution");
        let sample = distribution.strongest(&space);
        pick.sets[sample.option(pick.decision).expect("active")].clone()
    };
    assert_eq!(kept(true), [1, 2]);
    assert_eq!(kept(false), pick.sets[space.decisions()[pick.decision].ranked[0]], "drawn edges are an option like others");
}

#[test]
fn what_is_no_distribution_is_none() {
    let space = kernels();
    let new = |p: Vec<f64>, strongest: usize| Distribution::new(&space, false, &|_| Some((p.clone(), strongest)));
    assert!(new(vec![0.25; 4], 3).is_some());
    for (p, strongest) in
        [(vec![0.25; 3], 0), (vec![0.25; 4], 4), (vec![0.5; 4], 0), (vec![1.5, -0.5, 0.0, 0.0], 0), (vec![f64::NAN; 4], 0)]
    {
        assert!(new(p, strongest).is_none());
    }
    assert!(Distribution::new(&space, false, &|_| None).is_none());
}
