//! The files of an import: found, fetched and unpacked.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use component::{Clock, Host, Throttling};
use encoding_rs::UTF_8;
use encoding_rs_io::DecodeReaderBytesBuilder;
use http::{Auth, Http, Rate, Request};
use tempfile::NamedTempFile;
use topology::{Compression, Format};
use url::Url;

use crate::seen::Mark;
use crate::stores::{MAX_FILES, S3, Stored, attempted, wait};
use crate::{Error, Plan};

/// A file that is fetched; it is held in memory for a moment.
const MAX_FETCHED_BYTES: usize = 256 << 20;
/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// A file to import.
#[derive(Debug)]
pub struct Input {
    /// What messages call it: its path, its URL in a store, or the last part of another URL.
    pub name: String,
    place: Place,
}

/// Where the bytes of a file are.
#[derive(Debug)]
enum Place {
    Here(PathBuf),
    /// Where it was fetched to; it goes when the input does.
    Fetched(NamedTempFile),
    /// Still in its store.
    Stored(Arc<S3>, Stored),
}

/// A file that is open, and how much of it has been read.
pub(crate) struct Opened {
    pub content: Content,
    pub read: Arc<AtomicU64>,
    pub length: u64,
}

/// What is in a file.
pub(crate) enum Content {
    /// Text from its beginning to its end.
    Text(Box<dyn BufRead + Send>),
    /// Columns here and there; and how much of the file has been read.
    Columns(File, Arc<AtomicU64>),
}

impl Input {
    /// A file on this machine.
    pub fn of_path(path: &Path) -> Self {
        Self { name: path.display().to_string(), place: Place::Here(path.to_owned()) }
    }

    /// The files that an import names, in the order of their names; that of a URL is fetched, those
    /// of a store when they are read.
    pub async fn find(plan: &Plan, from: &str, clock: &Clock) -> Result<Vec<Self>, Error> {
        if let Some((store, pattern)) = plan.stores.find(from)? {
            return stored(store, from, &pattern).await;
        }
        match Url::parse(from) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                Ok(vec![fetch(plan, &url, clock).await?])
            }
            Ok(url) if url.scheme() == "file" => {
                let path = from.trim_start_matches("file://");
                Ok(vec![Self::of_path(Path::new(path))])
            }
            Ok(url) if url.scheme().len() > 1 => {
                let known = "a path, a pattern, or a URL of http, https, file or s3";
                Err(Error::Plan(format!("{from:?}: expected {known}")))
            }
            _ => matching(from),
        }
    }

    /// The same once it is on this machine, where it is not. Blocks.
    pub(crate) fn fetched(&self) -> Result<Option<Self>, Error> {
        let Place::Stored(store, object) = &self.place else { return Ok(None) };
        let fetched = wait(store.fetch(object)).map_err(attempted("reading", &self.name))?;
        Ok(Some(Self { name: self.name.clone(), place: Place::Fetched(fetched) }))
    }

    /// What tells this object, as it is, from all others of its store.
    pub(crate) fn mark(&self) -> Option<Mark> {
        match &self.place {
            Place::Stored(_, object) => Some(Mark::new(&self.name, &object.version)),
            Place::Here(_) | Place::Fetched(_) => None,
        }
    }

    pub(crate) fn open(&self, plan: &Plan) -> Result<Opened, Error> {
        let path = match &self.place {
            Place::Here(path) => path.as_path(),
            Place::Fetched(file) => file.path(),
            Place::Stored(..) => {
                return Err(Error::Plan(format!("{} has not been fetched", self.name)));
            }
        };
        let error = || Error::file("reading", path);
        let file = File::open(path).map_err(error())?;
        let metadata = file.metadata().map_err(error())?;
        if !metadata.is_file() {
            return Err(error()(io::Error::other("it is not a file")));
        }
        let read = Arc::new(AtomicU64::new(0));
        if plan.format == Format::Parquet {
            let content = Content::Columns(file, read.clone());
            return Ok(Opened { content, read, length: metadata.len() });
        }
        let counted = Counted { file, read: read.clone() };
        let packed = BufReader::with_capacity(BUFFER_BYTES, counted);
        let bytes: Box<dyn Read + Send> = match self.compression(plan) {
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            Compression::Zstd => {
                Box::new(zstd::stream::read::Decoder::with_buffer(packed).map_err(error())?)
            }
            Compression::Auto | Compression::None => Box::new(packed),
        };
        // UTF-8 goes through as it is, so that a row with a broken character is that row's
        // mistake; only its mark at the beginning of a file is taken away.
        let text: Box<dyn BufRead + Send> = if plan.encoding == UTF_8 {
            let mut text = BufReader::with_capacity(BUFFER_BYTES, bytes);
            if text.fill_buf().map_err(error())?.starts_with(b"\xef\xbb\xbf") {
                text.consume(3);
            }
            Box::new(text)
        } else {
            let decoded = DecodeReaderBytesBuilder::new()
                .encoding(Some(plan.encoding))
                .build_with_buffer(bytes, vec![0; BUFFER_BYTES])
                .map_err(error())?;
            Box::new(BufReader::with_capacity(BUFFER_BYTES, decoded))
        };
        Ok(Opened { content: Content::Text(text), read, length: metadata.len() })
    }

    fn compression(&self, plan: &Plan) -> Compression {
        let ending = Path::new(&self.name).extension().and_then(|ending| ending.to_str());
        match (plan.compression, ending) {
            (Compression::Auto, Some("gz")) => Compression::Gzip,
            (Compression::Auto, Some("zst" | "zstd")) => Compression::Zstd,
            (given, _) => given,
        }
    }
}

/// Counts what is read of a file.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

fn matching(pattern: &str) -> Result<Vec<Input>, Error> {
    let wrong = |error: glob::PatternError| Error::Plan(format!("{pattern:?}: {error}"));
    let mut found = Vec::new();
    for path in glob::glob(pattern).map_err(wrong)? {
        let path = path.map_err(|error| {
            let (path, error) = (error.path().to_owned(), io::Error::other(error.to_string()));
            Error::File { attempted: "looking into", path, error }
        })?;
        if path.is_file() {
            found.push(Input::of_path(&path));
        }
        if found.len() > MAX_FILES {
            let reason = format!("{pattern:?} names more than {MAX_FILES} files");
            return Err(Error::Plan(reason));
        }
    }
    if found.is_empty() && !pattern.contains(['*', '?', '[']) {
        let error = io::Error::from(io::ErrorKind::NotFound);
        return Err(Error::File { attempted: "reading", path: pattern.into(), error });
    }
    Ok(found)
}

/// Fetches a file whole before any of it is read.
async fn fetch(plan: &Plan, url: &Url, clock: &Clock) -> Result<Input, Error> {
    let component = plan.instance();
    let host = Host::new(&component, "fetch", clock.clone(), Throttling::default());
    let (mut base, mut path) = (url.clone(), url.path().to_owned());
    base.set_path("");
    base.set_query(None);
    if let Some(query) = url.query() {
        path = format!("{path}?{query}");
    }
    let http = Http::open(&host, &base, plan.is_insecure, Auth::none(), Rate::UNLIMITED)?;
    let request = Request::follow(&path, None).max_body_bytes(MAX_FETCHED_BYTES);
    let answer = http.fetch(&request).await?;
    let temporary = |error| Error::file("fetching to", Path::new("a temporary file"))(error);
    let mut file = NamedTempFile::new().map_err(temporary)?;
    file.write_all(&answer.body).map_err(temporary)?;
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let name = if last.is_empty() { url.host_str().unwrap_or_default() } else { last };
    Ok(Input { name: name.to_owned(), place: Place::Fetched(file) })
}

/// The objects of a store that a key or a pattern names.
async fn stored(store: Arc<S3>, from: &str, pattern: &str) -> Result<Vec<Input>, Error> {
    let found = store.list(pattern).await.map_err(attempted("looking into", from))?;
    if found.is_empty() && !pattern.contains(['*', '?', '[']) {
        let fault = component::Fault::fatal("there is no such object");
        return Err(attempted("reading", from)(fault));
    }
    let input = |object: Stored| Input {
        name: store.url(&object.key),
        place: Place::Stored(store.clone(), object),
    };
    Ok(found.into_iter().map(input).collect())
}
