//! `TOP_GAINERS_LOSERS`.

use mockkit::time;

use super::quotes::Last;
use crate::answer::{Answer, Table, same};
use crate::call::Call;
use crate::json::Json;
use crate::number::{eastern, fixed};
use crate::refusal::Result;

/// Rows of each list.
const MOST: usize = 20;

pub fn top(call: &Call<'_>) -> Result<Answer> {
    let horizon = call.horizon()?;
    let stocks = &call.world.stocks;
    let last = |index| Some((stocks.listing(index).symbol.as_str(), stocks.last(index, horizon)?));
    let mut lasts: Vec<(&str, Last)> = (0..stocks.listings().len()).filter_map(last).collect();
    lasts.sort_by_key(|(_, last)| last.change_percent);
    let losers = list(lasts.iter().take(MOST));
    let gainers = list(lasts.iter().rev().take(MOST));
    lasts.sort_by_key(|(_, last)| last.day.bar.volume);
    let active = list(lasts.iter().rev().take(MOST));
    let newest = lasts.iter().map(|(_, last)| last.day.bar.date).max();
    let minute = newest.map_or(horizon, |date| time::new_york_at(date, 16, 16)).min(horizon);
    Ok(Answer::Json(Json::object([
        ("metadata", Json::text("Top gainers, losers, and most actively traded US tickers")),
        ("last_updated", Json::Text(format!("{} US/Eastern", eastern(minute)))),
        ("top_gainers", gainers),
        ("top_losers", losers),
        ("most_actively_traded", active),
    ])))
}

fn list<'a>(lasts: impl Iterator<Item = &'a (&'a str, Last)>) -> Json {
    let columns = ["ticker", "price", "change_amount", "change_percentage", "volume"].map(same);
    let mut table = Table::new(&columns);
    for (symbol, last) in lasts {
        table.push([
            (*symbol).to_owned(),
            fixed(last.price, 2),
            fixed(last.change, 2),
            format!("{}%", fixed(last.change_percent, 4)),
            last.day.bar.volume.to_string(),
        ]);
    }
    Answer::Csv(table).json()
}
