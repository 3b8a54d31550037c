//! Articles and how they speak of whom.

use component::{Bad, OrBad};
use html_escape::decode_html_entities;
use http::{Row, Table};
use jiff::civil::DateTime;
use model::{Event, EventId, NewsItem, Sentiment, Text, quantity};

use super::{Frame, Mapped, at, identity};

/// One article. It has no id but its address.
pub fn article(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let published = DateTime::strptime("%Y%m%dT%H%M%S", row.need(&["time_published"])?);
    let event_time = frame.time(row, published.or_bad("time_published")?)?;
    let url = row.need(&["url"])?;
    let plain = |text: &str| Text::from(decode_html_entities(text.trim()));
    let authors: Vec<String> =
        row.parsed(&["authors"], |text| serde_json::from_str(text))?.unwrap_or_default();
    let topics = list(row, "topics")?;
    let sentiments = list(row, "ticker_sentiment")?;
    let sentiments: Vec<Sentiment> = sentiments.iter().map(sentiment).collect::<Mapped<_>>()?;
    Ok(NewsItem {
        head: at(event_time),
        news_id: Text::from(EventId::of(&[url]).to_string()),
        headline: plain(row.need(&["title"])?),
        summary: row.get(&["summary"]).map(plain),
        content: None,
        author: Some(Text::from(authors.join(", "))).filter(|names| !names.is_empty()),
        publisher: row.get(&["source"]).map(Into::into),
        url: Some(url.into()),
        instruments: sentiments.iter().map(|one| one.instrument.clone()).collect(),
        symbols: sentiments.iter().map(|one| one.symbol.clone()).collect(),
        updated_time: event_time,
        topics: topics.iter().filter_map(|one| one.get(&["topic"])).map(Into::into).collect(),
        sentiment_score: row.number(&["overall_sentiment_score"], quantity)?,
        sentiment_label: row.get(&["overall_sentiment_label"]).map(Into::into),
        sentiments,
    }
    .into())
}

/// The rows of a list inside an article.
fn list(row: &Row, name: &str) -> Mapped<Vec<Row>> {
    let text = format!("{{\"list\":{}}}", row.get(&[name]).unwrap_or("[]"));
    Ok(Table::read(text.as_bytes()).map_err(|reason| Bad::new(name, reason))?.rows)
}

fn sentiment(one: &Row) -> Mapped<Sentiment> {
    let symbol = one.need(&["ticker"])?;
    Ok(Sentiment {
        instrument: identity(symbol),
        symbol: symbol.into(),
        relevance: one.number(&["relevance_score"], quantity)?,
        score: one.number(&["ticker_sentiment_score"], quantity)?,
        label: one.get(&["ticker_sentiment_label"]).map(Into::into),
        reason: None,
    })
}
