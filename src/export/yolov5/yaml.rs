//! The text of the YAML.

use super::differ::multiples_of_eight;
use super::rows::{Row, Rows};
use crate::export::Artefact;
use crate::export::torch::call;
use crate::space::{Activation, Head};

/// The file, with what a person needs to load it.
pub fn text(artefact: &Artefact, rows: &Rows, differing: &[String], stem: &str) -> String {
    let card = &artefact.card;
    let mut out = format!("# Written by nasflow {}: candidate {}, {} px.\n", ascii(&card.nasflow), card.candidate.hex(), card.image_size());
    out += "#\n# In a clone of YOLOv5 (of the PyPI package: `from yolov5.models.yolo import Model`):\n";
    out += "#   import torch\n#   from models.yolo import Model\n#   from safetensors.torch import load_file\n";
    out += &format!("#   model = Model({})\n", python(&format!("{stem}.yaml")));
    out += &format!("#   model.load_state_dict(load_file({}))\n", python(&format!("{stem}.safetensors")));
    let names: Vec<String> = card.classes.iter().map(|c| python(c)).collect();
    out += &format!("#   model.names = [{}]\n", names.join(", "));
    if (card.norm_eps - 1e-3).abs() > 1e-9 {
        out += &format!("#   for m in model.modules():\n#       if isinstance(m, torch.nn.BatchNorm2d): m.eps = {}\n", card.norm_eps);
    }
    let pt = python(&format!("{stem}.pt"));
    out += &format!("#   torch.save({{\"model\": model}}, {pt})    # for --weights of train.py, val.py and detect.py\n");
    if !differing.is_empty() {
        out += "#\n# UPSTREAM COMPUTES SOMETHING ELSE HERE (`--strict` refuses to write this):\n";
        out += &differing.iter().map(|d| format!("#   {}\n", ascii(d))).collect::<String>();
    }
    out += &format!("\nnc: {}\ndepth_multiple: 1.0\nwidth_multiple: 1.0\n", card.classes.len());
    if !multiples_of_eight(rows) {
        out += "channel_multiple: 1\n";
    }
    if rows.activation != Activation::Silu {
        out += &format!("activation: {}\n", call(rows.activation));
    }
    if let Head::Detect { anchors, strides, .. } = &artefact.program.head {
        out += "anchors:\n";
        for (level, stride) in anchors.iter().zip(strides) {
            let pairs: Vec<String> = level.iter().map(|(w, h)| format!("{},{}", decimal(*w), decimal(*h))).collect();
            out += &format!("  - [{}] # stride {stride}\n", pairs.join(", "));
        }
    }
    let (backbone, head) = rows.rows.split_at(rows.backbone);
    let mut number = 0;
    for (name, part) in [("backbone", backbone), ("head", head)] {
        out += &format!("\n# [from, number, module, args]\n{name}:");
        out += if part.is_empty() { " []\n" } else { "\n" };
        for row in part {
            out += &format!("  - {} # {number}\n", line(row));
            number += 1;
        }
    }
    out
}

fn line(row: &Row) -> String {
    let from = match (row.from.as_slice(), row.module) {
        ([one], module) if !matches!(module, "Concat" | "Detect") => one.to_string(),
        (many, _) => format!("[{}]", many.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")),
    };
    format!("[{from}, {}, {}, [{}]]", row.number, row.module, row.args.join(", "))
}

/// A number with a point, as YAML and Python both read it.
fn decimal(x: f32) -> String {
    format!("{x:?}")
}

/// A Python string of ASCII alone: nothing can end the comment that it stands in.
fn python(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// A sentence for a comment.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect()
}
