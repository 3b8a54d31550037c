//! A mock of Alpha Vantage: every function of its one endpoint, in JSON and CSV, on real market
//! data where there is some. The vendor's Python client cannot tell it from the real thing;
//! `fidelity/` proves it. The crate's `README.md` says how to start it and what is made up.

mod analytics;
mod answer;
mod call;
mod companies;
mod currencies;
mod demo;
mod directory;
mod economy;
mod functions;
mod gate;
mod indicators;
mod indices;
mod json;
mod metals;
mod number;
mod options;
mod params;
mod refusal;
mod settings;
mod stocks;
mod wander;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mockkit::market::Market;
use mockkit::{Clock, Kit, Ready, Seed, Vendor, time};

pub use mockkit::{Error, Result, Speed, WindowClock};
pub use settings::{Account, Freshness, LineEnd, Plan, Settings};

use crate::params::Params;
use crate::stocks::Stocks;

const SECRETS: &[&str] = &["apikey", "x-rapidapi-key"];
const JSON: &str = "application/json";
const CSV: &str = "application/x-download";
const HTML: &str = "text/html; charset=utf-8";

/// The mock at work; it stops when dropped.
pub struct Running {
    server: mockkit::Running,
    ready: Ready,
}

/// All that the functions look at.
struct World {
    kit: Kit,
    settings: Settings,
    stocks: Stocks,
    seed: Seed,
}

/// Starts the mock.
pub async fn serve(settings: Settings) -> Result<Running> {
    check(&settings)?;
    let start = time::parse(&settings.start)?;
    let clock = Clock::new(start, settings.speed);
    let vendor = Vendor {
        name: "alpha_vantage",
        secrets: SECRETS,
        fault_kinds: gate::FAULTS,
        error_body: |_, status| (HTML, page(status)),
    };
    let kit = Kit::new(vendor, clock);
    kit.limits().set_clock(settings.limits_clock);
    let listen = settings.listen;
    let world = {
        let kit = kit.clone();
        // Reading a folder of ticks takes a while.
        let loading = tokio::task::spawn_blocking(move || load(settings, kit));
        loading.await.map_err(|error| Error::Setting(format!("could not load: {error}")))??
    };
    let router = Router::new()
        .route("/query", get(query))
        .fallback(|| async { refuse(StatusCode::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { refuse(StatusCode::METHOD_NOT_ALLOWED) })
        .with_state(Arc::new(world));
    let server = mockkit::serve(kit, listen, router).await?;
    let query = format!("http://{}/query", server.address());
    let ready = Ready::new("alpha_vantage", BTreeMap::from([("query", query)]));
    Ok(Running { server, ready })
}

impl Running {
    /// `query` is the address of the one endpoint.
    pub fn urls(&self) -> &BTreeMap<&'static str, String> {
        &self.ready.urls
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
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

fn check(settings: &Settings) -> Result<()> {
    if settings.accounts.iter().any(|account| account.key.is_empty()) {
        return Err(Error::Setting("an account needs a key".into()));
    }
    Ok(())
}

fn load(settings: Settings, kit: Kit) -> Result<World> {
    let market = match &settings.data {
        Some(folder) => Market::from_folder(folder)?,
        None => Market::embedded()?,
    };
    let seed = Seed::new(settings.seed);
    Ok(World { kit, stocks: Stocks::load(market)?, seed, settings })
}

async fn query(
    State(world): State<Arc<World>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(&query.unwrap_or_default());
    let answered = gate::pass(&world, &headers, &params)
        .and_then(|rights| functions::run(&world, &params, rights));
    match answered {
        Ok((answer, true)) => {
            let settings = &world.settings;
            let text = answer.csv(settings.csv_line_end.as_str(), settings.csv_last_line_end);
            ([(header::CONTENT_TYPE, CSV)], text).into_response()
        }
        Ok((answer, false)) => json(&answer.json()),
        Err(refusal) => json(&refusal.json()),
    }
}

fn json(json: &json::Json) -> Response {
    ([(header::CONTENT_TYPE, JSON)], json.write()).into_response()
}

/// The service's own failures are pages, not JSON.
fn refuse(status: StatusCode) -> Response {
    (status, [(header::CONTENT_TYPE, HTML)], page(status.as_u16())).into_response()
}

fn page(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let reason = reason.unwrap_or("Error");
    format!(
        "<!doctype html>\n<html lang=en>\n<title>{status} {reason}</title>\n<h1>{reason}</h1>\n"
    )
}
