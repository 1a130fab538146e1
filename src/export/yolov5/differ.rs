//! What upstream computes otherwise than nasflow though every weight fits.

use super::rows::Rows;
use crate::export::{Artefact, ExportError};
use crate::space::Head;

/// Upstream gives every batch norm this epsilon.
const EPS: f64 = 1e-3;
/// Upstream finds strides by an image of this side.
const PROBE: usize = 256;

/// One sentence each; empty where upstream computes the same.
pub fn differences(artefact: &Artefact, rows: &Rows) -> Result<Vec<String>, ExportError> {
    let mut out = rows.differing.clone();
    if (artefact.card.norm_eps - EPS).abs() > 1e-9 {
        out.push(format!("batch norm adds {} to the variance; upstream sets {EPS} (the lines below set it back)", artefact.card.norm_eps));
    }
    if !multiples_of_eight(rows) {
        out.push(
            "channels are not multiples of 8: YOLOv5 reads `channel_multiple` since 2023, v7.0 rounds them up and cannot load the weights"
                .into(),
        );
    }
    let Head::Detect { strides, anchors, .. } = &artefact.program.head else { return Ok(out) };
    let probed = artefact.card.architecture.at_size(PROBE).and_then(|a| a.program());
    let same = probed.is_ok_and(|p| matches!(&p.head, Head::Detect { strides: s, .. } if s == strides));
    if !same {
        out.push(format!("at {PROBE} px, where upstream measures the strides of the head, they are not {strides:?}"));
    }
    let area = |level: &Vec<(f32, f32)>| level.iter().map(|(w, h)| w * h).sum::<f32>();
    if let (Some(first), Some(last)) = (anchors.first().map(area), anchors.last().map(area))
        && first > last
    {
        out.push(
            "the anchors shrink from level to level; upstream turns their order when it builds the network (the weights bring it back)"
                .into(),
        );
    }
    Ok(out)
}

/// Whether `make_divisible` leaves all channels as they are.
pub fn multiples_of_eight(rows: &Rows) -> bool {
    let rounded = |m: &str| matches!(m, "Conv" | "C3" | "Bottleneck" | "GhostBottleneck" | "SPPF");
    let channels = rows.rows.iter().filter(|r| rounded(r.module)).filter_map(|r| r.args.first()?.parse::<usize>().ok());
    channels.into_iter().all(|c| c.is_multiple_of(8))
}
