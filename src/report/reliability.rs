//! The lines under a stage's table: that its figures are over folds, and what they are worth.

use crate::document::Pipeline;
use crate::plan::Replay;
use crate::run::reliability::{Score, score};

/// The lines of a stage; empty where nothing is known.
pub fn line(pipeline: &Pipeline, replay: &Replay, stage: &str) -> String {
    let index = pipeline.stage(stage);
    let folds = index.and_then(|i| pipeline.folds(&pipeline.stages[i]));
    let folds = folds.map_or(String::new(), |f| {
        let (name, of) = (&f.name.value, &f.of.value);
        format!(
            "  mean ± deviation over the {} folds {name:?} of {of}, each measured on the images that its training left out\n",
            f.count.value
        )
    });
    folds + &index.and_then(|i| score(pipeline, replay, i)).map_or(String::new(), |score| sentence(&score))
}

fn sentence(score: &Score) -> String {
    let warning = if score.is_luck() { format!("\n  {}", score.advice()) } else { String::new() };
    format!("  {}{warning}\n", score.sentence())
}
