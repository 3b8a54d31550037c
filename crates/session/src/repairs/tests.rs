//! What is read again, when, and what it is told as.

#![allow(clippy::unwrap_used)]

use model::{Trade, TradeStatus};

use super::*;
use crate::holes::GRACE;

/// The vendor replays 2013 while our clock says 2026.
const VENDOR: i64 = 1_381_152_600;
const OURS: i64 = 1_795_400_000;

const MEANING: Meaning = Meaning {
    identity: |symbol| InstrumentId::listed(symbol, "US"),
    day: Timestamp::date,
    is_closed: |fault| fault.to_string().contains("nobody gets this"),
};

fn ours(secs: i64) -> Timestamp {
    Timestamp::from_secs(OURS + secs)
}

fn vendor(secs: i64) -> Timestamp {
    Timestamp::from_secs(VENDOR + secs)
}

fn follows(symbols: &[&str]) -> Vec<(Kind, Vec<String>)> {
    vec![(Kind::Trades, symbols.iter().map(|symbol| (*symbol).to_owned()).collect())]
}

fn watch(symbols: &[&str], audit_secs: Option<u64>) -> Repairs {
    let every = audit_secs.map(Duration::from_secs);
    let mut watch = Repairs::new("acme.live".to_owned(), MEANING, &follows(symbols), every);
    watch.connected(vendor(0), ours(0));
    assert!(watch.resume(&Cursor::default()).is_empty(), "a first start has missed nothing");
    watch
}

fn see(watch: &mut Repairs, symbol: &str, numbers: impl IntoIterator<Item = u64>, secs: i64) {
    for sequence in numbers {
        let mark = Mark { kind: Kind::Trades, sequence };
        watch.seen(&symbol.into(), mark, vendor(secs), ours(secs));
    }
}

fn record(number: u64, secs: i64) -> (Item, u64) {
    let event = Trade {
        head: Head::new(EventId::of(&[&number.to_string()]), vendor(secs)),
        instrument: InstrumentId::from("BAC.US"),
        symbol: "BAC".into(),
        trade_id: "1".into(),
        venue: None,
        price: 1.into(),
        quantity: 1.into(),
        conditions: Vec::new(),
        tape: None,
        status: TradeStatus::Original,
    };
    (Item::Event(event.into()), number)
}

fn page(numbers: impl IntoIterator<Item = u64>, secs: i64, next: Option<&str>) -> Found {
    let records = numbers.into_iter().map(|number| record(number, secs)).collect();
    Found::Records(records, next.map(str::to_owned))
}

fn gaps(items: &[Item]) -> Vec<&Gap> {
    let gap = |item| match item {
        &Item::Event(Event::Gap(ref gap)) => Some(&**gap),
        _ => None,
    };
    items.iter().filter_map(gap).collect()
}

/// Records and gaps among items.
fn counts(items: &[Item]) -> (usize, usize) {
    let gaps = gaps(items).len();
    (items.len() - gaps, gaps)
}

#[test]
fn a_number_left_out_is_a_hole_with_its_bounds() {
    let mut watch = watch(&["BAC"], None);
    see(&mut watch, "BAC", 1..=20, 10);
    see(&mut watch, "BAC", [25], 11);
    assert!(watch.due(ours(11)).is_empty(), "it may only be late");
    assert_eq!(watch.idle(ours(11), true), GRACE);
    assert_eq!(watch.cursor().holes.len(), 1, "a kill does not forget it");
    let opened = watch.due(ours(12));
    let [opened] = gaps(&opened)[..] else { panic!("{opened:?}") };
    assert_eq!((opened.from_time, opened.to_time), (vendor(10), Some(vendor(11))));
    assert_eq!(opened.instrument.as_str(), "BAC.US");
    let ask = watch.next(ours(12)).unwrap();
    assert!(ask.from < vendor(10) && ask.to > vendor(11));
    let (items, _) = watch.found(&ask, page(18..=27, 10, Some("more")), ours(13));
    assert_eq!(counts(&items), (4, 1), "what the stream brought is not read again");
    let closed = gaps(&items)[0];
    assert_eq!((closed.status, closed.recovered), (GapStatus::Closed, Some(4)));
    assert_eq!(closed.gap_id, opened.gap_id);
    assert_eq!(watch.cursor(), Cursor { at: vendor(11), ..Cursor::default() });
    assert_eq!(watch.next(ours(13)), None);
}

#[test]
fn a_hole_that_fills_by_itself_is_none() {
    let mut watch = watch(&["BAC"], None);
    see(&mut watch, "BAC", 1..=20, 10);
    see(&mut watch, "BAC", [24, 22, 21, 23, 25], 10);
    assert!(watch.due(ours(20)).is_empty());
    assert!(watch.cursor().holes.is_empty());
}

#[test]
fn numbers_that_belong_to_others_are_no_holes() {
    let mut watch = watch(&["BAC"], None);
    see(&mut watch, "BAC", (1..200).map(|number| number * 7), 10);
    assert!(watch.due(ours(20)).is_empty());
    see(&mut watch, "SPY", 1..100, 11);
    let mut next_day = watch;
    see(&mut next_day, "SPY", [1, 2], 86_400);
    assert!(next_day.due(ours(90_000)).is_empty(), "a day begins anew");
}

#[test]
fn after_a_disconnect_each_line_is_read_from_its_last_number_to_its_next() {
    let mut watch = watch(&["BAC", "SPY"], None);
    see(&mut watch, "BAC", 1..=5, 10);
    let opened = watch.lost("reset");
    assert_eq!(gaps(&opened).len(), 2);
    let cursor = watch.cursor();
    assert_eq!((cursor.at, cursor.missing_since), (vendor(10), Some(vendor(10))));
    assert_eq!(watch.next(ours(60)), None, "nothing is asked before the stream is back");
    watch.connected(vendor(20), ours(20));
    see(&mut watch, "BAC", [9], 21);
    let asks: Vec<Ask> = std::iter::from_fn(|| watch.next(ours(22))).collect();
    assert_eq!(asks.len(), 2);
    for ask in &asks {
        let found =
            if ask.symbol == "BAC" { page(4..=12, 15, Some("x")) } else { page([], 0, None) };
        let (items, _) = watch.found(ask, found, ours(23));
        assert_eq!(counts(&items), if ask.symbol == "BAC" { (3, 1) } else { (0, 1) });
    }
    assert_eq!(watch.cursor(), Cursor { at: vendor(21), ..Cursor::default() });

    // A restart knows the cursor alone.
    let mut after = Repairs::new("acme.live".to_owned(), MEANING, &follows(&["BAC", "SPY"]), None);
    after.connected(vendor(20), ours(20));
    let again = after.resume(&cursor);
    let mut ids = [&opened, &again]
        .map(|items| gaps(items).iter().map(|gap| gap.head.event_id).collect::<Vec<_>>());
    ids.iter_mut().for_each(|ids| ids.sort());
    assert_eq!(ids[0], ids[1], "the same gaps, whoever opens them");
    let ask = after.next(ours(22)).unwrap();
    let (items, _) = after.found(&ask, page(4..=12, 15, None), ours(23));
    assert_eq!(counts(&items), (9, 1), "the runtime knows which of them were published");
}

#[test]
fn an_answer_from_before_an_interruption_counts_for_nothing() {
    let mut watch = watch(&["BAC"], None);
    see(&mut watch, "BAC", 1..=5, 10);
    assert_eq!(gaps(&watch.doubt(ours(10))).len(), 1);
    let ask = watch.next(ours(12)).unwrap();
    watch.doubt(ours(12));
    let (items, _) = watch.found(&ask, page([6], 11, None), ours(13));
    assert!(items.is_empty());
    let ask = watch.next(ours(14)).unwrap();
    let (items, _) = watch.found(&ask, page([6], 11, None), ours(15));
    assert_eq!(counts(&items), (1, 1));
    assert_eq!(watch.cursor().missing_since, None);
}

#[test]
fn history_that_is_not_in_the_plan_makes_gaps_unrecoverable() {
    let mut watch = watch(&["BAC", "SPY"], None);
    see(&mut watch, "BAC", 1..=5, 10);
    watch.lost("reset");
    watch.connected(vendor(20), ours(20));
    let ask = watch.next(ours(22)).unwrap();
    let busy = Fault::Throttled { wait: Duration::from_secs(12), reason: String::new() };
    assert!(watch.failed(&ask, &busy, ours(22)).is_empty());
    assert_eq!(watch.next(ours(33)), None);
    let ask = watch.next(ours(34)).unwrap();
    let fault = Fault::fatal("nobody gets this: 403");
    let items = watch.failed(&ask, &fault, ours(34));
    let gaps = gaps(&items);
    assert_eq!(gaps.len(), 2, "nobody gets trades with this key");
    assert!(gaps.iter().all(|gap| gap.status == GapStatus::Unrecoverable));
    assert_eq!((gaps[0].from_time, gaps[0].to_time), (vendor(10), Some(vendor(34))));
    assert_eq!(watch.next(ours(35)), None);
    assert_eq!(watch.cursor().missing_since, None);
}

#[test]
fn a_repair_has_an_end() {
    let mut watch = watch(&["BAC"], None);
    watch.lost("reset");
    watch.connected(vendor(20), ours(20));
    for number in 1..MAX_PAGES {
        let ask = watch.next(ours(22)).unwrap();
        let found = page([u64::from(number)], 15, Some(&number.to_string()));
        assert_eq!(counts(&watch.found(&ask, found, ours(22)).0), (1, 0));
    }
    let ask = watch.next(ours(22)).unwrap();
    let (items, _) = watch.found(&ask, page([99], 16, Some("more")), ours(22));
    assert_eq!(gaps(&items)[0].status, GapStatus::Unrecoverable);
    assert!(gaps(&items)[0].reason.contains(&vendor(16).to_string()));
}

#[test]
fn of_all_symbols_those_are_repaired_that_the_vendor_names() {
    let mut watch = Repairs::new("acme.live".to_owned(), MEANING, &follows(&[ALL]), None);
    watch.connected(vendor(20), ours(20));
    let items = watch.resume(&Cursor { at: vendor(10), ..Cursor::default() });
    assert_eq!(gaps(&items)[0].instrument.as_str(), "*.US");
    see(&mut watch, "SPY", [40], 21);
    let ask = watch.next(ours(22)).unwrap();
    assert_eq!(ask.symbol, ALL);
    let found = Found::Symbols(vec!["BAC".into(), "SPY".into()]);
    let (items, _) = watch.found(&ask, found, ours(22));
    assert_eq!(gaps(&items).len(), 3, "two open, the one for all is closed");
    for _ in 0..2 {
        let ask = watch.next(ours(23)).unwrap();
        let (items, _) = watch.found(&ask, page(38..=41, 15, None), ours(23));
        assert_eq!(counts(&items), if ask.symbol == "SPY" { (2, 1) } else { (4, 1) });
    }
    assert_eq!(watch.cursor().missing_since, None);
}

#[test]
fn of_all_symbols_those_that_are_known_are_repaired_where_the_vendor_names_none() {
    let mut watch = watch(&[ALL], None);
    see(&mut watch, "BAC", 1..=5, 10);
    see(&mut watch, "SPY", 1..=5, 10);
    assert_eq!(gaps(&watch.lost("reset")).len(), 1, "one gap for all");
    watch.connected(vendor(20), ours(20));
    see(&mut watch, "BAC", [9], 21);
    watch.lost("reset again, before anything could be asked");
    watch.connected(vendor(30), ours(30));
    let ask = watch.next(ours(32)).unwrap();
    let items = watch.failed(&ask, &Fault::fatal("403"), ours(32));
    let statuses: Vec<&str> = gaps(&items).iter().map(|gap| gap.status.as_str()).collect();
    assert_eq!(statuses, ["opened", "opened", "unrecoverable"]);
    for _ in 0..2 {
        let ask = watch.next(ours(33)).unwrap();
        let (items, _) = watch.found(&ask, page(4..=8, 15, None), ours(33));
        assert_eq!(counts(&items), (3, 1), "{}", ask.symbol);
    }
    assert_eq!(watch.cursor().missing_since, None);
}

#[test]
fn what_counts_with_skips_is_audited() {
    let mut watch = watch(&["BAC"], Some(60));
    see(&mut watch, "BAC", [7, 30, 31], 10);
    assert!(watch.due(ours(59)).is_empty());
    assert_eq!(watch.next(ours(59)), None);
    watch.due(ours(60));
    let ask = watch.next(ours(60)).unwrap();
    assert_eq!((ask.from, ask.to), (vendor(0), vendor(55)));
    let (items, audit) = watch.found(&ask, page([7, 12, 30, 31], 10, None), ours(61));
    assert_eq!((items.len(), audit), (4, Some((vendor(0), vendor(55)))));
    see(&mut watch, "BAC", 32..60, 70);
    see(&mut watch, "BAC", [60], 118);
    watch.due(ours(120));
    assert_eq!(watch.next(ours(120)), None, "numbers that count one by one need no audit");
}

#[test]
fn of_a_symbol_that_is_quiet_no_number_tells_what_is_missing() {
    let mut watch = watch(&["BAC", "SPY"], Some(60));
    see(&mut watch, "BAC", 1..=20, 10);
    see(&mut watch, "SPY", 1..=20, 58);
    watch.due(ours(60));
    let ask = watch.next(ours(60)).unwrap();
    assert_eq!((ask.symbol.as_str(), ask.from, ask.to), ("BAC", vendor(10), vendor(55)));
    assert_eq!(watch.next(ours(60)), None, "the other's last number proves all before it");
    let (items, _) = watch.found(&ask, page(20..=21, 20, None), ours(61));
    assert_eq!(counts(&items), (2, 0));
    see(&mut watch, "BAC", [22], 62);
    assert!(watch.due(ours(64)).is_empty(), "what the audit found is no hole");
}

#[test]
fn a_closed_market_is_seldom_audited() {
    let mut watch = watch(&["BAC"], Some(60));
    see(&mut watch, "BAC", 1..=20, 10);
    let mut audits = Vec::new();
    for minute in 1..=24 {
        watch.due(ours(60 * minute));
        while let Some(ask) = watch.next(ours(60 * minute)) {
            watch.found(&ask, page([], 0, None), ours(60 * minute));
            audits.push((minute, ask.from));
        }
    }
    let [one, ten] = [1, 11].map(|minute| vendor(60 * minute - 5));
    assert_eq!(audits, [(1, vendor(10)), (11, one), (21, ten)]);
}

#[test]
fn what_was_not_audited_before_a_restart_is_audited_after_it() {
    let mut before = watch(&["BAC", "SPY"], Some(60));
    see(&mut before, "BAC", 1..=20, 40);
    see(&mut before, "SPY", 1..=20, 80);
    let cursor = before.cursor();
    assert_eq!(cursor.doubtful_since, Some(vendor(0)));
    let mut after = watch(&["BAC", "SPY"], Some(60));
    after.connected(vendor(90), ours(90));
    after.resume(&cursor);
    for _ in 0..2 {
        let ask = after.next(ours(92)).unwrap();
        after.found(&ask, page([], 0, None), ours(93));
    }
    after.due(ours(151));
    // No further than what is remembered of what was published.
    for _ in 0..2 {
        let ask = after.next(ours(151)).unwrap();
        assert_eq!((ask.from, ask.to), (vendor(30), vendor(146)));
        after.found(&ask, page([], 0, None), ours(152));
    }
    assert_eq!(after.next(ours(152)), None);
}

#[test]
fn too_many_holes_are_one_interruption() {
    let mut watch = watch(&["BAC"], None);
    see(&mut watch, "BAC", 1..=60_000, 10);
    see(&mut watch, "BAC", (0..=MAX_HOLES as u64).map(|n| 60_002 + 2 * n), 11);
    let items = watch.due(ours(11));
    assert_eq!(gaps(&items).len(), 1);
    assert_eq!(watch.cursor().missing_since, Some(vendor(10)));
    assert!(watch.cursor().holes.is_empty());
}

#[test]
fn a_record_from_the_far_future_moves_nothing() {
    let mut watch = watch(&["BAC"], None);
    let mark = |sequence| Mark { kind: Kind::Trades, sequence };
    watch.seen(&"BAC".into(), mark(1), vendor(90 * 86_400), ours(1));
    assert_eq!(watch.cursor().at, vendor(0));
    for number in 2..=200 {
        watch.seen(&"BAC".into(), mark(number), vendor(90 * 86_400), ours(1));
    }
    assert_eq!(watch.cursor().at, vendor(90 * 86_400), "unless all of them say so");
}

#[test]
fn a_gap_that_begins_where_the_last_one_began_is_told_as_another() {
    let mut watch = watch(&["BAC"], None);
    see(&mut watch, "BAC", 1..=5, 10);
    let mut ids = Vec::new();
    for round in 0..3 {
        // Nothing comes between one disconnect and the next.
        ids.extend(watch.lost("reset").iter().map(|item| gap_of(item).head.event_id));
        watch.connected(vendor(20 + round), ours(20 + round));
        let ask = watch.next(ours(22 + round)).unwrap();
        let (items, _) = watch.found(&ask, page([], 0, None), ours(23 + round));
        ids.extend(items.iter().map(|item| gap_of(item).head.event_id));
    }
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (6, 6));
}

#[test]
fn what_is_left_out_right_after_a_repair_is_a_hole() {
    let mut watch = watch(&["BAC"], None);
    see(&mut watch, "BAC", 1..=20, 10);
    watch.lost("reset");
    watch.connected(vendor(20), ours(20));
    let ask = watch.next(ours(22)).unwrap();
    let (items, _) = watch.found(&ask, page(21..=25, 15, None), ours(23));
    assert_eq!(counts(&items), (5, 1), "the stream has brought nothing yet");
    see(&mut watch, "BAC", [29], 30);
    let opened = watch.due(ours(40));
    let holes: Vec<_> = opened.iter().map(|item| gap_of(item).reason.as_str()).collect();
    assert_eq!(holes, ["trades: nothing came between the numbers 25 and 29"]);
    // What is on its way when history is read comes by the stream as well.
    see(&mut watch, "BAC", [24, 25, 30], 41);
    assert!(watch.due(ours(60)).is_empty());
}

fn gap_of(item: &Item) -> &Gap {
    gaps(std::slice::from_ref(item))[0]
}

#[test]
fn what_was_skipped_before_the_numbers_were_understood_is_audited() {
    let mut watch = watch(&["BAC"], Some(60));
    see(&mut watch, "BAC", [1, 2, 3, 9], 10);
    assert!(watch.due(ours(20)).is_empty(), "it may be their way to count");
    assert_eq!(watch.cursor().doubtful_since, Some(vendor(0)));
    see(&mut watch, "BAC", 10..100, 30);
    // A disconnect in between forgets nothing, nor does another process.
    let cursor = watch.cursor();
    watch.lost("reset");
    watch.connected(vendor(40), ours(40));
    let mut after = Repairs::new("acme.live".to_owned(), MEANING, &follows(&["BAC"]), Some(DAY));
    after.connected(vendor(40), ours(40));
    after.resume(&cursor);
    for watch in [&mut watch, &mut after] {
        let ask = watch.next(ours(42)).unwrap();
        watch.found(&ask, page([], 0, None), ours(43));
        watch.due(ours(100_000));
        let ask = watch.next(ours(100_000)).unwrap();
        assert_eq!(ask.from, vendor(0), "the audit begins where the doubt began");
        assert_eq!(watch.cursor().doubtful_since, Some(vendor(0)), "it is not over");
        let (_, audited) = watch.found(&ask, page([], 0, None), ours(100_000));
        assert!(audited.is_some());
        while let Some(ask) = watch.next(ours(100_000)) {
            watch.found(&ask, page([], 0, None), ours(100_000));
        }
        assert_eq!(watch.cursor().doubtful_since, Some(vendor(99_995)), "now it is");
    }
}

const DAY: Duration = Duration::from_secs(86_400);
