//! Raw sessions with servers that behave and servers that do not.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use component::{Fault, Host, Rate};
use session::{RawOptions, Session, Step, Turns};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

async fn pair(change: impl FnOnce(&mut RawOptions)) -> (Session, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = RawOptions::new("127.0.0.1", listener.local_addr().unwrap().port());
    change(&mut options);
    let (session, accepted) = tokio::join!(Session::open_raw(&options), listener.accept());
    (session.unwrap(), accepted.unwrap().0)
}

fn packet(body: &[u8]) -> Vec<u8> {
    let mut packet = (body.len() as u32).to_be_bytes().to_vec();
    packet.extend_from_slice(body);
    packet
}

fn reason(fault: Fault) -> String {
    let Fault::Disconnected(reason) = fault else { panic!("{fault:?}") };
    reason
}

#[tokio::test]
async fn messages_come_whole_however_the_bytes_are_split() {
    let (mut session, mut server) = pair(|_| {}).await;
    let bytes = [packet(b"one\0"), packet(b""), packet(&[7; 70_000])].concat();
    let writing = tokio::spawn(async move {
        for piece in bytes.chunks(3_001) {
            for half in [&piece[..1], &piece[1..]] {
                server.write_all(half).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
        server
    });
    assert_eq!(&*session.next_frame().await.unwrap(), b"one\0");
    assert_eq!(session.next_frame().await.unwrap().len(), 0);
    assert_eq!(session.next_frame().await.unwrap().whole().unwrap(), &[7; 70_000]);
    assert!(session.ready_frame().unwrap().is_none());
    drop(writing.await.unwrap());
    assert!(reason(session.next_frame().await.unwrap_err()).contains("ended"));
}

#[tokio::test]
async fn the_greeting_goes_first_and_interrupted_reads_lose_nothing() {
    let (mut session, mut server) = pair(|options| options.greeting = b"API\0").await;
    session.queue(b"v1").unwrap();
    session.send("hello").await.unwrap();
    let mut sent = [0; 19];
    server.read_exact(&mut sent).await.unwrap();
    assert_eq!(&sent, b"API\0\0\0\0\x02v1\0\0\0\x05hello");
    let bytes = packet(b"answer");
    for (index, byte) in bytes.iter().enumerate() {
        assert!(session.next_frame_within(Duration::from_millis(1)).await.unwrap().is_none());
        server.write_all(&[*byte]).await.unwrap();
        if index + 1 == bytes.len() {
            assert_eq!(&*session.next_frame().await.unwrap(), b"answer");
        }
    }
    server.write_all(&[packet(b"noise"), packet(b"ok")].concat()).await.unwrap();
    let judge = |frame: &session::Frame| match &**frame {
        b"ok" => Step::Done(()),
        _ => Step::Keep,
    };
    session.expect(Duration::from_secs(5), "ok", judge).await.unwrap();
    assert_eq!(&*session.next_frame().await.unwrap(), b"noise");
}

#[tokio::test]
async fn a_length_that_cannot_be_ends_the_session() {
    let (mut session, mut server) = pair(|options| options.max_message_bytes = 1_000).await;
    server.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    let reason = reason(session.next_frame().await.unwrap_err());
    assert!(reason.contains("1213486160 bytes"), "{reason}");
}

#[tokio::test]
async fn silence_is_asked_about_once_and_then_is_the_end() {
    let (mut session, mut server) = pair(|options| {
        options.probe = Some(b"there?".to_vec());
        options.idle = Duration::from_millis(100);
    })
    .await;
    let mut asked = [0; 10];
    let answering = async {
        server.read_exact(&mut asked).await.unwrap();
        server.write_all(&packet(b"here")).await.unwrap();
    };
    let (frame, ()) = tokio::join!(session.next_frame(), answering);
    assert_eq!((&*frame.unwrap(), &asked), (&b"here"[..], b"\0\0\0\x06there?"));
    let reason = reason(session.next_frame().await.unwrap_err());
    assert!(reason.contains("nothing was heard"), "{reason}");
    let (mut mute, _server) = pair(|options| options.idle = Duration::from_millis(50)).await;
    assert_eq!(mute.next_frame().await.unwrap_err().kind(), "disconnected");
}

#[tokio::test]
async fn no_second_holds_more_messages_than_its_limit() {
    let host = Host::test("somewhere", "here");
    let turns = Turns::to(&host, "one", Rate::per_second(4), false).unwrap();
    let (mut session, mut server) = pair(|options| options.turns = Some(turns)).await;
    let started = Instant::now();
    for _ in 0..10 {
        session.queue(b"x").unwrap();
    }
    let reading = async {
        let mut arrivals = Vec::new();
        for _ in 0..10 {
            server.read_exact(&mut [0; 5]).await.unwrap();
            arrivals.push(started.elapsed());
        }
        arrivals
    };
    // Reading lets them go, and so does waiting for it.
    let (arrivals, ()) = tokio::join!(reading, async {
        assert!(session.next_frame_within(Duration::from_millis(1_200)).await.unwrap().is_none());
        session.flush().await.unwrap();
    });
    assert!(arrivals[3] < Duration::from_millis(900), "{arrivals:?}");
    assert!(arrivals[4] >= Duration::from_secs(1), "{arrivals:?}");
    assert!(arrivals[8] >= Duration::from_secs(2), "{arrivals:?}");
}

#[tokio::test]
async fn sessions_with_the_same_other_side_share_its_limit_and_some_is_kept_for_the_urgent() {
    let hosts = ["one", "two", "three"].map(|component| Host::test("somewhere", component));
    let line = |host: &Host, is_urgent: bool| {
        let turns = Turns::to(host, "the other side", Rate::per_second(5), is_urgent);
        pair(move |options| options.turns = Some(turns.unwrap()))
    };
    let (mut urgent, mut urgent_server) = line(&hosts[0], true).await;
    let (mut one, _one_server) = line(&hosts[1], false).await;
    let (mut other, mut other_server) = line(&hosts[2], false).await;
    for _ in 0..4 {
        one.queue(b"x").unwrap();
    }
    one.flush().await.unwrap();
    other.queue(b"x").unwrap();
    let mut read = [0; 5];
    let soon = other.next_frame_within(Duration::from_millis(300)).await.unwrap();
    assert!(soon.is_none() && other_server.try_read(&mut read).is_err(), "it must wait");
    urgent.send("x").await.unwrap();
    urgent_server.read_exact(&mut read).await.unwrap();
    other.flush().await.unwrap();
    other_server.read_exact(&mut read).await.unwrap();
}

#[tokio::test]
async fn other_machines_need_a_word_and_nobody_there_is_no_end() {
    let far = Session::open_raw(&RawOptions::new("192.0.2.1", 1)).await.err().unwrap();
    assert!(far.to_string().contains("connection.insecure"), "{far}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let fault = Session::open_raw(&RawOptions::new("localhost", port)).await.err().unwrap();
    assert_eq!(fault.kind(), "retry");
}
