//! What there is to say of what lies in a place: many of a kind in one sentence.

use super::key::PublicKey;
use crate::base::{Digest, counted};
use std::collections::BTreeMap;

/// One thing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A claim under the name of somebody who is trusted counts for nothing.
    Refused {
        /// Under whose name it lies.
        signer: PublicKey,
        /// Why.
        why: &'static str,
    },
    /// Two who are trusted say different things of one action.
    Conflict {
        /// The action.
        key: Digest,
    },
    /// A blob is not what its name says, or too long.
    Damaged {
        /// Its name.
        blob: Digest,
    },
    /// A blob that a result names is not there.
    Lost {
        /// Its name.
        blob: Digest,
    },
    /// A result that is claimed is of another action, or none that this program reads.
    Foreign {
        /// Who claims it.
        signer: PublicKey,
    },
    /// Somebody who is trusted claims another result than the one that is here.
    Differs {
        /// Who.
        signer: PublicKey,
    },
    /// One's own claim of an action is there, of another result.
    Changed {
        /// The action.
        key: Digest,
    },
}

/// Things to say.
#[derive(Clone, Debug, Default)]
pub struct Remarks(Vec<Remark>);

impl Remarks {
    /// One more.
    pub fn add(&mut self, remark: Remark) {
        self.0.push(remark);
    }

    /// Those of another.
    pub fn take(&mut self, other: Remarks) {
        self.0.extend(other.0);
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of damaged blobs.
    pub fn damaged(&self) -> impl Iterator<Item = Digest> + '_ {
        self.0.iter().filter_map(|r| if let Remark::Damaged { blob } = r { Some(*blob) } else { None })
    }

    /// In sentences, a line each, of the place of this address.
    pub fn lines(&self, place: &str) -> Vec<String> {
        let mut kinds: BTreeMap<(u8, String), usize> = BTreeMap::new();
        let mut first: BTreeMap<(u8, String), &Remark> = BTreeMap::new();
        for remark in &self.0 {
            let kind = match remark {
                Remark::Refused { signer, why } => (0, format!("{signer}: {why}")),
                Remark::Conflict { .. } => (1, String::new()),
                Remark::Damaged { .. } => (2, String::new()),
                Remark::Lost { .. } => (3, String::new()),
                Remark::Foreign { signer } => (4, signer.to_string()),
                Remark::Differs { signer } => (5, signer.to_string()),
                Remark::Changed { .. } => (6, String::new()),
            };
            *kinds.entry(kind.clone()).or_default() += 1;
            first.entry(kind).or_insert(remark);
        }
        let line = |(kind, n): (&(u8, String), &usize)| {
            let n = *n;
            first.get(kind).map(|remark| {
                let said = match remark {
                    Remark::Refused { .. } => format!("{} refused ({})", counted(n, "claim"), kind.1),
                    Remark::Conflict { key } => format!(
                        "of {} (the first is {}) people whom you trust claim different results: none of them is used, and it is computed here",
                        counted(n, "action"),
                        key.short()
                    ),
                    Remark::Damaged { blob } => {
                        format!("{} there damaged (the first is {}) and not used", is(n, "blob"), blob.short())
                    }
                    Remark::Lost { blob } => {
                        format!("{} that results name not there (the first is {})", is(n, "blob"), blob.short())
                    }
                    Remark::Foreign { signer } => {
                        format!("{} that {signer} claims not used: of another action, or of another version", is(n, "result"))
                    }
                    Remark::Differs { signer } => format!(
                        "{signer} claims another result of {} than the one that is here: both claims stay, and who trusts both takes neither",
                        counted(n, "action")
                    ),
                    Remark::Changed { key } => format!(
                        "of {} (the first is {}) you claimed another result before: that claim stays",
                        counted(n, "action"),
                        key.short()
                    ),
                };
                format!("{place}: {said}")
            })
        };
        kinds.iter().filter_map(line).collect()
    }
}

fn is(n: usize, noun: &str) -> String {
    format!("{} {}", counted(n, noun), if n == 1 { "is" } else { "are" })
}
