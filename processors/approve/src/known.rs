//! What is known from the topics that every instance sees whole.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use model::{
    Command, CommandKind, Decimal, Event, InstrumentId, OrderState, PortfolioPosition, Text,
};

use crate::market::Market;
use crate::state::short_id;

/// Orders whose progress is remembered, open and ended each. An order that is forgotten counts as
/// open and unfilled, which only makes the limits tighter.
const MAX_ORDERS: usize = 200_000;

/// Positions of all accounts that are remembered. One beyond that counts as not held, which only
/// makes the limits tighter.
const MAX_POSITIONS: usize = 200_000;

/// Scopes that can be halted; a scope is an account or a system.
const MAX_SCOPES: usize = 10_000;

/// The scope that halts everything.
const EVERYTHING: &str = "all";

/// Last prices, halts, positions, and how far orders have come.
#[derive(Debug, Default)]
pub struct Known {
    pub(crate) market: Market,
    halts: BTreeMap<Text, Text>,
    filled: HashMap<Text, Decimal>,
    ended: HashSet<u64>,
    ended_in_order: VecDeque<u64>,
    positions: HashMap<(Text, InstrumentId), Decimal>,
}

impl Known {
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::Quote(quote) => self.market.note_quote(quote),
            Event::Trade(trade) => self.market.note_trade(trade),
            Event::Command(command) => self.note_command(command),
            Event::OrderState(state) => self.note_order(state),
            Event::PortfolioPosition(position) => self.note_position(position),
            _ => {}
        }
    }

    /// The scope of a halt that covers an account at a system, with its reason.
    pub(crate) fn halt(&self, account: &str, system: &str) -> Option<(&Text, &Text)> {
        [EVERYTHING, account, system].into_iter().find_map(|scope| self.halts.get_key_value(scope))
    }

    pub(crate) fn has_ended(&self, order_id: &str) -> bool {
        self.ended.contains(&short_id(&["order", order_id]))
    }

    pub(crate) fn filled(&self, order_id: &str) -> Decimal {
        self.filled.get(order_id).copied().unwrap_or_default()
    }

    /// Units that our books hold of an instrument.
    pub(crate) fn held(&self, account: &Text, instrument: &InstrumentId) -> Decimal {
        let key = (account.clone(), instrument.clone());
        self.positions.get(&key).copied().unwrap_or_default()
    }

    fn note_position(&mut self, position: &PortfolioPosition) {
        let key = (position.account.clone(), position.instrument.clone());
        if position.quantity.is_zero() {
            self.positions.remove(&key);
        } else if self.positions.len() < MAX_POSITIONS || self.positions.contains_key(&key) {
            self.positions.insert(key, position.quantity);
        }
    }

    fn note_command(&mut self, command: &Command) {
        match command.kind {
            CommandKind::Halt => {
                let reason = command.reason.clone().unwrap_or_else(|| command.actor.clone());
                // Too many halts to tell apart: everything stops rather than one being missed.
                let is_full = self.halts.len() >= MAX_SCOPES;
                let scope = if is_full { EVERYTHING.into() } else { command.scope.clone() };
                self.halts.insert(scope, reason);
            }
            CommandKind::Resume => {
                self.halts.remove(&command.scope);
            }
        }
    }

    fn note_order(&mut self, state: &OrderState) {
        if !state.is_terminal {
            if self.filled.len() < MAX_ORDERS || self.filled.contains_key(&state.order_id) {
                self.filled.insert(state.order_id.clone(), state.filled_quantity);
            }
            return;
        }
        self.filled.remove(&state.order_id);
        let id = short_id(&["order", &state.order_id]);
        if self.ended.insert(id) {
            self.ended_in_order.push_back(id);
        }
        if self.ended_in_order.len() > MAX_ORDERS
            && let Some(oldest) = self.ended_in_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
    }
}
