//! A model as one readable Python file: an `nn.Module` layer by layer, and a loader of the safetensors file beside it.
//!
//! The blocks are those of `blocks.py`, of which a file holds what its network needs. Names of parameters are those of the
//! safetensors file, so that `load_state_dict` checks that the two networks are one. Training and evaluation differ as in PyTorch.

mod layers;

use super::{Artefact, ExportError, Format, Written, safetensors};
use layers::Line;
use std::collections::BTreeSet;

/// `--format pytorch`
pub const FORMAT: Format = Format {
    name: "pytorch",
    ending: "py",
    doc: "a readable `nn.Module` and a loader for its weights, which are written beside it as safetensors",
    write,
    needs: Some("Python with torch and safetensors"),
    differs: None,
    origin: None,
};

/// A layer wider than this has its comment above it, and not beside it.
const WIDE: usize = 80;

/// All blocks, each a class.
const BLOCKS: &str = include_str!("blocks.py");

fn write(artefact: &Artefact, stem: &str) -> Result<Vec<Written>, ExportError> {
    let weights = safetensors::file(artefact)?;
    let text = module(artefact, &format!("{stem}.{}", weights.ending))?;
    Ok(vec![Written { ending: FORMAT.ending, bytes: text.into_bytes() }, weights])
}

/// The file's text; `weights` is the name of the file with the weights.
fn module(artefact: &Artefact, weights: &str) -> Result<String, ExportError> {
    let (card, lines) = (&artefact.card, layers::lines(artefact)?);
    let detector = card.is_detector();
    let size = format!("[batch, {}, {}, {}]", card.architecture.input.channels, card.image_size(), card.image_size());
    let result = match detector {
        true => "In training a list of raw maps, in evaluation boxes [batch, n, 5 + classes]: see Detect.",
        false => "Logits [batch, classes].",
    };
    let mut text = about(artefact, &size);
    text.push_str(&format!(
        "\nfrom pathlib import Path\n\nimport torch\nfrom torch import nn\n\nNAMES = [{}]\nIMAGE_SIZE = {}\nNORM_EPS = {:?}\nNORM_MOMENTUM = {:?}\n",
        card.classes.iter().map(|n| literal(n)).collect::<Vec<_>>().join(", "),
        card.image_size(),
        card.norm_eps,
        card.norm_momentum,
    ));
    text.push_str(&blocks(&lines));
    text.push_str(&format!(
        "\n\nclass Network(nn.Module):\n    \"\"\"{result}\"\"\"\n\n    def __init__(self):\n        super().__init__()\n"
    ));
    text.push_str("        self.model = nn.ModuleList([\n");
    let width = lines.iter().map(|l| l.module.chars().count() + 1).filter(|w| *w <= WIDE).max().unwrap_or(0);
    for (i, line) in lines.iter().enumerate() {
        let (module, about) = (line.module.clone() + ",", format!("# {i}: {}", line.shape));
        text.push_str(&match module.chars().count() <= WIDE {
            true => format!("            {module:width$}  {about}\n"),
            false => format!("            {about}\n            {module}\n"),
        });
    }
    text.push_str("        ])\n\n    def forward(self, image):\n        m = self.model\n");
    let last = lines.len().saturating_sub(1);
    for (i, line) in lines.iter().enumerate() {
        let name = if i == last { "return".to_string() } else { format!("x{i} =") };
        let flat = if i == last && !detector { ".flatten(1)" } else { "" };
        text.push_str(&format!("        {name} m[{i}]({}){flat}\n", line.reads));
    }
    text.push_str(&LOADER.replace("SIZE", &size.replacen("batch", "1", 1)).replace("WEIGHTS", &literal(weights)));
    Ok(text)
}

/// What the file says of the model, as comments.
fn about(artefact: &Artefact, size: &str) -> String {
    let card = &artefact.card;
    let kind = if card.is_detector() { "detector" } else { "classifier" };
    let pairs = |pairs: Vec<String>| if pairs.is_empty() { "none".to_string() } else { pairs.join(", ") };
    let rows = [
        format!("A {kind} found by nasflow {}, as a PyTorch module: `load()` gives it with its weights.", card.nasflow),
        String::new(),
        format!("classes: {}", card.classes.join(", ")),
        format!("input: {size}; {}", card.preprocessing()),
        format!("choices: {}", pairs(card.decisions.iter().map(|(label, value)| format!("{label}={value}")).collect())),
        format!("recipe: {}", pairs(card.recipe.iter().map(|(name, value)| format!("{name}={value}")).collect())),
        format!("metrics: {}", pairs(card.metrics.iter().map(|(name, value)| format!("{name} {value:.4}")).collect())),
        format!("parameters: {}", artefact.program.param_count()),
        format!("candidate: {}", card.candidate.hex()),
        format!("weights: {}", card.weights.hex()),
        format!("trained on: {}", card.data.hex()),
    ];
    let comment = |row: String| format!("# {}", plain(&row)).trim_end().to_string() + "\n";
    rows.into_iter().map(comment).collect()
}

/// The blocks that the lines use, and those that these use, in the order of the file.
fn blocks(lines: &[Line]) -> String {
    let classes: Vec<(&str, &str)> =
        BLOCKS.split("\n\n\n").filter_map(|text| Some((text.strip_prefix("class ")?.split('(').next()?, text))).collect();
    let calls = |text: &str, name: &str| {
        text.match_indices(&format!("{name}(")).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "._".contains(c)))
    };
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut texts: Vec<&str> = lines.iter().map(|l| l.module.as_str()).collect();
    while let Some(text) = texts.pop() {
        for (i, (name, class)) in classes.iter().enumerate() {
            if calls(text, name) && used.insert(i) {
                texts.push(class);
            }
        }
    }
    used.iter().map(|&i| format!("\n\n{}\n", classes[i].1.trim_end())).collect()
}

const LOADER: &str = r#"

def load(path=Path(__file__).with_name(WEIGHTS)):
    """The network with its weights, in evaluation mode; `.train()` for training it on.

    images = torch.rand(SIZE)  # 0 to 1
    found = load()(images)
    """
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise ImportError("the weights are a safetensors file: pip install safetensors") from error
    network = Network()
    network.load_state_dict(load_file(path))
    return network.eval()
"#;

/// Text for a comment: one line.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A Python string.
fn literal(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => vec!['\\', c],
        c if c.is_control() => format!("\\U{:08x}", u32::from(c)).chars().collect(),
        c => vec![c],
    };
    format!("\"{}\"", text.chars().flat_map(escaped).collect::<String>())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
