use rust_decimal::Decimal;

use super::order::{OrderIndex, Side, Status};
use super::scene::{Scene, Touch};
use super::{Desk, Position};
use crate::instruments::Index;

/// One fill of an order.
#[derive(Clone, Debug)]
pub struct Execution {
    pub id: String,
    pub order: OrderIndex,
    pub time: i64,
    pub account: usize,
    pub instrument: Index,
    pub side: Side,
    pub exchange: &'static str,
    pub quantity: Decimal,
    pub price: Decimal,
    pub cumulative: Decimal,
    pub average: Decimal,
    /// 1 added liquidity, 2 took it.
    pub liquidity: i32,
    pub commission: Decimal,
    /// Nothing for one that only opens a position.
    pub realized: Option<Decimal>,
}

impl Desk {
    /// One execution: order, position, money and history move together.
    pub(super) fn fill(
        &mut self,
        index: OrderIndex,
        touch: Touch,
        quantity: Decimal,
        scene: &Scene<'_>,
    ) {
        if quantity <= Decimal::ZERO {
            return;
        }
        let (instrument, account) = (self.orders[index].instrument, self.orders[index].account);
        let multiple = scene.instrument(instrument).multiple();
        let worth = touch.price * quantity * multiple;
        let is_first = self.orders[index].filled.is_zero();
        let commission = self.commission(instrument, quantity, worth, is_first, scene);
        let order = &mut self.orders[index];
        order.filled = (order.filled + quantity).normalize();
        order.money += touch.price * quantity;
        order.last_price = touch.price;
        order.commission += commission;
        let side = order.terms.side;
        let trade = (side.signed(quantity), touch.price);
        let realized = self.book(account, instrument, trade, commission, scene);
        let done = self.orders[index].remaining().is_zero();
        let order = &mut self.orders[index];
        order.status = match (done, order.status) {
            (true, _) => Status::Filled,
            // A market order is never told to be working before its last fill.
            (false, _) => Status::Submitted,
        };
        let execution = Execution {
            id: self.execution_id(scene.now),
            order: index,
            time: scene.now,
            account,
            instrument,
            side,
            exchange: venue(touch.venue, scene.instrument(instrument).home()),
            quantity: quantity.normalize(),
            price: touch.price.normalize(),
            cumulative: self.orders[index].filled,
            average: self.orders[index].average_price(),
            liquidity: 2,
            commission,
            realized,
        };
        self.executions.push(execution);
        let number = self.executions.len() - 1;
        self.tell_execution(number, None, scene);
        if done {
            self.end(index, Status::Filled, "Filled", scene.now);
        }
        self.tell_order(index);
        if done {
            self.tell_commission_in_order(index);
        }
        self.tell_commission(number);
        if done {
            self.pass_on(index, scene);
        }
    }

    /// What a filled order means for the others of its group.
    fn pass_on(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        self.cancel_group(index, scene.now);
        let is_child = |other: &OrderIndex| self.orders[*other].parent == Some(index);
        let children: Vec<OrderIndex> = self.open_orders().into_iter().filter(is_child).collect();
        for child in children {
            self.start(child, scene);
        }
    }

    /// Moves the position and the money; what was earned or lost if the position became smaller.
    /// The average cost carries the commission.
    fn book(
        &mut self,
        account: usize,
        instrument: Index,
        (change, price): (Decimal, Decimal),
        commission: Decimal,
        scene: &Scene<'_>,
    ) -> Option<Decimal> {
        let known = scene.instrument(instrument);
        let unit = price * known.multiple();
        let account_index = account;
        let account = &mut self.accounts[account];
        let position = account.positions.entry(instrument).or_default();
        let (before, after) = (position.quantity, position.quantity + change);
        let opens = before.is_zero() || before.is_sign_negative() == change.is_sign_negative();
        let average = position.average();
        let mut realized = None;
        if opens {
            position.cost += change * unit + commission;
        } else if after.is_zero() || after.is_sign_negative() == before.is_sign_negative() {
            realized = Some(-change * (unit - average) - commission);
            position.cost = average * after;
        } else {
            realized = Some(before * (unit - average) - commission);
            *position = Position { quantity: after, cost: after * unit };
        }
        position.quantity = after;
        let closed = after.is_zero();
        if closed {
            account.positions.remove(&instrument);
        }
        account.cash -= if known.sec_type == "FUT" {
            // A future costs nothing; only what it earned or lost is paid.
            realized.map_or(commission, |realized| -realized)
        } else {
            change * unit + commission
        };
        account.realized += realized.unwrap_or_default();
        self.moved.push((account_index, instrument));
        realized.map(|realized| realized.round_dp(4))
    }

    /// Half a cent a share, at least a dollar for the first fill of an order, at most a hundredth
    /// of the trade's worth; other kinds have prices of their own.
    pub(super) fn commission(
        &self,
        instrument: Index,
        quantity: Decimal,
        worth: Decimal,
        is_first: bool,
        scene: &Scene<'_>,
    ) -> Decimal {
        let cent = Decimal::new(1, 2);
        let least = if is_first { Decimal::ONE } else { cent };
        match scene.instrument(instrument).sec_type {
            "FUT" => (quantity * Decimal::new(225, 2)).round_dp(2),
            "OPT" => (quantity * Decimal::new(65, 2)).max(least).round_dp(2),
            "CASH" => Decimal::TWO,
            _ => {
                let most = (worth / Decimal::ONE_HUNDRED).max(cent);
                (quantity * Decimal::new(5, 3)).max(least).min(most).round_dp(4).normalize()
            }
        }
    }

    /// Puts an execution right: told again under the next number, at another price.
    pub fn correct(&mut self, id: &str, price: Decimal, scene: &Scene<'_>) -> Option<usize> {
        let number = self.executions.iter().rposition(|execution| execution.id == id)?;
        let (stem, count) = id.rsplit_once('.')?;
        let next = count.parse::<u32>().ok()?.saturating_add(1);
        let old = self.executions[number].clone();
        let known = scene.instrument(old.instrument);
        let change = old.side.signed(old.quantity) * (price - old.price) * known.multiple();
        let account = &mut self.accounts[old.account];
        account.cash -= change;
        if let Some(position) = account.positions.get_mut(&old.instrument) {
            position.cost += change;
        }
        let order = &mut self.orders[old.order];
        order.money += old.quantity * (price - old.price);
        let average = order.average_price();
        // The new one takes the place of the old one.
        let corrected = Execution { id: format!("{stem}.{next:02}"), price, average, ..old };
        self.executions[number] = corrected;
        self.tell_execution(number, None, scene);
        self.tell_commission(number);
        Some(number)
    }

    /// `0000e0d5.525292e1.01.01`: the last number counts corrections of the same execution.
    fn execution_id(&mut self, now: i64) -> String {
        let number = self.executions.len() + 1;
        let login = self.seed.below("login", 0, 0xFFFF);
        let seconds = now.div_euclid(mockkit::time::SECOND);
        format!("{login:08x}.{seconds:08x}.{number:02x}.01")
    }
}

/// The vendor's name of a venue on the consolidated tape.
pub fn venue(letter: char, home: &'static str) -> &'static str {
    match letter {
        'A' => "AMEX",
        'B' => "BEX",
        'C' => "NYSENAT",
        'I' => "IDEALPRO",
        'J' => "EDGEA",
        'K' => "DRCTEDGE",
        'M' => "CHX",
        'N' => "NYSE",
        'P' => "ARCA",
        'Q' | 'T' => "NASDAQ",
        'W' => "CBOE",
        'X' => "PHLX",
        'Y' => "BYX",
        'Z' => "BATS",
        _ => home,
    }
}
