//! The executable `apimite`: arguments, wiring, signals.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to the terminal")]

mod args;
mod az_login;
mod check;
mod control;
mod dns;
mod echo;
mod eval;
mod explain;
mod init;
mod link;
mod load;
mod network;
mod report;
mod serve;
mod trace;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.unwrap_or_else(|| Command::Serve(args::Serve::default())) {
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Init(args) => init::run(&args),
        Command::AzLogin(args) => az_login::run(&args),
        Command::PublicAccess(args) => control::public_access(&args),
        Command::Clock(args) => control::clock(&args),
        Command::Reload(args) => control::reload(&args),
        Command::Counters(args) => control::counters(&args),
        Command::Connection(args) => control::connection(&args),
        Command::Network(args) => network::run(&args),
        Command::Dns(args) => dns::run(&args),
        Command::Link(args) => link::run(&args),
        Command::Health(args) => control::health(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Simulate { arguments } => simulate(arguments),
    }
}

fn simulate(arguments: Vec<String>) -> ExitCode {
    match apimite_counters::simulate::run(arguments, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
