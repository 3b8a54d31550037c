use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Listing, next_session};

/// Later than any date that matters; the files end with a row for it.
const FOREVER: i16 = 2050;

/// Raw prices times both factors are adjusted prices, for dates up to and including `date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    pub date: Date,
    /// For cash dividends.
    pub price: Decimal,
    pub split: Decimal,
    /// Raw close of `date`.
    pub reference: Decimal,
}

/// `new_rate` shares for `old_rate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    pub ex_date: Date,
    pub new_rate: Decimal,
    pub old_rate: Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashDividend {
    pub ex_date: Date,
    /// Dollars a share, worked back from the factors and so right to about a tenth of a cent.
    pub rate: Decimal,
}

impl Listing {
    /// Price and split factor of a date.
    pub fn factor(&self, date: Date) -> (Decimal, Decimal) {
        let index = self.factors.partition_point(|factor| factor.date < date);
        let factor = self.factors.get(index);
        factor.map_or((Decimal::ONE, Decimal::ONE), |factor| (factor.price, factor.split))
    }

    pub fn splits(&self) -> Vec<Split> {
        let mut splits = Vec::new();
        for (factor, next) in self.changes() {
            if factor.split == next.split || factor.split.is_zero() {
                continue;
            }
            let ratio = next.split / factor.split;
            let (new_rate, old_rate) = if ratio >= Decimal::ONE {
                (whole(ratio), Decimal::ONE)
            } else {
                (Decimal::ONE, whole(Decimal::ONE / ratio))
            };
            splits.push(Split { ex_date: next_session(factor.date).date, new_rate, old_rate });
        }
        splits
    }

    pub fn cash_dividends(&self) -> Vec<CashDividend> {
        let mut dividends = Vec::new();
        for (factor, next) in self.changes() {
            if factor.price == next.price || next.price.is_zero() {
                continue;
            }
            let rate = factor.reference * (Decimal::ONE - factor.price / next.price);
            let rate = rate.round_dp_with_strategy(3, RoundingStrategy::MidpointAwayFromZero);
            let ex_date = next_session(factor.date).date;
            dividends.push(CashDividend { ex_date, rate: rate.normalize() });
        }
        dividends
    }

    /// Each row with the row after it: what changed, changed on the session after the row's date.
    fn changes(&self) -> impl Iterator<Item = (&Factor, &Factor)> {
        let pairs = self.factors.iter().zip(self.factors.iter().skip(1));
        pairs.filter(|(factor, _)| factor.date.year() < FOREVER)
    }
}

/// The factors have seven digits, so 7:1 reads 6.99999.
fn whole(ratio: Decimal) -> Decimal {
    let near = ratio.round();
    let off = (ratio - near).abs();
    if off < Decimal::new(1, 3) { near } else { ratio.round_dp(4).normalize() }
}
