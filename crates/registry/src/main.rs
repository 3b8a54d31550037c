//! `foliostream-registry`: the registry on its own, beside a Kafka that somebody else runs.
//!
//! Settings come from the environment: `FOLIOSTREAM_KAFKA` (brokers, `host:port`),
//! `FOLIOSTREAM_REGISTRY_LISTEN` and `FOLIOSTREAM_REGISTRY_TOPIC`.

use std::error::Error;
use std::process::ExitCode;

use kafka::Cluster;
use registry::Settings;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

const DEFAULT_LISTEN: &str = "127.0.0.1:8081";

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the schema registry cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let servers = set("FOLIOSTREAM_KAFKA").ok_or("FOLIOSTREAM_KAFKA names no brokers")?;
    let listen = set("FOLIOSTREAM_REGISTRY_LISTEN").unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
    let listen = listen.parse().map_err(|error| {
        format!("FOLIOSTREAM_REGISTRY_LISTEN is {listen:?}, not address:port: {error}")
    })?;
    let defaults = Settings::default();
    let topic = set("FOLIOSTREAM_REGISTRY_TOPIC").unwrap_or(defaults.topic);
    let cluster = Cluster::new(kafka::Settings::plain(servers));
    let running = registry::serve(Settings { listen, topic, ..defaults }, cluster).await?;
    let mut asked = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = asked.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    drop(running);
    Ok(())
}
