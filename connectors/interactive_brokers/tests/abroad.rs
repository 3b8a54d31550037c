//! Stocks outside the US have one name, whatever a message leaves out.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Rig, system_at};
use component::{Item, Source};
use interactive_brokers::{BarsHistory, OrderUpdates, Positions};
use model::Event;
use serde_json::json;
use testkit::{Driver, SOON, host_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BMW: &str = "14094|BMW|STK||0.0||||EUR|BMW|XETRA";

/// A TWS with one holding of a stock of Frankfurt and one execution in it, on another exchange.
async fn serve(mut stream: TcpStream) -> Option<()> {
    let mut greeting = [0; 4 + 4 + 9];
    stream.read_exact(&mut greeting).await.ok()?;
    say(&mut stream, "178|20250415 19:38:30 GMT|").await?;
    loop {
        let length = stream.read_u32().await.ok()?;
        let mut body = vec![0; length as usize];
        stream.read_exact(&mut body).await.ok()?;
        let text = String::from_utf8(body).unwrap();
        let fields: Vec<&str> = text.split('\0').collect();
        let execution = BMW.replace("||||EUR", "|||FWB|EUR");
        let answers = match fields[0] {
            "71" => vec!["15|1|DU1|".to_owned(), "9|1|5|".to_owned()],
            "49" => vec!["49|1|1744742310|".to_owned()],
            "61" => vec![format!("61|3|DU1|{BMW}|3|80.5|"), "62|1|".to_owned()],
            "7" => vec![
                format!(
                    "11|{}|5|{execution}|e.01.01|20250415 19:00:00 GMT|DU1|FWB|BOT|3|80.5|77|1|0|\
                     3|80.5|||||1||",
                    fields[2]
                ),
                "59|1|e.01.01|1.5|EUR|||".to_owned(),
                format!("55|1|{}|", fields[2]),
            ],
            "16" => vec!["53|1|".to_owned()],
            "99" => vec!["102|".to_owned()],
            "9" => {
                assert_eq!(fields[3], "14094", "it is looked up by its id");
                let id = fields[2];
                vec![
                    format!(
                        "10|{id}|BMW|STK||||SMART|EUR|BMW|XETRA|XETRA|14094|0.01||||1|0|BMW AG|\
                         IBIS|"
                    ),
                    format!("52|1|{id}|"),
                ]
            }
            _ => Vec::new(),
        };
        for answer in answers {
            say(&mut stream, &answer).await?;
        }
    }
}

async fn say(stream: &mut TcpStream, text: &str) -> Option<()> {
    let body = text.replace('|', "\0");
    let packet = [&(body.len() as u32).to_be_bytes()[..], body.as_bytes()].concat();
    stream.write_all(&packet).await.ok()
}

/// The first event of a source.
async fn first<S: Source>() -> Event {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async {
        loop {
            serve(listener.accept().await.unwrap().0).await;
        }
    };
    let reading = async {
        let system = serde_json::from_value(system_at(port, 1)).unwrap();
        let settings = serde_json::from_value(json!({})).unwrap();
        let mut source = S::connect(system, settings, host_of(S::NAME)).await.unwrap();
        let mut cursor = S::Cursor::default();
        loop {
            let batch = source.read(&cursor).await.unwrap();
            if let Some(item) = batch.items.into_iter().next() {
                let Item::Event(event) = item else { panic!("{item:?}") };
                break event;
            }
            cursor = batch.cursor;
        }
    };
    let race = async {
        tokio::select! {
            event = reading => event,
            () = serving => unreachable!(),
        }
    };
    tokio::time::timeout(SOON, race).await.unwrap()
}

#[tokio::test]
async fn positions_and_fills_call_it_by_where_it_is_listed() {
    let held = first::<Positions>().await;
    assert_eq!(held.instrument().unwrap().as_str(), "BMW.XETR", "{held:?}");
    let filled = first::<OrderUpdates>().await;
    assert_eq!(filled.instrument().unwrap().as_str(), "BMW.XETR", "{filled:?}");
}

#[tokio::test]
async fn what_a_user_leaves_open_is_looked_up() {
    let rig = Rig::with(json!({"speed": 0})).await;
    let settings = json!({"symbols": ["IBM.MXN exchange=MEXI"], "start": "2013-10-01"});
    let mut bars: Driver<BarsHistory> = Driver::new(rig.system(), settings);
    bars.connect().await.unwrap();
    let asked = rig.asked("ContractDataRequest").await;
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].to_string().contains("MXN"), "{asked:?}");
}
