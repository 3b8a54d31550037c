//! The checks that look at the market, the limits and what the account has done.

use model::{Decimal, OrderClass, OrderRequest, OrderType, PositionIntent, Side};

use crate::exposure;
use crate::known::Known;
use crate::market::{NoPrice, Reference};
use crate::settings::Resolved;
use crate::state::{MAX_OPEN, State, short_id};

/// Why a request is denied: the check, the figure and the limit, in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) check: &'static str,
    pub(crate) reason: String,
}

/// One order's terms against everything they must respect.
pub(crate) struct Inquiry<'a> {
    pub(crate) terms: &'a OrderRequest,
    pub(crate) limits: &'a Resolved,
    pub(crate) known: &'a Known,
    pub(crate) state: &'a State,
    /// Checks passed so far.
    pub(crate) passed: Vec<&'static str>,
    /// The price that the terms were compared with.
    pub(crate) reference: Option<Reference>,
    /// Price of one unit that they were valued at.
    pub(crate) unit_price: Option<Decimal>,
}

type Verdict = Result<(), String>;

impl Inquiry<'_> {
    /// Notes the verdict of a check.
    pub(crate) fn run(&mut self, check: &'static str, verdict: Verdict) -> Result<(), Denial> {
        match verdict {
            Ok(()) => {
                self.passed.push(check);
                Ok(())
            }
            Err(reason) => Err(Denial { check, reason }),
        }
    }

    /// The limits on size, rate and price.
    pub(crate) fn limits(&mut self) -> Result<(), Denial> {
        self.run("instrument", self.instruments())?;
        self.run("max_orders_per_minute", self.rate())?;
        self.run("max_quantity", self.quantity())?;
        self.price()?;
        if self.reference.is_some() || self.terms.order_type == Some(OrderType::StopLimit) {
            self.run("collar", self.collar())?;
        }
        self.run("max_notional", self.notional())?;
        if let Some(most) = self.limits.max_open_notional {
            self.run("max_open_notional", self.open_notional(most))?;
        }
        if !self.limits.allow_short {
            self.run("short", self.short())?;
        }
        Ok(())
    }

    /// The checks of a new order that a replacement does not need.
    pub(crate) fn newness(&mut self) -> Result<(), Denial> {
        if self.limits.duplicate_window_secs > 0 {
            self.run("duplicate", self.duplicate())?;
        }
        self.run("max_open_orders", self.open_orders())
    }

    fn instruments(&self) -> Verdict {
        for (instrument, _, _) in exposure::units(self.terms) {
            if self.limits.blocked_instruments.contains(instrument) {
                return Err(format!("{instrument} is blocked"));
            }
            let allowed = self.limits.allowed_instruments.as_ref();
            if allowed.is_some_and(|allowed| !allowed.contains(instrument)) {
                return Err(format!("{instrument} is not among the allowed instruments"));
            }
        }
        Ok(())
    }

    fn rate(&self) -> Verdict {
        let (count, most) = (self.state.count_in_minute(), self.limits.max_orders_per_minute);
        if count < most as usize {
            return Ok(());
        }
        Err(format!("{count} orders in the last 60 s, at most {most}"))
    }

    fn open_orders(&self) -> Verdict {
        let (count, most) = (self.state.open.len(), self.limits.max_open_orders);
        if count >= most as usize {
            return Err(format!("{count} orders are open, at most {most}"));
        }
        let size = self.state.open_size() + 1 + self.terms.legs.len();
        if size > MAX_OPEN {
            return Err(format!("{size} orders and legs would be open, at most {MAX_OPEN}"));
        }
        Ok(())
    }

    fn duplicate(&self) -> Verdict {
        let secs = self.limits.duplicate_window_secs;
        match self.state.since_alike(fingerprint(self.terms), secs) {
            None => Ok(()),
            Some(nanos) => {
                let ago = Decimal::new(nanos / 1_000_000, 3);
                Err(format!("the same order was approved {ago} s ago, less than {secs} s"))
            }
        }
    }

    fn quantity(&self) -> Verdict {
        let most = self.limits.max_quantity;
        for (instrument, _, quantity) in exposure::units(self.terms) {
            match quantity {
                Some(quantity) if quantity > most => {
                    return Err(format!("{quantity} of {instrument}, at most {most}"));
                }
                None if self.terms.notional.is_none() => {
                    return Err(format!("the quantity of {instrument} is too large to be told"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Finds the last price. Only an order that needs one is denied for want of it.
    fn price(&mut self) -> Result<(), Denial> {
        let is_market =
            matches!(self.terms.order_type, Some(OrderType::Market | OrderType::TrailingStop));
        match self.last_price() {
            Ok(reference) => {
                self.reference = Some(reference);
                self.run("price", Ok(()))?;
            }
            Err(reason) if is_market || self.limits.require_price => {
                self.run("price", Err(reason))?;
            }
            Err(_) => {}
        }
        let last = self.reference.map(|reference| reference.price);
        self.unit_price = exposure::unit_price(self.terms, last);
        Ok(())
    }

    /// The last price of the instrument; of a multi-leg order, what one unit of all legs is worth
    /// when every leg counts as bought, at the time of the oldest of their prices.
    fn last_price(&self) -> Result<Reference, String> {
        let most = self.limits.max_price_age_secs;
        let mut total: Option<Reference> = None;
        let ratios = self.terms.legs.iter().map(|leg| leg.ratio_quantity);
        let ratios = ratios.chain(std::iter::repeat(Decimal::ONE));
        for ((instrument, _, _), ratio) in exposure::units(self.terms).into_iter().zip(ratios) {
            let found = self.known.market.reference(instrument, self.state.latest_time(), most);
            let leg = found.map_err(|missing| match missing {
                NoPrice::Unheard => format!("no price of {instrument} was heard of"),
                NoPrice::Stale(age) => {
                    format!("the last price of {instrument} is {age} s old, at most {most} s")
                }
            })?;
            let value = leg.price.checked_mul(ratio);
            let price = value.and_then(|value| {
                value.checked_add(total.map_or(Decimal::ZERO, |total| total.price))
            });
            let price = price.ok_or_else(|| format!("the price of {instrument} is too large"))?;
            let oldest = total.filter(|total| total.received_time < leg.received_time);
            total = Some(Reference { price, ..oldest.unwrap_or(leg) });
        }
        total.ok_or_else(|| "nothing is traded".to_owned())
    }

    fn collar(&self) -> Verdict {
        let terms = self.terms;
        let last = self.reference.map(|reference| reference.price);
        let (price, from, name) = match (terms.order_type, terms.order_class) {
            (_, OrderClass::Mleg | OrderClass::Oco) => return Ok(()),
            (Some(OrderType::Limit), _) => (terms.limit_price, last, "the last price"),
            (Some(OrderType::StopLimit), _) => {
                (terms.limit_price, terms.stop_price, "its stop price")
            }
            _ => return Ok(()),
        };
        let (Some(price), Some(from)) = (price, from) else { return Ok(()) };
        let most = self.limits.collar_percent;
        let percent = (price - from)
            .abs()
            .checked_mul(Decimal::ONE_HUNDRED)
            .and_then(|distance| distance.checked_div(from))
            .ok_or_else(|| format!("limit price {price} cannot be compared with {from}"))?;
        if percent <= most {
            return Ok(());
        }
        let percent = percent.round_dp(2);
        Err(format!("limit price {price} is {percent} % from {name} {from}, at most {most} %"))
    }

    fn notional(&self) -> Verdict {
        let most = self.limits.max_notional;
        match exposure::value(self.terms, self.terms.quantity, self.unit_price) {
            Some(value) if value <= most => Ok(()),
            Some(value) => Err(format!("{} of money, at most {most}", value.normalize())),
            None => Err(format!("its money cannot be told, at most {most}")),
        }
    }

    fn open_notional(&self, most: Decimal) -> Verdict {
        let open = exposure::open_value(self.state, self.known, &self.terms.order_id);
        let value = exposure::value(self.terms, self.terms.quantity, self.unit_price);
        let total = open.zip(value).and_then(|(open, value)| open.checked_add(value));
        match total {
            Some(total) if total <= most => Ok(()),
            Some(total) => {
                let total = total.normalize();
                Err(format!("{total} of money with the orders that are open, at most {most}"))
            }
            None => Err(format!("the money of open orders cannot be told, at most {most}")),
        }
    }

    fn short(&self) -> Verdict {
        let opens_short = |intent| intent == Some(PositionIntent::SellToOpen);
        let legs = &self.terms.legs;
        if opens_short(self.terms.position_intent)
            || legs.iter().any(|leg| opens_short(leg.position_intent))
        {
            return Err("it opens a short position".to_owned());
        }
        for (instrument, side, quantity) in exposure::units(self.terms) {
            if side == Side::Buy {
                continue;
            }
            let quantity = quantity.or_else(|| {
                let price = self.reference.map(|reference| reference.price)?;
                self.terms.notional?.checked_div(price)
            });
            let held = self.known.held(&self.terms.account, instrument);
            let but = &self.terms.order_id;
            let sales = exposure::open_sales(self.state, self.known, but, instrument);
            let free = sales.and_then(|sales| held.checked_sub(sales)).unwrap_or_default();
            match quantity {
                Some(quantity) if quantity <= free => {}
                Some(quantity) => {
                    let quantity = quantity.round_dp(9).normalize();
                    return Err(format!(
                        "sells {quantity} of {instrument}; {held} held, {free} not yet on sale"
                    ));
                }
                None => return Err(format!("the quantity sold of {instrument} cannot be told")),
            }
        }
        Ok(())
    }
}

/// What makes two orders look like one sent twice: everything that is traded, and its prices.
pub(crate) fn fingerprint(terms: &OrderRequest) -> u64 {
    let text = |number: Option<Decimal>| {
        number.map(|number| number.normalize().to_string()).unwrap_or_default()
    };
    let mut parts = vec![text(terms.notional), text(terms.limit_price), text(terms.stop_price)];
    for (instrument, side, quantity) in exposure::units(terms) {
        parts.extend([instrument.to_string(), side.to_string(), text(quantity)]);
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    short_id(&parts)
}
