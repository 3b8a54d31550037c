//! The limits that hold for one instrument, complete.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use component::{Fault, Result};
use model::{Decimal, InstrumentId, Text, Timestamp};

use crate::feed::Kind;
use crate::hours::Hours;
use crate::settings::{BarLimits, Limits, Percent, QuoteLimits, Session, Settings, TradeLimits};

/// Most records that can be remembered to notice one that comes twice. Each takes 8 bytes, a print
/// 16, in a state that is saved with every change.
const MAX_DUPLICATE_RECORDS: u32 = 1024;

/// Conditions of the US tapes under which a print never sets a last price: average price, cash,
/// bunched at average, price variation, next day, prior reference, seller, out of sequence after
/// hours, contingent, average price, out of sequence, derived, qualified contingent.
const IGNORED_CONDITIONS: &[&str] =
    &["B", "C", "G", "H", "N", "P", "R", "U", "V", "W", "Z", "4", "7"];

/// The limits of every instrument.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    general: Thresholds,
    venues: HashMap<String, Thresholds>,
    instruments: HashMap<String, Thresholds>,
}

/// The limits of one instrument. Times are nanoseconds; zero means that nothing is checked.
#[derive(Clone, Debug)]
pub(crate) struct Thresholds {
    pub(crate) future: i64,
    pub(crate) live: i64,
    pub(crate) trades: Flow,
    pub(crate) quotes: Flow,
    pub(crate) bars: Flow,
    pub(crate) trade_spike: Decimal,
    pub(crate) bar_spike: Decimal,
    pub(crate) ignored_conditions: BTreeSet<Text>,
    pub(crate) crossed_updates: u32,
    pub(crate) crossed_for: i64,
    pub(crate) is_locked_reported: bool,
    pub(crate) missing_minutes: u32,
    /// `None` when the venue never closes.
    pub(crate) hours: Option<Arc<Hours>>,
}

/// What is checked of every kind of record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) stale: i64,
    pub(crate) late: i64,
    pub(crate) duplicates: usize,
}

impl Rules {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let mut sessions = settings.sessions.clone();
        sessions.entry("US".to_owned()).or_insert_with(Session::us_equities);
        let mut hours = HashMap::new();
        for (venue, session) in &sessions {
            hours.insert(venue.as_str(), Arc::new(Hours::new(venue, session)?));
        }
        let mut of_venues = settings.venue_limits.clone();
        let crypto = of_venues.entry("CRYPTO".to_owned()).or_default();
        let wild = Some(Percent(Decimal::from(25)));
        crypto.trades.spike_percent = crypto.trades.spike_percent.or(wild);
        crypto.bars.spike_percent = crypto.bars.spike_percent.or(wild);

        let general = &settings.limits;
        let mut venues = HashMap::new();
        for venue in sessions.keys().chain(of_venues.keys()) {
            let own = of_venues.get(venue);
            let hours = hours.get(venue.as_str()).cloned();
            let layers: Vec<&Limits> = own.into_iter().chain([general]).collect();
            venues.insert(venue.clone(), Thresholds::new(&layers, hours)?);
        }
        let mut instruments = HashMap::new();
        for (instrument, own) in &settings.instrument_limits {
            let id = InstrumentId::from(instrument.as_str());
            let of_venue = of_venues.get(id.venue());
            let hours = hours.get(id.venue()).cloned();
            let layers: Vec<&Limits> = [own].into_iter().chain(of_venue).chain([general]).collect();
            instruments.insert(instrument.clone(), Thresholds::new(&layers, hours)?);
        }
        Ok(Self { general: Thresholds::new(&[general], None)?, venues, instruments })
    }

    /// The limits of an instrument.
    pub(crate) fn of(&self, instrument: &InstrumentId) -> &Thresholds {
        let own = self.instruments.get(instrument.as_str());
        own.or_else(|| self.venues.get(instrument.venue())).unwrap_or(&self.general)
    }
}

impl Thresholds {
    /// The first layer that names a limit decides.
    fn new(layers: &[&Limits], hours: Option<Arc<Hours>>) -> Result<Self> {
        type Limit<T> = fn(&T) -> Option<u32>;
        let trades = |limit: Limit<TradeLimits>| first(layers, |limits| limit(&limits.trades));
        let quotes = |limit: Limit<QuoteLimits>| first(layers, |limits| limit(&limits.quotes));
        let bars = |limit: Limit<BarLimits>| first(layers, |limits| limit(&limits.bars));
        Ok(Self {
            future: nanos(first(layers, |limits| limits.future_secs).unwrap_or(5)),
            live: nanos(first(layers, |limits| limits.live_secs).unwrap_or(3600)),
            trades: Flow {
                stale: nanos(trades(|limits| limits.stale_secs).unwrap_or(300)),
                late: nanos(trades(|limits| limits.out_of_order_secs).unwrap_or(5)),
                duplicates: window("trades", trades(|limits| limits.duplicate_records), 64)?,
            },
            quotes: Flow {
                stale: nanos(quotes(|limits| limits.stale_secs).unwrap_or(60)),
                late: nanos(quotes(|limits| limits.out_of_order_secs).unwrap_or(5)),
                duplicates: window("quotes", quotes(|limits| limits.duplicate_records), 64)?,
            },
            bars: Flow {
                stale: nanos(bars(|limits| limits.stale_secs).unwrap_or(120)),
                late: nanos(bars(|limits| limits.out_of_order_secs).unwrap_or(86_400)),
                duplicates: window("bars", bars(|limits| limits.duplicate_records), 16)?,
            },
            trade_spike: percent(layers, |limits| limits.trades.spike_percent, 10),
            bar_spike: percent(layers, |limits| limits.bars.spike_percent, 20),
            ignored_conditions: first(layers, |limits| limits.trades.ignored_conditions.as_ref())
                .map_or_else(
                    || IGNORED_CONDITIONS.iter().copied().map(Text::from).collect(),
                    |conditions| conditions.iter().map(Text::from).collect(),
                ),
            crossed_updates: quotes(|limits| limits.crossed_updates).unwrap_or(3),
            crossed_for: nanos(quotes(|limits| limits.crossed_secs).unwrap_or(1)),
            is_locked_reported: first(layers, |limits| limits.quotes.report_locked).unwrap_or(true),
            missing_minutes: bars(|limits| limits.missing_minutes).unwrap_or(2),
            hours,
        })
    }

    /// What is checked of every record of a kind.
    pub(crate) fn flow(&self, kind: Kind) -> &Flow {
        match kind {
            Kind::Trades => &self.trades,
            Kind::Quotes => &self.quotes,
            Kind::Bars => &self.bars,
        }
    }

    /// When silence since a point in time has lasted for so long during one session.
    pub(crate) fn quiet_until(&self, since: Timestamp, quiet: i64) -> Option<Timestamp> {
        let Some(hours) = &self.hours else { return Some(since.plus_nanos(quiet)) };
        let mut span = hours.at_or_after(since)?;
        // The rest of this session may be too short, and an early close the next one too.
        for _ in 0..3 {
            let end = since.max(span.open).plus_nanos(quiet);
            if end <= span.close {
                return Some(end);
            }
            span = hours.at_or_after(span.close)?;
        }
        None
    }
}

fn first<'a, T>(layers: &[&'a Limits], limit: impl Fn(&'a Limits) -> Option<T>) -> Option<T> {
    layers.iter().find_map(|limits| limit(limits))
}

fn percent(layers: &[&Limits], limit: fn(&Limits) -> Option<Percent>, default: u32) -> Decimal {
    first(layers, limit).map_or(Decimal::from(default), |percent| percent.0)
}

fn window(kind: &str, records: Option<u32>, default: u32) -> Result<usize> {
    let records = records.unwrap_or(default);
    if records > MAX_DUPLICATE_RECORDS {
        return Err(Fault::fatal(format!(
            "the limit {kind}.duplicate_records is {records}; it can be at most \
             {MAX_DUPLICATE_RECORDS}"
        )));
    }
    Ok(records as usize)
}

fn nanos(secs: u32) -> i64 {
    i64::from(secs) * 1_000_000_000
}
