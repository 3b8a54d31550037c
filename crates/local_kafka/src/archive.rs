//! Fetches Kafka's release archive, for machines without Maven.

use std::io::{Seek, Write};
use std::path::Path;
use std::time::Duration;

use flate2::read::GzDecoder;
use reqwest::{Client, Response, Url};
use sha2::{Digest, Sha512};

use crate::environment::Environment;
use crate::jars::VERSION;
use crate::progress::Progress;

/// Kafka 4.2.1 is 140 MB packed.
const MAX_BYTES: u64 = 512 << 20;
const MAX_UNPACKED_BYTES: u64 = 1 << 30;

/// A checksum file is one short line.
const MAX_SUM_BYTES: usize = 4 << 10;

const CONNECT_DEADLINE: Duration = Duration::from_secs(15);
const READ_DEADLINE: Duration = Duration::from_secs(60);

/// Unpacks the archive's jars to `home/libs`. An error reads on after "from the archive:".
pub(crate) async fn fetch(
    environment: &Environment,
    home: &Path,
    progress: &Progress,
) -> Result<(), String> {
    let url = match &environment.archive_url {
        Some(url) => url.clone(),
        None => {
            format!("https://archive.apache.org/dist/kafka/{VERSION}/kafka_2.13-{VERSION}.tgz")
        }
    };
    let client = client().map_err(|error| format!("no HTTP client: {error}"))?;
    let expected = published_sum(&client, &format!("{url}.sha512")).await?;
    let mut file = tempfile::tempfile().map_err(|error| format!("no temporary file: {error}"))?;
    let found = download(&client, &url, &mut file, progress).await?;
    if found != expected {
        return Err(format!("{url} has SHA-512 {found}, but {expected} was published"));
    }
    progress.say("unpacking");
    let libs = home.join("libs");
    let unpacked = tokio::task::spawn_blocking(move || {
        file.rewind()?;
        unpack(file, &libs)
    });
    match unpacked.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("cannot unpack {url}: {error}")),
        Err(error) => Err(format!("unpacking {url} stopped: {error}")),
    }
}

fn client() -> reqwest::Result<Client> {
    // Another crate of the process may have chosen already; then its choice stands.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().connect_timeout(CONNECT_DEADLINE).read_timeout(READ_DEADLINE).build()
}

async fn get(client: &Client, url: &str) -> Result<Response, String> {
    let parsed = Url::parse(url).map_err(|error| format!("{url:?} is no address: {error}"))?;
    let loopback = matches!(parsed.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if parsed.scheme() != "https" && !loopback {
        return Err(format!("{url} is not https"));
    }
    let response = client.get(parsed).send().await.and_then(Response::error_for_status);
    response.map_err(|error| format!("cannot get {url}: {}", chain(&error)))
}

/// Apache writes `name: 0123 4567 …` over several lines; `sha512sum` writes `01234567…  name`.
async fn published_sum(client: &Client, url: &str) -> Result<String, String> {
    let mut response = get(client, url).await?;
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        text.extend_from_slice(&chunk);
        if text.len() > MAX_SUM_BYTES {
            return Err(format!("{url} is no checksum: it is too long"));
        }
    }
    let text = String::from_utf8_lossy(&text);
    sum(&text).ok_or_else(|| format!("{url} is no SHA-512 checksum"))
}

fn sum(text: &str) -> Option<String> {
    let digits = match text.split_once(':') {
        Some((_, digits)) => digits.split_whitespace().collect(),
        None => text.split_whitespace().next()?.to_owned(),
    };
    let whole = digits.len() == 128 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| digits.to_ascii_lowercase())
}

/// Returns the SHA-512 of what was written to `file`.
async fn download(
    client: &Client,
    url: &str,
    file: &mut std::fs::File,
    progress: &Progress,
) -> Result<String, String> {
    let mut response = get(client, url).await?;
    let total =
        response.content_length().map_or(String::new(), |bytes| format!(" of {}", mb(bytes)));
    let mut hash = Sha512::new();
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        bytes += chunk.len() as u64;
        if bytes > MAX_BYTES {
            return Err(format!("{url} is larger than {}", mb(MAX_BYTES)));
        }
        hash.update(&chunk);
        file.write_all(&chunk).map_err(|error| format!("cannot keep {url}: {error}"))?;
        progress.say(format!("{}{total}", mb(bytes)));
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes the jars only, and of their paths only the names: nothing lands outside `libs`.
fn unpack(file: std::fs::File, libs: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(libs)?;
    let mut left = MAX_UNPACKED_BYTES;
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let in_libs = path.parent().is_some_and(|parent| parent.ends_with("libs"));
        let is_jar = path.extension().is_some_and(|extension| extension == "jar");
        let Some(name) = path.file_name().filter(|_| in_libs && is_jar) else { continue };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        left = left
            .checked_sub(entry.size())
            .ok_or_else(|| std::io::Error::other("it holds more than a release of Kafka"))?;
        std::io::copy(&mut entry, &mut std::fs::File::create(libs.join(name))?)?;
    }
    Ok(())
}

fn mb(bytes: u64) -> String {
    format!("{} MB", bytes >> 20)
}

/// reqwest says "error sending request" and keeps why in the sources.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn reads_both_kinds_of_checksum() {
        let digits = "0123456789abcdef".repeat(8);
        let spaced = digits
            .to_uppercase()
            .as_bytes()
            .chunks(8)
            .fold("kafka_2.13-4.2.1.tgz:".to_owned(), |text, part| {
                format!("{text} {}\n", String::from_utf8_lossy(part))
            });
        assert_eq!(sum(&spaced), Some(digits.clone()));
        assert_eq!(sum(&format!("{digits}  kafka.tgz\n")), Some(digits.clone()));
        assert_eq!(sum(&digits[1..]), None);
        assert_eq!(sum("<html>not found</html>"), None);
        assert_eq!(sum(""), None);
    }

    #[tokio::test]
    async fn takes_the_jars_of_an_archive() {
        let archive = packed(&[
            ("kafka/libs/kafka_2.13-4.2.1.jar", "broker"),
            ("kafka/libs/../../libs/escaped.jar", "stays inside"),
            ("kafka/bin/kafka.sh", "not needed"),
        ]);
        let digits: String = Sha512::digest(&archive).iter().map(|b| format!("{b:02x}")).collect();
        let home = tempfile::tempdir().unwrap();
        fetch_from(archive, format!("kafka.tgz: {digits}\n"), home.path()).await.unwrap();
        let mut names: Vec<_> = std::fs::read_dir(home.path().join("libs"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["escaped.jar", "kafka_2.13-4.2.1.jar"]);
    }

    #[tokio::test]
    async fn refuses_a_changed_archive() {
        let home = tempfile::tempdir().unwrap();
        let sum = format!("{}  kafka.tgz", "ab".repeat(64));
        let error = fetch_from(packed(&[("libs/a.jar", "")]), sum, home.path()).await.unwrap_err();
        assert!(error.contains("was published"), "{error}");
        assert!(!home.path().join("libs").exists());
    }

    #[tokio::test]
    async fn refuses_an_unprotected_address() {
        let environment = Environment {
            archive_url: Some("http://example.com/kafka.tgz".to_owned()),
            ..Environment::default()
        };
        let progress = Progress::begin(false, "testing".to_owned());
        let error = fetch(&environment, Path::new("/nowhere"), &progress).await.unwrap_err();
        assert_eq!(error, "http://example.com/kafka.tgz.sha512 is not https");
    }

    fn packed(files: &[(&str, &str)]) -> Vec<u8> {
        let zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(zip);
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            // The safe setter refuses `..`, which an attacker would not.
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_size(text.len() as u64);
            header.set_cksum();
            archive.append(&header, text.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    /// Serves the checksum, then the archive, to one client.
    async fn fetch_from(archive: Vec<u8>, sum: String, home: &Path) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            answer(listener.accept().unwrap().0, sum.as_bytes());
            answer(listener.accept().unwrap().0, &archive);
        });
        let environment = Environment {
            archive_url: Some(format!("http://{address}/kafka.tgz")),
            ..Environment::default()
        };
        let progress = Progress::begin(false, "testing".to_owned());
        let fetched = fetch(&environment, home, &progress).await;
        server.join().unwrap();
        fetched
    }

    fn answer(mut stream: TcpStream, body: &[u8]) {
        let request = BufReader::new(stream.try_clone().unwrap()).lines();
        request.map_while(Result::ok).find(|line| line.is_empty());
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
    }
}
