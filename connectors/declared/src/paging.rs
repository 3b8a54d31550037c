//! From page to page.

use component::{Fault, Result};
use http::{Answer, Request, next_page, text_at};
use serde_json::value::RawValue;
use url::Url;

use crate::plan::Plan;
use crate::settings::Paging;

/// The request for a page: the first, or the one that another announced.
pub(crate) fn request(
    plan: &Plan,
    since: Option<&str>,
    next: Option<&str>,
    secret: Option<&str>,
) -> Request {
    let settings = &plan.settings;
    if let (Paging::Link | Paging::NextUrl(_), Some(next)) = (&settings.paging, next) {
        return Request::follow(next, secret);
    }
    let mut request = Request::get(&settings.path);
    for (name, word) in &settings.query {
        request = request.query(&[(name.as_str(), word.0.as_str())]);
    }
    if let Some(growing) = &settings.cursor {
        let start = growing.start.as_ref().map(|word| word.0.as_str());
        request = request.maybe(&growing.parameter, since.or(start));
    }
    match &settings.paging {
        Paging::None | Paging::Link | Paging::NextUrl(_) => request,
        Paging::Page(pages) | Paging::Offset(pages) => {
            let first = plan.settings.paging.first().to_string();
            let request = match (&pages.size_parameter, pages.size) {
                (Some(parameter), Some(size)) => request.query(&[(parameter, &size.to_string())]),
                _ => request,
            };
            request.query(&[(pages.parameter.as_str(), next.unwrap_or(&first))])
        }
        Paging::Cursor(token) => request.maybe(&token.parameter, next),
    }
}

/// What to ask for after a page of so many items; nothing after the last.
pub(crate) fn after(
    plan: &Plan,
    answer: (&Answer, &RawValue),
    count: usize,
    asked: Option<&str>,
    base: &Url,
) -> Result<Option<String>> {
    let (answer, body) = answer;
    let field = |field: &str| {
        text_at(body, field).map_err(|error| Fault::retry(format!("{field:?}: {error}")))
    };
    let paging = &plan.settings.paging;
    let next = match paging {
        Paging::None => return Ok(None),
        Paging::Page(pages) | Paging::Offset(pages) => {
            let count = count as u64;
            let asked = asked.and_then(|text| text.parse().ok()).unwrap_or(paging.first());
            let step = if matches!(paging, Paging::Page(_)) { 1 } else { count };
            let is_last = count == 0 || pages.size.is_some_and(|size| count < size);
            return Ok((!is_last).then(|| (asked + step).to_string()));
        }
        Paging::Cursor(token) => field(&token.field)?,
        Paging::NextUrl(next) => {
            field(&next.field)?.map(|next| next_page(&next, base)).transpose()?
        }
        Paging::Link => answer.next_link().map(|next| next_page(next, base)).transpose()?,
    };
    if next.is_some() && next.as_deref() == asked {
        return Err(Fault::retry("a page is its own next page"));
    }
    Ok(next)
}
