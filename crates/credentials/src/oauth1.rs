//! OAuth 1.0a with HMAC-SHA1: RFC 5849, in three legs.

use component::Secret;
use model::Timestamp;
use url::Url;

use crate::hmac::Hash;
use crate::method::Proof;
use crate::token::Tokens;
use crate::transport::{Exchange, Reply, page_text};
use crate::{Error, Result, text};

/// An application that signs, and where it gets what it signs with.
#[derive(Clone, Debug)]
pub struct OAuth1 {
    /// The application.
    pub consumer_key: String,
    /// Its secret.
    pub consumer_secret: Secret,
    /// Leg one.
    pub request_token_url: Url,
    /// Where a person consents; `{key}` and `{token}` are filled in.
    pub authorize_url: String,
    /// Leg three.
    pub access_token_url: Url,
    /// Where a token that fell asleep is woken, if there is such a place.
    pub renew_url: Option<Url>,
    /// Where a token is given back, if there is such a place.
    pub revoke_url: Option<Url>,
    /// Where the person is sent with the verifier; `oob` where it is shown instead.
    pub callback: String,
}

/// A token of the first leg, kept until a person has consented.
#[derive(Clone, Debug)]
pub(crate) struct Temporary {
    pub token: Secret,
    pub secret: Secret,
}

const NONCE_BYTES: usize = 16;

impl OAuth1 {
    /// The first leg.
    pub(crate) fn ask(&self, now: Timestamp) -> Result<Exchange> {
        let extra = [("oauth_callback", self.callback.as_str())];
        self.signed(&self.request_token_url, None, &extra, now)
    }

    pub(crate) fn asked(&self, name: &str, reply: &Reply) -> Result<Temporary> {
        let (token, secret) = self.pair(name, "the request for a login", reply)?;
        Ok(Temporary { token, secret })
    }

    pub(crate) fn login_url(&self, temporary: &Temporary) -> Result<Url> {
        let url = self.authorize_url.replace("{key}", &text::percent(&self.consumer_key));
        let url = url.replace("{token}", &text::percent(temporary.token.expose()));
        url.parse().map_err(|error| Error::Setting(format!("the login page is no URL: {error}")))
    }

    /// The third leg.
    pub(crate) fn redeem(
        &self,
        temporary: &Temporary,
        verifier: &Secret,
        now: Timestamp,
    ) -> Result<Exchange> {
        let token = Some((&temporary.token, &temporary.secret));
        let extra = [("oauth_verifier", verifier.expose())];
        self.signed(&self.access_token_url, token, &extra, now)
    }

    pub(crate) fn redeemed(&self, name: &str, reply: &Reply, now: Timestamp) -> Result<Tokens> {
        let (access, secret) = self.pair(name, "the login", reply)?;
        let (secret, refresh, expires) = (Some(secret), None, None);
        Ok(Tokens { access, secret, refresh, expires, renewed: now, granted: now })
    }

    /// Wakes a token that fell asleep.
    pub(crate) fn renew(&self, tokens: &Tokens, now: Timestamp) -> Option<Result<Exchange>> {
        self.renew_url.as_ref().map(|url| self.with_token(url, tokens, now))
    }

    pub(crate) fn renewed(
        &self,
        name: &str,
        tokens: &Tokens,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Tokens> {
        if reply.status != 200 {
            return Err(refusal(name, "the renewal", reply));
        }
        Ok(Tokens { renewed: now, ..tokens.clone() })
    }

    pub(crate) fn revoke(&self, tokens: &Tokens, now: Timestamp) -> Option<Result<Exchange>> {
        self.revoke_url.as_ref().map(|url| self.with_token(url, tokens, now))
    }

    fn with_token(&self, url: &Url, tokens: &Tokens, now: Timestamp) -> Result<Exchange> {
        self.signed(url, tokens.secret.as_ref().map(|secret| (&tokens.access, secret)), &[], now)
    }

    fn signed(
        &self,
        url: &Url,
        token: Option<(&Secret, &Secret)>,
        extra: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<Exchange> {
        let nonce = text::random(NONCE_BYTES)?;
        let header = self.header("GET", url, token, extra, &nonce, now);
        let mut exchange = Exchange::get(url.clone());
        exchange.headers.push(("authorization", header));
        Ok(exchange)
    }

    pub(crate) fn prove(
        &self,
        method: &str,
        url: &Url,
        tokens: &Tokens,
        now: Timestamp,
    ) -> Result<Proof> {
        let nonce = text::random(NONCE_BYTES)?;
        let token = tokens.secret.as_ref().map(|secret| (&tokens.access, secret));
        let mut proof = Proof::default();
        proof.header("authorization", self.header(method, url, token, &[], &nonce, now));
        Ok(proof)
    }

    fn header(
        &self,
        method: &str,
        url: &Url,
        token: Option<(&Secret, &Secret)>,
        extra: &[(&str, &str)],
        nonce: &str,
        now: Timestamp,
    ) -> Secret {
        let time = now.0.div_euclid(1_000_000_000).to_string();
        let mut oauth = vec![
            ("oauth_consumer_key", self.consumer_key.as_str()),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &time),
        ];
        oauth.extend(token.map(|(token, _)| ("oauth_token", token.expose())));
        oauth.extend_from_slice(extra);
        let base = base_string(method, url, &oauth);
        let secret = token.map_or("", |(_, secret)| secret.expose());
        let signature = sign(self.consumer_secret.expose(), secret, &base);
        oauth.push(("oauth_signature", &signature));
        oauth.sort_unstable();
        let pairs = oauth.iter().map(|(key, value)| format!("{key}=\"{}\"", text::percent(value)));
        Secret::new(format!("OAuth {}", pairs.collect::<Vec<_>>().join(", ")))
    }

    /// A token and its secret. Both may hold `/`, `+` and `=`: they are decoded once, here.
    fn pair(&self, name: &str, what: &str, reply: &Reply) -> Result<(Secret, Secret)> {
        if reply.status != 200 {
            return Err(refusal(name, what, reply));
        }
        let mut form = text::form(reply.body.expose());
        let mut take = |key: &str| {
            let at = form.iter().position(|(other, value)| other == key && !value.is_empty());
            at.map(|at| Secret::new(form.swap_remove(at).1))
        };
        match (take("oauth_token"), take("oauth_token_secret")) {
            (Some(token), Some(secret)) => Ok((token, secret)),
            _ => Err(Error::Unreachable(format!("{what} was answered without a token"))),
        }
    }
}

/// RFC 5849, 3.4.1. The body is signed only where it is a form, which no vendor of ours sends.
fn base_string(method: &str, url: &Url, oauth: &[(&str, &str)]) -> String {
    let mut pairs: Vec<_> = oauth
        .iter()
        .map(|(key, value)| (text::percent(key), text::percent(value)))
        .chain(url.query_pairs().map(|(key, value)| (text::percent(&key), text::percent(&value))))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    // `Url` has put scheme and host into lower case and left out a port that goes without saying.
    let bare = format!("{}{}", url.origin().ascii_serialization(), url.path());
    let parts =
        [method.to_ascii_uppercase(), text::percent(&bare), text::percent(&pairs.join("&"))];
    parts.join("&")
}

fn sign(consumer_secret: &str, token_secret: &str, base: &str) -> String {
    let key = format!("{}&{}", text::percent(consumer_secret), text::percent(token_secret));
    text::base64(&Hash::Sha1.sign(key.as_bytes(), base.as_bytes()))
}

/// What a vendor says no with: `oauth_problem=...`, in a form, in JSON, in XML or on a page.
pub(crate) fn problem(body: &str) -> Option<&str> {
    let (_, after) = body.split_once("oauth_problem=")?;
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    Some(&after[..end.unwrap_or(after.len())]).filter(|word| !word.is_empty())
}

fn refusal(name: &str, what: &str, reply: &Reply) -> Error {
    let name = name.to_owned();
    match problem(reply.body.expose()) {
        Some(
            word @ ("token_expired" | "token_rejected" | "token_revoked" | "token_used"
            | "verifier_invalid" | "permission_denied" | "user_refused"),
        ) => Error::NeedsLogin { name, reason: format!("{what} was refused: {word}") },
        Some(word) => Error::Refused { name, reason: format!("{what} was refused: {word}") },
        None if matches!(reply.status, 400 | 401 | 403) => {
            let words = page_text(reply.body.expose());
            Error::Refused {
                name,
                reason: format!("{what} was answered {}: {words}", reply.status),
            }
        }
        None => reply.unclear(what),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::Value;

    use super::*;

    fn check(
        method: &str,
        url: &str,
        (consumer_secret, token_secret): (&str, &str),
        oauth: &[(&str, &str)],
        signature: &str,
    ) {
        let url = Url::parse(url).unwrap();
        let base = base_string(method, &url, oauth);
        assert_eq!(sign(consumer_secret, token_secret, &base), signature, "{base}");
    }

    #[test]
    fn signatures_are_those_of_published_examples() {
        // OAuth Core 1.0a, appendix A.5.
        let oauth = [
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1191242096"),
            ("oauth_nonce", "kllo9940pd9333jh"),
            ("oauth_version", "1.0"),
        ];
        let url = "http://photos.example.net/photos?file=vacation.jpg&size=original";
        let secrets = ("kd94hf93k423kf44", "pfkkdhi9sl3r4s00");
        check("GET", url, secrets, &oauth, "tR3+Ty81lMeYAr/Fid0kMTYa/WM=");
        // Twitter's "Creating a signature": the form of its body is signed like a query.
        let oauth = [
            ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
            ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1318622958"),
            ("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
            ("oauth_version", "1.0"),
        ];
        let url = "https://api.twitter.com/1.1/statuses/update.json?include_entities=true\
                   &status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21";
        let secrets = (
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        );
        check("POST", url, secrets, &oauth, "hCtSmYh+iHYCEqBWrE7C7hYmtUk=");
    }

    #[test]
    fn signatures_are_those_that_a_vendor_and_another_implementation_made() {
        let all = include_str!("../fixtures/oauth1-vectors.json");
        let all: Value = serde_json::from_str(all).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let vectors = all["vectors"].as_array().unwrap();
        assert!(vectors.len() >= 5);
        for vector in vectors {
            let mut url = Url::parse(&text(&vector["url"])).unwrap();
            for pair in vector["query"].as_array().unwrap() {
                url.query_pairs_mut().append_pair(&text(&pair[0]), &text(&pair[1]));
            }
            let mut oauth = vec![
                ("oauth_consumer_key".to_owned(), text(&all["consumer_key"])),
                ("oauth_nonce".to_owned(), text(&all["nonce"])),
                ("oauth_signature_method".to_owned(), "HMAC-SHA1".to_owned()),
                ("oauth_timestamp".to_owned(), text(&all["timestamp"])),
            ];
            if let Some(token) = vector["token"].as_str() {
                oauth.push(("oauth_token".to_owned(), token.to_owned()));
            }
            for (key, value) in vector["extra_oauth"].as_object().unwrap() {
                oauth.push((key.clone(), text(value)));
            }
            let oauth: Vec<_> = oauth.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            let base = base_string(&text(&vector["method"]), &url, &oauth);
            assert_eq!(base, text(&vector["base_string"]), "{}", vector["name"]);
            let secrets = (text(&all["consumer_secret"]), text(&vector["token_secret"]));
            let signature = sign(&secrets.0, &secrets.1, &base);
            assert_eq!(signature, text(&vector["signature"]), "{}", vector["name"]);
        }
    }

    #[test]
    fn a_problem_is_found_in_whatever_it_is_wrapped() {
        for body in [
            "oauth_problem=token_expired",
            "oauth_problem=token_expired&oauth_problem_advice=x",
            "{\"Error\":{\"message\":\"oauth_problem=token_expired\"}}",
            "<html><h1>HTTP Status 401</h1><b>Message</b> oauth_problem=token_expired</html>",
        ] {
            assert_eq!(problem(body), Some("token_expired"), "{body}");
        }
        assert_eq!(problem("oauth_problem="), None);
        assert_eq!(problem("fine"), None);
    }
}
