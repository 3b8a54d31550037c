//! The examples of the vendor's documentation, which the demonstration key may ask for.

use crate::params::Params;

/// Function, and the parameters that go with it. What clients add of their own, `datatype` and the
/// usual `outputsize`, may stand beside all of them.
const EXAMPLES: &[(&str, &str)] = &[
    ("TIME_SERIES_INTRADAY", "symbol=IBM&interval=5min"),
    ("TIME_SERIES_INTRADAY", "symbol=IBM&interval=5min&outputsize=full"),
    ("TIME_SERIES_INTRADAY", "symbol=IBM&interval=5min&month=2009-01&outputsize=full"),
    ("TIME_SERIES_DAILY", "symbol=IBM"),
    ("TIME_SERIES_DAILY", "symbol=IBM&outputsize=full"),
    ("TIME_SERIES_DAILY_ADJUSTED", "symbol=IBM"),
    ("TIME_SERIES_DAILY_ADJUSTED", "symbol=IBM&outputsize=full"),
    ("TIME_SERIES_WEEKLY", "symbol=IBM"),
    ("TIME_SERIES_WEEKLY_ADJUSTED", "symbol=IBM"),
    ("TIME_SERIES_MONTHLY", "symbol=IBM"),
    ("TIME_SERIES_MONTHLY_ADJUSTED", "symbol=IBM"),
    ("GLOBAL_QUOTE", "symbol=IBM"),
    ("REALTIME_BULK_QUOTES", "symbol=MSFT,AAPL,IBM"),
    ("REALTIME_BULK_BID_ASK_PRICES", "symbol=MSFT,AAPL,IBM"),
    ("SYMBOL_SEARCH", "keywords=tesco"),
    ("SYMBOL_SEARCH", "keywords=tencent"),
    ("SYMBOL_SEARCH", "keywords=BA"),
    ("SYMBOL_SEARCH", "keywords=SAIC"),
    ("MARKET_STATUS", ""),
    ("REALTIME_OPTIONS", "symbol=IBM"),
    ("REALTIME_OPTIONS", "symbol=IBM&require_greeks=true"),
    ("HISTORICAL_OPTIONS", "symbol=IBM"),
    ("HISTORICAL_OPTIONS", "symbol=IBM&date=2017-11-15"),
    ("NEWS_SENTIMENT", "tickers=AAPL"),
    ("NEWS_SENTIMENT", "tickers=COIN,CRYPTO:BTC,FOREX:USD&time_from=20220410T0130&limit=1000"),
    ("EARNINGS_CALL_TRANSCRIPT", "symbol=IBM&quarter=2024Q1"),
    ("TOP_GAINERS_LOSERS", ""),
    ("INSIDER_TRANSACTIONS", "symbol=IBM"),
    ("INSTITUTIONAL_HOLDINGS", "symbol=IBM"),
    ("OVERVIEW", "symbol=IBM"),
    ("ETF_PROFILE", "symbol=QQQ"),
    ("DIVIDENDS", "symbol=IBM"),
    ("SPLITS", "symbol=IBM"),
    ("INCOME_STATEMENT", "symbol=IBM"),
    ("BALANCE_SHEET", "symbol=IBM"),
    ("CASH_FLOW", "symbol=IBM"),
    ("SHARES_OUTSTANDING", "symbol=MSFT"),
    ("EARNINGS", "symbol=IBM"),
    ("EARNINGS_ESTIMATES", "symbol=IBM"),
    ("LISTING_STATUS", ""),
    ("LISTING_STATUS", "date=2014-07-10&state=delisted"),
    ("EARNINGS_CALENDAR", "horizon=3month"),
    ("EARNINGS_CALENDAR", "symbol=IBM&horizon=12month"),
    ("IPO_CALENDAR", ""),
    ("CURRENCY_EXCHANGE_RATE", "from_currency=USD&to_currency=JPY"),
    ("CURRENCY_EXCHANGE_RATE", "from_currency=BTC&to_currency=EUR"),
    ("FX_INTRADAY", "from_symbol=EUR&to_symbol=USD&interval=5min"),
    ("FX_INTRADAY", "from_symbol=EUR&to_symbol=USD&interval=5min&outputsize=full"),
    ("FX_DAILY", "from_symbol=EUR&to_symbol=USD"),
    ("FX_DAILY", "from_symbol=EUR&to_symbol=USD&outputsize=full"),
    ("FX_WEEKLY", "from_symbol=EUR&to_symbol=USD"),
    ("FX_MONTHLY", "from_symbol=EUR&to_symbol=USD"),
    ("CRYPTO_INTRADAY", "symbol=ETH&market=USD&interval=5min"),
    ("CRYPTO_INTRADAY", "symbol=ETH&market=USD&interval=5min&outputsize=full"),
    ("DIGITAL_CURRENCY_DAILY", "symbol=BTC&market=EUR"),
    ("DIGITAL_CURRENCY_WEEKLY", "symbol=BTC&market=EUR"),
    ("DIGITAL_CURRENCY_MONTHLY", "symbol=BTC&market=EUR"),
    ("WTI", "interval=monthly"),
    ("BRENT", "interval=monthly"),
    ("NATURAL_GAS", "interval=monthly"),
    ("COPPER", "interval=monthly"),
    ("ALUMINUM", "interval=monthly"),
    ("WHEAT", "interval=monthly"),
    ("CORN", "interval=monthly"),
    ("COTTON", "interval=monthly"),
    ("SUGAR", "interval=monthly"),
    ("COFFEE", "interval=monthly"),
    ("ALL_COMMODITIES", "interval=monthly"),
    ("REAL_GDP", "interval=annual"),
    ("REAL_GDP_PER_CAPITA", ""),
    ("TREASURY_YIELD", "interval=monthly&maturity=10year"),
    ("FEDERAL_FUNDS_RATE", "interval=monthly"),
    ("CPI", "interval=monthly"),
    ("INFLATION", ""),
    ("RETAIL_SALES", ""),
    ("DURABLES", ""),
    ("UNEMPLOYMENT", ""),
    ("NONFARM_PAYROLL", ""),
    ("INDEX_DATA", "symbol=DJI&interval=weekly"),
    ("INDEX_DATA", "symbol=SPX&interval=daily"),
    ("INDEX_CATALOG", ""),
    ("SMA", "symbol=IBM&interval=weekly&time_period=10&series_type=open"),
    ("EMA", "symbol=IBM&interval=weekly&time_period=10&series_type=open"),
    ("RSI", "symbol=IBM&interval=weekly&time_period=10&series_type=open"),
    ("MACD", "symbol=IBM&interval=daily&series_type=open"),
];

/// Whether the request is one of the examples, whatever the order of its parameters.
pub fn is_example(params: &Params) -> bool {
    let function = params.get("function").unwrap_or_default();
    let mut asked: Vec<(&str, &str)> = params
        .pairs()
        .filter(|(name, _)| !matches!(*name, "function" | "apikey"))
        .filter(|pair| !matches!(*pair, ("datatype", "csv" | "json") | ("outputsize", "compact")))
        .collect();
    asked.sort_unstable();
    EXAMPLES.iter().filter(|(name, _)| *name == function).any(|(_, example)| {
        let mut pairs: Vec<(&str, &str)> =
            example.split('&').filter_map(|pair| pair.split_once('=')).collect();
        pairs.sort_unstable();
        pairs == asked
    })
}
