//! Printing: results to stdout, logs and errors to stderr.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

use serde::Serialize;
use topology::LogLevel;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, Format};
use crate::progress::Beside;

/// Wrong usage.
pub const USAGE: u8 = 2;
/// Mistakes in the topology.
pub const MISTAKES: u8 = 3;
/// What was asked for is not there.
pub const NOT_FOUND: u8 = 4;
/// A credential was refused.
pub const REFUSED: u8 = 5;
/// What was to be made is there already.
pub const THERE: u8 = 6;

/// The variable that says how much is logged.
const LOG: &str = "FOLIOSTREAM_LOG";

/// Changes what is logged.
type Change = Box<dyn Fn(EnvFilter) -> bool + Send + Sync>;

/// How that is done, once logging is set up.
static CHANGE: OnceLock<Change> = OnceLock::new();

/// An error that has an exit code of its own.
#[derive(Debug)]
pub struct Exit {
    /// The code.
    pub code: u8,
    /// What to say.
    pub message: String,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Exit {}

/// An error with this exit code.
pub fn exit(code: u8, message: impl Into<String>) -> anyhow::Error {
    Exit { code, message: message.into() }.into()
}

/// Logs go to stderr: as much as `FOLIOSTREAM_LOG` says, else warnings. Libraries that log through
/// the `log` crate are not listened to: some of them print whole frames, logins included.
pub fn logging(cli: &Cli) {
    let default = match cli.command {
        Command::Run(_) => "info",
        // The live table owns the terminal.
        Command::Demo(ref demo) if !demo.once && io::stdout().is_terminal() => "off",
        // Kafka's own complaints while it is started and stopped say nothing to a user.
        _ => "warn,kafka=error",
    };
    let filter = EnvFilter::try_from_env(LOG);
    let filter = filter.unwrap_or_else(|_| EnvFilter::new(default));
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Beside(io::stderr()));
    let changed = match cli.format {
        Format::Json => {
            let builder = builder.json().with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            CHANGE.set(Box::new(move |filter| handle.reload(filter).is_ok()))
        }
        Format::Text => {
            let builder = builder.with_ansi(io::stderr().is_terminal()).with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            CHANGE.set(Box::new(move |filter| handle.reload(filter).is_ok()))
        }
    };
    debug_assert!(changed.is_ok(), "logging is set up once");
}

/// Logs as much as a topology asks for, unless `FOLIOSTREAM_LOG` has already said.
pub fn log_level(level: LogLevel) {
    if std::env::var_os(LOG).is_some() {
        return;
    }
    let level = match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warning => "warn",
        LogLevel::Error => "error",
    };
    if let Some(change) = CHANGE.get()
        && !change(EnvFilter::new(level))
    {
        tracing::warn!(level, "the log level could not be changed");
    }
}

/// Says what went wrong, with its causes.
pub fn failed(cli: &Cli, error: &anyhow::Error) -> ExitCode {
    let code = error.downcast_ref::<Exit>().map_or(1, |exit| exit.code);
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Many errors already end in their cause.
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    match cli.format {
        Format::Text => write(io::stderr(), &format!("error: {text}")),
        Format::Json => {
            let line = serde_json::json!({ "error": text, "code": code });
            write(io::stderr(), &line.to_string());
        }
    }
    ExitCode::from(code)
}

/// Prints a line. A reader that has gone away is not an error worth reporting.
pub fn line(text: &str) {
    write(Beside(io::stdout()), text);
}

/// Prints a value as one line of JSON.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?);
    Ok(())
}

fn write(mut to: impl Write, text: &str) {
    let line = format!("{text}\n");
    let _ = to.write_all(line.as_bytes()).and_then(|()| to.flush());
}

/// Prints rows under a heading: aligned columns, or one JSON object a row.
pub fn table(format: Format, columns: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    if format == Format::Json {
        for row in rows {
            let object: serde_json::Map<_, _> = columns
                .iter()
                .zip(row)
                .map(|(name, cell)| ((*name).to_owned(), cell.clone().into()))
                .collect();
            json(&object)?;
        }
        return Ok(());
    }
    let width = |index: usize| {
        let cells = rows.iter().map(|row| row[index].chars().count());
        cells.chain([columns[index].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let render = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        line(padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    render(&columns.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    rows.iter().for_each(|row| render(row));
    Ok(())
}
