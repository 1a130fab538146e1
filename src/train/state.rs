//! Everything the next iteration of a training reads, and its bytes.

use super::weights::weights_from_bytes;
use crate::document::{Optimizer, Recipe};
use crate::nn::{NamedTensor, Parameters, check_parameters, load_tensors, save_tensors};
use crate::space::Program;
use std::collections::BTreeMap;

/// Sums over the iterations of one epoch: the current one, or the one that has just ended.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct LossSums {
    /// Iterations.
    pub count: u64,
    /// Sum of [`super::LossParts::box`].
    pub r#box: f64,
    /// Likewise.
    pub obj: f64,
    /// Likewise.
    pub cls: f64,
    /// Likewise.
    pub total: f64,
}

/// The state of a training between two iterations. Read back from its bytes it continues with the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainState {
    /// Weights and running statistics.
    pub params: Parameters,
    /// SGD's momentum buffer, Adam's first moment (running statistics' stay zero).
    pub first: Parameters,
    /// Adam's second moment.
    pub second: Option<Parameters>,
    /// Moving average of `params`, where the recipe has one.
    pub ema: Option<Parameters>,
    /// Gradients since the last optimiser step; all zero unless `accumulated`.
    pub grads: Parameters,
    /// Whether `grads` holds any. False at the end of an epoch: what was left over is dropped.
    pub accumulated: bool,
    /// The next iteration, counted over all epochs; the number of iterations done.
    pub iteration: u64,
    /// Iteration of the last optimiser step; −1 before the first.
    pub last_step: i64,
    /// Optimiser steps done.
    pub steps: u64,
    /// Loss of the current or last epoch.
    pub sums: LossSums,
}

/// The one entry of the metadata.
const HEADER: &str = "nasflow";

/// More iterations than any training has; keeps arithmetic on counters from hostile files far from its limits.
const MOST: u64 = 1 << 53;

impl TrainState {
    /// The state before the first iteration, from initial weights and running statistics.
    pub fn fresh(params: Parameters, program: &Program, recipe: &Recipe) -> Result<Self, String> {
        check_parameters(program, &params)?;
        Ok(TrainState {
            first: Parameters::zeros(program),
            second: has_second(recipe).then(|| Parameters::zeros(program)),
            ema: has_ema(recipe).then(|| params.clone()),
            grads: Parameters::zeros(program),
            params,
            accumulated: false,
            iteration: 0,
            last_step: -1,
            steps: 0,
            sums: LossSums::default(),
        })
    }

    /// `init continue`: the weights of a blob of weights (see [`super::weights_to_bytes`]), everything else anew.
    pub fn from_weights(bytes: &[u8], program: &Program, recipe: &Recipe) -> Result<Self, String> {
        Self::fresh(weights_from_bytes(program, bytes)?, program, recipe)
    }

    /// Safetensors: the weights by their names, `m1:`, `m2:`, `ema:` and `grad:` before the others', counters and sums (as bits)
    /// in the metadata. Equal states give equal bytes.
    pub fn to_bytes(&self, program: &Program) -> Result<Vec<u8>, String> {
        let mut groups = vec![("", &self.params, true), ("m1:", &self.first, false)];
        groups.extend(self.second.as_ref().map(|values| ("m2:", values, false)));
        groups.extend(self.ema.as_ref().map(|values| ("ema:", values, true)));
        if self.accumulated {
            groups.push(("grad:", &self.grads, false));
        }
        let mut tensors = Vec::new();
        for (prefix, values, all) in groups {
            check_parameters(program, values)?;
            let stored = program.params.iter().zip(&values.0).filter(|(p, _)| all || p.kind.is_trained());
            tensors.extend(stored.map(|(p, v)| (format!("{prefix}{}", p.name), &p.shape[..], &v[..])));
        }
        let tensors: Vec<_> = tensors.iter().map(|(name, shape, v)| (name.as_str(), *shape, *v)).collect();
        save_tensors(&tensors, &BTreeMap::from([(HEADER.to_string(), self.header())]))
    }

    /// Reads [`Self::to_bytes`] for the same program and recipe. Anything else is an error that says what does not fit.
    pub fn from_bytes(bytes: &[u8], program: &Program, recipe: &Recipe) -> Result<Self, String> {
        let file = load_tensors(bytes)?;
        let header = file.metadata.get(HEADER).ok_or("a safetensors file, but not a training state")?;
        let mut state = TrainState {
            params: Parameters::default(),
            first: Parameters::default(),
            second: None,
            ema: None,
            grads: Parameters::zeros(program),
            accumulated: false,
            iteration: 0,
            last_step: -1,
            steps: 0,
            sums: LossSums::default(),
        };
        state.read_header(header)?;
        let mut tensors = file.tensors.into_iter().map(|t| (t.name.clone(), t)).collect();
        state.params = take(&mut tensors, program, "", true)?;
        state.first = take(&mut tensors, program, "m1:", false)?;
        if has_second(recipe) {
            state.second = Some(take(&mut tensors, program, "m2:", false)?);
        }
        if has_ema(recipe) {
            state.ema = Some(take(&mut tensors, program, "ema:", true)?);
        }
        if state.accumulated {
            state.grads = take(&mut tensors, program, "grad:", false)?;
        }
        match tensors.into_keys().next() {
            None => Ok(state),
            Some(name) => Err(format!("`{}` does not belong to this state", clipped(&name))),
        }
    }

    /// Whether the state is one of this program under this recipe.
    pub fn fits(&self, program: &Program, recipe: &Recipe) -> Result<(), String> {
        for values in [Some(&self.params), Some(&self.first), Some(&self.grads), self.second.as_ref(), self.ema.as_ref()] {
            values.map_or(Ok(()), |v| check_parameters(program, v))?;
        }
        if self.second.is_some() != has_second(recipe) {
            return Err("the state is of another optimiser".into());
        }
        if self.ema.is_some() != has_ema(recipe) {
            return Err("the state and the recipe disagree about the moving average".into());
        }
        Ok(())
    }

    fn header(&self) -> String {
        let s = &self.sums;
        let bits = [s.r#box, s.obj, s.cls, s.total].map(|v| format!("{:016x}", v.to_bits())).join(" ");
        let (accumulated, last) = (u8::from(self.accumulated), self.last_step);
        format!("train v1 {} {last} {} {accumulated} {} {bits}", self.iteration, self.steps, s.count)
    }

    /// Parses what [`Self::header`] writes, and nothing else.
    fn read_header(&mut self, text: &str) -> Result<(), String> {
        let fail = || format!("not a training state: its metadata is `{}`", clipped(text));
        let words: Vec<&str> = text.split(' ').collect();
        let [_, _, iteration, last, steps, accumulated, count, r#box, obj, cls, total] = words[..] else {
            return Err(fail());
        };
        let number = |w: &str| w.parse::<u64>().ok().filter(|n| *n <= MOST).ok_or_else(fail);
        let bits = |w: &str| u64::from_str_radix(w, 16).map(f64::from_bits).map_err(|_| fail());
        self.iteration = number(iteration)?;
        self.last_step = last.parse().map_err(|_| fail())?;
        self.steps = number(steps)?;
        self.accumulated = accumulated == "1";
        self.sums = LossSums { count: number(count)?, r#box: bits(r#box)?, obj: bits(obj)?, cls: bits(cls)?, total: bits(total)? };
        let in_order = self.last_step >= -1 && self.last_step < self.iteration as i64 && self.steps <= self.iteration;
        if in_order && self.header() == text { Ok(()) } else { Err(fail()) }
    }
}

/// The tensors of one prefix, taken out; those that are not stored (running statistics unless `all`) are zero.
fn take(from: &mut BTreeMap<String, NamedTensor>, program: &Program, prefix: &str, all: bool) -> Result<Parameters, String> {
    let one = |p: &crate::space::ParamSpec| {
        if !all && !p.kind.is_trained() {
            return Ok(vec![0.0; p.len()]);
        }
        let name = format!("{prefix}{}", p.name);
        let tensor = from.remove(&name).ok_or_else(|| format!("`{name}` is missing"))?;
        if tensor.shape == p.shape { Ok(tensor.data) } else { Err(format!("`{name}` is {:?}, not {:?}", tensor.shape, p.shape)) }
    };
    program.params.iter().map(one).collect::<Result<_, _>>().map(Parameters)
}

/// Enough of a hostile text to recognise it.
fn clipped(text: &str) -> String {
    text.chars().take(40).collect()
}

fn has_second(recipe: &Recipe) -> bool {
    matches!(recipe.optimizer, Optimizer::Adam | Optimizer::AdamW)
}

fn has_ema(recipe: &Recipe) -> bool {
    recipe.ema > 0.0
}
