//! The cases of `distribution/reference`'s own tests.

use super::*;

const HEX: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
const ID: &str = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a";

fn long(parts: usize) -> String {
    format!("{}a", "a/".repeat(parts))
}

/// What a text is taken apart into: domain, path, tag, digest, each empty where there is none.
fn taken_apart(text: &str) -> Result<[String; 4], Error> {
    let parts = Parts::parse(text)?;
    let digest = parts.digest.map(|digest| digest.to_string()).unwrap_or_default();
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    Ok([text(parts.domain), parts.path.to_owned(), text(parts.tag), digest])
}

#[test]
fn names_are_taken_apart() {
    let sha256 = &format!("sha256:{HEX}");
    let sha512 = &format!("sha512:{HEX}{HEX}");
    let a127 = &long(127);
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        ("", "test_com", "", "", ""),
        ("", "test.com", "tag", "", "test.com:tag"),
        ("", "test.com", "5000", "", "test.com:5000"),
        ("test.com", "repo", "tag", "", ""),
        ("test:5000", "repo", "", "", ""),
        ("test:5000", "repo", "tag", "", ""),
        ("test:5000", "repo", "", sha256, ""),
        ("test:5000", "repo", "tag", sha256, ""),
        ("", "lowercase", "Uppercase", "", ""),
        ("a", &a127[2..], "tag-puts-this-over-max", "", ""),
        ("sub-dom1.foo.com", "bar/baz/quux", "", "", ""),
        ("sub-dom1.foo.com", "bar/baz/quux", "some-long-tag", "", ""),
        ("b.gcr.io", "test.example.com/my-app", "test.example.com", "", ""),
        ("xn--n3h.com", "myimage", "xn--n3h.com", "", ""),
        ("xn--7o8h.com", "myimage", "xn--7o8h.com", sha512, ""),
        ("", "foo_bar.com", "8080", "", ""),
        ("foo", "foo_bar.com", "8080", "", ""),
        ("", "192.168.1.1", "", "", ""),
        ("", "192.168.1.1", "tag", "", ""),
        ("", "192.168.1.1", "5000", "", ""),
        ("192.168.1.1", "repo", "", "", ""),
        ("192.168.1.1:5000", "repo", "", "", ""),
        ("192.168.1.1:5000", "repo", "5050", "", ""),
        ("[2001:db8::1]", "repo", "", "", ""),
        ("[2001:db8:1:2:3:4:5:6]", "repo", "tag", "", ""),
        ("[2001:db8::1]:5000", "repo", "", "", ""),
        ("[2001:db8::1]:5000", "repo", "tag", "", ""),
        ("[2001:db8::1]:5000", "repo", "", sha256, ""),
        ("[2001:db8::1]:5000", "repo", "tag", sha256, ""),
        ("[2001:db8::]:5000", "repo", "", "", ""),
        ("[::1]:5000", "repo", "", "", ""),
        // Names without tag or digest, and serialised ones.
        ("test.com", "foo", "", "", ""),
        ("", "test_com/foo", "", "", ""),
        ("test:8080", "foo", "", "", ""),
        ("test.com:8080", "foo", "", "", ""),
        ("test-com:8080", "foo", "", "", ""),
        ("xn--n3h.com:18080", "foo", "", "", ""),
        ("example.com:8000", "named", "tagged", "", ""),
        ("test.com:8000", "foo", "TAG5", "", ""),
    ];
    for &(domain, path, tag, digest, _) in cases {
        let joined = |before: &str, part: &str, after: &str| match part {
            "" => String::new(),
            part => format!("{before}{part}{after}"),
        };
        let text =
            format!("{}{path}{}{}", joined("", domain, "/"), joined(":", tag, ""), joined("@", digest, ""));
        assert_eq!(taken_apart(&text), Ok([domain, path, tag, digest].map(str::to_owned)), "{text}");
    }
}

#[test]
fn what_is_no_name_says_why() {
    let cases = [
        (String::new(), Error::Empty),
        (":justtag".into(), Error::Format),
        (format!("@sha256:{HEX}"), Error::Format),
        ("Uppercase:tag".into(), Error::Uppercase),
        ("test:5000/Uppercase/lowercase:tag".into(), Error::Uppercase),
        (format!("{}:tag", long(128)), Error::TooLong),
        ("aa/asdf$$^/aa".into(), Error::Format),
        ("[2001:db8::1]".into(), Error::Format),
        ("[2001:db8::1]:5000".into(), Error::Format),
        ("[2001:db8::1]:tag".into(), Error::Format),
        ("[fe80::1%eth0]:5000/repo".into(), Error::Format),
        ("[fe80::1%@invalidzone]:5000/repo".into(), Error::Format),
        ("foo:-foo".into(), Error::Format),
        (format!("foo:{}", "t".repeat(129)), Error::Format),
    ];
    for (text, error) in cases {
        assert_eq!(taken_apart(&text), Err(error), "{text}");
    }
    let digest = |text: &str| matches!(Parts::parse(text), Err(Error::Digest(_)));
    assert!(digest("repo@sha256:ffffffffffffffffffffffffffffffffff"), "too short");
    assert!(digest(&format!("validname@invaliddigest:{HEX}")), "unknown algorithm");
}

#[test]
fn names_that_docker_takes() {
    let valid = [
        "docker/docker",
        "library/debian",
        "debian",
        "docker.io/docker/docker",
        "docker.io/library/debian",
        "docker.io/debian",
        "index.docker.io/docker/docker",
        "index.docker.io/library/debian",
        "index.docker.io/debian",
        "127.0.0.1:5000/docker/docker",
        "127.0.0.1:5000/library/debian",
        "127.0.0.1:5000/debian",
        "192.168.0.1",
        "192.168.0.1:80",
        "192.168.0.1:8/debian",
        "192.168.0.2:25000/debian",
        "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
        "[fc00::1]:5000/docker",
        "[fc00::1]:5000/docker/docker",
        "[fc00:1:2:3:4:5:6:7]:5000/library/debian",
        "Docker/docker",
        "DOCKER/docker",
        "docker-rules/docker",
        "docker---rules/docker",
        "doc/docker",
        "d/docker",
        "jess/t",
        "dock__er/docker",
    ];
    for name in valid {
        assert!(Reference::parse(name).is_ok(), "{name}: {:?}", Reference::parse(name));
    }
    assert!(Reference::parse(&format!("docker.io/{ID}")).is_ok(), "with a host it can be no id");
    let invalid = [
        "https://github.com/docker/docker",
        "docker/Docker",
        "-docker",
        "-docker/docker",
        "-docker.io/docker/docker",
        "docker///docker",
        "docker.io/docker/Docker",
        "docker.io/docker///docker",
        "[fc00::1]",
        "[fc00::1]:5000",
        "fc00::1:5000/debian",
        "[fe80::1%eth0]:5000/debian",
        "[2001:db8:3:4::192.0.2.33]:5000/debian",
        ID,
        "docker-/docker",
        "-docker-/docker",
        "____/____",
        "_docker/_docker",
        "dock..er/docker",
        "dock_.er/docker",
        "dock-.er/docker",
        "docker/",
        "-foo",
        "busybox:-foo",
        "busybox@foo",
        "",
        " nginx",
        "nginx ",
        "nginx\n",
    ];
    for name in invalid {
        assert!(Reference::parse(name).is_err(), "{name}");
    }
    let namespace = ["this_is_not_a_valid_namespace_because_its_lenth_is_greater_than_255"; 4].join("_");
    assert!(Reference::parse(&format!("{namespace}/docker")).is_err());
    assert_eq!(Reference::parse(ID), Err(Error::Identifier));
}

#[test]
fn short_names_are_made_whole() {
    // Repository, as Docker writes it, in full, the registry; and a further name for the same, or none.
    let cases = [
        ("fooo/bar", "fooo/bar", "docker.io/fooo/bar", "index.docker.io/fooo/bar", "docker.io"),
        ("library/ubuntu", "ubuntu", "docker.io/library/ubuntu", "library/ubuntu", "docker.io"),
        ("nonlibrary/ubuntu", "nonlibrary/ubuntu", "docker.io/nonlibrary/ubuntu", "", "docker.io"),
        ("other/library", "other/library", "docker.io/other/library", "", "docker.io"),
        (
            "private/moonbase",
            "127.0.0.1:8000/private/moonbase",
            "127.0.0.1:8000/private/moonbase",
            "",
            "127.0.0.1:8000",
        ),
        ("privatebase", "127.0.0.1:8000/privatebase", "127.0.0.1:8000/privatebase", "", "127.0.0.1:8000"),
        (
            "private/moonbase",
            "example.com/private/moonbase",
            "example.com/private/moonbase",
            "",
            "example.com",
        ),
        ("privatebase", "example.com/privatebase", "example.com/privatebase", "", "example.com"),
        (
            "private/moonbase",
            "example.com:8000/private/moonbase",
            "example.com:8000/private/moonbase",
            "",
            "example.com:8000",
        ),
        (
            "privatebasee",
            "example.com:8000/privatebasee",
            "example.com:8000/privatebasee",
            "",
            "example.com:8000",
        ),
        (
            "library/ubuntu-12.04-base",
            "ubuntu-12.04-base",
            "docker.io/library/ubuntu-12.04-base",
            "index.docker.io/library/ubuntu-12.04-base",
            "docker.io",
        ),
        ("library/foo", "foo", "docker.io/library/foo", "docker.io/foo", "docker.io"),
        ("library/foo/bar", "library/foo/bar", "docker.io/library/foo/bar", "", "docker.io"),
        ("store/foo/bar", "store/foo/bar", "docker.io/store/foo/bar", "", "docker.io"),
        ("bar", "Foo/bar", "Foo/bar", "", "Foo"),
        ("bar", "FOO/bar", "FOO/bar", "", "FOO"),
        // How a name is split.
        ("foo", "test.com/foo", "test.com/foo", "", "test.com"),
        ("test_com/foo", "test_com/foo", "docker.io/test_com/foo", "", "docker.io"),
        ("docker/migrator", "docker/migrator", "docker.io/docker/migrator", "", "docker.io"),
        ("foo", "test-com:8080/foo", "test-com:8080/foo", "", "test-com:8080"),
        ("foo", "xn--n3h.com:18080/foo", "xn--n3h.com:18080/foo", "", "xn--n3h.com:18080"),
    ];
    for (repository, familiar, full, other, registry) in cases {
        for text in [familiar, full, other].into_iter().filter(|text| !text.is_empty()) {
            let reference = Reference::parse_untagged(text).unwrap();
            assert_eq!(reference.repository, repository, "{text}");
            assert_eq!(reference.registry, registry, "{text}");
            assert_eq!(reference.to_string(), full, "{text}");
            assert_eq!(reference.familiar_name(), familiar, "{text}");
        }
    }
}

#[test]
fn tags_and_digests_stay() {
    let digest = "sha256:86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa";
    for (text, full) in [
        ("redis".to_owned(), "docker.io/library/redis:latest".to_owned()),
        ("redis:latest".to_owned(), "docker.io/library/redis:latest".to_owned()),
        (format!("redis@{digest}"), format!("docker.io/library/redis@{digest}")),
        (format!("busybox:latest@{digest}"), format!("docker.io/library/busybox:latest@{digest}")),
        ("dmcgowan/myapp".to_owned(), "docker.io/dmcgowan/myapp:latest".to_owned()),
        ("dbcc1".to_owned(), "docker.io/library/dbcc1:latest".to_owned()),
        (ID[1..].to_owned(), format!("docker.io/library/{}:latest", &ID[1..])),
        // What looks like a port is a tag: there is no repository after it.
        ("192.168.0.1:80".to_owned(), "docker.io/library/192.168.0.1:80".to_owned()),
    ] {
        assert_eq!(Reference::parse(&text).unwrap().to_string(), full);
    }
    assert_eq!(Reference::parse(&format!("a:b@{digest}")).unwrap().wanted(), digest, "the digest wins");
    assert_eq!(Reference::parse("nginx").unwrap().origin().to_string(), "https://registry-1.docker.io");
}
