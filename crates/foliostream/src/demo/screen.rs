//! The live table: market, orders, positions and health at a glance.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Result;
use component::Progress;
use crossterm::event::{self, Event as Input, KeyCode, KeyModifiers};
use model::{OrderStatus, Text};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table};
use runtime::{State, Status, Wiring};
use serde_json::{Value, json};

use super::view::{Seen, View};
use crate::cli::Format;
use crate::tables::cell;
use crate::{output, progress};

/// Pause between two pictures.
const FRAME: Duration = Duration::from_millis(200);
/// Pause between two lines where there is no terminal to draw on.
const LINE: Duration = Duration::from_secs(1);

/// Characters of a drawn bar.
const BAR: u64 = 10;

type Statuses = BTreeMap<Text, Status>;

/// Shows the view until `q` is pressed.
pub async fn show(format: Format, view: &View, wiring: &Wiring, statuses: &Statuses) -> Result<()> {
    if format == Format::Json || !std::io::stdout().is_terminal() {
        return lines(format, view, wiring, statuses).await;
    }
    let mut terminal = ratatui::try_init()?;
    let mut rates = Rates::default();
    let ended = loop {
        rates.look(&view.get());
        if let Err(error) = terminal.draw(|frame| draw(frame, &view.get(), &rates, statuses)) {
            break Err(error.into());
        }
        match quit() {
            Ok(false) => wiring.clock.sleep(FRAME).await,
            Ok(true) => break Ok(()),
            Err(error) => break Err(error.into()),
        }
    };
    ratatui::restore();
    ended
}

fn quit() -> std::io::Result<bool> {
    while event::poll(Duration::ZERO)? {
        if let Input::Key(key) = event::read()? {
            let is_ctrl_c =
                key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
            if is_ctrl_c || key.code == KeyCode::Char('q') {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// One line a second, for pipes and logs.
async fn lines(format: Format, view: &View, wiring: &Wiring, statuses: &Statuses) -> Result<()> {
    loop {
        wiring.clock.sleep(LINE).await;
        let seen = view.get();
        match format {
            Format::Json => output::json(&figures(&seen))?,
            Format::Text => output::line(&words(&seen, statuses)),
        }
    }
}

/// How it stands, for machines. Backfills have lines of their own.
fn figures(seen: &Seen) -> Value {
    let (quotes, trades) = totals(seen);
    json!({
        "seconds": seen.started.elapsed().as_secs_f64(),
        "quotes": quotes,
        "trades": trades,
        "orders": seen.orders.len(),
        "orders_open": open_orders(seen),
        "fills": seen.fills,
        "breaks_open": seen.open_breaks(),
        "gaps": seen.gaps,
        "dead_letters": seen.dead,
    })
}

fn words(seen: &Seen, statuses: &Statuses) -> String {
    let (quotes, trades) = totals(seen);
    let mut text = format!(
        "{:>5.0}s  quotes {quotes}  trades {trades}  orders {} ({} open)  fills {}  \
         breaks {}  gaps {}  dead letters {}",
        seen.started.elapsed().as_secs_f64(),
        seen.orders.len(),
        open_orders(seen),
        seen.fills,
        seen.open_breaks(),
        seen.gaps,
        seen.dead,
    );
    for (name, Progress { done, total }) in progress::unfinished(statuses) {
        text += &format!("  {name} {done} of {total}");
    }
    text
}

fn open_orders(seen: &Seen) -> usize {
    seen.orders.values().filter(|order| !order.is_terminal).count()
}

fn totals(seen: &Seen) -> (u64, u64) {
    let markets = seen.markets.values();
    markets.fold((0, 0), |(quotes, trades), m| (quotes + m.quotes, trades + m.trades))
}

/// Events a second, smoothed over a few pictures.
#[derive(Default)]
struct Rates {
    quotes: f64,
    trades: f64,
    last: Option<(Duration, u64, u64)>,
}

impl Rates {
    fn look(&mut self, seen: &Seen) {
        let (now, (quotes, trades)) = (seen.started.elapsed(), totals(seen));
        if let Some((then, old_quotes, old_trades)) = self.last {
            let secs = (now - then).as_secs_f64().max(0.001);
            let smooth = |old: f64, new: u64| old * 0.8 + 0.2 * new as f64 / secs;
            self.quotes = smooth(self.quotes, quotes - old_quotes);
            self.trades = smooth(self.trades, trades - old_trades);
        }
        self.last = Some((now, quotes, trades));
    }
}

fn draw(frame: &mut Frame<'_>, seen: &Seen, rates: &Rates, statuses: &Statuses) {
    let books = u16::try_from(3 + seen.ours.len() + seen.cash.len()).unwrap_or(u16::MAX);
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(7),
        Constraint::Min(6),
        Constraint::Length(books),
        Constraint::Length(1),
    ]);
    let [head, top, middle, bottom, foot] = rows.areas(frame.area());
    let halves = Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]);
    let [left, right] = halves.areas(top);
    frame.render_widget(headline(seen, rates), head);
    frame.render_widget(markets(seen), left);
    frame.render_widget(health(statuses), right);
    frame.render_widget(orders(seen), middle);
    frame.render_widget(positions(seen), bottom);
    let help = "q quits   |   in another terminal: foliostream tap market.trades";
    frame.render_widget(Paragraph::new(help).dark_gray(), foot);
}

fn headline(seen: &Seen, rates: &Rates) -> Paragraph<'static> {
    let breaks = seen.open_breaks();
    let agree = if seen.books_agree() { "books agree".green() } else { "books settling".yellow() };
    Paragraph::new(Line::from(vec![
        " Foliostream ".bold().reversed(),
        format!("  {:.0}s  ", seen.started.elapsed().as_secs_f64()).into(),
        format!("quotes {:.0}/s  trades {:.0}/s  ", rates.quotes, rates.trades).cyan(),
        format!("fills {}  ", seen.fills).into(),
        agree,
        format!("  breaks {breaks}").fg(if breaks == 0 { Color::Green } else { Color::Red }),
        format!("  gaps {}  findings {}  dead {}", seen.gaps, seen.findings, seen.dead).into(),
    ]))
}

fn table<'a, const N: usize>(
    title: &'a str,
    names: [&'a str; N],
    rows: Vec<Row<'a>>,
    widths: [Constraint; N],
) -> Table<'a> {
    Table::new(rows, widths)
        .header(Row::new(names).style(Style::new().dark_gray()))
        .block(Block::bordered().title(title))
}

fn right<T: ToString>(value: Option<T>) -> Cell<'static> {
    Cell::new(Line::from(cell(value)).right_aligned())
}

fn markets(seen: &Seen) -> Table<'_> {
    let rows = seen.markets.iter().map(|(name, market)| {
        Row::new([
            Cell::new(name.as_str().bold()),
            right(market.bid).green(),
            right(market.ask).red(),
            right(market.last),
            right(Some(market.trades)),
        ])
    });
    let widths = [10, 10, 10, 10, 8].map(Constraint::Length);
    table(" market ", ["instrument", "bid", "ask", "last", "trades"], rows.collect(), widths)
}

/// How many components run, and each one that does not, or is behind.
fn health(statuses: &Statuses) -> Paragraph<'static> {
    let mut running = 0;
    let drawn = |(name, progress)| Line::from(format!("{} {name}", bar(progress)).fg(Color::Cyan));
    let mut lines: Vec<_> = progress::unfinished(statuses).map(drawn).collect();
    for (name, status) in statuses {
        let health = status.get();
        let color = match health.state {
            State::Running => Color::Green,
            State::Starting | State::Waiting => Color::Yellow,
            State::Stopped => Color::DarkGray,
            State::Failed => Color::Red,
        };
        running += usize::from(health.state == State::Running);
        let lag = health.lag.filter(|lag| *lag > 0).map(|lag| format!(" +{lag}"));
        if health.state != State::Running || lag.is_some() {
            let lag = lag.unwrap_or_default();
            lines.push(Line::from(format!("● {name}{lag} {}", health.detail).fg(color)));
        }
        if let Some(call) = health.alert {
            lines.push(Line::from(format!("  a person is needed: {}", call.action).fg(Color::Red)));
        }
    }
    let total = statuses.len();
    lines.insert(0, Line::from(format!("● {running} of {total} run").fg(Color::Green)));
    Paragraph::new(lines).block(Block::bordered().title(" components "))
}

/// How far a backfill has come, drawn and in figures.
fn bar(Progress { done, total }: Progress) -> String {
    let full = done.saturating_mul(BAR) / total.max(1);
    let drawn: String = (0..BAR).map(|at| if at < full { '█' } else { '░' }).collect();
    format!("{drawn} {done}/{total}")
}

fn orders(seen: &Seen) -> Table<'_> {
    let mut orders: Vec<_> = seen.orders.values().collect();
    orders.sort_by_key(|order| std::cmp::Reverse(order.created_time));
    let rows = orders.into_iter().take(30).map(|order| {
        let color = match order.status {
            OrderStatus::Filled => Color::Green,
            OrderStatus::Rejected | OrderStatus::Denied | OrderStatus::NotSent => Color::Red,
            OrderStatus::Canceled | OrderStatus::Expired => Color::DarkGray,
            _ => Color::Yellow,
        };
        Row::new([
            Cell::new(order.order_id.as_str()),
            Cell::new(order.account.as_str()),
            Cell::new(cell(order.side)),
            right(order.quantity.or(order.notional)),
            Cell::new(cell(order.instrument.as_ref())),
            Cell::new(cell(order.order_type)),
            right(order.limit_price.or(order.stop_price)),
            Cell::new(order.status.to_string().fg(color)),
            right(Some(order.filled_quantity)),
            right(order.average_price.map(|price| price.round_dp(4))),
            Cell::new(order.reason.as_deref().unwrap_or_default()),
        ])
    });
    let widths = [
        Constraint::Length(19),
        Constraint::Length(8),
        Constraint::Length(4),
        Constraint::Length(8),
        Constraint::Length(10),
        Constraint::Length(10),
        Constraint::Length(9),
        Constraint::Length(16),
        Constraint::Length(7),
        Constraint::Length(10),
        Constraint::Min(10),
    ];
    let names = [
        "order",
        "account",
        "side",
        "quantity",
        "instrument",
        "type",
        "price",
        "status",
        "filled",
        "average",
        "reason",
    ];
    table(" orders ", names, rows.collect(), widths)
}

fn positions(seen: &Seen) -> Table<'_> {
    let rows = seen.ours.iter().map(|(key, position)| {
        let theirs = seen.theirs.get(key).map(|held| held.quantity);
        let market = seen.markets.get(position.instrument.as_str()).and_then(|m| m.last);
        let open = market.map(|last| last * position.quantity - position.cost);
        let color = if theirs == Some(position.quantity) { Color::Green } else { Color::Yellow };
        Row::new([
            Cell::new(position.account.as_str()),
            Cell::new(position.instrument.as_str()),
            right(Some(position.quantity)).fg(color),
            right(theirs),
            right(position.average_price.map(|price| price.round_dp(4))),
            right(open.map(|profit| profit.round_dp(2))),
            right(Some(position.realized_profit.round_dp(2))),
        ])
    });
    let cash = seen.cash.iter().map(|(key, ours)| {
        let theirs = seen.balances.get(key).map(|balance| balance.cash.round_dp(2));
        let color =
            if theirs == Some(ours.cash.round_dp(2)) { Color::Green } else { Color::Yellow };
        Row::new([
            Cell::new(ours.account.as_str()),
            Cell::new(ours.currency.as_str()),
            right(Some(ours.cash.round_dp(2))).fg(color),
            right(theirs),
        ])
    });
    let widths = [10, 12, 14, 14, 12, 12, 12].map(Constraint::Length);
    let names = ["account", "position", "ours", "broker", "average", "open profit", "realized"];
    table(" books ", names, rows.chain(cash).collect(), widths)
}
