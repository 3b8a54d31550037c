//! S3 and the stores that speak like it.
//!
//! Five requests are all that is needed of it, so they go over our own client, which paces,
//! retries, redacts and counts them like those to any vendor, with a signature from `credentials`.
//! The crate `object_store` would do them too, over a second HTTP client with pools, retries and
//! logs of its own.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use component::{Clock, Fault, Host, Result, Throttling};
use credentials::{Authenticator, Life, Method as Proves, SigV4};
use glob::{MatchOptions, Pattern};
use http::{Answer, Auth, Http, Method, Rate, Request, Tokens};
use model::Timestamp;
use tempfile::NamedTempFile;
use url::Url;

use super::listing::{Page, element, error};
use super::{MAX_FILES, Stored, address};
use crate::Error;

/// Objects that are looked at for a pattern.
const MAX_LISTED: usize = 200_000;
/// An object that is fetched; it is on the disk while it is imported.
const MAX_FETCHED_BYTES: u64 = 64 << 30;
/// Bytes that are fetched at a time.
const PIECE_BYTES: u64 = 8 << 20;
/// Bytes of a part of an upload: no store takes less than 5 MiB, but for the last one.
const PART_BYTES: u64 = 8 << 20;
/// Parts of an upload, by the store's own limit.
const MAX_PARTS: u64 = 10_000;
/// Longest wait for a piece or a part.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Longest wait until a store has put the parts together.
const JOIN_TIMEOUT: Duration = Duration::from_secs(600);
/// What goes wrong is blamed on this.
const SETTING: &str = "secret_access_key";

/// A bucket.
pub(crate) struct S3 {
    name: String,
    http: Http,
    endpoint: Url,
    is_internal: bool,
    /// The bucket, where it stands in the path.
    path: String,
    exports_below: Option<String>,
}

/// Bytes that are all at the store, or ready to go there in one step, but not in their place.
pub(crate) enum Upload {
    /// Few enough for one request.
    Whole(Vec<u8>),
    /// Parts that wait to be joined: the id of the upload, and what the store calls each part.
    Parts(String, Vec<String>),
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3").field("name", &self.name).finish_non_exhaustive()
    }
}

impl S3 {
    /// A bucket of a configuration. Nothing is asked yet.
    pub fn open(name: &str, settings: &topology::S3, clock: &Clock) -> Result<Self, Error> {
        let wrong =
            |what: &str, why: String| Error::Plan(format!("stores.{name}.s3.{what}: {why}"));
        let bucket = &settings.bucket;
        let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        if !bucket.chars().all(is_fit) || !(3..=63).contains(&bucket.len()) || bucket.contains("..")
        {
            return Err(wrong("bucket", format!("{bucket:?} cannot be the name of a bucket")));
        }
        let (mut endpoint, mut path) = (settings.endpoint.clone(), "/".to_owned());
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        if settings.path_style {
            path.push_str(bucket);
        } else {
            let host = endpoint.domain().map(|host| format!("{bucket}.{host}"));
            let is_set = host.is_some_and(|host| endpoint.set_host(Some(&host)).is_ok());
            if !is_set {
                let why = "a bucket cannot stand in front of it; say path_style: true".to_owned();
                return Err(wrong("endpoint", why));
            }
        }
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(wrong("endpoint", "what opens a store is not in its URL".to_owned()));
        }
        let key = SigV4 {
            access_key_id: settings.access_key_id.clone(),
            secret_access_key: settings.secret_access_key.clone(),
            session_token: settings.session_token.clone(),
            region: settings.region.clone(),
            service: "s3".to_owned(),
        };
        let tokens = Arc::new(Tokens::new(settings.insecure)?); // none is ever asked for
        let method = Proves::SigV4(Box::new(key));
        let key = Authenticator::new(name, method, Life::default(), clock.clone(), tokens, None);
        let host = Host::new(&format!("store.{name}"), "s3", clock.clone(), Throttling::default());
        let auth = Auth::credential(SETTING, key);
        let http = Http::open(&host, &endpoint, settings.insecure, auth, Rate::UNLIMITED)?;
        Ok(Self {
            name: name.to_owned(),
            http: http.explained_by(in_its_words),
            endpoint,
            is_internal: settings.internal,
            path,
            exports_below: settings.exports_below.clone(),
        })
    }

    /// What messages call an object.
    pub fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    /// Whether exports may be written there; the reason if not.
    pub fn allows(&self, key: &str) -> Result<(), String> {
        let Some(below) = &self.exports_below else {
            return Err(format!("stores.{}.s3.exports_below does not allow it", self.name));
        };
        if !key.starts_with(below) {
            return Err(format!("exports to the store {:?} are below {below:?}", self.name));
        }
        let is_part = |part: &str| !matches!(part, "" | "." | "..");
        match key.split('/').all(is_part) && !key.contains(char::is_control) {
            true => Ok(()),
            false => Err("it cannot be the key of an object".to_owned()),
        }
    }

    /// The objects that a key or a pattern names, in the order of their keys.
    pub async fn list(&self, pattern: &str) -> Result<Vec<Stored>> {
        address::check(&self.endpoint, self.is_internal).await?;
        let wrong = |error: glob::PatternError| Fault::fatal(format!("{pattern:?}: {error}"));
        let shape = Pattern::new(pattern).map_err(wrong)?;
        let is_one = !pattern.contains(['*', '?', '[']);
        let rules = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
        // A query is spelled in more than one way, but for these characters.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let end = pattern.find(|c| !is_plain(c)).unwrap_or(pattern.len());
        let prefix = &pattern[..end];
        let (mut found, mut looked_at, mut next) = (Vec::new(), 0, None::<String>);
        loop {
            let request = Request::get(&self.path)
                .query(&[("list-type", "2"), ("encoding-type", "url")])
                .maybe("prefix", Some(prefix))
                .maybe("continuation-token", next.as_deref());
            let answer = self.http.fetch(&request).await?;
            let page = Page::read(&String::from_utf8_lossy(&answer.body)).map_err(|reason| {
                Fault::retry(format!("could not read the list of objects: {reason}"))
            })?;
            looked_at += page.objects.len();
            // What ends with a slash stands for a folder.
            let is_meant = |object: &Stored| match is_one {
                true => object.key == pattern,
                false => !object.key.ends_with('/') && shape.matches_with(&object.key, rules),
            };
            found.extend(page.objects.into_iter().filter(is_meant));
            if found.len() > MAX_FILES {
                return Err(Fault::fatal(format!("it names more than {MAX_FILES} objects")));
            }
            next = page.next;
            if next.is_none() || (is_one && !found.is_empty()) {
                return Ok(found);
            }
            if looked_at >= MAX_LISTED {
                let reason = format!("more than {MAX_LISTED} keys begin with {prefix:?}");
                return Err(Fault::fatal(reason));
            }
        }
    }

    /// Fetches an object, a piece at a time, all of the same version.
    pub async fn fetch(&self, object: &Stored) -> Result<NamedTempFile> {
        if object.bytes > MAX_FETCHED_BYTES {
            let reason = format!("{} bytes are more than {MAX_FETCHED_BYTES}", object.bytes);
            return Err(Fault::fatal(reason));
        }
        let disk =
            |error: std::io::Error| Fault::fatal(format!("fetching to a temporary file: {error}"));
        let mut file = NamedTempFile::new().map_err(disk)?;
        let mut start = 0;
        while start < object.bytes {
            let end = object.bytes.min(start + PIECE_BYTES);
            let request = self
                .at(Method::GET, &object.key)
                .header("range", &format!("bytes={start}-{}", end - 1))
                .header("if-match", &object.version)
                .header("accept-encoding", "identity")
                .max_depth(usize::MAX)
                .max_body_bytes(PIECE_BYTES as usize);
            let answer = self.http.fetch(&request).await?;
            if answer.body.len() as u64 != end - start {
                let found = answer.body.len();
                let reason = format!("{found} bytes came where {} were asked for", end - start);
                return Err(Fault::fatal(reason));
            }
            file.write_all(&answer.body).map_err(disk)?;
            start = end;
        }
        file.flush().map_err(disk)?;
        Ok(file)
    }

    /// Brings a file to the store, but not to its place.
    pub async fn upload(&self, key: &str, path: &Path) -> Result<Upload> {
        address::check(&self.endpoint, self.is_internal).await?;
        let disk = |error: std::io::Error| Fault::fatal(format!("reading what to send: {error}"));
        let mut file = File::open(path).map_err(disk)?;
        let length = file.metadata().map_err(disk)?.len();
        if length <= PART_BYTES {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(disk)?;
            return Ok(Upload::Whole(bytes));
        }
        // An upload that is begun twice, since an answer was lost, shows nothing to anybody.
        let begin = self
            .at(Method::POST, key)
            .query(&[("uploads", "")])
            .header("content-type", content_type(key))
            .safe();
        let answer = self.http.fetch(&begin).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let id = element(&text, &["InitiateMultipartUploadResult", "UploadId"]);
        let id = id.ok_or_else(|| Fault::retry("the store has not named the upload"))?;
        match self.parts(key, &id, &mut file, length).await {
            Ok(tags) => Ok(Upload::Parts(id, tags)),
            Err(fault) => {
                self.abort(key, Upload::Parts(id, Vec::new())).await;
                Err(fault)
            }
        }
    }

    async fn parts(
        &self,
        key: &str,
        id: &str,
        file: &mut File,
        length: u64,
    ) -> Result<Vec<String>> {
        let disk = |error: std::io::Error| Fault::fatal(format!("reading what to send: {error}"));
        let size = PART_BYTES.max(length.div_ceil(MAX_PARTS));
        let mut tags = Vec::new();
        let mut start = 0;
        while start < length {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(start)).map_err(disk)?;
            file.take(size).read_to_end(&mut bytes).map_err(disk)?;
            start += bytes.len() as u64;
            let number = (tags.len() + 1).to_string();
            let request = self
                .at(Method::PUT, key)
                .query(&[("partNumber", &number), ("uploadId", id)])
                .bytes("application/octet-stream", bytes)
                .safe();
            let answer = self.http.fetch(&request).await?;
            let tag = answer.header("etag").map(str::to_owned);
            tags.push(tag.ok_or_else(|| Fault::retry("the store has not named a part"))?);
        }
        Ok(tags)
    }

    /// Puts what is at the store in its place, in one step.
    pub async fn place(&self, key: &str, upload: Upload) -> Result<()> {
        match upload {
            Upload::Whole(bytes) => {
                let request = self.at(Method::PUT, key).bytes(content_type(key), bytes).safe();
                self.http.fetch(&request).await.map(drop)
            }
            Upload::Parts(id, tags) => {
                let request = self
                    .at(Method::POST, key)
                    .query(&[("uploadId", &id)])
                    .bytes("application/xml", joined(&tags))
                    .timeout(JOIN_TIMEOUT)
                    .safe();
                let placed = self.http.clone().judged_by(is_joined).fetch(&request).await;
                if placed.is_err() {
                    // If only the answer was lost, there is nothing to abort any more.
                    self.abort(key, Upload::Parts(id, tags)).await;
                }
                placed.map(drop)
            }
        }
    }

    /// Leaves nothing of an upload behind.
    pub async fn abort(&self, key: &str, upload: Upload) {
        let Upload::Parts(id, _) = upload else { return };
        let request = self.at(Method::DELETE, key).query(&[("uploadId", &id)]).safe();
        if let Err(fault) = self.http.fetch(&request).await {
            let url = self.url(key);
            tracing::warn!(url, upload = id, %fault, "parts of an upload were left at the store");
        }
    }

    /// A request about an object.
    fn at(&self, method: Method, key: &str) -> Request {
        let request = Request::new(method, &self.path).timeout(TIMEOUT);
        key.split('/').fold(request, Request::segment)
    }
}

fn content_type(key: &str) -> &'static str {
    match Path::new(key).extension().and_then(|ending| ending.to_str()) {
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        _ => "application/octet-stream",
    }
}

/// Names the parts of an upload in their order.
fn joined(tags: &[String]) -> String {
    let mut text = String::from("<CompleteMultipartUpload>");
    for (index, tag) in tags.iter().enumerate() {
        let (number, tag) = (index + 1, quick_xml::escape::escape(tag));
        text.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"));
    }
    text.push_str("</CompleteMultipartUpload>");
    text
}

/// A store may say 200 before it has joined the parts, and find that it cannot.
fn is_joined(answer: &Answer, _: Timestamp) -> Result<()> {
    let text = String::from_utf8_lossy(&answer.body);
    match error(&text) {
        Some(reason) => Err(Fault::retry(format!("the parts were not joined: {reason}"))),
        None if text.contains("CompleteMultipartUploadResult") => Ok(()),
        None => Err(Fault::retry("the store has not said that the parts were joined")),
    }
}

/// The same fault, with what the store says instead of its XML.
fn in_its_words(fault: Fault) -> Fault {
    let told = |reason: String| match (reason.split_once(": "), error(&reason)) {
        (Some((title, _)), Some(error)) => format!("{title}: {error}"),
        _ => reason,
    };
    match fault {
        Fault::Retry(reason) => Fault::Retry(told(reason)),
        Fault::Throttled { wait, reason } => Fault::Throttled { wait, reason: told(reason) },
        Fault::Unauthorized { reason, setting } => {
            Fault::Unauthorized { reason: told(reason), setting }
        }
        Fault::Fatal(reason) => Fault::Fatal(told(reason)),
        other => other,
    }
}
