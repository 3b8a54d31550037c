//! A mock of TWS and IB Gateway: the vendor's socket protocol in both encodings, over one model of
//! accounts, orders and replayed real market data. The vendor's own clients and independent ones
//! cannot tell it from the real thing; `fidelity/` and `tests/` prove it. The crate's `README.md`
//! says how to start it and what it does not do.

mod answer;
mod clients;
mod codec;
mod control;
mod core;
mod engine;
mod faults;
mod frames;
mod history;
mod instruments;
mod live;
mod lookup;
mod numbers;
mod options;
mod pacing;
mod portfolio;
mod refusal;
mod session;
mod settings;
mod state;
mod text;
mod times;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use mockkit::market::Market;
use mockkit::{Clock, Kit, Ready, Vendor, time};
use rust_decimal::Decimal;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use mockkit::{Error, Result, Speed};
pub use settings::{
    Account, Amount, Limits, MarketData, OpeningPosition, Orders, Settings, Versions,
};

use crate::core::{Core, Shared};
use crate::engine::Rules;
use crate::state::{State, World};

/// Pause after a failed accept, for example when file descriptors ran out.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// The mock at work; it stops when dropped.
pub struct Running {
    control: mockkit::Running,
    address: SocketAddr,
    ready: Ready,
    listening: JoinHandle<()>,
}

/// Starts the mock.
pub async fn serve(settings: Settings) -> Result<Running> {
    check(&settings)?;
    let start = time::parse(&settings.start)?;
    let clock = Clock::new(start, settings.speed);
    let vendor = Vendor {
        name: "interactive_brokers",
        secrets: &[],
        fault_kinds: faults::KINDS,
        error_body: |_, status| ("application/json", format!("{{\"status\":{status}}}")),
    };
    let kit = Kit::new(vendor, clock);
    let (listen, control) = (settings.listen, settings.control);
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
    let failed = |source| Error::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tokio::spawn(core::drive(Arc::clone(&core)));
    tokio::spawn(faults::watch(Arc::clone(&core)));
    let control = mockkit::serve(kit, control, control::routes(Arc::clone(&core))).await?;
    let listening = tokio::spawn(accept(core, listener));
    let urls = BTreeMap::from([
        ("control", format!("http://{}", control.address())),
        ("tws", format!("tcp://{address}")),
    ]);
    let ready = Ready::new("interactive_brokers", urls);
    Ok(Running { control, address, ready, listening })
}

impl Running {
    /// `tws` is where clients connect, `control` where the routes under `/_mock/` are.
    pub fn urls(&self) -> &BTreeMap<&'static str, String> {
        &self.ready.urls
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The line to print once the mock can be used.
    pub fn ready_line(&self) -> String {
        self.ready.line()
    }

    /// Clock, faults and transcript, for tests in the same process.
    pub fn kit(&self) -> &Kit {
        self.control.kit()
    }

    pub async fn stop(self) {
        self.listening.abort();
        self.control.stop().await;
    }
}

/// Takes connections until the mock stops; while it is closed, they end before they begin.
async fn accept(core: Shared, listener: TcpListener) {
    let kit = core.world.kit.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = kit.stopped() => return,
        };
        match accepted {
            Ok((stream, _)) if core.is_closed() => drop(stream),
            Ok((stream, _)) => {
                tokio::spawn(session::serve(Arc::clone(&core), stream));
            }
            Err(error) => {
                tracing::debug!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn check(settings: &Settings) -> Result<()> {
    let wrong = |message: &str| Err(Error::Setting(message.to_owned()));
    if settings.accounts.is_empty() {
        return wrong("the mock needs at least one account");
    }
    let huge = |amount: Amount| amount.0.abs() > Decimal::from(10) * numbers::LARGEST;
    let held = settings.accounts.iter().flat_map(|account| &account.positions);
    if settings.accounts.iter().any(|account| huge(account.cash))
        || held.into_iter().any(|held| huge(held.quantity) || huge(held.average_cost))
    {
        return wrong("an amount of an account is beyond ten thousand million");
    }
    if settings.orders.partial_fill_percent > 100 {
        return wrong("partial_fill_percent is at most 100");
    }
    let spoken = |version: &i32| {
        (settings.versions.oldest..=codec::TEXT).contains(version)
            || (codec::PROTOBUF..=codec::NEWEST).contains(version)
    };
    if settings.versions.forced.is_some_and(|version| !spoken(&version)) {
        return wrong("versions.forced is up to 178, or from 213 to 226");
    }
    Ok(())
}

fn load(settings: Settings, kit: Kit, start: i64) -> Result<Core> {
    let market = match &settings.data {
        Some(folder) => Market::from_folder(folder)?,
        None => Market::embedded()?,
    };
    let tape = mockkit::market::Tape::new(Arc::clone(&market), start)?;
    let instruments = instruments::catalog(&market, &tape);
    let rules = Rules {
        partial_fill_percent: settings.orders.partial_fill_percent,
        announce_pending: settings.orders.announce_pending,
        check_funds: settings.orders.check_funds,
        active_orders: settings.limits.active_orders,
    };
    let positions = settings.accounts.iter().flat_map(|account| &account.positions);
    for position in positions {
        if !instruments.iter().any(|known| known.symbol == position.symbol) {
            return Err(Error::Setting(format!("no instrument is called {:?}", position.symbol)));
        }
    }
    let world = World { kit, settings, market, instruments, rules };
    let state = State::new(&world, start)?;
    Ok(Core::new(world, state))
}
