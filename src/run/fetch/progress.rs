//! How far a download is, for whoever shows it.

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is fetched.
    pub url: &'a str,
    /// Bytes that are there, those of an earlier try included.
    pub done: u64,
    /// Bytes of the whole, where the server says it.
    pub of: Option<u64>,
    /// Whether no more will come.
    pub ended: bool,
}

/// Who is told how far a download is.
pub type Watch<'a> = &'a dyn Fn(&Progress);
