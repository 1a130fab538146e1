//! The known failure of differentiable search: skips win everywhere (Zela et al. 2020; Liang et al. 2020, DARTS+, who stop a search
//! when a cell has two of them). Here it is noticed in the result and said; nothing is changed.

use crate::results::Choice;
use std::fmt;

/// Which options of a decision compute nothing.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Idle {
    /// Skips (and poolings, where the caller counts them).
    pub skips: Vec<usize>,
    /// Options that cannot win, as DARTS's `zero`.
    pub excluded: Vec<usize>,
}

/// The finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Collapse {
    /// Labels of the decisions whose strongest option is a skip.
    pub skipping: Vec<String>,
    /// Decisions that have a skip among their options, and something else.
    pub of: usize,
    /// Mean probability of skips in these.
    pub mass: f64,
    /// What it would be if all options were equally probable.
    pub even: f64,
}

/// Whether a distribution has collapsed: of the decisions that offer a skip beside other options, at least two, more than half end in
/// it. `idle` runs beside `choices`.
pub fn find(choices: &[Choice], idle: &[Idle]) -> Option<Collapse> {
    let mut found = Collapse { skipping: Vec::new(), of: 0, mass: 0.0, even: 0.0 };
    for (choice, idle) in choices.iter().zip(idle) {
        let candidates: Vec<usize> = (0..choice.probabilities.len()).filter(|i| !idle.excluded.contains(i)).collect();
        let skips = candidates.iter().filter(|i| idle.skips.contains(i)).count();
        let total: f64 = candidates.iter().map(|&i| choice.probabilities[i]).sum();
        if skips == 0 || skips == candidates.len() || total <= 0.0 {
            continue;
        }
        let best =
            candidates.iter().copied().fold(candidates[0], |b, i| if choice.probabilities[i] > choice.probabilities[b] { i } else { b });
        if idle.skips.contains(&best) {
            found.skipping.push(choice.name.clone());
        }
        found.of += 1;
        found.mass += candidates.iter().filter(|i| idle.skips.contains(i)).map(|&i| choice.probabilities[i]).sum::<f64>() / total;
        found.even += skips as f64 / candidates.len() as f64;
    }
    let count = found.of as f64;
    (found.mass, found.even) = (found.mass / count.max(1.0), found.even / count.max(1.0));
    (found.of >= 2 && 2 * found.skipping.len() > found.of).then_some(found)
}

impl fmt::Display for Collapse {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let shown: Vec<&str> = self.skipping.iter().take(6).map(String::as_str).collect();
        let more = if self.skipping.len() > shown.len() { ", …" } else { "" };
        write!(
            f,
            "collapsed into skips: {} of {} decisions end in one ({}{more}); skips have {:.0} % of the probability there, even chances {:.0} %",
            self.skipping.len(),
            self.of,
            shown.join(", "),
            100.0 * self.mass,
            100.0 * self.even
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(name: &str, p: &[f64]) -> Choice {
        Choice { name: name.into(), probabilities: p.to_vec() }
    }

    #[test]
    fn collapses_are_found_and_said() {
        let idle = vec![Idle { skips: vec![1], excluded: vec![0] }; 3];
        let skips = [choice("e0", &[0.5, 0.3, 0.2]), choice("e1", &[0.1, 0.6, 0.3]), choice("e2", &[0.2, 0.1, 0.7])];
        let found = find(&skips, &idle).expect("two of three");
        assert_eq!((found.skipping.clone(), found.of), (vec!["e0".to_string(), "e1".to_string()], 3));
        let said =
            "collapsed into skips: 2 of 3 decisions end in one (e0, e1); skips have 46 % of the probability there, even chances 50 %";
        assert!((found.mass - (0.6 + 2.0 / 3.0 + 0.125) / 3.0).abs() < 1e-12 && found.even == 0.5);
        assert_eq!(found.to_string(), said);
        // One decision is no collapse; half of them are none; what has only skips says nothing.
        assert_eq!(find(&skips[..1], &idle), None);
        assert_eq!(find(&skips[1..], &idle), None);
        let only = vec![Idle { skips: vec![0, 1, 2], excluded: vec![] }; 3];
        assert_eq!(find(&skips, &only), None);
        assert_eq!(find(&skips, &vec![Idle::default(); 3]), None);
    }
}
