//! What no fixture shows: hostile values, mixed frames, ids and periods.

#![allow(clippy::unwrap_used)]

use component::{Bad, Item};
use http::{Changes, Taken};
use model::{Adjustment, Bar, Event, Quote, Timestamp, Trade, TradeStatus};
use polygon::map::{self, Asked, Kind, Period};
use polygon::wire;
use serde_json::value::RawValue;

fn read(text: &str) -> (Vec<Item>, Vec<wire::Status>) {
    let (mut items, mut marks) = (Vec::new(), Vec::new());
    let said = map::frame(text.as_bytes(), &mut items, &mut marks);
    assert_eq!(items.len(), marks.len());
    for (item, mark) in items.iter().zip(&marks) {
        assert_eq!(matches!(item, Item::Event(_)), mark.is_some());
    }
    (items, said)
}

fn frame(text: &str) -> Vec<Item> {
    read(text).0
}

/// A row of history as an event.
fn row(kind: Kind, symbol: &str, text: &str) -> Result<Event, Bad> {
    let raw: &RawValue = serde_json::from_str(text).unwrap();
    let period = Period::parse("1minute", Adjustment::Raw).unwrap();
    let now = Timestamp(1_700_000_000_000_000_000);
    map::row(Asked { kind, symbol, period: &period, now }, raw).map(|(event, _)| event)
}

macro_rules! pick {
    ($name:ident, $kind:ident) => {
        fn $name(items: &[Item]) -> Vec<&$kind> {
            let inner = |item| match item {
                &Item::Event(Event::$kind(ref inner)) => Some(&**inner),
                _ => None,
            };
            items.iter().filter_map(inner).collect()
        }
    };
}

pick!(trades, Trade);
pick!(quotes, Quote);
pick!(bars, Bar);

fn bads(items: &[Item]) -> Vec<(&str, &Bad)> {
    let mut bads = Vec::new();
    for item in items {
        if let Item::Bad { raw, bad } = item {
            bads.push((std::str::from_utf8(raw).unwrap(), bad));
        }
    }
    bads
}

const TRADE: &str = r#"{"ev":"T","sym":"BAC","x":10,"i":"52","z":1,"p":14.01,"s":100,"c":[14],"t":1381152660500,"q":7}"#;

#[test]
fn a_bad_record_does_not_spoil_its_frame() {
    let long = TRADE.replace("14.01", "12345678901234567890");
    let status = r#"{"ev":"status","status":"success","message":"subscribed to: T.BAC"}"#;
    let (items, said) = read(&format!("[{TRADE},{status},{long},{TRADE}]"));
    assert_eq!((trades(&items).len(), said.len()), (2, 1), "a status is heard once");
    let [(raw, bad)] = bads(&items)[..] else { panic!("{items:?}") };
    assert_eq!((raw, bad.field.as_str()), (long.as_str(), "p"));
}

#[test]
fn hostile_records_are_refused_with_their_bytes() {
    for (from, to) in [
        ("14.01", "null"),
        ("14.01", "-14.01"),
        ("14.01", "1e400"),
        ("14.01", "\"NaN\""),
        ("14.01", "[]"),
        ("\"s\":100", "\"s\":{}"),
        (",\"s\":100", ""),
        ("1381152660500", "1381152660500.5"),
        ("1381152660500", "\"now\""),
        ("\"ev\":\"T\"", "\"ev\":\"ZZ\""),
        ("\"ev\":\"T\",", ""),
        ("\"sym\":\"BAC\",", ""),
        ("\"sym\":\"BAC\"", "\"sym\":\"\""),
        ("[14]", "[[14]]"),
        ("[14]", "{}"),
        ("\"q\":7", "\"q\":-7"),
    ] {
        let point = TRADE.replace(from, to);
        let items = frame(&format!("[{point}]"));
        assert!(trades(&items).is_empty(), "{point}");
        assert_eq!(bads(&items)[0].0, point);
    }
    for text in ["", "null", "{}", "[", "not json", "[1]", "[[[[", "\u{feff}[]", TRADE] {
        assert_eq!(bads(&frame(text)).len(), 1, "{text:?}");
    }
    assert!(frame("[]").is_empty());
    let (mut items, mut marks) = (Vec::new(), Vec::new());
    map::frame(&[0xff, 0xfe], &mut items, &mut marks);
    assert!(matches!(&items[0], Item::Bad { raw, .. } if raw == &[0xff, 0xfe]));
}

/// The trade with a part of it spelled differently.
fn respelled(from: &str, to: &str) -> Vec<Item> {
    assert!(TRADE.contains(from), "{from}");
    frame(&format!("[{}]", TRADE.replace(from, to)))
}

#[test]
fn numbers_may_be_texts_or_have_exponents() {
    let plain = frame(&format!("[{TRADE}]"));
    for (from, to) in [
        ("14.01", "\"14.01\""),
        ("14.01", "1.401e1"),
        ("14.01", "1401E-2"),
        ("\"s\":100", "\"s\":\"100\""),
        ("\"s\":100", "\"s\":1.0e+2"),
        ("\"s\":100", "\"s\":null,\"ds\":\"100.0\""),
        ("1381152660500", "\"1381152660500\""),
        ("1381152660500", "1.3811526605e12"),
        ("1381152660500", "1381152660500000000"),
        ("\"q\":7", "\"q\":\"7\""),
        ("\"i\":\"52\"", "\"i\":52"),
        ("\"x\":10", "\"x\":\"10\""),
        ("\"z\":1", "\"z\":\"1\""),
        ("[14]", "14"),
        ("[14]", "\"14\""),
        ("[14]", "[ \"14\" , null ]"),
    ] {
        assert_eq!(trades(&respelled(from, to)), trades(&plain), "{to}");
    }
}

#[test]
fn what_is_optional_may_be_absent_or_null() {
    for (name, part) in
        [("x", "10"), ("i", "\"52\""), ("z", "1"), ("c", "[14]"), ("q", "7"), ("s", "100")]
    {
        let part = format!(",\"{name}\":{part}");
        let null = format!(",\"{name}\":null,\"ds\":\"100\"");
        for to in [null.as_str(), ",\"ds\":\"100\""] {
            let items = respelled(&part, to);
            assert_eq!(trades(&items).len(), 1, "{name}: {items:?}");
        }
    }
    let items = respelled("[14]", "[9001,65535]");
    assert_eq!(trades(&items)[0].conditions, ["9001", "65535"], "new codes are kept as they are");
    for sides in [
        "",
        r#""bp":null,"bs":null,"ap":null,"as":null,"#,
        r#""bp":0,"bs":0,"ap":0,"as":0,"bx":null,"#,
    ] {
        let quote = format!(r#"[{{"ev":"Q","sym":"BAC",{sides}"c":null,"t":1381152660500}}]"#);
        let items = frame(&quote);
        let quote = quotes(&items)[0];
        assert_eq!(
            (quote.bid_price, quote.ask_quantity, quote.tape.as_deref()),
            (None, None, None)
        );
    }
    let index = r#"[{"ev":"AM","sym":"I:SPX","op":1,"o":1,"c":2,"h":2,"l":1,"s":1381152660000,"e":1381152720000}]"#;
    let items = frame(index);
    assert_eq!((bars(&items)[0].volume.to_string().as_str(), bars(&items)[0].vwap), ("0", None));
    let (items, said) =
        read(r#"[{"ev":"status","message":null},{"ev":"status","status":"error"}]"#);
    assert_eq!((items.len(), said.len()), (0, 2));
}

/// What a row of a snapshot becomes.
fn snapshot(is_universal: bool, text: &str) -> Vec<Item> {
    let raw: &RawValue = serde_json::from_str(text).unwrap();
    let (mut items, now) = (Vec::new(), Timestamp(1_700_000_000_000_000_000));
    let mut taken = Taken { now, known: &mut Changes::default(), items: &mut items };
    let read = if is_universal { map::universal_snapshot } else { map::snapshot };
    read(raw, &mut taken).unwrap();
    items
}

#[test]
fn a_snapshot_that_is_emptied_says_nothing() {
    for text in [
        r#"{"ticker":"A"}"#,
        r#"{"ticker":"A","updated":0,"day":{},"min":{},"lastQuote":{},"lastTrade":{}}"#,
        r#"{"ticker":"A","updated":null,"day":null,"min":null,"lastQuote":null,"lastTrade":null}"#,
        r#"{"ticker":"A","updated":1381152660500000000,
            "day":{"o":0,"h":0,"l":0,"c":0,"v":0},"min":{"t":0,"o":0,"h":0,"l":0,"c":0,"v":0}}"#,
    ] {
        assert!(snapshot(false, text).is_empty(), "{text}");
    }
    for text in [
        r#"{"ticker":"A","type":"stocks"}"#,
        r#"{"ticker":"A","session":{},"last_quote":{},"last_trade":{}}"#,
        r#"{"ticker":"A","session":null,"last_quote":null,"last_trade":null}"#,
    ] {
        assert!(snapshot(true, text).is_empty(), "{text}");
    }
    let index = r#"{"ticker":"I:SPX","value":1700.5,"last_updated":1381152660500000000,
        "session":{"open":1690,"high":1701,"low":1689.5,"close":1700.5,"change":10}}"#;
    let items = snapshot(true, index);
    let bar = bars(&items)[0];
    assert_eq!((bar.instrument.as_str(), bar.interval.as_str()), ("SPX.INDEX", "1d"));
    assert_eq!(bar.head.event_time.to_string(), "2013-10-07T04:00:00Z");
}

#[test]
fn an_instrument_is_priced_in_a_currency_and_not_in_its_name() {
    for (text, expected) in [
        (r#"{"ticker":"AAPL","market":"stocks","currency_name":"usd"}"#, "AAPL.US USD"),
        (
            r#"{"ticker":"C:EURUSD","market":"fx","currency_name":"United States dollar",
                "currency_symbol":"USD","base_currency_symbol":"EUR"}"#,
            "EUR/USD.FX USD",
        ),
        (r#"{"ticker":"I:SPX","market":"indices","active":null,"name":null}"#, "SPX.INDEX USD"),
    ] {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        let found = map::instrument(raw, Timestamp(0)).unwrap();
        assert_eq!(format!("{} {}", found.instrument.as_str(), found.currency), expected);
    }
    for text in ["null", "[]", "{}", r#"{"ticker":null,"market":"stocks"}"#, "7"] {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        assert_eq!(map::instrument(raw, Timestamp(0)).unwrap_err().field, "ticker", "{text}");
    }
}

#[test]
fn neither_the_order_of_keys_nor_unknown_ones_matter() {
    let first = frame(&format!("[{TRADE}]"));
    let last = TRADE.replace("\"ev\":\"T\",", "").replace("\"q\":7", "\"q\":7,\"ev\":\"T\"");
    let more = TRADE.replace("\"q\":7", "\"q\":7,\"pt\":1,\"trft\":2,\"new\":{\"a\":[1]}");
    for other in [last, more] {
        assert_eq!(trades(&frame(&format!("[{other}]"))), trades(&first), "{other}");
    }
}

#[test]
fn a_print_is_the_same_from_the_stream_and_from_history() {
    let streamed =
        TRADE.replace("\"x\":10", "\"x\":4,\"trfi\":202").replace("\"i\":\"52\"", "\"i\":52");
    let items = frame(&format!("[{streamed}]"));
    let past = r#"{"conditions":[14],"exchange":4,"id":"52","price":14.010,"sequence_number":7,
        "sip_timestamp":1381152660500100037,"participant_timestamp":1381152660499,"size":100.0,
        "tape":1,"trf_id":202}"#;
    let id = |event: &Event| event.head().event_id;
    let Item::Event(live) = &items[0] else { panic!("{items:?}") };
    assert_eq!(id(live), id(&row(Kind::Trades, "BAC", past).unwrap()));
    let last = r#"{"T":"BAC","c":null,"i":"52","p":14.01,"s":100,"x":4,"r":202,"z":1,"q":7,
        "t":1381152660500100037,"y":1381152660499,"f":1381152660499,"e":0}"#;
    assert_eq!(id(live), id(&row(Kind::Trades, "", last).unwrap()));
    let corrected = past.replace("\"size\"", "\"correction\":12,\"size\"");
    let Event::Trade(corrected) = row(Kind::Trades, "BAC", &corrected).unwrap() else { panic!() };
    assert_eq!(corrected.status, TradeStatus::Corrected);
    assert_ne!(corrected.head.event_id, id(live), "a correction is a fact of its own");
    let odd = past.replace("\"size\"", "\"correction\":3,\"size\"");
    assert_eq!(row(Kind::Trades, "BAC", &odd).unwrap_err().field, "correction");

    let quote = r#"[{"ev":"Q","sym":"BAC","bx":10,"bp":14.00,"bs":5,"ax":0,"ap":0,"as":0,"c":1,"t":1381152660500,"q":9,"z":1}]"#;
    let items = frame(quote);
    let live = quotes(&items)[0];
    let size = live.bid_quantity.unwrap().to_string();
    assert_eq!((size.as_str(), live.ask_price, &live.ask_venue), ("500", None, &None));
    let past = r#"{"bid_exchange":10,"bid_price":14,"bid_size":5,"sequence_number":9,
        "sip_timestamp":1381152660500100037}"#;
    assert_eq!(live.head.event_id, id(&row(Kind::Quotes, "BAC", past).unwrap()));

    let bar = r#"[{"ev":"AM","sym":"BAC","v":4110,"dv":"4110.0","vw":14,"o":14.0,"c":14.1,"h":14.2,"l":14,"s":1381152660000,"e":1381152720000}]"#;
    let items = frame(bar);
    let live = bars(&items)[0];
    let past = r#"{"v":4110.0,"o":14,"c":14.10,"h":14.2,"l":14,"t":1381152660000,"n":3}"#;
    assert_eq!(live.head.event_id, id(&row(Kind::MinuteBars, "BAC", past).unwrap()));
    assert!(live.is_final);
}

#[test]
fn fractions_and_prints_without_ids_are_kept() {
    let fraction = TRADE.replace("\"s\":100", "\"s\":0,\"ds\":\"0.0015\"");
    assert_eq!(trades(&frame(&format!("[{fraction}]")))[0].quantity.to_string(), "0.0015");
    let option = r#"[{"ev":"T","sym":"O:AMC210827C00037000","x":65,"p":1.54,"s":1,"c":[233],"t":1629820676333,"q":651921857}]"#;
    let items = frame(option);
    let option = trades(&items)[0];
    assert_eq!((option.trade_id.as_str(), option.venue.as_deref()), ("651921857", Some("65")));
    assert_eq!(option.instrument.as_str(), "AMC210827C00037000.US");
    let bare = r#"{"price":6.91,"sip_timestamp":1401715883806000000,"size":1,"exchange":46}"#;
    let Event::Trade(bare) = row(Kind::Trades, "O:A", bare).unwrap() else { panic!() };
    assert_eq!(bare.trade_id, "1401715883806:6.91x1");
}

#[test]
fn bars_have_the_lengths_that_polygon_knows() {
    for (timeframe, start, expected) in [
        ("1second", 1_381_152_660_000, "1s 2013-10-07T13:31:01Z"),
        ("15minute", 1_381_152_600_000, "15m 2013-10-07T13:45:00Z"),
        ("4hour", 1_381_152_600_000, "4h 2013-10-07T17:30:00Z"),
        // The clocks of New York go back on November 3rd.
        ("1day", 1_383_451_200_000, "1d 2013-11-04T05:00:00Z"),
        // Of crypto currencies a day begins in UTC.
        ("1day", 1_383_436_800_000, "1d 2013-11-04T00:00:00Z"),
        ("1week", 1_381_032_000_000, "1w 2013-10-13T04:00:00Z"),
        ("1month", 1_380_600_000_000, "1mo 2013-11-01T04:00:00Z"),
        ("1quarter", 1_380_600_000_000, "3mo 2014-01-01T05:00:00Z"),
        ("1year", 1_357_016_400_000, "12mo 2014-01-01T05:00:00Z"),
    ] {
        let period = Period::parse(timeframe, Adjustment::Raw).unwrap();
        let text = format!(r#"{{"o":1,"h":1,"l":1,"c":1,"v":1,"t":{start}}}"#);
        let raw: &RawValue = serde_json::from_str(&text).unwrap();
        let now = Timestamp::from_millis(start);
        let asked = Asked { kind: Kind::MinuteBars, symbol: "A", period: &period, now };
        let Event::Bar(bar) = map::row(asked, raw).unwrap().0 else { panic!() };
        assert_eq!(format!("{} {}", bar.interval, bar.end_time), expected);
        assert!(!bar.is_final, "it is still running");
    }
    for timeframe in ["", "day", "0day", "1Day", "-1day", "1 day", "99999minute", "1decade"] {
        assert!(Period::parse(timeframe, Adjustment::Raw).is_none(), "{timeframe:?}");
    }
}
