//! What `init` says: what was found, and what it reckons.

use super::budget::{Length, Plan};
use super::draft::{Draft, shell};
use super::look::Looked;
use super::sizes;
use crate::base::counted;
use crate::cli::data_text::in_short;
use crate::document::{Task, plain};
use crate::report::number::{self, duration};

/// What was found, in short.
pub fn found(looked: &Looked) -> String {
    let Looked { words, summary, notes, .. } = looked;
    let splits: Vec<String> = summary.splits.iter().map(|s| format!("{} {}", s.name, number::grouped(s.images as u64))).collect();
    let classes: Vec<String> =
        summary.classes.iter().take(12).map(|c| format!("{} {}", plain(&c.name), number::grouped(c.count as u64))).collect();
    let more = if summary.classes.len() > 12 { ", …" } else { "" };
    let mut out = format!("found: {}, {}\n", words.format, in_short(summary));
    out += &format!("  splits: {}\n  classes: {}{more}\n", splits.join(", "), classes.join(", "));
    if let Some(boxes) = &summary.box_sizes {
        out += &format!(
            "  boxes: half are smaller than {:.3} of the image's longer side, one in ten smaller than {:.3}; the smallest to be seen: {:.3}\n",
            boxes.share.median,
            boxes.share.p10,
            sizes::smallest(summary)
        );
    }
    notes.iter().for_each(|note| out += &format!("  note: {note}\n"));
    out
}

/// The reckoning, and what to do next.
pub fn reckoning(draft: &Draft, output: &str, time: f64) -> String {
    let Plan { level, trials, short, long, seconds: [decode, search, finals, compared, rest] } = &draft.plan;
    let share = |l: &Length| if l.share < 1.0 { format!(" over {:.0} % of the images", 100.0 * l.share) } else { String::new() };
    let mut parts = vec![format!("{trials} trials of {} epochs{} ≈ {}", short.epochs, share(short), duration(*search))];
    let seeds = counted(level.seeds, "seed");
    let reference = if draft.words.task() == Task::Detect { "YOLOv5n" } else { "the reference" };
    let best = if level.finals > 1 { format!("the best {}", level.finals) } else { "the best".to_string() };
    let longer = format!("{} epochs{}", long.epochs, share(long));
    parts.push(format!("{best} and {reference} again with {seeds}, {longer}, ≈ {}", duration(*finals)));
    parts.push(format!("{}, {longer}, and the test ≈ {}", counted(level.chance, "random network"), duration(*compared)));
    parts.push(format!("decoding and the rest ≈ {}", duration(decode + rest)));
    let total = draft.plan.total();
    let mut out = format!("wrote {}: {}; together about {}\n", plain(output), parts.join(", "), duration(total));
    if total > time {
        out += &format!("  no search that is worth running fits {}: this is the smallest\n", duration(time));
    }
    out += &format!("  {}\nnext: nasflow run {}\n", level.worth, shell(output));
    out
}
