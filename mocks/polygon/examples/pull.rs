//! Measures the load generator: starts the mock at full speed in a thread of its own, follows one
//! socket with everything on it and counts.
//!
//! `cargo run --release -p polygon_mock --example pull -- FOLDER [SYMBOLS] [SECONDS] [BATCH]`

use std::io::Write as _;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use polygon_mock::{Replay, Settings, Speed};
use tokio_tungstenite::tungstenite::Message;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().map(Into::into);
    let load_symbols = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let batch = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let replay = Replay { batch, loops: 0, load_symbols, ..Replay::default() };
    let start = "2013-10-07T08:00:00Z".to_owned();
    let settings = Settings { data, start, speed: Speed::Max, replay, ..Settings::default() };
    let (ready, url) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let running = polygon_mock::serve(settings).await?;
            ready.send(running.urls()["stream"].clone())?;
            // The sender goes when the counting is over.
            let _ = stopped.await;
            running.stop().await;
            Ok(())
        })
    });
    let url = format!("{}/stocks", url.recv()?);
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
    for said in [
        r#"{"action":"auth","params":"test-key"}"#,
        r#"{"action":"subscribe","params":"T.*,Q.*,A.*,AM.*"}"#,
    ] {
        socket.send(Message::text(said)).await?;
    }
    let (mut frames, mut bytes, mut messages) = (0_u64, 0_u64, 0_u64);
    let started = Instant::now();
    let enough = Duration::from_secs(seconds);
    while let Some(message) = socket.next().await {
        let data = message?.into_data();
        frames += 1;
        bytes += data.len() as u64;
        // Counting costs little next to what any client does with the data.
        messages += data.windows(6).filter(|window| *window == b"{\"ev\":").count() as u64;
        if started.elapsed() > enough {
            break;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let (rate, megabytes) = (messages as f64 / seconds, bytes as f64 / 1e6);
    drop(stop);
    server.join().map_err(|_| "the server failed")??;
    writeln!(
        std::io::stdout(),
        "{messages} messages, {frames} frames, {megabytes:.1} MB, {seconds:.3} s, {rate:.0}/s"
    )?;
    Ok(())
}
