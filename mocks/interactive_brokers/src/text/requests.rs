//! Every request, field by field.

use super::reader::{Reader, Result};
use super::{Misread, orders_in};
use crate::wire::*;

pub fn decode(version: i32, body: &str) -> std::result::Result<Request, Misread> {
    let mut r = Reader::new(body);
    let id = r.int()?.unwrap_or(0);
    let request = match id {
        3..=5 | 15 | 16 | 21 | 58 | 99 => orders(id, version, &mut r)?,
        1 | 2 | 10 | 11 | 50 | 51 | 59 | 97 | 98 => market(id, &mut r)?,
        20 | 25 | 86..=90 | 96 | 107 => history(id, &mut r)?,
        6 | 7 | 61..=64 | 74..=77 | 92..=95 => accounts(id, &mut r)?,
        9 | 54..=57 | 78 | 80..=83 | 91 | 106 => reference(id, version, &mut r)?,
        12 | 13 | 22..=24 | 52 | 53 | 84 | 85 | 100..=103 => services(id, version, &mut r)?,
        _ => session(id, &mut r)?,
    };
    request.ok_or(Misread::Unknown)
}

fn session(id: i32, r: &mut Reader<'_>) -> Result<Option<Request>> {
    use Request as Q;
    // Requests of this age carry a version of their own, except the newest.
    if !matches!(id, 79 | 104 | 105) {
        r.skip(1);
    }
    Ok(Some(match id {
        8 => Q::IdsRequest(IdsRequest { num_ids: r.int()? }),
        14 => Q::SetServerLogLevelRequest(SetServerLogLevelRequest { log_level: r.int()? }),
        17 => Q::ManagedAccountsRequest(ManagedAccountsRequest {}),
        18 => Q::FARequest(FARequest { fa_data_type: r.int()? }),
        19 => {
            let (fa_data_type, xml) = (r.int()?, r.text());
            Q::FAReplace(FAReplace { fa_data_type, xml, req_id: r.int()? })
        }
        49 => Q::CurrentTimeRequest(CurrentTimeRequest {}),
        65 => Q::VerifyRequest(VerifyRequest { api_name: r.text(), api_version: r.text() }),
        66 => Q::VerifyMessageRequest(VerifyMessageRequest { api_data: r.text() }),
        67 => Q::QueryDisplayGroupsRequest(QueryDisplayGroupsRequest { req_id: r.int()? }),
        68 => Q::SubscribeToGroupEventsRequest(SubscribeToGroupEventsRequest {
            req_id: r.int()?,
            group_id: r.int()?,
        }),
        69 => Q::UpdateDisplayGroupRequest(UpdateDisplayGroupRequest {
            req_id: r.int()?,
            contract_info: r.text(),
        }),
        70 => Q::UnsubscribeFromGroupEventsRequest(UnsubscribeFromGroupEventsRequest {
            req_id: r.int()?,
        }),
        71 => Q::StartApiRequest(StartApiRequest {
            client_id: r.int()?,
            optional_capabilities: r.text(),
        }),
        79 => Q::SoftDollarTiersRequest(SoftDollarTiersRequest { req_id: r.int()? }),
        104 => Q::UserInfoRequest(UserInfoRequest { req_id: r.int()? }),
        105 => Q::CurrentTimeInMillisRequest(CurrentTimeInMillisRequest {}),
        _ => return Ok(None),
    }))
}

fn orders(id: i32, version: i32, r: &mut Reader<'_>) -> Result<Option<Request>> {
    use Request as Q;
    if !matches!(id, 3 | 99) {
        r.skip(1);
    }
    Ok(Some(match id {
        3 => Q::PlaceOrderRequest(orders_in::place(version, r)?),
        4 => {
            let order_id = r.int()?;
            let manual = if version >= 169 { r.text() } else { None };
            let cancel = OrderCancel { manual_order_cancel_time: manual, ..Default::default() };
            Q::CancelOrderRequest(CancelOrderRequest { order_id, order_cancel: Some(cancel) })
        }
        5 => Q::OpenOrdersRequest(OpenOrdersRequest {}),
        15 => Q::AutoOpenOrdersRequest(AutoOpenOrdersRequest { auto_bind: r.flag()? }),
        16 => Q::AllOpenOrdersRequest(AllOpenOrdersRequest {}),
        21 => {
            let (order_id, mut contract) = (r.int()?, r.contract_without_primary()?);
            contract.currency = r.text();
            contract.local_symbol = r.text();
            contract.trading_class = r.text();
            Q::ExerciseOptionsRequest(ExerciseOptionsRequest {
                order_id,
                contract: Some(contract),
                exercise_action: r.int()?,
                exercise_quantity: r.int()?,
                account: r.text(),
                r#override: r.flag()?,
                ..Default::default()
            })
        }
        58 => Q::GlobalCancelRequest(GlobalCancelRequest::default()),
        _ => Q::CompletedOrdersRequest(CompletedOrdersRequest { api_only: r.flag()? }),
    }))
}

fn legs(contract: &mut Contract, r: &mut Reader<'_>) -> Result<()> {
    if contract.sec_type.as_deref() != Some("BAG") {
        return Ok(());
    }
    for _ in 0..r.count()? {
        contract.combo_legs.push(ComboLeg {
            con_id: r.int()?,
            ratio: r.int()?,
            action: r.text(),
            exchange: r.text(),
            ..Default::default()
        });
    }
    Ok(())
}

fn market(id: i32, r: &mut Reader<'_>) -> Result<Option<Request>> {
    use Request as Q;
    if id < 97 {
        r.skip(1);
    }
    Ok(Some(match id {
        1 => {
            let (req_id, mut contract) = (r.int()?, r.contract()?);
            legs(&mut contract, r)?;
            contract.delta_neutral_contract = orders_in::delta_neutral(r)?;
            Q::MarketDataRequest(MarketDataRequest {
                req_id,
                contract: Some(contract),
                generic_tick_list: r.text(),
                snapshot: r.flag()?,
                regulatory_snapshot: r.flag()?,
                market_data_options: r.options(),
            })
        }
        2 => Q::CancelMarketData(CancelMarketData { req_id: r.int()? }),
        10 => Q::MarketDepthRequest(MarketDepthRequest {
            req_id: r.int()?,
            contract: Some(r.contract()?),
            num_rows: r.int()?,
            is_smart_depth: r.flag()?,
            market_depth_options: r.options(),
        }),
        11 => {
            Q::CancelMarketDepth(CancelMarketDepth { req_id: r.int()?, is_smart_depth: r.flag()? })
        }
        50 => Q::RealTimeBarsRequest(RealTimeBarsRequest {
            req_id: r.int()?,
            contract: Some(r.contract()?),
            bar_size: r.int()?,
            what_to_show: r.text(),
            use_rth: r.flag()?,
            real_time_bars_options: r.options(),
        }),
        51 => Q::CancelRealTimeBars(CancelRealTimeBars { req_id: r.int()? }),
        59 => Q::MarketDataTypeRequest(MarketDataTypeRequest { market_data_type: r.int()? }),
        97 => Q::TickByTickRequest(TickByTickRequest {
            req_id: r.int()?,
            contract: Some(r.contract()?),
            tick_type: r.text(),
            number_of_ticks: r.int()?,
            ignore_size: r.flag()?,
        }),
        _ => Q::CancelTickByTick(CancelTickByTick { req_id: r.int()? }),
    }))
}

fn expired(r: &mut Reader<'_>) -> Result<Contract> {
    let contract = r.contract()?;
    Ok(Contract { include_expired: r.flag()?, ..contract })
}

fn history(id: i32, r: &mut Reader<'_>) -> Result<Option<Request>> {
    use Request as Q;
    if id == 25 {
        r.skip(1);
    }
    Ok(Some(match id {
        20 => Q::HistoricalDataRequest(bars(r)?),
        25 => Q::CancelHistoricalData(CancelHistoricalData { req_id: r.int()? }),
        86 => Q::HistoricalNewsRequest(HistoricalNewsRequest {
            req_id: r.int()?,
            con_id: r.int()?,
            provider_codes: r.text(),
            start_date_time: r.text(),
            end_date_time: r.text(),
            total_results: r.int()?,
            historical_news_options: r.options(),
        }),
        87 => Q::HeadTimestampRequest(HeadTimestampRequest {
            req_id: r.int()?,
            contract: Some(expired(r)?),
            use_rth: r.flag()?,
            what_to_show: r.text(),
            format_date: r.int()?,
        }),
        88 => Q::HistogramDataRequest(HistogramDataRequest {
            req_id: r.int()?,
            contract: Some(expired(r)?),
            use_rth: r.flag()?,
            time_period: r.text(),
        }),
        89 => Q::CancelHistogramData(CancelHistogramData { req_id: r.int()? }),
        90 => Q::CancelHeadTimestamp(CancelHeadTimestamp { req_id: r.int()? }),
        96 => Q::HistoricalTicksRequest(HistoricalTicksRequest {
            req_id: r.int()?,
            contract: Some(expired(r)?),
            start_date_time: r.text(),
            end_date_time: r.text(),
            number_of_ticks: r.int()?,
            what_to_show: r.text(),
            use_rth: r.flag()?,
            ignore_size: r.flag()?,
            misc_options: r.options(),
        }),
        _ => Q::CancelHistoricalTicks(CancelHistoricalTicks { req_id: r.int()? }),
    }))
}

fn bars(r: &mut Reader<'_>) -> Result<HistoricalDataRequest> {
    let (req_id, mut contract) = (r.int()?, expired(r)?);
    let (end_date_time, bar_size_setting, duration) = (r.text(), r.text(), r.text());
    let (use_rth, what_to_show, format_date) = (r.flag()?, r.text(), r.int()?);
    legs(&mut contract, r)?;
    Ok(HistoricalDataRequest {
        req_id,
        contract: Some(contract),
        end_date_time,
        bar_size_setting,
        duration,
        use_rth,
        what_to_show,
        format_date,
        keep_up_to_date: r.flag()?,
        chart_options: r.options(),
    })
}

fn accounts(id: i32, r: &mut Reader<'_>) -> Result<Option<Request>> {
    use Request as Q;
    if id < 92 {
        r.skip(1);
    }
    Ok(Some(match id {
        6 => {
            Q::AccountDataRequest(AccountDataRequest { subscribe: r.flag()?, acct_code: r.text() })
        }
        7 => Q::ExecutionRequest(ExecutionRequest {
            req_id: r.int()?,
            execution_filter: Some(ExecutionFilter {
                client_id: r.int()?,
                acct_code: r.text(),
                time: r.text(),
                symbol: r.text(),
                sec_type: r.text(),
                exchange: r.text(),
                side: r.text(),
                ..Default::default()
            }),
        }),
        61 => Q::PositionsRequest(PositionsRequest {}),
        62 => Q::AccountSummaryRequest(AccountSummaryRequest {
            req_id: r.int()?,
            group: r.text(),
            tags: r.text(),
        }),
        63 => Q::CancelAccountSummary(CancelAccountSummary { req_id: r.int()? }),
        64 => Q::CancelPositions(CancelPositions {}),
        74 => Q::PositionsMultiRequest(PositionsMultiRequest {
            req_id: r.int()?,
            account: r.text(),
            model_code: r.text(),
        }),
        75 => Q::CancelPositionsMulti(CancelPositionsMulti { req_id: r.int()? }),
        76 => Q::AccountUpdatesMultiRequest(AccountUpdatesMultiRequest {
            req_id: r.int()?,
            account: r.text(),
            model_code: r.text(),
            ledger_and_nlv: r.flag()?,
        }),
        77 => Q::CancelAccountUpdatesMulti(CancelAccountUpdatesMulti { req_id: r.int()? }),
        92 => {
            Q::PnLRequest(PnLRequest { req_id: r.int()?, account: r.text(), model_code: r.text() })
        }
        93 => Q::CancelPnL(CancelPnL { req_id: r.int()? }),
        94 => Q::PnLSingleRequest(PnLSingleRequest {
            req_id: r.int()?,
            account: r.text(),
            model_code: r.text(),
            con_id: r.int()?,
        }),
        _ => Q::CancelPnLSingle(CancelPnLSingle { req_id: r.int()? }),
    }))
}

fn reference(id: i32, version: i32, r: &mut Reader<'_>) -> Result<Option<Request>> {
    use Request as Q;
    if id < 78 {
        r.skip(1);
    }
    Ok(Some(match id {
        9 => {
            let (req_id, mut contract) = (r.int()?, expired(r)?);
            contract.sec_id_type = r.text();
            contract.sec_id = r.text();
            contract.issuer_id = if version >= 176 { r.text() } else { None };
            Q::ContractDataRequest(ContractDataRequest { req_id, contract: Some(contract) })
        }
        54 => Q::CalculateImpliedVolatilityRequest(CalculateImpliedVolatilityRequest {
            req_id: r.int()?,
            contract: Some(r.contract()?),
            option_price: r.double()?,
            under_price: r.double()?,
            ..Default::default()
        }),
        55 => Q::CalculateOptionPriceRequest(CalculateOptionPriceRequest {
            req_id: r.int()?,
            contract: Some(r.contract()?),
            volatility: r.double()?,
            under_price: r.double()?,
            ..Default::default()
        }),
        56 => Q::CancelCalculateImpliedVolatility(CancelCalculateImpliedVolatility {
            req_id: r.int()?,
        }),
        57 => Q::CancelCalculateOptionPrice(CancelCalculateOptionPrice { req_id: r.int()? }),
        78 => Q::SecDefOptParamsRequest(SecDefOptParamsRequest {
            req_id: r.int()?,
            underlying_symbol: r.text(),
            fut_fop_exchange: r.text(),
            underlying_sec_type: r.text(),
            underlying_con_id: r.int()?,
        }),
        80 => Q::FamilyCodesRequest(FamilyCodesRequest {}),
        81 => Q::MatchingSymbolsRequest(MatchingSymbolsRequest {
            req_id: r.int()?,
            pattern: r.text(),
        }),
        82 => Q::MarketDepthExchangesRequest(MarketDepthExchangesRequest {}),
        83 => Q::SmartComponentsRequest(SmartComponentsRequest {
            req_id: r.int()?,
            bbo_exchange: r.text(),
        }),
        91 => Q::MarketRuleRequest(MarketRuleRequest { market_rule_id: r.int()? }),
        _ => Q::CancelContractData(CancelContractData { req_id: r.int()? }),
    }))
}

fn services(id: i32, version: i32, r: &mut Reader<'_>) -> Result<Option<Request>> {
    use Request as Q;
    if !matches!(id, 22 | 84..) {
        r.skip(1);
    }
    Ok(Some(match id {
        12 => Q::NewsBulletinsRequest(NewsBulletinsRequest { all_messages: r.flag()? }),
        13 => Q::CancelNewsBulletins(CancelNewsBulletins {}),
        22 => Q::ScannerSubscriptionRequest(ScannerSubscriptionRequest {
            req_id: r.int()?,
            scanner_subscription: Some(scanner(r)?),
        }),
        23 => Q::CancelScannerSubscription(CancelScannerSubscription { req_id: r.int()? }),
        24 => Q::ScannerParametersRequest(ScannerParametersRequest {}),
        52 => Q::FundamentalsDataRequest(FundamentalsDataRequest {
            req_id: r.int()?,
            ..Default::default()
        }),
        53 => Q::CancelFundamentalsData(CancelFundamentalsData { req_id: r.int()? }),
        84 => Q::NewsArticleRequest(NewsArticleRequest {
            req_id: r.int()?,
            provider_code: r.text(),
            article_id: r.text(),
            news_article_options: r.options(),
        }),
        85 => Q::NewsProvidersRequest(NewsProvidersRequest {}),
        100 => Q::WshMetaDataRequest(WshMetaDataRequest { req_id: r.int()? }),
        101 => Q::CancelWshMetaData(CancelWshMetaData { req_id: r.int()? }),
        102 => {
            let (req_id, con_id) = (r.int()?, r.int()?);
            let filter = if version >= 171 { r.text() } else { None };
            let event = WshEventDataRequest { req_id, con_id, filter, ..Default::default() };
            Q::WshEventDataRequest(event)
        }
        _ => Q::CancelWshEventData(CancelWshEventData { req_id: r.int()? }),
    }))
}

fn scanner(r: &mut Reader<'_>) -> Result<ScannerSubscription> {
    let whole = |value: Option<i32>| value.map(i64::from);
    Ok(ScannerSubscription {
        number_of_rows: r.int()?,
        instrument: r.text(),
        location_code: r.text(),
        scan_code: r.text(),
        above_price: r.double()?,
        below_price: r.double()?,
        above_volume: whole(r.int()?),
        market_cap_above: r.double()?,
        market_cap_below: r.double()?,
        moody_rating_above: r.text(),
        moody_rating_below: r.text(),
        sp_rating_above: r.text(),
        sp_rating_below: r.text(),
        maturity_date_above: r.text(),
        maturity_date_below: r.text(),
        coupon_rate_above: r.double()?,
        coupon_rate_below: r.double()?,
        exclude_convertible: r.flag()?,
        average_option_volume_above: whole(r.int()?),
        scanner_setting_pairs: r.text(),
        stock_type_filter: r.text(),
        scanner_subscription_filter_options: r.options(),
        scanner_subscription_options: r.options(),
    })
}
