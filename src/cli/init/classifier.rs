//! The pipeline for images of one class each: a small residual network, its blocks, widths and depths to be chosen.

use super::draft::{Bound, Draft, beside, share};

/// Up to this size the network reads the image at full resolution, as networks for CIFAR-10 do.
const SMALL: usize = 40;

/// The text.
pub fn text(d: &Draft) -> String {
    let size = d.sizes.first().copied().unwrap_or(32);
    let most = match &d.bound {
        Bound::Reference => format!("at most as costly as a small ResNet at {size} pixels"),
        Bound::Flops(flops) => format!("of at most {}FLOPs", crate::report::number::si(*flops)),
        Bound::Latency { ms, .. } => format!("that takes at most {ms} ms an image on the machine that wrote this"),
    };
    let (plan, level) = (&d.plan, &d.plan.level);
    let (sizes, sized) = d.sized("the first values");
    let (costs, table) = d.costs();
    let mut t = d.head(&format!("Looks for a classifier for these images, {most}."));
    let mut words = d.words.clone();
    words.size = Some(size);
    t += &format!("{}\n\n", words.line("mine"));
    let stem = if size <= SMALL { "conv 16 kernel=3" } else { "conv 16 kernel=3 stride=2" };
    t += &format!(
        "// Which block stands in each stage, how wide the network is and how its blocks repeat.\nspace \"nets\" {{\n{sizes}{}\
         {}        input \"mine\"{sized}\n        {stem}\n\
         \u{20}       choose \"a\" {{ residual 32 stride=2 {{ repeats 1 2 }}; mbconv 32 stride=2 expand=4 {{ repeats 1 2; kernel 3 5 }} }}\n\
         \u{20}       choose \"b\" {{ residual 64 stride=2 {{ repeats 1 2 }}; mbconv 64 stride=2 expand=4 {{ repeats 1 2 3; kernel 3 5 }} }}\n\
         \u{20}       choose \"c\" {{ residual 128 stride=2 {{ repeats 1 2 }}; mbconv 128 stride=2 expand=4 {{ repeats 1 2 3; kernel 3 5 }} }}\n\
         \u{20}       global-pool; linear\n    }}\n{}}}\n\n",
        beside("    choice \"w\" 1.0 0.5 0.75 1.5 2.0", "channels are multiplied by it"),
        "    network width=(choice)\"w\" activation=relu {\n",
        d.require("the first values of all choices, a small ResNet")
    );
    t += &format!(
        "sample \"trials\" {{\n    from \"nets\"\n    {}\n    trials (param)\"trials\"{}\n{}}}\n",
        d.strategy(),
        d.window(),
        d.objective("accuracy")
    );
    // The rate of the recipe is for batches of 128; of smaller ones a step is less sure.
    let rate = match d.batch {
        128.. => String::new(),
        batch => format!("; optimizer sgd lr={:.3}", 0.1 * (batch as f64 / 128.0).sqrt()),
    };
    let augment = if d.words.format == "idx" { "; augment crop=2 flip-lr=0" } else { "" };
    let recipe = format!("recipe classify; batch {}{rate}{augment}", d.batch);
    let short = share(&plan.short);
    let long = format!("{}; {recipe}; init scratch; epochs {}; seeds {}", share(&plan.long), plan.long.epochs, level.seeds);
    t += &format!(
        "train    \"short\" {{ from \"trials\"; data \"mine\" split=train{short}; {recipe}; epochs (param)\"epochs\" }}\n\
         evaluate \"score\" {{ from \"short\"; data \"mine\" split=val; metrics accuracy {costs}{table} }}\n"
    );
    t += &format!(
        "\n// A score has its luck: the best are trained again, for longer, beside the first values, and the best of those is the answer.\n\
         sample   \"resnet\"  {{ from \"nets\"; strategy reference }}\n\
         select   \"finals\"  {{ from \"score\"; top {} by=accuracy }}\n\
         train    \"again\"   {{ from \"finals\" \"resnet\"; data \"mine\" split=train{long} }}\n\
         evaluate \"confirm\" {{ from \"again\"; data \"mine\" split=val; metrics accuracy loss }}\n\
         select   \"best\"    {{ from \"confirm\"; top 1 by=accuracy }}\n",
        level.finals
    );
    let chance = share(&plan.long);
    t += &format!(
        "\n// The winner against the first values and random networks, all trained alike, on images that nothing was chosen by.\n\
         sample   \"chance\"  {{ from \"nets\"; strategy random; trials {}; seed 1 }}\n\
         train    \"long\"        {{ from \"best\" \"resnet\"; data \"mine\" split=train{long} }}\n\
         train    \"long-chance\" {{ from \"chance\"; data \"mine\" split=train{chance}; {recipe}; epochs {} }}\n\
         evaluate \"test\" {{ from \"long\" \"long-chance\"; data \"mine\" split=test; metrics accuracy loss {}latency{table} }}\n\
         answer   \"best\" {{ in \"test\"; by accuracy; against \"resnet\" \"chance\" }}\n",
        level.chance,
        plan.long.epochs,
        if table.is_empty() { "" } else { "table-latency " }
    );
    t
}
