//! `mock run`: a vendor's wire protocol without the vendor, until stopped.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cli::{Cli, Format, MockRun};
use crate::commands::asked_to_stop;
use crate::output::{self, NOT_FOUND};

/// Makes the list of vendors, and `run` from it, from one line a vendor: its name and its mock.
macro_rules! mocks {
    ($($vendor:literal => $mock:ident;)*) => {
        /// Vendors that there is a mock of.
        const VENDORS: &[&str] = &[$($vendor),*];

        pub async fn run(cli: &Cli, args: &MockRun) -> Result<()> {
            match args.vendor.as_str() {
                $($vendor => {
                    let mock = $mock::serve(settings(args)?).await?;
                    until_stopped(cli, &mock.ready_line(), mock.stop()).await
                })*
                other => {
                    let vendors = VENDORS.join(", ");
                    Err(output::exit(NOT_FOUND, format!("no mock of {other:?}; there are {vendors}")))
                }
            }
        }
    };
}

mocks! {
    "alpaca" => alpaca_mock;
    "alpha_vantage" => alpha_vantage_mock;
    "authentication" => authentication_mock;
    "interactive_brokers" => interactive_brokers_mock;
    "polygon" => polygon_mock;
}

async fn until_stopped(cli: &Cli, ready: &str, stop: impl Future<Output = ()>) -> Result<()> {
    announce(cli, ready)?;
    asked_to_stop().await;
    stop.await;
    Ok(())
}

/// The settings given as JSON, with those that have options of their own put over them.
fn settings<T: serde::de::DeserializeOwned>(args: &MockRun) -> Result<T> {
    let text = match &args.settings {
        None => "{}".to_owned(),
        Some(text) if text.trim_start().starts_with('{') => text.clone(),
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("reading {path}"))?,
    };
    let mut settings: Value = serde_json::from_str(&text).context("reading --settings")?;
    settings["listen"] = json!(args.listen);
    if let Some(folder) = &args.market_data {
        settings["data"] = json!(folder);
    }
    if let Some(speed) = &args.speed {
        settings["speed"] =
            speed.parse::<f64>().map_or_else(|_| json!(speed), |times| json!(times));
    }
    serde_json::from_value(settings).context("reading --settings")
}

fn announce(cli: &Cli, ready: &str) -> Result<()> {
    if cli.format == Format::Json {
        output::line(ready);
        return Ok(());
    }
    let ready: Value = serde_json::from_str(ready)?;
    output::line(&format!("mock of {}; ctrl-c stops it", ready["vendor"].as_str().unwrap_or("")));
    for (name, url) in ready["urls"].as_object().into_iter().flatten() {
        output::line(&format!("  {name}: {}", url.as_str().unwrap_or_default()));
    }
    Ok(())
}
