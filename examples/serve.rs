//! Serves the built page: `cargo run --no-default-features --features serve --example serve -- [PORT] [DIST]`.

use std::{env, path::PathBuf, process::ExitCode};

use layerscope::serve::Server;

const USAGE: &str = "usage: serve [PORT] [DIST]";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let Ok(port) = args.next().map_or(Ok(8080), |port| port.parse()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let dist = args.next().map_or_else(|| PathBuf::from("dist"), PathBuf::from);

    let server = match Server::start(&dist, "/", port).await {
        Ok(server) => server,
        Err(error) => {
            eprintln!("cannot serve {} on 127.0.0.1:{port}: {error}", dist.display());
            return ExitCode::FAILURE;
        }
    };
    println!("Layerscope is at {} (Ctrl-C ends it)", server.url());
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot wait for Ctrl-C: {error}");
            ExitCode::FAILURE
        }
    }
}
