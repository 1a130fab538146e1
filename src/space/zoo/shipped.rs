//! The list of shipped networks and spaces: a file in the language each, and one line here.

/// A shipped network, or a shipped space: a network with choices, and perhaps with cells.
#[derive(Debug)]
pub struct Shipped {
    /// Its word in `network like=` and `space like=`.
    pub name: &'static str,
    /// What it is, for messages and `nasflow show zoo/NAME`.
    pub doc: &'static str,
    /// Its text, in the language itself.
    pub text: &'static str,
}

/// A line of the list: the name, its file, what it is.
macro_rules! shipped {
    ($($name:literal $file:literal $doc:literal)*) => {
        &[$(Shipped { name: $name, doc: $doc, text: include_str!($file) }),*]
    };
}

/// All of them.
pub const ZOO: &[Shipped] = shipped![
    "yolov5n" "yolov5n.kdl" "YOLOv5 nano, versions 6 and 7"
    "yolov5s" "yolov5s.kdl" "YOLOv5 small, versions 6 and 7"
    "yolov5m" "yolov5m.kdl" "YOLOv5 medium, versions 6 and 7"
    "yolov5l" "yolov5l.kdl" "YOLOv5 large, versions 6 and 7"
    "yolov5x" "yolov5x.kdl" "YOLOv5 extra large, versions 6 and 7"
    "yolov5n-wide" "yolov5n-wide.kdl" "YOLOv5 nano, a space: levels of the head, channels and depths"
    "yolov5s-wide" "yolov5s-wide.kdl" "YOLOv5 small, a space: levels of the head, channels and depths"
    "yolov5m-wide" "yolov5m-wide.kdl" "YOLOv5 medium, a space: levels of the head, channels and depths"
    "yolov5l-wide" "yolov5l-wide.kdl" "YOLOv5 large, a space: levels of the head, channels and depths"
    "yolov5x-wide" "yolov5x-wide.kdl" "YOLOv5 extra large, a space: levels of the head, channels and depths"
    "yolov5-wide" "yolov5n-wide.kdl" "a space: YOLOv5 nano, its levels of the head, channels and depths to be chosen"
    "yolov5-backbone" "spaces/yolov5-backbone.kdl" "a space: blocks, kernels and activation of YOLOv5 nano's backbone"
    "yolov5-backbone-neck" "spaces/yolov5-backbone-neck.kdl" "a space: the same, and the blocks of its neck"
    "yolov5s-nni" "spaces/yolov5s-nni.kdl" "a space: YOLOv5 small as it was searched with NNI, kernels, activations and widths"
    "nasbench101" "spaces/nasbench101.kdl" "a space: cells of up to five nodes, the operation on the node (Ying et al. 2019)"
    "nasbench201" "spaces/nasbench201.kdl" "a space: cells of six edges and five operations (Dong and Yang 2020)"
    "darts" "spaces/darts.kdl" "a space: two cells of four nodes, each the sum of two edges (Liu et al. 2019)"
    "nasnet" "spaces/nasnet.kdl" "a space: two cells of five pairs, thirteen operations (Zoph et al. 2018)"
    "amoebanet" "spaces/amoebanet.kdl" "a space: two cells of five pairs, eight operations (Real et al. 2019)"
    "pnas" "spaces/pnas.kdl" "a space: one cell of five pairs, eight operations (Liu et al. 2018)"
    "enas" "spaces/enas.kdl" "a space: two cells of five pairs, five operations (Pham et al. 2018)"
    "mobilenetv3" "spaces/mobilenetv3.kdl" "a space: inverted residuals, their widths, depths and squeeze-excite (TuNAS, Bender et al. 2020)"
    "proxyless" "spaces/proxyless.kdl" "a space: inverted residuals, kernels, expansion and depth (Cai et al. 2019)"
    "shufflenet" "spaces/shufflenet.kdl" "a space: twenty ShuffleNet blocks of four kinds (Guo et al. 2020)"
    "once-for-all" "spaces/once-for-all.kdl" "a space: elastic depth, kernel and expansion (Cai et al. 2020)"
    "macro" "spaces/macro.kdl" "a space: NAS-Bench-Macro, eight layers of three kinds (Su et al. 2021)"
];
