//! Cells and chosen inputs: the spaces of the literature, and what is equal to what.

use super::*;
use crate::document::Span;
use crate::space::supernet::DecisionKind;
use std::collections::{BTreeMap, HashSet};

/// DARTS with so many cells a stage.
pub(crate) fn darts(cells: usize, width: usize) -> String {
    format!(
        r#"space {{
    cell "normal" inputs=2 nodes=4 {{
        edges 2
        choose {{
            skip; max-pool 3; avg-pool 3
            sep-conv kernel=3 as="sep3"; sep-conv kernel=5 as="sep5"; dil-conv kernel=3 as="dil3"; dil-conv kernel=5 as="dil5"
        }}
        output concat
    }}
    cell "reduction" like="normal" stride=2
    network {{
        input "cifar10"
        conv {} kernel=3
        repeat {cells} {{ use "normal" channels={width} }}
        use "reduction" channels={}; repeat {cells} {{ use "normal" channels={} }}
        use "reduction" channels={}; repeat {cells} {{ use "normal" channels={} }}
        global-pool; linear
    }} }}"#,
        3 * width,
        2 * width,
        2 * width,
        4 * width,
        4 * width
    )
}

/// NAS-Bench-201 with so many cells a stage.
pub(crate) fn bench201(cells: usize) -> String {
    format!(
        r#"space {{
    cell "cell" inputs=1 nodes=3 {{
        edges all
        choose {{ zero; skip; conv kernel=1 as="1x1"; conv kernel=3 as="3x3"; avg-pool 3 }}
        output last
    }}
    network activation=relu {{
        input "cifar10"
        conv 16 kernel=3
        repeat {cells} {{ use "cell" channels=16 }}; residual 32 stride=2
        repeat {cells} {{ use "cell" channels=32 }}; residual 64 stride=2
        repeat {cells} {{ use "cell" channels=64 }}
        global-pool; linear
    }} }}"#
    )
}

pub(crate) const BENCH101: &str = r#"space {
    cell "cell" inputs=1 {
        nodes 5 0 1 2 3 4
        edges any
        on-node { choose { conv kernel=3 as="3x3"; conv kernel=1 as="1x1"; max-pool 3 } }
        output concat
        require edges max=9
    }
    network { input d; conv 16 kernel=3; use "cell" channels=16; max-pool 2 stride=2; use "cell" channels=32; global-pool; linear } }"#;

/// NAS-Bench-Macro's space; the layers of a stage differ in their first.
pub(crate) fn macro_bench() -> String {
    let first = |c: usize| {
        format!(
            "choose {{ conv {c} stride=2 activation=identity as=\"id\"; mbconv {c} stride=2 expand=3 as=\"3\"; \
             mbconv {c} stride=2 kernel=5 expand=6 as=\"6\" }}"
        )
    };
    let next = |c: usize| format!("choose {{ skip as=\"id\"; mbconv {c} expand=3 as=\"3\"; mbconv {c} kernel=5 expand=6 as=\"6\" }}");
    let stage = |n: usize, c: usize| format!("{}; {}", first(c), vec![next(c); n - 1].join("; "));
    format!(
        "space {{ network activation=relu {{ input d; conv 32 kernel=3; {}; {}; {}; conv 1280; global-pool; linear }} }}",
        stage(2, 64),
        stage(3, 128),
        stage(3, 256)
    )
}

fn at_32(text: &str) -> Space {
    Space::compile(&node(text), &spec(32, 10)).unwrap_or_else(|e| panic!("{e:#?}")).0
}

#[test]
fn sizes_are_those_of_the_papers() {
    let cell = 7f64.powi(8) * 180.0;
    for cells in [1, 6] {
        let space = at_32(&darts(cells, 16));
        assert_eq!(space.size(), cell * cell, "both kinds decide once");
        assert_eq!(space.decisions().len(), 2 * (3 + 14), "the first node has nothing to pick");
        let picks = space.decisions().iter().filter(|d| d.label.ends_with(".edges")).map(|d| d.options.len()).product::<usize>();
        assert_eq!(picks, 180 * 180);
    }
    assert_eq!(at_32(&bench201(5)).size(), 15_625.0);
    let bench101: f64 = (0..=5).map(|n| (0..n).map(|i| 3.0 * 2f64.powi(i + 1)).product::<f64>()).sum();
    assert_eq!(at_32(BENCH101).size(), bench101);
    assert_eq!(at_32(&macro_bench()).size(), 6561.0);
    let own = darts(2, 8).replace("use \"normal\" channels=8 ", "use \"normal\" channels=8 own=#true ");
    assert_eq!(at_32(&own).size(), cell.powi(4));
}

/// The sizes counted are the samples listed, also where a cell reads a shared choice, and where it stands in a branch.
#[test]
fn what_is_counted_can_be_listed() {
    let texts = [
        "cell \"c\" inputs=2 nodes=2 { edges 1; choose { skip; conv kernel=3; max-pool 3 } }; \
         network { input d; conv 8; use \"c\" channels=8; use \"c\" channels=8 }",
        "choice \"k\" 1 3; cell \"c\" nodes=2 { edges any; choose { conv kernel=(choice)\"k\"; skip } }; \
         network { input d; conv 8 kernel=(choice)\"k\"; choose { use \"c\" channels=8; skip; repeat 1 2 { use \"c\" { channels 8 16 } } } }",
        "choice \"op\" a b; cell \"c\" { nodes 2 1 0; edges all; on-node { choose (choice)\"op\" { conv as=\"a\"; skip as=\"b\" } } }; \
         network { input d; conv 8; repeat 1 2 { use \"c\" channels=8 }; choose (choice)\"op\" { conv 8 as=\"a\" { kernel 1 3 }; skip as=\"b\" } }",
        "network { input d; conv 8 as=\"a\"; conv 8 kernel=3 as=\"b\"; inputs \"a\" \"b\" above pick=2; inputs \"a\" \"b\"; inputs \"b\" above pick=2 reduce=concat }",
    ];
    for text in texts {
        let space = at_32(&format!("space {{ {text} }}"));
        let all = space.enumerate(20_000).unwrap();
        assert_eq!(all.len() as f64, space.size(), "{text}");
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        for sample in all.iter().step_by(1 + all.len() / 60) {
            let architecture = space.architecture(sample).unwrap();
            assert_eq!(Architecture::from_json(&architecture.to_json()).unwrap(), architecture);
        }
        for i in 0..20 {
            let sample = space.random(1, &[i]);
            assert!(all.contains(&sample) && all.contains(&space.mutate(&sample, 1, &[i]).unwrap()));
        }
    }
}

#[test]
fn the_macro_network_costs_what_its_table_says() {
    let space = at_32(&macro_bench());
    let of = |options: [usize; 8]| {
        let net = Supernet::of(&space).unwrap();
        space.architecture(&net.sample_from(&options)).unwrap().cost().unwrap()
    };
    assert_eq!(of([0; 8]).macs, 7_713_280);
}

/// Zero edges go, and what reads only them; a node that nothing reads goes; the order of summands is free.
#[test]
fn canonical_cells() {
    let cell = |ops: &str| {
        let text = "space { cell \"c\" nodes=2 { edges all; choose { OP }; output last }; network { input d; conv 8; use \"c\" channels=8; conv 8 } }";
        let all = "zero; skip; conv kernel=3; avg-pool 3";
        let space = at_32(&text.replace("OP", all));
        let net = Supernet::of(&space).unwrap();
        let options: Vec<usize> = ops.bytes().map(|b| usize::from(b - b'0')).collect();
        space.architecture(&net.sample_from(&options)).unwrap()
    };
    // The digits: n1<in1, n2<in1, n2<n1.
    assert_eq!(cell("010").layers.len(), 2, "a skip alone\n{}", cell("010").text());
    assert_eq!(cell("210"), cell("010"), "nothing reads the first node");
    assert_eq!(cell("120"), cell("021"), "a skip of nothing");
    assert_eq!(cell("021"), cell("023"), "the mean of zeros");
    assert_eq!(cell("102"), cell("020"));
    assert_eq!(cell("201"), cell("020"));
    assert_ne!(cell("022"), cell("021"), "batch norm makes something of zeros");
    let nothing = cell("000");
    assert_eq!(nothing, cell("100"));
    assert_eq!(nothing.layers.len(), 2, "{}", nothing.text());
    assert_eq!(nothing.layers[0].block.word(), "zero");
    assert_eq!(nothing.cost().unwrap().params, 8 * 8 + 16);
    assert_eq!(nothing.program().unwrap().macs(), nothing.cost().unwrap().macs);
}

#[test]
fn bounds_on_edges_are_kept_by_every_sample() {
    let space = at_32(BENCH101);
    let (mut refused, mut built) = (0, 0);
    for i in 0..200 {
        match space.architecture(&space.random(0, &[i])) {
            Ok(_) => built += 1,
            Err(why) => {
                assert!(why.reason.contains("edges where at most 9"), "{why:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0 && built > 100, "{refused} {built}");
    assert!(space.architecture(&space.reference()).is_ok(), "the reference is exempt");
}

#[test]
fn supernets_of_cells() {
    for text in [darts(2, 8), bench201(2), BENCH101.to_string(), macro_bench()] {
        let space = at_32(&text);
        let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
        let mut paths = 0;
        for i in 0..30 {
            let sample = space.random(2, &[i]);
            let Ok(architecture) = space.architecture(&sample) else { continue };
            let path = net.path(&sample).unwrap();
            assert_eq!(path.program, architecture.program().unwrap());
            path.slices.iter().zip(&path.program.params).for_each(|(s, p)| assert!(s.fits() && s.shape() == p.shape));
            paths += 1;
        }
        assert!(paths > 15);
        net.path(&net.smallest()).unwrap();
        // Every branch and every node's inputs mixed at once, as DARTS does.
        let over: BTreeMap<usize, Vec<usize>> = net
            .decisions()
            .iter()
            .enumerate()
            .filter(|(_, d)| d.kind != DecisionKind::Value && d.kind != DecisionKind::Depth)
            .map(|(i, d)| (i, (0..d.candidates).collect()))
            .collect();
        let mixed = net.mixed(&[], &over).unwrap();
        assert_eq!(mixed.mixtures.len(), over.len(), "one set of weights a decision, wherever it stands");
        mixed
            .slices
            .iter()
            .zip(&mixed.program.params)
            .for_each(|(s, p)| assert!(s.as_ref().is_none_or(|s| s.fits() && s.shape() == p.shape)));
    }
}

#[test]
fn first_cells_read_the_stem_twice_and_reductions_halve() {
    let space = at_32(&darts(1, 8));
    let architecture = space.architecture(&space.reference()).unwrap();
    let text = architecture.text();
    assert!(text.contains("8×8×128"), "four nodes of 32 channels after two reductions\n{text}");
    assert_eq!(architecture.layers.iter().filter(|l| l.block.word() == "concat").count(), 5);
}

fn one(cells: &str, layers: &str, code: &str, at: &str) {
    let text = format!("space {{ {cells}; network {{ input d; conv 8; {layers} }} }}");
    let errors = compile(&text).err().unwrap_or_default();
    let span = errors.first().map_or(Span::default(), |e| e.labels[0].0);
    assert!(errors.len() == 1 && errors[0].code == code && text[span.offset..].starts_with(at), "{text}\n{errors:#?}");
}

#[test]
fn errors_in_cells() {
    let cell = "cell \"c\" nodes=2 { choose { skip; conv kernel=3 } }";
    one(cell, "use \"d\" channels=8", "unknown-cell", "\"d\"");
    one(cell, "use \"c\"", "missing-value", "use");
    one(&format!("{cell}; {cell}"), "use \"c\" channels=8", "duplicate-name", "\"c\"");
    one("cell \"c\" { choose { skip } }", "use \"c\" channels=8", "missing-value", "cell");
    one("cell \"c\" nodes=2", "use \"c\" channels=8", "empty-cell", "cell");
    one("cell \"c\" nodes=2 edges=some { skip }", "use \"c\" channels=8", "value-type", "edges=some");
    one("cell \"c\" nodes=2 { skip; conv }", "use \"c\" channels=8", "cell-layers", "conv");
    one("cell \"c\" nodes=1 stride=2 { choose { skip; linear } }", "use \"c\" channels=8", "no-stride", "linear");
    one("cell \"c\" nodes=2 { choose { skip; upsample 2 } }", "use \"c\" channels=8", "shape", "use");
    one("cell \"c\" nodes=1 { choose { skip; use \"c\" channels=8 } }", "use \"c\" channels=8", "cell-in-cell", "use");
    one(cell, "inputs", "missing-value", "inputs");
    one(cell, "inputs \"nowhere\"", "unknown-name", "\"nowhere\"");
    one(cell, "inputs above pick=2", "pick-of-few", "pick=2");
}
