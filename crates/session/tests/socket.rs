//! Sessions with servers that behave and servers that do not.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use component::{Fault, Secret};
use futures_util::{SinkExt, StreamExt};
use session::{Options, Session, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

/// One frame of a server, unmasked.
fn raw(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 127];
    frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

#[tokio::test]
async fn of_a_huge_message_the_beginning_is_kept_and_the_session_goes_on() {
    let (mut session, server) = pair(|options| options.max_message_bytes = 1_000_000).await;
    let mut socket = server.into_inner();
    let write = tokio::spawn(async move {
        let half = vec![b'x'; 600_000];
        // In one frame; in two with a ping between them; and as the rest of one that was well.
        let frames = [
            raw(0x81, &[b'x'; 1_200_000]),
            raw(0x02, &half),
            raw(0x89, b"there?"),
            raw(0x80, &half),
            raw(0x81, b"small"),
        ];
        for frame in frames {
            socket.write_all(&frame).await.unwrap();
        }
        socket
    });
    for _ in 0..2 {
        let frame = session.next_frame().await.unwrap();
        let bad = frame.whole().unwrap_err();
        assert!(bad.reason.contains("too long: 1200000 bytes"), "{bad}");
        assert!(frame.len() >= 200_000 && frame.iter().all(|byte| *byte == b'x'));
    }
    assert_eq!(session.next_frame().await.unwrap().whole().unwrap(), b"small");
    drop(write.await.unwrap());
}

#[tokio::test]
async fn a_text_that_is_no_text_is_handed_on() {
    let (mut session, server) = pair(|_| {}).await;
    let mut socket = server.into_inner();
    socket.write_all(&[0x81, 2, 0xff, 0xfe, 0x81, 2, b'o', b'k']).await.unwrap();
    assert_eq!(session.next_frame().await.unwrap().whole().unwrap(), [0xff, 0xfe]);
    assert_eq!(&*session.next_frame().await.unwrap(), b"ok");
}

#[tokio::test]
async fn a_message_in_pieces_is_one_however_the_bytes_arrive() {
    let (mut session, server) = pair(|_| {}).await;
    let mut socket = server.into_inner();
    let frames =
        [raw(0x01, b"one "), raw(0x00, b""), raw(0x89, b""), raw(0x00, b"two "), raw(0x80, b"end")];
    let bytes = frames.concat();
    let write = tokio::spawn(async move {
        for byte in bytes {
            socket.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        socket
    });
    assert_eq!(&*session.next_frame().await.unwrap(), b"one two end");
    drop(write.await.unwrap());
}

#[tokio::test]
async fn what_no_server_may_send_ends_the_session() {
    let cases: [(&[u8], &str); 6] = [
        (&[0x81, 0x81, 1, 2, 3, 4, 5], "masked"),
        (&[0xc1, 0], "extension"),
        (&[0x83, 0], "opcode"),
        (&[0x80, 0], "continues nothing"),
        (&[0x09, 0], "not whole"),
        (&[0x01, 0, 0x81, 0], "interrupts"),
    ];
    for (bytes, wanted) in cases {
        let (mut session, server) = pair(|_| {}).await;
        server.into_inner().write_all(bytes).await.unwrap();
        let reason = reason(session.next_frame().await.unwrap_err());
        assert!(reason.contains(wanted), "{reason}");
    }
}

#[tokio::test]
async fn frames_that_come_with_the_answer_to_the_opening_are_not_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
    let serve = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(socket.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let accept = handshake::derive_accept_key(key.unwrap().as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        socket.write_all(&[head.as_bytes(), b"\x81\x05hello"].concat()).await.unwrap();
        socket
    });
    let mut session = Session::open(&Options::new(&url, false)).await.unwrap();
    assert_eq!(&*session.next_frame().await.unwrap(), b"hello");
    drop(serve.await.unwrap());
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
