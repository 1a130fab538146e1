//! Architecture parameters: a named vector of logits for each decision, their Adam, and what they say.

use super::adam::{Adam, Rule};
use super::codec::{Reader, Writer};
use super::fault::StepError;
use super::softmax::{entropy, softmax, strongest};
use crate::base::Random;
use crate::results::Choice;

/// Logits of all decisions with the state of their optimiser.
#[derive(Clone, Debug, PartialEq)]
pub struct Alphas {
    names: Vec<String>,
    values: Vec<Vec<f64>>,
    adam: Adam,
}

/// Standard deviation of initial logits: DARTS's 1e-3 · N(0, 1).
pub const INITIAL: f64 = 1e-3;

const HEAD: &str = "nasflow alphas 1";

impl Alphas {
    /// Initial logits `scale` · N(0, 1) ([`INITIAL`]), addressed by (seed, decision). `decisions`: label and number of options.
    pub fn fresh(seed: u64, scale: f64, decisions: &[(String, usize)]) -> Self {
        let values = decisions.iter().enumerate().map(|(d, (_, options))| {
            let mut random = Random::at(seed, "alphas", &[d as u64]);
            (0..*options).map(|_| scale * random.normal()).collect()
        });
        let adam = Adam::new(decisions.iter().map(|(_, n)| n).sum());
        Alphas { names: decisions.iter().map(|(name, _)| name.clone()).collect(), values: values.collect(), adam }
    }

    /// The logits, by decision.
    pub fn values(&self) -> &[Vec<f64>] {
        &self.values
    }

    /// The logits, to be set; shapes must stay.
    pub fn values_mut(&mut self) -> &mut [Vec<f64>] {
        &mut self.values
    }

    /// softmax of each decision's logits.
    pub fn probabilities(&self) -> Vec<Vec<f64>> {
        self.values.iter().map(|v| softmax(v, 1.0)).collect()
    }

    /// The same with labels: the result.
    pub fn distribution(&self) -> Vec<Choice> {
        let named = self.names.iter().zip(self.probabilities());
        named.map(|(name, probabilities)| Choice { name: name.clone(), probabilities }).collect()
    }

    /// Entropy of each decision, in nats; ln(options) at the start.
    pub fn entropies(&self) -> Vec<f64> {
        self.probabilities().iter().map(|p| entropy(p)).collect()
    }

    /// The most probable option of each decision: DARTS's export.
    pub fn strongest(&self) -> Vec<usize> {
        self.values.iter().map(|v| strongest(v)).collect()
    }

    /// One step of Adam over all logits. Errors: a gradient of another shape, or one that is not finite; nothing has changed then.
    pub fn step(&mut self, rule: &Rule, grads: &[Vec<f64>]) -> Result<(), StepError> {
        self.step_some(rule, grads, &|_, _| true)
    }

    /// The same for some logits, named by (decision, option); the others stand still, moments and all (ProxylessNAS).
    pub fn step_some(&mut self, rule: &Rule, grads: &[Vec<f64>], touched: &dyn Fn(usize, usize) -> bool) -> Result<(), StepError> {
        let fits = grads.len() == self.values.len() && grads.iter().zip(&self.values).all(|(g, v)| g.len() == v.len());
        if !fits {
            return Err(StepError::Unfit("gradients of other decisions than the choices have".into()));
        }
        let places: Vec<(usize, usize)> = self.values.iter().enumerate().flat_map(|(d, v)| (0..v.len()).map(move |i| (d, i))).collect();
        let mut flat = self.values.concat();
        let done = self.adam.step(rule, &mut flat, &grads.concat(), &|k| touched(places[k].0, places[k].1));
        let named = |why: String| format!("{why} ({})", self.names.join(", ").chars().take(80).collect::<String>());
        done.map_err(|e| match e {
            StepError::NotFinite(why) => StepError::NotFinite(named(why)),
            StepError::Unfit(why) => StepError::Unfit(named(why)),
        })?;
        for (&(d, i), v) in places.iter().zip(flat) {
            self.values[d][i] = v;
        }
        Ok(())
    }

    /// Everything, exactly.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new(HEAD);
        out.number(self.names.len() as u64);
        for (name, values) in self.names.iter().zip(&self.values) {
            out.text(name);
            out.floats(values);
        }
        self.adam.write(&mut out);
        out.bytes()
    }

    /// Reads [`Self::to_bytes`] for the same decisions.
    pub fn from_bytes(bytes: &[u8], decisions: &[(String, usize)]) -> Result<Self, String> {
        let mut from = Reader::new(bytes, HEAD, "choices")?;
        let count = from.length(16)?;
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for _ in 0..count {
            names.push(from.text()?);
            values.push(from.floats()?);
        }
        let fits = names.len() == decisions.len()
            && decisions.iter().zip(names.iter().zip(&values)).all(|((n, k), (name, v))| n == name && *k == v.len());
        if !fits {
            return Err("a state of choices of another space".into());
        }
        let adam = Adam::read(&mut from, values.iter().map(Vec::len).sum())?;
        from.end()?;
        Ok(Alphas { names, values, adam })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decisions() -> Vec<(String, usize)> {
        vec![("p2".into(), 3), ("act".into(), 2), ("one".into(), 1)]
    }

    fn rule() -> Rule {
        Rule { lr: 0.05, betas: (0.5, 0.999), weight_decay: 1e-3, clip_norm: 0.0 }
    }

    #[test]
    fn it_learns_the_cheaper_options() {
        let mut a = Alphas::fresh(4, INITIAL, &decisions());
        assert!(a.values().iter().flatten().all(|v| v.abs() < 6e-3) && a.values()[0][0] != a.values()[0][1]);
        assert!((a.entropies()[0] - 3f64.ln()).abs() < 1e-4);
        let losses = [vec![1.0, 0.2, 1.0], vec![0.5, 0.1], vec![3.0]];
        for _ in 0..200 {
            let grads: Vec<Vec<f64>> =
                a.probabilities().iter().zip(&losses).map(|(p, l)| super::super::softmax::backward(p, l, 1.0)).collect();
            a.step(&rule(), &grads).expect("finite");
        }
        assert_eq!(a.strongest(), [1, 1, 0]);
        let d = a.distribution();
        assert_eq!(d[1].name, "act");
        assert!(d[1].probabilities[1] > 0.9 && a.entropies()[1] < 0.4, "{d:?}");
        assert!(a.step(&rule(), &[vec![0.0]]).is_err());
    }

    #[test]
    fn bytes_go_on_with_the_same_bits() {
        let grads = |k: f64| vec![vec![k, -0.1, 0.3 * k], vec![0.2, k], vec![1.0]];
        let mut a = Alphas::fresh(4, INITIAL, &decisions());
        a.step(&rule(), &grads(0.7)).expect("finite");
        a.step_some(&rule(), &grads(0.2), &|d, i| d == 0 && i != 1).expect("finite");
        let bytes = a.to_bytes();
        let mut b = Alphas::from_bytes(&bytes, &decisions()).expect("its own bytes");
        assert_eq!(a, b);
        for k in 0..5 {
            a.step(&rule(), &grads(f64::from(k))).expect("finite");
            b.step(&rule(), &grads(f64::from(k))).expect("finite");
        }
        assert_eq!(a.to_bytes(), b.to_bytes());
        for end in 0..bytes.len() {
            assert!(Alphas::from_bytes(&bytes[..end], &decisions()).is_err(), "cut at {end}");
        }
        assert!(Alphas::from_bytes(&[&bytes[..], b"x"].concat(), &decisions()).is_err());
        assert!(Alphas::from_bytes(&bytes, &decisions()[..2]).is_err());
        for at in 0..bytes.len() {
            let mut hostile = bytes.clone();
            hostile[at] ^= 0xff;
            if let Ok(read) = Alphas::from_bytes(&hostile, &decisions()) {
                assert!(read.values().iter().flatten().all(|v| v.is_finite()));
            }
        }
    }
}
