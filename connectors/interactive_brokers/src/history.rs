//! Bars, trades and quotes of the past.

use std::marker::PhantomData;

use component::{Bad, Batch, Fault, Feed, Host, Result, Source};
use model::{Adjustment, Date, Text, Zone};
use session::{Backfill, Opens, Reached};

use crate::map::{About, Period};
use crate::past::{Past, Records, complete};
use crate::settings::{self, System};
use crate::tws::Tws;

/// What the sources differ in.
pub trait Kind: Send + 'static {
    const NAME: &'static str;
    /// Steps from the client of the orders.
    const STEP: i32;
    const PUBLISHES: &'static [&'static str];
    type Settings: component::Settings;

    fn range(settings: Self::Settings) -> Result<Range>;
}

/// What is to be read.
pub struct Range {
    records: Records,
    symbols: Vec<String>,
    start: Date,
    end: Option<Date>,
    poll_secs: u64,
}

/// Reads the past symbol by symbol, from the first day on.
pub struct History<K>(Backfill<Past>, PhantomData<K>);

impl<K: Kind> Source for History<K> {
    const NAME: &'static str = K::NAME;
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = K::PUBLISHES;
    type System = System;
    type Settings = K::Settings;
    type Cursor = Reached;

    async fn connect(system: System, settings: K::Settings, host: Host) -> Result<Self> {
        let Range { records, symbols, start, end, poll_secs } = K::range(settings)?;
        let parsed = symbols.iter().map(|text| Ok((text.as_str().into(), About::parse(text)?)));
        let parsed = parsed.collect::<Result<Vec<(Text, About)>, Bad>>().map_err(Fault::fatal)?;
        let mut tws = Tws::open(&system, &host, K::STEP).await?;
        let mut pasts = Vec::new();
        for (text, about) in parsed {
            let about = complete(&mut tws, about).await?;
            pasts.push((text, Past { about, records: records.clone() }));
        }
        let day_start = |day: Date| Zone::new_york().day_start(day);
        let (first, last) = (day_start(start), end.map(|day| day_start(Date(day.0 + 1))));
        Ok(Self(Backfill::new(tws, pasts, first, last, poll_secs), PhantomData))
    }

    async fn read(&mut self, cursor: &Reached) -> Result<Batch<Reached>> {
        let now = self.0.talk().state.now();
        self.0.read(cursor, now).await
    }
}

/// Bars of the past.
pub type BarsHistory = History<OfBars>;
/// Every trade of the past.
pub type TradesHistory = History<OfTrades>;
/// Every quote of the past.
pub type QuotesHistory = History<OfQuotes>;

pub struct OfBars;
pub struct OfTrades;
pub struct OfQuotes;

impl Kind for OfBars {
    const NAME: &'static str = "interactive_brokers_bars_history";
    const STEP: i32 = 5;
    const PUBLISHES: &'static [&'static str] = &["market.bars"];
    type Settings = settings::BarsHistory;

    fn range(settings: settings::BarsHistory) -> Result<Range> {
        let settings::BarsHistory { symbols, start, end, poll_secs, .. } = settings;
        let (bar_size, what) = (&settings.bar_size, &settings.what_to_show);
        let bad = || format!("TWS has no bars of {bar_size:?} that show {what:?}");
        let (period, what) = Period::parse(bar_size, what).ok_or_else(|| Fault::fatal(bad()))?;
        if period.adjustment == Adjustment::All && period.page.0 != "1 Y" {
            let reason = "TWS gives ADJUSTED_LAST up to now only: use bars of a day or longer";
            return Err(Fault::fatal(reason));
        }
        let records = Records::Bars(period, what, settings.regular_hours);
        Ok(Range { records, symbols, start, end, poll_secs: poll_secs.0 })
    }
}

impl Kind for OfTrades {
    const NAME: &'static str = "interactive_brokers_trades_history";
    const STEP: i32 = 8;
    const PUBLISHES: &'static [&'static str] = &["market.trades"];
    type Settings = settings::TicksHistory;

    fn range(settings: settings::TicksHistory) -> Result<Range> {
        Ok(ticks(Records::Trades, settings))
    }
}

impl Kind for OfQuotes {
    const NAME: &'static str = "interactive_brokers_quotes_history";
    const STEP: i32 = 9;
    const PUBLISHES: &'static [&'static str] = &["market.quotes"];
    type Settings = settings::TicksHistory;

    fn range(settings: settings::TicksHistory) -> Result<Range> {
        Ok(ticks(Records::Quotes, settings))
    }
}

fn ticks(records: Records, settings: settings::TicksHistory) -> Range {
    let settings::TicksHistory { symbols, start, end, poll_secs } = settings;
    Range { records, symbols, start, end, poll_secs: poll_secs.0 }
}
