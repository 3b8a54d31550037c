//! A program of somebody else's that speaks in lines: started, watched, and ended with everything
//! that it started itself.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use component::{Fault, Result, Secret};
use futures_util::FutureExt as _;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use crate::frames::Frame;
use crate::lines::Lines;

/// No record is larger; of a longer line only the beginning is kept.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;
/// Longest line of its log.
const MAX_LOG_BYTES: usize = 8 * 1024;
/// Lines of its log that are handed on in any [`LOG_WINDOW`]. A program that writes in a circle
/// must not fill the disk; what it says last is still known.
const MAX_LOG_LINES: u32 = 200;
const LOG_WINDOW: Duration = Duration::from_secs(10);
/// How long a process may take to end once it has closed its output, or the other way round.
const END: Duration = Duration::from_millis(500);
/// Shorter secrets are not worth hiding: they would blank out half of a log.
const MIN_SECRET_LEN: usize = 4;
/// Variables that a program needs to find its way; all others may be somebody's credentials.
const KEPT_VARIABLES: [&str; 8] =
    ["HOME", "LANG", "LC_ALL", "PATH", "SSL_CERT_FILE", "TMPDIR", "TZ", "VIRTUAL_ENV"];
/// Waits until its input ends, which it does when we are gone, however that came about. Then the
/// group has a moment to end by itself.
const WATCH: &str = "read -r _; sleep 1; kill -s KILL -- \"-$0\"";
/// How programs say that waiting does not help (`sysexits.h`, and the shell's own two).
const USAGE: i32 = 64;
const NO_PERMISSION: i32 = 77;
const CONFIGURATION: i32 = 78;
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// How to start a process.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// What its log is marked with.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it starts; our own folder if not said.
    pub folder: Option<PathBuf>,
    /// Its environment, beside the few variables that every program needs.
    pub env: BTreeMap<String, String>,
    /// What must not be seen in its log.
    pub secrets: Vec<Secret>,
    /// The setting to blame when it says that it was not let in.
    pub setting: &'static str,
    /// The line that tells it to end.
    pub farewell: Vec<u8>,
    /// Longest line that is accepted.
    pub max_line_bytes: usize,
}

impl ProcessOptions {
    /// The usual ones.
    pub fn new(name: &str, command: &[String]) -> Self {
        Self {
            name: name.to_owned(),
            command: command.to_vec(),
            folder: None,
            env: BTreeMap::new(),
            secrets: Vec::new(),
            setting: "authentication",
            farewell: Vec::new(),
            max_line_bytes: MAX_LINE_BYTES,
        }
    }
}

/// A running process. Dropping it ends the process and all that it started.
pub struct Process {
    options: ProcessOptions,
    lines: Lines<ChildStdout, ChildStdin>,
    child: Child,
    /// Lives as long as we do, and ends the group after us.
    watch: Child,
    last_words: LastWords,
    told: LogLimit,
}

/// The last line of a process's log, secrets and all: mostly why it ended.
type LastWords = Arc<Mutex<String>>;

impl Process {
    /// One attempt to start a process.
    pub fn start(options: &ProcessOptions) -> Result<Self> {
        let mut child = spawn(options)?;
        let broken = || Fault::retry("a process was started without its pipes");
        let output = child.stdout.take().ok_or_else(broken)?;
        let input = child.stdin.take().ok_or_else(broken)?;
        let log = child.stderr.take().ok_or_else(broken)?;
        let watch = watch(child.id())?;
        let last_words = LastWords::default();
        // It ends with the process, which cannot outlive us.
        tokio::spawn(follow_log(log, options.clone(), last_words.clone()));
        let lines = Lines::new(output, input, options.max_line_bytes);
        let told = LogLimit::new(&options.name);
        Ok(Self { options: options.clone(), lines, child, watch, last_words, told })
    }

    /// Puts a line in line. It leaves while the next one is waited for, so nothing can be
    /// interrupted in the middle.
    pub fn queue(&mut self, line: &[u8]) -> Result<()> {
        let queued = self.lines.queue(line);
        queued.map_err(|error| Fault::disconnected(format!("could not send: {error}")))
    }

    /// The next line that it writes. Dropping the future loses nothing.
    pub async fn next_line(&mut self) -> Result<Frame> {
        let line = tokio::select! {
            biased;
            line = self.lines.next() => line,
            // A child of its own may hold its output open; what it wrote itself is here by now.
            _ = self.child.wait() => timeout(END, self.lines.next()).await.unwrap_or(Ok(None)),
        };
        match line {
            Ok(Some(line)) => Ok(line),
            Ok(None) => Err(self.ended().await),
            Err(error) => Err(Fault::disconnected(format!("could not read its output: {error}"))),
        }
    }

    /// Whether it has ended. What it wrote before is still there to be read.
    pub fn is_over(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether a line that it wants logged may be: not if it has had too many.
    pub fn may_log(&mut self) -> bool {
        self.told.passes()
    }

    /// A text of its own without secrets, for people to read.
    pub fn redact(&self, text: &str) -> String {
        redact(&self.options.secrets, text)
    }

    /// Why there is nothing more to read.
    async fn ended(&mut self) -> Fault {
        let status = match timeout(END, self.child.wait()).await {
            Err(_) => return Fault::disconnected("the process closed its output and went on"),
            Ok(Err(error)) => return Fault::disconnected(format!("the process is lost: {error}")),
            Ok(Ok(status)) => status,
        };
        tokio::task::yield_now().await; // its last words may be on their way
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let words = self.redact(&words);
        meaning(status, &words, self.options.setting)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.options.farewell.is_empty() && self.lines.queue(&self.options.farewell).is_ok() {
            let _ = self.lines.flush().now_or_never();
        }
        // The watch ends the group when its own input ends, which it does with this value.
        if !matches!(self.watch.try_wait(), Ok(None)) {
            warn!(process = self.options.name, "nobody watched over it");
            let _ = self.child.start_kill();
        }
    }
}

fn spawn(options: &ProcessOptions) -> Result<Child> {
    let Some((program, arguments)) = options.command.split_first() else {
        return Err(Fault::fatal("connection.command is empty: name a program"));
    };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(KEPT_VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs(&options.env);
    if let Some(folder) = &options.folder {
        if !folder.is_dir() {
            return Err(Fault::fatal(format!("connection.folder: {folder:?} is not a folder")));
        }
        command.current_dir(folder);
    }
    command.spawn().map_err(|error| {
        let reason = format!("could not start {program:?}: {error}");
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                Fault::fatal(format!("connection.command: {reason}"))
            }
            _ => Fault::retry(reason),
        }
    })
}

/// Starts what ends a process group after us, even if we are killed.
fn watch(group: Option<u32>) -> Result<Child> {
    let group = group.ok_or_else(|| Fault::retry("the process has ended already"))?;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", WATCH, &group.to_string()]).env_clear().process_group(0);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| Fault::retry(format!("could not start /bin/sh: {error}")))
}

/// Hands on what a process writes to its standard error.
async fn follow_log(log: ChildStderr, options: ProcessOptions, last_words: LastWords) {
    let mut lines = Lines::new(log, tokio::io::sink(), MAX_LOG_BYTES);
    let mut limit = LogLimit::new(&options.name);
    while let Ok(Some(line)) = lines.next().await {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if limit.passes() {
            info!(process = options.name, "{}", redact(&options.secrets, text));
        }
        if !text.is_empty() {
            text.clone_into(&mut last_words.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Lets so many lines of a log pass, and says how many did not.
struct LogLimit {
    name: String,
    since: Instant,
    count: u32,
}

impl LogLimit {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), since: Instant::now(), count: 0 }
    }

    fn passes(&mut self) -> bool {
        if self.since.elapsed() >= LOG_WINDOW {
            self.turn();
        }
        self.count = self.count.saturating_add(1);
        self.count <= MAX_LOG_LINES
    }

    fn turn(&mut self) {
        let lines = self.count.saturating_sub(MAX_LOG_LINES);
        if lines > 0 {
            warn!(process = self.name, lines, "it logs too much: lines were left out");
        }
        (self.since, self.count) = (Instant::now(), 0);
    }
}

impl Drop for LogLimit {
    fn drop(&mut self) {
        self.turn();
    }
}

fn redact(secrets: &[Secret], text: &str) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().map(Secret::expose).filter(|s| s.len() >= MIN_SECRET_LEN) {
        let escaped = format!("{secret:?}");
        text = text.replace(secret, "***").replace(escaped.trim_matches('"'), "***");
    }
    text
}

/// What the end of a process means.
fn meaning(status: ExitStatus, last_words: &str, setting: &str) -> Fault {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("the process ended with code {code}"),
        (None, Some(signal)) => format!("the process was ended by signal {signal}"),
        (None, None) => "the process ended".to_owned(),
    };
    let reason = match last_words {
        "" => how,
        words => format!("{how}: {words}"),
    };
    match status.code() {
        Some(NO_PERMISSION) => Fault::unauthorized(reason, setting),
        Some(USAGE | CONFIGURATION | NOT_EXECUTABLE | NOT_FOUND) => Fault::fatal(reason),
        _ => Fault::disconnected(reason),
    }
}
