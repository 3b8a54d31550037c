//! Trades as they happen, and from the history what was missed of them.

use std::time::Duration;

use component::{Bad, Batch, Fault, Feed, Host, Item, OrBad, Result, Source};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Auth, Http, Rate, Request};
use model::{Event, InstrumentId};
use serde_json::json;
use serde_json::value::RawValue;
use session::{Cursor, Frame, Live, Options, Page, Session, Step, Stretch, Subscription};

use crate::settings::{self, System};
use crate::{map, wire};

/// Published limit of the history: 600 requests a minute for each key.
const RATE: Rate = Rate::per_minute(600);
const HISTORY: &str = "/v1/trades";
/// Trades of a page of history.
const PAGE: &str = "500";
/// The vendor gives a client ten seconds to log in; we give it as long to answer.
const LOGIN: Duration = Duration::from_secs(10);
/// A repair begins this much early, for trades that are reported late.
const OVERLAP: Duration = Duration::from_secs(3);
/// The setting to blame when the vendor refuses.
const KEY: &str = "authentication.credentials.api_key";

/// Follows trades.
pub struct Trades {
    live: Live<Subscribed>,
}

/// What is followed, and where it can be looked up.
struct Subscribed {
    http: Http,
    symbols: Vec<String>,
}

impl Source for Trades {
    const NAME: &'static str = "{{name}}_trades";
    const FEED: Feed = Feed::Live;
    const PUBLISHES: &'static [&'static str] = &["market.trades"];
    type System = System;
    type Settings = settings::Trades;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::Trades, host: Host) -> Result<Self> {
        let System { connection, authentication } = system;
        let key = authentication.credentials.api_key;
        let mut options = Options::new(&connection.stream_url, connection.insecure);
        options.setting = KEY;
        options.idle = Duration::from_secs(connection.idle_secs.max(1));
        let mut session = Session::open(&options).await?;
        let login = json!({ "action": "login", "key": key.expose() });
        session.send(login.to_string()).await?;
        session.expect(LOGIN, "login", |frame| judge(frame, "welcome")).await?;
        let subscribe = json!({ "action": "subscribe", "symbols": settings.symbols });
        session.send(subscribe.to_string()).await?;
        session.expect(LOGIN, "subscription", |frame| judge(frame, "subscribed")).await?;

        let auth = Auth::headers(KEY, vec![("x-api-key", key)]);
        let http = Http::open(&host, &connection.url, connection.insecure, auth, RATE)?;
        // Where the stream begins by the vendor's clock: what is older has to be looked up.
        let clock: wire::Clock = http.fetch(&Request::get("/v1/time")).await?.json()?;
        let vendor_now = clock.time.parse().or_bad("time").map_err(Fault::retry)?;
        let audit = settings.audit_secs;
        let audit_every = (audit > 0).then(|| Duration::from_secs(audit));
        let subscribed = Subscribed { http, symbols: settings.symbols };
        Ok(Self { live: Live::new(&host, session, subscribed, audit_every, vendor_now) })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        self.live.read(cursor).await
    }

    fn redrive(raw: &[u8]) -> Result<Vec<Event>, Bad> {
        let raw: &RawValue = serde_json::from_slice(raw).or_bad("")?;
        Ok(vec![map::trade(raw)?.into()])
    }
}

/// What a frame means while `wanted` is waited for.
fn judge(frame: &Frame, wanted: &str) -> Step<()> {
    match serde_json::from_slice::<wire::Frame<'_>>(frame) {
        Ok(frame) if frame.kind == wanted => Step::Done(()),
        Ok(frame) if frame.kind == "error" => Step::Refused(fault(&frame)),
        _ => Step::Keep,
    }
}

/// What the vendor's page on errors says of each.
fn fault(frame: &wire::Frame<'_>) -> Fault {
    let code = frame.code.unwrap_or_default();
    let reason = frame.reason.as_deref().unwrap_or_default();
    match code {
        401 => Fault::unauthorized(format!("the stream refused the key: {reason}"), KEY),
        400 => Fault::fatal(format!("the stream refused the subscription: {reason}")),
        _ => Fault::disconnected(format!("the stream was ended: {code} {reason}")),
    }
}

impl Subscription for Subscribed {
    fn decode(&mut self, bytes: &[u8], items: &mut Vec<Item>) -> Result<()> {
        let set_aside = |bad| Item::Bad { raw: bytes.to_vec(), bad };
        match serde_json::from_slice::<wire::Frame<'_>>(bytes).or_bad("") {
            Ok(frame) if frame.kind == "trades" => map::trades(&frame.trades, items),
            Ok(frame) if frame.kind == "error" => return Err(fault(&frame)),
            Ok(frame) => {
                let reason = format!("{:?} is none that we know", frame.kind);
                items.push(set_aside(Bad::new("type", reason)));
            }
            Err(bad) => items.push(set_aside(bad)),
        }
        Ok(())
    }

    fn page(&self, stretch: Stretch, next: Option<String>) -> BoxFuture<'static, Result<Page>> {
        let from = stretch.from.plus_nanos(-(OVERLAP.as_nanos() as i64)).to_string();
        let to = stretch.to.map(|to| to.to_string());
        let symbols = self.symbols.join(",");
        let request = Request::get(HISTORY)
            .query(&[("symbols", &symbols), ("from", &from), ("limit", PAGE)])
            .maybe("to", to.as_deref())
            .maybe("after", next.as_deref());
        let http = self.http.clone();
        async move {
            let answer = http.fetch(&request).await?;
            let page: wire::Page<'_> = answer.json()?;
            let mut items = Vec::new();
            map::trades(&page.trades, &mut items);
            Ok(Page { items, next: page.next.map(|id| id.to_string()) })
        }
        .boxed()
    }

    fn instruments(&self) -> Vec<InstrumentId> {
        self.symbols.iter().map(|symbol| map::instrument(symbol)).collect()
    }
}
