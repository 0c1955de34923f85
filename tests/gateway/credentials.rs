//! Whose credentials go where.

use std::fs;

use base64::{Engine, prelude::BASE64_STANDARD};
use layerscope::serve::gateway::Policy;
use serde_json::json;

use crate::{
    Gateway, refusal,
    servers::{
        fake::{self, Access, Fault, Served, Setup, TokenServer, basic},
        images::{FIRST, Stored, digests},
        process::{Nginx, Registry, Settings, USER},
    },
    status,
};

/// A gateway that may ask these hosts and has a password for the first.
fn logged_in(hosts: &[&str], user: (&str, &str)) -> Gateway {
    let policy = hosts.iter().fold(Policy::new(), |policy, host| policy.allow(host.parse().unwrap()));
    Gateway::start(policy, |docker| {
        let auth = BASE64_STANDARD.encode(format!("{}:{}", user.0, user.1));
        let config = json!({ "auths": { (hosts[0]): { "auth": auth } } });
        fs::write(docker.join("config.json"), config.to_string()).unwrap();
    })
}

fn registry(stored: &Stored, access: Access, faults: &[Fault]) -> Served {
    fake::registry(&stored.layout(), Setup { access, faults: faults.to_vec(), ..Setup::default() })
}

#[test]
fn a_password_opens_the_registry_that_it_is_for() {
    let stored = Stored::new();
    let real = Registry::start(Settings { cors: false, basic: true });
    let nginx = real.as_ref().and_then(Nginx::before);
    if let Some(real) = &real {
        assert!(real.push(&stored.source(FIRST), "shop/web:first"));
        let host = nginx.as_ref().map_or_else(|| real.host(), Nginx::host);
        let gateway = logged_in(&[&host], USER);
        assert_eq!(status(&gateway.get(&format!("{host}/v2/shop/web/tags/list"))), 200);
    }

    let fake = registry(&stored, Access::Basic, &[]);
    let path = format!("{}/v2/shop/web/tags/list", fake.host());
    let nobody = Gateway::for_hosts(&[&fake.host()]);
    let answer = nobody.get(&path);
    assert_eq!(refusal(&answer), (401, "GATEWAY_NO_CREDENTIALS".to_owned()));
    // A browser would ask for a password, and send it here.
    assert!(!answer.0.contains("www-authenticate"), "{}", answer.0);
    let wrong = logged_in(&[&fake.host()], ("reader", "wrong"));
    assert_eq!(wrong.refusal(&path), (401, "GATEWAY_BAD_CREDENTIALS".to_owned()));
    let known = logged_in(&[&fake.host()], USER);
    let before = fake.log().hits().len();
    for _ in 0..3 {
        assert_eq!(status(&known.get(&path)), 200);
    }
    // Refused once, and from then on known.
    assert_eq!(fake.log().hits().len() - before, 4, "{:?}", fake.log().lines());
}

#[test]
fn a_password_goes_to_no_other_host() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let store = fake::files(&stored.layout(), false);
    let mine = registry(&stored, Access::Basic, &[Fault::RedirectBlobs(store.url())]);
    let other = registry(&stored, Access::Basic, &[]);
    let gateway = logged_in(&[&mine.host(), &store.host(), &other.host()], USER);
    let blob = format!("{}/v2/shop/web/blobs/{}", mine.host(), layers[0]);
    assert_eq!(status(&gateway.get(&blob)), 200);
    assert_eq!(mine.log().hits().last().unwrap().authorization, Some(basic(USER)));
    assert_eq!(store.log().hits().last().unwrap().authorization, None);
    let answer = gateway.refusal(&format!("{}/v2/shop/web/tags/list", other.host()));
    assert_eq!(answer, (401, "GATEWAY_NO_CREDENTIALS".to_owned()));
    assert!(other.log().hits().iter().all(|hit| hit.authorization.is_none()), "{:?}", other.log().hits());
}

#[test]
fn a_password_is_not_for_the_realm_of_where_a_registry_leads() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let server = TokenServer::start(false);
    let other = registry(&stored, Access::Token(server.tokens()), &[]);
    let path = format!("v2/shop/web/blobs/{}", layers[0]);
    for access in [Access::Open, Access::Basic] {
        let mine = registry(&stored, access, &[Fault::RedirectAll(format!("{}/{path}", other.url()))]);
        let gateway = logged_in(&[&mine.host(), &other.host(), &server.host()], USER);
        let answer = gateway.get(&format!("{}/{path}", mine.host()));
        assert_eq!(refusal(&answer), (502, "GATEWAY_REDIRECT".to_owned()));
    }
    assert!(other.log().hits().iter().all(|hit| hit.authorization.is_none()), "{:?}", other.log().hits());
    assert!(!other.log().hits().is_empty(), "it was led to");
    assert_eq!(server.log().lines(), Vec::<String>::new());
}

#[test]
fn tokens_are_fetched_for_who_asks() {
    let stored = Stored::new();
    let server = TokenServer::start(false);
    let realm_host = server.host();
    let registry = registry(&stored, Access::Token(server.tokens()), &[]);
    let list = |name: &str| format!("{}/v2/{name}/tags/list", registry.host());

    let nobody = Gateway::for_hosts(&[&registry.host(), &realm_host]);
    let answer = nobody.get(&list("shop/web"));
    assert_eq!(status(&answer), 200, "{}", String::from_utf8_lossy(&answer.1));
    assert!(!answer.0.contains("bearer") && !answer.0.contains("authorization"), "{}", answer.0);
    assert_eq!(nobody.refusal(&list("private/web")), (401, "GATEWAY_NO_CREDENTIALS".to_owned()));

    let gateway = logged_in(&[&registry.host(), &realm_host], USER);
    let before = server.log().hits().len();
    for _ in 0..3 {
        assert_eq!(status(&gateway.get(&list("private/web"))), 200);
    }
    let asked = &server.log().hits()[before..];
    assert_eq!(asked.len(), 1, "one token is enough: {asked:?}");
    assert_eq!(asked[0].authorization, Some(basic(USER)));
    assert!(
        asked[0].target.contains("service=fake") && asked[0].target.contains("private%2Fweb%3Apull"),
        "{asked:?}"
    );
    // The registry never sees the password.
    let sent = registry.log().hits();
    assert!(
        sent.iter().all(|hit| hit.authorization.as_ref().is_none_or(|sent| sent.starts_with("Bearer "))),
        "{sent:?}"
    );

    let wrong = logged_in(&[&registry.host(), &realm_host], ("reader", "wrong"));
    assert_eq!(wrong.refusal(&list("private/web")), (401, "GATEWAY_BAD_CREDENTIALS".to_owned()));
}

#[test]
fn a_password_is_not_sent_to_just_any_realm() {
    let stored = Stored::new();
    let server = TokenServer::start(false);
    let registry = registry(&stored, Access::Token(server.tokens()), &[]);
    let path = format!("{}/v2/shop/web/tags/list", registry.host());
    let gateway = logged_in(&[&registry.host()], USER);
    let port = server.host().split_once(':').unwrap().1.to_owned();
    for (realm, answer) in [
        // A port of this machine that nobody has named.
        (format!("http://{}/token", server.host()), (502, "GATEWAY_REALM")),
        ("http://auth.example/token".to_owned(), (502, "GATEWAY_REALM")),
        (format!("https://localhost:{port}/token"), (403, "GATEWAY_PRIVATE_ADDRESS")),
        ("https://10.0.0.1/token".to_owned(), (403, "GATEWAY_PRIVATE_ADDRESS")),
        ("https://169.254.169.254/token".to_owned(), (403, "GATEWAY_PRIVATE_ADDRESS")),
        ("https://user@auth.example/token".to_owned(), (502, "GATEWAY_REALM")),
        ("nonsense".to_owned(), (502, "GATEWAY_REALM")),
    ] {
        server.tokens().set_realm(&realm);
        assert_eq!(gateway.refusal(&path), (answer.0, answer.1.to_owned()), "{realm}");
    }
    assert_eq!(server.log().lines(), Vec::<String>::new());
}

#[test]
fn a_registry_that_is_never_content_is_left_alone() {
    let stored = Stored::new();
    let server = TokenServer::start(false);
    let realm_host = server.host();
    let registry = registry(&stored, Access::Token(server.tokens()), &[Fault::Endless401]);
    let gateway = Gateway::for_hosts(&[&registry.host(), &realm_host]);
    let answer = gateway.refusal(&format!("{}/v2/shop/web/tags/list", registry.host()));
    assert_eq!(answer, (401, "GATEWAY_BAD_CREDENTIALS".to_owned()));
    assert_eq!(registry.log().lines().len(), 2);
}

#[cfg(unix)]
#[test]
fn credential_helpers_are_asked() {
    use std::os::unix::fs::PermissionsExt;
    let stored = Stored::new();
    let fake = registry(&stored, Access::Basic, &[]);
    let host = fake.host();
    let policy = Policy::new().allow(host.parse().unwrap());
    let gateway = Gateway::start(policy.clone(), |docker| {
        let helper = docker.join("docker-credential-test");
        let script = format!(
            "#!/bin/sh\nread server\n[ \"$1\" = get ] && [ \"$server\" = {host} ] || exit 1\n\
             printf '{{\"ServerURL\":\"%s\",\"Username\":\"{}\",\"Secret\":\"{}\"}}' \"$server\"\n",
            USER.0, USER.1
        );
        fs::write(&helper, script).unwrap();
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(docker.join("config.json"), json!({ "credHelpers": { (&host): "test" } }).to_string())
            .unwrap();
    });
    let path = format!("{host}/v2/shop/web/tags/list");
    assert_eq!(status(&gateway.get(&path)), 200);
    assert_eq!(fake.log().hits().last().unwrap().authorization, Some(basic(USER)));

    let broken = Gateway::start(policy.clone(), |docker| {
        fs::write(docker.join("config.json"), json!({ "credsStore": "missing" }).to_string()).unwrap();
    });
    assert_eq!(broken.refusal(&path), (500, "GATEWAY_CREDENTIALS".to_owned()));
    // Who is anonymous does not even look.
    let anonymous = Gateway::start(policy.anonymous(), |docker| {
        fs::write(docker.join("config.json"), "{").unwrap();
    });
    assert_eq!(anonymous.refusal(&path), (401, "GATEWAY_NO_CREDENTIALS".to_owned()));
}
