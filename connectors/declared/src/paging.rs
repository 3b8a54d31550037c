//! From page to page.

use component::{Fault, Result};
use http::{Answer, Request};
use serde_json::value::RawValue;
use url::Url;

use crate::plan::Plan;
use crate::settings::{PageNumber, Paging};
use crate::wire;

/// The request for a page: the first, or the one that another announced.
pub(crate) fn request(
    plan: &Plan,
    since: Option<&str>,
    next: Option<&str>,
    secret: Option<&str>,
) -> Request {
    let settings = &plan.settings;
    if let (Paging::Link | Paging::NextUrl(_), Some(next)) = (&settings.paging, next) {
        let (path, query) = next.split_once('?').unwrap_or((next, ""));
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        // A key in it would be somebody else's, or ours for the second time.
        let pairs = pairs.filter(|(name, _)| Some(&**name) != secret);
        return pairs.fold(Request::get(path), |request, (name, value)| {
            request.query(&[(&*name, &*value)])
        });
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
        Paging::Page(page) => {
            let number = next.map_or_else(|| page.first.to_string(), str::to_owned);
            sized(request, page.size, page.size_parameter.as_deref())
                .query(&[(page.parameter.as_str(), number.as_str())])
        }
        Paging::Offset(offset) => sized(request, offset.size, offset.size_parameter.as_deref())
            .query(&[(offset.parameter.as_str(), next.unwrap_or("0"))]),
        Paging::Cursor(token) => request.maybe(&token.parameter, next),
    }
}

fn sized(request: Request, size: Option<u64>, parameter: Option<&str>) -> Request {
    match (parameter, size) {
        (Some(parameter), Some(size)) => request.query(&[(parameter, &size.to_string())]),
        _ => request,
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
    let count = count as u64;
    let is_last = |size: Option<u64>| count == 0 || size.is_some_and(|size| count < size);
    let number = |first: u64| asked.and_then(|text| text.parse().ok()).unwrap_or(first);
    let field = |field: &str| {
        wire::text(body, field).map_err(|error| Fault::retry(format!("{field:?}: {error}")))
    };
    let next = match &plan.settings.paging {
        Paging::None => return Ok(None),
        Paging::Page(PageNumber { size, .. }) if is_last(*size) => return Ok(None),
        Paging::Page(page) => return Ok(Some((number(page.first) + 1).to_string())),
        Paging::Offset(offset) if is_last(offset.size) => return Ok(None),
        Paging::Offset(_) => return Ok(Some((number(0) + count).to_string())),
        Paging::Cursor(token) => field(&token.field)?,
        Paging::NextUrl(next) => match field(&next.field)? {
            Some(next) => Some(below(&next, base)?),
            None => None,
        },
        Paging::Link => match answer.header("link").and_then(linked) {
            Some(next) => Some(below(&next, base)?),
            None => None,
        },
    };
    if next.is_some() && next.as_deref() == asked {
        return Err(Fault::retry("a page is its own next page"));
    }
    Ok(next)
}

/// The URL of the next page in a header such as `<https://…>; rel="next", <https://…>; rel="last"`.
fn linked(header: &str) -> Option<String> {
    let mut links = header.split('<').skip(1).filter_map(|link| link.split_once('>'));
    let is_next = |parameters: &str| {
        parameters.split([';', ',']).any(|parameter| {
            let value = parameter.trim().strip_prefix("rel=");
            value.is_some_and(|value| value.trim_matches('"').split(' ').any(|rel| rel == "next"))
        })
    };
    links.find(|(_, parameters)| is_next(parameters)).map(|(url, _)| url.to_owned())
}

/// Path and query of a URL below the base. The host that it names is not asked: credentials
/// travel to the configured one and no other.
fn below(next: &str, base: &Url) -> Result<String> {
    let wrong = |why: &str| Fault::retry(format!("the next page {next:?} {why}"));
    let url = base.join(next).map_err(|error| wrong(&format!("is no URL: {error}")))?;
    let above = base.path().trim_end_matches('/');
    let path = url.path().strip_prefix(above).ok_or_else(|| wrong("is not below base_url"))?;
    Ok(format!("{path}?{}", url.query().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let next = "<https://a.test/x?page=3>; rel=\"next\"";
        for header in [
            next.to_owned(),
            format!("<https://a.test/x?page=1>; rel=\"prev\", {next}"),
            format!("{next}, <https://a.test/x?page=9>; rel=last"),
            next.replace("\"next\"", "\"next nofollow\""),
        ] {
            assert_eq!(linked(&header).as_deref(), Some("https://a.test/x?page=3"), "{header}");
        }
        assert_eq!(linked("<https://a.test/x?page=1>; rel=\"prev\""), None);
        assert_eq!(linked("nonsense"), None);
    }

    #[test]
    fn a_next_page_stays_below_the_base_and_on_its_host() {
        let base = Url::parse("https://a.test/api/v1").unwrap();
        for (next, expected) in [
            ("https://a.test/api/v1/x?page=3", Some("/x?page=3")),
            ("https://evil.test/api/v1/x?page=3", Some("/x?page=3")),
            ("/api/v1/x", Some("/x?")),
            ("https://a.test/other/x", None),
            ("https://", None),
        ] {
            assert_eq!(below(next, &base).ok().as_deref(), expected, "{next}");
        }
    }
}
