//! The loss of a trained detector over a split: what its recipe trains by, over images as they are.

use super::loss::{DetectionLoss, Sums};
use crate::data::{EvalBatches, Pack, Target};
use crate::document::LossGains;
use crate::nn::{Executor, NormOptions, Parameters};
use crate::space::Program;
use std::sync::Arc;

/// Box + objectness + classes, each a mean over all images of the pack as one batch, letterboxed and not augmented, with batch norm's
/// running statistics. Each image is added by itself, so the result does not depend on how images are grouped, as far as the
/// executor's outputs do not. `seen` is told how many images are done, and may stop it: then there is no result.
///
/// # Errors
/// Those of the executor; a network, pack or truth that do not fit each other.
pub fn split_loss(
    executor: &mut dyn Executor,
    params: &Parameters,
    program: &Program,
    norm: NormOptions,
    gains: &LossGains,
    pack: &Arc<Pack>,
    batch: usize,
    mut seen: impl FnMut(usize) -> bool,
) -> Result<Option<f64>, String> {
    let mut loss = DetectionLoss::new(program, gains)?;
    let image = program.values.first().ok_or("the program has no image")?;
    let batches = EvalBatches::new(pack.clone(), image.h, batch).map_err(|e| e.to_string())?;
    let sizes: Vec<usize> = program.outputs.iter().map(|&o| program.values[o].h * program.values[o].w * program.values[o].c).collect();
    let (mut all, mut done) = (vec![Sums::default(); sizes.len()], 0);
    for index in 0..batches.len() {
        if !seen(done) {
            return Ok(None);
        }
        let (batch, _) = batches.batch(index).map_err(|e| e.to_string())?;
        if batch.images.len() != batch.n * image.h * image.w * image.c {
            return Err(format!("{} values for {} images of {} × {} × {}", batch.images.len(), batch.n, image.h, image.w, image.c));
        }
        executor.forward_eval(params, &batch.images, batch.n, norm)?;
        for i in 0..batch.n {
            let own = |(level, &size): (usize, &usize)| {
                executor.output(level).get(i * size..(i + 1) * size).ok_or("the executor returned too few values")
            };
            let outputs: Vec<&[f32]> = sizes.iter().enumerate().map(own).collect::<Result<_, _>>()?;
            let targets: Vec<Target> = batch.targets.iter().filter(|t| t.image == i).map(|t| Target { image: 0, ..*t }).collect();
            loss.evaluate(&outputs, 1, &targets)?;
            all.iter_mut().zip(loss.sums()).for_each(|(all, own)| all.add(own));
        }
        done += batch.n;
    }
    seen(done);
    Ok(Some(loss.of(&all, done).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::data::{Object, PackImage};
    use crate::nn::{DeviceChoice, executor};
    use crate::space::tests::whole;
    use crate::train::criterion;
    use crate::train::reference::{recipe, uniform};

    /// Images of 32 pixels, some with boxes, the fourth with none.
    fn pack(images: usize, classes: usize) -> Arc<Pack> {
        let pixels = uniform("pixels", images * 32 * 32 * 3).iter().map(|u| (u * 255.0) as u8).collect();
        let object = |v: &[f64]| {
            let at = |u: f64| 16 * (2 + (u * 12.0) as i32);
            let (x1, y1) = (at(v[0]), at(v[1]));
            Object { class: (v[2] * classes as f64) as u16, x1, y1, x2: x1 + at(v[3]), y2: y1 + at(v[4]) }
        };
        let image = |i: usize| {
            let values = uniform(&format!("boxes {i}"), 20);
            let mut objects: Vec<Object> = values.chunks(5).take(i * 7 % 5).map(object).collect();
            objects.retain(|_| i != 3);
            PackImage { digest: Digest::of(&[i as u8]), width: 32, height: 32, w: 32, h: 32, offset: i * 32 * 32 * 3, objects, label: None }
        };
        let names = (0..classes).map(|c| c.to_string()).collect();
        Arc::new(Pack { image_size: 32, channels: 3, classes: names, images: (0..images).map(image).collect(), pixels })
    }

    fn program() -> Program {
        let space = whole(
            "space { network { input d; conv 8 kernel=3 stride=4; conv 8 kernel=3 stride=2 as=\"a\"; conv 8 kernel=3 stride=2 as=\"b\"; detect \"a\" \"b\" } }",
        );
        space.architecture(&space.reference()).expect("a network").at_size(32).expect("of that size").program().expect("a program")
    }

    const NORM: NormOptions = NormOptions { eps: 1e-3, momentum: 0.0 };

    fn of(program: &Program, params: &Parameters, pack: &Arc<Pack>, batch: usize) -> f64 {
        let mut executor = executor(program, DeviceChoice::Fast, batch).expect("an executor");
        let found = split_loss(executor.as_mut(), params, program, NORM, &recipe().loss, pack, batch, |_| true);
        found.expect("a loss").expect("not stopped")
    }

    #[test]
    fn is_the_criterion_of_one_batch_and_of_no_grouping() {
        let program = program();
        let crate::space::Head::Detect { classes, .. } = &program.head else { panic!("no head") };
        let (params, pack) = (Parameters::init(&program, 7), pack(11, *classes));
        // What training computes of all images as one batch.
        let (batch, _) = EvalBatches::new(pack.clone(), 32, 11).expect("batches").batch(0).expect("a batch");
        let mut executor = executor(&program, DeviceChoice::Fast, 11).expect("an executor");
        executor.forward_eval(&params, &batch.images, 11, NORM).expect("a pass");
        let outputs: Vec<&[f32]> = (0..program.outputs.len()).map(|i| executor.output(i)).collect();
        let parts = criterion(&program, &recipe()).expect("a criterion").evaluate(&outputs, &batch).expect("a loss");
        assert!(parts.r#box > 0.0 && parts.obj > 0.0 && parts.cls > 0.0, "{parts:?}");
        let whole = of(&program, &params, &pack, 11);
        assert!((whole - parts.sum()).abs() < 1e-12 * parts.sum(), "{whole} {parts:?}");
        // The same bits, however the images are grouped.
        for batch in [1, 2, 4, 16] {
            assert_eq!(of(&program, &params, &pack, batch).to_bits(), whole.to_bits(), "{batch} at a time");
        }
        // Images without boxes count: they are where nothing should be found.
        assert_ne!(of(&program, &params, &Arc::new(pack.part(0..3)), 4), of(&program, &params, &Arc::new(pack.part(0..4)), 4));
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_a_stop_is_none() {
        let program = program();
        let (params, pack) = (Parameters::init(&program, 7), pack(3, 4));
        let mut executor = executor(&program, DeviceChoice::Fast, 2).expect("an executor");
        let mut run = |pack: &Arc<Pack>, go: bool| split_loss(executor.as_mut(), &params, &program, NORM, &recipe().loss, pack, 2, |_| go);
        assert_eq!(run(&pack, false), Ok(None));
        let mut foreign = (*pack).clone();
        foreign.images[2].objects = vec![Object { class: 900, x1: 0, y1: 0, x2: 160, y2: 160 }];
        assert!(run(&Arc::new(foreign), true).is_err_and(|e| e.contains("class 900")));
    }
}
