//! Order requests from files.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use component::{Batch, Feed, Host, Result, Source};

use crate::follow::{Cursor, Follower, OnChange, Plan, off_thread};
use crate::map;
use crate::root::Root;
use crate::settings::{FileFormat, OrdersSettings, System};

/// Reads order requests from CSV and JSON files, each row once.
pub struct Orders {
    follower: Arc<Mutex<Follower>>,
    settings: OrdersSettings,
    host: Host,
}

impl Source for Orders {
    const NAME: &'static str = "files_orders";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["orders.requests"];
    type System = System;
    type Settings = OrdersSettings;
    type Cursor = Cursor;

    async fn connect(system: System, settings: OrdersSettings, host: Host) -> Result<Self> {
        let plan = Plan {
            root: Root::open(&system.connection.root)?,
            path: settings.path.clone(),
            pattern: Plan::pattern(settings.glob.as_deref(), settings.format)?,
            format: settings.format,
            delimiter: b',',
            has_header: settings.format == FileFormat::Csv,
            required: ["order_id", "account"].map(str::to_owned).into(),
            on_change: OnChange::Refuse,
            poll: Duration::from_secs(settings.poll_secs.max(1)),
        };
        let follower = Arc::new(Mutex::new(Follower::new(plan)?));
        Ok(Self { follower, settings, host })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let (cursor, now) = (cursor.clone(), self.host.clock.now());
        let settings = self.settings.clone();
        off_thread(&self.follower, move |follower| {
            follower.read(&cursor, now, |row| map::order(&settings, row))
        })
        .await
    }
}
