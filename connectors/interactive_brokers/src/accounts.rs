//! What the broker says of its accounts: positions and balances.

use std::collections::BTreeSet;

use component::{Batch, Feed, Host, Result, Source};
use http::Changes;
use model::InstrumentId;
use session::{Fields, Poll, Polled, Trouble};

use crate::map::{self, Summary};
use crate::settings::{Refresh, System};
use crate::tws::{Refusal, Turn, Tws};

/// What is asked of the accounts: totals, and the cash of every currency.
const TAGS: &str =
    "NetLiquidation,TotalCashValue,BuyingPower,InitMarginReq,MaintMarginReq,$LEDGER:ALL";

/// Reports changed positions, and a quantity of zero when one is gone.
pub struct Positions(Poll<Tws, Held>);

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
        let tws = Tws::connect(&system, &host, 2).await?;
        Ok(Self(Poll::new(tws, &host.clock, settings.refresh_secs, Held::default())))
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        self.0.read(cursor).await
    }
}

impl Polled<Tws> for Held {
    type Cursor = Changes;

    fn ask(&mut self, tws: &mut Tws) -> Result<()> {
        self.answer = Some((BTreeSet::new(), true));
        // A subscription that there is would hide the answer to another one.
        tws.ask("cancelPositions", &[])?;
        tws.ask("reqPositions", &[])
    }

    fn take(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_, Changes>) -> Result<(), Trouble> {
        match fields.kind {
            "position" if turn.talk.is_ours(fields) => self.position(fields, turn)?,
            "positionEnd" => {
                turn.question.answered();
                // A row that could not be read may be any: nothing is called gone beside it.
                if let Some((present, true)) = self.answer.take() {
                    tell_gone(turn, |key| present.contains(key));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn doubt(&mut self) {
        if let Some((_, is_whole)) = &mut self.answer {
            *is_whole = false;
        }
    }
}

impl Held {
    fn position(
        &mut self,
        fields: &Fields<'_>,
        turn: &mut Turn<'_, Changes>,
    ) -> Result<(), Trouble> {
        turn.talk.can_name(fields)?;
        let position = map::position(fields, turn.talk.state.now())?;
        let place = [&position.broker_account, &position.currency];
        let key = format!("{}|{}|{}", place[0], place[1], position.instrument);
        if position.quantity.is_zero() {
            tell_gone(turn, |other| other != key);
            return Ok(());
        }
        if let Some(news) = turn.batch.cursor.news(&key, position) {
            turn.batch.push(news);
        }
        if let Some((present, _)) = &mut self.answer {
            present.insert(key);
        }
        Ok(())
    }
}

fn tell_gone(turn: &mut Turn<'_, Changes>, is_kept: impl Fn(&str) -> bool) {
    for (key, change) in turn.batch.cursor.drop_others(is_kept) {
        if let [account, currency, instrument] = key.splitn(3, '|').collect::<Vec<_>>()[..] {
            let instrument = InstrumentId::from(instrument);
            let mut gone = map::nothing(instrument, account, currency, turn.talk.state.now());
            gone.head.event_id = change;
            turn.batch.push(gone);
        }
    }
}

/// Reports changed balances.
pub struct Balances(Poll<Tws, Cash>);

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
        let tws = Tws::connect(&system, &host, 3).await?;
        Ok(Self(Poll::new(tws, &host.clock, settings.refresh_secs, Cash::default())))
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        self.0.read(cursor).await
    }
}

impl Polled<Tws> for Cash {
    type Cursor = Changes;

    fn ask(&mut self, tws: &mut Tws) -> Result<()> {
        if !self.request.is_empty() {
            tws.ask("cancelAccountSummary", &[("rid", &self.request)])?;
        }
        self.request = tws.request_id();
        tws.ask("reqAccountSummary", &[("rid", &self.request), ("tags", TAGS)])
    }

    fn take(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_, Changes>) -> Result<(), Trouble> {
        match fields.kind {
            "accountSummary" if turn.talk.is_ours(fields) => self.summary.take(fields)?,
            "accountSummaryEnd" if fields.text("rid") == self.request => {
                self.is_complete = true;
                turn.question.answered();
            }
            "error" if fields.text("id") == self.request => Err(Refusal::of(fields).fault(""))?,
            _ => {}
        }
        Ok(())
    }

    fn settle(&mut self, turn: &mut Turn<'_, Changes>) {
        let balances = self.summary.balances(turn.talk.state.now());
        for balance in balances.into_iter().filter(|_| self.is_complete) {
            let key = format!("{}|{}", balance.broker_account, balance.currency);
            if let Some(news) = turn.batch.cursor.news(&key, balance) {
                turn.batch.push(news);
            }
        }
    }
}
