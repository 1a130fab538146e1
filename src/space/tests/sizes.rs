//! How many samples there are, against enumeration; labels and depth of nesting.

use super::*;

fn sizes(text: &str, expected: usize) -> Space {
    let space = whole(text);
    assert_eq!(space.size(), expected as f64, "{text}");
    let all = space.enumerate(100_000).expect("small");
    assert_eq!(all.len(), expected, "{text}");
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), expected);
    assert_eq!(all[0], space.reference());
    space
}

fn network(layers: &str) -> String {
    format!("space {{ network {{ input data; {layers} }} }}")
}

#[test]
fn nested_choices_count_only_where_they_are_taken() {
    sizes(&network("conv 8 { kernel 1 3 }"), 2);
    sizes(&network("choose { conv 8 { kernel 1 3 5 }; residual 8; skip }; conv 8"), 5);
    sizes(&network("choose \"a\" { choose \"b\" { conv 8 { kernel 1 3 }; residual 8 { repeats 1 2 3 } }; skip }; conv 8"), 6);
    let deep = "choose \"a\" { choose as=\"x\" { choose as=\"y\" { conv 8 { kernel 1 3 }; skip }; ghost 8 }; skip }; conv 8";
    let space = sizes(&network(deep), 5);
    let labels: Vec<&str> = space.decisions().iter().map(|d| d.label.as_str()).collect();
    assert_eq!(labels, ["a", "a/x", "a/x/y", "a/x/y/conv.kernel"]);
}

#[test]
fn every_copy_of_a_repeat_chooses_anew() {
    let space = sizes(&network("conv 8; repeat \"d\" 3 2 1 { conv 8 { kernel 1 3 } }"), 2 + 4 + 8);
    let labels: Vec<&str> = space.decisions().iter().map(|d| d.label.as_str()).collect();
    assert_eq!(labels, ["d", "d[1]/conv#1.kernel", "d[2]/conv#1.kernel", "d[3]/conv#1.kernel"]);
    sizes(&network("repeat 3 { conv 8 { kernel 1 3 5 } }"), 27);
    sizes(&network("conv 8; repeat \"d\" 2 1 0 { repeat \"e\" 1 2 { conv 8 { kernel 1 3 } } }"), 1 + 6 + 36);
    sizes(&network("repeat \"d\" 2 1 { stride 2 1; conv 8 { kernel 1 3 } }"), 2 * (2 + 4));
}

#[test]
fn once_for_all_has_its_published_size() {
    let stage = |n: usize, c: usize| format!("repeat \"d{n}\" 4 3 2 stride=2 {{ mbconv {c} {{ kernel 7 5 3; expand 6 4 3 }} }};");
    let stages: String = [24, 40, 80, 112, 160].iter().enumerate().map(|(i, c)| stage(i, *c)).collect();
    let text = network(&format!("conv 16 kernel=3 stride=2; mbconv 16 kernel=3 expand=1; {stages} conv 960 kernel=1; global-pool; linear"));
    let space = Space::compile(&node(&text), &spec(224, 1000)).unwrap_or_else(|e| panic!("{e:#?}")).0;
    let stage = 81.0 + 729.0 + 6561.0_f64;
    assert_eq!(space.size(), stage.powi(5));
    // 4 copies of the first stage, the first with the stride.
    let architecture = space.architecture(&space.reference()).unwrap();
    let mbconvs: Vec<usize> =
        architecture.layers.iter().filter_map(|l| if let Block::Mbconv(b) = &l.block { Some(b.stride) } else { None }).collect();
    assert_eq!(mbconvs, [1, 2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1]);
    assert!(matches!(architecture.program().unwrap().head, Head::Classify { classes: 1000 }));
}

#[test]
fn a_shared_choice_is_one_decision_wherever_it_is_read() {
    let choices = "choice \"k\" 1 3 5; choice \"op\" conv residual;";
    let with = |layers: &str| format!("space {{ {choices} network {{ input data; {layers} }} }}");
    sizes(&with("conv 8 kernel=(choice)\"k\"; conv 8 kernel=(choice)\"k\"; conv 8 { kernel 1 3 }"), 6);
    // Read in one branch only: it is no decision of the other.
    sizes(&with("choose \"a\" { conv 8 kernel=(choice)\"k\"; skip }; conv 8"), 4);
    sizes(
        &with("choose \"a\" { conv 8 kernel=(choice)\"k\"; skip }; choose \"b\" { conv 8 kernel=(choice)\"k\"; skip }; conv 8"),
        3 + 3 + 3 + 1,
    );
    // It names branches, twice the same.
    sizes(
        &with("choose (choice)\"op\" { conv 8 { kernel 1 3 }; residual 8 }; choose (choice)\"op\" { residual 8; conv 8 { kernel 1 3 5 } }"),
        6 + 1,
    );
    sizes(
        &with("choose \"a\" { choose (choice)\"op\" as=\"x\" { conv 8 { kernel 1 3 }; residual 8 }; skip }; conv 8 kernel=(choice)\"k\""),
        3 * (2 + 1 + 1),
    );
    sizes(
        "space { choice \"n\" 2 1 3; network { input data; repeat (choice)\"n\" { conv 8 { kernel 1 3 } }; repeat (choice)\"n\" { conv 8 } } }",
        4 + 2 + 8,
    );
}

#[test]
fn labels_are_the_layer_s_name_or_its_kind_and_number() {
    let text = network(
        "conv 8 kernel=3; conv { channels 8 16; kernel 1 3 }; conv 8 as=\"x\" { kernel 1 3 }; conv 8 { kernel 1 3 }; repeat 1 { residual 8 { repeats 1 2 } }",
    );
    let space = sizes(&text, 32);
    let labels: Vec<&str> = space.decisions().iter().map(|d| d.label.as_str()).collect();
    assert_eq!(labels, ["conv#2.channels", "conv#2.kernel", "x.kernel", "conv#4.kernel", "repeat#1/residual#1.repeats"]);
    let told = space.describe(&space.reference());
    assert_eq!(told[2], ("x.kernel".to_string(), "1".to_string()));
}

#[test]
fn width_multiplies_and_rounds_up_to_eight_where_it_is_written() {
    let channels = |network: &str| {
        let space = whole(&format!("space {{ network {network} }}"));
        space.architecture(&space.reference()).unwrap().program().unwrap().values.last().unwrap().c
    };
    assert_eq!(channels("{ input d; conv 12 }"), 12);
    assert_eq!(channels("width=1.0 { input d; conv 12 }"), 16);
    assert_eq!(channels("width=0.25 { input d; conv 64 }"), 16);
    assert_eq!(channels("width=0.33 { input d; conv 64 }"), 24);
    let space = whole("space { network { width 0.25 0.5; input d; conv 64 } }");
    assert_eq!(space.size(), 2.0);
}
