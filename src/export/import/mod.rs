//! Upstream's model YAML and hyper-parameters as KDL. Files are hostile until checked; what cannot be taken over is an error at its line.

mod hyp;
mod model;
mod modules;
mod network;
mod yaml;

#[cfg(test)]
pub use model::{ModelYaml, read};
pub use network::Imported;
pub use yaml::MAX_YAML;

use super::kdl::{aligned, comment, quoted, recipe_lines};
use crate::document::Recipe;

/// Epochs of a training where nothing is said: upstream's.
const EPOCHS: usize = 100;
/// What the data set is called.
const DATA: &str = "images";

/// A model YAML as a network.
///
/// # Errors
/// The line, and what is wrong there.
pub fn model(text: &str) -> Result<Imported, String> {
    network::network(&model::read(text)?)
}

/// Hyper-parameters as a recipe.
///
/// # Errors
/// The line, and what is wrong there.
pub fn hyp(text: &str) -> Result<Recipe, String> {
    Ok(Recipe { over: EPOCHS as f64, ..hyp::recipe(text)? })
}

/// A file to be included: the space, a `sample` of it, and with a recipe a `train`. `name` is what the network is called.
///
/// # Errors
/// A layer that the language cannot write.
pub fn file(name: &str, imported: &Imported, recipe: Option<&Recipe>) -> Result<String, String> {
    let lines = super::kdl::network(&imported.architecture, DATA, network::IMAGE)?;
    let (space, sample) = (quoted(name), quoted(&format!("{name} stock")));
    let mut out =
        format!("// The network of {}, with depth and width multiplied out. The head has as many classes as the data.\n", comment(name));
    out += "// Include this file in a pipeline that declares `data \"images\" …`. Shapes on the right are those at 640 px.\n";
    for note in &imported.notes {
        out += &format!("// Note: {note}.\n");
    }
    out += &format!("space {space} {{\n{}}}\n", aligned(&lines));
    out += &format!("sample {sample} {{ from {space}; strategy reference }}\n");
    if let Some(recipe) = recipe {
        out += &format!("train {} {{\n    from {sample}\n    data {} split=train\n", quoted(&format!("{name} trained")), quoted(DATA));
        for line in recipe_lines(recipe, EPOCHS) {
            out += &format!("    {line}\n");
        }
        out += "    init scratch\n}\n";
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
