//! Every answer but orders, field by field.

use super::orders_out;
use super::spelling::UNSET_DOUBLE;
use super::writer::Writer;
use crate::wire::*;

/// A body that is written, or one that waits for someone who knows the message.
type Tried = Result<Writer, Writer>;

/// The body of a frame; nothing for what is only said in the newer encoding.
pub fn encode(version: i32, answer: &Answer) -> Option<Vec<u8>> {
    match answer {
        Answer::OpenOrder(m) => return Some(orders_out::open(version, m)),
        Answer::CompletedOrder(m) => return Some(orders_out::completed(version, m)),
        Answer::ConfigResponse(_) | Answer::UpdateConfigResponse(_) => return None,
        _ => {}
    }
    let tried = market(Writer::new(version, answer.id()), answer)
        .or_else(|out| history(out, answer))
        .or_else(|out| orders(out, answer))
        .or_else(|out| accounts(out, answer))
        .or_else(|out| contracts(out, answer))
        .or_else(|out| reference(out, answer))
        .or_else(|out| services(out, answer))
        .or_else(|out| session(out, answer));
    // What is left has no fields.
    Some(tried.unwrap_or_else(|out| out).finish())
}

/// Bars and their bounds in one frame, as below version 196.
pub fn bars(version: i32, bars: &HistoricalData, end: &HistoricalDataEnd) -> Vec<u8> {
    let out = Writer::new(version, 17).int(end.req_id);
    let out = out.time(&end.start_date_str).time(&end.end_date_str);
    let bars = &bars.historical_data_bars;
    out.count(bars.len())
        .each(bars, |out, bar| {
            let date = bar.date.as_deref().unwrap_or_default();
            // A day or a number of seconds is spelled the same at any age.
            let out = if date.contains(' ') { out.time(&bar.date) } else { out.raw(date) };
            let out = out.plain(bar.open).plain(bar.high).plain(bar.low).plain(bar.close);
            out.text(&bar.volume).text(&bar.wap).int(bar.bar_count)
        })
        .finish()
}

fn market(out: Writer, answer: &Answer) -> Tried {
    Ok(match answer {
        Answer::TickPrice(m) => {
            let out = out.raw("6").int(m.req_id).int(m.tick_type).double_or(m.price, "-1");
            out.text_or(&m.size, "0").int(m.attr_mask)
        }
        Answer::TickSize(m) => out.raw("6").int(m.req_id).int(m.tick_type).text_or(&m.size, "0"),
        Answer::TickGeneric(m) => {
            out.raw("6").int(m.req_id).int(m.tick_type).double_or(m.value, "0.0")
        }
        Answer::TickString(m) => out.raw("6").int(m.req_id).int(m.tick_type).text(&m.value),
        Answer::TickOptionComputation(m) => {
            let out = out.int(m.req_id).int(m.tick_type).int(m.tick_attrib);
            let out = out.double_or(m.implied_vol, "-1").double_or(m.delta, "-2");
            let out = out.double_or(m.opt_price, "-1").double_or(m.pv_dividend, "-1");
            let out = out.double_or(m.gamma, "-2").double_or(m.vega, "-2");
            out.double_or(m.theta, "-2").double_or(m.und_price, "-1")
        }
        Answer::TickReqParams(m) => {
            let out = out.int(m.req_id).text(&m.min_tick).text(&m.bbo_exchange);
            out.int(m.snapshot_permissions)
        }
        Answer::TickSnapshotEnd(m) => out.raw("1").int(m.req_id),
        Answer::MarketDataType(m) => out.raw("1").int(m.req_id).int(m.market_data_type),
        Answer::TickNews(m) => {
            let out = out.int(m.req_id).long(m.timestamp).text(&m.provider_code);
            out.text(&m.article_id).text(&m.headline).text(&m.extra_data)
        }
        Answer::TickByTickData(m) => tick_by_tick(out, m),
        Answer::RealTimeBarTick(m) => {
            let out = out.raw("3").int(m.req_id).long(m.time);
            let out = out.plain(m.open).plain(m.high).plain(m.low).plain(m.close);
            out.text(&m.volume).text(&m.wap).int(m.count)
        }
        Answer::MarketDepth(m) => {
            let row = m.market_depth_data.clone().unwrap_or_default();
            let out = out.raw("1").int(m.req_id).int(row.position).int(row.operation);
            out.int(row.side).plain(row.price).text_or(&row.size, "0")
        }
        Answer::MarketDepthL2(m) => {
            let row = m.market_depth_data.clone().unwrap_or_default();
            let out = out.raw("1").int(m.req_id).int(row.position).text(&row.market_maker);
            let out = out.int(row.operation).int(row.side).plain(row.price);
            out.text_or(&row.size, "0").flag(row.is_smart_depth)
        }
        Answer::RerouteMarketDataRequest(RerouteMarketDataRequest { req_id, con_id, exchange })
        | Answer::RerouteMarketDepthRequest(RerouteMarketDepthRequest {
            req_id,
            con_id,
            exchange,
        }) => out.int(*req_id).int(*con_id).text(exchange),
        _ => return Err(out),
    })
}

fn tick_by_tick(out: Writer, m: &TickByTickData) -> Writer {
    let out = out.int(m.req_id).int(m.tick_type);
    let bits = |low: Option<bool>, high: Option<bool>| {
        Some(i32::from(low.unwrap_or(false)) + 2 * i32::from(high.unwrap_or(false)))
    };
    if let Some(tick) = &m.historical_tick_last {
        let marks = tick.tick_attrib_last.clone().unwrap_or_default();
        let out = out.long(tick.time).plain(tick.price).text_or(&tick.size, "0");
        let out = out.int(bits(marks.past_limit, marks.unreported));
        return out.text(&tick.exchange).text(&tick.special_conditions);
    }
    if let Some(tick) = &m.historical_tick_bid_ask {
        let marks = tick.tick_attrib_bid_ask.clone().unwrap_or_default();
        let out = out.long(tick.time).plain(tick.price_bid).plain(tick.price_ask);
        let out = out.text_or(&tick.size_bid, "0").text_or(&tick.size_ask, "0");
        return out.int(bits(marks.bid_past_low, marks.ask_past_high));
    }
    let tick = m.historical_tick_mid_point.clone().unwrap_or_default();
    out.long(tick.time).plain(tick.price)
}

fn history(out: Writer, answer: &Answer) -> Tried {
    Ok(match answer {
        Answer::HistoricalDataUpdate(m) => {
            let bar = m.historical_data_bar.clone().unwrap_or_default();
            let out = out.int(m.req_id).int_or(bar.bar_count, "-1").text(&bar.date);
            let out = out.plain(bar.open).plain(bar.close).plain(bar.high).plain(bar.low);
            out.text(&bar.wap).text(&bar.volume)
        }
        Answer::HeadTimestamp(m) => out.int(m.req_id).time(&m.head_timestamp),
        Answer::HistogramData(m) => {
            let rows = &m.histogram_data_entries;
            let out = out.int(m.req_id).count(rows.len());
            out.each(rows, |out, row| out.plain(row.price).text_or(&row.size, "0"))
        }
        Answer::HistoricalSchedule(m) => {
            let out = out.int(m.req_id).text(&m.start_date_time).text(&m.end_date_time);
            let rows = &m.historical_sessions;
            out.text(&m.time_zone).count(rows.len()).each(rows, |out, row| {
                out.text(&row.start_date_time).text(&row.end_date_time).text(&row.ref_date)
            })
        }
        Answer::HistoricalTicks(m) => {
            let rows = &m.historical_ticks;
            let out = out.int(m.req_id).count(rows.len()).each(rows, |out, tick| {
                out.long(tick.time).raw("0").plain(tick.price).text_or(&tick.size, "0")
            });
            out.flag(m.is_done)
        }
        Answer::HistoricalTicksBidAsk(m) => {
            let rows = &m.historical_ticks_bid_ask;
            let out = out.int(m.req_id).count(rows.len()).each(rows, |out, tick| {
                let marks = tick.tick_attrib_bid_ask.clone().unwrap_or_default();
                // The bits are the other way round than in a live tick.
                let ask = i32::from(marks.ask_past_high.unwrap_or(false));
                let bid = i32::from(marks.bid_past_low.unwrap_or(false));
                let out = out.long(tick.time).int(Some(ask + 2 * bid));
                let out = out.plain(tick.price_bid).plain(tick.price_ask);
                out.text_or(&tick.size_bid, "0").text_or(&tick.size_ask, "0")
            });
            out.flag(m.is_done)
        }
        Answer::HistoricalTicksLast(m) => {
            let rows = &m.historical_ticks_last;
            let out = out.int(m.req_id).count(rows.len()).each(rows, |out, tick| {
                let marks = tick.tick_attrib_last.clone().unwrap_or_default();
                let past = i32::from(marks.past_limit.unwrap_or(false));
                let unreported = i32::from(marks.unreported.unwrap_or(false));
                let out = out.long(tick.time).int(Some(past + 2 * unreported));
                let out = out.plain(tick.price).text_or(&tick.size, "0");
                out.text(&tick.exchange).text(&tick.special_conditions)
            });
            out.flag(m.is_done)
        }
        Answer::HistoricalNews(m) => {
            let out = out.int(m.req_id).text(&m.time).text(&m.provider_code);
            out.text(&m.article_id).text(&m.headline)
        }
        Answer::HistoricalNewsEnd(m) => out.int(m.req_id).flag(m.has_more),
        _ => return Err(out),
    })
}

fn orders(out: Writer, answer: &Answer) -> Tried {
    Ok(match answer {
        Answer::OrderStatus(m) => {
            let out = out.int(m.order_id).text(&m.status).text_or(&m.filled, "0");
            let out = out.text_or(&m.remaining, "0").plain(m.avg_fill_price).long(m.perm_id);
            let out = out.int(m.parent_id).plain(m.last_fill_price).int(m.client_id);
            out.text(&m.why_held).plain(m.mkt_cap_price)
        }
        Answer::ErrorMessage(m) => {
            let out = out.raw("2").int_or(m.id, "-1").int(m.error_code).text(&m.error_msg);
            if out.from(166) { out.text(&m.advanced_order_reject_json) } else { out }
        }
        Answer::ExecutionDetails(m) => execution(out, m),
        Answer::CommissionAndFeesReport(m) => {
            let out = out.raw("1").text(&m.exec_id).double_or(m.commission_and_fees, "0.0");
            let out = out.text(&m.currency).double_or(m.realized_pnl, UNSET_DOUBLE);
            out.double_or(m.bond_yield, UNSET_DOUBLE).text(&m.yield_redemption_date)
        }
        Answer::OpenOrdersEnd(_) => out.raw("1"),
        Answer::ExecutionDetailsEnd(m) => out.raw("1").int(m.req_id),
        Answer::OrderBound(m) => out.long(m.perm_id).int(m.client_id).int(m.order_id),
        _ => return Err(out),
    })
}

fn execution(out: Writer, m: &ExecutionDetails) -> Writer {
    let contract = m.contract.clone().unwrap_or_default();
    let execution = m.execution.clone().unwrap_or_default();
    let out = out.int_or(m.req_id, "-1").int(execution.order_id);
    let out = out.contract(&contract, "0.0", "");
    let out = out.text(&contract.exchange).text(&contract.currency);
    let out = out.text(&contract.local_symbol).text(&contract.trading_class);
    let out = out.text(&execution.exec_id).time(&execution.time).text(&execution.acct_number);
    let out = out.text(&execution.exchange).text(&execution.side).text_or(&execution.shares, "0");
    let out = out.plain(execution.price).long(execution.perm_id).int(execution.client_id);
    let out = out.flag(execution.is_liquidation).text_or(&execution.cum_qty, "0");
    let out = out.plain(execution.avg_price).text(&execution.order_ref).text(&execution.ev_rule);
    let out = out.plain_or(execution.ev_multiplier, "").text(&execution.model_code);
    let out = out.int(execution.last_liquidity);
    if out.from(178) { out.flag(execution.is_price_revision_pending) } else { out }
}

fn position(out: Writer, contract: &Option<Contract>) -> Writer {
    let contract = contract.clone().unwrap_or_default();
    let out = out.contract(&contract, "0.0", "").text(&contract.exchange);
    out.text(&contract.currency).text(&contract.local_symbol).text(&contract.trading_class)
}

fn accounts(out: Writer, answer: &Answer) -> Tried {
    Ok(match answer {
        Answer::AccountValue(m) => {
            out.raw("2").text(&m.key).text(&m.value).text(&m.currency).text(&m.account_name)
        }
        Answer::PortfolioValue(m) => {
            let contract = m.contract.clone().unwrap_or_default();
            let out = out.raw("8").contract(&contract, "0", "0").text(&contract.primary_exch);
            let out = out.text(&contract.currency).text(&contract.local_symbol);
            let out = out.text(&contract.trading_class).text_or(&m.position, "0");
            let out = out.double_or(m.market_price, "0.0").double_or(m.market_value, "0.0");
            let out = out.double_or(m.average_cost, "0.0").double_or(m.unrealized_pnl, "0.0");
            out.double_or(m.realized_pnl, "0.0").text(&m.account_name)
        }
        Answer::AccountUpdateTime(m) => out.raw("1").text(&m.time_stamp),
        Answer::AccountDataEnd(m) => out.raw("1").text(&m.account_name),
        Answer::Position(m) => {
            let out = position(out.raw("3").text(&m.account), &m.contract);
            out.text_or(&m.position, "0").plain(m.avg_cost)
        }
        Answer::PositionEnd(_) => out.raw("1"),
        Answer::AccountSummary(m) => {
            let out = out.raw("1").int(m.req_id).text(&m.account).text(&m.tag);
            out.text(&m.value).text(&m.currency)
        }
        Answer::AccountSummaryEnd(m) => out.raw("1").int(m.req_id),
        Answer::PositionMulti(m) => {
            let out = position(out.raw("1").int(m.req_id).text(&m.account), &m.contract);
            out.text_or(&m.position, "0").plain(m.avg_cost).text(&m.model_code)
        }
        Answer::PositionMultiEnd(m) => out.raw("1").int(m.req_id),
        Answer::AccountUpdateMulti(m) => {
            let out = out.raw("1").int(m.req_id).text(&m.account).text(&m.model_code);
            out.text(&m.key).text(&m.value).text(&m.currency)
        }
        Answer::AccountUpdateMultiEnd(m) => out.raw("1").int(m.req_id),
        Answer::PnL(m) => {
            let out = out.int(m.req_id).double_or(m.daily_pnl, UNSET_DOUBLE);
            out.double_or(m.unrealized_pnl, UNSET_DOUBLE).double_or(m.realized_pnl, UNSET_DOUBLE)
        }
        Answer::PnLSingle(m) => {
            let out = out.int(m.req_id).text_or(&m.position, "0");
            let out = out.double_or(m.daily_pnl, UNSET_DOUBLE);
            let out = out.double_or(m.unrealized_pnl, UNSET_DOUBLE);
            out.double_or(m.realized_pnl, UNSET_DOUBLE).double_or(m.value, UNSET_DOUBLE)
        }
        _ => return Err(out),
    })
}

fn contracts(out: Writer, answer: &Answer) -> Tried {
    match answer {
        Answer::ContractData(m) => Ok(contract_details(out, m)),
        Answer::BondContractData(m) => Ok(bond_details(out, m)),
        Answer::ContractDataEnd(m) => Ok(out.raw("1").int(m.req_id)),
        _ => Err(out),
    }
}

fn contract_details(out: Writer, m: &ContractData) -> Writer {
    let contract = m.contract.clone().unwrap_or_default();
    let details = m.contract_details.clone().unwrap_or_default();
    let sized = out.from(164);
    let out = if sized { out } else { out.raw("8") };
    let out = out.int(m.req_id).text(&contract.symbol).text(&contract.sec_type);
    let out = out.text(&contract.last_trade_date_or_contract_month);
    let out = out.plain_or(contract.strike, "0").text(&contract.right).text(&contract.exchange);
    let out = out.text(&contract.currency).text(&contract.local_symbol).text(&details.market_name);
    let out = out.text(&contract.trading_class).int(contract.con_id).text(&details.min_tick);
    let out = if sized { out } else { out.raw("100") };
    let out = out.plain_or(contract.multiplier, "").text(&details.order_types);
    let out = out.text(&details.valid_exchanges).int_or(details.price_magnifier, "1");
    let out = out.int(details.under_con_id).text(&details.long_name).text(&contract.primary_exch);
    let out = out.text(&details.contract_month).text(&details.industry).text(&details.category);
    let out = out.text(&details.subcategory).text(&details.time_zone_id);
    let out = out.text(&details.trading_hours).text(&details.liquid_hours);
    let out = out.text(&details.ev_rule).plain_or(details.ev_multiplier, "");
    let ids: Vec<_> = details.sec_id_list.iter().collect();
    let out = out.count(ids.len()).each(&ids, |out, (tag, value)| out.raw(tag).raw(value));
    let out = out.int(details.agg_group).text(&details.under_symbol);
    let out = out.text(&details.under_sec_type).text(&details.market_rule_ids);
    let out = out.text(&details.real_expiration_date);
    let out = if out.from(152) { out.text(&details.stock_type) } else { out };
    sizes(out, &details)
}

fn bond_details(out: Writer, m: &ContractData) -> Writer {
    let contract = m.contract.clone().unwrap_or_default();
    let details = m.contract_details.clone().unwrap_or_default();
    let sized = out.from(164);
    let out = if sized { out } else { out.raw("6") };
    let out = out.int(m.req_id).text(&contract.symbol).text(&contract.sec_type);
    let out = out.text(&details.cusip).plain(details.coupon);
    let out = out.text(&contract.last_trade_date_or_contract_month).text(&details.issue_date);
    let out = out.text(&details.ratings).text(&details.bond_type).text(&details.coupon_type);
    let out = out.flag(details.convertible).flag(details.callable).flag(details.puttable);
    let out = out.text(&details.desc_append).text(&contract.exchange).text(&contract.currency);
    let out = out.text(&details.market_name).text(&contract.trading_class).int(contract.con_id);
    let out = out.text(&details.min_tick);
    let out = if sized { out } else { out.raw("100") };
    let out = out.text(&details.order_types).text(&details.valid_exchanges);
    let out = out.text(&details.next_option_date).text(&details.next_option_type);
    let out = out.flag(details.next_option_partial).text(&details.bond_notes);
    let out = out.text(&details.long_name).text(&details.ev_rule);
    let out = out.plain_or(details.ev_multiplier, "");
    let ids: Vec<_> = details.sec_id_list.iter().collect();
    let out = out.count(ids.len()).each(&ids, |out, (tag, value)| out.raw(tag).raw(value));
    sizes(out.int(details.agg_group).text(&details.market_rule_ids), &details)
}

fn sizes(out: Writer, details: &ContractDetails) -> Writer {
    let out =
        if out.from(164) { out.text(&details.min_size).text(&details.size_increment) } else { out };
    if out.from(163) { out.text(&details.suggested_size_increment) } else { out }
}

fn reference(out: Writer, answer: &Answer) -> Tried {
    Ok(match answer {
        Answer::SymbolSamples(m) => symbol_samples(out, m),
        Answer::MarketRule(m) => {
            let rows = &m.price_increments;
            let out = out.int(m.market_rule_id).count(rows.len());
            out.each(rows, |out, row| out.plain(row.low_edge).plain(row.increment))
        }
        Answer::SecDefOptParameter(m) => {
            let out = out.int(m.req_id).text(&m.exchange).int(m.underlying_con_id);
            let out = out.text(&m.trading_class).text(&m.multiplier);
            let out = out.count(m.expirations.len()).each(&m.expirations, |out, day| out.raw(day));
            out.count(m.strikes.len()).each(&m.strikes, |out, strike| out.plain(Some(*strike)))
        }
        Answer::SecDefOptParameterEnd(m) => out.int(m.req_id),
        Answer::SmartComponents(m) => {
            let rows = &m.smart_components;
            out.int(m.req_id).count(rows.len()).each(rows, |out, row| {
                out.int(row.bit_number).text(&row.exchange).text(&row.exchange_letter)
            })
        }
        Answer::MarketDepthExchanges(m) => {
            let rows = &m.depth_market_data_descriptions;
            out.count(rows.len()).each(rows, |out, row| {
                let out = out.text(&row.exchange).text(&row.sec_type).text(&row.listing_exch);
                out.text(&row.service_data_type).int_or(row.agg_group, "2147483647")
            })
        }
        Answer::SoftDollarTiers(m) => {
            let rows = &m.soft_dollar_tiers;
            out.int(m.req_id)
                .count(rows.len())
                .each(rows, |out, row| out.text(&row.name).text(&row.value).text(&row.display_name))
        }
        Answer::FamilyCodes(m) => {
            let rows = &m.family_codes;
            let out = out.count(rows.len());
            out.each(rows, |out, row| out.text(&row.account_id).text(&row.family_code))
        }
        _ => return Err(out),
    })
}

fn symbol_samples(out: Writer, m: &SymbolSamples) -> Writer {
    let rows = &m.contract_descriptions;
    out.int(m.req_id).count(rows.len()).each(rows, |out, row| {
        let contract = row.contract.clone().unwrap_or_default();
        let out = out.int(contract.con_id).text(&contract.symbol).text(&contract.sec_type);
        let out = out.text(&contract.primary_exch).text(&contract.currency);
        let kinds = &row.derivative_sec_types;
        let out = out.count(kinds.len()).each(kinds, |out, kind| out.raw(kind));
        if out.from(176) { out.text(&contract.description).text(&contract.issuer_id) } else { out }
    })
}

fn services(out: Writer, answer: &Answer) -> Tried {
    Ok(match answer {
        Answer::NewsBulletin(m) => {
            let out = out.raw("1").int(m.news_msg_id).int(m.news_msg_type);
            out.text(&m.news_message).text(&m.originating_exch)
        }
        Answer::NewsProviders(m) => {
            let rows = &m.news_providers;
            let out = out.count(rows.len());
            out.each(rows, |out, row| out.text(&row.provider_code).text(&row.provider_name))
        }
        Answer::NewsArticle(m) => out.int(m.req_id).int(m.article_type).text(&m.article_text),
        Answer::ScannerParameters(m) => out.raw("1").text(&m.xml),
        Answer::ScannerData(m) => {
            let rows = &m.scanner_data_element;
            let out = out.raw("3").int(m.req_id).count(rows.len());
            out.each(rows, |out, row| {
                let contract = row.contract.clone().unwrap_or_default();
                let out = out.int(row.rank).int(contract.con_id).text(&contract.symbol);
                let out = out.text(&contract.sec_type);
                let out = out.text(&contract.last_trade_date_or_contract_month);
                let out = out.plain(contract.strike).text(&contract.right);
                let out = out.text(&contract.exchange).text(&contract.currency);
                let out = out.text(&contract.local_symbol).text(&row.market_name);
                let out = out.text(&contract.trading_class).text(&row.distance);
                out.text(&row.benchmark).text(&row.projection).text(&row.combo_key)
            })
        }
        Answer::FundamentalsData(m) => out.raw("1").int(m.req_id).text(&m.data),
        Answer::ReceiveFA(m) => out.raw("1").int(m.fa_data_type).text(&m.xml),
        Answer::ReplaceFAEnd(m) => out.int(m.req_id).text(&m.text),
        Answer::WshMetaData(m) => out.int(m.req_id).text(&m.data_json),
        Answer::WshEventData(m) => out.int(m.req_id).text(&m.data_json),
        Answer::DisplayGroupList(m) => out.raw("1").int(m.req_id).text(&m.groups),
        Answer::DisplayGroupUpdated(m) => out.raw("1").int(m.req_id).text(&m.contract_info),
        Answer::VerifyMessageApi(m) => out.raw("1").text(&m.api_data),
        Answer::VerifyCompleted(m) => {
            let word = if m.is_successful.unwrap_or(false) { "true" } else { "false" };
            out.raw("1").raw(word).text(&m.error_text)
        }
        _ => return Err(out),
    })
}

fn session(out: Writer, answer: &Answer) -> Tried {
    Ok(match answer {
        Answer::NextValidId(m) => out.raw("1").int(m.order_id),
        Answer::ManagedAccounts(m) => out.raw("1").text(&m.accounts_list),
        Answer::CurrentTime(m) => out.raw("1").long(m.current_time),
        Answer::CurrentTimeInMillis(m) => out.long(m.current_time_in_millis),
        Answer::UserInfo(m) => out.int(m.req_id).text(&m.white_branding_id),
        _ => return Err(out),
    })
}
