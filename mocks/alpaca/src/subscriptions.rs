//! What a client of a data stream follows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Names in one list of a request.
const MAX_SYMBOLS: usize = 20_000;

/// Bits of [`Subscriptions::mask`].
pub const TRADES: u8 = 1;
pub const QUOTES: u8 = 2;
pub const BARS: u8 = 4;
pub const UPDATED_BARS: u8 = 8;
pub const DAILY_BARS: u8 = 16;

const MASKED: [(&str, u8); 5] = [
    ("trades", TRADES),
    ("quotes", QUOTES),
    ("bars", BARS),
    ("updatedBars", UPDATED_BARS),
    ("dailyBars", DAILY_BARS),
];

/// A stream of one kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// `iex`, `sip` and the like: the name matters for entitlements and connection limits only.
    Stocks(&'static str),
    Crypto,
    Options(&'static str),
    News,
}

impl Feed {
    pub const STOCKS: [&'static str; 7] =
        ["iex", "sip", "delayed_sip", "otc", "boats", "overnight", "test"];
    pub const OPTIONS: [&'static str; 2] = ["indicative", "opra"];

    /// In the order in which they are listed.
    pub fn channels(self) -> &'static [&'static str] {
        match self {
            Feed::Stocks(_) => &[
                "trades",
                "quotes",
                "bars",
                "updatedBars",
                "dailyBars",
                "statuses",
                "lulds",
                "imbalances",
                "corrections",
                "cancelErrors",
            ],
            Feed::Crypto => &["trades", "quotes", "bars", "updatedBars", "dailyBars", "orderbooks"],
            Feed::Options(_) => &["trades", "quotes"],
            Feed::News => &["news"],
        }
    }

    /// For entitlements.
    pub fn name(self) -> &'static str {
        match self {
            Feed::Stocks(name) | Feed::Options(name) => name,
            Feed::Crypto => "crypto",
            Feed::News => "news",
        }
    }

    /// What faults call it.
    pub fn stream(self) -> &'static str {
        match self {
            Feed::Stocks(_) => "data",
            Feed::Crypto => "crypto",
            Feed::Options(_) => "options",
            Feed::News => "news",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Subscriptions {
    feed: Feed,
    lists: BTreeMap<&'static str, BTreeSet<String>>,
    /// One per listing: which channels it is followed on.
    mask: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A list is no list of names.
    Syntax,
    /// A channel that the feed does not have.
    Channel,
    TooMany,
    /// All quotes of all options are more than anybody could read.
    AllQuotes,
}

impl Subscriptions {
    pub fn new(feed: Feed) -> Subscriptions {
        Subscriptions { feed, lists: BTreeMap::new(), mask: Vec::new() }
    }

    pub fn mask(&self) -> &[u8] {
        &self.mask
    }

    pub fn is_empty(&self) -> bool {
        self.lists.values().all(BTreeSet::is_empty)
    }

    pub fn follows(&self, channel: &str, symbol: &str) -> bool {
        let list = self.lists.get(channel);
        list.is_some_and(|list| list.contains(symbol) || list.contains("*"))
    }

    /// Adds or removes what a request names; nothing changes if any of it is wrong.
    pub fn change(
        &mut self,
        request: &Map<String, Value>,
        add: bool,
        limit: Option<usize>,
        symbols: &[String],
    ) -> Result<(), Trouble> {
        let mut changed = self.clone();
        for (name, names) in request.iter().filter(|(name, _)| *name != "action") {
            let channel = self.feed.channels().iter().find(|channel| *channel == name);
            let channel = *channel.ok_or(Trouble::Channel)?;
            for symbol in names_of(names)? {
                let is_flood = matches!(self.feed, Feed::Options(_)) && symbol == "*";
                if add && is_flood && channel == "quotes" {
                    return Err(Trouble::AllQuotes);
                }
                changed.toggle(channel, symbol, add);
                // Corrections and cancellations of trades come with the trades.
                if channel == "trades" && matches!(self.feed, Feed::Stocks(_)) {
                    changed.toggle("corrections", symbol, add);
                    changed.toggle("cancelErrors", symbol, add);
                }
            }
        }
        if limit.is_some_and(|limit| changed.weight() > limit) {
            return Err(Trouble::TooMany);
        }
        changed.remask(symbols);
        *self = changed;
        Ok(())
    }

    /// All lists of the feed, as the server confirms them.
    pub fn message(&self) -> Value {
        let mut message = Map::new();
        message.insert("T".into(), "subscription".into());
        for channel in self.feed.channels() {
            let list = self.lists.get(channel);
            // Not in the documented answer, so only where it says something.
            if *channel == "imbalances" && list.is_none_or(BTreeSet::is_empty) {
                continue;
            }
            let names = list.into_iter().flatten().map(|name| Value::from(name.as_str()));
            message.insert((*channel).to_owned(), names.collect());
        }
        Value::Object(message)
    }

    fn toggle(&mut self, channel: &'static str, symbol: &str, add: bool) {
        let list = self.lists.entry(channel).or_default();
        if add {
            list.insert(symbol.to_owned());
        } else {
            list.remove(symbol);
        }
    }

    /// Symbols that count against the plan's limit.
    fn weight(&self) -> usize {
        ["trades", "quotes"]
            .iter()
            .filter_map(|channel| self.lists.get(channel))
            .map(BTreeSet::len)
            .sum()
    }

    fn remask(&mut self, symbols: &[String]) {
        // An instrument that the feed does not carry has no name there.
        let bits = |symbol: &String| {
            if symbol.is_empty() {
                return 0;
            }
            let followed = MASKED.iter().filter(|(channel, _)| self.follows(channel, symbol));
            followed.fold(0, |mask, (_, bit)| mask | bit)
        };
        self.mask = symbols.iter().map(bits).collect();
    }
}

fn names_of(names: &Value) -> Result<impl Iterator<Item = &str>, Trouble> {
    let names = names.as_array().ok_or(Trouble::Syntax)?;
    if names.len() > MAX_SYMBOLS || !names.iter().all(Value::is_string) {
        return Err(Trouble::Syntax);
    }
    Ok(names.iter().filter_map(Value::as_str))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keeps_whole_lists() {
        let symbols = ["BAC".to_owned(), "IBM".to_owned()];
        let mut subscriptions = Subscriptions::new(Feed::Stocks("iex"));
        let change = |subscriptions: &mut Subscriptions, request: Value, add| {
            subscriptions.change(request.as_object().unwrap(), add, Some(3), &symbols)
        };
        let request = json!({"action": "subscribe", "trades": ["BAC"], "bars": ["*"]});
        assert_eq!(change(&mut subscriptions, request, true), Ok(()));
        assert_eq!(subscriptions.mask(), [TRADES | BARS, BARS]);
        assert_eq!(
            subscriptions.message(),
            json!({"T": "subscription", "trades": ["BAC"], "quotes": [], "bars": ["*"],
                   "updatedBars": [], "dailyBars": [], "statuses": [], "lulds": [],
                   "corrections": ["BAC"], "cancelErrors": ["BAC"]})
        );
        let before = subscriptions.message();
        for (request, trouble) in [
            (json!({"quotes": ["A", "B", "C"]}), Trouble::TooMany),
            (json!({"quotes": "A"}), Trouble::Syntax),
            (json!({"quotes": [1]}), Trouble::Syntax),
            (json!({"news": ["*"]}), Trouble::Channel),
        ] {
            assert_eq!(change(&mut subscriptions, request, true), Err(trouble));
        }
        assert_eq!(subscriptions.message(), before);
        change(&mut subscriptions, json!({"trades": ["BAC"], "bars": ["*"]}), false).unwrap();
        assert!(subscriptions.is_empty());
        let mut options = Subscriptions::new(Feed::Options("opra"));
        for (request, outcome) in [
            (json!({"quotes": ["*"]}), Err(Trouble::AllQuotes)),
            (json!({"bars": ["*"]}), Err(Trouble::Channel)),
            (json!({"trades": ["*"], "quotes": ["SPY131018C00170000"]}), Ok(())),
        ] {
            assert_eq!(change(&mut options, request, true), outcome);
        }
    }
}
