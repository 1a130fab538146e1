//! Why an evaluation has no result.

/// Each carries what is wrong in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// Bytes that are no blob of predictions or logits, or not the whole of one.
    #[error("{0}")]
    Blob(String),
    /// Network, images, and what was predicted for them do not belong together.
    #[error("{0}")]
    Misfit(String),
    /// The images cannot be read.
    #[error("{0}")]
    Data(String),
    /// The executor cannot run the network.
    #[error("{0}")]
    Executor(String),
}

impl EvaluateError {
    pub(super) fn blob(why: impl Into<String>) -> Self {
        EvaluateError::Blob(why.into())
    }

    pub(super) fn misfit(why: impl Into<String>) -> Self {
        EvaluateError::Misfit(why.into())
    }
}
