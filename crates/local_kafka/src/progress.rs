//! Says what takes long: a line that changes on a terminal, else a log entry.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tracing::info;

const TICK: Duration = Duration::from_millis(100);

pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn begin(wanted: bool, what: String) -> Progress {
        if !(wanted && std::io::stderr().is_terminal()) {
            info!("{what}");
            return Progress { bar: ProgressBar::hidden() };
        }
        let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}")
            .expect("the template is constant and valid");
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(what);
        bar.enable_steady_tick(TICK);
        Progress { bar }
    }

    pub fn say(&self, detail: impl Into<std::borrow::Cow<'static, str>>) {
        self.bar.set_message(detail);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
