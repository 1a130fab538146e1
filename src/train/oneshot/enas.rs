//! ENAS (Pham et al. 2018): a controller proposes paths, one decision after the other, and learns by REINFORCE from the rewards that
//! paths earn with shared weights.
//!
//! The controller is an LSTM: its input is an embedding of the decision's last choice (a learned start vector first), its state gives
//! through a linear head of each decision the logits T·tanh(u / τ) with τ = 5, T = 2.25 (Katib's values), of whose softmax the option is
//! drawn. Epochs alternate: weights are trained over the train share, each batch on a path of the controller ([`Controller::sample`],
//! one draw a step); then the controller makes `steps` updates of `samples` paths each, every path rewarded with its quality on one
//! held-out batch. An update ascends mean((R − b)·ln π) + w·mean(H), H the sum of the decisions' entropies, b the moving average of
//! rewards, by Adam. The result is one more matter: the best of paths sampled at the end, scored by the caller.

use super::adam::{Adam, Rule};
use super::codec::{Reader, Writer};
use super::controls::Settings;
use super::fault::StepError;
use super::lines::{CHOICES, NOT_NEGATIVE, PROBABILITY, choices, warmup};
use super::lstm;
use super::method::{Family, Method, form, numbers};
use super::paths::Path;
use super::softmax::{draw, entropy, softmax};
use crate::base::Random;
use crate::document::table::Spec;
use crate::document::{ChoiceRule, Field, Form, MethodRule, Preset, Traits, Type, Word};
use crate::results::Choice;
use serde::{Deserialize, Serialize};

/// The descriptor. Defaults are Katib's, and of the learning rate the authors'.
pub(super) static METHOD: Method = Method {
    word: Word::new("enas", "A recurrent controller proposes paths, and learns from their rewards.")
        .fields(&[warmup(0)])
        .lines(&[&CONTROLLER, &CHOICES])
        .example("method enas { controller hidden=64 steps=50 }"),
    tag: "Enas",
    traits: Traits::LEARNS,
    read: |lines, found| {
        let rule = ChoiceRule { lr: 1e-3, beta1: 0.9, beta2: 0.999, weight_decay: 0.0, clip_norm: 5.0, warmup: 0 };
        let choices = choices(lines.settings, rule, found)?;
        let line = lines.settings.line_or_defaults(&CONTROLLER);
        let controller = Settings {
            hidden: line.count("hidden")?,
            steps: line.count("steps")?,
            samples: line.count("samples")?,
            baseline: line.number("baseline")?,
            entropy: line.number("entropy")?,
        };
        Ok(Some(MethodRule::learning(Enas { controller, choices }.form(), &choices)))
    },
    build: |value| numbers(value).map(|Enas { controller, choices }| Family::Controls { controller, choices }),
};

static CONTROLLER: Spec = Spec::new(
    "controller",
    &["method"],
    &[],
    &[&[
        Field::one("hidden", &[Type::Int(1, 1024)], "", "Units of its LSTM.").preset(Preset::Int(64)),
        Field::one("steps", &[Type::Int(1, 100_000)], "", "Updates after each epoch of the weights.").preset(Preset::Int(50)),
        Field::one("samples", &[Type::Int(1, 10_000)], "", "Paths an update.").preset(Preset::Int(20)),
        Field::one("baseline", PROBABILITY, "", "Decay of the moving average of rewards.").preset(Preset::Number(0.99)),
        Field::one("entropy", NOT_NEGATIVE, "1e-4", "Weight of the entropy.").preset(Preset::Number(1e-4)),
    ]],
    "`enas`: the controller that proposes paths and learns from their rewards.",
    "controller hidden=64 steps=50 samples=20",
)
.once();

/// Its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enas {
    /// The controller.
    pub controller: Settings,
    /// How it learns.
    pub choices: ChoiceRule,
}

impl Enas {
    /// What keys hold.
    pub fn form(&self) -> Form {
        form(METHOD.tag, self)
    }
}

const TEMPERATURE: f64 = 5.0;
const TANH: f64 = 2.25;
/// Initial weights are uniform in ± this, as the original's.
const INITIAL: f64 = 0.1;
const HEAD: &str = "nasflow controller 1";

/// The controller with the state of its optimiser.
#[derive(Clone, Debug, PartialEq)]
pub struct Controller {
    options: Vec<usize>,
    hidden: usize,
    /// Start vector, embeddings by (decision, option), cell, heads by decision (rows of [weights, bias]).
    params: Vec<f64>,
    adam: Adam,
    baseline: Option<f64>,
}

/// One decision of a run through the controller.
struct Step {
    /// Where its input's embedding begins.
    embedding: usize,
    memory: lstm::Memory,
    /// tanh(u / τ).
    squashed: Vec<f64>,
    probabilities: Vec<f64>,
    chosen: usize,
}

/// What an update did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// Mean reward of its paths.
    pub reward: f64,
    /// The moving average after it.
    pub baseline: f64,
    /// Mean entropy of its paths' decisions, summed, in nats.
    pub entropy: f64,
}

impl Controller {
    /// A fresh one over decisions with these numbers of options.
    pub fn fresh(seed: u64, hidden: usize, options: &[usize]) -> Self {
        let hidden = hidden.max(1);
        let choices: usize = options.iter().sum();
        let count = hidden + choices * hidden + lstm::size(hidden) + choices * (hidden + 1);
        let mut random = Random::at(seed, "controller", &[]);
        let params = (0..count).map(|_| random.range(-INITIAL, INITIAL)).collect();
        Controller { options: options.to_vec(), hidden, params, adam: Adam::new(count), baseline: None }
    }

    /// Units of the LSTM.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    fn choices_before(&self, decision: usize) -> usize {
        self.options[..decision].iter().sum()
    }

    fn embedding(&self, decision: usize, option: usize) -> usize {
        self.hidden * (1 + self.choices_before(decision) + option)
    }

    fn cell(&self) -> std::ops::Range<usize> {
        let start = self.hidden * (1 + self.options.iter().sum::<usize>());
        start..start + lstm::size(self.hidden)
    }

    fn head(&self, decision: usize) -> usize {
        self.cell().end + self.choices_before(decision) * (self.hidden + 1)
    }

    /// Runs through all decisions; `choose` picks from the probabilities of each.
    fn run(&self, choose: &mut dyn FnMut(usize, &[f64]) -> usize) -> Vec<Step> {
        let n = self.hidden;
        let (mut state, mut cell, mut embedding) = (vec![0.0; n], vec![0.0; n], 0);
        let mut steps = Vec::with_capacity(self.options.len());
        for (decision, &options) in self.options.iter().enumerate() {
            let memory = lstm::forward(&self.params[self.cell()], &self.params[embedding..embedding + n], &state, &cell);
            let head = self.head(decision);
            let rows = self.params[head..head + options * (n + 1)].chunks_exact(n + 1);
            let logit = |row: &[f64]| row[..n].iter().zip(&memory.state).map(|(w, h)| w * h).sum::<f64>() + row[n];
            let squashed: Vec<f64> = rows.map(|row| libm::tanh(logit(row) / TEMPERATURE)).collect();
            let logits: Vec<f64> = squashed.iter().map(|t| TANH * t).collect();
            let probabilities = softmax(&logits, 1.0);
            let chosen = choose(decision, &probabilities).min(options.saturating_sub(1));
            (state, cell) = (memory.state.clone(), memory.cell.clone());
            steps.push(Step { embedding, memory, squashed, probabilities, chosen });
            embedding = self.embedding(decision, chosen);
        }
        steps
    }

    /// The path at an address: `step` counts updates or batches, `index` paths within.
    pub fn sample(&self, seed: u64, purpose: &str, step: u64, index: u64) -> Path {
        let mut choose =
            |d: usize, p: &[f64]| draw(p, &mut Random::at(seed, "controller-sample", &[purpose_bits(purpose), step, index, d as u64]));
        self.run(&mut choose).iter().map(|s| s.chosen).collect()
    }

    /// (ln π, Σ entropies) of a path.
    pub fn score(&self, path: &[usize]) -> (f64, f64) {
        Self::sums(&self.run(&mut |d, _| path.get(d).copied().unwrap_or(0)))
    }

    fn sums(steps: &[Step]) -> (f64, f64) {
        let log = steps.iter().map(|s| s.probabilities.get(s.chosen).map_or(0.0, |p| libm::log(*p))).sum();
        (log, steps.iter().map(|s| entropy(&s.probabilities)).sum())
    }

    /// Adds to `grads` the gradient of a·ln π + b·Σ entropies of a path; returns (ln π, Σ entropies).
    fn gradient(&self, path: &[usize], a: f64, b: f64, grads: &mut [f64]) -> (f64, f64) {
        let n = self.hidden;
        let steps = self.run(&mut |d, _| path.get(d).copied().unwrap_or(0));
        let (mut d_state, mut d_cell) = (vec![0.0; n], vec![0.0; n]);
        for (decision, s) in steps.iter().enumerate().rev() {
            let h = entropy(&s.probabilities);
            let head = self.head(decision);
            for (j, &p) in s.probabilities.iter().enumerate() {
                let log = if p > 0.0 { libm::log(p) } else { 0.0 };
                let d_logit = a * (f64::from(u8::from(j == s.chosen)) - p) - b * p * (log + h);
                let d = d_logit * TANH * (1.0 - s.squashed[j] * s.squashed[j]) / TEMPERATURE;
                let at = head + j * (n + 1);
                for k in 0..n {
                    grads[at + k] += d * s.memory.state[k];
                    d_state[k] += d * self.params[at + k];
                }
                grads[at + n] += d;
            }
            let cell = self.cell();
            let before = lstm::backward(&self.params[cell.clone()], &mut grads[cell], &s.memory, &d_state, &d_cell);
            for k in 0..n {
                grads[s.embedding + k] += before.input[k];
            }
            (d_state, d_cell) = (before.state, before.cell);
        }
        Self::sums(&steps)
    }

    /// One REINFORCE update from paths and their rewards (more is better). Errors: a reward that is not finite, or no paths; nothing
    /// has changed then.
    pub fn update(&mut self, rule: &Rule, settings: &Settings, episodes: &[(Path, f64)]) -> Result<Update, StepError> {
        if let Some((path, reward)) = episodes.iter().find(|(_, r)| !r.is_finite()) {
            return Err(StepError::NotFinite(format!("the reward of path {path:?} is {reward}")));
        }
        if episodes.is_empty() {
            return Err(StepError::Unfit("no paths to learn from".into()));
        }
        let count = episodes.len() as f64;
        let (mut grads, mut baseline) = (vec![0.0; self.params.len()], self.baseline);
        let (mut rewards, mut entropies) = (0.0, 0.0);
        for (path, reward) in episodes {
            let b = baseline.map_or(*reward, |b| settings.baseline * b + (1.0 - settings.baseline) * reward);
            baseline = Some(b);
            // Adam descends.
            let (_, h) = self.gradient(path, -(reward - b) / count, -settings.entropy / count, &mut grads);
            rewards += reward;
            entropies += h;
        }
        self.adam.step(rule, &mut self.params, &grads, &|_| true)?;
        self.baseline = baseline;
        Ok(Update { reward: rewards / count, baseline: baseline.unwrap_or(0.0), entropy: entropies / count })
    }

    /// Marginal probabilities of each decision: the mean of its conditional ones over `samples` paths. `names`: the labels.
    pub fn distribution(&self, seed: u64, samples: u64, names: &[String]) -> Vec<Choice> {
        let mut sums: Vec<Vec<f64>> = self.options.iter().map(|&n| vec![0.0; n]).collect();
        for i in 0..samples {
            let steps = self.run(&mut |d, p| draw(p, &mut Random::at(seed, "controller-distribution", &[i, d as u64])));
            for (sum, step) in sums.iter_mut().zip(&steps) {
                sum.iter_mut().zip(&step.probabilities).for_each(|(s, p)| *s += p / samples as f64);
            }
        }
        names.iter().zip(sums).map(|(name, probabilities)| Choice { name: name.clone(), probabilities }).collect()
    }

    /// Everything, exactly.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new(HEAD);
        out.number(self.hidden as u64);
        out.floats(&self.options.iter().map(|&n| n as f64).collect::<Vec<_>>());
        out.floats(&self.params);
        out.floats(self.baseline.as_slice());
        self.adam.write(&mut out);
        out.bytes()
    }

    /// Reads [`Self::to_bytes`] for the same units and decisions.
    pub fn from_bytes(bytes: &[u8], hidden: usize, options: &[usize]) -> Result<Self, String> {
        let mut from = Reader::new(bytes, HEAD, "a controller")?;
        let (units, counts) = (from.number()?, from.floats()?);
        if units != hidden as u64 || !counts.iter().copied().eq(options.iter().map(|&n| n as f64)) {
            return Err("a state of a controller of another space".into());
        }
        let mut read = Controller::fresh(0, hidden, options);
        let (params, baseline) = (from.floats()?, from.floats()?);
        if params.len() != read.params.len() || baseline.len() > 1 {
            return Err(format!("a state of a controller with {} weights, not {}", params.len(), read.params.len()));
        }
        read.adam = Adam::read(&mut from, params.len())?;
        (read.params, read.baseline) = (params, baseline.first().copied());
        from.end()?;
        Ok(read)
    }
}

/// A purpose as a number of an address.
fn purpose_bits(purpose: &str) -> u64 {
    Random::at(0, purpose, &[]).bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { hidden: 8, steps: 50, samples: 20, baseline: 0.9, entropy: 1e-4 }
    }

    fn rule() -> Rule {
        Rule { lr: 0.02, betas: (0.9, 0.999), weight_decay: 0.0, clip_norm: 5.0 }
    }

    /// Every weight's derivative of ln π and of the entropies, by central differences.
    #[test]
    fn gradients_match_finite_differences() {
        let mut c = Controller::fresh(3, 5, &[3, 2, 1, 4]);
        // Larger weights than fresh ones, so that nothing is nearly linear.
        c.params.iter_mut().for_each(|p| *p *= 8.0);
        for (path, a, b) in [(vec![2, 0, 0, 3], 1.0, 0.0), (vec![0, 1, 0, 1], 0.0, 1.0), (vec![1, 1, 0, 2], -0.7, 0.3)] {
            let mut grads = vec![0.0; c.params.len()];
            let (log, h) = c.gradient(&path, a, b, &mut grads);
            assert_eq!((log, h), c.score(&path));
            let mut moved = 0;
            for i in 0..c.params.len() {
                let at = |by: f64| {
                    let mut c = c.clone();
                    c.params[i] += by;
                    let (log, h) = c.score(&path);
                    a * log + b * h
                };
                let want = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((grads[i] - want).abs() < 1e-8, "weight {i}: {} is not {want}", grads[i]);
                moved += usize::from(want.abs() > 1e-6);
            }
            assert!(moved > c.params.len() / 2);
        }
    }

    #[test]
    fn probabilities_sum_to_one_over_all_paths() {
        let c = Controller::fresh(5, 6, &[3, 2, 2]);
        let all = (0..12).map(|i| c.score(&[i / 4, i / 2 % 2, i % 2]).0.exp());
        assert!((all.sum::<f64>() - 1.0).abs() < 1e-12);
    }

    /// It finds the path that earns most, where the reward of one decision hangs on another.
    #[test]
    fn it_learns_from_rewards() {
        let reward = |p: &[usize]| if p[0] == p[2] { 1.0 } else { 0.0 } + if p[1] == 2 { 0.5 } else { 0.0 };
        let mut c = Controller::fresh(1, 8, &[3, 3, 3]);
        let mut first = None;
        let mut last = 0.0;
        for step in 0..250 {
            let episodes: Vec<(Path, f64)> = (0..20).map(|i| c.sample(9, "update", step, i)).map(|p| (p.clone(), reward(&p))).collect();
            let u = c.update(&rule(), &settings(), &episodes).expect("finite");
            first.get_or_insert(u.reward);
            last = u.reward;
        }
        assert!(first.is_some_and(|f| f < 0.8) && last > 1.25, "{first:?} → {last}");
        let d = c.distribution(1, 50, &["a".into(), "b".into(), "c".into()]);
        assert!(d[1].probabilities[2] > 0.8, "{d:?}");
        assert!(c.update(&rule(), &settings(), &[(vec![0, 0, 0], f64::NAN)]).is_err());
    }

    #[test]
    fn bytes_go_on_with_the_same_bits() {
        let options = [3, 2];
        let mut a = Controller::fresh(2, 4, &options);
        let episodes = [(vec![1, 0], 0.3), (vec![2, 1], 0.9)];
        a.update(&rule(), &settings(), &episodes).expect("finite");
        let bytes = a.to_bytes();
        let mut b = Controller::from_bytes(&bytes, 4, &options).expect("its own bytes");
        assert_eq!(a, b);
        a.update(&rule(), &settings(), &episodes).expect("finite");
        b.update(&rule(), &settings(), &episodes).expect("finite");
        assert_eq!(a.to_bytes(), b.to_bytes());
        assert_eq!(a.sample(1, "x", 4, 2), b.sample(1, "x", 4, 2));
        assert!(Controller::from_bytes(&bytes, 5, &options).is_err() && Controller::from_bytes(&bytes, 4, &[3]).is_err());
        for end in (0..bytes.len()).step_by(7) {
            assert!(Controller::from_bytes(&bytes[..end], 4, &options).is_err());
        }
    }
}
