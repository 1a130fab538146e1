//! The workloads: which network, at which size, trained or only run. The networks are documents of the language.

use nasflow::data::Target;
use nasflow::document::{self, Files, Options, Params};
use nasflow::space::{InputSpec, Program, Space};

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Forward, detection loss, backward, optimiser.
    Detect,
    /// Forward, soft-max cross-entropy, backward, optimiser.
    Classify,
    /// Forward with running statistics, to the raw outputs.
    Infer,
}

/// One workload.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name on the command line and in the lines `ratio NAME VALUE`.
    pub name: &'static str,
    /// The document's name.
    pub network: &'static str,
    document: &'static str,
    /// Images a step.
    pub batch: usize,
    /// Both sides of an image, in pixels.
    pub size: usize,
    /// Classes of the data.
    pub classes: usize,
    /// What a step is.
    pub task: Task,
    /// Trainable parameters of the network.
    pub params: u64,
}

const YOLOV5N: &str = include_str!("yolov5n.kdl");
const YOLOV5S: &str = include_str!("yolov5s.kdl");
const MOBILENET: &str = include_str!("mobilenet.kdl");
const NASBENCH201: &str = include_str!("nasbench201.kdl");

const fn workload(name: &'static str, network: (&'static str, &'static str, u64), task: Task, shape: [usize; 3]) -> Workload {
    let [batch, size, classes] = shape;
    Workload { name, network: network.0, document: network.1, batch, size, classes, task, params: network.2 }
}

/// All of them, in the order of the report.
pub const WORKLOADS: [Workload; 8] = [
    workload("yolov5n-64", ("yolov5n", YOLOV5N, 1_872_157), Task::Detect, [8, 64, 80]),
    workload("yolov5n-160", ("yolov5n", YOLOV5N, 1_872_157), Task::Detect, [8, 160, 80]),
    workload("yolov5n", ("yolov5n", YOLOV5N, 1_872_157), Task::Detect, [8, 320, 80]),
    workload("yolov5s", ("yolov5s", YOLOV5S, 7_235_389), Task::Detect, [4, 320, 80]),
    workload("yolov5s-640", ("yolov5s", YOLOV5S, 7_235_389), Task::Detect, [8, 640, 80]),
    workload("mobilenet", ("mobilenet", MOBILENET, 2_236_682), Task::Classify, [64, 32, 10]),
    workload("nasbench201", ("nasbench201", NASBENCH201, 830_490), Task::Classify, [64, 32, 10]),
    workload("yolov5n-640", ("yolov5n", YOLOV5N, 1_872_157), Task::Infer, [1, 640, 80]),
];

struct Embedded(&'static str);

impl Files for Embedded {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.into())
    }
}

impl Workload {
    /// The network that the document describes, at this workload's size and classes.
    pub fn program(&self) -> Result<Program, String> {
        let nothing = Params { values: Vec::new() };
        let pipeline = document::load(&nasflow::language(), "network.kdl", &mut Embedded(self.document), &nothing, Options::default());
        let pipeline = pipeline.map_err(|e| format!("{}: {e:?}", self.network))?;
        let node = pipeline.spaces.first().ok_or_else(|| format!("{}: no space", self.network))?;
        let input = InputSpec { channels: 3, image_size: self.size, classes: self.classes, anchors: None };
        let (space, _) = Space::compile(node, &input).map_err(|e| format!("{}: {e:?}", self.network))?;
        space.architecture(&space.reference()).map_err(|e| e.reason)?.program()
    }

    /// Multiply-adds and additions of one step: two a multiply-add of the convolutions and linear layers, three passes where it
    /// trains.
    pub fn flops(&self, program: &Program) -> f64 {
        let passes = if self.task == Task::Infer { 1.0 } else { 3.0 };
        2.0 * passes * program.macs() as f64 * self.batch as f64
    }

    /// Eight objects an image, fixed, of sizes that all levels match.
    pub fn targets(&self) -> Vec<Target> {
        let share = |i: usize, k: usize| (i * k % 997) as f32 / 997.0;
        let one = |i: usize| Target {
            image: i / 8,
            class: i * 31 % self.classes,
            cx: 0.1 + 0.8 * share(i + 1, 389),
            cy: 0.1 + 0.8 * share(i + 1, 683),
            w: 0.04 + 0.4 * share(i + 1, 211),
            h: 0.04 + 0.4 * share(i + 1, 577),
        };
        (0..8 * self.batch).map(one).collect()
    }
}
