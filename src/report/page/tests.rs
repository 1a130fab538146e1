//! The page holds what it should, and no name in a pipeline gets out of its place.

use super::facts::{Facts, Progress};
use super::*;

#[test]
fn no_text_leaves_its_place() {
    let hostile = "</script><script>alert(1)</script>\u{2028}<!-- & \"'";
    let facts = Facts {
        pipeline: hostile.into(),
        headline: hostile.into(),
        progress: Progress { line: hostile.into(), ..Progress::default() },
        said: vec![hostile.into()],
        ..Facts::default()
    };
    let html = page(&facts, Some(&Live { url: hostile.into(), every: 500 }));
    assert!(!html.contains("<script>alert") && !html.contains('\u{2028}'));
    // Four scripts that are ours: the facts, the live flag, the library, the page's own; each ends once.
    assert_eq!(html.matches("</script>").count(), 4);
    let read: serde_json::Value = serde_json::from_str(&json(&facts)).expect("JSON");
    assert_eq!(read["pipeline"], hostile);
}
