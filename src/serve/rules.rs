//! Who gets an answer.
//!
//! A page on this machine's loopback is reachable by every page that the user's browser has open, so an address is no protection:
//! - `Host` must name this machine where no token is asked: a page of another name that was made to point here (DNS rebinding) gets nothing.
//! - `Origin` and `Sec-Fetch-Site` must be this page's own: another site gets nothing, nor does another port of this machine.
//! - Away from the loopback, and wherever one is given, a token is asked, once in the address and from then on as a cookie that no
//!   script and no other site can use. Tokens are compared by their digests, in constant time.

use crate::base::Digest;
use std::net::IpAddr;

/// What a request says of itself, as far as it decides.
#[derive(Clone, Debug, Default)]
pub struct Ask<'r> {
    /// Its method.
    pub method: &'r str,
    /// Its path, without the query.
    pub path: &'r str,
    /// Its query.
    pub query: &'r str,
    /// `Host`.
    pub host: Option<&'r str>,
    /// `Origin`.
    pub origin: Option<&'r str>,
    /// `Sec-Fetch-Site`.
    pub site: Option<&'r str>,
    /// `Cookie`, all of them.
    pub cookies: Vec<&'r str>,
    /// `Authorization`.
    pub authorization: Option<&'r str>,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The page.
    Page,
    /// Its facts.
    Facts,
    /// How far the run is.
    Live,
    /// The token was in the address: it becomes a cookie, and the address loses it.
    Welcome(String),
    /// Nothing: the status, and why in words.
    Refused(u16, &'static str),
}

/// The rules of a server.
#[derive(Clone, Debug)]
pub struct Rules {
    token: Option<blake3::Hash>,
    cookie: String,
    secret: Option<String>,
}

impl Rules {
    /// Of a server at this port, with the token that it asks for.
    pub fn new(port: u16, token: Option<String>) -> Rules {
        Rules { token: token.as_ref().map(|t| blake3::hash(t.as_bytes())), cookie: format!("nasflow-{port}"), secret: token }
    }

    /// What a request gets.
    pub fn verdict(&self, ask: &Ask) -> Verdict {
        let Some(host) = ask.host.filter(|h| !h.is_empty()) else {
            return Verdict::Refused(400, "a request without a host");
        };
        if self.token.is_none() && !is_here(host) {
            return Verdict::Refused(403, "this page is not called so: open it as 127.0.0.1 or localhost");
        }
        if ask.origin.is_some_and(|o| o.strip_prefix("http://").or(o.strip_prefix("https://")) != Some(host)) {
            return Verdict::Refused(403, "not for pages of other sites");
        }
        if ask.site.is_some_and(|s| !matches!(s, "same-origin" | "none")) {
            return Verdict::Refused(403, "not for pages of other sites");
        }
        if !matches!(ask.method, "GET" | "HEAD") {
            return Verdict::Refused(405, "only GET and HEAD");
        }
        if self.token.is_some() {
            let given = ask.query.split('&').find_map(|pair| pair.strip_prefix("token="));
            if let Some(given) = given.filter(|_| ask.path == "/") {
                return match self.is_token(given) {
                    true => Verdict::Welcome(format!("{}={given}; Path=/; HttpOnly; SameSite=Strict", self.cookie)),
                    false => Verdict::Refused(403, "this is not the token"),
                };
            }
            let cookies = ask.cookies.iter().flat_map(|c| c.split(';')).filter_map(|c| c.trim().split_once('='));
            let mut cookies = cookies.filter(|(name, _)| *name == self.cookie).map(|(_, value)| value);
            let bearer = ask.authorization.and_then(|a| a.strip_prefix("Bearer "));
            if !cookies.any(|c| self.is_token(c)) && !bearer.is_some_and(|b| self.is_token(b)) {
                return Verdict::Refused(403, "a token is asked: open the address that `nasflow serve` printed");
            }
        }
        match ask.path {
            "/" => Verdict::Page,
            "/facts.json" => Verdict::Facts,
            "/live.json" => Verdict::Live,
            _ => Verdict::Refused(404, "there is nothing here but /, /facts.json and /live.json"),
        }
    }

    /// The address to open, on a host with its port.
    pub fn address(&self, host: &str) -> String {
        match &self.secret {
            Some(token) => format!("http://{host}/?token={token}"),
            None => format!("http://{host}/"),
        }
    }

    /// Digests are compared in constant time, whatever was given.
    fn is_token(&self, given: &str) -> bool {
        self.token.is_some_and(|token| token == blake3::hash(given.as_bytes()))
    }
}

/// Whether a `Host` names this machine's loopback, at whatever port: a tunnel may have another.
fn is_here(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A fresh token: 32 hexadecimal digits out of the system's random numbers.
///
/// # Errors
/// A system that gives none.
pub fn token() -> Result<String, String> {
    let mut random = [0u8; 32];
    getrandom::fill(&mut random).map_err(|e| format!("no random numbers for a token: {e}"))?;
    Ok(Digest::of(&random).hex()[..32].to_string())
}
