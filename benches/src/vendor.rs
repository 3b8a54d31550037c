//! The mocks of vendors: in this process, and in one of their own as load generators.

use std::io::{BufRead, BufReader, sink};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use polygon_mock::{Replay, Settings, Speed};
use serde_json::{Value, json};
use session::{Options, Session, Step};

/// How long the mock may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The word that makes a mock of this program: a load generator that takes no processor time of
/// ours needs a process of its own, and nobody needs to wait for another program to be built.
pub const MOCK: &str = "--mock";

/// The account of Alpaca's mock.
pub const ACCOUNT_NUMBER: &str = "PA0000000001";

/// Frames of real market data, as many as hold so many records.
pub struct Frames {
    pub frames: Vec<Vec<u8>>,
    pub records: usize,
}

/// Takes Polygon's frames of BAC off the wire: `T` are its trades and `Q` its quotes.
pub async fn frames(channel: char, batch: usize, records: usize) -> Result<Frames> {
    let replay = Replay { batch, loops: 0, ..Replay::default() };
    let settings = Settings { speed: Speed::Max, replay, ..Settings::default() };
    let mock = polygon_mock::serve(settings).await?;
    let url = mock.urls().get("stream").context("the mock has a stream")?;
    let url = format!("{url}/stocks").parse()?;
    let mut session = Session::open(&Options::new(&url, false)).await?;
    let (login, subscription) = ("test-key".to_owned(), format!("{channel}.BAC"));
    for (action, params) in [("auth", login), ("subscribe", subscription)] {
        session.send(json!({ "action": action, "params": params }).to_string()).await?;
    }
    let listed = |frame: &session::Frame| match count(frame, b"subscribed to") {
        0 => Step::Skip,
        _ => Step::Done(()),
    };
    session.expect(ANSWER, "subscription", listed).await?;
    let mut found = Frames { frames: Vec::new(), records: 0 };
    while found.records < records {
        let frame = session.next_frame().await?.to_vec();
        found.records += count(&frame, format!("{{\"ev\":\"{channel}\"").as_bytes());
        found.frames.push(frame);
    }
    drop(session);
    mock.stop().await;
    Ok(found)
}

/// How often something stands in a frame.
fn count(frame: &[u8], what: &[u8]) -> usize {
    frame.windows(what.len()).filter(|part| *part == what).count()
}

/// A process of ours that is killed when dropped.
pub struct Process {
    child: Child,
    /// A mock ends when this does, even if nobody lives to kill it.
    _input: Option<ChildStdin>,
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
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let input = child.stdin.take();
        let mut lines = BufReader::new(output).lines();
        let line = lines.next().and_then(std::result::Result::ok);
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        let line = line.with_context(|| format!("{arguments:?} ended at once: {}", said()))?;
        Ok(Self { child, _input: input, ready: serde_json::from_str(&line)? })
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

/// Serves a mock until whoever started this process is gone.
pub async fn serve(vendor: &str, settings: &str) -> Result<()> {
    let ended =
        || tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut sink()));
    match vendor {
        "alpaca" => {
            let mock = alpaca_mock::serve(serde_json::from_str(settings)?).await?;
            println!("{}", mock.ready_line());
            ended().await??;
        }
        "polygon" => {
            let mock = polygon_mock::serve(serde_json::from_str(settings)?).await?;
            println!("{}", mock.ready_line());
            ended().await??;
        }
        other => bail!("there is no mock of {other:?} here"),
    }
    Ok(())
}

/// A vendor in a process of its own.
pub struct Mock {
    pub process: Process,
    client: reqwest::Client,
}

impl Mock {
    pub fn start(vendor: &str, settings: &Value, log: &Path) -> Result<Self> {
        let this = std::env::current_exe()?;
        let arguments = [MOCK, vendor, &settings.to_string()];
        Ok(Self { process: Process::start(&this, &arguments, &[], log)?, client: client()? })
    }

    /// What Polygon's load generator has sent of stocks so far.
    pub async fn sent(&self) -> Result<Value> {
        let url = format!("{}/_mock/replay", self.process.url("rest")?);
        let mut answer = get(&self.client, &url).await?;
        Ok(answer["clusters"]["stocks"].take())
    }

    /// Polygon as a system that reaches this mock, the way a topology writes it.
    pub fn system(&self) -> Result<Value> {
        Ok(json!({
            "connection": {
                "base_url": self.process.url("rest")?,
                "stream_url": self.process.url("stream")?,
            },
            "authentication": { "type": "api_key", "credentials": { "api_key": "test-key" } },
        }))
    }
}

/// The key of Alpaca's mock.
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
