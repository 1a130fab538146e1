//! Files of weights that trainings start from: read, checked, and held against the spaces that start from them.

use crate::base::Digest;
use crate::document::{Diagnostic, Init, Pipeline, Spanned};
use crate::nn::{NamedTensor, load_weights};
use crate::plan::WeightsFile;
use crate::plan::lead::spaces_of;
use crate::plan::warm::file_into_reference;
use crate::run::error::RunError;
use crate::space::{Architecture, Space};
use crate::store::Store;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// More choices than any space has.
const MAX_CHOICES: usize = 10_000;
/// Most bytes of a file of weights.
const MAX_BYTES: u64 = 2 << 30;

/// Files by stage.
type ByStage = BTreeMap<String, Arc<WeightsFile>>;

/// The files that trainings start from, and those of their teachers; whatever is wrong with one is an error at its line.
pub fn read(pipeline: &Pipeline, spaces: &BTreeMap<String, Space>, errors: &mut Vec<Diagnostic>) -> (ByStage, ByStage) {
    let mut files: BTreeMap<String, Option<Arc<WeightsFile>>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    let mut teachers = BTreeMap::new();
    for stage in &pipeline.stages {
        let Some(train) = stage.train() else { continue };
        let mut file = |path: &Spanned<String>, errors: &mut Vec<Diagnostic>| {
            let opened = || match open(&path.value) {
                Ok(file) => Some(Arc::new(file)),
                Err((why, help)) => {
                    let d = Diagnostic::error("weights-broken", "the file of weights cannot be used", path.span, why);
                    errors.push(d.help(help));
                    None
                }
            };
            files.entry(path.value.clone()).or_insert_with(opened).clone()
        };
        if let Init::File(path, _) = &train.init
            && let Some(file) = file(path, errors)
        {
            for space in spaces_of(pipeline, &stage.name.value).iter().filter_map(|s| spaces.get(s)) {
                errors.extend(nothing(&file, space, path));
            }
            found.insert(stage.name.value.clone(), file);
        }
        if let Some(path) = train.teacher.as_ref().and_then(|t| t.file())
            && let Some(file) = file(path, errors)
        {
            if file.architecture.is_none() {
                let d = Diagnostic::error("weights-broken", "the file does not say of which network it is", path.span, "weights alone");
                errors.push(d.help("a teacher is a model that `nasflow export -o big.safetensors` wrote; of other weights make one: `init file=` in a `train`"));
            }
            teachers.insert(stage.name.value.clone(), file);
        }
    }
    (found, teachers)
}

/// A file of which nothing fits is the wrong file.
fn nothing(file: &WeightsFile, space: &Space, path: &Spanned<String>) -> Option<Diagnostic> {
    let why = match file_into_reference(file, space) {
        Ok(transfer) if !transfer.is_empty() => return None,
        // Its layers may be those of a network that the space holds beside its reference: the run will say.
        Err(_) if file.architecture.is_some() => return None,
        Ok(_) => "no tensor has a part in common with the reference of the space".to_string(),
        Err(why) => why,
    };
    let d = Diagnostic::error("no-match", format!("nothing of the file has a place in `{}`", space.name), path.span, why);
    Some(d.help(
        "a file's names are those of the layers of one network: it must be the one that the space starts from (`network like=yolov5n`)",
    ))
}

const CONVERT: &str = "of a checkpoint of PyTorch: `safetensors.torch.save_file({k: v.contiguous() for k, v in model.state_dict().items()}, \"w.safetensors\")`";

fn open(path: &str) -> Result<WeightsFile, (String, &'static str)> {
    let told = |e: std::io::Error| (format!("{path}: {e}"), "name a file of safetensors");
    let meta = std::fs::metadata(path).map_err(told)?;
    if !meta.is_file() {
        return Err((format!("{path} is no file"), "name a file of safetensors"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(told)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err((format!("{path} has more than {} GiB", MAX_BYTES >> 30), "such files are not read"));
    }
    let file = load_weights(&bytes).map_err(|why| (why, CONVERT))?;
    let has = |ending: &str| file.tensors.iter().any(|t| t.name.ends_with(ending));
    if has(".conv.bias") && !has(".running_mean") {
        let why = "its batch norms are folded into the convolutions: the network that starts has both apart".to_string();
        return Err((why, "export it unfused (upstream: `model.state_dict()` before `model.fuse()`)"));
    }
    let architecture = match file.metadata.get("architecture") {
        Some(text) => {
            let architecture = network(text, &file.tensors).map_err(|why| (why, "export it anew: `nasflow export`"))?;
            let choices = file.metadata.get("choices").and_then(|text| serde_json::from_str(text).ok());
            let choices = choices.filter(|all: &Vec<(u64, usize)>| all.len() <= MAX_CHOICES).unwrap_or_default();
            Some((architecture, choices))
        }
        None => None,
    };
    let bn_eps = file.metadata.get("norm_eps").and_then(|text| text.parse::<f64>().ok()).filter(|eps| *eps > 0.0 && eps.is_finite());
    let buffer = |t: &&NamedTensor| t.name.ends_with(".anchors") && t.shape.len() == 3 && t.shape[2] == 2 && t.shape[1] > 0;
    let anchors = file.tensors.iter().find(buffer).map(|t| {
        let pairs: Vec<(f32, f32)> = t.data.as_chunks::<2>().0.iter().map(|[w, h]| (*w, *h)).collect();
        pairs.chunks(t.shape[1]).map(<[_]>::to_vec).collect()
    });
    let weights = |t: &&NamedTensor| !t.name.ends_with(".anchors") && !t.name.ends_with(".anchor_grid");
    let tensors = file.tensors.iter().filter(weights).map(|t| (t.name.clone(), t.shape.clone())).collect();
    Ok(WeightsFile { path: path.to_string(), digest: Digest::of(&bytes), tensors, anchors, architecture, bn_eps })
}

/// The network that a file says it is of; its tensors must be those.
fn network(text: &str, tensors: &[NamedTensor]) -> Result<Architecture, String> {
    let architecture = Architecture::from_json(text).map_err(|e| format!("its metadata hold no network: {e}"))?;
    let shapes: BTreeMap<&str, &[usize]> = tensors.iter().map(|t| (t.name.as_str(), &t.shape[..])).collect();
    let program = architecture.program().map_err(|e| format!("its metadata hold no network: {e}"))?;
    match program.params.iter().find(|p| shapes.get(p.name.as_str()) != Some(&&p.shape[..])) {
        Some(spec) => Err(format!("`{}` is not the tensor of {:?} that its network has", spec.name, spec.shape)),
        None => Ok(architecture),
    }
}

/// Puts a file into the store, where it is not there, so that a worker finds it by its digest.
///
/// # Errors
/// Where the file is no longer what it was when the run began; those of the store.
pub fn keep(file: &WeightsFile, store: &Store) -> Result<(), RunError> {
    if store.blobs().has(&file.digest)? {
        return Ok(());
    }
    let changed = |why: &str| RunError::Data(format!("{} {why} since this run began: run it again", file.path));
    let bytes = std::fs::read(&file.path).map_err(|_| changed("went away"))?;
    if Digest::of(&bytes) != file.digest {
        return Err(changed("has changed"));
    }
    store.blobs().put(&bytes)?;
    Ok(())
}
