//! The choices between the states that a node of a cell reads, with what is decided on the way from each: what the strength of
//! an edge is found from.

use super::structure::{DecisionId, Item, What};
use super::{Sample, Space};

/// Which edges a node of a cell keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgePick {
    /// The decision.
    pub decision: DecisionId,
    /// By option: the edges that it keeps, ascending.
    pub sets: Vec<Vec<usize>>,
    /// By edge: the `choose` that stands on it; none where it is something else.
    pub on: Vec<Option<DecisionId>>,
}

impl Space {
    /// Every choice of edges, once, in the order of the network.
    pub fn edge_picks(&self) -> Vec<EdgePick> {
        let mut found = Vec::new();
        gather(&self.structure.items, &mut found);
        found
    }

    /// The sample that takes these options: `choose` is asked once for every active decision.
    pub fn sample(&self, choose: impl FnMut(DecisionId) -> usize) -> Sample {
        Sample::collect(&self.structure, choose)
    }
}

fn gather(items: &[Item], found: &mut Vec<EdgePick>) {
    for item in items {
        match &item.what {
            What::Skip | What::Layer { .. } | What::Pick { .. } => {}
            What::When { body, .. } => gather(body, found),
            What::Choose { branches, .. } => gather(branches, found),
            What::Repeat { copies, .. } => copies.iter().for_each(|c| gather(c, found)),
            What::Cell(cell) => {
                for slot in cell.nodes.iter().flat_map(|n| &n.slots) {
                    let Some(pick) = &slot.pick else { continue };
                    // Cells that decide together are met several times.
                    if found.iter().any(|f| f.decision == pick.decision) {
                        continue;
                    }
                    let choice = |edge: &Item| if let What::Choose { decision, .. } = &edge.what { Some(*decision) } else { None };
                    found.push(EdgePick { decision: pick.decision, sets: pick.sets.clone(), on: slot.edges.iter().map(choice).collect() });
                }
            }
        }
    }
}
