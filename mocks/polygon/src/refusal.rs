use crate::json::{Json, map};

/// An answer that is not 200: the vendor's status word, and its sentence under the name that this
/// family of errors uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    word: &'static str,
    member: &'static str,
    text: String,
}

pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    fn error(status: u16, text: impl Into<String>) -> Refusal {
        Refusal { status, word: "ERROR", member: "error", text: text.into() }
    }

    pub fn invalid(text: impl Into<String>) -> Refusal {
        Refusal::error(400, text)
    }

    pub fn no_key() -> Refusal {
        Refusal::error(401, "API Key was not provided")
    }

    pub fn unknown_key() -> Refusal {
        Refusal::error(401, "Unknown API Key")
    }

    fn not_authorized(text: &str) -> Refusal {
        Refusal { status: 403, word: "NOT_AUTHORIZED", member: "message", text: text.into() }
    }

    /// The plan lacks the feed.
    pub fn not_entitled() -> Refusal {
        Refusal::not_authorized(
            "You are not entitled to this data. Please upgrade your plan at \
             https://massive.com/pricing",
        )
    }

    /// The plan lacks the period.
    pub fn timeframe() -> Refusal {
        Refusal::not_authorized(
            "Your plan doesn't include this data timeframe. Please upgrade your plan at \
             https://polygon.io/pricing",
        )
    }

    fn not_found(text: &str) -> Refusal {
        Refusal { status: 404, word: "NOT_FOUND", member: "message", text: text.into() }
    }

    pub fn no_ticker() -> Refusal {
        Refusal::not_found("Ticker not found.")
    }

    pub fn no_option() -> Refusal {
        Refusal::not_found("Option Ticker not found.")
    }

    pub fn no_data() -> Refusal {
        Refusal::not_found("Data not found.")
    }

    pub fn method() -> Refusal {
        Refusal::error(405, "method not allowed")
    }

    pub fn too_many() -> Refusal {
        Refusal::error(
            429,
            "You've exceeded the maximum requests per minute, please wait or upgrade your \
             subscription to continue. https://polygon.io/pricing",
        )
    }

    /// The vendor's own words for a status, for a fault that has none.
    pub fn of_status(status: u16) -> Refusal {
        match status {
            401 => Refusal::unknown_key(),
            403 => Refusal::not_entitled(),
            404 => Refusal::no_data(),
            429 => Refusal::too_many(),
            500.. => Refusal::error(status, "internal server error"),
            _ => Refusal::error(status, "request failed"),
        }
    }

    pub fn body(&self, request_id: &str) -> Json {
        map([
            ("status", self.word.into()),
            ("request_id", request_id.into()),
            (self.member, self.text.as_str().into()),
        ])
    }
}
