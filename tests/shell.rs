//! The shell, run as a program over made archives: its commands against a table of what they print, against coreutils on an
//! extracted tree, and what it saves and builds against skopeo and umoci.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use layerscope::fixture::{Archive, EPOCH, Image, Pack, Shape, Tar};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with the archive `image.tar`, where commands are run.
struct Place(TempDir);

impl Place {
    fn new(archive: &Archive) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.path("image.tar"), archive.bytes()).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layerscope"));
        command.current_dir(self.0.path()).env("SOURCE_DATE_EPOCH", (EPOCH + 60).to_string());
        command
    }

    fn shell(&self, commands: &str) -> (String, String, i32) {
        told(&self.program().args(["shell", "image.tar", "-c", commands]).output().unwrap())
    }

    /// What is printed on standard output; all has to be well.
    fn ok(&self, commands: &str) -> String {
        let (out, error, status) = self.shell(commands);
        assert_eq!(status, 0, "{commands}: {error}");
        out
    }
}

fn told(output: &Output) -> (String, String, i32) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

fn base() -> Tar {
    Tar::new()
        .dir("bin", 0o755)
        .file("bin/vi", "ELF")
        .mode(0o755)
        .dir("etc", 0o755)
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34::/var/www:/bin/false\n")
        .file("etc/group", "root:x:0:\nwww-data:x:34:\n")
        .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian\"\n")
        .symlink("etc/link", "os-release")
        .hardlink("etc/twin", "etc/os-release")
        .dir("root", 0o700)
        .dir("tmp", 0o1777)
        .dir("var", 0o755)
        .dir("var/lib", 0o755)
        .file("var/lib/a.txt", "alpha\nbeta\ngamma\n")
        .owner(33, 34)
        .mode(0o640)
        .file("var/lib/b.txt", "Beta max\n")
        .file("var/lib/big", vec![b'x'; 10_000])
        .dir("var/empty", 0o755)
}

fn sample() -> Archive {
    let top = Tar::new().file("opt/app", "one\n").whiteout("var/lib/b.txt");
    let image = |name: &str| {
        Image::new()
            .name(name)
            .platform("linux", "amd64")
            .env("PATH", "/usr/bin:/bin")
            .env("GREETING", "hello world")
            .cmd(&["sh"])
            .layer(&base(), "ADD rootfs / # buildkit")
            .empty("CMD [\"sh\"]")
    };
    let with_top = image("demo:1").layer(&top, "RUN build");
    Archive::new(Shape::DockerOci)
        .pack(Pack::Gzip)
        .image(with_top)
        .image(image("base:1").entrypoint(&["/bin/vi"]))
}

/// What commands print, on both streams, and their status.
const TABLE: &[(&str, &str, &str, i32)] = &[
    ("pwd", "/\n", "", 0),
    ("ls", "bin\netc\nopt\nroot\ntmp\nvar\n", "", 0),
    ("ls /none", "", "ls: cannot access '/none': No such file or directory\n", 2),
    ("ls var/lib", "a.txt\nbig\n", "", 0),
    ("ls -la var/lib/a.txt", "-rw-r----- 1 www www-data 17 Mar  2 09:00 var/lib/a.txt\n", "", 0),
    ("ls -l etc/link", "lrwxrwxrwx 1 root root 10 Mar  2 09:00 etc/link -> os-release\n", "", 0),
    ("ls -ld tmp", "drwxrwxrwt 1 root root 4096 Mar  2 09:00 tmp\n", "", 0),
    ("ls -z", "", "ls: invalid option -- 'z'\nTry 'help ls' for more information.\n", 2),
    ("cat etc/link", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian\"\n", "", 0),
    ("cat etc none", "", "cat: etc: Is a directory\ncat: none: No such file or directory\n", 1),
    ("cat -n var/lib/a.txt", "     1\talpha\n     2\tbeta\n     3\tgamma\n", "", 0),
    ("head -n 2 var/lib/a.txt", "alpha\nbeta\n", "", 0),
    ("tail -1 var/lib/a.txt", "gamma\n", "", 0),
    ("wc var/lib/a.txt", " 3  3 17 var/lib/a.txt\n", "", 0),
    (
        "stat -c '%n %s %a %U:%G %h %F' var/lib/a.txt etc/twin",
        "var/lib/a.txt 17 640 www:www-data 1 regular file\netc/twin 47 644 root:root 2 regular file\n",
        "",
        0,
    ),
    ("find var -name '*.txt' -o -type d", "var\nvar/empty\nvar/lib\nvar/lib/a.txt\n", "", 0),
    ("find var -empty", "var/empty\n", "", 0),
    ("find / -size +9k", "/var/lib/big\n", "", 0),
    ("find var -nope", "", "find: unknown predicate '-nope'\n", 1),
    ("find var -name a.txt -exec grep -c a {} \\;", "3\n", "", 0),
    ("grep -rn eta var", "var/lib/a.txt:2:beta\n", "", 0),
    ("grep -E '^(alpha|gamma)$' var/lib/a.txt", "alpha\ngamma\n", "", 0),
    ("grep none var/lib/a.txt", "", "", 1),
    ("grep a none", "", "grep: none: No such file or directory\n", 2),
    ("grep -c a < var/lib/a.txt", "3\n", "", 0),
    ("du -b var/lib/big", "10000\tvar/lib/big\n", "", 0),
    ("du -h var/lib/big", "12K\tvar/lib/big\n", "", 0),
    (
        "sha256sum opt/app",
        "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806  opt/app\n",
        "",
        0,
    ),
    ("echo -e 'a\\tb' $GREETING \"${NONE:-none}\" $((1", "", "sh: no arithmetic here\n", 2),
    ("echo -e 'a\\tb' $GREETING \"${NONE:-none}\"", "a\tb hello world none\n", "", 0),
    ("echo etc/*s* '*' var/lib/[ab]*", "etc/os-release etc/passwd * var/lib/a.txt var/lib/big\n", "", 0),
    (
        "cd var/lib && pwd && cd .. && pwd; cd none",
        "/var/lib\n/var\n",
        "cd: none: No such file or directory\n",
        1,
    ),
    ("echo one > tmp/f; echo two >> tmp/f; cat < tmp/f", "one\ntwo\n", "", 0),
    ("echo x > none/f", "", "sh: none/f: No such file or directory\n", 1),
    ("echo x > etc", "", "sh: etc: Is a directory\n", 1),
    ("cat none 2> tmp/e; cat tmp/e", "cat: none: No such file or directory\n", "", 0),
    (
        "touch tmp/new && stat -c %s tmp/new; touch none/x",
        "0\n",
        "touch: cannot touch 'none/x': No such file or directory\n",
        1,
    ),
    (
        "rm var/lib/a.txt; ls var/lib; rm var/lib/a.txt",
        "big\n",
        "rm: cannot remove 'var/lib/a.txt': No such file or directory\n",
        1,
    ),
    ("rm var", "", "rm: cannot remove 'var': Is a directory\n", 1),
    ("rm -r var && ls -d var", "", "ls: cannot access 'var': No such file or directory\n", 2),
    ("rm -rf none && echo fine", "fine\n", "", 0),
    (
        "rm -rf /",
        "",
        "rm: it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe\n",
        1,
    ),
    (
        "mkdir -p a/b/c && ls a/b; mkdir a; mkdir x/y",
        "c\n",
        "mkdir: cannot create directory 'a': File exists\nmkdir: cannot create directory 'x/y': No such file or directory\n",
        1,
    ),
    ("rmdir var/empty; rmdir var", "", "rmdir: failed to remove 'var': Directory not empty\n", 1),
    (
        "mv opt/app opt/tool && ls opt && cat opt/tool; mv none x",
        "tool\none\n",
        "mv: cannot stat 'none': No such file or directory\n",
        1,
    ),
    ("mv var v && ls v && ls var", "empty\nlib\n", "ls: cannot access 'var': No such file or directory\n", 2),
    ("cp -a etc e2 && stat -c '%h' e2/twin && readlink e2/link", "2\nos-release\n", "", 0),
    (
        "cp etc x; cp opt/app tmp && cat tmp/app",
        "one\n",
        "cp: -r not specified; omitting directory 'etc'\n",
        0,
    ),
    ("cp opt/app opt/app", "", "cp: 'opt/app' and 'opt/app' are the same file\n", 1),
    (
        "chmod 4755 opt/app && stat -c %A opt/app && chmod go-rx,u-s opt/app && stat -c %a opt/app; chmod 9 opt/app",
        "-rwsr-xr-x\n700\n",
        "chmod: invalid mode: '9'\nTry 'help chmod' for more information.\n",
        1,
    ),
    (
        "chown www: opt/app && stat -c %u:%g opt/app; chown none opt/app",
        "33:34\n",
        "chown: invalid user: 'none'\n",
        1,
    ),
    (
        "ln -s app opt/l && readlink opt/l && ln opt/app opt/h && stat -c %h opt/h; ln -s app opt/l",
        "app\n2\n",
        "ln: failed to create symbolic link 'opt/l': File exists\n",
        1,
    ),
    (
        "tree etc",
        "etc\n├── group\n├── link -> os-release\n├── os-release\n├── passwd\n└── twin\n\n0 directories, 5 files\n",
        "",
        0,
    ),
    ("export A=b; echo $A; A=c echo $A; unset A; echo \"[$A]\"", "b\nb\n[]\n", "", 0),
    ("env", "PATH=/usr/bin:/bin\nHOSTNAME=", "", 0),
    ("false; echo $?; true && echo yes || echo no", "1\nyes\n", "", 0),
    ("frobnicate", "", "sh: frobnicate: command not found; help lists the commands that there are\n", 127),
    (
        "vi x",
        "",
        "sh: vi: /bin/vi is in the image, but no process runs here; help lists the commands that there are\n",
        126,
    ),
    ("cat etc/passwd | grep root", "", "sh: no pipes here", 2),
    ("sh -c 'cd var; pwd'; pwd", "/var\n/\n", "", 0),
    ("exit 7", "", "", 7),
    // What a shell within this one ends is that shell.
    ("sh -c 'exit 3; echo x'; echo $?; pwd", "3\n/\n", "", 0),
    ("$(exit 4); echo $?; docker ps --format '{{.Names}}'", "4\nc1\n", "", 0),
    ("docker exec c1 sh -c 'exit 5'; echo $?; pwd", "5\n/\n", "", 0),
    ("true > tmp/e; false; sh < tmp/e; echo $?; false; sh -c ''; echo $?", "0\n0\n", "", 0),
    ("false; sh -c 'echo $?'; false; echo $(echo $?)", "0\n1\n", "", 0),
    (
        "docker create -w /etc/passwd/x --name n demo:1; docker run -w /etc/passwd --name n demo:1; docker ps -a --format '{{.Names}}'",
        "c1\n",
        "docker: Error",
        0,
    ),
    ("help", "No process runs here: these commands are the shell's own", "", 0),
    ("help cat", "cat [-n] FILE…: print files\n", "", 0),
    ("help none", "", "sh: help: no help topics match 'none'\n", 1),
    ("df", "Filesystem 1K-blocks", "", 0),
    ("df -h /none", "", "df: /none: No such file or directory\n", 1),
    ("uname -r", "(the host's)\n", "uname: an image holds no kernel", 0),
    (
        "docker frobnicate",
        "",
        "docker: unknown command: docker frobnicate\n\nRun 'docker --help' for more information\n",
        1,
    ),
    ("docker rm", "", "docker: 'docker rm' requires at least 1 argument\n", 1),
    ("docker ps -z", "", "unknown shorthand flag: 'z' in -z\n", 125),
    ("docker image inspect none", "[]\n", "Error response from daemon: No such image: none\n", 1),
    ("docker diff none", "", "Error response from daemon: No such container: none\n", 1),
    ("docker save demo:1", "", "cowardly refusing to save to a terminal. Use the -o flag or redirect\n", 1),
    (
        "docker rmi demo:1",
        "",
        "Error response from daemon: conflict: unable to remove repository reference \"demo:1\" (must force) - container",
        1,
    ),
    (
        "docker rm c1",
        "",
        "Error response from daemon: cannot remove container \"c1\": container is running",
        1,
    ),
    ("docker tag demo:1 me/x:2 && docker images -q me/x:2 && docker rmi me/x:2", "", "", 0),
    (
        "docker run --storage-opt size=1G demo:1",
        "",
        "docker: Error response from daemon: overlay: unknown option size: metacopy, index, redirect_dir\n",
        125,
    ),
    // With metacopy, chmod of 10 kB copies nothing of it up; a directory of the image can be renamed with redirect_dir.
    (
        "docker run -d --storage-opt metacopy=on,redirect_dir=on --name m demo:1 > id; docker exec m mv var v; docker exec m ls v",
        "empty\nlib\n",
        "no process runs here: container m is open; docker exec -it m sh stands in it\n",
        0,
    ),
    ("docker help", "Usage:  docker COMMAND\n\nNo daemon", "", 0),
    (
        "docker rm --help",
        "Usage:  docker rm [OPTIONS] CONTAINER [CONTAINER...]\n\nRemove one or more containers\n\nAliases:\n  docker container rm, docker rm",
        "",
        0,
    ),
    ("docker push base:1", "The push refers to repository [docker.io/library/base]", "nothing was sent", 1),
    ("docker push none", "", "An image does not exist locally with the tag: none\n", 1),
    ("docker login", "", "docker login would ask docker.io for a token", 1),
    ("docker login quay.io", "", "docker login would ask quay.io for a token", 1),
    ("cd etc; docker attach c1; pwd", "/\n", "", 0),
    (
        "docker stop c1; docker attach c1",
        "c1\n",
        "You cannot attach to a stopped container, start it first\n",
        1,
    ),
    ("docker stop c1; docker start c1; docker attach c1; cat opt/app", "c1\nc1\none\n", "", 0),
    ("docker start none", "", "Error response from daemon: No such container: none\n", 1),
    ("docker inspect -f '{{.Name}} {{.State.Status}} {{.Path}}' c1", "/c1 running sh\n", "", 0),
    (
        "docker image inspect -f '{{.RepoTags}} {{.Architecture}} {{json .Config.Cmd}}' base:1",
        "[base:1] amd64 [\"sh\"]\n",
        "",
        0,
    ),
    // To stand in one container, and to remove others.
    (
        "docker run -d --name c2 demo:1 > id; docker rm -f c2; pwd",
        "c2\n/\n",
        "no process runs here: container c2 is open; docker exec -it c2 sh stands in it\n",
        0,
    ),
    (
        "docker run -d --name c2 demo:1 > id; docker rm -f c1 c2; pwd",
        "c1\nc2\n",
        "no process runs here: container c2 is open; docker exec -it c2 sh stands in it\nsh: pwd: no container is open here",
        1,
    ),
    (
        "docker run -d --rm --name t demo:1 > id; docker stop t; docker ps -a --format '{{.Names}}'",
        "t\nc1\n",
        "no process runs here: container t is open; docker exec -it t sh stands in it\n",
        0,
    ),
    // What the image itself would run is only shown, whatever it is.
    (
        "docker commit -c 'CMD nginx -g' c1 own:1 > id; docker run --name own own:1; docker ps -f name=own --format '{{.State}}'",
        "running\n",
        "there is no ENTRYPOINT: the image's CMD, in shell form, is the command\nno process runs here: a container would run",
        0,
    ),
    (
        "docker commit -c 'ENTRYPOINT exit 3' c1 own:2 > id; docker run --name own own:2 ls; docker ps -f name=own --format '{{.State}}'",
        "running\n",
        "the arguments replace the image's CMD [\"sh\"]\nENTRYPOINT is in shell form",
        0,
    ),
    // What is read where no file is named comes from the shell around, and is read once.
    (
        "sh -c 'cat; cat' < opt/app; tee -a tmp/a tmp/b < opt/app; tee -a tmp/a < opt/app; cat tmp/a tmp/b",
        "one\none\none\none\none\none\n",
        "",
        0,
    ),
    ("tee x", "", "tee: standard input is not connected: use <\n", 1),
    (
        "docker run --name w -w /srv/new demo:1 pwd; docker diff w",
        "/srv/new\nA /srv\nA /srv/new\n",
        "the arguments replace",
        0,
    ),
    (
        "docker run -w /etc/passwd demo:1",
        "",
        "docker: Error response from daemon: mkdir /etc/passwd: not a directory\n",
        125,
    ),
    (
        "docker exec -w /none c1 pwd",
        "",
        "OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd (\"/none\")",
        126,
    ),
    // A shell that exec started ends alone; the container's own takes it along.
    (
        "exit; docker start c1; docker exec -it c1 sh; exit; docker ps -q --no-trunc > id; docker inspect -f '{{.State.Status}}' c1",
        "c1\nrunning\n",
        "no process runs here: this shell",
        0,
    ),
    (
        "docker start none c1",
        "c1\n",
        "Error response from daemon: No such container: none\nError: failed to start containers: none\n",
        1,
    ),
    (
        "docker rename c1 'a b'",
        "",
        "Error response from daemon: Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed\n",
        1,
    ),
    (
        "docker cp image.tar c1:/none/deep",
        "",
        "Error response from daemon: Could not find the file /none/deep in container c1\n",
        1,
    ),
    ("docker cp image.tar c1:/none/", "", "no such directory\n", 1),
    ("docker load -i none", "", "open none: no such file or directory\n", 1),
    ("docker load < none", "", "sh: none: No such file or directory\n", 1),
    (
        "docker rmi",
        "",
        "docker: 'docker rmi' requires at least 1 argument\n\nUsage:  docker rmi [OPTIONS] IMAGE [IMAGE...]\n\nRun 'docker rmi --help' for more information\n",
        1,
    ),
    ("docker run none", "", "Unable to find image 'none:latest' locally\n", 125),
    // docker's output is a file of this machine, also where a command of this shell printed it.
    ("docker exec c1 cat /opt/app > out; docker cp out c1:/tmp 2> err; cat tmp/out", "one\n", "", 0),
    (
        "docker rmi -f demo:1; docker images -q demo; docker ps --format '{{.Names}}'",
        "Untagged: demo:1\nc1\n",
        "",
        0,
    ),
    ("docker pull alpine", "", "Error response from daemon: no registry is reached from this shell", 1),
    ("docker image ls --format '{{.Repository}}:{{.Tag}}' base", "base:1\n", "", 0),
    (
        "echo x > opt/new; rm etc/group; chmod 600 etc/passwd; docker diff c1",
        "C /etc\nD /etc/group\nC /etc/passwd\nC /opt\nA /opt/new\n",
        "",
        0,
    ),
];

#[test]
fn commands_print_what_coreutils_and_docker_print() {
    let place = Place::new(&sample());
    let mut wrong = Vec::new();
    for (commands, out, error, status) in TABLE {
        let told = place.shell(commands);
        // A beginning is enough where the rest is long, or an id.
        let fits =
            |told: &str, expected: &str| if expected.is_empty() { true } else { told.starts_with(expected) };
        let silent = error.is_empty() && !told.1.is_empty();
        let exact = out.is_empty() || out.ends_with('\n') && told.0 != *out;
        let printed = if out.is_empty() {
            *status == 0 || told.0.is_empty()
        } else if out.ends_with('\n') {
            !exact
        } else {
            fits(&told.0, out)
        };
        if !printed || !fits(&told.1, error) || silent || told.2 != *status {
            wrong.push(format!(
                "{commands}\n  expected {out:?} {error:?} {status}\n  got      {:?} {:?} {}",
                told.0, told.1, told.2
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first 64 MiB are not all of a file: what would take them for it fails.
#[test]
fn what_is_too_large_fails_and_is_not_cut() {
    let place = Place::new(&sample());
    for (command, error, status) in [
        ("cat tmp/big > tmp/f", "sh: tmp/f: cut off after 67108864 bytes\n", 1),
        ("sh -c 'cat tmp/big' > tmp/f", "sh: tmp/f: cut off after 67108864 bytes\n", 1),
        ("docker exec c1 cat /tmp/big > f", "sh: f: cut off after 67108864 bytes\n", 1),
        ("sha256sum < tmp/big", "sh: tmp/big: cut off after 67108864 bytes\n", 1),
        ("tail -n 1 tmp/big", "tail: tmp/big: cut off after 67108864 bytes\n", 1),
        ("head -n -1 tmp/big", "head: tmp/big: cut off after 67108864 bytes\n", 1),
        ("grep x tmp/big", "grep: tmp/big: cut off after 67108864 bytes\n", 2),
        ("cat tmp/big > /dev/null", "", 0),
        ("head -c 3 tmp/big > tmp/f; wc -c tmp/f > tmp/g", "", 0),
    ] {
        let (out, told, ended) = place.shell(&format!("truncate -s 65M tmp/big; {command} && true"));
        assert_eq!((out.len(), told.as_str(), ended), (0, error, status), "{command}");
    }
}

/// Extracts the tree that the shell shows first, for the real tools.
fn extracted(place: &Place) -> PathBuf {
    let tree = place.path("tree");
    fs::create_dir(&tree).unwrap();
    place.ok("docker export -o tree.tar c1");
    let status = Command::new("tar")
        .args(["-xpf", "tree.tar", "-C", "tree"])
        .current_dir(place.0.path())
        .status()
        .unwrap();
    assert!(status.success());
    tree
}

/// The same command by coreutils, findutils and grep in an extracted tree and by the shell.
#[test]
fn the_real_tools_print_the_same() {
    let place = Place::new(&sample());
    let tree = extracted(&place);
    let mut wrong = Vec::new();
    for command in [
        "ls -1A etc",
        "ls -1aF .",
        "ls -R var",
        "ls -1S var/lib",
        "ls -1rA etc",
        "ls -n var/lib/a.txt",
        "cat etc/os-release var/lib/a.txt",
        "cat -A var/lib/a.txt",
        "head -c 7 var/lib/a.txt",
        "head -n -1 var/lib/a.txt",
        "head -n 1 var/lib/a.txt etc/passwd",
        "tail -c 3 var/lib/a.txt",
        "tail -n +2 var/lib/a.txt",
        "wc -l var/lib/a.txt etc/passwd",
        "wc var/lib/a.txt etc/passwd",
        "stat -c %n:%s:%a:%A:%u:%g:%F:%Y:%f etc/passwd etc/link var/lib/a.txt",
        "stat -L -c %s:%F etc/link",
        "find etc -type f -name *s*",
        "find . -maxdepth 1 -mindepth 1 -type d -not -name e*",
        "find var -type f -size +1k -size -20k",
        "find . -perm -4000 -o -perm 640",
        "find . -type l -printf %p:%l:%m:%y\\n",
        "find etc ( -name p* -o -name g* ) -a ! -type d",
        "grep -n a var/lib/a.txt",
        "grep -v a$ var/lib/a.txt",
        "grep -o [a-z]*a var/lib/a.txt",
        "grep -c . var/lib/a.txt etc/passwd",
        "grep -l alpha var/lib/a.txt etc/passwd",
        "grep -w bin etc/passwd",
        "grep -i BETA var/lib/a.txt",
        "grep -E o{2}t|fal+se etc/passwd",
        "sha256sum etc/passwd var/lib/big",
        "du -b var/lib/big var/lib/a.txt",
        "du -a -b --apparent-size etc/passwd",
        "readlink etc/link",
        "cat none",
        "ls none",
        "head none",
        "rmdir var",
        "mkdir etc",
        "rm none",
        "cp none x",
        "mv none x",
        "ln -s x etc/link",
        "chmod 644 none",
        "touch none/x",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let real = Command::new(words[0])
            .args(&words[1..])
            .current_dir(&tree)
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("TIME_STYLE", "locale")
            .output()
            .unwrap();
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let ours = place.program().args(["shell", "image.tar", "-c", &quoted.join(" ")]).output().unwrap();
        let (mut real, mut ours) = (told(&real), told(&ours));
        // A directory's order and number of links are the filesystem's; how quotes look, the locale's.
        let sorted = |text: &mut String| {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            *text = lines.join("\n");
        };
        if words[0] == "find" {
            sorted(&mut real.0);
            sorted(&mut ours.0);
        }
        if command == "ls -n var/lib/a.txt" {
            // Made in the past or future of today's clock.
            let columns = |text: &str| text.split_whitespace().take(5).collect::<Vec<_>>().join(" ");
            (real.0, ours.0) = (columns(&real.0), columns(&ours.0));
        }
        if real != ours {
            wrong.push(format!("{command}\n  real {real:?}\n  ours {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn changes_are_committed_saved_and_loaded_again() {
    let place = Place::new(&sample());
    let out = place.ok(
        "echo changed > etc/os-release; rm opt/app; rm -r var/lib; mkdir var/lib; touch var/lib/new; \
         docker commit -m note -a me -c 'CMD [\"top\"]' -c 'ENV X=1' c1 mine:1; docker save -o out.tar mine:1 base:1; \
         docker export c1 > flat.tar; docker run -d --name c2 demo:1; docker exec c2 cat /opt/app; \
         docker exec c2 ls /var/lib; docker ps -a --format '{{.Names}} {{.Image}} {{.State}}'",
    );
    assert!(out.contains("one\na.txt\nbig\nc2 demo:1 running\nc1 demo:1 running\n"), "{out}");
    let again = place.program().args(["inspect", "out.tar", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&again.stdout).unwrap();
    let images = report["images"].as_array().unwrap();
    assert_eq!(images.len(), 2);
    let mine = &images[0];
    assert!(mine["names"].to_string().contains("mine:1"), "{}", mine["names"]);
    assert_eq!(mine["config"]["config"]["Cmd"], serde_json::json!(["top"]));
    assert_eq!(mine["config"]["author"], "me");
    assert!(mine["config"]["config"]["Env"].to_string().contains("X=1"));
    assert_eq!(mine["layers"].as_array().unwrap().len(), 3);
    let verified = place.program().args(["verify", "out.tar"]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    // What comes in again is what went out.
    let loaded = place.ok("docker load < out.tar; docker run --rm mine:1 cat /etc/os-release; docker images -q mine; docker history --format '{{.Comment}}' mine:1");
    assert!(loaded.starts_with("Loaded image: mine:1\nLoaded image: base:1\nchanged\n"), "{loaded}");
    assert!(loaded.contains("\nnote\n"), "{loaded}");
    // The same operations at the same time give the same archive.
    let first = fs::read(place.path("out.tar")).unwrap();
    place.ok(
        "echo changed > etc/os-release; rm opt/app; rm -r var/lib; mkdir var/lib; touch var/lib/new; \
         docker commit -m note -a me -c 'CMD [\"top\"]' -c 'ENV X=1' c1 mine:1; docker save -o out.tar mine:1 base:1",
    );
    assert!(first == fs::read(place.path("out.tar")).unwrap(), "not deterministic");
    compare_with_umoci(&place, "out.tar", "mine:1", "flat.tar");
}

/// Loads an archive by skopeo, unpacks it by umoci, and compares the names and contents with those of a flat tar.
fn compare_with_umoci(place: &Place, archive: &str, name: &str, flat: &str) {
    let run = |program: &str, args: &[&str]| match Command::new(program)
        .args(args)
        .current_dir(place.0.path())
        .output()
    {
        Ok(output) => {
            assert!(
                output.status.success(),
                "{program} {args:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            Some(output)
        }
        Err(error) => {
            eprintln!("SKIPPED {program} cannot be run: {error}");
            None
        }
    };
    if run("skopeo", &["inspect", &format!("docker-archive:{archive}:{name}")]).is_none()
        || run(
            "skopeo",
            &["copy", "-q", "--insecure-policy", &format!("docker-archive:{archive}:{name}"), "oci:layout:x"],
        )
        .is_none()
    {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED umoci: only root may give files to others");
        return;
    }
    if run("umoci", &["unpack", "--image", "layout:x", "bundle"]).is_none() {
        return;
    }
    fs::create_dir(place.path("flat")).unwrap();
    run("tar", &["-xpf", flat, "-C", "flat"]);
    let differences = Command::new("diff")
        .args(["-r", "--no-dereference", "flat", "bundle/rootfs"])
        .current_dir(place.0.path())
        .output()
        .unwrap();
    assert!(differences.status.success(), "{}", String::from_utf8_lossy(&differences.stdout));
}

#[test]
fn files_go_between_a_container_and_this_machine() {
    let place = Place::new(&sample());
    fs::create_dir_all(place.path("in/deep")).unwrap();
    fs::write(place.path("in/deep/f"), "host\n").unwrap();
    let out = place.ok("docker cp in c1:/srv; cat srv/deep/f; docker cp in c1:/tmp; ls tmp/in; docker cp c1:/var/lib out; docker cp c1:/etc/link -L .");
    assert_eq!(out, "host\ndeep\n");
    assert_eq!(fs::read(place.path("out/big")).unwrap().len(), 10_000);
    assert!(fs::read_to_string(place.path("link")).unwrap().starts_with("ID=debian"));
    let (_, error, status) = place.shell("docker cp c1:/none x; docker cp none c1:/");
    assert!(error.contains("Could not find the file /none in container c1\n"), "{error}");
    assert!(error.contains("lstat none: no such file or directory"), "{error}");
    assert_eq!(status, 1);
    let imported = place.ok("docker export -o flat.tar c1; docker import -c 'CMD [\"sh\"]' flat.tar flat:1; docker history -q flat:1; docker run flat:1 ls /var/lib");
    assert!(imported.ends_with("a.txt\nbig\n"), "{imported}");
}

#[test]
fn standard_input_is_passed_into_containers() {
    let place = Place::new(&sample());
    fs::write(place.path("in"), "echo $GREETING\ncat etc/none\nexit 3\n").unwrap();
    fs::write(place.path("Dockerfile"), "FROM base:1\nCMD top\n").unwrap();
    let out = place.ok(
        "docker exec -i c1 tee f < in > out; docker exec -i c1 sh -c 'cat > g; echo read' < in; cat f g; docker exec -i c1 wc -l < in; \
         docker run -i --rm demo:1 head -n 1 < in; docker build -q - < Dockerfile > id; docker build -q -f - . < Dockerfile > id",
    );
    let text = fs::read_to_string(place.path("in")).unwrap();
    assert_eq!(out, format!("read\n{text}{text}3\necho $GREETING\n"));
    assert_eq!(fs::read_to_string(place.path("out")).unwrap(), text);
    // A shell takes its commands from there.
    let (out, error, status) = place.shell("docker exec -i c1 sh < in");
    assert_eq!((out.as_str(), status), ("hello world\n", 3));
    assert!(error.contains("cat: etc/none: No such file or directory"), "{error}");
    // Where it is not passed on, that is said.
    let (out, error, _) = place.shell("docker exec c1 cat < in");
    assert_eq!(
        (out.as_str(), error.as_str()),
        ("", "docker exec passes standard input on only with -i: nothing is read of in\n")
    );
    let (_, error, status) = place.shell(
        "docker attach c1 < in; docker run -i --name never demo:1 cat < none; docker ps -aqf name=never",
    );
    assert!(error.starts_with("nothing is read of in: docker exec -i"), "{error}");
    assert!(error.contains("sh: none: No such file or directory"), "{error}");
    assert_eq!(status, 0);
}

/// What a container is started with is its own, and what is committed of it starts like it.
#[test]
fn what_run_was_given_belongs_to_the_container() {
    let place = Place::new(&sample());
    let out = place.ok(
        "docker run -d --name x -e A=1 -e GREETING -h box -w /srv -u www -l k=v demo:1 sleep '1 2' > id; \
         docker exec x env; docker inspect -f '{{.Path}} {{len .Args}} {{.Config.User}} {{.Config.Hostname}}' x; docker commit x y:1 > id; \
         docker inspect -f '{{.Config.Env}} {{.Config.WorkingDir}} {{.Config.Cmd}} {{json .Config.Labels}}' y:1; \
         docker run -d --name e --entrypoint ls y:1 > id; docker inspect -f '{{.Config.Entrypoint}}' e",
    );
    assert!(out.starts_with("PATH=/usr/bin:/bin\nHOSTNAME=box\nHOME=/root\nA=1\n"), "{out}");
    let rest = "sleep 1 www box\n[A=1 PATH=/usr/bin:/bin] /srv [sleep 1 2] {\"k\":\"v\"}\n[ls]\n";
    assert!(out.ends_with(rest), "{out}");
}

#[test]
fn run_tells_the_final_command_line() {
    let place = Place::new(&sample());
    let (_, error, _) = place.shell("docker run base:1 -x y");
    assert!(error.contains("[\"/bin/vi\",\"-x\",\"y\"]"), "{error}");
    assert!(error.contains("the arguments replace the image's CMD [\"sh\"]"), "{error}");
    let (out, error, status) = place.shell(
        "docker run demo:1 grep beta /var/lib/a.txt; docker ps -aq --no-trunc; docker run demo:1 false",
    );
    assert!(out.starts_with("beta\n"), "{out}");
    assert!(error.contains("no process runs here: this is the shell's own grep"), "{error}");
    assert_eq!(status, 1);
    let out = place.ok("docker run -it --name box demo:1; pwd; echo $GREETING; exit; docker ps -a --format '{{.Names}} {{.Status}}'");
    assert!(out.starts_with("/\nhello world\nbox Exited (0)"), "{out}");
}

#[test]
fn images_and_containers_are_removed_as_docker_does() {
    let place = Place::new(&sample());
    let out = place.ok(
        "docker rm -f c1; docker rmi demo:1; docker images --format '{{.Repository}}'; docker create --name x base:1 sh; \
         docker container prune -f; docker image prune -a -f; docker images",
    );
    assert!(out.contains("Untagged: demo:1\nDeleted: sha256:"), "{out}");
    let pruned = place.ok("docker tag base:1 again:1; docker rm -f c1; docker image prune -af");
    assert!(pruned.contains("\nDeleted Images:\nuntagged: "), "{pruned}");
    assert!(pruned.contains("\ndeleted: sha256:"), "{pruned}");
    assert!(out.contains("\nbase\n"), "{out}");
    assert!(out.contains("Deleted Containers:\n"), "{out}");
    assert!(out.contains("Total reclaimed space: "), "{out}");
    assert!(out.ends_with("REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n"), "{out}");
    let all = place.ok("docker rm $(docker ps -aq) -f; docker image rm $(docker image ls -q) -f; docker ps -aq; docker image ls -q");
    assert!(all.lines().count() >= 5, "{all}");
}

#[test]
fn standard_input_is_run_line_by_line() {
    let place = Place::new(&sample());
    let mut child = place
        .program()
        .args(["shell", "image.tar", "--image", "base:1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::Write as _;
    child.stdin.take().unwrap().write_all(b"cd var/lib\nls\n\n# nothing\ncat none\n").unwrap();
    let told = told(&child.wait_with_output().unwrap());
    assert_eq!(told, ("a.txt\nb.txt\nbig\n".into(), "cat: none: No such file or directory\n".into(), 1));
}

#[test]
fn a_dockerfile_is_built_without_running() {
    let place = Place::new(&sample());
    fs::create_dir_all(place.path("context/src")).unwrap();
    fs::write(place.path("context/src/main.c"), "int main;\n").unwrap();
    fs::write(place.path("context/src/read me"), "blank\n").unwrap();
    fs::write(place.path("context/notes.md"), "no\n").unwrap();
    fs::write(place.path("context/.dockerignore"), "*.md\nDockerfile\n").unwrap();
    let tar = Tar::new().dir("lib", 0o755).file("lib/x", "packed\n").owner(7, 8);
    fs::write(place.path("context/lib.tar.gz"), Pack::Gzip.pack(&tar.bytes())).unwrap();
    let dockerfile = "# comment\nARG BASE=demo:1\nFROM ${BASE} AS build\nARG NAME=world\nENV DIR=/work\nWORKDIR $DIR\nCOPY . .\n\
        RUN echo \"hello $NAME\" > greeting && \\\n    rm src/main.c; mkdir out; mv greeting out/\nADD lib.tar.gz /opt/\n\
        COPY [\"src/read me\", \"/json/\"]\nADD [\"lib.tar.gz\", \"/json/\"]\n\n\
        FROM scratch\nMAINTAINER me\nCOPY --from=build --chown=33:34 --chmod=600 /work/out/ /data/\nCOPY --from=base:1 /etc/pass* /etc/\n\
        COPY --from=build /opt/lib /lib\nCOPY --from=build /json /json\nLABEL a=b\nEXPOSE 80\nUSER www\nVOLUME /data\nSTOPSIGNAL SIGQUIT\n\
        HEALTHCHECK --interval=5s CMD true\nONBUILD RUN x\nENTRYPOINT [\"/bin/vi\"]\nCMD x $HOME\n";
    fs::write(place.path("context/Dockerfile"), dockerfile).unwrap();
    let args = [
        "build",
        "-f",
        "context/Dockerfile",
        "-t",
        "made:1",
        "-o",
        "built.tar",
        "context",
        "--from",
        "image.tar",
        "--build-arg",
        "NAME=you",
    ];
    let (out, error, status) = told(&place.program().args(args).output().unwrap());
    assert_eq!(status, 0, "{out}{error}");
    let verified = place.program().args(["verify", "built.tar"]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let built = told(&place.program().args(["shell", "built.tar", "-c", "cat data/greeting; stat -c %u:%g:%a data/greeting; ls etc; stat -c %u:%g lib/x; cat 'json/read me' json/lib/x; docker export c1 > flat.tar"]).output().unwrap());
    assert_eq!(built.0, "hello you\n33:34:600\npasswd\n7:8\nblank\npacked\n");
    let report: Value = serde_json::from_slice(
        &place.program().args(["inspect", "built.tar", "--json"]).output().unwrap().stdout,
    )
    .unwrap();
    let config = &report["images"][0]["config"];
    assert_eq!(config["config"]["Entrypoint"], serde_json::json!(["/bin/vi"]));
    assert_eq!(config["config"]["Cmd"], serde_json::json!(["/bin/sh", "-c", "x $HOME"]));
    assert_eq!(config["config"]["ExposedPorts"], serde_json::json!({"80/tcp": {}}));
    assert_eq!(config["author"], "me");
    let first = fs::read(place.path("built.tar")).unwrap();
    assert!(place.program().args(args).output().unwrap().status.success());
    assert!(first == fs::read(place.path("built.tar")).unwrap(), "not deterministic");
    compare_with_umoci(&place, "built.tar", "made:1", "flat.tar");
}

#[test]
fn the_build_cache_says_which_step_hits_and_why_not() {
    let place = Place::new(&sample());
    fs::create_dir(place.path("context")).unwrap();
    fs::write(place.path("context/a"), "1\n").unwrap();
    fs::write(place.path("context/Dockerfile"), "FROM base:1\nRUN touch x\nCOPY a /a\nRUN rm x\n").unwrap();
    let built = place.ok(
        "docker build -q -t t context; docker build context -t t; docker cp c1:/opt/app context/a; docker build -t t context; \
         docker build --no-cache -t t context; docker image ls -a -q",
    );
    assert_eq!(
        built.matches("Using cache: the same instruction was built on the same image").count(),
        3 + 1,
        "{built}"
    );
    assert!(built.contains("---> what it copies has changed"), "{built}");
    assert!(built.contains("---> a step before it was not in the cache"), "{built}");
    assert_eq!(built.matches("---> --no-cache").count(), 3, "{built}");
    assert!(built.contains("Successfully tagged t:latest"), "{built}");
    // Options of an instruction count as they are once variables are put in.
    fs::write(place.path("context/Dockerfile"), "FROM demo:1\nARG U\nCOPY --chown=$U a /a\n").unwrap();
    let owners = place.ok(
        "docker build -q context -t one --build-arg U=1 > id; docker build -q context -t two --build-arg U=2 > id; \
         docker run one stat -c %u /a; docker run two stat -c %u /a",
    );
    assert_eq!(owners, "1\n2\n");
}

#[test]
fn what_cannot_be_built_says_so_at_its_line() {
    let place = Place::new(&sample());
    fs::create_dir(place.path("context")).unwrap();
    for (text, line, message) in [
        ("FROM none\n", 1, "no registry is reached"),
        ("FROM base:1\n\nRUN apt-get update\n", 3, "apt-get: command not found"),
        ("FROM base:1\nRUN vi x\n", 2, "/bin/vi is in the image, but no process runs here"),
        ("FROM base:1\nRUN cat etc/passwd | wc\n", 2, "no pipes here"),
        ("FROM base:1\nCOPY none /\n", 2, "file not found in the build context"),
        ("FROM base:1\nADD https://example.com/x /\n", 2, "nothing is fetched from here"),
        ("FROM base:1\nRUN --mount=type=cache x\n", 2, "RUN --mount is not supported"),
        ("RUN x\n", 1, "FROM must come first"),
        ("FROM base:1\nCOPY <<EOF /x\ny\nEOF\n", 2, "here-documents"),
        ("FROM base:1\nEXPOSE x\n", 2, "invalid containerPort"),
        ("FROM base:1\nFOO x\n", 2, "unknown instruction: FOO"),
    ] {
        fs::write(place.path("context/Dockerfile"), text).unwrap();
        let args = ["build", "-o", "built.tar", "context", "--from", "image.tar"];
        let (_, error, status) = told(&place.program().args(args).output().unwrap());
        assert_eq!(status, 1, "{text}");
        assert!(error.contains(&format!("line {line}: ")) && error.contains(message), "{text}: {error}");
        assert!(!Path::new(&place.path("built.tar")).exists());
    }
}

#[test]
fn archives_of_every_kind_work_or_say_why() {
    let compressed = Place::new(&sample());
    let bytes = Pack::Zstd.pack(&sample().bytes());
    fs::write(compressed.path("image.tar"), bytes).unwrap();
    assert_eq!(
        compressed.ok("cat opt/app; rm opt/app; docker commit c1 x:1 > id; docker save x:1 > o.tar"),
        "one\n"
    );
    let again = told(
        &compressed.program().args(["shell", "o.tar", "-c", "ls opt; cat var/lib/a.txt"]).output().unwrap(),
    );
    assert_eq!(again.0, "alpha\nbeta\ngamma\n");

    let image =
        Image::new().name("f:1").layer(&base(), "ADD x").foreign_layer("https://example.com/l", 9, "RUN y");
    let missing = Place::new(&Archive::new(Shape::OciLayout).image(image));
    assert_eq!(missing.ok("cat etc/link").lines().next(), Some("ID=debian"));
    let (_, error, status) = missing.shell("docker commit c1 x:1 && docker save x:1 > o.tar");
    assert_eq!(status, 1);
    assert!(error.contains("layer 1 of the image"), "{error}");

    let rootfs = Place(tempfile::tempdir().unwrap());
    fs::write(rootfs.path("image.tar"), base().bytes()).unwrap();
    assert_eq!(rootfs.ok("ls var"), "empty\nlib\n");
    let none = rootfs.program().args(["shell", "none.tar", "-c", "ls"]).output().unwrap();
    assert_eq!(none.status.code(), Some(1));
}
