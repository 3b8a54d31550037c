//! Sessions with servers that behave and servers that do not.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use component::{Fault, Secret};
use futures_util::{SinkExt, StreamExt};
use session::{Options, Session, Step};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, handshake};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use url::Url;

type Server = WebSocketStream<TcpStream>;

/// One session, and the server's end of it.
async fn pair(change: impl FnOnce(&mut Options)) -> (Session, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("ws://{}/stream", listener.local_addr().unwrap())).unwrap();
    let mut options = Options::new(&url, false);
    options.headers = vec![("x-acme-key", Secret::new("PK-SECRET"))];
    change(&mut options);
    let accept = async {
        let (socket, _) = listener.accept().await.unwrap();
        #[allow(clippy::result_large_err)]
        let check = |request: &handshake::server::Request, response| {
            assert_eq!(request.headers()["x-acme-key"], "PK-SECRET");
            Ok(response)
        };
        accept_hdr_async(socket, check).await.unwrap()
    };
    let (session, server) = tokio::join!(Session::open(&options), accept);
    (session.unwrap(), server)
}

fn reason(fault: Fault) -> String {
    let Fault::Disconnected(reason) = fault else { panic!("{fault:?}") };
    reason
}

#[tokio::test]
async fn texts_and_binaries_are_frames_and_pings_are_answered() {
    let (mut session, mut server) = pair(|_| {}).await;
    for message in [Message::Ping("hi".into()), Message::text("a"), Message::binary("b")] {
        server.send(message).await.unwrap();
    }
    assert_eq!(&*session.next_frame().await.unwrap(), b"a");
    assert_eq!(&*session.next_frame().await.unwrap(), b"b");
    assert!(session.ready_frame().unwrap().is_none());
    session.send("hello").await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap(), Message::Pong("hi".into()));
    assert_eq!(server.next().await.unwrap().unwrap(), Message::text("hello"));
}

#[tokio::test]
async fn the_answer_is_found_and_early_data_is_kept() {
    let (mut session, mut server) = pair(|_| {}).await;
    for text in ["data 1", "noise", "ok", "data 2"] {
        server.send(Message::text(text)).await.unwrap();
    }
    let judge = |frame: &session::Frame| match &**frame {
        b"ok" => Step::Done(7),
        b"noise" => Step::Skip,
        b"no" => Step::Refused(Fault::unauthorized("no", "key")),
        _ => Step::Keep,
    };
    let second = Duration::from_secs(1);
    assert_eq!(session.expect(second, "ok", judge).await.unwrap(), 7);
    assert_eq!(&*session.next_frame().await.unwrap(), b"data 1");
    server.send(Message::text("no")).await.unwrap();
    assert_eq!(session.expect(second, "ok", judge).await.unwrap_err().kind(), "unauthorized");
    assert_eq!(&*session.next_frame().await.unwrap(), b"data 2");
    let late = session.expect(Duration::from_millis(20), "login", judge).await.unwrap_err();
    assert_eq!(reason(late), "no login within 20ms");
}

#[tokio::test]
async fn a_close_says_why() {
    let (mut session, mut server) = pair(|_| {}).await;
    let close = CloseFrame { code: CloseCode::Policy, reason: "too slow".into() };
    server.close(Some(close)).await.unwrap();
    let reason = reason(session.next_frame().await.unwrap_err());
    assert!(reason.contains("1008") && reason.contains("too slow"), "{reason}");
}

#[tokio::test]
async fn silence_is_noticed_even_when_the_socket_stays_open() {
    let (mut session, server) = pair(|options| options.idle = Duration::from_millis(50)).await;
    let fault = session.next_frame().await.unwrap_err();
    assert!(reason(fault).contains("not even an answer to a ping"));
    drop(server); // it was there all the time, only it did not read
}

#[tokio::test]
async fn an_answer_to_a_ping_is_a_sign_of_life() {
    let (mut session, mut server) = pair(|options| options.idle = Duration::from_millis(50)).await;
    let server = tokio::spawn(async move {
        for _ in 0..5 {
            assert!(matches!(server.next().await.unwrap().unwrap(), Message::Ping(_)));
            server.flush().await.unwrap(); // sends the pong
        }
        server.send(Message::text("at last")).await.unwrap();
        server
    });
    assert_eq!(&*session.next_frame().await.unwrap(), b"at last");
    server.await.unwrap();
}

#[tokio::test]
async fn a_huge_message_ends_the_session_before_it_is_held() {
    let (mut session, server) = pair(|_| {}).await;
    let mut socket = server.into_inner();
    let mut header = vec![0x81, 127];
    header.extend_from_slice(&50_000_000u64.to_be_bytes());
    socket.write_all(&header).await.unwrap();
    let reason = reason(session.next_frame().await.unwrap_err());
    assert!(reason.contains("too long: 50000000"), "{reason}");
}

#[tokio::test]
async fn a_text_that_is_no_text_ends_the_session() {
    let (mut session, server) = pair(|_| {}).await;
    let mut socket = server.into_inner();
    socket.write_all(&[0x81, 2, 0xff, 0xfe]).await.unwrap();
    let reason = reason(session.next_frame().await.unwrap_err());
    assert!(reason.contains("UTF-8"), "{reason}");
}

#[tokio::test]
async fn a_reset_is_a_disconnect() {
    let (mut session, server) = pair(|_| {}).await;
    drop(server);
    assert_eq!(session.next_frame().await.unwrap_err().kind(), "disconnected");
}

#[tokio::test]
async fn a_refused_opening_says_which_kind_of_no() {
    let cases =
        [("401 Unauthorized", "unauthorized"), ("503 Busy", "retry"), ("nonsense", "retry")];
    for (status, kind) in cases {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            socket.write_all(answer.as_bytes()).await.unwrap();
        });
        let fault = Session::open(&Options::new(&url, false)).await.err().unwrap();
        assert_eq!(fault.kind(), kind, "{status}: {fault}");
    }
}

#[tokio::test]
async fn plain_ws_stays_on_this_machine() {
    for url in ["ws://vendor.test/stream", "http://127.0.0.1/stream"] {
        let options = Options::new(&Url::parse(url).unwrap(), false);
        let fault = Session::open(&options).await.err().unwrap();
        assert_eq!(fault.kind(), "fatal", "{url}");
    }
}
