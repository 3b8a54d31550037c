//! A mock of Alpaca: Trading API v2, Market Data API v2 and their streams, for one or more paper
//! accounts, replaying real market data. Alpaca's own clients cannot tell it from the real thing;
//! `fidelity/` proves it. The crate's `README.md` says how to start it and what it does not do.

mod assets;
mod control;
mod core;
mod data;
mod encode;
mod engine;
mod gate;
mod hub;
mod newsroom;
mod number;
mod refusal;
mod replay;
mod rest;
mod settings;
mod state;
mod stream;
mod subscriptions;
mod watchlists;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use mockkit::market::Market;
use mockkit::{Clock, Kit, Ready, Vendor, time};
use rust_decimal::Decimal;
use tokio::sync::watch;

pub use mockkit::{Error, Result, Speed, WindowClock};
pub use number::Amount;
pub use settings::{
    Account, Frames, OpeningPosition, Orders, Replay, RequestLimits, Restrictions, Settings,
    Streams,
};

use crate::core::{Core, Shared};
use crate::engine::Rules;
use crate::state::{State, World};

const SECRETS: &[&str] = &[
    "apca-api-secret-key",
    "authorization",
    "secret",
    "secret_key",
    "oauth_token",
    "client_secret",
    "access_token",
];

/// Amounts up to this can be multiplied with each other.
const MAX_AMOUNT: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// The mock at work; it stops when dropped.
pub struct Running {
    server: mockkit::Running,
    ready: Ready,
}

/// Starts the mock.
pub async fn serve(settings: Settings) -> Result<Running> {
    check(&settings)?;
    let start = time::parse(&settings.start)?;
    let clock = Clock::new(start, settings.speed);
    let vendor = Vendor {
        name: "alpaca",
        secrets: SECRETS,
        fault_kinds: &[state::UNKNOWN_STATUS, state::DUPLICATE_UPDATE, state::REJECT_ORDER],
        error_body: gate::error_body,
    };
    let kit = Kit::new(vendor, clock);
    kit.limits().set_clock(settings.limits.clock);
    let listen = settings.listen;
    let core = {
        let kit = kit.clone();
        // Reading a folder of ticks takes a while.
        let loading = tokio::task::spawn_blocking(move || load(settings, kit, start));
        loading.await.map_err(|error| Error::Setting(format!("could not load: {error}")))??
    };
    let core = Arc::new(core);
    let ticking = Arc::downgrade(&core);
    kit.on_clock(Box::new(move || {
        if let Some(core) = ticking.upgrade() {
            drop(core.state());
        }
    }));
    tokio::spawn(core::drive(Arc::clone(&core)));
    let server = mockkit::serve(kit, listen, router(core)).await?;
    let ready = Ready::new("alpaca", urls(server.address()));
    Ok(Running { server, ready })
}

impl Running {
    /// Bases as a user puts them into settings: `trading`, `data`, `stream` for market data,
    /// `news_stream`, `crypto_stream`, `option_stream`, and `trading_stream` for order updates.
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
    let wrong = |message: &str| Err(Error::Setting(message.to_owned()));
    if settings.accounts.is_empty() {
        return wrong("the mock needs at least one account");
    }
    if settings.accounts.iter().any(|account| !matches!(account.multiplier, 1 | 2 | 4)) {
        return wrong("an account's multiplier is 1, 2 or 4");
    }
    let huge = |amount: Amount| amount.0.abs() > MAX_AMOUNT;
    let held = settings.accounts.iter().flat_map(|account| &account.positions);
    if settings.accounts.iter().any(|account| huge(account.cash))
        || held.into_iter().any(|held| huge(held.quantity) || huge(held.average_price))
    {
        return wrong("an amount of an account is beyond a thousand million");
    }
    if settings.orders.partial_fill_percent > 100 {
        return wrong("partial_fill_percent is at most 100");
    }
    if settings.replay.batch == 0 || settings.replay.batch > 10_000 {
        return wrong("replay.batch is between 1 and 10000");
    }
    if !matches!(settings.data_unauthorized_status, 401 | 403) {
        return wrong("data_unauthorized_status is 401 or 403");
    }
    Ok(())
}

fn load(settings: Settings, kit: Kit, start: i64) -> Result<Core> {
    let market = match &settings.data {
        Some(folder) => Market::from_folder(folder)?,
        None => Market::embedded()?,
    };
    let rules = Rules {
        partial_fill_percent: settings.orders.partial_fill_percent,
        announce_pending: settings.orders.announce_pending,
    };
    let assets = assets::assets(&market, &settings.restrictions);
    let positions = settings.accounts.iter().flat_map(|account| &account.positions);
    for position in positions {
        if assets::find(&assets, &position.symbol).is_none() {
            return Err(Error::Setting(format!("no asset is called {:?}", position.symbol)));
        }
    }
    let symbols = market.listings().iter().map(|listing| listing.symbol.clone()).collect();
    let updates = watch::Sender::new(0);
    let world = World { kit, settings, market, assets, symbols, rules, updates };
    let state = State::new(&world, start)?;
    Ok(Core::new(world, state))
}

fn router(core: Shared) -> Router {
    rest::routes()
        .merge(data::routes())
        .layer(from_fn_with_state(Arc::clone(&core), gate::pass))
        .merge(stream::routes())
        .merge(control::routes())
        .fallback(gate::no_such_path)
        .method_not_allowed_fallback(gate::no_such_method)
        .with_state(core)
}

fn urls(address: SocketAddr) -> BTreeMap<&'static str, String> {
    let (http, ws) = (format!("http://{address}"), format!("ws://{address}"));
    BTreeMap::from([
        ("crypto_stream", format!("{ws}/v1beta3/crypto/us")),
        ("data", http.clone()),
        ("news_stream", format!("{ws}/v1beta1/news")),
        ("option_stream", format!("{ws}/v1beta1/indicative")),
        ("stream", format!("{ws}/v2/iex")),
        ("trading", http),
        ("trading_stream", format!("{ws}/stream")),
    ])
}
