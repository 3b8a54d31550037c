//! `/metrics`, `/livez`, `/readyz` and what others have to show.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use model::Text;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{State, Status};

/// A page of JSON that is made anew whenever it is asked for.
#[derive(Clone)]
pub struct Page {
    path: &'static str,
    make: Arc<dyn Fn() -> Value + Send + Sync>,
}

impl Page {
    /// A page at a path such as `/health`.
    pub fn new(path: &'static str, make: impl Fn() -> Value + Send + Sync + 'static) -> Self {
        Self { path, make: Arc::new(make) }
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)
    }
}

/// Serves until shutdown; gives the address it really listens on.
pub async fn serve(
    listen: SocketAddr,
    prometheus: PrometheusHandle,
    statuses: BTreeMap<Text, Status>,
    pages: Vec<Page>,
    shutdown: CancellationToken,
) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let ready = statuses.clone();
    let mut router = Router::new()
        .route("/metrics", get(move || async move { prometheus.render() }))
        .route("/livez", get(move || async move { answer(&statuses, |s| s != State::Failed) }))
        .route("/readyz", get(move || async move { answer(&ready, |s| s == State::Running) }));
    for Page { path, make } in pages {
        router = router.route(path, get(move || async move { format!("{}\n", make()) }));
    }
    // The server of a process's own health outlives no one: it ends with the shutdown token.
    #[allow(clippy::disallowed_methods)]
    tokio::spawn(async move {
        let serving = axum::serve(listener, router)
            .with_graceful_shutdown(async move { shutdown.cancelled().await });
        if let Err(error) = serving.await {
            tracing::warn!(%error, "serving metrics");
        }
    });
    Ok(address)
}

fn answer(
    statuses: &BTreeMap<Text, Status>,
    is_fine: impl Fn(State) -> bool,
) -> (StatusCode, String) {
    let healths: BTreeMap<&Text, _> = statuses.iter().map(|(n, s)| (n, s.get())).collect();
    let code = match healths.values().all(|health| is_fine(health.state)) {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, serde_json::to_string(&healths).unwrap_or_default() + "\n")
}
