//! A small S3: it verifies every signature by itself and keeps its objects in memory.

#![allow(dead_code)] // each of the tests uses its own part

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use component::Secret;
use ring::{digest, hmac};
use tokio::net::TcpListener;

const ID: &str = "AKIDEXAMPLE";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const REGION: &str = "eu-test-1";
const BUCKET: &str = "archive";
/// Smallest part of an upload, but for the last one.
const MIN_PART: usize = 5 << 20;

/// A running store.
#[derive(Clone)]
pub struct S3 {
    pub endpoint: String,
    state: Arc<Mutex<Shelf>>,
}

#[derive(Default)]
pub struct Shelf {
    pub objects: BTreeMap<String, (Bytes, String)>,
    /// Uploads that were begun and neither joined nor aborted: key and parts.
    pub uploads: BTreeMap<String, (String, BTreeMap<usize, Bytes>)>,
    /// Objects on a page.
    pub page: usize,
    /// The answers to the next requests whose line has this in it.
    pub faults: VecDeque<(&'static str, u16, &'static str)>,
    /// Is given the answer 200 to a request to join parts, and an error in it.
    pub fails_late: usize,
    /// Lines of the requests that were let in.
    pub asked: Vec<String>,
    pub content_types: BTreeMap<String, String>,
    begun: usize,
}

/// What was asked, taken apart.
struct Asked {
    method: Method,
    key: String,
    query: BTreeMap<String, String>,
    headers: HeaderMap,
    body: Bytes,
}

type Refusal = (u16, &'static str);

impl S3 {
    pub async fn serve() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shelf = Shelf { page: 1_000, ..Shelf::default() };
        let store = Self { endpoint, state: Arc::new(Mutex::new(shelf)) };
        let router = Router::new().fallback(answer).with_state(store.clone());
        let router = router.layer(axum::extract::DefaultBodyLimit::disable());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        store
    }

    /// What a configuration says of it.
    pub fn settings(&self) -> topology::S3 {
        topology::S3 {
            endpoint: self.endpoint.parse().unwrap(),
            bucket: BUCKET.into(),
            region: REGION.into(),
            path_style: true,
            access_key_id: Secret::new(ID),
            secret_access_key: Secret::new(KEY),
            session_token: None,
            exports_below: Some("out/".into()),
            internal: true,
            insecure: false,
        }
    }

    pub fn shelf<T>(&self, look: impl FnOnce(&mut Shelf) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    pub fn put(&self, key: &str, text: impl Into<Bytes>) {
        let bytes = text.into();
        let tag = tag(&bytes);
        self.shelf(|shelf| shelf.objects.insert(key.to_owned(), (bytes, tag)));
    }

    pub fn get(&self, key: &str) -> Option<Bytes> {
        self.shelf(|shelf| shelf.objects.get(key).map(|(bytes, _)| bytes.clone()))
    }

    /// How many requests had this in their line.
    pub fn count(&self, line: &str) -> usize {
        self.shelf(|shelf| shelf.asked.iter().filter(|asked| asked.contains(line)).count())
    }
}

async fn answer(
    State(store): State<S3>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let line = format!("{method} {uri}");
    let result = verified(&method, &uri, &headers, &body).and_then(|()| {
        let mut shelf = store.state.lock().unwrap();
        let fault = shelf.faults.front().copied();
        if let Some((part, status, code)) = fault
            && line.contains(part)
        {
            shelf.faults.pop_front();
            return Err((status, code));
        }
        shelf.asked.push(line);
        let path = decoded(uri.path());
        let bucket = format!("/{BUCKET}");
        let key = path.strip_prefix(&bucket).ok_or((404, "NoSuchBucket"))?;
        let key = key.strip_prefix('/').unwrap_or(key).to_owned();
        let query = pairs(uri.query().unwrap_or_default()).into_iter().collect();
        act(&mut shelf, Asked { method, key, query, headers, body })
    });
    result.unwrap_or_else(|(status, code)| {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>It is \
             {code}.</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>"
        );
        let status = StatusCode::from_u16(status).unwrap();
        (status, [("content-type", "application/xml")], text).into_response()
    })
}

fn act(shelf: &mut Shelf, asked: Asked) -> Result<Response, Refusal> {
    let has = |name: &str| asked.query.contains_key(name);
    match (asked.method.as_str(), asked.key.as_str()) {
        ("GET", "") => Ok(list(shelf, &asked)),
        ("GET", _) => get(shelf, &asked),
        ("POST", _) if has("uploads") => Ok(begin(shelf, &asked)),
        ("PUT", _) if has("partNumber") => part(shelf, &asked),
        ("PUT", _) => Ok(whole(shelf, &asked)),
        ("POST", _) if has("uploadId") => join(shelf, &asked),
        ("DELETE", _) if has("uploadId") => {
            shelf.uploads.remove(&asked.query["uploadId"]).ok_or((404, "NoSuchUpload"))?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err((405, "MethodNotAllowed")),
    }
}

fn list(shelf: &Shelf, asked: &Asked) -> Response {
    let word = |name: &str| asked.query.get(name).cloned().unwrap_or_default();
    assert_eq!((word("list-type"), word("encoding-type")), ("2".into(), "url".into()));
    let (prefix, after) = (word("prefix"), word("continuation-token"));
    let after = hex::decode(after.strip_prefix("after+").unwrap_or_default()).unwrap();
    let after = String::from_utf8(after).unwrap();
    let keys = shelf.objects.iter().filter(|(key, _)| key.starts_with(&prefix));
    let mut keys = keys.filter(|(key, _)| **key > after).peekable();
    let (mut text, mut last) = (String::new(), String::new());
    for _ in 0..shelf.page {
        let Some((key, (bytes, tag))) = keys.next() else { break };
        let (name, length) = (encoded(key, "/"), bytes.len());
        let tag = tag.replace('"', "&quot;");
        text.push_str(&format!(
            "<Contents><Key>{name}</Key><LastModified>2026-11-23T00:00:00.000Z</LastModified>\
             <ETag>{tag}</ETag><Size>{length}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        ));
        last.clone_from(key);
    }
    let is_cut = keys.peek().is_some();
    let next = match is_cut {
        true => {
            format!("<NextContinuationToken>after+{}</NextContinuationToken>", hex::encode(&last))
        }
        false => String::new(),
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.\
         com/doc/2006-03-01/\"><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix><EncodingType>url\
         </EncodingType><IsTruncated>{is_cut}</IsTruncated>{text}{next}</ListBucketResult>"
    );
    ([("content-type", "application/xml")], text).into_response()
}

fn get(shelf: &Shelf, asked: &Asked) -> Result<Response, Refusal> {
    let (bytes, tag) = shelf.objects.get(&asked.key).ok_or((404, "NoSuchKey"))?;
    if asked.headers.get("if-match").is_some_and(|match_| match_ != tag.as_str()) {
        return Err((412, "PreconditionFailed"));
    }
    let Some(range) = asked.headers.get("range") else { return Ok(bytes.clone().into_response()) };
    let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
    let (start, end) = range.split_once('-').unwrap();
    let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
    if start >= bytes.len() {
        return Err((416, "InvalidRange"));
    }
    let piece = bytes.slice(start..bytes.len().min(end + 1));
    Ok((StatusCode::PARTIAL_CONTENT, [("etag", tag.clone())], piece).into_response())
}

fn whole(shelf: &mut Shelf, asked: &Asked) -> Response {
    let tag = tag(&asked.body);
    shelf.objects.insert(asked.key.clone(), (asked.body.clone(), tag.clone()));
    note_type(shelf, asked);
    [("etag", tag)].into_response()
}

fn note_type(shelf: &mut Shelf, asked: &Asked) {
    let kinds: Vec<_> = asked.headers.get_all("content-type").iter().collect();
    assert_eq!(kinds.len(), 1, "{kinds:?}");
    let kind = kinds[0].to_str().unwrap().to_owned();
    shelf.content_types.insert(asked.key.clone(), kind);
}

fn begin(shelf: &mut Shelf, asked: &Asked) -> Response {
    shelf.begun += 1;
    let id = format!("upload/{}==", shelf.begun);
    shelf.uploads.insert(id.clone(), (asked.key.clone(), BTreeMap::new()));
    note_type(shelf, asked);
    let text = format!(
        "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><UploadId>{id}</UploadId>\
         </InitiateMultipartUploadResult>"
    );
    text.into_response()
}

fn part(shelf: &mut Shelf, asked: &Asked) -> Result<Response, Refusal> {
    let upload = shelf.uploads.get_mut(&asked.query["uploadId"]).ok_or((404, "NoSuchUpload"))?;
    let number = asked.query["partNumber"].parse().map_err(|_| (400, "InvalidArgument"))?;
    upload.1.insert(number, asked.body.clone());
    Ok([("etag", tag(&asked.body))].into_response())
}

fn join(shelf: &mut Shelf, asked: &Asked) -> Result<Response, Refusal> {
    if shelf.fails_late > 0 {
        shelf.fails_late -= 1;
        let text = "\n<Error><Code>InternalError</Code><Message>Try again.</Message></Error>";
        return Ok(text.into_response());
    }
    let id = &asked.query["uploadId"];
    let (key, parts) = shelf.uploads.get(id).ok_or((404, "NoSuchUpload"))?;
    let sent = String::from_utf8(asked.body.to_vec()).unwrap().replace("&quot;", "\"");
    let mut expected = String::new();
    let mut all = Vec::new();
    for (number, bytes) in parts {
        let tag = tag(bytes);
        expected
            .push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"));
        if bytes.len() < MIN_PART && *number != parts.len() {
            return Err((400, "EntityTooSmall"));
        }
        all.extend_from_slice(bytes);
    }
    let expected = format!("<CompleteMultipartUpload>{expected}</CompleteMultipartUpload>");
    if sent != expected || parts.keys().copied().ne(1..=parts.len()) {
        return Err((400, "InvalidPart"));
    }
    let tag = format!("\"{}-{}\"", &hash(&all)[..32], parts.len());
    shelf.objects.insert(key.clone(), (all.into(), tag));
    shelf.uploads.remove(id);
    let text = "<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>";
    Ok(text.into_response())
}

/// What Amazon's description of the signature asks for.
fn verified(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let given = header("authorization").ok_or((403, "AccessDenied"))?;
    let given = given.strip_prefix("AWS4-HMAC-SHA256 ").ok_or((400, "InvalidRequest"))?;
    let fields: BTreeMap<&str, &str> =
        given.split(',').filter_map(|field| field.trim().split_once('=')).collect();
    let scope: Vec<&str> = fields["Credential"].split('/').collect();
    let [id, day, region, "s3", "aws4_request"] = scope[..] else {
        return Err((400, "AuthorizationHeaderMalformed"));
    };
    let time = header("x-amz-date").ok_or((403, "AccessDenied"))?;
    if id != ID {
        return Err((403, "InvalidAccessKeyId"));
    }
    if region != REGION || !time.starts_with(day) {
        return Err((400, "AuthorizationHeaderMalformed"));
    }
    let content = header("x-amz-content-sha256").unwrap_or_default();
    if content != hash(body) {
        return Err((400, "XAmzContentSHA256Mismatch"));
    }
    let names: Vec<&str> = fields["SignedHeaders"].split(';').collect();
    let is_signed = |name: &str| names.contains(&name);
    let amazons = headers.keys().filter(|name| name.as_str().starts_with("x-amz-"));
    if !is_signed("host") || !amazons.into_iter().all(|name| is_signed(name.as_str())) {
        return Err((403, "AccessDenied"));
    }
    let lines: String = names
        .iter()
        .map(|name| format!("{name}:{}\n", header(name).unwrap_or_default().trim()))
        .collect();
    let mut query: Vec<_> = pairs(uri.query().unwrap_or_default())
        .into_iter()
        .map(|(name, value)| (encoded(&name, ""), encoded(&value, "")))
        .collect();
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let canonical = [
        method.as_str(),
        &encoded(&decoded(uri.path()), "/"),
        &query.join("&"),
        &lines,
        fields["SignedHeaders"],
        content,
    ];
    let canonical = hash(canonical.join("\n").as_bytes());
    let message = format!("AWS4-HMAC-SHA256\n{time}\n{day}/{region}/s3/aws4_request\n{canonical}");
    let mut key = format!("AWS4{KEY}").into_bytes();
    for part in [day, region, "s3", "aws4_request", &message] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes());
        key = tag.as_ref().to_vec();
    }
    match hex::encode(key) == fields["Signature"] {
        true => Ok(()),
        false => Err((403, "SignatureDoesNotMatch")),
    }
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", &hash(bytes)[..32])
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// What is behind `%XX`. A `+` stays one, as in a path.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

fn encoded(text: &str, but: &str) -> String {
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || but.as_bytes().contains(&byte)
    };
    let one = |byte: u8| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}
