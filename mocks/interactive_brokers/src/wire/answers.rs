//! To a client.

use super::blocks::*;

messages! {
    TickPrice
        [int32 req_id = 1, int32 tick_type = 2, double price = 3, string size = 4,
            int32 attr_mask = 5];
    TickSize [int32 req_id = 1, int32 tick_type = 2, string size = 3];
    OrderStatus
        [int32 order_id = 1, string status = 2, string filled = 3, string remaining = 4,
            double avg_fill_price = 5, int64 perm_id = 6, int32 parent_id = 7,
            double last_fill_price = 8, int32 client_id = 9, string why_held = 10,
            double mkt_cap_price = 11];
    ErrorMessage
        [int32 id = 1, int64 error_time = 2, int32 error_code = 3, string error_msg = 4,
            string advanced_order_reject_json = 5];
    OpenOrder
        [int32 order_id = 1]
        one [Contract contract = 2, Order order = 3, OrderState order_state = 4];
    AccountValue [string key = 1, string value = 2, string currency = 3, string account_name = 4];
    PortfolioValue
        [string position = 2, double market_price = 3, double market_value = 4,
            double average_cost = 5, double unrealized_pnl = 6, double realized_pnl = 7,
            string account_name = 8]
        one [Contract contract = 1];
    AccountUpdateTime [string time_stamp = 1];
    NextValidId [int32 order_id = 1];
    ContractData
        [int32 req_id = 1]
        one [Contract contract = 2, ContractDetails contract_details = 3];
    ExecutionDetails [int32 req_id = 1] one [Contract contract = 2, Execution execution = 3];
    MarketDepth [int32 req_id = 1] one [MarketDepthData market_depth_data = 2];
    MarketDepthL2 [int32 req_id = 1] one [MarketDepthData market_depth_data = 2];
    NewsBulletin
        [int32 news_msg_id = 1, int32 news_msg_type = 2, string news_message = 3,
            string originating_exch = 4];
    ManagedAccounts [string accounts_list = 1];
    ReceiveFA [int32 fa_data_type = 1, string xml = 2];
    HistoricalData [int32 req_id = 1] many [HistoricalDataBar historical_data_bars = 2];
    ScannerParameters [string xml = 1];
    ScannerData [int32 req_id = 1] many [ScannerDataElement scanner_data_element = 2];
    TickOptionComputation
        [int32 req_id = 1, int32 tick_type = 2, int32 tick_attrib = 3, double implied_vol = 4,
            double delta = 5, double opt_price = 6, double pv_dividend = 7, double gamma = 8,
            double vega = 9, double theta = 10, double und_price = 11];
    TickGeneric [int32 req_id = 1, int32 tick_type = 2, double value = 3];
    TickString [int32 req_id = 1, int32 tick_type = 2, string value = 3];
    CurrentTime [int64 current_time = 1];
    RealTimeBarTick
        [int32 req_id = 1, int64 time = 2, double open = 3, double high = 4, double low = 5,
            double close = 6, string volume = 7, string wap = 8, int32 count = 9];
    FundamentalsData [int32 req_id = 1, string data = 2];
    ContractDataEnd [int32 req_id = 1];
    OpenOrdersEnd [];
    AccountDataEnd [string account_name = 1];
    ExecutionDetailsEnd [int32 req_id = 1];
    TickSnapshotEnd [int32 req_id = 1];
    MarketDataType [int32 req_id = 1, int32 market_data_type = 2];
    CommissionAndFeesReport
        [string exec_id = 1, double commission_and_fees = 2, string currency = 3,
            double realized_pnl = 4, double bond_yield = 5, string yield_redemption_date = 6];
    Position
        [string account = 1, string position = 3, double avg_cost = 4]
        one [Contract contract = 2];
    PositionEnd [];
    AccountSummary
        [int32 req_id = 1, string account = 2, string tag = 3, string value = 4,
            string currency = 5];
    AccountSummaryEnd [int32 req_id = 1];
    VerifyMessageApi [string api_data = 1];
    VerifyCompleted [bool is_successful = 1, string error_text = 2];
    DisplayGroupList [int32 req_id = 1, string groups = 2];
    DisplayGroupUpdated [int32 req_id = 1, string contract_info = 2];
    PositionMulti
        [int32 req_id = 1, string account = 2, string position = 4, double avg_cost = 5,
            string model_code = 6]
        one [Contract contract = 3];
    PositionMultiEnd [int32 req_id = 1];
    AccountUpdateMulti
        [int32 req_id = 1, string account = 2, string model_code = 3, string key = 4,
            string value = 5, string currency = 6];
    AccountUpdateMultiEnd [int32 req_id = 1];
    SecDefOptParameter
        [int32 req_id = 1, string exchange = 2, int32 underlying_con_id = 3,
            string trading_class = 4, string multiplier = 5]
        list [string expirations = 6, double strikes = 7];
    SecDefOptParameterEnd [int32 req_id = 1];
    SoftDollarTiers [int32 req_id = 1] many [SoftDollarTier soft_dollar_tiers = 2];
    FamilyCodes [] many [FamilyCode family_codes = 1];
    SymbolSamples [int32 req_id = 1] many [ContractDescription contract_descriptions = 2];
    MarketDepthExchanges [] many [DepthMarketDataDescription depth_market_data_descriptions = 1];
    TickReqParams
        [int32 req_id = 1, string min_tick = 2, string bbo_exchange = 3,
            int32 snapshot_permissions = 4, string last_price_precision = 5,
            string last_size_precision = 6];
    SmartComponents [int32 req_id = 1] many [SmartComponent smart_components = 2];
    NewsArticle [int32 req_id = 1, int32 article_type = 2, string article_text = 3];
    TickNews
        [int32 req_id = 1, int64 timestamp = 2, string provider_code = 3, string article_id = 4,
            string headline = 5, string extra_data = 6];
    NewsProviders [] many [NewsProvider news_providers = 1];
    HistoricalNews
        [int32 req_id = 1, string time = 2, string provider_code = 3, string article_id = 4,
            string headline = 5];
    HistoricalNewsEnd [int32 req_id = 1, bool has_more = 2];
    HeadTimestamp [int32 req_id = 1, string head_timestamp = 2];
    HistogramData [int32 req_id = 1] many [HistogramDataEntry histogram_data_entries = 2];
    HistoricalDataUpdate [int32 req_id = 1] one [HistoricalDataBar historical_data_bar = 2];
    RerouteMarketDataRequest [int32 req_id = 1, int32 con_id = 2, string exchange = 3];
    RerouteMarketDepthRequest [int32 req_id = 1, int32 con_id = 2, string exchange = 3];
    MarketRule [int32 market_rule_id = 1] many [PriceIncrement price_increments = 2];
    PnL
        [int32 req_id = 1, double daily_pnl = 2, double unrealized_pnl = 3,
            double realized_pnl = 4];
    PnLSingle
        [int32 req_id = 1, string position = 2, double daily_pnl = 3, double unrealized_pnl = 4,
            double realized_pnl = 5, double value = 6];
    HistoricalTicks
        [int32 req_id = 1, bool is_done = 3]
        many [HistoricalTick historical_ticks = 2];
    HistoricalTicksBidAsk
        [int32 req_id = 1, bool is_done = 3]
        many [HistoricalTickBidAsk historical_ticks_bid_ask = 2];
    HistoricalTicksLast
        [int32 req_id = 1, bool is_done = 3]
        many [HistoricalTickLast historical_ticks_last = 2];
    TickByTickData
        [int32 req_id = 1, int32 tick_type = 2]
        one [HistoricalTickLast historical_tick_last = 3,
            HistoricalTickBidAsk historical_tick_bid_ask = 4,
            HistoricalTick historical_tick_mid_point = 5];
    OrderBound [int64 perm_id = 1, int32 client_id = 2, int32 order_id = 3];
    CompletedOrder [] one [Contract contract = 1, Order order = 2, OrderState order_state = 3];
    CompletedOrdersEnd [];
    ReplaceFAEnd [int32 req_id = 1, string text = 2];
    WshMetaData [int32 req_id = 1, string data_json = 2];
    WshEventData [int32 req_id = 1, string data_json = 2];
    HistoricalSchedule
        [int32 req_id = 1, string start_date_time = 2, string end_date_time = 3,
            string time_zone = 4]
        many [HistoricalSession historical_sessions = 5];
    UserInfo [int32 req_id = 1, string white_branding_id = 2];
    HistoricalDataEnd [int32 req_id = 1, string start_date_str = 2, string end_date_str = 3];
    CurrentTimeInMillis [int64 current_time_in_millis = 1];
    ConfigResponse
        [int32 req_id = 1]
        one [LockAndExitConfig lock_and_exit = 2, ApiConfig api = 4, OrdersConfig orders = 5]
        many [MessageConfig messages = 3];
    UpdateConfigResponse
        [int32 req_id = 1, string status = 2, string message = 3]
        many [UpdateConfigWarning warnings = 6]
        list [string changed_fields = 4, string errors = 5];
}
