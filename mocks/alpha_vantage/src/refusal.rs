//! Refusals. Every one of them is an answer with status 200 and a JSON object of one member.

use crate::json::Json;

/// The plan's limit that the older throttle names when no account says another.
const OLD_PER_DAY: u32 = 500;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    InvalidKey,
    /// An unknown symbol, or a parameter that is missing or makes no sense.
    InvalidCall(String),
    UnknownFunction(String),
    /// More than one request a second.
    Burst {
        per_second: u32,
        per_day: u32,
    },
    /// The throttle of 2018 to 2023.
    Note {
        per_minute: u32,
        per_day: Option<u32>,
    },
    Daily {
        key: String,
        per_day: u32,
    },
    Premium,
    /// The demonstration key was used for anything but the documented examples.
    Demo,
    /// From the analytics functions only.
    Detail(String),
    /// What the fundamentals say to an unknown symbol.
    Empty,
}

pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub fn json(&self) -> Json {
        let (key, text) = match self {
            Refusal::InvalidKey => ("Error Message", INVALID_KEY.to_owned()),
            Refusal::InvalidCall(function) => (
                "Error Message",
                format!(
                    "Invalid API call. Please retry or visit the documentation \
                     (https://www.alphavantage.co/documentation/) for {function}."
                ),
            ),
            Refusal::UnknownFunction(name) => {
                ("Error Message", format!("This API function ({name}) does not exist."))
            }
            Refusal::Burst { per_second, per_day } => ("Information", burst(*per_second, *per_day)),
            Refusal::Note { per_minute, per_day } => ("Note", note(*per_minute, *per_day)),
            Refusal::Daily { key, per_day } => ("Information", daily(key, *per_day)),
            Refusal::Premium => ("Information", PREMIUM.to_owned()),
            Refusal::Demo => ("Information", DEMO.to_owned()),
            Refusal::Detail(text) => ("detail", text.clone()),
            Refusal::Empty => return Json::Object(Vec::new()),
        };
        Json::texts([(key, text)])
    }
}

const INVALID_KEY: &str = "the parameter apikey is invalid or missing. Please claim your free API \
    key on (https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds.";

const PREMIUM: &str = "Thank you for using Alpha Vantage! This is a premium endpoint. You may \
    subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to instantly \
    unlock all premium endpoints";

const DEMO: &str = "The **demo** API key is for demo purposes only. Please claim your free API \
    key at (https://www.alphavantage.co/support/#api-key) to explore our full API offerings. It \
    takes fewer than 20 seconds.";

fn burst(per_second: u32, per_day: u32) -> String {
    let requests = if per_second == 1 { "request" } else { "requests" };
    format!(
        "Thank you for using Alpha Vantage! Please consider spreading out your free API requests \
         more sparingly ({per_second} {requests} per second). You may subscribe to any of the \
         premium plans at https://www.alphavantage.co/premium/ to lift the free key rate limit \
         ({per_day} requests per day) and instantly remove all daily rate limits."
    )
}

fn note(per_minute: u32, per_day: Option<u32>) -> String {
    let per_day = per_day.unwrap_or(OLD_PER_DAY);
    format!(
        "Thank you for using Alpha Vantage! Our standard API call frequency is {per_minute} calls \
         per minute and {per_day} calls per day. Please visit \
         https://www.alphavantage.co/premium/ if you would like to target a higher API call \
         frequency."
    )
}

fn daily(key: &str, per_day: u32) -> String {
    format!(
        "We have detected your API key as {key} and our standard API rate limit is {per_day} \
         requests per day. Please subscribe to any of the premium plans at \
         https://www.alphavantage.co/premium/ to instantly remove all daily rate limits."
    )
}
