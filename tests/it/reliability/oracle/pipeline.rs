//! Pipelines by chance: one space, branches that search, measure, choose and train in it, and stages that join branches.

use super::super::Dice;
use std::fmt::Write;

/// Everything that an edit may change.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    pub name: String,
    pub seed: u64,
    pub comment: String,
    /// The order of the nodes, and what is appended to the names of stages: neither may change a result.
    pub order: u64,
    pub suffix: String,
    pub images: usize,
    pub share: f64,
    pub channels: usize,
    pub activation: &'static str,
    /// The options of the choices `a`, `b` and `c`.
    pub options: [Vec<usize>; 3],
    pub branches: Vec<Branch>,
    /// What rows of the table have beside the figure that their network has.
    pub rows: [i32; 5],
}

/// A search, what measures it, what chooses, and perhaps what trains.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// What names it, for good.
    pub id: usize,
    pub strategy: &'static str,
    pub trials: usize,
    pub window: usize,
    pub seed: u64,
    pub measured: Measured,
    pub metrics: Vec<&'static str>,
    pub by: usize,
    pub top: usize,
    /// Whether its choice is among the models of all branches measured alike.
    pub joins: bool,
    pub train: Option<Train>,
}

/// How a branch measures.
#[derive(Clone, Debug, PartialEq)]
pub enum Measured {
    Table,
    Untrained { batch: usize, seeds: usize },
    Costs,
}

/// How a branch trains what it chose.
#[derive(Clone, Debug, PartialEq)]
pub struct Train {
    pub epochs: usize,
    pub lr: f64,
    pub seed: u64,
    pub seeds: usize,
    pub fixed: bool,
    pub metrics: Vec<&'static str>,
}

pub const STRATEGIES: [&str; 7] = ["random", "grid", "evolution", "local-search", "reference", "hill-climbing", "tpe"];
pub const ACTIVATIONS: [&str; 3] = ["relu", "silu", "hardswish"];
pub const TRAINED: [&str; 3] = ["loss", "accuracy", "flops"];

impl Measured {
    /// What it can measure.
    pub fn metrics(&self) -> &'static [&'static str] {
        match self {
            Measured::Table => &["accuracy", "params", "flops"],
            Measured::Untrained { .. } => &["naswot", "synflow", "flops"],
            Measured::Costs => &["params", "flops", "entropy"],
        }
    }

    pub fn any(dice: &mut Dice) -> Measured {
        match dice.below(4) {
            0 | 1 => Measured::Table,
            2 => Measured::Untrained { batch: 4, seeds: 1 },
            _ => Measured::Costs,
        }
    }
}

impl Train {
    pub fn any(dice: &mut Dice) -> Train {
        Train {
            epochs: 1 + dice.below(2),
            lr: 0.05,
            seed: 0,
            seeds: 1,
            fixed: dice.one_in(2),
            metrics: TRAINED[..1 + dice.below(3)].to_vec(),
        }
    }
}

impl Branch {
    pub fn any(id: usize, dice: &mut Dice) -> Branch {
        let measured = Measured::any(dice);
        let all = measured.metrics();
        Branch {
            id,
            strategy: STRATEGIES[dice.below(STRATEGIES.len())],
            trials: 2 + dice.below(5),
            window: 1 + dice.below(3),
            seed: dice.below(3) as u64,
            metrics: all[..1 + dice.below(all.len())].to_vec(),
            measured,
            by: dice.below(3),
            top: 1 + dice.below(2),
            joins: dice.one_in(4),
            train: dice.one_in(4).then(|| Train::any(dice)),
        }
    }

    /// The metric that decides.
    pub fn by(&self) -> &'static str {
        self.metrics[self.by % self.metrics.len()]
    }
}

impl Pipeline {
    pub fn any(dice: &mut Dice) -> Pipeline {
        let branches = (0..1 + dice.below(3)).map(|id| Branch::any(id, dice)).collect();
        Pipeline {
            name: "oracle".into(),
            seed: dice.below(9) as u64,
            comment: String::new(),
            order: 0,
            suffix: String::new(),
            images: 16,
            share: 0.5,
            channels: 8,
            activation: "relu",
            options: [vec![1, 3], vec![1, 3, 5], vec![3, 1]],
            branches,
            rows: [0; 5],
        }
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut nodes = vec![self.data(), self.space()];
        for branch in &self.branches {
            nodes.extend(self.stages(branch));
        }
        let mut dice = Dice::new(self.order);
        if self.order > 0 {
            for i in (1..nodes.len()).rev() {
                nodes.swap(i, dice.below(i + 1));
            }
        }
        format!("// {}\npipeline \"{}\" seed={}\n{}", self.comment, self.name, self.seed, nodes.concat())
    }

    /// The table: a row for every network that the space may ever hold.
    pub fn table(&self) -> String {
        let mut rows = "net,val\n".to_string();
        for a in [1, 3, 5, 7] {
            for b in [1, 3, 5, 7] {
                for c in [1, 3, 5, 7] {
                    let shift = self.rows[(a + b * 3 + c * 5) % 5];
                    let value = 500 + 20 * a as i32 - 7 * (b as i32 - 3).pow(2) + 11 * c as i32 + shift;
                    let _ = writeln!(rows, "{a}-{b}-{c},{}", f64::from(value) / 1000.0);
                }
            }
        }
        rows
    }

    fn data(&self) -> String {
        let (images, train, val) = (self.images, self.share, 1.0 - self.share);
        format!("data \"images\" generate=figures images={images} classes=2 image-size=16 {{ split train={train} val={val} }}\n")
    }

    fn space(&self) -> String {
        let mut text = "space \"net\" {\n".to_string();
        for (name, options) in ["a", "b", "c"].iter().zip(&self.options) {
            let listed: Vec<String> = options.iter().map(usize::to_string).collect();
            let _ = writeln!(text, "    choice \"{name}\" {}", listed.join(" "));
        }
        let (channels, activation) = (self.channels, self.activation);
        text + &format!(
            "    network activation={activation} {{ input \"images\"; conv {channels} kernel=(choice)\"a\" stride=2; \
             conv {channels} kernel=(choice)\"b\"; conv {channels} kernel=(choice)\"c\" stride=2; global-pool; linear }}\n}}\n"
        )
    }

    fn stages(&self, branch: &Branch) -> Vec<String> {
        let named = |word: &str, id: usize| format!("\"{word}{id}{}\"", self.suffix);
        let of = |word: &str| named(word, branch.id);
        let (sample, measure, choice) = (of("sample"), of("measure"), of("choice"));
        let by = branch.by();
        let better = if matches!(by, "params" | "flops") { "minimize" } else { "maximize" };
        let population = if branch.strategy == "evolution" { " population=3 tournament=2" } else { "" };
        let asked = match branch.strategy {
            "reference" => String::new(),
            "random" | "grid" => format!("; trials {}; seed {}", branch.trials, branch.seed),
            _ => format!("; trials {} window={}; seed {}; objective {measure} {better}={by}", branch.trials, branch.window, branch.seed),
        };
        let how = match &branch.measured {
            Measured::Table => "method table file=\"table.csv\" key=\"{a}-{b}-{c}\" keys=\"net\" { column accuracy \"val\" }; ".to_string(),
            Measured::Untrained { seeds, .. } if !branch.metrics.contains(&"naswot") => format!("untrained seeds={seeds}; "),
            Measured::Untrained { batch, seeds } => format!("data \"images\" split=train; untrained batch={batch} seeds={seeds}; "),
            Measured::Costs => String::new(),
        };
        let alike = |other: &&Branch| other.id != branch.id && other.metrics.contains(&by);
        let others = self.branches.iter().filter(alike).filter(|_| branch.joins).map(|other| named("measure", other.id));
        let from: Vec<String> = std::iter::once(measure.clone()).chain(others).collect();
        let mut nodes = vec![
            format!("sample {sample} {{ from \"net\"; strategy {}{population}{asked} }}\n", branch.strategy),
            format!("evaluate {measure} {{ from {sample}; {how}metrics {} }}\n", branch.metrics.join(" ")),
            format!("select {choice} {{ from {}; top {} by={by} }}\n", from.join(" "), branch.top),
        ];
        if let Some(train) = &branch.train {
            let (trained, tested, best) = (of("train"), of("test"), of("best"));
            let schedule = if train.fixed { "schedule linear over=4; " } else { "" };
            nodes.push(format!(
                "train {trained} {{ from {choice}; data \"images\" split=train; {schedule}epochs {}; batch 4; optimizer sgd lr={}; \
                 augment crop=1 flip-lr=0; seed {}; seeds {} }}\n",
                train.epochs, train.lr, train.seed, train.seeds
            ));
            let metrics = train.metrics.join(" ");
            nodes.push(format!("evaluate {tested} {{ from {trained}; data \"images\" split=val; metrics {metrics} }}\n"));
            nodes.push(format!("select {best} {{ from {tested}; top 1 by={} }}\n", train.metrics[0]));
        }
        nodes
    }
}
