//! Everything that can be traded.

use component::{Host, Result};
use http::{Http, List, Listed, Lists, Request, Row, VendorClock};

use crate::api::vendor_clock;
use crate::map;
use crate::settings::{self, System};

/// The list of assets, class by class.
pub type Instruments = Lists<Assets>;

pub struct Assets;

impl Listed for Assets {
    const NAME: &'static str = "alpaca_instruments";
    const PUBLISHES: &'static [&'static str] = &["reference.instruments"];
    type System = System;
    type Settings = settings::Instruments;

    async fn connect(system: &System, host: &Host) -> Result<(Http, VendorClock)> {
        let http = system.trading(host)?;
        let clock = vendor_clock(&http, &host.clock).await?;
        Ok((http, clock))
    }

    fn lists(_: &System, settings: settings::Instruments) -> Result<(Vec<List>, u64)> {
        let assets = |class: String| {
            let first = move |_| {
                Request::get("/v2/assets").query(&[("status", "active"), ("asset_class", &class)])
            };
            List::whole(first, |raw, taken| taken.push(map::instrument(&Row::of(raw), taken.now)?))
        };
        let classes = settings.asset_classes.into_iter();
        Ok((classes.map(assets).collect(), settings.poll_secs.0))
    }
}
