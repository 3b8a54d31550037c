//! Serves the mock until standard input closes or Ctrl-C. Settings are read as JSON from the first
//! argument, if there is one:
//!
//! `cargo run -p authentication_mock --example serve -- '{"speed": 60}'`

use std::io::Write as _;

use authentication_mock::Settings;
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let settings = match std::env::args().nth(1) {
        Some(json) => serde_json::from_str(&json)?,
        None => Settings::default(),
    };
    let running = authentication_mock::serve(settings).await?;
    writeln!(std::io::stdout(), "{}", running.ready_line())?;
    let mut rest = Vec::new();
    let mut input = tokio::io::stdin();
    tokio::select! {
        read = input.read_to_end(&mut rest) => drop(read?),
        stop = tokio::signal::ctrl_c() => stop?,
    }
    running.stop().await;
    // The thread that waits for standard input would hold up the exit.
    std::process::exit(0);
}
