//! Spaces that keep what occurs in a stage (`keep … from=`): known once the stage is done.

use super::super::engine::{Engine, StageReplay};
use super::super::model::State;
use crate::document::{Property, SpaceNode, Spanned, Value};
use crate::space::{InputSpec, Space};

impl Engine<'_> {
    /// The space that a sample works on, where its own keeps what occurs in stages; none where it waits for none. An error is
    /// the replay of a sample that has to wait, or has nothing to sample.
    pub(super) fn narrowed(&self, space: &Space, views: &[StageReplay]) -> Result<Option<Space>, StageReplay> {
        let nothing = |complete, notes| StageReplay { slots: Vec::new(), complete, notes };
        let Some(node) = self.pipeline.spaces.iter().find(|s| s.name.value == space.name && !s.waits().is_empty()) else {
            return Ok(None);
        };
        let mut node = node.clone();
        for (line, stage) in waiting(&mut node) {
            let label = line.text("label").map(|l| l.value).unwrap_or_default();
            let Some(view) = self.pipeline.stage(&stage.value).and_then(|i| views.get(i)) else { return Err(nothing(true, Vec::new())) };
            if !view.complete || view.slots.iter().any(|s| s.state == State::Pending) {
                return Err(nothing(false, Vec::new()));
            }
            let ready = view.slots.iter().filter(|s| s.state == State::Ready);
            let mut values: Vec<&String> = ready.flat_map(|s| &s.model.candidate.choices).filter(|c| c.0 == label).map(|c| &c.1).collect();
            values.sort();
            values.dedup();
            if values.is_empty() {
                let why = format!("the space is empty: no model of `{}` has a value of `{label}`", stage.value);
                return Err(nothing(true, vec![why]));
            }
            let values = values.into_iter().map(|v| Spanned { value: Value::Text(v.clone()), span: stage.span }).collect();
            line.properties.push(Property { name: Spanned { value: "values".into(), span: stage.span }, values });
        }
        let input = InputSpec { anchors: None, ..space.input().clone() };
        let narrowed = match Space::compile(&node, &input) {
            Ok((narrowed, _)) => narrowed,
            Err(errors) => {
                let why = errors.first().map_or(String::new(), |d| d.message.clone());
                return Err(nothing(true, vec![format!("the space is empty: {why}")]));
            }
        };
        // Of the anchors that were found, those that are left have a use.
        let wanted = narrowed.awaits_anchors();
        let known = space.input().anchors.iter().flatten();
        let anchors: Vec<_> = known.filter(|a| wanted.contains(&(a.image_size, a.levels.len()))).cloned().collect();
        Ok(Some(if wanted.is_empty() || anchors.is_empty() { narrowed } else { narrowed.with_anchors(anchors) }))
    }
}

/// The lines of a space that wait, with the stages that they wait for.
fn waiting(node: &mut SpaceNode) -> impl Iterator<Item = (&mut crate::document::Node, Spanned<String>)> {
    let lines = node.node.children.iter_mut().filter(|c| c.name.value == "keep");
    lines.filter_map(|line| {
        let stage = line.text("from")?;
        Some((line, stage))
    })
}
