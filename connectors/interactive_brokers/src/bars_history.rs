//! Bars of the past.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use component::{Batch, Fault, Feed, Host, OrBad, Result, Source};
use model::{Adjustment, Date, Text, Timestamp};
use serde::{Deserialize, Serialize};
use session::{Asked, Fields};

use crate::history::{self, Pace, Request};
use crate::map::{About, Period};
use crate::settings::{self, System};
use crate::tws::Tws;
use crate::{time, wire};

const DAY: i64 = 86_400_000_000_000;

/// Reads bars symbol by symbol, from the first day on.
pub struct BarsHistory {
    tws: Tws,
    settings: settings::BarsHistory,
    period: Period,
    symbols: Vec<(Text, About)>,
    pace: Pace,
    /// What is under way.
    asked: Option<(Asked, Page)>,
    /// Symbols that have been read up to now since the last pause.
    read: BTreeSet<Text>,
}

/// A stretch of one symbol's past.
#[derive(Clone, Debug)]
struct Page {
    symbol: Text,
    from: Timestamp,
    to: Timestamp,
    /// Whether it is asked where the past begins.
    is_head: bool,
    /// Whether it reaches up to where the symbol is read.
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
        let parsed = settings
            .symbols
            .iter()
            .map(|text| Ok((Text::from(text.as_str()), About::parse(text).map_err(Fault::fatal)?)));
        let symbols = parsed.collect::<Result<_>>()?;
        let tws = Tws::connect(&system, &host, 5).await?;
        let (pace, read) = (Pace::default(), BTreeSet::new());
        Ok(Self { tws, settings, period, symbols, pace, asked: None, read })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let mut batch = Batch::up_to(cursor.clone());
        let mut symbols = self.symbols.iter();
        let Some((symbol, about)) =
            symbols.find(|(symbol, _)| !self.read.contains(symbol)).cloned()
        else {
            self.read.clear();
            return Ok(batch.wait(Duration::from_secs(self.settings.poll_secs.max(1))));
        };
        let now = self.tws.now();
        let Some(mut page) = self.page(&symbol, cursor, now) else {
            self.read.insert(symbol);
            return Ok(batch);
        };
        // A page that was asked for before a read was dropped is waited for again.
        let is_it = |(_, asked): &(Asked, Page)| asked.symbol == symbol && asked.from == page.from;
        let asked = match self.asked.take().filter(is_it) {
            Some((asked, before)) => {
                page = before;
                asked
            }
            None => {
                let request = self.request(&page, &about, now);
                if let Err(wait) = self.pace.take(&request, self.tws.clock.now()) {
                    return Ok(batch.wait(wait));
                }
                history::ask(&mut self.tws, &request)?
            }
        };
        let (asked, _) = self.asked.insert((asked, page.clone()));
        let heard = asked.answer(&mut self.tws, Tws::request_of).await?;
        self.asked = None;
        let fields = wire::read(&heard, self.tws.state.version);
        let fields = fields.and_then(|fields| fields.or_bad("")).map_err(Fault::disconnected)?;
        let covered = if page.is_head {
            self.head(&fields, &page)?
        } else {
            self.tell(&fields, &about, &page, &mut batch)?
        };
        if page.is_last && !page.is_head {
            self.read.insert(symbol.clone());
        }
        batch.cursor.0.insert(symbol, covered);
        Ok(batch)
    }
}

impl BarsHistory {
    /// What to read next of a symbol; nothing once its last day is read.
    fn page(&self, symbol: &Text, cursor: &Cursor, now: Timestamp) -> Option<Page> {
        let last = self.settings.end.map(|day| time::day_start(Date(day.0 + 1)));
        let end = last.map_or(now, |last| last.min(now));
        let known = cursor.0.get(symbol).copied();
        if known.is_some_and(|known| last.is_some_and(|last| known >= last)) {
            return None;
        }
        let from = known.unwrap_or_else(|| time::day_start(self.settings.start)).min(end);
        let length = self.period.page.1 * 1_000_000_000;
        let mut to = from.plus_nanos(length);
        if length >= DAY {
            // Whole days, so that a page ends when nothing is traded.
            let midnight = time::midnight(to);
            to = if midnight > from { midnight } else { time::midnight(to.plus_nanos(DAY)) };
        }
        if self.period.adjustment == Adjustment::All {
            to = end;
        }
        let (is_head, is_last) = (known.is_none(), to >= end);
        Some(Page { symbol: symbol.clone(), from, to: to.min(end), is_head, is_last })
    }

    fn request(&self, page: &Page, about: &About, now: Timestamp) -> Request {
        let (contract, what) = (&about.contract, &self.settings.what_to_show);
        let days = page.to.since(page.from) / DAY + 2;
        let span = match self.period.adjustment {
            Adjustment::All if days > 365 => format!("{} Y", days / 365 + 1),
            Adjustment::All => format!("{days} D"),
            _ => self.period.page.0.to_owned(),
        };
        // An empty end is now.
        let end = if page.to >= now { String::new() } else { time::written(page.to) };
        let request = match page.is_head {
            true => Request::head(contract, what),
            false => Request::bars(contract, what, &self.period, &span, &end),
        };
        request.regular_hours(self.settings.regular_hours)
    }

    /// Where to begin: not before there is anything. TWS does not know that of everything that it
    /// has bars of.
    fn head(&self, fields: &Fields<'_>, page: &Page) -> Result<Timestamp> {
        match history::refusal(fields, &page.symbol) {
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
        about: &About,
        page: &Page,
        batch: &mut Batch<Cursor>,
    ) -> Result<Timestamp> {
        if let Some(fault) = history::refusal(fields, &page.symbol) {
            return Err(fault);
        }
        let mut covered = page.from;
        let now = self.tws.now();
        for (raw, bar) in about.bars(fields, &self.period, &self.tws.state.zone) {
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
