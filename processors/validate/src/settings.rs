//! Settings of `validate`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use model::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// What is doubtful, for whom, and when.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Limits of every instrument.
    pub limits: Limits,
    /// Limits that differ for the instruments of a venue, such as `CRYPTO`, whose prices may move
    /// by 25 percent unless said otherwise here. What is left out is as in `limits`.
    pub venue_limits: BTreeMap<String, Limits>,
    /// Limits that differ for one instrument, such as `BAC.US`. What is left out is as for its
    /// venue.
    pub instrument_limits: BTreeMap<String, Limits>,
    /// When the instruments of a venue trade: outside, silence and missing minutes mean nothing.
    /// The regular session of `US` is known. A venue without a session never closes.
    pub sessions: BTreeMap<String, Session>,
    /// The same complaint about the same feed is held back for this long, and then says how often
    /// it was. Missing minutes are each reported. Default 300.
    pub repeat_secs: Option<u32>,
}

/// Limits on market data. What is left out has the default that is named.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Limits on prints.
    pub trades: TradeLimits,
    /// Limits on best bids and asks.
    pub quotes: QuoteLimits,
    /// Limits on bars.
    pub bars: BarLimits,
    /// A record from so far in the future says that a clock is wrong; it is reported as out of
    /// order. Zero switches the check off. Default 5.
    pub future_secs: Option<u32>,
    /// A feed whose records are older than this on arrival is history being read: its silence
    /// means nothing. Zero means that every feed is live. Default 3600.
    pub live_secs: Option<u32>,
}

/// Limits on prints.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TradeLimits {
    /// Silence during a session that is reported; zero switches the check off. Default 300.
    pub stale_secs: Option<u32>,
    /// How much older than the newest a print may be; zero switches the check off. Default 5.
    pub out_of_order_secs: Option<u32>,
    /// How far a price may lie from the last good one; zero switches the check off. Two more
    /// prints near it confirm a price. Default 10.
    pub spike_percent: Option<Percent>,
    /// Sale conditions whose price says nothing about the market now: it is not compared. By
    /// default those that never set a last price on the US tapes: average, derived and prior
    /// prices, other settlement, contingent trades, prints sold out of sequence.
    pub ignored_conditions: Option<BTreeSet<String>>,
    /// Records of one instrument that are remembered to notice one that comes twice; zero switches
    /// the check off. Default 64, at most 1024.
    pub duplicate_records: Option<u32>,
}

/// Limits on best bids and asks.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuoteLimits {
    /// Silence during a session that is reported; zero switches the check off. Default 60.
    pub stale_secs: Option<u32>,
    /// How much older than the newest a quote may be; zero switches the check off. Default 5.
    pub out_of_order_secs: Option<u32>,
    /// So many quotes in a row with the bid above the ask are reported; across venues one is
    /// normal. Zero switches the check off. Default 3.
    pub crossed_updates: Option<u32>,
    /// A bid that stays above the ask for this long is reported, however many quotes say so; zero
    /// reports the first. Default 1.
    pub crossed_secs: Option<u32>,
    /// Whether a bid that equals the ask is reported as well, for information. Default true.
    pub report_locked: Option<bool>,
    /// Records of one instrument that are remembered to notice one that comes twice; zero switches
    /// the check off. Default 64, at most 1024.
    pub duplicate_records: Option<u32>,
}

/// Limits on bars.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BarLimits {
    /// Silence during a session that is reported, beyond the period of the bar; for bars of hours
    /// and less. Zero switches the check off. Default 120, because a single minute may have no
    /// trade.
    pub stale_secs: Option<u32>,
    /// How much older than the newest a bar may be: bars are restated, and holes are filled. Zero
    /// switches the check off. Default 86400.
    pub out_of_order_secs: Option<u32>,
    /// How far a bar may open or close from the last good close; zero switches the check off. Two
    /// more bars near it confirm a price. Default 20.
    pub spike_percent: Option<Percent>,
    /// So many minutes in a row without a bar of one minute, during a session, are reported; zero
    /// switches the check off. Default 2, because a single minute may have no trade.
    pub missing_minutes: Option<u32>,
    /// Records of one instrument that are remembered to notice one that comes twice; zero switches
    /// the check off. Default 16, at most 1024.
    pub duplicate_records: Option<u32>,
}

/// When the instruments of a venue trade.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Time zone of the venue, for example `Europe/Berlin`.
    pub zone: String,
    /// When it opens by the clock of that zone, for example `09:00`.
    pub open: String,
    /// When it closes, for example `17:30`; at or before `open` means on the next day.
    pub close: String,
    /// Days on which it opens. Monday to Friday by default.
    #[serde(default = "weekdays")]
    pub days: BTreeSet<Day>,
    /// Whose holidays and early closes it keeps. `none` by default.
    #[serde(default)]
    pub holidays: Holidays,
    /// Further days on which it does not open, for example `2025-01-09`.
    #[serde(default)]
    pub closed: BTreeSet<String>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// Whose holidays a venue keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holidays {
    /// None but the days named under `closed`.
    #[default]
    None,
    /// Those of the US stock exchanges, by their rules, with the early closes at one o'clock.
    UsEquities,
}

fn weekdays() -> BTreeSet<Day> {
    [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri].into()
}

impl Session {
    /// The regular session of the US stock exchanges.
    pub(crate) fn us_equities() -> Self {
        Self {
            zone: "America/New_York".to_owned(),
            open: "09:30".to_owned(),
            close: "16:00".to_owned(),
            days: weekdays(),
            holidays: Holidays::UsEquities,
            closed: BTreeSet::new(),
        }
    }
}

/// Percent, exact: `10`, `2.5` or `"2.5"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percent(pub Decimal);

impl JsonSchema for Percent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percent".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"], "minimum": 0, "pattern": r"^\d+(\.\d+)?$" })
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PercentVisitor)
    }
}

struct PercentVisitor;

impl Visitor<'_> for PercentVisitor {
    type Value = Percent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of percent")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Percent, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Percent, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Percent, E> {
        // The shortest text of a float is the number that was written in the file.
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Percent, E> {
        let value = model::money(text).map_err(E::custom)?;
        if value.is_sign_negative() && !value.is_zero() {
            return Err(E::custom(format!("{value} percent is negative")));
        }
        Ok(Percent(value))
    }
}
