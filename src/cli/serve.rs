//! `layerscope serve`.

use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use clap::Args;

use super::Error;
use crate::{
    registry::PUBLIC_REGISTRIES,
    serve::{
        Config, Page, Server,
        gateway::{Policy, RegistryHost},
    },
};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Forward requests to this registry as well, also if its address is private.
    #[arg(long, value_name = "HOST[:PORT]", num_args = 1..)]
    allow_registry: Vec<RegistryHost>,
    /// Forward requests to this registry as well, without TLS. Not needed on the loopback interface.
    #[arg(long, value_name = "HOST[:PORT]", num_args = 1..)]
    insecure_registry: Vec<RegistryHost>,
    /// Forward requests to no registry but those that are named.
    #[arg(long)]
    only_named: bool,
    /// Do not read docker's configuration: ask registries as anybody.
    #[arg(long)]
    anonymous: bool,
    /// The address to listen on. Whoever can reach another one than the default reads what you may read.
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::LOCALHOST.into())]
    listen: IpAddr,
    /// A further name that browsers may call this server by.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    name: Vec<String>,
    /// Serve the page in this folder, not the one inside this program.
    #[arg(long, value_name = "FOLDER")]
    page: Option<PathBuf>,
}

pub(super) fn run(args: &ServeArgs) -> Result<(), Error> {
    let page = match &args.page {
        Some(folder) => Page::folder(folder).map_err(|error| Error::Read(folder.clone(), error))?,
        None => Page::embedded().ok_or(Error::NoPage)?,
    };
    let policy = policy(args);
    let summary = summary(&policy, args);
    let config = Config {
        listen: args.listen,
        port: args.port,
        names: args.name.clone(),
        gateway: Some(policy),
        remember: false,
        ..Config::new(page)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(Error::Serve)?.block_on(async {
        let server = Server::open(config).await.map_err(Error::Serve)?;
        // At once: whoever reads the first line only may have gone before a second one.
        io::stdout().write_all(
            format!("Layerscope is at {} (Ctrl-C ends it)\n{summary}\n", server.url()).as_bytes(),
        )?;
        if !args.listen.is_loopback() {
            eprintln!(
                "layerscope: warning: everyone who can reach {} reads registries with your credentials",
                server.address()
            );
        }
        tokio::signal::ctrl_c().await.map_err(Error::Serve)
    })
}

fn policy(args: &ServeArgs) -> Policy {
    let mut policy = Policy::new();
    if args.only_named {
        policy = policy.without_defaults();
    }
    policy = args.allow_registry.iter().cloned().fold(policy, Policy::allow);
    policy = args.insecure_registry.iter().cloned().fold(policy, Policy::allow_insecure);
    if args.anonymous { policy.anonymous() } else { policy }
}

fn summary(policy: &Policy, args: &ServeArgs) -> String {
    let named: Vec<_> = policy.hosts().filter(|host| policy.names(host)).map(ToString::to_string).collect();
    let mut hosts = named.join(", ");
    if !args.only_named {
        let known = format!("{} public registries (docker.io, ghcr.io, quay.io…)", PUBLIC_REGISTRIES.len());
        hosts = if hosts.is_empty() { known } else { format!("{hosts} and {known}") };
    }
    if hosts.is_empty() {
        hosts.push_str("no registry");
    }
    let as_whom = if args.anonymous { "as anybody" } else { "with docker's credentials where there are any" };
    format!("It forwards what the page reads of {hosts}, {as_whom}")
}
