//! Whatever a client sends, the mock lives on and others notice nothing.

#![allow(clippy::unwrap_used)]

mod client;

use std::sync::atomic::{AtomicUsize, Ordering};

use client::{Ended, TextClient, quiet};
use interactive_brokers_mock::{Running, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A task that panics ends quietly, so panics are counted where they begin.
fn count_panics() {
    std::panic::set_hook(Box::new(|info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        tracing::error!(%info, "a panic");
    }));
}

/// Numbers by chance, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

async fn swallow(mock: &Running, bytes: &[u8]) {
    let mut stream = TcpStream::connect(mock.address()).await.unwrap();
    // The mock may hang up before everything is written.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(client::WAIT, stream.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn lives_through_anything() {
    count_panics();
    let mut settings = quiet();
    settings.limits.messages_per_second = 1_000_000;
    let mock = serve(settings).await.unwrap();
    let mut witness = TextClient::connect(&mock, 9_999).await;
    let seed = 0x5EED_0003;
    let mut dice = Dice(seed);
    for beginning in [&b""[..], b"API\0", b"API\0\0\0\0\x09v157..178", b"API\0\xff\xff\xff\xff"] {
        for length in [0, 1, 3, 4, 5, 64, 5_000] {
            swallow(&mock, &[beginning, &dice.bytes(length)].concat()).await;
        }
    }
    swallow(&mock, b"API\0\0\0\0\x00").await;
    swallow(&mock, b"API\0\0\0\0\x14v999999999999..178  ").await;
    let mut client = TextClient::connect(&mock, 1).await;
    client.raw(&[0x7f, 0xff, 0xff, 0xff]).await;
    assert_eq!(client.end().await, Ended::Closed, "a length beyond any frame");

    text_frames(&mock, &mut dice).await;
    protobuf_frames(&mock, &mut dice).await;
    assert!(witness.is_alive().await, "seed {seed:#x}");
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "seed {seed:#x}");
}

/// Every message with fields that are nearly right, wrong or missing.
async fn text_frames(mock: &Running, dice: &mut Dice) {
    const FIELDS: [&str; 28] = [
        "",
        "0",
        "1",
        "-1",
        "2147483647",
        "-2147483648",
        "9223372036854775807",
        "1e308",
        "NaN",
        "Infinity",
        "1.7976931348623157E308",
        "IBM",
        "STK",
        "SMART",
        "USD",
        "8314",
        "BUY",
        "LMT",
        "182.5",
        "DU1234567",
        "1 D",
        "1 min",
        "TRADES",
        "20131007 09:30:00 US/Eastern",
        "BAG",
        "99999 Y",
        "\u{fffd}",
        "0.0000000000000000000000000001",
    ];
    let mut client = TextClient::connect(mock, 2).await;
    for id in 0..112 {
        for _ in 0..12 {
            let count = dice.below(40);
            let mut frame = id.to_string();
            for _ in 0..count {
                let pick = usize::try_from(dice.below(FIELDS.len() as u64)).unwrap();
                frame.push('|');
                frame.push_str(FIELDS[pick]);
            }
            client.send(&frame).await;
        }
        assert!(client.is_alive().await, "message {id}");
    }
    // Orders that are right but for one field.
    let order = "3|1|8314|IBM|STK||0.0|||SMART||USD|IBM|IBM|||BUY|1|LMT|150||||||0||1|0|0|0|0|0|0|0||\
                 0.0|||||||0||-1|0|||0|||0|0||0||||||0|||||0|||||||||||0|||0|0|||0||0|0|0|0|||||||0|\
                 ||||||||0|0|0|0|||0|||";
    let fields: Vec<&str> = order.split('|').collect();
    for place in 1..fields.len() {
        let mut fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        fields[1] = (1_000 + place).to_string();
        let pick = usize::try_from(dice.below(FIELDS.len() as u64)).unwrap();
        fields[place] = FIELDS[pick].to_owned();
        client.send(&fields.join("|")).await;
    }
    assert!(client.is_alive().await);
}

async fn protobuf_frames(mock: &Running, dice: &mut Dice) {
    let mut stream = TcpStream::connect(mock.address()).await.unwrap();
    let hello = b"API\0\0\0\0\x09v213..226\0\0\0\x06\0\0\x01\x0f\x08\x03";
    stream.write_all(hello).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    // What is answered has to go somewhere.
    let drain = tokio::spawn(async move {
        let mut bytes = vec![0; 64 * 1024];
        while reader.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    });
    for id in (0..520_u32).chain([u32::MAX, 1 << 31]) {
        for _ in 0..6 {
            let length = usize::try_from(dice.below(40)).unwrap();
            let mut payload = dice.bytes(length);
            if dice.below(2) == 0 {
                // Mostly well formed: small numbers in the first fields.
                payload = vec![0x08, dice.next() as u8 & 0x7f, 0x10, dice.next() as u8 & 0x7f];
            }
            let length = u32::try_from(payload.len() + 4).unwrap();
            let frame = [&length.to_be_bytes()[..], &id.to_be_bytes(), &payload].concat();
            writer.write_all(&frame).await.unwrap();
        }
    }
    writer.shutdown().await.unwrap();
    tokio::time::timeout(client::WAIT, drain).await.unwrap().unwrap();
}
