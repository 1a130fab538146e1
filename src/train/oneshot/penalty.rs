//! The cost that a distribution over choices expects, its gradient, and how it enters a loss or a reward.
//!
//! A cost is a sum of terms, each a table over the options of a few decisions: a convolution's FLOPs hang on the widths before and
//! behind it and on its kernel. Decisions are drawn independently, so the expectation E = Σ over terms of Σ over option tuples of
//! Π p · table is exact, and so is its derivative. FLOPs, parameters and tables of latencies are all of this form.
//!
//! With L the loss on held-out images, T the target and λ the weight:
//!
//! - `add`: L + λ (E / T − 1), ProxylessNAS's `add#linear` (λ = 0.2 there); negative below the target, so cheaper is always better.
//! - `multiply`: L (E / T)^λ, NNI's `multiply` (MnasNet's form).
//! - `log`: L λ (ln E / ln T)^β, ProxylessNAS's `mul#log` (λ = 1, β = 0.6); FBNet's α (ln E)^β is that with T = e and λ = 0.2.
//!
//! For a reward R (ENAS) the path's own cost takes the place of E, and the sign turns: R − λ (E / T − 1), R (E / T)^−λ, R / (λ (ln E / ln T)^β).

use crate::document::{Penalty, PenaltyForm};

/// A table over the options of some decisions.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// The decisions, each once; none: a constant.
    pub decisions: Vec<usize>,
    /// A cost for each tuple of options, the last decision's running fastest.
    pub table: Vec<f64>,
}

/// A cost over all decisions.
#[derive(Clone, Debug, PartialEq)]
pub struct CostModel {
    terms: Vec<Term>,
    options: Vec<usize>,
}

impl CostModel {
    /// Terms over decisions with these numbers of options. The error says which term does not fit.
    pub fn new(options: &[usize], terms: Vec<Term>) -> Result<Self, String> {
        for (k, term) in terms.iter().enumerate() {
            let known = term.decisions.iter().enumerate().all(|(i, d)| *d < options.len() && !term.decisions[..i].contains(d));
            let size = term.decisions.iter().try_fold(1usize, |n, &d| n.checked_mul(*options.get(d)?));
            if !known || size != Some(term.table.len()) || term.table.iter().any(|c| !c.is_finite()) {
                return Err(format!("term {k} of the cost: {} numbers over the decisions {:?}", term.table.len(), term.decisions));
            }
        }
        Ok(CostModel { terms, options: options.to_vec() })
    }

    /// The cost of one path.
    pub fn of(&self, path: &[usize]) -> f64 {
        let index = |t: &Term| t.decisions.iter().fold(0, |at, &d| at * self.options[d] + path.get(d).copied().unwrap_or(0));
        self.terms.iter().map(|t| t.table.get(index(t)).copied().unwrap_or(0.0)).sum()
    }

    /// The expected cost under independent probabilities, and its derivative by each of them.
    pub fn expected(&self, probabilities: &[Vec<f64>]) -> (f64, Vec<Vec<f64>>) {
        let mut grads: Vec<Vec<f64>> = probabilities.iter().map(|p| vec![0.0; p.len()]).collect();
        let mut total = 0.0;
        for term in &self.terms {
            let n = term.decisions.len();
            let mut tuple = vec![0; n];
            for cost in &term.table {
                let p = |k: usize| probabilities[term.decisions[k]][tuple[k]];
                let mut product = *cost;
                for k in 0..n {
                    product *= p(k);
                    let others: f64 = (0..n).filter(|&j| j != k).map(p).product();
                    grads[term.decisions[k]][tuple[k]] += cost * others;
                }
                total += product;
                // The next tuple.
                for k in (0..n).rev() {
                    tuple[k] += 1;
                    if tuple[k] < self.options[term.decisions[k]] {
                        break;
                    }
                    tuple[k] = 0;
                }
            }
        }
        (total, grads)
    }
}

/// A penalised loss with its derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalised {
    /// The value.
    pub value: f64,
    /// By the loss.
    pub by_loss: f64,
    /// By the expected cost.
    pub by_cost: f64,
}

/// The penalised loss; `target` in the cost's unit (a multiple of the reference's is resolved by the caller). Errors: costs and
/// targets for which the form is not defined.
pub fn loss(rule: &Penalty, target: f64, loss: f64, cost: f64) -> Result<Penalised, String> {
    let (f, slope) = factor(rule, target, cost)?;
    Ok(match rule.form {
        PenaltyForm::Add => Penalised { value: loss + f, by_loss: 1.0, by_cost: slope },
        PenaltyForm::Multiply | PenaltyForm::Log => Penalised { value: loss * f, by_loss: f, by_cost: loss * slope },
    })
}

/// The penalised reward of a path of this cost.
pub fn reward(rule: &Penalty, target: f64, reward: f64, cost: f64) -> Result<f64, String> {
    let (f, _) = factor(rule, target, cost)?;
    Ok(match rule.form {
        PenaltyForm::Add => reward - f,
        PenaltyForm::Multiply | PenaltyForm::Log => reward / f,
    })
}

/// What is added, or multiplied by, and its derivative by the cost.
fn factor(rule: &Penalty, target: f64, cost: f64) -> Result<(f64, f64), String> {
    let least = if rule.form == PenaltyForm::Log { 1.0 } else { 0.0 };
    let fits = |x: f64| x.is_finite() && x > least;
    if !fits(target) || (!fits(cost) && rule.form != PenaltyForm::Add) || !cost.is_finite() {
        return Err(format!("a cost of {cost} against a target of {target}: both must be greater than {least}"));
    }
    let w = rule.weight;
    Ok(match rule.form {
        PenaltyForm::Add => (w * (cost / target - 1.0), w / target),
        PenaltyForm::Multiply => {
            let f = libm::pow(cost / target, w);
            (f, w * f / cost)
        }
        PenaltyForm::Log => {
            let f = w * libm::pow(libm::log(cost) / libm::log(target), rule.exponent);
            (f, f * rule.exponent / (libm::log(cost) * cost))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Cost;

    fn model() -> CostModel {
        let terms = vec![
            Term { decisions: vec![], table: vec![5.0] },
            Term { decisions: vec![1], table: vec![1.0, 4.0] },
            Term { decisions: vec![2, 0], table: vec![3.0, 1.0, 2.0, 8.0, 0.5, 6.0] },
        ];
        CostModel::new(&[3, 2, 2], terms).expect("fits")
    }

    /// The expectation by listing all paths, the derivative by central differences.
    #[test]
    fn expectations_are_exact() {
        let m = model();
        let p = [vec![0.2, 0.5, 0.3], vec![0.9, 0.1], vec![0.35, 0.65]];
        let listed: f64 =
            (0..12).map(|i| [i / 4, i / 2 % 2, i % 2]).map(|path| m.of(&path) * (0..3).map(|d| p[d][path[d]]).product::<f64>()).sum();
        let (e, g) = m.expected(&p);
        assert!((e - listed).abs() < 1e-12);
        assert_eq!(m.of(&[2, 1, 0]), 5.0 + 4.0 + 2.0);
        for (d, i) in [(0, 0), (0, 2), (1, 1), (2, 0), (2, 1)] {
            let at = |by: f64| {
                let mut p = p.clone();
                p[d][i] += by;
                m.expected(&p).0
            };
            assert!(((at(1e-6) - at(-1e-6)) / 2e-6 - g[d][i]).abs() < 1e-7);
        }
    }

    #[test]
    fn terms_that_do_not_fit() {
        let term =
            |decisions: &[usize], n: usize| CostModel::new(&[3, 2], vec![Term { decisions: decisions.to_vec(), table: vec![1.0; n] }]);
        assert!(term(&[0, 1], 6).is_ok());
        for (d, n) in [(&[2][..], 1), (&[0], 2), (&[0, 0], 9), (&[], 0)] {
            assert!(term(d, n).is_err(), "{d:?}");
        }
    }

    #[test]
    fn forms() {
        let rule = |form, weight| Penalty { of: Cost::Flops, target: 0.0, of_reference: false, weight, form, exponent: 0.6, table: None };
        for (form, weight, value) in [
            (PenaltyForm::Add, 0.2, 1.5 + 0.2 * 0.25),
            (PenaltyForm::Multiply, 0.07, 1.5 * 1.25f64.powf(0.07)),
            (PenaltyForm::Log, 1.0, 1.5 * (250f64.ln() / 200f64.ln()).powf(0.6)),
        ] {
            let r = rule(form, weight);
            let p = loss(&r, 200.0, 1.5, 250.0).expect("defined");
            assert!((p.value - value).abs() < 1e-12);
            let at = |l: f64, c: f64| loss(&r, 200.0, l, c).expect("defined").value;
            assert!(((at(1.5 + 1e-6, 250.0) - at(1.5 - 1e-6, 250.0)) / 2e-6 - p.by_loss).abs() < 1e-8);
            assert!(((at(1.5, 250.0 + 1e-3) - at(1.5, 250.0 - 1e-3)) / 2e-3 - p.by_cost).abs() < 1e-9);
            let dear = reward(&r, 200.0, 0.8, 250.0).expect("defined");
            assert!(dear < 0.8 && dear < reward(&r, 200.0, 0.8, 190.0).expect("defined"));
            assert!(loss(&r, 0.0, 1.0, 2.0).is_err() && loss(&r, 200.0, 1.0, f64::NAN).is_err());
        }
        // FBNet: 0.2 · CE · (ln LAT)^0.6 is `log` with the target e.
        let fbnet = Penalty { exponent: 0.6, ..rule(PenaltyForm::Log, 0.2) };
        let got = loss(&fbnet, std::f64::consts::E, 2.0, 30.0).expect("defined").value;
        assert!((got - 0.2 * 2.0 * 30f64.ln().powf(0.6)).abs() < 1e-12);
    }

    /// Descending the penalised loss by the logits lowers the expected cost where the loss does not care.
    #[test]
    fn it_moves_a_distribution() {
        use super::super::{adam, alpha::Alphas, darts};
        let (m, rule) = (model(), rule_add());
        let mut a = Alphas::fresh(1, 1e-3, &[("a".into(), 3), ("b".into(), 2), ("c".into(), 2)]);
        let adam = adam::Rule { lr: 0.05, betas: (0.5, 0.999), weight_decay: 0.0, clip_norm: 0.0 };
        let before = m.expected(&a.probabilities()).0;
        for _ in 0..150 {
            let p = a.probabilities();
            let (e, by_p) = m.expected(&p);
            let by_cost = loss(&rule, 8.0, 1.0, e).expect("defined").by_cost;
            let by_p: Vec<Vec<f64>> = by_p.iter().map(|g| g.iter().map(|g| g * by_cost).collect()).collect();
            a.step(&adam, &darts::logits(&p, &by_p)).expect("finite");
        }
        let after = m.expected(&a.probabilities()).0;
        assert!(after < before - 1.5 && after < 6.9, "{before} → {after}");
        assert_eq!(a.strongest()[1], 0);
    }

    fn rule_add() -> Penalty {
        Penalty { of: Cost::Flops, target: 8.0, of_reference: false, weight: 0.2, form: PenaltyForm::Add, exponent: 0.6, table: None }
    }
}
