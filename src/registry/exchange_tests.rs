use super::*;

const REGISTRY: &str = "https://r.example/v2/a/manifests/b";
const BEARER: &str = r#"Bearer realm="https://auth.example/token",service="r.example""#;

fn target(url: &str) -> Target {
    Target { url: url.to_owned(), scope: Some("repository:a:pull".to_owned()), ..Target::default() }
}

fn head(status: u16, headers: &[(&str, &str)]) -> Head {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Head { status, url: REGISTRY.to_owned(), headers, at: 1_000 }
}

/// A 401 of another server than that of [`REGISTRY`].
fn asks_who(url: &str, headers: &[(&str, &str)]) -> Head {
    Head { url: url.to_owned(), ..head(401, headers) }
}

fn sent(exchange: &mut Exchange, auth: &Auth) -> Request {
    match exchange.step(auth) {
        Step::Send(request) => request,
        other => panic!("{other:?}"),
    }
}

fn failed(exchange: &mut Exchange) -> Trouble {
    match exchange.step(&Auth::default()) {
        Step::Fail(trouble, _) => trouble,
        other => panic!("{other:?}"),
    }
}

fn who() -> Credentials {
    Credentials { user: "me".into(), password: "secret".into() }
}

#[test]
fn what_asks_for_nothing_is_read() {
    let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
    assert_eq!(sent(&mut exchange, &auth).authorization, None);
    exchange.answered(head(200, &[]), b"", &mut auth);
    assert_eq!(exchange.step(&auth), Step::Read { skip: 0 });
}

#[test]
fn a_token_is_asked_for_anonymously_and_used_for_its_registry_only() {
    let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
    exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
    let request = sent(&mut exchange, &auth);
    assert_eq!(request.url, "https://auth.example/token?service=r.example&scope=repository:a:pull");
    assert!(request.is_token && request.authorization.is_none());
    exchange.answered(head(200, &[]), br#"{"access_token":"t1"}"#, &mut auth);
    assert_eq!(sent(&mut exchange, &auth).authorization.as_deref(), Some("Bearer t1"));
    exchange.answered(head(200, &[]), b"", &mut auth);
    assert_eq!(exchange.step(&auth), Step::Read { skip: 0 });
    // The next request brings it at once; another host, port, scheme or repository does not.
    assert!(
        sent(&mut Exchange::new(target("https://r.example/v2/a/blobs/x")), &auth).authorization.is_some()
    );
    for other in
        ["https://s.example/v2/a/blobs/x", "https://r.example:8443/v2/a/blobs/x", "http://r.example/v2/a"]
    {
        assert_eq!(sent(&mut Exchange::new(target(other)), &auth).authorization, None, "{other}");
    }
    let other = Target { scope: Some("repository:b:pull".into()), ..target(REGISTRY) };
    assert_eq!(sent(&mut Exchange::new(other), &auth).authorization, None);
    let public = Target { scope: None, ..target(REGISTRY) };
    assert_eq!(sent(&mut Exchange::new(public), &auth).authorization, None);
}

#[test]
fn no_token_is_asked_for_that_allows_more_than_reading() {
    for (asked, scope) in [
        ("repository:proxied/a:pull", "repository:proxied/a:pull"),
        ("repository:a:push,pull", "repository:a:pull"),
        ("repository:b:delete repository:a:pull", "repository:a:pull"),
        ("registry:catalog:*", "repository:a:pull"),
    ] {
        let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
        let header = format!("{BEARER},scope=\"{asked}\"");
        exchange.answered(head(401, &[("www-authenticate", &header)]), b"", &mut auth);
        let url = sent(&mut exchange, &auth).url;
        assert!(url.ends_with(&format!("&scope={scope}")), "{url}");
    }
}

#[test]
fn a_token_that_is_too_old_is_replaced_once() {
    let mut auth = Auth::default();
    let key = (Origin::of_url(REGISTRY).unwrap(), "repository:a:pull".to_owned());
    auth.headers.insert(key, "Bearer old".into());
    let mut exchange = Exchange::new(target(REGISTRY));
    assert_eq!(sent(&mut exchange, &auth).authorization.as_deref(), Some("Bearer old"));
    exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
    exchange.answered(head(200, &[]), br#"{"token":"new"}"#, &mut auth);
    assert_eq!(sent(&mut exchange, &auth).authorization.as_deref(), Some("Bearer new"));
    exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::Credentials, "no circle");
}

#[test]
fn what_is_asked_after_a_redirect_is_not_answered() {
    let mut auth = Auth::default();
    auth.log_in(Origin::of_url(REGISTRY).unwrap(), who());
    for url in
        ["https://other.example/v2/a/manifests/b", "https://r.example:8443/v2/", "http://r.example/", ""]
    {
        for challenge in [BEARER, "Basic realm=\"x\""] {
            let mut exchange = Exchange::new(target(REGISTRY));
            exchange.answered(asks_who(url, &[("www-authenticate", challenge)]), b"", &mut auth);
            assert_eq!(failed(&mut exchange), Trouble::Forbidden, "{url}");
        }
    }
}

#[test]
fn name_and_password_go_to_the_realm_or_the_registry() {
    let registry = Origin::of_url(REGISTRY).unwrap();
    let basic = Some("Basic bWU6c2VjcmV0");
    let mut auth = Auth::default();
    let mut exchange = Exchange::new(target(REGISTRY));
    exchange.answered(head(401, &[("www-authenticate", "Basic realm=\"x\"")]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::Unauthorized, "somebody has to say who is there");

    auth.log_in(registry.clone(), who());
    let mut exchange = Exchange::new(target(REGISTRY));
    assert_eq!(sent(&mut exchange, &auth).authorization, None, "not before it is asked for");
    exchange.answered(head(401, &[("www-authenticate", "Basic realm=\"x\"")]), b"", &mut auth);
    assert_eq!(sent(&mut exchange, &auth).authorization.as_deref(), basic);
    exchange.answered(head(401, &[("www-authenticate", "Basic realm=\"x\"")]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::Credentials);

    let mut exchange = Exchange::new(target(REGISTRY));
    exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
    assert_eq!(sent(&mut exchange, &auth).authorization.as_deref(), basic, "to the realm");
    exchange.answered(head(401, &[]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::Credentials);

    auth.log_out(&registry);
    assert!(!auth.knows(&registry));
    let mut exchange = Exchange::new(target(REGISTRY));
    exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
    exchange.answered(head(401, &[]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::Unauthorized);
    assert!(!format!("{:?}", who()).contains("secret"));
}

#[test]
fn a_realm_of_another_network_is_not_asked() {
    for realm in ["http://auth.example/t", "https://192.168.1.1/t", "https://localhost/t", "javascript:x"] {
        let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
        auth.log_in(Origin::of_url(REGISTRY).unwrap(), who());
        let header = format!("Bearer realm=\"{realm}\"");
        exchange.answered(head(401, &[("www-authenticate", &header)]), b"", &mut auth);
        assert_eq!(failed(&mut exchange), Trouble::Realm, "{realm}");
    }
}

#[test]
fn a_password_is_not_sent_in_the_clear() {
    let url = "http://r.example/v2/a/manifests/b";
    let (mut exchange, mut auth) = (Exchange::new(target(url)), Auth::default());
    auth.log_in(Origin::of_url(url).unwrap(), who());
    exchange.answered(asks_who(url, &[("www-authenticate", "Basic")]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::Realm);
}

#[test]
fn a_hidden_challenge_is_known_for_some_registries() {
    let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
    exchange.answered(head(401, &[]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::HiddenChallenge);
    let url = "https://ghcr.io/v2/a/manifests/b";
    let mut exchange = Exchange::new(target(url));
    exchange.answered(asks_who(url, &[]), b"", &mut auth);
    assert!(sent(&mut exchange, &auth).url.starts_with("https://ghcr.io/token?"));
}

#[test]
fn what_gives_tokens_may_answer_with_something_else() {
    for body in [&b"<html>"[..], b"{}", br#"{"token":""}"#, br#"{"token":"a\nb"}"#, br#"{"token":7}"#] {
        let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
        exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
        exchange.answered(head(200, &[]), body, &mut auth);
        assert_eq!(failed(&mut exchange), Trouble::NotARegistry);
    }
}

#[test]
fn who_asks_to_wait_is_waited_for() {
    let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
    exchange.answered(head(429, &[("retry-after", "3")]), b"", &mut auth);
    assert_eq!(exchange.step(&auth), Step::Wait(3_000));
    exchange.waited();
    let mut waits = Vec::new();
    for _ in 0..3 {
        exchange.answered(head(503, &[("retry-after", "soon")]), b"", &mut auth);
        if let Step::Wait(milliseconds) = exchange.step(&auth) {
            waits.push(milliseconds);
        }
        exchange.waited();
    }
    assert_eq!(waits, [2_000, 4_000, 8_000]);
    exchange.answered(head(503, &[]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::Status(503));

    let mut exchange = Exchange::new(target(REGISTRY));
    exchange.answered(head(429, &[("retry-after", "99999")]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::TooMany, "nobody waits a day");
}

#[test]
fn what_was_cut_off_goes_on_where_it_was() {
    let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
    exchange.answered(head(200, &[]), b"", &mut auth);
    exchange.cut(1_000, "reset");
    assert_eq!(exchange.step(&auth), Step::Wait(1_000));
    exchange.waited();
    assert_eq!(sent(&mut exchange, &auth).range, Some((1_000, None)));
    // What the server makes of it: the rest, the rest without saying so, the whole, another part.
    for (status, range, step) in [
        (206, Some("bytes 1000-1999/2000"), Step::Read { skip: 0 }),
        (206, None, Step::Read { skip: 0 }),
        (200, None, Step::Read { skip: 1_000 }),
        (206, Some("bytes 900-1999/2000"), Step::Read { skip: 100 }),
    ] {
        let mut exchange = Exchange::new(target(REGISTRY));
        exchange.cut(1_000, "reset");
        exchange.waited();
        let headers: Vec<_> = range.iter().map(|range| ("content-range", *range)).collect();
        exchange.answered(head(status, &headers), b"", &mut auth);
        assert_eq!(exchange.step(&auth), step);
    }
    let mut other = Exchange::new(target(REGISTRY));
    other.cut(1_000, "reset");
    other.waited();
    other.answered(head(206, &[("content-range", "bytes 1500-1999/2000")]), b"", &mut auth);
    assert_eq!(failed(&mut other), Trouble::Cut);
}

#[test]
fn what_never_gets_on_is_given_up() {
    let mut exchange = Exchange::new(target(REGISTRY));
    let mut waits = 0;
    while let Step::Wait(_) | Step::Send(_) = exchange.step(&Auth::default()) {
        exchange.cut(10, "reset");
        exchange.waited_if_waiting(&mut waits);
    }
    assert_eq!(failed(&mut exchange), Trouble::Cut);
    assert_eq!(waits, 4);
    // Some progress each time is progress.
    let mut exchange = Exchange::new(target(REGISTRY));
    for received in 1..100 {
        exchange.cut(received, "reset");
        assert!(matches!(exchange.step(&Auth::default()), Step::Wait(_)));
        exchange.waited();
    }
}

impl Exchange {
    fn waited_if_waiting(&mut self, waits: &mut u32) {
        if matches!(self.stage, Stage::Wait(_)) {
            *waits += 1;
            self.waited();
        }
    }
}

#[test]
fn a_part_is_asked_for_as_a_range_that_needs_no_preflight() {
    let part = Target { range: Some((100, 199)), ..target(REGISTRY) };
    let (mut exchange, mut auth) = (Exchange::new(part), Auth::default());
    assert_eq!(sent(&mut exchange, &auth).range, Some((100, Some(199))));
    exchange.answered(head(200, &[]), b"", &mut auth);
    assert_eq!(exchange.step(&auth), Step::Read { skip: 100 }, "the server knows no ranges");
    exchange.cut(50, "reset");
    exchange.waited();
    assert_eq!(sent(&mut exchange, &auth).range, Some((150, Some(199))));
}

#[test]
fn refusals_have_their_names() {
    for (status, trouble) in [
        (403, Trouble::Forbidden),
        (400, Trouble::Status(400)),
        (416, Trouble::Status(416)),
        (304, Trouble::Status(304)),
    ] {
        let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
        exchange.answered(head(status, &[]), b"", &mut auth);
        assert_eq!(failed(&mut exchange), trouble);
    }
    let mut exchange = Exchange::new(target(REGISTRY));
    exchange.failed("TypeError", false);
    assert_eq!(failed(&mut exchange), Trouble::Unreachable);
    let mut exchange = Exchange::new(target(REGISTRY));
    assert!(exchange.may_lead_elsewhere());
    exchange.failed("TypeError", true);
    assert_eq!(failed(&mut exchange), Trouble::Redirected);
    // What came before came from there.
    assert!(!Exchange::resumed(target(REGISTRY), 1).may_lead_elsewhere());
    let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
    exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
    assert!(sent(&mut exchange, &auth).is_token && !exchange.may_lead_elsewhere());
    exchange.failed("TypeError", false);
    assert_eq!(failed(&mut exchange), Trouble::TokenUnreachable);
}

/// A web server takes name and password, and is given no token.
#[test]
fn a_web_server_gets_name_and_password_alone() {
    let file = crate::registry::plain_target("https://r.example/image.tar".to_owned());
    let mut auth = Auth::default();
    let mut exchange = Exchange::new(file.clone());
    exchange.answered(head(401, &[("www-authenticate", "Basic realm=\"x\"")]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::Unauthorized);
    auth.log_in(Origin::of_url(REGISTRY).unwrap(), who());
    let mut exchange = Exchange::new(file.clone());
    let both = format!("{BEARER}, Basic realm=\"x\"");
    exchange.answered(head(401, &[("www-authenticate", &both)]), b"", &mut auth);
    assert_eq!(sent(&mut exchange, &auth).authorization.as_deref(), Some("Basic bWU6c2VjcmV0"));
    assert_eq!(auth.header(&file), Some("Basic bWU6c2VjcmV0"), "for ranges of it as well");
    exchange.answered(head(206, &[]), b"", &mut auth);
    assert_eq!(exchange.step(&auth), Step::Read { skip: 0 });
    // A form would not help.
    let url = "https://s.example/";
    let mut exchange = Exchange::new(crate::registry::plain_target(url.to_owned()));
    exchange.answered(asks_who(url, &[("www-authenticate", BEARER)]), b"", &mut auth);
    assert_eq!(failed(&mut exchange), Trouble::Forbidden);
}

#[test]
fn a_wait_may_last_until_a_date() {
    let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
    let date = [("retry-after", "Thu, 01 Jan 1970 00:16:47 GMT")];
    exchange.answered(head(429, &date), b"", &mut auth);
    assert_eq!(exchange.step(&auth), Step::Wait(7_000));
}

#[test]
fn a_token_server_may_ask_for_patience() {
    for status in [429, 503] {
        let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
        exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
        exchange.answered(head(status, &[("retry-after", "2")]), b"", &mut auth);
        assert_eq!(exchange.step(&auth), Step::Wait(2_000), "{status}");
        exchange.waited();
        assert!(!sent(&mut exchange, &auth).is_token, "from the beginning");
        exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
        exchange.answered(head(200, &[]), br#"{"token":"t"}"#, &mut auth);
        assert_eq!(sent(&mut exchange, &auth).authorization.as_deref(), Some("Bearer t"));
    }
}

/// A large blob may take longer than several tokens last.
#[test]
fn a_token_that_was_taken_may_be_replaced_again() {
    let (mut exchange, mut auth) = (Exchange::new(target(REGISTRY)), Auth::default());
    for (round, received) in [(1, 100), (2, 200), (3, 300)] {
        exchange.answered(head(401, &[("www-authenticate", BEARER)]), b"", &mut auth);
        let token = format!("{{\"token\":\"t{round}\"}}");
        exchange.answered(head(200, &[]), token.as_bytes(), &mut auth);
        assert_eq!(sent(&mut exchange, &auth).authorization, Some(format!("Bearer t{round}")));
        exchange.answered(head(206, &[]), b"", &mut auth);
        exchange.cut(received, "cut");
        exchange.waited();
    }
}

#[test]
fn requests_side_by_side_do_not_take_each_others_login_for_refused() {
    let mut auth = Auth::default();
    auth.log_in(Origin::of_url(REGISTRY).unwrap(), who());
    let (mut first, mut second) = (Exchange::new(target(REGISTRY)), Exchange::new(target(REGISTRY)));
    for exchange in [&mut first, &mut second] {
        assert_eq!(sent(exchange, &auth).authorization, None);
    }
    for exchange in [&mut first, &mut second] {
        exchange.answered(head(401, &[("www-authenticate", "Basic realm=\"x\"")]), b"", &mut auth);
        assert!(sent(exchange, &auth).authorization.is_some());
    }
}
