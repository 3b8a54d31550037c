//! A live feed over a server that a test drives.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use component::{Batch, Clock, Fault, Host, Item, Result, TestClock};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt};
use model::{Event, EventId, Head, InstrumentId, NewsItem, Timestamp};
use session::{Cursor, Live, Options, Page, Session, Stretch, Subscription};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};
use url::Url;

type Answer = tokio::sync::oneshot::Sender<Result<Page>>;

/// A vendor whose frames are seconds, and whose history a test answers by hand.
struct Acme {
    asked: mpsc::UnboundedSender<(Stretch, Option<String>, Answer)>,
}

fn record(secs: i64) -> Item {
    let item = NewsItem {
        head: Head::new(EventId::of(&[&secs.to_string()]), Timestamp::from_secs(secs)),
        news_id: secs.to_string().into(),
        headline: "".into(),
        summary: None,
        content: None,
        author: None,
        publisher: None,
        url: None,
        instruments: Vec::new(),
        symbols: Vec::new(),
        updated_time: Timestamp(0),
        topics: Vec::new(),
        sentiment_score: None,
        sentiment_label: None,
        sentiments: Vec::new(),
    };
    Item::Event(item.into())
}

impl Subscription for Acme {
    fn decode(&mut self, frame: &[u8], items: &mut Vec<Item>) -> Result<()> {
        let text = std::str::from_utf8(frame).unwrap();
        let secs = text.parse().map_err(|_| Fault::disconnected(format!("vendor says {text}")))?;
        items.push(record(secs));
        Ok(())
    }

    fn page(&self, stretch: Stretch, next: Option<String>) -> BoxFuture<'static, Result<Page>> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.asked.send((stretch, next, answer)).unwrap();
        async move { answered.await.unwrap() }.boxed()
    }

    fn instruments(&self) -> Vec<InstrumentId> {
        vec!["ACME.US".into()]
    }
}

struct Rig {
    live: Live<Acme>,
    server: WebSocketStream<TcpStream>,
    asked: mpsc::UnboundedReceiver<(Stretch, Option<String>, Answer)>,
}

async fn rig() -> Rig {
    rig_at(Clock::system()).await
}

async fn rig_at(clock: Clock) -> Rig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
    let accept = async { accept_async(listener.accept().await.unwrap().0).await.unwrap() };
    let options = Options::new(&url, false);
    let (session, server) = tokio::join!(Session::open(&options), accept);
    let (sender, asked) = mpsc::unbounded_channel();
    let host = Host { clock, ..Host::test("acme", "acme_live") };
    let acme = Acme { asked: sender };
    let live = Live::new(&host, session.unwrap(), acme, None, Timestamp::from_secs(1_000));
    Rig { live, server, asked }
}

/// News by their second, gaps by what happens to them.
fn names(batch: &Batch<Cursor>) -> Vec<String> {
    let name = |item: &Item| match item {
        Item::Event(Event::NewsItem(news)) => news.news_id.to_string(),
        Item::Event(Event::Gap(gap)) => gap.status.to_string(),
        other => format!("{other:?}"),
    };
    batch.items.iter().map(name).collect()
}

async fn read(live: &mut Live<Acme>, cursor: &Cursor) -> Result<Batch<Cursor>> {
    tokio::time::timeout(Duration::from_secs(5), live.read(cursor)).await.unwrap()
}

async fn send(rig: &mut Rig, texts: &[&str]) {
    for text in texts {
        rig.server.send(Message::text(*text)).await.unwrap();
    }
}

#[tokio::test]
async fn records_flow_and_a_disconnect_is_told_after_them() {
    let mut rig = rig().await;
    let mut cursor = Cursor::default();
    send(&mut rig, &["1001", "1002"]).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let batch = read(&mut rig.live, &cursor).await.unwrap();
        seen.extend(names(&batch));
        cursor = batch.cursor;
    }
    assert_eq!(seen, ["1001", "1002"]);
    send(&mut rig, &["1003", "go away"]).await;
    let mut seen = Vec::new();
    let fault = loop {
        match read(&mut rig.live, &cursor).await {
            Ok(batch) => {
                seen.extend(names(&batch));
                cursor = batch.cursor;
            }
            Err(fault) => break fault,
        }
    };
    assert_eq!(seen, ["1003", "opened"]);
    assert_eq!(fault, Fault::disconnected("vendor says go away"));
    let at = Timestamp::from_secs(1_003);
    assert_eq!(cursor, Cursor { at, missing_since: Some(at), ..Cursor::default() });
}

#[tokio::test]
async fn what_arrives_during_a_repair_follows_what_was_missed() {
    let mut rig = rig().await;
    let cursor = Cursor { at: Timestamp::from_secs(900), ..Cursor::default() };
    let opened = read(&mut rig.live, &cursor).await.unwrap();
    assert_eq!(names(&opened), ["opened"]);
    send(&mut rig, &["1001", "1002"]).await;

    // The first page fails, is asked for again, and a dropped read loses neither it nor a frame.
    let dropped = tokio::time::timeout(Duration::from_millis(50), rig.live.read(&opened.cursor));
    assert!(dropped.await.is_err());
    let (stretch, next, answer) = rig.asked.recv().await.unwrap();
    assert_eq!((stretch.from, next), (Timestamp::from_secs(900), None));
    answer.send(Err(Fault::retry("502"))).ok().unwrap();
    let again = async {
        let (_, next, answer) = rig.asked.recv().await.unwrap();
        assert_eq!(next, None);
        let page = Page { items: vec![record(901)], next: Some("2".to_owned()) };
        answer.send(Ok(page)).ok().unwrap();
        let (_, next, answer) = rig.asked.recv().await.unwrap();
        assert_eq!(next.as_deref(), Some("2"));
        answer.send(Ok(Page { items: vec![record(902)], next: None })).ok().unwrap();
    };
    let reading = async {
        let mut seen = Vec::new();
        let mut cursor = opened.cursor.clone();
        while !seen.contains(&"1002".to_owned()) {
            let batch = read(&mut rig.live, &cursor).await.unwrap();
            seen.extend(names(&batch));
            cursor = batch.cursor;
        }
        (seen, cursor)
    };
    let (_, (seen, cursor)) = tokio::join!(again, reading);
    assert_eq!(seen, ["901", "902", "closed", "1001", "1002"]);
    assert_eq!(cursor, Cursor { at: Timestamp::from_secs(1_002), ..Cursor::default() });
}

#[tokio::test]
async fn what_happens_now_does_not_wait_for_ever_for_a_repair() {
    let time = TestClock::starting_at(Timestamp::from_secs(1_000));
    let mut rig = rig_at(Clock::test(time.clone())).await;
    let cursor = Cursor { at: Timestamp::from_secs(900), ..Cursor::default() };
    let opened = read(&mut rig.live, &cursor).await.unwrap();
    send(&mut rig, &["1001"]).await;
    let early = tokio::time::timeout(Duration::from_millis(50), rig.live.read(&opened.cursor));
    assert!(early.await.is_err(), "the repair has the first word");

    let (_, _, answer) = rig.asked.recv().await.unwrap();
    time.advance(Duration::from_secs(5));
    let late = read(&mut rig.live, &opened.cursor).await.unwrap();
    assert_eq!(names(&late), ["1001"]);
    send(&mut rig, &["1002"]).await;
    let next = read(&mut rig.live, &late.cursor).await.unwrap();
    assert_eq!(names(&next), ["1002"]);
    assert_eq!(next.cursor.missing_since, Some(Timestamp::from_secs(900)));

    answer.send(Ok(Page { items: vec![record(901)], next: None })).ok().unwrap();
    let repaired = read(&mut rig.live, &next.cursor).await.unwrap();
    assert_eq!(names(&repaired), ["901", "closed"]);
    assert_eq!(repaired.cursor, Cursor { at: Timestamp::from_secs(1_002), ..Cursor::default() });
}
