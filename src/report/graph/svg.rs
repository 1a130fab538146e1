//! The pen: boxes, curves and words as SVG. Everything that comes from a file is escaped here and nowhere else.
//!
//! Colours: words and lines take `currentColor`, boxes a tint of their kind, so a drawing is readable on light and on dark.
//! There are no ids in it, so that several drawings can stand in one page.

use super::layered::Point;
use crate::base::fixed;
use std::fmt::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Height of a line of words, in pixels.
pub const LINE: f64 = 17.0;
/// Room between a box's border and its words.
pub const PAD: f64 = 9.0;
/// How wide one column of small letters is drawn, on average. Fonts differ: this is on the wide side.
const COLUMN: f64 = 6.9;
/// The same of bold letters.
const BOLD: f64 = 8.3;
/// Most columns of a line; the whole of a longer one is said by the box's `<title>`.
pub const MOST: usize = 52;

/// What a drawing looks like; all names begin with `nf-`, because a page has rules of its own.
const STYLE: &str = "\
.nf-graph{font:12.5px system-ui,\"Segoe UI\",Helvetica,Arial,sans-serif;max-width:none}\
.nf-graph text{fill:currentColor}\
.nf-graph .nf-b{font-weight:600}\
.nf-graph .nf-s{opacity:.78;font-size:11.5px}\
.nf-graph path,.nf-graph line{fill:none;stroke:currentColor;stroke-opacity:.6;stroke-width:1.3}\
.nf-graph .nf-head{fill:currentColor;fill-opacity:.75;stroke:none}\
.nf-graph .nf-dashed{stroke-dasharray:6 4}\
.nf-graph .nf-dotted{stroke-dasharray:2 3;stroke-opacity:.5}\
.nf-graph rect{fill:#808080;fill-opacity:.1;stroke:#808080;stroke-width:1.3}\
.nf-graph .nf-frame{fill-opacity:.04;stroke-dasharray:4 3}\
.nf-graph .nf-bar{stroke:none;fill-opacity:.55}\
.nf-graph .nf-data{fill:#7a7f87;stroke:#7a7f87}\
.nf-graph .nf-space{fill:#8a5bd1;stroke:#8a5bd1}\
.nf-graph .nf-sample{fill:#2f7fd6;stroke:#2f7fd6}\
.nf-graph .nf-train{fill:#d9731a;stroke:#d9731a}\
.nf-graph .nf-evaluate{fill:#2e9e5b;stroke:#2e9e5b}\
.nf-graph .nf-select{fill:#1a9aa0;stroke:#1a9aa0}\
.nf-graph .nf-answer{fill:#c9a100;stroke:#c9a100;stroke-width:2.4}\
.nf-graph .nf-choice{fill:#2f7fd6;stroke:#2f7fd6}\
.nf-graph .nf-join{fill:#1a9aa0;stroke:#1a9aa0}\
.nf-graph .nf-scale{fill:#d9731a;stroke:#d9731a}\
.nf-graph .nf-out{fill:#c9a100;stroke:#c9a100}";

/// Colours of a file of its own, which no page gives any.
const ALONE: &str = ":root{color:#1b1f24;background:#fff}@media(prefers-color-scheme:dark){:root{color:#e6e8eb;background:#15181c}}";

/// A line of a box.
#[derive(Clone, Debug)]
pub struct Words {
    /// What it says.
    pub text: String,
    /// How: `nf-b` is bold, `nf-s` small, empty plain.
    pub class: &'static str,
}

impl Words {
    /// How wide it is drawn, in pixels.
    pub fn width(&self) -> f64 {
        let column = if self.class == "nf-b" { BOLD } else { COLUMN };
        cut(&self.text).width() as f64 * column
    }

    /// A bold line.
    pub fn bold(text: impl Into<String>) -> Words {
        Words { text: text.into(), class: "nf-b" }
    }

    /// A small line.
    pub fn small(text: impl Into<String>) -> Words {
        Words { text: text.into(), class: "nf-s" }
    }
}

/// A box with words.
#[derive(Clone, Debug, Default)]
pub struct Card {
    /// What kind of thing it is: the class of its tint.
    pub class: &'static str,
    /// Its lines.
    pub lines: Vec<Words>,
    /// What is said where the pointer rests on it; empty: its lines.
    pub title: String,
    /// A bar along its lower border, as a share of its width.
    pub share: Option<f64>,
}

impl Card {
    /// Width and height that its words need.
    pub fn size(&self) -> (f64, f64) {
        let widest = self.lines.iter().map(Words::width).fold(46.0, f64::max);
        (widest + 2.0 * PAD, self.lines.len() as f64 * LINE + 2.0 * PAD - 4.0)
    }
}

/// How wide a text is drawn, in pixels.
pub fn width(text: &str) -> f64 {
    text.width() as f64 * COLUMN
}

/// A text of at most [`MOST`] columns.
pub fn cut(text: &str) -> String {
    if text.width() <= MOST {
        return text.to_string();
    }
    let mut out = String::new();
    for c in text.chars() {
        // One column is the mark that something is left out.
        if out.width() + c.width().unwrap_or(0) + 1 > MOST {
            break;
        }
        out.push(c);
    }
    out.trim_end().to_string() + "…"
}

/// As text of XML. Characters that XML does not have (most control characters) are shown as `�`.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\t' | '\n' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            // Marks that turn the direction of writing would let a name look like another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A drawing that is being made.
#[derive(Default)]
pub struct Pen {
    body: String,
}

impl Pen {
    /// A box with its upper left corner there, as wide and high as is said.
    pub fn card(&mut self, card: &Card, (x, y): Point, (w, h): Point) {
        let said =
            if card.title.is_empty() { card.lines.iter().map(|l| &l.text[..]).collect::<Vec<_>>().join("\n") } else { card.title.clone() };
        let _ = write!(self.body, "<g><title>{}</title>", escaped(&said));
        self.rect(card.class, (x, y), (w, h));
        if let Some(share) = card.share.filter(|s| s.is_finite()) {
            let _ = write!(
                self.body,
                "<rect class=\"{} nf-bar\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"3\"/>",
                card.class,
                n(x),
                n(y + h - 3.0),
                n(w * share.clamp(0.0, 1.0))
            );
        }
        for (i, line) in card.lines.iter().enumerate() {
            self.words(line, (x + PAD, y + PAD + LINE * i as f64 + 9.5));
        }
        self.body += "</g>\n";
    }

    /// A frame with words at its top.
    pub fn frame(&mut self, head: &Card, (x, y): Point, size: Point) {
        let said = head.lines.iter().map(|l| &l.text[..]).collect::<Vec<_>>().join("\n");
        let _ = write!(self.body, "<g><title>{}</title>", escaped(&said));
        self.rect(&format!("{} nf-frame", head.class), (x, y), size);
        for (i, line) in head.lines.iter().enumerate() {
            self.words(line, (x + PAD, y + PAD + LINE * i as f64 + 9.5));
        }
        self.body += "</g>\n";
    }

    /// Draws what another has drawn over what is there.
    pub fn over(&mut self, other: Pen) {
        self.body += &other.body;
    }

    /// An empty box.
    pub fn rect(&mut self, class: &str, (x, y): Point, (w, h): Point) {
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"5\"/>",
            n(x),
            n(y),
            n(w.max(0.0)),
            n(h.max(0.0))
        );
    }

    /// A line of words that begins there (its base line).
    pub fn words(&mut self, words: &Words, (x, y): Point) {
        let class = if words.class.is_empty() { String::new() } else { format!(" class=\"{}\"", words.class) };
        let _ = write!(self.body, "<text{class} x=\"{}\" y=\"{}\">{}</text>", n(x), n(y), escaped(&cut(&words.text)));
    }

    /// Words beside a line.
    pub fn label(&mut self, text: &str, (x, y): Point) {
        let _ = writeln!(self.body, "<text class=\"nf-s\" x=\"{}\" y=\"{}\">{}</text>", n(x + 5.0), n(y + 4.0), escaped(&cut(text)));
    }

    /// A curve through points, upright at each, with an arrow's head at its end.
    pub fn curve(&mut self, class: &str, points: &[Point], title: &str) {
        let [first, .., last] = points else { return };
        let mut path = format!("M{} {}", n(first.0), n(first.1));
        for pair in points.windows(2) {
            let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
            if (x1 - x2).abs() < 0.5 {
                let _ = write!(path, "L{} {}", n(x2), n(y2));
            } else {
                let bend = (y1 + y2) / 2.0;
                let _ = write!(path, "C{} {} {} {} {} {}", n(x1), n(bend), n(x2), n(bend), n(x2), n(y2));
            }
        }
        let up = if points[points.len() - 2].1 > last.1 { 1.0 } else { -1.0 };
        self.line(class, &path, title, [(last.0, last.1), (last.0 - 4.0, last.1 + up * 7.0), (last.0 + 4.0, last.1 + up * 7.0)]);
    }

    /// A line from the right border of a box out to a lane, along it, and back to the right border of another box.
    pub fn lane(&mut self, class: &str, from: Point, x: f64, to: Point, title: &str) {
        let path = format!("M{} {}H{}V{}H{}", n(from.0), n(from.1), n(x), n(to.1), n(to.0));
        self.line(class, &path, title, [to, (to.0 + 7.0, to.1 - 4.0), (to.0 + 7.0, to.1 + 4.0)]);
    }

    fn line(&mut self, class: &str, path: &str, title: &str, head: [Point; 3]) {
        let title = if title.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(title)) };
        let [a, b, c] = head.map(|(x, y)| format!("{} {}", n(x), n(y)));
        let _ = writeln!(self.body, "<g>{title}<path class=\"{class}\" d=\"{path}\"/><path class=\"nf-head\" d=\"M{a}L{b}L{c}Z\"/></g>");
    }

    /// The drawing, with a margin all around it. `label` is what it is called where it cannot be seen.
    pub fn done(self, label: &str, (w, h): Point) -> String {
        let (w, h) = (n(w + 2.0 * MARGIN), n(h + 2.0 * MARGIN));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nf-graph\" role=\"img\" aria-label=\"{}\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {w} {h}\"><style>{STYLE}</style>\n<g transform=\"translate({m} {m})\">\n{}</g></svg>\n",
            escaped(label),
            self.body,
            m = n(MARGIN),
        )
    }
}

/// Room around a drawing.
const MARGIN: f64 = 10.0;

/// A drawing as a file of its own: with colours for light and for dark, which a page would give it otherwise.
pub fn alone(svg: &str) -> String {
    svg.replacen("<style>", &format!("<style>{ALONE}"), 1)
}

/// A number of pixels, short.
fn n(value: f64) -> String {
    let text = fixed(value, 1);
    text.strip_suffix(".0").map(str::to_string).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_stay_words() {
        let mut pen = Pen::default();
        let name = "</title><script>alert('1')</script>&\u{0}\u{202e}\"";
        let card = Card { class: "nf-data", lines: vec![Words::bold(name)], ..Card::default() };
        pen.card(&card, (0.0, 0.0), card.size());
        let svg = pen.done(name, (100.0, 50.0));
        let parsed = roxmltree::Document::parse(&svg).expect("XML");
        assert!(!parsed.descendants().any(|e| e.has_tag_name("script")), "{svg}");
        assert!(parsed.descendants().any(|e| e.has_tag_name("title") && e.text().is_some_and(|t| t.contains("<script>"))));
        assert!(!svg.contains('\u{202e}') && !svg.contains('\u{0}'));
    }

    #[test]
    fn long_words_are_cut_by_columns_and_whole_in_the_title() {
        let long = "字".repeat(100);
        assert!(cut(&long).width() <= MOST && cut(&long).ends_with('…'));
        assert_eq!(cut("short"), "short");
        let card = Card { lines: vec![Words::bold(&long[..])], ..Card::default() };
        assert!(card.size().0 < 480.0);
    }
}
