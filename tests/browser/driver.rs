//! The browsers that tests run in, and how each is started.

use std::{
    env,
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::{Value, json};

use crate::support::{Options, Scheme};

/// A browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// Chromium or Chrome, by chromedriver.
    Chromium,
    /// Firefox, by geckodriver.
    Firefox,
}

impl Browser {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];

    /// For the names of pictures, and for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        }
    }

    /// The program that drives it.
    pub fn driver(self) -> &'static str {
        match self {
            Self::Chromium => "chromedriver",
            Self::Firefox => "geckodriver",
        }
    }
}

/// How many times a driver is started until it listens.
const STARTS: u32 = 3;

/// The port that a driver names, behind these words; `None` if it ends before.
fn port(stdout: &mut impl BufRead, before_port: &str) -> Option<u16> {
    let mut line = String::new();
    while stdout.read_line(&mut line).unwrap() > 0 {
        if let Some((_, port)) = line.trim_end().rsplit_once(before_port) {
            return Some(port.trim_end_matches('.').parse().unwrap());
        }
        line.clear();
    }
    None
}

/// A driver's process. It ends with this value.
#[derive(Debug)]
pub struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts a driver on a free port; `None` if there is none on this machine.
    pub fn start(browser: Browser) -> Option<Self> {
        let (variable, arguments, before_port): (_, &[&str], _) = match browser {
            Browser::Chromium => ("LAYERSCOPE_CHROMEDRIVER", &["--port=0"], "started successfully on port "),
            Browser::Firefox => (
                "LAYERSCOPE_GECKODRIVER",
                // The second is of a protocol that is not used, but would have a fixed port.
                &["--port=0", "--websocket-port=0"],
                "Listening on 127.0.0.1:",
            ),
        };
        let program = env::var_os(variable).unwrap_or_else(|| browser.driver().into());
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::piped());
        if browser == Browser::Firefox {
            // It says there what is amiss in its own scripts.
            command.stderr(Stdio::null());
        }
        // A port that was free may have been taken before the driver listens on it: then it ends, and another is started.
        for _ in 0..STARTS {
            let mut process = command.spawn().ok()?;
            let mut stdout = BufReader::new(process.stdout.take().unwrap());
            if let Some(port) = port(&mut stdout, before_port) {
                // A driver that cannot print ends, or waits.
                thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
                return Some(Self { process, port });
            }
            process.wait().unwrap();
        }
        panic!("{} ended without naming its port, {STARTS} times", browser.driver());
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process, whose descendants are those of the browser.
    pub fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What `POST /session` asks the driver for. Firefox has downloads land in the folder.
pub fn capabilities(browser: Browser, options: &Options, downloads: &Path) -> Value {
    match browser {
        Browser::Chromium => chromium(options),
        Browser::Firefox => firefox(options, downloads),
    }
}

fn chromium(options: &Options) -> Value {
    let arguments = [
        "--headless=new",
        // The sandbox cannot start as root; only the page under test runs here.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,800",
    ];
    json!({
        "browserName": "chrome",
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": {
            "args": arguments,
            "prefs": { "intl.accept_languages": options.language },
        },
    })
}

fn firefox(options: &Options, downloads: &Path) -> Value {
    let (width, height) = options.size;
    json!({
        "browserName": "firefox",
        // For scripts that wait for something: the tests have limits of their own.
        "timeouts": { "script": 300_000 },
        "moz:firefoxOptions": {
            "args": ["-headless", format!("--width={width}"), format!("--height={height}")],
            "prefs": {
                "intl.accept_languages": options.language,
                "layout.css.prefers-color-scheme.content-override": match options.scheme {
                    Scheme::Dark => 0,
                    Scheme::Light => 1,
                },
                "browser.download.folderList": 2,
                "browser.download.dir": downloads,
                "browser.download.always_ask_before_handling_new_types": false,
            },
        },
    })
}
