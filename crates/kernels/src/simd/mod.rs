//! Run-time choice of the instruction set, and the vector operations every kernel is written in once.
//!
//! Invariant: each operation gives the same bits in every implementation (fused multiply-add everywhere, no
//! approximate reciprocals, no reduction across lanes), so a kernel that keeps one chain an output gives the same
//! bits on every machine.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use portable::Portable;

use std::cell::Cell;
use std::sync::OnceLock;

/// The instruction sets there are kernels for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// AVX-512F: 16 lanes, 32 registers.
    Avx512,
    /// AVX2 and FMA: 8 lanes, 16 registers.
    Avx2,
    /// Any machine; fast only where `f32::mul_add` is an instruction.
    Portable,
}

impl InstructionSet {
    /// "avx512", "avx2" or "portable".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// Whether this machine has it.
    pub fn available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// All that this machine has, best first.
    pub fn all_available() -> Vec<Self> {
        [Self::Avx512, Self::Avx2, Self::Portable].into_iter().filter(|s| s.available()).collect()
    }
}

thread_local! {
    static OVERRIDE: Cell<Option<InstructionSet>> = const { Cell::new(None) };
}

/// The set that kernels called from this thread use: the best the machine has, unless [`with_instruction_set`] says
/// otherwise.
pub(crate) fn current() -> InstructionSet {
    static BEST: OnceLock<InstructionSet> = OnceLock::new();
    OVERRIDE.get().unwrap_or_else(|| *BEST.get_or_init(|| InstructionSet::all_available()[0]))
}

/// Runs `f` on a thread of rayon's current pool, with this thread's instruction set. Whoever calls many kernels does it once around
/// them: kernels called from outside wake the pool, and wait for it, every time.
pub fn in_pool<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    let set = current();
    rayon::scope(|_| with_instruction_set(set, f))
}

/// The name of the instruction set in use: "avx512", "avx2" or "portable".
pub fn instruction_set() -> &'static str {
    current().name()
}

/// Runs `f` with kernels called from this thread using `set` (their worker threads follow). For tests and comparisons.
///
/// # Panics
/// Where the machine lacks `set`.
pub fn with_instruction_set<R>(set: InstructionSet, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<InstructionSet>);
    impl Drop for Restore {
        fn drop(&mut self) {
            OVERRIDE.set(self.0);
        }
    }
    assert!(set.available(), "this machine has no {}", set.name());
    let _restore = Restore(OVERRIDE.replace(Some(set)));
    f()
}

/// Vectors of `LANES` floats.
///
/// # Safety
/// The methods may run only where the instruction set exists (inside a [`vectorised`] function); pointers must be good
/// for the lanes they touch. Alignment is never needed.
pub(crate) trait Simd: Copy + 'static {
    /// One register.
    type V: Copy;
    /// Floats a register.
    const LANES: usize;
    unsafe fn splat(x: f32) -> Self::V;
    unsafe fn load(p: *const f32) -> Self::V;
    /// The first `n <= LANES` floats, zeros after them; touches no other memory.
    unsafe fn load_n(p: *const f32, n: usize) -> Self::V;
    unsafe fn store(p: *mut f32, v: Self::V);
    /// Stores the first `n <= LANES` floats; touches no other memory.
    unsafe fn store_n(p: *mut f32, v: Self::V, n: usize);
    /// a·b + c, rounded once.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// a > b ? a : b (so b where either is NaN).
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// a < b ? a : b (so b where either is NaN).
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// a > b ? t : f.
    unsafe fn if_gt(a: Self::V, b: Self::V, t: Self::V, f: Self::V) -> Self::V;
    /// a > b or a is NaN ? t : f.
    unsafe fn if_gt_or_nan(a: Self::V, b: Self::V, t: Self::V, f: Self::V) -> Self::V;
    /// For each lane, whether its byte of `LANES` at `p` is `b` ? t : f.
    unsafe fn if_byte(p: *const u8, b: u8, t: Self::V, f: Self::V) -> Self::V;
    /// Eight floats, whatever `LANES` is: half a register, or a whole one.
    type Eight: Copy;
    unsafe fn load8(p: *const f32) -> Self::Eight;
    unsafe fn store8(p: *mut f32, v: Self::Eight);
    unsafe fn add8(a: Self::Eight, b: Self::Eight) -> Self::Eight;
    /// An 8 × 8 matrix transposed.
    unsafe fn turn8(rows: [Self::Eight; 8]) -> [Self::Eight; 8];
    /// Adds `bits(k) << 23` to the bits of `p`: p·2ᵏ with k in the low mantissa bits.
    unsafe fn scale_exponent(p: Self::V, k: Self::V) -> Self::V;
}

/// Loads a whole vector, or its first `n` lanes where the row ends.
#[inline(always)]
pub(crate) unsafe fn load<S: Simd>(p: *const f32, n: usize) -> S::V {
    if n >= S::LANES { S::load(p) } else { S::load_n(p, n) }
}

/// Stores a whole vector, or its first `n` lanes where the row ends.
#[inline(always)]
pub(crate) unsafe fn store<S: Simd>(p: *mut f32, v: S::V, n: usize) {
    if n >= S::LANES { S::store(p, v) } else { S::store_n(p, v, n) }
}

/// Makes the dispatching function `$name(set, …)` for the generic kernel `$body::<S>(…)`: three copies, each compiled for
/// its instruction set. `$body` must be `#[inline(always)]`. Every such function is unsafe because `set` must be one that the
/// machine has ([`current`]), beside what its own `# Safety` asks.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $out:ty)? = $body:ident) => {
        $(#[$meta])*
        $vis unsafe fn $name(set: $crate::simd::InstructionSet, $($arg: $ty),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            unsafe fn avx512($($arg: $ty),*) $(-> $out)? { $body::<$crate::simd::Avx512>($($arg),*) }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $ty),*) $(-> $out)? { $body::<$crate::simd::Avx2>($($arg),*) }
            // `set` comes from `current()`, which only names sets the machine has.
            match set {
                #[cfg(target_arch = "x86_64")]
                $crate::simd::InstructionSet::Avx512 => avx512($($arg),*),
                #[cfg(target_arch = "x86_64")]
                $crate::simd::InstructionSet::Avx2 => avx2($($arg),*),
                _ => $body::<$crate::simd::Portable>($($arg),*),
            }
        }
    };
}
pub(crate) use vectorised;
