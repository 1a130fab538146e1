//! Words that mean something else in other languages: keywords, quotes, paths, lists, comparisons, numbers.

use super::Finder;
use crate::document::lexer::{Kind, Token};
use crate::document::numerals::{self, looks_numeric, number};
use crate::document::shorten::shorten;
use crate::document::table;
use std::ops::Range;

/// Tokens that are looked at for the end of a list.
const LONGEST_LIST: usize = 256;

impl Finder<'_> {
    /// A word with everything that touches it: `data/BCCD` is three tokens and one mistake.
    pub(super) fn run(&mut self, tokens: &[Token], first: usize, at_node: bool) -> usize {
        let mut end = first + 1;
        if self.of(&tokens[first].range) == "[" {
            // The whole list is one mistake.
            let line = tokens[first..]
                .iter()
                .take(LONGEST_LIST)
                .take_while(|t| matches!(t.kind, Kind::Word | Kind::Text | Kind::Stray | Kind::Keyword));
            end = line.enumerate().find(|(_, t)| self.of(&t.range) == "]").map_or(end, |(i, _)| first + i + 1);
        }
        let touches = |end: usize| tokens.get(end).is_some_and(|t| tokens[end - 1].range.end == t.range.start);
        while touches(end) && matches!(tokens[end].kind, Kind::Word | Kind::Stray | Kind::Text | Kind::Keyword) {
            end += 1;
        }
        let range = tokens[first].range.start..tokens[end - 1].range.end;
        let written = self.of(&range);
        let stray = tokens[first..end].iter().any(|t| t.kind == Kind::Stray);
        let before = (first > 0 && tokens[first - 1].kind == Kind::Word).then(|| tokens[first - 1].range.clone());
        if written.starts_with('[') || written.ends_with(']') {
            self.brackets(&range);
        } else if stray {
            self.stray(&range);
        } else if end == first + 1 {
            let assigned = tokens.get(end).is_some_and(|t| t.kind == Kind::Equals);
            let next =
                tokens.get(end + usize::from(assigned)).filter(|t| matches!(t.kind, Kind::Word | Kind::Text)).map(|t| t.range.clone());
            self.word(&range, at_node, before, next);
        }
        end
    }

    fn brackets(&mut self, range: &Range<usize>) {
        let inner = self.of(range).replace(['[', ']', ','], " ");
        let values: Vec<&str> = inner.split_whitespace().collect();
        let help = if values.is_empty() { "3 5".into() } else { shorten(&values.join(" ")) };
        self.say(
            "brackets",
            "there are no `[ ]` lists",
            range,
            "not here",
            format!("several values stand one after the other, without commas: `{{ NAME {help} }}`"),
        );
        self.poison(range);
    }

    fn stray(&mut self, range: &Range<usize>) {
        let written = self.of(range);
        let shown = shorten(written);
        if written.contains('/') && written.len() > 1 {
            let home = if written.starts_with('~') { ", and the whole path: `~` is not replaced by a home folder" } else { "" };
            self.say("unquoted-path", "a text with `/` must be quoted", range, "quotes expected", format!("write `\"{shown}\"`{home}"));
        } else if written == "\\" {
            self.say(
                "stray-character",
                "`\\` stands only at the end of a line, or in a string",
                range,
                "not here",
                "delete it, or quote the text around it",
            );
        } else {
            self.say(
                "stray-character",
                format!("`{shown}` has no meaning here"),
                range,
                "not here",
                "delete it, or quote the text around it",
            );
        }
        self.poison(range);
    }

    fn word(&mut self, range: &Range<usize>, at_node: bool, before: Option<Range<usize>>, next: Option<Range<usize>>) {
        let written = self.of(range);
        let bare = written.trim_end_matches(',');
        if matches!(written, "true" | "false") {
            self.say(
                "bare-keyword",
                format!("`{written}` is written with a `#`"),
                range,
                format!("`#{written}` expected"),
                format!("write `#{written}`"),
            );
        } else if written == "null" {
            self.say("bare-keyword", "there is no `null`", range, "a value expected", "leave the property out to have its default");
        } else if matches!(written, "nan" | "inf" | "-inf") {
            self.say(
                "bare-keyword",
                format!("`{written}` is no number here"),
                range,
                "a finite number expected",
                "leave a bound out where there is none",
            );
        } else if at_node && written.chars().all(|c| c == '.' || c == '…') {
            self.say(
                "ellipsis",
                format!("`{written}` stands for something left out, and nothing can be left out"),
                range,
                "a node's name expected",
                "write the nodes that are meant",
            );
        } else if at_node && written.len() > 1 && written.ends_with(':') {
            self.colon(range);
            return self.poison.push(range.clone());
        } else if matches!(written, "|" | "||") {
            self.say(
                "bar",
                format!("`{written}` is not needed: several values are a choice already"),
                range,
                "delete this",
                "write the values one after the other: `kernel 3 5`",
            );
        } else if written.contains(['<', '>']) && !assigned_name(written) {
            self.comparison(range, before, next);
            // `flops<=2e9` is one property named `flops<`; the value behind `=` says nothing either.
            return self.poison(range);
        } else if written.starts_with('\'') || (written.len() > 1 && written.ends_with('\'')) {
            let inner = written.trim_matches('\'');
            self.say(
                "apostrophes",
                "apostrophes are not quotes: they would be part of the text",
                range,
                "double quotes expected",
                if inner.is_empty() { "use `\"…\"`".to_string() } else { format!("write `\"{}\"`", shorten(inner)) },
            );
        } else if looks_numeric(written) && number(written).is_none() {
            self.number(range);
        } else if bare != written && !bare.is_empty() {
            self.say(
                "comma",
                "values are separated by spaces, not by commas",
                range,
                "no comma here",
                format!("write `{}`", shorten(bare)),
            );
        } else if written == "," {
            self.say("comma", "values are separated by spaces, not by commas", range, "no comma here", "delete it");
            return self.blank(range);
        } else {
            return;
        }
        self.poison(range);
    }

    fn colon(&mut self, range: &Range<usize>) {
        let written = self.of(range);
        let name = shorten(written.trim_end_matches(':'));
        let help = if table::is_known(&name) || self.language.has_field(&name) {
            format!("write `{name}` without the colon")
        } else {
            format!("a layer is named by `as=`: `conv 64 as=\"{name}\"`")
        };
        self.say(
            "colon",
            format!("`{}` is no node: names do not end with a colon", shorten(written)),
            range,
            "a node's name expected",
            help,
        );
    }

    fn comparison(&mut self, range: &Range<usize>, before: Option<Range<usize>>, next: Option<Range<usize>>) {
        let written = self.of(range);
        let side = if written.contains('<') { "max" } else { "min" };
        let (name, behind) = written.split_once(['<', '>']).unwrap_or((written, ""));
        // The whole of it is shown, however many tokens it is.
        let (mut whole, mut name, mut bound) = (range.clone(), name, behind);
        if let (true, Some(before)) = (name.is_empty(), before) {
            name = self.of(&before);
            whole.start = before.start;
        }
        if let (true, Some(next)) = (bound.is_empty(), next) {
            bound = self.of(&next);
            whole.end = next.end;
        }
        let (name, bound) = (if name.is_empty() { "NAME" } else { name }, if bound.is_empty() { "…" } else { bound });
        self.say(
            "comparison",
            "there are no comparisons: a bound is a property",
            &whole,
            format!("`{side}=` expected"),
            format!("write `{} {side}={}`", shorten(name), shorten(bound)),
        );
    }

    fn number(&mut self, range: &Range<usize>) {
        let written = self.of(range);
        let (label, help) = numerals::advice(written);
        self.say("not-a-number", format!("`{}` is not a number", shorten(written)), range, label, help);
    }
}

fn assigned_name(written: &str) -> bool {
    // An arrow or the like in a name is nobody's comparison.
    matches!(written, "->" | "<-" | "=>" | "<->")
}
