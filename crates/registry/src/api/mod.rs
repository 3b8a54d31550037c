//! The REST protocol, as Confluent documents it ("Schema Registry API Reference").

mod exchange;

mod compatibility;
mod schemas;
mod settings;
mod subjects;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::get;
use serde_json::json;

use self::exchange::{Answer, MAX_BODY_BYTES};
use crate::refusal::Refusal;
use crate::store::Store;

pub(crate) fn router(store: Store) -> Router {
    Router::new()
        .route("/", get(async || Answer(json!({}))))
        .merge(subjects::routes())
        .merge(schemas::routes())
        .merge(compatibility::routes())
        .merge(settings::routes())
        .route("/contexts", get(async || Answer(json!(["."]))))
        // Newer clients ask for these before they fall back to the name of the topic.
        .route("/associations/resources/{namespace}/{name}", get(async || Answer(json!([]))))
        .route("/v1/metadata/id", get(metadata_id))
        .route("/v1/metadata/version", get(metadata_version))
        .fallback(async || Refusal::no_route())
        .method_not_allowed_fallback(async || Refusal::no_method())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(exchange::speak_as_asked))
        .with_state(store)
}

async fn metadata_id() -> Answer {
    let clusters = json!({ "kafka-cluster": "", "schema-registry-cluster": "schema-registry" });
    Answer(json!({ "scope": { "path": [], "clusters": clusters }, "id": "" }))
}

async fn metadata_version() -> Answer {
    Answer(json!({ "version": env!("CARGO_PKG_VERSION"), "commitId": "foliostream" }))
}
