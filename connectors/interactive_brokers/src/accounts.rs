//! What the broker says of its accounts: positions and balances.

use std::collections::BTreeSet;

use component::{Bad, Batch, Feed, Host, Item, Result, Source};
use http::Changes;
use model::{Event, EventId, InstrumentId, Text};
use session::Frame;

use crate::map::{self, Summary};
use crate::question::Question;
use crate::settings::{Refresh, System};
use crate::tws::{Refusal, Tws};
use crate::wire;

const POSITIONS_STEP: i32 = 2;
const BALANCES_STEP: i32 = 3;
/// What is asked of the accounts: totals, and the cash of every currency.
const TAGS: &str =
    "NetLiquidation,TotalCashValue,BuyingPower,InitMarginReq,MaintMarginReq,$LEDGER:ALL";

/// Reports changed positions, and a quantity of zero when one is gone.
pub struct Positions {
    tws: Tws,
    question: Question,
    account: Option<String>,
    /// What came of the answer so far, while one is awaited.
    answer: Option<Vec<Frame>>,
}

impl Source for Positions {
    const NAME: &'static str = "interactive_brokers_positions";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["accounts.positions"];
    type System = System;
    type Settings = Refresh;
    type Cursor = Changes;

    async fn connect(system: System, settings: Refresh, host: Host) -> Result<Self> {
        let tws = Tws::connect(&system, &host, POSITIONS_STEP).await?;
        let (question, account) = (Question::new(settings.refresh_secs), system.connection.account);
        Ok(Self { tws, question, account, answer: None })
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        loop {
            let Some(heard) = self.question.next(&mut self.tws).await? else {
                // A subscription that there is would hide the answer to another one.
                self.tws.ask("cancelPositions", &[])?;
                self.tws.ask("reqPositions", &[])?;
                self.answer = Some(Vec::new());
                self.question.asked(&self.tws);
                continue;
            };
            let is_end = heard.starts_with(b"62\0");
            let rows = match &mut self.answer {
                Some(rows) if !is_end => {
                    rows.push(heard);
                    continue;
                }
                _ if is_end => self.answer.take().unwrap_or_default(),
                _ => vec![heard],
            };
            let batch = self.tell(&rows, is_end, cursor);
            if is_end {
                self.question.answered(&self.tws);
            }
            if !batch.items.is_empty() {
                return Ok(batch);
            }
        }
    }
}

impl Positions {
    fn tell(&mut self, rows: &[Frame], is_whole: bool, cursor: &Changes) -> Batch<Changes> {
        let (now, version) = (self.tws.now(), self.tws.state.version);
        let mut batch = Batch::up_to(cursor.clone());
        let (mut present, mut closed) = (BTreeSet::new(), BTreeSet::new());
        let mut all_read = true;
        for row in rows {
            let read = wire::read(row, version).and_then(|fields| match fields {
                Some(fields) if fields.kind == "position" => map::position(&fields, now).map(Some),
                _ => Ok(None),
            });
            match read {
                Ok(Some(mut position)) => {
                    let account = position.broker_account.as_str();
                    if self.account.as_deref().is_some_and(|ours| ours != account) {
                        continue;
                    }
                    let key = format!("{account}|{}|{}", position.currency, position.instrument);
                    if position.quantity.is_zero() {
                        closed.insert(key);
                        continue;
                    }
                    if let Some(change) = batch.cursor.note(&key, position.head.event_id) {
                        position.head.event_id = change;
                        batch.push(position);
                    }
                    present.insert(key);
                }
                Ok(None) => {}
                Err(bad) => {
                    all_read = false;
                    if self.question.doubt(&self.tws, row) {
                        batch.push_bad(row, bad);
                    }
                }
            }
        }
        // A row that could not be read may be any position: nothing is called gone beside it.
        let is_kept = |key: &str| match is_whole && all_read {
            true => present.contains(key),
            false => !closed.contains(key),
        };
        let gone = batch.cursor.drop_others(is_kept);
        batch.items.extend(gone.into_iter().filter_map(|gone| self.gone(gone)));
        batch
    }

    fn gone(&self, (key, change): (Text, EventId)) -> Option<Item> {
        let (account, rest) = key.split_once('|')?;
        let (currency, instrument) = rest.split_once('|')?;
        let instrument = InstrumentId::from(instrument);
        let mut gone = map::nothing(instrument, account, currency, self.tws.now());
        gone.head.event_id = change;
        Some(Item::Event(Event::from(gone)))
    }
}

/// Reports changed balances.
pub struct Balances {
    tws: Tws,
    question: Question,
    account: Option<String>,
    request: String,
    summary: Summary,
    /// Whether everything has been told once.
    is_complete: bool,
}

impl Source for Balances {
    const NAME: &'static str = "interactive_brokers_balances";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["accounts.balances"];
    type System = System;
    type Settings = Refresh;
    type Cursor = Changes;

    async fn connect(system: System, settings: Refresh, host: Host) -> Result<Self> {
        Ok(Self {
            tws: Tws::connect(&system, &host, BALANCES_STEP).await?,
            question: Question::new(settings.refresh_secs),
            account: system.connection.account,
            request: String::new(),
            summary: Summary::default(),
            is_complete: false,
        })
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        loop {
            let mut next = self.question.next(&mut self.tws).await?;
            let mut batch = Batch::up_to(cursor.clone());
            if next.is_none() {
                if !self.request.is_empty() {
                    self.tws.ask("cancelAccountSummary", &[("rid", &self.request)])?;
                }
                self.request = self.tws.request_id();
                self.tws.ask("reqAccountSummary", &[("rid", &self.request), ("tags", TAGS)])?;
                self.question.asked(&self.tws);
            }
            while let Some(heard) = next {
                if let Err(bad) = self.take(&heard)?
                    && self.question.doubt(&self.tws, &heard)
                {
                    batch.push_bad(&heard, bad);
                }
                next = self.tws.ready()?;
            }
            if self.is_complete {
                self.tell(&mut batch);
            }
            if !batch.items.is_empty() {
                return Ok(batch);
            }
        }
    }
}

impl Balances {
    /// Takes a message in; what it changes is told together with others.
    fn take(&mut self, heard: &[u8]) -> Result<Result<(), Bad>> {
        let fields = match wire::read(heard, self.tws.state.version) {
            Ok(Some(fields)) => fields,
            Ok(None) => return Ok(Ok(())),
            Err(bad) => return Ok(Err(bad)),
        };
        match fields.kind {
            "accountSummary" => return Ok(self.summary.take(&fields)),
            "accountSummaryEnd" if fields.text("rid") == self.request => {
                self.is_complete = true;
                self.question.answered(&self.tws);
            }
            "error" if fields.text("id") == self.request => {
                return Err(Refusal::of(&fields).fault());
            }
            _ => {}
        }
        Ok(Ok(()))
    }

    fn tell(&self, batch: &mut Batch<Changes>) {
        for mut balance in self.summary.balances(self.tws.now()) {
            let account = balance.broker_account.as_str();
            let is_other = self.account.as_deref().is_some_and(|ours| ours != account);
            let key = format!("{account}|{}", balance.currency);
            if !is_other && let Some(change) = batch.cursor.note(&key, balance.head.event_id) {
                balance.head.event_id = change;
                batch.push(balance);
            }
        }
    }
}
