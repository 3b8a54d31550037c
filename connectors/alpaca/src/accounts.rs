//! What the broker says of the account: positions, balances and activities, polled.

use std::collections::HashSet;
use std::time::Duration;

use component::{Bad, Batch, Clock, Feed, Host, Result, Source};
use http::{Changes, Http, Request, decode};
use model::{Event, InstrumentId, Text, Timestamp};
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
            let position = map::position(raw, account, now);
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
            let mut gone = map::nothing(InstrumentId::from(key), account, now);
            gone.head.event_id = change;
            batch.push(gone);
        }
        Ok(batch)
    }
}

/// Adds what has changed since the last poll.
fn changed<E: Into<Event>>(
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
                head.event_id = change;
                batch.push(event);
            }
        }
        Err(bad) => batch.push_bad(raw.get().as_bytes(), bad),
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
        changed(&mut batch, raw, map::balance(raw, self.0.now()), |balance| {
            balance.currency.clone()
        });
        Ok(batch)
    }
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
        let is_first = cursor.last.is_empty();
        let request = Request::get("/v2/account/activities")
            .query(&[("category", "non_trade_activity"), ("direction", "asc")])
            .maybe("after", is_first.then(|| self.first.to_string()).as_deref())
            .maybe("page_token", Some(&cursor.last));
        let answer = self.asked.http.fetch(&request).await?;
        let mut batch = Batch::up_to(cursor.clone());
        let list: Vec<&RawValue> = answer.json()?;
        if list.is_empty() {
            return Ok(batch.wait(self.asked.pause));
        }
        for raw in list {
            let activity = map::activity(raw, &self.asked.account);
            // A row that cannot be mapped must not hold up those after it.
            if let Ok(row) = decode::<wire::Row>(raw) {
                batch.cursor.last = row.id;
            }
            map::push(&mut batch.items, raw, activity.map(Into::into));
        }
        let has_moved = batch.cursor.last != cursor.last;
        Ok(if has_moved { batch } else { batch.wait(self.asked.pause) })
    }
}
