//! The way out of a network that has only one: a proxy that `HTTPS_PROXY` names, unless
//! `NO_PROXY` names the host. `http` heeds the same variables.

use std::io::{Error, Result};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// No proxy says more than this before it opens a tunnel.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// A connection to a host, through a proxy where one is to be used.
pub(crate) async fn connect(is_safe: bool, host: &str, port: u16) -> Result<TcpStream> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(proxy) = proxy(is_safe, host, env) else {
        return TcpStream::connect((host, port)).await;
    };
    through(&proxy, host, port).await
}

/// The proxy to use for a host.
fn proxy(is_safe: bool, host: &str, env: impl Fn(&str) -> Option<String>) -> Option<String> {
    let either = |lower: &str| env(lower).or_else(|| env(&lower.to_uppercase()));
    let is_local = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_local || either("no_proxy").is_some_and(|list| is_listed(host, &list)) {
        return None;
    }
    let named = either(if is_safe { "https_proxy" } else { "http_proxy" });
    named.or_else(|| either("all_proxy"))
}

/// Whether a list of names, each of which stands for its subdomains too, has a host.
fn is_listed(host: &str, list: &str) -> bool {
    let host = host.to_lowercase();
    list.to_lowercase().split(',').map(str::trim).any(|name| {
        let name = name.strip_prefix('.').unwrap_or(name);
        let above = host.strip_suffix(name).and_then(|rest| rest.strip_suffix('.'));
        name == "*" || !name.is_empty() && (host == name || above.is_some())
    })
}

/// A tunnel (RFC 9110, 9.3.6).
async fn through(proxy: &str, host: &str, port: u16) -> Result<TcpStream> {
    // Many write a proxy as a host and a port alone.
    let full = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    let url = Url::parse(&full).map_err(|error| Error::other(format!("the proxy: {error}")))?;
    let (scheme, name) = (url.scheme(), url.host_str().unwrap_or_default());
    if scheme != "http" {
        return Err(Error::other(format!("cannot use a proxy that speaks {scheme:?}")));
    }
    let address = (name.trim_matches(['[', ']']), url.port_or_known_default().unwrap_or(80));
    let mut stream = TcpStream::connect(address).await?;
    let target =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n");
    if let Some(proof) = proof(&url) {
        request.push_str(&format!("proxy-authorization: Basic {proof}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD_BYTES {
            return Err(Error::other(format!("the proxy {name} says too much")));
        }
        // Byte by byte: what follows belongs to whoever is behind the proxy.
        head.push(stream.read_u8().await?);
    }
    let status = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if status.first() != Some(&b'2') {
        let line = String::from_utf8_lossy(&head);
        let line = line.lines().next().unwrap_or_default();
        return Err(Error::other(format!("the proxy {name} does not open {target}: {line:?}")));
    }
    Ok(stream)
}

/// The name and password in the URL of a proxy.
fn proof(url: &Url) -> Option<String> {
    let decode = |text: &str| {
        let pair = format!("a={}", text.replace('+', "%2B"));
        let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
        pairs.next().map(|(_, value)| value.into_owned())
    };
    let password = decode(url.password().unwrap_or_default()).unwrap_or_default();
    let name = decode(url.username()).filter(|name| !name.is_empty())?;
    Some(STANDARD.encode(format!("{name}:{password}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_host_is_reached_as_the_environment_says() {
        let check = |env: &[(&str, &str)], is_safe: bool, host: &str, expected: Option<&str>| {
            let find = |name: &str| {
                env.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
            };
            assert_eq!(proxy(is_safe, host, find).as_deref(), expected, "{env:?} {host}");
        };
        let both = [("HTTPS_PROXY", "p:1"), ("NO_PROXY", "vendor.test, .other.test,10.0.0.1")];
        check(&[], true, "a.test", None);
        check(&both, true, "a.test", Some("p:1"));
        check(&both, false, "a.test", None);
        for host in
            ["vendor.test", "WS.vendor.test", "a.other.test", "10.0.0.1", "127.0.0.1", "::1"]
        {
            check(&both, true, host, None);
        }
        check(&both, true, "myvendor.test", Some("p:1"));
        check(&[("https_proxy", "p:1"), ("HTTPS_PROXY", "q:1")], true, "a.test", Some("p:1"));
        check(&[("all_proxy", "p:1")], false, "a.test", Some("p:1"));
        check(&[("all_proxy", "p:1"), ("no_proxy", "*")], false, "a.test", None);
    }

    /// A proxy that is asked once and says this.
    async fn ask(says: &'static str, user: &str) -> (Result<TcpStream>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://{user}{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4_096];
            let read = socket.read(&mut buffer).await.unwrap();
            socket.write_all(says.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&buffer[..read]).into_owned()
        });
        let opened = through(&proxy, "ws.vendor.test", 443).await;
        (opened, serving.await.unwrap())
    }

    #[tokio::test]
    async fn a_tunnel_leaves_what_follows_to_whoever_is_behind_it() {
        let says = "HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\nhello";
        let (opened, asked) = ask(says, "me:p%40ss@").await;
        assert_eq!(
            asked,
            "CONNECT ws.vendor.test:443 HTTP/1.1\r\nhost: ws.vendor.test:443\r\n\
             proxy-authorization: Basic bWU6cEBzcw==\r\n\r\n"
        );
        let mut rest = String::new();
        opened.unwrap().read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "hello");
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_quoted() {
        for (says, part) in [
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407"),
            ("HTTP/1.1 200", "end of file"),
            ("garbage\r\n\r\n", "garbage"),
        ] {
            let (opened, _) = ask(says, "").await;
            let error = opened.unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("password"), "{error}");
        }
        assert!(through("socks5://127.0.0.1:1", "a.test", 443).await.is_err());
    }
}
