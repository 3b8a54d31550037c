//! Starts, stops, kills and restarts one broker.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use crate::environment::Environment;
use crate::error::Error;
use crate::folder::Folder;
use crate::options::Options;
use crate::ports::Ports;
use crate::process::{CONSOLE, Launch, Process, Runtime};
use crate::{classes, config, jars, java, ports, probe};

/// A start takes one to three seconds; a busy machine or a long recovery takes longer.
const START_DEADLINE: Duration = Duration::from_secs(90);

/// Closing the logs of a few hundred partitions takes well under a second.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// Another program may take a free port before Kafka does; then other ports are tried.
const PORT_TRIES: usize = 4;

const PROBE_EVERY: Duration = Duration::from_millis(15);

/// How much of the log an error quotes.
const TAIL_BYTES: u64 = 4 << 10;

/// A running broker. Dropping it stops it, as does the death of this process.
#[derive(Debug)]
pub struct LocalKafka {
    process: Option<Process>,
    runtime: Runtime,
    options: Options,
    ports: Ports,
    bootstrap_servers: String,
    // Last, so that the folder goes after the process that writes to it.
    folder: Option<Folder>,
}

/// Starts a broker and returns when clients can use it.
pub async fn start(options: Options) -> Result<LocalKafka, Error> {
    start_in(options, &Environment::read()).await
}

pub(crate) async fn start_in(
    options: Options,
    environment: &Environment,
) -> Result<LocalKafka, Error> {
    config::check(&options.properties)?;
    let java = java::find(environment).await?;
    let home = jars::find(environment, options.progress).await?;
    let mut runtime = Runtime { java, home, class_archive: None };
    runtime.class_archive = classes::prepare(environment, &runtime, options.progress).await;

    let folder = Folder::open(&options.data_dir).await?;
    let begun = Instant::now();
    let launch = Launch {
        dir: folder.path(),
        heap_mb: options.heap_mb,
        temporary: folder.is_temporary(),
        record_classes: None,
    };
    let (process, ports) = self::launch(&runtime, &options, &launch).await?;
    ports::remember(ports, folder.path())?;
    info!(port = ports.clients, dir = ?folder.path(), took = ?begun.elapsed(), "kafka is ready");
    Ok(LocalKafka {
        process: Some(process),
        runtime,
        options,
        ports,
        bootstrap_servers: format!("127.0.0.1:{}", ports.clients),
        folder: Some(folder),
    })
}

/// Starts a broker in a folder on ports that are free, and waits until it serves.
pub(crate) async fn launch(
    runtime: &Runtime,
    options: &Options,
    launch: &Launch<'_>,
) -> Result<(Process, Ports), Error> {
    let mut tries = 1;
    loop {
        let ports = ports::choose(options, launch.dir)?;
        config::format(runtime, launch.dir, ports).await?;
        match launch_on(ports, runtime, options, launch).await {
            Ok(process) => return Ok((process, ports)),
            Err(Error::Ended { tail, .. }) if lost_port(&tail) && tries < PORT_TRIES => {
                debug!(?ports, "a port was taken in the meantime, trying others");
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn launch_on(
    ports: Ports,
    runtime: &Runtime,
    options: &Options,
    launch: &Launch<'_>,
) -> Result<Process, Error> {
    config::write(launch.dir, ports, &options.properties)?;
    let log = launch.dir.join(config::LOG);
    let log_start = std::fs::metadata(&log).map_or(0, |about| about.len());
    let cluster = config::cluster(launch.dir)?;
    let mut process = Process::spawn(runtime, launch)?;
    let begun = Instant::now();
    while !probe::serves(ports.clients, &cluster).await {
        if let Some(status) = process.ended() {
            let tail = tails(launch.dir, log_start);
            return Err(Error::Ended { status: status.to_string(), tail });
        }
        if begun.elapsed() > START_DEADLINE {
            process.kill();
            let tail = tails(launch.dir, log_start);
            return Err(Error::NotReady { waited: START_DEADLINE, tail });
        }
        tokio::time::sleep(PROBE_EVERY).await;
    }
    Ok(process)
}

impl LocalKafka {
    /// Address for clients, `127.0.0.1:PORT`.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Process id of the broker's Java; after [`LocalKafka::kill`], the last one.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Process::id)
    }

    /// Where Kafka is installed: its jars are in `libs`.
    pub fn home(&self) -> &Path {
        &self.runtime.home.root
    }

    /// The broker's folder. Its log is `kafka.log`.
    pub fn data_dir(&self) -> &Path {
        self.folder().path()
    }

    /// One of Kafka's own command-line tools, for example
    /// `org.apache.kafka.tools.TopicCommand`. Add its arguments and run it.
    pub fn tool(&self, main_class: &str) -> Command {
        self.runtime.java(self.data_dir(), main_class)
    }

    /// Stops the broker; what a kept folder holds is there at the next start.
    pub async fn stop(mut self) -> Result<(), Error> {
        if self.folder().is_temporary() {
            self.kill();
        }
        self.end().await;
        self.folder.take().map_or(Ok(()), Folder::close)
    }

    /// Ends the broker at once, as a crash would. [`LocalKafka::restart`] brings it back.
    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill();
        }
    }

    /// Stops the broker if it runs, and starts it with the same ports and data.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.end().await;
        let dir = self.folder().path();
        for port in [self.ports.clients, self.ports.controller] {
            TcpListener::bind(("127.0.0.1", port)).map_err(|_| Error::PortTaken { port })?;
        }
        let launch = Launch {
            dir,
            heap_mb: self.options.heap_mb,
            temporary: self.folder().is_temporary(),
            record_classes: None,
        };
        let process = launch_on(self.ports, &self.runtime, &self.options, &launch).await?;
        self.process = Some(process);
        Ok(())
    }

    async fn end(&mut self) {
        let Some(process) = &mut self.process else { return };
        process.terminate();
        if !process.gone(STOP_DEADLINE).await {
            warn!(pid = process.id(), "kafka did not stop in time and is killed");
            process.kill();
        }
    }

    fn folder(&self) -> &Folder {
        self.folder.as_ref().expect("only `stop` and `drop` take it, and nobody calls us after")
    }
}

impl Drop for LocalKafka {
    fn drop(&mut self) {
        let (Some(mut process), Some(folder)) = (self.process.take(), self.folder.take()) else {
            return;
        };
        if process.ended().is_some() {
            return;
        }
        if folder.is_temporary() {
            process.kill();
            return;
        }
        // A clean end takes too long to wait for here; should this process end before the
        // thread does, the watcher finishes its work.
        process.terminate();
        std::thread::spawn(move || {
            if !process.gone_blocking(STOP_DEADLINE) {
                process.kill();
            }
            drop(folder);
        });
    }
}

fn lost_port(log: &str) -> bool {
    log.contains("java.net.BindException")
}

/// The ends of what Kafka and Java said since the start.
fn tails(dir: &Path, log_start: u64) -> String {
    let kafka = tail(&dir.join(config::LOG), log_start).unwrap_or_default();
    let console = tail(&dir.join(CONSOLE), 0).unwrap_or_default();
    format!("{kafka}{console}").trim().to_owned()
}

fn tail(path: &Path, from: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    // A log that was rolled meanwhile is shorter than it was.
    let from = if from > end { 0 } else { from };
    file.seek(SeekFrom::Start(from.max(end.saturating_sub(TAIL_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
