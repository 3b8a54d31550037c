//! Bars from files.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use component::{Batch, Fault, Feed, Host, Result, Source};

use crate::follow::{Cursor, Follower, OnChange, Plan, off_thread};
use crate::map::{self, BarLayout};
use crate::root::Root;
use crate::settings::{BarsSettings, FileFormat, System};

/// Reads bars from CSV and JSON files, and goes on reading as files grow and arrive.
pub struct Bars {
    follower: Arc<Mutex<Follower>>,
    layout: Arc<BarLayout>,
    host: Host,
}

impl Source for Bars {
    const NAME: &'static str = "files_bars";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["market.bars"];
    type System = System;
    type Settings = BarsSettings;
    type Cursor = Cursor;

    async fn connect(system: System, settings: BarsSettings, host: Host) -> Result<Self> {
        let layout = BarLayout::new(&settings)?;
        let required = layout.required().into_iter().map(str::to_owned).collect();
        let plan = Plan {
            root: Root::open(&system.connection.root)?,
            pattern: Plan::pattern(settings.glob.as_deref(), settings.format)?,
            format: settings.format,
            delimiter: delimiter(&settings.delimiter)?,
            has_header: settings.header && settings.format == FileFormat::Csv,
            required,
            on_change: OnChange::ReadAgain,
            poll: Duration::from_secs(settings.poll_secs.max(1)),
            path: settings.path,
        };
        check_columns(&plan)?;
        let follower = Arc::new(Mutex::new(Follower::new(plan)?));
        Ok(Self { follower, layout: Arc::new(layout), host })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let (cursor, now, layout) = (cursor.clone(), self.host.clock.now(), self.layout.clone());
        off_thread(&self.follower, move |follower| {
            follower.read(&cursor, now, |row| map::bar(&layout, row))
        })
        .await
    }
}

fn delimiter(text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(Fault::fatal(format!("delimiter: {text:?} is not one ASCII character"))),
    }
}

/// Without a header, columns have numbers only.
fn check_columns(plan: &Plan) -> Result<()> {
    if plan.has_header || plan.format != FileFormat::Csv {
        return Ok(());
    }
    let is_number = |column: &&String| column.parse::<usize>().is_ok_and(|number| number > 0);
    match plan.required.iter().find(|column| !is_number(column)) {
        None => Ok(()),
        Some(column) => Err(Fault::fatal(format!(
            "columns: {column:?} is not a column's number; without a header columns have no names"
        ))),
    }
}
