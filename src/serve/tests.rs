use super::rules::{Ask, Rules, Verdict};

fn get(path: &'static str) -> Ask<'static> {
    Ask { method: "GET", path, host: Some("127.0.0.1:8080"), ..Ask::default() }
}

fn status(verdict: Verdict) -> u16 {
    match verdict {
        Verdict::Page | Verdict::Facts | Verdict::Live => 200,
        Verdict::Welcome(_) => 303,
        Verdict::Refused(status, _) => status,
    }
}

#[test]
fn this_machine_is_let_in_and_nobody_else() {
    let rules = Rules::new(8080, None);
    assert_eq!(rules.verdict(&get("/")), Verdict::Page);
    assert_eq!(rules.verdict(&get("/facts.json")), Verdict::Facts);
    for host in ["localhost", "LOCALHOST:9000", "127.0.0.1", "127.0.0.2:1", "[::1]:8080", "[::1]"] {
        assert_eq!(status(rules.verdict(&Ask { host: Some(host), ..get("/") })), 200, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "192.168.0.4",
        "[::2]",
        "[",
        ":",
        "0.0.0.0",
    ] {
        assert_eq!(status(rules.verdict(&Ask { host: Some(host), ..get("/") })), 403, "{host}");
    }
    assert_eq!(status(rules.verdict(&Ask { host: None, ..get("/") })), 400);
    assert_eq!(status(rules.verdict(&Ask { host: Some(""), ..get("/") })), 400);
}

#[test]
fn pages_of_other_sites_get_nothing() {
    let rules = Rules::new(8080, None);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:8081", "http://localhost:8080", "file://", "127.0.0.1:8080"] {
        assert_eq!(status(rules.verdict(&Ask { origin: Some(origin), ..get("/facts.json") })), 403, "{origin}");
    }
    assert_eq!(status(rules.verdict(&Ask { origin: Some("http://127.0.0.1:8080"), ..get("/facts.json") })), 200);
    for (site, wanted) in [("cross-site", 403), ("same-site", 403), ("", 403), ("same-origin", 200), ("none", 200)] {
        assert_eq!(status(rules.verdict(&Ask { site: Some(site), ..get("/") })), wanted, "{site}");
    }
}

#[test]
fn only_reading_and_only_two_things() {
    let rules = Rules::new(8080, None);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"] {
        assert_eq!(status(rules.verdict(&Ask { method, ..get("/") })), 405, "{method}");
    }
    assert_eq!(status(rules.verdict(&Ask { method: "HEAD", ..get("/") })), 200);
    for path in ["/x", "//", "/../etc/passwd", "/facts.json/", "/%2e%2e/", "*", ""] {
        assert_eq!(status(rules.verdict(&get(path))), 404, "{path}");
    }
}

#[test]
fn a_token_is_asked_of_everybody() {
    let rules = Rules::new(8080, Some("secret".into()));
    for path in ["/", "/facts.json", "/x"] {
        assert_eq!(status(rules.verdict(&get(path))), 403, "{path}");
    }
    assert_eq!(status(rules.verdict(&Ask { query: "token=wrong", ..get("/") })), 403);
    assert_eq!(status(rules.verdict(&Ask { query: "token=", ..get("/") })), 403);
    let welcome = rules.verdict(&Ask { query: "a=b&token=secret", ..get("/") });
    assert_eq!(welcome, Verdict::Welcome("nasflow-8080=secret; Path=/; HttpOnly; SameSite=Strict".into()));
    let cookie = |cookie: &'static str| Ask { cookies: vec![cookie], ..get("/facts.json") };
    assert_eq!(status(rules.verdict(&cookie("other=1; nasflow-8080=secret"))), 200);
    for wrong in ["nasflow-8080=secret2", "nasflow-8081=secret", "secret", "xnasflow-8080=secret"] {
        assert_eq!(status(rules.verdict(&cookie(wrong))), 403, "{wrong}");
    }
    let bearer = |a: &'static str| Ask { authorization: Some(a), ..get("/facts.json") };
    assert_eq!((status(rules.verdict(&bearer("Bearer secret"))), status(rules.verdict(&bearer("Basic secret")))), (200, 403));
    // A token is the name's proof, too; it opens nothing to another site.
    assert_eq!(status(rules.verdict(&Ask { host: Some("box.example:8080"), ..cookie("nasflow-8080=secret") })), 200);
    assert_eq!(status(rules.verdict(&Ask { site: Some("cross-site"), ..cookie("nasflow-8080=secret") })), 403);
}

#[test]
fn tokens_are_long_and_never_the_same() {
    let (a, b) = (super::token().expect("random"), super::token().expect("random"));
    assert!(a.len() == 32 && a != b && a.chars().all(|c| c.is_ascii_hexdigit()));
}
