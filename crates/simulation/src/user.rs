//! Whoever asks for orders: places, replaces, cancels, says things twice, halts everything.

use model::{
    ApprovedOrder, Command, CommandKind, Decimal, Event, EventId, Head, InstrumentId, OrderAction,
    OrderClass, OrderRequest, OrderType, Quote, Side, Text, TimeInForce, Timestamp,
};

use crate::dice::Dice;
use crate::scene::{MILLI, SECOND, Scene};

/// Accounts that requests name; the last has no route.
const ACCOUNTS: [&str; 5] = ["alpha", "beta", "alpha", "beta", "gamma"];
const SYMBOLS: [&str; 3] = ["AAA", "BBB", "CCC"];

/// Everybody outside.
#[derive(Default)]
pub(crate) struct User {
    count: usize,
    placed: Vec<(Text, Text)>,
    published: Vec<Event>,
    is_halted: bool,
}

impl User {
    /// Does one thing or another.
    pub(crate) fn act(&mut self, scene: &mut Scene, dice: &mut Dice) {
        match dice.below(24) {
            0..=11 => self.place(scene, dice),
            12..=14 => self.change(OrderAction::Replace, scene, dice),
            15..=18 => self.change(OrderAction::Cancel, scene, dice),
            19 | 20 => self.repeat(scene, dice),
            21 => self.halt(scene, dice),
            22 => self.stray(scene),
            _ => self.quote(scene, dice),
        }
    }

    /// Lets orders pass again.
    pub(crate) fn resume(&mut self, scene: &mut Scene) {
        if std::mem::take(&mut self.is_halted) {
            self.command(CommandKind::Resume, scene);
        }
    }

    fn place(&mut self, scene: &mut Scene, dice: &mut Dice) {
        let mut request = self.request(OrderAction::Place, scene.now);
        let account = *dice.pick(&ACCOUNTS);
        request.account = account.into();
        request.order_id = format!("o{}", self.count).into();
        request.instrument = Some(InstrumentId::listed(dice.pick::<&str>(&SYMBOLS), "US"));
        request.side = Some(if dice.chance(55) { Side::Buy } else { Side::Sell });
        // Now and then more than the limits allow.
        let quantity = if dice.chance(4) { 50_000 } else { dice.between(1, 100) };
        request.quantity = Some(quantity.into());
        request.order_type = Some(OrderType::Limit);
        request.limit_price = Some(Decimal::new(dice.between(980, 1_020), 2));
        request.time_in_force = Some(TimeInForce::Day);
        if dice.chance(25) {
            let time = dice.between(100 * MILLI, 8 * SECOND);
            request.expires_at = Some(scene.now.plus_nanos(time));
        }
        self.placed.push((request.order_id.clone(), request.account.clone()));
        self.publish(request, scene);
    }

    fn change(&mut self, action: OrderAction, scene: &mut Scene, dice: &mut Dice) {
        if self.placed.is_empty() {
            return;
        }
        let (order_id, account) = dice.pick(&self.placed).clone();
        let mut request = self.request(action, scene.now);
        (request.order_id, request.account) = (order_id, account);
        if action == OrderAction::Replace {
            request.quantity = Some(dice.between(1, 100).into());
        }
        self.publish(request, scene);
    }

    /// Publishes a request once more, as whoever did not hear that it arrived.
    fn repeat(&mut self, scene: &mut Scene, dice: &mut Dice) {
        if self.published.is_empty() {
            return;
        }
        let event = dice.pick(&self.published).clone();
        scene.note("user", "repeats a request");
        scene.log.append(event, true);
    }

    fn halt(&mut self, scene: &mut Scene, dice: &mut Dice) {
        let kind = if self.is_halted { CommandKind::Resume } else { CommandKind::Halt };
        if self.is_halted || dice.chance(50) {
            self.is_halted = !self.is_halted;
            self.command(kind, scene);
        }
    }

    fn command(&mut self, kind: CommandKind, scene: &mut Scene) {
        self.count += 1;
        scene.note("user", &format!("{kind} alpha"));
        let command = Command {
            head: self.head("command", scene.now),
            scope: "alpha".into(),
            kind,
            actor: "somebody".into(),
            reason: None,
        };
        scene.log.append(command.into(), true);
    }

    /// An order that belongs to a system which is not here.
    fn stray(&mut self, scene: &mut Scene) {
        let mut request = self.request(OrderAction::Place, scene.now);
        request.order_id = format!("stray{}", self.count).into();
        request.account = "delta".into();
        request.quantity = Some(Decimal::ONE);
        request.instrument = Some(InstrumentId::listed("AAA", "US"));
        let order = ApprovedOrder {
            head: request.head.clone(),
            order_id: request.order_id.clone(),
            account: "delta".into(),
            system: "elsewhere".into(),
            broker_account: "E".into(),
            request,
            reference_price: None,
            reference_time: None,
            checks: Vec::new(),
        };
        scene.note("user", "approves an order of another system");
        scene.log.append(order.into(), true);
    }

    fn quote(&mut self, scene: &mut Scene, dice: &mut Dice) {
        self.count += 1;
        let symbol = *dice.pick(&SYMBOLS);
        let quote = Quote {
            head: self.head("quote", scene.now),
            instrument: InstrumentId::listed(symbol, "US"),
            symbol: symbol.into(),
            bid_price: Some(Decimal::new(999, 2)),
            bid_quantity: None,
            bid_venue: None,
            ask_price: Some(Decimal::new(1_001, 2)),
            ask_quantity: None,
            ask_venue: None,
            conditions: Vec::new(),
            tape: None,
        };
        scene.log.append(quote.into(), true);
    }

    fn publish(&mut self, request: OrderRequest, scene: &mut Scene) {
        let (id, order, account) = (&request.request_id, &request.order_id, &request.account);
        scene.note("user", &format!("asks {id}: {} {order} of {account}", request.action));
        let event = Event::from(request);
        self.published.push(event.clone());
        scene.log.append(event, true);
    }

    fn head(&self, kind: &str, now: Timestamp) -> Head {
        let id = EventId::of(&["user", kind, &self.count.to_string()]);
        Head { source: "user".into(), received_time: now, ..Head::new(id, now) }
    }

    fn request(&mut self, action: OrderAction, now: Timestamp) -> OrderRequest {
        self.count += 1;
        OrderRequest {
            head: self.head("request", now),
            request_id: format!("r{}", self.count).into(),
            action,
            order_id: Text::default(),
            account: Text::default(),
            instrument: None,
            side: None,
            quantity: None,
            notional: None,
            order_type: None,
            time_in_force: None,
            limit_price: None,
            stop_price: None,
            trail_amount: None,
            trail_percent: None,
            extended_hours: false,
            order_class: OrderClass::Simple,
            take_profit_price: None,
            stop_loss_price: None,
            stop_loss_limit_price: None,
            position_intent: None,
            legs: Vec::new(),
            expires_at: None,
            strategy: None,
            broker_options: Default::default(),
        }
    }
}
