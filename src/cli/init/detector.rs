//! The pipeline for images with boxes: the wide space of YOLOv5n, as pipelines/yolov5-own.kdl has it.

use super::draft::{Draft, share};

/// The text.
pub fn text(d: &Draft) -> String {
    let most = match &d.bound {
        super::draft::Bound::Reference => format!("at most as costly as YOLOv5n at {} pixels", d.sizes.first().copied().unwrap_or(0)),
        super::draft::Bound::Flops(flops) => format!("of at most {}FLOPs", crate::report::number::si(*flops)),
        super::draft::Bound::Latency { ms, .. } => format!("that takes at most {ms} ms an image on the machine that wrote this"),
    };
    let (plan, level) = (&d.plan, &d.plan.level);
    let (sizes, sized) = d.sized("YOLOv5n");
    let (costs, table) = d.costs();
    let mut t = d.head(&format!("Looks for a detector for these images, {most}."));
    let mut words = d.words.clone();
    words.size = d.sizes.first().copied();
    t += &format!("{}\n\n", words.line("mine"));
    t += "// At which size images are read, at which strides the head looks, how wide the network is and how its layers repeat.\n";
    t += &format!("space \"wide\" {{\n{sizes}    network like=yolov5n-wide {{ input \"mine\"{sized} }}\n{}}}\n\n", d.require("YOLOv5n"));
    t += &format!(
        "sample \"trials\" {{\n    from \"wide\"\n    {}\n    trials (param)\"trials\"{}\n{}}}\n",
        d.strategy(),
        d.window(),
        d.objective("map50")
    );
    let short = share(&plan.short);
    let long = format!("{}; recipe yolov5-short; init scratch; epochs {}; seeds {}", share(&plan.long), plan.long.epochs, level.seeds);
    t += &format!(
        "train    \"short\" {{ from \"trials\"; data \"mine\" split=train{short}; recipe yolov5-short; epochs (param)\"epochs\" }}\n\
         evaluate \"score\" {{ from \"short\"; data \"mine\" split=val; metrics map50 {costs}{table} }}\n"
    );
    t += &format!(
        "\n// A score has its luck: the best are trained again, for longer, beside YOLOv5n, and the best of those is the answer.\n\
         sample   \"yolov5n\" {{ from \"wide\"; strategy reference }}\n\
         select   \"finals\"  {{ from \"score\"; top {} by=map50 }}\n\
         train    \"again\"   {{ from \"finals\" \"yolov5n\"; data \"mine\" split=train{long} }}\n\
         evaluate \"confirm\" {{ from \"again\"; data \"mine\" split=val; metrics map50 map50-95 }}\n\
         select   \"best\"    {{ from \"confirm\"; top 1 by=map50 }}\n",
        level.finals
    );
    let chance = share(&plan.long);
    t += &format!(
        "\n// The winner against YOLOv5n and random networks, all trained alike, on images that nothing was chosen by.\n\
         sample   \"chance\"  {{ from \"wide\"; strategy random; trials {}; seed 1 }}\n\
         train    \"long\"        {{ from \"best\" \"yolov5n\"; data \"mine\" split=train{long} }}\n\
         train    \"long-chance\" {{ from \"chance\"; data \"mine\" split=train{chance}; recipe yolov5-short; epochs {} }}\n\
         evaluate \"test\" {{ from \"long\" \"long-chance\"; data \"mine\" split=test; metrics map50 map50-95 {}latency{table} }}\n\
         answer   \"best\" {{ in \"test\"; by map50; against \"yolov5n\" \"chance\" }}\n",
        level.chance,
        plan.long.epochs,
        if table.is_empty() { "" } else { "table-latency " }
    );
    t
}
