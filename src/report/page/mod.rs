//! The page of a search: one file that holds everything, text, style, script, the plotting library and the facts as JSON.
//!
//! Two halves: [`gather`] makes [`Facts`] of what a run left, [`page`] makes HTML of facts. Neither knows files. The script (`js/`) draws
//! facts by one function, `draw(facts)`, which may be called again with newer facts: it keeps zoom, selections and what is unfolded.
//! The live page is the same page that asks for newer facts ([`Live`]).
//!
//! Charts are drawn by Apache ECharts (`echarts.min.js`, see `ECHARTS-README.md`). Nothing is loaded from anywhere: the page's own policy forbids it.
//! Names in a pipeline are hostile: JSON is escaped so that no text can end the script, and the script only ever writes text nodes.

mod beside;
mod contributed;
pub mod facts;
pub mod gather;
mod measured;
mod question;
mod random;

pub use facts::{Drawing, Facts, Picture, Pictures};
pub use gather::{Given, facts as gathered};

use serde::Serialize;

const ECHARTS: &str = include_str!("echarts.min.js");
const STYLE: &str = include_str!("page.css");
/// In the order in which they are run; each is one purpose.
const SCRIPTS: [&str; 8] = [
    include_str!("js/base.js"),
    include_str!("js/charts.js"),
    include_str!("js/answer.js"),
    include_str!("js/search.js"),
    include_str!("js/choices.js"),
    include_str!("js/training.js"),
    include_str!("js/record.js"),
    include_str!("js/main.js"),
];

/// How a live page gets newer facts: `window.nasflowLive` in the script.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Live {
    /// Where they are asked for: `facts.json`, with a token where one is needed. Answered with an `ETag`; 304 where nothing changed.
    pub url: String,
    /// Milliseconds between questions.
    pub every: u32,
}

/// The whole page. `live` of a page that asks for newer facts.
pub fn page(facts: &Facts, live: Option<&Live>) -> String {
    let title = escaped(&facts.pipeline);
    let json = json(facts);
    let live = live.map_or(String::new(), |live| format!("<script>window.nasflowLive = {};</script>\n", json_of(live)));
    // What a reader without scripts has: the answer as text.
    let said: String =
        facts.question.iter().chain([&facts.headline]).chain(&facts.because).map(|l| format!("<p>{}</p>\n", escaped(l))).collect();
    let text: String = facts.said.iter().map(|l| escaped(l) + "\n").collect();
    let mut out = String::with_capacity(ECHARTS.len() + json.len() + 100_000);
    out += "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    out +=
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n";
    let connect = if live.is_empty() { "'none'" } else { "'self'" };
    out += &format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; connect-src {connect}; base-uri 'none'; form-action 'none'\">\n"
    );
    out += &format!("<link rel=\"icon\" href=\"data:,\">\n<title>{title} – nasflow</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n");
    out += "<main id=\"page\"></main>\n";
    out += &format!("<noscript>\n<h1>{title}</h1>\n{said}<pre>{text}</pre>\n<p>Charts and tables need JavaScript.</p>\n</noscript>\n");
    out += &format!("<script type=\"application/json\" id=\"facts\">{json}</script>\n{live}");
    out += &format!("<script>{ECHARTS}</script>\n<script>\n\"use strict\";\n");
    SCRIPTS.iter().for_each(|script| out += script);
    out += "</script>\n</body>\n</html>\n";
    out
}

/// Facts as JSON, safe inside a script element as well as alone.
pub fn json(facts: &Facts) -> String {
    json_of(facts)
}

/// JSON in which no text can end a script or begin a comment.
fn json_of(value: &impl Serialize) -> String {
    // Facts are plain data with text keys: writing them cannot fail.
    let text = serde_json::to_string(value).unwrap_or_else(|e| format!("{{\"error\":{:?}}}", e.to_string()));
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Text as it may stand in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests;
