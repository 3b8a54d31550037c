//! Which markets are open, and on which days they will not be.

use component::{Item, Result};
use http::Request;
use model::{MarketStatus as Status, Timestamp};
use serde_json::value::RawValue;

use crate::list::{At, List, Lists, Mapped};
use crate::{map, settings};

/// Changes of markets' states, and coming holidays.
pub type MarketStatus = Lists<Calendar>;

pub struct Calendar(settings::MarketStatus);

const NOW: usize = 0;
const UPCOMING: usize = 1;

impl List for Calendar {
    const NAME: &'static str = "polygon_market_status";
    const PUBLISHES: &'static [&'static str] = &["reference.market_status"];
    type Settings = settings::MarketStatus;

    fn new(settings: Self::Settings) -> Result<Self> {
        Ok(Self(settings))
    }

    fn request(&self, list: usize, _: Option<Timestamp>, _: Timestamp) -> Option<Request> {
        match list {
            NOW => Some(Request::get("/v1/marketstatus/now")),
            UPCOMING => Some(Request::get("/v1/marketstatus/upcoming")),
            _ => None,
        }
    }

    fn map(&self, row: &RawValue, at: &mut At<'_>, items: &mut Vec<Item>) -> Mapped {
        if at.list != NOW {
            items.push(Item::Event(map::holiday(row)?.into()));
            return Ok(());
        }
        for mut status in map::market_status(row)? {
            // A state that comes back is another fact than its first time.
            if let Some(change) = at.known.note(&status.market, status.head.event_id) {
                status.head.event_id = change;
                items.push(Item::Event(Status::into(status)));
            }
        }
        Ok(())
    }

    fn poll_secs(&self) -> u64 {
        self.0.poll_secs
    }
}
