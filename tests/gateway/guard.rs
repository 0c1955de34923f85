//! Who may ask.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::{
    Gateway, refusal,
    servers::{
        fake::{self, Setup},
        images::Stored,
    },
    status,
};

/// Sends a request with headers of its own, `Host` included.
fn raw(gateway: &Gateway, text: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(gateway.host()).unwrap();
    stream.write_all(text.replace('\n', "\r\n").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |end| end + 4);
    let body = bytes.split_off(end);
    (String::from_utf8(bytes).unwrap().to_lowercase(), body)
}

#[test]
fn a_name_that_was_pointed_here_gets_nothing() {
    let gateway = Gateway::for_hosts(&[]);
    let port = gateway.address.port();
    for host in
        ["rebound.example", &format!("rebound.example:{port}"), "10.0.0.1", "127.0.0.1.nip.example", ""]
    {
        for path in ["/", "/index.html", "/_layerscope/v1/", "/_layerscope/v1/ghcr.io/v2/"] {
            let answer = raw(&gateway, &format!("GET {path} HTTP/1.1\nHost: {host}\nConnection: close\n\n"));
            assert!(answer.0.contains(" 40"), "{host} {path}: {}", answer.0);
            assert!(!String::from_utf8_lossy(&answer.1).contains("the page"), "{host} {path}");
        }
    }
    let twice =
        format!("GET / HTTP/1.1\nHost: 127.0.0.1:{port}\nHost: rebound.example\nConnection: close\n\n");
    assert!(raw(&gateway, &twice).0.contains(" 40"));
    let whole =
        format!("GET http://rebound.example/ HTTP/1.1\nHost: 127.0.0.1:{port}\nConnection: close\n\n");
    assert_eq!(refusal(&raw(&gateway, &whole)), (403, "GATEWAY_UNKNOWN_NAME".to_owned()));
    for own in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), "localhost:9000".to_owned()] {
        let answer = raw(&gateway, &format!("GET / HTTP/1.1\nHost: {own}\nConnection: close\n\n"));
        assert_eq!(status(&answer), 200, "{own}");
    }
}

#[test]
fn pages_of_other_origins_get_nothing() {
    let stored = Stored::new();
    let registry = fake::registry(&stored.layout(), Setup::default());
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    let paths =
        ["/_layerscope/v1/".to_owned(), format!("/_layerscope/v1/{}/v2/shop/web/tags/list", registry.host())];
    let port = gateway.address.port();
    for path in &paths {
        for headers in [
            "Origin: https://elsewhere.example\r\n".to_owned(),
            "Origin: null\r\n".to_owned(),
            format!("Origin: http://localhost:{port}\r\n"),
            format!("Origin: http://127.0.0.1:{}\r\n", port ^ 1),
            format!("Origin: http://127.0.0.1:{port}.elsewhere.example\r\n"),
            "Sec-Fetch-Site: cross-site\r\n".to_owned(),
            "Sec-Fetch-Site: same-site\r\n".to_owned(),
            "Sec-Fetch-Site: none\r\nSec-Fetch-Dest: document\r\n".to_owned(),
            "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: script\r\n".to_owned(),
        ] {
            let answer = gateway.ask("GET", path, &headers);
            assert_eq!(refusal(&answer), (403, "GATEWAY_CROSS_SITE".to_owned()), "{headers}");
            assert!(!answer.0.contains("access-control"), "{}", answer.0);
        }
        let own = format!(
            "Origin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: empty\r\n"
        );
        assert_eq!(status(&gateway.ask("GET", path, &own)), 200);
    }
    assert_eq!(registry.log().lines().len(), 1, "{:?}", registry.log().lines());
}

#[test]
fn only_what_is_in_the_folder_is_served() {
    let gateway = Gateway::for_hosts(&[]);
    assert!(gateway.folder.path().join("secret").is_file());
    for path in [
        "/../secret",
        "/..%2fsecret",
        "/%2e%2e/secret",
        "/%2e%2e%2fsecret",
        "/x/../../secret",
        "//../secret",
        "/..%5csecret",
        "/page/../../secret",
        "/%00",
        "/..",
    ] {
        let answer = gateway.ask("GET", path, "");
        assert_ne!(status(&answer), 200, "{path}");
        assert!(!String::from_utf8_lossy(&answer.1).contains("not to be served"), "{path}");
    }
    let (head, body) = gateway.ask("GET", "/", "");
    assert!(head.contains("200 ok") && String::from_utf8(body).unwrap().contains("the page"), "{head}");
    assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    assert!(head.contains("content-security-policy: frame-ancestors 'none'"), "{head}");
    assert!([404, 405].contains(&status(&gateway.ask("POST", "/", "Content-Length: 0\r\n"))));
}
