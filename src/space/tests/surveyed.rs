//! What is said of a space before anything is trained, against counts by other means.

use super::cells::{bench201, macro_bench};
use super::*;
use crate::space::survey::{Distinct, Effort};
use std::collections::{BTreeSet, HashSet};

fn at_32(text: &str) -> Space {
    Space::compile(&node(text), &spec(32, 10)).unwrap_or_else(|e| panic!("{e:#?}")).0
}

fn survey(space: &Space, effort: Effort) -> Survey {
    space.survey(effort, &[])
}

/// As many as the published table has: its isomorphic networks have one accuracy each.
#[test]
fn nas_bench_macro_has_3969_distinct_networks() {
    let found = survey(&at_32(&macro_bench()), Effort::Quick);
    assert!(found.exact && found.unbuilt == 0);
    assert_eq!((found.samples, found.distinct), (6561.0, Distinct::exactly(3969, 6561)));
    assert!(found.idle.is_empty() && found.never.is_empty(), "{found:?}");
}

/// What an edge of NAS-Bench-201 makes of a state, as a text.
type Edge<'a> = &'a dyn Fn(usize, &str) -> String;

/// NAS-Bench-201's strings for a cell, and how many of 15,625 differ. `#` is zero.
fn strings(edge: Edge, sum: &dyn Fn(Vec<String>) -> String) -> usize {
    let mut seen = HashSet::new();
    for code in 0..5usize.pow(6) {
        let op = |e: usize| code / 5usize.pow(e as u32) % 5;
        let mut states = vec!["in".to_string()];
        for (node, first) in [0, 1, 3].into_iter().enumerate() {
            let edges = (0..=node).map(|j| edge(op(first + j), &states[j])).collect();
            states.push(sum(edges));
        }
        seen.insert(states.pop());
    }
    seen.len()
}

/// Operations: 0 zero, 1 skip, 2 and 3 convolutions, 4 the mean.
fn plain(op: usize, x: &str) -> String {
    if op == 1 { x.to_string() } else { format!("({x})@{op}") }
}

fn joined(mut edges: Vec<String>) -> String {
    edges.sort();
    edges.join("+")
}

fn without_zeros(edges: Vec<String>) -> String {
    let left: Vec<String> = edges.into_iter().filter(|e| e != "#").collect();
    if left.is_empty() { "#".into() } else { joined(left) }
}

/// Layers of a cell that is written without zeros and skips: (what it computes, what it reads); the last is read by the output.
type Graph = Vec<(usize, Vec<Option<usize>>)>;

/// What an edge or a sum gives: zeros, or a value; none is the cell's input.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Zero,
    Value(Option<usize>),
}

const SUM: usize = 5;

/// The cell of these operations by our rules: zeros leave sums, the mean of zeros is zero, a convolution of zeros is not (batch norm).
fn graph(code: usize) -> (Graph, State) {
    let op = |e: usize| code / 5usize.pow(e as u32) % 5;
    let (mut layers, mut states): (Graph, Vec<State>) = (vec![], vec![State::Value(None)]);
    for (node, first) in [0, 1, 3].into_iter().enumerate() {
        let mut read = vec![];
        for j in 0..=node {
            match (op(first + j), states[j]) {
                (0, _) | (1 | 4, State::Zero) => {}
                (1, State::Value(x)) => read.push(x),
                // No layer has the number of zeros.
                (op, x) => {
                    layers.push((op, vec![if let State::Value(x) = x { x } else { Some(usize::MAX) }]));
                    read.push(Some(layers.len() - 1));
                }
            }
        }
        states.push(match read.len() {
            0 => State::Zero,
            1 => State::Value(read[0]),
            _ => {
                layers.push((SUM, read));
                State::Value(Some(layers.len() - 1))
            }
        });
    }
    (layers, states[3])
}

/// The least way of writing a graph, over all orders of the inputs of its sums: graphs are isomorphic where it is the same.
fn least((layers, output): &(Graph, State)) -> String {
    let State::Value(output) = *output else { return "zero".into() };
    let orders = |n: usize| -> Vec<Vec<usize>> {
        let all = (0..n.pow(n as u32)).map(|code| (0..n).map(|i| code / n.pow(i as u32) % n).collect::<Vec<usize>>());
        all.filter(|order| (0..n).all(|i| order.contains(&i))).collect()
    };
    let sums: Vec<usize> = (0..layers.len()).filter(|&i| layers[i].0 == SUM).collect();
    let mut ways: Vec<Vec<Vec<usize>>> = vec![vec![]];
    for &sum in &sums {
        let more = orders(layers[sum].1.len());
        ways = ways.iter().flat_map(|way| more.iter().map(|o| [way.clone(), vec![o.clone()]].concat())).collect();
    }
    let written = |way: &Vec<Vec<usize>>| {
        fn visit(at: Option<usize>, layers: &Graph, order: &dyn Fn(usize) -> Option<Vec<usize>>, seen: &mut Vec<usize>, out: &mut String) {
            let Some(i) = at.filter(|i| *i < layers.len()) else { return *out += if at.is_none() { "in " } else { "zero " } };
            if let Some(known) = seen.iter().position(|s| *s == i) {
                return *out += &format!("={known} ");
            }
            let (op, inputs) = &layers[i];
            let turned = order(i).unwrap_or_else(|| (0..inputs.len()).collect());
            *out += &format!("{op}(");
            turned.iter().for_each(|&j| visit(inputs[j], layers, order, seen, out));
            *out += ") ";
            seen.push(i);
        }
        let order = |i: usize| sums.iter().position(|s| *s == i).map(|s| way[s].clone());
        let mut out = String::new();
        visit(output, layers, &order, &mut vec![], &mut out);
        out
    };
    ways.iter().map(written).min().unwrap_or_default()
}

#[test]
fn nas_bench_201_has_7031_distinct_networks() {
    // As its authors count: with skips wired through 12,751; and 6,466 where whatever reads zeros is zero, though zeros stay in sums.
    assert_eq!(strings(&plain, &joined), 12_751);
    let zeros = |op: usize, x: &str| if op == 0 || x == "#" { "#".to_string() } else { plain(op, x) };
    assert_eq!(strings(&zeros, &joined), 6466);
    // With our rules for zeros. Strings cannot tell one layer that is read twice from two layers with weights of their own.
    let ours = |op: usize, x: &str| if op == 0 || (op == 4 && x == "#") { "#".to_string() } else { plain(op, x) };
    assert_eq!(strings(&ours, &without_zeros), 6055);
    // As graphs, which can: up to isomorphism.
    assert_eq!((0..5usize.pow(6)).map(|code| least(&graph(code))).collect::<HashSet<_>>().len(), 7031);
    let one = bench201(1);
    let (head, _) = one.split_once("repeat 1").expect("a stage");
    let space = at_32(&format!("{head} use \"cell\" channels=16; conv 8; global-pool; linear }} }}"));
    let found = survey(&space, Effort::Thorough);
    assert!(found.exact);
    assert_eq!((found.samples, found.distinct), (15_625.0, Distinct::exactly(7031, 15_625)));
}

/// The estimate of a space that is not listed is near its count, and its interval holds it.
#[test]
fn an_estimate_holds_the_count() {
    let stage = |n: usize, c: usize| {
        let next = format!("choose {{ skip as=\"id\"; mbconv {c} expand=3 as=\"3\"; mbconv {c} kernel=5 expand=6 as=\"6\" }}");
        format!("conv {c} stride=2; repeat {n} {{ {next} }}")
    };
    let text = format!("space {{ network {{ input d; {}; {}; global-pool; linear }} }}", stage(6, 8), stage(6, 16));
    let space = at_32(&text);
    // Words over skip and two letters, of which skips commute: those of each length over the two letters.
    let words: f64 = (0..=6).map(|n| 2f64.powi(n)).sum();
    let found = survey(&space, Effort::Quick);
    assert!(!found.exact && found.samples == 3f64.powi(12), "{found:?}");
    let Distinct { networks, low, high, drawn, .. } = found.distinct;
    assert!(low <= words * words && words * words <= high, "{low} {networks} {high}, {} of {drawn}", words * words);
    assert!(networks / (words * words) < 2.0);
    // Copies with decisions inside, of which some are not made.
    let text = "space { network { input d; conv 8 stride=4; repeat 9 { choose { mbconv 8 { kernel 3 5; expand 2 3 }; skip } }; global-pool; linear } }";
    let space = at_32(text);
    let found = survey(&space, Effort::Quick);
    let count: f64 = (0..=9).map(|n| 4f64.powi(n)).sum();
    let Distinct { low, high, .. } = found.distinct;
    assert!(!found.exact && low <= count && count <= high, "{low} {high} {count}");
    // The same figures whenever it is asked.
    assert_eq!(found, survey(&space, Effort::Quick));
}

/// Three parallel blocks with choices of their own, of which one is read (as in the reference workflow, where 21 of 28 were dead).
#[test]
fn choices_that_can_never_matter_are_found() {
    let dead =
        |n: usize| format!("concat \"x\"; conv 8 as=\"d{n}\" {{ kernel 1 3 }}; conv 8 as=\"e{n}\" {{ kernel 1 3; activation silu relu }};");
    let text = |rest: &str| {
        format!(
            "space {{ network {{ input d; conv 8 stride=4 as=\"x\" {{ kernel 3 5 }}; {} {} {rest} conv 8; global-pool; linear }} }}",
            dead(1),
            dead(2)
        )
    };
    let labels = |survey: &Survey| survey.idle.iter().map(|i| i.label.clone()).collect::<BTreeSet<String>>();
    let expected: BTreeSet<String> =
        [1, 2].iter().flat_map(|n| [format!("d{n}.kernel"), format!("e{n}.kernel"), format!("e{n}.activation")]).collect();
    let space = at_32(&text("concat \"x\"; conv 8 as=\"live\" { kernel 1 3 };"));
    let found = survey(&space, Effort::Quick);
    assert!(found.exact && found.distinct == Distinct::exactly(4, 256), "{found:?}");
    assert_eq!(labels(&found), expected);
    assert!(found.idle.iter().all(|i| i.tries.is_none()));
    // Too many to be listed: what was tried made no difference.
    let space = at_32(&text("concat \"x\"; repeat 12 { conv 8 { kernel 1 3 5 } };"));
    let found = survey(&space, Effort::Quick);
    assert!(!found.exact);
    assert_eq!(labels(&found), expected);
    assert!(found.idle.iter().all(|i| i.tries.is_some_and(|t| t > 8)));
}

#[test]
fn options_that_no_network_takes_are_found() {
    let cell = "cell \"c\" { nodes 2 1; edges any; conv kernel=3; require edges min=4 }";
    let space = at_32(&format!("space {{ {cell}; network {{ input d; conv 8 stride=4; use \"c\" channels=8; global-pool; linear }} }}"));
    let found = survey(&space, Effort::Quick);
    assert!(found.exact && found.unbuilt > 0);
    let never: Vec<(String, String)> = found.never.iter().map(|n| (n.label.clone(), n.option.clone())).collect();
    // One node has two edges at most.
    assert!(never.contains(&("c.nodes".into(), "1".into())), "{never:?}");
    let bounded = at_32(
        "space { network { input d; conv stride=4 { channels 8 16 512 }; conv 8 { kernel 1 3 }; global-pool; linear }; require params max=5000 }",
    );
    let never = survey(&bounded, Effort::Quick).never;
    assert_eq!(never.iter().map(|n| n.option.as_str()).collect::<Vec<_>>(), ["512"]);
}

#[test]
fn costs_are_those_of_the_networks() {
    let space = at_32("space { network { input d; conv 8 stride=4 { kernel 1 3 5 7 9 }; global-pool; linear } }");
    let found = survey(&space, Effort::Quick);
    let params: Vec<f64> = [1.0, 3.0, 5.0, 7.0, 9.0].iter().map(|k| k * k * 3.0 * 8.0 + 16.0 + 8.0 * 10.0 + 10.0).collect();
    let spread = found.spread.iter().find(|s| s.name == "params").expect("counted");
    // Of five the nearest: the 5 % is the least, the 95 % the most.
    assert_eq!(spread.quantiles.to_vec(), [params[0], params[0], params[2], params[4], params[4]]);
    let flops = found.spread.iter().find(|s| s.name == "flops").expect("counted");
    assert_eq!(flops.quantiles[0], 2.0 * (64.0 * 24.0 + 80.0));
    // By a table: 1 ms an operation, and no row for the largest kernel.
    let networks: Vec<Architecture> = space.enumerate(10).expect("few").iter().map(|s| space.architecture(s).expect("builds")).collect();
    let rows = |n: usize| {
        networks[..n].iter().flat_map(|a| a.program().expect("builds").operation_counts().into_keys()).map(|key| (key, 1.0)).collect()
    };
    let table = LatencyTable::new("test".into(), rows(4));
    let found = space.survey(Effort::Quick, &[("table-latency".into(), &table)]);
    let latency = found.spread.last().expect("a table");
    assert!(latency.milliseconds && latency.missing == 1 && latency.quantiles[0] == latency.quantiles[4], "{latency:?}");
    assert_eq!(latency.quantiles[0], table.latency(&networks[0]).expect("rows"));
}
