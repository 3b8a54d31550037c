//! The Avro schemas of every event, embedded, and their history.

/// One event's schema.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Name of the record.
    pub name: &'static str,
    /// The schema's text.
    pub text: &'static str,
}

macro_rules! schemas {
    ($($name:literal $file:literal;)*) => {
        /// Every event's schema, in the order of the files.
        pub const ALL: &[Schema] = &[$(
            Schema { name: $name, text: include_str!(concat!("../", $file, ".avsc")) },
        )*];
    };
}

schemas! {
    "Activity" "activity";
    "Alert" "alert";
    "AlternativeRecord" "alternative_record";
    "ApprovedOrder" "approved_order";
    "Audit" "audit";
    "Balance" "balance";
    "Bar" "bar";
    "Break" "break";
    "Checkpoint" "checkpoint";
    "Command" "command";
    "CorporateAction" "corporate_action";
    "DeadLetter" "dead_letter";
    "Delivery" "delivery";
    "Fill" "fill";
    "Finding" "finding";
    "Fundamental" "fundamental";
    "Gap" "gap";
    "Instrument" "instrument";
    "MarketStatus" "market_status";
    "NewsItem" "news_item";
    "Note" "note";
    "OrderEvent" "order_event";
    "OrderRequest" "order_request";
    "OrderState" "order_state";
    "PortfolioCash" "portfolio_cash";
    "PortfolioPosition" "portfolio_position";
    "Position" "position";
    "ProcessorState" "processor_state";
    "Quote" "quote";
    "Run" "run";
    "Silence" "silence";
    "Trade" "trade";
}

/// The schema of the record with this name.
pub fn by_name(name: &str) -> Option<&'static Schema> {
    ALL.iter().find(|schema| schema.name == name)
}
