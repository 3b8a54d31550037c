//! Writes the transcript of HTTP requests and lets them go wrong on demand.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};

use crate::faults::Hit;
use crate::line::Peer;
use crate::{Entry, Kind, Kit, Line, time};

/// No vendor takes more than this in one request.
const MAX_REQUEST: usize = 4 * 1024 * 1024;
/// No mock answers more than this, except when it is told to.
const MAX_ANSWER: usize = 256 * 1024 * 1024;
/// A fifty-megabyte answer, in pieces.
const OVERSIZE_PIECES: usize = 800;
const PIECE: &[u8] = &[b'x'; 64 * 1024];
/// A hung request is let go after this long.
const HANG: Duration = Duration::from_secs(600);

pub(crate) async fn observe(
    State(kit): State<Kit>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/_mock/") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let transcript = kit.transcript();
    let sequence = transcript.add(Entry {
        time: time::utc(kit.clock().now()),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: transcript.pairs(parts.uri.query().unwrap_or_default()),
        headers: transcript.headers(&parts.headers),
        body: transcript.body(&body, content_type),
        ..Entry::default()
    });
    let path = parts.uri.path().to_owned();
    let hit = kit.faults().take_http(parts.method.as_str(), &path);
    let request = Request::from_parts(parts, Body::from(body));
    let Some(hit) = hit else {
        let response = next.run(request).await;
        transcript.finish(sequence, Some(response.status().as_u16()), None);
        return response;
    };
    let name = hit.name().to_owned();
    transcript.finish(sequence, None, Some(name.clone()));
    let answer = misbehave(&kit, &peer.0, &path, hit, request, next).await;
    transcript.finish(sequence, answer.as_ref().map(|a| a.status().as_u16()), Some(name));
    answer.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
}

/// Nothing if the client gets no answer; the line is broken then.
async fn misbehave(
    kit: &Kit,
    line: &Line,
    path: &str,
    hit: Hit,
    request: Request,
    next: Next,
) -> Option<Response> {
    if hit.fault.delay_ms > 0 {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(hit.fault.delay_ms)) => {}
            () = kit.stopped() => {}
        }
    }
    let response = match hit.kind {
        Kind::Status => refusal(kit, path, &hit),
        Kind::Html => gateway_page(&hit),
        Kind::Truncated => truncated(next.run(request).await).await,
        Kind::Garbage => answer(&hit, "application/json", "}{ not what \u{1}you asked for"),
        Kind::InvalidUtf8 => {
            answer(&hit, "application/json", &b"{\"text\":\"\xff\xfe\xc3\x28\"}"[..])
        }
        Kind::ResetBefore => {
            line.reset();
            return None;
        }
        Kind::ResetAfter => {
            let processed = next.run(request).await;
            line.reset();
            return Some(processed);
        }
        Kind::Hang => {
            tokio::select! {
                () = tokio::time::sleep(HANG) => {}
                () = kit.stopped() => {}
            }
            line.reset();
            return None;
        }
        Kind::Oversize => oversize(),
        // The kinds for streams never match a request.
        _ => next.run(request).await,
    };
    Some(with_headers(response, &hit))
}

fn refusal(kit: &Kit, path: &str, hit: &Hit) -> Response {
    let status = hit.fault.status.unwrap_or(500);
    let (content_type, body) = (kit.vendor().error_body)(path, status);
    answer(hit, content_type, body)
}

fn gateway_page(hit: &Hit) -> Response {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    let mut response = answer(hit, "text/html", page);
    if hit.fault.status.is_none() {
        *response.status_mut() = StatusCode::BAD_GATEWAY;
    }
    response
}

/// The rule's own status and body where it has them.
fn answer(hit: &Hit, content_type: &'static str, body: impl Into<Body>) -> Response {
    let body = match &hit.fault.body {
        Some(serde_json::Value::String(text)) => Body::from(text.clone()),
        Some(value) => Body::from(value.to_string()),
        None => body.into(),
    };
    let mut response = ([(header::CONTENT_TYPE, content_type)], body).into_response();
    *response.status_mut() = hit
        .fault
        .status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::OK);
    response
}

/// Promises the whole length, sends half, breaks off.
async fn truncated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_ANSWER).await.unwrap_or_default();
    let half = body.slice(..body.len() / 2);
    let cut = async {
        // A pause lets the half be written out before the connection breaks.
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))
    };
    parts.headers.insert(header::CONTENT_LENGTH, body.len().max(1).into());
    Response::from_parts(
        parts,
        Body::from_stream(stream::iter([Ok(half)]).chain(stream::once(cut))),
    )
}

fn oversize() -> Response {
    let pieces = (0..OVERSIZE_PIECES).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(PIECE)));
    let body = Body::from_stream(stream::iter(pieces));
    let length = OVERSIZE_PIECES * PIECE.len();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_LENGTH, length.into()),
    ];
    (headers, body).into_response()
}

fn with_headers(mut response: Response, hit: &Hit) -> Response {
    for (name, value) in &hit.fault.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
