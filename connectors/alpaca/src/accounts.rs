//! What the broker says of the account: positions, balances and activities, polled.

use std::collections::HashSet;
use std::time::Duration;

use component::{Bad, Batch, Clock, Feed, Host, OrBad, Result, Source};
use http::{Changes, Http, Request, decode, optional};
use model::{
    Activity, Balance, Decimal, EventId, Head, InstrumentId, Position, Text, Timestamp, money,
    price, quantity,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api::{VendorClock, account_number};
use crate::settings::{self, System};
use crate::{map, wire};

/// An account that is asked from time to time.
struct Asked {
    http: Http,
    clock: Clock,
    vendor: VendorClock,
    account: Text,
    pause: Duration,
}

impl Asked {
    async fn open(system: &System, poll_secs: u64, host: Host) -> Result<Self> {
        let http = system.trading(&host)?;
        let account = account_number(&http).await?;
        let vendor = VendorClock::read(&http, &host.clock).await?;
        let pause = Duration::from_secs(poll_secs.max(1));
        Ok(Self { http, clock: host.clock, vendor, account, pause })
    }

    fn now(&self) -> Timestamp {
        self.vendor.now(&self.clock)
    }
}

/// Reports changed positions, and a quantity of zero when one is gone.
pub struct Positions(Asked);

impl Source for Positions {
    const NAME: &'static str = "alpaca_positions";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["accounts.positions"];
    type System = System;
    type Settings = settings::Poll;
    type Cursor = Changes;

    async fn connect(system: System, settings: settings::Poll, host: Host) -> Result<Self> {
        Asked::open(&system, settings.poll_secs, host).await.map(Self)
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        let answer = self.0.http.fetch(&Request::get("/v2/positions")).await?;
        let list: Vec<&RawValue> = answer.json()?;
        let (now, account) = (self.0.now(), self.0.account.as_str());
        let mut batch = Batch::up_to(cursor.clone()).wait(self.0.pause);
        let mut present = HashSet::new();
        let mut all_read = true;
        for raw in list {
            let position = position(raw, account, now);
            if let Ok(position) = &position {
                present.insert(position.instrument.clone());
            } else {
                all_read = false;
            }
            changed(&mut batch, raw, position, |position| position.instrument.as_str().into());
        }
        // A row that could not be read may be any position: nothing is called gone beside it.
        let is_kept = |key: &str| !all_read || present.contains(&InstrumentId::from(key));
        for (key, change) in batch.cursor.drop_others(is_kept) {
            let mut gone = nothing(InstrumentId::from(key), account, now);
            gone.head.event_id = changed_id(gone.head.event_id, change);
            batch.push(gone);
        }
        Ok(batch)
    }
}

/// Adds what has changed since the last poll.
fn changed<E: Into<model::Event>>(
    batch: &mut Batch<Changes>,
    raw: &RawValue,
    event: Result<E, Bad>,
    key: impl Fn(&E) -> Text,
) {
    match event {
        Ok(event) => {
            let key = key(&event);
            let mut event = event.into();
            let head = event.head_mut();
            if let Some(change) = batch.cursor.note(&key, head.event_id) {
                head.event_id = changed_id(head.event_id, change);
                batch.push(event);
            }
        }
        Err(bad) => batch.push_bad(raw.get().as_bytes(), bad),
    }
}

/// A value that comes back after another is another fact.
fn changed_id(contents: EventId, change: u64) -> EventId {
    EventId::of(&[&contents.to_string(), &change.to_string()])
}

/// One position; its id is that of its contents.
pub fn position(raw: &RawValue, account: &str, now: Timestamp) -> Result<Position, Bad> {
    let wire: wire::Position<'_> = decode(raw)?;
    let held = wire.qty.read("qty", quantity)?;
    let held = match wire.side {
        // Short quantities are negative, older answers leave that to `side`.
        "short" => -held.abs(),
        "long" => held,
        other => return Err(Bad::new("side", format!("unknown side {other:?}"))),
    };
    let id = EventId::of(&["alpaca", "positions", account, raw.get()]);
    Ok(Position {
        head: Head::new(id, now),
        symbol: wire.symbol.clone(),
        quantity: held,
        average_price: optional(wire.avg_entry_price, "avg_entry_price", price)?,
        last_price: optional(wire.current_price, "current_price", price)?,
        market_value: optional(wire.market_value, "market_value", money)?,
        cost_basis: optional(wire.cost_basis, "cost_basis", money)?,
        unrealized_profit: optional(wire.unrealized_pl, "unrealized_pl", money)?,
        ..nothing(map::instrument(&wire.symbol, &wire.asset_class), account, now)
    })
}

fn nothing(instrument: InstrumentId, account: &str, now: Timestamp) -> Position {
    let id = EventId::of(&["alpaca", "positions", account, instrument.as_str(), "none"]);
    Position {
        head: Head::new(id, now),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        symbol: instrument.symbol().into(),
        instrument,
        quantity: Decimal::ZERO,
        average_price: None,
        last_price: None,
        market_value: None,
        cost_basis: None,
        unrealized_profit: None,
        currency: "USD".into(),
    }
}

/// Reports changed balances.
pub struct Balances(Asked);

impl Source for Balances {
    const NAME: &'static str = "alpaca_balances";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["accounts.balances"];
    type System = System;
    type Settings = settings::Poll;
    type Cursor = Changes;

    async fn connect(system: System, settings: settings::Poll, host: Host) -> Result<Self> {
        Asked::open(&system, settings.poll_secs, host).await.map(Self)
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        let answer = self.0.http.fetch(&Request::get("/v2/account")).await?;
        let raw: &RawValue = answer.json()?;
        let mut batch = Batch::up_to(cursor.clone()).wait(self.0.pause);
        changed(&mut batch, raw, balance(raw, self.0.now()), |balance| balance.currency.clone());
        Ok(batch)
    }
}

/// The account's balance; its id is that of its contents.
pub fn balance(raw: &RawValue, now: Timestamp) -> Result<Balance, Bad> {
    let wire: wire::Account<'_> = decode(raw)?;
    let mut balance = Balance {
        head: Head::new(EventId::default(), now),
        account: Text::default(),
        system: Text::default(),
        broker_account: wire.account_number,
        currency: wire.currency,
        cash: wire.cash.read("cash", money)?,
        equity: optional(wire.equity, "equity", money)?,
        buying_power: optional(wire.buying_power, "buying_power", money)?,
        initial_margin: optional(wire.initial_margin, "initial_margin", money)?,
        maintenance_margin: optional(wire.maintenance_margin, "maintenance_margin", money)?,
        pending_in: optional(wire.pending_transfer_in, "pending_transfer_in", money)?,
        pending_out: optional(wire.pending_transfer_out, "pending_transfer_out", money)?,
        is_blocked: wire.account_blocked || wire.trading_blocked,
    };
    // Of the answer, only what we report makes a change.
    let contents = Balance { head: Head::default(), ..balance.clone() };
    balance.head.event_id = EventId::of(&["alpaca", "balances", &format!("{contents:?}")]);
    Ok(balance)
}

/// Reports everything that moved the account but fills.
pub struct Activities {
    asked: Asked,
    /// Where the very first start begins.
    first: Timestamp,
}

/// The last activity read. Ids begin with a time and serve as page tokens for ever.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ActivitiesCursor {
    last: Text,
}

impl Source for Activities {
    const NAME: &'static str = "alpaca_activities";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["accounts.activities"];
    type System = System;
    type Settings = settings::Activities;
    type Cursor = ActivitiesCursor;

    async fn connect(system: System, settings: settings::Activities, host: Host) -> Result<Self> {
        let asked = Asked::open(&system, settings.poll_secs, host).await?;
        let lookback = Timestamp::from_secs(settings.lookback_days as i64 * 86_400);
        let first = asked.now().plus_nanos(-lookback.0);
        Ok(Self { asked, first })
    }

    async fn read(&mut self, cursor: &ActivitiesCursor) -> Result<Batch<ActivitiesCursor>> {
        let mut request = Request::get("/v2/account/activities")
            .query(&[("category", "non_trade_activity"), ("direction", "asc")]);
        if cursor.last.is_empty() {
            request = request.query(&[("after", &self.first.to_string())]);
        } else {
            request = request.query(&[("page_token", &cursor.last)]);
        }
        let answer = self.asked.http.fetch(&request).await?;
        let mut batch = Batch::up_to(cursor.clone());
        let list: Vec<&RawValue> = answer.json()?;
        if list.is_empty() {
            return Ok(batch.wait(self.asked.pause));
        }
        for raw in list {
            let activity = activity(raw, &self.asked.account);
            if let Ok(activity) = &activity {
                batch.cursor.last = activity.activity_id.clone();
            }
            map::push(&mut batch.items, raw, activity.map(Into::into));
        }
        Ok(batch)
    }
}

/// One activity that is no fill.
pub fn activity(raw: &RawValue, account: &str) -> Result<Activity, Bad> {
    let wire: wire::Activity<'_> = decode(raw)?;
    let date = wire.date.map(|date| date.parse().or_bad("date")).transpose()?;
    let time = match (&wire.created_at, date) {
        (Some(time), _) => time.parse().or_bad("created_at")?,
        (None, Some(date)) => map::midnight(date),
        (None, None) => return Err(Bad::new("date", "missing")),
    };
    let symbol = wire.symbol.filter(|symbol| !symbol.is_empty());
    Ok(Activity {
        head: Head::new(EventId::of(&["alpaca", "activities", &wire.id]), time),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        activity_id: wire.id,
        kind: wire.activity_type,
        sub_kind: wire.activity_sub_type,
        date,
        instrument: symbol.as_deref().map(|symbol| map::instrument(symbol, "")),
        symbol,
        net_amount: optional(wire.net_amount, "net_amount", money)?,
        quantity: optional(wire.qty, "qty", quantity)?,
        per_unit_amount: optional(wire.per_share_amount, "per_share_amount", money)?,
        currency: wire.currency.unwrap_or_else(|| "USD".into()),
        status: wire.status,
        description: wire.description,
    })
}
