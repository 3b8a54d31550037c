//! Dividends, splits, mergers and all other corporate actions.

use std::time::Duration;

use component::{Bad, Batch, Clock, Feed, Host, OrBad, Result, Source};
use http::{Changes, Http, Request, decode};
use model::{CorporateAction, CorporateActionKind, Date, Decimal, EventId, Head, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api::VendorClock;
use crate::settings::{self, System};
use crate::{map, wire};

/// Days before the newest that are read again: actions may change on the day they are processed.
const OVERLAP_DAYS: i32 = 3;

/// Polls corporate actions by the day Alpaca processes them.
pub struct CorporateActions {
    http: Http,
    clock: Clock,
    vendor: VendorClock,
    settings: settings::CorporateActions,
    next: Option<String>,
}

/// Days before this are done; what is known of the later ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cursor {
    from: Option<Date>,
    known: Changes,
}

impl Source for CorporateActions {
    const NAME: &'static str = "alpaca_corporate_actions";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["reference.corporate_actions"];
    type System = System;
    type Settings = settings::CorporateActions;
    type Cursor = Cursor;

    async fn connect(
        system: System,
        settings: settings::CorporateActions,
        host: Host,
    ) -> Result<Self> {
        let vendor = VendorClock::read(&system.trading(&host)?, &host.clock).await?;
        let http = system.data(&host)?;
        Ok(Self { http, clock: host.clock, vendor, settings, next: None })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let today = self.vendor.now(&self.clock).date();
        let lookback = i32::try_from(self.settings.lookback_days).unwrap_or(i32::MAX / 2);
        let ahead = i32::try_from(self.settings.ahead_days).unwrap_or(365);
        let from = cursor.from.unwrap_or(Date(today.0 - lookback));
        let (start, end) = (from.to_string(), Date(today.0 + ahead).to_string());
        let mut request = Request::get("/v1/corporate-actions").query(&[
            ("start", &start),
            ("end", &end),
            ("sort", "asc"),
            ("limit", "1000"),
        ]);
        if !self.settings.symbols.is_empty() {
            request = request.query(&[("symbols", &self.settings.symbols.join(","))]);
        }
        if let Some(token) = &self.next {
            request = request.query(&[("page_token", token)]);
        }
        let answer = self.http.fetch(&request).await?;
        let page: wire::CorporateActionsPage<'_> = answer.json()?;
        let mut batch = Batch::up_to(Cursor { from: Some(from), known: cursor.known.clone() });
        for (group, list) in &page.corporate_actions {
            for raw in list {
                let action = corporate_action(group, raw);
                if let Ok(action) = &action {
                    // The day comes first, so that days that are done can be forgotten.
                    let day = action.process_date.map(|day| day.to_string()).unwrap_or_default();
                    let key = format!("{day} {}", action.action_id);
                    if batch.cursor.known.note(&key, action.head.event_id).is_none() {
                        continue;
                    }
                }
                map::push(&mut batch.items, raw, action.map(Into::into));
            }
        }
        self.next = page.next_page_token.filter(|token| !token.is_empty());
        if self.next.is_some() {
            return Ok(batch);
        }
        let from = Date((today.0 - OVERLAP_DAYS).max(from.0)).to_string();
        batch.cursor.known.drop_others(|key| key >= from.as_str());
        batch.cursor.from = from.parse().ok();
        Ok(batch.wait(Duration::from_secs(self.settings.poll_secs.max(1))))
    }
}

fn kind(group: &str) -> CorporateActionKind {
    let known = CorporateActionKind::ALL.iter();
    let mut plural = known.filter(|kind| group.strip_suffix('s') == Some(kind.as_str()));
    plural.next().copied().unwrap_or(CorporateActionKind::Other)
}

/// One action of a group. Each group spells the same few ideas in its own way; whatever has no
/// field of its own stays in `terms`.
pub fn corporate_action(group: &str, raw: &RawValue) -> Result<CorporateAction, Bad> {
    let mut fields: wire::CorporateAction<'_> = decode(raw)?;
    let mut take = |names: &[&str]| {
        let num = names.iter().find_map(|name| fields.remove(*name))?;
        Some(num.text()).filter(|text| !text.is_empty() && *text != "null")
    };
    let date = |text: Option<&str>, field| text.map(|text| text.parse().or_bad(field)).transpose();
    let rate = |text: Option<&str>, field| {
        text.map(|text| model::quantity(text).or_bad(field)).transpose()
    };
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
    let action = CorporateAction {
        head: Head::new(
            EventId::of(&["alpaca", "corporate_actions", &action_id, &contents]),
            process_date.map_or(Timestamp(0), map::midnight),
        ),
        instrument: map::instrument(symbol, ""),
        symbol: symbol.into(),
        kind,
        ex_date: date(take(&["ex_date"]), "ex_date")?,
        record_date: date(take(&["record_date"]), "record_date")?,
        payable_date: date(take(&["payable_date"]), "payable_date")?,
        effective_date: date(take(&["effective_date"]), "effective_date")?,
        process_date,
        cash_rate: rate(take(&["cash_rate"]).or(cash), "rate")?,
        currency: take(&["currency"]).or(is_paid_in_cash.then_some("USD")).map(Into::into),
        new_rate,
        old_rate: old_rate.or(units.map(|_| Decimal::ONE)),
        new_instrument: take(&["new_symbol", "acquirer_symbol"])
            .map(|symbol| map::instrument(symbol, "")),
        action_id,
        terms: fields.into_iter().map(|(name, num)| (name, num.text().into())).collect(),
    };
    Ok(action)
}
