use rust_decimal::Decimal;
use uuid::Uuid;

/// Index of an instrument in the mock's list of assets.
pub type AssetIndex = usize;

/// Index of an order in its book.
pub type OrderIndex = usize;

/// Gives a closed set of words its spelling on the wire; `read` ones can come from a client.
macro_rules! words {
    ($(#[$doc:meta])* read $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        words!($(#[$doc])* $name { $($variant = $word),* });

        impl $name {
            pub fn parse(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($variant),* }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }
    };
}

words!(read Side { Buy = "buy", Sell = "sell" });

words!(read Kind {
    Market = "market",
    Limit = "limit",
    Stop = "stop",
    StopLimit = "stop_limit",
    TrailingStop = "trailing_stop",
});

words!(read TimeInForce {
    Day = "day",
    GoodTillCanceled = "gtc",
    AtOpen = "opg",
    AtClose = "cls",
    ImmediateOrCancel = "ioc",
    FillOrKill = "fok",
});

words!(read Class { Simple = "simple", Bracket = "bracket", Oco = "oco", Oto = "oto" });

words!(read Intent {
    BuyToOpen = "buy_to_open",
    BuyToClose = "buy_to_close",
    SellToOpen = "sell_to_open",
    SellToClose = "sell_to_close",
});

words!(Status {
    Accepted = "accepted",
    PendingNew = "pending_new",
    New = "new",
    Held = "held",
    PartiallyFilled = "partially_filled",
    Filled = "filled",
    Canceled = "canceled",
    Expired = "expired",
    Replaced = "replaced",
    Rejected = "rejected",
    PendingCancel = "pending_cancel",
    PendingReplace = "pending_replace",
});

words!(
    /// What the order stream tells.
    Event {
        Accepted = "accepted",
        PendingNew = "pending_new",
        New = "new",
        PartialFill = "partial_fill",
        Fill = "fill",
        Canceled = "canceled",
        Expired = "expired",
        Replaced = "replaced",
        Rejected = "rejected",
        PendingCancel = "pending_cancel",
        PendingReplace = "pending_replace",
    }
);

impl Side {
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// What a quantity does to a signed position.
    pub fn signed(self, quantity: Decimal) -> Decimal {
        match self {
            Side::Buy => quantity,
            Side::Sell => -quantity,
        }
    }
}

impl Kind {
    pub fn has_limit(self) -> bool {
        matches!(self, Kind::Limit | Kind::StopLimit)
    }

    /// Whether it waits for a trade at its stop price before it works.
    pub fn waits_for_stop(self) -> bool {
        matches!(self, Kind::Stop | Kind::StopLimit | Kind::TrailingStop)
    }
}

impl Status {
    pub fn is_open(self) -> bool {
        match self {
            Status::Accepted
            | Status::PendingNew
            | Status::New
            | Status::Held
            | Status::PartiallyFilled
            | Status::PendingCancel
            | Status::PendingReplace => true,
            Status::Filled
            | Status::Canceled
            | Status::Expired
            | Status::Replaced
            | Status::Rejected => false,
        }
    }

    /// Whether it may trade.
    pub fn is_working(self) -> bool {
        matches!(self, Status::New | Status::PartiallyFilled)
    }
}

/// An order as the broker keeps it.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: Uuid,
    pub client_order_id: String,
    pub asset: AssetIndex,
    pub side: Side,
    pub kind: Kind,
    pub time_in_force: TimeInForce,
    pub class: Class,
    pub intent: Intent,
    pub extended_hours: bool,
    /// Nothing for an order by amount of money.
    pub quantity: Option<Decimal>,
    pub notional: Option<Decimal>,
    pub limit_price: Option<Decimal>,
    pub stop_price: Option<Decimal>,
    pub trail_price: Option<Decimal>,
    pub trail_percent: Option<Decimal>,
    /// Best price since a trailing stop was placed.
    pub high_water_mark: Option<Decimal>,

    pub status: Status,
    pub filled_quantity: Decimal,
    /// Sum of price times quantity of its fills.
    pub filled_money: Decimal,
    /// What an order by amount of money comes to in shares, known at its first fill.
    pub notional_quantity: Option<Decimal>,
    /// Whether the stop price has been reached.
    pub triggered: bool,
    /// Buying power held for each share still to be bought or sold short.
    pub reserved_price: Decimal,

    pub created_at: i64,
    pub updated_at: i64,
    pub submitted_at: i64,
    pub expires_at: i64,
    pub filled_at: Option<i64>,
    pub expired_at: Option<i64>,
    pub canceled_at: Option<i64>,
    pub failed_at: Option<i64>,
    pub replaced_at: Option<i64>,
    pub cancel_requested_at: Option<i64>,
    pub replaces: Option<Uuid>,
    pub replaced_by: Option<Uuid>,

    pub parent: Option<OrderIndex>,
    pub legs: Vec<OrderIndex>,
}

impl Order {
    /// Shares it asks for in all, as far as that is known.
    pub fn target(&self) -> Option<Decimal> {
        self.quantity.or(self.notional_quantity)
    }

    pub fn remaining(&self) -> Decimal {
        self.target().unwrap_or_default() - self.filled_quantity
    }

    /// Money held against buying power.
    pub fn reserved_money(&self) -> Decimal {
        match self.notional {
            Some(notional) => notional - self.filled_money,
            None => self.remaining() * self.reserved_price,
        }
    }

    pub fn average_price(&self) -> Option<Decimal> {
        if self.filled_quantity.is_zero() {
            return None;
        }
        Some((self.filled_money / self.filled_quantity).round_dp(9).normalize())
    }
}

/// One thing that happened to an order, with the order as it was then.
#[derive(Clone, Debug)]
pub struct Update {
    pub event: Event,
    pub time: i64,
    pub execution_id: Uuid,
    pub order: Order,
    pub legs: Vec<Order>,
    pub fill: Option<Fill>,
}

/// One execution of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    pub price: Decimal,
    pub quantity: Decimal,
    /// Signed, after this execution.
    pub position_quantity: Decimal,
}
