//! `/metrics`, `/livez` and `/readyz`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use model::Text;
use tokio_util::sync::CancellationToken;

use crate::{State, Status};

/// Serves until shutdown; gives the address it really listens on.
pub async fn serve(
    listen: SocketAddr,
    prometheus: PrometheusHandle,
    statuses: BTreeMap<Text, Status>,
    shutdown: CancellationToken,
) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let ready = statuses.clone();
    let router = Router::new()
        .route("/metrics", get(move || async move { prometheus.render() }))
        .route("/livez", get(move || async move { answer(&statuses, |s| s != State::Failed) }))
        .route("/readyz", get(move || async move { answer(&ready, |s| s == State::Running) }));
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
