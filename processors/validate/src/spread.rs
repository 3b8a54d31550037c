//! Bids at or above asks, and for how long.

use model::{Check, Decimal, EventId, Quote, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::report::{Complaint, Repeat, Report, clip, is_default};
use crate::thresholds::Thresholds;

/// Where bid and ask of one feed stand to each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    #[serde(default, skip_serializing_if = "is_default")]
    episode: Option<Episode>,
    #[serde(default, skip_serializing_if = "is_default")]
    crossed: Repeat,
    #[serde(default, skip_serializing_if = "is_default")]
    locked: Repeat,
}

/// A stretch of quotes that are all crossed, or all locked. Across venues one such quote is
/// normal, so that it takes time or numbers to make a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Episode {
    is_crossed: bool,
    since: Timestamp,
    updates: u32,
    is_reported: bool,
    /// The first of them.
    first: EventId,
    bid: Decimal,
    ask: Decimal,
}

impl Spread {
    /// Time passes without a quote: the last one stands.
    pub(crate) fn let_time_pass(
        &mut self,
        source: &str,
        now: Timestamp,
        limits: &Thresholds,
        report: &mut Report<'_>,
    ) {
        let Some(episode) = &mut self.episode else { return };
        let due = episode.since.plus_nanos(limits.crossed_for);
        if episode.is_reported || now < due {
            return;
        }
        episode.is_reported = true;
        let complaint = episode.complaint(source);
        let repeat = if episode.is_crossed { &mut self.crossed } else { &mut self.locked };
        report.make_at(due, repeat, complaint);
    }

    /// Takes the next quote.
    pub(crate) fn take(&mut self, quote: &Quote, limits: &Thresholds, report: &mut Report<'_>) {
        let Some(next) = Episode::of(quote, limits) else {
            self.episode = None;
            return;
        };
        let episode = match &mut self.episode {
            Some(episode) if episode.is_crossed == next.is_crossed => episode,
            other => other.insert(next),
        };
        episode.updates = episode.updates.saturating_add(1);
        let is_enough = episode.updates >= limits.crossed_updates || limits.crossed_for == 0;
        if episode.is_reported || !is_enough {
            return;
        }
        episode.is_reported = true;
        let complaint = episode.complaint(&quote.head.source);
        let repeat = if episode.is_crossed { &mut self.crossed } else { &mut self.locked };
        report.make_once(repeat, complaint);
    }
}

impl Episode {
    /// The episode that a quote begins, if it is one to be reported.
    fn of(quote: &Quote, limits: &Thresholds) -> Option<Self> {
        let is_there = |price: &Decimal| *price > Decimal::ZERO;
        let bid = quote.bid_price.filter(is_there)?;
        let ask = quote.ask_price.filter(is_there)?;
        let is_wanted = bid > ask || (bid == ask && limits.is_locked_reported);
        (is_wanted && limits.crossed_updates > 0).then(|| Self {
            is_crossed: bid > ask,
            since: quote.head.received_time,
            updates: 0,
            is_reported: false,
            first: quote.head.event_id,
            bid,
            ask,
        })
    }

    fn complaint(&self, source: &str) -> Complaint {
        let (bid, ask) = (self.bid.normalize(), self.ask.normalize());
        let source = clip(source);
        let (severity, detail) = if self.is_crossed {
            (Severity::Warning, format!("crossed quotes of {source:?}: bid {bid} above ask {ask}"))
        } else {
            (Severity::Info, format!("locked quotes of {source:?}: bid and ask are {bid}"))
        };
        Complaint {
            check: Check::Crossed,
            severity,
            subject: self.first,
            detail,
            value: Some(self.bid),
            threshold: Some(self.ask),
        }
    }
}
