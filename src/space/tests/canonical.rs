//! Two samples that build the same network are one candidate.

use super::*;

fn same(a: &str, b: &str) {
    let (a, b) = (reference(a), reference(b));
    assert_eq!(a.digest(), b.digest(), "\n{}\n{}", a.text(), b.text());
    assert_eq!(a, b);
}

fn different(a: &str, b: &str) {
    assert_ne!(reference(a).digest(), reference(b).digest(), "{a} / {b}");
}

#[test]
fn names_labels_and_the_order_of_properties_change_nothing() {
    same("conv 8 kernel=3 stride=2", "conv stride=2 { channels 8; kernel 3 }");
    same("conv 8 kernel=3 as=\"x\"; conv 8; add above \"x\"", "conv 8 kernel=3 as=\"y\"; conv 8; add \"y\" above");
    same("choose \"p2\" { c3 16; skip }; conv 8", "choose \"other\" { c3 16 as=\"b\"; skip }; conv 8");
    same("conv 8 kernel=3 padding=1 dilation=1 groups=1 activation=silu", "conv 8 { kernel-h 3; kernel-w 3 }");
}

#[test]
fn skips_repeats_and_identities_are_wired_through() {
    same("skip; conv 8 kernel=3; skip", "conv 8 kernel=3");
    same("conv 8; choose { skip; conv 8 }; choose { conv 8; skip }", "conv 8; choose { conv 8; skip }; choose { skip; conv 8 }");
    same("repeat 2 { conv 8 kernel=3 }", "conv 8 kernel=3; conv 8 kernel=3");
    same("residual 8 repeats=2 stride=2", "residual 8 stride=2; residual 8");
    same("repeat 2 stride=2 { residual 8 }", "residual 8 stride=2; residual 8");
    same("conv 8; max-pool 1; upsample 1; concat above; add above", "conv 8");
    same("conv 8 as=\"x\"; skip as=\"y\"; concat \"x\" \"y\"", "conv 8 as=\"x\"; concat \"x\" above");
    same("conv 8; sep-conv 16 kernel=5", "conv 8; depthwise-conv kernel=5; conv 16");
    same("conv 8; depthwise-conv kernel=3", "conv 8; conv 8 kernel=3 groups=8");
    same("conv 16; ghost 16 kernel=5", "conv 16; ghost 16");
    same("conv 8; bottleneck 16", "conv 8; bottleneck 16 shortcut=#false");
}

#[test]
fn dead_layers_are_dropped_and_the_order_of_branches_is_one() {
    same("conv 8 as=\"a\"; conv 16 as=\"dead\"; concat \"a\" \"a\"", "conv 8 as=\"a\"; concat \"a\" \"a\"");
    let one = "conv 8 as=\"x\"; conv 8 kernel=3 as=\"a\"; concat \"x\"; conv 8 kernel=5 as=\"b\"; concat \"a\" \"b\"";
    let two = "conv 8 as=\"x\"; conv 8 kernel=5 as=\"b\"; concat \"x\"; conv 8 kernel=3 as=\"a\"; concat \"a\" \"b\"";
    same(one, two);
    different(one, &one.replace("concat \"a\" \"b\"", "concat \"b\" \"a\""));
    same(&one.replace("concat \"a\" \"b\"", "add \"a\" \"b\""), &two.replace("concat \"a\" \"b\"", "add \"b\" \"a\""));
}

#[test]
fn what_computes_differently_differs() {
    let all = [
        "conv 8 kernel=3",
        "conv 8 kernel=3 stride=2",
        "conv 8 kernel=3 padding=0",
        "conv 8 kernel=3 activation=relu",
        "conv 8 kernel=5",
        "conv 8 { kernel-h 3; kernel-w 5 }",
        "residual 8",
        "residual 8 activation=relu",
        "bottleneck 8",
        "c3 8",
        "c3 8 repeats=2",
        "c3 8 expansion=0.25",
        "c3 8 shortcut=#false",
        "ghost 8",
        "inception 8",
        "mbconv 8",
        "mbconv 8 ratio=4",
        "max-pool 3",
        "avg-pool 3",
    ];
    for (i, a) in all.iter().enumerate() {
        all[i + 1..].iter().for_each(|b| different(a, b));
    }
}

#[test]
fn every_block_builds_what_its_costs_say_and_survives_json() {
    let blocks = [
        "conv 8 kernel=6 stride=2 padding=2",
        "conv 8 { kernel-h 3; kernel-w 5; dilation 2 }",
        "depthwise-conv kernel=5 stride=2",
        "sep-conv 16",
        "dil-conv 24 stride=2",
        "max-pool 3 stride=2",
        "max-pool 2 stride=2",
        "avg-pool 3",
        "global-pool; linear",
        "linear 10; linear",
        "residual 8 repeats=2",
        "residual 24 stride=2 groups=4",
        "bottleneck 8 repeats=2",
        "bottleneck 16 stride=2 kernel=5",
        "inception 16 repeats=2 stride=2",
        "c3 16 repeats=0",
        "c3 16 repeats=3 groups=4 activation=hardswish kernel=5",
        "sppf 16 kernel=3",
        "mbconv 8 repeats=2 ratio=4",
        "mbconv 24 stride=2 expand=1 shortcut=#false",
        "ghost 8 repeats=2",
        "ghost 16 stride=2 kernel=5",
        "squeeze-excite ratio=4",
        "upsample 2",
        "conv 16 as=\"x\"; conv 16 kernel=3; add above \"x\" \"x\"; concat above \"x\"",
        "max-pool 2 stride=2 as=\"a\"; max-pool 2 stride=2; detect \"a\" above",
    ];
    for block in blocks {
        let architecture = reference(&format!("conv 8 kernel=3; {block}"));
        let (cost, program) = (architecture.cost().unwrap(), architecture.program().unwrap());
        assert_eq!((cost.params, cost.macs), (program.param_count(), program.macs()), "{block}");
        let again = Architecture::from_json(&architecture.to_json()).unwrap();
        assert_eq!(again, architecture);
        assert_eq!(again.digest(), architecture.digest());
        check(&program);
        let mut names: Vec<&str> = program.params.iter().map(|p| p.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), program.params.len(), "{block}: a name twice");
        assert_eq!(architecture.text().lines().count(), architecture.layers.len());
    }
}

/// Every value has one writer before its readers, and shapes are consistent with parameters.
fn check(program: &Program) {
    let mut written = vec![false; program.values.len()];
    written[0] = true;
    for node in &program.nodes {
        assert!(node.inputs.iter().all(|&i| written[i]));
        assert!(!std::mem::replace(&mut written[node.output], true));
        let (input, output) = (program.values[node.inputs[0]], program.values[node.output]);
        match &node.op {
            Op::Conv { weight, groups, bias, .. } => {
                let shape = &program.params[*weight].shape;
                assert_eq!((shape[0], shape[1]), (output.c, input.c / groups));
                assert!(bias.is_none_or(|b| program.params[b].kind == ParamKind::Bias && program.params[b].shape == [output.c]));
            }
            Op::Norm { scale, shift, mean, var, .. } => {
                let kinds = [ParamKind::NormScale, ParamKind::NormShift, ParamKind::RunningMean, ParamKind::RunningVar];
                for (id, kind) in [scale, shift, mean, var].into_iter().zip(kinds) {
                    assert_eq!((program.params[*id].kind, program.params[*id].shape.as_slice()), (kind, &[output.c][..]));
                }
            }
            Op::Linear { weight, .. } => assert_eq!(program.params[*weight].shape, [output.c, input.h * input.w * input.c]),
            Op::Scale => assert_eq!(program.values[node.inputs[1]], Shape { h: 1, w: 1, c: input.c }),
            _ => {}
        }
    }
    assert!(program.outputs.iter().all(|&o| written[o]));
}

#[test]
fn golden_digests() {
    // A candidate's name. It changes only with the version in `Architecture::canon`.
    let text = "space { network like=yolov5n { input data } }";
    let space = Space::compile(&node(text), &spec(640, 80)).unwrap().0;
    let stock = space.architecture(&space.reference()).unwrap();
    assert_eq!(stock.digest().short(), "88f7e78377");
}
