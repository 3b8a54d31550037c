//! What the broker says of its accounts: positions and balances.

use component::{Changes, Result};
use model::{Position, Timestamp};
use session::{Asks, Fields, Listing, Poll, Polled, Trouble};

use crate::map::{self, Summary};
use crate::settings::Refresh;
use crate::tws::{self, Refusal, Tws};

/// What is asked of the accounts: totals, and the cash of every currency.
const TAGS: &str =
    "NetLiquidation,TotalCashValue,BuyingPower,InitMarginReq,MaintMarginReq,$LEDGER:ALL";

/// Reports changed positions, and a quantity of zero when one is gone.
pub type Positions = Poll<Tws, Held>;
/// Reports changed balances.
pub type Balances = Poll<Tws, Cash>;

pub struct Held(Listing);

#[derive(Default)]
pub struct Cash {
    request: String,
    summary: Summary,
    /// Whether everything has been told once.
    is_complete: bool,
}

type Turn<'a> = tws::Turn<'a, Changes>;

impl Asks<Tws> for Held {
    const NAME: &'static str = "interactive_brokers_positions";
    const PUBLISHES: &'static [&'static str] = &["accounts.positions"];
    const PLACE: i32 = 2;
    type Settings = Refresh;

    fn of(settings: Refresh) -> Result<(Self, u64)> {
        Ok((Self(Listing::default()), settings.refresh_secs.0))
    }
}

impl Polled<Tws> for Held {
    type Cursor = Changes;

    fn ask(&mut self, tws: &mut Tws) -> Result<()> {
        self.0.begin();
        // A subscription that there is would hide the answer to another one.
        tws.ask("cancelPositions", &[])?;
        tws.ask("reqPositions", &[])
    }

    fn take(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_>) -> Result<(), Trouble> {
        let now = turn.talk.state.now();
        match fields.kind {
            "position" if turn.talk.is_ours(fields) => {
                turn.talk.can_name(fields)?;
                let position = map::position(fields, now)?;
                let Position { broker_account, currency, instrument, .. } = &position;
                let key = format!("{broker_account}|{currency}|{instrument}");
                match position.quantity.is_zero() {
                    true => Listing::without(&key, turn.batch, |key| gone(key, now)),
                    false => self.0.row(&key, position, turn.batch),
                }
            }
            "positionEnd" => {
                turn.question.answered();
                self.0.end(turn.batch, |key| gone(key, now));
            }
            _ => {}
        }
        Ok(())
    }

    fn doubt(&mut self) {
        self.0.doubt();
    }
}

fn gone(key: &str, now: Timestamp) -> Option<Position> {
    let (account, rest) = key.split_once('|')?;
    let (currency, instrument) = rest.split_once('|')?;
    Some(map::nothing(instrument.into(), account, currency, now))
}

impl Asks<Tws> for Cash {
    const NAME: &'static str = "interactive_brokers_balances";
    const PUBLISHES: &'static [&'static str] = &["accounts.balances"];
    const PLACE: i32 = 3;
    type Settings = Refresh;

    fn of(settings: Refresh) -> Result<(Self, u64)> {
        Ok((Self::default(), settings.refresh_secs.0))
    }
}

impl Polled<Tws> for Cash {
    type Cursor = Changes;

    fn ask(&mut self, tws: &mut Tws) -> Result<()> {
        if !self.request.is_empty() {
            tws.ask("cancelAccountSummary", &[("rid", &self.request)])?;
        }
        self.request = tws.request_id();
        tws.ask("reqAccountSummary", &[("rid", &self.request), ("tags", TAGS)])
    }

    fn take(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_>) -> Result<(), Trouble> {
        match fields.kind {
            "accountSummary" if turn.talk.is_ours(fields) => self.summary.take(fields)?,
            "accountSummaryEnd" if fields.text("rid") == self.request => {
                self.is_complete = true;
                turn.question.answered();
            }
            "error" if fields.text("id") == self.request => Err(Refusal::of(fields).fault(""))?,
            _ => {}
        }
        Ok(())
    }

    fn settle(&mut self, turn: &mut Turn<'_>) {
        let balances = self.summary.balances(turn.talk.state.now());
        for balance in balances.into_iter().filter(|_| self.is_complete) {
            let key = format!("{}|{}", balance.broker_account, balance.currency);
            turn.batch.push_news(&key, balance);
        }
    }
}
