//! Numbers as they are copied.

use super::*;
use crate::document::Matching;
use crate::space::warm::{Given, Layout, Network, into_network};
use crate::space::{Sample, Space, tests::whole};
use crate::train::weights_to_bytes;

const SPACE: &str = r#"space {
    network {
        input d
        conv kernel=3 stride=4 as="a" { channels 8 4 }
        conv kernel=3 as="b" { channels 6 2 }
        concat "a" "b"
        conv 4 as="c" { kernel 3 5 }
        conv 16 kernel=3 stride=2 as="p"
        detect "p" anchors=auto
    }
}"#;

fn sample(space: &Space, options: [usize; 3]) -> Sample {
    space.sample(|d| options[d])
}

#[test]
fn the_common_part_is_copied_and_the_rest_is_as_from_scratch() {
    let space = whole(SPACE);
    let built = |options| space.architecture(&sample(&space, options)).expect("builds");
    // a = 4, b = 6, kernel 5 into a = 8, b = 2, kernel 3.
    let (source, target) = (built([1, 0, 1]), built([0, 1, 0]));
    let (from, to) = (source.program().expect("builds"), target.program().expect("builds"));
    let trained = Parameters::init(&from, 1);
    let bytes = weights_to_bytes(&from, &trained).expect("bytes");
    let layout = |options| Layout::of(&space, &sample(&space, options)).expect("builds");
    let network = Network { layout: &layout([1, 0, 1]), architecture: &source, related: true };
    let given = Given::of_network(&network, &[]).expect("given");
    let transfer = into_network(&given, &layout([0, 1, 0]), Matching::Overlap);
    let warm = warm_parameters(&to, 2, &bytes, &transfer).expect("fits");
    let fresh = Parameters::init(&to, 2);
    let at = |program: &Program| program.params.iter().position(|p| p.shape.len() == 4 && p.shape[..2] == [4, 10]).expect("the joined one");
    let (ours, theirs) = (at(&to), at(&from));
    for (i, (warm, fresh)) in warm.0[ours].iter().zip(&fresh.0[ours]).enumerate() {
        let (o, c, y, x) = (i / 90, i / 9 % 10, i / 3 % 3, i % 3);
        let channel = match c {
            0..4 => Some(c),
            8..10 => Some(c - 8 + 4),
            _ => None,
        };
        let wanted = channel.map_or(*fresh, |c| trained.0[theirs][((o * 10 + c) * 5 + y + 1) * 5 + x + 1]);
        assert_eq!(warm.to_bits(), wanted.to_bits(), "{o} {c} {y} {x}");
    }
    // Whoever starts from nothing of it starts as from scratch.
    let nothing = Transfer { of: transfer.of, pieces: vec![] };
    assert_eq!(warm_parameters(&to, 2, &bytes, &nothing).expect("fits"), fresh);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let space = whole(SPACE);
    let program = space.architecture(&space.reference()).expect("builds").program().expect("builds");
    let bytes = weights_to_bytes(&program, &Parameters::init(&program, 0)).expect("bytes");
    let whole = |p: &crate::space::ParamSpec, to| {
        let ranges = p.shape.iter().map(|&n| vec![(0, 0, n)]).collect();
        Piece { to, from: p.name.clone(), shape: p.shape.clone(), ranges, whole: true }
    };
    let with = |piece: Piece| warm_parameters(&program, 0, &bytes, &Transfer { of: 1, pieces: vec![piece] });
    let first = &program.params[0];
    assert!(with(whole(first, 0)).is_ok());
    assert!(with(whole(first, 1)).unwrap_err().contains("does not fit"));
    assert!(with(whole(first, 999)).unwrap_err().contains("no tensor 999"));
    assert!(with(Piece { from: "x".into(), ..whole(first, 0) }).unwrap_err().contains("no `x`"));
    assert!(with(Piece { ranges: vec![vec![(1, 0, usize::MAX)]; 4], ..whole(first, 0) }).is_err());
    assert!(with(Piece { shape: vec![1], ..whole(first, 0) }).is_err());
    assert!(warm_parameters(&program, 0, &bytes[..40], &Transfer::default()).is_err());
}
