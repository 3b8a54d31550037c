//! The routes under `/_mock/`, for tests and auditors; no vendor has them.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Fault, Kit, Speed, time};

/// A clock moved by more than a year was moved by mistake.
const MAX_NOW: i64 = 230 * 365 * time::DAY;
const MAX_ADVANCE_SECS: f64 = 366.0 * 86_400.0;

pub(crate) fn routes(kit: Kit) -> Router {
    Router::new()
        .route("/_mock/clock", get(read_clock).post(set_clock))
        .route("/_mock/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/_mock/requests", get(list_requests).delete(clear_requests))
        .route("/_mock/limits", get(read_limits))
        .with_state(kit)
}

/// A control request that makes no sense, in words.
struct Refused(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    now: Option<String>,
    advance_secs: Option<f64>,
    speed: Option<Speed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn read_clock(State(kit): State<Kit>) -> Json<Value> {
    Json(describe(&kit))
}

async fn set_clock(State(kit): State<Kit>, body: Bytes) -> Result<Json<Value>, Refused> {
    let change: ClockChange = decode(&body)?;
    let clock = kit.clock();
    if let Some(text) = change.now {
        let now = time::parse(&text).map_err(|error| Refused(format!("\"now\": {error}")))?;
        if !(0..MAX_NOW).contains(&now) {
            return Err(Refused(format!("\"now\": {text:?} is not between 1970 and 2200")));
        }
        clock.set(now);
    }
    if let Some(seconds) = change.advance_secs {
        if !(0.0..=MAX_ADVANCE_SECS).contains(&seconds) {
            return Err(Refused(format!("\"advance_secs\": {seconds} is not from 0 to a year")));
        }
        clock.advance((seconds * 1e9).round() as i64);
    }
    if let Some(speed) = change.speed {
        clock.set_speed(speed);
    }
    kit.tick();
    Ok(Json(describe(&kit)))
}

fn describe(kit: &Kit) -> Value {
    json!({ "now": time::utc(kit.clock().now()), "speed": kit.clock().speed() })
}

async fn list_faults(State(kit): State<Kit>) -> Json<Value> {
    Json(json!({ "pending": kit.faults().pending() }))
}

async fn add_fault(State(kit): State<Kit>, body: Bytes) -> Result<Json<Value>, Refused> {
    let fault: Fault = decode(&body)?;
    kit.faults().add(fault, kit.vendor().fault_kinds).map_err(Refused)?;
    Ok(Json(json!({ "pending": kit.faults().pending() })))
}

async fn clear_faults(State(kit): State<Kit>) -> StatusCode {
    kit.faults().clear();
    StatusCode::NO_CONTENT
}

async fn list_requests(State(kit): State<Kit>, Query(query): Query<Since>) -> Json<Value> {
    Json(json!({ "requests": kit.transcript().since(query.since) }))
}

async fn clear_requests(State(kit): State<Kit>) -> StatusCode {
    kit.transcript().clear();
    StatusCode::NO_CONTENT
}

async fn read_limits(State(kit): State<Kit>) -> Json<Value> {
    Json(json!({ "keys": kit.limits().report() }))
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused(error.to_string()))
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}
