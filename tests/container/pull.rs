//! Images that are not open, where a registry is reached and where none is.

use layerscope::{
    container::{ArchiveId, Shelf},
    engine::{Host, NoHost, World},
    fixture::{Archive, Image, Shape, Tar},
    shell::{Shell, Stream},
};

use crate::ours::{self, TIME};

/// A host that reaches a registry, and remembers what it was asked for.
struct Reaching {
    host: NoHost,
    asked: Vec<String>,
}

impl Host for Reaching {
    fn random(&mut self) -> [u8; 32] {
        self.host.random()
    }

    fn new_archive(&mut self) -> ArchiveId {
        self.host.new_archive()
    }

    fn pull(&mut self, name: &str) -> Option<String> {
        self.asked.push(name.to_owned());
        Some("it is being opened".to_owned())
    }
}

fn shelf() -> Shelf {
    let image = Image::new().name("here:1").cmd(&["sh"]).layer(&Tar::new().file("a", "1"), "COPY a /");
    ours::shelf(Archive::new(Shape::DockerOci).image(image).bytes())
}

fn run(host: &mut dyn Host, line: &str) -> (String, String, i32, usize) {
    let mut shelf = shelf();
    let output = Shell::new().run(&mut World::new(&mut shelf, host, TIME), line);
    let text = |stream| String::from_utf8(output.printed.of(stream)).unwrap();
    (text(Stream::Out), text(Stream::Error), output.status, shelf.containers().len())
}

#[test]
fn what_is_not_open_is_pulled_where_a_registry_is_reached() {
    let mut host = Reaching { host: NoHost::new(10), asked: Vec::new() };
    let unable = "Unable to find image 'alpine:latest' locally\nalpine:latest: it is being opened\n";
    for (line, status) in [("docker run -it --rm --name x alpine ls", 125), ("docker create alpine", 1)] {
        assert_eq!(run(&mut host, line), (String::new(), unable.to_owned(), status, 0), "{line}");
    }
    let said = "docker.io/library/alpine:latest: it is being opened\n".to_owned();
    assert_eq!(run(&mut host, "docker pull alpine"), (said, String::new(), 0, 0));
    assert_eq!(host.asked, ["alpine"; 3]);
    // What is open is not asked for.
    let (out, _, status, containers) = run(&mut host, "docker run -d here:1; docker pull here:1");
    assert!(out.contains("here:1 is open already"), "{out}");
    assert_eq!((status, containers, host.asked.len()), (0, 1, 3));
}

#[test]
fn where_none_is_reached_that_is_said() {
    let mut host = NoHost::new(10);
    let (out, error, status, containers) = run(&mut host, "docker run alpine:3 ls");
    assert_eq!((out.as_str(), status, containers), ("", 125, 0));
    assert!(
        error.starts_with("Unable to find image 'alpine:3' locally\ndocker: no registry is reached"),
        "{error}"
    );
    let (_, error, status, _) = run(&mut host, "docker pull alpine:3");
    assert!(error.contains("docker load < FILE"), "{error}");
    assert_eq!(status, 1);
}
