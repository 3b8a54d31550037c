//! Opening and closing auctions: the prints that carry the marks where there are ticks, else the
//! first and the last price of the session.

use axum::extract::{Path, State};
use axum::response::Response;
use mockkit::market::{Price, Series, Session, Trade, marks, session, write_integer};
use mockkit::time;

use super::history::load;
use super::page::{Point, Query, Request};
use crate::core::Shared;
use crate::refusal::Result;
use crate::rest::Params;

pub async fn several(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Response> {
    answer(&core, &query, None)
}

pub async fn one(
    State(core): State<Shared>,
    Path(symbol): Path<String>,
    Params(query): Params<Query>,
) -> Result<Response> {
    answer(&core, &query, Some(&symbol))
}

fn answer(core: &Shared, query: &Query, symbol: Option<&str>) -> Result<Response> {
    let request = Request::read(core, query, symbol)?;
    request.answer("auctions", |listing| {
        let mut days = Vec::new();
        for date in core.world.market.days() {
            let Some(session) = session(*date) else { continue };
            if session.open > request.end || session.last() < request.start {
                continue;
            }
            let day = load(core, *date)?;
            days.extend(auctions(&day.series[listing], &session, request.now));
        }
        Ok(days)
    })
}

struct Auctions {
    session: Session,
    open: Vec<Auction>,
    close: Vec<Auction>,
}

struct Auction {
    time: i64,
    venue: char,
    price: Price,
    size: u64,
    condition: char,
}

fn auctions(series: &Series, session: &Session, now: i64) -> Option<Auctions> {
    let marked = |mark: u8, condition: char| {
        let prints = series.trades.iter().filter(move |trade| trade.marks & mark != 0);
        let auction = move |trade: &Trade| Auction {
            time: trade.time,
            venue: trade.venue,
            price: trade.price,
            size: trade.size.into(),
            condition,
        };
        prints.filter(|trade| trade.time <= now).map(auction).collect::<Vec<_>>()
    };
    let mut open = marked(marks::OPENING, 'O');
    open.extend(marked(marks::OFFICIAL_OPEN, 'Q'));
    let mut close = marked(marks::CLOSING, '6');
    close.extend(marked(marks::OFFICIAL_CLOSE, 'M'));
    let known = || series.bars.iter().filter(|bar| session.contains(bar.time) && bar.end() <= now);
    let venue = series.quotes.first().map_or('Q', |quote| quote.bid_venue);
    let made = |time, price, size, condition| Auction { time, venue, price, size, condition };
    let first = known().next()?;
    if open.is_empty() {
        open.push(made(session.open, first.open, first.volume, 'Q'));
    }
    if let Some(last) = known().next_back().filter(|_| close.is_empty() && now >= session.close) {
        close.push(made(session.close, last.close, last.volume, 'M'));
    }
    Some(Auctions { session: *session, open, close })
}

impl Point for Auctions {
    fn time(&self) -> i64 {
        self.session.open
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{{\"d\":\"{}\",\"o\":", self.session.date).as_bytes());
        write_all(out, &self.open);
        out.extend_from_slice(b",\"c\":");
        write_all(out, &self.close);
        out.push(b'}');
    }
}

fn write_all(out: &mut Vec<u8>, auctions: &[Auction]) {
    out.push(b'[');
    for (place, auction) in auctions.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let head =
            format!("{comma}{{\"t\":\"{}\",\"x\":\"{}\"", time::utc(auction.time), auction.venue);
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(b",\"p\":");
        auction.price.write(out);
        out.extend_from_slice(b",\"s\":");
        write_integer(out, auction.size);
        out.extend_from_slice(format!(",\"c\":\"{}\"}}", auction.condition).as_bytes());
    }
    out.push(b']');
}
