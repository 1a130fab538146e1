//! `prior` of a `sample`: whether its space has the decision and the value, known once it is compiled.

use crate::document::{Diagnostic, Pipeline};
use crate::plan::lead::spaces_of;
use crate::space::Space;
use std::collections::BTreeMap;

pub(super) fn check(pipeline: &Pipeline, spaces: &BTreeMap<String, Space>, errors: &mut Vec<Diagnostic>) {
    for stage in &pipeline.stages {
        let Some(sample) = stage.sample().filter(|sample| !sample.priors.is_empty()) else { continue };
        for space in spaces_of(pipeline, &stage.name.value).iter().filter_map(|name| spaces.get(name)) {
            errors.extend(space.with_recipe(&sample.recipe).with_priors(&sample.priors).err().into_iter().flatten());
        }
    }
}
