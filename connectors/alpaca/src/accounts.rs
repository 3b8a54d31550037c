//! What the broker says of the account: positions, balances and activities, polled.

use std::time::Duration;

use component::{Bad, Batch, Feed, Host, Result, Source};
use http::{Account, Accounts, Request, Row, State, States};
use model::{Event, InstrumentId, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::map;
use crate::settings::{self, System};

/// Positions, and a quantity of zero when one is gone.
pub type Positions = States<Held>;
/// The account's balance.
pub type Balances = States<Cash>;

pub struct Held;
pub struct Cash;

impl State for Held {
    const NAME: &'static str = "alpaca_positions";
    const PUBLISHES: &'static [&'static str] = &["accounts.positions"];
    const PATH: &'static str = "/v2/positions";
    type System = System;

    fn read(row: &Row, account: &str, now: Timestamp) -> Result<(Text, Event), Bad> {
        let position = map::position(row, account, now)?;
        Ok((position.instrument.as_str().into(), position.into()))
    }

    fn gone(about: &str, account: &str, now: Timestamp) -> Option<Event> {
        Some(map::nothing(InstrumentId::from(about), account, now).into())
    }
}

impl State for Cash {
    const NAME: &'static str = "alpaca_balances";
    const PUBLISHES: &'static [&'static str] = &["accounts.balances"];
    const PATH: &'static str = "/v2/account";
    type System = System;

    fn read(row: &Row, _: &str, now: Timestamp) -> Result<(Text, Event), Bad> {
        let balance = map::balance(row, now)?;
        Ok((balance.currency.clone(), balance.into()))
    }
}

/// Reports everything that moved the account but fills.
pub struct Activities {
    account: Account,
    pause: Duration,
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
        let account = system.account(&host).await?;
        let lookback = Timestamp::from_secs(settings.lookback_days.0 as i64 * 86_400);
        let first = account.clock.now().plus_nanos(-lookback.0);
        let pause = Duration::from_secs(settings.poll_secs.0.max(1));
        Ok(Self { account, pause, first })
    }

    async fn read(&mut self, cursor: &ActivitiesCursor) -> Result<Batch<ActivitiesCursor>> {
        let is_first = cursor.last.is_empty();
        let request = Request::get("/v2/account/activities")
            .query(&[("category", "non_trade_activity"), ("direction", "asc")])
            .maybe("after", is_first.then(|| self.first.to_string()).as_deref())
            .maybe("page_token", Some(&cursor.last));
        let answer = self.account.http.fetch(&request).await?;
        let mut batch = Batch::up_to(cursor.clone());
        for raw in answer.json::<Vec<&RawValue>>()? {
            let row = Row::of(raw);
            // A row that cannot be mapped must not hold up those after it.
            if let Some(id) = row.text("id") {
                batch.cursor.last = id;
            }
            let activity = map::activity(&row, &self.account.number);
            map::push(&mut batch.items, raw, activity.map(Into::into));
        }
        let has_moved = batch.cursor.last != cursor.last;
        Ok(if has_moved { batch } else { batch.wait(self.pause) })
    }
}
