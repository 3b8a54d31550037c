//! The vendor: a list of items and a book of orders over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use mockkit::{Clock, Kit, Running, Speed, Vendor};
use model::ApprovedOrder;
use serde_json::{Value, json};
use testkit::{Broker, Mock, events};

const ITEMS: u64 = 23;
const PAGE: u64 = 5;

#[derive(Default)]
struct Books {
    items: u64,
    /// Items that were taken out for good.
    consumed: u64,
    orders: BTreeMap<String, Value>,
}

type Shared = Arc<Mutex<Books>>;

/// The vendor as a source sees it.
pub struct Rig(Running);

/// The vendor as a sink sees it.
pub struct Desk(Running, Shared);

async fn serve(items: u64) -> (Running, Shared) {
    let vendor = Vendor {
        name: "toy",
        secrets: &["x-key"],
        fault_kinds: &[],
        error_body: |_, status| ("application/json", format!("{{\"status\":{status}}}")),
    };
    let kit = Kit::new(vendor, Clock::new(0, Speed::Frozen));
    let books: Shared = Arc::new(Mutex::new(Books { items, ..Books::default() }));
    let router = Router::new()
        .route("/items", get(list))
        .route("/orders", post(place))
        .route("/orders/{id}", get(find).delete(cancel))
        .with_state(books.clone());
    let running = mockkit::serve(kit, "127.0.0.1:0".parse().unwrap(), router).await.unwrap();
    (running, books)
}

type Answer = (StatusCode, Json<Value>);

fn is_let_in(headers: &HeaderMap) -> bool {
    headers.get("x-key").is_some_and(|key| key == "test-key")
}

fn refused(status: StatusCode) -> Answer {
    (status, Json(json!({ "error": status.as_str() })))
}

async fn list(
    State(books): State<Shared>,
    Query(query): Query<BTreeMap<String, u64>>,
    headers: HeaderMap,
) -> Answer {
    if !is_let_in(&headers) {
        return refused(StatusCode::UNAUTHORIZED);
    }
    let mut books = books.lock().unwrap();
    let after = query.get("after").copied().unwrap_or(0).max(books.consumed);
    let last = (after + PAGE).min(books.items.max(after));
    let items: Vec<u64> = (after + 1..=last).collect();
    if query.contains_key("take") {
        books.consumed = last;
    }
    (StatusCode::OK, Json(json!({ "items": items, "last": last })))
}

async fn place(
    State(books): State<Shared>,
    headers: HeaderMap,
    Json(order): Json<Value>,
) -> Answer {
    if !is_let_in(&headers) {
        return refused(StatusCode::UNAUTHORIZED);
    }
    if order["symbol"] == "NONE" {
        return refused(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let id = order["id"].as_str().unwrap().to_owned();
    let mut books = books.lock().unwrap();
    if books.orders.contains_key(&id) {
        return refused(StatusCode::CONFLICT);
    }
    books.orders.insert(id.clone(), order);
    (StatusCode::OK, Json(json!({ "broker_id": format!("toy-{id}") })))
}

async fn find(State(books): State<Shared>, Path(id): Path<String>) -> Answer {
    match books.lock().unwrap().orders.contains_key(&id) {
        true => (StatusCode::OK, Json(json!({ "broker_id": format!("toy-{id}") }))),
        false => refused(StatusCode::NOT_FOUND),
    }
}

async fn cancel(books: State<Shared>, id: Path<String>) -> Answer {
    find(books, id).await
}

fn system(running: &Running, key: &str) -> Value {
    json!({
        "connection": { "address": running.address().to_string() },
        "authentication": { "credentials": { "api_key": key } },
    })
}

impl Mock for Rig {
    const PATH: Option<&'static str> = Some("/items");

    async fn start() -> Self {
        Self(serve(ITEMS).await.0)
    }

    async fn start_empty() -> Option<Self> {
        Some(Self(serve(0).await.0))
    }

    fn system(&self) -> Value {
        system(&self.0, "test-key")
    }

    fn wrong_system(&self) -> Value {
        system(&self.0, "wrong-key")
    }

    fn control(&self) -> String {
        format!("http://{}", self.0.address())
    }
}

impl Mock for Desk {
    const PATH: Option<&'static str> = Some("/orders");

    async fn start() -> Self {
        let (running, books) = serve(0).await;
        Self(running, books)
    }

    fn system(&self) -> Value {
        system(&self.0, "test-key")
    }

    fn wrong_system(&self) -> Value {
        system(&self.0, "wrong-key")
    }

    fn control(&self) -> String {
        format!("http://{}", self.0.address())
    }
}

impl Broker for Desk {
    fn order(&self, number: u64) -> ApprovedOrder {
        events::approved(number, "toy", "B1", "BAC")
    }

    fn refused_order(&self, number: u64) -> ApprovedOrder {
        events::approved(number, "toy", "B1", "NONE")
    }

    async fn taken(&self, order: &ApprovedOrder) -> Result<usize, String> {
        let books = self.1.lock().unwrap();
        let is_ours = |held: &&Value| held["order"] == order.order_id.as_str();
        Ok(books.orders.values().filter(is_ours).count())
    }
}
