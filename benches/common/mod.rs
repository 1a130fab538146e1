//! What the benches share: arguments, medians, peak memory, noise.

/// Arguments of a bench: words, and `--name value` pairs. `--bench`, which cargo adds, is dropped.
pub struct Arguments {
    /// Words that belong to no option.
    pub words: Vec<String>,
    options: Vec<(String, String)>,
}

impl Arguments {
    /// The command line's; `known` are the options, each with a value. An unknown one, or `--help`, prints `help` and ends.
    pub fn read(known: &[&str], help: &str) -> Arguments {
        let (mut words, mut options) = (Vec::new(), Vec::new());
        let mut given = std::env::args().skip(1).filter(|a| a != "--bench");
        while let Some(word) = given.next() {
            match word.strip_prefix("--") {
                None => words.push(word),
                Some("help") => {
                    println!("{help}");
                    std::process::exit(0);
                }
                Some(name) if known.contains(&name) => match given.next() {
                    Some(value) => options.push((name.to_string(), value)),
                    None => fail(&format!("`--{name}` needs a value\n\n{help}")),
                },
                Some(_) => fail(&format!("`{word}` is no option\n\n{help}")),
            }
        }
        Arguments { words, options }
    }

    /// The value of an option.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A whole number from 1, else `default`.
    pub fn count(&self, name: &str, default: usize) -> usize {
        let parse =
            |t: &str| t.parse().ok().filter(|n| *n > 0).unwrap_or_else(|| fail(&format!("`--{name} {t}`: a number from 1 is needed")));
        self.text(name).map_or(default, parse)
    }
}

/// Says why, and ends with status 2.
pub fn fail(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(2)
}

/// Every thread pool of the process gets `threads` threads: rayon's and candle's read the environment, so the process starts anew
/// where it says otherwise.
pub fn use_threads(threads: usize) {
    use std::os::unix::process::CommandExt;
    let wanted = threads.to_string();
    let pools = ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"];
    if pools.iter().all(|p| std::env::var(p).is_ok_and(|v| v == wanted)) {
        return;
    }
    let program = std::env::current_exe().unwrap_or_else(|e| fail(&format!("this program cannot be found: {e}")));
    let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).envs(pools.map(|p| (p, &wanted))).exec();
    fail(&format!("cannot start with {threads} threads: {error}"))
}

/// Linear between neighbours; `sorted` is not empty.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (low, share) = (place as usize, place.fract());
    sorted[low] + (sorted[(low + 1).min(sorted.len() - 1)] - sorted[low]) * share
}

/// Lower quartile, median, upper quartile.
pub fn quartiles(times: &[f64]) -> [f64; 3] {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|q| quantile(&sorted, q))
}

/// Values in −0.5 … 0.5 that repeat after 1009 and differ by `k`.
pub fn noise(len: usize, k: usize) -> Vec<f32> {
    (0..len).map(|i| (i * k % 1009) as f32 / 1009.0 - 0.5).collect()
}

/// A product of two `side` × `side` matrices by this crate's kernels (a 1×1 convolution), and by candle's: what the machine's
/// arithmetic allows is the faster of the two.
pub struct Matrix {
    side: usize,
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
    scratch: nasflow_kernels::Scratch,
    candle: [candle_core::Tensor; 2],
}

impl Matrix {
    /// Matrices of noise.
    pub fn new(side: usize) -> candle_core::Result<Matrix> {
        let (a, b) = (noise(side * side, 7919), noise(side * side, 6007));
        let tensor = |v: &[f32]| candle_core::Tensor::from_slice(v, (side, side), &candle_core::Device::Cpu);
        let candle = [tensor(&a)?, tensor(&b)?];
        Ok(Matrix { side, a, b, c: vec![0.0; side * side], scratch: nasflow_kernels::Scratch::new(), candle })
    }

    /// Operations of one product.
    pub fn flops(&self) -> f64 {
        2.0 * (self.side as f64).powi(3)
    }

    /// One product by each; seconds of the faster, by a clock's seconds. Where `own`, by this crate's kernels alone (candle's choose
    /// their instructions themselves).
    pub fn product(&mut self, now: impl Fn() -> f64, own: bool) -> candle_core::Result<f64> {
        let view = nasflow_kernels::View::dense(1, 1, self.side, self.side);
        let conv = nasflow_kernels::Conv2d::square(1, 1);
        let start = now();
        nasflow_kernels::conv2d_forward(&conv, &self.a, view, &self.b, None, &mut self.c, view, &mut self.scratch);
        let middle = now();
        if own {
            std::hint::black_box(&self.c);
            return Ok(middle - start);
        }
        let product = self.candle[0].matmul(&self.candle[1])?;
        let (own, other) = (middle - start, now() - middle);
        std::hint::black_box((&self.c, product));
        Ok(own.min(other))
    }
}
