//! The tables against real bytes.

use std::path::Path;

use prost::Message;

use super::*;
use crate::codec::{Codec, NEWEST};

fn sample(file: &str, mark: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter_map(|line| line.strip_prefix(mark)).map(str::to_owned).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks_exact(2).map(byte).collect()
}

#[test]
fn reads_what_the_official_client_sends() {
    let codec = Codec::new(NEWEST);
    let lines = sample("client-requests-official-10.46.1-sv225.hex.txt", "C: ");
    let names: Vec<&str> =
        lines.iter().map(|line| codec.decode(&bytes(line)).unwrap().describe().1).collect();
    assert_eq!(names[0], "StartApiRequest");
    assert!(names.contains(&"PlaceOrderRequest") && names.contains(&"GlobalCancelRequest"));
    for line in &lines {
        if let Ok(Request::PlaceOrderRequest(place)) = codec.decode(&bytes(line)) {
            let order = place.order.unwrap();
            assert_eq!(order.lmt_price, Some(150.25));
            assert_eq!(order.order_ref.as_deref(), Some("fs-1"));
            assert_eq!(order.exempt_code, Some(-1));
        }
    }
}

#[test]
fn reads_and_writes_the_same_bytes() {
    fn again<M: Message + Default>(payload: &[u8]) -> Vec<u8> {
        M::decode(payload).unwrap().encode_to_vec()
    }
    for line in sample("server-frames-protobuf-sv225.hex.txt", "S: ") {
        let mut words = line.split(' ');
        let (id, name) = (words.next().unwrap(), words.next().unwrap());
        let body = bytes(words.next().unwrap());
        let (head, payload) = body.split_at(4);
        assert_eq!(u32::from_be_bytes(head.try_into().unwrap()), 200 + id.parse::<u32>().unwrap());
        let written = match name {
            "ManagedAccounts" => again::<ManagedAccounts>(payload),
            "NextValidId" => again::<NextValidId>(payload),
            "ErrorMessage" => again::<ErrorMessage>(payload),
            "Position" => again::<Position>(payload),
            "PositionEnd" => again::<PositionEnd>(payload),
            "ContractData" => again::<ContractData>(payload),
            "ContractDataEnd" => again::<ContractDataEnd>(payload),
            "HistoricalData" => again::<HistoricalData>(payload),
            "HistoricalDataEnd" => again::<HistoricalDataEnd>(payload),
            "MarketDataType" => again::<MarketDataType>(payload),
            "TickPrice" => again::<TickPrice>(payload),
            "TickSize" => again::<TickSize>(payload),
            "AccountValue" => again::<AccountValue>(payload),
            "AccountDataEnd" => again::<AccountDataEnd>(payload),
            "OpenOrder" => again::<OpenOrder>(payload),
            "OrderStatus" => again::<OrderStatus>(payload),
            "ExecutionDetails" => again::<ExecutionDetails>(payload),
            "ExecutionDetailsEnd" => again::<ExecutionDetailsEnd>(payload),
            "CommissionAndFeesReport" => again::<CommissionAndFeesReport>(payload),
            other => panic!("a sample of {other}, which nobody checks"),
        };
        assert_eq!(written.len(), payload.len(), "{name}");
        assert_eq!(written, payload, "{name}");
    }
}
