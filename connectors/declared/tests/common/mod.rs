//! A small vendor with many habits, and a driver that reads from it.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use component::{Clock, Fault, Host, Item, Source, Throttling};
use declared::{Cursor, Records};
use model::Event;
use serde_json::{Value, json};

/// What the vendor has, what it was asked, and what it says instead of an answer.
#[derive(Default)]
pub struct Vendor {
    pub rows: Vec<Value>,
    pub asked: Vec<String>,
    pub headers: Vec<HeaderMap>,
    pub instead: Option<(u16, Value)>,
}

#[derive(Clone)]
pub struct Rig {
    pub vendor: Arc<Mutex<Vendor>>,
    pub url: String,
}

type Asked = HashMap<String, String>;

impl Rig {
    pub async fn start(rows: Vec<Value>) -> Self {
        let vendor = Arc::new(Mutex::new(Vendor { rows, ..Vendor::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let rig = Self { vendor, url };
        let router = Router::new().route("/api/rows", get(rows_of)).with_state(rig.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        rig
    }

    pub fn asked(&self) -> Vec<String> {
        self.vendor.lock().unwrap().asked.clone()
    }

    /// A source that reads one feed of this vendor.
    pub async fn source(&self, feed: Value) -> Result<Records, Fault> {
        self.source_with(feed, json!({})).await
    }

    pub async fn source_with(&self, feed: Value, authentication: Value) -> Result<Records, Fault> {
        let system = json!({
            "connection": { "base_url": self.url },
            "authentication": authentication,
        });
        let settings = json!({ "feeds": { "rows": feed } });
        let throttling = Throttling { retry_delay: Some(0.01), ..Throttling::default() };
        let host = Host::new("mine", Records::NAME, Clock::system(), throttling);
        let system = serde_json::from_value(system).unwrap();
        Records::connect(system, serde_json::from_value(settings).unwrap(), host).await
    }
}

/// Ten rows a page, in whichever way they are asked for.
async fn rows_of(
    State(rig): State<Rig>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let mut vendor = rig.vendor.lock().unwrap();
    vendor.asked.push(uri.query().unwrap_or_default().to_owned());
    vendor.headers.push(headers);
    if let Some((status, body)) = &vendor.instead {
        return (StatusCode::from_u16(*status).unwrap(), body.to_string()).into_response();
    }
    let number = |name: &str| asked.get(name).and_then(|text| text.parse::<usize>().ok());
    let since = number("since").unwrap_or(0);
    let rows = vendor.rows.iter().filter(|row| row["n"].as_u64().unwrap_or(0) >= since as u64);
    let rows: Vec<&Value> = rows.collect();
    let start = match (number("page"), number("offset"), number("token")) {
        (Some(page), ..) => (page - 1) * 10,
        (_, offset, token) => offset.or(token).unwrap_or(0),
    };
    let end = rows.len().min(start + 10);
    let page = rows.get(start..end).unwrap_or_default();
    let next = (end < rows.len()).then(|| end.to_string());
    let url = next.as_ref().map(|next| format!("{}/rows?token={next}&key=theirs", rig.url));
    let link = url.as_ref().map(|url| format!("<{url}>; rel=\"next\"")).unwrap_or_default();
    let body = json!({ "data": { "rows": page }, "next": next, "next_url": url });
    ([("link", link)], body.to_string()).into_response()
}

/// Reads until the source wants a pause.
pub async fn drain(source: &mut Records, cursor: &mut Cursor) -> Vec<Item> {
    let mut items = Vec::new();
    for _ in 0..100 {
        let batch = source.read(cursor).await.unwrap();
        let saved = serde_json::to_string(&batch.cursor).unwrap();
        *cursor = serde_json::from_str(&saved).unwrap();
        items.extend(batch.items);
        if !batch.wait.is_zero() {
            return items;
        }
    }
    panic!("no end after {} items", items.len());
}

pub fn events(items: Vec<Item>) -> Vec<Event> {
    let event = |item| match item {
        Item::Event(event) => event,
        Item::Bad { raw, bad } => panic!("{bad}: {}", String::from_utf8_lossy(&raw)),
    };
    items.into_iter().map(event).collect()
}
