//! Instruments, corporate actions and news.

use component::{Bad, OrBad};
use html_escape::decode_html_entities;
use http::{decode, optional};
use model::{
    AssetClass, CorporateAction, CorporateActionKind, Date, Decimal, EventId, Head, Instrument,
    NewsItem, Text, Timestamp, quantity,
};
use serde_json::value::RawValue;

use super::{Mapped, identity, midnight};
use crate::wire;

/// One asset.
pub fn instrument(raw: &RawValue, now: Timestamp) -> Mapped<Instrument> {
    let asset: wire::Asset<'_> = decode(raw)?;
    let is_active = match asset.status {
        "active" => true,
        "inactive" => false,
        other => return Err(Bad::new("status", format!("unknown status {other:?}"))),
    };
    let asset_class = asset_class(asset.class);
    let is_option = asset_class == AssetClass::Option;
    Ok(Instrument {
        // The same contents are the same fact, on whichever day they are read.
        head: Head::new(EventId::of(&["alpaca", "instruments", raw.get()]), now),
        instrument: identity(&asset.symbol, asset.class),
        symbol: asset.symbol,
        name: asset.name,
        asset_class,
        venue: asset.exchange.filter(|venue| !venue.is_empty()),
        currency: "USD".into(),
        broker_instrument_id: Some(asset.id),
        is_active,
        is_tradable: asset.tradable,
        is_shortable: asset.shortable,
        is_fractionable: asset.fractionable,
        price_increment: optional(asset.price_increment, "price_increment", quantity)?,
        quantity_increment: optional(asset.min_trade_increment, "min_trade_increment", quantity)?,
        minimum_quantity: optional(asset.min_order_size, "min_order_size", quantity)?,
        multiplier: is_option.then_some(Decimal::ONE_HUNDRED),
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
pub fn corporate_action(group: &str, raw: &RawValue) -> Mapped<CorporateAction> {
    let mut fields: wire::CorporateAction<'_> = decode(raw)?;
    let mut take = |names: &[&str]| {
        let num = names.iter().find_map(|name| fields.remove(*name))?;
        Some(num.text()).filter(|text| !text.is_empty() && *text != "null")
    };
    let date = |text: Option<&str>, field| text.map(|text| text.parse().or_bad(field)).transpose();
    let rate =
        |text: Option<&str>, field| text.map(|text| quantity(text).or_bad(field)).transpose();
    use CorporateActionKind as Kind;
    let kind = kind(group);
    let symbol = take(&["symbol", "source_symbol", "old_symbol", "acquiree_symbol"]);
    let symbol = symbol.or_bad("symbol")?;
    let is_paid_in_cash = matches!(kind, Kind::CashDividend | Kind::CashMerger | Kind::Redemption);
    let single = take(&["rate"]);
    let (cash, units) = if is_paid_in_cash { (single, None) } else { (None, single) };
    let new_rate = rate(take(&["new_rate", "acquirer_rate"]).or(units), "new_rate")?;
    let old_rate = rate(take(&["old_rate", "source_rate", "acquiree_rate"]), "old_rate")?;
    let process_date: Option<Date> = date(take(&["process_date"]), "process_date")?;
    let contents = EventId::of(&[raw.get()]).to_string();
    let action_id = take(&["id"]).map_or_else(|| Text::from(&contents), Text::from);
    let cash_rate = rate(take(&["cash_rate"]).or(cash), "rate")?;
    Ok(CorporateAction {
        head: Head::new(
            EventId::of(&["alpaca", "corporate_actions", &action_id, &contents]),
            process_date.map_or(Timestamp(0), midnight),
        ),
        instrument: identity(symbol, ""),
        symbol: symbol.into(),
        kind,
        ex_date: date(take(&["ex_date"]), "ex_date")?,
        record_date: date(take(&["record_date"]), "record_date")?,
        payable_date: date(take(&["payable_date"]), "payable_date")?,
        effective_date: date(take(&["effective_date"]), "effective_date")?,
        process_date,
        cash_rate,
        currency: take(&["currency"]).or(cash_rate.map(|_| "USD")).map(Into::into),
        new_rate,
        old_rate: old_rate.or(units.map(|_| Decimal::ONE)),
        new_instrument: take(&["new_symbol", "acquirer_symbol"]).map(|symbol| identity(symbol, "")),
        action_id,
        terms: fields.into_iter().map(|(name, num)| (name, num.text().into())).collect(),
    })
}

/// One story, in the state of its last change.
pub fn news(raw: &RawValue) -> Mapped<NewsItem> {
    let raw: wire::News = decode(raw)?;
    let updated: Timestamp = raw.updated_at.parse().or_bad("updated_at")?;
    let id = raw.id.to_string();
    let plain = |text: &str| Text::from(decode_html_entities(text.trim()));
    Ok(NewsItem {
        head: Head::new(
            EventId::of(&["alpaca", "news", &id, &updated.0.to_string()]),
            raw.created_at.parse().or_bad("created_at")?,
        ),
        news_id: id.into(),
        headline: plain(&raw.headline),
        summary: raw.summary.as_deref().map(plain).filter(|text| !text.is_empty()),
        content: raw.content.filter(|text| !text.is_empty()).map(Into::into),
        author: raw.author,
        publisher: raw.source,
        url: raw.url,
        instruments: raw.symbols.iter().map(|symbol| identity(symbol, "")).collect(),
        symbols: raw.symbols,
        updated_time: updated,
        topics: Vec::new(),
        sentiment_score: None,
        sentiment_label: None,
        sentiments: Vec::new(),
    })
}
