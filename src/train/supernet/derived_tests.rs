//! Classifier first, detector after: what a detector's supernet takes over from a classifier's of the same backbone.

use super::tests::oneshot;
use super::*;
use crate::nn::Parameters;
use crate::space::Supernet;
use crate::space::tests::derived::{PLAIN, loaded, space_of};
use crate::train::oneshot::single_path::SinglePath;
use crate::train::reference::recipe;
use crate::train::{shared, weights_to_bytes};

const CLASSIFIER: &str = r#"
space "classifier" { from "backbone"; until "p4"; then-layers { conv 128 kernel=1; global-pool; linear }; input "figures" }
"#;

fn setup(space: &str) -> Setup {
    let (space, _) = space_of(&loaded(&[PLAIN, CLASSIFIER].concat()), space);
    let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
    Setup::new(net, oneshot(SinglePath { fair: false }.form()), recipe(), 5).expect("a setup")
}

#[test]
fn exactly_the_backbone_is_taken_over() {
    let (classifier, detector) = (setup("classifier"), setup("backbone"));
    // Weights that no initialisation gives.
    let mut weights = Parameters::init(&shared::holder(&classifier.net).expect("a holder"), 1);
    weights.0.iter_mut().flatten().enumerate().for_each(|(i, w)| *w = 7.0 + i as f32);
    let bytes = weights_to_bytes(&classifier.holder, &weights).expect("bytes");
    let (state, taken) = SupernetState::matching(&bytes, &detector).expect("a state");
    let fresh = SupernetState::fresh(&detector).expect("a state");
    let mut seen = 0;
    for (i, spec) in detector.holder.params.iter().enumerate() {
        let first = spec.name.split('.').next().unwrap_or_default();
        let (now, before) = (&state.train.params.0[i], &fresh.train.params.0[i]);
        if ["0", "1", "5", "6"].contains(&first) {
            let at = classifier.holder.params.iter().position(|p| p.name == spec.name).expect("in both");
            assert_eq!(now, &weights.0[at], "{}", spec.name);
            seen += 1;
        } else {
            assert_eq!(now, before, "{}", spec.name);
        }
    }
    assert!(seen == taken && taken < detector.holder.params.len() && seen > 20, "{seen} {taken}");
    // Only the layers of the classifier behind its backbone go nowhere.
    let behind = classifier.holder.params.iter().filter(|p| p.name.starts_with("then1.")).count();
    assert_eq!(taken + behind, classifier.holder.params.len());
}
