//! Bars of the past.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use component::{Batch, Fault, Feed, Host, OrBad, Result, Source};
use model::{Adjustment, Date, Text, Timestamp};
use serde::{Deserialize, Serialize};
use session::Fields;

use crate::contract::Contract;
use crate::history::{self, Asked, Pace, Request};
use crate::map::{self, Period};
use crate::settings::{self, System};
use crate::time;
use crate::tws::Tws;
use crate::wire;

const STEP: i32 = 5;
const DAY: i64 = 86_400_000_000_000;

/// Reads bars symbol by symbol, from the first day on.
pub struct BarsHistory {
    tws: Tws,
    settings: settings::BarsHistory,
    period: Period,
    symbols: Vec<(Text, Contract)>,
    pace: Pace,
    /// What is under way, and for which symbol and stretch.
    asked: Option<(Asked, Page)>,
    /// Symbols that have been read up to now since the last pause.
    read: BTreeSet<Text>,
}

/// A stretch of one symbol's past.
#[derive(Clone, Debug, PartialEq)]
struct Page {
    symbol: Text,
    from: Timestamp,
    to: Timestamp,
    /// Whether it is asked where the past begins.
    is_head: bool,
    /// Whether it reaches up to now.
    is_last: bool,
}

/// Up to where the bars of each symbol are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(BTreeMap<Text, Timestamp>);

impl Source for BarsHistory {
    const NAME: &'static str = "interactive_brokers_bars_history";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["market.bars"];
    type System = System;
    type Settings = settings::BarsHistory;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::BarsHistory, host: Host) -> Result<Self> {
        let (bar_size, what) = (&settings.bar_size, &settings.what_to_show);
        let period = Period::parse(bar_size, what).ok_or_else(|| {
            Fault::fatal(format!("TWS has no bars of {bar_size:?} that show {what:?}"))
        })?;
        if period.adjustment == Adjustment::All && period.page.0 != "1 Y" {
            let reason = "TWS gives ADJUSTED_LAST up to now only: use bars of a day or longer";
            return Err(Fault::fatal(reason));
        }
        let parsed = settings.symbols.iter().map(|text| {
            Ok((Text::from(text.as_str()), Contract::parse(text).map_err(Fault::fatal)?))
        });
        Ok(Self {
            symbols: parsed.collect::<Result<_>>()?,
            tws: Tws::connect(&system, &host, STEP).await?,
            period,
            settings,
            pace: Pace::default(),
            asked: None,
            read: BTreeSet::new(),
        })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let Some((symbol, contract)) =
            self.symbols.iter().find(|(symbol, _)| !self.read.contains(symbol)).cloned()
        else {
            self.read.clear();
            let pause = Duration::from_secs(self.settings.poll_secs.max(1));
            return Ok(Batch::up_to(cursor.clone()).wait(pause));
        };
        let now = self.tws.now();
        let Some(page) = self.page(&symbol, cursor, now) else {
            self.read.insert(symbol);
            return Ok(Batch::up_to(cursor.clone()));
        };
        // A page that was asked for before this read was dropped is waited for again.
        let page = match &self.asked {
            Some((_, asked)) if asked.symbol == page.symbol && asked.from == page.from => {
                asked.clone()
            }
            _ => {
                let request = self.request(&page, &contract, now);
                if let Err(wait) = self.pace.take(&request, self.tws.clock.now()) {
                    return Ok(Batch::up_to(cursor.clone()).wait(wait));
                }
                self.asked = Some((history::ask(&mut self.tws, &request)?, page.clone()));
                page
            }
        };
        let Some((asked, _)) = &self.asked else { return Ok(Batch::up_to(cursor.clone())) };
        let heard = history::answer(&mut self.tws, asked).await?;
        self.asked = None;
        let fields = wire::read(&heard, self.tws.state.version);
        let fields = fields.and_then(|fields| fields.or_bad("")).map_err(Fault::disconnected)?;
        let mut batch = Batch::up_to(cursor.clone());
        if page.is_head {
            let start = self.head(&fields, &page)?;
            batch.cursor.0.insert(symbol, start);
            return Ok(batch);
        }
        let covered = self.tell(&fields, &contract, &page, &mut batch)?;
        if page.is_last {
            self.read.insert(symbol.clone());
        }
        batch.cursor.0.insert(symbol, covered);
        Ok(batch)
    }
}

impl BarsHistory {
    /// What to read next of a symbol; nothing once its last day is read.
    fn page(&self, symbol: &Text, cursor: &Cursor, now: Timestamp) -> Option<Page> {
        let first = time::day_start(self.settings.start);
        let last = self.settings.end.map(|day| time::day_start(Date(day.0 + 1)));
        let end = last.map_or(now, |last| last.min(now));
        let known = cursor.0.get(symbol).copied();
        let from = known.unwrap_or(first).min(end);
        if known.is_some() && last.is_some_and(|last| from >= last) {
            return None;
        }
        let mut to = from.plus_nanos(self.period.page.1 * 1_000_000_000);
        if self.period.page.1 * 1_000_000_000 >= DAY {
            // Whole days, so that a page ends when nothing is traded.
            let midnight = time::midnight(to);
            to = if midnight > from { midnight } else { time::midnight(to.plus_nanos(DAY)) };
        }
        if self.period.adjustment == Adjustment::All {
            to = end;
        }
        let is_last = to >= end;
        let is_head = known.is_none();
        Some(Page { symbol: symbol.clone(), from, to: to.min(end), is_head, is_last })
    }

    fn request(&self, page: &Page, contract: &Contract, now: Timestamp) -> Request {
        let what = &self.settings.what_to_show;
        let request = if page.is_head {
            Request::head(contract, what)
        } else {
            let days = page.to.since(page.from) / DAY + 2;
            let span = match self.period.adjustment {
                Adjustment::All if days > 365 => format!("{} Y", days / 365 + 1),
                Adjustment::All => format!("{days} D"),
                _ => self.period.page.0.to_owned(),
            };
            // An empty end is now.
            let end = if page.to >= now { String::new() } else { time::written(page.to) };
            Request::bars(contract, what, &self.period, &span, &end)
        };
        request.regular_hours(self.settings.regular_hours)
    }

    /// Where to begin: not before there is anything. TWS does not know that of everything that it
    /// has bars of.
    fn head(&self, fields: &Fields<'_>, page: &Page) -> Result<Timestamp> {
        match history::refusal(fields) {
            Some(fault @ (Fault::Disconnected(_) | Fault::Throttled { .. })) => Err(fault),
            _ => {
                let head = time::moment(fields.text("time"), &self.tws.state.zone, "time");
                Ok(head.map_or(page.from, |head| time::midnight(head).max(page.from)))
            }
        }
    }

    /// Adds the bars of a page that are over; says up to where the symbol is read then.
    fn tell(
        &self,
        fields: &Fields<'_>,
        contract: &Contract,
        page: &Page,
        batch: &mut Batch<Cursor>,
    ) -> Result<Timestamp> {
        if let Some(fault) = history::refusal(fields) {
            return Err(match fault {
                Fault::Fatal(reason) => Fault::Fatal(format!("{}: {reason}", page.symbol)),
                other => other,
            });
        }
        let instrument = contract.identity().map_err(Fault::fatal)?;
        let (symbol, zone) = (contract.symbol(), &self.tws.state.zone);
        let mut covered = page.from;
        let now = self.tws.now();
        for (raw, bar) in map::history_bars(fields, &instrument, &symbol, &self.period, zone) {
            match bar {
                Ok(bar) if bar.head.event_time < page.from || bar.end_time > now => {}
                Ok(bar) if self.settings.end.is_some() && bar.head.event_time >= page.to => {}
                Ok(bar) => {
                    covered = covered.max(bar.end_time);
                    batch.push(bar);
                }
                Err(bad) => batch.push_bad(raw.as_bytes(), bad),
            }
        }
        Ok(if page.is_last && page.to >= now { covered } else { page.to })
    }
}
