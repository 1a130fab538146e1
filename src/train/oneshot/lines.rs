//! Fields and lines that several methods have, with the way from what is written to numbers.

use super::softmax::Temperature;
use crate::document::Type::{Int, Number, Positive};
use crate::document::table::Spec;
use crate::document::{ChoiceRule, Diagnostic, Field, MethodLines, Preset, Settings, Type, Unset};

/// Between 0 and 1.
pub const PROBABILITY: &[Type] = &[Number(0.0, 1.0)];
/// At least 0.
pub const NOT_NEGATIVE: &[Type] = &[Number(0.0, 1e9)];
/// How long.
pub const EPOCHS: &[Type] = &[Int(1, 1_000_000)];

const BY_METHOD: &str = "the method's";

/// `warmup`, where this many epochs are the default.
pub const fn warmup(epochs: i64) -> Field {
    Field::one("warmup", &[Int(0, 1_000_000)], "", "Epochs at the start in which only weights learn.").preset(Preset::Int(epochs))
}

/// `choices`.
pub static CHOICES: Spec = Spec::new(
    "choices",
    &["method"],
    &[],
    &[&[
        Field::one("lr", &[Positive], BY_METHOD, "Learning rate."),
        Field::list("betas", PROBABILITY, BY_METHOD, "Adam's two betas."),
        Field::one("weight-decay", NOT_NEGATIVE, BY_METHOD, "On the choices."),
        Field::one("clip-norm", NOT_NEGATIVE, BY_METHOD, "Clips their gradient's norm; 0: off."),
    ]],
    "Where choices learn: their optimiser, which is Adam (of `enas`, the controller's).",
    "choices lr=3e-4 weight-decay=1e-3 { betas 0.5 0.999 }",
)
.once();

/// `temperature`.
pub static TEMPERATURE: Spec = Spec::new(
    "temperature",
    &["method"],
    &["first"],
    &[&[
        Field::one("first", &[Positive], "", "In the first epoch [gumbel 1.0, gdas 10].").required(),
        Field::one("final", &[Positive], "gumbel 0.33, gdas 0.1", "At the horizon, and after it."),
        Field::one("over", &[Positive], "epochs", "The horizon in epochs; written, a longer training goes on from a shorter one."),
    ]],
    "`gumbel` and `gdas`: the temperature of samples, which falls linearly.",
    "temperature 1.0 final=0.33 over=50",
)
.once();

/// How choices learn: `rule`, but for what is written in `choices` and `warmup`.
pub fn choices(settings: &Settings, mut rule: ChoiceRule, found: &mut Vec<Diagnostic>) -> Result<ChoiceRule, Unset> {
    rule.warmup = settings.count("warmup")?;
    let Some(line) = settings.line("choices") else { return Ok(rule) };
    rule.lr = line.number("lr").unwrap_or(rule.lr);
    rule.weight_decay = line.number("weight-decay").unwrap_or(rule.weight_decay);
    rule.clip_norm = line.number("clip-norm").unwrap_or(rule.clip_norm);
    if line.is_written("betas") {
        match line.numbers("betas")[..] {
            [first, second] => (rule.beta1, rule.beta2) = (first, second),
            ref other => {
                let place = line.place("betas");
                let d = Diagnostic::error("several-values", "`betas` takes two numbers", place, format!("{} given", other.len()));
                found.push(d.help("write `betas 0.9 0.999`"));
            }
        }
    }
    Ok(rule)
}

/// The temperature's course: from `first` to `last` over all epochs, but for what is written.
pub fn temperature(lines: &MethodLines, first: f64, last: f64, found: &mut Vec<Diagnostic>) -> Temperature {
    let line = lines.settings.line("temperature");
    let number = |name: &str| line.and_then(|t| t.number(name).ok());
    let first = number("first").unwrap_or(first);
    let over = number("over").unwrap_or(lines.epochs.unwrap_or(1) as f64);
    let rule = Temperature { first, last: number("final").unwrap_or(last), over };
    if let (Some(line), true) = (line, rule.last > rule.first) {
        let written = line.is_written("final");
        let message = format!("the temperature would rise from {} to {}", rule.first, rule.last);
        let label = if written { format!("at most {} expected", rule.first) } else { format!("`final` is {}", rule.last) };
        let d = Diagnostic::error("out-of-range", message, line.place(if written { "final" } else { "first" }), label);
        found.push(d.help("a lower temperature makes samples harder: write it as `final`"));
    }
    rule
}
