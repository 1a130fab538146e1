//! Why a step of a method's choices cannot be made.

/// Why a step cannot be made; nothing has changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StepError {
    /// A loss, a reward or a gradient is not finite: what the training came to, and so its result.
    #[error("{0}")]
    NotFinite(String),
    /// What was given does not belong together: a mistake in the program, and no result.
    #[error("{0}")]
    Unfit(String),
}
