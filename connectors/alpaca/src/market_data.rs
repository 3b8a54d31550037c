//! Live trades, quotes and minute bars. Alpaca allows one connection for each feed and account,
//! so one component carries all three.

use std::time::Duration;

use component::{Bad, Batch, Fault, Feed, Host, Item, OrBad, Result, Source};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Http;
use model::{Event, InstrumentId};
use serde_json::json;
use session::{Cursor, Frame, Live, Page, Session, Step, Stretch, Subscription};

use crate::api::{refused, vendor_clock};
use crate::history;
use crate::map::{self, Period, Records};
use crate::settings::{self, System};
use crate::wire::{self, Message};

/// Alpaca gives a client ten seconds to log in; we give it as long to answer.
const LOGIN: Duration = Duration::from_secs(10);
/// A repair begins this much early, for prints that are reported late.
const OVERLAP: Duration = Duration::from_secs(3);
/// For bars: one may have ended, and not have been sent, before the last trade.
const BARS_OVERLAP: Duration = Duration::from_secs(120);

/// Trades, quotes and minute bars as they happen.
pub struct MarketData {
    live: Live<Symbols>,
}

struct Symbols {
    http: Http,
    feed: &'static str,
    /// What is followed, and its symbols joined by commas.
    kinds: Vec<(Records, String)>,
}

impl Source for MarketData {
    const NAME: &'static str = "alpaca_market_data";
    const FEED: Feed = Feed::Live;
    const PUBLISHES: &'static [&'static str] = &["market.trades", "market.quotes", "market.bars"];
    type System = System;
    type Settings = settings::MarketData;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::MarketData, host: Host) -> Result<Self> {
        let symbols = Symbols::new(&system, &settings, &host)?;
        let clock = vendor_clock(&system.trading(&host)?, &host.clock).await?;
        let mut url = system.connection.stream_url.clone();
        if matches!(url.path(), "" | "/") {
            url.set_path(&format!("/v2/{}", system.connection.feed.as_str()));
        }
        let mut session = Session::open(&system.stream(&url)).await?;
        session.expect(LOGIN, "greeting", |frame| judge(frame, "connected")).await?;
        let (key, secret) = system.login();
        let login = json!({"action": "auth", "key": key, "secret": secret});
        session.send(login.to_string()).await?;
        session.expect(LOGIN, "login", |frame| judge(frame, "authenticated")).await?;
        let settings::MarketData { trades, quotes, bars, audit_secs } = settings;
        // `updatedBars` restates a minute that late trades have changed.
        let subscribe = json!({
            "action": "subscribe",
            "trades": trades, "quotes": quotes, "bars": bars, "updatedBars": bars,
        });
        session.send(subscribe.to_string()).await?;
        session.expect(LOGIN, "subscription", |frame| judge(frame, "subscribed")).await?;
        let audit_every = (audit_secs.0 > 0).then(|| Duration::from_secs(audit_secs.0));
        let vendor_now = clock.now();
        Ok(Self { live: Live::new(&host, session, symbols, audit_every, vendor_now) })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        self.live.read(cursor).await
    }

    fn redrive(raw: &[u8]) -> Result<Vec<Event>, Bad> {
        let text = str::from_utf8(raw).or_bad("")?;
        let mut items = Vec::new();
        map::message(text, &mut items, &mut |_| {})?;
        let event = |item| match item {
            Item::Event(event) => Some(event),
            Item::Bad { .. } => None,
        };
        Ok(items.into_iter().filter_map(event).collect())
    }
}

/// What a frame means while `wanted` is waited for.
fn judge(frame: &Frame, wanted: &str) -> Step<()> {
    let mut step = Step::Keep;
    map::frame(frame, &mut Vec::new(), &mut |message| match message {
        _ if !matches!(step, Step::Keep) => {}
        Message::Success(control) if control.msg == Some(wanted) => step = Step::Done(()),
        Message::Subscription if wanted == "subscribed" => step = Step::Done(()),
        Message::Success(_) | Message::Subscription => step = Step::Skip,
        Message::Error(control) => step = Step::Refused(fault(&control)),
        _ => {}
    });
    step
}

/// The error codes of "Errors" in Alpaca's page on its stream.
fn fault(error: &wire::Control<'_>) -> Fault {
    let said = error.msg.unwrap_or_default();
    let code = error.code.unwrap_or_default();
    match code {
        401 | 402 => refused(said),
        400 | 405 | 408..=411 => {
            Fault::fatal(format!("alpaca refused the subscription: {code} {said}"))
        }
        _ => Fault::disconnected(format!("alpaca ended the stream: {code} {said}")),
    }
}

impl Symbols {
    fn new(system: &System, settings: &settings::MarketData, host: &Host) -> Result<Self> {
        let all = [
            (Records::Trades, &settings.trades),
            (Records::Quotes, &settings.quotes),
            (Records::Bars(Period::minute()), &settings.bars),
        ];
        let odd = |symbol: &&String| symbol.is_empty() || symbol.contains(['*', '/', ',']);
        if let Some(odd) = all.iter().flat_map(|(_, symbols)| symbols.iter()).find(odd) {
            let reason = "symbols are named one by one, so that a gap can be repaired, and pairs \
                          of crypto currencies have another stream";
            return Err(Fault::fatal(format!("cannot subscribe to {odd:?}: {reason}")));
        }
        let wanted = all.into_iter().filter(|(_, symbols)| !symbols.is_empty());
        let kinds: Vec<_> = wanted.map(|(records, symbols)| (records, symbols.join(","))).collect();
        if kinds.is_empty() {
            return Err(Fault::fatal(
                "market_data has no symbols: name some trades, quotes or bars",
            ));
        }
        Ok(Self { http: system.data(host)?, feed: system.connection.feed.as_str(), kinds })
    }
}

impl Subscription for Symbols {
    fn decode(&mut self, frame: &[u8], items: &mut Vec<Item>) -> Result<()> {
        let mut ended = None;
        map::frame(frame, items, &mut |message| {
            if let Message::Error(error) = message {
                ended = Some(fault(&error));
            }
        });
        ended.map_or(Ok(()), Err)
    }

    fn page(&self, stretch: Stretch, next: Option<String>) -> BoxFuture<'static, Result<Page>> {
        let (index, token) = match next.as_deref().and_then(|next| next.split_once(' ')) {
            Some((index, token)) => (index.parse().unwrap_or(0), token),
            None => (0, ""),
        };
        let (records, symbols) = &self.kinds[index];
        let is_bars = matches!(records, Records::Bars(_));
        let overlap = if is_bars { BARS_OVERLAP } else { OVERLAP };
        let from = stretch.from.plus_nanos(-(overlap.as_nanos() as i64));
        let request = history::request(records, symbols, self.feed, (from, stretch.to), token);
        let (http, records) = (self.http.clone(), records.clone());
        let has_more = index + 1 < self.kinds.len();
        async move {
            let answer = http.fetch(&request).await?;
            let (mut items, token) = map::page(&records, &answer.json()?);
            // A bar that has not ended will come by the stream.
            let end = stretch.to.unwrap_or(stretch.now);
            let is_running =
                |item: &Item| matches!(item, Item::Event(Event::Bar(bar)) if bar.end_time > end);
            items.retain(|item| !is_running(item));
            let next = match token {
                Some(token) => Some(format!("{index} {token}")),
                None => has_more.then(|| format!("{} ", index + 1)),
            };
            Ok(Page { items, next })
        }
        .boxed()
    }

    fn instruments(&self) -> Vec<InstrumentId> {
        let mut symbols: Vec<&str> = self.kinds.iter().flat_map(|(_, s)| s.split(',')).collect();
        symbols.sort_unstable();
        symbols.dedup();
        symbols.iter().map(|symbol| map::identity(symbol, "")).collect()
    }
}
