//! Events by number: the same number always gives the same event.

use model::{
    ApprovedOrder, Command, CommandKind, Decimal, EventId, Fill, FillKind, Head, InstrumentId,
    OrderAction, OrderClass, OrderRequest, OrderType, Side, Text, TimeInForce, Timestamp, Trade,
    TradeStatus,
};

use super::SYSTEM;

/// Accounts that fills are spread over; they lie in different partitions of four.
pub const ACCOUNTS: [&str; 6] = ["amber", "beryl", "coral", "denim", "ebony", "fawn"];

pub fn fill(number: u64) -> Fill {
    fill_of("vendor", number)
}

/// A fill of one vendor among several.
pub fn fill_of(vendor: &str, number: u64) -> Fill {
    let account = ACCOUNTS[(number % ACCOUNTS.len() as u64) as usize];
    let id = EventId::of(&[vendor, "fills", &number.to_string()]);
    let mut head = Head::new(id, Timestamp::from_secs(number as i64));
    // The runtime fills these in for what a source reads; what a test publishes has them.
    head.source = SYSTEM.into();
    Fill {
        head,
        execution_id: number.to_string().into(),
        vendor_execution_id: None,
        order_id: "order".into(),
        account: account.into(),
        system: SYSTEM.into(),
        broker_account: account.into(),
        broker_order_id: "theirs".into(),
        instrument: InstrumentId::listed("BAC", "US"),
        symbol: "BAC".into(),
        side: Side::Buy,
        price: Decimal::ONE,
        quantity: Decimal::from(number + 1),
        currency: "USD".into(),
        commission: None,
        cumulative_quantity: None,
        kind: FillKind::New,
        corrects: None,
    }
}

pub fn trade(vendor: &str, number: u64) -> Trade {
    let symbol = ["AAA", "BBB"][(number % 2) as usize];
    let id = EventId::of(&[vendor, "trades", &number.to_string()]);
    Trade {
        head: Head::new(id, Timestamp::from_secs(number as i64)),
        instrument: InstrumentId::listed(symbol, "US"),
        symbol: symbol.into(),
        trade_id: number.to_string().into(),
        venue: None,
        price: Decimal::from(number + 1),
        quantity: Decimal::ONE,
        conditions: Vec::new(),
        tape: None,
        status: TradeStatus::Original,
    }
}

pub fn request_id(number: u64) -> String {
    format!("r{number}")
}

pub fn approved(number: u64) -> ApprovedOrder {
    let head = Head {
        event_id: EventId::of(&["approved", &number.to_string()]),
        source: "approve".into(),
        ..Head::default()
    };
    let order_id = Text::from(format!("o{number}"));
    let request = OrderRequest {
        head: Head { event_id: EventId::of(&["request", &number.to_string()]), ..head.clone() },
        request_id: request_id(number).into(),
        action: OrderAction::Place,
        order_id: order_id.clone(),
        account: "main".into(),
        instrument: Some(InstrumentId::listed("BAC", "US")),
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
    };
    ApprovedOrder {
        head,
        order_id,
        account: "main".into(),
        system: SYSTEM.into(),
        broker_account: "B1".into(),
        request,
        reference_price: None,
        reference_time: None,
        checks: Vec::new(),
    }
}

/// The cancellation of an order, as request number `number`.
pub fn cancel(number: u64, order: u64) -> ApprovedOrder {
    let mut canceled = approved(number);
    canceled.request.action = OrderAction::Cancel;
    canceled.order_id = Text::from(format!("o{order}"));
    canceled.request.order_id = canceled.order_id.clone();
    canceled
}

pub fn halt(scope: &str) -> Command {
    command(scope, CommandKind::Halt)
}

pub fn resume(scope: &str) -> Command {
    command(scope, CommandKind::Resume)
}

fn command(scope: &str, kind: CommandKind) -> Command {
    Command {
        head: Head::new(EventId::of(&["command", scope, kind.as_str()]), Timestamp::default()),
        scope: scope.into(),
        kind,
        actor: "tester".into(),
        reason: Some("a drill".into()),
    }
}
