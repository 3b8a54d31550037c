//! A mock of Polygon, which calls itself Massive now: its REST interface and its WebSocket
//! clusters, replaying real market data at any speed. The vendor's own client cannot tell it from
//! the real thing; `fidelity/` proves it. The crate's `README.md` says how to start it, how to use
//! it as a load generator, and what it does not do.

mod bars;
mod control;
mod core;
mod instruments;
mod json;
mod numbering;
mod options;
mod query;
mod refusal;
mod rest;
mod settings;
mod stream;
mod tape;
mod timeline;
mod venues;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use mockkit::market::{Market, Price};
use mockkit::{Clock, Kit, Ready, Vendor, time};

pub use mockkit::{Error, Result, Speed, WindowClock};
pub use settings::{Key, Plan, Replay, RequestLimits, Settings, Streams};

use crate::core::Core;
use crate::instruments::Instruments;
use crate::refusal::Refusal;
use crate::timeline::Timeline;

const SECRETS: &[&str] = &["apikey", "authorization"];

/// The name of REST in faults of this mock's own.
const REST: &str = "rest";

/// The next page's address is on a host that is not ours, where no key must go.
const FOREIGN_NEXT_URL: &str = "foreign_next_url";

const MAX_BATCH: usize = 10_000;
const MAX_LOAD_SYMBOLS: usize = 100_000;

/// The mock at work; it stops when dropped.
pub struct Running {
    server: mockkit::Running,
    ready: Ready,
}

/// Starts the mock.
pub async fn serve(settings: Settings) -> Result<Running> {
    check(&settings)?;
    let start = time::parse(&settings.start)?;
    let vendor =
        Vendor { name: "polygon", secrets: SECRETS, fault_kinds: &[FOREIGN_NEXT_URL], error_body };
    let kit = Kit::new(vendor, Clock::new(start, settings.speed));
    kit.limits().set_clock(settings.limits.clock);
    let listen = settings.listen;
    let core = {
        let kit = kit.clone();
        // Reading and merging a folder of ticks takes a while.
        let loading = tokio::task::spawn_blocking(move || load(settings, kit, start));
        loading.await.map_err(|error| Error::Setting(format!("could not load: {error}")))??
    };
    let router: Router =
        stream::routes().merge(control::routes()).fallback(rest::serve).with_state(Arc::new(core));
    let server = mockkit::serve(kit, listen, router).await?;
    let ready = Ready::new("polygon", urls(server.address()));
    Ok(Running { server, ready })
}

impl Running {
    /// Bases as a user puts them into settings: `rest`, and `stream` to which the name of a
    /// cluster is added.
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
    let wrong = |message: String| Err(Error::Setting(message));
    let keys: BTreeSet<&str> = settings.keys.iter().map(|key| key.key.as_str()).collect();
    if keys.is_empty() || keys.contains("") || keys.len() < settings.keys.len() {
        return wrong("the mock needs at least one key; each is said once, none is empty".into());
    }
    if !(1..=MAX_BATCH).contains(&settings.replay.batch) {
        return wrong(format!("replay.batch is between 1 and {MAX_BATCH}"));
    }
    if settings.replay.load_symbols > MAX_LOAD_SYMBOLS {
        return wrong(format!("replay.load_symbols is at most {MAX_LOAD_SYMBOLS}"));
    }
    if settings.streams.connections == 0 {
        return wrong("streams.connections is at least 1".into());
    }
    Ok(())
}

fn load(settings: Settings, kit: Kit, start: i64) -> Result<Core> {
    let market = match &settings.data {
        Some(folder) => Market::from_folder(folder)?,
        None => Market::embedded()?,
    };
    let date = time::new_york_date(start);
    let timeline = Timeline::new(Arc::clone(&market), date, &settings.replay)?;
    let first = timeline.first();
    let tape = timeline.span(first).map(|span| span.tape);
    let open: Vec<Option<Price>> = tape.map_or_else(Vec::new, |tape| {
        let price = |track: &tape::Track| track.open.map(|(_, price)| price);
        tape.tracks.iter().map(price).collect()
    });
    let instruments = Instruments::new(&market, first, &open, settings.replay.load_symbols);
    Ok(Core::new(kit, settings, market, timeline, instruments))
}

/// The vendor's own words for a status, for a fault that has none.
fn error_body(_path: &str, status: u16) -> (&'static str, String) {
    let body = Refusal::of_status(status).body("f4017f4017f4017f4017f4017f4017f4").bytes();
    ("application/json", String::from_utf8_lossy(&body).into_owned())
}

fn urls(address: SocketAddr) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("rest", format!("http://{address}")), ("stream", format!("ws://{address}"))])
}
