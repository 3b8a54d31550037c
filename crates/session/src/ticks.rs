//! Quotes and trades put together of ticks, each of which tells one number.

use model::Decimal;

/// A price and a size that belong together, though they may come apart.
pub type Side = (Option<Decimal>, Option<Decimal>);

/// What a tick tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// The best bid, and mostly its size.
    Bid,
    /// The best ask, and mostly its size.
    Ask,
    /// The price of the last trade, and its size.
    Last,
    /// How much is bid.
    BidSize,
    /// How much is asked for.
    AskSize,
    /// The size of the last trade.
    LastSize,
}

/// What a tick changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Nothing that is told.
    Nothing,
    /// The quote.
    Quote,
    /// The last trade: there was another one.
    Trade,
}

/// What is known of one instrument's market.
#[derive(Clone, Debug, Default)]
pub struct Ticks {
    /// Bid and ask, once something was said of them.
    sides: [Option<Side>; 2],
    told: Option<(Side, Side)>,
    /// Whether the last tick was a price, and whether bid and ask had met before it.
    is_price: bool,
    had_met: bool,
    last: Side,
    /// Whether the price that came last said its size already.
    is_size_told: bool,
}

impl Ticks {
    /// Takes a tick in.
    pub fn take(&mut self, tick: Tick, price: Option<Decimal>, size: Option<Decimal>) -> Changed {
        self.is_price = matches!(tick, Tick::Bid | Tick::Ask | Tick::Last);
        match tick {
            Tick::Bid => self.sides[0] = Some((price, size)),
            Tick::Ask => self.sides[1] = Some((price, size)),
            Tick::BidSize => self.sides[0].get_or_insert_default().1 = size,
            Tick::AskSize => self.sides[1].get_or_insert_default().1 = size,
            Tick::Last => {
                (self.last, self.is_size_told) = ((price, size), true);
                return Changed::Trade;
            }
            Tick::LastSize => {
                // The size of the last price is repeated after it.
                let is_repeated = std::mem::take(&mut self.is_size_told) && size == self.last.1;
                self.last.1 = size;
                return if is_repeated { Changed::Nothing } else { Changed::Trade };
            }
        }
        Changed::Quote
    }

    /// Bid and ask as they stand now, if they are others than the last ones told. Where they meet,
    /// one of them is old: they move one after the other. Only when they still meet at the next
    /// price, it is so.
    pub fn quote(&mut self) -> Option<(Side, Side)> {
        let [Some(bid), Some(ask)] = self.sides else { return None };
        let do_meet = bid.0.zip(ask.0).is_some_and(|(bid, ask)| bid >= ask && !ask.is_zero());
        if do_meet && !(self.had_met && self.is_price) {
            self.had_met = true;
            return None;
        }
        self.had_met = do_meet;
        let is_news = self.told.replace((bid, ask)) != Some((bid, ask));
        is_news.then_some((bid, ask))
    }

    /// Price and size of the last trade.
    pub fn last(&self) -> Option<(Decimal, Decimal)> {
        self.last.0.zip(self.last.1.filter(|size| !size.is_zero()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes ticks in and says which quotes they make.
    fn quotes(ticks: &[(Tick, i64, i64)]) -> String {
        let mut known = Ticks::default();
        let told = ticks.iter().filter_map(|(tick, price, size)| {
            let number = |number: i64| Some(number).filter(|n| *n >= 0).map(Decimal::from);
            known.take(*tick, number(*price), number(*size));
            let said = |number: Option<Decimal>| number.map_or("-".into(), |n| n.to_string());
            let (bid, ask) = known.quote()?;
            Some(format!("{}x{}/{}x{}", said(bid.0), said(bid.1), said(ask.0), said(ask.1)))
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_quote_is_told_when_it_is_another_one() {
        let (bid, ask) = ((Tick::Bid, 10, 1), (Tick::Ask, 12, 2));
        assert_eq!(quotes(&[bid]), "", "no ask is known");
        assert_eq!(quotes(&[bid, ask, ask]), "10x1/12x2");
        assert_eq!(quotes(&[bid, ask, (Tick::BidSize, -1, 5)]), "10x1/12x2 10x5/12x2");
        let no_bid = (Tick::Bid, -1, 0);
        assert_eq!(quotes(&[bid, ask, no_bid]), "10x1/12x2 -x0/12x2");
        // Both move up, one after the other.
        assert_eq!(
            quotes(&[bid, ask, (Tick::Bid, 12, 1), (Tick::Ask, 13, 1)]),
            "10x1/12x2 12x1/13x1"
        );
        // They meet, and stay so.
        assert_eq!(
            quotes(&[bid, ask, (Tick::Bid, 12, 1), (Tick::Ask, 12, 3)]),
            "10x1/12x2 12x1/12x3"
        );
    }

    #[test]
    fn a_trade_is_told_once_though_its_size_is_told_twice() {
        let mut known = Ticks::default();
        let number = |number: i64| Some(Decimal::from(number));
        let size = |known: &mut Ticks, size: i64| known.take(Tick::LastSize, None, number(size));
        assert_eq!(known.take(Tick::Last, number(7), number(100)), Changed::Trade);
        assert_eq!(size(&mut known, 100), Changed::Nothing);
        assert_eq!(size(&mut known, 100), Changed::Trade, "another one at the same price");
        assert_eq!(size(&mut known, 50), Changed::Trade);
        assert_eq!(known.last(), number(7).zip(number(50)));
        known.take(Tick::LastSize, None, number(0));
        assert_eq!(known.last(), None);
    }
}
