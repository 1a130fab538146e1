//! What is said, and where.

use super::*;

/// The errors of a network, as `code: message [label]`, with the text under the first span.
fn errors(layers: &str) -> Vec<(String, String)> {
    errors_of(&format!("space {{ network {{ input d; {layers} }} }}"))
}

fn errors_of(text: &str) -> Vec<(String, String)> {
    let found = compile(text).err().unwrap_or_default();
    let told = found.iter().map(|d| {
        let span = d.labels[0].0;
        let help = d.help.as_deref().map_or(String::new(), |h| format!(" — {h}"));
        (format!("{}: {}{help}", d.code, d.message), text[span.offset..span.offset + span.len].trim().to_string())
    });
    told.collect()
}

fn one(layers: &str, message: &str, at: &str) {
    let found = errors(layers);
    assert!(found.len() == 1 && found[0].0.contains(message) && found[0].1 == at, "{layers}\n{found:#?}");
}

#[test]
fn words_and_values() {
    one("con 8", "unknown-layer: there is no layer `con` — did you mean `conv`?", "con");
    one("conv 8 kernal=3", "did you mean `kernel`?", "kernal=3");
    one("conv 8 { kernel 3 \"x\" }", "value-type: `kernel` cannot be x", "\"x\"");
    one("conv 8 kernel=0", "`kernel` cannot be 0", "kernel=0");
    one("conv", "`conv` needs `channels`", "conv");
    one("conv 8 activation=sillu", "`activation` cannot be sillu", "activation=sillu");
    one("conv 8 { kernel 3 3 }", "has the value `3` twice", "3 3");
    one("conv 8 kernel=3 { kernel-h 3 }", "kernel-twice", "3");
    one("conv 8 kernel-h=3", "half-kernel", "kernel-h=3");
    one("at \"p3\" { conv 8 }", "changes a shipped network", "at");
    one("", "the network has no layers", "network");
}

#[test]
fn names() {
    one("conv 8 as=\"stem\"; concat above \"sten\"", "unknown-name: there is no layer `sten` above — did you mean `stem`?", "\"sten\"");
    one("concat above \"late\"; conv 8 as=\"late\"", "layers read what stands above them", "\"late\"");
    one("conv 8 as=\"a\"; conv 8 as=\"a\"", "duplicate-name", "as=\"a\"");
    one("conv 8 as=\"above\"", "reserved-name", "as=\"above\"");
    one("choose \"a\" { conv 8; skip }; choose \"a\" { conv 8; skip }", "duplicate-label", "choose");
    one("choose { conv 8; conv 16 }", "two branches are called `conv` — name them apart", "conv");
    one("choose { conv 8 as=\"in\"; skip }; concat above \"in\"", "there is no layer `in` above", "\"in\"");
    one("concat", "needs names of layers", "concat");
}

#[test]
fn choices() {
    let with = |choice: &str, layers: &str| errors_of(&format!("space {{ {choice}; network {{ input d; {layers} }} }}"));
    let found = with("choice \"act\" silu relu", "conv 8 activation=(choice)\"akt\"");
    assert!(found[0].0.contains("there is no choice `akt` in this space — did you mean `act`?"), "{found:?}");
    let found = with("choice \"k\" 3 huge", "conv 8 kernel=(choice)\"k\"");
    assert_eq!(found[0].1, "huge");
    let found = with("choice \"op\" conv residul", "choose (choice)\"op\" { conv 8; residual 8 }");
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn strides_of_repeats() {
    one("conv 8; repeat 2 stride=2 { c3 8 }", "no-stride: `c3` has no stride", "c3");
    one("conv 8; repeat 2 stride=2 { conv 8 stride=2 }", "stride-twice", "stride=2");
    one("conv 8; repeat 2 stride=2 { choose { skip; conv 8 } }", "`skip` cannot have a stride", "skip");
    one("conv 8; repeat 0 stride=2 { conv 8 }", "zero copies cannot have a stride", "stride=2");
}

#[test]
fn shapes_are_named_at_the_layer() {
    one(
        "conv 8 stride=2 as=\"a\"; conv 8 stride=2; concat above \"a\"",
        "different sizes cannot be concatenated: 16×16×8 and 32×32×8",
        "concat above \"a\"",
    );
    one("conv 8 as=\"a\"; conv 16; add above \"a\"", "different shapes cannot be added: 64×64×16 and 64×64×8", "add above \"a\"");
    one("conv 8 kernel=99 padding=0", "a 99×99 kernel does not fit 64×64×3, padded by 0", "conv 8 kernel=99 padding=0");
    one("conv 8; conv 9 groups=2", "2 groups do not divide 8 input and 9 output channels", "conv 9 groups=2");
    one("conv 8 kernel=3 stride=3; detect above", "a map of 22×22×8 is not the image of 64×64×3 divided by a power of two", "detect above");
    one("inception 10", "10 channels do not part into four branches", "inception 10");
    one("c3 1", "expansion 0.5 of 1 channels leaves none", "c3 1");
    one("detect above; conv 8", "`conv` stands behind `detect`", "conv 8");
    one("detect above anchors=coco", "anchors=coco are for three levels, it reads 1", "detect above anchors=coco");
    one("skip", "it has no layer that computes anything", "skip");
}

#[test]
fn a_misfit_of_some_samples_names_the_choice_that_causes_it() {
    let text =
        "conv 8 as=\"a\" { kernel 1 3 }; choose \"b\" { conv 8 { kernel 1 3 }; conv 16 as=\"wide\" { kernel 1 3 } }; add above \"a\"";
    one(text, "different shapes cannot be added: 64×64×16 and 64×64×8, where b = wide", "add above \"a\"");
    let both = "conv as=\"a\" { channels 8 16 }; conv as=\"b\" { channels 8 16 }; add \"a\" \"b\"";
    let found = errors(both);
    assert!(found.len() == 1 && found[0].0.contains("where b.channels = 16"), "{found:?}");
    // Sharing the decision is the cure.
    let shared = "space { choice \"c\" 8 16; network { input d; conv (choice)\"c\" as=\"a\"; conv (choice)\"c\"; add above \"a\" } }";
    assert!(compile(shared).is_ok());
}

#[test]
fn bounds_and_warnings() {
    let with = |require: &str| errors_of(&format!("space {{ network {{ input d; conv 8 }}; {require} }}"));
    assert!(with("require map50 max=1")[0].0.contains("does not follow from a sample alone"));
    assert!(with("require flop max=1")[0].0.contains("did you mean `flops`?"));
    assert!(with("require flops")[0].0.contains("bounds nothing"));
    assert!(with("require flops max=1 min=2")[0].0.contains("no sample can meet this"));
    assert!(
        with("require flops max=1.0 of=refrence")[0].0.contains("only")
            || with("require flops max=1.0 of=refrence")[0].0.contains("`of` cannot be")
    );
    let (_, warnings) = compile("space { network { input d; conv 8; conv 8 }; require flops max=0.5 of=reference }").unwrap();
    assert_eq!(warnings[0].code, "reference-refused");
    let (_, warnings) = compile("space { network { input d; conv 8 as=\"a\"; conv 16; concat \"a\" \"a\" } }").unwrap();
    assert_eq!(warnings[0].code, "unread-layer");
}

#[test]
fn shipped_networks() {
    let of = |network: &str| errors_of(&format!("space {{ network {network} }}"));
    assert!(of("like=yolov5q { input d }")[0].0.contains("no network or space `yolov5q` is shipped — did you mean"));
    let found = of("like=yolov5n { input d; at \"p33\" { c3 256 } }");
    assert!(found[0].0.contains("did you mean `p3`?") && found[0].1 == "\"p33\"", "{found:?}");
    assert!(of("like=yolov5n { input d; c3 256 }")[0].0.contains("does not say where it goes"));
    assert!(of("like=yolov5n { input d; at \"p3\" { c3 256 as=\"x\" } }")[0].0.contains("leave the name out"));
    let (space, _) = Space::compile(
        &node("space { network like=yolov5n width=0.5 { input d; at \"p2\" { skip }; before \"sppf\" { conv 512 } } }"),
        &spec(64, 4),
    )
    .unwrap();
    assert_eq!(space.architecture(&space.reference()).unwrap().layers.len(), 25);
}

#[test]
fn all_errors_come_at_once() {
    let found = errors("conv 8 kernal=3; con 8; concat above \"x\"; choose { conv 8; conv 16 }");
    assert_eq!(found.len(), 4, "{found:#?}");
}
