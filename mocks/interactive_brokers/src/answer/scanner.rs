//! Instruments in the order of what they did today.

use std::cmp::Reverse;

use rust_decimal::Decimal;

use super::{Ask, Result};
use crate::instruments::{Index, Instrument};
use crate::numbers;
use crate::refusal::Refusal;
use crate::wire::*;

/// Rows of an answer if nothing is said.
const MAX_ROWS: usize = 50;

const PARAMETERS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <ScanParameterResponse><InstrumentList varName=\"instrumentList\">\
    <Instrument><name>US Stocks</name><type>STK</type>\
    <filters>PRICE,VOLUME,CHANGEPERC</filters></Instrument></InstrumentList>\
    <LocationTree varName=\"locationTree\"><Location><displayName>US Stocks</displayName>\
    <locationCode>STK.US.MAJOR</locationCode><instruments>STK</instruments></Location>\
    </LocationTree><ScanTypeList varName=\"scanTypeList\">\
    <ScanType><displayName>Top % Gainers</displayName><scanCode>TOP_PERC_GAIN</scanCode>\
    <instruments>STK</instruments></ScanType>\
    <ScanType><displayName>Top % Losers</displayName><scanCode>TOP_PERC_LOSE</scanCode>\
    <instruments>STK</instruments></ScanType>\
    <ScanType><displayName>Most Active</displayName><scanCode>MOST_ACTIVE</scanCode>\
    <instruments>STK</instruments></ScanType>\
    <ScanType><displayName>Hot by Volume</displayName><scanCode>HOT_BY_VOLUME</scanCode>\
    <instruments>STK</instruments></ScanType>\
    </ScanTypeList></ScanParameterResponse>";

pub fn answer(ask: &mut Ask<'_>, request: Request) -> Result {
    match request {
        Request::ScannerParametersRequest(_) => {
            let xml = Some(PARAMETERS.to_owned());
            ask.tell(Answer::ScannerParameters(ScannerParameters { xml }));
        }
        Request::ScannerSubscriptionRequest(request) => {
            let id = request.req_id.unwrap_or(0);
            let scanner = request.scanner_subscription.unwrap_or_default();
            ask.tell(scan(ask, id, &scanner)?);
            ask.me_mut().scanners.insert(id, scanner);
        }
        Request::CancelScannerSubscription(cancel) => {
            let id = cancel.req_id.unwrap_or(0);
            if ask.me_mut().scanners.remove(&id).is_none() {
                let text = format!("No scanner subscription found for ticker id:{id}");
                return Err(Refusal::new(365, &text));
            }
        }
        // Everything else was answered before.
        request => tracing::warn!(name = request.describe().1, "nobody answered a request"),
    }
    Ok(())
}

fn scan(ask: &Ask<'_>, id: i32, scanner: &ScannerSubscription) -> Result<Answer> {
    let code = scanner.scan_code.as_deref().unwrap_or_default();
    let active = matches!(code, "MOST_ACTIVE" | "HOT_BY_VOLUME" | "MOST_ACTIVE_USD");
    let losers = matches!(code, "TOP_PERC_LOSE");
    if !active && !losers && !matches!(code, "TOP_PERC_GAIN" | "HOT_BY_PRICE") {
        return Err(Refusal::new(
            162,
            &format!("Historical Market Data Service error message:Unknown scan code {code}."),
        ));
    }
    let number = |value: Option<f64>| value.and_then(numbers::decimal);
    let (above, below) = (number(scanner.above_price), number(scanner.below_price));
    let mut found: Vec<(Index, Decimal)> = Vec::new();
    for (index, known) in ask.world.instruments.iter().enumerate() {
        let mark = known.mark(&ask.state.tape);
        let Some(price) = mark.price().filter(|_| is_wanted(known)) else { continue };
        let volume = known.listing().map_or(0, |(listing, _)| ask.state.volumes[listing]);
        if above.is_some_and(|above| price < above)
            || below.is_some_and(|below| !below.is_zero() && price > below)
            || scanner.above_volume.is_some_and(|least| volume < u64::try_from(least).unwrap_or(0))
        {
            continue;
        }
        let close = mark.previous_close.map_or(price, |close| close.decimal());
        let change = if close.is_zero() { Decimal::ZERO } else { price / close - Decimal::ONE };
        found.push((index, if active { volume.into() } else { change }));
    }
    if losers {
        found.sort_by_key(|(_, measure)| *measure);
    } else {
        found.sort_by_key(|(_, measure)| Reverse(*measure));
    }
    let rows = usize::try_from(scanner.number_of_rows.unwrap_or(-1)).unwrap_or(MAX_ROWS);
    let found = found.into_iter().take(rows.min(MAX_ROWS));
    let row = |(rank, (index, _)): (i32, (Index, Decimal))| {
        let known = ask.known(index);
        ScannerDataElement {
            rank: Some(rank),
            contract: Some(Contract { primary_exch: None, ..known.contract(known.routes()) }),
            market_name: Some(known.trading_class.clone()),
            ..ScannerDataElement::default()
        }
    };
    let scanner_data_element = (0..).zip(found).map(row).collect();
    Ok(Answer::ScannerData(ScannerData { req_id: Some(id), scanner_data_element }))
}

fn is_wanted(known: &Instrument) -> bool {
    known.sec_type == "STK" && known.currency == "USD"
}
