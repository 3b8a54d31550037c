//! One request and its answer on the wire, each of its phases within its time.

use std::future::Future;

use bytes::{Bytes, BytesMut};
use component::{Fault, Result};
use reqwest::Response;
use tokio::time::timeout;

use crate::auth::Signed;
use crate::client::Http;
use crate::depth::is_deeper;
use crate::request::{Answer, NoAnswer, Request};

impl Http {
    pub(crate) async fn exchange(
        &self,
        request: &Request,
        signed: Signed,
    ) -> Result<Answer, NoAnswer> {
        let whole = request.timeout;
        let exchange = async {
            let response = self.answered(request, signed, "application/json").await?;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let body = self.body(request, response).await?;
            Ok(Answer::new(status, headers, body, self.auth.clone()))
        };
        let late = |_| {
            let title = request.title();
            NoAnswer::Lost(format!("the whole answer to {title} took longer than {whole:?}"))
        };
        timeout(whole, exchange).await.map_err(late)?
    }

    /// The head of an answer. Whoever asks for it reads the body.
    pub(crate) async fn answered(
        &self,
        request: &Request,
        signed: Signed,
        accept: &str,
    ) -> Result<Response, NoAnswer> {
        let client = &self.shared.client;
        let mut builder =
            client.request(request.method.clone(), signed.url).header("accept", accept);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        for (name, value) in signed.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = signed.body {
            builder = builder.header("content-type", request.content_type).body(body);
        }
        let what = || format!("no answer to {}", request.title());
        let response = within(request.first_byte, what, builder.send()).await?;
        response.map_err(|error| self.no_answer(request, error))
    }

    pub(crate) async fn body(
        &self,
        request: &Request,
        mut response: Response,
    ) -> Result<Bytes, NoAnswer> {
        let limit = request.max_body_bytes;
        let title = request.title();
        let mut body = BytesMut::new();
        loop {
            let what = || format!("nothing more of the answer to {title}");
            let chunk = within(request.between_bytes, what, response.chunk()).await?;
            let chunk = chunk.map_err(|error| {
                let reason = describe(error);
                NoAnswer::Lost(format!("the answer to {title} broke off: {reason}"))
            })?;
            let Some(chunk) = chunk else { break };
            if body.len() + chunk.len() > limit {
                let reason = format!("the answer to {title} is longer than {limit} bytes");
                return Err(NoAnswer::Lost(reason));
            }
            body.extend_from_slice(&chunk);
        }
        if is_deeper(&body, request.max_depth) {
            let limit = request.max_depth;
            let reason = format!("the answer to {title} is nested deeper than {limit} levels");
            return Err(NoAnswer::Lost(reason));
        }
        Ok(body.freeze())
    }

    /// A request whose connection never came about has not left; any other may have.
    fn no_answer(&self, request: &Request, error: reqwest::Error) -> NoAnswer {
        let is_unsent = error.is_connect() || error.is_builder();
        let reason = self.auth.redact(&describe(error));
        let title = request.title();
        if is_unsent {
            return NoAnswer::NotSent(Fault::retry(format!("could not send {title}: {reason}")));
        }
        NoAnswer::Lost(format!("no answer to {title}: {reason}"))
    }
}

/// What happens in time. Something has left by then, or may have.
async fn within<T>(
    limit: std::time::Duration,
    what: impl Fn() -> String,
    future: impl Future<Output = T>,
) -> Result<T, NoAnswer> {
    let late = |_| NoAnswer::Lost(format!("{} within {limit:?}", what()));
    timeout(limit, future).await.map_err(late)
}

/// What went wrong, with its causes and without the URL: it may hold a key.
pub(crate) fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
