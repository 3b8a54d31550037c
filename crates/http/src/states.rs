//! The state of an account, polled and told when it changes.

use std::collections::BTreeSet;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use component::{Bad, Batch, Changes, Fault, Feed, Host, Item, Number, Result, Settings, Source};
use model::{Event, Text, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::client::Http;
use crate::lists::VendorClock;
use crate::request::Request;
use crate::table::Row;
use crate::tree::items;

/// A broker's account that can be asked.
#[derive(Clone)]
pub struct Account {
    /// Whom to ask.
    pub http: Http,
    /// The broker's clock.
    pub clock: VendorClock,
    /// The broker's own number of the account.
    pub number: Text,
}

/// A broker that is asked about one account.
pub trait Accounts: Settings {
    /// Opens the connection, which proves the credentials.
    fn account(&self, host: &Host) -> impl Future<Output = Result<Account>> + Send;
}

/// A part of an account's state.
pub trait State: Send + 'static {
    /// Name of the component.
    const NAME: &'static str;
    /// Topics it publishes to.
    const PUBLISHES: &'static [&'static str];
    /// Where all of it can be read in one answer.
    const PATH: &'static str;
    /// The vendor's `connection` and `authentication`.
    type System: Accounts;

    /// What a row says, whose id is that of its contents, and what it is about.
    fn read(row: &Row, account: &str, now: Timestamp) -> Result<(Text, Event), Bad>;

    /// What is told of something that is no longer there.
    fn gone(_about: &str, _account: &str, _now: Timestamp) -> Option<Event> {
        None
    }
}

/// How often a state is read.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatePoll {
    /// Pause between polls.
    pub poll_secs: Number<15>,
}

/// Reports what changes of an account's state.
pub struct States<S> {
    account: Account,
    pause: Duration,
    state: PhantomData<S>,
}

impl<S: State> Source for States<S> {
    const NAME: &'static str = S::NAME;
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = S::PUBLISHES;
    type System = S::System;
    type Settings = StatePoll;
    type Cursor = Changes;

    async fn connect(system: S::System, settings: StatePoll, host: Host) -> Result<Self> {
        let account = system.account(&host).await?;
        let pause = Duration::from_secs(settings.poll_secs.0.max(1));
        Ok(Self { account, pause, state: PhantomData })
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        let Account { http, clock, number } = &self.account;
        let answer = http.fetch(&Request::get(S::PATH)).await?;
        let rows = items(answer.json()?, "").map_err(Fault::retry)?;
        let rows = rows.ok_or_else(|| Fault::retry(format!("{} has no rows", S::PATH)))?;
        let mut batch = Batch::up_to(cursor.clone()).wait(self.pause);
        let (mut present, mut is_clear) = (BTreeSet::new(), true);
        for (_, raw) in rows {
            match S::read(&Row::of(raw), number, clock.now()) {
                Ok((about, event)) => {
                    batch.items.extend(batch.cursor.news(&about, event).map(Item::Event));
                    present.insert(about);
                }
                Err(bad) => {
                    batch.push_bad(raw.get().as_bytes(), bad);
                    is_clear = false;
                }
            }
        }
        // A row that could not be read may be about anything: nothing is called gone beside it.
        if is_clear {
            for (about, change) in batch.cursor.drop_others(|about| present.contains(about)) {
                if let Some(mut event) = S::gone(&about, number, clock.now()) {
                    event.head_mut().event_id = change;
                    batch.push(event);
                }
            }
        }
        Ok(batch)
    }
}
