//! CUDA devices: which are there, why none is, and whether one computes what it should.

use candle_core::{Device, Tensor};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Whether this build has candle's CUDA backend (the cargo feature `cuda`).
pub const CUDA: bool = cfg!(feature = "cuda");

/// A CUDA device.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gpu {
    /// Its number: `--device cuda:INDEX`.
    pub index: usize,
    /// Its name, as the driver has it.
    pub name: String,
    /// Compute capability: major, minor.
    pub compute_capability: (i32, i32),
    /// Bytes of memory.
    pub memory: usize,
    /// Bytes of it that are free.
    pub memory_free: usize,
    /// Why it cannot be used; none where a small computation on it came out right.
    pub fault: Option<String>,
}

/// The instruction set of the CPU that the fast kernels use here: `avx512`, `avx2` or `portable`.
pub fn instruction_set() -> &'static str {
    nasflow_kernels::instruction_set()
}

/// The CUDA devices of this machine; why there is none, in words, where there is none.
pub fn gpus() -> Result<Vec<Gpu>, String> {
    let look = |index| {
        let fault = check(index).err();
        imp::describe(index, fault.clone()).unwrap_or_else(|why| Gpu {
            index,
            name: "unknown".into(),
            compute_capability: (0, 0),
            memory: 0,
            memory_free: 0,
            fault: fault.or(Some(why)),
        })
    };
    Ok((0..imp::count()?).map(look).collect())
}

/// Opens a device and lets it compute something whose result is known. What it holds is given back.
pub(super) fn check(index: usize) -> Result<(), String> {
    let device = imp::open(index)?;
    let failed = |e: candle_core::Error| format!("CUDA device {index}: {e}");
    // Whole numbers, so that the result is exact in whatever order and precision it is summed.
    let side = 32;
    let values: Vec<f32> = (0..side * side).map(|i| (i % 7) as f32).collect();
    let product = |device: &Device| -> candle_core::Result<Vec<f32>> {
        let x = Tensor::from_slice(&values, (side, side), device)?;
        x.matmul(&x.t()?)?.affine(0.5, 1.0)?.flatten_all()?.to_vec1()
    };
    match product(&device).map_err(failed)? == product(&Device::Cpu).map_err(failed)? {
        true => Ok(()),
        false => Err(format!("CUDA device {index}: a product of two small matrices came out wrong")),
    }
}

/// The name of a device, asked once a process.
pub(super) fn name(index: usize) -> Option<String> {
    static NAMES: Mutex<BTreeMap<usize, String>> = Mutex::new(BTreeMap::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(name) = names.get(&index) {
        return Some(name.clone());
    }
    let name = imp::describe(index, None).ok()?.name;
    names.insert(index, name.clone());
    Some(name)
}

/// The device of a number, opened once a process: opening takes a second, and its kernels are loaded once.
pub(super) fn opened(index: usize) -> Result<Device, String> {
    static OPEN: Mutex<BTreeMap<usize, Device>> = Mutex::new(BTreeMap::new());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(device) = open.get(&index) {
        return Ok(device.clone());
    }
    let device = imp::open(index)?;
    open.insert(index, device.clone());
    Ok(device)
}

#[cfg(not(feature = "cuda"))]
mod imp {
    use super::{Device, Gpu};

    const WITHOUT: &str = "this nasflow was built without CUDA: `cargo build --release --features cuda` (README, \"On a GPU\")";

    pub fn count() -> Result<usize, String> {
        Err(WITHOUT.into())
    }

    pub fn describe(_: usize, _: Option<String>) -> Result<Gpu, String> {
        Err(WITHOUT.into())
    }

    pub fn open(_: usize) -> Result<Device, String> {
        Err(WITHOUT.into())
    }
}

#[cfg(feature = "cuda")]
mod imp {
    use super::{Device, Gpu};
    use candle_core::cuda_backend::cudarc::driver::{CudaContext, DriverError, sys::CUresult};

    /// At least one.
    pub fn count() -> Result<usize, String> {
        match CudaContext::device_count().map_err(words)? {
            n if n > 0 => Ok(n as usize),
            _ => Err("the NVIDIA driver sees no device".into()),
        }
    }

    pub fn describe(index: usize, fault: Option<String>) -> Result<Gpu, String> {
        let context = CudaContext::new(index).map_err(words)?;
        let (memory_free, memory) = context.mem_get_info().map_err(words)?;
        let (name, compute_capability) = (context.name().map_err(words)?, context.compute_capability().map_err(words)?);
        Ok(Gpu { index, name, compute_capability, memory, memory_free, fault })
    }

    /// One stream of its own: candle's `new_cuda` takes the stream of whichever thread calls, and the tape's backward runs
    /// on another thread than its forward, so the two would not wait for each other.
    pub fn open(index: usize) -> Result<Device, String> {
        let count = count()?;
        if index >= count {
            return Err(format!(
                "there is no CUDA device {index}: there {}, counted from 0",
                if count == 1 { "is 1".into() } else { format!("are {count}") }
            ));
        }
        Device::new_cuda_with_stream(index).map_err(|e| format!("CUDA device {index} cannot be opened: {e}"))
    }

    /// A driver's error for people. The lazily loaded library of scripts/cuda answers 34 where there is none.
    fn words(e: DriverError) -> String {
        match e.0 {
            CUresult::CUDA_ERROR_STUB_LIBRARY => "there is no NVIDIA driver here (libcuda.so.1 was not found)".into(),
            CUresult::CUDA_ERROR_NO_DEVICE => "the NVIDIA driver sees no device".into(),
            CUresult::CUDA_ERROR_SYSTEM_DRIVER_MISMATCH => "the NVIDIA driver and its library are of different versions".into(),
            _ => format!("the NVIDIA driver says {e}"),
        }
    }
}
