//! Texts of files as they stand in messages.

/// A text as it may stand in a message.
pub fn shorten(text: &str) -> String {
    const MOST: usize = 48;
    let clean: String = text.chars().map(|c| if c.is_control() { '�' } else { c }).take(MOST + 1).collect();
    if clean.chars().count() > MOST { clean.chars().take(MOST - 1).chain(['…']).collect() } else { clean }
}
