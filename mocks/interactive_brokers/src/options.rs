//! Options: the chains of the listings, and what a model makes of one.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use mockkit::market::{Price, session};
use mockkit::time;

/// Expirations of a chain.
const MONTHS: i32 = 4;
/// Strikes on either side of the price when the chain was made.
const STRIKES: i32 = 10;
/// What every option is priced with.
pub const VOLATILITY: f64 = 0.2;
/// Steps when searching the volatility that gives a price.
const STEPS: u32 = 80;

/// An option, apart from what it is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    pub call: bool,
    pub strike: f64,
    pub expires: i64,
}

/// What a model says of an option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    pub price: f64,
    pub delta: f64,
    pub gamma: f64,
    pub vega: f64,
    pub theta: f64,
}

/// Third Fridays from a date on.
pub fn expirations(today: Date) -> Vec<Date> {
    let friday = |month: i32| {
        let first = today.first_of_month().checked_add(month.months()).ok()?;
        let friday = first.nth_weekday_of_month(3, Weekday::Friday).ok()?;
        (friday > today).then_some(friday)
    };
    (0..MONTHS).filter_map(friday).collect()
}

/// Round numbers around a price.
pub fn strikes(price: Price) -> Vec<f64> {
    let price = price.double();
    let step = match price {
        ..=25.0 => 0.5,
        ..=200.0 => 1.0,
        ..=1_000.0 => 5.0,
        _ => 25.0,
    };
    let middle = (price / step).round();
    let around = (-STRIKES..=STRIKES).map(|offset| (middle + f64::from(offset)) * step);
    around.filter(|strike| *strike > 0.0).collect()
}

/// When an option of this date ends.
pub fn end(date: Date) -> i64 {
    session(date).map_or(time::new_york_at(date, 16, 0), |session| session.close)
}

/// Symbol, date, right and strike in 21 letters.
pub fn local_symbol(symbol: &str, date: Date, terms: &Terms) -> String {
    let right = if terms.call { 'C' } else { 'P' };
    let strike = (terms.strike * 1_000.0).round();
    format!("{symbol:<6}{}{right}{strike:08}", date.strftime("%y%m%d"))
}

impl Terms {
    /// Black and Scholes without interest or dividends; per day and per point of volatility.
    pub fn model(&self, under: f64, volatility: f64, now: i64) -> Model {
        let left = self.expires.saturating_sub(now).max(0);
        let years = left as f64 / (365.0 * time::DAY as f64);
        let spread = (volatility * years.sqrt()).max(1e-9);
        let near = (under / self.strike).ln() / spread + spread / 2.0;
        let (delta, hit) = (normal(near), normal(near - spread));
        let density = (-near * near / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let value = under * delta - self.strike * hit;
        let decay = under * density * volatility / (2.0 * years.sqrt().max(1e-9));
        Model {
            price: if self.call { value } else { value - under + self.strike },
            delta: if self.call { delta } else { delta - 1.0 },
            gamma: density / (under * spread),
            vega: under * density * years.sqrt() / 100.0,
            theta: -decay / 365.0,
        }
    }

    /// The volatility that gives a price.
    pub fn implied(&self, under: f64, price: f64, now: i64) -> f64 {
        let (mut low, mut high) = (0.0001, 10.0);
        for _ in 0..STEPS {
            let middle = (low + high) / 2.0;
            if self.model(under, middle, now).price > price {
                high = middle;
            } else {
                low = middle;
            }
        }
        low
    }

    /// The model's price in whole cents, one at least.
    pub fn price(&self, under: Price, now: i64) -> Price {
        let cents = (self.model(under.double(), VOLATILITY, now).price * 100.0).round();
        Price((cents.clamp(1.0, 1e9) as i64) * 100)
    }
}

/// The normal distribution, by a rational approximation good to seven digits.
fn normal(x: f64) -> f64 {
    const TERMS: [f64; 5] =
        [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let scale = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let sum = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * scale);
    let tail = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum;
    if x >= 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_as_the_textbook_does() {
        let year = 365 * time::DAY;
        let call = Terms { call: true, strike: 100.0, expires: year };
        let model = call.model(100.0, 0.2, 0);
        assert!((model.price - 7.9656).abs() < 1e-3, "{model:?}");
        assert!((model.delta - 0.5398).abs() < 1e-3, "{model:?}");
        let put = Terms { call: false, ..call }.model(100.0, 0.2, 0);
        assert!((put.price - model.price).abs() < 1e-9, "without interest they are equal");
        assert!((call.implied(100.0, model.price, 0) - 0.2).abs() < 1e-6);
    }

    #[test]
    fn names_a_chain() {
        let today = jiff::civil::date(2013, 10, 7);
        let dates = expirations(today);
        assert_eq!(dates[0], jiff::civil::date(2013, 10, 18));
        let terms = Terms { call: true, strike: 182.5, expires: end(dates[0]) };
        assert_eq!(local_symbol("IBM", dates[0], &terms), "IBM   131018C00182500");
        assert_eq!(strikes(Price(1_820_000)).len(), 21);
    }
}
