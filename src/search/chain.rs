//! Strategies one after the other (`strategy random trials=20; then tpe`): each proposes its share of the tickets and knows the results
//! of all tickets before, whoever proposed them.

use super::strategy::{Given, Propose, Turn, Unbuilt, build};
use crate::document::Chosen;
use crate::space::Sample;

/// A strategy with its share.
pub struct Part<'a> {
    /// The strategy.
    pub chosen: &'a Chosen,
    /// How many tickets it proposes; none: what is left. Candidates that a search starts with count among those of the first.
    pub trials: Option<usize>,
}

/// The strategies of a `sample`, at work.
///
/// # Errors
/// Where one of them cannot be built.
pub fn chain(parts: &[Part], given: &Given) -> Result<Box<dyn Propose>, Unbuilt> {
    let (mut links, mut begin): (Vec<Link>, usize) = (Vec::new(), 0);
    for part in parts {
        links.push(Link { begin, strategy: build(part.chosen, given.clone())? });
        begin = begin.saturating_add(part.trials.unwrap_or(usize::MAX));
    }
    match links.len() {
        1 => Ok(links.remove(0).strategy),
        _ => Ok(Box::new(Chain { links, earlier: 0 })),
    }
}

/// A strategy and its first ticket.
struct Link {
    begin: usize,
    strategy: Box<dyn Propose>,
}

struct Chain {
    /// At least one; the first begins at ticket 0.
    links: Vec<Link>,
    earlier: usize,
}

impl Chain {
    /// Whose ticket it is.
    fn at(&self, number: usize) -> &Link {
        let ticket = number.saturating_sub(self.earlier);
        let after = self.links.partition_point(|link| link.begin <= ticket);
        &self.links[after.saturating_sub(1)]
    }

    /// The turn as the strategy sees it whose ticket it is.
    fn turn<'t>(&self, turn: &Turn<'t>) -> Turn<'t> {
        Turn { own: turn.own.max(self.earlier.saturating_add(self.at(turn.number).begin)), ..*turn }
    }
}

impl Propose for Chain {
    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        self.at(turn.number).strategy.propose(&self.turn(turn), attempt)
    }

    fn proposals<'t>(&'t self, turn: Turn<'t>) -> Option<Box<dyn Iterator<Item = Sample> + 't>> {
        self.at(turn.number).strategy.proposals(self.turn(&turn))
    }

    fn begin_after(&mut self, earlier: usize) {
        self.earlier = earlier;
    }

    fn enumerates(&self, number: usize) -> bool {
        self.at(number).strategy.enumerates(number)
    }

    fn reads_results(&self, number: usize) -> bool {
        self.at(number).strategy.reads_results(number)
    }

    fn searches(&self) -> bool {
        self.links.iter().all(|link| link.strategy.searches())
    }
}
