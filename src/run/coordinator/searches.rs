//! What searches propose is written down as they go.

use super::Coordinator;
use crate::run::events::Event;
use crate::run::known;

impl Coordinator<'_> {
    /// Writes down what was proposed, so that the next run need not propose it again. Where that fails, it will; nothing is lost.
    pub(super) fn keep_searches(&mut self, over: bool) {
        if let Err(error) = known::keep_searches(&mut self.engine, self.store, over) {
            let message = format!("the search could not be written down: {error}");
            if self.noticed.insert(message.clone()) {
                self.events.on(Event::Note { message });
            }
        }
    }
}
