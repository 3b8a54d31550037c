//! One Java process that cannot outlive us.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::config;
use crate::error::Error;
use crate::jars::Home;
use crate::java::Java;

/// Becomes the broker, after leaving a watcher that holds the read end of a pipe whose write end
/// only we hold. A line on the pipe sends the watcher home; its end means that we died, by kill
/// -9 too, and the watcher ends the broker: by `$1`, and after ten seconds by force. It then
/// removes `$2`. (`$$` is the broker, even inside the parentheses.)
const LEASH: &str = r#"
signal=$1 folder=$2
shift 2
exec 3<&0
(
    read -r _ <&3 && exit
    kill -"$signal" $$
    tries=0
    while kill -0 $$ && [ $tries -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -KILL $$
    [ -z "$folder" ] || rm -rf -- "$folder"
) >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null
"#;

/// What Java itself prints; Kafka's own words are in `config::LOG`.
pub(crate) const CONSOLE: &str = "java.log";

const POLL: Duration = Duration::from_millis(10);

/// Which Java runs which Kafka, with which prepared classes.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub java: Java,
    pub home: Home,
    pub class_archive: Option<PathBuf>,
}

impl Runtime {
    /// `java MainClass`, with the folder as working directory.
    pub fn java(&self, dir: &Path, main_class: &str) -> Command {
        let mut command = Command::new(&self.java.program);
        command.current_dir(dir).args(self.arguments()).arg(main_class);
        command
    }

    /// The flags measured to start and run a small broker with the least CPU: on two cores the
    /// first compiler alone serves as many records as both do, for two thirds of the CPU.
    fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            "-XX:TieredStopAtLevel=1".into(),
            "-XX:+UseSerialGC".into(),
            "-Xshare:auto".into(),
            "-Djava.awt.headless=true".into(),
        ];
        if let Some(archive) = &self.class_archive {
            arguments.push(flag("-XX:SharedArchiveFile=", archive));
        }
        arguments.push("-cp".into());
        arguments.push(self.class_path());
        arguments
    }

    fn class_path(&self) -> OsString {
        let mut path = OsString::new();
        for jar in &self.home.jars {
            if !path.is_empty() {
                path.push(":");
            }
            path.push(jar);
        }
        path
    }
}

/// How the broker is to run.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub dir: &'a Path,
    pub heap_mb: u32,
    /// The folder goes away with its broker.
    pub temporary: bool,
    /// Where the classes that were loaded are written at the end, for the next starts.
    pub record_classes: Option<&'a Path>,
}

/// A running broker, and our end of its leash.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    leash: Option<ChildStdin>,
}

impl Process {
    pub fn spawn(runtime: &Runtime, launch: &Launch<'_>) -> Result<Process, Error> {
        let console = launch.dir.join(CONSOLE);
        let out = File::create(&console).map_err(Error::io("create", &console))?;
        let err = out.try_clone().map_err(Error::io("share", &console))?;
        let folder = if launch.temporary { launch.dir } else { Path::new("") };
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", LEASH, "local_kafka"])
            .arg(if launch.temporary { "KILL" } else { "TERM" })
            .arg(folder)
            .arg(&runtime.java.program)
            .args(runtime.arguments())
            .arg(format!("-Xmx{}m", launch.heap_mb))
            .arg("-XX:+ExitOnOutOfMemoryError")
            .arg(format!("-Dlog4j2.configurationFile={}", config::LOGGING));
        if let Some(path) = launch.record_classes {
            command.arg(flag("-XX:ArchiveClassesAtExit=", path));
        }
        command
            .args(["kafka.Kafka", config::PROPERTIES])
            .current_dir(launch.dir)
            // Ctrl-C at the terminal is for us; the broker ends when we say so.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err);
        let mut child = command.spawn().map_err(Error::io("run", Path::new("/bin/sh")))?;
        let leash = child.stdin.take();
        Ok(Process { child, leash })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the process ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().ok().flatten();
        if status.is_some() {
            self.unleash();
        }
        status
    }

    /// Asks the broker to close its files and end.
    pub fn terminate(&mut self) {
        // Until `ended` has seen the end, the id belongs to no other process.
        if self.ended().is_none()
            && let Ok(id) = i32::try_from(self.child.id())
        {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
    }

    /// Ends the broker at once, as a power cut would.
    pub fn kill(&mut self) {
        // Both fail only when the process is gone, which is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.unleash();
    }

    /// Whether the process ends within the time.
    pub async fn gone(&mut self, within: Duration) -> bool {
        let begun = Instant::now();
        while self.ended().is_none() {
            if begun.elapsed() > within {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    /// As `gone`, for a thread of its own.
    pub fn gone_blocking(&mut self, within: Duration) -> bool {
        let begun = Instant::now();
        while self.ended().is_none() {
            if begun.elapsed() > within {
                return false;
            }
            std::thread::sleep(POLL);
        }
        true
    }

    /// The process id may now be given to another process, which the watcher must spare.
    fn unleash(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            // It fails only when the watcher is gone already.
            let _ = leash.write_all(b"\n");
        }
    }
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push(path);
    flag
}
