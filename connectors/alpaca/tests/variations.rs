//! What Alpaca's pages say can come and no fixture shows: of accounts, activities and orders.

#![allow(clippy::unwrap_used)]

use alpaca::map::{self, Executions};
use component::Bad;
use http::Row;
use model::{
    Activity, Decimal, Event, Fill, FillKind, OrderEvent, OrderEventKind, OrderType, Position,
    Side, TimeInForce, Timestamp,
};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

/// A row of a vendor's list, with some members changed.
fn row(mut row: Value, with: Value) -> Row {
    for (name, value) in with.as_object().unwrap() {
        row[name] = value.clone();
    }
    Row::of(serde_json::from_str(&row.to_string()).unwrap())
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn position(with: Value) -> Result<Position, Bad> {
    let plain = json!({
        "symbol": "BAC", "asset_class": "us_equity", "exchange": "", "qty": "10", "side": "long",
        "avg_entry_price": "13.5", "market_value": "140", "cost_basis": "135",
        "unrealized_pl": "5", "current_price": "14", "asset_marginable": true,
    });
    map::position(&row(plain, with), "PA1", NOW)
}

#[test]
fn positions_of_every_kind() {
    for (with, instrument, quantity) in [
        (json!({}), "BAC.US", "10"),
        (json!({"symbol": "BRK.B", "qty": 10}), "BRK.B.US", "10"),
        (json!({"qty": "0.123456789"}), "BAC.US", "0.123456789"),
        (json!({"qty": "-10", "side": "short"}), "BAC.US", "-10"),
        (json!({"qty": "10", "side": "short"}), "BAC.US", "-10"),
        (json!({"qty": "-10", "side": null}), "BAC.US", "-10"),
        (
            json!({"symbol": "AAPL250620C00100000", "asset_class": "us_option", "qty": "-2",
                   "side": "short", "market_value": "-310", "cost_basis": "-290"}),
            "AAPL250620C00100000.US",
            "-2",
        ),
        (json!({"symbol": "BTCUSD", "asset_class": "crypto"}), "BTC/USD.CRYPTO", "10"),
        (json!({"symbol": "BTC/USD", "asset_class": "crypto"}), "BTC/USD.CRYPTO", "10"),
        (json!({"symbol": "ETHUSDT", "asset_class": "crypto"}), "ETH/USDT.CRYPTO", "10"),
        (json!({"symbol": "ETHBTC", "asset_class": "crypto"}), "ETH/BTC.CRYPTO", "10"),
        (json!({"asset_class": null, "current_price": null, "exchange": null}), "BAC.US", "10"),
    ] {
        let position = position(with.clone()).unwrap();
        assert_eq!(position.instrument.as_str(), instrument, "{with}");
        assert_eq!(position.quantity, decimal(quantity), "{with}");
    }
    let bare = position(json!({"market_value": "", "unrealized_pl": null})).unwrap();
    assert_eq!((bare.market_value, bare.unrealized_profit), (None, None));
    for (with, field) in [
        (json!({"qty": null}), "qty"),
        (json!({"qty": "ten"}), "qty"),
        (json!({"qty": [1]}), "qty"),
        (json!({"symbol": ""}), "symbol"),
        (json!({"side": "sideways"}), "side"),
        (json!({"avg_entry_price": "-1"}), "avg_entry_price"),
        (json!({"cost_basis": {}}), "cost_basis"),
    ] {
        assert_eq!(position(with.clone()).unwrap_err().field, field, "{with}");
    }
}

#[test]
fn accounts_of_every_status() {
    let balance = |with: Value| {
        let plain = json!({
            "account_number": "PA1", "status": "ACTIVE", "currency": "USD", "cash": "1000.50",
            "account_blocked": false, "trading_blocked": false, "trade_suspended_by_user": false,
            "bod_dtbp": 0, "daytrade_count": 0,
        });
        map::balance(&row(plain, with), NOW)
    };
    for (with, is_blocked) in [
        (json!({}), false),
        (json!({"status": "PAPER_ONLY"}), false),
        (json!({"status": "ACCOUNT_UPDATED"}), false),
        (json!({"status": "LIMITED", "bod_dtbp": "0"}), false),
        (json!({"status": "SOMETHING_NEW"}), false),
        (json!({"status": "INACTIVE"}), true),
        (json!({"status": "ACCOUNT_CLOSED"}), true),
        (json!({"status": "REJECTED"}), true),
        (json!({"account_blocked": true}), true),
        (json!({"trading_blocked": true}), true),
        (json!({"trade_suspended_by_user": true}), true),
        (json!({"account_blocked": null, "status": null}), false),
    ] {
        let balance = balance(with.clone()).unwrap();
        assert_eq!((balance.is_blocked, balance.cash), (is_blocked, decimal("1000.5")), "{with}");
    }
    let debt = balance(json!({"cash": -12.5, "currency": null, "equity": null})).unwrap();
    assert_eq!((debt.cash, debt.currency.as_str()), (decimal("-12.5"), "USD"));
    assert_eq!(balance(json!({"cash": null})).unwrap_err().field, "cash");
    assert_eq!(balance(json!({"account_number": null})).unwrap_err().field, "account_number");
}

/// Those of the vendor's page.
const ACTIVITY_TYPES: &str = "TRANS MISC ACATC ACATS CFEE CGD CIL CSD CSW DIV DIVCGL DIVCGS DIVFEE \
    DIVFT DIVNRA DIVROC DIVTW DIVTXEX DIVWH EXTRD FEE FXTRD INT INTNRA INTPNL INTTW JNL JNLC JNLS \
    MA MEM NC OCT OPASN OPCA OPCSH OPEXC OPEXP OPTRD PTC PTR REORG SC SPIN SPLIT SSO SSP SWP VOF \
    WH FOPT LATER";

fn activity(with: Value) -> Result<Activity, Bad> {
    let plain = json!({
        "activity_type": "DIV", "id": "20210301000000000::8d65", "date": "2021-03-01",
        "net_amount": "1.02",
    });
    map::activity(&row(plain, with), "PA1")
}

#[test]
fn activities_of_every_type() {
    for kind in ACTIVITY_TYPES.split_whitespace() {
        let activity = activity(json!({"activity_type": kind})).unwrap();
        assert_eq!((activity.kind.as_str(), activity.broker_account.as_str()), (kind, "PA1"));
    }
    for (with, time) in [
        (json!({}), "2021-03-01T00:00:00Z"),
        (json!({"date": "2021-03-01T00:00:00Z"}), "2021-03-01T00:00:00Z"),
        (
            json!({"created_at": "2021-03-02T05:00:00.123456789-04:00"}),
            "2021-03-02T09:00:00.123456789Z",
        ),
        (json!({"created_at": "2021-03-02"}), "2021-03-02T00:00:00Z"),
        (json!({"date": null, "created_at": "2021-03-02T09:00:00Z"}), "2021-03-02T09:00:00Z"),
        (json!({"date": null, "transaction_time": "2021-03-03T09:00:00Z"}), "2021-03-03T09:00:00Z"),
    ] {
        assert_eq!(
            activity(with.clone()).unwrap().head.event_time,
            time.parse().unwrap(),
            "{with}"
        );
    }
    let split = activity(json!({
        "activity_type": "SPLIT", "symbol": "AAPL", "qty": "201.9617035750071243",
        "net_amount": "0", "activity_sub_type": "FWD", "status": "correct", "group_id": "g",
    }));
    let split = split.unwrap();
    assert_eq!(split.quantity, Some(decimal("201.9617035750071243")));
    assert_eq!(
        (split.status.as_deref(), split.sub_kind.as_deref()),
        (Some("correct"), Some("FWD"))
    );
    let fee =
        activity(json!({"activity_type": "CFEE", "symbol": "BTCUSD", "qty": "-0.001"})).unwrap();
    assert_eq!(fee.instrument.unwrap().as_str(), "BTC/USD.CRYPTO");
    for (with, field) in [
        (json!({"id": null}), "id"),
        (json!({"activity_type": ""}), "activity_type"),
        (json!({"date": "soon"}), "date"),
        (json!({"date": null}), "date"),
        (json!({"net_amount": "much"}), "net_amount"),
    ] {
        assert_eq!(activity(with.clone()).unwrap_err().field, field, "{with}");
    }
}

fn plain_order() -> Value {
    json!({
        "id": "b1", "client_order_id": "fs.o1", "status": "new", "symbol": "BAC",
        "asset_class": "us_equity", "side": "buy", "type": "limit", "order_type": "limit",
        "time_in_force": "day", "order_class": "", "qty": "10", "notional": null,
        "filled_qty": "0", "filled_avg_price": null, "limit_price": "14", "stop_price": null,
        "legs": null, "updated_at": "2013-10-07T13:31:00Z", "submitted_at": "2013-10-07T13:30:00Z",
    })
}

fn order(with: Value) -> Result<OrderEvent, Bad> {
    map::order_status(&row(plain_order(), with), "PA1")
}

#[test]
fn orders_of_every_status() {
    use OrderEventKind as Kind;
    for (status, kind) in [
        ("accepted", Kind::Accepted),
        ("pending_new", Kind::PendingNew),
        ("accepted_for_bidding", Kind::PendingNew),
        ("pending_review", Kind::PendingNew),
        ("new", Kind::New),
        ("held", Kind::Held),
        ("partially_filled", Kind::PartiallyFilled),
        ("filled", Kind::Filled),
        ("done_for_day", Kind::DoneForDay),
        ("canceled", Kind::Canceled),
        ("expired", Kind::Expired),
        ("rejected", Kind::Rejected),
        ("replaced", Kind::Replaced),
        ("pending_cancel", Kind::PendingCancel),
        ("pending_replace", Kind::PendingReplace),
        ("stopped", Kind::Stopped),
        ("suspended", Kind::Suspended),
        ("calculated", Kind::Calculated),
    ] {
        assert_eq!(order(json!({"status": status})).unwrap().kind, kind);
    }
    let expired = json!({"status": "expired", "expired_at": "2013-10-07T20:00:00-04:00"});
    let time = order(expired).unwrap().head.event_time;
    assert_eq!(time, "2013-10-08T00:00:00Z".parse().unwrap());
}

#[test]
fn orders_of_every_shape() {
    type Shape = (Option<OrderType>, Option<TimeInForce>, Option<Side>, Option<&'static str>);
    let check = |with: Value, expected: Shape| {
        let order = order(with.clone()).unwrap();
        let instrument = order.instrument.as_ref().map(|instrument| instrument.as_str());
        let shape = (order.order_type, order.time_in_force, order.side, instrument);
        assert_eq!(shape, expected, "{with}");
        order
    };
    let (day, buy, bac) = (Some(TimeInForce::Day), Some(Side::Buy), Some("BAC.US"));
    let notional = json!({"type": "market", "qty": null, "notional": "100.55", "limit_price": null,
        "filled_qty": "7.123456789"});
    let order = check(notional, (Some(OrderType::Market), day, buy, bac));
    assert_eq!((order.quantity, order.notional), (None, Some(decimal("100.55"))));
    assert_eq!(order.filled_quantity, Some(decimal("7.123456789")));
    let crypto = json!({"symbol": "BTC/USD", "asset_class": "crypto", "time_in_force": "gtc",
        "qty": 0.5});
    check(crypto, (Some(OrderType::Limit), Some(TimeInForce::Gtc), buy, Some("BTC/USD.CRYPTO")));
    let old = json!({"symbol": "BTCUSD", "asset_class": "crypto"});
    check(old, (Some(OrderType::Limit), day, buy, Some("BTC/USD.CRYPTO")));
    let trailing = json!({"type": "trailing_stop", "trail_percent": "5", "hwm": "15.2"});
    check(trailing, (Some(OrderType::TrailingStop), day, buy, bac));
    check(json!({"side": "sell_short"}), (Some(OrderType::Limit), day, Some(Side::Sell), bac));
    for none in [json!(""), json!(null)] {
        let parent = json!({"symbol": none, "asset_class": none, "side": none, "asset_id": none,
            "order_class": "mleg", "limit_price": "-1.25", "filled_avg_price": -1.3,
            "legs": [plain_order()]});
        let order = check(parent, (Some(OrderType::Limit), day, None, None));
        assert_eq!(order.limit_price, Some(decimal("-1.25")));
        assert_eq!(order.average_price, Some(decimal("-1.3")));
    }
    let foreign = json!({"client_order_id": null});
    assert_eq!(check(foreign, (Some(OrderType::Limit), day, buy, bac)).order_id, "b1");
    for (with, field) in [
        (json!({"status": "odd"}), "status"),
        (json!({"status": null}), "status"),
        (json!({"type": "iceberg"}), "type"),
        (json!({"time_in_force": "for_ever"}), "time_in_force"),
        (json!({"side": "both"}), "side"),
        (json!({"id": ""}), "id"),
        (json!({"qty": "many"}), "qty"),
        (json!({"updated_at": "now"}), "updated_at"),
    ] {
        assert_eq!(self::order(with.clone()).unwrap_err().field, field, "{with}");
    }
}

fn update(event: &str, with: Value, order: Value) -> Row {
    let mut changed = plain_order();
    for (name, value) in order.as_object().unwrap() {
        changed[name] = value.clone();
    }
    let plain = json!({"event": event, "timestamp": "2013-10-07T13:31:00Z", "order": changed});
    row(plain, with)
}

fn fills(update: &Row, told: &Executions) -> Vec<Fill> {
    let events = map::trade_update(update, told, "PA1").unwrap();
    let fills = events.into_iter().filter_map(|event| match event {
        Event::Fill(fill) => Some(*fill),
        _ => None,
    });
    fills.collect()
}

#[test]
fn only_what_trades_has_fills() {
    let none = Executions::default();
    let part = json!({"execution_id": "e1", "qty": "0.25", "price": "14.01", "position_qty": "-3"});
    let order = json!({"status": "partially_filled", "filled_qty": "0.75", "side": "sell_short"});
    let fill = &fills(&update("partial_fill", part, order), &none)[0];
    assert_eq!((fill.execution_id.as_str(), fill.side), ("b1:0.75", Side::Sell));
    assert_eq!((fill.quantity, fill.vendor_execution_id.as_deref()), (decimal("0.25"), Some("e1")));
    let spread = json!({"status": "filled", "filled_qty": "1", "symbol": "", "side": ""});
    let of_all = json!({"qty": "1", "price": "-1.28"});
    assert!(fills(&update("fill", of_all, spread), &none).is_empty());
}

/// Two executions of an order: the stream told of the first, the account's history of the second.
fn told() -> Executions {
    let mut told = Executions::default();
    let first = json!({"execution_id": "e1", "qty": "4", "price": "14"});
    let order = json!({"status": "partially_filled", "filled_qty": "4"});
    told.note(&fills(&update("partial_fill", first, order), &told)[0]);
    let activity = json!({"id": "2013::x", "order_id": "b1", "cum_qty": "10", "leaves_qty": "0",
        "qty": "6", "price": "14.5", "side": "buy", "symbol": "BAC", "type": "fill",
        "transaction_time": "2013-10-07T13:32:00Z"});
    let order = row(plain_order(), json!({"status": "filled", "filled_qty": "10"}));
    match &map::fill_activity(&row(activity, json!({})), &order, "PA1").unwrap()[0] {
        Event::Fill(fill) => told.note(fill),
        other => panic!("{other:?}"),
    }
    told
}

#[test]
fn what_is_withdrawn_or_corrected_names_the_fill_that_we_told() {
    let told = told();
    let order = json!({"status": "partially_filled", "filled_qty": "6"});
    let amend = |event, with| fills(&update(event, with, order.clone()), &told).remove(0);
    let bust = amend("trade_bust", json!({"execution_id": "e9", "previous_execution_id": "e1"}));
    assert_eq!((bust.kind, bust.corrects.as_deref()), (FillKind::Bust, Some("b1:4")));
    assert_eq!((bust.quantity, bust.price), (decimal("4"), decimal("14")));
    let by_terms = amend("trade_bust", json!({"execution_id": "e9", "qty": "6", "price": "14.50"}));
    assert_eq!(by_terms.corrects.as_deref(), Some("b1:10"));
    let with = json!({"execution_id": "e8", "previous_execution_id": "e1", "price": "13.9"});
    let corrected = amend("trade_correct", with);
    assert_eq!(
        (corrected.kind, corrected.corrects.as_deref()),
        (FillKind::Correction, Some("b1:4"))
    );
    assert_eq!((corrected.quantity, corrected.price), (decimal("4"), decimal("13.9")));
    assert_eq!(corrected.execution_id, "b1:4:e8");

    // A correction can itself be withdrawn.
    let mut told = told.clone();
    told.note(&corrected);
    let with = json!({"execution_id": "e10", "previous_execution_id": "e8"});
    let bust = fills(&update("trade_bust", with, order.clone()), &told).remove(0);
    assert_eq!(bust.corrects.as_deref(), Some("b1:4:e8"));

    // It may be one of several, or one of long ago: a person has to say which.
    for (with, told) in [
        (json!({"execution_id": "e9"}), &told),
        (json!({"previous_execution_id": "e1"}), &Executions::default()),
    ] {
        let update = update("trade_bust", with, order.clone());
        let bad = map::trade_update(&update, told, "PA1").unwrap_err();
        assert_eq!(bad.field, "previous_execution_id");
    }
}

#[test]
fn assets_and_news_as_they_may_come() {
    let asset = |with: Value| {
        let plain = json!({"id": "a", "class": "crypto", "exchange": "CRYPTO", "symbol": "BTC/USD",
            "name": "", "status": "active", "tradable": true, "min_order_size": "0.0001",
            "price_increment": 1, "attributes": []});
        map::instrument(&row(plain, with), NOW)
    };
    let coin = asset(json!({})).unwrap();
    assert_eq!((coin.instrument.as_str(), coin.name), ("BTC/USD.CRYPTO", None));
    assert_eq!(coin.minimum_quantity, Some(decimal("0.0001")));
    let fresh = json!({"class": "ipo", "symbol": "NEW", "exchange": null, "shortable": null});
    assert_eq!(asset(fresh).unwrap().instrument.as_str(), "NEW.US");
    assert_eq!(asset(json!({"status": "odd"})).unwrap_err().field, "status");
    assert_eq!(asset(json!({"tradable": null})).unwrap_err().field, "tradable");
    let story = |with: Value| {
        let plain = json!({"id": 7, "headline": "A &amp; B", "created_at": "2024-01-02T03:04:05Z",
            "updated_at": "2024-01-02T03:04:06Z", "summary": null, "symbols": ["A", "BRK.B"],
            "images": [{"size": "thumb", "url": "x"}]});
        map::news(&row(plain, with))
    };
    let item = story(json!({})).unwrap();
    assert_eq!((item.headline.as_str(), item.symbols.len()), ("A & B", 2));
    assert!(story(json!({"symbols": null})).unwrap().symbols.is_empty());
    assert_eq!(story(json!({"symbols": "A"})).unwrap_err().field, "symbols");
    assert_eq!(story(json!({"headline": null})).unwrap_err().field, "headline");
}
