//! Networks of every shipped space take a step: they are trained on a batch, their gradients are finite, and both executors agree.

use super::testing::{assert_close, normal, output_grads, random_parameters};
use super::{DeviceChoice, NormOptions, Parameters, executor};
use crate::space::Space;
use crate::space::tests::{node, shipped::spaces, spec};

const NORM: NormOptions = NormOptions { eps: 1e-3, momentum: 0.03 };

#[test]
fn networks_of_every_shipped_space_take_a_step() {
    for (name, px, classes, _) in spaces() {
        let cells = if crate::space::zoo::source(name).expect("shipped").contains("choice \"cells\"") { "choice \"cells\" 1;" } else { "" };
        // Widths that are choices already stay.
        let width = match name {
            "shufflenet" => "width=0.5", // a block with a stride has more channels than it reads
            name if name.starts_with("yolov5") => "",
            _ => "width=0.125",
        };
        let px = if px == 32 { 16 } else { px };
        let text = format!("space {{ {cells} network like={name} {width} {{ input data }} }}");
        let (space, _) = Space::compile(&node(&text), &spec(px, classes)).unwrap_or_else(|e| panic!("{name}: {e:#?}"));
        let space = match space.awaits_anchors() {
            heads if heads.is_empty() => space,
            heads => {
                let level = vec![(4.0, 6.0), (8.0, 5.0), (9.0, 12.0)];
                let set = |(image_size, n): (usize, usize)| crate::space::AnchorSet { image_size, levels: vec![level.clone(); n] };
                space.with_anchors(heads.into_iter().map(set).collect())
            }
        };
        let sample = (0..20).map(|i| space.random(5, &[i])).find(|s| space.architecture(s).is_ok()).expect("one that builds");
        let program = space.architecture(&sample).expect("builds").program().unwrap_or_else(|e| panic!("{name}: {e}"));
        let params = random_parameters(&program);
        let s = program.values[0];
        let images = normal("image", 2 * s.h * s.w * s.c);
        let step = |device| {
            let mut e = executor(&program, device, 2).unwrap_or_else(|e| panic!("{name}: {e}"));
            let (mut params, mut grads) = (params.clone(), Parameters::zeros(&program));
            e.forward_train(&mut params, &images, 2, NORM).unwrap_or_else(|e| panic!("{name}: {e}"));
            let outputs: Vec<Vec<f32>> = (0..program.outputs.len()).map(|i| e.output(i).to_vec()).collect();
            e.backward(&params, &output_grads(&program, 2), &mut grads).unwrap_or_else(|e| panic!("{name}: {e}"));
            (outputs, grads)
        };
        let (outputs, grads) = step(DeviceChoice::Fast);
        assert!(grads.0.iter().flatten().all(|g| g.is_finite()), "{name}");
        assert!(grads.0.iter().flatten().any(|g| *g != 0.0), "{name}");
        let (reference, _) = step(DeviceChoice::ReferenceCpu);
        for (a, b) in outputs.iter().zip(&reference) {
            assert_close(a, b, 2e-2, name);
        }
    }
}
