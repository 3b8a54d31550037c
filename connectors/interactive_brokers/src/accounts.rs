//! What the broker says of its accounts: positions and balances.

use std::collections::BTreeSet;

use component::{Bad, Batch, Feed, Host, Result, Source};
use http::Changes;
use model::{InstrumentId, Position, Text};
use session::Frame;

use crate::map::{self, Summary};
use crate::question::Question;
use crate::settings::{self, System};
use crate::tws::Tws;
use crate::wire::{self, Fields, Out};

const POSITIONS_OFFSET: i32 = 200;
const BALANCES_OFFSET: i32 = 300;
/// What is asked of the accounts: totals, and the cash of every currency.
const TAGS: &str =
    "NetLiquidation,TotalCashValue,BuyingPower,InitMarginReq,MaintMarginReq,$LEDGER:ALL";

/// Reports changed positions, and a quantity of zero when one is gone.
pub struct Positions {
    tws: Tws,
    question: Question,
    account: Option<String>,
    has_asked: bool,
    /// What came of the answer so far; nothing while none is awaited.
    answer: Option<Vec<Frame>>,
}

impl Source for Positions {
    const NAME: &'static str = "interactive_brokers_positions";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["accounts.positions"];
    type System = System;
    type Settings = settings::Positions;
    type Cursor = Changes;

    async fn connect(system: System, settings: settings::Positions, host: Host) -> Result<Self> {
        let tws = Tws::connect(&system, &host, settings.client_id, POSITIONS_OFFSET).await?;
        let question = Question::new(settings.refresh_secs);
        let account = system.connection.account;
        Ok(Self { tws, question, account, has_asked: false, answer: None })
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        loop {
            let Some(frame) = self.question.next(&mut self.tws).await? else {
                self.ask()?;
                continue;
            };
            let (frames, is_whole) = match (wire::id_of(&frame), &mut self.answer) {
                (Some(wire::POSITION_END), answer) => (answer.take().unwrap_or_default(), true),
                (Some(wire::POSITION) | None, Some(answer)) => {
                    answer.push(frame);
                    continue;
                }
                (Some(wire::POSITION) | None, None) => (vec![frame], false),
                _ => continue,
            };
            let batch = self.tell(&frames, is_whole, cursor);
            if is_whole {
                self.question.answered(&self.tws);
            }
            if !batch.items.is_empty() {
                return Ok(batch);
            }
        }
    }
}

impl Positions {
    fn ask(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.has_asked, true) {
            self.tws.queue(Out::new(64).with(1))?;
        }
        self.tws.queue(Out::new(61).with(1))?;
        self.answer = Some(Vec::new());
        self.question.asked(&self.tws);
        Ok(())
    }

    fn tell(&mut self, frames: &[Frame], is_whole: bool, cursor: &Changes) -> Batch<Changes> {
        let now = self.tws.now();
        let mut batch = Batch::up_to(cursor.clone());
        let mut present = BTreeSet::new();
        let mut all_read = true;
        for frame in frames {
            let position = read(frame, &self.tws).and_then(|f| map::position(&f, now));
            let mut position = match position {
                Ok(position) => position,
                Err(bad) => {
                    all_read = false;
                    if self.question.doubt(&self.tws, frame) {
                        batch.push_bad(frame, bad);
                    }
                    continue;
                }
            };
            let account = position.broker_account.as_str();
            if self.account.as_deref().is_some_and(|ours| ours != account) {
                continue;
            }
            let key = map::position_key(&position);
            let is_known = batch.cursor.keys().any(|known| *known == key);
            if position.quantity.is_zero() {
                if is_known {
                    let mut dropped = batch.cursor.drop_others(|other| other != key);
                    batch.items.extend(dropped.drain(..).filter_map(|gone| self.gone(gone)));
                }
                continue;
            }
            if let Some(change) = batch.cursor.note(&key, position.head.event_id) {
                position.head.event_id = change;
                batch.push(position);
            }
            present.insert(key);
        }
        // A row that could not be read may be any position: nothing is called gone beside it.
        if is_whole && all_read {
            let gone = batch.cursor.drop_others(|key| present.contains(key));
            batch.items.extend(gone.into_iter().filter_map(|gone| self.gone(gone)));
        }
        batch
    }

    fn gone(&self, (key, change): (Text, model::EventId)) -> Option<component::Item> {
        let (account, rest) = key.split_once('|')?;
        let (currency, instrument) = rest.split_once('|')?;
        let now = self.tws.now();
        let mut gone: Position =
            map::nothing(InstrumentId::from(instrument), account, currency, now);
        gone.head.event_id = change;
        Some(component::Item::Event(gone.into()))
    }
}

/// A message as fields; one that nobody knows is none that was asked for.
fn read<'a>(frame: &'a Frame, tws: &Tws) -> Result<Fields<'a>, Bad> {
    Fields::read(frame, tws.state.version)?
        .ok_or_else(|| Bad::new("", "this is no message that was asked for"))
}

/// Reports changed balances.
pub struct Balances {
    tws: Tws,
    question: Question,
    account: Option<String>,
    request: i64,
    summary: Summary,
    /// Whether everything has been told once.
    is_complete: bool,
}

impl Source for Balances {
    const NAME: &'static str = "interactive_brokers_balances";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["accounts.balances"];
    type System = System;
    type Settings = settings::Balances;
    type Cursor = Changes;

    async fn connect(system: System, settings: settings::Balances, host: Host) -> Result<Self> {
        Ok(Self {
            tws: Tws::connect(&system, &host, settings.client_id, BALANCES_OFFSET).await?,
            question: Question::new(settings.refresh_secs),
            account: system.connection.account,
            request: 0,
            summary: Summary::default(),
            is_complete: false,
        })
    }

    async fn read(&mut self, cursor: &Changes) -> Result<Batch<Changes>> {
        loop {
            let Some(frame) = self.question.next(&mut self.tws).await? else {
                self.ask()?;
                continue;
            };
            let mut batch = Batch::up_to(cursor.clone());
            self.take(&frame, &mut batch)?;
            while let Some(frame) = self.tws.ready()? {
                self.take(&frame, &mut batch)?;
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
    fn ask(&mut self) -> Result<()> {
        if self.request != 0 {
            self.tws.queue(Out::new(63).with(1).with(self.request))?;
        }
        self.request = self.tws.request_id();
        self.tws.queue(Out::new(62).with(1).with(self.request).with("All").with(TAGS))?;
        self.question.asked(&self.tws);
        Ok(())
    }

    /// Takes a message in; what it changes is told together with others.
    fn take(&mut self, frame: &Frame, batch: &mut Batch<Changes>) -> Result<()> {
        let fields = match wire::id_of(frame) {
            Some(wire::ACCOUNT_SUMMARY | wire::ACCOUNT_SUMMARY_END | wire::ERROR) | None => {
                read(frame, &self.tws)
            }
            Some(_) => return Ok(()),
        };
        let taken = fields.and_then(|fields| match fields.id {
            wire::ACCOUNT_SUMMARY => self.summary.take(&fields).map(|_| None),
            wire::ERROR => Ok(Some(crate::tws::Refusal::of(&fields).fault())),
            _ => {
                self.is_complete = true;
                self.question.answered(&self.tws);
                Ok(None)
            }
        });
        match taken {
            Ok(None) => Ok(()),
            Ok(Some(fault)) => Err(fault),
            Err(bad) => {
                if self.question.doubt(&self.tws, frame) {
                    batch.push_bad(frame, bad);
                }
                Ok(())
            }
        }
    }

    fn tell(&self, batch: &mut Batch<Changes>) {
        for mut balance in self.summary.balances(self.tws.now()) {
            if self.account.as_deref().is_some_and(|ours| ours != balance.broker_account) {
                continue;
            }
            let key = format!("{}|{}", balance.broker_account, balance.currency);
            if let Some(change) = batch.cursor.note(&key, balance.head.event_id) {
                balance.head.event_id = change;
                batch.push(balance);
            }
        }
    }
}
