//! The properties of a layer in one sample: what is written, `width` applied, else the defaults.

use super::Resolver;
use crate::space::blocks::{Default, Kind, Resolved, Scalar, Type};
use crate::space::structure::{DecisionId, Setting};
use crate::space::values::widened;

impl Resolver<'_> {
    pub(super) fn settings(
        &self,
        kind: &Kind,
        settings: &[(&'static str, Setting)],
        choose: &mut dyn FnMut(DecisionId) -> usize,
    ) -> Resolved {
        let mut resolved = Resolved::default();
        for field in kind.properties {
            let written = settings.iter().find(|(n, _)| *n == field.name).map(|(_, s)| s.pick(choose));
            let value = match (written, field.default, field.r#type) {
                (Some(Scalar::Int(c)), _, Type::Channels) => Some(Scalar::Int(self.scaled(c))),
                (Some(value), _, _) => Some(value),
                (None, Default::Network, _) => Some(self.activation),
                (None, Default::Is(value), _) => Some(value),
                (None, _, _) => None,
            };
            resolved.values.extend(value.map(|v| (field.name, v)));
        }
        resolved
    }

    /// Channels are multiplied by `width` and rounded up to a multiple of 8, where it is written.
    pub(super) fn scaled(&self, channels: usize) -> usize {
        let channels = widened(channels, self.width);
        if !channels.is_multiple_of(self.portion) {
            self.uneven.set(self.uneven.get().or(Some(channels)));
            return channels;
        }
        channels / self.portion
    }
}
