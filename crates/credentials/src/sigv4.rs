//! AWS Signature Version 4, as S3 and the stores that speak like it want it: the path is encoded
//! once, and the body is a part of what is signed.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use component::Secret;
use model::Timestamp;
use ring::{digest, hmac};

use crate::method::{Asked, Proof};
use crate::text;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

/// A key of a service that is asked as AWS is.
#[derive(Clone, Debug)]
pub struct SigV4 {
    /// Names the key.
    pub access_key_id: Secret,
    /// The key.
    pub secret_access_key: Secret,
    /// Goes with a key that is lent for a while.
    pub session_token: Option<Secret>,
    /// Where the service is, such as `eu-central-1`.
    pub region: String,
    /// The service, such as `s3`.
    pub service: String,
}

impl SigV4 {
    pub(crate) fn prove(&self, asked: &Asked<'_>, now: Timestamp) -> Proof {
        let time = time(now);
        let day = time.get(..8).unwrap_or_default();
        let body = hash(asked.body);
        let mut headers = vec![
            ("host", host(asked)),
            ("x-amz-content-sha256", body.clone()),
            ("x-amz-date", time.clone()),
        ];
        if let Some(token) = &self.session_token {
            headers.push(("x-amz-security-token", token.expose().to_owned()));
        }
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String =
            headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let (method, path, query) = (asked.method, path(asked), query(asked));
        let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{body}");
        let scope = [day, &self.region, &self.service, TERMINATOR].join("/");
        let message = [ALGORITHM, &time, &scope, &hash(canonical.as_bytes())].join("\n");
        let signature = hex::encode(sign(self.key(day).as_ref(), &message));
        let id = self.access_key_id.expose();
        let value = format!(
            "{ALGORITHM} Credential={id}/{scope},SignedHeaders={names},Signature={signature}"
        );
        let mut proof = Proof::default();
        // The host is sent by whoever connects to it.
        for (name, value) in headers.into_iter().skip(1) {
            proof.header(name, Secret::new(value));
        }
        proof.header("authorization", Secret::new(value));
        proof
    }

    /// The key of a day: it is of no use on another one, elsewhere or to another service.
    fn key(&self, day: &str) -> hmac::Tag {
        let secret = format!("AWS4{}", self.secret_access_key.expose());
        let day = sign(secret.as_bytes(), day);
        let region = sign(day.as_ref(), &self.region);
        let service = sign(region.as_ref(), &self.service);
        sign(service.as_ref(), TERMINATOR)
    }

    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        [&self.secret_access_key].into_iter().chain(&self.session_token).collect()
    }
}

fn sign(key: &[u8], message: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// `20130524T000000Z`.
fn time(now: Timestamp) -> String {
    let text = now.to_string();
    let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
    let mut time: String = seconds.chars().filter(|char| !matches!(char, '-' | ':')).collect();
    time.push('Z');
    time
}

fn host(asked: &Asked<'_>) -> String {
    let host = asked.url.host_str().unwrap_or_default();
    match asked.url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The path as it is sent, where a URL leaves more as it is than a signature does.
fn path(asked: &Asked<'_>) -> String {
    let encoded = |part: &str| part.split('%').map(text::percent).collect::<Vec<_>>().join("%");
    asked.url.path().split('/').map(encoded).collect::<Vec<_>>().join("/")
}

fn query(asked: &Asked<'_>) -> String {
    let pairs = asked.url.query_pairs();
    let mut pairs: Vec<_> =
        pairs.map(|(name, value)| (text::percent(&name), text::percent(&value))).collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use url::Url;

    use super::*;

    fn key() -> SigV4 {
        SigV4 {
            access_key_id: Secret::new("AKIAIOSFODNN7EXAMPLE"),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            session_token: None,
            region: "us-east-1".to_owned(),
            service: "s3".to_owned(),
        }
    }

    fn proof(key: &SigV4, url: &str) -> Proof {
        let url = Url::parse(url).unwrap();
        let asked = Asked { method: "GET", url: &url, body: b"" };
        key.prove(&asked, "2013-05-24T00:00:00Z".parse().unwrap())
    }

    /// The examples of the page that the module's head names, which have these headers.
    #[test]
    fn signatures_are_those_that_aws_publishes() {
        for (query, signature) in [
            ("lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            (
                "max-keys=2&prefix=J",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            let url = format!("https://examplebucket.s3.amazonaws.com/?{query}");
            let proof = proof(&key(), &url);
            let sent: Vec<_> = proof.headers.iter().map(|(name, value)| (&**name, value)).collect();
            let authorization = format!(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/\
                 aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,\
                 Signature={signature}"
            );
            let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
            let values = [empty, "20130524T000000Z", &authorization].map(Secret::new);
            let names = ["x-amz-content-sha256", "x-amz-date", "authorization"];
            assert_eq!(sent, names.into_iter().zip(&values).collect::<Vec<_>>(), "{query}");
        }
    }

    #[test]
    fn paths_and_queries_are_encoded_as_the_signature_wants_them() {
        let url = "http://127.0.0.1:9000/bucket/a%20b/c=d!%25.csv?b=x%2By&a=%2F&uploads=";
        let url = Url::parse(url).unwrap();
        let asked = Asked { method: "GET", url: &url, body: b"" };
        assert_eq!(host(&asked), "127.0.0.1:9000");
        assert_eq!(path(&asked), "/bucket/a%20b/c%3Dd%21%25.csv");
        assert_eq!(query(&asked), "a=%2F&b=x%2By&uploads=");
    }

    #[test]
    fn a_key_that_is_lent_goes_with_its_token() {
        let key = SigV4 { session_token: Some(Secret::new("lent")), ..key() };
        let proof = proof(&key, "https://examplebucket.s3.amazonaws.com/?lifecycle");
        let names: Vec<_> = proof.headers.iter().map(|(name, _)| &**name).collect();
        let all = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "authorization"];
        assert_eq!(names, all);
        let (_, authorization) = &proof.headers[3];
        assert!(authorization.expose().contains(";x-amz-date;x-amz-security-token,"));
        assert_eq!(key.secrets().len(), 2);
    }
}
