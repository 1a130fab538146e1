//! The wire: hyper's HTTP/1 over a listener, on one thread.

use super::rules::{Ask, Rules, Verdict};
use super::site::{Document, Site};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Most connections at a time; one more is closed at once. A browser has six for each page's host.
const MOST_CONNECTIONS: usize = 256;
/// A client has so long to send the head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// A connection is closed after so long: the next request opens another.
const LONGEST: Duration = Duration::from_secs(120);
/// Most bytes of a request's head, and most headers.
const HEAD_BYTES: usize = 16 * 1024;
const HEADERS: usize = 64;

/// What the page may do: run its own script and styles, show pictures that stand in it, and ask this server; nothing else. Nobody may
/// show it inside another page.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A server that was bound to an address.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Binds.
    ///
    /// # Errors
    /// An address that cannot be had, in words.
    pub fn bind(address: SocketAddr) -> Result<Server, String> {
        let listener = TcpListener::bind(address).map_err(|e| format!("{address} cannot be listened on: {e}"))?;
        listener.set_nonblocking(true).map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        Ok(Server { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until the process ends.
    ///
    /// # Errors
    /// A system that gives no event loop.
    pub fn run(self, site: Site, rules: Rules) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(|e| e.to_string())?;
        runtime.block_on(serve(self.listener, Arc::new((site, rules))))
    }
}

async fn serve(listener: TcpListener, shared: Arc<(Site, Rules)>) -> Result<(), String> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(|e| e.to_string())?;
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // Out of descriptors, or a client that went away: the next may be better.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(place) = Place::take(&open) else { continue };
        let shared = shared.clone();
        tokio::spawn(async move {
            let _place = place;
            let answer = |request: Request<Incoming>| {
                let shared = shared.clone();
                async move { Ok::<_, Infallible>(respond(&request, &shared.0, &shared.1)) }
            };
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(HEAD_BYTES)
                .max_headers(HEADERS)
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            // What ends a connection early is the client's matter.
            let mut connection = pin!(connection);
            if tokio::time::timeout(LONGEST, connection.as_mut()).await.is_err() {
                // An answer under way is sent whole, if its reader is not too slow.
                connection.as_mut().graceful_shutdown();
                let _ = tokio::time::timeout(HEAD, connection).await;
            }
        });
    }
}

/// The right to have a connection open.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Option<Place> {
        let before = open.fetch_add(1, Ordering::Relaxed);
        let place = Place(open.clone());
        (before < MOST_CONNECTIONS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a request gets. Its body is not read.
fn respond(request: &Request<Incoming>, site: &Site, rules: &Rules) -> Response<Full<Bytes>> {
    let (headers, uri) = (request.headers(), request.uri());
    let one = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    // Two of them, or one that is no text, are none: what decides must be plain.
    let alone = |name: HeaderName| if headers.get_all(&name).iter().count() == 1 { one(name) } else { None };
    let odd = |name: HeaderName| headers.contains_key(&name) && alone(name).is_none();
    let odd_origin = odd(header::ORIGIN) || odd(HeaderName::from_static("sec-fetch-site"));
    let ask = Ask {
        method: request.method().as_str(),
        path: uri.path(),
        query: uri.query().unwrap_or(""),
        // Whoever asks a proxy asks somebody else.
        host: if uri.authority().is_some() { None } else { alone(header::HOST) },
        origin: if odd_origin { Some("null") } else { alone(header::ORIGIN) },
        site: alone(HeaderName::from_static("sec-fetch-site")),
        cookies: headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).collect(),
        authorization: alone(header::AUTHORIZATION),
    };
    let mut response = match rules.verdict(&ask) {
        Verdict::Page => sent(&site.shown().page, headers),
        Verdict::Facts => sent(&site.shown().facts, headers),
        Verdict::Live => sent(&site.shown().live, headers),
        Verdict::Welcome(cookie) => {
            let mut response = plain(303, "");
            set(response.headers_mut(), header::LOCATION, "/");
            set(response.headers_mut(), header::SET_COOKIE, &cookie);
            response
        }
        Verdict::Refused(status, why) => {
            let mut response = plain(status, why);
            if status == 405 {
                set(response.headers_mut(), header::ALLOW, "GET, HEAD");
            }
            response
        }
    };
    let out = response.headers_mut();
    set(out, header::CONTENT_SECURITY_POLICY, POLICY);
    set(out, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(out, header::X_FRAME_OPTIONS, "DENY");
    set(out, header::REFERRER_POLICY, "no-referrer");
    set(out, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(out, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    response
}

/// A document, or that the client has it.
fn sent(document: &Document, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    let known = known.map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == document.tag);
    let takes = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()).any(|v| v.contains("gzip"));
    let small = takes && !document.small.is_empty();
    let body = match (known, small) {
        (true, _) => Bytes::new(),
        (false, true) => document.small.clone(),
        (false, false) => document.bytes.clone(),
    };
    let mut response = Response::new(Full::new(body));
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        set(response.headers_mut(), header::CONTENT_TYPE, document.kind);
        if small {
            set(response.headers_mut(), header::CONTENT_ENCODING, "gzip");
        }
    }
    set(response.headers_mut(), header::ETAG, &document.tag);
    set(response.headers_mut(), header::VARY, "Accept-Encoding");
    // It may be kept, and is asked for again each time.
    set(response.headers_mut(), header::CACHE_CONTROL, "private, no-cache");
    response
}

fn plain(status: u16, words: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(if words.is_empty() { String::new() } else { format!("{words}\n") })));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    set(response.headers_mut(), header::CONTENT_TYPE, "text/plain; charset=utf-8");
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Ours are plain text; a token with other characters is refused before.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
