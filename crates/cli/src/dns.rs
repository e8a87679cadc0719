//! `apimite dns`: answers by who asks, from a configuration and without a gateway.

use std::process::ExitCode;
use std::sync::Arc;

use apimite_dns::{Bound, Server};
use apimite_network::horizon::Forward;
use arc_swap::ArcSwap;

use crate::args::Dns;
use crate::load::{self, Origin};
use crate::serve::network::Networking;

/// Networks of a configuration.
const NETWORKS: [&str; 4] = ["public", "virtual_network", "peered", "on_premises"];

/// Runs until a signal ends it.
pub(crate) fn run(args: &Dns) -> ExitCode {
    if let Some(name) = args.network.as_deref().filter(|name| !NETWORKS.contains(name)) {
        eprintln!("error: `{name}` is no network\n  help: the networks are {}", NETWORKS.join(", "));
        return ExitCode::FAILURE;
    }
    let origin = args.folder.clone().map_or(Origin::Sample, Origin::Folder);
    let Some(imported) = load::import_or_report(&origin) else { return ExitCode::FAILURE };
    let networking = Networking::new(&imported.settings, &imported.service);
    let mut horizon = (*networking.horizon.load_full()).clone();
    if !args.forward.is_empty() {
        horizon.forward = vec![Forward { domain: String::new(), to: args.forward.clone() }];
    }
    let served = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
        runtime.block_on(async {
            let bound = Bound::bind(args.listen).await?;
            println!("answers DNS at {} for {}", bound.address()?, origin.shown());
            let server = Server::new(Arc::new(ArcSwap::from_pointee(horizon)), args.network.clone());
            crate::serve::until_told(server.serve(bound)).await;
            Ok(())
        })
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "error: cannot listen on {}: {error}\n  help: choose another address, or port 0 for a free one",
                args.listen
            );
            ExitCode::FAILURE
        }
    }
}
