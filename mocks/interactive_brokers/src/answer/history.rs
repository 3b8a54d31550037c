//! What was: bars, ticks, schedules, histograms.

use std::collections::BTreeMap;
use std::sync::Arc;

use mockkit::market::{Quote, Series, Trade, session, sessions};
use mockkit::time::{self, SECOND};
use rust_decimal::Decimal;

use super::{Ask, Result};
use crate::clients::{Growing, PrintKind};
use crate::history::{self, Bar, BarSize, Duration, Span, What, size_names};
use crate::instruments::Index;
use crate::refusal::Refusal;
use crate::wire::*;
use crate::{live, numbers, times};

/// Ticks in one answer.
const MAX_TICKS: i32 = 1_000;
/// Windows of the pacing rules.
const TEN_MINUTES: i64 = 600 * SECOND;
const REPEAT: i64 = 15 * SECOND;
const TWO_SECONDS: i64 = 2 * SECOND;
/// Requests for one contract in two seconds.
const SAME_CONTRACT: usize = 6;

pub fn answer(ask: &mut Ask<'_>, request: Request) -> Result<Option<Request>> {
    match request {
        Request::HistoricalDataRequest(request) => bars(ask, &request)?,
        Request::CancelHistoricalData(cancel) => {
            let id = cancel.req_id.unwrap_or(0);
            let text = format!("No historical data query found for ticker id:{id}");
            ask.me_mut().growing.remove(&id).ok_or_else(|| Refusal::new(366, &text))?;
            let text = "API historical data query cancelled";
            return Err(Refusal::no_history(&format!("{text}: {id}")));
        }
        Request::HeadTimestampRequest(request) => head(ask, &request)?,
        Request::HistogramDataRequest(request) => histogram(ask, &request)?,
        Request::HistoricalTicksRequest(request) => ticks(ask, &request)?,
        Request::CancelHeadTimestamp(_)
        | Request::CancelHistogramData(_)
        | Request::CancelHistoricalTicks(_) => {}
        request => return Ok(Some(request)),
    }
    Ok(None)
}

/// A request for bars, read.
struct Wanted {
    id: i32,
    instrument: Index,
    what: What,
    size: BarSize,
    span: Span,
    format: i32,
}

fn bars(ask: &mut Ask<'_>, request: &HistoricalDataRequest) -> Result {
    let wanted = read(ask, request)?;
    if wanted.what == What::Schedule {
        schedule(ask, &wanted);
        return Ok(());
    }
    pace(ask, request, &wanted)?;
    let known = ask.known(wanted.instrument);
    let bars = history::bars(&ask.world.market, known, wanted.what, wanted.size, wanted.span)
        .unwrap_or_else(|error| {
            tracing::error!(%error, "could not read market data");
            Vec::new()
        });
    let grows = request.keep_up_to_date.unwrap_or(false);
    if bars.is_empty() && !grows {
        let name = request.what_to_show.as_deref().unwrap_or_default();
        let text = format!(
            "HMDS query returned no data: {}@{} {}",
            known.local_symbol,
            known.routes(),
            title(name)
        );
        return Err(Refusal::no_history(&text));
    }
    let row = |bar: &Bar| live::wire_bar(bar, wanted.size, wanted.format);
    let historical_data_bars = bars.iter().map(row).collect();
    let req_id = Some(wanted.id);
    ask.tell(Answer::HistoricalData(HistoricalData { req_id, historical_data_bars }));
    ask.tell(Answer::HistoricalDataEnd(HistoricalDataEnd {
        req_id,
        start_date_str: Some(times::stamp(wanted.span.from)),
        end_date_str: Some(times::stamp(wanted.span.to)),
    }));
    if grows {
        let growing = Growing {
            instrument: wanted.instrument,
            what: wanted.what,
            size: wanted.size,
            regular: wanted.span.regular,
            format: wanted.format,
        };
        ask.me_mut().growing.insert(wanted.id, growing);
    }
    Ok(())
}

/// `Trades` for `TRADES`, as error texts have it.
fn title(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(String::from).unwrap_or_default();
    first + &letters.as_str().to_ascii_lowercase()
}

fn read(ask: &Ask<'_>, request: &HistoricalDataRequest) -> Result<Wanted> {
    let instrument = ask.instrument(&request.contract)?;
    let known = ask.known(instrument);
    let what = what(request.what_to_show.as_deref())?;
    let size = request.bar_size_setting.as_deref().unwrap_or_default();
    let size = BarSize::parse(size).ok_or_else(|| {
        let cause = format!(
            "Historical data bar size setting is invalid. Legal ones are: {}",
            size_names()
        );
        Refusal::invalid(&cause)
    })?;
    let duration = Duration::parse(request.duration.as_deref().unwrap_or_default());
    let duration = duration.ok_or_else(|| {
        Refusal::invalid("Historical data query duration format is invalid, use e.g. 1 D.")
    })?;
    if matches!(duration, Duration::Seconds(86_401..)) {
        let cause = "Historical data requests for durations longer than 86400 seconds must be \
                     made in days.";
        return Err(Refusal::invalid(cause));
    }
    if size.is_small() && duration.seconds() > size.most_seconds() {
        return Err(Refusal::no_history("Time length exceed max."));
    }
    if !ask.state.cut_off && known.listing().is_none() && known.sec_type != "CASH" {
        let text = format!("No market data permissions for {} {}", known.routes(), known.sec_type);
        return Err(Refusal::no_history(&text));
    }
    if known.sec_type == "CASH" && what.has_volume() {
        let text = "No historical market data for EUR/CASH@FXSUBPIP Last";
        return Err(Refusal::no_history(text));
    }
    let to = end(ask, request, what)?;
    let regular = request.use_rth.unwrap_or(false);
    let from = duration.start(to, regular);
    Ok(Wanted {
        id: request.req_id.unwrap_or(0),
        instrument,
        what,
        size,
        span: Span { from, to, regular },
        format: request.format_date.unwrap_or(1),
    })
}

/// What else the program can show; there is nothing of it here.
const NOTHING_OF: [&str; 7] = [
    "FEE_RATE",
    "HISTORICAL_VOLATILITY",
    "OPTION_IMPLIED_VOLATILITY",
    "YIELD_ASK",
    "YIELD_BID",
    "YIELD_BID_ASK",
    "YIELD_LAST",
];

fn what(name: Option<&str>) -> Result<What> {
    let name = name.unwrap_or_default();
    if NOTHING_OF.contains(&name) {
        let text = format!("HMDS query returned no data: {}", title(name));
        return Err(Refusal::no_history(&text));
    }
    What::parse(name).ok_or_else(|| Refusal::invalid("What to show field is missing or incorrect."))
}

/// When the wanted stretch ends; the present if not said, and never later.
fn end(ask: &Ask<'_>, request: &HistoricalDataRequest, what: What) -> Result<i64> {
    let now = ask.state.now();
    let Some(text) = request.end_date_time.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(now);
    };
    if request.keep_up_to_date.unwrap_or(false) || what == What::AdjustedLast {
        let cause = "End date not supported with adjusted last or when keeping up to date.";
        return Err(Refusal::invalid(cause));
    }
    let moment = times::parse(text).ok_or_else(|| {
        Refusal::new(
            10314,
            "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is \
             yyyymmdd hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional.",
        )
    })?;
    Ok(moment.min(now))
}

/// The rules for bars of half a minute or less.
fn pace(ask: &mut Ask<'_>, request: &HistoricalDataRequest, wanted: &Wanted) -> Result {
    if !wanted.size.is_small() {
        return Ok(());
    }
    let now = time::wall();
    let contract = format!("{} {:?}", wanted.instrument, wanted.what);
    let identical = format!(
        "{contract} {:?} {:?} {:?} {:?}",
        request.end_date_time, request.duration, request.bar_size_setting, request.use_rth
    );
    let log = &mut ask.state.small_bars;
    while log.front().is_some_and(|(time, _)| *time < now - TEN_MINUTES) {
        log.pop_front();
    }
    let since = |window: i64| log.iter().filter(move |(time, _)| *time > now - window);
    let violated = since(TEN_MINUTES).count() >= ask.world.settings.limits.historical_small
        || since(REPEAT).any(|(_, asked)| *asked == identical)
        || since(TWO_SECONDS).filter(|(_, asked)| asked.starts_with(&contract)).count()
            >= SAME_CONTRACT;
    if violated {
        return Err(Refusal::no_history("Historical data request pacing violation"));
    }
    // Bid and ask together count twice.
    if wanted.what == What::BidAsk {
        log.push_back((now, identical.clone()));
    }
    log.push_back((now, identical));
    Ok(())
}

fn schedule(ask: &Ask<'_>, wanted: &Wanted) {
    let (first, last) =
        (time::new_york_date(wanted.span.from), time::new_york_date(wanted.span.to));
    let row = |day: &mockkit::market::Session| HistoricalSession {
        start_date_time: Some(times::schedule_stamp(day.open)),
        end_date_time: Some(times::schedule_stamp(day.close)),
        ref_date: Some(times::day(day.date)),
    };
    let days = sessions(first, last);
    let bound = |day: Option<&mockkit::market::Session>, close: bool| {
        day.map(|day| times::schedule_stamp(if close { day.close } else { day.open }))
    };
    ask.tell(Answer::HistoricalSchedule(HistoricalSchedule {
        req_id: Some(wanted.id),
        start_date_time: bound(days.first(), false),
        end_date_time: bound(days.last(), true),
        time_zone: Some(times::ZONE.to_owned()),
        historical_sessions: days.iter().map(row).collect(),
    }));
}

fn head(ask: &Ask<'_>, request: &HeadTimestampRequest) -> Result {
    let known = ask.known(ask.instrument(&request.contract)?);
    what(request.what_to_show.as_deref())?;
    let Some(first) = history::head(&ask.world.market, known) else {
        return Err(Refusal::no_history("No head time stamp"));
    };
    let epoch = request.format_date == Some(2);
    let stamp = if epoch { times::seconds(first).to_string() } else { times::utc_stamp(first) };
    let (req_id, head_timestamp) = (request.req_id, Some(stamp));
    ask.tell(Answer::HeadTimestamp(HeadTimestamp { req_id, head_timestamp }));
    Ok(())
}

/// Shares traded at each price.
fn histogram(ask: &Ask<'_>, request: &HistogramDataRequest) -> Result {
    let index = ask.instrument(&request.contract)?;
    let period = request.time_period.as_deref().unwrap_or_default();
    let period = spelled_out(period)
        .ok_or_else(|| Refusal::invalid("Histogram time period is missing or incorrect."))?;
    let regular = request.use_rth.unwrap_or(false);
    let to = ask.state.now();
    let span = Span { from: period.start(to, regular), to, regular };
    let known = ask.known(index);
    let minute = BarSize::Seconds(60);
    let bars = history::bars(&ask.world.market, known, What::Trades, minute, span);
    let mut sizes: BTreeMap<Decimal, Decimal> = BTreeMap::new();
    for bar in bars.unwrap_or_default() {
        *sizes.entry(bar.close).or_default() += bar.volume;
    }
    let row = |(price, size): (&Decimal, &Decimal)| HistogramDataEntry {
        price: Some(numbers::double(*price)),
        size: Some(numbers::text(*size)),
    };
    let (req_id, histogram_data_entries) = (request.req_id, sizes.iter().map(row).collect());
    ask.tell(Answer::HistogramData(HistogramData { req_id, histogram_data_entries }));
    Ok(())
}

/// `3 days`.
fn spelled_out(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_once(' ')?;
    let letter = match unit.trim_end_matches('s') {
        "second" | "S" => "S",
        "day" | "D" => "D",
        "week" | "W" => "W",
        "month" | "M" => "M",
        "year" | "Y" => "Y",
        _ => return None,
    };
    Duration::parse(&format!("{count} {letter}"))
}

/// Ticks of the replayed days in a span, oldest first.
struct Ticks {
    trades: Vec<Trade>,
    quotes: Vec<Quote>,
}

fn ticks(ask: &Ask<'_>, request: &HistoricalTicksRequest) -> Result {
    let index = ask.instrument(&request.contract)?;
    let count = request.number_of_ticks.unwrap_or(0);
    if !(1..=MAX_TICKS).contains(&count) {
        let cause = format!("Number of ticks is not between 1 and {MAX_TICKS}.");
        return Err(Refusal::invalid(&cause));
    }
    let count = usize::try_from(count).unwrap_or(1);
    let moment = |text: &Option<String>| -> Result<Option<i64>> {
        let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let cause = || Refusal::invalid("Start or end time is incorrect.");
        times::parse(text).map(Some).ok_or_else(cause)
    };
    let (start, end) = (moment(&request.start_date_time)?, moment(&request.end_date_time)?);
    let now = ask.state.now();
    let found = gather(
        ask,
        index,
        start.unwrap_or(i64::MIN),
        end.unwrap_or(i64::MAX).min(now),
        request.use_rth.unwrap_or(false),
    );
    // From a start on go the first ticks, up to an end the last.
    let keep = |len: usize| {
        if start.is_some() { 0..len.min(count) } else { len.saturating_sub(count)..len }
    };
    let (req_id, is_done) = (request.req_id, Some(true));
    match request.what_to_show.as_deref() {
        Some("TRADES") => {
            let trades = &found.trades[keep(found.trades.len())];
            let historical_ticks_last = trades.iter().map(live::historical_last).collect();
            let message = HistoricalTicksLast { req_id, historical_ticks_last, is_done };
            ask.tell(Answer::HistoricalTicksLast(message));
        }
        Some("BID_ASK") => {
            let quotes = &found.quotes[keep(found.quotes.len())];
            let historical_ticks_bid_ask = quotes.iter().map(live::historical_quote).collect();
            let message = HistoricalTicksBidAsk { req_id, historical_ticks_bid_ask, is_done };
            ask.tell(Answer::HistoricalTicksBidAsk(message));
        }
        Some("MIDPOINT") => {
            let quotes = &found.quotes[keep(found.quotes.len())];
            let historical_ticks = quotes.iter().map(live::historical_middle).collect();
            let message = HistoricalTicks { req_id, historical_ticks, is_done };
            ask.tell(Answer::HistoricalTicks(message));
        }
        _ => return Err(Refusal::invalid("What to show field is missing or incorrect.")),
    }
    Ok(())
}

fn gather(ask: &Ask<'_>, index: Index, from: i64, to: i64, regular: bool) -> Ticks {
    let known = ask.known(index);
    let mut found = Ticks { trades: Vec::new(), quotes: Vec::new() };
    let Some((listing, _)) = known.listing() else { return found };
    for date in ask.world.market.days() {
        let Ok(day) = ask.world.market.day(*date) else { continue };
        let series: &Series = &Arc::clone(&day).series[listing];
        let hours = session(*date).filter(|_| regular);
        let within = |time: i64| {
            (from..=to).contains(&time) && hours.is_none_or(|hours| hours.contains(time))
        };
        let trades = series.trades.iter().filter(|trade| within(trade.time));
        found.trades.extend(trades.map(|trade| known.print(*trade)));
        let quotes = series.quotes.iter().filter(|quote| within(quote.time));
        found.quotes.extend(quotes.map(|quote| known.quote(*quote)));
    }
    found
}

/// The ticks before a subscription to more of them.
pub fn last_ticks(ask: &Ask<'_>, id: i32, index: Index, kind: PrintKind, count: i32) {
    let count = usize::try_from(count.min(MAX_TICKS)).unwrap_or(0);
    let found = gather(ask, index, i64::MIN, ask.state.now(), false);
    let (req_id, is_done) = (Some(id), Some(true));
    let trades = &found.trades[found.trades.len().saturating_sub(count)..];
    let quotes = &found.quotes[found.quotes.len().saturating_sub(count)..];
    ask.tell(match kind {
        PrintKind::Last | PrintKind::AllLast => {
            let historical_ticks_last = trades.iter().map(live::historical_last).collect();
            Answer::HistoricalTicksLast(HistoricalTicksLast {
                req_id,
                historical_ticks_last,
                is_done,
            })
        }
        PrintKind::BidAsk => {
            let historical_ticks_bid_ask = quotes.iter().map(live::historical_quote).collect();
            Answer::HistoricalTicksBidAsk(HistoricalTicksBidAsk {
                req_id,
                historical_ticks_bid_ask,
                is_done,
            })
        }
        PrintKind::MidPoint => {
            let historical_ticks = quotes.iter().map(live::historical_middle).collect();
            Answer::HistoricalTicks(HistoricalTicks { req_id, historical_ticks, is_done })
        }
    });
}
