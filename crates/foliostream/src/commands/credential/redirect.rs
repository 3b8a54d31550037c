//! Listens where a vendor sends the person's browser with the code.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::{Host, Url};

/// Bytes of a request that are read; the code is in its first line.
const MAX_HEAD: usize = 16 << 10;
/// How long a browser may take to send its request.
const HEAD_WAIT: Duration = Duration::from_secs(10);
const PAGE: &str = "<!doctype html>\n<title>Foliostream</title>\n<p>You may close this page.</p>\n";

/// The place on this machine that a browser will be sent to.
pub struct Place {
    listener: TcpListener,
    path: String,
}

impl Place {
    /// Listens there, where that is plain http on this machine; nobody else's certificate is ours.
    pub async fn listen(redirect: Option<&Url>) -> Result<Option<Self>> {
        let Some((url, address)) = redirect.and_then(|url| Some((url, here(url)?))) else {
            return Ok(None);
        };
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("listening for {url}"))?;
        Ok(Some(Self { listener, path: url.path().to_owned() }))
    }

    /// The URL that the browser was sent to, without its host.
    pub async fn arrived(&self) -> Result<String> {
        loop {
            let (mut stream, _) = self.listener.accept().await.context("listening")?;
            // A browser that says nothing keeps nobody else waiting for long.
            let answer = tokio::time::timeout(HEAD_WAIT, self.answer(&mut stream)).await;
            if let Ok(Ok(Some(target))) = answer {
                return Ok(target);
            }
        }
    }

    /// Reads one request; gives its target if it is the one that is waited for.
    async fn answer(&self, stream: &mut TcpStream) -> std::io::Result<Option<String>> {
        let mut head = Vec::new();
        let mut chunk = [0; 2048];
        while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MAX_HEAD {
            match stream.read(&mut chunk).await? {
                0 => break,
                count => head.extend_from_slice(&chunk[..count]),
            }
        }
        let target = target(&String::from_utf8_lossy(&head), &self.path);
        let status = if target.is_some() { "200 OK" } else { "404 Not Found" };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\
             referrer-policy: no-referrer\r\nconnection: close\r\n\r\n{PAGE}",
            PAGE.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        Ok(target)
    }
}

/// The address behind a URL of this machine.
fn here(url: &Url) -> Option<SocketAddr> {
    let ip = match url.host()? {
        Host::Domain("localhost") => IpAddr::from([127, 0, 0, 1]),
        Host::Domain(_) => return None,
        Host::Ipv4(ip) => IpAddr::from(ip),
        Host::Ipv6(ip) => IpAddr::from(ip),
    };
    let is_here = url.scheme() == "http" && ip.is_loopback();
    Some(SocketAddr::from((ip, url.port_or_known_default()?))).filter(|_| is_here)
}

/// The target of a request for the path with something to say; a browser asks for icons too.
fn target(head: &str, path: &str) -> Option<String> {
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (found, query) = target.split_once('?')?;
    (method == "GET" && found == path && !query.is_empty()).then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_plain_http_on_this_machine_is_listened_to() {
        let check = |url: &str, address: Option<&str>| {
            let found = here(&url.parse().unwrap()).map(|address| address.to_string());
            assert_eq!(found.as_deref(), address, "{url}");
        };
        check("http://127.0.0.1:8182/", Some("127.0.0.1:8182"));
        check("http://localhost:9/callback", Some("127.0.0.1:9"));
        check("http://[::1]:9/", Some("[::1]:9"));
        check("https://127.0.0.1:8182/", None);
        check("http://192.0.2.1:80/", None);
        check("http://vendor.test/", None);
    }

    #[test]
    fn only_the_redirect_is_taken() {
        let check = |line: &str, found: Option<&str>| {
            let head = format!("{line} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
            assert_eq!(target(&head, "/callback").as_deref(), found, "{line}");
        };
        check("GET /callback?code=a&state=b", Some("/callback?code=a&state=b"));
        check("GET /callback", None);
        check("GET /callback?", None);
        check("GET /favicon.ico?code=a", None);
        check("POST /callback?code=a", None);
        assert_eq!(target("", "/callback"), None);
    }
}
