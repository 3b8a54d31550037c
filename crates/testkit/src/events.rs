//! Events for stories, by number: the same number always gives the same event, a second after the
//! one before it.

use model::{
    Activity, Adjustment, ApprovedOrder, Balance, Bar, Decimal, EventId, Fill, FillKind, Head,
    InstrumentId, OrderAction, OrderClass, OrderEvent, OrderEventKind, OrderRequest, OrderType,
    PortfolioCash, PortfolioPosition, Position, Quote, Side, Text, TimeInForce, Timestamp, Trade,
    TradeStatus,
};

/// Ten in the morning in New York on 2013-10-07, a Monday.
const START: i64 = 1_381_154_400;

/// The head of event `number` of some kind.
pub fn head(kind: &str, number: u64) -> Head {
    let time = Timestamp::from_secs(START + number as i64);
    Head {
        event_id: EventId::of(&["testkit", kind, &number.to_string()]),
        source: "paper".into(),
        event_time: time,
        received_time: time,
    }
}

fn instrument(symbol: &str) -> InstrumentId {
    InstrumentId::listed(symbol, "US")
}

/// A print of a hundred units.
pub fn trade(number: u64, symbol: &str, price: Decimal) -> Trade {
    Trade {
        head: head("trade", number),
        instrument: instrument(symbol),
        symbol: symbol.into(),
        trade_id: number.to_string().into(),
        venue: None,
        price,
        quantity: Decimal::ONE_HUNDRED,
        conditions: Vec::new(),
        tape: None,
        status: TradeStatus::Original,
    }
}

/// Best bid and ask.
pub fn quote(number: u64, symbol: &str, bid: Decimal, ask: Decimal) -> Quote {
    Quote {
        head: head("quote", number),
        instrument: instrument(symbol),
        symbol: symbol.into(),
        bid_price: Some(bid),
        bid_quantity: Some(Decimal::ONE_HUNDRED),
        bid_venue: None,
        ask_price: Some(ask),
        ask_quantity: Some(Decimal::ONE_HUNDRED),
        ask_venue: None,
        conditions: Vec::new(),
        tape: None,
    }
}

/// A final bar of a minute in which the price did not move.
pub fn bar(number: u64, symbol: &str, price: Decimal) -> Bar {
    let head = head("bar", number);
    Bar {
        end_time: head.event_time.plus_nanos(60_000_000_000),
        head,
        instrument: instrument(symbol),
        symbol: symbol.into(),
        interval: "1m".into(),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: Decimal::ONE_HUNDRED,
        vwap: None,
        trade_count: None,
        adjustment: Adjustment::Raw,
        is_final: true,
    }
}

/// A fill of order `order`.
pub fn fill(
    number: u64,
    account: &str,
    order: &str,
    symbol: &str,
    (side, quantity, price): (Side, Decimal, Decimal),
) -> Fill {
    Fill {
        head: head("fill", number),
        execution_id: format!("execution-{number}").into(),
        vendor_execution_id: None,
        order_id: order.into(),
        account: account.into(),
        system: "paper".into(),
        broker_account: account.into(),
        broker_order_id: format!("broker-{order}").into(),
        instrument: instrument(symbol),
        symbol: symbol.into(),
        side,
        price,
        quantity,
        currency: "USD".into(),
        commission: None,
        cumulative_quantity: None,
        kind: FillKind::New,
        corrects: None,
    }
}

/// What a broker says that an account holds.
pub fn position(number: u64, account: &str, symbol: &str, quantity: Decimal) -> Position {
    Position {
        head: head("position", number),
        account: account.into(),
        system: "paper".into(),
        broker_account: account.into(),
        instrument: instrument(symbol),
        symbol: symbol.into(),
        quantity,
        average_price: None,
        last_price: None,
        market_value: None,
        cost_basis: None,
        unrealized_profit: None,
        currency: "USD".into(),
    }
}

/// What a broker says is in an account.
pub fn balance(number: u64, account: &str, cash: Decimal) -> Balance {
    Balance {
        head: head("balance", number),
        account: account.into(),
        system: "paper".into(),
        broker_account: account.into(),
        currency: "USD".into(),
        cash,
        equity: None,
        buying_power: None,
        initial_margin: None,
        maintenance_margin: None,
        pending_in: None,
        pending_out: None,
        is_blocked: false,
    }
}

/// A movement of money.
pub fn activity(number: u64, account: &str, kind: &str, amount: Decimal) -> Activity {
    Activity {
        head: head("activity", number),
        account: account.into(),
        system: "paper".into(),
        broker_account: account.into(),
        activity_id: format!("activity-{number}").into(),
        kind: kind.into(),
        sub_kind: None,
        date: None,
        instrument: None,
        symbol: None,
        net_amount: Some(amount),
        quantity: None,
        per_unit_amount: None,
        currency: "USD".into(),
        status: None,
        description: None,
    }
}

/// What our own books say of a position.
pub fn own_position(
    number: u64,
    account: &str,
    symbol: &str,
    quantity: Decimal,
) -> PortfolioPosition {
    PortfolioPosition {
        head: head("own position", number),
        account: account.into(),
        instrument: instrument(symbol),
        quantity,
        average_price: None,
        cost: Decimal::ZERO,
        realized_profit: Decimal::ZERO,
        currency: "USD".into(),
        fill_count: 1,
        last_execution_id: None,
    }
}

/// What our own books say of cash.
pub fn own_cash(number: u64, account: &str, cash: Decimal) -> PortfolioCash {
    PortfolioCash {
        head: head("own cash", number),
        account: account.into(),
        currency: "USD".into(),
        cash,
        opening: Decimal::ZERO,
        movement_count: 1,
    }
}

/// What a broker reports of an order for ten units at the market.
pub fn order_event(number: u64, order: &str, kind: OrderEventKind) -> OrderEvent {
    OrderEvent {
        head: head("order event", number),
        order_id: order.into(),
        account: "main".into(),
        system: "paper".into(),
        broker_account: "main".into(),
        kind,
        request_id: Some(format!("request-{order}").into()),
        action: Some(OrderAction::Place),
        broker_order_id: Some(format!("broker-{order}").into()),
        client_order_id: None,
        instrument: Some(instrument("BAC")),
        side: Some(Side::Buy),
        order_type: Some(OrderType::Market),
        time_in_force: Some(TimeInForce::Day),
        quantity: Some(Decimal::TEN),
        notional: None,
        limit_price: None,
        stop_price: None,
        filled_quantity: None,
        average_price: None,
        last_quantity: None,
        last_price: None,
        replaced_by: None,
        replaces: None,
        reason: None,
    }
}

/// A request to buy one unit at the market.
pub fn request(number: u64, account: &str, symbol: &str) -> OrderRequest {
    OrderRequest {
        head: head("request", number),
        request_id: Text::from(format!("testkit-request-{number}")),
        action: OrderAction::Place,
        order_id: Text::from(format!("testkit-{number}")),
        account: account.into(),
        instrument: Some(instrument(symbol)),
        side: Some(Side::Buy),
        quantity: Some(Decimal::ONE),
        notional: None,
        order_type: Some(OrderType::Market),
        time_in_force: Some(TimeInForce::Day),
        limit_price: None,
        stop_price: None,
        trail_amount: None,
        trail_percent: None,
        extended_hours: false,
        order_class: OrderClass::Simple,
        take_profit_price: None,
        stop_loss_price: None,
        stop_loss_limit_price: None,
        position_intent: None,
        legs: Vec::new(),
        expires_at: None,
        strategy: None,
        broker_options: Default::default(),
    }
}

/// The same, checked and routed.
pub fn approved(number: u64, system: &str, broker_account: &str, symbol: &str) -> ApprovedOrder {
    let request = request(number, "main", symbol);
    ApprovedOrder {
        head: head("approved", number),
        order_id: request.order_id.clone(),
        account: request.account.clone(),
        system: system.into(),
        broker_account: broker_account.into(),
        request,
        reference_price: None,
        reference_time: None,
        checks: Vec::new(),
    }
}
