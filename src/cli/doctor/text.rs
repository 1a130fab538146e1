//! The findings as lines for people.

use super::findings::{Cuda, Findings, Used};
use super::user::User;
use crate::cli::print;
use crate::report::table::Table;

/// The whole text.
pub fn text(f: &Findings) -> String {
    let features = if f.features.is_empty() { "none".into() } else { f.features.join(", ") };
    let mut out = format!("nasflow     {}, features: {features}\n", f.version);
    let m = &f.machine;
    out += &format!("processor   {}, kernels use {}\n", m.name, m.instruction_set);
    out += &format!("memory      {}, {} free\n", size(m.memory), size(m.memory_free));
    let s = &f.store;
    let (writable, schema) = (if s.writable { "writable" } else { "not writable" }, s.schema.map(|v| format!(", schema {v}")));
    out += &format!("store       {} ({}), {writable}, {} free{}\n", s.root, s.found, size(s.free), schema.unwrap_or_default());
    out += &format!("config      {}\n", configuration(&f.configuration));
    out += &cuda(&f.cuda);
    for fault in &f.faults {
        out += &format!("fault: {fault}\n");
    }
    match &f.used {
        Some(used) => out + &will(used),
        None => out + "will be used: nothing, until the fault is mended\n",
    }
}

fn configuration(user: &User) -> String {
    let Some(path) = &user.path else { return "none".into() };
    let sets: Vec<String> = user.sets.iter().map(|(name, value)| format!("{name} {value}")).collect();
    match (user.exists, sets.is_empty()) {
        (false, _) => format!("{path} is not there"),
        (true, true) => format!("{path}, which sets nothing"),
        (true, false) => format!("{path}: {}", sets.join(", ")),
    }
}

fn cuda(c: &Cuda) -> String {
    let driver = c.driver.as_ref().map_or("no driver loaded".to_string(), |v| format!("driver {v}"));
    let mut out = format!("CUDA        {driver}\n");
    if let Some(why) = &c.none_because {
        out += &format!("  no device: {why}\n");
    }
    for d in &c.devices {
        let (major, minor) = d.compute_capability;
        let memory = format!("{}, {} free", size(Some(d.memory as u64)), size(Some(d.memory_free as u64)));
        let state = d.fault.as_ref().map_or("works".to_string(), |f| format!("cannot be used: {f}"));
        out += &format!("  cuda:{}  {}, compute capability {major}.{minor}, {memory}, {state}\n", d.index, d.name);
    }
    // Without the feature and without a driver, what is missing matters to nobody.
    if c.built || c.driver.is_some() {
        let mut table = Table::new(["library", "version", "where", "what for"]);
        for l in &c.libraries {
            let missing = if l.needed { "missing" } else { "not there" };
            let (version, path) = (l.version.clone().unwrap_or_default(), l.path.clone().unwrap_or(missing.into()));
            table.row([l.name.to_string(), version, path, l.purpose.to_string()]);
        }
        out += &table.render(2, print::columns());
    }
    out
}

fn will(used: &Used) -> String {
    let note = used.note.as_ref().map_or(String::new(), |n| format!("{n}\n"));
    let (trials, each) = (if used.jobs == 1 { "trial" } else { "trials" }, if used.threads == 1 { "thread" } else { "threads" });
    format!(
        "{note}will be used: the {} executor on {} (numerics {}), {} {trials} at a time, {} {each} each\n",
        used.executor, used.device, used.numerics, used.jobs, used.threads
    )
}

/// `23.4 GiB`
fn size(bytes: Option<u64>) -> String {
    match bytes {
        Some(b) if b >= 1 << 30 => format!("{:.1} GiB", b as f64 / (1u64 << 30) as f64),
        Some(b) => format!("{:.0} MiB", b as f64 / (1u64 << 20) as f64),
        None => "unknown size".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        findings::{Cuda, Findings, Used},
        libraries::Library,
        machine::Machine,
        place::Place,
    };
    use super::*;
    use crate::nn::Gpu;

    fn findings() -> Findings {
        Findings {
            version: "1.2.3",
            features: vec!["cuda"],
            machine: Machine {
                name: "x86_64 A processor × 8".into(),
                processors: 8,
                instruction_set: "avx2",
                memory: Some(24 << 30),
                memory_free: None,
            },
            store: Place {
                root: "/x/cache".into(),
                exists: true,
                found: "the nearest cache/ upwards",
                writable: true,
                schema: Some(1),
                free: Some(100 << 20),
                fault: None,
            },
            configuration: User {
                path: Some("/x/config.kdl".into()),
                exists: true,
                sets: [("run jobs".to_string(), "1".to_string()), ("run timeout".to_string(), "30m".to_string())].into(),
            },
            cuda: Cuda {
                built: true,
                driver: Some("580.65.06".into()),
                devices: vec![Gpu {
                    index: 0,
                    name: "A device".into(),
                    compute_capability: (9, 0),
                    memory: 80 << 30,
                    memory_free: 79 << 30,
                    fault: None,
                }],
                none_because: None,
                libraries: vec![
                    Library {
                        name: "libcuda",
                        purpose: "the driver's interface",
                        needed: true,
                        path: Some("/lib/libcuda.so.1".into()),
                        version: Some("580.65.06".into()),
                    },
                    Library { name: "libcurand", purpose: "opened with a device", needed: true, path: None, version: None },
                ],
            },
            used: Some(Used {
                executor: "reference",
                device: "cuda:0".into(),
                numerics: "reference-cuda",
                jobs: 1,
                threads: 8,
                note: None,
            }),
            faults: vec![],
        }
    }

    #[test]
    fn a_machine_with_a_gpu() {
        let expected = "\
nasflow     1.2.3, features: cuda
processor   x86_64 A processor × 8, kernels use avx2
memory      24.0 GiB, unknown size free
store       /x/cache (the nearest cache/ upwards), writable, 100 MiB free, schema 1
config      /x/config.kdl: run jobs 1, run timeout 30m
CUDA        driver 580.65.06
  cuda:0  A device, compute capability 9.0, 80.0 GiB, 79.0 GiB free, works
";
        let text = text(&findings());
        assert!(text.starts_with(expected), "{text}");
        let rest: Vec<&str> = text[expected.len()..].lines().map(str::trim).collect();
        assert!(rest.iter().any(|l| l.starts_with("libcuda") && l.contains("/lib/libcuda.so.1")), "{text}");
        assert!(rest.iter().any(|l| l.starts_with("libcurand") && l.contains("missing")), "{text}");
        let last = "will be used: the reference executor on cuda:0 (numerics reference-cuda), 1 trial at a time, 8 threads each";
        assert_eq!(rest.last(), Some(&last));
    }

    #[test]
    fn faults_come_before_the_last_line() {
        let mut f = findings();
        (f.used, f.faults) = (None, vec!["the store is broken".into()]);
        f.cuda.devices[0].fault = Some("no kernel for it".into());
        let text = text(&f);
        assert!(text.contains("cannot be used: no kernel for it"), "{text}");
        assert!(text.ends_with("fault: the store is broken\nwill be used: nothing, until the fault is mended\n"), "{text}");
    }
}
