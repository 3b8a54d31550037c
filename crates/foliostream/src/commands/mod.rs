//! What each command does.

mod account;
mod alert;
mod audit;
mod broker;
pub mod check;
mod connector;
pub mod credential;
mod dlq;
mod export;
pub mod import;
mod list;
mod mock;
pub mod order;
pub mod run;
mod schedule;
mod show;
mod tap;

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;

use crate::cli::{Broker, Cli, Command, Connector, Format, Mock};
use crate::{demo, output};

/// Runs the command.
pub async fn run(cli: &Cli) -> Result<ExitCode> {
    match &cli.command {
        Command::Demo(args) => return demo::run(cli, args).await,
        Command::Run(args) => run::run(cli, args).await?,
        Command::Check(args) => return check::run(cli, args).await,
        Command::List(args) => list::run(cli, args)?,
        Command::Tap(args) => tap::run(cli, args).await?,
        Command::Export(args) => export::run(cli, args).await?,
        Command::Import(args) => return import::run(cli, args).await,
        Command::Schedule(command) => return schedule::run(cli, command).await,
        Command::Order(order) => return order::run(cli, order).await,
        Command::Alert(command) => return alert::run(cli, command).await,
        Command::Account(account) => account::run(cli, account).await?,
        Command::Break(command) => show::breaks(cli, command).await?,
        Command::Dlq(command) => return dlq::run(cli, command).await,
        Command::Topic(_) => show::topics(cli).await?,
        Command::Schema(_) => show::schemas(cli).await?,
        Command::Switch(switch) => order::switch(cli, switch).await?,
        Command::Broker(Broker::Run(args)) => broker::run(cli, args).await?,
        Command::Credential(command) => return credential::run(cli, command).await,
        Command::Audit(command) => return audit::run(cli, command).await,
        Command::Connector(Connector::New(args)) => connector::new(cli, args)?,
        Command::Mock(Mock::Run(args)) => mock::run(cli, args).await?,
        Command::Completions { shell } => {
            clap_complete::generate(
                *shell,
                &mut Cli::command(),
                "foliostream",
                &mut std::io::stdout(),
            );
        }
        Command::Version => version(cli)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn version(cli: &Cli) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    if cli.format == Format::Json {
        return output::json(&serde_json::json!({ "version": version }));
    }
    output::line(&format!("foliostream {version}"));
    Ok(())
}

/// Waits for ctrl-c or a request to terminate.
pub async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
