//! A place that speaks S3: Amazon's, or whoever's. Where it is and who we are, the usual variables say: `AWS_ACCESS_KEY_ID`,
//! `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`.

use super::fault::Fault;
use super::limit::Limit;
use super::transport::{Body, Pieces, Put, Remote, Stored};
use futures_util::StreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, GetOptions, ListResult, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    RetryConfig,
};
use std::future::Future;
use std::io::{ErrorKind, Read};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Larger objects go in parts of so many bytes.
const PART: u64 = 8 << 20;

/// A bucket, and the prefix below which everything lies.
pub struct S3 {
    store: AmazonS3,
    prefix: String,
    name: String,
    /// Nothing only while it is dropped.
    runtime: Option<Runtime>,
}

impl S3 {
    /// This bucket, with what these variables say. Nothing is asked of it yet.
    ///
    /// # Errors
    /// In words: what they say that cannot be.
    pub fn new(bucket: &str, prefix: &str, variables: &[(String, String)]) -> Result<S3, String> {
        // How often and how long it is tried, `Line` decides.
        let retry = RetryConfig { max_retries: 0, retry_timeout: Duration::from_secs(60), ..RetryConfig::default() };
        let value = |name: &str| variables.iter().find(|(n, value)| n == name && !value.is_empty()).map(|v| v.1.as_str());
        let endpoint = value("AWS_ENDPOINT_URL_S3").or(value("AWS_ENDPOINT_URL")).or(value("AWS_ENDPOINT"));
        let plain = endpoint.is_some_and(is_loopback) || value("AWS_ALLOW_HTTP") == Some("true");
        // How long a request may take, the caller says each time.
        let client = ClientOptions::new().with_timeout_disabled().with_connect_timeout(Duration::from_secs(10));
        let mut builder = AmazonS3Builder::new().with_client_options(client.with_allow_http(plain));
        for (name, value) in variables.iter().filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty()) {
            if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        let builder = builder.with_bucket_name(bucket).with_retry(retry);
        let store = builder.build().map_err(|e| format!("what AWS_* says cannot be used: {e}"))?;
        // Requests come from many threads; these two move the bytes of all.
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|e| format!("no threads: {e}"))?;
        let name = format!("s3://{bucket}{}{prefix}", if prefix.is_empty() { "" } else { "/" });
        Ok(S3 { store, prefix: prefix.to_string(), name, runtime: Some(runtime) })
    }

    fn path(&self, path: &str) -> Path {
        Path::from(if self.prefix.is_empty() { path.to_string() } else { format!("{}/{path}", self.prefix) })
    }

    /// Waits for an answer as long as the limit allows.
    fn wait<T>(&self, limit: Limit, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Fault> {
        let (Some(left), Some(runtime)) = (limit.left(), &self.runtime) else { return Err(self.slow(limit)) };
        // Its clock is asked inside the runtime.
        match runtime.block_on(async { tokio::time::timeout(left, answer).await }) {
            Ok(answer) => answer.map_err(fault),
            Err(_) => Err(self.slow(limit)),
        }
    }

    fn slow(&self, limit: Limit) -> Fault {
        Fault::Slow(format!("no answer within {} s", limit.idle.as_secs_f32().ceil()))
    }

    /// Puts an object in parts; given up as a whole where one fails.
    fn put_parts(&self, path: &Path, body: Body, limit: Limit) -> Result<(), Fault> {
        let mut upload = self.wait(limit, self.store.put_multipart_opts(path, PutMultipartOptions::default())).map_err(no_bucket)?;
        let done = (|| {
            let mut left = body.bytes;
            while left > 0 {
                let part = read(body.from, left.min(PART))?;
                left -= part.len() as u64;
                self.wait(limit, upload.put_part(PutPayload::from(part)))?;
            }
            self.wait(limit, upload.complete())
        })();
        if done.is_err() {
            let _ = self.wait(Limit::of(Duration::from_secs(1), 0), upload.abort());
        }
        done.map(drop)
    }
}

/// So many bytes.
fn read(from: &mut dyn Read, bytes: u64) -> Result<Vec<u8>, Fault> {
    let mut part = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
    match from.read_exact(&mut part) {
        Ok(()) => Ok(part),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Err(Fault::Wrong("a file was cut short while it was read".into())),
        Err(e) => Err(Fault::Down(format!("what was to be written cannot be read: {e}"))),
    }
}

/// Whether an address is of this machine, where nobody else listens.
fn is_loopback(endpoint: &str) -> bool {
    let Some(rest) = endpoint.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or("");
    let host = host.strip_prefix('[').map_or_else(|| host.split(':').next(), |v6| v6.split(']').next()).unwrap_or("");
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The place's answer as ours.
fn fault(e: Error) -> Fault {
    let why = || shortened(&e);
    match &e {
        _ if said(&e).contains("NoSuchBucket") => Fault::Denied("there is no such bucket (NoSuchBucket)".into()),
        Error::NotFound { .. } => Fault::Absent,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Fault::Denied(format!("it does not let us: {}", why())),
        Error::Generic { .. } => Fault::Down(why()),
        _ => Fault::Wrong(why()),
    }
}

/// Nothing is absent where something is put or listed, but the bucket.
fn no_bucket(fault: Fault) -> Fault {
    match fault {
        Fault::Absent => Fault::Denied("it answered 404: there is no such bucket, or that is no S3 server".into()),
        other => other,
    }
}

/// An error in one line that is no longer than a line should be.
fn shortened(e: &Error) -> String {
    let line = said(e);
    if line.chars().count() > 300 { line.chars().take(300).chain("…".chars()).collect() } else { line }
}

/// An error with its causes, in one line.
fn said(e: &Error) -> String {
    let mut said = e.to_string();
    let mut cause = std::error::Error::source(e);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = inner.source();
    }
    said.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect()
}

impl Drop for S3 {
    /// Without waiting for the system, which may be looking for a name that nobody answers.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Remote for S3 {
    fn name(&self) -> &str {
        &self.name
    }

    fn get(&self, path: &str, most: u64, limit: Limit, out: &mut Pieces) -> Result<(), Fault> {
        let found = self.wait(limit, self.store.get_opts(&self.path(path), GetOptions::default()))?;
        if found.meta.size > most {
            return Err(Fault::TooLarge { most });
        }
        let (mut stream, mut came) = (found.into_stream(), 0);
        loop {
            // A stream that ends is no error; what is missing is seen by its digest.
            let next = self.wait(limit, async { stream.next().await.transpose() })?;
            let Some(piece) = next else { return Ok(()) };
            came += piece.len() as u64;
            if came > most {
                return Err(Fault::TooLarge { most });
            }
            out(&piece)?;
        }
    }

    fn put(&self, path: &str, body: Body, how: Put, limit: Limit) -> Result<Stored, Fault> {
        let path = self.path(path);
        if body.bytes > PART {
            // Parts know no condition. What is so large is named by its digest, so whoever is later writes the same bytes.
            if how == Put::IfAbsent {
                match self.wait(limit, self.store.head(&path)) {
                    Ok(_) => return Ok(Stored::There),
                    Err(Fault::Absent) => {}
                    Err(e) => return Err(e),
                }
            }
            return self.put_parts(&path, body, limit).map(|()| Stored::New);
        }
        let payload = PutPayload::from(read(body.from, body.bytes)?);
        let mode = if how == Put::IfAbsent { PutMode::Create } else { PutMode::Overwrite };
        let answer = async {
            match self.store.put_opts(&path, payload, PutOptions { mode, ..PutOptions::default() }).await {
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Stored::There),
                done => done.map(|_| Stored::New),
            }
        };
        self.wait(limit, answer).map_err(no_bucket)
    }

    fn size(&self, path: &str, limit: Limit) -> Result<Option<u64>, Fault> {
        match self.wait(limit, self.store.head(&self.path(path))) {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Fault::Absent) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn list(&self, below: &str, most: usize, limit: Limit) -> Result<Vec<String>, Fault> {
        let below = self.path(below);
        let ListResult { objects, .. } = self.wait(limit, self.store.list_with_delimiter(Some(&below))).map_err(no_bucket)?;
        let names = objects.into_iter().filter_map(|object| object.location.filename().map(str::to_string));
        Ok(names.take(most).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked_without_encryption() {
        for yes in ["http://127.0.0.1:9000", "http://localhost/x", "http://[::1]:9000/", "http://127.8.0.1"] {
            assert!(is_loopback(yes), "{yes}");
        }
        for no in ["http://10.0.0.1:9000", "http://localhost.example.com", "http://127.0.0.1.example.com", "https://127.0.0.1", "http://"] {
            assert!(!is_loopback(no), "{no}");
        }
    }
}
