//! Which topics a client holds, and which instruments that makes.

use std::collections::BTreeSet;

use super::clusters::{CHANNELS, Channel, Cluster};
use crate::instruments::{Instrument, Instruments};
use crate::settings::Plan;

/// More than every symbol on every channel.
const MAX_TOPICS: usize = 200_000;

const ALL: &str = "*";

pub struct Topics {
    cluster: Cluster,
    plan: Plan,
    /// As they are confirmed: channel and symbol.
    held: BTreeSet<(&'static str, String)>,
}

/// What became of a topic that a client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The topic, as it is spelled in the answer.
    Done(String),
    /// The plan lacks it.
    Refused,
}

/// For each channel and listing, the instruments that are followed, ascending.
pub type Wanted = Vec<Vec<Vec<u32>>>;

impl Topics {
    pub fn new(cluster: Cluster, plan: Plan) -> Topics {
        Topics { cluster, plan, held: BTreeSet::new() }
    }

    pub fn names(&self) -> Vec<String> {
        self.held.iter().map(|(channel, symbol)| format!("{channel}.{symbol}")).collect()
    }

    /// One answer for each topic that gets one. An unknown channel and a topic that is held
    /// already get none; an unknown symbol is confirmed.
    pub fn subscribe(&mut self, topics: &str) -> Vec<Answer> {
        let mut answers = Vec::new();
        for topic in topics.split(',') {
            let Some((channel, kind, symbol)) = self.parse(topic) else { continue };
            if !self.allows(kind) || self.held.len() >= MAX_TOPICS {
                answers.push(Answer::Refused);
            } else if self.held.insert((channel, symbol.clone())) {
                answers.push(Answer::Done(format!("{channel}.{symbol}")));
            }
        }
        answers
    }

    pub fn unsubscribe(&mut self, topics: &str) -> Vec<Answer> {
        let mut answers = Vec::new();
        for topic in topics.split(',') {
            let Some((channel, _, symbol)) = self.parse(topic) else { continue };
            let name = format!("{channel}.{symbol}");
            if self.held.remove(&(channel, symbol)) {
                answers.push(Answer::Done(name));
            }
        }
        answers
    }

    pub fn holds(&self, channel: &str, symbol: &str) -> bool {
        let symbol = self.spelled(symbol);
        let held = |symbol: &str| {
            self.held.iter().any(|(known, held)| *known == channel && held == symbol)
        };
        held(ALL) || held(&symbol)
    }

    pub fn wanted(&self, instruments: &Instruments, listings: usize) -> Wanted {
        let mut wanted = vec![vec![Vec::new(); listings]; CHANNELS];
        let mut add = |channel: Channel, index: usize, instrument: &Instrument| {
            let Some((listing, _)) = instrument.tape else { return };
            let followers = wanted.get_mut(channel.index()).and_then(|all| all.get_mut(listing));
            if let (Some(followers), Ok(index)) = (followers, u32::try_from(index)) {
                followers.push(index);
            }
        };
        let list = instruments.list();
        for (name, symbol) in &self.held {
            let Some((_, channel)) = self.cluster.channel(name) else { continue };
            if symbol == ALL {
                let class = self.cluster.class();
                for (index, instrument) in list.iter().enumerate() {
                    if Some(instrument.class) == class {
                        add(channel, index, instrument);
                    }
                }
            } else if let Some(index) = instruments.index(&self.symbol(symbol)) {
                add(channel, index, &list[index]);
            }
        }
        for followers in wanted.iter_mut().flatten() {
            followers.sort_unstable();
            followers.dedup();
        }
        wanted
    }

    /// Channel and symbol of a topic, which ends at the first dot: symbols may have dots.
    fn parse(&self, topic: &str) -> Option<(&'static str, Channel, String)> {
        let (name, symbol) = topic.trim().split_once('.')?;
        let (name, channel) = self.cluster.channel(name)?;
        (!symbol.is_empty()).then(|| (name, channel, self.spelled(symbol)))
    }

    /// Pairs of currencies are answered with a slash.
    fn spelled(&self, symbol: &str) -> String {
        if self.cluster == Cluster::Forex { symbol.replace('-', "/") } else { symbol.to_owned() }
    }

    fn symbol(&self, spelled: &str) -> String {
        let prefix = match self.cluster {
            Cluster::Forex => "C:",
            Cluster::Crypto => "X:",
            _ => return spelled.to_owned(),
        };
        let pair = spelled.strip_prefix(prefix).unwrap_or(spelled);
        format!("{prefix}{}", pair.replace(['-', '/'], ""))
    }

    fn allows(&self, channel: Channel) -> bool {
        match channel {
            Channel::Second | Channel::Minute => self.plan.has_today(),
            _ => self.plan.has_ticks(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn done(topics: &[&str]) -> Vec<Answer> {
        topics.iter().map(|topic| Answer::Done((*topic).to_owned())).collect()
    }

    #[test]
    fn answers_each_new_topic_once() {
        let mut topics = Topics::new(Cluster::Stocks, Plan::Advanced);
        let answers = topics.subscribe("T.BRK.B, Q.*,T.BRK.B,ZZ.IBM,T,AM.,.,");
        assert_eq!(answers, done(&["T.BRK.B", "Q.*"]));
        assert!(
            topics.holds("T", "BRK.B") && topics.holds("Q", "IBM") && !topics.holds("T", "BRK")
        );
        assert_eq!(topics.unsubscribe("T.BRK.B,T.BRK.B,Q.IBM"), done(&["T.BRK.B"]));
        assert_eq!(topics.names(), ["Q.*"]);
    }

    #[test]
    fn spells_pairs_of_currencies_with_a_slash() {
        let mut topics = Topics::new(Cluster::Forex, Plan::Advanced);
        assert_eq!(topics.subscribe("C.EUR-USD,C.EUR/USD,CA.*"), done(&["C.EUR/USD", "CA.*"]));
        assert_eq!(topics.symbol("EUR/USD"), "C:EURUSD");
        let crypto = Topics::new(Cluster::Crypto, Plan::Advanced);
        assert_eq!(crypto.symbol("BTC-USD"), "X:BTCUSD");
    }

    #[test]
    fn keeps_to_the_plan() {
        let mut starter = Topics::new(Cluster::Stocks, Plan::Starter);
        let answers = starter.subscribe("T.IBM,AM.IBM");
        assert_eq!(answers, [Answer::Refused, Answer::Done("AM.IBM".into())]);
        let mut basic = Topics::new(Cluster::Stocks, Plan::Basic);
        assert_eq!(basic.subscribe("AM.IBM"), [Answer::Refused]);
    }
}
