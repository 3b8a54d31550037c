//! Every component there is: the only list, and the only file that names vendors one by one.

use runtime::{Entry, ProcessorEntry};

/// Makes the lists from one line a component. The connector is the crate.
macro_rules! components {
    ($($kind:ident $vendor:ident :: $name:ident as $feature:literal;)*) => {
        /// Sources and sinks: connector, feature key, entry.
        pub const COMPONENTS: &[(&str, &str, Entry)] = &[
            $((stringify!($vendor), $feature, runtime::$kind::<$vendor::$name>()),)*
        ];
    };
}

components! {
    source alpaca::Activities as "activities";
    source alpaca::Balances as "account_updates";
    source alpaca::BarsHistory as "bars_history";
    source alpaca::CorporateActions as "corporate_actions";
    source alpaca::Instruments as "instruments";
    source alpaca::MarketData as "market_data";
    source alpaca::News as "news";
    source alpaca::OrderUpdates as "order_updates";
    sink   alpaca::Orders as "order_execution";
    source alpaca::Positions as "position_reporting";
    source alpaca::QuotesHistory as "quotes_history";
    source alpaca::TradesHistory as "trades_history";
    source alpha_vantage::CorporateActions as "corporate_actions";
    source alpha_vantage::Crypto as "crypto_data";
    source alpha_vantage::Daily as "daily_data";
    source alpha_vantage::DailyAdjusted as "daily_adjusted_data";
    source alpha_vantage::Fundamentals as "fundamental_data";
    source alpha_vantage::Fx as "fx_data";
    source alpha_vantage::Intraday as "intraday_data";
    source alpha_vantage::Listing as "listing";
    source alpha_vantage::MarketStatus as "market_status";
    source alpha_vantage::Monthly as "monthly_data";
    source alpha_vantage::MonthlyAdjusted as "monthly_adjusted_data";
    source alpha_vantage::News as "news";
    source alpha_vantage::Quotes as "quotes";
    source alpha_vantage::Records as "records";
    source alpha_vantage::Search as "search";
    source alpha_vantage::Weekly as "weekly_data";
    source alpha_vantage::WeeklyAdjusted as "weekly_adjusted_data";
    source declared::Records as "records";
    sink   external::Deliveries as "sink";
    sink   external::Orders as "order_execution";
    source external::Records as "source";
    source files::Bars as "bars";
    sink   files::Export as "export";
    source files::Orders as "orders";
    source interactive_brokers::Balances as "account_updates";
    source interactive_brokers::BarsHistory as "bars_history";
    source interactive_brokers::Instruments as "instruments";
    source interactive_brokers::MarketData as "market_data";
    source interactive_brokers::OrderUpdates as "order_updates";
    sink   interactive_brokers::Orders as "order_execution";
    source interactive_brokers::Positions as "position_reporting";
    source interactive_brokers::QuotesHistory as "quotes_history";
    source interactive_brokers::TradesHistory as "trades_history";
    source polygon::BarsHistory as "bars_history";
    source polygon::CorporateActions as "corporate_actions";
    source polygon::Fundamentals as "fundamental_data";
    source polygon::Instruments as "instruments";
    source polygon::MarketData as "market_data";
    source polygon::MarketStatus as "market_status";
    source polygon::News as "news";
    source polygon::QuotesHistory as "quotes_history";
    source polygon::Snapshots as "snapshots";
    source polygon::TradesHistory as "trades_history";
}

/// Every processor.
pub const PROCESSORS: &[ProcessorEntry] = &[
    runtime::processor::<approve::Approve>(),
    runtime::processor::<book::Book>(),
    runtime::processor::<reconcile::Reconcile>(),
    runtime::processor::<track::Track>(),
    runtime::processor::<validate::Validate>(),
];
