//! `parse_model`'s rules, stated once more here, give the tensors that are written; and what is written is read as the same network.

use super::*;
use crate::export::import::{self, ModelYaml, read};
use crate::export::safetensors::tests::artefact;
use crate::space::tests::{FLAGSHIP, conditional, node, spec};
use crate::space::{Architecture, Space};
use ::safetensors::SafeTensors;
use std::collections::BTreeMap;

/// Names and shapes of tensors.
type Tensors = BTreeMap<String, Vec<usize>>;

/// Convolution and batch norm.
fn conv(out: &mut Tensors, name: &str, [c2, per_group, h, w]: [usize; 4]) {
    out.insert(format!("{name}.conv.weight"), vec![c2, per_group, h, w]);
    for part in ["weight", "bias", "running_mean", "running_var"] {
        out.insert(format!("{name}.bn.{part}"), vec![c2]);
    }
    out.insert(format!("{name}.bn.num_batches_tracked"), vec![]);
}

fn ghost_conv(out: &mut Tensors, name: &str, c1: usize, c2: usize) {
    conv(out, &format!("{name}.cv1"), [c2 / 2, c1, 1, 1]);
    conv(out, &format!("{name}.cv2"), [c2 / 2, 1, 5, 5]);
}

/// What upstream's network of a YAML has: every row with the channels of those that it reads (YOLOv5 v7.0, models/yolo.py).
fn parse_model(model: &ModelYaml) -> Tensors {
    let (mut ch, mut out) = (vec![3usize], Tensors::new());
    let no = model.anchors.per_level * (model.classes + 5);
    for (i, row) in model.rows.iter().enumerate() {
        let of = |f: i64| if f < 0 { ch[ch.len() - f.unsigned_abs() as usize] } else { ch[f as usize] };
        let c1 = of(row.from[0]);
        let whole = |at: usize, usual: usize| row.args.get(at).and_then(|a| a.text()?.parse().ok()).unwrap_or(usual);
        let n = if row.number > 1 { ((row.number as f64 * model.depth).round() as usize).max(1) } else { row.number };
        let scaled = |c: usize| {
            let multiple = model.multiple as f64;
            if c == no { c } else { (c as f64 * model.width / multiple).ceil() as usize * model.multiple }
        };
        let e = || row.args.get(3).map_or(0.5, |a| a.text().and_then(|t| t.parse().ok()).expect("an expansion"));
        let name = format!("model.{i}");
        let c2 = match row.module.as_str() {
            "Conv" => {
                let c2 = scaled(whole(0, 0));
                let sides: Vec<usize> = match row.args.get(1) {
                    Some(k) if k.text().is_none() => k.list("k").unwrap().iter().map(|k| k.whole("k", 1, 99).unwrap()).collect(),
                    _ => vec![whole(1, 1); 2],
                };
                conv(&mut out, &name, [c2, c1 / whole(4, 1), sides[0], sides[1]]);
                c2
            }
            "C3" => {
                let c2 = scaled(whole(0, 0));
                let hidden = (c2 as f64 * e()) as usize;
                conv(&mut out, &format!("{name}.cv1"), [hidden, c1, 1, 1]);
                conv(&mut out, &format!("{name}.cv2"), [hidden, c1, 1, 1]);
                conv(&mut out, &format!("{name}.cv3"), [c2, 2 * hidden, 1, 1]);
                for j in 0..n {
                    conv(&mut out, &format!("{name}.m.{j}.cv1"), [hidden, hidden, 1, 1]);
                    conv(&mut out, &format!("{name}.m.{j}.cv2"), [hidden, hidden / whole(2, 1), 3, 3]);
                }
                c2
            }
            "Bottleneck" => {
                let c2 = scaled(whole(0, 0));
                let hidden = (c2 as f64 * e()) as usize;
                conv(&mut out, &format!("{name}.cv1"), [hidden, c1, 1, 1]);
                conv(&mut out, &format!("{name}.cv2"), [c2, hidden / whole(2, 1), 3, 3]);
                c2
            }
            "GhostBottleneck" => {
                let (c2, k, s) = (scaled(whole(0, 0)), whole(1, 3), whole(2, 1));
                ghost_conv(&mut out, &format!("{name}.conv.0"), c1, c2 / 2);
                if s == 2 {
                    conv(&mut out, &format!("{name}.conv.1"), [c2 / 2, 1, k, k]);
                    conv(&mut out, &format!("{name}.shortcut.0"), [c1, 1, k, k]);
                    conv(&mut out, &format!("{name}.shortcut.1"), [c2, c1, 1, 1]);
                }
                ghost_conv(&mut out, &format!("{name}.conv.2"), c2 / 2, c2);
                c2
            }
            "SPPF" => {
                let c2 = scaled(whole(0, 0));
                conv(&mut out, &format!("{name}.cv1"), [c1 / 2, c1, 1, 1]);
                conv(&mut out, &format!("{name}.cv2"), [c2, c1 / 2 * 4, 1, 1]);
                c2
            }
            "Concat" => row.from.iter().map(|f| of(*f)).sum(),
            "Detect" => {
                out.insert(format!("{name}.anchors"), vec![row.from.len(), model.anchors.per_level, 2]);
                for (level, f) in row.from.iter().enumerate() {
                    out.insert(format!("{name}.m.{level}.weight"), vec![no, of(*f), 1, 1]);
                    out.insert(format!("{name}.m.{level}.bias"), vec![no]);
                }
                0
            }
            "nn.Upsample" | "nn.MaxPool2d" | "nn.AvgPool2d" => c1,
            other => panic!("{other}"),
        };
        if i == 0 {
            ch.clear();
        }
        ch.push(c2);
    }
    out
}

/// The text and the weights of a network.
fn files(architecture: &Architecture) -> Result<(String, Tensors), ExportError> {
    let written = write(&artefact(architecture.clone()), "winner")?;
    let [yaml, weights] = written.as_slice() else { panic!("two files") };
    assert_eq!((yaml.ending, weights.ending), ("yaml", "safetensors"));
    let tensors = SafeTensors::deserialize(&weights.bytes).expect("safetensors");
    let shapes = tensors.iter().map(|(name, view)| (name.to_string(), view.shape().to_vec())).collect();
    Ok((String::from_utf8(yaml.bytes.clone()).expect("UTF-8"), shapes))
}

/// Writes a network; what upstream would build of it has the tensors, and what nasflow reads of it is the network.
fn check(architecture: &Architecture) {
    let (yaml, weights) = files(architecture).unwrap_or_else(|e| panic!("{e}\n{}", architecture.text()));
    let model = read(&yaml).unwrap_or_else(|e| panic!("{e}\n{yaml}"));
    assert_eq!(parse_model(&model), weights, "{yaml}");
    let read = import::model(&yaml).unwrap_or_else(|e| panic!("{e}\n{yaml}")).architecture;
    if differs(&artefact(architecture.clone())).iter().any(|d| d.contains("after its norms")) {
        return;
    }
    let same = read.at_size(architecture.input.height).expect("fits").with_anchors(architecture.anchors().expect("a head"));
    assert_eq!(same.text(), architecture.text(), "{yaml}");
    assert_eq!(same.digest(), architecture.digest(), "{yaml}");
}

fn space(text: &str) -> Space {
    Space::compile(&node(text), &spec(64, 2)).unwrap_or_else(|e| panic!("{e:#?}")).0
}

fn stock(name: &str) -> Architecture {
    let space = Space::compile(&node(&format!("space {{ network like={name} {{ input data }} }}")), &spec(640, 80)).expect("compiles").0;
    space.architecture(&space.reference()).expect("builds")
}

#[test]
fn every_network_of_the_wide_space_has_the_tensors_that_upstream_builds() {
    let space = space("space { choice \"w\" 0.125 0.0625 0.25; network like=yolov5n-wide { input data } }");
    for i in 0..25 {
        let architecture = space.architecture(&space.random(1, &[i])).expect("builds");
        check(&architecture);
        assert!(differs(&artefact(architecture)).is_empty());
    }
    for name in ["yolov5n", "yolov5s"] {
        check(&stock(name));
    }
}

#[test]
fn every_module_that_upstream_has_is_written() {
    let space = space(
        r#"space { choice "act" silu relu hardswish identity; network activation=(choice)"act" {
            input data
            conv 16 stride=2 { kernel 6 5; padding 2; activation silu relu identity }
            conv 16 { kernel-h 1 3; kernel-w 3 5; groups 1 2; dilation 1 2 }
            choose { c3 24 { repeats 0 1 3; expansion 0.5 0.3 0.77; shortcut #true #false; groups 1 }; ghost 16 { repeats 1 2 }
                bottleneck 16 { expansion 0.5 0.25; shortcut #true #false; repeats 1 2 }; ghost 24 stride=2 kernel=5 as="g2"; max-pool 3; avg-pool 3; skip }
            conv 32 kernel=2 stride=2 padding=0 as="p"
            sppf { kernel 3 5 }; conv 32 kernel=2 stride=2 padding=0 as="q"
            upsample 2; concat above "p"; conv 8 as="r"
            detect "r" "q"
        } }"#,
    );
    let mut seen = 0;
    for i in 0..80 {
        if let Ok(architecture) = space.architecture(&space.random(2, &[i])) {
            check(&architecture);
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn what_upstream_lacks_is_said_by_name() {
    let (mut written, mut refused) = (0, 0);
    let space = space(FLAGSHIP);
    for i in 0..40 {
        let architecture = space.architecture(&space.random(0, &[i])).expect("builds");
        let lacks = |layer: &crate::space::Layer| ["inception", "residual"].contains(&layer.block.word());
        match files(&architecture) {
            Ok(_) => {
                assert!(!architecture.layers.iter().any(lacks));
                written += 1;
            }
            Err(e) => {
                for (i, layer) in architecture.layers.iter().enumerate().filter(|(_, l)| lacks(l)) {
                    assert!(e.to_string().contains(&format!("#{i} {}: ", layer.block.word())), "{e}");
                }
                refused += 1;
            }
        }
    }
    assert!(written > 3 && refused > 3, "{written} {refused}");
    let said = |layers: &str| {
        let space = self::space(&format!("space {{ network {{ input data; conv 16 kernel=3 stride=8; {layers}; detect above }} }}"));
        files(&space.architecture(&space.reference()).expect("builds")).map(|_| ()).expect_err(layers).to_string()
    };
    for (layers, why) in [
        ("c3 16 kernel=5", "#1 c3: its kernel is 5"),
        ("bottleneck 16 kernel=5", "#1 bottleneck: its kernel is 5"),
        ("bottleneck 16 stride=2", "#1 bottleneck: its stride is 2"),
        ("ghost 32", "#1 ghost: it makes 32 channels of 16"),
        ("ghost 16 stride=4", "#1 ghost: its stride is 4"),
        ("mbconv 16", "#1 mbconv: YOLOv5 has no such module"),
        ("squeeze-excite", "#1 squeeze-excite: YOLOv5"),
    ] {
        assert!(said(layers).contains(why), "{layers}: {}", said(layers));
    }
}

#[test]
fn what_upstream_computes_otherwise_is_said() {
    let build = |text: &str| {
        let space = space(&format!("space {{ network {{ input data; {text} }} }}"));
        artefact(space.architecture(&space.reference()).expect("builds"))
    };
    let one = build("conv 16 kernel=3 stride=8; c3 16; c3 16 activation=relu; c3 16; detect above");
    assert_eq!(differs(&one), ["layer 2: this c3 has nn.ReLU() after its norms, upstream's has nn.SiLU()"]);
    let text = String::from_utf8(write(&one, "a \"b\"\n#").unwrap()[0].bytes.clone()).unwrap();
    assert!(text.contains("#   layer 2: this c3 has nn.ReLU()") && text.contains("UPSTREAM COMPUTES"), "{text}");
    read(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    // Hostile names stay inside their comments.
    assert!(text.lines().all(|l| l.is_ascii()) && text.contains(r#"Model("a \"b\"\U0000000a#.yaml")"#), "{text}");

    let odd = build("conv 20 kernel=3 stride=8; detect above");
    assert!(differs(&odd)[0].contains("multiples of 8"), "{:?}", differs(&odd));
    check(&odd.card.architecture);
    let mut eps = build("conv 16 kernel=3 stride=8; detect above");
    eps.card.norm_eps = 1e-5;
    assert!(differs(&eps)[0].contains("batch norm adds 0.00001"), "{:?}", differs(&eps));
    // 8 cells of 64 px, and 35 of 256 px.
    let stride = build("conv 16 kernel=7 padding=0; conv 16 kernel=9 stride=7 padding=0; detect above");
    assert!(differs(&stride)[0].contains("256 px"), "{:?}", differs(&stride));
}

#[test]
fn heads_of_any_number_of_levels_are_written() {
    let space = space(conditional::LEVELS);
    let mut levels = std::collections::BTreeSet::new();
    for i in 0..80 {
        let Ok(architecture) = space.architecture(&space.random(0, &[i])) else { continue };
        match files(&architecture) {
            Ok(_) => {
                check(&architecture);
                levels.insert(architecture.anchors().expect("a head").len());
            }
            Err(e) => assert!(e.to_string().contains("adds layers"), "{e}"),
        }
    }
    assert!(levels.len() > 1, "{levels:?}");
}
