//! The engine by itself: quotes, trades and bells by hand.

#![allow(clippy::unwrap_used)]

use mockkit::market::{Mark, Price, Quote, Trade};
use mockkit::{Seed, time};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::order::Status;
use super::*;
use crate::assets::{Asset, AssetClass};
use crate::refusal::text;

const STOCK: AssetIndex = 0;
const COIN: AssetIndex = 1;

/// One account, two assets, and a market that does what the test says.
struct Desk {
    book: Book,
    assets: Vec<Asset>,
    marks: Vec<Mark>,
    rules: Rules,
    phase: Phase,
    now: i64,
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn price(text: &str) -> Price {
    let scaled = number(text) * Decimal::from(10_000);
    Price(i64::try_from(scaled).unwrap())
}

fn asset(symbol: &str, class: AssetClass) -> Asset {
    Asset {
        id: Seed::new(0).uuid(symbol, 0),
        symbol: symbol.into(),
        name: symbol.into(),
        class,
        exchange: "NYSE",
        tradable: true,
        shortable: class == AssetClass::Equity,
        fractionable: true,
        cusip: "",
    }
}

impl Desk {
    /// A hundred thousand dollars, the quote 10.00 by 10.02 with 300 shares on each side.
    fn new() -> Desk {
        Desk::seeded(1, 0)
    }

    fn seeded(seed: u64, partial_fill_percent: u8) -> Desk {
        let now = time::parse("2013-10-07T14:00:00Z").unwrap();
        let terms = Terms {
            id: Uuid::nil(),
            number: "PA1".into(),
            created_at: now - time::DAY,
            multiplier: 4,
            shorting: true,
            blocked: false,
        };
        let mut desk = Desk {
            book: Book::new(terms, number("100000"), Seed::new(seed)),
            assets: vec![asset("ACME", AssetClass::Equity), asset("BTC/USD", AssetClass::Crypto)],
            marks: vec![Mark::default(); 2],
            rules: Rules { partial_fill_percent, announce_pending: false },
            phase: Phase::Core,
            now,
        };
        desk.quote("10.00", "10.02", 300);
        desk.trade("10.01", 100);
        desk
    }

    fn act<T>(&mut self, act: impl FnOnce(&mut Book, &Scene<'_>) -> T) -> T {
        let scene = Scene {
            now: self.now,
            phase: self.phase,
            assets: &self.assets,
            marks: &self.marks,
            rules: &self.rules,
        };
        act(&mut self.book, &scene)
    }

    fn quote(&mut self, bid: &str, ask: &str, size: u32) {
        self.now += time::SECOND;
        self.marks[STOCK].quote_number += 1;
        self.marks[STOCK].quote = Some(Quote {
            time: self.now,
            bid: price(bid),
            bid_size: size,
            bid_venue: 'N',
            ask: price(ask),
            ask_size: size,
            ask_venue: 'N',
        });
        self.act(|book, scene| book.on_quote(STOCK, scene));
    }

    fn trade(&mut self, at: &str, size: u32) {
        self.now += time::SECOND;
        let trade = Trade { time: self.now, id: 1, price: price(at), size, venue: 'N', marks: 0 };
        self.marks[STOCK].trade = Some(trade);
        self.act(|book, scene| book.on_trade(STOCK, &trade, scene));
    }

    fn bell(&mut self, bell: Bell, at: &str) {
        self.now = time::parse(at).unwrap();
        self.phase = match bell {
            Bell::Open => Phase::Core,
            Bell::Early | Bell::Close => Phase::Extended,
            Bell::Late => Phase::Closed,
        };
        self.act(|book, scene| book.on_bell(bell, scene));
    }

    fn place(&mut self, request: NewOrder) -> Result<OrderIndex> {
        self.act(|book, scene| {
            let order = book.place(request, scene)?;
            book.activate(order, scene);
            Ok(order)
        })
    }

    fn replace(&mut self, order: OrderIndex, change: Change) -> Result<OrderIndex> {
        self.act(|book, scene| {
            let new = book.replace(order, change, scene)?;
            book.activate_replacement(new, scene);
            Ok(new)
        })
    }

    fn cancel(&mut self, order: OrderIndex) -> Result<()> {
        self.act(|book, scene| book.cancel(order, scene))
    }

    fn status(&self, order: OrderIndex) -> Status {
        self.book.orders[order].status
    }

    /// What the stream told since the last call: `event` or `event quantity@price`.
    fn told(&mut self) -> Vec<String> {
        let word = |update: Update| match update.fill {
            Some(fill) => {
                let (quantity, price) = (text(fill.quantity), text(fill.price));
                format!("{} {quantity}@{price}", update.event.as_str())
            }
            None => update.event.as_str().to_owned(),
        };
        self.book.take_updates().into_iter().map(word).collect()
    }
}

fn buy(quantity: &str) -> NewOrder {
    NewOrder::market(STOCK, Side::Buy, number(quantity))
}

fn sell(quantity: &str) -> NewOrder {
    NewOrder::market(STOCK, Side::Sell, number(quantity))
}

impl NewOrder {
    fn limit(mut self, price: &str) -> NewOrder {
        self.kind = if self.kind == Kind::Stop { Kind::StopLimit } else { Kind::Limit };
        self.limit_price = Some(number(price));
        self
    }

    fn stop(mut self, price: &str) -> NewOrder {
        self.kind = Kind::Stop;
        self.stop_price = Some(number(price));
        self
    }

    fn trail(mut self, distance: &str) -> NewOrder {
        self.kind = Kind::TrailingStop;
        self.trail_price = Some(number(distance));
        self
    }

    fn lasting(mut self, time_in_force: TimeInForce) -> NewOrder {
        self.time_in_force = time_in_force;
        self
    }

    fn named(mut self, id: &str) -> NewOrder {
        self.client_order_id = Some(id.into());
        self
    }

    fn with_exits(mut self, class: Class, profit: Option<&str>, loss: Option<&str>) -> NewOrder {
        self.class = class;
        self.take_profit = profit.map(number);
        self.stop_loss = loss.map(|stop| StopLoss { stop_price: number(stop), limit_price: None });
        if class == Class::Oco {
            self.kind = Kind::Limit;
            self.limit_price = self.take_profit;
        }
        self
    }
}

#[test]
fn a_market_order_takes_the_other_side_of_the_quote() {
    let mut desk = Desk::new();
    let order = desk.place(buy("100")).unwrap();
    assert_eq!(desk.told(), ["new", "fill 100@10.02"]);
    assert_eq!((desk.status(order), desk.book.cash), (Status::Filled, number("98998")));
    desk.place(sell("40")).unwrap();
    assert_eq!(desk.told(), ["new", "fill 40@10"]);
    assert_eq!(desk.book.cash, number("99398"));
    let position = desk.book.positions[&STOCK];
    assert_eq!((position.quantity, position.cost), (number("60"), number("601.2")));
}

#[test]
fn a_large_market_order_walks_the_book_a_cent_at_a_time() {
    let mut desk = Desk::new();
    desk.place(buy("700")).unwrap();
    assert_eq!(
        desk.told(),
        ["new", "partial_fill 300@10.02", "partial_fill 300@10.03", "fill 100@10.04"]
    );
    // The size that was shown is gone until the next quote.
    desk.place(buy("10")).unwrap();
    assert_eq!(desk.told(), ["new", "fill 10@10.03"]);
}

#[test]
fn a_limit_order_takes_what_is_shown_and_waits_for_more() {
    let mut desk = Desk::new();
    let order = desk.place(buy("500").limit("10.02")).unwrap();
    assert_eq!(desk.told(), ["new", "partial_fill 300@10.02"]);
    desk.quote("10.01", "10.03", 300);
    assert!(desk.told().is_empty());
    desk.quote("10.00", "10.02", 50);
    assert_eq!(desk.told(), ["partial_fill 50@10.02"]);
    // A trade at the limit proves nothing; a trade through it does.
    desk.quote("10.02", "10.04", 50);
    desk.trade("10.02", 1_000);
    assert!(desk.told().is_empty());
    desk.trade("10.01", 1_000);
    assert_eq!(desk.told(), ["fill 150@10.02"]);
    assert_eq!(desk.book.orders[order].average_price(), Some(number("10.02")));
}

#[test]
fn stops_wait_for_a_trade() {
    let mut desk = Desk::new();
    desk.place(buy("200")).unwrap();
    desk.told();
    let stop = desk.place(sell("50").stop("9.90")).unwrap();
    let stop_limit = desk.place(sell("50").stop("9.80").limit("9.79")).unwrap();
    desk.quote("9.85", "9.87", 300);
    assert_eq!(desk.told(), ["new", "new"]);
    desk.trade("9.89", 100);
    assert_eq!((desk.status(stop), desk.told()), (Status::Filled, vec!["fill 50@9.85".into()]));
    desk.quote("9.70", "9.72", 300);
    desk.trade("9.75", 100);
    assert_eq!(desk.status(stop_limit), Status::New, "the limit is out of reach");
    desk.quote("9.79", "9.81", 300);
    assert_eq!(desk.told(), ["fill 50@9.79"]);
    // A buy stop pays at most four percent more than its price.
    desk.place(buy("10").stop("10.00")).unwrap();
    desk.quote("10.50", "10.60", 300);
    desk.trade("10.50", 100);
    assert_eq!(desk.told(), ["new"]);
    desk.quote("10.38", "10.40", 300);
    assert_eq!(desk.told(), ["fill 10@10.4"]);
}

#[test]
fn a_trailing_stop_follows_the_best_price() {
    let mut desk = Desk::new();
    desk.place(buy("10")).unwrap();
    let order = desk.place(sell("10").trail("0.50")).unwrap();
    assert_eq!(desk.book.orders[order].stop_price, Some(number("9.51")));
    desk.trade("10.60", 100);
    desk.trade("10.30", 100);
    assert_eq!(desk.book.orders[order].high_water_mark, Some(number("10.6")));
    assert_eq!(desk.book.orders[order].stop_price, Some(number("10.1")));
    desk.told();
    desk.trade("10.05", 100);
    assert_eq!(desk.told(), ["fill 10@10"]);
}

#[test]
fn immediate_orders_do_not_wait() {
    let mut desk = Desk::new();
    desk.place(buy("500").limit("10.02").lasting(TimeInForce::ImmediateOrCancel)).unwrap();
    assert_eq!(desk.told(), ["new", "partial_fill 300@10.02", "canceled"]);
    desk.quote("10.00", "10.02", 300);
    desk.place(buy("500").limit("10.02").lasting(TimeInForce::FillOrKill)).unwrap();
    assert_eq!(desk.told(), ["new", "canceled"]);
    desk.place(buy("300").limit("10.02").lasting(TimeInForce::FillOrKill)).unwrap();
    assert_eq!(desk.told(), ["new", "fill 300@10.02"]);
}

#[test]
fn a_bracket_guards_its_entry_from_both_sides() {
    let mut desk = Desk::new();
    let entry = buy("100").with_exits(Class::Bracket, Some("11"), Some("9"));
    let entry = desk.place(entry).unwrap();
    let (profit, loss) = (desk.book.orders[entry].legs[0], desk.book.orders[entry].legs[1]);
    assert_eq!((desk.status(profit), desk.status(loss)), (Status::New, Status::Held));
    assert_eq!(desk.told(), ["new", "fill 100@10.02", "new"]);
    desk.quote("8.90", "8.92", 300);
    desk.trade("8.95", 100);
    assert_eq!(desk.told(), ["canceled", "new", "fill 100@8.9"]);
    assert_eq!((desk.status(profit), desk.status(loss)), (Status::Canceled, Status::Filled));
    assert!(desk.book.positions.is_empty() && desk.book.open_orders().is_empty());

    let entry =
        desk.place(buy("100").limit("8.00").with_exits(Class::Bracket, Some("11"), Some("7")));
    desk.cancel(entry.unwrap()).unwrap();
    assert_eq!(desk.told(), ["new", "canceled", "canceled", "canceled"]);
}

#[test]
fn one_exit_cancels_the_other() {
    let mut desk = Desk::new();
    desk.place(buy("100")).unwrap();
    let pair = sell("100").with_exits(Class::Oco, Some("10.50"), Some("9.50"));
    let pair = desk.place(pair).unwrap();
    let loss = desk.book.orders[pair].legs[0];
    assert_eq!((desk.status(pair), desk.status(loss)), (Status::New, Status::Held));
    assert_eq!(desk.book.available(STOCK), Decimal::ZERO, "the pair holds the shares once");
    desk.told();
    desk.quote("10.50", "10.52", 40);
    assert_eq!(desk.told(), ["partial_fill 40@10.5"]);
    desk.quote("9.40", "9.42", 300);
    desk.trade("9.45", 10);
    // What the first exit sold the second does not sell again.
    assert_eq!(desk.told(), ["canceled", "new", "fill 60@9.4"]);
    assert!(desk.book.positions.is_empty());

    desk.place(buy("10").with_exits(Class::Oto, None, Some("9"))).unwrap();
    desk.told();
    desk.quote("8.90", "8.92", 300);
    desk.trade("8.99", 10);
    assert_eq!(desk.told(), ["fill 10@8.9"]);
}

#[test]
fn a_replacement_is_a_new_order_about_the_rest() {
    let mut desk = Desk::new();
    let old = desk.place(buy("500").limit("10.02")).unwrap();
    desk.told();
    let change = Change { limit_price: Some(number("9.50")), ..Change::default() };
    let new = desk.replace(old, change).unwrap();
    assert_eq!(desk.told(), ["replaced", "new"]);
    let (old_order, new_order) = (&desk.book.orders[old], &desk.book.orders[new]);
    assert_eq!(
        (old_order.replaced_by, new_order.replaces),
        (Some(new_order.id), Some(old_order.id))
    );
    assert_eq!(
        (old_order.filled_quantity, new_order.quantity),
        (number("300"), Some(number("200")))
    );
    let again = Change { quantity: Some(number("5")), ..Change::default() };
    assert_eq!(
        desk.replace(old, again).unwrap_err().message(),
        "order is already in \"replaced\" state"
    );
    let newest = Change {
        quantity: Some(number("5")),
        client_order_id: Some("mine".into()),
        ..Change::default()
    };
    let newest = desk.replace(new, newest).unwrap();
    assert_eq!(desk.book.orders[newest].client_order_id, "mine");
    desk.quote("9.48", "9.50", 300);
    assert_eq!(desk.told(), ["replaced", "new", "fill 5@9.5"]);
}

#[test]
fn orders_live_as_long_as_they_say() {
    let mut desk = Desk::new();
    let day = desk.place(buy("1").limit("9")).unwrap();
    let lasting = desk.place(buy("1").limit("9").lasting(TimeInForce::GoodTillCanceled)).unwrap();
    let close = desk.place(buy("1").lasting(TimeInForce::AtClose)).unwrap();
    let mut late = buy("1").limit("9");
    late.extended_hours = true;
    let late = desk.place(late).unwrap();
    desk.trade("10.01", 10);
    desk.told();
    desk.bell(Bell::Close, "2013-10-07T20:00:00Z");
    assert_eq!(desk.told(), ["fill 1@10.01", "expired"]);
    assert_eq!((desk.status(close), desk.status(day)), (Status::Filled, Status::Expired));
    let queued = desk.place(buy("1")).unwrap();
    assert_eq!((desk.status(queued), desk.told()), (Status::Accepted, vec!["accepted".into()]));
    desk.bell(Bell::Late, "2013-10-08T00:00:00Z");
    assert_eq!((desk.status(late), desk.status(lasting)), (Status::Expired, Status::New));
    let open = desk.place(buy("1").lasting(TimeInForce::AtOpen)).unwrap();
    desk.told();
    desk.bell(Bell::Open, "2013-10-08T13:30:00Z");
    assert_eq!(desk.told(), ["new", "fill 1@10.02", "new"]);
    assert_eq!(desk.status(open), Status::New);
    desk.trade("10.20", 5_000);
    assert_eq!(desk.told(), ["fill 1@10.2"]);
    let end = time::parse("2014-01-06T21:00:00Z").unwrap();
    assert!(desk.book.orders[lasting].expires_at < end);
    desk.bell(Bell::Close, "2014-01-06T21:00:00Z");
    assert_eq!(desk.status(lasting), Status::Expired);
}

#[test]
fn extended_hours_are_for_those_who_asked() {
    let mut desk = Desk::new();
    desk.bell(Bell::Close, "2013-10-07T20:00:00Z");
    let mut request = buy("10").limit("10.02");
    request.extended_hours = true;
    desk.place(request).unwrap();
    assert_eq!(desk.told(), ["new", "fill 10@10.02"]);
}

#[test]
fn shares_can_be_owed() {
    let mut desk = Desk::new();
    let order = desk.place(sell("100")).unwrap();
    assert_eq!(desk.book.orders[order].intent, Intent::SellToOpen);
    assert_eq!(desk.book.cash, number("101000"));
    let worth = desk.act(|book, scene| book.valuation(scene));
    assert_eq!((worth.short_market_value, worth.equity), (number("-1001"), number("99999")));
    // One order does not turn a position around.
    let refusal = desk.place(buy("101")).unwrap_err();
    assert!(refusal.message().contains("requested: 101, available: 100"), "{refusal:?}");
    desk.place(buy("100")).unwrap();
    assert_eq!((desk.book.cash, desk.book.positions.len()), (number("99998"), 0));
    desk.book.configuration.no_shorting = true;
    assert_eq!(desk.place(sell("1")).unwrap_err().message(), "account is not allowed to short");
}

#[test]
fn refusals_say_what_is_wrong() {
    let mut desk = Desk::new();
    desk.place(buy("100").named("taken")).unwrap();
    let mut both = buy("1");
    both.notional = Some(number("10"));
    let mut neither = buy("1");
    neither.quantity = None;
    let mut cents = buy("1");
    (cents.quantity, cents.notional) = (None, Some(number("0.5")));
    let mut late = buy("1");
    late.extended_hours = true;
    let coin = NewOrder::market(COIN, Side::Sell, number("1"));
    let gtc = TimeInForce::GoodTillCanceled;
    let cases = [
        (buy("1").named("taken"), 422, 40_010_001, "client_order_id must be unique"),
        (buy("1").named(&"x".repeat(129)), 422, 40_010_001, "128"),
        (both, 422, 40_010_001, "only one of qty or notional"),
        (neither, 422, 40_010_001, "qty or notional is required"),
        (cents, 403, 40_310_000, "minimal amount"),
        (buy("0"), 422, 40_010_001, "qty must be > 0"),
        (buy("-5"), 422, 40_010_001, "qty must be > 0"),
        (buy("0.5").lasting(gtc), 422, 42_210_000, "DAY"),
        (buy("1").limit("10.001"), 422, 42_210_000, "invalid limit_price 10.001. sub-penny"),
        (buy("1").limit("0.50001"), 422, 42_210_000, "sub-penny"),
        (buy("1").stop("9"), 422, 42_210_000, "greater than current price"),
        (sell("1").stop("11"), 422, 42_210_000, "less than current price"),
        (late, 422, 42_210_000, "extended hours"),
        (buy("1").lasting(TimeInForce::AtOpen), 422, 42_210_000, "opg"),
        (buy("1").with_exits(Class::Bracket, Some("11"), None), 422, 42_210_000, "stop_loss"),
        (buy("1").with_exits(Class::Bracket, Some("9"), Some("11")), 422, 42_210_000, "must be >"),
        (buy("1").with_exits(Class::Oto, Some("11"), Some("9")), 422, 42_210_000, "one of"),
        (buy("1").with_exits(Class::Oco, Some("11"), Some("12")), 422, 42_210_000, "exit orders"),
        (
            sell("101"),
            403,
            40_310_000,
            "insufficient qty available for order (requested: 101, available: 100)",
        ),
        (sell("0.5").limit("11").lasting(gtc), 422, 42_210_000, "DAY"),
        (buy("1000000"), 403, 40_310_000, "insufficient buying power"),
        (coin.lasting(gtc), 403, 40_310_000, "insufficient qty"),
    ];
    for (request, status, code, words) in cases {
        let told = format!("{request:?}");
        let refusal = desk.place(request).unwrap_err();
        assert_eq!((refusal.status, &refusal.body["code"]), (status, &code.into()), "{told}");
        assert!(refusal.message().contains(words), "{:?} lacks {words:?}", refusal.message());
    }
    desk.book.configuration.suspend_trade = true;
    assert_eq!(
        desk.place(buy("1")).unwrap_err().message(),
        "new orders are rejected by user request"
    );
    assert_eq!(desk.book.client_order_ids["taken"], Attempts { sent: 2, accepted: 1 });
    assert_eq!(desk.book.orders.len(), 1, "a refused order leaves no trace");
}

#[test]
fn an_account_does_not_trade_with_itself() {
    let mut desk = Desk::new();
    desk.place(buy("100")).unwrap();
    let resting = desk.place(buy("10").limit("9.50")).unwrap();
    let refusal = desk.place(sell("10")).unwrap_err();
    let id = desk.book.orders[resting].id.to_string();
    assert_eq!(refusal.body["existing_order_id"], id.as_str());
    desk.place(sell("10").limit("10.50")).unwrap();
}

#[test]
fn open_orders_hold_buying_power_and_shares() {
    let mut desk = Desk::new();
    let power = |desk: &mut Desk| desk.act(|book, scene| book.valuation(scene).buying_power);
    assert_eq!(power(&mut desk), number("400000"));
    let order = desk.place(buy("10000").limit("9")).unwrap();
    assert_eq!(power(&mut desk), number("310000"));
    desk.cancel(order).unwrap();
    assert_eq!(power(&mut desk), number("400000"));
    desk.place(buy("100")).unwrap();
    desk.place(sell("60").limit("11")).unwrap();
    assert_eq!(desk.book.available(STOCK), number("40"));
}

#[test]
fn money_buys_fractions() {
    let mut desk = Desk::new();
    let mut request = buy("1");
    (request.quantity, request.notional) = (None, Some(number("100")));
    let order = desk.place(request).unwrap();
    let order = &desk.book.orders[order];
    assert_eq!((order.status, order.quantity), (Status::Filled, None));
    assert_eq!(order.filled_quantity, number("9.980039920"));
    assert!(number("100") - order.filled_money < number("0.0001"));
}

#[test]
fn chance_repeats_with_its_seed() {
    let run = |seed: u64| {
        let mut desk = Desk::seeded(seed, 50);
        for _ in 0..20 {
            desk.place(buy("7")).unwrap();
            desk.quote("10.00", "10.02", 300);
        }
        (desk.told(), desk.book.orders.iter().map(|order| order.id).collect::<Vec<_>>())
    };
    let (told, _) = run(7);
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
    assert!(told.iter().any(|event| event.starts_with("partial_fill")));
}

/// Whatever is done, money and shares add up, and no order is filled beyond its size.
#[test]
fn nothing_is_lost_in_a_thousand_random_steps() {
    for seed in 0..5 {
        let mut desk = Desk::seeded(seed, 30);
        let luck = Seed::new(seed).branch("steps");
        for step in 0..1_000 {
            let roll = |label: &str, below: u64| luck.below(label, step, below);
            let cents = 950 + i64::try_from(roll("price", 100)).unwrap();
            let level = Decimal::new(cents, 2).to_string();
            let side = if roll("side", 2) == 0 { Side::Buy } else { Side::Sell };
            let size = (1 + roll("size", 900)).to_string();
            let request = NewOrder::market(STOCK, side, number(&size));
            let orders = u64::try_from(desk.book.orders.len().max(1)).unwrap();
            let some = usize::try_from(roll("order", orders)).unwrap();
            match roll("what", 8) {
                0 => drop(desk.place(request)),
                1 => drop(desk.place(request.limit(&level))),
                2 => drop(desk.place(request.stop(&level))),
                3 => {
                    drop(desk.place(request.with_exits(Class::Bracket, Some("10.6"), Some("9.4"))))
                }
                4 if !desk.book.orders.is_empty() => drop(desk.cancel(some)),
                5 if !desk.book.orders.is_empty() => {
                    let limit_price = Some(number(&level));
                    drop(desk.replace(some, Change { limit_price, ..Change::default() }));
                }
                6 => desk.trade(&level, 500),
                _ => {
                    let ask = (number(&level) + number("0.02")).to_string();
                    desk.quote(&level, &ask, 200);
                }
            }
            check_sums(&desk.book, seed, step);
        }
    }
}

fn check_sums(book: &Book, seed: u64, step: u64) {
    let (mut cash, mut shares) = (number("100000"), Decimal::ZERO);
    for activity in &book.activities {
        let Activity::Fill(fill) = activity else { continue };
        cash -= fill.side.signed(fill.quantity) * fill.price;
        shares += fill.side.signed(fill.quantity);
    }
    assert_eq!(book.cash, cash, "seed {seed} step {step}");
    assert_eq!(book.quantity(STOCK), shares, "seed {seed} step {step}");
    let open = book.open_orders();
    for (index, order) in book.orders.iter().enumerate() {
        let listed = open.binary_search(&index).is_ok();
        assert_eq!(order.status.is_open(), listed, "seed {seed} step {step} {order:?}");
        assert!(order.remaining() >= Decimal::ZERO, "seed {seed} step {step} {order:?}");
        assert_eq!(
            order.status == Status::Filled,
            order.remaining().is_zero(),
            "seed {seed} step {step} {order:?}"
        );
    }
}
