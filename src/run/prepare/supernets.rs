//! Supernets: every space that is trained as one can be one.

use crate::base::Canon;
use crate::document::{Diagnostic, Init, Pipeline};
use crate::run::error::RunError;
use crate::space::architecture::to_canon;
use crate::space::{Space, Supernet};
use crate::store::Store;
use crate::train::Setup;
use std::collections::BTreeMap;

/// Every space that is trained as a supernet can be one, by the method that trains it; what in it cannot share weights is an
/// error at its line. That it can is remembered in the store, because it takes a tenth of a second to find out.
pub fn check(
    pipeline: &Pipeline,
    spaces: &BTreeMap<String, Space>,
    store: Option<&Store>,
    errors: &mut Vec<Diagnostic>,
) -> Result<(), RunError> {
    let mut nets: BTreeMap<&String, Option<Supernet>> = BTreeMap::new();
    for stage in &pipeline.stages {
        let space = pipeline.supernet(stage).and_then(|s| Some((&s.name.value, spaces.get(&s.name.value)?)));
        let (Some((name, space)), Some(train)) = (space, stage.train()) else { continue };
        let Some(oneshot) = &train.oneshot else { continue };
        let version = env!("CARGO_PKG_VERSION");
        let method = to_canon(&oneshot.value);
        // `init from=`: the space of the supernet that this one starts from.
        let from = match &train.init {
            Init::From(from, _) => {
                let other = pipeline.stage(&from.value).and_then(|i| pipeline.supernet(&pipeline.stages[i]));
                other.and_then(|s| Some((from, &s.name.value, spaces.get(&s.name.value)?)))
            }
            _ => None,
        };
        let mut found = vec!["supernet".into(), version.into(), space.network().into(), method];
        found.extend(from.map(|(_, _, other)| Canon::from(other.network())));
        let found = Canon::List(found).digest().hex();
        if let Some(store) = store
            && store.get_source(&found)?.is_some()
        {
            continue;
        }
        for (name, space) in [(name, space)].into_iter().chain(from.map(|(_, name, space)| (name, space))) {
            nets.entry(name).or_insert_with(|| Supernet::of(space).map_err(|more| errors.extend(more)).ok());
        }
        let Some(Some(net)) = nets.get(name) else { continue };
        let shared =
            |other: &Supernet| net.tensors().iter().any(|t| other.tensors().iter().any(|o| (&o.name, &o.shape) == (&t.name, &t.shape)));
        if let Some((from, other, _)) = from
            && let Some(Some(parent)) = nets.get(other)
            && !shared(parent)
        {
            let message = format!("no tensor of `{}` has a name and a shape that `{name}` has", from.value);
            let d = Diagnostic::error("no-match", message, from.span, "nothing to start from");
            errors.push(d.help(format!("names are places in a space: make one space over the other (`space \"…\" {{ from \"{name}\"; until … }}`), or write `init scratch`")));
        } else if let Some(why) = Setup::partial_refusal(net, &oneshot.value) {
            let d = Diagnostic::error("method", why.reason, why.span, "mixed over a part of its channels");
            let d =
                d.also(oneshot.span, "by this method").help("write channels that can be divided, another `partial=`, or `method darts`");
            errors.push(d);
        } else if let Some(store) = store.filter(|s| !s.is_read_only()) {
            let blob = store.blobs().put(b"[]")?;
            store.put_source(&found, blob)?;
        }
    }
    Ok(())
}
