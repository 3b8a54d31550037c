//! Live market data: quotes, ticks, bars of five seconds, depth.

use super::{Ask, Result, unknown_id};
use crate::clients::{Depth, Line, LiveBars, PrintKind, Prints};
use crate::history::What;
use crate::instruments::{Index, Source};
use crate::live;
use crate::refusal::Refusal;
use crate::wire::*;

/// Generic ticks that may be asked for.
const GENERIC: [u16; 32] = [
    100, 101, 104, 105, 106, 162, 165, 221, 225, 232, 233, 236, 258, 292, 293, 294, 295, 318, 375,
    411, 456, 460, 577, 586, 587, 588, 595, 614, 619, 623, 656, 787,
];

pub fn answer(ask: &mut Ask<'_>, request: Request) -> Result<Option<Request>> {
    match request {
        Request::MarketDataRequest(request) => lines(ask, &request)?,
        Request::CancelMarketData(cancel) => {
            let id = cancel.req_id.unwrap_or(0);
            ask.me_mut().lines.remove(&id).ok_or_else(|| unknown_id(id))?;
        }
        Request::MarketDataTypeRequest(request) => {
            let kind = request.market_data_type.unwrap_or(0);
            if !(1..=4).contains(&kind) {
                return Err(Refusal::invalid(&format!("Invalid market data type {kind}.")));
            }
            ask.me_mut().data_type = kind;
        }
        Request::TickByTickRequest(request) => tick_by_tick(ask, &request)?,
        Request::CancelTickByTick(cancel) => {
            let id = cancel.req_id.unwrap_or(0);
            ask.me_mut().prints.remove(&id).ok_or_else(|| unknown_id(id))?;
        }
        Request::RealTimeBarsRequest(request) => live_bars(ask, &request)?,
        Request::CancelRealTimeBars(cancel) => {
            let id = cancel.req_id.unwrap_or(0);
            ask.me_mut().live_bars.remove(&id).ok_or_else(|| unknown_id(id))?;
        }
        Request::MarketDepthRequest(request) => depth(ask, &request)?,
        Request::CancelMarketDepth(cancel) => {
            let id = cancel.req_id.unwrap_or(0);
            let text = format!("Can't find the subscribed market depth with tickerId:{id}");
            ask.me_mut().depth.remove(&id).ok_or_else(|| Refusal::new(310, &text))?;
        }
        request => return Ok(Some(request)),
    }
    Ok(None)
}

fn duplicate() -> Refusal {
    Refusal::new(102, "Duplicate ticker ID")
}

/// Whether the user has paid for live data of an instrument; error 354 if not, and if delayed data
/// were not asked for either.
fn entitled(ask: &Ask<'_>, index: Index) -> Result<bool> {
    let known = ask.known(index);
    let missing = ask.world.settings.market_data.not_subscribed.contains(&known.symbol)
        || matches!(known.source, Source::Nowhere);
    if missing && ask.me().data_type < 3 {
        let text = "Requested market data is not subscribed. Displaying delayed market data is \
                    not enabled.";
        return Err(Refusal::new(354, text));
    }
    if matches!(known.source, Source::Nowhere) {
        return Err(Refusal::new(
            10168,
            "Requested market data is not subscribed. Delayed market \
                                        data is not available.",
        ));
    }
    Ok(!missing)
}

fn lines(ask: &mut Ask<'_>, request: &MarketDataRequest) -> Result {
    let id = request.req_id.unwrap_or(0);
    let instrument = ask.instrument(&request.contract)?;
    let snapshot =
        request.snapshot.unwrap_or(false) || request.regulatory_snapshot.unwrap_or(false);
    let generic = generic_ticks(request, snapshot)?;
    if ask.me().lines.contains_key(&id) {
        return Err(duplicate());
    }
    let open: usize = ask.state.clients.iter().map(|client| client.lines.len()).sum();
    if open >= ask.world.settings.limits.market_data_lines {
        return Err(Refusal::new(101, "Max number of tickers has been reached"));
    }
    let live = entitled(ask, instrument)?;
    let kind = match ask.me().data_type {
        1 | 2 if live => 1,
        asked => asked,
    };
    if !live {
        let text = "Requested market data is not subscribed. Displaying delayed market data.";
        ask.refuse(id, &Refusal::new(10167, text));
    }
    let mut line = Line { instrument, kind, generic, quote: None, trade: None, volume: 0 };
    live::open_line(ask.world, ask.state, ask.me, id, &mut line);
    if snapshot {
        ask.tell(Answer::TickSnapshotEnd(TickSnapshotEnd { req_id: Some(id) }));
    } else {
        ask.me_mut().lines.insert(id, line);
    }
    Ok(())
}

fn generic_ticks(request: &MarketDataRequest, snapshot: bool) -> Result<Vec<u16>> {
    let list = request.generic_tick_list.as_deref().unwrap_or_default();
    let mut ticks = Vec::new();
    for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        // News may name its source: `292:BRFG`; a whole wire is asked for as `mdoff,292`.
        let number = word.split(':').next().unwrap_or(word);
        if number == "mdoff" {
            continue;
        }
        let known = number.parse().ok().filter(|number| GENERIC.contains(number));
        let cause = || Refusal::invalid(&format!("Incorrect generic tick list of {list}."));
        ticks.push(known.ok_or_else(cause)?);
    }
    if snapshot && !ticks.is_empty() {
        let cause = "Snapshot market data subscription is not applicable to generic ticks.";
        return Err(Refusal::invalid(cause));
    }
    Ok(ticks)
}

fn tick_by_tick(ask: &mut Ask<'_>, request: &TickByTickRequest) -> Result {
    let id = request.req_id.unwrap_or(0);
    let instrument = ask.instrument(&request.contract)?;
    let name = request.tick_type.as_deref().unwrap_or_default();
    let kind = PrintKind::parse(name)
        .ok_or_else(|| Refusal::invalid(&format!("Invalid tick type {name}.")))?;
    if ask.me().prints.contains_key(&id) {
        return Err(duplicate());
    }
    let open: usize = ask.state.clients.iter().map(|client| client.prints.len()).sum();
    if open >= ask.world.settings.limits.tick_by_tick {
        let text = "Max number of tick-by-tick requests has been reached.";
        return Err(Refusal::new(10190, text));
    }
    let trades = matches!(kind, PrintKind::Last | PrintKind::AllLast);
    let known = ask.known(instrument);
    let no_tape = trades && matches!(known.sec_type, "CASH" | "IND");
    if no_tape || matches!(known.source, Source::Nowhere) {
        let text = format!(
            "Failed to request tick-by-tick data:No market data permissions for {} {}",
            known.routes(),
            known.sec_type
        );
        return Err(Refusal::new(10189, &text));
    }
    entitled(ask, instrument)?;
    let past = request.number_of_ticks.unwrap_or(0);
    if past > 0 {
        super::history::last_ticks(ask, id, instrument, kind, past);
    }
    let ignore_size = request.ignore_size.unwrap_or(false);
    let mut prints = Prints { instrument, kind, ignore_size, quote: None };
    live::open_prints(ask.world, ask.state, ask.me, id, &mut prints);
    ask.me_mut().prints.insert(id, prints);
    Ok(())
}

fn live_bars(ask: &mut Ask<'_>, request: &RealTimeBarsRequest) -> Result {
    let id = request.req_id.unwrap_or(0);
    let instrument = ask.instrument(&request.contract)?;
    let what = What::parse(request.what_to_show.as_deref().unwrap_or_default());
    let what = what
        .filter(|what| matches!(what, What::Trades | What::MidPoint | What::Bid | What::Ask))
        .ok_or_else(|| Refusal::invalid("What to show field is missing or incorrect."))?;
    if ask.me().live_bars.contains_key(&id) {
        return Err(duplicate());
    }
    let known = ask.known(instrument);
    if what == What::Trades && known.sec_type == "CASH" {
        let text = "Invalid Real-time Query:No market data permissions for IDEALPRO CASH.";
        return Err(Refusal::new(420, text));
    }
    entitled(ask, instrument)?;
    let regular = request.use_rth.unwrap_or(false);
    ask.me_mut().live_bars.insert(id, LiveBars { instrument, what, regular });
    Ok(())
}

fn depth(ask: &mut Ask<'_>, request: &MarketDepthRequest) -> Result {
    let id = request.req_id.unwrap_or(0);
    let instrument = ask.instrument(&request.contract)?;
    if ask.me().depth.contains_key(&id) {
        return Err(duplicate());
    }
    let open: usize = ask.state.clients.iter().map(|client| client.depth.len()).sum();
    let most = ask.world.settings.limits.depth;
    if open >= most {
        let text = format!("Max number ({most}) of market depth requests has been reached");
        return Err(Refusal::new(309, &text));
    }
    entitled(ask, instrument)?;
    let smart = request.is_smart_depth.unwrap_or(false);
    let mut depth = Depth { instrument, smart, quote: None };
    live::open_depth(ask.world, ask.state, ask.me, id, &mut depth);
    ask.me_mut().depth.insert(id, depth);
    Ok(())
}
