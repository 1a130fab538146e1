//! What the scores are worth by which searches and `select`s rank.

use super::headline::ranked_by;
use super::rows::Row;
use crate::base::fixed;
use crate::document::{Metric, Pipeline};
use crate::metrics::reliability::{Reliability, reliability};
use crate::plan::Figure;
use serde::Serialize;

/// Below so large a share a ranking is mostly luck.
const LUCK: f64 = 0.3;

/// The score of one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Score {
    /// The stage.
    pub stage: String,
    /// The metric by which its models are ranked.
    pub metric: Metric,
    /// What it is worth.
    #[serde(flatten)]
    pub reliability: Reliability,
}

/// Of every stage that a search or a `select` reads and whose networks were trained with several seeds.
pub fn scores(pipeline: &Pipeline, rows: &[Row]) -> Vec<Score> {
    let of = |stage: &crate::document::Stage| {
        let name = &stage.name.value;
        // Several epochs of one training are no trainings of their own.
        stage.evaluate().filter(|e| e.at.is_empty())?;
        let metric = ranked_by(pipeline, name).filter(|m| !m.is_of_network())?.clone();
        let measured = rows.iter().filter(|r| r.stage == *name && r.state == "ready");
        // Folds are measured on other images each: a network's score is their mean, and only trainings with other seeds repeat it.
        let values: Vec<Vec<f64>> = measured.filter_map(|r| r.metrics.get(&metric)).map(Figure::by_seed).collect();
        Some(Score { stage: name.clone(), reliability: reliability(&values)?, metric })
    };
    pipeline.stages.iter().filter_map(of).collect()
}

/// The lines under a stage's table: that its figures are over folds, and what they are worth; empty where nothing is known.
pub fn line(pipeline: &Pipeline, stage: &str, rows: &[Row]) -> String {
    let folds = pipeline.stages.iter().find(|s| s.name.value == stage).and_then(|s| pipeline.folds(s));
    let folds = folds.map_or(String::new(), |f| {
        let (name, of) = (&f.name.value, &f.of.value);
        format!(
            "  mean ± deviation over the {} folds {name:?} of {of}, each measured on the images that its training left out\n",
            f.count.value
        )
    });
    let worth: String = scores(pipeline, rows).iter().filter(|s| s.stage == stage).map(sentence).collect();
    folds + &worth
}

fn sentence(score: &Score) -> String {
    let r = &score.reliability;
    let between = r.interval.map_or(String::new(), |(low, high)| format!(" ({} to {})", fixed(low, 2), fixed(high, 2)));
    let trained = if r.repeated == r.networks { "all".to_string() } else { format!("{} of them", r.repeated) };
    let warning = if r.share < LUCK {
        "\n  a ranking by it is mostly luck: longer trainings, more seeds or a wider space make it worth more"
    } else {
        ""
    };
    format!(
        "  of the spread of {} among {} networks {}{between} is the networks', the rest the seeds' ({trained} trained more than once){warning}\n",
        score.metric,
        r.networks,
        fixed(r.share, 2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::words::mean_average_precision::MAP50;

    #[test]
    fn a_score_that_is_luck_is_warned_of() {
        let score = |share: f64, repeated: usize| Score {
            stage: "score".into(),
            metric: MAP50.metric(),
            reliability: Reliability { networks: 64, repeated, share, interval: Some((0.125, 0.75)) },
        };
        assert_eq!(
            sentence(&score(0.5, 8)),
            "  of the spread of map50 among 64 networks 0.50 (0.12 to 0.75) is the networks', the rest the seeds' (8 of them trained more than once)\n"
        );
        let luck = sentence(&score(0.25, 64));
        assert!(luck.contains("(all trained more than once)\n  a ranking by it is mostly luck"), "{luck}");
    }
}
