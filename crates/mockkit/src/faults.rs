use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

/// Rules that may wait at once.
const MAX_RULES: usize = 1_000;
const MAX_COUNT: u32 = 1_000_000;
const MAX_DELAY_MS: u64 = 600_000;

/// What goes wrong. The first group is for HTTP, the second for streams; a vendor adds its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Answers with `status`; the request is not processed.
    Status,
    /// Answers with a gateway's HTML page; the request is not processed.
    Html,
    /// Processes the request, then breaks off in the middle of the answer's body.
    Truncated,
    /// Answers 200 with a body that is not what the vendor speaks.
    Garbage,
    /// Answers 200 with a body that is not UTF-8.
    InvalidUtf8,
    /// Resets the connection; the request is not processed.
    ResetBefore,
    /// Processes the request, then resets the connection: the answer is lost.
    ResetAfter,
    /// Takes the request and never answers; it is not processed.
    Hang,
    /// Answers with a body of fifty megabytes.
    Oversize,
    /// Answers as usual, after `delay_ms`.
    Delay,

    /// Swallows data frames without a trace.
    DropFrames,
    /// Closes the stream politely.
    Disconnect,
    /// Resets the stream's connection.
    Reset,
    /// Keeps the socket and says nothing any more: no data, no pongs.
    Silence,
    /// Refuses a correct login.
    RefuseLogin,

    /// Something only this vendor's mock knows.
    Vendor(String),
}

const HTTP_KINDS: [(&str, Kind); 10] = [
    ("status", Kind::Status),
    ("html", Kind::Html),
    ("truncated", Kind::Truncated),
    ("garbage", Kind::Garbage),
    ("invalid_utf8", Kind::InvalidUtf8),
    ("reset_before", Kind::ResetBefore),
    ("reset_after", Kind::ResetAfter),
    ("hang", Kind::Hang),
    ("oversize", Kind::Oversize),
    ("delay", Kind::Delay),
];

/// Those that requests have too are for streams when `stream` is given.
const STREAM_KINDS: [(&str, Kind); 10] = [
    ("drop_frames", Kind::DropFrames),
    ("disconnect", Kind::Disconnect),
    ("reset", Kind::Reset),
    ("silence", Kind::Silence),
    ("refuse_login", Kind::RefuseLogin),
    ("garbage", Kind::Garbage),
    ("truncated", Kind::Truncated),
    ("invalid_utf8", Kind::InvalidUtf8),
    ("oversize", Kind::Oversize),
    ("delay", Kind::Delay),
];

/// Those that a stream applies to its data frames.
pub(crate) const FRAME_KINDS: [Kind; 9] = [
    Kind::DropFrames,
    Kind::Disconnect,
    Kind::Reset,
    Kind::Silence,
    Kind::Garbage,
    Kind::Truncated,
    Kind::InvalidUtf8,
    Kind::Oversize,
    Kind::Delay,
];

/// One rule, as `POST /_mock/faults` takes it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// How many requests or frames it hits; one if not said.
    pub next: Option<u32>,
    /// How many matching ones pass first.
    pub skip: u32,
    /// `status` if not said and a status is given, `delay` if only a delay is given.
    pub kind: Option<String>,
    /// Part of the path.
    pub path: Option<String>,
    pub method: Option<String>,
    /// Name of the stream; any stream if not said.
    pub stream: Option<String>,
    pub status: Option<u16>,
    /// Text, or JSON; the vendor's usual words for the status if not said.
    pub body: Option<Value>,
    pub headers: BTreeMap<String, String>,
    pub delay_ms: u64,
}

/// A rule that applies now.
#[derive(Clone, Debug)]
pub struct Hit {
    pub kind: Kind,
    pub fault: Fault,
}

impl Hit {
    /// The name of its kind, as the rule said it or meant it.
    pub fn name(&self) -> &str {
        let meant = if self.fault.status.is_some() { "status" } else { "delay" };
        self.fault.kind.as_deref().unwrap_or(meant)
    }
}

/// Faults waiting to happen, first in first out.
#[derive(Default)]
pub struct Faults {
    rules: Mutex<VecDeque<Rule>>,
    added: watch::Sender<u64>,
}

struct Rule {
    place: Place,
    kind: Kind,
    left: u32,
    applied: u32,
    fault: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Http,
    Stream,
}

impl Faults {
    /// Adds a rule, or says in words why it makes no sense.
    pub fn add(&self, fault: Fault, vendor_kinds: &[&str]) -> Result<(), String> {
        let rule = Rule::new(fault, vendor_kinds)?;
        let mut rules = self.rules();
        if rules.len() >= MAX_RULES {
            return Err(format!("{MAX_RULES} faults are waiting already"));
        }
        rules.push_back(rule);
        drop(rules);
        self.added.send_modify(|count| *count += 1);
        Ok(())
    }

    pub fn clear(&self) {
        self.rules().clear();
    }

    /// The rules that still wait, with what is left of each.
    pub fn pending(&self) -> Vec<Value> {
        let describe = |rule: &Rule| {
            let mut value = serde_json::to_value(&rule.fault).unwrap_or_default();
            value["next"] = rule.left.into();
            value["applied"] = rule.applied.into();
            value
        };
        self.rules().iter().map(describe).collect()
    }

    /// Sees every rule that is added, for connections on which nothing else may happen for long.
    pub fn added(&self) -> watch::Receiver<u64> {
        self.added.subscribe()
    }

    /// The next fault for a request; a vendor without HTTP calls its messages so.
    pub fn take_request(&self, method: &str, path: &str) -> Option<Hit> {
        self.take_http(method, path)
    }

    /// The next fault of one of these kinds that lets nothing pass first, for one of these streams.
    pub fn take_now(&self, streams: &[&str], kinds: &[Kind]) -> Option<Hit> {
        self.take(|rule| rule.fault.skip == 0 && rule.is_for(streams, kinds))
    }

    /// The next fault of one of these kinds for a frame that belongs to all these streams.
    pub fn take_frame(&self, streams: &[&str], kinds: &[Kind]) -> Option<Hit> {
        self.take(|rule| rule.is_for(streams, kinds))
    }

    pub(crate) fn take_http(&self, method: &str, path: &str) -> Option<Hit> {
        self.take(|rule| {
            rule.place == Place::Http
                && rule.fault.path.as_deref().is_none_or(|part| path.contains(part))
                && rule.fault.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(method))
        })
    }

    /// The next fault of one of these kinds for this stream. For vendor kinds too.
    pub fn take_stream(&self, stream: &str, kinds: &[Kind]) -> Option<Hit> {
        self.take_frame(&[stream], kinds)
    }

    fn take(&self, matches: impl Fn(&Rule) -> bool) -> Option<Hit> {
        let mut rules = self.rules();
        let mut hit = None;
        for (index, rule) in rules.iter_mut().enumerate() {
            if !matches(rule) {
                continue;
            }
            if rule.fault.skip > 0 {
                rule.fault.skip -= 1;
                continue;
            }
            rule.left -= 1;
            rule.applied += 1;
            hit = Some((
                index,
                rule.left,
                Hit { kind: rule.kind.clone(), fault: rule.fault.clone() },
            ));
            break;
        }
        let (index, left, hit) = hit?;
        if left == 0 {
            rules.remove(index);
        }
        Some(hit)
    }

    fn rules(&self) -> MutexGuard<'_, VecDeque<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn is_for(&self, streams: &[&str], kinds: &[Kind]) -> bool {
        self.place == Place::Stream
            && kinds.contains(&self.kind)
            && self.fault.stream.as_deref().is_none_or(|name| streams.contains(&name))
    }

    fn new(fault: Fault, vendor_kinds: &[&str]) -> Result<Rule, String> {
        let left = fault.next.unwrap_or(1);
        if left == 0 || left > MAX_COUNT {
            return Err(format!("\"next\": {left} is not between 1 and {MAX_COUNT}"));
        }
        if fault.delay_ms > MAX_DELAY_MS {
            return Err(format!("\"delay_ms\": {} is over {MAX_DELAY_MS}", fault.delay_ms));
        }
        if let Some(status) = fault.status.filter(|status| !(200..600).contains(status)) {
            return Err(format!("\"status\": {status} is not an HTTP status of an answer"));
        }
        let (place, kind) = kind(&fault, vendor_kinds)?;
        if kind == Kind::Status && fault.status.is_none() {
            return Err("\"kind\": \"status\" needs a \"status\"".into());
        }
        if place == Place::Stream && (fault.path.is_some() || fault.method.is_some()) {
            return Err("a fault of a stream has no \"path\" or \"method\"".into());
        }
        Ok(Rule { place, kind, left, applied: 0, fault })
    }
}

fn kind(fault: &Fault, vendor_kinds: &[&str]) -> Result<(Place, Kind), String> {
    let Some(name) = fault.kind.as_deref() else {
        return match (&fault.stream, fault.status, fault.delay_ms) {
            (None, Some(_), _) => Ok((Place::Http, Kind::Status)),
            (Some(_), Some(_), _) => Err("a fault of a stream has no \"status\"".into()),
            (None, None, 1..) => Ok((Place::Http, Kind::Delay)),
            (Some(_), None, 1..) => Ok((Place::Stream, Kind::Delay)),
            (_, None, 0) => Err("a fault needs a \"kind\", a \"status\" or a \"delay_ms\"".into()),
        };
    };
    let find = |kinds: &[(&str, Kind)]| {
        kinds.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind.clone())
    };
    let (http, stream) = (find(&HTTP_KINDS), find(&STREAM_KINDS));
    match (fault.stream.is_some(), http, stream) {
        (false, Some(kind), _) => Ok((Place::Http, kind)),
        (_, _, Some(kind)) => Ok((Place::Stream, kind)),
        _ if vendor_kinds.contains(&name) => Ok((Place::Stream, Kind::Vendor(name.to_owned()))),
        (true, Some(_), None) => Err(format!("\"kind\": {name:?} is for HTTP, not for a stream")),
        _ => Err(format!("unknown kind {name:?}; {}", known(vendor_kinds))),
    }
}

fn known(vendor_kinds: &[&str]) -> String {
    let names = |kinds: &[(&'static str, Kind)]| {
        kinds.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    };
    let (http, stream) = (names(&HTTP_KINDS), names(&STREAM_KINDS));
    format!("for HTTP: {http}; for streams: {stream}; here also: {}", vendor_kinds.join(", "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn add(faults: &Faults, rule: Value) -> Result<(), String> {
        let fault = serde_json::from_value(rule).map_err(|error| error.to_string())?;
        faults.add(fault, &["unknown_status"])
    }

    #[test]
    fn takes_each_rule_as_often_as_it_says() {
        let faults = Faults::default();
        add(&faults, serde_json::json!({"next": 2, "status": 429, "path": "/orders"})).unwrap();
        add(&faults, serde_json::json!({"skip": 1, "kind": "hang", "method": "post"})).unwrap();
        assert!(faults.take_http("GET", "/v2/account").is_none());
        assert_eq!(faults.take_http("POST", "/v2/orders").unwrap().kind, Kind::Status);
        assert_eq!(faults.pending()[0]["next"], 1);
        assert!(faults.take_http("POST", "/v2/account").is_none(), "one passes first");
        assert_eq!(faults.take_http("POST", "/v2/account").unwrap().kind, Kind::Hang);
        assert_eq!(faults.take_http("GET", "/v2/orders").unwrap().fault.status, Some(429));
        assert!(faults.pending().is_empty());
    }

    #[test]
    fn streams_have_their_own_rules() {
        let faults = Faults::default();
        add(&faults, serde_json::json!({"kind": "garbage", "stream": "data"})).unwrap();
        add(&faults, serde_json::json!({"kind": "unknown_status"})).unwrap();
        assert!(faults.take_http("GET", "/").is_none());
        assert!(faults.take_stream("orders", &FRAME_KINDS).is_none());
        assert!(faults.take_stream("data", &FRAME_KINDS).is_some());
        let vendor = [Kind::Vendor("unknown_status".into())];
        assert!(faults.take_stream("orders", &vendor).is_some());
    }

    #[test]
    fn a_quiet_connection_takes_what_lets_nothing_pass() {
        let faults = Faults::default();
        let mut added = faults.added();
        add(&faults, serde_json::json!({"kind": "reset", "skip": 1, "stream": "data"})).unwrap();
        assert!(added.has_changed().unwrap());
        added.mark_unchanged();
        let (streams, kinds) = (["socket", "data"], [Kind::Reset]);
        assert!(faults.take_now(&streams, &kinds).is_none(), "one frame passes first");
        assert!(faults.take_frame(&streams, &kinds).is_none());
        assert!(faults.take_now(&["socket"], &kinds).is_none());
        assert!(faults.take_now(&streams, &kinds).is_some());
        assert!(!added.has_changed().unwrap());
    }

    #[test]
    fn refuses_nonsense_by_name() {
        let check = |rule: Value, part: &str| {
            let error = add(&Faults::default(), rule).unwrap_err();
            assert!(error.contains(part), "{error:?} should name {part:?}");
        };
        check(serde_json::json!({"nxt": 3, "status": 429}), "nxt");
        check(serde_json::json!({"status": 42}), "42");
        check(serde_json::json!({"kind": "explode"}), "explode");
        check(serde_json::json!({"kind": "reset_after", "stream": "data"}), "reset_after");
        check(serde_json::json!({}), "needs");
        check(serde_json::json!({"status": 500, "stream": "data"}), "stream");
        check(serde_json::json!({"status": 500, "next": 0}), "next");
    }
}
