//! Choices that trainings read: made where they are asked for, drawn like others, and no part of the network.

use super::*;
use std::collections::BTreeMap;

const JOINT: &str = "space { choice \"act\" silu relu; choice \"rate\" 4 1 2 3 5 6 7 8 ordered=#true; \
    choice \"momentum\" 0.9 0.8 when=(expr)\"act == \\\"relu\\\"\"; \
    network activation=(choice)\"act\" { input data; conv 8 { kernel 3 5 } } }";

fn reads(labels: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    labels.iter().map(|(label, field)| (label.to_string(), vec![field.to_string()])).collect()
}

fn joint() -> Space {
    whole(JOINT).with_recipe(&reads(&[("rate", "optimizer.lr"), ("momentum", "optimizer.momentum")]))
}

#[test]
fn they_are_made_only_where_a_search_makes_them() {
    let (plain, joint) = (whole(JOINT), joint());
    assert_eq!(plain.size(), 4.0);
    // 8 rates; under `relu` 2 momenta, too.
    assert_eq!(joint.size(), 2.0 * (8.0 + 8.0 * 2.0));
    assert_eq!(joint.enumerate(100).expect("few").len(), 48);
    assert!(plain.recipe(&plain.random(1, &[0])).is_empty());
    assert_eq!(plain.network(), joint.network(), "a supernet knows nothing of them");
    let reference = joint.recipe(&joint.reference());
    assert_eq!(reference.iter().map(|v| (&v.label[..], v.value)).collect::<Vec<_>>(), [("rate", 4.0)], "momentum is not made under silu");
    for sample in joint.enumerate(100).expect("few") {
        let architecture = joint.architecture(&sample).expect("builds");
        assert_ne!(joint.candidate(&sample, architecture.digest()), architecture.digest());
    }
}

#[test]
fn their_draws_depend_on_no_name_and_no_order_and_move_no_other_draw() {
    let joint = joint();
    let other = whole(&JOINT.replace("\"rate\" 4 1 2 3 5 6 7 8", "\"speed\" 8 7 6 5 4 3 2 1"));
    let other = other.with_recipe(&reads(&[("speed", "optimizer.lr"), ("momentum", "optimizer.momentum")]));
    let plain = whole(JOINT);
    let mut seen = std::collections::BTreeSet::new();
    for i in 0..60 {
        let (a, b) = (joint.random(5, &[i]), other.random(5, &[i]));
        let digest = |space: &Space, sample: &Sample| space.candidate(sample, space.architecture(sample).expect("builds").digest());
        assert_eq!(digest(&joint, &a), digest(&other, &b));
        assert_eq!(joint.architecture(&a), plain.architecture(&plain.random(5, &[i])));
        seen.insert(joint.recipe(&a)[0].value as i64);
    }
    assert_eq!(seen.len(), 8, "every rate is drawn");
}

#[test]
fn an_edit_changes_a_range_to_what_is_near() {
    let joint = joint();
    let (mut moved, mut parent) = (0, joint.random(9, &[0]));
    for i in 0..300 {
        let child = joint.mutate(&parent, 9, &[i]).expect("an edit");
        let of = |sample: &Sample| joint.recipe(sample)[0].value;
        let step = (of(&child) - of(&parent)).abs();
        assert!(step <= 2.0, "a quarter of eight values");
        moved += usize::from(step > 0.0);
        parent = child;
    }
    assert!((60..200).contains(&moved), "{moved} of 300 edits");
    let rate = joint.decisions().iter().find(|d| d.label == "rate").expect("the rate");
    assert_eq!((rate.near(0), rate.near(7), rate.beside(2)), (vec![1, 2], vec![5, 6], vec![1, 3, 6]));
}
