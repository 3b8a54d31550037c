//! `order` and `switch`: asking for orders, and looking at them.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use component::Clock;
use model::{
    Command, CommandKind, Decimal, Event, EventId, Head, InstrumentId, OrderAction, OrderClass,
    OrderRequest, OrderState, OrderType, Side, Text, TimeInForce,
};
use runtime::{Publisher, Wiring};
use serde_json::json;
use tokio::task::block_in_place;

use crate::cli::{Cli, Format, Order, Place, Replace, Switch};
use crate::output::{self, NOT_FOUND};
use crate::platform::Platform;
use crate::tables::{cell, latest};

/// How long Kafka may take to acknowledge a request.
pub const ACKNOWLEDGED: Duration = Duration::from_secs(10);

pub async fn run(cli: &Cli, command: &Order) -> Result<ExitCode> {
    let wiring = Platform::running(cli)?.look(&cli.prefix).await?;
    match command {
        Order::Place(args) => return place(cli, &wiring, args).await,
        Order::Replace(args) => {
            let known = state(&wiring, &args.order_id)?;
            ask(cli, &wiring, replace(args, &known)?)?;
        }
        Order::Cancel(args) => {
            let known = state(&wiring, &args.order_id)?;
            let request = blank(OrderAction::Cancel, &known.order_id, &known.account);
            ask(cli, &wiring, request)?;
        }
        Order::Status { order_id } => show(cli, &[state(&wiring, order_id)?])?,
        Order::List { open } => {
            let mut states = states(&wiring)?;
            states.retain(|state| !(*open && state.is_terminal));
            states.sort_by_key(|state| state.created_time);
            show(cli, &states)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A request with nothing but its identity.
pub fn blank(action: OrderAction, order_id: &str, account: &str) -> OrderRequest {
    let request_id = uuid::Uuid::new_v4().to_string();
    let mut head = Head::new(EventId::of(&["cli", &request_id]), Clock::system().now());
    head.source = "cli".into();
    head.received_time = head.event_time;
    OrderRequest {
        head,
        request_id: request_id.into(),
        action,
        order_id: order_id.into(),
        account: account.into(),
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

async fn place(cli: &Cli, wiring: &Wiring, args: &Place) -> Result<ExitCode> {
    let order_id = args.order_id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let mut request = blank(OrderAction::Place, &order_id, &args.account);
    request.instrument = Some(InstrumentId::from(&*args.instrument));
    request.side = Some(word("side", Side::ALL, &args.side)?);
    request.quantity = number("quantity", &args.quantity)?;
    request.notional = number("--notional", &args.notional)?;
    request.limit_price = number("--limit", &args.limit_price)?;
    request.stop_price = number("--stop", &args.stop_price)?;
    request.trail_amount = number("--trail-amount", &args.trail_amount)?;
    request.trail_percent = number("--trail-percent", &args.trail_percent)?;
    request.take_profit_price = number("--take-profit", &args.take_profit)?;
    request.stop_loss_price = number("--stop-loss", &args.stop_loss)?;
    request.time_in_force = Some(word("--tif", TimeInForce::ALL, &args.time_in_force)?);
    request.order_type = Some(match &args.order_type {
        Some(name) => word("--type", OrderType::ALL, name)?,
        None => order_type(&request),
    });
    request.order_class = match (&request.take_profit_price, &request.stop_loss_price) {
        (None, None) => OrderClass::Simple,
        (Some(_), Some(_)) => OrderClass::Bracket,
        _ => OrderClass::Oto,
    };
    request.extended_hours = args.extended_hours;
    if let Some(at) = &args.expires_at {
        request.expires_at = Some(at.parse().context("--expires-at")?);
    }
    ask(cli, wiring, request)?;
    match args.wait {
        None => Ok(ExitCode::SUCCESS),
        Some(secs) => wait(cli, wiring, &order_id, Duration::from_secs(secs)),
    }
}

/// What the prices say about the type of an order.
fn order_type(request: &OrderRequest) -> OrderType {
    let trails = request.trail_amount.is_some() || request.trail_percent.is_some();
    match (request.limit_price.is_some(), request.stop_price.is_some(), trails) {
        (_, _, true) => OrderType::TrailingStop,
        (true, true, _) => OrderType::StopLimit,
        (true, false, _) => OrderType::Limit,
        (false, true, _) => OrderType::Stop,
        (false, false, _) => OrderType::Market,
    }
}

fn replace(args: &Replace, known: &OrderState) -> Result<OrderRequest> {
    let mut request = blank(OrderAction::Replace, &known.order_id, &known.account);
    request.instrument = known.instrument.clone();
    request.side = known.side;
    request.order_type = known.order_type;
    request.quantity = number("--quantity", &args.quantity)?;
    request.limit_price = number("--limit", &args.limit_price)?;
    request.stop_price = number("--stop", &args.stop_price)?;
    request.trail_amount = number("--trail-amount", &args.trail_amount)?;
    if let Some(name) = &args.time_in_force {
        request.time_in_force = Some(word("--tif", TimeInForce::ALL, name)?);
    }
    Ok(request)
}

/// Publishes a request and says under which ids.
fn ask(cli: &Cli, wiring: &Wiring, request: OrderRequest) -> Result<()> {
    let (order_id, request_id) = (request.order_id.clone(), request.request_id.clone());
    publish(wiring, request)?;
    match cli.format {
        Format::Json => output::json(&json!({ "order_id": order_id, "request_id": request_id })),
        Format::Text => {
            output::line(&format!("asked for order {order_id} (request {request_id})"));
            Ok(())
        }
    }
}

/// Publishes an event and waits until Kafka has it.
pub fn publish(wiring: &Wiring, event: impl Into<Event>) -> Result<()> {
    block_in_place(|| {
        let mut pipeline = wiring.cluster.pipeline()?;
        Publisher::new(wiring).publish(&mut pipeline, &event.into(), None)?;
        Ok(pipeline.flush(ACKNOWLEDGED)?)
    })
}

fn wait(cli: &Cli, wiring: &Wiring, order_id: &str, limit: Duration) -> Result<ExitCode> {
    let topic = wiring.names.topic("orders.state");
    let mut follow =
        block_in_place(|| wiring.cluster.reader()?.follow(&[&topic], kafka::From::Start))?;
    let deadline = Instant::now() + limit;
    let mut last = None;
    while Instant::now() < deadline {
        for message in block_in_place(|| follow.next(1_000, Duration::from_millis(200)))? {
            if message.key() == Some(order_id.as_bytes())
                && let Ok(Event::OrderState(state)) = block_in_place(|| wiring.read(&message))
            {
                last = Some(*state);
            }
        }
        if let Some(state) = last.as_ref().filter(|state| state.is_terminal) {
            show(cli, std::slice::from_ref(state))?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    match last {
        Some(state) => bail!("order {order_id} is still {} after {limit:?}", state.status),
        None => bail!("order {order_id} has no state after {limit:?}: is the pipeline running?"),
    }
}

fn states(wiring: &Wiring) -> Result<Vec<OrderState>> {
    let events = latest(wiring, "orders.state")?.into_values();
    Ok(events
        .filter_map(|event| match event {
            Event::OrderState(state) => Some(*state),
            _ => None,
        })
        .collect())
}

fn state(wiring: &Wiring, order_id: &str) -> Result<OrderState> {
    let found = states(wiring)?.into_iter().find(|state| state.order_id == order_id);
    found.ok_or_else(|| output::exit(NOT_FOUND, format!("no order {order_id:?}")))
}

fn show(cli: &Cli, states: &[OrderState]) -> Result<()> {
    if cli.format == Format::Json {
        return states.iter().try_for_each(output::json);
    }
    let columns = [
        "order",
        "account",
        "side",
        "quantity",
        "instrument",
        "type",
        "limit",
        "status",
        "filled",
        "average",
        "reason",
    ];
    let rows = states.iter().map(|state| {
        vec![
            state.order_id.to_string(),
            state.account.to_string(),
            cell(state.side),
            cell(state.quantity.or(state.notional)),
            cell(state.instrument.as_ref()),
            cell(state.order_type),
            cell(state.limit_price),
            state.status.to_string(),
            state.filled_quantity.to_string(),
            cell(state.average_price.map(|price| price.round_dp(4))),
            cell(state.reason.clone()),
        ]
    });
    output::table(cli.format, &columns, &rows.collect::<Vec<_>>())
}

fn number(name: &str, text: &Option<String>) -> Result<Option<Decimal>> {
    let parse = |text: &String| model::money(text).with_context(|| name.to_owned());
    text.as_ref().map(parse).transpose()
}

fn word<T: Copy + std::fmt::Display>(name: &str, all: &[T], text: &str) -> Result<T> {
    let found = all.iter().copied().find(|word| word.to_string() == text.to_lowercase());
    found.with_context(|| {
        let known: Vec<_> = all.iter().map(ToString::to_string).collect();
        format!("{name} {text:?} is none of {}", known.join(", "))
    })
}

/// Throws or lifts the kill switch.
pub async fn switch(cli: &Cli, switch: &Switch) -> Result<()> {
    let (kind, args) = match switch {
        Switch::Halt(args) => (CommandKind::Halt, args),
        Switch::Resume(args) => (CommandKind::Resume, args),
    };
    let wiring = Platform::running(cli)?.look(&cli.prefix).await?;
    let now = Clock::system().now();
    let id = EventId::of(&["command", &args.scope, kind.as_str(), &now.0.to_string()]);
    let mut head = Head::new(id, now);
    head.source = "cli".into();
    head.received_time = now;
    let reason = (!args.reason.is_empty()).then(|| Text::from(&*args.reason));
    let scope = Text::from(&*args.scope);
    let actor = std::env::var("USER").unwrap_or_else(|_| "cli".to_owned()).into();
    publish(&wiring, Command { head, scope, kind, actor, reason })?;
    match cli.format {
        Format::Json => output::json(&json!({ "scope": args.scope, "switch": kind.as_str() })),
        Format::Text => {
            output::line(&format!("{}: {kind}", args.scope));
            Ok(())
        }
    }
}
