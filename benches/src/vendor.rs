//! The mock of a vendor: in this process for its frames, in one of its own as a load generator.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use alpaca_mock::{Replay, Running, Settings, Speed};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use session::{Options, Session, Step};

/// How long the mock may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The mock's account.
pub const ACCOUNT_NUMBER: &str = "PA0000000001";

/// Frames of real trades, as many as hold so many of them.
pub struct Frames {
    pub frames: Vec<Vec<u8>>,
    pub trades: usize,
}

/// Takes frames with so many trades of BAC each off the wire.
pub async fn frames(batch: usize, trades: usize) -> Result<Frames> {
    let replay = Replay { batch, loops: 0 };
    let mock = serve(Settings { speed: Speed::Max, replay, ..Settings::default() }).await?;
    let url = mock.urls().get("stream").context("the mock has a stream")?;
    let mut session = Session::open(&Options::new(&url.parse()?, false)).await?;
    let hello = json!({ "action": "auth", "key": "test-key", "secret": "test-secret" });
    session.send(hello.to_string()).await?;
    let subscribe = json!({ "action": "subscribe", "trades": ["BAC"] });
    session.send(subscribe.to_string()).await?;
    let listed = |frame: &[u8]| frame.windows(14).any(|part| part == b"\"subscription\"");
    let answer = |frame: &session::Frame| match listed(frame) {
        true => Step::Done(()),
        false => Step::Skip,
    };
    session.expect(ANSWER, "subscription", answer).await?;
    let mut found = Frames { frames: Vec::new(), trades: 0 };
    while found.trades < trades {
        let frame = session.next_frame().await?.to_vec();
        found.trades += batch;
        found.frames.push(frame);
    }
    drop(session);
    mock.stop().await;
    Ok(found)
}

/// The mock in this process.
pub async fn serve(settings: Settings) -> Result<Running> {
    Ok(alpaca_mock::serve(settings).await?)
}

/// A process of ours that is killed when dropped.
pub struct Process {
    child: Child,
    /// The line it printed when it was ready.
    pub ready: Value,
}

impl Process {
    /// Starts `foliostream` and waits for its ready line.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        env: &[(&str, &str)],
        log: &Path,
    ) -> Result<Self> {
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = Command::new(program)
            .args(arguments)
            .args(["--format", "json"])
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let mut lines = BufReader::new(output).lines();
        let line = lines.next().and_then(std::result::Result::ok);
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        let line = line.with_context(|| format!("{arguments:?} ended at once: {}", said()))?;
        Ok(Self { child, ready: serde_json::from_str(&line)? })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kill -9.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// One of the addresses that a mock tells.
    pub fn url(&self, name: &str) -> Result<&str> {
        self.ready["urls"][name].as_str().with_context(|| format!("the mock has no {name}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `foliostream mock run alpaca`: a broker and its market in a process of their own.
pub struct Mock {
    pub process: Process,
    client: reqwest::Client,
}

impl Mock {
    pub fn start(
        program: &Path,
        speed: &str,
        settings: &Value,
        market: Option<&Path>,
        log: &Path,
    ) -> Result<Self> {
        let settings = settings.to_string();
        let mut arguments =
            vec!["mock", "run", "alpaca", "--speed", speed, "--settings", &settings];
        if let Some(folder) = market {
            arguments.extend(["--market-data", folder.to_str().context("a path in UTF-8")?]);
        }
        Ok(Self { process: Process::start(program, &arguments, &[], log)?, client: client()? })
    }

    /// What the load generator has sent on the feed so far.
    pub async fn sent(&self) -> Result<Value> {
        let mut answer = self.get("/_mock/replay").await?;
        Ok(answer["feeds"]["iex"].take())
    }

    /// The system that reaches this mock, as a topology writes it.
    pub fn system(&self) -> Result<Value> {
        Ok(json!({
            "connection": {
                "trading_url": self.process.url("trading")?,
                "data_url": self.process.url("data")?,
                "stream_url": self.process.url("stream")?,
                "trading_stream_url": self.process.url("trading_stream")?,
            },
            "authentication": authentication(),
        }))
    }

    async fn get(&self, path: &str) -> Result<Value> {
        get(&self.client, &format!("{}{path}", self.process.url("trading")?)).await
    }
}

/// The key of every mock.
pub fn authentication() -> Value {
    json!({
        "type": "api_key",
        "credentials": { "api_key": "test-key", "api_secret": "test-secret" },
    })
}

/// A client of the mocks, with nothing of ours between.
pub fn client() -> Result<reqwest::Client> {
    // The limit that our own client is held against.
    #[allow(clippy::disallowed_methods)]
    Ok(reqwest::ClientBuilder::new().no_proxy().build()?)
}

/// An answer in JSON, whatever its status.
pub async fn get(client: &reqwest::Client, url: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&client.get(url).send().await?.bytes().await?)?)
}
