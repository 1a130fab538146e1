//! Columns of neighbouring lines: where somebody aligned them, they are aligned; elsewhere one space stands.

use super::line::{Laid, Piece};

/// Aligns the lines of every run of neighbours: nodes of one block, with comments between them, up to an empty line or a block that goes on
/// over several lines.
pub fn align(lines: &mut [Laid]) {
    let mut start = 0;
    while start < lines.len() {
        let indent = lines[start].indent;
        let mut length = 0;
        for (i, line) in lines[start..].iter().enumerate() {
            let comment = line.pieces.is_empty();
            if !(line.whole || comment) || line.indent != indent || (i > 0 && line.apart) {
                break;
            }
            length = i + 1;
            if line.open {
                break;
            }
        }
        if length > 1 {
            run(&mut lines[start..start + length]);
        }
        start += length.max(1);
    }
}

/// The pieces of a line that may be aligned: up to its first `{`, which is no part of a column where its block goes on over several lines.
fn columns(line: &Laid) -> usize {
    line.pieces.iter().position(|p| p.opens).map_or(line.pieces.len(), |i| i + usize::from(!line.open))
}

fn run(lines: &mut [Laid]) {
    let most = lines.iter().map(columns).max().unwrap_or(0);
    for k in 1..most {
        if !aligned(lines, k) {
            continue;
        }
        let end = |line: &Laid| line.pieces[..k].iter().map(width).sum::<usize>();
        let column = lines.iter().filter(|l| columns(l) > k).map(end).max().unwrap_or(0) + 1;
        for line in lines.iter_mut().filter(|l| columns(l) > k) {
            let space = column - line.pieces[..k].iter().map(width).sum::<usize>();
            line.pieces[k].space = space;
        }
    }
}

fn width(piece: &Piece) -> usize {
    piece.space + piece.text.chars().count()
}

/// Whether somebody aligned this column: two neighbours have it in one place, one of them by more than a space.
fn aligned(lines: &[Laid], k: usize) -> bool {
    let place = |line: &Laid| (columns(line) > k).then(|| (line.pieces[k].column - line.pieces[0].column, line.pieces[k].gap));
    let mut before: Option<(usize, usize)> = None;
    for line in lines {
        let Some((column, gap)) = place(line) else { continue };
        if before.is_some_and(|(c, g)| c == column && (g > 1 || gap > 1)) {
            return true;
        }
        before = Some((column, gap));
    }
    false
}
