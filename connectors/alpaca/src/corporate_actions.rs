//! Dividends, splits, mergers and all other corporate actions.

use std::time::Duration;

use component::{Batch, Clock, Feed, Host, Result, Source};
use http::{Changes, Http, Request};
use model::Date;
use serde::{Deserialize, Serialize};

use crate::api::VendorClock;
use crate::settings::{self, System};
use crate::{map, wire};

/// Days before the newest that are read again: actions may change on the day they are processed.
const OVERLAP_DAYS: i32 = 3;

/// Polls corporate actions by the day Alpaca processes them.
pub struct CorporateActions {
    http: Http,
    clock: Clock,
    vendor: VendorClock,
    settings: settings::CorporateActions,
    next: Option<String>,
}

/// Days before this are done; what is known of the later ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cursor {
    from: Option<Date>,
    known: Changes,
}

impl Source for CorporateActions {
    const NAME: &'static str = "alpaca_corporate_actions";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["reference.corporate_actions"];
    type System = System;
    type Settings = settings::CorporateActions;
    type Cursor = Cursor;

    async fn connect(
        system: System,
        settings: settings::CorporateActions,
        host: Host,
    ) -> Result<Self> {
        let vendor = VendorClock::read(&system.trading(&host)?, &host.clock).await?;
        let http = system.data(&host)?;
        Ok(Self { http, clock: host.clock, vendor, settings, next: None })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let today = self.vendor.now(&self.clock).date();
        let lookback = i32::try_from(self.settings.lookback_days).unwrap_or(i32::MAX / 2);
        let ahead = i32::try_from(self.settings.ahead_days).unwrap_or(365);
        let from = cursor.from.unwrap_or(Date(today.0 - lookback));
        let (start, end) = (from.to_string(), Date(today.0 + ahead).to_string());
        let request = Request::get("/v1/corporate-actions").query(&[
            ("start", &start),
            ("end", &end),
            ("sort", "asc"),
            ("limit", "1000"),
        ]);
        let request = request
            .maybe("symbols", Some(&self.settings.symbols.join(",")))
            .maybe("page_token", self.next.as_deref());
        let answer = self.http.fetch(&request).await?;
        let page: wire::CorporateActionsPage<'_> = answer.json()?;
        let mut batch = Batch::up_to(Cursor { from: Some(from), known: cursor.known.clone() });
        for (group, list) in &page.corporate_actions {
            for raw in list {
                let action = map::corporate_action(group, raw);
                if let Ok(action) = &action {
                    // The day comes first, so that days that are done can be forgotten.
                    let day = action.process_date.map(|day| day.to_string()).unwrap_or_default();
                    let key = format!("{day} {}", action.action_id);
                    if batch.cursor.known.note(&key, action.head.event_id).is_none() {
                        continue;
                    }
                }
                map::push(&mut batch.items, raw, action.map(Into::into));
            }
        }
        self.next = page.next_page_token.filter(|token| !token.is_empty());
        if self.next.is_some() {
            return Ok(batch);
        }
        let from = Date((today.0 - OVERLAP_DAYS).max(from.0)).to_string();
        batch.cursor.known.drop_others(|key| key >= from.as_str());
        batch.cursor.from = from.parse().ok();
        Ok(batch.wait(Duration::from_secs(self.settings.poll_secs.max(1))))
    }
}
