//! Some channels, and channels in another order.

use candle_core::{Result, Tensor};

/// Channels `first` … `first + channels` of n × c × h × w.
pub(super) fn slice(x: &Tensor, first: usize, channels: usize) -> Result<Tensor> {
    x.narrow(1, first, channels)?.contiguous()
}

/// The groups × (c / groups) grid of channels, transposed.
pub(super) fn shuffle(x: &Tensor, groups: usize) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    x.contiguous()?.reshape((n, groups, c / groups, h * w))?.transpose(1, 2)?.contiguous()?.reshape((n, c, h, w))
}
