//! Which number of a block counts the channels of each of its convolutions.

use crate::space::blocks::Block;

/// A number of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    /// Output channels.
    Channels,
    /// Output channels, four times as many as the convolution has.
    Quarters,
    /// Channels inside.
    Hidden,
    /// Channels inside squeeze-excite.
    Squeeze,
}

/// What counts the channels of the convolution at a path of a block: a number; nothing where its input does; none where they are fixed.
pub(super) fn field(block: &Block, path: &str, depthwise: bool) -> Option<Option<Field>> {
    Some(Some(match (block, path) {
        (Block::Conv(b), _) if b.groups == 1 || depthwise => Field::Channels,
        (Block::C3(_), "cv3") | (Block::Bottleneck(_) | Block::Sppf(_), "cv2") | (Block::Mbconv(_), "project") => Field::Channels,
        (Block::C3(_) | Block::Bottleneck(_) | Block::Sppf(_), _) => Field::Hidden,
        (Block::Mbconv(_), "se.fc1") | (Block::SqueezeExcite(_), "fc1") => Field::Squeeze,
        (Block::Mbconv(_), _) => Field::Hidden,
        (Block::Residual(_) | Block::Linear(_), _) => Field::Channels,
        (Block::Inception(_), _) => Field::Quarters,
        (Block::SqueezeExcite(_), _) => return Some(None),
        _ => return None,
    }))
}

/// Writes how many channels a convolution has that this number counts. What does not have the number stays.
pub(super) fn set(block: &mut Block, field: Field, channels: usize) {
    match (block, field) {
        (Block::Conv(b), Field::Channels) => {
            if b.groups > 1 {
                b.groups = channels;
            }
            b.channels = channels;
        }
        (Block::C3(b), Field::Channels) => b.channels = channels,
        (Block::C3(b), Field::Hidden) => b.hidden = channels,
        (Block::Bottleneck(b), Field::Channels) => b.channels = channels,
        (Block::Bottleneck(b), Field::Hidden) => b.hidden = channels,
        (Block::Sppf(b), Field::Channels) => b.channels = channels,
        (Block::Sppf(b), Field::Hidden) => b.hidden = channels,
        (Block::Mbconv(b), Field::Channels) => b.channels = channels,
        (Block::Mbconv(b), Field::Hidden) => b.hidden = channels,
        (Block::Mbconv(b), Field::Squeeze) => b.squeeze = Some(channels),
        (Block::SqueezeExcite(b), Field::Squeeze) => b.reduced = channels,
        (Block::Residual(b), Field::Channels) => b.channels = channels,
        (Block::Linear(b), Field::Channels) => b.channels = channels,
        (Block::Inception(b), Field::Quarters) => b.channels = 4 * channels,
        _ => {}
    }
}
