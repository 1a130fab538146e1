//! `strategy policy-gradient`: a policy of independent logits (`policy.rs`) that learns from results by REINFORCE (Williams 1992), as NATS-Bench
//! has it (Dong et al. 2021), or by PPO's clipped objective (Schulman et al. 2017, equation 7).
//!
//! The advantage of a result is what it is above a baseline, the moving average of the results before it. REINFORCE takes a step for each
//! result; PPO takes `updates` steps for every `batch` of results, the policy before them being the old one. A pure fold: the policy of
//! a ticket follows from the results that it may know of, in the order of tickets. Failed tickets teach nothing.

use super::policy::Policy;
use super::strategy::{Propose, Strategy, Turn};
use crate::document::{Asked, Diagnostic, Field, Needs, Objectives, Preset, Settings, Type, Unset, Word};
use crate::space::Sample;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new("policy-gradient", "Draws from logits of every decision, which learn from results: REINFORCE or PPO.")
        .fields(&[
            Field::one(
                "method",
                &[Type::Word(&["reinforce", "ppo"])],
                "",
                "`reinforce`: a step a result; `ppo`: several a batch, clipped.",
            )
            .preset(Preset::Text("reinforce")),
            Field::one("rate", &[Type::Number(1e-6, 10.0)], "", "Adam's learning rate.").preset(Preset::Number(0.1)),
            Field::one("baseline", &[Type::Number(0.0, 0.999_999)], "", "The decay of the moving average that results are compared with.")
                .preset(Preset::Number(0.9)),
            Field::one("entropy", &[Type::Number(0.0, 1e6)], "", "The weight of the policy's entropy: it stays broader.")
                .preset(Preset::Number(0.0)),
            Field::one("batch", &[Type::Int(1, 100_000)], "10", "Of `ppo`: results a batch."),
            Field::one("updates", &[Type::Int(1, 1000)], "4", "Of `ppo`: steps a batch."),
            Field::one(
                "clip",
                &[Type::Number(1e-3, 10.0)],
                "0.2",
                "Of `ppo`: how far a probability may move from the old one, as a share.",
            ),
        ])
        .example("strategy policy-gradient method=ppo entropy=0.01"),
    needs: Needs { objective: Objectives::One, ..Needs::TRIALS },
    check,
    build: |settings, _| Ok(Box::new(PolicyGradient::of(settings)?)),
};

/// How the policy learns.
struct PolicyGradient {
    rate: f64,
    baseline: f64,
    entropy: f64,
    ppo: Option<Ppo>,
}

struct Ppo {
    batch: usize,
    updates: usize,
    clip: f64,
}

impl PolicyGradient {
    fn of(settings: &Settings) -> Result<Self, Unset> {
        let ppo = Ppo {
            batch: settings.count("batch").unwrap_or(10),
            updates: settings.count("updates").unwrap_or(4),
            clip: settings.number("clip").unwrap_or(0.2),
        };
        Ok(PolicyGradient {
            rate: settings.number("rate")?,
            baseline: settings.number("baseline")?,
            entropy: settings.number("entropy")?,
            ppo: (settings.text("method")? == "ppo").then_some(ppo),
        })
    }
}

fn check(asked: &Asked) -> Vec<Diagnostic> {
    let settings = asked.settings;
    if settings.text("method") != Ok("reinforce") {
        return Vec::new();
    }
    let written = ["batch", "updates", "clip"].into_iter().filter(|name| settings.is_written(name));
    let fault = |name: &str| {
        let message = format!("`{name}` belongs to `method=ppo`");
        Diagnostic::error("contradiction", message, settings.place(name), "not to `reinforce`").help("delete it, or write `method=ppo`")
    };
    written.map(fault).collect()
}

impl Propose for PolicyGradient {
    fn reads_results(&self, number: usize) -> bool {
        number > 0
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        Some(self.learned(turn).draw(turn.seed, [turn.number as u64, attempt]))
    }

    fn proposals<'t>(&'t self, turn: Turn<'t>) -> Option<Box<dyn Iterator<Item = Sample> + 't>> {
        let policy = self.learned(&turn);
        Some(Box::new((0..).map(move |attempt| policy.draw(turn.seed, [turn.number as u64, attempt]))))
    }
}

impl PolicyGradient {
    /// The policy behind what this ticket may know of.
    fn learned<'t>(&self, turn: &Turn<'t>) -> Policy<'t> {
        let mut policy = Policy::uniform(turn.space);
        let mut average: Option<f64> = None;
        let mut batch: Vec<(&Sample, f64)> = Vec::new();
        for (known, value) in turn.past.iter().zip(turn.values) {
            // What is infinite has no average.
            let Some(value) = value.filter(|v| v.is_finite()) else { continue };
            let before = average.unwrap_or(value);
            average = Some(self.baseline * before + (1.0 - self.baseline) * value);
            match &self.ppo {
                None => {
                    policy.push(&known.sample, value - before, self.entropy);
                    policy.step(self.rate);
                }
                Some(ppo) => {
                    batch.push((&known.sample, value - before));
                    if batch.len() == ppo.batch {
                        self.improve(&mut policy, ppo, &batch);
                        batch.clear();
                    }
                }
            }
        }
        policy
    }

    /// Steps up the clipped objective of a batch.
    fn improve(&self, policy: &mut Policy, ppo: &Ppo, batch: &[(&Sample, f64)]) {
        let old: Vec<f64> = batch.iter().map(|(sample, _)| policy.log_probability(sample)).collect();
        let share = 1.0 / batch.len() as f64;
        for _ in 0..ppo.updates {
            let ratios: Vec<f64> =
                batch.iter().zip(&old).map(|((sample, _), old)| libm::exp(policy.log_probability(sample) - old)).collect();
            for ((sample, advantage), ratio) in batch.iter().zip(ratios) {
                // Beyond the clip the objective is flat.
                let flat = if *advantage > 0.0 { ratio > 1.0 + ppo.clip } else { ratio < 1.0 - ppo.clip };
                policy.push(sample, if flat { 0.0 } else { share * ratio * advantage }, share * self.entropy);
            }
            policy.step(self.rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::document::Value;
    use crate::search::{Given, Next, Search, Ticket, Told, build, words};
    use crate::space::Space;
    use crate::space::tests::whole;

    fn run(
        space: &Space,
        word: &str,
        given: &[(&'static str, Value)],
        trials: usize,
        seed: u64,
        told: &dyn Fn(&Ticket) -> Told,
    ) -> Vec<(Ticket, f64)> {
        let strategy = build(&words().choose(word, given).expect("a strategy"), Given::default()).expect("it is built");
        let mut search = Search::new(space, strategy, trials, 4, seed);
        let (mut all, mut results): (Vec<(Ticket, f64)>, Vec<Told>) = (vec![], vec![]);
        while let Next::Ticket(ticket) = search.propose(&|n| results.get(n).copied()) {
            let result = told(&ticket);
            results.push(result);
            all.push((*ticket, if let Told::Value(x) = result { x } else { 0.0 }));
        }
        all
    }

    #[test]
    fn it_draws_better_and_better() {
        // Eight decisions of four, and a branch that has a decision of its own.
        let text = format!(
            "space {{ network {{ input data; {} choose \"b\" {{ skip; conv 8 as=\"w\" {{ kernel 1 3 5 }} }} }} }}",
            "conv 8 { kernel 1 3 5 7 };".repeat(8)
        );
        let space = whole(&text);
        let score = |ticket: &Ticket| match ticket.number % 7 {
            6 => Told::Failed,
            _ => Told::Value(ticket.sample.pairs().map(|(d, o)| (o * (d % 3 + 1)) as f64).sum()),
        };
        let late = |word: &str, given: &[(&'static str, Value)]| -> f64 {
            let all = run(&space, word, given, 200, 3, &score);
            all[150..].iter().filter(|(t, _)| t.number % 7 != 6).map(|(_, value)| value).sum::<f64>() / 43.0
        };
        let (reinforce, ppo) = (late("policy-gradient", &[]), late("policy-gradient", &[("method", Value::Text("ppo".into()))]));
        let random = late("random", &[]);
        assert!(reinforce > random * 1.3, "{reinforce} of REINFORCE, {random} by chance");
        assert!(ppo > random * 1.2, "{ppo} of PPO, {random} by chance");
        // Entropy holds it back.
        let broad = late("policy-gradient", &[("entropy", Value::Float(50.0))]);
        assert!(broad < reinforce, "{broad} with much entropy, {reinforce} without");
    }

    #[test]
    fn nothing_is_learned_from_equal_results_and_from_failures() {
        let space = whole(&format!("space {{ network {{ input data; {} }} }}", "conv 8 { kernel 1 3 5 7 };".repeat(6)));
        let equal = run(&space, "policy-gradient", &[], 60, 1, &|_| Told::Value(0.5));
        let failed = run(&space, "policy-gradient", &[], 60, 1, &|_| Told::Failed);
        assert!(equal.iter().zip(&failed).all(|(a, b)| a.0 == b.0));
    }
}
