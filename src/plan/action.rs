//! An action is a value: its canonical form gives both its key and the text that explains it.

use crate::base::{Canon, Digest};

/// What an action does. The number is the version of its semantics: raise it when the same inputs would give other
/// bytes, and say so in the changelog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// k-means anchors of a split.
    Anchors,
    /// A split decoded at training size.
    Pack,
    /// Weights after so many iterations.
    Train,
    /// Detections of trained weights over a split.
    Predict,
    /// One number from detections.
    Metric,
    /// A choice among models.
    Select,
    /// A network's weights cut out of its supernet's.
    Cut,
    /// Detections of a network with the weights of its supernet.
    PredictSubnet,
    /// One metric of a network, looked up in a table.
    Table,
    /// The loss of a detector over a split: of trained weights, or of a network with the weights of its supernet.
    Loss,
    /// How a metric differs between one network and others, and how surely.
    Compare,
    /// What a command of one's own says of a network.
    Command,
    /// What a command of one's own proposes next in a search.
    Propose,
    /// One number of a network with fresh weights.
    Untrained,
    /// A trained network, pruned.
    Prune,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 15] = [
        Kind::Anchors,
        Kind::Pack,
        Kind::Train,
        Kind::Predict,
        Kind::Metric,
        Kind::Select,
        Kind::Cut,
        Kind::PredictSubnet,
        Kind::Table,
        Kind::Compare,
        Kind::Loss,
        Kind::Command,
        Kind::Propose,
        Kind::Untrained,
        Kind::Prune,
    ];

    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Anchors => "anchors",
            Kind::Pack => "pack",
            Kind::Train => "train",
            Kind::Predict => "predict",
            Kind::Metric => "metric",
            Kind::Select => "select",
            Kind::Cut => "cut",
            Kind::PredictSubnet => "predict-subnet",
            Kind::Table => "table",
            Kind::Compare => "compare",
            Kind::Loss => "loss",
            Kind::Command => "command",
            Kind::Propose => "propose",
            Kind::Untrained => "untrained",
            Kind::Prune => "prune",
        }
    }

    /// The kind of a word in records.
    pub fn named(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Version of the semantics.
    pub fn version(self) -> i64 {
        match self {
            Kind::Anchors | Kind::Pack | Kind::Train | Kind::Predict | Kind::Metric | Kind::Select => 1,
            Kind::Cut | Kind::PredictSubnet | Kind::Table | Kind::Compare | Kind::Loss => 1,
            Kind::Command | Kind::Propose | Kind::Untrained | Kind::Prune => 1,
        }
    }
}

/// Everything that decides the bytes of a result, and nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// What is done.
    pub kind: Kind,
    /// Its configuration.
    pub config: Canon,
    /// The content that it reads.
    pub inputs: Vec<(&'static str, Digest)>,
    /// The seed of what is random in it.
    pub seed: Option<u64>,
    /// The numerics class; none where the result is exact everywhere.
    pub numerics: Option<String>,
}

impl Action {
    /// The canonical form.
    pub fn canon(&self) -> Canon {
        let inputs = self.inputs.iter().map(|(name, d)| ((*name).to_string(), Canon::Digest(*d))).collect();
        Canon::map([
            ("kind", self.kind.word().into()),
            ("version", self.kind.version().into()),
            ("config", self.config.clone()),
            ("inputs", Canon::Map(inputs)),
            ("seed", self.seed.into()),
            ("numerics", self.numerics.clone().into()),
        ])
    }

    /// The key: the digest of the canonical form.
    pub fn key(&self) -> Digest {
        self.canon().digest()
    }

    /// The key of the same action in whatever numerics class.
    pub fn what(&self) -> Digest {
        Action { numerics: None, ..self.clone() }.canon().digest()
    }

    /// One `path = value` line for each leaf of the canonical form.
    pub fn text(&self) -> String {
        self.canon().lines().into_iter().map(|(path, value)| format!("{path} = {value}\n")).collect()
    }
}
