//! Which executor, and where: from the words of the command line to what runs and its numerics class.

use super::device::{self, CUDA};
use super::{DeviceChoice, Executor, fast};
use crate::space::Program;

/// What `--executor` and `--device` come to on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// What runs.
    pub device: DeviceChoice,
    /// What the reader should know: that a GPU was looked for and is not there.
    pub note: Option<String>,
}

impl DeviceChoice {
    /// The numerics class of its results; the same word as [`Executor::class`].
    pub fn numerics(self) -> &'static str {
        match self {
            DeviceChoice::Fast => fast::CLASS,
            DeviceChoice::ReferenceCpu => "reference-cpu",
            DeviceChoice::ReferenceCuda(_) => "reference-cuda",
        }
    }

    /// The device, as `--device` names it: `cpu` or `cuda:0`.
    pub fn place(self) -> String {
        match self {
            DeviceChoice::Fast | DeviceChoice::ReferenceCpu => "cpu".into(),
            DeviceChoice::ReferenceCuda(i) => format!("cuda:{i}"),
        }
    }

    /// The executor, as `--executor` names it.
    pub fn executor_name(self) -> &'static str {
        match self {
            DeviceChoice::Fast => "fast",
            DeviceChoice::ReferenceCpu | DeviceChoice::ReferenceCuda(_) => "reference",
        }
    }

    /// The name of its GPU; none where the processor computes, or where the GPU cannot be asked.
    pub fn gpu_name(self) -> Option<String> {
        match self {
            DeviceChoice::Fast | DeviceChoice::ReferenceCpu => None,
            DeviceChoice::ReferenceCuda(i) => device::name(i),
        }
    }

    /// Whether it can run in this process, which keeps its device open. The error is the machine's fault, not a network's.
    pub fn usable(self) -> Result<(), String> {
        match self {
            DeviceChoice::Fast | DeviceChoice::ReferenceCpu => Ok(()),
            DeviceChoice::ReferenceCuda(i) => device::opened(i).map(|_| ()),
        }
    }
}

/// Resolves `--executor` (`fast`, `reference`, or none for what suits the device) and `--device` (`auto`, `cpu`, `cuda`,
/// `cuda:N`). A CUDA device is opened and checked, and given back. `auto` never fails: without a GPU it is the CPU.
pub fn choose(executor: Option<&str>, place: &str) -> Result<Chosen, String> {
    decide(executor, place, CUDA, &device::check)
}

fn decide(executor: Option<&str>, place: &str, built: bool, check: &dyn Fn(usize) -> Result<(), String>) -> Result<Chosen, String> {
    let on_cpu = match executor {
        None | Some("fast") => DeviceChoice::Fast,
        Some("reference") => DeviceChoice::ReferenceCpu,
        Some(other) => return Err(format!("`{other}` is no executor: there are `fast` and `reference`")),
    };
    let plainly = |device| Ok(Chosen { device, note: None });
    let only_cpu = executor == Some("fast");
    match place {
        "cpu" => plainly(on_cpu),
        // A build without CUDA was not made for a GPU: nothing is missing.
        "auto" if only_cpu || !built => plainly(on_cpu),
        "auto" => match check(0) {
            Ok(()) => plainly(DeviceChoice::ReferenceCuda(0)),
            Err(why) => Ok(Chosen { device: on_cpu, note: Some(format!("no GPU: {why}; using the CPU")) }),
        },
        _ => {
            let index = number(place)?;
            if only_cpu {
                return Err(format!("`--executor fast` has no CUDA kernels yet: leave it out with `--device {place}`"));
            }
            check(index).map_err(|why| format!("`--device {place}`: {why}"))?;
            plainly(DeviceChoice::ReferenceCuda(index))
        }
    }
}

/// The number in `cuda:N`; 0 for `cuda`.
fn number(place: &str) -> Result<usize, String> {
    let wrong = || format!("`{place}` is no device: there are `auto`, `cpu`, `cuda` and `cuda:N`");
    match place.strip_prefix("cuda").ok_or_else(wrong)? {
        "" => Ok(0),
        rest => rest.strip_prefix(':').filter(|n| n.bytes().all(|b| b.is_ascii_digit())).and_then(|n| n.parse().ok()).ok_or_else(wrong),
    }
}

/// Whether `--device` reads: `auto`, `cpu`, `cuda` or `cuda:N`. For the argument parser.
pub fn check_place(place: &str) -> Result<String, String> {
    match place {
        "auto" | "cpu" => Ok(place.to_string()),
        other => number(other).map(|_| other.to_string()),
    }
}

/// The executor of a program for batches of up to `max_batch` images. Errors name the faulty node, or the device.
pub fn executor(program: &Program, device: DeviceChoice, max_batch: usize) -> Result<Box<dyn Executor>, String> {
    use super::{FastExecutor, ReferenceExecutor};
    use candle_core::Device;
    Ok(match device {
        DeviceChoice::Fast => Box::new(FastExecutor::new(program, max_batch)?),
        DeviceChoice::ReferenceCpu => Box::new(ReferenceExecutor::new(program, Device::Cpu)?),
        DeviceChoice::ReferenceCuda(i) => Box::new(ReferenceExecutor::new(program, device::opened(i)?)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GPU: &dyn Fn(usize) -> Result<(), String> = &|i| if i < 2 { Ok(()) } else { Err(format!("there is no CUDA device {i}")) };
    const NONE: &dyn Fn(usize) -> Result<(), String> = &|_| Err("there is no driver".into());

    fn chosen(executor: Option<&str>, place: &str, built: bool, check: &dyn Fn(usize) -> Result<(), String>) -> DeviceChoice {
        decide(executor, place, built, check).unwrap().device
    }

    #[test]
    fn a_gpu_is_used_where_there_is_one() {
        use DeviceChoice::*;
        assert_eq!(chosen(None, "auto", true, GPU), ReferenceCuda(0));
        assert_eq!(chosen(Some("reference"), "auto", true, GPU), ReferenceCuda(0));
        assert_eq!(chosen(Some("fast"), "auto", true, GPU), Fast);
        assert_eq!(chosen(None, "cpu", true, GPU), Fast);
        assert_eq!(chosen(Some("reference"), "cpu", true, GPU), ReferenceCpu);
        assert_eq!(chosen(None, "cuda", true, GPU), ReferenceCuda(0));
        assert_eq!(chosen(Some("reference"), "cuda:1", true, GPU), ReferenceCuda(1));
        assert!(decide(None, "cuda:2", true, GPU).unwrap_err().contains("`--device cuda:2`: there is no CUDA device 2"));
        assert!(decide(Some("fast"), "cuda", true, GPU).unwrap_err().contains("no CUDA kernels"));
    }

    #[test]
    fn auto_says_so_in_one_line_and_uses_the_cpu() {
        let found = decide(None, "auto", true, NONE).unwrap();
        assert_eq!(found, Chosen { device: DeviceChoice::Fast, note: Some("no GPU: there is no driver; using the CPU".into()) });
        assert_eq!(chosen(Some("reference"), "auto", true, NONE), DeviceChoice::ReferenceCpu);
        assert!(decide(None, "cuda", true, NONE).unwrap_err().contains("there is no driver"));
        // A build without CUDA does not nag.
        assert_eq!(decide(None, "auto", false, NONE).unwrap(), Chosen { device: DeviceChoice::Fast, note: None });
    }

    #[test]
    fn other_words_are_errors() {
        for place in ["gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:+1", "cuda0", "CUDA", "", "cuda:99999999999999999999"] {
            assert!(check_place(place).unwrap_err().contains("is no device"), "{place}");
            assert!(decide(None, place, true, GPU).is_err(), "{place}");
        }
        assert!(decide(Some("slow"), "cpu", true, GPU).unwrap_err().contains("`slow` is no executor"));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn without_the_feature_the_error_says_how_to_get_it() {
        assert!(choose(None, "cuda").unwrap_err().contains("cargo build --release --features cuda"));
        assert_eq!(choose(None, "auto").unwrap(), Chosen { device: DeviceChoice::Fast, note: None });
    }
}
