//! Headlines about the replayed instruments, made up from their prices: a real newswire's text
//! belongs to somebody. They have what real ones have: HTML, entities, pictures, several symbols.

use mockkit::market::{Day, Market, Price};
use mockkit::time::{self, MINUTE, SECOND};
use serde_json::{Value, json};

/// One item for each instrument in so many minutes.
const EVERY_MINUTES: i64 = 15;
const FIRST_ID: i64 = 20_000_000;
/// Seconds between an item's first and its last edition.
const EDITED_AFTER: i64 = 30;

#[derive(Default)]
pub struct Newsroom {
    /// Oldest first, by time of the last edition.
    items: Vec<Item>,
    next: usize,
}

pub struct Item {
    pub time: i64,
    /// Without `T`.
    pub value: Value,
}

impl Newsroom {
    /// The news of all days in the data.
    pub fn new(market: &Market) -> mockkit::Result<Newsroom> {
        let mut items = Vec::new();
        for date in market.days() {
            let day = market.day(*date)?;
            items.extend(day_news(market, &day));
        }
        items.sort_by_key(|item| item.time);
        for (id, item) in (FIRST_ID..).zip(&mut items) {
            item.value["id"] = id.into();
        }
        Ok(Newsroom { items, next: 0 })
    }

    pub fn items(&self) -> &[Item] {
        &self.items
    }

    pub fn seek(&mut self, now: i64) {
        self.next = self.items.partition_point(|item| item.time <= now);
    }

    pub fn next_time(&self) -> Option<i64> {
        self.items.get(self.next).map(|item| item.time)
    }

    pub fn step(&mut self) -> Option<Value> {
        let item = self.items.get(self.next)?;
        self.next += 1;
        Some(message(&item.value))
    }
}

/// As the stream tells it.
fn message(item: &Value) -> Value {
    let mut message = json!({ "T": "n" });
    for (name, value) in item.as_object().into_iter().flatten() {
        // The stream sends no pictures.
        if name != "images" {
            message[name] = value.clone();
        }
    }
    message
}

fn day_news(market: &Market, day: &Day) -> Vec<Item> {
    let mut items = Vec::new();
    for (listing, series) in market.listings().iter().zip(&day.series) {
        let Some(first) = series.bars.first() else { continue };
        let every = series.bars.iter().filter(|bar| {
            let minute = (bar.time - time::new_york_midnight(day.date)) / MINUTE;
            minute % EVERY_MINUTES == 0
        });
        items.extend(every.map(|bar| item(&listing.symbol, first.open, bar)));
    }
    items
}

fn item(symbol: &str, open: Price, bar: &mockkit::market::Bar) -> Item {
    let (time, price) = (bar.end(), bar.close);
    let direction = if price < open { "down" } else { "up" };
    let minute = time::new_york_time(time).strftime("%H:%M").to_string();
    let symbols = if symbol == "SPY" { vec![symbol] } else { vec![symbol, "SPY"] };
    let url =
        format!("https://news.example.com/{}/{}", symbol.to_ascii_lowercase(), bar.time / SECOND);
    let picture = |size: &str, width: u32| {
        let url = format!("https://news.example.com/{width}/tape.jpeg");
        json!({ "size": size, "url": url })
    };
    let headline =
        format!("{symbol}&#39;s shares {direction} at {minute}: &quot;{price}&quot; a share");
    let value = json!({
        "id": 0,
        "headline": headline,
        "author": "Mock Newsdesk",
        "created_at": time::utc(time),
        "updated_at": time::utc(time + EDITED_AFTER * SECOND),
        "summary": format!("{symbol} traded {} shares in the minute before {minute}.", bar.volume),
        "content": format!(
            "<p>{symbol} (<a class=\"ticker\" href=\"{url}\">{symbol}</a>) traded at {price} \
             &mdash; {direction} from the day&rsquo;s first price of {open}.</p>"
        ),
        "url": url,
        "images": [picture("large", 2048), picture("small", 1024), picture("thumb", 250)],
        "symbols": symbols,
        "source": "benzinga",
    });
    Item { time: time + EDITED_AFTER * SECOND, value }
}
