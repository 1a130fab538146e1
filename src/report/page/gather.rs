//! From what a run left to the page's [`Facts`].

use super::beside::Beside;
use super::facts::{Answer, Baseline, Drawing, FORMAT, Facts, Network, Pictures, Progress, Reproduce};
use super::measured::{quantity, stages};
use super::question;
use crate::base::Digest;
use crate::document::Pipeline;
use crate::plan::Replay;
use crate::plan::answer::{Answered, Verdict, answered};
use crate::report::show::{self, progress};
use crate::report::{Row, answer};
use crate::run::Prepared;
use crate::run::course::Course;
use crate::run::kept::Kept;
use crate::run::trust::trusted;

/// Points of learning curves that a page holds; beyond them curves of trials are thinned out.
const CURVE_POINTS: usize = 150_000;

/// What facts are gathered from.
pub struct Given<'a> {
    /// The pipeline with its data and spaces.
    pub prepared: &'a Prepared,
    /// What is known.
    pub replay: &'a Replay,
    /// All rows ([`crate::report::rows()`]).
    pub rows: &'a [Row],
    /// What the store keeps; empty without one.
    pub kept: Kept,
    /// Images with truth and prediction.
    pub pictures: Option<Pictures>,
    /// Drawings of pipeline, space and network.
    pub drawings: Vec<Drawing>,
    /// The command that runs it.
    pub command: String,
    /// The numerics class.
    pub numerics: String,
}

/// The facts.
pub fn facts(given: Given) -> Facts {
    let (prepared, replay) = (given.prepared, given.replay);
    let pipeline = &prepared.pipeline;
    let found = answered(pipeline, replay);
    let (headline, tone) = question::headline(pipeline, replay, found.as_ref());
    let stages = stages(&Beside { prepared, replay, rows: given.rows, kept: &given.kept });
    let opens = question::opens(pipeline, &stages);
    let (courses, courses_left_out) = thinned(given.kept.courses);
    Facts {
        format: FORMAT,
        pipeline: pipeline.name.clone(),
        progress: standing(replay),
        question: question::question(prepared),
        headline,
        tone,
        because: question::because(pipeline, given.kept.costs.as_ref(), stages.get(opens)),
        said: show::head(pipeline, replay).lines().map(str::to_string).collect(),
        answer: found
            .as_ref()
            .map(answer_of)
            .zip(pipeline.answer.as_ref())
            .map(|(a, named)| Answer { stage: named.r#in.value.clone(), ..a }),
        opens,
        stages,
        trust: trusted(pipeline, replay),
        courses,
        courses_left_out,
        costs: given.kept.costs,
        saved: given.kept.saved,
        pictures: given.pictures,
        drawings: given.drawings,
        network: network(pipeline, replay),
        reproduce: reproduce(prepared, replay, given.command, given.numerics, given.kept.machine),
    }
}

fn standing(replay: &Replay) -> Progress {
    let (done, known) = progress(replay);
    let finished = replay.finished();
    let line = if finished {
        format!("{} done", crate::report::number::counted(done, "model"))
    } else {
        format!("{done} of the {} known so far {}", crate::report::number::counted(known, "model"), show::are(done))
    };
    Progress { state: if finished { "finished" } else { "unfinished" }.into(), done, known, line, running: Vec::new() }
}

fn answer_of(a: &Answered) -> Answer {
    let baselines = a.baselines.iter().map(|b| Baseline {
        name: b.name.clone(),
        values: b.figure.values.clone(),
        mean: b.figure.mean(),
        deviation: b.deviation,
        models: b.models,
        difference: b.difference,
        interval: b.interval(),
        over_images: b.comparison.as_ref().and_then(|c| c.over_images),
        verdict: word(&b.verdict).into(),
        words: answer::compared(&a.metric, b),
        cost_ratio: b.cost_ratio,
    });
    Answer {
        name: a.name.clone(),
        model: a.model.label(),
        metric: quantity(&a.metric),
        stage: String::new(),
        values: a.figure.values.clone(),
        mean: a.figure.mean(),
        deviation: a.figure.deviation(),
        baselines: baselines.collect(),
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::NoBetter => "no-better",
        Verdict::NotTested => "not-tested",
        Verdict::Pending => "pending",
        Verdict::Same => "same",
        Verdict::Failed(_) => "failed",
    }
}

/// Where there are too many points, every so-manyth trial; the others are counted.
fn thinned(courses: Vec<Course>) -> (Vec<Course>, usize) {
    let points: usize = courses.iter().map(|c| c.loss.len()).sum();
    let step = points.div_ceil(CURVE_POINTS).max(1);
    let all = courses.len();
    let kept: Vec<Course> = courses.into_iter().enumerate().filter(|(i, _)| i % step == 0).map(|(_, c)| c).collect();
    let left_out = all - kept.len();
    (kept, left_out)
}

fn network(pipeline: &Pipeline, replay: &Replay) -> Option<Network> {
    let model = show::winner(pipeline, replay)?;
    let candidate = &model.candidate;
    let own = candidate.choices.iter().filter(|(label, _)| model.has(label));
    Some(Network {
        model: model.label(),
        params: candidate.params,
        flops: 2 * candidate.macs,
        choices: own.map(|c| (c.0.clone(), c.1.clone(), !candidate.edits.contains(c))).collect(),
        text: candidate.architecture().map_or_else(|why| why, |a| a.text()),
    })
}

fn reproduce(prepared: &Prepared, replay: &Replay, command: String, numerics: String, machine: String) -> Reproduce {
    let pipeline = &prepared.pipeline;
    let mut digests: Vec<(String, String)> = Vec::new();
    for (path, text) in &pipeline.sources.files {
        digests.push((format!("file {path}"), Digest::of(text.as_bytes()).hex()));
    }
    for (name, data) in &prepared.data {
        for (split, info) in &data.splits {
            digests.push((format!("data {name}, {split} ({} images)", info.images), info.digest.hex()));
        }
    }
    digests.extend(prepared.spaces.values().map(|space| (format!("space {}", space.name), space.digest().hex())));
    digests.extend(prepared.tables.iter().map(|(stage, table)| (format!("table of {stage}"), table.digest.hex())));
    if let Some(model) = show::winner(pipeline, replay) {
        digests.push((format!("architecture of {}", model.label()), model.candidate.digest.hex()));
        let runs = model.trained.iter().flat_map(|t| &t.runs);
        digests.extend(runs.map(|run| (format!("weights of {}, seed {}", model.label(), run.seed), run.weights.hex())));
    }
    Reproduce {
        command,
        program: format!("nasflow {}", env!("CARGO_PKG_VERSION")),
        numerics,
        machine,
        digests,
        sources: pipeline.sources.files.clone(),
    }
}
