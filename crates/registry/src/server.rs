//! The running registry.

use std::net::SocketAddr;

use kafka::Cluster;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tracing::{error, info};

use crate::api;
use crate::error::Error;
use crate::level::Level;
use crate::store::Store;

/// How to run a registry.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where clients connect; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The topic that holds the schemas. It is created if it is missing.
    pub topic: String,
    /// The compatibility level while nobody has set one.
    pub compatibility: Level,
}

/// A registry that serves until this is dropped.
pub struct Running {
    address: SocketAddr,
    store: Store,
    server: JoinHandle<()>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            topic: "_schemas".to_owned(),
            compatibility: Level::Backward,
        }
    }
}

/// Reads all schemas, then serves them.
pub async fn serve(settings: Settings, cluster: Cluster) -> Result<Running, Error> {
    let Settings { listen, topic, compatibility } = settings;
    let failed = |source| Error::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let opened = tokio::task::spawn_blocking(move || Store::open(cluster, &topic, compatibility));
    let store = match opened.await {
        Ok(store) => store?,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let router = api::router(store.clone());
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            error!(%error, "the schema registry has stopped");
        }
    });
    info!(%address, "the schema registry is ready");
    Ok(Running { address, store, server })
}

impl Running {
    /// Address for clients, `http://HOST:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
        self.store.stop();
    }
}
