use mockkit::time;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Book;
use super::order::{AssetIndex, Side, Status};

/// One line of the account's history.
#[derive(Clone, Debug)]
pub enum Activity {
    Fill(FillActivity),
    Other(NonTradeActivity),
}

#[derive(Clone, Debug)]
pub struct FillActivity {
    pub id: Uuid,
    pub time: i64,
    pub asset: AssetIndex,
    pub order_id: Uuid,
    pub side: Side,
    pub short: bool,
    pub price: Decimal,
    pub quantity: Decimal,
    pub cumulative: Decimal,
    pub leaves: Decimal,
    /// Of the order, after this.
    pub status: Status,
}

/// A dividend, a transfer, a split and the like.
#[derive(Clone, Debug)]
pub struct NonTradeActivity {
    pub id: Uuid,
    pub time: i64,
    /// Alpaca's code, for example `DIV`.
    pub kind: String,
    pub description: String,
    pub net_amount: Decimal,
    pub asset: Option<AssetIndex>,
    pub quantity: Option<Decimal>,
    pub per_share_amount: Option<Decimal>,
    pub price: Option<Decimal>,
}

impl Activity {
    pub fn time(&self) -> i64 {
        match self {
            Activity::Fill(fill) => fill.time,
            Activity::Other(other) => other.time,
        }
    }

    pub fn kind(&self) -> &str {
        match self {
            Activity::Fill(_) => "FILL",
            Activity::Other(other) => &other.kind,
        }
    }

    /// New York's date and time to the millisecond, then the rest.
    pub fn id(&self) -> String {
        let (time, id) = match self {
            Activity::Fill(fill) => (fill.time, fill.id),
            Activity::Other(other) => (other.time, other.id),
        };
        let civil = time::NEW_YORK.to_datetime(time::timestamp(time));
        format!("{}{:03}::{id}", civil.strftime("%Y%m%d%H%M%S"), civil.millisecond())
    }
}

impl Book {
    /// Books something that is not a trade: money comes or goes, and shares with `share_change` as
    /// far as they do. A split changes the number of shares and not their cost.
    pub fn book_activity(
        &mut self,
        mut activity: NonTradeActivity,
        share_change: Decimal,
        now: i64,
    ) {
        activity.id = self.uuid("activity");
        activity.time = self.time(now);
        self.cash += activity.net_amount;
        if let Some(asset) = activity.asset.filter(|_| !share_change.is_zero()) {
            let price = activity.price.unwrap_or_default();
            if activity.kind == "SPLIT" {
                let position = self.positions.entry(asset).or_default();
                position.quantity += share_change;
            } else {
                self.move_position(asset, share_change, price, activity.time);
            }
        }
        self.activities.push(Activity::Other(activity));
    }
}
