//! What a space is made of, without labels: what its digest covers.

use super::architecture::to_canon;
use super::blocks::Scalar;
use super::function::{Condition, Read};
use super::structure::{Cell, CellNode, Decision, Input, Item, Output, Pick, Reduce, Setting, Slot, Structure, What, compare};
use crate::base::Canon;

impl Structure {
    pub(super) fn setting_canon(&self, setting: &Setting) -> Canon {
        let first = scalar_canon(setting.values[0]);
        let mut all: Vec<Scalar> = setting.values.clone();
        all.sort_by(compare);
        let shared = setting.decision.filter(|&d| self.decisions[d].shared);
        let address = shared.map(|d| Canon::Int(self.decisions[d].address as i64));
        if let Some(derived) = &setting.derived {
            let reads = derived.reads.iter().map(|r| Canon::Int(self.decisions[r.decision].address as i64)).collect();
            let each = derived.values.iter().map(|&v| scalar_canon(setting.values[v])).collect();
            return Canon::List(vec!["derived".into(), Canon::List(reads), Canon::List(each)]);
        }
        Canon::List(vec![first, Canon::List(all.into_iter().map(scalar_canon).collect()), address.unwrap_or(Canon::None)])
    }

    /// The content of an item: what it builds and between what, without labels.
    pub fn item_canon(&self, item: &Item) -> Canon {
        let what = match &item.what {
            What::Skip => "skip".into(),
            What::Layer { kind, settings, inputs } => {
                let mut settings: Vec<_> = settings.iter().map(|(n, s)| (n.to_string(), self.setting_canon(s))).collect();
                settings.sort_by(|a, b| a.0.cmp(&b.0));
                let inputs = inputs.iter().map(input_canon);
                Canon::List(vec![kind.word.into(), Canon::Map(settings), Canon::List(inputs.collect())])
            }
            What::When { condition, body } => {
                let body = Canon::List(body.iter().map(|i| self.item_canon(i)).collect());
                Canon::List(vec!["when".into(), self.condition_canon(condition), body])
            }
            What::Choose { branches, .. } => {
                let mut all: Vec<Canon> = branches.iter().map(|b| self.item_canon(b)).collect();
                let first = all.first().map(Canon::digest);
                all.sort_by_key(Canon::digest);
                Canon::List(vec!["choose".into(), first.into(), Canon::List(all)])
            }
            What::Pick { inputs, pick, reduce } => {
                let inputs = inputs.iter().map(input_canon);
                let reduce = if *reduce == Reduce::Add { "add" } else { "concat" };
                Canon::List(vec!["pick".into(), Canon::List(inputs.collect()), pick_canon(pick.as_ref()), reduce.into()])
            }
            What::Cell(cell) => self.cell_canon(cell),
            What::Repeat { count, copies } => {
                let copies = copies.iter().map(|c| Canon::List(c.iter().map(|i| self.item_canon(i)).collect()));
                Canon::List(vec!["repeat".into(), self.setting_canon(count), Canon::List(copies.collect())])
            }
        };
        Canon::List(vec![what, item.slot.into()])
    }

    /// When it holds: by the options of what it reads, however it is written.
    pub(super) fn condition_canon(&self, condition: &Condition) -> Canon {
        let ranked: Vec<Vec<usize>> = condition.reads.iter().map(|r| ranked(&self.decisions[r.decision])).collect();
        let read = |(read, ranked): (&Read, &Vec<usize>)| {
            let first = ranked.iter().position(|&o| o == 0).unwrap_or(0);
            let address = Canon::Int(self.decisions[read.decision].address as i64);
            Canon::List(vec![address, ranked.len().into(), first.into()])
        };
        let reads = condition.reads.iter().zip(&ranked).map(read).collect();
        let holds = condition.combinations().map(|ranks| {
            let options: Vec<usize> = ranks.iter().zip(&ranked).map(|(&rank, ranked)| ranked[rank]).collect();
            Canon::Bool(*condition.at(&options))
        });
        Canon::List(vec![Canon::List(reads), Canon::List(holds.collect())])
    }

    /// When choices are made that have conditions; those that the network does not read are no part of it.
    pub(super) fn guards_canon(&self) -> Canon {
        let guard = |(d, condition): (&usize, &Condition)| {
            Canon::List(vec![Canon::Int(self.decisions[*d].address as i64), self.condition_canon(condition)])
        };
        Canon::List(self.guards.iter().filter(|(d, _)| self.decisions[**d].read).map(guard).collect())
    }

    fn cell_canon(&self, cell: &Cell) -> Canon {
        let node = |node: &CellNode| {
            let edges = |slot: &Slot| Canon::List(slot.edges.iter().map(|e| self.item_canon(e)).collect());
            let mut parts: Vec<Canon> = node.slots.iter().flat_map(|s| [pick_canon(s.pick.as_ref()), edges(s)]).collect();
            let op = node.op.as_ref().map(|op| self.item_canon(op));
            parts.push(op.unwrap_or(Canon::None));
            parts.extend(node.combine.iter().map(|c| self.setting_canon(c)));
            Canon::List(parts)
        };
        let output = match cell.output {
            Output::Nodes => "nodes",
            Output::Loose => "loose",
            Output::Last => "last",
        };
        Canon::List(vec![
            "cell".into(),
            cell.group.into(),
            self.setting_canon(&cell.channels),
            cell.stride.into(),
            cell.inputs.into(),
            self.setting_canon(&cell.count),
            Canon::List(cell.nodes.iter().map(node).collect()),
            output.into(),
            vec![cell.edges.0, cell.edges.1].into(),
        ])
    }
}

/// Options by rank; where ranks are still to be found, by value.
fn ranked(decision: &Decision) -> Vec<usize> {
    match decision.ranked.len() == decision.options.len() {
        true => decision.ranked.clone(),
        false => by_value(&decision.options),
    }
}

/// Options in an order that does not depend on the file: numbers by size, then words by alphabet.
pub fn by_value(options: &[String]) -> Vec<usize> {
    let number = |o: &String| o.parse::<f64>().ok().filter(|x| x.is_finite());
    let mut ranked: Vec<usize> = (0..options.len()).collect();
    ranked.sort_by(|&a, &b| match (number(&options[a]), number(&options[b])) {
        (Some(x), Some(y)) => x.total_cmp(&y).then(options[a].cmp(&options[b])),
        (None, None) => options[a].cmp(&options[b]),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
    });
    ranked
}

fn input_canon(input: &Input) -> Canon {
    match input {
        Input::Above => Canon::None,
        Input::Slot(s) => Canon::Int(*s as i64),
        Input::Last(slots) => slots.clone().into(),
    }
}

fn pick_canon(pick: Option<&Pick>) -> Canon {
    pick.map_or(Canon::None, |p| Canon::List(p.sets.iter().map(|s| s.clone().into()).collect()))
}

fn scalar_canon(value: Scalar) -> Canon {
    match value {
        Scalar::Int(v) => v.into(),
        Scalar::Float(v) => v.into(),
        Scalar::Bool(v) => v.into(),
        Scalar::Activation(a) => to_canon(&a),
        Scalar::Word(w) => w.into(),
    }
}
