//! What each cluster carries.

use crate::instruments::Class;
use crate::tape::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cluster {
    Stocks,
    Options,
    Forex,
    Crypto,
    Indices,
    Futures(&'static str),
}

/// One kind of message, whatever a cluster calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    Minute,
    Limits,
    Imbalance,
    FairValue,
    LaunchValue,
    Second,
    Quote,
    Book,
    Trade,
    Value,
}

pub const CHANNELS: usize = 10;

impl Channel {
    pub fn index(self) -> usize {
        self as usize
    }

    /// What an event on the tape sets off, in the order in which it is told.
    pub fn of(kind: Kind) -> &'static [Channel] {
        use Channel::*;
        match kind {
            Kind::Minute => &[Minute, Limits, Imbalance, FairValue, LaunchValue],
            Kind::Second => &[Second],
            Kind::Quote => &[Quote, Book],
            Kind::Trade => &[Trade, Value],
        }
    }
}

impl Cluster {
    pub const ALL: [Cluster; 10] = [
        Cluster::Stocks,
        Cluster::Options,
        Cluster::Forex,
        Cluster::Crypto,
        Cluster::Indices,
        Cluster::Futures("futures"),
        Cluster::Futures("futures/cme"),
        Cluster::Futures("futures/cbot"),
        Cluster::Futures("futures/nymex"),
        Cluster::Futures("futures/comex"),
    ];

    /// The path, without its slash.
    pub fn name(self) -> &'static str {
        match self {
            Cluster::Stocks => "stocks",
            Cluster::Options => "options",
            Cluster::Forex => "forex",
            Cluster::Crypto => "crypto",
            Cluster::Indices => "indices",
            Cluster::Futures(name) => name,
        }
    }

    /// Nothing for futures, of which the data has none.
    pub fn class(self) -> Option<Class> {
        match self {
            Cluster::Stocks => Some(Class::Stocks),
            Cluster::Options => Some(Class::Options),
            Cluster::Forex => Some(Class::Fx),
            Cluster::Crypto => Some(Class::Crypto),
            Cluster::Indices => Some(Class::Indices),
            Cluster::Futures(_) => None,
        }
    }

    /// What clients call the channels; anything else is not answered.
    pub fn channels(self) -> &'static [(&'static str, Channel)] {
        use Channel::*;
        match self {
            Cluster::Stocks => &[
                ("T", Trade),
                ("Q", Quote),
                ("A", Second),
                ("AM", Minute),
                ("LULD", Limits),
                ("NOI", Imbalance),
                ("FMV", FairValue),
                ("LV", LaunchValue),
            ],
            Cluster::Options => &[
                ("T", Trade),
                ("Q", Quote),
                ("A", Second),
                ("AM", Minute),
                ("FMV", FairValue),
                ("LV", LaunchValue),
            ],
            Cluster::Forex => &[
                ("C", Quote),
                ("CAS", Second),
                ("CA", Minute),
                ("FMV", FairValue),
                ("LV", LaunchValue),
            ],
            Cluster::Crypto => &[
                ("XT", Trade),
                ("XQ", Quote),
                ("XL2", Book),
                ("XAS", Second),
                ("XA", Minute),
                ("FMV", FairValue),
                ("LV", LaunchValue),
            ],
            Cluster::Indices => &[("V", Value), ("A", Second), ("AM", Minute)],
            Cluster::Futures(_) => &[("T", Trade), ("Q", Quote), ("A", Second), ("AM", Minute)],
        }
    }

    pub fn channel(self, name: &str) -> Option<(&'static str, Channel)> {
        self.channels().iter().find(|(known, _)| *known == name).copied()
    }

    pub fn channel_name(self, channel: Channel) -> &'static str {
        let found = self.channels().iter().find(|(_, known)| *known == channel);
        found.map_or("", |(name, _)| name)
    }
}
