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

// --- The tables of its regular expressions, row by row.

#[test]
fn what_is_a_host() {
    let cases = [
        ("test.com", true),
        ("test.com:10304", true),
        ("test.com:http", false),
        ("localhost", true),
        ("localhost:8080", true),
        ("a", true),
        ("a.b", true),
        ("ab.cd.com", true),
        ("a-b.com", true),
        ("-ab.com", false),
        ("ab-.com", false),
        ("ab.c-om", true),
        ("ab.-com", false),
        ("ab.com-", false),
        ("0101.com", true),
        ("001a.com", true),
        ("b.gbc.io:443", true),
        ("b.gbc.io", true),
        ("xn--n3h.com", true),
        ("Asdf.com", true),
        ("192.168.1.1:75050", true),
        ("192.168.1.1:750050", true),
        ("[fd00:1:2::3]:75050", true),
        ("[fd00:1:2::3]75050", false),
        ("[fd00:1:2::3]::75050", false),
        ("[fd00:1:2::3%eth0]:75050", false),
        ("[fd00123123123]:75050", true),
        ("[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:75050", true),
        ("[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:750505", true),
        ("fd00:1:2::3:75050", false),
    ];
    for (text, matches) in cases {
        assert_eq!(is_domain(text), matches, "{text}");
    }
}

#[test]
fn what_is_a_name_and_which_part_of_it_the_host() {
    let a128 = long(128);
    let cases: &[(&str, Option<(&str, &str)>)] = &[
        ("", None),
        ("short", Some(("", "short"))),
        ("simple/name", Some(("simple", "name"))),
        ("library/ubuntu", Some(("library", "ubuntu"))),
        ("docker/stevvooe/app", Some(("docker", "stevvooe/app"))),
        (
            "aa/aa/aa/aa/aa/aa/aa/aa/aa/bb/bb/bb/bb/bb/bb",
            Some(("aa", "aa/aa/aa/aa/aa/aa/aa/aa/bb/bb/bb/bb/bb/bb")),
        ),
        ("aa/aa/bb/bb/bb", Some(("aa", "aa/bb/bb/bb"))),
        ("a/a/a/a", Some(("a", "a/a/a"))),
        ("a/a/a/a/", None),
        ("a//a/a", None),
        ("a", Some(("", "a"))),
        ("a/aa", Some(("a", "aa"))),
        ("a/aa/a", Some(("a", "aa/a"))),
        ("foo.com", Some(("", "foo.com"))),
        ("foo.com/", None),
        ("foo.com:8080/bar", Some(("foo.com:8080", "bar"))),
        ("foo.com:http/bar", None),
        ("foo.com/bar", Some(("foo.com", "bar"))),
        ("foo.com/bar/baz", Some(("foo.com", "bar/baz"))),
        ("localhost:8080/bar", Some(("localhost:8080", "bar"))),
        ("sub-dom1.foo.com/bar/baz/quux", Some(("sub-dom1.foo.com", "bar/baz/quux"))),
        ("blog.foo.com/bar/baz", Some(("blog.foo.com", "bar/baz"))),
        ("a^a", None),
        ("aa/asdf$$^/aa", None),
        ("asdf$$^/aa", None),
        ("aa-a/a", Some(("aa-a", "a"))),
        (&a128, Some(("a", &a128[2..]))),
        ("a-/a/a/a", None),
        ("foo.com/a-/a/a", None),
        ("-foo/bar", None),
        ("foo/bar-", None),
        ("foo-/bar", None),
        ("foo/-bar", None),
        ("_foo/bar", None),
        ("foo_bar", Some(("", "foo_bar"))),
        ("foo_bar.com", Some(("", "foo_bar.com"))),
        ("foo_bar.com:8080", None),
        ("foo_bar.com:8080/app", None),
        ("foo.com/foo_bar", Some(("foo.com", "foo_bar"))),
        ("____/____", None),
        ("_docker/_docker", None),
        ("docker_/docker_", None),
        ("b.gcr.io/test.example.com/my-app", Some(("b.gcr.io", "test.example.com/my-app"))),
        ("xn--n3h.com/myimage", Some(("xn--n3h.com", "myimage"))),
        ("xn--7o8h.com/myimage", Some(("xn--7o8h.com", "myimage"))),
        ("example.com/xn--7o8h.com/myimage", Some(("example.com", "xn--7o8h.com/myimage"))),
        (
            "example.com/some_separator__underscore/myimage",
            Some(("example.com", "some_separator__underscore/myimage")),
        ),
        ("example.com/__underscore/myimage", None),
        ("example.com/..dots/myimage", None),
        ("example.com/.dots/myimage", None),
        ("example.com/nodouble..dots/myimage", None),
        ("example.com/nodouble..dots/myimage", None),
        ("docker./docker", None),
        (".docker/docker", None),
        ("docker-/docker", None),
        ("-docker/docker", None),
        ("do..cker/docker", None),
        ("do__cker:8080/docker", None),
        ("do__cker/docker", Some(("", "do__cker/docker"))),
        ("b.gcr.io/test.example.com/my-app", Some(("b.gcr.io", "test.example.com/my-app"))),
        (
            "registry.io/foo/project--id.module--name.ver---sion--name",
            Some(("registry.io", "foo/project--id.module--name.ver---sion--name")),
        ),
        ("Asdf.com/foo/bar", Some(("Asdf.com", "foo/bar"))),
        ("Foo/FarB", None),
    ];
    for &(text, parts) in cases {
        let (domain, path) = split_name(text);
        let found = is_path(path).then(|| (domain.unwrap_or_default(), path));
        assert_eq!(found, parts, "{text}");
    }
}

#[test]
fn what_is_a_reference() {
    let cases: &[(&str, Option<[&str; 3]>)] = &[
        ("registry.com:8080/myapp:tag", Some(["registry.com:8080/myapp", "tag", ""])),
        (
            "registry.com:8080/myapp@sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            Some([
                "registry.com:8080/myapp",
                "",
                "sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            ]),
        ),
        (
            "registry.com:8080/myapp:tag2@sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            Some([
                "registry.com:8080/myapp",
                "tag2",
                "sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            ]),
        ),
        ("registry.com:8080/myapp@sha256:badbadbadbad", None),
        ("registry.com:8080/myapp:invalid~tag", None),
        ("bad_hostname.com:8080/myapp:tag", None),
        (
            "localhost:8080@sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            Some([
                "localhost",
                "8080",
                "sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            ]),
        ),
        (
            "localhost:8080/name@sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            Some([
                "localhost:8080/name",
                "",
                "sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            ]),
        ),
        ("localhost:http/name@sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912", None),
        (
            "localhost@sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            Some([
                "localhost",
                "",
                "sha256:be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912",
            ]),
        ),
        ("registry.com:8080/myapp@bad", None),
        ("registry.com:8080/myapp@2bad", None),
    ];
    for &(text, parts) in cases {
        let found = taken_apart(text).ok().map(|[domain, path, tag, digest]| {
            let name = if domain.is_empty() { path } else { format!("{domain}/{path}") };
            [name, tag, digest]
        });
        assert_eq!(found, parts.map(|parts| parts.map(str::to_owned)), "{text}");
    }
}

#[test]
fn what_is_an_images_id() {
    let cases = [
        ("da304e823d8ca2b9d863a3c897baeb852ba21ea9a9f1414736394ae7fcaf9821", true),
        ("7EC43B381E5AEFE6E04EFB0B3F0693FF2A4A50652D64AEC573905F2DB5889A1C", false),
        ("da304e823d8ca2b9d863a3c897baeb852ba21ea9a9f1414736394ae7fcaf", false),
        ("sha256:da304e823d8ca2b9d863a3c897baeb852ba21ea9a9f1414736394ae7fcaf9821", false),
        ("da304e823d8ca2b9d863a3c897baeb852ba21ea9a9f1414736394ae7fcaf98218482", false),
    ];
    for (text, matches) in cases {
        assert_eq!(is_identifier(text), matches, "{text}");
        assert_eq!(Reference::parse(text) == Err(Error::Identifier), matches, "{text}");
    }
}
