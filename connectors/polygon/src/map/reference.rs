//! Instruments, corporate actions, news and market hours.

use std::collections::BTreeMap;

use component::{Bad, OrBad};
use html_escape::decode_html_entities;
use http::{Num, decode};
use model::{
    AssetClass, CorporateAction, CorporateActionKind, Date, Decimal, EventId, Head, Instrument,
    MarketState, MarketStatus, NewsItem, Sentiment, Text, Timestamp, money,
};
use serde_json::value::RawValue;

use super::{Mapped, identity, midnight};
use crate::wire;

/// One instrument, from the list or its own page.
pub fn instrument(raw: &RawValue, now: Timestamp) -> Mapped<Instrument> {
    let row: wire::Ticker<'_> = decode(raw)?;
    let updated = row.last_updated_utc.map(str::parse).transpose().or_bad("last_updated_utc")?;
    let asset_class = match row.market {
        "stocks" | "otc" => AssetClass::Equity,
        "options" => AssetClass::Option,
        "crypto" => AssetClass::Crypto,
        "fx" => AssetClass::Fx,
        "indices" => AssetClass::Index,
        "futures" => AssetClass::Future,
        _ => AssetClass::Other,
    };
    let is_active = row.active.unwrap_or(true);
    let told = [&row.name, &row.primary_exchange, &row.currency_name, &row.composite_figi];
    // The same contents are the same fact, on whichever day they are read.
    let mut id = vec!["polygon", "instruments", &row.ticker, row.market];
    id.extend(told.map(|text| text.as_deref().unwrap_or_default()));
    id.push(if is_active { "active" } else { "inactive" });
    Ok(Instrument {
        head: Head::new(EventId::of(&id), updated.unwrap_or(now)),
        instrument: identity(&row.ticker),
        symbol: row.ticker,
        name: row.name,
        asset_class,
        venue: row.primary_exchange,
        currency: row.currency_name.map_or("USD".into(), |name| name.to_uppercase()),
        broker_instrument_id: row.composite_figi,
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
struct Terms<'a>(BTreeMap<Text, Num<'a>>);

impl<'a> Terms<'a> {
    fn text(&mut self, name: &str) -> Option<&'a str> {
        let text = self.0.remove(name)?.text();
        Some(text).filter(|text| !text.is_empty() && *text != "null")
    }

    fn date(&mut self, name: &str) -> Mapped<Option<Date>> {
        self.text(name).map(|text| text.parse().or_bad(name)).transpose()
    }

    fn number(&mut self, name: &str) -> Mapped<Decimal> {
        self.text(name).or_bad(name).and_then(|text| money(text).or_bad(name))
    }

    /// An action of this kind on this day, with what is left.
    fn action(
        mut self,
        raw: &RawValue,
        kind: CorporateActionKind,
        day: Option<Date>,
    ) -> Mapped<CorporateAction> {
        let symbol = self.text("ticker").or_bad("ticker")?;
        let contents = EventId::of(&["polygon", "corporate_actions", raw.get()]);
        Ok(CorporateAction {
            head: Head::new(contents, day.map_or(Timestamp(0), midnight)),
            instrument: identity(symbol),
            symbol: symbol.into(),
            action_id: self.text("id").map_or_else(|| contents.to_string().into(), Text::from),
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
            terms: self.0.into_iter().map(|(name, value)| (name, value.text().into())).collect(),
        })
    }
}

/// A dividend of either interface.
pub fn dividend(raw: &RawValue) -> Mapped<CorporateAction> {
    let mut terms = Terms(decode(raw)?);
    let cash_rate = terms.number("cash_amount")?;
    let currency = terms.text("currency").unwrap_or("USD");
    let day = terms.date("ex_dividend_date")?;
    let action = terms.action(raw, CorporateActionKind::CashDividend, day)?;
    Ok(CorporateAction { cash_rate: Some(cash_rate), currency: Some(currency.into()), ..action })
}

/// A split of either interface.
pub fn split(raw: &RawValue) -> Mapped<CorporateAction> {
    let mut terms = Terms(decode(raw)?);
    let (old, new) = (terms.number("split_from")?, terms.number("split_to")?);
    let kind = match terms.text("adjustment_type") {
        Some("stock_dividend") => CorporateActionKind::StockDividend,
        _ if new < old => CorporateActionKind::ReverseSplit,
        _ => CorporateActionKind::ForwardSplit,
    };
    let day = terms.date("execution_date")?;
    let action = terms.action(raw, kind, day)?;
    Ok(CorporateAction { effective_date: day, new_rate: Some(new), old_rate: Some(old), ..action })
}

/// The names that an instrument has had: each but the first replaced the one before it.
pub fn name_changes(raw: &RawValue) -> Mapped<Vec<CorporateAction>> {
    let row: wire::TickerEvents = decode(raw)?;
    let changes = row.events.into_iter().filter_map(|event| {
        Some((event.date.parse::<Date>().or_bad("date"), event.ticker_change?.ticker))
    });
    let mut names: Vec<(Date, Text)> =
        changes.map(|(date, name)| Ok((date?, name))).collect::<Mapped<_>>()?;
    names.sort();
    let change = |pair: &[(Date, Text)]| {
        let [(_, old), (date, new)] = pair else { return None };
        let id = EventId::of(&["polygon", "name_changes", old, new, &date.to_string()]);
        Some(CorporateAction {
            head: Head::new(id, midnight(*date)),
            instrument: identity(old),
            symbol: old.clone(),
            action_id: id.to_string().into(),
            kind: CorporateActionKind::NameChange,
            ex_date: None,
            record_date: None,
            payable_date: None,
            effective_date: Some(*date),
            process_date: None,
            cash_rate: None,
            currency: None,
            new_rate: None,
            old_rate: None,
            new_instrument: Some(identity(new)),
            terms: BTreeMap::new(),
        })
    };
    Ok(names.windows(2).filter_map(change).collect())
}

/// One story.
pub fn news(raw: &RawValue) -> Mapped<NewsItem> {
    let row: wire::News = decode(raw)?;
    let published: Timestamp = row.published_utc.parse().or_bad("published_utc")?;
    let plain = |text: &str| Text::from(decode_html_entities(text.trim()));
    let symbols = row.tickers.unwrap_or_default();
    let sentiment = |insight: wire::Insight| Sentiment {
        instrument: identity(&insight.ticker),
        symbol: insight.ticker,
        relevance: None,
        score: None,
        label: insight.sentiment,
        reason: insight.sentiment_reasoning,
    };
    Ok(NewsItem {
        // Insights are added later: the story with them is another fact.
        head: Head::new(EventId::of(&["polygon", "news", raw.get()]), published),
        news_id: row.id,
        headline: plain(&row.title),
        summary: row.description.as_deref().map(plain).filter(|text| !text.is_empty()),
        content: None,
        author: row.author,
        publisher: row.publisher.and_then(|publisher| publisher.name),
        url: row.article_url,
        instruments: symbols.iter().map(|symbol| identity(symbol)).collect(),
        symbols,
        updated_time: published,
        topics: row.keywords.unwrap_or_default(),
        sentiment_score: None,
        sentiment_label: None,
        sentiments: row.insights.unwrap_or_default().into_iter().map(sentiment).collect(),
    })
}

/// The state of every market right now.
pub fn market_status(raw: &RawValue) -> Mapped<Vec<MarketStatus>> {
    let row: wire::MarketStatus = decode(raw)?;
    let now: Timestamp = row.server_time.parse().or_bad("serverTime")?;
    let mut markets = Vec::new();
    for (market, state) in row.exchanges.into_iter().chain(row.currencies) {
        let status = match state.as_deref() {
            None => continue,
            Some("open") => MarketState::Open,
            Some("closed") => MarketState::Closed,
            Some("extended-hours") if row.early_hours => MarketState::EarlyTrading,
            Some("extended-hours") => MarketState::LateTrading,
            Some(other) => return Err(Bad::new(&market, format!("unknown state {other:?}"))),
        };
        let head = Head::new(EventId::of(&["polygon", &market, status.as_str()]), now);
        let (open_time, close_time, reason) = (None, None, None);
        let day = Text::default();
        markets.push(MarketStatus { head, market, day, status, open_time, close_time, reason });
    }
    Ok(markets)
}

/// A day on which a market is closed or closes early.
pub fn holiday(raw: &RawValue) -> Mapped<MarketStatus> {
    let row: wire::Holiday = decode(raw)?;
    let day: Date = row.date.parse().or_bad("date")?;
    let status = match row.status.as_str() {
        "closed" => MarketState::Closed,
        "early-close" => MarketState::Open,
        other => return Err(Bad::new("status", format!("unknown status {other:?}"))),
    };
    let time = |text: Option<Text>, name| text.map(|text| text.parse().or_bad(name)).transpose();
    Ok(MarketStatus {
        head: Head::new(EventId::of(&["polygon", "holidays", raw.get()]), midnight(day)),
        market: row.exchange.to_lowercase(),
        day: row.date,
        status,
        open_time: time(row.open, "open")?,
        close_time: time(row.close, "close")?,
        reason: row.name,
    })
}
