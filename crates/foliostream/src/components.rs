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
    source files::Bars as "bars";
    sink   files::Export as "export";
    source files::Orders as "orders";
}

/// Every processor.
pub const PROCESSORS: &[ProcessorEntry] = &[
    runtime::processor::<approve::Approve>(),
    runtime::processor::<book::Book>(),
    runtime::processor::<reconcile::Reconcile>(),
    runtime::processor::<track::Track>(),
    runtime::processor::<validate::Validate>(),
];
