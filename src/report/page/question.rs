//! What was asked, and the answer in a sentence, in words that need no pipeline beside them.

use super::facts::{Measured, Tone};
use super::measured::space_of;
use crate::document::{Metric, Pipeline, Stage};
use crate::plan::answer::{Answered, Baseline, Verdict};
use crate::plan::{Figure, Replay};
use crate::report::number;
use crate::report::show::{progress, winner};
use crate::run::Prepared;
use crate::run::cost::Costs;

/// The question of a pipeline: what is looked for, how, and what it is held against.
pub fn question(prepared: &Prepared) -> Vec<String> {
    let pipeline = &prepared.pipeline;
    let mut said = Vec::new();
    let named = |name: &str| pipeline.stages.iter().find(|s| s.name.value == name);
    match &pipeline.answer {
        Some(answer) => {
            let space = named(&answer.name.value).and_then(|s| space_of(pipeline, s));
            let within = space.map_or(String::new(), |s| format!(" of the space `{s}`"));
            let on = named(&answer.r#in.value).and_then(images).map_or(String::new(), |on| format!(" on {on}"));
            said.push(format!("Which network{within} has the {} {}{on}?", side(&answer.by.value), answer.by.value));
        }
        None if pipeline.stages.iter().any(|s| s.sample().is_some()) => {
            said.push("The pipeline measures networks; it names no `answer`.".into())
        }
        None => said.push("The pipeline searches nothing.".into()),
    }
    for stage in &pipeline.stages {
        // A reference alone is no search.
        let Some(sample) = stage.sample().filter(|s| s.trials > 1) else { continue };
        let words: Vec<&str> = sample.strategies().map(|(chosen, _)| chosen.name()).collect();
        let of =
            space_of(pipeline, stage).and_then(|s| Some(format!(" of {} combinations of choices", many(prepared.spaces.get(&s)?.size()))));
        let aim = sample.objective.as_ref().map_or(String::new(), |objective| {
            let goals: Vec<String> =
                objective.goals().map(|(m, most)| format!("{} {}", if most { "high" } else { "low" }, m.value)).collect();
            let on = named(&objective.stage.value).and_then(images).map_or(String::new(), |on| format!(" on {on}"));
            format!(", looking for {}{on}", goals.join(" and "))
        });
        said.push(format!(
            "`{}`: {}{} by {}{aim}.",
            stage.name.value,
            number::counted(sample.trials, "trial"),
            of.unwrap_or_default(),
            words.join(", then ")
        ));
    }
    if let Some(answer) = pipeline.answer.as_ref().filter(|a| !a.against.is_empty()) {
        let names: Vec<String> = answer.against.iter().map(|b| format!("`{}`", b.value)).collect();
        said.push(format!("Held against {}.", names.join(", ")));
    }
    said
}

/// `1,200`, or `1.2 × 10^15` of many.
fn many(size: f64) -> String {
    if size < 1e9 {
        return number::grouped(size as u64);
    }
    let power = libm::floor(libm::log10(size));
    format!("{:.1} × 10^{power:.0}", size / libm::pow(10.0, power))
}

fn side(metric: &Metric) -> &'static str {
    if metric.higher_is_better() { "highest" } else { "lowest" }
}

fn images(stage: &Stage) -> Option<String> {
    let (data, split) = stage.evaluate()?.data.as_ref()?;
    Some(format!("`{}` of `{}`", split.value, data.value))
}

/// The answer in a sentence, and its tone.
pub fn headline(pipeline: &Pipeline, replay: &Replay, answered: Option<&Answered>) -> (String, Tone) {
    let Some(a) = answered else {
        let (done, known) = progress(replay);
        let said = match (replay.finished(), winner(pipeline, replay)) {
            (false, _) => format!("No answer yet: {done} of the {} known so far are done.", number::counted(known, "model")),
            (true, Some(model)) => format!("{} was selected; nothing was compared, because the pipeline has no `answer`.", model.label()),
            (true, None) if pipeline.answer.is_some() => "No answer: none of its models could be measured.".into(),
            (true, None) => "Done; the pipeline chooses nothing.".into(),
        };
        return (said, Tone::None);
    };
    let figure = number::figure(&a.metric, &a.figure);
    let it = format!("`{}` has {} {figure}", a.name, a.metric);
    if a.baselines.is_empty() {
        return (format!("{it}; nothing was compared."), Tone::None);
    }
    let with = |verdict: Verdict| a.baselines.iter().filter(move |b| b.verdict == verdict).collect::<Vec<_>>();
    let (better, worse) = (with(Verdict::Better), with(Verdict::Worse));
    let open: Vec<&Baseline> = a.baselines.iter().filter(|b| [Verdict::NoBetter, Verdict::NotTested].contains(&b.verdict)).collect();
    let pending = with(Verdict::Pending);
    let mut parts = Vec::new();
    for (list, what) in [(&worse, "worse than"), (&better, "better than")] {
        if !list.is_empty() {
            parts.push(format!("{what} {}", listed(list, &a.metric)));
        }
    }
    let (untested, even): (Vec<&Baseline>, Vec<&Baseline>) = open.iter().copied().partition(|b| b.verdict == Verdict::NotTested);
    if !even.is_empty() {
        parts.push(format!("not surely better than {}", listed(&even, &a.metric)));
    }
    if !untested.is_empty() {
        parts.push(format!("beside {}: not tested, one training each", listed(&untested, &a.metric)));
    }
    if !pending.is_empty() {
        parts.push(format!("still to be compared with {}", listed(&pending, &a.metric)));
    }
    for b in &a.baselines {
        match &b.verdict {
            Verdict::Same => parts.push(format!("the same network as `{}`", b.name)),
            Verdict::Failed(_) => parts.push(format!("`{}` failed", b.name)),
            _ => {}
        }
    }
    let tone = if !worse.is_empty() {
        Tone::Bad
    } else if !open.is_empty() || !pending.is_empty() || better.is_empty() {
        Tone::Unsure
    } else {
        Tone::Good
    };
    (format!("{it}: {}.", parts.join("; ")), tone)
}

/// ``` `yolov5n` by 0.029 (95 %: 0.004 to 0.054), at 0.94 × its FLOPs ```
fn listed(baselines: &[&Baseline], metric: &Metric) -> String {
    let one = |b: &&Baseline| {
        let by = number::figure(metric, &Figure::exact(b.difference));
        let sign = if b.difference > 0.0 { "+" } else { "" };
        let part = |x: f64| number::figure(metric, &Figure::exact(x));
        let between = b.interval().map_or(String::new(), |(low, high)| format!(", 95 %: {} to {}", part(low), part(high)));
        format!("`{}` ({sign}{by}{between}; {:.2} × its FLOPs)", b.name, b.cost_ratio)
    };
    baselines.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What it cost, and what made it so.
pub fn because(pipeline: &Pipeline, costs: Option<&Costs>, opens: Option<&Measured>) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(costs) = costs {
        let line = |name: &str, spent: &crate::run::cost::Spent| {
            let more = if spent.untimed > 0 { "more than " } else { "" };
            format!(
                "`{name}` {} iterations and {more}{} of worker time",
                number::grouped(spent.iterations),
                number::duration(spent.seconds)
            )
        };
        if let Some(answer) = &pipeline.answer {
            let ways: Vec<String> = costs.ways.iter().filter(|w| w.spent != Default::default()).map(|w| line(&w.name, &w.spent)).collect();
            if !ways.is_empty() && ways.len() <= 1 + answer.against.len() {
                said.push(format!("What led to each, searches included: {}.", ways.join("; ")));
            }
        }
    }
    if let Some(stage) = opens {
        if !stage.importance_note.is_empty() && stage.importance.is_some() {
            said.push(format!("What made scores differ in `{}`: {}", stage.name, stage.importance_note));
        }
        if let Some(worth) = &stage.worth {
            said.push(format!("What a score in `{}` is worth: {worth}.", stage.name));
        }
    }
    said
}

/// The stage that charts open with: of the first search's objective, else that with most models of which some are measured.
pub fn opens(pipeline: &Pipeline, stages: &[Measured]) -> usize {
    let guided = pipeline.stages.iter().find_map(|s| s.sample()?.objective.as_ref());
    let named = guided.and_then(|o| stages.iter().position(|s| s.name == o.stage.value));
    let most = || (0..stages.len()).max_by_key(|&i| (stages[i].rows.iter().filter(|r| r.state == "ready").count(), std::cmp::Reverse(i)));
    named.or_else(most).unwrap_or(0)
}
