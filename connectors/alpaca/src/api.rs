//! Connections to Alpaca.

use std::time::Duration;

use component::{Clock, Fault, Host, OrBad, Result};
use http::{Auth, Http, Rate, Request};
use model::{Text, Timestamp};
use session::Options;
use url::Url;

use crate::settings::System;
use crate::wire;

const KEY: &str = "authentication.credentials.api_key";
/// Published limit of the trading API, for each account.
const TRADING: Rate = Rate::per_minute(200).of("trading");
/// Published limit of the data API on the free plan; paid plans say theirs under `throttling`.
const DATA: Rate = Rate::per_minute(200).of("data");

impl System {
    /// The trading API.
    pub(crate) fn trading(&self, host: &Host) -> Result<Http> {
        self.http(host, &self.connection.trading_url, TRADING)
    }

    /// The market data API.
    pub(crate) fn data(&self, host: &Host) -> Result<Http> {
        self.http(host, &self.connection.data_url, DATA)
    }

    fn http(&self, host: &Host, url: &Url, rate: Rate) -> Result<Http> {
        let credentials = &self.authentication.credentials;
        let headers = vec![
            ("apca-api-key-id", credentials.api_key.clone()),
            ("apca-api-secret-key", credentials.api_secret.clone()),
        ];
        Http::open(host, url, self.connection.insecure, Auth::headers(KEY, headers), rate)
    }

    /// A stream.
    pub(crate) fn stream(&self, url: &Url) -> Options {
        let mut options = Options::new(url, self.connection.insecure);
        options.setting = KEY;
        options.idle = Duration::from_secs(self.connection.idle_secs.max(1));
        options
    }

    /// Key and secret, for logging in to a stream.
    pub(crate) fn login(&self) -> (&str, &str) {
        let credentials = &self.authentication.credentials;
        (credentials.api_key.expose(), credentials.api_secret.expose())
    }
}

/// Refused credentials of a stream.
pub fn refused(reason: &str) -> Fault {
    Fault::unauthorized(format!("the stream refused the key: {reason}"), KEY)
}

/// The number of the account that the key belongs to.
pub async fn account_number(http: &Http) -> Result<Text> {
    let answer = http.fetch(&Request::get("/v2/account")).await?;
    Ok(answer.json::<wire::Account<'_>>()?.account_number)
}

/// Alpaca's clock, read once.
#[derive(Clone, Copy)]
pub struct VendorClock {
    ahead: i64,
}

impl VendorClock {
    /// Reads Alpaca's clock, which also proves the key.
    pub async fn read(http: &Http, clock: &Clock) -> Result<Self> {
        let answer = http.fetch(&Request::get("/v2/clock")).await?;
        let text = answer.json::<wire::Clock<'_>>()?.timestamp;
        let vendor: Timestamp = text.parse().or_bad("timestamp").map_err(Fault::retry)?;
        Ok(Self { ahead: vendor.since(clock.now()) })
    }

    /// What it says now.
    pub fn now(self, clock: &Clock) -> Timestamp {
        clock.now().plus_nanos(self.ahead)
    }
}
