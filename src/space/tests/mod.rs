//! Tests of the room as a whole. Spaces are written in the language and read by `plain`, which knows no table.

mod bounded;
mod canonical;
pub(crate) mod cells;
pub(crate) mod conditional;
pub(crate) mod derived;
mod errors;
mod gallery;
mod hostile;
mod narrowed;
mod plain;
pub(crate) mod sampling;
pub(crate) mod shipped;
mod sizes;
mod stated;
mod surveyed;
mod table;
mod trained;
mod wide;
mod yolov5;

use super::*;
use crate::document::{Diagnostic, SpaceNode, Spanned};

/// The flagship's space (docs/language.md, section 1).
pub(crate) const FLAGSHIP: &str = r#"
space "backbone" {
    choice "act" silu relu hardswish
    network width=0.25 activation=(choice)"act" {
        input "shapes"
        conv 64 kernel=6 stride=2 padding=2
        conv 128 kernel=3 stride=2
        choose "p2" { c3 128; bottleneck 128; inception 128 }
        conv 256 kernel=3 stride=2
        choose "p3" { c3 256 { repeats 2 1 3 }; residual 256 { repeats 2 1 }; inception 256 }
        conv 512 stride=2 { kernel 3 5 }
        c3 512 as="p4" { repeats 3 1 2; expansion 0.5 0.25 0.75 }
        conv 1024 stride=2 { kernel 3 5 }
        c3 1024 as="p5" { expansion 0.5 0.25 0.75 }
        sppf 1024 kernel=5
        conv 512 kernel=1 as="n5"
        upsample 2; concat above "p4"; c3 512 shortcut=#false
        conv 256 kernel=1 as="n4"
        upsample 2; concat above "p3"; c3 256 shortcut=#false as="out3"
        conv 256 kernel=3 stride=2; concat above "n4"; c3 512 shortcut=#false as="out4"
        conv 512 kernel=3 stride=2; concat above "n5"; c3 1024 shortcut=#false as="out5"
        detect "out3" "out4" "out5" anchors=auto
    }
    require flops max=1.0 of=reference
}"#;

pub(crate) fn node(text: &str) -> SpaceNode {
    let node = plain::parse(text).expect("the test's KDL");
    let named = |name: &str| Spanned { value: name.into(), span: node.span };
    SpaceNode::new(named("test"), node.clone(), named("data"))
}

pub(crate) fn spec(image_size: usize, classes: usize) -> InputSpec {
    InputSpec { channels: 3, image_size, classes, anchors: None }
}

pub(crate) fn compile(text: &str) -> Result<(Space, Vec<Diagnostic>), Vec<Diagnostic>> {
    Space::compile(&node(text), &spec(64, 4))
}

/// A space over 64 px images of 4 classes, from the layers of its network.
pub(crate) fn space(layers: &str) -> Space {
    whole(&format!("space {{ network {{ input data; {layers} }} }}"))
}

pub(crate) fn whole(text: &str) -> Space {
    compile(text).unwrap_or_else(|errors| panic!("{errors:#?}")).0
}

pub(crate) fn reference(layers: &str) -> Architecture {
    let space = space(layers);
    space.architecture(&space.reference()).expect("builds")
}
