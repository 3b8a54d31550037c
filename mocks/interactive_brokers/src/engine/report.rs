//! Orders and executions in the vendor's words.

use rust_decimal::Decimal;

use super::order::{OrderIndex, Status};
use super::scene::Scene;
use super::{BY_HAND, Desk, Told};
use crate::instruments::Instrument;
use crate::wire::{self, Answer};
use crate::{numbers, times};

impl Desk {
    /// The order itself and how it stands.
    pub(super) fn tell_order(&mut self, index: OrderIndex) {
        let open = self.open_order(index, false);
        self.tell(self.orders[index].client_id, open);
        self.tell_status(index);
    }

    pub(super) fn tell_status(&mut self, index: OrderIndex) {
        let status = self.order_status(index);
        self.tell(self.orders[index].client_id, status);
    }

    /// After the last fill the order is told once more, with what it cost.
    pub(super) fn tell_commission_in_order(&mut self, index: OrderIndex) {
        let open = self.open_order(index, true);
        self.tell(self.orders[index].client_id, open);
    }

    pub(super) fn tell_execution(&mut self, number: usize, id: Option<i32>, scene: &Scene<'_>) {
        let answer = self.execution_details(number, id, scene.instruments);
        let order = self.executions[number].order;
        self.tell(self.orders[order].client_id, answer);
    }

    pub(super) fn tell_commission(&mut self, number: usize) {
        let execution = &self.executions[number];
        let client_id = self.orders[execution.order].client_id;
        let answer = self.commission_report(number);
        self.told.push(Told { client_id, answer, private: false, late: true });
    }

    pub fn open_order(&self, index: OrderIndex, with_commission: bool) -> Answer {
        let order = &self.orders[index];
        let (client_id, order_id) = named(order.client_id, order.order_id);
        let commission = with_commission.then(|| numbers::double(order.commission));
        let state = wire::OrderState {
            status: Some(order.status.as_str().to_owned()),
            commission_and_fees: commission,
            commission_and_fees_currency: commission.map(|_| "USD".to_owned()),
            warning_text: order.warning.clone(),
            ..wire::OrderState::default()
        };
        Answer::OpenOrder(wire::OpenOrder {
            order_id: Some(order_id),
            contract: Some(order.contract.clone()),
            order: Some(wire::Order {
                client_id: Some(client_id),
                order_id: Some(order_id),
                ..order.echo.clone()
            }),
            order_state: Some(state),
        })
    }

    pub fn order_status(&self, index: OrderIndex) -> Answer {
        let order = &self.orders[index];
        let (client_id, order_id) = named(order.client_id, order.order_id);
        Answer::OrderStatus(wire::OrderStatus {
            order_id: Some(order_id),
            status: Some(order.status.as_str().to_owned()),
            filled: Some(numbers::text(order.filled)),
            remaining: Some(numbers::text(order.remaining())),
            avg_fill_price: Some(numbers::double(order.average_price())),
            perm_id: Some(order.perm_id),
            parent_id: order.echo.parent_id.or(Some(0)),
            last_fill_price: Some(numbers::double(order.last_price)),
            client_id: Some(client_id),
            why_held: None,
            mkt_cap_price: Some(0.0),
        })
    }

    pub fn completed_order(&self, index: OrderIndex) -> Answer {
        let order = &self.orders[index];
        let left = if order.status == Status::Filled { Decimal::ZERO } else { order.remaining() };
        let echo = wire::Order {
            client_id: None,
            order_id: None,
            total_quantity: Some(numbers::text(left)),
            filled_quantity: Some(numbers::text(order.filled)),
            shareholder: Some("Not an insider or substantial shareholder".to_owned()),
            parent_perm_id: order.parent.map(|parent| self.orders[parent].perm_id),
            ..order.echo.clone()
        };
        // A rejected order counts as a canceled one here.
        let filled = order.status == Status::Filled;
        let status = if filled { Status::Filled } else { Status::Cancelled };
        let state = wire::OrderState {
            status: Some(status.as_str().to_owned()),
            completed_time: order.done.map(times::stamp),
            completed_status: Some(order.ended_by.to_owned()),
            ..wire::OrderState::default()
        };
        Answer::CompletedOrder(wire::CompletedOrder {
            contract: Some(order.contract.clone()),
            order: Some(echo),
            order_state: Some(state),
        })
    }

    /// `id` is that of the request; nothing for a fill that has just happened.
    pub fn execution_details(
        &self,
        number: usize,
        id: Option<i32>,
        instruments: &[Instrument],
    ) -> Answer {
        let execution = &self.executions[number];
        let order = &self.orders[execution.order];
        let contract = instruments[execution.instrument].contract(execution.exchange);
        let (client_id, order_id) = named(order.client_id, order.order_id);
        let details = wire::Execution {
            order_id: Some(order_id),
            exec_id: Some(execution.id.clone()),
            time: Some(times::stamp(execution.time)),
            acct_number: Some(self.accounts[execution.account].id.clone()),
            exchange: Some(execution.exchange.to_owned()),
            side: Some(execution.side.executed().to_owned()),
            shares: Some(numbers::text(execution.quantity)),
            price: Some(numbers::double(execution.price)),
            perm_id: Some(order.perm_id),
            client_id: Some(client_id),
            is_liquidation: Some(false),
            cum_qty: Some(numbers::text(execution.cumulative)),
            avg_price: Some(numbers::double(execution.average)),
            order_ref: order.echo.order_ref.clone(),
            last_liquidity: Some(execution.liquidity),
            is_price_revision_pending: Some(false),
            submitter: None,
            ..wire::Execution::default()
        };
        Answer::ExecutionDetails(wire::ExecutionDetails {
            req_id: Some(id.unwrap_or(-1)),
            contract: Some(wire::Contract { primary_exch: None, ..contract }),
            execution: Some(details),
        })
    }

    pub fn commission_report(&self, number: usize) -> Answer {
        let execution = &self.executions[number];
        Answer::CommissionAndFeesReport(wire::CommissionAndFeesReport {
            exec_id: Some(execution.id.clone()),
            commission_and_fees: Some(numbers::double(execution.commission)),
            currency: Some("USD".to_owned()),
            realized_pnl: execution.realized.map(numbers::double),
            bond_yield: None,
            yield_redemption_date: None,
        })
    }
}

/// Orders placed by hand have no order id, and seem to be client 0's.
fn named(client_id: i32, order_id: i32) -> (i32, i32) {
    if client_id == BY_HAND { (0, 0) } else { (client_id, order_id) }
}
