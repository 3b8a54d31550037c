//! Which markets are open, and on which days they will not be.

use component::Result;
use http::{List, Listed, Lists, Request, Taken};

use crate::map;
use crate::settings::{self, System};

/// Changes of markets' states, and coming holidays.
pub type MarketStatus = Lists<Calendar>;

pub struct Calendar;

impl Listed for Calendar {
    const NAME: &'static str = "polygon_market_status";
    const PUBLISHES: &'static [&'static str] = &["reference.market_status"];
    type System = System;
    type Settings = settings::MarketStatus;

    fn lists(_: &System, settings: settings::MarketStatus) -> Result<(Vec<List>, u64)> {
        let now = List::whole(
            |_| Request::get("/v1/marketstatus/now"),
            |row, taken| {
                for mut status in map::market_status(row)? {
                    // A state that comes back is another fact than its first time.
                    if let Some(id) = taken.known.note(&status.market, status.head.event_id) {
                        status.head.event_id = id;
                        taken.push(status)?;
                    }
                }
                Ok(())
            },
        );
        let upcoming =
            List::whole(|_| Request::get("/v1/marketstatus/upcoming"), Taken::one(map::holiday));
        Ok((vec![now, upcoming], settings.poll_secs))
    }
}
