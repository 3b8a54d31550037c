//! Orders coming in: new ones, changes of working ones, and questions what one would cost.

use mockkit::market::{next_session, session};
use mockkit::time;
use rust_decimal::Decimal;

use super::order::{Kind, Order, OrderIndex, Side, Status, Terms, Tif};
use super::scene::Scene;
use super::{Desk, MAX_ORDERS, check};
use crate::instruments::Index;
use crate::refusal::Refusal;
use crate::{lookup, numbers, times, wire};

type Result<T> = std::result::Result<T, Refusal>;

impl Desk {
    /// Takes in an order, changes one, or says why not. `reject` is for a broker in a bad mood.
    pub fn place(
        &mut self,
        client_id: i32,
        request: &wire::PlaceOrderRequest,
        reject: Option<Refusal>,
        scene: &Scene<'_>,
    ) {
        let order_id = request.order_id.unwrap_or(0);
        let order = request.order.clone().unwrap_or_default();
        self.ids.entry((client_id, order_id)).or_default().sent += 1;
        if let Some(reference) = &order.order_ref {
            self.references.entry(reference.clone()).or_default().sent += 1;
        }
        let contract = request.contract.clone().unwrap_or_default();
        let done = match self.find(client_id, order_id) {
            Some(index) if self.orders[index].is_open() => {
                self.modify(index, &contract, &order, scene)
            }
            Some(_) => Err(Refusal::new(103, "Duplicate order id")),
            None => self.new_order(client_id, order_id, &contract, order, reject, scene),
        };
        if let Err(refusal) = done {
            self.refuse(client_id, order_id, &refusal, scene.now);
        }
    }

    fn new_order(
        &mut self,
        client_id: i32,
        order_id: i32,
        contract: &wire::Contract,
        order: wire::Order,
        reject: Option<Refusal>,
        scene: &Scene<'_>,
    ) -> Result<()> {
        let what_if = order.what_if.unwrap_or(false);
        if !what_if && order_id < self.next_id(client_id) {
            return Err(Refusal::new(103, "Duplicate order id"));
        }
        let instrument = lookup::one(scene.instruments, contract).map_err(Refusal::no_contract)?;
        let account = self.account_of(&order)?;
        let terms = check::terms(&order, instrument, scene)?;
        if what_if {
            self.what_if(
                client_id,
                order_id,
                contract,
                order,
                (account, instrument),
                &terms,
                scene,
            );
            return Ok(());
        }
        if self.orders.len() >= MAX_ORDERS {
            return Err(Refusal::rejected("too many orders"));
        }
        let refusal = reject.or_else(|| self.unaffordable(account, instrument, &terms, scene));
        let parent = order.parent_id.filter(|parent| *parent != 0);
        let parent = parent.and_then(|parent| self.find(client_id, parent));
        let held_back = order.transmit == Some(false);
        let index = self.orders.len();
        let mut echo = order;
        fill_in(&mut echo, client_id, order_id, &self.accounts[account].id);
        echo.perm_id = Some(self.perm_id());
        self.orders.push(Order {
            client_id,
            order_id,
            perm_id: echo.perm_id.unwrap_or(0),
            account,
            instrument,
            contract: echoed(contract, instrument, scene),
            triggered: !terms.kind.waits(),
            echo,
            terms,
            filled: Decimal::ZERO,
            money: Decimal::ZERO,
            last_price: Decimal::ZERO,
            commission: Decimal::ZERO,
            status: Status::PendingSubmit,
            held_back,
            mark: None,
            parent,
            warning: None,
            created: scene.now,
            done: None,
            ended_by: "",
            modified: 0,
        });
        self.by_key.insert((client_id, order_id), index);
        let next = self.next_ids.entry(client_id).or_insert(1);
        *next = (*next).max(order_id.saturating_add(1));
        if let Some(refusal) = refusal {
            self.reject(index, &refusal, scene.now);
            return Ok(());
        }
        self.accept(index, scene);
        Ok(())
    }

    fn accept(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        let order = &self.orders[index];
        let (client_id, order_id) = (order.client_id, order.order_id);
        self.ids.entry((client_id, order_id)).or_default().accepted += 1;
        if let Some(reference) = self.orders[index].echo.order_ref.clone() {
            self.references.entry(reference).or_default().accepted += 1;
        }
        self.open.insert(index);
        if !self.orders[index].held_back {
            self.transmit_with_family(index, scene);
        }
    }

    /// An order that is sent on takes with it those of its group that waited for it.
    fn transmit_with_family(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        let root = self.orders[index].parent.unwrap_or(index);
        let waits = |other: &OrderIndex| {
            let order = &self.orders[*other];
            order.held_back && (*other == root || order.parent == Some(root))
        };
        let mut family: Vec<OrderIndex> = self.open.iter().copied().filter(waits).collect();
        family.push(index);
        family.sort_unstable();
        family.dedup();
        for member in family {
            self.orders[member].held_back = false;
            self.submit(member, scene);
        }
    }

    /// Tells that an order is known, and lets it work if its time has come.
    fn submit(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        if scene.rules.announce_pending {
            self.tell_status(index);
        }
        self.orders[index].status = Status::PreSubmitted;
        self.orders[index].warning = self.late_start(index, scene);
        self.tell_order(index);
        if let Some(warning) = self.orders[index].warning.clone() {
            let (client_id, order_id) = (self.orders[index].client_id, self.orders[index].order_id);
            let text = format!("Order Message:\n{warning}");
            self.refuse(client_id, order_id, &Refusal::new(399, &text), scene.now);
        }
        self.start(index, scene);
    }

    /// Lets an order work, unless something has to happen first.
    pub(super) fn start(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        if !self.is_free(index, scene) || self.orders[index].status != Status::PreSubmitted {
            return;
        }
        self.follow_trail(index, scene.price(self.orders[index].instrument));
        self.check_touch(index, scene);
        let order = &self.orders[index];
        if !order.triggered || order.terms.kind.is_for_close() || order.terms.tif == Tif::AtOpen {
            return;
        }
        // What is filled at once is never told to be working.
        let immediate = order.terms.kind == Kind::Market;
        if !immediate {
            self.orders[index].status = Status::Submitted;
            self.tell_order(index);
        }
        self.try_match(index, scene);
        self.end_immediate(index, scene);
    }

    fn end_immediate(&mut self, index: OrderIndex, scene: &Scene<'_>) {
        let order = &self.orders[index];
        let at_once = matches!(order.terms.tif, Tif::ImmediateOrCancel | Tif::FillOrKill);
        if at_once && order.is_open() {
            self.end(index, Status::Cancelled, "Cancelled by System", scene.now);
            self.tell_canceled(index, scene.now);
        }
    }

    /// Whether nothing outside the order itself keeps it from working.
    pub(super) fn is_free(&self, index: OrderIndex, scene: &Scene<'_>) -> bool {
        let order = &self.orders[index];
        let parent_done =
            order.parent.is_none_or(|parent| self.orders[parent].status == Status::Filled);
        order.is_open()
            && !order.held_back
            && parent_done
            && check::is_time(&order.terms, scene)
            && order.terms.starts.is_none_or(|starts| starts <= scene.now)
            && order.terms.kind != Kind::Passive
            && self.conditions_hold(index, scene)
    }

    /// Times and prices are watched; what else a condition may name counts as given.
    fn conditions_hold(&self, index: OrderIndex, scene: &Scene<'_>) -> bool {
        let conditions = &self.orders[index].echo.conditions;
        let mut held = true;
        let mut joined = true;
        for condition in conditions {
            let more = condition.is_more.unwrap_or(true);
            let holds =
                match condition.r#type {
                    Some(3) => {
                        let time = condition.time.as_deref().and_then(times::parse);
                        time.is_none_or(|time| (scene.now >= time) == more)
                    }
                    Some(1) => {
                        let id = condition.con_id.unwrap_or(0);
                        let named = scene.instruments.iter().position(|known| known.con_id == id);
                        let price = named.and_then(|named| scene.price(named));
                        let level = condition.price.and_then(numbers::decimal);
                        price.zip(level).is_some_and(|(price, level)| {
                            if more { price >= level } else { price <= level }
                        })
                    }
                    _ => true,
                };
            held = if joined { held && holds } else { held || holds };
            joined = condition.is_conjunction_connection.unwrap_or(true);
        }
        held
    }

    fn late_start(&self, index: OrderIndex, scene: &Scene<'_>) -> Option<String> {
        let order = &self.orders[index];
        if check::is_time(&order.terms, scene) || order.parent.is_some() {
            return None;
        }
        let date = time::new_york_date(scene.now);
        let today = session(date).filter(|session| session.open > scene.now);
        let open = today.unwrap_or_else(|| next_session(date)).open;
        let instrument = scene.instrument(order.instrument);
        Some(format!(
            "{} {} {} {}\nWarning: Your order will not be placed at the exchange until {}",
            order.echo.action.as_deref().unwrap_or_default(),
            numbers::text(order.terms.quantity),
            instrument.symbol,
            instrument.home(),
            times::stamp(open).replacen(&times::day(date), &date.to_string(), 1)
        ))
    }

    /// Orders placed by hand become a client's: each gets an order id of its own.
    pub fn bind(&mut self, client_id: i32) {
        for index in self.open_orders() {
            if self.orders[index].client_id != super::BY_HAND {
                continue;
            }
            let order_id = self.next_id(client_id);
            self.next_ids.insert(client_id, order_id.saturating_add(1));
            self.by_key.insert((client_id, order_id), index);
            let order = &mut self.orders[index];
            (order.client_id, order.order_id) = (client_id, order_id);
            let perm_id = Some(order.perm_id);
            let bound =
                wire::OrderBound { perm_id, client_id: Some(client_id), order_id: Some(order_id) };
            self.tell(client_id, wire::Answer::OrderBound(bound));
            self.tell_order(index);
        }
    }

    fn account_of(&self, order: &wire::Order) -> Result<usize> {
        match order.account.as_deref() {
            None | Some("") if self.accounts.len() == 1 => Ok(0),
            None | Some("") => Err(Refusal::new(435, "You must specify an account.")),
            Some(id) => self
                .account(id)
                .ok_or_else(|| Refusal::invalid(&format!("Invalid account code '{id}'."))),
        }
    }

    /// The broker's own reasons not to take an order.
    fn unaffordable(
        &self,
        account: usize,
        instrument: Index,
        terms: &Terms,
        scene: &Scene<'_>,
    ) -> Option<Refusal> {
        let same = |index: &&OrderIndex| {
            let order = &self.orders[**index];
            (order.account, order.instrument, order.terms.side) == (account, instrument, terms.side)
        };
        let most = scene.rules.active_orders;
        if self.open.iter().filter(same).count() >= most {
            let side = if terms.side == Side::Buy { "buy" } else { "sell" };
            let reason =
                format!("Cannot accept more than {most} active {side} orders for this contract.");
            return Some(Refusal::rejected(&reason));
        }
        if !scene.rules.check_funds {
            return None;
        }
        let needed = self.margin_change(account, instrument, terms, scene);
        let available = self.valuation(account, scene).available();
        (needed > Decimal::ZERO && needed > available).then(|| {
            Refusal::rejected(&format!(
                "We are unable to accept your order. Your Available Funds are insufficient to \
                 cover the Initial Margin of this order. AVAILABLE FUNDS [{} USD], REQUIRED [{} \
                 USD]",
                numbers::cents(available),
                numbers::cents(needed)
            ))
        })
    }

    /// Margin that an order would tie up, or free.
    fn margin_change(
        &self,
        account: usize,
        instrument: Index,
        terms: &Terms,
        scene: &Scene<'_>,
    ) -> Decimal {
        let held = self.accounts[account].quantity(instrument);
        let after = held + terms.side.signed(terms.quantity);
        let price = scene.price(instrument).or(terms.limit).unwrap_or_default();
        let worth = price * scene.instrument(instrument).multiple();
        (after.abs() - held.abs()) * worth / self.accounts[account].leverage()
    }

    #[allow(clippy::too_many_arguments)]
    fn what_if(
        &mut self,
        client_id: i32,
        order_id: i32,
        contract: &wire::Contract,
        mut order: wire::Order,
        (account, instrument): (usize, Index),
        terms: &Terms,
        scene: &Scene<'_>,
    ) {
        fill_in(&mut order, client_id, order_id, &self.accounts[account].id);
        let value = self.valuation(account, scene);
        let change = self.margin_change(account, instrument, terms, scene);
        let price = scene.price(instrument).unwrap_or_default();
        let cost = self.commission(instrument, terms.quantity, price * terms.quantity, true, scene);
        let some = |value: Decimal| Some(numbers::double(value.round_dp(2)));
        let state = wire::OrderState {
            status: Some(Status::PreSubmitted.as_str().to_owned()),
            init_margin_before: some(value.margin()),
            maint_margin_before: some(value.margin()),
            equity_with_loan_before: some(value.net),
            init_margin_change: some(change),
            maint_margin_change: some(change),
            equity_with_loan_change: some(-cost),
            init_margin_after: some(value.margin() + change),
            maint_margin_after: some(value.margin() + change),
            equity_with_loan_after: some(value.net - cost),
            commission_and_fees: some(cost),
            min_commission_and_fees: None,
            max_commission_and_fees: None,
            commission_and_fees_currency: Some("USD".to_owned()),
            margin_currency: Some("USD".to_owned()),
            ..wire::OrderState::default()
        };
        let contract = echoed(contract, instrument, scene);
        let answer = wire::Answer::OpenOrder(wire::OpenOrder {
            order_id: Some(order_id),
            contract: Some(contract),
            order: Some(order),
            order_state: Some(state),
        });
        self.tell(client_id, answer);
    }

    /// A change of a working order; whatever is refused leaves it as it was.
    fn modify(
        &mut self,
        index: OrderIndex,
        contract: &wire::Contract,
        order: &wire::Order,
        scene: &Scene<'_>,
    ) -> Result<()> {
        let old = &self.orders[index];
        let instrument = lookup::one(scene.instruments, contract).map_err(Refusal::no_contract)?;
        let different = Refusal::new(105, "Order being modified does not match original order");
        let same_account = order.account.as_deref().is_none_or(|account| {
            account.is_empty() || Some(account) == old.echo.account.as_deref()
        });
        if instrument != old.instrument || order.action != old.echo.action || !same_account {
            return Err(different);
        }
        let terms = check::terms(order, instrument, scene)?;
        if terms.kind != old.terms.kind && (terms.kind.trails() || old.terms.kind.trails()) {
            let text = "Order modify failed. Cannot change to the new order type.";
            return Err(Refusal::new(329, text));
        }
        if terms.quantity <= old.filled {
            let text = "The order size must be larger than the size already filled.";
            return Err(Refusal::invalid(text));
        }
        let mut echo = order.clone();
        let (client_id, order_id) = (old.client_id, old.order_id);
        fill_in(&mut echo, client_id, order_id, old.echo.account.as_deref().unwrap_or_default());
        echo.perm_id = old.echo.perm_id;
        let was_held = old.held_back;
        let order = &mut self.orders[index];
        order.echo = echo;
        order.triggered =
            order.triggered && (order.terms.trigger == terms.trigger) || !terms.kind.waits();
        order.terms = terms;
        order.modified += 1;
        if was_held {
            order.held_back = order.echo.transmit == Some(false);
            if !order.held_back {
                self.transmit_with_family(index, scene);
            }
            return Ok(());
        }
        self.tell_order(index);
        self.start(index, scene);
        if self.orders[index].status == Status::Submitted {
            self.try_match(index, scene);
        }
        Ok(())
    }

    fn reject(&mut self, index: OrderIndex, refusal: &Refusal, now: i64) {
        let (client_id, order_id) = (self.orders[index].client_id, self.orders[index].order_id);
        self.refuse(client_id, order_id, refusal, now);
        self.end(index, Status::Inactive, "Rejected", now);
        self.tell_status(index);
    }
}

/// What the program sets where a client says nothing.
fn fill_in(order: &mut wire::Order, client_id: i32, order_id: i32, account: &str) {
    order.client_id = Some(client_id);
    order.order_id = Some(order_id);
    order.perm_id = order.perm_id.or(Some(0));
    order.account = Some(account.to_owned());
    order.tif = Some(order.tif.take().filter(|tif| !tif.is_empty()).unwrap_or("DAY".to_owned()));
    order.oca_type = order.oca_type.filter(|kind| *kind != 0).or(Some(3));
    order.clearing_intent = order.clearing_intent.take().or(Some("IB".to_owned()));
    order.open_close = None;
    order.dont_use_auto_price_for_hedge = Some(true);
    order.parent_id = order.parent_id.or(Some(0));
}

/// The contract of an order, with everything the program knows.
fn echoed(given: &wire::Contract, instrument: Index, scene: &Scene<'_>) -> wire::Contract {
    let instrument = scene.instrument(instrument);
    let exchange = given.exchange.as_deref().filter(|exchange| !exchange.is_empty());
    let contract = instrument.contract(exchange.unwrap_or(instrument.routes()));
    wire::Contract {
        primary_exch: None,
        combo_legs: given.combo_legs.clone(),
        delta_neutral_contract: given.delta_neutral_contract.clone(),
        ..contract
    }
}
