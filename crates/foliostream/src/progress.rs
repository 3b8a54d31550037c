//! How far backfills have come: bars on a terminal, lines of JSON for machines.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use component::{Clock, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use model::Text;
use runtime::{Health, State, Status};
use serde_json::json;

use crate::cli::Format;
use crate::output;

/// Pause between two looks at the bars.
const FRAME: Duration = Duration::from_millis(200);
/// Pause between two lines about the same backfill.
const LINE: Duration = Duration::from_secs(1);
const STYLE: &str = "{prefix} [{bar:24}] {pos} of {len} ({percent}%) {wide_msg}";

/// The bars share the terminal with the log.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);
/// Bars on the terminal.
static SHOWN: AtomicUsize = AtomicUsize::new(0);

type Statuses = BTreeMap<Text, Status>;

/// Shows how far backfills have come for as long as it is polled. Without a terminal the log says
/// it already, now and then.
pub async fn show(format: Format, statuses: &Statuses, clock: &Clock) {
    match format {
        Format::Json => lines(statuses, clock).await,
        Format::Text if io::stderr().is_terminal() => bars(statuses, clock).await,
        Format::Text => std::future::pending().await,
    }
}

/// Everything of which not all is read yet.
pub fn unfinished(statuses: &Statuses) -> impl Iterator<Item = (&Text, Progress)> {
    let all = statuses.iter().filter_map(|(name, status)| Some((name, status.get().progress?)));
    all.filter(|(_, progress)| progress.done < progress.total)
}

async fn lines(statuses: &Statuses, clock: &Clock) {
    let mut said: BTreeMap<&Text, Progress> = BTreeMap::new();
    loop {
        for (name, status) in statuses {
            let Some(progress) = status.get().progress else { continue };
            if said.insert(name, progress) != Some(progress) {
                let Progress { done, total } = progress;
                let told = json!({ "component": name, "done": done, "total": total });
                output::line(&json!({ "progress": told }).to_string());
            }
        }
        clock.sleep(LINE).await;
    }
}

async fn bars(statuses: &Statuses, clock: &Clock) {
    let width = statuses.keys().map(|name| name.len()).max().unwrap_or(0);
    let mut shown: BTreeMap<&Text, Bar> = BTreeMap::new();
    loop {
        for (name, status) in statuses {
            let health = status.get();
            let Some(progress) = health.progress else { continue };
            if progress.done < progress.total {
                let bar = shown.entry(name).or_insert_with(|| Bar::new(name, width, progress));
                bar.update(progress, &health);
            } else if shown.remove(name).is_some() {
                output::line(&format!("{name}: all {} read", progress.total));
            }
        }
        clock.sleep(FRAME).await;
    }
}

/// One backfill on the terminal; it goes away with this value.
struct Bar(ProgressBar);

impl Bar {
    fn new(name: &str, width: usize, progress: Progress) -> Self {
        let style = ProgressStyle::with_template(STYLE).unwrap_or_else(|_| {
            // Only a mistake in the template leads here, and a plain bar is better than none.
            ProgressStyle::default_bar()
        });
        let bar = ProgressBar::new(progress.total).with_style(style.progress_chars("=> "));
        // What an earlier run has read says nothing about how fast this one is.
        let bar = BARS.add(bar.with_position(progress.done).with_prefix(format!("{name:width$}")));
        bar.reset_eta();
        SHOWN.fetch_add(1, Ordering::Relaxed);
        Self(bar)
    }

    fn update(&self, progress: Progress, health: &Health) {
        self.0.set_length(progress.total);
        self.0.set_position(progress.done);
        let left = self.0.eta();
        self.0.set_message(match health.state {
            State::Running if left.is_zero() => "reading".to_owned(),
            State::Running => format!("{} left", indicatif::HumanDuration(left)),
            _ => health.detail.clone(),
        });
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        BARS.remove(&self.0);
        SHOWN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Writes to the terminal between the bars.
pub struct Beside<W>(pub W);

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if SHOWN.load(Ordering::Relaxed) == 0 {
            return self.0.write(bytes);
        }
        BARS.suspend(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
