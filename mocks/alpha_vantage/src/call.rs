//! One call of a function: its parameters, who calls, and what may be known at its time.

use jiff::civil::Date;
use mockkit::market::{previous_session, session};
use mockkit::time::{self, MINUTE};

use crate::World;
use crate::params::{self, Params};
use crate::refusal::{Refusal, Result};
use crate::settings::{Freshness, Plan};

/// How late delayed data is.
const DELAY: i64 = 15 * MINUTE;
/// Rows of a compact answer.
pub const COMPACT: usize = 100;

pub const INTRADAY: [&str; 5] = ["1min", "5min", "15min", "30min", "60min"];

/// What the caller's key allows.
#[derive(Clone, Copy, Debug)]
pub struct Rights {
    pub plan: Plan,
    pub entitlement: Freshness,
}

pub struct Call<'a> {
    pub world: &'a World,
    pub params: &'a Params,
    pub function: &'a str,
    pub rights: Rights,
    /// Virtual time.
    pub now: i64,
}

impl Call<'_> {
    pub fn invalid(&self) -> Refusal {
        Refusal::InvalidCall(self.function.to_owned())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }

    pub fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| self.invalid())
    }

    /// One of the words that may stand there, or `usual` if none does.
    pub fn choice(&self, name: &str, usual: &'static str, known: &[&'static str]) -> Result<&str> {
        let word = self.get(name).unwrap_or(usual);
        if known.contains(&word) { Ok(word) } else { Err(self.invalid()) }
    }

    pub fn flag(&self, name: &str, usual: &'static str) -> Result<bool> {
        self.choice(name, usual, &["true", "false"]).map(|word| word == "true")
    }

    pub fn date(&self, name: &str) -> Result<Option<Date>> {
        let parse = |text| params::date(text).ok_or_else(|| self.invalid());
        self.get(name).map(parse).transpose()
    }

    pub fn month(&self) -> Result<Option<Date>> {
        let parse = |text| params::month(text).ok_or_else(|| self.invalid());
        self.get("month").map(parse).transpose()
    }

    /// Whether the whole history is wanted.
    pub fn is_full(&self) -> Result<bool> {
        self.choice("outputsize", "compact", &["compact", "full"]).map(|word| word == "full")
    }

    /// Minutes of an intraday interval.
    pub fn minutes(&self) -> Result<i64> {
        let interval = self.required("interval")?;
        if !INTRADAY.contains(&interval) {
            return Err(self.invalid());
        }
        interval.trim_end_matches("min").parse().map_err(|_| self.invalid())
    }

    pub fn wants_csv(&self) -> Result<bool> {
        self.choice("datatype", "json", &["json", "csv"]).map(|word| word == "csv")
    }

    pub fn today(&self) -> Date {
        time::new_york_date(self.now)
    }

    /// How fresh the equities of this answer are.
    pub fn freshness(&self) -> Result<Freshness> {
        let asked = match self.get("entitlement") {
            None => return Ok(self.world.settings.without_entitlement),
            Some("delayed") => Freshness::Delayed,
            Some("realtime") => Freshness::Realtime,
            Some(_) => return Err(self.invalid()),
        };
        if asked > self.rights.entitlement { Err(Refusal::Premium) } else { Ok(asked) }
    }

    /// Nothing that happened to equities after this time is known.
    pub fn horizon(&self) -> Result<i64> {
        Ok(match self.freshness()? {
            Freshness::Realtime => self.now,
            Freshness::Delayed => self.now.saturating_sub(DELAY),
            Freshness::EndOfDay => end_of_day(self.now),
        })
    }

    /// The listing that the `symbol` names.
    pub fn listing(&self) -> Result<usize> {
        let symbol = self.required("symbol")?;
        self.world.stocks.find(symbol).ok_or_else(|| self.invalid())
    }

    /// The listing of a fundamental; nothing is said of an unknown one.
    pub fn company(&self) -> Result<usize> {
        let symbol = self.required("symbol")?;
        self.world.stocks.find(symbol).ok_or(Refusal::Empty)
    }
}

/// End of the last session, after-hours trading included, that was over at this time.
fn end_of_day(now: i64) -> i64 {
    let today = time::new_york_date(now);
    let over = session(today).filter(|session| session.last() <= now);
    over.unwrap_or_else(|| previous_session(today)).last()
}
