//! What a request to place an order must say, and the orders that close it again.

use crate::{Decimal, InstrumentId, OrderClass, OrderRequest, OrderType, Side, TimeInForce};

/// What every order of a single instrument says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms<'a> {
    /// What is traded.
    pub instrument: &'a InstrumentId,
    /// Direction.
    pub side: Side,
    /// How its price is found.
    pub order_type: OrderType,
    /// For how long it lives.
    pub time_in_force: TimeInForce,
}

/// An order that closes another one at a profit or at a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Whether at a profit.
    pub is_profit: bool,
    /// Direction.
    pub side: Side,
    /// How its price is found.
    pub order_type: OrderType,
    /// Its limit.
    pub limit_price: Option<Decimal>,
    /// Its stop.
    pub stop_price: Option<Decimal>,
}

impl OrderRequest {
    /// What it says of the order, or what is missing.
    pub fn terms(&self) -> Result<Terms<'_>, &'static str> {
        if self.quantity.is_none() && self.notional.is_none() {
            return Err("the order has neither a quantity nor an amount");
        }
        Ok(Terms {
            instrument: self.instrument.as_ref().ok_or("the order has no instrument")?,
            side: self.side.ok_or("the order has no side")?,
            order_type: self.order_type.ok_or("the order has no type")?,
            time_in_force: self.time_in_force.ok_or("the order has no time in force")?,
        })
    }

    /// Its exits, the profit first; or why they do not fit an order of its class.
    pub fn exits(&self) -> Result<Vec<Exit>, String> {
        let is_oco = self.order_class == OrderClass::Oco;
        let profit = self.take_profit_price.or(self.limit_price.filter(|_| is_oco));
        let loss = self.stop_loss_price;
        match (self.order_class, profit.is_some(), loss.is_some()) {
            (OrderClass::Simple, false, false) => return Ok(Vec::new()),
            (OrderClass::Bracket | OrderClass::Oco, true, true) => {}
            (OrderClass::Oto, true, false) | (OrderClass::Oto, false, true) => {}
            (OrderClass::Mleg, ..) => return Err("orders with several legs are not offered".into()),
            (class, ..) => return Err(format!("the exits do not fit an order of class {class}")),
        }
        let side = match self.terms()?.side {
            // There is no entry: both are orders to exit already.
            side if is_oco => side,
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        };
        let exit = |is_profit: bool, order_type, limit_price, stop_price| Exit {
            is_profit,
            side,
            order_type,
            limit_price,
            stop_price,
        };
        let limit = self.stop_loss_limit_price;
        let stop = if limit.is_some() { OrderType::StopLimit } else { OrderType::Stop };
        let profit = profit.map(|_| exit(true, OrderType::Limit, profit, None));
        let loss = loss.map(|_| exit(false, stop, limit, loss));
        Ok(profit.into_iter().chain(loss).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{Head, OrderAction};

    fn request(order_class: OrderClass, profit: Option<i64>, loss: Option<i64>) -> OrderRequest {
        OrderRequest {
            instrument: Some("BAC.US".into()),
            side: Some(Side::Buy),
            quantity: Some(Decimal::ONE),
            order_type: Some(OrderType::Limit),
            time_in_force: Some(TimeInForce::Day),
            limit_price: Some(10.into()),
            take_profit_price: profit.map(Decimal::from),
            stop_loss_price: loss.map(Decimal::from),
            ..OrderRequest::blank(Head::default(), OrderAction::Place, order_class)
        }
    }

    #[test]
    fn exits_close_what_was_entered() {
        let exits = |class, profit, loss| request(class, profit, loss).exits();
        assert_eq!(exits(OrderClass::Simple, None, None), Ok(Vec::new()));
        let both = exits(OrderClass::Bracket, Some(12), Some(8)).unwrap();
        let kinds: Vec<_> =
            both.iter().map(|exit| (exit.is_profit, exit.side, exit.order_type)).collect();
        let (limit, stop) = (OrderType::Limit, OrderType::Stop);
        assert_eq!(kinds, [(true, Side::Sell, limit), (false, Side::Sell, stop)]);
        let oco = exits(OrderClass::Oco, None, Some(8)).unwrap();
        assert_eq!((oco[0].side, oco[0].limit_price), (Side::Buy, Some(10.into())));
        assert_eq!(exits(OrderClass::Oto, None, Some(8)).unwrap().len(), 1);
        for (class, profit, loss) in [
            (OrderClass::Simple, Some(12), None),
            (OrderClass::Bracket, Some(12), None),
            (OrderClass::Oto, Some(12), Some(8)),
            (OrderClass::Mleg, None, None),
        ] {
            assert!(exits(class, profit, loss).is_err(), "{class}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let whole = request(OrderClass::Simple, None, None);
        assert_eq!(whole.terms().unwrap().side, Side::Buy);
        let sideless = OrderRequest { side: None, ..whole.clone() };
        assert_eq!(sideless.terms(), Err("the order has no side"));
        let nothing = OrderRequest { quantity: None, ..whole };
        assert_eq!(nothing.terms(), Err("the order has neither a quantity nor an amount"));
    }
}
