//! The same Kafka in a container, where a Docker engine answers.

use testcontainers_modules::kafka::apache::{KAFKA_PORT, Kafka};
use testcontainers_modules::testcontainers::runners::AsyncRunner;
use testcontainers_modules::testcontainers::{ContainerAsync, ImageExt};

use crate::{Error, VERSION};

/// A broker in a container, which is removed when this is dropped.
pub struct Container {
    // Holds the container.
    _container: ContainerAsync<Kafka>,
    bootstrap_servers: String,
}

impl Container {
    /// Starts Apache Kafka's own image on a free port, and returns when it serves.
    pub async fn start() -> Result<Self, Error> {
        let refused =
            |error: &dyn std::fmt::Display| Error::Container { reason: error.to_string() };
        let image = Kafka::default().with_jvm_image().with_tag(VERSION);
        let container = image.start().await.map_err(|error| refused(&error))?;
        let host = container.get_host().await.map_err(|error| refused(&error))?;
        let port =
            container.get_host_port_ipv4(KAFKA_PORT).await.map_err(|error| refused(&error))?;
        Ok(Self { _container: container, bootstrap_servers: format!("{host}:{port}") })
    }

    /// Address for clients.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves where there is an engine; says what is missing where there is none.
    #[tokio::test]
    async fn a_container_serves_or_says_why_not() {
        match Container::start().await {
            Ok(container) => assert!(container.bootstrap_servers().contains(':')),
            Err(error) => assert!(error.to_string().contains("Docker"), "{error}"),
        }
    }
}
