//! A stage for whole-system tests: a real Kafka and a mock that outlive the processes under test.

#![allow(clippy::unwrap_used, dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The program under test.
pub const FOLIOSTREAM: &str = env!("CARGO_BIN_EXE_foliostream");
/// The mock's account.
pub const ACCOUNT_NUMBER: &str = "PA0000000001";
/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A child process that is killed when dropped.
pub struct Process {
    child: Child,
    /// The line it printed when it was ready.
    pub ready: Value,
    /// What it printed since.
    said: Arc<Mutex<Vec<Value>>>,
}

impl Process {
    /// Starts `foliostream` and waits for its ready line; `None` if it ended before.
    pub fn start(args: &[&str], env: &[(&str, &str)], log: &Path) -> Option<Self> {
        Self::start_in(Path::new("."), args, env, log)
    }

    /// The same in a folder.
    pub fn start_in(
        folder: &Path,
        args: &[&str],
        env: &[(&str, &str)],
        log: &Path,
    ) -> Option<Self> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = Command::new(FOLIOSTREAM)
            .args(args)
            .args(["--format", "json"])
            .current_dir(folder)
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next().and_then(Result::ok);
        let said = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&said);
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                keep.lock().unwrap().extend(serde_json::from_str(&line).ok());
            }
        });
        let ready = ready.and_then(|line| serde_json::from_str(&line).ok());
        match ready {
            Some(ready) => Some(Self { child, ready, said }),
            None => {
                child.kill().ok();
                child.wait().unwrap();
                None
            }
        }
    }

    /// The lines of JSON that it printed since it was ready.
    pub fn said(&self) -> Vec<Value> {
        self.said.lock().unwrap().clone()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kill -9.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().unwrap();
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(&mut self) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        wait_for("the process to stop", || self.has_ended());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits for a condition.
pub fn wait_for(what: &str, mut is_met: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_met() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// One HTTP request to a mock's control routes.
pub fn http(method: &str, base: &str, path: &str, body: &str) -> Value {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\napca-api-key-id: \
         test-key\r\napca-api-secret-key: test-secret\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {head}\n{body}");
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// Kafka, registry and mock, with a topology that uses them.
pub struct Stage {
    /// Everything the test leaves on disk.
    pub folder: tempfile::TempDir,
    broker: Process,
    mock: Process,
    /// The mock's trading address, which its control routes share.
    pub mock_url: String,
}

impl Stage {
    /// Starts Kafka with its registry, and a mock whose market moves at this speed.
    pub fn set(speed: &str) -> Self {
        Self::set_for(speed, &json!({ "number": ACCOUNT_NUMBER }))
    }

    /// The same, with an account of one's own.
    pub fn set_for(speed: &str, account: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let log = folder.path().join("broker.log");
        let broker = Process::start(&["broker", "run", "--data", text(&data)], &[], &log);
        let broker = broker.unwrap_or_else(|| panic!("no broker: {}", read(&log)));
        let settings = json!({ "accounts": [account] }).to_string();
        let args = ["mock", "run", "alpaca", "--speed", speed, "--settings", &settings];
        let mock = Process::start(&args, &[], &log);
        let mock = mock.unwrap_or_else(|| panic!("no mock: {}", read(&log)));
        let mock_url = mock.ready["urls"]["trading"].as_str().unwrap().to_owned();
        Self { folder, broker, mock, mock_url }
    }

    /// Writes a topology with these features of Alpaca and these processors.
    pub fn topology(&self, features: &Value, processors: &Value) -> PathBuf {
        let url = |name: &str| self.mock.ready["urls"][name].clone();
        let topology = json!({
            "systems": { "alpaca": {
                "type": "brokerage",
                "connection": {
                    "trading_url": url("trading"),
                    "data_url": url("data"),
                    "stream_url": url("stream"),
                    "trading_stream_url": url("trading_stream"),
                },
                "authentication": { "type": "api_key", "credentials":
                    { "api_key": "${MOCK_KEY:-test-key}", "api_secret": "${MOCK_SECRET:-test-secret}" } },
                "features": features,
            } },
            "accounts": { "main": { "system": "alpaca", "broker_account": ACCOUNT_NUMBER } },
            "processors": processors,
            "kafka": { "bootstrap_servers": self.broker.ready["bootstrap_servers"] },
            "schema_registry": { "url": self.broker.ready["schema_registry_url"] },
        });
        let path = self.folder.path().join("topology.yaml");
        std::fs::write(&path, topology.to_string()).unwrap();
        path
    }

    /// Writes a topology with these systems, on the stage's Kafka.
    pub fn topology_of(&self, name: &str, systems: &Value) -> PathBuf {
        let topology = json!({
            "systems": systems,
            "metrics": { "listen": "127.0.0.1:0" },
            "kafka": { "bootstrap_servers": self.broker.ready["bootstrap_servers"] },
            "schema_registry": { "url": self.broker.ready["schema_registry_url"] },
        });
        let path = self.folder.path().join(name);
        std::fs::write(&path, topology.to_string()).unwrap();
        path
    }

    /// The options that put a command on the stage's Kafka.
    pub fn on_kafka(&self) -> [&str; 4] {
        let address = |name: &str| self.broker.ready[name].as_str().unwrap();
        let (kafka, registry) = (address("bootstrap_servers"), address("schema_registry_url"));
        ["--bootstrap-servers", kafka, "--schema-registry", registry]
    }

    /// Runs parts of a topology.
    pub fn run(&self, topology: &Path, names: &[&str], env: &[(&str, &str)]) -> Process {
        self.try_run(topology, names, env).unwrap_or_else(|| panic!("not ready: {}", self.log()))
    }

    /// The same; `None` if the process ended before it was ready.
    pub fn try_run(
        &self,
        topology: &Path,
        names: &[&str],
        env: &[(&str, &str)],
    ) -> Option<Process> {
        let data = self.data();
        let mut args = vec!["run", "--topology", text(topology), "--data", text(&data)];
        args.extend(names);
        Process::start(&args, env, &self.folder.path().join("run.log"))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A command against the stage's Kafka; its lines of JSON.
    pub fn ask(&self, args: &[&str]) -> Vec<Value> {
        let output = Command::new(FOLIOSTREAM)
            .args(args)
            .args(["--format", "json"])
            .args(self.on_kafka())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {errors}");
        let lines = String::from_utf8(output.stdout).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What the mock's own ledger holds of the account.
    pub fn ledger(&self) -> Value {
        self.ledger_of("test-key")
    }

    /// The same, of the account with this key.
    pub fn ledger_of(&self, key: &str) -> Value {
        http("GET", &self.mock_url, "/_mock/ledger", "")["accounts"][key].clone()
    }

    /// An answer of the mock's own REST side.
    pub fn rest(&self, path: &str) -> Value {
        http("GET", &self.mock_url, path, "")
    }

    /// Has the mock misbehave.
    pub fn fault(&self, fault: &Value) {
        http("POST", &self.mock_url, "/_mock/faults", &fault.to_string());
    }

    /// What the processes under test have logged.
    pub fn log(&self) -> String {
        read(&self.folder.path().join("run.log"))
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A Python with these requirements, made once under `target`.
pub fn python(name: &str, requirements: &Path) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = target.join("fidelity").join(name);
    let python = venv.join("bin/python");
    let wanted = std::fs::read_to_string(requirements).unwrap();
    let installed = venv.join("installed.txt");
    if read(&installed) != wanted {
        let run = |command: &mut Command| {
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command:?}: {said}");
        };
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        let install = ["-m", "pip", "install", "--quiet", "--requirement"];
        run(Command::new(&python).args(install).arg(requirements));
        std::fs::write(installed, wanted).unwrap();
    }
    python
}
