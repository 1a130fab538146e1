//! The shipped spaces: how large they are against what their sources say, and that every one can be built and changed.

use super::*;
use crate::space::supernet::{DecisionKind, Supernet};
use std::collections::{BTreeMap, HashSet};

/// Name, size of the images, classes, and the number of samples as its source counts them (the files say how).
pub(crate) fn spaces() -> Vec<(&'static str, usize, usize, f64)> {
    let pairs = |operations: f64, joins: f64| (720.0 * operations.powi(5)).powi(2) * joins.powi(5);
    let darts = 7f64.powi(8) * 180.0;
    let bottlenecks = [1, 2, 3, 1];
    let nni = 9.0 * 6f64.powi(4) * bottlenecks.iter().map(|n| 3.0 * 36.0 * 3f64.powi(*n)).product::<f64>();
    vec![
        ("yolov5-backbone", 64, 4, 5832.0),
        ("yolov5-backbone-neck", 64, 4, 5832.0 * 4f64.powi(4)),
        ("yolov5-wide", 64, 4, 1008.0),
        ("yolov5s-nni", 64, 4, nni),
        ("nasbench101", 32, 10, 8_047_375.0),
        ("nasbench201", 32, 10, 15_625.0),
        ("darts", 32, 10, darts * darts),
        ("nasnet", 32, 10, pairs(13.0, 2.0).powi(2)),
        ("amoebanet", 32, 10, pairs(8.0, 1.0).powi(2)),
        ("pnas", 32, 10, pairs(8.0, 1.0)),
        ("enas", 32, 10, pairs(5.0, 1.0).powi(2)),
        ("mobilenetv3", 64, 10, 8.0 * (36.0 * 37f64.powi(3)).powi(5) * 1_613_472.0),
        ("proxyless", 64, 10, 6f64.powi(6) * 7f64.powi(15)),
        ("shufflenet", 64, 10, 4f64.powi(20)),
        ("once-for-all", 64, 10, (81.0 + 729.0 + 6561.0f64).powi(5)),
        ("macro", 32, 10, 6561.0),
    ]
}

/// A shipped space with these changes, narrow enough to be built often.
fn shipped(name: &str, px: usize, classes: usize, inside: &str) -> Space {
    let text = format!("space {{ {inside} network like={name} {{ input data }} }}");
    let (space, warnings) = Space::compile(&node(&text), &spec(px, classes)).unwrap_or_else(|e| panic!("{name}: {e:#?}"));
    assert!(warnings.is_empty(), "{name}: {warnings:#?}");
    space
}

#[test]
fn sizes_are_those_that_the_files_state() {
    for (name, px, classes, expected) in spaces() {
        let size = shipped(name, px, classes, "").size();
        assert!((size / expected - 1.0).abs() < 1e-12, "{name}: {size:e} where {expected:e} is stated");
    }
    // As published: PNAS section 3.1, the size of the reference workflow with dead choices left out.
    let published = [("pnas", 5.6e14), ("yolov5s-nni", 3.47e15), ("darts", 1.08e18), ("once-for-all", 2.18e19), ("shufflenet", 1.1e12)];
    for (name, figure) in published {
        let (_, px, classes, _) = spaces().into_iter().find(|s| s.0 == name).expect("listed");
        let size = shipped(name, px, classes, "").size();
        assert!((size / figure - 1.0).abs() < 0.01, "{name}: {size:e}");
    }
}

#[test]
fn every_space_is_listed_here_and_says_its_size_and_source() {
    let counted: HashSet<&str> = spaces().iter().map(|s| s.0).collect();
    for shipped in zoo::ZOO.iter().filter(|s| s.doc.starts_with("a space: ") && s.name != "yolov5-wide") {
        assert!(counted.contains(shipped.name), "{} is not counted", shipped.name);
        let head: String = shipped.text.lines().take_while(|l| l.starts_with("//")).collect();
        assert!(head.contains("Size") || head.contains("Published"), "{}: no size", shipped.name);
        assert!(head.contains("space \"s\" like="), "{}: no way to start from it", shipped.name);
    }
}

#[test]
fn samples_of_every_space_are_built_and_a_supernet_holds_them() {
    for (name, px, classes, _) in spaces() {
        let cells = zoo::source(name).expect("shipped").contains("choice \"cells\"");
        let space = match cells {
            true => {
                let text = format!("space {{ choice \"cells\" 1; network like={name} width=0.25 {{ input data }} }}");
                Space::compile(&node(&text), &spec(px, classes)).unwrap_or_else(|e| panic!("{name}: {e:#?}")).0
            }
            false => shipped(name, px, classes, ""),
        };
        let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{name}: {e:#?}"));
        let mut built = 0;
        for i in 0..4 {
            let sample = space.random(3, &[i]);
            let Ok(architecture) = space.architecture(&sample) else { continue };
            built += 1;
            let program = architecture.program().unwrap_or_else(|e| panic!("{name}: {e}"));
            let cost = architecture.cost().expect("a cost");
            assert_eq!((cost.params, cost.macs), (program.param_count(), program.macs()), "{name}");
            let path = net.path(&sample).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            assert_eq!(path.program, program, "{name}");
            path.slices.iter().zip(&path.program.params).for_each(|(s, p)| assert!(s.fits() && s.shape() == p.shape, "{name}: {}", p.name));
            assert_eq!(Architecture::from_json(&architecture.to_json()).expect("json"), architecture, "{name}");
            let edit = space.mutate(&sample, 3, &[i]).expect("an edit");
            assert_ne!(edit, sample);
        }
        assert!(built >= 2, "{name}: {built} of 4");
    }
}

/// A node of a pair may read one state twice, and decides once what each of its edges computes.
#[test]
fn pairs_read_any_two_states() {
    let cell = |rest: &str| {
        let text = format!(
            "space {{ cell \"c\" inputs=2 nodes=2 {{ edges pair; choose {{ skip; conv kernel=3 }}; {rest} }}; \
             network {{ input d; conv 8 kernel=3; conv 8; use \"c\" channels=8 stride=2; conv 8 }} }}"
        );
        Space::compile(&node(&text), &spec(32, 4)).unwrap_or_else(|e| panic!("{e:#?}")).0
    };
    let space = cell("output concat");
    let labels: Vec<&str> = space.decisions().iter().map(|d| d.label.as_str()).collect();
    assert_eq!(labels, ["c/n1.a", "c/n1<a", "c/n1.b", "c/n1<b", "c/n2.a", "c/n2<a", "c/n2.b", "c/n2<b"]);
    assert_eq!(space.decisions()[4].options, ["in1", "in2", "n1"]);
    assert_eq!(space.size(), (2.0 * 2.0 * 2.0 * 2.0) * (3.0 * 2.0 * 3.0 * 2.0));
    let all = space.enumerate(1000).expect("few");
    assert_eq!(all.len() as f64, space.size());
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    all.iter().for_each(|s| drop(space.architecture(s).expect("builds")));
    let combined = cell("combine add concat; output concat");
    assert_eq!(combined.size(), 4.0 * space.size());
    let shape = |s: &Space, options: &[usize]| {
        let sample = s.sample(|d| options.get(d).copied().unwrap_or(0));
        let architecture = s.architecture(&sample).expect("builds");
        architecture.program().expect("builds").values.last().copied().expect("an output")
    };
    // Joined and brought back to 8 channels, or added: the cell has the same shape.
    assert_eq!(shape(&combined, &[0, 0, 0, 0, 1]), shape(&combined, &[]));
    // All states and all operations of both edges at once, as DARTS computes them.
    let net = Supernet::of(&combined).unwrap_or_else(|e| panic!("{e:#?}"));
    let mixable = |d: &crate::space::supernet::Decision| !matches!(d.kind, DecisionKind::Value | DecisionKind::Depth);
    let over: BTreeMap<usize, Vec<usize>> =
        net.decisions().iter().enumerate().filter(|(_, d)| mixable(d)).map(|(i, d)| (i, (0..d.candidates).collect())).collect();
    assert_eq!(over.len(), 8);
    assert_eq!(net.mixed(&[], &over).unwrap_or_else(|e| panic!("{e:?}")).mixtures.len(), over.len());
    let text = "space { cell \"c\" nodes=1 { edges 1; combine concat; skip }; network { input d; conv 8; use \"c\" channels=8 } }";
    assert_eq!(compile(text).expect_err("no pair")[0].code, "combine-of-no-pair");
}

#[test]
fn shipped_spaces_are_changed_by_name() {
    let space = shipped("nasbench201", 32, 10, "choice \"cells\" 1; fix \"cell/n1<in1\" \"3x3\"; keep \"cell/n2<in1\" zero skip;");
    assert_eq!(space.size(), 2.0 * 5f64.powi(4));
    let text = "space { choice \"cells\" 1; network like=nasbench201 { input data; at \"down1\" { choose { residual 32 stride=2; mbconv 32 stride=2 } } } }";
    let (space, _) = Space::compile(&node(text), &spec(32, 10)).unwrap_or_else(|e| panic!("{e:#?}"));
    assert_eq!(space.size(), 2.0 * 15_625.0);
    // A cell of one's own stands for the shipped one of its name.
    let text =
        "space { choice \"cells\" 1; cell \"cell\" nodes=2 { choose { skip; conv kernel=3 } }; network like=nasbench201 { input data } }";
    let (space, _) = Space::compile(&node(text), &spec(32, 10)).unwrap_or_else(|e| panic!("{e:#?}"));
    assert_eq!(space.size(), 8.0);
}

#[test]
fn the_reference_of_the_reference_workflow_is_yolov5s() {
    let space = shipped("yolov5s-nni", 320, 80, "");
    let stock = Space::compile(&node("space { network like=yolov5s { input data } }"), &spec(320, 80)).expect("stock").0;
    // The same convolutions, though its C3 blocks are written out.
    assert_eq!(space.reference_cost(), stock.reference_cost());
    let backbone = shipped("yolov5-backbone", 320, 80, "");
    let stock = Space::compile(&node("space { network like=yolov5n { input data } }"), &spec(320, 80)).expect("stock").0;
    assert_eq!(backbone.architecture(&backbone.reference()), stock.architecture(&stock.reference()));
}
