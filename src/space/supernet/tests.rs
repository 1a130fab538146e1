//! Properties over random spaces, and what the slices of known networks are.

use super::*;
use crate::base::Random;
use crate::space::Op;
use crate::space::tests::{FLAGSHIP, compile, space, whole};
use std::collections::BTreeMap;

/// Layers with choices of width, kernel, expansion, depth, branch and place, over maps of one size.
fn layers(random: &mut Random, depth: usize, n: &mut usize) -> String {
    let mut text = String::new();
    for _ in 0..1 + random.below(4) {
        *n += 1;
        let id = *n;
        let mut some = |all: &[&str]| all[..1 + random.below(all.len())].join(" ");
        let (channels, kernel, repeats) = (some(&["16", "8", "24"]), some(&["3", "5", "1"]), some(&["2", "1", "3"]));
        let (expand, ratio, branches) = (some(&["2", "1", "3"]), some(&["4", "0", "2"]), some(&["0.5", "0.25", "1.0"]));
        let inner = if depth > 0 { layers(random, depth - 1, n) } else { "conv 16 { kernel 3 1 }; ".into() };
        text += &match random.below(14) {
            0 => format!("conv {{ channels {channels}; kernel {kernel} }}; "),
            1 => format!("c3 {{ channels {channels}; repeats {repeats}; expansion {branches} }}; "),
            2 => format!("mbconv {{ channels {channels}; kernel {kernel}; expand {expand}; ratio {ratio}; repeats {repeats} }}; "),
            3 => format!("residual {{ channels {channels}; repeats {repeats} }}; "),
            4 => format!("bottleneck {{ channels {channels}; expansion {branches}; repeats {repeats} }}; "),
            5 => format!("ghost {{ channels {channels}; repeats {repeats} }}; "),
            6 => format!("inception {{ channels {channels}; repeats {repeats} }}; "),
            7 => format!("sppf {{ channels {channels}; kernel {kernel} }}; "),
            8 => format!("sep-conv {{ channels {channels}; kernel {kernel} }}; depthwise-conv {{ kernel {kernel} }}; "),
            9 => format!("squeeze-excite {{ ratio {repeats} }}; max-pool {{ kernel {kernel} }}; "),
            10 => format!("conv {{ channels {channels} }} as=\"a{id}\"; conv {{ channels {channels}; dilation 1 2 }} as=\"b{id}\"; concat \"a{id}\" \"b{id}\"; ")
                .replace("} as=", "}; skip as="),
            11 => format!("repeat \"r{id}\" {repeats} {{ {inner} }}; "),
            12 => format!("choose \"c{id}\" {{ skip; conv {{ channels {channels} }}; repeat 1 as=\"x\" {{ {inner} }}; c3 16 {{ repeats {repeats} }} }}; "),
            _ => format!("conv {{ channels 16 32; groups 4 }}; conv (choice)\"c\"; choose (choice)\"op\" as=\"o{id}\" {{ conv 16; residual 16 {{ kernel 3 5 }} }}; "),
        };
    }
    text
}

fn random_space(seed: u64) -> Space {
    whole(&text(seed))
}

fn text(seed: u64) -> String {
    let layers = layers(&mut Random::at(seed, "supernet", &[]), 2, &mut 0);
    let end = if seed.is_multiple_of(2) { "global-pool; linear" } else { "detect above" };
    format!(
        "space {{ choice \"c\" 8 24 16; choice \"op\" conv residual; network {{ input d; conv kernel=3 stride=2 {{ channels 8 16 }}; {layers}{end} }} }}"
    )
}

fn supernet(space: &Space) -> Supernet {
    Supernet::of(space).unwrap_or_else(|e| panic!("{e:#?}"))
}

#[test]
fn every_path_of_random_spaces_lies_inside() {
    let mut paths = 0;
    for seed in 0..40 {
        let space = random_space(seed);
        let net = supernet(&space);
        for i in 0..20 {
            let sample = space.random(seed, &[i]);
            let Ok(architecture) = space.architecture(&sample) else { continue };
            let path = net
                .path(&sample)
                .unwrap_or_else(|e| panic!("space {seed}, sample {i}: {e:?}\n{:?}\n{}", space.describe(&sample), text(seed)));
            paths += 1;
            assert_eq!(path.program, architecture.program().unwrap(), "a path is the network that it would be alone");
            let mut owned = std::collections::HashSet::new();
            for (slice, spec) in path.slices.iter().zip(&path.program.params) {
                let tensor = &net.tensors()[slice.tensor];
                assert_eq!(slice.shape(), spec.shape, "{}", tensor.name);
                assert!(slice.fits() && slice.shared == tensor.shape && tensor.kind == spec.kind && tensor.fan_in >= spec.fan_in);
                assert!(owned.insert(slice.tensor), "two parameters of one network share {}", tensor.name);
            }
        }
        for sample in [net.smallest(), net.largest(), net.sample_from(&[9, 9, 9, 9])] {
            net.path(&sample).unwrap();
        }
        assert_eq!(supernet(&space).tensors(), net.tensors());
    }
    assert!(paths > 700, "{paths}");
}

/// Two samples that differ in one value use nested parts of every tensor that both use: what one of them learns of the
/// overlap, the other has.
#[test]
fn samples_that_differ_in_one_value_share_what_overlaps() {
    let mut compared = 0;
    for seed in 0..20 {
        let space = random_space(seed);
        let net = supernet(&space);
        for i in 0..15 {
            let sample = space.random(seed, &[7, i]);
            let Some(other) = space.mutate(&sample, seed, &[7, i]) else { continue };
            let mut changed = sample.pairs().filter(|(d, o)| other.option(*d) != Some(*o)).map(|(d, _)| d);
            let (d, None) = (changed.next().unwrap(), changed.next()) else { continue };
            if net.decisions()[d].kind != DecisionKind::Value || space.decisions()[d].shared {
                continue;
            }
            let (Ok(a), Ok(b)) = (net.path(&sample), net.path(&other)) else { continue };
            for (x, y) in a.slices.iter().filter_map(|x| Some((x, b.slices.iter().find(|y| y.tensor == x.tensor)?))) {
                for (x, y) in x.ranges.iter().zip(&y.ranges) {
                    let set = |r: &[(usize, usize)]| r.iter().flat_map(|(s, n)| *s..s + n).collect::<std::collections::BTreeSet<_>>();
                    let (x, y) = (set(x), set(y));
                    assert!(
                        x.is_subset(&y) || y.is_subset(&x),
                        "{seed}, {i}: {x:?} and {y:?}\n{:?}\n{}",
                        space.describe(&sample),
                        text(seed)
                    );
                    compared += usize::from(x != y);
                }
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

/// <gather(s), o> = <s, scatter_add(o)>; scatter after gather changes nothing; runs are in order and do not overlap.
#[test]
fn gather_and_scatter_are_adjoint() {
    let space = random_space(5);
    let net = supernet(&space);
    let mut random = Random::at(0, "numbers", &[]);
    for i in 0..10 {
        for slice in net.path(&space.random(5, &[i])).unwrap().slices {
            let mut draw = |n: usize| (0..n).map(|_| random.range(-4.0, 4.0).round() as f32).collect::<Vec<f32>>();
            let size = slice.shared.iter().product();
            let (shared, own) = (draw(size), draw(slice.len()));
            let (mut gathered, mut scattered) = (vec![0.0; slice.len()], vec![0.0; size]);
            slice.gather(&shared, &mut gathered);
            slice.scatter_add(&own, &mut scattered);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            assert_eq!(dot(&gathered, &own), dot(&shared, &scattered));
            let mut again = shared.clone();
            slice.scatter(&gathered, &mut again);
            assert_eq!(again, shared);
            let (mut next, mut seen) = (0, vec![false; size]);
            slice.runs(|s, o, n| {
                assert_eq!(o, next);
                next += n;
                seen[s..s + n].iter_mut().for_each(|seen| assert!(!std::mem::replace(seen, true)));
            });
            assert_eq!(next, slice.len());
        }
    }
}

/// (name, ranges) of one path.
fn ranges(net: &Supernet, options: &[usize]) -> Vec<(String, Vec<Vec<(usize, usize)>>)> {
    let path = net.path(&net.sample_from(options)).unwrap();
    path.slices.into_iter().map(|s| (net.tensors()[s.tensor].name.clone(), s.ranges)).collect()
}

fn of<'a>(all: &'a [(String, Vec<Vec<(usize, usize)>>)], name: &str) -> &'a [Vec<(usize, usize)>] {
    &all.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("{name} in {:?}", all.iter().map(|a| &a.0).collect::<Vec<_>>())).1
}

#[test]
fn widths_take_the_first_channels_and_kernels_the_middle() {
    let net = supernet(&space("conv { channels 8 16; kernel 3 7 5 }; conv 8 { kernel-h 1 3; kernel-w 5 }; linear"));
    let small = ranges(&net, &[0, 0, 0]);
    assert_eq!(of(&small, "0.0.conv.weight"), [vec![(0, 8)], vec![(0, 3)], vec![(2, 3)], vec![(2, 3)]]);
    assert_eq!(of(&small, "0.0.bn.running_var"), [vec![(0, 8)]]);
    assert_eq!(of(&small, "1.0.conv.weight"), [vec![(0, 8)], vec![(0, 8)], vec![(1, 1)], vec![(0, 5)]]);
    let large = ranges(&net, &[1, 1, 1]);
    assert_eq!(of(&large, "0.0.conv.weight"), [vec![(0, 16)], vec![(0, 3)], vec![(0, 7)], vec![(0, 7)]]);
    assert_eq!(of(&large, "1.0.conv.weight"), [vec![(0, 8)], vec![(0, 16)], vec![(0, 3)], vec![(0, 5)]]);
}

/// A C3's third convolution reads two hidden widths; a neck's reads what was joined; a linear layer reads pixels.
#[test]
fn joined_inputs_start_behind_the_largest_of_those_before() {
    let net = supernet(&space("conv { channels 8 16 } as=\"a\"; conv 8 as=\"b\"; concat \"b\" \"a\" \"b\"; c3 16 { expansion 0.5 0.25 }; max-pool 2 stride=2; conv { channels 2 4 }; linear 3".replace("} as=\"a\"", "}; skip as=\"a\"").as_str()));
    let small = ranges(&net, &[0, 1, 0]);
    // b (8) | a (8 of 16) | b (8)
    assert_eq!(of(&small, "4.0.cv1.conv.weight")[1], [(0, 16), (24, 8)]);
    assert_eq!(of(&small, "4.0.cv3.conv.weight")[1], [(0, 4), (8, 4)]);
    assert_eq!(of(&small, "4.0.m.0.cv2.conv.weight")[..2], [vec![(0, 4)], vec![(0, 4)]]);
    let pixels = 32 * 32;
    assert_eq!(of(&small, "7.0.linear.weight")[..], [vec![(0, 3)], vec![(0, 2 * pixels)]]);
    let large = ranges(&net, &[1, 0, 1]);
    assert_eq!(of(&large, "4.0.cv1.conv.weight")[1], [(0, 32)]);
}

#[test]
fn copies_and_units_share_their_prefix_and_branches_nothing() {
    let net = supernet(&space("conv 8; repeat 1 3 2 { choose { conv 8 kernel=3; residual 8 { repeats 1 2 } } }"));
    let names = |options: &[usize]| ranges(&net, options).into_iter().map(|r| r.0).collect::<std::collections::BTreeSet<_>>();
    let (one, three) = (names(&[0]), names(&[1]));
    assert!(one.is_subset(&three) && three.len() == 5 + 3 * 5);
    let residual = names(&[0, 1, 0]);
    assert_eq!(residual.intersection(&one).count(), 5, "the first convolution");
    assert!(residual.is_subset(&names(&[0, 1, 1])));
    let kinds: Vec<DecisionKind> = net.decisions().iter().map(|d| d.kind).collect();
    assert_eq!(kinds[..3], [DecisionKind::Depth, DecisionKind::Branch, DecisionKind::Depth]);
    let own = |d: usize, o: usize| net.decisions()[d].tensors[o].iter().map(|&t| net.tensors()[t].name.clone()).collect::<Vec<_>>();
    assert_eq!(own(1, 0).len(), 5, "{:?}", own(1, 0));
    assert_eq!(own(1, 1).len(), 20, "{:?}", own(1, 1));
    assert!(own(2, 0).is_empty() && own(2, 1).len() == 10, "{:?}", own(2, 1));
}

#[test]
fn groups_nest_where_each_of_them_does() {
    let net = supernet(&space("conv { channels 8 16 }; conv { channels 16 8; groups 4 }; depthwise-conv; conv 4"));
    let small = ranges(&net, &[0, 1]);
    assert_eq!(of(&small, "1.0.conv.weight")[..2], [vec![(0, 2), (4, 2), (8, 2), (12, 2)], vec![(0, 2)]]);
    assert_eq!(of(&small, "2.0.conv.weight")[..2], [vec![(0, 2), (4, 2), (8, 2), (12, 2)], vec![(0, 1)]]);
    assert_eq!(of(&small, "3.0.conv.weight")[1], [(0, 2), (4, 2), (8, 2), (12, 2)]);
}

fn refused(layers: &str, code: &str, at: &str) {
    let text = format!("space {{ network {{ input d; conv 8; {layers} }} }}");
    let (space, _) = compile(&text).unwrap_or_else(|e| panic!("{e:#?}"));
    let errors = Supernet::of(&space).err().unwrap_or_default();
    let span = errors.first().map_or(Span::default(), |e| e.labels[0].0);
    assert!(errors.len() == 1 && errors[0].code == code && errors[0].labels.len() == 2, "{layers}\n{errors:#?}");
    assert!(text[span.offset..].starts_with(at), "{}", &text[span.offset..]);
}

#[test]
fn what_does_not_nest_is_refused_at_its_line() {
    refused("conv 8 { groups 1 2 }", "supernet-groups", "conv 8 { groups");
    refused("choose { skip; conv 8 { groups 8 4 } }", "supernet-groups", "conv 8 { groups");
    refused("conv 8; conv 8 { kernel 4 3 }", "supernet-kernel", "conv 8 { kernel");
    refused("max-pool 2 { stride 1 2 }; linear", "supernet-map", "linear");
    // These have no weights in the choice, or nest.
    for layers in
        ["conv 8 { kernel 2 4; stride 1 2; dilation 1 2; activation silu relu }", "max-pool 2 { stride 1 2 }; global-pool; linear"]
    {
        supernet(&space(layers));
    }
}

#[test]
fn a_path_is_named_by_its_decisions_alone() {
    let one = whole("space { network { input d; conv 8; choose \"a\" { conv 8 as=\"x\" { kernel 3 5 }; conv 8 as=\"y\" kernel=3 } } }");
    let two = whole("space { network { input d; conv 8; choose \"b\" { conv 8 as=\"y\" kernel=3; conv 8 as=\"z\" { kernel 5 3 } } } }");
    let (a, b) = (supernet(&one), supernet(&two));
    let path = |net: &Supernet, options: &[usize]| net.path(&net.sample_from(options)).unwrap();
    let (x, y) = (path(&a, &[0, 0]), path(&a, &[1, 1]));
    assert_eq!(x.program, y.program, "one network");
    assert_ne!(x.digest(), y.digest(), "two paths, with weights of their own");
    assert_eq!(y.digest(), path(&a, &[1, 0]).digest(), "the kernel is not active");
    assert_eq!(x.digest(), path(&b, &[1, 1]).digest(), "names and order change nothing");
    assert_eq!(x.slices, path(&b, &[1, 1]).slices);
    assert_eq!(a.tensors(), b.tensors());
}

#[test]
fn the_flagship_shares_its_weights() {
    let space = whole(FLAGSHIP);
    let net = supernet(&space);
    let macs = |sample: &Sample| net.path(sample).unwrap().program.macs();
    let (low, high) = (macs(&net.smallest()), macs(&net.largest()));
    let all: Vec<u64> = space.enumerate(6000).unwrap().iter().map(|s| space.architecture(s).unwrap().cost().unwrap().macs).collect();
    assert_eq!((low, high), (*all.iter().min().unwrap(), *all.iter().max().unwrap()), "in this space coordinates find both ends");
    let count: usize = net.tensors().iter().filter(|t| t.kind.is_trained()).map(ParamSpec::len).sum();
    let largest = net.path(&net.largest()).unwrap().program.param_count() as usize;
    assert!(count > largest && count < 2 * largest, "{count} shared, {largest} in the largest");
    let bound = space.bounds()[0].max.unwrap();
    for i in 0..20 {
        let sample = net.uniform_within(3, &[i]).unwrap();
        assert!(2.0 * macs(&sample) as f64 <= bound);
    }
    let shape: Shape = net.path(&space.reference()).unwrap().program.values[0];
    assert_eq!(shape.c, 3);
    assert!(!net.path(&space.reference()).unwrap().program.nodes.iter().any(|n| n.op == Op::Scale));
}

#[test]
fn mixed_programs_hold_all_options_and_refuse_what_cannot_be_added() {
    let net = supernet(&space(
        "conv 8 kernel=3; choose \"a\" { conv 8; residual 8; skip }; repeat \"d\" 1 2 { conv 8 { kernel 3 5 } }; global-pool; linear",
    ));
    let over = BTreeMap::from([(0, vec![0, 1, 2]), (1, vec![1, 0])]);
    let mixed = net.mixed(&[0, 0, 1, 1], &over).unwrap();
    assert_eq!(mixed.mixtures.iter().map(|m| (m.decision, m.options.clone())).collect::<Vec<_>>(), [(0, vec![0, 1, 2]), (1, vec![1, 0])]);
    for (slice, spec) in mixed.slices.iter().zip(&mixed.program.params) {
        match slice {
            Some(slice) => assert!(slice.fits() && slice.shape() == spec.shape),
            None => assert_eq!(spec.kind, ParamKind::Mixture),
        }
    }
    assert_eq!(mixed.program.nodes.iter().filter(|n| matches!(n.op, Op::Mix { .. })).count(), 2);
    assert!(matches!(mixed.program.head, crate::space::Head::Classify { classes: 4 }));
    let some = net.mixed(&[0; 4], &BTreeMap::from([(0, vec![2])])).unwrap();
    assert_eq!(some.program.param_count(), net.path(&net.sample_from(&[2])).unwrap().program.param_count());
    let net = supernet(&space("conv 8; choose \"a\" { conv 8; conv 16 as=\"wide\" }; conv 8"));
    let why = net.mixed(&[], &BTreeMap::from([(0, vec![0, 1])])).unwrap_err().reason;
    assert!(why.contains("conv and wide: different shapes"), "{why}");
}
