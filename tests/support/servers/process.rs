//! Servers and tools of others, as processes: `docker-registry` (distribution), nginx, skopeo.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::Log;

/// The user that a registry with Basic auth knows, and the password.
pub const USER: (&str, &str) = ("reader", "open sesame");
/// What `htpasswd -B` makes of [`USER`]; distribution takes bcrypt only.
const HTPASSWD: &str = "reader:$2y$05$T2zrxDSviIiSI4B9u1h1h.MhSn0Oa6CED0DzrIdGYeYcFQQcBqFQG\n";
/// How long a process may take until it answers. Generous: it only bounds failures.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that ends with this value.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a registry allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// Pages of other origins may read it.
    pub cors: bool,
    /// It wants [`USER`].
    pub basic: bool,
}

/// Debian's `docker-registry`, with storage of its own.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    process: Process,
    settings: Settings,
    folder: TempDir,
}

impl Registry {
    /// Starts an empty one; `None`, said aloud, where there is none on this machine.
    pub fn start(settings: Settings) -> Option<Self> {
        let program = program("LAYERSCOPE_REGISTRY", "docker-registry")?;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let mut config = format!(
            "version: 0.1\n\
             log: {{level: info, accesslog: {{disabled: false}}}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
             http:\n  addr: 127.0.0.1:0\n",
            root.join("storage").display()
        );
        if settings.cors {
            let recipe = recipe(include_str!("../../../src/app/remote/recipes/distribution.yml"));
            config.push_str(recipe.strip_prefix("http:\n").unwrap());
        }
        if settings.basic {
            let file = root.join("htpasswd");
            fs::write(&file, HTPASSWD).unwrap();
            config
                .push_str(&format!("auth: {{htpasswd: {{realm: basic-realm, path: {}}}}}\n", file.display()));
        }
        fs::write(root.join("config.yml"), config).unwrap();
        let said = root.join("said.log");
        let child = Command::new(program)
            .arg("serve")
            .arg(root.join("config.yml"))
            .env_remove("OTEL_TRACES_EXPORTER")
            .stdin(Stdio::null())
            .stdout(fs::File::create(root.join("access.log")).unwrap())
            .stderr(fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        let process = Process(child);
        let port = wait_for("docker-registry to name its port", || {
            let said = fs::read_to_string(&said).ok()?;
            let (_, rest) = said.split_once("listening on 127.0.0.1:")?;
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            rest[..digits].parse::<u16>().ok()
        });
        Some(Self { address: (Ipv4Addr::LOCALHOST, port).into(), process, settings, folder })
    }

    /// `127.0.0.1:PORT`, as a reference begins with.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What it has answered, pushes included.
    pub fn log(&self) -> Log {
        Log::File(self.folder.path().join("access.log"))
    }

    /// Copies an image to `127.0.0.1:PORT/name` with skopeo, every byte as it is. `source` is as skopeo has it, say
    /// `oci-archive:image.tar:tag`. `false`, said aloud, without skopeo.
    #[must_use]
    pub fn push(&self, source: &str, name: &str) -> bool {
        let Some(skopeo) = program("LAYERSCOPE_SKOPEO", "skopeo") else { return false };
        let mut command = Command::new(skopeo);
        command.args(["copy", "--quiet", "--all", "--preserve-digests", "--dest-tls-verify=false"]);
        if self.settings.basic {
            command.arg(format!("--dest-creds={}:{}", USER.0, USER.1));
        }
        let done = command
            .arg(source)
            .arg(format!("docker://{}/{name}", self.host()))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(done.status.success(), "skopeo copy {source}: {}", String::from_utf8_lossy(&done.stderr));
        true
    }
}

impl Registry {
    /// Saves an image as an OCI archive with skopeo, every byte as it is.
    pub fn save(&self, name: &str, archive: &Path) {
        let skopeo = program("LAYERSCOPE_SKOPEO", "skopeo").unwrap();
        let done = Command::new(skopeo)
            .args(["copy", "--quiet", "--preserve-digests", "--src-tls-verify=false"])
            .arg(format!("docker://{}/{name}", self.host()))
            .arg(format!("oci-archive:{}", archive.display()))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(done.status.success(), "skopeo copy {name}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

/// nginx before a [`Registry`]. It answers `OPTIONS` itself, with what pages of other origins may do, and passes on the
/// rest: the way around distribution's 401 for a preflight.
#[derive(Debug)]
pub struct Nginx {
    address: SocketAddr,
    process: Process,
    folder: TempDir,
}

impl Nginx {
    /// Starts it; `None`, said aloud, where there is none on this machine.
    pub fn before(registry: &Registry) -> Option<Self> {
        let program = program("LAYERSCOPE_NGINX", "nginx")?;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        // It cannot say which port it took: one that is free now may be gone a moment later, and then it ends.
        for _ in 0..5 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            fs::write(root.join("nginx.conf"), nginx_config(root, port, &registry.host())).unwrap();
            let mut child = Command::new(&program)
                .arg("-p")
                .arg(root)
                .arg("-e")
                .arg(root.join("error.log"))
                .arg("-c")
                .arg(root.join("nginx.conf"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let address: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
            let up = wait_for("nginx", || match child.try_wait().unwrap() {
                Some(_) => Some(false),
                None => TcpStream::connect(address).ok().map(|_| true),
            });
            let process = Process(child);
            if up {
                return Some(Self { address, process, folder });
            }
        }
        panic!("nginx: {}", fs::read_to_string(root.join("error.log")).unwrap_or_default());
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What it has answered.
    pub fn log(&self) -> Log {
        Log::File(self.folder.path().join("access.log"))
    }
}

/// What the page says to set at a server, for pages of any origin.
fn recipe(text: &str) -> String {
    text.replace("ORIGIN", "*")
}

fn nginx_config(root: &Path, port: u16, registry: &str) -> String {
    let root = root.display();
    let recipe = recipe(include_str!("../../../src/app/remote/recipes/nginx.conf"));
    let location = recipe.replace("127.0.0.1:5000", registry);
    assert!(location.contains(registry));
    // One process: no other user, and nothing is left behind when it is killed.
    format!(
        r#"
daemon off;
master_process off;
pid {root}/pid;
events {{ worker_connections 64; }}
http {{
  access_log {root}/access.log;
  client_body_temp_path {root}/body;
  proxy_temp_path {root}/proxy;
  fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi;
  scgi_temp_path {root}/scgi;
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 0;
    {location}
  }}
}}
"#
    )
}

/// The program that the variable names, or else the one of that name on `PATH`; `None`, said aloud, where there is none.
pub fn program(variable: &str, name: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers where not everyone looks.
    let folders = env::split_paths(&path).chain(["/usr/sbin".into()]);
    let found = named.or_else(|| folders.map(|folder| folder.join(name)).find(|path| path.is_file()));
    if found.is_none() {
        eprintln!("SKIPPED: {name} not found (see `scripts/setup.sh test`)");
    }
    found
}

fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
