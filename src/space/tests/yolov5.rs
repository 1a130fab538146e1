//! Counts of the stock networks: upstream's own and those of the released state dict.

use super::*;

fn stock(name: &str, classes: usize) -> Architecture {
    let text = format!("space {{ network like={name} {{ input data }} }}");
    let (space, warnings) = Space::compile(&node(&text), &spec(640, classes)).expect("compiles");
    assert!(warnings.is_empty(), "{warnings:?}");
    space.architecture(&space.reference()).expect("builds")
}

#[test]
fn parameters_of_all_sizes_at_80_20_and_1_classes() {
    let published = [
        ("yolov5n", [1_872_157, 1_790_977, 1_765_270]),
        ("yolov5s", [7_235_389, 7_073_569, 7_022_326]),
        ("yolov5m", [21_190_557, 20_948_097, 20_871_318]),
        ("yolov5l", [46_563_709, 46_240_609, 46_138_294]),
        ("yolov5x", [86_749_405, 86_345_665, 86_217_814]),
    ];
    for (name, counts) in published {
        for (classes, count) in [80, 20, 1].into_iter().zip(counts) {
            let architecture = stock(name, classes);
            assert_eq!(architecture.cost().unwrap().params, count, "{name} at {classes}");
            assert_eq!(architecture.layers.len(), 25);
        }
    }
}

#[test]
fn multiply_adds_at_640() {
    for (name, published) in
        [("yolov5n", 2.23406), ("yolov5s", 8.21678), ("yolov5m", 24.43622), ("yolov5l", 54.49687), ("yolov5x", 102.72410)]
    {
        let architecture = stock(name, 80);
        let macs = architecture.cost().unwrap().macs;
        assert_eq!(format!("{:.5}", macs as f64 / 1e9), format!("{published:.5}"), "{name}");
        assert_eq!(architecture.at_size(320).unwrap().cost().unwrap().macs * 4, macs);
    }
}

#[test]
fn parameters_and_multiply_adds_of_each_layer_of_n() {
    let program = stock("yolov5n", 80).program().unwrap();
    let params: [u64; 25] = [
        1760, 4672, 4800, 18560, 29184, 73984, 156_928, 295_424, 296_448, 164_608, 33024, 0, 0, 90880, 8320, 0, 0, 22912, 36992, 0, 74496,
        147_712, 0, 296_448, 115_005,
    ];
    let mmacs = [
        176.95, 117.96, 117.96, 117.96, 183.50, 117.96, 249.04, 117.96, 117.96, 65.54, 13.11, 0.0, 0.0, 144.18, 13.11, 0.0, 0.0, 144.18,
        58.98, 0.0, 117.96, 58.98, 0.0, 117.96, 182.78,
    ];
    for layer in 0..25 {
        let prefix = format!("model.{layer}.");
        let trained = program.params.iter().filter(|p| p.name.starts_with(&prefix) && p.kind.is_trained());
        assert_eq!(trained.map(|p| p.len() as u64).sum::<u64>(), params[layer], "layer {layer}");
        let mut only = program.clone();
        only.nodes.retain(|n| n.layer == layer);
        assert_eq!(format!("{:.2}", only.macs() as f64 / 1e6), format!("{:.2}", mmacs[layer]), "layer {layer}");
    }
}

#[test]
fn names_shapes_and_order_of_the_state_dict() {
    let program = stock("yolov5n", 80).program().unwrap();
    let ours: Vec<String> = program.params.iter().map(|p| format!("{} {:?}", p.name, p.shape)).collect();
    let upstream: Vec<&str> = include_str!("yolov5n-keys.txt").lines().collect();
    assert_eq!(ours, upstream);
}

#[test]
fn the_head_has_upstream_s_strides_anchors_and_prior() {
    let program = stock("yolov5s", 80).program().unwrap();
    let Head::Detect { classes, strides, anchors } = &program.head else { panic!("{:?}", program.head) };
    assert_eq!((*classes, strides.as_slice()), (80, &[8, 16, 32][..]));
    assert_eq!(anchors[2][2], (373.0, 326.0));
    assert_eq!(program.outputs.len(), 3);
    assert_eq!(program.values[program.outputs[0]], Shape { h: 80, w: 80, c: 255 });
    let bias = program.params.iter().find(|p| p.name == "model.24.m.0.bias").unwrap();
    let near = |a: f32, b: f32| (a - b).abs() < 1e-4;
    assert!(near(bias.shift[4], -6.6846) && near(bias.shift[85 + 4], -6.6846));
    assert!(near(bias.shift[5], -4.8803) && near(bias.shift[84], -4.8803) && bias.shift[3] == 0.0);
    let last = program.params.iter().rfind(|p| p.name == "model.24.m.2.bias").unwrap();
    assert!(near(last.shift[4], -3.9120));
}

#[test]
fn costs_and_programs_agree() {
    for name in zoo::names() {
        let architecture = stock(name, 20);
        let (cost, program) = (architecture.cost().unwrap(), architecture.program().unwrap());
        assert_eq!((cost.params, cost.macs), (program.param_count(), program.macs()), "{name}");
    }
}

#[test]
fn the_flagship_has_5832_samples_of_which_1155_cost_no_more_than_yolov5n() {
    let (space, warnings) = Space::compile(&node(FLAGSHIP), &spec(96, 4)).unwrap_or_else(|e| panic!("{e:#?}"));
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(space.size(), 5832.0);
    let shares = space.shares(6000);
    assert!(shares.exact);
    assert_eq!((shares.samples, shares.admitted), (5832, 1155.0 / 5832.0));
    let stock = Space::compile(&node("space { network like=yolov5n { input data } }"), &spec(96, 4)).unwrap().0;
    let build = |s: &Space| s.architecture(&s.reference()).unwrap();
    assert_eq!(build(&space), build(&stock));
    assert_eq!(space.awaits_anchors(), [(space.image_size(), 3)]);
}

#[test]
fn a_shipped_network_is_changed_by_name() {
    let text = r#"space "backbone" { network like=yolov5s {
        input "mine"
        at "p3" { choose "p3" { c3 256 { repeats 2 1 3 }; residual 256; ghost 256 } }
        at "p4" { c3 512 { repeats 3 2 1; expansion 0.5 0.25 0.75 } }
        after "p5" { choose "attention" { skip; squeeze-excite ratio=16 } }
    }
    require params max=1.0 of=reference }"#;
    let (space, warnings) = Space::compile(&node(text), &spec(640, 80)).unwrap_or_else(|e| panic!("{e:#?}"));
    assert!(warnings.is_empty());
    assert_eq!(space.size(), 5.0 * 9.0 * 2.0);
    assert_eq!(space.reference_cost().params, 7_235_389);
    let labels: Vec<&str> = space.decisions().iter().map(|d| d.label.as_str()).collect();
    assert_eq!(labels, ["p3", "p3/c3.repeats", "p4.repeats", "p4.expansion", "attention"]);
}
