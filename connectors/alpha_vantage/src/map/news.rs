//! Articles and how they speak of whom.

use component::OrBad;
use html_escape::decode_html_entities;
use http::Num;
use jiff::civil::DateTime;
use model::{Decimal, Event, EventId, Head, NewsItem, Sentiment, Text};

use super::{Frame, Mapped, identity};
use crate::wire::{Article, Row};

/// One article. It has no id but its address.
pub fn article(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let raw: Article<'_> = serde_json::from_str(&row.raw).or_bad("")?;
    let published = DateTime::strptime("%Y%m%dT%H%M%S", &raw.time_published);
    let event_time = frame.time(row, published.or_bad("time_published")?)?;
    let plain = |text: &str| Text::from(decode_html_entities(text.trim()));
    let mut sentiments = Vec::with_capacity(raw.ticker_sentiment.len());
    for one in &raw.ticker_sentiment {
        sentiments.push(Sentiment {
            instrument: identity(&one.ticker),
            symbol: Text::from(&one.ticker),
            relevance: score(one.relevance_score, "relevance_score")?,
            score: score(one.ticker_sentiment_score, "ticker_sentiment_score")?,
            label: one.ticker_sentiment_label.as_ref().map(Into::into),
            reason: None,
        });
    }
    Ok(NewsItem {
        head: Head { event_time, ..Head::default() },
        news_id: Text::from(EventId::of(&[&raw.url]).to_string()),
        headline: plain(&raw.title),
        summary: raw.summary.as_deref().map(plain).filter(|text| !text.is_empty()),
        content: None,
        author: Some(Text::from(raw.authors.join(", "))).filter(|names| !names.is_empty()),
        publisher: raw.source.map(Into::into),
        url: Some(raw.url.into()),
        instruments: sentiments.iter().map(|one| one.instrument.clone()).collect(),
        symbols: sentiments.iter().map(|one| one.symbol.clone()).collect(),
        updated_time: event_time,
        topics: raw.topics.into_iter().map(|topic| topic.topic.into()).collect(),
        sentiment_score: score(raw.overall_sentiment_score, "overall_sentiment_score")?,
        sentiment_label: raw.overall_sentiment_label.map(Into::into),
        sentiments,
    }
    .into())
}

fn score(num: Option<Num<'_>>, field: &str) -> Mapped<Option<Decimal>> {
    let num = num.filter(|num| num.text() != "None");
    Ok(http::optional(num, field, model::quantity)?.map(|score| score.normalize()))
}
