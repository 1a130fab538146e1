//! PC-DARTS: branches mixed over a part of the channels; the others pass by, and all are shuffled.
//!
//! Of a `choose` whose branches keep the channels of what they read (the edges of a cell), the first C/K channels go through all
//! branches, which are built with one of K of their channels; the others pass by, through a max pool where the branches have a
//! stride; both are joined, and channels are shuffled by groups of K, so that the next edge's first channels are others. Branches
//! without weights (skip, pools) end in a batch norm without scale and shift. What lies inside such a branch is mixed whole.

use super::{Above, Resolver};
use crate::document::Span;
use crate::space::expand::show;
use crate::space::graph::{Shape, ValueId, Window};
use crate::space::input::Infeasible;
use crate::space::structure::{DecisionId, Item};

type Choose<'c> = &'c mut dyn FnMut(DecisionId) -> usize;

impl Resolver<'_> {
    /// Mixes the branches over a part of the channels where they keep them, else over all.
    pub(super) fn mix_partly(
        &mut self,
        decision: DecisionId,
        branches: &[Item],
        above: Above,
        span: Span,
        choose: Choose,
    ) -> Result<Above, Infeasible> {
        let (k, from) = (self.mixing.partial, self.expander.shape(above.value));
        let why = match from.c.is_multiple_of(k) {
            false => format!("{} channels cannot be divided by {k}", from.c),
            true => match self.part(decision, branches, above, span, choose) {
                Ok(made) if self.keep(&made, from.c / k) && self.uneven.get().is_none() => {
                    return self.mix_part(decision, &made, above, span);
                }
                Ok(_) => {
                    let uneven = self.uneven.get().map(|c| format!("{c} channels of a layer cannot be divided by {k}"));
                    uneven.unwrap_or_else(|| "a branch does not keep them".into())
                }
                Err(e) => e.reason,
            },
        };
        // What was built above is read by nothing, and dropped.
        let made = self.branches(decision, branches, above, choose)?;
        if self.keep(&made, from.c) {
            let label = &self.structure.decisions[decision].label;
            return Err(Infeasible { reason: format!("`{label}` cannot be mixed over 1/{k} of its channels: {why}"), span });
        }
        self.mix(decision, &made, span)
    }

    /// Whether all branches have so many channels.
    fn keep(&self, made: &[(usize, Above)], channels: usize) -> bool {
        made.iter().all(|(_, a)| self.expander.shape(a.value).c == channels)
    }

    /// The branches, over the first channels alone.
    fn part(
        &mut self,
        decision: DecisionId,
        branches: &[Item],
        above: Above,
        span: Span,
        choose: Choose,
    ) -> Result<Vec<(usize, Above)>, Infeasible> {
        self.uneven.set(None);
        let channels = self.expander.shape(above.value).c / self.mixing.partial;
        let value = self.expander.slice(0, channels, above.value).map_err(|reason| Infeasible { reason, span })?;
        self.portion = self.mixing.partial;
        let made = self.branches(decision, branches, Above { value, ..above }, choose);
        self.portion = 1;
        made
    }

    /// What the branches made, mixed and joined with the channels that passed by.
    fn mix_part(&mut self, decision: DecisionId, made: &[(usize, Above)], above: Above, span: Span) -> Result<Above, Infeasible> {
        let mixed = self.mix(decision, made, span)?;
        let fail = |reason: String| Infeasible { reason, span };
        let channels = self.expander.shape(mixed.value).c;
        let rest = self.expander.shape(above.value).c - channels;
        let beside = self.expander.slice(channels, rest, above.value).map_err(fail)?;
        let beside = self.pooled(beside, self.expander.shape(mixed.value)).map_err(fail)?;
        let joined = self.expander.concat(&[mixed.value, beside]).map_err(fail)?;
        let value = self.expander.shuffle(self.mixing.partial, joined).map_err(fail)?;
        Ok(self.relabel(Above { value, ..mixed }))
    }

    /// Max pooling to a smaller map: 2×2 with stride 2 where the branches have stride 2 (the paper's code), padded where the map is odd.
    fn pooled(&mut self, x: ValueId, to: Shape) -> Result<ValueId, String> {
        let from = self.expander.shape(x);
        if (from.h, from.w) == (to.h, to.w) {
            return Ok(x);
        }
        let stride = from.h.div_ceil(to.h.max(1));
        let axis = |from: usize, to: usize| (0..=stride / 2).find(|p| from + 2 * p >= stride && (from + 2 * p - stride) / stride + 1 == to);
        let (Some(h), Some(w)) = (axis(from.h, to.h), axis(from.w, to.w)) else {
            return Err(format!("no pool leads from {} to {} beside the branches", show(from), show(to)));
        };
        let window = Window { kernel: (stride, stride), stride: (stride, stride), padding: (h, w), dilation: (1, 1) };
        self.expander.max_pool(window, x)
    }

    /// A batch norm without scale and shift.
    pub(super) fn normed(&mut self, out: Above, span: Span) -> Result<Above, Infeasible> {
        let name = format!("{}.plain", self.place);
        let value = self.expander.plain_norm(&name, out.value).map_err(|reason| Infeasible { reason, span })?;
        Ok(Above { value, ..out })
    }
}
