//! Control routes that only this mock has: the load generator's counts, who is connected, and
//! messages by hand.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::core::{Point, Shared};
use crate::stream::Cluster;

pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/_mock/replay", get(replay).delete(forget))
        .route("/_mock/streams", get(streams))
        .route("/_mock/points", post(add_points))
}

/// A control request that makes no sense, in words.
struct Refused(String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}

/// What was sent, cluster by cluster.
async fn replay(State(core): State<Shared>) -> Json<Value> {
    Json(json!({ "clusters": core.report() }))
}

async fn forget(State(core): State<Shared>) -> StatusCode {
    core.forget_sent();
    StatusCode::NO_CONTENT
}

/// Who follows what.
async fn streams(State(core): State<Shared>) -> Json<Value> {
    let clients = core.clients();
    let clients: Vec<Value> = clients
        .iter()
        .map(|client| {
            let key = &core.key_settings(client.key).key;
            json!({ "key": key, "cluster": client.cluster.name(), "topics": client.topics })
        })
        .collect();
    Json(json!({ "clients": clients }))
}

/// Messages that the tape does not have, such as halts or fractional trades: everyone who follows
/// their topic gets them as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPoints {
    #[serde(default = "stocks")]
    cluster: String,
    messages: Vec<Value>,
}

fn stocks() -> String {
    Cluster::Stocks.name().to_owned()
}

async fn add_points(State(core): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let new: NewPoints = decode(&body)?;
    if !Cluster::ALL.iter().any(|cluster| cluster.name() == new.cluster) {
        return Err(Refused(format!("no cluster is called {:?}", new.cluster)));
    }
    let mut points = Vec::new();
    for message in &new.messages {
        let word = |name: &str| message.get(name).and_then(Value::as_str);
        let channel = word("ev").ok_or_else(|| Refused(format!("{message} has no \"ev\"")))?;
        let symbol = ["sym", "pair", "T", "p"].into_iter().find_map(word);
        let symbol = symbol.ok_or_else(|| Refused(format!("{message} names no symbol")))?;
        points.push(Point {
            cluster: new.cluster.clone(),
            channel: channel.to_owned(),
            symbol: symbol.to_owned(),
            text: message.to_string().into(),
        });
    }
    let told = points.len();
    for point in points {
        // Nobody may be listening.
        let _ = core.points.send(point);
    }
    Ok(Json(json!({ "told": told })))
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused(error.to_string()))
}
