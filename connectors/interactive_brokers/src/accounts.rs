//! What the broker says of its accounts: positions and balances.

use std::collections::BTreeSet;

use component::{Bad, Batch, Feed, Host, Result, Source};
use http::Changes;
use model::{EventId, InstrumentId, Text};
use session::Fields;

use crate::map::{self, Summary};
use crate::poll::{Line, Poll, Polled};
use crate::settings::{Refresh, System};
use crate::tws::Refusal;

/// What is asked of the accounts: totals, and the cash of every currency.
const TAGS: &str =
    "NetLiquidation,TotalCashValue,BuyingPower,InitMarginReq,MaintMarginReq,$LEDGER:ALL";

/// Reports changed positions, and a quantity of zero when one is gone.
pub struct Positions(Poll<Held>);

#[derive(Default)]
struct Held {
    /// The positions of the answer so far, and whether all of it could be read.
    answer: Option<(BTreeSet<String>, bool)>,
}

impl Source for Positions {
    const NAME: &'static str = "interactive_brokers_positions";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["accounts.positions"];
    type System = System;
    type Settings = Refresh;
    type Cursor = Changes;

    async fn connect(system: System, settings: Refresh, host: Host) -> Result<Self> {
        Poll::connect(system, host, 2, settings.refresh_secs, Held::default()).await.map(Self)
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        self.0.read(cursor).await
    }
}

impl Polled for Held {
    type Cursor = Changes;

    fn ask(&mut self, line: &mut Line) -> Result<()> {
        self.answer = Some((BTreeSet::new(), true));
        // A subscription that there is would hide the answer to another one.
        line.tws.ask("cancelPositions", &[])?;
        line.tws.ask("reqPositions", &[])
    }

    fn take(
        &mut self,
        fields: &Fields<'_>,
        line: &mut Line,
        batch: &mut Batch<Changes>,
    ) -> Result<Result<(), Bad>> {
        let gone = match fields.kind {
            "position" => match self.position(fields, line, batch) {
                Ok(gone) => gone,
                Err(bad) => return Ok(Err(bad)),
            },
            "positionEnd" => {
                line.question.answered();
                match self.answer.take() {
                    Some((present, true)) => batch.cursor.drop_others(|key| present.contains(key)),
                    // A row that could not be read may be any: nothing is called gone beside it.
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        };
        for (key, change) in gone {
            tell_gone(&key, change, line, batch);
        }
        Ok(Ok(()))
    }

    fn doubt(&mut self) {
        if let Some((_, is_whole)) = &mut self.answer {
            *is_whole = false;
        }
    }
}

impl Held {
    /// Tells a position if it is news; those that are gone come back.
    fn position(
        &mut self,
        fields: &Fields<'_>,
        line: &Line,
        batch: &mut Batch<Changes>,
    ) -> Result<Vec<(Text, EventId)>, Bad> {
        let mut position = map::position(fields, line.tws.now())?;
        let account = position.broker_account.as_str();
        if line.is_other(account) {
            return Ok(Vec::new());
        }
        let key = format!("{account}|{}|{}", position.currency, position.instrument);
        if position.quantity.is_zero() {
            return Ok(batch.cursor.drop_others(|other| other != key));
        }
        if let Some(change) = batch.cursor.note(&key, position.head.event_id) {
            position.head.event_id = change;
            batch.push(position);
        }
        if let Some((present, _)) = &mut self.answer {
            present.insert(key);
        }
        Ok(Vec::new())
    }
}

fn tell_gone(key: &str, change: EventId, line: &Line, batch: &mut Batch<Changes>) {
    if let [account, currency, instrument] = key.splitn(3, '|').collect::<Vec<_>>()[..] {
        let instrument = InstrumentId::from(instrument);
        let mut gone = map::nothing(instrument, account, currency, line.tws.now());
        gone.head.event_id = change;
        batch.push(gone);
    }
}

/// Reports changed balances.
pub struct Balances(Poll<Cash>);

#[derive(Default)]
struct Cash {
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
        Poll::connect(system, host, 3, settings.refresh_secs, Cash::default()).await.map(Self)
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        self.0.read(cursor).await
    }
}

impl Polled for Cash {
    type Cursor = Changes;

    fn ask(&mut self, line: &mut Line) -> Result<()> {
        if !self.request.is_empty() {
            line.tws.ask("cancelAccountSummary", &[("rid", &self.request)])?;
        }
        self.request = line.tws.request_id();
        line.tws.ask("reqAccountSummary", &[("rid", &self.request), ("tags", TAGS)])
    }

    fn take(
        &mut self,
        fields: &Fields<'_>,
        line: &mut Line,
        _: &mut Batch<Changes>,
    ) -> Result<Result<(), Bad>> {
        match fields.kind {
            "accountSummary" if !line.is_other(fields.text("account")) => {
                return Ok(self.summary.take(fields));
            }
            "accountSummaryEnd" if fields.text("rid") == self.request => {
                self.is_complete = true;
                line.question.answered();
            }
            "error" if fields.text("id") == self.request => {
                return Err(Refusal::of(fields).fault());
            }
            _ => {}
        }
        Ok(Ok(()))
    }

    fn settle(&mut self, line: &mut Line, batch: &mut Batch<Changes>) {
        let balances = self.summary.balances(line.tws.now());
        for mut balance in balances.into_iter().filter(|_| self.is_complete) {
            let key = format!("{}|{}", balance.broker_account, balance.currency);
            if let Some(change) = batch.cursor.note(&key, balance.head.event_id) {
                balance.head.event_id = change;
                batch.push(balance);
            }
        }
    }
}
