//! One feed of an instrument: the records of one kind from one source.

use std::fmt;

use model::{Bar, Check, EventId, Head, Quote, Severity, Text, Timestamp, Trade, TradeStatus};
use serde::{Deserialize, Serialize};

use crate::bar::{self, MINUTE};
use crate::price::{Prices, Sample};
use crate::report::{Complaint, Repeat, Report, clip, is_default, kept, secs};
use crate::seen::Repetition;
use crate::spread::Spread;
use crate::thresholds::Thresholds;

/// So many records in a row that are older than the newest mean that the feed has started over: a
/// day is replayed again. What is filled in late comes among records that are on time.
const MAX_LATE_IN_A_ROW: u32 = 100;

/// The kinds of record that make a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Trades,
    Quotes,
    Bars,
}

impl Kind {
    fn noun(self) -> &'static str {
        match self {
            Self::Trades => "trade",
            Self::Quotes => "quote",
            Self::Bars => "bar",
        }
    }
}

/// What is known of one feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Feed {
    source: Text,
    kind: Kind,
    /// Interval and adjustment of bars.
    #[serde(default, skip_serializing_if = "is_default")]
    series: Text,
    /// When the last record arrived.
    heard: Timestamp,
    last: EventId,
    /// The newest event time that can be believed.
    #[serde(default, skip_serializing_if = "is_default")]
    newest: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    late_in_a_row: u32,
    is_stale: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    silences: Repeat,
    #[serde(default, skip_serializing_if = "is_default")]
    disorders: Repeat,
    #[serde(default, skip_serializing_if = "is_default")]
    repetitions: Repeat,
    #[serde(default, skip_serializing_if = "is_default")]
    spread: Spread,
    /// Whether a bar of this feed ever had a volume.
    #[serde(default, skip_serializing_if = "is_default")]
    has_volume: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    invalid_bars: Repeat,
    #[serde(default, skip_serializing_if = "is_default")]
    prices: Prices,
}

/// Where the time of a record stands to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// The first of its feed.
    First,
    /// Newer than every other; this was the newest.
    After(Timestamp),
    /// As new as the newest.
    Same,
    /// Older than the newest, within what is allowed.
    Older,
    /// Reported as out of order: it says nothing about now.
    Wrong,
}

impl Feed {
    /// A feed that was never heard of.
    pub(crate) fn new(source: &str, kind: Kind, series: &str) -> Self {
        Self {
            source: kept(source),
            kind,
            series: series.into(),
            heard: Timestamp(i64::MIN),
            last: EventId::default(),
            newest: None,
            late_in_a_row: 0,
            is_stale: false,
            silences: Repeat::default(),
            disorders: Repeat::default(),
            repetitions: Repeat::default(),
            spread: Spread::default(),
            has_volume: false,
            invalid_bars: Repeat::default(),
            prices: Prices::default(),
        }
    }

    pub(crate) fn is(&self, source: &str, kind: Kind, series: &str) -> bool {
        self.kind == kind && self.source == clip(source) && self.series == series
    }

    /// When the last record arrived.
    pub(crate) fn heard(&self) -> Timestamp {
        self.heard
    }

    /// Reports what is due because nothing else came before `now`.
    pub(crate) fn let_time_pass(
        &mut self,
        now: Timestamp,
        limits: &Thresholds,
        report: &mut Report<'_>,
    ) {
        self.spread.let_time_pass(&self.source, now, limits, report);
        let Some(stale) = self.stale_at(now, limits) else { return };
        self.is_stale = true;
        let limit = limits.flow(self.kind).stale;
        let complaint = Complaint {
            check: Check::Stale,
            severity: Severity::Warning,
            subject: self.last,
            detail: format!("no {self} since {}", self.heard),
            value: None,
            threshold: Some(secs(limit)),
        };
        report.make_at(stale, &mut self.silences, complaint);
    }

    /// The moment at which silence became a finding, when that has come.
    fn stale_at(&self, now: Timestamp, limits: &Thresholds) -> Option<Timestamp> {
        let limit = limits.flow(self.kind).stale;
        let (period, newest) = (self.period()?, self.newest?);
        let quiet = limit.saturating_add(period);
        // Cheap first: this is asked of every feed every second.
        if self.is_stale || limit == 0 || now.since(self.heard) < quiet {
            return None;
        }
        // The venue's clock is where its newest record was, and runs on from there with ours: the
        // session of a feed that is delayed, or of a day that is replayed, is the one it tells of.
        let told = newest.plus_nanos(period);
        let lag = self.heard.since(told).max(0);
        if limits.live > 0 && lag > limits.live {
            return None;
        }
        let stale = limits.quiet_until(self.heard.plus_nanos(-lag), quiet)?.plus_nanos(lag);
        (stale <= now).then_some(stale)
    }

    /// How long a feed is silent by its nature; `None` when that is for days.
    fn period(&self) -> Option<i64> {
        match self.kind {
            Kind::Trades | Kind::Quotes => Some(0),
            Kind::Bars => bar::period(self.interval()).unwrap_or_default(),
        }
    }

    fn interval(&self) -> &str {
        self.series.split(' ').next().unwrap_or_default()
    }

    /// Takes note that a record has come.
    pub(crate) fn hear(&mut self, head: &Head) {
        self.heard = self.heard.max(head.received_time);
        self.last = head.event_id;
        self.is_stale = false;
    }

    /// Reports a record that came before.
    pub(crate) fn repeated(
        &mut self,
        head: &Head,
        repetition: Repetition,
        report: &mut Report<'_>,
    ) {
        // Resumed feeds repeat a little, and whoever reads can tell by the id. Nobody can when the
        // ids differ.
        let (severity, how) = match repetition {
            Repetition::SameEvent => (Severity::Info, "with the same event_id"),
            Repetition::SamePrint => (Severity::Warning, "with one trade_id as different events"),
        };
        let complaint = Complaint {
            check: Check::Duplicate,
            severity,
            subject: head.event_id,
            detail: format!("{self} of {} comes twice, {how}", head.event_time),
            value: None,
            threshold: None,
        };
        report.make_once(&mut self.repetitions, complaint);
    }

    /// Takes a print; `prices` are those of all feeds.
    pub(crate) fn trade(
        &mut self,
        trade: &Trade,
        prices: &mut Prices,
        limits: &Thresholds,
        report: &mut Report<'_>,
    ) {
        // What corrects or withdraws an older print says nothing about now.
        if trade.status != TradeStatus::Original
            || self.order(&trade.head, limits, report) == Order::Wrong
            || trade.conditions.iter().any(|code| limits.ignored_conditions.contains(code))
        {
            return;
        }
        let (price, subject) = (trade.price, trade.head.event_id);
        let sample = Sample { what: self, subject, first: price, last: price, is_restated: false };
        prices.judge(sample, limits.trade_spike, report);
    }

    /// Takes a quote.
    pub(crate) fn quote(&mut self, quote: &Quote, limits: &Thresholds, report: &mut Report<'_>) {
        if self.order(&quote.head, limits, report) != Order::Wrong {
            self.spread.take(quote, limits, report);
        }
    }

    /// Takes a bar.
    pub(crate) fn bar(&mut self, bar: &Bar, limits: &Thresholds, report: &mut Report<'_>) {
        let order = self.order(&bar.head, limits, report);
        let broken = bar::broken_rules(bar, self.has_volume);
        self.has_volume |= !bar.volume.is_zero();
        if let Order::After(newest) = order
            && bar::period(self.interval()) == Ok(Some(MINUTE))
            && let Some(mut hole) = bar::missing_minutes(newest, bar, limits)
        {
            hole.detail = format!("{self}: {}", hole.detail);
            report.make(hole);
        }
        if let Some(rules) = broken {
            let complaint = Complaint {
                check: Check::InvalidBar,
                severity: Severity::Error,
                subject: bar.head.event_id,
                detail: format!("{self} of {}: {rules}", bar.head.event_time),
                value: None,
                threshold: None,
            };
            report.make_once(&mut self.invalid_bars, complaint);
        } else if matches!(order, Order::First | Order::After(_) | Order::Same) {
            let is_restated = order == Order::Same;
            let what = self.to_string();
            let sample = Sample {
                what: &what,
                subject: bar.head.event_id,
                first: if is_restated { bar.close } else { bar.open },
                last: bar.close,
                is_restated,
            };
            self.prices.judge(sample, limits.bar_spike, report);
        }
    }

    /// Compares the time of a record with those before it.
    fn order(&mut self, head: &Head, limits: &Thresholds, report: &mut Report<'_>) -> Order {
        let late = limits.flow(self.kind).late;
        let latest = head.received_time.plus_nanos(limits.future);
        if limits.future > 0 && head.event_time > latest {
            let ahead = head.event_time.since(head.received_time);
            let text = format!("{} s after its arrival: a clock is wrong", secs(ahead));
            self.complain(head, ahead, limits.future, &text, report);
            return Order::Wrong;
        }
        // A time that nobody can believe must not make all others look old.
        let believed = head.event_time.min(latest);
        let Some(newest) = self.newest else {
            self.newest = Some(believed);
            return Order::First;
        };
        let behind = newest.since(head.event_time);
        if late > 0 && behind > late {
            let text = format!("{} s older than the newest", secs(behind));
            self.complain(head, behind, late, &text, report);
            self.late_in_a_row += 1;
            if self.late_in_a_row >= MAX_LATE_IN_A_ROW {
                self.newest = Some(believed);
                self.late_in_a_row = 0;
            }
            return Order::Wrong;
        }
        self.late_in_a_row = 0;
        self.newest = Some(newest.max(believed));
        match behind {
            0 => Order::Same,
            ..0 => Order::After(newest),
            1.. => Order::Older,
        }
    }

    fn complain(
        &mut self,
        head: &Head,
        value: i64,
        limit: i64,
        text: &str,
        report: &mut Report<'_>,
    ) {
        let complaint = Complaint {
            check: Check::OutOfOrder,
            severity: Severity::Warning,
            subject: head.event_id,
            detail: format!("{self} is of {}, {text}", head.event_time),
            value: Some(secs(value)),
            threshold: Some(secs(limit)),
        };
        report.make_once(&mut self.disorders, complaint);
    }
}

/// What a record of the feed is called in a complaint.
impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, source) = (self.kind.noun(), &self.source);
        match self.kind {
            Kind::Trades | Kind::Quotes => write!(f, "{noun} of {source:?}"),
            Kind::Bars => write!(f, "{noun} ({}) of {source:?}", self.series),
        }
    }
}
