//! Bars put together from shorter ones.

use jiff::civil::Date;
use mockkit::market::{Bar, DailyBar, Price};
use mockkit::time::{self, MINUTE};
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{DayBar, Stocks, close_of, end, is_regular};

/// Open, high, low and close of any period.
#[derive(Clone, Copy, Debug)]
pub struct Prices {
    pub open: Decimal,
    pub high: Decimal,
    pub low: Decimal,
    pub close: Decimal,
    pub volume: u64,
}

/// An intraday bar, named by its start.
#[derive(Clone, Copy, Debug)]
pub struct IntradayBar {
    pub start: i64,
    pub prices: Prices,
}

impl Prices {
    pub fn of(bar: &DailyBar) -> Prices {
        let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(Price::decimal);
        Prices { open, high, low, close, volume: bar.volume }
    }

    /// Takes in what follows.
    pub fn join(&mut self, next: &Prices) {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
        self.volume = self.volume.saturating_add(next.volume);
    }

    /// Prices times a factor, shares divided by the part of it that comes from splits.
    fn scaled(&self, price: Decimal, split: Decimal) -> Prices {
        let volume = Decimal::from(self.volume).checked_div(split).unwrap_or_default();
        let volume = volume.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        let times = |value: Decimal| value.checked_mul(price).unwrap_or(value);
        Prices {
            open: times(self.open),
            high: times(self.high),
            low: times(self.low),
            close: times(self.close),
            volume: volume.to_u64().unwrap_or(self.volume),
        }
    }
}

impl Stocks {
    /// Regular sessions as far as they are known, oldest first.
    pub fn days(&self, index: usize, horizon: i64) -> Vec<DayBar> {
        let daily = &self.listing(index).daily;
        let finished = daily.partition_point(|bar| close_of(bar.date) <= horizon);
        let day = |bar: &DailyBar| DayBar { bar: *bar, is_final: true };
        let mut days: Vec<DayBar> = daily[..finished].iter().map(day).collect();
        let mut from_minutes: Vec<DayBar> = Vec::new();
        for minute in self.minutes(index, horizon).iter().filter(|minute| is_regular(minute)) {
            let date = time::new_york_date(minute.time);
            match from_minutes.last_mut().filter(|day| day.bar.date == date) {
                Some(day) => {
                    day.bar.high = day.bar.high.max(minute.high);
                    day.bar.low = day.bar.low.min(minute.low);
                    day.bar.close = minute.close;
                    day.bar.volume = day.bar.volume.saturating_add(minute.volume);
                }
                None => from_minutes.push(started(date, minute, horizon)),
            }
        }
        from_minutes.retain(|day| days.binary_search_by_key(&day.bar.date, date_of).is_err());
        days.extend(from_minutes);
        days.sort_by_key(date_of);
        days
    }

    /// Minutes that are over, oldest first.
    pub fn minutes(&self, index: usize, horizon: i64) -> &[Bar] {
        let minutes = &self.known[index].minutes;
        &minutes[..minutes.partition_point(|minute| end(minute) <= horizon)]
    }

    /// Bars of so many minutes that are over, oldest first, with whole days from `since` on.
    pub fn intraday(&self, wanted: &Intraday) -> Vec<IntradayBar> {
        let length = wanted.minutes.max(1).saturating_mul(MINUTE);
        let mut bars: Vec<IntradayBar> = Vec::new();
        let mut factors: Option<(Date, Decimal, Decimal)> = None;
        for minute in self.minutes(wanted.index, wanted.horizon) {
            let date = time::new_york_date(minute.time);
            if date < wanted.since || date > wanted.until || (wanted.regular && !is_regular(minute))
            {
                continue;
            }
            let start = minute.time - (minute.time - time::new_york_midnight(date)) % length;
            if start.saturating_add(length) > wanted.horizon {
                continue;
            }
            let mut prices = minute_prices(minute);
            if wanted.adjusted {
                if factors.is_none_or(|(known, ..)| known != date) {
                    let (price, split) = self.factor(wanted.index, date, wanted.horizon);
                    factors = Some((date, price, split));
                }
                if let Some((_, price, split)) = factors {
                    prices = prices.scaled(price, split);
                }
            }
            match bars.last_mut().filter(|bar| bar.start == start) {
                Some(bar) => bar.prices.join(&prices),
                None => bars.push(IntradayBar { start, prices }),
            }
        }
        bars
    }

    /// What raw prices of a date are multiplied with to be adjusted, and the part of it that comes
    /// from splits. Only events up to the horizon are known.
    fn factor(&self, index: usize, date: Date, horizon: i64) -> (Decimal, Decimal) {
        let last = time::new_york_date(horizon);
        if last <= date {
            return (Decimal::ONE, Decimal::ONE);
        }
        let after = (std::ops::Bound::Excluded(date), std::ops::Bound::Included(last));
        let mut split = Decimal::ONE;
        for ratio in self.splits(index).range(after).map(|(_, ratio)| ratio) {
            split = split.checked_div(*ratio).unwrap_or(split);
        }
        let mut price = split;
        for (ex_date, amount) in self.dividends(index).range(after) {
            if let Some(close) = self.close_on(index, *ex_date) {
                price *= dividend_factor(close, *amount);
            }
        }
        (price, split)
    }

    fn close_on(&self, index: usize, date: Date) -> Option<Decimal> {
        let daily = &self.listing(index).daily;
        let found = daily.binary_search_by_key(&date, |bar| bar.date).ok()?;
        Some(daily[found].close.decimal())
    }
}

/// What is asked of the minutes.
#[derive(Clone, Copy, Debug)]
pub struct Intraday {
    pub index: usize,
    pub minutes: i64,
    pub horizon: i64,
    /// First and last date.
    pub since: Date,
    pub until: Date,
    /// Without what is traded before and after the regular session.
    pub regular: bool,
    pub adjusted: bool,
}

/// The vendor divides by the close of the ex-date with the dividend put back, not by the close of
/// the day before.
pub fn dividend_factor(close: Decimal, amount: Decimal) -> Decimal {
    let before = close.checked_add(amount).unwrap_or(close);
    close.checked_div(before).filter(|factor| !factor.is_zero()).unwrap_or(Decimal::ONE)
}

fn date_of(day: &DayBar) -> Date {
    day.bar.date
}

fn started(date: Date, minute: &Bar, horizon: i64) -> DayBar {
    let Bar { open, high, low, close, volume, .. } = *minute;
    let bar = DailyBar { date, open, high, low, close, volume };
    DayBar { bar, is_final: close_of(date) <= horizon }
}

fn minute_prices(minute: &Bar) -> Prices {
    let [open, high, low, close] =
        [minute.open, minute.high, minute.low, minute.close].map(Price::decimal);
    Prices { open, high, low, close, volume: minute.volume }
}
