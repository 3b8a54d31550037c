//! Asks, again and again, vendors that have neither streams nor pages and let few requests pass.
//!
//! Each request has a mark in the cursor, and a restart goes on with the request that has waited
//! longest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use component::{Bad, Batch, Clock, Feed, Host, Item, Result, Settings, Source};
use model::{Date, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::client::Http;
use crate::mark::{Mark, Rows};
use crate::request::{Answer, Request};

const SECOND: i64 = 1_000_000_000;
/// Longest pause: what is due can change with the calendar.
const LONGEST_PAUSE: i64 = 86_400 * SECOND;

/// Longer ago than any pause, and not never.
const LONG_AGO: Timestamp = Timestamp(1);

/// One thing to ask for.
pub trait Ask: Clone + Send + Sync + 'static {
    /// All that makes it another request than any other.
    fn key(&self) -> Text;

    /// What it has in common with others that the key may have no right to.
    fn function(&self) -> &str;

    /// First and last month of those that are asked for one by one.
    fn months(&self) -> Option<(Date, Option<Date>)> {
        None
    }

    /// The request that goes on from a mark.
    fn request(&self, mark: &Mark, now: Timestamp) -> Request;

    /// What the answer says.
    fn read(&self, mark: &Mark, answer: &Answer, now: Timestamp) -> Result<Reading>;
}

/// What an answer says.
#[derive(Debug)]
pub enum Reading {
    /// Rows, maybe none.
    Rows(Rows),
    /// Never: somebody has to change something. It becomes a dead letter.
    Refused {
        /// In the vendor's words.
        reason: String,
        /// Whether the whole function is refused.
        is_function: bool,
    },
}

/// One kind of data that is polled.
pub trait Polled: Send + Sync + 'static {
    /// Name of the component.
    const NAME: &'static str;
    /// Name of the vendor.
    const VENDOR: &'static str;
    /// Topics it publishes to.
    const PUBLISHES: &'static [&'static str];
    /// The vendor's `connection` and `authentication`.
    type System: Settings;
    /// Settings of the component.
    type Settings: Settings;
    /// What is asked for.
    type Ask: Ask;

    /// Opens the connection and lists what is to be asked for.
    fn plan(system: Self::System, settings: Self::Settings, host: &Host)
    -> Result<Plan<Self::Ask>>;
}

/// What is to be asked for.
pub struct Plan<A> {
    /// Whom.
    pub http: Http,
    /// What.
    pub asks: Vec<A>,
    /// Pause between two requests for the same.
    pub pause_secs: u64,
}

/// Where each request stands, by the request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Marks(BTreeMap<Text, Mark>);

/// A source of one kind of data.
pub struct Poll<P: Polled> {
    http: Http,
    clock: Clock,
    asks: Vec<P::Ask>,
    pause: i64,
    /// Requests and functions that were refused for good.
    refused: BTreeSet<Text>,
}

impl<P: Polled> Source for Poll<P> {
    const NAME: &'static str = P::NAME;
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = P::PUBLISHES;
    type System = P::System;
    type Settings = P::Settings;
    type Cursor = Marks;

    /// Sends nothing: requests are few, and the first read proves the key.
    async fn connect(system: P::System, settings: P::Settings, host: Host) -> Result<Self> {
        let Plan { http, asks, pause_secs } = P::plan(system, settings, &host)?;
        let pause = i64::try_from(pause_secs.max(1)).unwrap_or(i64::MAX).saturating_mul(SECOND);
        Ok(Self { http, clock: host.clock, asks, pause, refused: BTreeSet::new() })
    }

    async fn read(&mut self, cursor: &Marks) -> Result<Batch<Marks>> {
        let mut batch = Batch::up_to(cursor.clone());
        let now = self.clock.now();
        if let Some(ask) = self.due(cursor, now).cloned() {
            let mut mark = cursor.of(&ask);
            let answer = self.http.fetch(&ask.request(&mark, now)).await?;
            mark.at = self.clock.now();
            batch.items = self.take(&ask, &mut mark, &answer)?;
            batch.cursor.0.insert(ask.key(), mark);
        }
        let (done, total) = self.progress(&batch.cursor, now);
        let wait = self.wait(&batch.cursor, self.clock.now());
        Ok(batch.wait(wait).progress(done, total))
    }

    fn afresh(mut cursor: Marks) -> Marks {
        cursor.0.values_mut().for_each(|mark| mark.at = LONG_AGO);
        cursor
    }
}

impl Marks {
    fn of(&self, ask: &impl Ask) -> Mark {
        self.0.get(&ask.key()).cloned().unwrap_or_default()
    }
}

impl<P: Polled> Poll<P> {
    fn take(&mut self, ask: &P::Ask, mark: &mut Mark, answer: &Answer) -> Result<Vec<Item>> {
        let about = |bad: Bad| Bad { reason: format!("{} ({})", bad.reason, ask.key()), ..bad };
        let (reason, is_function) = match ask.read(mark, answer, mark.at)? {
            Reading::Refused { reason, is_function } => (reason, is_function),
            Reading::Rows(mut rows) => {
                for (_, event) in &mut rows.found {
                    *event = std::mem::replace(event, Err(Bad::new("", ""))).map_err(about);
                }
                let items = mark.take(P::VENDOR, rows, mark.at);
                turn(ask, mark);
                return Ok(items);
            }
        };
        mark.is_behind = false;
        if is_function {
            self.refused.insert(ask.function().into());
        } else if ask.months().is_some() {
            turn(ask, mark); // there is nothing in this month
        } else {
            self.refused.insert(ask.key());
        }
        let bad = about(Bad::new("", format!("refused: {reason}")));
        Ok(vec![Item::Bad { raw: answer.redacted(), bad }])
    }

    fn is_open(&self, ask: &P::Ask, mark: &Mark, now: Timestamp) -> bool {
        let end = ask.months().and_then(|(_, end)| end);
        let has_ended = end.is_some_and(|end| end < now.date()) && mark.at.0 > 0;
        let names = [ask.key(), ask.function().into()];
        (!has_ended || mark.is_behind) && !names.iter().any(|name| self.refused.contains(name))
    }

    /// When each request that can be made was made, and how long it has to wait still.
    fn times(
        &self,
        cursor: &Marks,
        now: Timestamp,
    ) -> impl Iterator<Item = (&P::Ask, Timestamp, i64)> {
        self.asks.iter().filter_map(move |ask| {
            let mark = cursor.of(ask);
            let pause = if mark.is_behind || mark.at.0 == 0 { 0 } else { self.pause };
            let wait = mark.at.plus_nanos(pause).since(now);
            self.is_open(ask, &mark, now).then_some((ask, mark.at, wait))
        })
    }

    /// Of what is due, the request that has waited longest.
    fn due<'a>(&'a self, cursor: &Marks, now: Timestamp) -> Option<&'a P::Ask> {
        let mut due: Vec<_> = self.times(cursor, now).filter(|(_, _, wait)| *wait <= 0).collect();
        due.sort_by_key(|(_, at, _)| *at);
        due.first().map(|(ask, _, _)| *ask)
    }

    fn wait(&self, cursor: &Marks, now: Timestamp) -> Duration {
        let wait = self.times(cursor, now).map(|(_, _, wait)| wait).min();
        let wait = wait.unwrap_or(LONGEST_PAUSE).clamp(0, LONGEST_PAUSE);
        Duration::from_nanos(wait.unsigned_abs())
    }

    /// Requests that are answered, of those that the whole history needs.
    fn progress(&self, cursor: &Marks, now: Timestamp) -> (u64, u64) {
        let (mut done, mut total) = (0, 0);
        for ask in &self.asks {
            let mark = cursor.of(ask);
            let is_done = mark.at.0 > 0 && !mark.is_behind;
            if let Some((start, end)) = ask.months() {
                let (mut month, last) = (first_of_month(start), last_month(end, now));
                while month < last {
                    done += u64::from(is_done || mark.month.is_some_and(|next| month < next));
                    total += 1;
                    month = next_month(month);
                }
            }
            done += u64::from(is_done);
            total += 1;
        }
        (done, total)
    }
}

/// Goes on with the next month, if months are asked for one by one.
fn turn(ask: &impl Ask, mark: &mut Mark) {
    let Some((start, end)) = ask.months() else { return };
    let month = mark.month.unwrap_or(first_of_month(start));
    mark.is_behind = month < last_month(end, mark.at);
    mark.month = Some(if mark.is_behind { next_month(month) } else { month });
}

fn last_month(end: Option<Date>, now: Timestamp) -> Date {
    first_of_month(end.map_or(now.date(), |end| end.min(now.date())))
}

/// The first day of a day's month.
pub fn first_of_month(day: Date) -> Date {
    let text = day.to_string();
    let of_month: i32 = text.get(8..10).and_then(|day| day.parse().ok()).unwrap_or(1);
    Date(day.0 - of_month + 1)
}

fn next_month(day: Date) -> Date {
    first_of_month(Date(first_of_month(day).0 + 31))
}
