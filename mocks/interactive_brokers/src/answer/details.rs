//! Everything there is to know of one contract.

use std::collections::BTreeMap;

use mockkit::market::session;
use mockkit::time;

use super::Ask;
use crate::instruments::{Index, Instrument};
use crate::wire::{Answer, ContractData, ContractDetails};
use crate::{numbers, times};

/// Days of trading hours, today first.
const DAYS: usize = 6;
const STOCK_ORDERS: &str = "ACTIVETIM,AD,ADJUST,ALERT,ALLOC,AON,AVGCOST,BASKET,CASHQTY,COND,\
    CONDORDER,DAY,DEACT,DIS,GAT,GTC,GTD,GTT,HID,IOC,LIT,LMT,LOC,MIDPX,MIT,MKT,MOC,MTL,NGCOMB,OCA,\
    OPG,OPGREROUT,PEGBENCH,PEGMID,POSTONLY,REL,RTH,SCALE,STP,STPLMT,SWEEP,TRAIL,TRAILLIT,TRAILLMT,\
    TRAILMIT,WHATIF";
const OTHER_ORDERS: &str = "ACTIVETIM,AD,ADJUST,ALERT,COND,DAY,GAT,GTC,GTD,IOC,LIT,LMT,MIT,MKT,\
    OCA,STP,STPLMT,TRAIL,TRAILLMT,WHATIF";

pub fn details(ask: &Ask<'_>, index: Index, exchange: &str, req_id: Option<i32>) -> Answer {
    let known = ask.known(index);
    let text = |text: &str| Some(text.to_owned());
    let is_stock = known.sec_type == "STK";
    let rules = vec![known.market_rule.to_string(); known.exchanges.len()];
    let mut ids = BTreeMap::new();
    if !known.isin.is_empty() {
        ids.insert("ISIN".to_owned(), known.isin.to_owned());
    }
    let (trading_hours, liquid_hours) = hours(known, ask.state.now());
    let under = known.under.map(|under| ask.known(under));
    let contract_details = ContractDetails {
        market_name: Some(known.trading_class.clone()),
        min_tick: Some(numbers::text(known.min_tick)),
        order_types: text(if is_stock { STOCK_ORDERS } else { OTHER_ORDERS }),
        valid_exchanges: Some(known.exchanges.join(",")),
        price_magnifier: Some(1),
        under_con_id: Some(under.map_or(0, |under| under.con_id)),
        long_name: Some(known.long_name.clone()),
        contract_month: known.last_trade.get(..6).map(str::to_owned),
        industry: text(known.trade.industry),
        category: text(known.trade.category),
        subcategory: text(known.trade.subcategory),
        time_zone_id: text(times::ZONE),
        trading_hours: Some(trading_hours),
        liquid_hours: Some(liquid_hours),
        sec_id_list: ids,
        agg_group: Some(1),
        under_symbol: under.map(|under| under.symbol.clone()),
        under_sec_type: under.map(|under| under.sec_type.to_owned()),
        market_rule_ids: Some(rules.join(",")),
        real_expiration_date: text(&known.last_trade),
        stock_type: text(known.stock_type),
        min_size: Some(numbers::text(known.size_step)),
        size_increment: Some(numbers::text(known.size_step)),
        suggested_size_increment: text(if is_stock { "100" } else { "1" }),
        ..ContractDetails::default()
    };
    let contract = Some(known.contract(exchange));
    let contract_details = Some(contract_details);
    Answer::ContractData(ContractData { req_id, contract, contract_details })
}

/// All hours, and those of the exchange's own session.
fn hours(known: &Instrument, now: i64) -> (String, String) {
    let mut date = time::new_york_date(now);
    let (mut all, mut liquid) = (Vec::new(), Vec::new());
    for _ in 0..DAYS {
        let day = times::day(date);
        match session(date) {
            None => {
                all.push(format!("{day}:CLOSED"));
                liquid.push(format!("{day}:CLOSED"));
            }
            Some(session) => {
                let part = |from: i64, to: i64| {
                    let clock = |ns: i64| times::civil(ns).strftime("%H%M").to_string();
                    format!("{day}:{}-{day}:{}", clock(from), clock(to))
                };
                let own = part(session.open, session.close);
                let whole = match known.sec_type {
                    "STK" => part(session.first(), session.last()),
                    _ => own.clone(),
                };
                all.push(whole);
                liquid.push(own);
            }
        }
        date = date.tomorrow().unwrap_or(date);
    }
    (all.join(";"), liquid.join(";"))
}
