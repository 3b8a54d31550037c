//! Days with their dividends and splits, and the weeks and months made of them.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Stocks;
use super::bars::{Prices, dividend_factor};

/// A day, a week or a month.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// The last session in it.
    pub date: Date,
    pub prices: Prices,
    pub adjusted_close: Decimal,
    pub dividend: Decimal,
    pub split: Decimal,
    /// Whether its last session is over.
    pub is_final: bool,
}

impl Stocks {
    /// Days, oldest first. A dividend or split on a day without trading counts for the next one.
    pub fn history(&self, index: usize, horizon: i64) -> Vec<Period> {
        let mut periods = Vec::new();
        let mut previous: Option<Date> = None;
        for day in self.days(index, horizon) {
            let date = day.bar.date;
            let since = previous.map_or(std::ops::Bound::Included(date), std::ops::Bound::Excluded);
            let range = (since, std::ops::Bound::Included(date));
            periods.push(Period {
                date,
                prices: Prices::of(&day.bar),
                adjusted_close: day.bar.close.decimal(),
                dividend: self.dividends(index).range(range).map(|(_, amount)| *amount).sum(),
                split: self.splits(index).range(range).map(|(_, ratio)| *ratio).product(),
                is_final: day.is_final,
            });
            previous = Some(date);
        }
        adjust(&mut periods);
        periods
    }
}

/// Weeks from Monday on.
pub fn weeks(days: &[Period]) -> Vec<Period> {
    group(days, |date| {
        let week = date.iso_week_date();
        (week.year(), week.week())
    })
}

pub fn months(days: &[Period]) -> Vec<Period> {
    group(days, |date| (date.year(), date.month()))
}

fn group<K: PartialEq>(days: &[Period], key: impl Fn(Date) -> K) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    for day in days {
        match periods.last_mut().filter(|period| key(period.date) == key(day.date)) {
            Some(period) => {
                period.date = day.date;
                period.prices.join(&day.prices);
                period.adjusted_close = day.adjusted_close;
                period.dividend += day.dividend;
                period.is_final = day.is_final;
            }
            None => periods.push(*day),
        }
    }
    periods
}

/// From the newest day back, as every dividend and split changes all days before it.
fn adjust(days: &mut [Period]) {
    let mut factor = Decimal::ONE;
    for day in days.iter_mut().rev() {
        day.adjusted_close = day.prices.close.checked_mul(factor).unwrap_or(day.prices.close);
        if !day.dividend.is_zero() {
            factor *= dividend_factor(day.prices.close, day.dividend);
        }
        factor = factor.checked_div(day.split).unwrap_or(factor);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mockkit::market::DailyBar;
    use mockkit::market::Price;

    use super::*;
    use crate::number::{fixed, shortest};

    /// Every row of the vendor's own adjusted sample comes out to its last digit but one.
    #[test]
    fn adjusts_like_the_vendor() {
        let text = include_str!("../../fixtures/daily_adjusted_ibm.csv");
        let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(',').collect()).collect();
        let mut days: Vec<Period> = rows
            .iter()
            .rev()
            .map(|row| {
                let price = |text: &str| {
                    let price: Decimal = text.parse().unwrap();
                    let price = fixed(price * Decimal::from(10_000), 0);
                    Price(price.parse().unwrap())
                };
                let bar = DailyBar {
                    date: row[0].parse().unwrap(),
                    open: price(row[1]),
                    high: price(row[2]),
                    low: price(row[3]),
                    close: price(row[4]),
                    volume: row[6].parse().unwrap(),
                };
                Period {
                    date: bar.date,
                    prices: Prices::of(&bar),
                    adjusted_close: Decimal::ZERO,
                    dividend: row[7].parse().unwrap(),
                    split: row[8].parse().unwrap(),
                    is_final: true,
                }
            })
            .collect();
        adjust(&mut days);
        for (day, row) in days.iter().rev().zip(&rows) {
            let (ours, theirs): (f64, f64) =
                (shortest(day.adjusted_close).parse().unwrap(), row[5].parse().unwrap());
            assert!((ours - theirs).abs() < 1e-11, "{}: {ours} {theirs}", day.date);
        }
    }
}
