//! `NEWS_SENTIMENT`. All articles are made up; no publisher's text is repeated.

use mockkit::Seed;
use mockkit::time::{self, MINUTE};

use crate::answer::Answer;
use crate::call::Call;
use crate::json::Json;
use crate::number::{compact, float};
use crate::refusal::Result;

const USUAL_LIMIT: usize = 50;
const MOST: usize = 1000;
/// Articles looked at for one answer.
const LOOKED_AT: u64 = 60_000;
/// One article appears in each of these.
const SLOT: i64 = 37 * MINUTE;

const TOPICS: [&str; 15] = [
    "blockchain",
    "earnings",
    "ipo",
    "mergers_and_acquisitions",
    "financial_markets",
    "economy_fiscal",
    "economy_monetary",
    "economy_macro",
    "energy_transportation",
    "finance",
    "life_sciences",
    "manufacturing",
    "real_estate",
    "retail_wholesale",
    "technology",
];
/// Besides the quoted symbols.
const OTHER_SUBJECTS: [&str; 4] = ["CRYPTO:BTC", "CRYPTO:ETH", "FOREX:USD", "COIN"];
const SOURCES: [(&str, &str); 3] = [
    ("Constructed Wire", "wire.example"),
    ("Mock Market Daily", "daily.example"),
    ("Sample Street Journal", "journal.example"),
];
const WORDS: [&str; 6] = ["rises", "slips", "surprises", "waits", "expands", "faces questions"];

const SENTIMENT: &str = "x <= -0.35: Bearish; -0.35 < x <= -0.15: Somewhat-Bearish; -0.15 < x < \
    0.15: Neutral; 0.15 <= x < 0.35: Somewhat_Bullish; x >= 0.35: Bullish";
const RELEVANCE: &str = "0 < x <= 1, with a higher score indicating higher relevance.";

struct Article {
    time: i64,
    slot: u64,
    subjects: Vec<String>,
    topics: Vec<&'static str>,
    luck: Seed,
}

pub fn news(call: &Call<'_>) -> Result<Answer> {
    let limit = match call.get("limit") {
        None => USUAL_LIMIT,
        Some(text) => text.parse().map_err(|_| call.invalid())?,
    };
    if limit == 0 || limit > MOST {
        return Err(call.invalid());
    }
    let sort = call.choice("sort", "LATEST", &["LATEST", "EARLIEST", "RELEVANCE"])?;
    let from = moment(call, "time_from")?.unwrap_or(0);
    let until = moment(call, "time_to")?.unwrap_or(call.now).min(call.now);
    let list = |name| call.get(name).map(|text| text.split(',').collect::<Vec<_>>());
    let (subjects, topics) =
        (list("tickers").unwrap_or_default(), list("topics").unwrap_or_default());
    if topics.iter().any(|topic| !TOPICS.contains(topic)) {
        return Err(call.invalid());
    }
    let wanted = |article: &Article| {
        subjects.iter().all(|wanted| article.subjects.iter().any(|known| known == wanted))
            && topics.iter().all(|wanted| article.topics.contains(wanted))
    };
    let last = until.div_euclid(SLOT);
    let first = from.div_euclid(SLOT).max(0);
    let count = u64::try_from(last - first + 1).unwrap_or(0).min(LOOKED_AT);
    let count = i64::try_from(count).unwrap_or(0);
    let inside = |article: &Article| (from..=until).contains(&article.time) && wanted(article);
    let mut articles: Vec<Article> = if sort == "EARLIEST" {
        (first..first + count).map(|slot| article(call, slot)).filter(inside).take(limit).collect()
    } else {
        let newest_first = (0..count).map(|back| article(call, last - back));
        newest_first.filter(inside).take(limit).collect()
    };
    if sort == "RELEVANCE" {
        articles.sort_by_key(|article| std::cmp::Reverse(article.luck.below("relevance", 0, 1000)));
    }
    Ok(Answer::Json(Json::object([
        ("items", Json::Text(articles.len().to_string())),
        ("sentiment_score_definition", Json::text(SENTIMENT)),
        ("relevance_score_definition", Json::text(RELEVANCE)),
        ("feed", Json::List(articles.iter().map(told).collect())),
    ])))
}

/// `YYYYMMDDTHHMM`, in UTC.
fn moment(call: &Call<'_>, name: &str) -> Result<Option<i64>> {
    let Some(text) = call.get(name) else { return Ok(None) };
    let parse = || {
        let shaped = text.is_ascii() && matches!(text.len(), 13 | 15) && &text[8..9] == "T";
        let seconds = if text.len() == 15 { &text[13..15] } else { "00" };
        let iso = shaped.then(|| {
            let (date, time) = (&text[..8], &text[9..13]);
            format!(
                "{}-{}-{}T{}:{}:{seconds}Z",
                &date[..4],
                &date[4..6],
                &date[6..8],
                &time[..2],
                &time[2..4]
            )
        })?;
        time::parse(&iso).ok()
    };
    parse().map(Some).ok_or_else(|| call.invalid())
}

fn article(call: &Call<'_>, slot: i64) -> Article {
    let slot_number = slot.cast_unsigned();
    let luck = call.world.seed.branch("news").branch(&slot.to_string());
    let symbols = call.world.stocks.listings().iter().map(|listing| listing.symbol.as_str());
    let all: Vec<&str> = symbols.chain(OTHER_SUBJECTS).collect();
    let pick = |label: &str, index: u64, of: u64| luck.below(label, index, of) as usize;
    let mut subjects: Vec<String> = Vec::new();
    for index in 0..=luck.below("subjects", 0, 3) {
        let subject = all[pick("subject", index, all.len() as u64)].to_owned();
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    let mut topics: Vec<&str> = Vec::new();
    for index in 0..=luck.below("topics", 0, 2) {
        let topic = TOPICS[pick("topic", index, TOPICS.len() as u64)];
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    let shift = i64::try_from(luck.below("second", 0, 60 * 36)).unwrap_or(0) * time::SECOND;
    let time = slot.saturating_mul(SLOT).saturating_add(shift);
    Article { time, slot: slot_number, subjects, topics, luck }
}

fn told(article: &Article) -> Json {
    let luck = article.luck;
    let pick = |label: &str, of: usize| luck.below(label, 0, of as u64) as usize;
    let (source, domain) = SOURCES[pick("source", SOURCES.len())];
    let subject = article.subjects.first().map_or("", String::as_str);
    let words = WORDS[pick("words", WORDS.len())];
    let score = |label: &str, index: u64| luck.below(label, index, 1_200_001) as f64 / 1e6 - 0.6;
    let relevance = |label, index| float((1 + luck.below(label, index, 1_000_000)) as f64 / 1e6, 6);
    let overall = score("sentiment", 0);
    let topics = (0_u64..).zip(&article.topics).map(|(index, topic)| {
        let relevance_score = relevance("topic relevance", index);
        Json::texts([("topic", (*topic).to_owned()), ("relevance_score", relevance_score)])
    });
    let subjects = (0_u64..).zip(&article.subjects).map(|(index, subject)| {
        let score = score("sentiment of", index);
        Json::texts([
            ("ticker", subject.clone()),
            ("relevance_score", relevance("relevance of", index)),
            ("ticker_sentiment_score", float(score, 6)),
            ("ticker_sentiment_label", label(score).to_owned()),
        ])
    });
    let banner = match pick("banner", 10) {
        0 => Json::Null,
        _ => Json::Text(format!("https://{domain}/images/{}.png", article.slot)),
    };
    Json::object([
        ("title", Json::Text(format!("{subject} {words}: a constructed headline"))),
        ("url", Json::Text(format!("https://{domain}/articles/{}", article.slot))),
        ("time_published", Json::Text(compact(article.time))),
        ("authors", Json::List(vec![Json::text("A. Mock")])),
        ("summary", Json::Text(format!("This text about {subject} was made up for a test."))),
        ("banner_image", banner),
        ("source", Json::text(source)),
        ("category_within_source", Json::text("General")),
        ("source_domain", Json::text(domain)),
        ("topics", Json::List(topics.collect())),
        ("overall_sentiment_score", Json::Number(float(overall, 6))),
        ("overall_sentiment_label", Json::text(label(overall))),
        ("ticker_sentiment", Json::List(subjects.collect())),
    ])
}

fn label(score: f64) -> &'static str {
    match score {
        ..=-0.35 => "Bearish",
        ..=-0.15 => "Somewhat-Bearish",
        ..0.15 => "Neutral",
        ..0.35 => "Somewhat-Bullish",
        _ => "Bullish",
    }
}
