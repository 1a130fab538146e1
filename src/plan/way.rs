//! What stands between a search and what measured its networks, whatever they are: whether figures of two searches compare.

use super::engine::DataInfo;
use super::table::Table;
use crate::base::{Canon, Digest};
use crate::document::{Init, Pipeline, StageId, StageKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the networks of a stage were trained and measured by, from the search on, whatever the networks: recipes, epochs, seeds, the content
/// of splits and tables. Names change nothing.
pub fn way(pipeline: &Pipeline, data: &BTreeMap<String, DataInfo>, tables: &BTreeMap<String, Arc<Table>>, stage: StageId) -> Digest {
    let split =
        |name: &str, split: &str| -> Canon { data.get(name).and_then(|d| d.splits.get(split)).map_or(Canon::None, |s| s.digest.into()) };
    let (mut steps, mut at) = (Vec::new(), Some(stage));
    while let Some(index) = at {
        match &pipeline.stages[index].kind {
            StageKind::Train(train) => {
                let init = match &train.init {
                    Init::Scratch => "scratch",
                    Init::Continue => "continue",
                    Init::Inherit => "inherit",
                    Init::From(..) => "from",
                    Init::File(..) => "file",
                };
                steps.extend(train.teacher.as_ref().map(|t| Canon::List(vec![t.how.weight.into(), t.how.temperature.into()])));
                steps.extend(train.prune.map(|how| Canon::List(vec![how.by.word().into(), how.flops.into(), how.params.into()])));
                steps.push(Canon::map([
                    ("recipe", super::recipe::canon(&train.recipe)),
                    ("epochs", train.epochs.into()),
                    ("seed", train.seed.into()),
                    ("seeds", train.seeds.into()),
                    ("images", train.images.into()),
                    ("split", split(&train.data.value, &train.split.value)),
                    ("folds", train.folds.as_ref().map(|f| f.value.clone()).into()),
                    ("init", init.into()),
                    ("command", train.runner.is_some().into()),
                ]));
            }
            StageKind::Evaluate(evaluate) => {
                let read = evaluate.data.as_ref().map_or(Canon::None, |(name, of)| split(&name.value, &of.value));
                let table = tables.get(&pipeline.stages[index].name.value).map_or(Canon::None, |t| t.digest.into());
                let epochs = evaluate.at.iter().map(|epoch| (*epoch).into()).collect();
                steps.push(Canon::map([("split", read), ("table", table), ("at", Canon::List(epochs))]));
            }
            StageKind::Select(_) => {}
            StageKind::Sample(_) => break,
        }
        at = pipeline.links.reads[index].first().copied();
    }
    Canon::List(steps).digest()
}
