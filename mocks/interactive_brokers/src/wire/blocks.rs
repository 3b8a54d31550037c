//! What requests and answers are made of.

messages! {
    ApiConfig [] one [ApiPrecautionsConfig precautions = 1, ApiSettingsConfig settings = 2];
    ApiPrecautionsConfig
        [bool bypass_order_precautions = 1, bool bypass_bond_warning = 2,
            bool bypass_negative_yield_confirmation = 3, bool bypass_called_bond_warning = 4,
            bool bypass_same_action_pair_trade_warning = 5,
            bool bypass_flagged_accounts_warning = 6,
            bool bypass_price_based_volatility_warning = 7,
            bool bypass_redirect_order_warning = 8, bool bypass_no_overfill_protection = 9,
            bool bypass_route_marketable_to_bbo = 10];
    ApiSettingsConfig
        [bool read_only_api = 1, bool total_quantity_for_mutual_funds = 2,
            bool download_open_orders_on_connection = 3, bool include_virtual_fx_positions = 4,
            bool prepare_daily_pnl = 5, bool send_status_updates_for_volatility_orders = 6,
            string encode_api_messages = 7, int32 socket_port = 8,
            bool use_negative_auto_range = 9, bool create_api_message_log_file = 10,
            bool include_market_data_in_log_file = 11, bool expose_trading_schedule_to_api = 12,
            bool split_insured_deposit_from_cash_balance = 13,
            bool send_zero_positions_for_today_only = 14,
            bool let_api_account_requests_switch_subscription = 15,
            bool use_account_groups_with_allocation_methods = 16, string logging_level = 17,
            int32 master_client_id = 18, int32 bulk_data_timeout = 19,
            string component_exch_separator = 20, bool show_forex_data_in1_10_pips = 21,
            bool allow_forex_trading_in1_10_pips = 22,
            bool round_account_values_to_nearest_whole_number = 23,
            bool send_market_data_in_lots_for_us_stocks = 24,
            bool show_advanced_order_reject_in_ui = 25,
            bool reject_messages_above_max_rate = 26,
            bool maintain_connection_on_incorrect_fields = 27,
            bool compatibility_mode_nasdaq_stocks = 28, string send_instrument_timezone = 29,
            bool send_forex_data_in_compatibility_mode = 30,
            bool maintain_and_resubmit_orders_on_reconnect = 31,
            int32 historical_data_max_size = 32,
            bool auto_report_netting_event_contract_trades = 33,
            string option_exercise_request_type = 34, bool allow_localhost_only = 35]
        list [string trusted_ips = 36];
    AttachedOrders
        [int32 sl_order_id = 1, string sl_order_type = 2, int32 pt_order_id = 3,
            string pt_order_type = 4];
    ComboLeg
        [int32 con_id = 1, int32 ratio = 2, string action = 3, string exchange = 4,
            int32 open_close = 5, int32 short_sales_slot = 6, string designated_location = 7,
            int32 exempt_code = 8, double per_leg_price = 9];
    Contract
        [int32 con_id = 1, string symbol = 2, string sec_type = 3,
            string last_trade_date_or_contract_month = 4, double strike = 5, string right = 6,
            double multiplier = 7, string exchange = 8, string primary_exch = 9,
            string currency = 10, string local_symbol = 11, string trading_class = 12,
            string sec_id_type = 13, string sec_id = 14, string description = 15,
            string issuer_id = 16, bool include_expired = 18, string combo_legs_descrip = 19,
            string last_trade_date = 21]
        one [DeltaNeutralContract delta_neutral_contract = 17]
        many [ComboLeg combo_legs = 20];
    ContractDescription [] one [Contract contract = 1] list [string derivative_sec_types = 2];
    ContractDetails
        [string market_name = 1, string min_tick = 2, string order_types = 3,
            string valid_exchanges = 4, int32 price_magnifier = 5, int32 under_con_id = 6,
            string long_name = 7, string contract_month = 8, string industry = 9,
            string category = 10, string subcategory = 11, string time_zone_id = 12,
            string trading_hours = 13, string liquid_hours = 14, string ev_rule = 15,
            double ev_multiplier = 16, int32 agg_group = 18, string under_symbol = 19,
            string under_sec_type = 20, string market_rule_ids = 21,
            string real_expiration_date = 22, string stock_type = 23, string min_size = 24,
            string size_increment = 25, string suggested_size_increment = 26,
            string fund_name = 27, string fund_family = 28, string fund_type = 29,
            string fund_front_load = 30, string fund_back_load = 31,
            string fund_back_load_time_interval = 32, string fund_management_fee = 33,
            bool fund_closed = 34, bool fund_closed_for_new_investors = 35,
            bool fund_closed_for_new_money = 36, string fund_notify_amount = 37,
            string fund_minimum_initial_purchase = 38,
            string fund_minimum_subsequent_purchase = 39, string fund_blue_sky_states = 40,
            string fund_blue_sky_territories = 41,
            string fund_distribution_policy_indicator = 42, string fund_asset_type = 43,
            string cusip = 44, string issue_date = 45, string ratings = 46,
            string bond_type = 47, double coupon = 48, string coupon_type = 49,
            bool convertible = 50, bool callable = 51, bool puttable = 52,
            string desc_append = 53, string next_option_date = 54, string next_option_type = 55,
            bool next_option_partial = 56, string bond_notes = 57, string event_contract1 = 59,
            string event_contract_description1 = 60, string event_contract_description2 = 61,
            string min_algo_size = 62, string last_price_precision = 63,
            string last_size_precision = 64, string settlement_method = 65]
        many [IneligibilityReason ineligibility_reason_list = 58]
        map [sec_id_list = 17];
    DeltaNeutralContract [int32 con_id = 1, double delta = 2, double price = 3];
    DepthMarketDataDescription
        [string exchange = 1, string sec_type = 2, string listing_exch = 3,
            string service_data_type = 4, int32 agg_group = 5];
    Execution
        [int32 order_id = 1, string exec_id = 2, string time = 3, string acct_number = 4,
            string exchange = 5, string side = 6, string shares = 7, double price = 8,
            int64 perm_id = 9, int32 client_id = 10, bool is_liquidation = 11,
            string cum_qty = 12, double avg_price = 13, string order_ref = 14,
            string ev_rule = 15, double ev_multiplier = 16, string model_code = 17,
            int32 last_liquidity = 18, bool is_price_revision_pending = 19,
            string submitter = 20, int32 opt_exercise_or_lapse_type = 21];
    ExecutionFilter
        [int32 client_id = 1, string acct_code = 2, string time = 3, string symbol = 4,
            string sec_type = 5, string exchange = 6, string side = 7, int32 last_ndays = 8]
        list [int32 specific_dates = 9];
    FamilyCode [string account_id = 1, string family_code = 2];
    HistogramDataEntry [double price = 1, string size = 2];
    HistoricalDataBar
        [string date = 1, double open = 2, double high = 3, double low = 4, double close = 5,
            string volume = 6, string wap = 7, int32 bar_count = 8];
    HistoricalSession [string start_date_time = 1, string end_date_time = 2, string ref_date = 3];
    HistoricalTick [int64 time = 1, double price = 2, string size = 3];
    HistoricalTickBidAsk
        [int64 time = 1, double price_bid = 3, double price_ask = 4, string size_bid = 5,
            string size_ask = 6]
        one [TickAttribBidAsk tick_attrib_bid_ask = 2];
    HistoricalTickLast
        [int64 time = 1, double price = 3, string size = 4, string exchange = 5,
            string special_conditions = 6]
        one [TickAttribLast tick_attrib_last = 2];
    IneligibilityReason [string id = 1, string description = 2];
    LockAndExitConfig
        [string auto_logoff_time = 1, string auto_logoff_period = 2, string auto_logoff_type = 3];
    MarketDepthData
        [int32 position = 1, int32 operation = 2, int32 side = 3, double price = 4,
            string size = 5, string market_maker = 6, bool is_smart_depth = 7];
    MessageConfig
        [int32 id = 1, string title = 2, string message = 3, string default_action = 4,
            bool enabled = 5];
    NewsProvider [string provider_code = 1, string provider_name = 2];
    Order
        [int32 client_id = 1, int32 order_id = 2, int64 perm_id = 3, int32 parent_id = 4,
            string action = 5, string total_quantity = 6, int32 display_size = 7,
            string order_type = 8, double lmt_price = 9, double aux_price = 10, string tif = 11,
            string account = 12, string settling_firm = 13, string clearing_account = 14,
            string clearing_intent = 15, bool all_or_none = 16, bool block_order = 17,
            bool hidden = 18, bool outside_rth = 19, bool sweep_to_fill = 20,
            double percent_offset = 21, double trailing_percent = 22,
            double trail_stop_price = 23, int32 min_qty = 24, string good_after_time = 25,
            string good_till_date = 26, string oca_group = 27, string order_ref = 28,
            string rule_80a = 29, int32 oca_type = 30, int32 trigger_method = 31,
            string active_start_time = 32, string active_stop_time = 33, string fa_group = 34,
            string fa_method = 35, string fa_percentage = 36, double volatility = 37,
            int32 volatility_type = 38, bool continuous_update = 39,
            int32 reference_price_type = 40, string delta_neutral_order_type = 41,
            double delta_neutral_aux_price = 42, int32 delta_neutral_con_id = 43,
            string delta_neutral_open_close = 44, bool delta_neutral_short_sale = 45,
            int32 delta_neutral_short_sale_slot = 46,
            string delta_neutral_designated_location = 47, int32 scale_init_level_size = 48,
            int32 scale_subs_level_size = 49, double scale_price_increment = 50,
            double scale_price_adjust_value = 51, int32 scale_price_adjust_interval = 52,
            double scale_profit_offset = 53, bool scale_auto_reset = 54,
            int32 scale_init_position = 55, int32 scale_init_fill_qty = 56,
            bool scale_random_percent = 57, string scale_table = 58, string hedge_type = 59,
            string hedge_param = 60, string algo_strategy = 61, string algo_id = 63,
            bool what_if = 65, bool transmit = 66, bool override_percentage_constraints = 67,
            string open_close = 68, int32 origin = 69, int32 short_sale_slot = 70,
            string designated_location = 71, int32 exempt_code = 72,
            string delta_neutral_settling_firm = 73, string delta_neutral_clearing_account = 74,
            string delta_neutral_clearing_intent = 75, double discretionary_amt = 76,
            bool opt_out_smart_routing = 77, double starting_price = 78,
            double stock_ref_price = 79, double delta = 80, double stock_range_lower = 81,
            double stock_range_upper = 82, bool not_held = 83, bool solicited = 85,
            bool randomize_size = 86, bool randomize_price = 87,
            int32 reference_contract_id = 88, double pegged_change_amount = 89,
            bool is_pegged_change_amount_decrease = 90, double reference_change_amount = 91,
            string reference_exchange_id = 92, string adjusted_order_type = 93,
            double trigger_price = 94, double adjusted_stop_price = 95,
            double adjusted_stop_limit_price = 96, double adjusted_trailing_amount = 97,
            int32 adjustable_trailing_unit = 98, double lmt_price_offset = 99,
            bool conditions_cancel_order = 101, bool conditions_ignore_rth = 102,
            string model_code = 103, string ext_operator = 104, double cash_qty = 106,
            string mifid2_decision_maker = 107, string mifid2_decision_algo = 108,
            string mifid2_execution_trader = 109, string mifid2_execution_algo = 110,
            bool dont_use_auto_price_for_hedge = 111, bool is_oms_container = 112,
            bool discretionary_up_to_limit_price = 113, string auto_cancel_date = 114,
            string filled_quantity = 115, int32 ref_futures_con_id = 116,
            bool auto_cancel_parent = 117, string shareholder = 118, bool imbalance_only = 119,
            int32 route_marketable_to_bbo = 120, int64 parent_perm_id = 121,
            int32 use_price_mgmt_algo = 122, int32 duration = 123, int32 post_to_ats = 124,
            string advanced_error_override = 125, string manual_order_time = 126,
            int32 min_trade_qty = 127, int32 min_compete_size = 128,
            double compete_against_best_offset = 129, double mid_offset_at_whole = 130,
            double mid_offset_at_half = 131, string customer_account = 132,
            bool professional_customer = 133, string bond_accrued_interest = 134,
            bool include_overnight = 135, int32 manual_order_indicator = 136,
            string submitter = 137, bool deactivate = 138, bool post_only = 139,
            bool allow_pre_open = 140, bool ignore_open_auction = 141,
            int32 seek_price_improvement = 142, int32 what_if_type = 143,
            int32 hedge_max_size = 144, bool conditions_include_overnight = 145]
        one [SoftDollarTier soft_dollar_tier = 105]
        many [OrderCondition conditions = 100]
        map [algo_params = 62, smart_combo_routing_params = 64, order_misc_options = 84];
    OrderAllocation
        [string account = 1, string position = 2, string position_desired = 3,
            string position_after = 4, string desired_alloc_qty = 5,
            string allowed_alloc_qty = 6, bool is_monetary = 7];
    OrderCancel
        [string manual_order_cancel_time = 1, string ext_operator = 2,
            int32 manual_order_indicator = 3];
    OrderCondition
        [int32 r#type = 1, bool is_conjunction_connection = 2, bool is_more = 3,
            int32 con_id = 4, string exchange = 5, string symbol = 6, string sec_type = 7,
            int32 percent = 8, double change_percent = 9, double price = 10,
            int32 trigger_method = 11, string time = 12, int32 volume = 13];
    OrderState
        [string status = 1, double init_margin_before = 2, double maint_margin_before = 3,
            double equity_with_loan_before = 4, double init_margin_change = 5,
            double maint_margin_change = 6, double equity_with_loan_change = 7,
            double init_margin_after = 8, double maint_margin_after = 9,
            double equity_with_loan_after = 10, double commission_and_fees = 11,
            double min_commission_and_fees = 12, double max_commission_and_fees = 13,
            string commission_and_fees_currency = 14, string margin_currency = 15,
            double init_margin_before_outside_rth = 16,
            double maint_margin_before_outside_rth = 17,
            double equity_with_loan_before_outside_rth = 18,
            double init_margin_change_outside_rth = 19,
            double maint_margin_change_outside_rth = 20,
            double equity_with_loan_change_outside_rth = 21,
            double init_margin_after_outside_rth = 22,
            double maint_margin_after_outside_rth = 23,
            double equity_with_loan_after_outside_rth = 24, string suggested_size = 25,
            string reject_reason = 26, string warning_text = 28, string completed_time = 29,
            string completed_status = 30]
        many [OrderAllocation order_allocations = 27];
    OrdersConfig [] one [OrdersSmartRoutingConfig smart_routing = 1];
    OrdersSmartRoutingConfig
        [bool seek_price_improvement = 1, bool pre_open_reroute = 2,
            bool do_not_route_to_dark_pools = 3, string default_algorithm = 4];
    PriceIncrement [double low_edge = 1, double increment = 2];
    ScannerDataElement
        [int32 rank = 1, string market_name = 3, string distance = 4, string benchmark = 5,
            string projection = 6, string combo_key = 7]
        one [Contract contract = 2];
    ScannerSubscription
        [int32 number_of_rows = 1, string instrument = 2, string location_code = 3,
            string scan_code = 4, double above_price = 5, double below_price = 6,
            int64 above_volume = 7, double market_cap_above = 8, double market_cap_below = 9,
            string moody_rating_above = 10, string moody_rating_below = 11,
            string sp_rating_above = 12, string sp_rating_below = 13,
            string maturity_date_above = 14, string maturity_date_below = 15,
            double coupon_rate_above = 16, double coupon_rate_below = 17,
            bool exclude_convertible = 18, int64 average_option_volume_above = 19,
            string scanner_setting_pairs = 20, string stock_type_filter = 21]
        map [scanner_subscription_filter_options = 22, scanner_subscription_options = 23];
    SmartComponent [int32 bit_number = 1, string exchange = 2, string exchange_letter = 3];
    SoftDollarTier [string name = 1, string value = 2, string display_name = 3];
    TickAttribBidAsk [bool bid_past_low = 1, bool ask_past_high = 2];
    TickAttribLast [bool past_limit = 1, bool unreported = 2];
    UpdateConfigWarning [int32 message_id = 1, string title = 2, string message = 3];
}
