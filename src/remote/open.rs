//! Which place an address names.

use super::error::RemoteError;
use super::folder::Folder;
use super::transport::Remote;
use std::path::Path;
use std::sync::Arc;

/// What addresses look like.
const FORMS: &str = "write `s3://BUCKET/PREFIX`, `file:///FOLDER` or the path of a folder";

/// The place that an address names. Nothing is asked of it yet.
///
/// # Errors
/// [`RemoteError::Address`].
pub fn open(address: &str) -> Result<Arc<dyn Remote>, RemoteError> {
    let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    open_with(address, &variables.collect::<Vec<_>>())
}

/// The same, where the environment has these variables.
///
/// # Errors
/// As [`open`].
pub fn open_with(address: &str, variables: &[(String, String)]) -> Result<Arc<dyn Remote>, RemoteError> {
    let wrong = |why: String| RemoteError::Address { address: address.escape_debug().to_string(), why };
    match address.split_once("://") {
        Some(("s3", rest)) => s3(rest, variables).map_err(wrong),
        Some(("file", path)) if Path::new(path).is_absolute() => Ok(Arc::new(Folder::new(Path::new(path)))),
        Some(("file", _)) => Err(wrong("`file://` takes a path from the root, with three `/`".into())),
        Some((scheme, _)) => Err(wrong(format!("`{}` is no kind of place that nasflow knows; {FORMS}", scheme.escape_debug()))),
        None if address.starts_with("s3:") || address.starts_with("file:") => Err(wrong(format!("it lacks `//`; {FORMS}"))),
        None if address.is_empty() => Err(wrong(format!("it is empty; {FORMS}"))),
        None => Ok(Arc::new(Folder::new(Path::new(address)))),
    }
}

/// The bucket and the prefix of an address.
fn parts(rest: &str) -> Result<(&str, &str), String> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(plain);
    if !part(bucket) {
        return Err("the name of the bucket is missing, or none".into());
    }
    if !prefix.is_empty() && !prefix.split('/').all(part) {
        return Err("the prefix may have letters, digits, `.`, `_`, `-` and single `/`".into());
    }
    Ok((bucket, prefix))
}

#[cfg(feature = "s3")]
fn s3(rest: &str, variables: &[(String, String)]) -> Result<Arc<dyn Remote>, String> {
    let (bucket, prefix) = parts(rest)?;
    Ok(Arc::new(super::s3::S3::new(bucket, prefix, variables)?))
}

#[cfg(not(feature = "s3"))]
fn s3(rest: &str, _: &[(String, String)]) -> Result<Arc<dyn Remote>, String> {
    parts(rest)?;
    Err("this nasflow was built without S3: build it with `cargo build --release --features s3`, or share a folder".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_places_or_say_what_is_wrong() {
        for (address, name) in [("file:///mnt/team", "/mnt/team"), ("/mnt/team", "/mnt/team"), ("team", "team")] {
            assert_eq!(open(address).expect("an address").name(), name);
        }
        for (address, why) in [
            ("", "it is empty"),
            ("file://team", "from the root"),
            ("http://x", "`http` is no kind"),
            ("s3:/team", "it lacks `//`"),
            ("s3://", "bucket is missing"),
            ("s3://b/../c", "the prefix may have"),
            ("s3://b/a//c", "the prefix may have"),
        ] {
            let Err(e) = open(address) else { panic!("{address} was taken") };
            assert!(e.to_string().contains(why), "{address}: {e}");
        }
        assert_eq!(parts("b/p/q/"), Ok(("b", "p/q")));
    }
}
