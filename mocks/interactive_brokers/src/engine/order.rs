use rust_decimal::Decimal;

use crate::instruments::Index;
use crate::wire;

pub type OrderIndex = usize;

/// An order that the program has taken in.
#[derive(Clone, Debug)]
pub struct Order {
    /// Negative for orders placed by hand in the program itself.
    pub client_id: i32,
    pub order_id: i32,
    pub perm_id: i64,
    pub account: usize,
    pub instrument: Index,
    /// As told to clients.
    pub contract: wire::Contract,
    pub echo: wire::Order,
    pub terms: Terms,
    pub filled: Decimal,
    pub money: Decimal,
    pub last_price: Decimal,
    pub commission: Decimal,
    pub status: Status,
    /// Waits in the program for the rest of its group.
    pub held_back: bool,
    pub triggered: bool,
    /// Best price since a trailing order works.
    pub mark: Option<Decimal>,
    pub parent: Option<OrderIndex>,
    pub warning: Option<String>,
    pub created: i64,
    pub done: Option<i64>,
    pub ended_by: &'static str,
    pub modified: u32,
}

/// What an order asks for, in numbers that can be trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    pub side: Side,
    pub kind: Kind,
    pub tif: Tif,
    pub quantity: Decimal,
    pub limit: Option<Decimal>,
    /// Where a stop or touch order comes to life.
    pub trigger: Option<Decimal>,
    pub trail: Option<Trail>,
    /// Distance of the limit from the stop of a trailing order.
    pub limit_offset: Decimal,
    pub outside_hours: bool,
    pub starts: Option<i64>,
    pub ends: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trail {
    Amount(Decimal),
    Percent(Decimal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Market,
    Limit,
    Stop,
    StopLimit,
    Trail,
    TrailLimit,
    MarketIfTouched,
    LimitIfTouched,
    MarketOnClose,
    LimitOnClose,
    /// Takes what is there; the rest becomes a limit at that price.
    MarketToLimit,
    /// Follows the middle of the quote.
    Middle,
    /// Follows its own side of the quote.
    Relative,
    /// Follows the other side of the quote.
    PeggedToMarket,
    /// Taken in and left alone: the mock does not know how it works.
    Passive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tif {
    Day,
    GoodTillCanceled,
    ImmediateOrCancel,
    FillOrKill,
    GoodTillDate,
    AtOpen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    PendingSubmit,
    PreSubmitted,
    Submitted,
    PendingCancel,
    ApiCancelled,
    Cancelled,
    Filled,
    Inactive,
}

impl Order {
    pub fn remaining(&self) -> Decimal {
        (self.terms.quantity - self.filled).max(Decimal::ZERO)
    }

    pub fn is_open(&self) -> bool {
        !self.status.is_final()
    }

    pub fn average_price(&self) -> Decimal {
        if self.filled.is_zero() {
            return Decimal::ZERO;
        }
        (self.money / self.filled).round_dp(8).normalize()
    }

    pub fn oca_group(&self) -> Option<&str> {
        self.echo.oca_group.as_deref().filter(|group| !group.is_empty())
    }
}

impl Side {
    pub fn signed(self, quantity: Decimal) -> Decimal {
        match self {
            Side::Buy => quantity,
            Side::Sell => -quantity,
        }
    }

    /// As executions have it.
    pub fn executed(self) -> &'static str {
        match self {
            Side::Buy => "BOT",
            Side::Sell => "SLD",
        }
    }

    pub fn reaches(self, limit: Decimal, price: Decimal) -> bool {
        match self {
            Side::Buy => price <= limit,
            Side::Sell => price >= limit,
        }
    }
}

impl Kind {
    pub fn parse(text: &str) -> Option<Kind> {
        Some(match text {
            "MKT" | "MKT PRT" | "MKTPRT" | "BOX TOP" | "BOXTOP" => Kind::Market,
            "LMT" => Kind::Limit,
            "STP" | "STP PRT" | "STPPRT" => Kind::Stop,
            "STP LMT" | "STPLMT" => Kind::StopLimit,
            "TRAIL" => Kind::Trail,
            "TRAIL LIMIT" | "TRAILLMT" | "TRAIL LMT" => Kind::TrailLimit,
            "MIT" => Kind::MarketIfTouched,
            "LIT" => Kind::LimitIfTouched,
            "MOC" => Kind::MarketOnClose,
            "LOC" => Kind::LimitOnClose,
            "MTL" => Kind::MarketToLimit,
            "MIDPRICE" | "PEG MID" | "PEGMID" => Kind::Middle,
            "REL" | "PASSV REL" | "PEG PRIM" => Kind::Relative,
            "PEG MKT" | "PEGMKT" => Kind::PeggedToMarket,
            "PEG STK" | "PEGSTK" | "PEG BENCH" | "PEGBENCH" | "PEG BEST" | "PEGBEST" | "VOL"
            | "REL + LMT" | "REL + MKT" => Kind::Passive,
            _ => return None,
        })
    }

    pub fn needs_limit(self) -> bool {
        matches!(self, Kind::Limit | Kind::StopLimit | Kind::LimitIfTouched | Kind::LimitOnClose)
    }

    pub fn needs_trigger(self) -> bool {
        matches!(self, Kind::Stop | Kind::StopLimit | Kind::MarketIfTouched | Kind::LimitIfTouched)
    }

    pub fn trails(self) -> bool {
        matches!(self, Kind::Trail | Kind::TrailLimit)
    }

    /// Waits for the market to come somewhere; kept by the broker until then.
    pub fn waits(self) -> bool {
        self.needs_trigger() || self.trails()
    }

    /// Set off by a price that is better than now, not worse.
    pub fn is_touched(self) -> bool {
        matches!(self, Kind::MarketIfTouched | Kind::LimitIfTouched)
    }

    pub fn is_for_close(self) -> bool {
        matches!(self, Kind::MarketOnClose | Kind::LimitOnClose)
    }
}

impl Tif {
    pub fn parse(text: &str) -> Option<Tif> {
        Some(match text {
            "" | "DAY" | "AUC" => Tif::Day,
            "GTC" | "DTC" | "GTX" => Tif::GoodTillCanceled,
            "IOC" => Tif::ImmediateOrCancel,
            "FOK" => Tif::FillOrKill,
            "GTD" => Tif::GoodTillDate,
            "OPG" => Tif::AtOpen,
            _ => return None,
        })
    }
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::PendingSubmit => "PendingSubmit",
            Status::PreSubmitted => "PreSubmitted",
            Status::Submitted => "Submitted",
            Status::PendingCancel => "PendingCancel",
            Status::ApiCancelled => "ApiCancelled",
            Status::Cancelled => "Cancelled",
            Status::Filled => "Filled",
            Status::Inactive => "Inactive",
        }
    }

    pub fn is_final(self) -> bool {
        matches!(self, Status::ApiCancelled | Status::Cancelled | Status::Filled | Status::Inactive)
    }
}
