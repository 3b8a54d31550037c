//! How an answer goes out: JSON or CSV, packed or not.

use std::io::Write as _;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::json::Json;
use crate::refusal::Result;

/// Below this packing is not worth it.
const PACK_FROM: usize = 1_024;

/// What the client would like.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    csv: bool,
    gzip: bool,
}

impl Form {
    pub fn of(headers: &HeaderMap, gzip: bool) -> Form {
        let has = |name: header::HeaderName, word: &str| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).any(|value| value.trim().starts_with(word))
        };
        Form {
            csv: has(header::ACCEPT, "text/csv"),
            gzip: gzip && has(header::ACCEPT_ENCODING, "gzip"),
        }
    }

    pub fn render(self, answered: Result<Json>, request_id: &str) -> Response {
        let (status, body) = match &answered {
            Ok(body) => (200, body.clone()),
            Err(refusal) => (refusal.status, refusal.body(request_id)),
        };
        let table = if self.csv && status == 200 { csv(&body) } else { None };
        let content_type = if table.is_some() { "text/csv" } else { "application/json" };
        let bytes = table.unwrap_or_else(|| body.bytes());
        let pack = self.gzip && bytes.len() >= PACK_FROM;
        let bytes = if pack { packed(&bytes) } else { bytes };
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if pack {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("x-request-id", id);
        }
        if content_type == "text/csv"
            && let Some(next) = body.get("next_url").and_then(Json::text)
            && let Ok(link) = HeaderValue::from_str(&format!("<{next}>; rel=\"next\""))
        {
            headers.insert(header::LINK, link);
        }
        response
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // A Vec takes every write.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// The results as a table, if they are rows of plain members.
fn csv(body: &Json) -> Option<Vec<u8>> {
    let Some(Json::List(rows)) = body.get("results") else { return None };
    let mut columns: Vec<&str> = Vec::new();
    for row in rows {
        let Json::Map(members) = row else { return None };
        for (name, _) in members {
            if !columns.contains(&name.as_ref()) {
                columns.push(name);
            }
        }
    }
    let mut out = columns.join(",").into_bytes();
    for row in rows {
        out.push(b'\n');
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_cell(&mut out, row.get(column));
        }
    }
    out.push(b'\n');
    Some(out)
}

fn write_cell(out: &mut Vec<u8>, value: Option<&Json>) {
    let text = match value {
        None | Some(Json::Null) => return,
        Some(Json::Text(text)) => text.clone(),
        // A list is its items in quotes, as in the flat files.
        Some(Json::List(values)) => {
            let cells = values.iter().map(|value| String::from_utf8_lossy(&value.bytes()).into());
            cells.collect::<Vec<String>>().join(",")
        }
        Some(value) => String::from_utf8_lossy(&value.bytes()).into(),
    };
    if text.contains([',', '"', '\n', '\r']) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn makes_tables_of_rows() {
        let body = r#"{"results":[{"a":1.5,"c":[12,37]},{"a":2,"b":"x,\"y\""}]}"#;
        let table = csv(&Json::parse(body).unwrap()).unwrap();
        let expected = "a,c,b\n1.5,\"12,37\",\n2,,\"x,\"\"y\"\"\"\n";
        assert_eq!(String::from_utf8(table).unwrap(), expected);
        assert!(csv(&Json::parse(r#"{"results":{"a":1}}"#).unwrap()).is_none());
    }
}
