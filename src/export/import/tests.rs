//! YAMLs of upstream's form, written here from its table of layers.

use super::*;
use crate::document::{self, Files, Options, Params, Pipeline};
use crate::space::tests::{node, spec};
use crate::space::{Architecture, Space};

struct One(String);

impl Files for One {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

/// YOLOv5 of these multiples.
fn stock(depth: f64, width: f64) -> String {
    format!(
        "nc: 80\ndepth_multiple: {depth}  # depth\nwidth_multiple: {width}\nanchors:\n  - [10,13, 16,30, 33,23]\n  - [30,61, 62,45, 59,119]\n  \
         - [116,90, 156,198, 373,326]\nbackbone:\n  [[-1, 1, Conv, [64, 6, 2, 2]],\n   [-1, 1, Conv, [128, 3, 2]],\n   [-1, 3, C3, [128]],\n   \
         [-1, 1, Conv, [256, 3, 2]],\n   [-1, 6, C3, [256]],\n   [-1, 1, Conv, [512, 3, 2]],\n   [-1, 9, C3, [512]],\n   \
         [-1, 1, Conv, [1024, 3, 2]],\n   [-1, 3, C3, [1024]],\n   [-1, 1, SPPF, [1024, 5]],\n  ]\nhead:\n  [[-1, 1, Conv, [512, 1, 1]],\n   \
         [-1, 1, nn.Upsample, [None, 2, 'nearest']],\n   [[-1, 6], 1, Concat, [1]],\n   [-1, 3, C3, [512, False]],\n   [-1, 1, Conv, [256, 1, 1]],\n   \
         [-1, 1, nn.Upsample, [None, 2, 'nearest']],\n   [[-1, 4], 1, Concat, [1]],\n   [-1, 3, C3, [256, False]],\n   [-1, 1, Conv, [256, 3, 2]],\n   \
         [[-1, 14], 1, Concat, [1]],\n   [-1, 3, C3, [512, False]],\n   [-1, 1, Conv, [512, 3, 2]],\n   [[-1, 10], 1, Concat, [1]],\n   \
         [-1, 3, C3, [1024, False]],\n   [[17, 20, 23], 1, Detect, [nc, anchors]],\n  ]\n"
    )
}

/// The pipeline of an imported file.
fn loaded(text: &str) -> Pipeline {
    let whole = format!("pipeline \"p\"\ndata \"images\" generate=shapes image-size=640 {{ split train=0.7 val=0.3 }}\n{text}");
    let loaded = document::load(&crate::language(), "p.kdl", &mut One(whole.clone()), &Params::default(), Options::default());
    loaded.unwrap_or_else(|e| panic!("{whole}\n{}", document::render::diagnostics(&e, false)))
}

fn built(pipeline: &Pipeline, classes: usize) -> Architecture {
    let (space, warnings) = Space::compile(&pipeline.spaces[0], &spec(640, classes)).unwrap_or_else(|e| panic!("{e:#?}"));
    assert!(warnings.is_empty(), "{warnings:?}");
    space.architecture(&space.reference()).expect("builds")
}

#[test]
fn all_sizes_are_the_shipped_networks() {
    for (name, depth, width) in
        [("yolov5n", 0.33, 0.25), ("yolov5s", 0.33, 0.50), ("yolov5m", 0.67, 0.75), ("yolov5l", 1.0, 1.0), ("yolov5x", 1.33, 1.25)]
    {
        let imported = model(&stock(depth, width)).unwrap_or_else(|e| panic!("{e}"));
        let (zoo, _) =
            Space::compile(&node(&format!("space {{ network like={name} {{ input data }} }}")), &spec(640, 80)).expect("compiles");
        let zoo = zoo.architecture(&zoo.reference()).expect("builds");
        assert_eq!(imported.architecture.text(), zoo.text());
        assert_eq!(imported.architecture.digest(), zoo.digest(), "{name}");
        assert!(imported.notes.is_empty());
        let read = built(&loaded(&file(name, &imported, None).expect("is written")), 80);
        assert_eq!(read.digest(), zoo.digest(), "{name}");
    }
}

/// A network of all modules that are read.
#[test]
fn every_module_is_read() {
    let text = "nc: 3\ndepth_multiple: 0.5\nwidth_multiple: 1.0\nactivation: nn.ReLU()\nanchors: 3\n\
        backbone:\n- [-1, 1, Conv, [16, [5, 3], 2]]\n- [-1, 1, DWConv, [32, 3, 2]]\n- [-1, 4, C3Ghost, [32]]\n- [-1, 1, GhostConv, [32, 3, 2]]\n\
        - [-1, 3, Bottleneck, [32, True, 1, 0.75]]\n- [-1, 1, GhostBottleneck, [64, 5, 2]]\n- [-1, 1, GhostBottleneck, [64]]\n\
        - [-1, 1, SPP, [64, [3, 5]]]\n- [-1, 1, nn.Identity, []]\n- [-1, 1, Conv, [24, 1, 1, None, 1, 1, False]]\n\
        head:\n- [-1, 1, nn.Upsample, [None, 2.0, nearest]]\n- [[-1, -7], 1, Concat, [1]]\n- [-1, 1, Conv, [16, 3, 1, None, 2, 2, nn.SiLU()]]\n\
        - [-1, 1, nn.MaxPool2d, [3, 1, 1]]\n- [[13, 9], 1, Detect, [nc, anchors]]\n";
    let imported = model(text).unwrap_or_else(|e| panic!("{e}"));
    let read = built(&loaded(&file("all", &imported, None).expect("is written")), 3);
    assert_eq!(read.with_anchors(imported.architecture.anchors().expect("a head")).digest(), imported.architecture.digest());
    assert!(read.text().contains("conv 24 kernel=1 activation=identity"), "{}", read.text());
    assert_eq!(read.anchors().map(<[_]>::len), Some(2));
}

#[test]
fn other_anchors_are_found_anew_and_that_is_said() {
    let imported = model(&stock(0.33, 0.25).replace("373,326", "300,301")).expect("is read");
    assert_eq!(imported.notes.len(), 1);
    let text = file("x\n\"y\"", &imported, None).expect("is written");
    assert!(text.contains("anchors=auto") && text.contains("// Note: its anchors"), "{text}");
    loaded(&text);
}

#[test]
fn hyper_parameters_are_a_recipe() {
    let med = "lr0: 0.01  # initial\nlrf: 0.1\nmomentum: 0.937\nweight_decay: 0.0005\nwarmup_epochs: 3.0\nwarmup_momentum: 0.8\nwarmup_bias_lr: 0.1\n\
        box: 0.05\ncls: 0.3\ncls_pw: 1.0\nobj: 0.7\nobj_pw: 1.0\niou_t: 0.20\nanchor_t: 4.0\nfl_gamma: 0.0\nhsv_h: 0.015\nhsv_s: 0.7\nhsv_v: 0.4\n\
        degrees: 0.0\ntranslate: 0.1\nscale: 0.9\nshear: 0.0\nperspective: 0.0\nflipud: 0.0\nfliplr: 0.5\nmosaic: 1.0\nmixup: 0.1\ncopy_paste: 0.0\n";
    let recipe = hyp(med).unwrap_or_else(|e| panic!("{e}"));
    let imported = model(&stock(0.33, 0.25)).expect("is read");
    let text = file("med", &imported, Some(&recipe)).expect("is written");
    let pipeline = loaded(&text);
    let train = pipeline.stages.iter().find_map(|s| s.train()).expect("trains");
    assert_eq!(train.recipe, recipe);
    assert_eq!((train.recipe.loss.cls, train.recipe.augment.scale, train.recipe.final_lr), (0.3, 0.9, 0.1));
    for line in ["loss obj=0.7 cls=0.3", "augment mixup=0.1 scale=0.9", "schedule final=0.1"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Nothing of scratch-low is written: it is the recipe itself.
    let low = hyp("lr0: 0.01\nlrf: 0.01\nscale: 0.5\n").expect("is read");
    assert_eq!(super::super::kdl::recipe_lines(&low, 100), ["recipe yolov5", "epochs 100"]);
}

#[test]
fn what_cannot_be_taken_over_is_said_at_its_line() {
    for (text, line, said) in [
        ("lr0: 0.01\ncopy_paste: 0.1\n", 2, "copy_paste"),
        ("lr0: x\n", 1, "number"),
        ("mosaic: 2\n", 1, "from 0 to 1"),
        ("lr0: .inf\n", 1, "number"),
        ("a: 1\n", 1, "not known"),
        ("lr0: &a 1\nlrf: *a\n", 2, "alias"),
    ] {
        let error = hyp(text).expect_err(text);
        assert!(error.starts_with(&format!("line {line}:")) && error.contains(said), "{text}: {error}");
    }
    let stock = stock(0.33, 0.25);
    for (from, to, line, said) in [
        ("[-1, 3, C3, [128]]", "[-1, 3, C3TR, [128]]", 11, "C3TR"),
        ("[-1, 3, C3, [128]]", "[-1, 3, C3, [128, maybe]]", 11, "shortcut"),
        ("[-1, 3, C3, [128]]", "[-1, 3, C3, []]", 11, "channels"),
        ("[-1, 3, C3, [128]]", "[-1, 3, C3]", 11, "a row is"),
        ("[-1, 3, C3, [128]]", "[7, 3, C3, [128]]", 11, "no earlier row"),
        ("[-1, 3, C3, [128]]", "[-1, 9, Conv, [512]]", 11, "to 128 channels"),
        ("[[-1, 6], 1, Concat", "[[-1, 4], 1, Concat", 23, "different sizes"),
        ("[None, 2, 'nearest']", "[None, 2, 'bilinear']", 22, "nn.Upsample"),
        ("nc: 80", "nc: 0", 1, "from 1"),
        ("nc: 80", "nc: 80\nkpt: 1", 2, "not known"),
        ("depth_multiple: 0.33", "depth_multiple: -1", 2, "above 0"),
        ("16,30, 33,23", "16,30, 33", 5, "numbers"),
        ("[nc, anchors]", "[nc, [[1, 2]]]", 35, "levels"),
        ("[-1, 1, SPPF, [1024, 5]]", "[-1, 1, SPPF, [1024, 5, 6]]", 18, "too many"),
        ("[-1, 1, Conv, [64, 6, 2, 2]]", "[-1, 1, Conv, [64, 6, 2, 2, 5]]", 9, "groups"),
    ] {
        assert!(stock.contains(from), "{from}");
        let error = model(&stock.replacen(from, to, 1)).expect_err(to);
        assert!(error.starts_with(&format!("line {line}:")) && error.contains(said), "{to}: {error}");
    }
}

/// None of these may take long, take much memory, or end the program.
#[test]
fn hostile_files_end() {
    let bomb = format!("a0: &a0 [x]\n{}", (1..=30).map(|i| format!("a{i}: &a{i} [*a{0}, *a{0}]\n", i - 1)).collect::<String>());
    assert!(model(&bomb).unwrap_err().contains("alias"));
    let stock = stock(0.33, 0.25);
    for cut in 0..stock.len() {
        let _ = model(&stock[..cut]);
    }
    for text in ["[".repeat(1 << 18), "{a: ".repeat(1 << 16), "- ".repeat(1 << 16), "? ".repeat(1 << 14), "a: ".repeat(1 << 14)] {
        assert!(model(&text).is_err() && hyp(&text).is_err());
    }
    for number in ["65536", "99999999999999999999", "-1", "1e308", "nan", "0"] {
        for (from, to) in [
            ("[64, 6,", "[N, 6,"),
            ("[64, 6,", "[64, N,"),
            ("[-1, 9,", "[-1, N,"),
            ("[-1, 9,", "[N, 9,"),
            (": 0.33", ": N"),
            ("10,13", "N,13"),
        ] {
            assert!(stock.contains(from));
            let _ = model(&stock.replacen(from, &to.replace('N', number), 1));
        }
    }
    assert!(model(&stock.replace("width_multiple: 0.25", "width_multiple: 99")).is_err());
}
