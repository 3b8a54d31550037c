//! Connections to Alpaca.

use std::time::Duration;

use component::{Clock, Fault, Host, OrBad, Result};
use http::{
    Account, Accounts, Answer, Auth, Http, Item, KeyAuthentication, ListPage, Paged, Rate, Request,
    VendorClock, items, text_at,
};
use model::{Text, Timestamp};
use serde_json::value::RawValue;
use session::Options;
use url::Url;

use crate::settings::System;

const KEY: &str = KeyAuthentication::SETTING;
/// Published limit of the trading API, for each account.
const TRADING: Rate = Rate::per_minute(200).of("trading");
/// Published limit of the data API on the free plan; paid plans say theirs under `throttling`.
const DATA: Rate = Rate::per_minute(200).of("data");
/// The list of assets has more than ten thousand rows and no pages.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// Where the rows of an answer are. All corporate actions of a page are one row.
const ROWS: [&str; 6] = ["news", "bars.*", "trades.*", "quotes.*", "corporate_actions", ""];

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

impl Accounts for System {
    async fn account(&self, host: &Host) -> Result<Account> {
        let http = self.trading(host)?;
        let number = account_number(&http).await?;
        let clock = vendor_clock(&http, &host.clock).await?;
        Ok(Account { http, clock, number })
    }
}

/// The lists of the data API; few belong to the trading API.
impl Paged for System {
    async fn connect(&self, host: &Host) -> Result<(Http, VendorClock)> {
        let clock = vendor_clock(&self.trading(host)?, &host.clock).await?;
        Ok((self.data(host)?, clock))
    }

    async fn fetch(http: &Http, request: Request) -> Result<Option<Answer>> {
        http.fetch(&request.max_body_bytes(MAX_BODY_BYTES)).await.map(Some)
    }

    fn read(answer: &Answer) -> Result<ListPage<'_>> {
        let body = answer.json()?;
        let next = text_at(body, "next_page_token").map_err(Fault::retry)?;
        for path in ROWS {
            if let Some(found) = items(body, path).map_err(Fault::retry)? {
                let rows = found.into_iter().map(listed).collect::<Result<Vec<_>>>()?;
                return Ok(ListPage { rows: rows.concat(), next });
            }
        }
        Ok(ListPage { rows: Vec::new(), next })
    }

    fn follow(first: Request, next: &str) -> Request {
        first.query(&[("page_token", next)])
    }

    fn is_gone(refusal: &str) -> bool {
        ["answered 400", "answered 404", "answered 422"].iter().any(|said| refusal.contains(said))
    }
}

/// Rows stand alone, or below the symbol that they are about.
fn listed((_, raw): Item<'_>) -> Result<Vec<&RawValue>> {
    match raw.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(raw.get()).map_err(Fault::retry),
        Some(b'{') => Ok(vec![raw]),
        _ => Ok(Vec::new()),
    }
}

/// Refused credentials of a stream.
pub fn refused(reason: &str) -> Fault {
    Fault::unauthorized(format!("the stream refused the key: {reason}"), KEY)
}

/// The number of the account that the key belongs to.
pub async fn account_number(http: &Http) -> Result<Text> {
    member(http, "/v2/account", "account_number").await.map(Text::from)
}

/// Alpaca's clock, read once, which also proves the key.
pub async fn vendor_clock(http: &Http, clock: &Clock) -> Result<VendorClock> {
    let text = member(http, "/v2/clock", "timestamp").await?;
    let vendor: Timestamp = text.parse().or_bad("timestamp").map_err(Fault::retry)?;
    Ok(VendorClock::new(clock, vendor))
}

async fn member(http: &Http, path: &str, name: &str) -> Result<String> {
    let answer = http.fetch(&Request::get(path)).await?;
    let text = text_at(answer.json()?, name).map_err(Fault::retry)?;
    text.ok_or_else(|| Fault::retry(format!("{path} does not say {name:?}")))
}
