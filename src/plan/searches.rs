//! What searches leave behind for the next replay.

use super::engine::Engine;
use crate::base::Digest;
use crate::search::Record;

impl Engine<'_> {
    /// What the searches have left behind beyond what is recorded of them, by their names: whoever keeps it spares the next replay
    /// from proposing it again. Where they are not `over`, only of those that went on by a good piece.
    pub fn searches(&self, over: bool) -> Vec<(Digest, Record)> {
        let mut all: Vec<(Digest, Record)> = self.tickets.values().filter_map(|tickets| tickets.news(over)).collect();
        all.sort_by_key(|(key, _)| *key);
        all
    }

    /// Takes down that what [`searches`](Self::searches) said is kept.
    pub fn kept(&mut self, over: bool) {
        self.tickets.values_mut().for_each(|tickets| tickets.kept(over));
    }
}
