//! What a data set holds, as text and as JSON.

use crate::data::summary::{BoxSizes, Quantiles, SMALL};
use crate::data::{Finding, Summary};
use crate::document::plain;
use crate::report::number::{counted, grouped};
use crate::report::table::Table;
use serde_json::{Value, json};

/// Classes that the text lists; the JSON has all.
const LISTED: usize = 60;

/// A data set that is shown.
pub struct Shown {
    /// Its name in the pipeline.
    pub name: String,
    /// Its format.
    pub format: &'static str,
    /// Where it lies.
    pub root: String,
    /// At which size small boxes are counted.
    pub size: usize,
    /// What it holds.
    pub summary: Summary,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// Why some of its splits could not be read.
    pub unreadable: Option<String>,
}

/// `364 images, 4,888 boxes of 3 classes`
pub fn in_short(summary: &Summary) -> String {
    let images = format!("{} {}", grouped(summary.images as u64), if summary.images == 1 { "image" } else { "images" });
    let classes = counted(summary.classes.len(), "class");
    match summary.boxes {
        Some(boxes) => format!("{images}, {} boxes of {classes}", grouped(boxes as u64)),
        None => format!("{images} of {classes}"),
    }
}

/// The text.
pub fn text(shown: &Shown, all: bool) -> String {
    let summary = &shown.summary;
    let mut out = format!("{}: {}, {}\n", plain(&shown.root), shown.format, in_short(summary));
    let mut splits = if summary.boxes.is_some() {
        Table::new(["split", ">images", ">boxes", ">without boxes"])
    } else {
        Table::new(["split", ">images"])
    };
    for s in &summary.splits {
        let name = format!("{}{}", s.name, if s.overlaps { " (of the others)" } else { "" });
        splits.row([name, grouped(s.images as u64), grouped(s.boxes as u64), grouped(s.background as u64)]);
    }
    out += &format!("\n{}\n{}", splits.render(2, None), classes(summary).render(2, None));
    if summary.classes.len() > LISTED {
        out += &format!("  … and {} more classes (`--json` lists all)\n", summary.classes.len() - LISTED);
    }
    out += "\n";
    out += &sizes(summary);
    if let Some(boxes) = &summary.box_sizes {
        out += &box_sizes(boxes, shown.size);
    }
    if let Some(why) = &shown.unreadable {
        out += &format!("not all of it can be read: {}\n", plain(why));
    }
    if shown.findings.is_empty() {
        out += "nothing is wrong with its files\n";
    }
    for finding in &shown.findings {
        let word = if finding.kind.is_error() { "broken" } else { "note" };
        out += &format!("{word}: {}\n", plain(&if all { finding.all() } else { finding.to_string() }));
    }
    out
}

fn classes(summary: &Summary) -> Table {
    let count = if summary.boxes.is_some() { ">boxes" } else { ">images" };
    let mut head = vec!["class".to_string(), count.to_string()];
    if summary.boxes.is_some() {
        head.extend([">images".into(), ">median size".into()]);
    }
    let several = summary.splits.len() > 1;
    if several {
        head.extend(summary.splits.iter().map(|s| format!(">{}", s.name)));
    }
    let mut table = Table::new(head);
    for class in summary.classes.iter().take(LISTED) {
        let mut row = vec![plain(&class.name), grouped(class.count as u64)];
        if summary.boxes.is_some() {
            let median = class.median_share.map_or(String::new(), |share| format!("{share:.3}"));
            row.extend([grouped(class.images as u64), median]);
        }
        if several {
            row.extend(class.by_split.iter().map(|n| grouped(*n as u64)));
        }
        table.row(row);
    }
    table
}

fn sizes(summary: &Summary) -> String {
    let (Some(longer), Some(shorter)) = (summary.longer_side, summary.shorter_side) else { return String::new() };
    let colour = if summary.channels == 1 { ", grey" } else { "" };
    match &summary.image_sizes[..] {
        [only] => format!("images: all {} × {} pixels{colour}\n", only.width, only.height),
        [first, ..] => format!(
            "images: longer side {:.0} to {:.0} pixels (median {:.0}), shorter side {:.0} to {:.0}; most often {} × {} ({} of {}){colour}\n",
            longer.least,
            longer.greatest,
            longer.median,
            shorter.least,
            shorter.greatest,
            first.width,
            first.height,
            grouped(first.images as u64),
            grouped(summary.images as u64)
        ),
        [] => String::new(),
    }
}

fn box_sizes(boxes: &BoxSizes, size: usize) -> String {
    let range = |q: &Quantiles, digits: usize| {
        format!(
            "{:.digits$} to {:.digits$}, one in ten below {:.digits$}, half below {:.digits$}, one in ten above {:.digits$}",
            q.least, q.greatest, q.p10, q.median, q.p90
        )
    };
    let smaller: Vec<String> = SMALL.iter().map(|&px| format!("{} below {px}", grouped(boxes.smaller(px, size) as u64))).collect();
    format!(
        "boxes: size (√area) in pixels: {}\n       as a share of the image's longer side: {}\n       at {size} px: {} pixels\n",
        range(&boxes.pixels, 0),
        range(&boxes.share, 3),
        smaller.join(", ")
    )
}

/// The JSON.
pub fn json(shown: &Shown) -> Value {
    let mut value = json!({
        "name": shown.name,
        "format": shown.format,
        "root": shown.root,
        "summary": shown.summary,
        "unreadable": shown.unreadable,
        "findings": shown.findings.iter().map(|f| json!({
            "kind": f.kind, "error": f.kind.is_error(), "count": f.count, "examples": f.examples, "text": f.to_string(),
        })).collect::<Vec<_>>(),
    });
    if let Some(boxes) = &shown.summary.box_sizes {
        let smaller = SMALL.iter().map(|px| (px.to_string(), json!(boxes.smaller(*px, shown.size))));
        value["smaller-boxes"] = json!({ "image-size": shown.size, "below": smaller.collect::<serde_json::Map<_, _>>() });
    }
    value
}
