//! Instruments, corporate actions and news.

use component::{Bad, OrBad};
use html_escape::decode_html_entities;
use http::Row;
use model::{
    AssetClass, CorporateAction, CorporateActionKind, Decimal, EventId, Head, Instrument, NewsItem,
    Text, Timestamp, quantity,
};

use super::{Mapped, day, identity, midnight, moment};

/// One asset.
pub fn instrument(row: &Row, now: Timestamp) -> Mapped<Instrument> {
    let is_active = match row.need(&["status"])? {
        "active" => true,
        "inactive" => false,
        other => return Err(Bad::new("status", format!("unknown status {other:?}"))),
    };
    let class = row.need(&["class", "asset_class"])?;
    let symbol = row.need(&["symbol"])?;
    let flag = |name| row.get(&[name]).map(|word| word == "true");
    Ok(Instrument {
        // The same contents are the same fact, on whichever day they are read.
        head: Head::new(EventId::of(&["alpaca", "instruments", &row.raw]), now),
        instrument: identity(symbol, class),
        symbol: symbol.into(),
        name: row.text("name"),
        asset_class: asset_class(class),
        venue: row.text("exchange"),
        currency: "USD".into(),
        broker_instrument_id: row.text("id"),
        is_active,
        is_tradable: flag("tradable").or_bad("tradable")?,
        is_shortable: flag("shortable"),
        is_fractionable: flag("fractionable"),
        price_increment: row.number(&["price_increment"], quantity)?,
        quantity_increment: row.number(&["min_trade_increment"], quantity)?,
        minimum_quantity: row.number(&["min_order_size"], quantity)?,
        multiplier: (class == "us_option").then_some(Decimal::ONE_HUNDRED),
    })
}

/// A class of assets; Alpaca adds some from time to time.
fn asset_class(word: &str) -> AssetClass {
    match word {
        "us_equity" => AssetClass::Equity,
        "us_option" => AssetClass::Option,
        "crypto" => AssetClass::Crypto,
        _ => AssetClass::Other,
    }
}

fn kind(group: &str) -> CorporateActionKind {
    let known = CorporateActionKind::ALL.iter();
    let mut plural = known.filter(|kind| group.strip_suffix('s') == Some(kind.as_str()));
    plural.next().copied().unwrap_or(CorporateActionKind::Other)
}

/// One action of a group. Each group spells the same few ideas in its own way; whatever has no
/// field of its own stays in `terms`.
pub fn corporate_action(group: &str, mut row: Row) -> Mapped<CorporateAction> {
    use CorporateActionKind as Kind;
    let kind = kind(group);
    let contents = EventId::of(&[&row.raw]).to_string();
    let is_paid_in_cash = matches!(kind, Kind::CashDividend | Kind::CashMerger | Kind::Redemption);
    let mut take = |names: &[&'static str]| {
        let name = names.iter().find(|name| row.cells.contains_key(**name))?;
        row.cells.remove(*name).map(|text| (*name, text))
    };
    type Cell = Option<(&'static str, String)>;
    let date = |cell: Cell| cell.map(|(name, text)| day(&text).or_bad(name)).transpose();
    let rate = |cell: Cell| {
        cell.map(|(name, text)| quantity(&text).map(|rate| rate.normalize()).or_bad(name))
            .transpose()
    };
    let symbol = take(&["symbol", "source_symbol", "old_symbol", "acquiree_symbol"]);
    let (_, symbol) = symbol.or_bad("symbol")?;
    let single = rate(take(&["rate"]))?;
    let (cash, units) = if is_paid_in_cash { (single, None) } else { (None, single) };
    let new_rate = rate(take(&["new_rate", "acquirer_rate"]))?.or(units);
    let old_rate = rate(take(&["old_rate", "source_rate", "acquiree_rate"]))?;
    let cash_rate = rate(take(&["cash_rate"]))?.or(cash);
    let process_date = date(take(&["process_date"]))?;
    let action_id = take(&["id"]).map_or(contents.as_str().into(), |(_, id)| Text::from(id));
    let currency = take(&["currency"]).map(|(_, currency)| Text::from(currency));
    let new_symbol = take(&["new_symbol", "acquirer_symbol"]);
    Ok(CorporateAction {
        head: Head::new(
            EventId::of(&["alpaca", "corporate_actions", &action_id, &contents]),
            process_date.map_or(Timestamp(0), midnight),
        ),
        instrument: identity(&symbol, ""),
        symbol: symbol.into(),
        kind,
        ex_date: date(take(&["ex_date"]))?,
        record_date: date(take(&["record_date"]))?,
        payable_date: date(take(&["payable_date"]))?,
        effective_date: date(take(&["effective_date"]))?,
        process_date,
        cash_rate,
        currency: currency.or(cash_rate.map(|_| "USD".into())),
        new_rate,
        old_rate: old_rate.or(units.map(|_| Decimal::ONE)),
        new_instrument: new_symbol.map(|(_, symbol)| identity(&symbol, "")),
        action_id,
        terms: row.cells.into_iter().map(|(name, text)| (name.into(), text.into())).collect(),
    })
}

/// One story, in the state of its last change.
pub fn news(row: &Row) -> Mapped<NewsItem> {
    let id = row.need(&["id"])?;
    let updated = row.parsed(&["updated_at", "created_at"], moment)?.or_bad("updated_at")?;
    let created = row.parsed(&["created_at"], moment)?.or_bad("created_at")?;
    let plain = |text: &str| Text::from(decode_html_entities(text.trim()));
    let symbols: Vec<Text> =
        row.parsed(&["symbols"], |text| serde_json::from_str(text))?.unwrap_or_default();
    Ok(NewsItem {
        head: Head::new(EventId::of(&["alpaca", "news", id, &updated.0.to_string()]), created),
        news_id: id.into(),
        headline: plain(row.need(&["headline"])?),
        summary: row.get(&["summary"]).map(plain).filter(|text| !text.is_empty()),
        content: row.text("content"),
        author: row.text("author"),
        publisher: row.text("source"),
        url: row.text("url"),
        instruments: symbols.iter().map(|symbol| identity(symbol, "")).collect(),
        symbols,
        updated_time: updated,
        topics: Vec::new(),
        sentiment_score: None,
        sentiment_label: None,
        sentiments: Vec::new(),
    })
}
