//! From a client.

use super::blocks::*;

messages! {
    MarketDataRequest
        [int32 req_id = 1, string generic_tick_list = 3, bool snapshot = 4,
            bool regulatory_snapshot = 5]
        one [Contract contract = 2]
        map [market_data_options = 6];
    CancelMarketData [int32 req_id = 1];
    PlaceOrderRequest
        [int32 order_id = 1]
        one [Contract contract = 2, Order order = 3, AttachedOrders attached_orders = 4];
    CancelOrderRequest [int32 order_id = 1] one [OrderCancel order_cancel = 2];
    OpenOrdersRequest [];
    AccountDataRequest [bool subscribe = 1, string acct_code = 2];
    ExecutionRequest [int32 req_id = 1] one [ExecutionFilter execution_filter = 2];
    IdsRequest [int32 num_ids = 1];
    ContractDataRequest [int32 req_id = 1] one [Contract contract = 2];
    MarketDepthRequest
        [int32 req_id = 1, int32 num_rows = 3, bool is_smart_depth = 4]
        one [Contract contract = 2]
        map [market_depth_options = 5];
    CancelMarketDepth [int32 req_id = 1, bool is_smart_depth = 2];
    NewsBulletinsRequest [bool all_messages = 1];
    CancelNewsBulletins [];
    SetServerLogLevelRequest [int32 log_level = 1];
    AutoOpenOrdersRequest [bool auto_bind = 1];
    AllOpenOrdersRequest [];
    ManagedAccountsRequest [];
    FARequest [int32 fa_data_type = 1];
    FAReplace [int32 req_id = 1, int32 fa_data_type = 2, string xml = 3];
    HistoricalDataRequest
        [int32 req_id = 1, string end_date_time = 3, string bar_size_setting = 4,
            string duration = 5, bool use_rth = 6, string what_to_show = 7,
            int32 format_date = 8, bool keep_up_to_date = 9]
        one [Contract contract = 2]
        map [chart_options = 10];
    ExerciseOptionsRequest
        [int32 order_id = 1, int32 exercise_action = 3, int32 exercise_quantity = 4,
            string account = 5, bool r#override = 6, string manual_order_time = 7,
            string customer_account = 8, bool professional_customer = 9]
        one [Contract contract = 2];
    ScannerSubscriptionRequest
        [int32 req_id = 1]
        one [ScannerSubscription scanner_subscription = 2];
    CancelScannerSubscription [int32 req_id = 1];
    ScannerParametersRequest [];
    CancelHistoricalData [int32 req_id = 1];
    CurrentTimeRequest [];
    RealTimeBarsRequest
        [int32 req_id = 1, int32 bar_size = 3, string what_to_show = 4, bool use_rth = 5]
        one [Contract contract = 2]
        map [real_time_bars_options = 6];
    CancelRealTimeBars [int32 req_id = 1];
    FundamentalsDataRequest
        [int32 req_id = 1, string report_type = 3]
        one [Contract contract = 2]
        map [fundamentals_data_options = 4];
    CancelFundamentalsData [int32 req_id = 1];
    CalculateImpliedVolatilityRequest
        [int32 req_id = 1, double option_price = 3, double under_price = 4]
        one [Contract contract = 2]
        map [implied_volatility_options = 5];
    CalculateOptionPriceRequest
        [int32 req_id = 1, double volatility = 3, double under_price = 4]
        one [Contract contract = 2]
        map [option_price_options = 5];
    CancelCalculateImpliedVolatility [int32 req_id = 1];
    CancelCalculateOptionPrice [int32 req_id = 1];
    GlobalCancelRequest [] one [OrderCancel order_cancel = 1];
    MarketDataTypeRequest [int32 market_data_type = 1];
    PositionsRequest [];
    AccountSummaryRequest [int32 req_id = 1, string group = 2, string tags = 3];
    CancelAccountSummary [int32 req_id = 1];
    CancelPositions [];
    VerifyRequest [string api_name = 1, string api_version = 2];
    VerifyMessageRequest [string api_data = 1];
    QueryDisplayGroupsRequest [int32 req_id = 1];
    SubscribeToGroupEventsRequest [int32 req_id = 1, int32 group_id = 2];
    UpdateDisplayGroupRequest [int32 req_id = 1, string contract_info = 2];
    UnsubscribeFromGroupEventsRequest [int32 req_id = 1];
    StartApiRequest [int32 client_id = 1, string optional_capabilities = 2];
    PositionsMultiRequest [int32 req_id = 1, string account = 2, string model_code = 3];
    CancelPositionsMulti [int32 req_id = 1];
    AccountUpdatesMultiRequest
        [int32 req_id = 1, string account = 2, string model_code = 3, bool ledger_and_nlv = 4];
    CancelAccountUpdatesMulti [int32 req_id = 1];
    SecDefOptParamsRequest
        [int32 req_id = 1, string underlying_symbol = 2, string fut_fop_exchange = 3,
            string underlying_sec_type = 4, int32 underlying_con_id = 5];
    SoftDollarTiersRequest [int32 req_id = 1];
    FamilyCodesRequest [];
    MatchingSymbolsRequest [int32 req_id = 1, string pattern = 2];
    MarketDepthExchangesRequest [];
    SmartComponentsRequest [int32 req_id = 1, string bbo_exchange = 2];
    NewsArticleRequest
        [int32 req_id = 1, string provider_code = 2, string article_id = 3]
        map [news_article_options = 4];
    NewsProvidersRequest [];
    HistoricalNewsRequest
        [int32 req_id = 1, int32 con_id = 2, string provider_codes = 3,
            string start_date_time = 4, string end_date_time = 5, int32 total_results = 6]
        map [historical_news_options = 7];
    HeadTimestampRequest
        [int32 req_id = 1, bool use_rth = 3, string what_to_show = 4, int32 format_date = 5]
        one [Contract contract = 2];
    HistogramDataRequest
        [int32 req_id = 1, bool use_rth = 3, string time_period = 4]
        one [Contract contract = 2];
    CancelHistogramData [int32 req_id = 1];
    CancelHeadTimestamp [int32 req_id = 1];
    MarketRuleRequest [int32 market_rule_id = 1];
    PnLRequest [int32 req_id = 1, string account = 2, string model_code = 3];
    CancelPnL [int32 req_id = 1];
    PnLSingleRequest
        [int32 req_id = 1, string account = 2, string model_code = 3, int32 con_id = 4];
    CancelPnLSingle [int32 req_id = 1];
    HistoricalTicksRequest
        [int32 req_id = 1, string start_date_time = 3, string end_date_time = 4,
            int32 number_of_ticks = 5, string what_to_show = 6, bool use_rth = 7,
            bool ignore_size = 8]
        one [Contract contract = 2]
        map [misc_options = 9];
    TickByTickRequest
        [int32 req_id = 1, string tick_type = 3, int32 number_of_ticks = 4, bool ignore_size = 5]
        one [Contract contract = 2];
    CancelTickByTick [int32 req_id = 1];
    CompletedOrdersRequest [bool api_only = 1];
    WshMetaDataRequest [int32 req_id = 1];
    CancelWshMetaData [int32 req_id = 1];
    WshEventDataRequest
        [int32 req_id = 1, int32 con_id = 2, string filter = 3, bool fill_watchlist = 4,
            bool fill_portfolio = 5, bool fill_competitors = 6, string start_date = 7,
            string end_date = 8, int32 total_limit = 9];
    CancelWshEventData [int32 req_id = 1];
    UserInfoRequest [int32 req_id = 1];
    CurrentTimeInMillisRequest [];
    CancelContractData [int32 req_id = 1];
    CancelHistoricalTicks [int32 req_id = 1];
    ConfigRequest [int32 req_id = 1];
    UpdateConfigRequest
        [int32 req_id = 1, bool reset_api_order_sequence = 7]
        one [LockAndExitConfig lock_and_exit = 2, ApiConfig api = 4, OrdersConfig orders = 5]
        many [MessageConfig messages = 3, UpdateConfigWarning accepted_warnings = 6];
}
