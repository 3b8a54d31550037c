//! `broker run`: a local Kafka and schema registry until stopped.

use anyhow::Result;
use serde_json::json;

use crate::cli::{BrokerRun, Cli, Format};
use crate::commands::asked_to_stop;
use crate::endpoints::Endpoints;
use crate::output;
use crate::platform::Platform;

pub async fn run(cli: &Cli, args: &BrokerRun) -> Result<()> {
    let platform = Platform::local(&cli.data, args.kafka_port, args.listen, true).await?;
    platform.endpoints.publish(&cli.data)?;
    let Endpoints { bootstrap_servers, schema_registry_url } = &platform.endpoints;
    match cli.format {
        Format::Json => output::json(&json!({
            "ready": true,
            "bootstrap_servers": bootstrap_servers,
            "schema_registry_url": schema_registry_url,
        }))?,
        Format::Text => {
            output::line(&format!("Kafka at {bootstrap_servers}"));
            output::line(&format!("schema registry at {schema_registry_url}; ctrl-c stops both"));
        }
    }
    asked_to_stop().await;
    platform.stop(&cli.data).await
}
