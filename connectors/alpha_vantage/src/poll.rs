//! Asks for what is due and publishes what is new.
//!
//! There are no ids, no pages and few requests. So each request has a mark in the cursor, and a
//! restart goes on with the request that has waited longest.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use component::{Bad, Batch, Clock, Fault, Feed, Host, Item, Result, Source};
use http::{Answer, Http};
use model::{Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ask::{Ask, next_month};
use crate::features::Feature;
use crate::mark::Mark;
use crate::settings::{Connection, System};
use crate::wire::{self, Refusal};

const SECOND: i64 = 1_000_000_000;
/// Longest pause: what is due can change with the calendar.
const LONGEST_PAUSE: i64 = 86_400 * SECOND;

/// Where each request stands, by the request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(BTreeMap<Text, Mark>);

/// Polls for one feature.
pub struct Poll<F> {
    http: Http,
    clock: Clock,
    system: Arc<str>,
    connection: Connection,
    asks: Vec<Ask>,
    pause: i64,
    /// Requests and functions that were refused for good: somebody has to change something.
    refused: BTreeSet<Text>,
    feature: PhantomData<F>,
}

impl<F: Feature> Source for Poll<F> {
    const NAME: &'static str = F::NAME;
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = F::PUBLISHES;
    type System = System;
    type Settings = F::Settings;
    type Cursor = Cursor;

    async fn connect(system: System, settings: F::Settings, host: Host) -> Result<Self> {
        let (asks, pause) = F::asks(settings)?;
        let pause = pause.unwrap_or(F::PAUSE_SECS).max(1);
        Ok(Self {
            http: system.http(&host)?,
            clock: host.clock,
            system: host.system,
            connection: system.connection,
            asks,
            pause: i64::try_from(pause).unwrap_or(i64::MAX).saturating_mul(SECOND),
            refused: BTreeSet::new(),
            feature: PhantomData,
        })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let mut batch = Batch::up_to(cursor.clone());
        let now = self.clock.now();
        if let Some(ask) = self.due(cursor, now).cloned() {
            let mut mark = cursor.0.get(&ask.key()).cloned().unwrap_or_default();
            let answer = self.http.fetch(&ask.request(&mark, &self.connection, now)).await?;
            mark.at = self.clock.now();
            batch.items = self.take(&ask, &mut mark, &answer)?;
            mark.turn(&ask, mark.at);
            batch.cursor.0.insert(ask.key(), mark);
        }
        let (done, total) = self.progress(&batch.cursor, now);
        let wait = self.wait(&batch.cursor, self.clock.now());
        Ok(batch.wait(wait).progress(done, total))
    }
}

impl<F: Feature> Poll<F> {
    /// What an answer brings. A request that is refused for good becomes a dead letter.
    fn take(&mut self, ask: &Ask, mark: &mut Mark, answer: &Answer) -> Result<Vec<Item>> {
        let reason = match wire::refusal(&answer.body) {
            Some(Refusal::Premium(words)) => {
                self.refused.insert(ask.function().into());
                words
            }
            Some(Refusal::Request(words)) => {
                if ask.months.is_none() {
                    self.refused.insert(ask.key());
                }
                words
            }
            _ => {
                let read = mark.read(ask, &answer.body, &self.system, mark.at);
                return read.map_err(|why| {
                    Fault::retry(format!("could not read the answer ({why}): {}", answer.excerpt()))
                });
            }
        };
        mark.is_behind = false;
        let bad = ask.about(Bad::new("", format!("refused: {reason}")));
        Ok(vec![Item::Bad { raw: answer.redacted(), bad }])
    }

    fn is_open(&self, ask: &Ask, mark: &Mark, now: Timestamp) -> bool {
        let has_ended = ask.months.is_some_and(|(_, end)| {
            end.is_some_and(|end| end < now.date()) && mark.at.0 > 0 && !mark.is_behind
        });
        let names = [ask.key(), ask.function().into()];
        !has_ended && !names.iter().any(|name| self.refused.contains(name))
    }

    /// When each request is due that can be made.
    fn times<'a>(
        &'a self,
        cursor: &Cursor,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a Ask, Timestamp, i64)> {
        self.asks.iter().filter_map(move |ask| {
            let mark = cursor.0.get(&ask.key()).cloned().unwrap_or_default();
            let pause = if mark.is_behind || mark.at.0 == 0 { 0 } else { self.pause };
            let wait = mark.at.plus_nanos(pause).since(now);
            self.is_open(ask, &mark, now).then_some((ask, mark.at, wait))
        })
    }

    /// Of what is due, the request that has waited longest.
    fn due<'a>(&'a self, cursor: &Cursor, now: Timestamp) -> Option<&'a Ask> {
        let due = self.times(cursor, now).filter(|(_, _, wait)| *wait <= 0);
        due.min_by_key(|(_, at, _)| *at).map(|(ask, _, _)| ask)
    }

    fn wait(&self, cursor: &Cursor, now: Timestamp) -> Duration {
        let waits = self.times(cursor, now).map(|(_, _, wait)| wait);
        let wait = waits.min().unwrap_or(LONGEST_PAUSE).clamp(0, LONGEST_PAUSE);
        Duration::from_nanos(wait.unsigned_abs())
    }

    /// Requests that are answered, of those that the history needs.
    fn progress(&self, cursor: &Cursor, now: Timestamp) -> (u64, u64) {
        let (mut done, mut total) = (0, 0);
        for ask in &self.asks {
            let mark = cursor.0.get(&ask.key()).cloned().unwrap_or_default();
            let is_done = mark.at.0 > 0 && !mark.is_behind;
            let (mut month, last) = match ask.months {
                Some((start, _)) => (start, ask.last_month(now)),
                None => Default::default(),
            };
            while month < last {
                done += u64::from(is_done || mark.month.is_some_and(|next| month < next));
                total += 1;
                month = next_month(month);
            }
            done += u64::from(is_done);
            total += 1;
        }
        (done, total)
    }
}
