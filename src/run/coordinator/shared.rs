//! What a run has asked others for, what came and what is on its way.

use crate::base::Digest;
use crate::remote::{Pusher, Remarks};
use crate::run::sharing::Sought;
use std::collections::BTreeSet;

/// What was asked for, what came and what is on its way.
#[derive(Default)]
pub struct Shared {
    /// What was asked for.
    pub sought: Sought,
    /// Who pushes, once there is something to push.
    pub pusher: Option<Pusher>,
    /// Results that are on their way.
    pub given: BTreeSet<Digest>,
    /// Results that came.
    pub came: BTreeSet<Digest>,
    /// Bytes that came.
    pub bytes: u64,
    /// What there is to say at the end.
    pub remarks: Remarks,
}

impl Shared {
    /// What was asked for may be asked for again.
    pub fn ask_again(&mut self) {
        self.sought = Sought::default();
    }
}
