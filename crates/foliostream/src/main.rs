//! `foliostream`: vendors in, one set of topics out.

mod catalogue;
mod cli;
mod commands;
mod components;
mod demo;
mod endpoints;
mod jobs;
mod monitoring;
mod output;
mod platform;
mod progress;
mod scaffold;
mod tables;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    output::logging(&cli);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(&cli, &error.into()),
    };
    let ended = runtime.block_on(commands::run(&cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match ended {
        Ok(code) => code,
        Err(error) => output::failed(&cli, &error),
    }
}
