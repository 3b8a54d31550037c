//! News, bulletins, and services that need subscriptions nobody has.

use mockkit::time::{HOUR, SECOND};

use super::{Ask, Result};
use crate::instruments::Instrument;
use crate::refusal::Refusal;
use crate::times;
use crate::wire::*;

/// Codes and names of those whose news is free.
const FREE: [(&str, &str); 3] = [
    ("BRFG", "Briefing.com General Market Columns"),
    ("BRFUPDN", "Briefing.com Analyst Actions"),
    ("DJNL", "Dow Jones Newsletters"),
];
/// Made-up stories of each instrument, the newest first.
const STORIES: i64 = 5;

pub fn answer(ask: &mut Ask<'_>, request: Request) -> Result<Option<Request>> {
    match request {
        Request::NewsProvidersRequest(_) => {
            let row = |(code, name): &(&str, &str)| NewsProvider {
                provider_code: Some((*code).to_owned()),
                provider_name: Some((*name).to_owned()),
            };
            let news_providers = FREE.iter().map(row).collect();
            ask.tell(Answer::NewsProviders(NewsProviders { news_providers }));
        }
        Request::HistoricalNewsRequest(request) => past(ask, &request)?,
        Request::NewsArticleRequest(request) => article(ask, &request)?,
        Request::NewsBulletinsRequest(request) => {
            ask.me_mut().bulletins = true;
            if request.all_messages.unwrap_or(false) {
                for (number, bulletin) in (1..).zip(&ask.state.bulletins) {
                    ask.tell(told(number, bulletin));
                }
            }
        }
        Request::CancelNewsBulletins(_) => ask.me_mut().bulletins = false,
        Request::WshMetaDataRequest(_) | Request::WshEventDataRequest(_) => {
            return Err(Refusal::new(10276, "News feed is not allowed."));
        }
        Request::CancelWshMetaData(_) | Request::CancelWshEventData(_) => {}
        Request::FundamentalsDataRequest(_) => {
            return Err(Refusal::new(10358, "Fundamentals data is not allowed"));
        }
        Request::CancelFundamentalsData(_) => {}
        request => return Ok(Some(request)),
    }
    Ok(None)
}

/// A bulletin as it is told.
pub fn told(number: i32, bulletin: &crate::state::Bulletin) -> Answer {
    Answer::NewsBulletin(NewsBulletin {
        news_msg_id: Some(number),
        news_msg_type: Some(bulletin.kind),
        news_message: Some(bulletin.text.clone()),
        originating_exch: Some(bulletin.exchange.clone()),
    })
}

struct Story {
    time: i64,
    code: &'static str,
    id: String,
    headline: String,
}

/// The same stories whenever one asks.
fn stories(ask: &Ask<'_>, known: &Instrument) -> Vec<Story> {
    let now = ask.state.now();
    let start = now.div_euclid(HOUR) * HOUR;
    let story = |number: i64| {
        let time = start - number * HOUR;
        let (code, _) = FREE[usize::try_from(number).unwrap_or(0) % FREE.len()];
        let id = format!("{code}${:08x}", time / SECOND + i64::from(known.con_id) % 1_000);
        let headline = format!(
            "{{A:800015:L:en:K:n/a:C:0.98}}{} in the news, story {number} of the hour",
            known.long_name
        );
        Story { time, code, id, headline }
    };
    (0..STORIES).map(story).collect()
}

fn past(ask: &Ask<'_>, request: &HistoricalNewsRequest) -> Result {
    let id = request.con_id.unwrap_or(0);
    let known = ask.world.instruments.iter().find(|known| known.con_id == id);
    let text = "No security definition has been found for the request".to_owned();
    let known = known.ok_or_else(|| Refusal::no_contract(text))?;
    let codes = request.provider_codes.as_deref().unwrap_or_default();
    let codes: Vec<&str> = codes.split(['+', ',']).map(str::trim).collect();
    let free = |code: &&str| FREE.iter().any(|(known, _)| known == code);
    if !codes.iter().any(free) {
        return Err(Refusal::new(10276, "News feed is not allowed."));
    }
    let moment = |text: &Option<String>| text.as_deref().and_then(news_time);
    let (from, to) = (moment(&request.start_date_time), moment(&request.end_date_time));
    let most = usize::try_from(request.total_results.unwrap_or(0)).unwrap_or(0).clamp(1, 300);
    let stories = stories(ask, known).into_iter().filter(|story| {
        codes.contains(&story.code)
            && from.is_none_or(|from| story.time >= from)
            && to.is_none_or(|to| story.time <= to)
    });
    let found: Vec<Story> = stories.collect();
    for story in found.iter().take(most) {
        let date = jiff::tz::TimeZone::UTC.to_datetime(mockkit::time::timestamp(story.time));
        ask.tell(Answer::HistoricalNews(HistoricalNews {
            req_id: request.req_id,
            time: Some(date.strftime("%Y-%m-%d %H:%M:%S.0").to_string()),
            provider_code: Some(story.code.to_owned()),
            article_id: Some(story.id.clone()),
            headline: Some(story.headline.clone()),
        }));
    }
    let has_more = Some(found.len() > most);
    let req_id = request.req_id;
    ask.tell(Answer::HistoricalNewsEnd(HistoricalNewsEnd { req_id, has_more }));
    Ok(())
}

/// `2013-10-07 13:31:00.0` in UTC, or any other spelling of a time.
fn news_time(text: &str) -> Option<i64> {
    let compact: String = text.split('.').next()?.replacen('-', "", 2);
    match compact.split_once(' ') {
        Some((day, clock)) if text.contains('-') => times::parse(&format!("{day}-{clock}")),
        _ => times::parse(text),
    }
}

fn article(ask: &Ask<'_>, request: &NewsArticleRequest) -> Result {
    let id = request.article_id.as_deref().unwrap_or_default();
    let code = request.provider_code.as_deref().unwrap_or_default();
    if !FREE.iter().any(|(known, _)| *known == code) {
        return Err(Refusal::new(10276, "News feed is not allowed."));
    }
    let all = ask.world.instruments.iter().flat_map(|known| stories(ask, known));
    let story = all.into_iter().find(|story| story.id == id);
    let Some(story) = story else {
        return Err(Refusal::new(10172, "Failed to request news article:No data available"));
    };
    let headline = story.headline.rsplit('}').next().unwrap_or_default();
    let text = format!("<p>{headline}. Nothing else is known.</p>");
    ask.tell(Answer::NewsArticle(NewsArticle {
        req_id: request.req_id,
        article_type: Some(0),
        article_text: Some(text),
    }));
    Ok(())
}
