//! Instruments, corporate actions, news and market hours.

use component::{Bad, OrBad};
use html_escape::decode_html_entities;
use http::Row;
use model::{
    AssetClass, CorporateAction, CorporateActionKind, Date, Decimal, EventId, Head, Instrument,
    MarketState, MarketStatus, NewsItem, Sentiment, Text, Timestamp, money,
};
use serde_json::value::RawValue;

use super::{Mapped, identity, midnight};

/// One instrument, from the list or its own page.
pub fn instrument(raw: &RawValue, now: Timestamp) -> Mapped<Instrument> {
    let row = Row::of(raw);
    let (symbol, market) = (row.need(&["ticker"])?, row.need(&["market"])?);
    let asset_class = match market {
        "stocks" | "otc" => AssetClass::Equity,
        "options" => AssetClass::Option,
        "crypto" => AssetClass::Crypto,
        "fx" => AssetClass::Fx,
        "indices" => AssetClass::Index,
        "futures" => AssetClass::Future,
        _ => AssetClass::Other,
    };
    let is_active = row.get(&["active"]).is_none_or(|word| word == "true");
    let told = ["name", "primary_exchange", "currency_name", "composite_figi"];
    // The same contents are the same fact, on whichever day they are read.
    let mut id = vec!["polygon", "instruments", symbol, market];
    id.extend(told.map(|name| row.get(&[name]).unwrap_or_default()));
    id.push(if is_active { "active" } else { "inactive" });
    // Pairs of currencies have symbols of them besides; the name of one is a text to read.
    let currency = row.get(&["currency_symbol", "currency_name"]).unwrap_or("USD");
    Ok(Instrument {
        head: Head::new(EventId::of(&id), row.time(&["last_updated_utc"])?.unwrap_or(now)),
        instrument: identity(symbol),
        symbol: symbol.into(),
        name: row.text("name"),
        asset_class,
        venue: row.text("primary_exchange"),
        currency: currency.to_uppercase().into(),
        broker_instrument_id: row.text("composite_figi"),
        is_active,
        // Polygon takes no orders.
        is_tradable: false,
        is_shortable: None,
        is_fractionable: None,
        price_increment: None,
        quantity_increment: None,
        minimum_quantity: None,
        multiplier: (asset_class == AssetClass::Option).then_some(Decimal::ONE_HUNDRED),
    })
}

/// The fields of a corporate action; what has no place of its own ends up in `terms`.
struct Terms(Row);

impl Terms {
    fn text(&mut self, name: &str) -> Option<String> {
        self.0.cells.remove(name)
    }

    fn date(&mut self, name: &str) -> Mapped<Option<Date>> {
        self.text(name).map(|text| text.parse().or_bad(name)).transpose()
    }

    fn number(&mut self, name: &str) -> Mapped<Decimal> {
        self.text(name).or_bad(name).and_then(|text| money(&text).or_bad(name))
    }

    /// An action of this kind on this day, with what is left.
    fn action(mut self, kind: CorporateActionKind, day: Option<Date>) -> Mapped<CorporateAction> {
        let symbol = self.text("ticker").or_bad("ticker")?;
        let contents = EventId::of(&["polygon", "corporate_actions", &self.0.raw]);
        Ok(CorporateAction {
            head: Head::new(contents, day.map_or(Timestamp(0), midnight)),
            instrument: identity(&symbol),
            symbol: symbol.into(),
            action_id: self.text("id").unwrap_or_else(|| contents.to_string()).into(),
            kind,
            ex_date: day,
            record_date: self.date("record_date")?,
            payable_date: self.date("pay_date")?,
            effective_date: None,
            process_date: None,
            cash_rate: None,
            currency: None,
            new_rate: None,
            old_rate: None,
            new_instrument: None,
            terms: self
                .0
                .cells
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        })
    }
}

/// A dividend of either interface.
pub fn dividend(raw: &RawValue) -> Mapped<CorporateAction> {
    let mut terms = Terms(Row::of(raw));
    let cash_rate = terms.number("cash_amount")?;
    let currency = terms.text("currency").map_or("USD".into(), Text::from);
    let day = terms.date("ex_dividend_date")?;
    let action = terms.action(CorporateActionKind::CashDividend, day)?;
    Ok(CorporateAction { cash_rate: Some(cash_rate), currency: Some(currency), ..action })
}

/// A split of either interface.
pub fn split(raw: &RawValue) -> Mapped<CorporateAction> {
    let mut terms = Terms(Row::of(raw));
    let (old, new) = (terms.number("split_from")?, terms.number("split_to")?);
    let kind = match terms.text("adjustment_type").as_deref() {
        Some("stock_dividend") => CorporateActionKind::StockDividend,
        _ if new < old => CorporateActionKind::ReverseSplit,
        _ => CorporateActionKind::ForwardSplit,
    };
    let day = terms.date("execution_date")?;
    let action = terms.action(kind, day)?;
    Ok(CorporateAction { effective_date: day, new_rate: Some(new), old_rate: Some(old), ..action })
}

/// The names that an instrument has had: each but the first replaced the one before it.
pub fn name_changes(raw: &RawValue) -> Mapped<Vec<CorporateAction>> {
    let mut names: Vec<(Date, Text)> = Vec::new();
    for event in rows(&Row::of(raw), "events")? {
        if let Some(name) = event.inner("ticker_change").text("ticker") {
            names.push((event.need(&["date"])?.parse().or_bad("date")?, name));
        }
    }
    names.sort();
    let change = |pair: &[(Date, Text)]| {
        let [(_, old), (date, new)] = pair else { return None };
        let id = EventId::of(&["polygon", "name_changes", old, new, &date.to_string()]);
        let cells = [("ticker", old.to_string()), ("id", id.to_string())];
        let cells = cells.map(|(name, text)| (name.to_owned(), text)).into();
        let action =
            Terms(Row { cells, ..Row::default() }).action(CorporateActionKind::NameChange, None);
        let head = Head::new(id, midnight(*date));
        let (effective_date, new_instrument) = (Some(*date), Some(identity(new)));
        Some(action.map(|old| CorporateAction { head, effective_date, new_instrument, ..old }))
    };
    names.windows(2).filter_map(change).collect()
}

/// Rows within a row.
fn rows(row: &Row, name: &str) -> Mapped<Vec<Row>> {
    let list: Option<Vec<Box<RawValue>>> =
        row.parsed(&[name], |text| serde_json::from_str(text))?;
    Ok(list.unwrap_or_default().iter().map(|raw| Row::of(raw)).collect())
}

/// One story.
pub fn news(raw: &RawValue) -> Mapped<NewsItem> {
    let row = Row::of(raw);
    let published = row.time(&["published_utc"])?.or_bad("published_utc")?;
    let plain = |text: &str| Text::from(decode_html_entities(text.trim()));
    let words = |name: &str| -> Mapped<Vec<Text>> {
        Ok(row.parsed(&[name], |text| serde_json::from_str(text))?.unwrap_or_default())
    };
    let symbols = words("tickers")?;
    let sentiment = |insight: Row| {
        let symbol = insight.need(&["ticker"])?;
        Ok(Sentiment {
            instrument: identity(symbol),
            symbol: symbol.into(),
            relevance: None,
            score: None,
            label: insight.text("sentiment"),
            reason: insight.text("sentiment_reasoning"),
        })
    };
    Ok(NewsItem {
        // Insights are added later: the story with them is another fact.
        head: Head::new(EventId::of(&["polygon", "news", raw.get()]), published),
        news_id: row.need(&["id"])?.into(),
        headline: plain(row.need(&["title"])?),
        summary: row.get(&["description"]).map(plain).filter(|text| !text.is_empty()),
        content: None,
        author: row.text("author"),
        publisher: row.inner("publisher").text("name"),
        url: row.text("article_url"),
        instruments: symbols.iter().map(|symbol| identity(symbol)).collect(),
        symbols,
        updated_time: published,
        topics: words("keywords")?,
        sentiment_score: None,
        sentiment_label: None,
        sentiments: rows(&row, "insights")?.into_iter().map(sentiment).collect::<Mapped<_>>()?,
    })
}

/// The state of every market right now.
pub fn market_status(raw: &RawValue) -> Mapped<Vec<MarketStatus>> {
    let row = Row::of(raw);
    let now = row.time(&["server_time"])?.or_bad("serverTime")?;
    let [exchanges, currencies] = ["exchanges", "currencies"].map(|name| row.inner(name).cells);
    let status = |(market, state): (String, String)| {
        let status = match state.as_str() {
            "open" => MarketState::Open,
            "closed" => MarketState::Closed,
            "extended-hours" if row.is("early_hours") => MarketState::EarlyTrading,
            "extended-hours" => MarketState::LateTrading,
            other => return Err(Bad::new(&market, format!("unknown state {other:?}"))),
        };
        let head = Head::new(EventId::of(&["polygon", &market, status.as_str()]), now);
        let (market, day) = (market.into(), Text::default());
        let (open_time, close_time, reason) = (None, None, None);
        Ok(MarketStatus { head, market, day, status, open_time, close_time, reason })
    };
    exchanges.into_iter().chain(currencies).map(status).collect()
}

/// A day on which a market is closed or closes early.
pub fn holiday(raw: &RawValue) -> Mapped<MarketStatus> {
    let row = Row::of(raw);
    let day = row.need(&["date"])?;
    let status = match row.need(&["status"])? {
        "closed" => MarketState::Closed,
        "early-close" => MarketState::Open,
        other => return Err(Bad::new("status", format!("unknown status {other:?}"))),
    };
    let midnight = midnight(day.parse().or_bad("date")?);
    Ok(MarketStatus {
        head: Head::new(EventId::of(&["polygon", "holidays", raw.get()]), midnight),
        market: row.need(&["exchange"])?.to_lowercase().into(),
        day: day.into(),
        status,
        open_time: row.time(&["open"])?,
        close_time: row.time(&["close"])?,
        reason: row.text("name"),
    })
}
