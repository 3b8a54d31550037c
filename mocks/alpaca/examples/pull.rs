//! Measures the load generator: starts the mock at full speed in a thread of its own, follows one
//! stream with everything on it and counts.
//!
//! `cargo run --release -p alpaca_mock --example pull -- FOLDER [BATCH] [LOOPS] [msgpack]`

use std::io::Write as _;
use std::time::Instant;

use alpaca_mock::{Replay, Settings, Speed};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().map(Into::into);
    let batch = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let loops = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let packed = arguments.next().is_some();
    let start = "2013-10-07T08:00:00Z".to_owned();
    let replay = Replay { batch, loops };
    let settings = Settings { data, start, speed: Speed::Max, replay, ..Settings::default() };
    let (ready, url) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let running = alpaca_mock::serve(settings).await?;
            ready.send(running.urls()["stream"].clone())?;
            // The sender goes when the counting is over.
            let _ = stopped.await;
            running.stop().await;
            Ok(())
        })
    });
    let mut request = url.recv()?.into_client_request()?;
    if packed {
        request.headers_mut().insert("content-type", "application/msgpack".parse()?);
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    let login = r#"{"action":"auth","key":"test-key","secret":"test-secret"}"#;
    socket.send(Message::text(login)).await?;
    let follow = r#"{"action":"subscribe","trades":["*"],"quotes":["*"],"bars":["*"]}"#;
    socket.send(Message::text(follow)).await?;
    let expected = wanted(&mut socket, packed).await?;
    drop(stop);
    server.join().map_err(|_| "the server failed")??;
    writeln!(std::io::stdout(), "{expected}")?;
    Ok(())
}

/// Reads until nothing comes for a second.
async fn wanted(
    socket: &mut tokio_tungstenite::WebSocketStream<
        tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>,
    >,
    packed: bool,
) -> Result<String, Failure> {
    let pause = std::time::Duration::from_secs(1);
    let (mut frames, mut bytes, mut messages) = (0_u64, 0_u64, 0_u64);
    let mut started = Instant::now();
    let mut last = started;
    while let Ok(Some(message)) = tokio::time::timeout(pause, socket.next()).await {
        let data = message?.into_data();
        if frames == 3 {
            started = Instant::now();
        }
        frames += 1;
        bytes += data.len() as u64;
        let marker: &[u8] = if packed { b"\xa1T\xa1" } else { b"{\"T\":" };
        // Counting costs little next to what any client does with the data.
        messages += data.windows(marker.len()).filter(|window| *window == marker).count() as u64;
        last = Instant::now();
    }
    let seconds = (last - started).as_secs_f64();
    let rate = messages as f64 / seconds;
    let megabytes = bytes as f64 / 1e6;
    Ok(format!(
        "{messages} messages, {frames} frames, {megabytes:.1} MB, {seconds:.3} s, {rate:.0}/s"
    ))
}
