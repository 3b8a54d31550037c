//! A mock of {{Name}}: a stream of trades and their history. The crate's `README.md` says how to
//! start it and what is made up.

mod history;
mod settings;
mod stream;
mod tape;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use mockkit::{Allowance, Clock, Kit, Ready, Seed, Vendor, time};
use serde_json::{Value, json};

pub use mockkit::{Error, Result, Speed, WindowClock};
pub use settings::Settings;

use crate::history::Ask;
use crate::tape::Tape;

/// More trades at the start would begin before 1970.
const MAX_TRADES: u64 = 1_000_000_000;
const KEY: &str = "x-api-key";
const JSON: &str = "application/json";

/// The mock at work; it stops when dropped.
pub struct Running {
    server: mockkit::Running,
    ready: Ready,
}

/// All that a request looks at.
struct World {
    kit: Kit,
    settings: Settings,
    tape: Tape,
}

/// A request that is refused, with the vendor's status and words.
struct Refusal(StatusCode, String);

/// Starts the mock.
pub async fn serve(settings: Settings) -> Result<Running> {
    if settings.trades > MAX_TRADES {
        let reason = format!("\"trades\" is {}; {MAX_TRADES} is the limit", settings.trades);
        return Err(Error::Setting(reason));
    }
    let start = time::parse(&settings.start)?;
    let vendor = Vendor {
        name: "{{name}}",
        secrets: &[KEY, "key"],
        fault_kinds: &[],
        error_body: |_, status| (JSON, words(&format!("status {status}")).to_string()),
    };
    let kit = Kit::new(vendor, Clock::new(start, settings.speed));
    kit.limits().set_clock(settings.limits_clock);
    let listen = settings.listen;
    let seed = Seed::new(settings.seed);
    let tape = Tape { start, at_start: settings.trades, seed };
    let world = World { kit: kit.clone(), settings, tape };
    let router = Router::new()
        .route("/v1/stream", get(stream::open))
        .route("/v1/time", get(clock))
        .route("/v1/trades", get(page))
        .with_state(Arc::new(world));
    let server = mockkit::serve(kit, listen, router).await?;
    let address = server.address();
    let rest = format!("http://{address}");
    let stream = format!("ws://{address}/v1/stream");
    let urls = BTreeMap::from([("rest", rest), ("stream", stream)]);
    let ready = Ready::new("{{name}}", urls);
    Ok(Running { server, ready })
}

impl Running {
    /// `rest` is the base of the history, `stream` the stream.
    pub fn urls(&self) -> &BTreeMap<&'static str, String> {
        &self.ready.urls
    }

    /// The line to print once the mock can be used.
    pub fn ready_line(&self) -> String {
        self.ready.line()
    }

    /// Clock, faults and transcript, for tests in the same process.
    pub fn kit(&self) -> &Kit {
        self.server.kit()
    }

    pub async fn stop(self) {
        self.server.stop().await;
    }
}

async fn page(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    ask: std::result::Result<Query<Ask>, QueryRejection>,
) -> std::result::Result<Json<Value>, Refusal> {
    pass(&world, &headers)?;
    let Query(ask) = ask.map_err(|error| Refusal(StatusCode::BAD_REQUEST, error.body_text()))?;
    history::page(&world, &ask).map(Json)
}

async fn clock(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
) -> std::result::Result<Json<Value>, Refusal> {
    pass(&world, &headers)?;
    Ok(Json(json!({ "time": time::utc(world.kit.clock().now()) })))
}

/// What every request passes: the key and its limit.
fn pass(world: &World, headers: &HeaderMap) -> std::result::Result<(), Refusal> {
    let key = headers.get(KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    if key != world.settings.key {
        return Err(Refusal(StatusCode::UNAUTHORIZED, "this key is not known".to_owned()));
    }
    let allowance = Allowance::per_minute(world.settings.requests_per_minute);
    if !world.kit.limits().count(key, allowance).allowed {
        let reason = format!("{} requests a minute are the limit", allowance.requests);
        return Err(Refusal(StatusCode::TOO_MANY_REQUESTS, reason));
    }
    Ok(())
}

fn words(error: &str) -> Value {
    json!({ "error": error })
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refusal(status, reason) = self;
        let mut response = (status, Json(words(&reason))).into_response();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let after = header::HeaderValue::from_static("60");
            response.headers_mut().insert(header::RETRY_AFTER, after);
        }
        response
    }
}
