//! The line `data` of a stage: which images it reads, of one split or of all folds of one.

use crate::document::context::Context;
use crate::document::unknown::missing;
use crate::document::{Diagnostic, Node, Spanned, table};

/// What a stage reads.
pub struct Reads {
    /// The data set.
    pub data: Spanned<String>,
    /// The split; of folds, the one that is cut, which the check of the whole file fills in.
    pub split: Spanned<String>,
    /// The folds, where they are read.
    pub folds: Option<Spanned<String>>,
}

/// `data "x" split=train`, or `data "x" folds="cv"`.
pub fn reads(context: &mut Context, line: &Node) -> Option<Reads> {
    let data = line.text("name")?;
    match (line.property("split"), line.property("folds")) {
        (Some(split), Some(folds)) => {
            let d = Diagnostic::error("contradiction", "`split` and `folds` exclude each other", folds.name.span, "all folds of a split");
            context.push(d.also(split.name.span, "one split").help("keep one of them; which split is cut, `folds` says in the data set"));
            None
        }
        (_, Some(_)) => {
            let folds = line.text("folds")?;
            Some(Reads { data, split: Spanned { value: String::new(), span: folds.span }, folds: Some(folds) })
        }
        (Some(_), None) => Some(Reads { data, split: line.text("split")?, folds: None }),
        (None, None) => {
            let spec = table::node("train", "data")?;
            let d = missing(&context.language, spec, spec.field("split")?, line);
            context.missing(line, d);
            None
        }
    }
}
