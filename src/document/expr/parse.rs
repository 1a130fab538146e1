//! From text to steps: or, and, not, comparison, sum, product, sign, in this order of binding.

use super::{Datum, Expr, Operator, Step};
use crate::document::Span;
use crate::document::shorten::shorten;

/// Bounds on hostile texts.
const MAX_LENGTH: usize = 1000;
const MAX_DEPTH: usize = 24;

/// What is wrong with a text: the sentence, the bytes of the text that it is about, and what would be right.
pub type Wrong = (String, std::ops::Range<usize>, &'static str);

/// What a name stands for that is a param.
pub type Param<'p> = &'p dyn Fn(&str) -> Option<Datum>;

/// Parses a text. `place` says where bytes of it stand in the file.
pub fn parse(text: &str, param: Param, place: &dyn Fn(std::ops::Range<usize>) -> Span) -> Result<Expr, Wrong> {
    if text.len() > MAX_LENGTH {
        return Err((format!("this expression has more than {MAX_LENGTH} bytes"), 0..text.len(), "write it shorter"));
    }
    let tokens = tokens(text)?;
    let expr = Expr { text: text.to_string(), labels: vec![], params: vec![], steps: vec![] };
    let mut parser = Parser { tokens, at: 0, depth: 0, end: text.len(), expr, param, place };
    parser.level(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(parser.expr),
        Some((Token::Sign("="), range)) => Err(("`=` compares nothing".into(), range.clone(), "write `==`")),
        Some((_, range)) => {
            Err((format!("`{}` is not expected here", shorten(&text[range.clone()])), range.clone(), "an operator or the end expected"))
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Word(String),
    Name(String),
    Sign(&'static str),
}

const SIGNS: [&str; 15] = ["==", "!=", "<=", ">=", "<", ">", "=", "+", "-", "*", "/", "(", ")", ",", "%"];

fn tokens(text: &str) -> Result<Vec<(Token, std::ops::Range<usize>)>, Wrong> {
    let mut found = vec![];
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let run = |fits: fn(char) -> bool| rest.find(|c: char| !fits(c)).unwrap_or(rest.len());
        let (token, length) = match c {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '0'..='9' => {
                let length = run(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
                // 1e-3: the sign belongs to the number.
                let signed = rest[..length].ends_with(['e', 'E']) && rest[length..].starts_with(['-', '+']);
                let more = if signed { 1 + rest[length + 1..].bytes().take_while(u8::is_ascii_digit).count() } else { 0 };
                let length = length + more;
                match rest[..length].parse::<f64>().ok().filter(|x| x.is_finite()) {
                    Some(x) => (Token::Number(x), length),
                    None => return Err((format!("`{}` is no number", shorten(&rest[..length])), at..at + length, "a number expected")),
                }
            }
            '"' | '\'' | '`' => {
                let Some(length) = rest[1..].find(c) else {
                    return Err((format!("{c} is not closed"), at..text.len(), "the closing one is missing"));
                };
                let inside = rest[1..=length].to_string();
                (if c == '`' { Token::Name(inside) } else { Token::Word(inside) }, length + 2)
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = run(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
                (Token::Name(rest[..length].to_string()), length)
            }
            _ => match SIGNS.iter().find(|s| rest.starts_with(**s)) {
                Some(sign) => (Token::Sign(sign), sign.len()),
                None => {
                    let help = "labels with other characters than letters, digits, `_` and `.` stand between backquotes";
                    return Err((format!("`{c}` is not expected here"), at..at + c.len_utf8(), help));
                }
            },
        };
        found.push((token, at..at + length));
        at += length;
    }
    Ok(found)
}

struct Parser<'p> {
    tokens: Vec<(Token, std::ops::Range<usize>)>,
    at: usize,
    depth: usize,
    end: usize,
    expr: Expr,
    param: Param<'p>,
    place: &'p dyn Fn(std::ops::Range<usize>) -> Span,
}

/// Operators between two values, by how they bind; `not` binds between the second and the third.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("or", Operator::Or)],
    &[("and", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::Unequal),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
];

const FUNCTIONS: [(&str, Operator); 5] =
    [("min", Operator::Min), ("max", Operator::Max), ("round", Operator::Round), ("floor", Operator::Floor), ("ceil8", Operator::Ceil8)];

impl Parser<'_> {
    fn word(&self) -> Option<&str> {
        match self.tokens.get(self.at) {
            Some((Token::Name(name), _)) => Some(name),
            Some((Token::Sign(sign), _)) => Some(sign),
            _ => None,
        }
    }

    fn range(&self) -> std::ops::Range<usize> {
        self.tokens.get(self.at).map_or(self.end..self.end, |t| t.1.clone())
    }

    fn push(&mut self, step: Step, range: std::ops::Range<usize>) {
        let span = (self.place)(range);
        self.expr.steps.push((step, span));
    }

    /// Values joined by the operators of a level.
    fn level(&mut self, level: usize) -> Result<(), Wrong> {
        let Some(operators) = LEVELS.get(level) else { return self.signed() };
        if level == 2 && self.word() == Some("not") {
            return self.prefixed(Operator::Not, 2);
        }
        self.level(level + 1)?;
        while let Some(&(_, operator)) = self.word().and_then(|w| operators.iter().find(|(o, _)| *o == w)) {
            let range = self.range();
            self.at += 1;
            self.level(level + 1)?;
            self.push(Step::Do(operator), range);
        }
        Ok(())
    }

    fn prefixed(&mut self, operator: Operator, level: usize) -> Result<(), Wrong> {
        let range = self.range();
        self.deeper(|p| {
            p.at += 1;
            p.level(level)
        })?;
        self.push(Step::Do(operator), range);
        Ok(())
    }

    fn deeper(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Wrong>) -> Result<(), Wrong> {
        if self.depth >= MAX_DEPTH {
            return Err((format!("this is nested deeper than {MAX_DEPTH}"), self.range(), "write it flatter"));
        }
        self.depth += 1;
        work(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn signed(&mut self) -> Result<(), Wrong> {
        match self.word() {
            Some("-") => self.prefixed(Operator::Negate, LEVELS.len()),
            _ => self.operand(),
        }
    }

    fn close(&mut self) -> Result<(), Wrong> {
        if self.word() != Some(")") {
            return Err(("`)` is missing".into(), self.range(), "`)` expected"));
        }
        self.at += 1;
        Ok(())
    }

    fn operand(&mut self) -> Result<(), Wrong> {
        let range = self.range();
        let Some((token, _)) = self.tokens.get(self.at).cloned() else {
            let what = if self.expr.steps.is_empty() { "this expression is empty" } else { "a value is missing at the end" };
            return Err((what.into(), range, "a label, a number or a word expected"));
        };
        self.at += 1;
        let step = match token {
            Token::Number(x) => Step::Value(Datum::Number(x)),
            Token::Word(word) => Step::Value(Datum::Word(word)),
            Token::Sign("(") => {
                self.deeper(|p| p.level(0))?;
                return self.close();
            }
            Token::Sign(sign) => {
                return Err((format!("a value is missing before `{sign}`"), range, "a label, a number or a word expected"));
            }
            Token::Name(name) if self.word() == Some("(") => return self.call(&name, range),
            Token::Name(name) if matches!(name.as_str(), "and" | "or" | "not") => {
                return Err((format!("a value is missing before `{name}`"), range, "a label, a number or a word expected"));
            }
            Token::Name(name) if matches!(name.as_str(), "true" | "false") => Step::Value(Datum::Flag(name == "true")),
            Token::Name(name) => match (self.param)(&name) {
                Some(value) => {
                    self.expr.params.push(name);
                    Step::Value(value)
                }
                None => {
                    let known = self.expr.labels.iter().position(|l| *l == name);
                    Step::Label(known.unwrap_or_else(|| {
                        self.expr.labels.push(name);
                        self.expr.labels.len() - 1
                    }))
                }
            },
        };
        self.push(step, range);
        Ok(())
    }

    /// `min(a, b)`, `ceil8(a)`
    fn call(&mut self, name: &str, range: std::ops::Range<usize>) -> Result<(), Wrong> {
        let Some(&(_, operator)) = FUNCTIONS.iter().find(|(f, _)| *f == name) else {
            return Err((format!("there is no function `{}`", shorten(name)), range, "known are min, max, round, floor and ceil8"));
        };
        self.at += 1;
        self.deeper(|p| p.level(0))?;
        if operator.is_unary() {
            self.push(Step::Do(operator), range);
        } else {
            if self.word() != Some(",") {
                return Err((format!("`{name}` takes two values"), self.range(), "`,` expected"));
            }
            while self.word() == Some(",") {
                self.at += 1;
                self.deeper(|p| p.level(0))?;
                self.push(Step::Do(operator), range.clone());
            }
        }
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Expr, Wrong> {
        let param = |name: &str| (name == "n").then_some(Datum::Number(7.0));
        parse(text, &param, &|range| Span { file: 0, offset: range.start, len: range.len() })
    }

    fn value(text: &str) -> Datum {
        let expr = parsed(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let of = |label: &String| match label.as_str() {
            "op" => Datum::Word("residual".into()),
            "c" => Datum::Number(96.0),
            "conv#2.kernel" => Datum::Number(3.0),
            other => panic!("{other}"),
        };
        expr.evaluate(&expr.labels.iter().map(of).collect::<Vec<_>>()).unwrap_or_else(|e| panic!("{text}: {e:?}"))
    }

    #[test]
    fn operators_bind_as_in_arithmetic() {
        for (text, expected) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("10 - 4 - 3", 3.0),
            ("8 / 4 / 2", 1.0),
            ("-2 * -3", 6.0),
            ("2 - -3", 5.0),
            ("ceil8(2 * c + 1)", 200.0),
            ("min(c, 3, 5)", 3.0),
            ("max(1, floor(2.9))", 2.0),
            ("round(2.5)", 3.0),
            ("n", 7.0),
            ("`conv#2.kernel` + 1e-1", 3.1),
            ("1.5e2", 150.0),
        ] {
            assert_eq!(value(text), Datum::Number(expected), "{text}");
        }
        for (text, expected) in [
            ("c == 96", true),
            ("not c == 96", false),
            ("not c > 100 and c >= 96", true),
            ("c < 1 or op == \"residual\"", true),
            ("op != 'residual' and c == 1 or true", true),
            ("op == 3", false),
            ("16 * 4 <= c", true),
        ] {
            assert_eq!(value(text), Datum::Flag(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        for (text, at, part) in [
            ("", 0..0, "empty"),
            ("c = 3", 2..3, "compares nothing"),
            ("c +", 3..3, "at the end"),
            ("c + * 2", 4..5, "missing before `*`"),
            ("(c", 2..2, "`)` is missing"),
            ("c 3", 2..3, "not expected"),
            ("sin(c)", 0..3, "no function `sin`"),
            ("min(c)", 5..6, "two values"),
            ("c == \"x", 5..7, "not closed"),
            ("c & 1", 2..3, "`&`"),
            ("3x", 0..2, "no number"),
            ("1e999", 0..5, "no number"),
            ("c % 2", 2..3, "not expected"),
            ("and", 0..3, "missing before `and`"),
        ] {
            let (message, range, _) = parsed(text).expect_err(text);
            assert_eq!(range, at, "{text}: {message}");
            assert!(message.contains(part), "{text}: {message}");
        }
        for (text, part) in
            [("c / 0", "divided by 0"), ("c < 'a'", "takes numbers"), ("not c", "true or false"), ("1 < c < 3", "takes numbers")]
        {
            let fault = parsed(text).expect("parses").evaluate(&[Datum::Number(2.0)]).expect_err(text);
            assert!(fault.reason.contains(part), "{text}: {}", fault.reason);
        }
    }

    #[test]
    fn hostile_texts_end() {
        for text in
            ["(".repeat(999), "-".repeat(999), "not ".repeat(240), "1+".repeat(499), "min(".repeat(240), "é ".repeat(300), "`".into()]
        {
            assert!(parsed(&text).is_err());
        }
        assert!(parsed(&"1".repeat(2000)).is_err());
        let long = format!("1{}", "+1".repeat(499));
        assert_eq!(parsed(&long).expect("flat").evaluate(&[]), Ok(Datum::Number(500.0)));
        for text in ["9e307 * 9e307", "1 / 1e-320 / 1e-320"] {
            assert!(parsed(text).expect("parses").evaluate(&[]).is_err(), "{text}");
        }
        // Every cut of a text that mixes everything ends in a value or an error.
        let text = "min(a, -`b#1`) * 2.5e-3 >= ceil8(c) and not (d == \"é\" or 'x' != e)";
        for end in (0..=text.len()).filter(|&e| text.is_char_boundary(e)) {
            if let Ok(expr) = parsed(&text[..end]) {
                let _ = expr.evaluate(&vec![Datum::Number(1.0); expr.labels.len()]);
            }
        }
    }
}
