//! Starts a broker, says where, and stops it on Ctrl-C.
//!
//! `cargo run -p local_kafka --example start [FOLDER]`

#![allow(clippy::print_stdout)]

use std::time::Instant;

use local_kafka::{DataDir, Options};

#[tokio::main]
async fn main() -> Result<(), local_kafka::Error> {
    let folder = std::env::args_os().nth(1);
    let data_dir = folder.map_or(DataDir::Temporary, |folder| DataDir::Kept(folder.into()));
    let begun = Instant::now();
    let options = Options { data_dir, progress: true, ..Options::default() };
    let kafka = local_kafka::start(options).await?;
    println!("{} (process {})", kafka.bootstrap_servers(), kafka.pid());
    println!("log: {}", kafka.data_dir().join("kafka.log").display());
    println!("started in {:?}", begun.elapsed());

    let waited = tokio::signal::ctrl_c().await;
    waited
        .map_err(|source| local_kafka::Error::Io { attempt: "wait for Ctrl-C".into(), source })?;
    let begun = Instant::now();
    kafka.stop().await?;
    println!("stopped in {:?}", begun.elapsed());
    Ok(())
}
