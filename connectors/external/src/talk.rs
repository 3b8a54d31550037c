//! A conversation with one process: questions, and one answer to each, in order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use component::{Bad, Fault, Host, Result};
use serde_json::{Map, Value};
use session::{Frame, Process, ProcessOptions};
use tokio::time::{Instant, timeout_at};
use tracing::{debug, error, info, warn};

use crate::map;
use crate::settings::System;
use crate::wire::{self, Answer, Question};

/// A program that starts slowly is still starting.
const START: Duration = Duration::from_secs(30);
/// Lines that are no part of the protocol, from one batch to the next; each keeps 64 KiB at most.
const MAX_STRAYS: usize = 100;
/// Characters of a line that are quoted.
const QUOTED_CHARS: usize = 200;
/// Characters of a message that are logged.
const LOGGED_CHARS: usize = 8 * 1024;

/// A running process and what it was asked.
pub(crate) struct Talk {
    process: Process,
    instance: Arc<str>,
    patience: Duration,
    /// When the last question was asked, until it is answered.
    asked: Option<Instant>,
    /// Answers to come that nobody waits for any more.
    unwanted: usize,
    /// Lines that were none.
    strays: Vec<(Vec<u8>, Bad)>,
}

impl Talk {
    /// Starts the process, hands over settings and credentials, and waits until it is ready.
    pub async fn open(
        system: &System,
        settings: &Map<String, Value>,
        answer_secs: u64,
        host: &Host,
    ) -> Result<Self> {
        let credentials = &system.authentication.credentials;
        let hello = Question::Hello {
            version: wire::VERSION,
            component: &host.component,
            system: &host.system,
            settings,
            credentials: credentials.iter().map(|(k, v)| (k.as_str(), v.expose())).collect(),
        };
        let mut options = ProcessOptions::new(&host.instance(), &system.connection.command);
        options.folder = system.connection.folder.as_ref().map(PathBuf::from);
        options.env = system.connection.env.clone();
        options.secrets = credentials.values().cloned().collect();
        options.setting = map::CREDENTIALS;
        options.farewell = text(&Question::Stop {})?;
        let mut talk = Self {
            process: Process::start(&options)?,
            instance: host.instance().into(),
            patience: START,
            asked: None,
            unwanted: 0,
            strays: Vec::new(),
        };
        talk.ask(&hello)?;
        match talk.answer().await? {
            Answer::Ready(_) => {}
            _ => return Err(out_of_turn("hello")),
        }
        talk.patience = Duration::from_secs(answer_secs.max(1));
        Ok(talk)
    }

    /// Asks. The answer to what was asked before is not waited for any more.
    pub fn ask(&mut self, question: &Question<'_>) -> Result<()> {
        self.unwanted += usize::from(self.asked.is_some());
        self.process.queue(&text(question)?)?;
        self.asked = Some(Instant::now());
        Ok(())
    }

    /// Whether a question is still to be answered.
    pub fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether the process has ended, so that nothing could be asked of it.
    pub fn is_over(&mut self) -> bool {
        self.process.is_over()
    }

    /// The answer to the last question. Dropping the future loses nothing.
    pub async fn answer(&mut self) -> Result<Answer> {
        let until = self.asked.unwrap_or_else(Instant::now) + self.patience;
        loop {
            let line = timeout_at(until, self.process.next_line()).await.map_err(|_| {
                Fault::disconnected(format!("the process gave no answer in {:?}", self.patience))
            })??;
            let answer = match line.whole() {
                Ok(line) => serde_json::from_slice(line).map_err(|error| error.to_string()),
                Err(bad) => Err(bad.to_string()),
            };
            match answer {
                Ok(Answer::Log(log)) => self.log(&log),
                Ok(_) if self.unwanted > 0 => self.unwanted -= 1,
                Ok(Answer::Fault(fault)) => {
                    self.asked = None;
                    let reason = self.process.redact(&fault.reason);
                    return Err(map::fault(wire::Fault { reason, ..fault }));
                }
                Ok(answer) => {
                    self.asked = None;
                    return Ok(answer);
                }
                Err(reason) => self.stray(&line, &reason)?,
            }
        }
    }

    /// Sets aside a line that somebody let slip: many a library prints. What looks like an answer
    /// and is none ends the conversation, and so do too many of them.
    fn stray(&mut self, line: &Frame, reason: &str) -> Result<()> {
        let text: String = String::from_utf8_lossy(line).chars().take(QUOTED_CHARS).collect();
        let quoted = self.redact(&format!("{text:?}"));
        if line.starts_with(b"{\"") || self.strays.len() >= MAX_STRAYS {
            let what = format!("the process does not speak the protocol ({reason}): {quoted}");
            return Err(Fault::disconnected(what));
        }
        if self.process.may_log() {
            let component = &*self.instance;
            warn!(component, line = quoted, "a line that is no part of the protocol");
        }
        let reason = format!("a line that is no part of the protocol: {reason}");
        self.strays.push((self.redact_bytes(line), Bad::new("", reason)));
        Ok(())
    }

    /// Bytes of the process without secrets.
    fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        let redacted = self.redact(&text);
        if redacted == text { bytes.to_vec() } else { redacted.into_bytes() }
    }

    /// The lines that were set aside since the last time.
    pub fn take_strays(&mut self) -> Vec<(Vec<u8>, Bad)> {
        std::mem::take(&mut self.strays)
    }

    /// A text of the process without secrets, for people to read.
    pub fn redact(&self, text: &str) -> String {
        self.process.redact(text)
    }

    fn log(&mut self, log: &wire::Log) {
        if !self.process.may_log() {
            return;
        }
        let message: String = self.redact(&log.message).chars().take(LOGGED_CHARS).collect();
        let component = &*self.instance;
        match log.level {
            wire::Level::Error => error!(component, "{message}"),
            wire::Level::Warn => warn!(component, "{message}"),
            wire::Level::Info => info!(component, "{message}"),
            wire::Level::Debug => debug!(component, "{message}"),
        }
    }
}

/// What a process said when it was asked something else.
pub(crate) fn out_of_turn(question: &str) -> Fault {
    Fault::disconnected(format!("the process does not answer what it is asked: {question:?}"))
}

fn text(question: &Question<'_>) -> Result<Vec<u8>> {
    serde_json::to_vec(question)
        .map_err(|error| Fault::fatal(format!("could not write a question: {error}")))
}
