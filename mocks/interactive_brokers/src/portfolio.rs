//! Accounts in the vendor's words: rows of values, positions, gains; at once and as they change.

use mockkit::time::SECOND;
use rust_decimal::Decimal;

use crate::clients::Gains;
use crate::engine::{Position, Valuation};
use crate::instruments::Index;
use crate::state::{State, World};
use crate::wire::*;
use crate::{numbers, times};

/// How often everything about an account is told again.
const EVERY: i64 = 180 * SECOND;

/// One row of an account.
struct Row {
    key: &'static str,
    value: String,
    currency: &'static str,
    /// Of the ledger, one for each currency.
    ledger: bool,
}

fn rows(value: &Valuation, previous: Decimal) -> Vec<Row> {
    let usd = |key: &'static str, amount: Decimal| Row {
        key,
        value: numbers::cents(amount),
        currency: "USD",
        ledger: false,
    };
    let bare =
        |key: &'static str, text: String| Row { key, value: text, currency: "", ledger: false };
    let (margin, available) = (value.margin(), value.available());
    let mut rows = vec![
        bare("AccountCode", String::new()),
        bare("AccountReady", "true".into()),
        bare("AccountType", "INDIVIDUAL".into()),
        usd("NetLiquidation", value.net),
        usd("TotalCashValue", value.cash),
        usd("SettledCash", value.cash),
        usd("AccruedCash", Decimal::ZERO),
        usd("BuyingPower", value.buying_power()),
        usd("EquityWithLoanValue", value.net),
        usd("PreviousDayEquityWithLoanValue", previous),
        usd("GrossPositionValue", value.gross),
        usd("RegTEquity", value.net),
        usd("RegTMargin", value.gross / Decimal::TWO),
        usd("SMA", value.net),
        usd("InitMarginReq", margin),
        usd("MaintMarginReq", margin),
        usd("AvailableFunds", available),
        usd("ExcessLiquidity", available),
        bare("Cushion", numbers::text(value.cushion())),
        usd("FullInitMarginReq", margin),
        usd("FullMaintMarginReq", margin),
        usd("FullAvailableFunds", available),
        usd("FullExcessLiquidity", available),
        bare("LookAheadNextChange", "0".into()),
        usd("LookAheadInitMarginReq", margin),
        usd("LookAheadMaintMarginReq", margin),
        usd("LookAheadAvailableFunds", available),
        usd("LookAheadExcessLiquidity", available),
        bare("HighestSeverity", "0".into()),
        bare("DayTradesRemaining", "-1".into()),
        bare("DayTradesRemainingT+1", "-1".into()),
        bare("DayTradesRemainingT+2", "-1".into()),
        bare("DayTradesRemainingT+3", "-1".into()),
        bare("DayTradesRemainingT+4", "-1".into()),
        bare("Leverage", leverage(value)),
    ];
    for currency in ["USD", "BASE"] {
        rows.extend(ledger(value, currency));
    }
    rows
}

fn leverage(value: &Valuation) -> String {
    if value.net.is_zero() {
        return "0.00".to_owned();
    }
    numbers::cents(value.gross / value.net)
}

/// Rows of one currency, or of all together.
fn ledger(value: &Valuation, currency: &'static str) -> Vec<Row> {
    let row = |key: &'static str, value: String| Row { key, value, currency, ledger: true };
    let money = |key: &'static str, amount: Decimal| row(key, numbers::cents(amount));
    vec![
        row("Currency", currency.to_owned()),
        money("CashBalance", value.cash),
        money("TotalCashBalance", value.cash),
        money("AccruedCash", Decimal::ZERO),
        money("StockMarketValue", value.stocks),
        money("OptionMarketValue", Decimal::ZERO),
        money("FutureMarketValue", Decimal::ZERO),
        money("FundValue", Decimal::ZERO),
        money("NetDividend", Decimal::ZERO),
        money("NetLiquidationByCurrency", value.net),
        money("UnrealizedPnL", value.unrealized),
        money("RealizedPnL", value.realized),
        row("ExchangeRate", "1.00".into()),
        row("RealCurrency", currency.to_owned()),
    ]
}

fn account_rows(world: &World, state: &State, account: usize) -> Vec<Row> {
    let value = state.desk.valuation(account, &state.scene(world));
    let mut rows = rows(&value, state.desk.accounts[account].worth_before);
    if let Some(code) = rows.first_mut() {
        code.value = state.desk.accounts[account].id.clone();
    }
    rows
}

/// Everything about an account, as a client that follows it is told at first and then again.
pub fn download(world: &World, state: &State, account: usize) -> Vec<Answer> {
    let name = state.desk.accounts[account].id.clone();
    let rows = account_rows(world, state, account).into_iter();
    let mut answers: Vec<Answer> = rows
        .map(|row| {
            Answer::AccountValue(AccountValue {
                key: Some(row.key.to_owned()),
                value: Some(row.value),
                currency: Some(row.currency.to_owned()),
                account_name: Some(name.clone()),
            })
        })
        .collect();
    let held = &state.desk.accounts[account].positions;
    let positions = held.iter();
    answers.extend(positions.map(|(index, held)| portfolio(world, state, account, *index, *held)));
    let time_stamp = Some(times::minute(state.now()));
    answers.push(Answer::AccountUpdateTime(AccountUpdateTime { time_stamp }));
    let account_name = Some(name);
    answers.push(Answer::AccountDataEnd(AccountDataEnd { account_name }));
    answers
}

fn portfolio(world: &World, state: &State, account: usize, index: Index, held: Position) -> Answer {
    let known = &world.instruments[index];
    let price = known.mark(&state.tape).price().unwrap_or_else(|| held.average());
    let worth = held.worth(price * known.multiple());
    let realized = state.desk.realized(account, index);
    Answer::PortfolioValue(PortfolioValue {
        contract: Some(Contract { exchange: None, ..known.contract("") }),
        position: Some(numbers::text(held.quantity)),
        market_price: Some(numbers::double(price)),
        market_value: Some(numbers::double(worth.round_dp(4))),
        average_cost: Some(numbers::double(held.average())),
        unrealized_pnl: Some(numbers::double((worth - held.cost).round_dp(4))),
        realized_pnl: Some(numbers::double(realized.round_dp(4))),
        account_name: Some(state.desk.accounts[account].id.clone()),
    })
}

/// Every position of every account.
pub fn positions(world: &World, state: &State) -> Vec<Answer> {
    let accounts = 0..state.desk.accounts.len();
    let all = accounts.flat_map(|account| {
        let held = state.desk.accounts[account].positions.iter();
        held.map(move |(index, held)| position(world, state, account, *index, *held))
    });
    all.collect()
}

fn position(world: &World, state: &State, account: usize, index: Index, held: Position) -> Answer {
    let known = &world.instruments[index];
    Answer::Position(crate::wire::Position {
        account: Some(state.desk.accounts[account].id.clone()),
        contract: Some(Contract { primary_exch: None, ..known.contract(known.home()) }),
        position: Some(numbers::text(held.quantity)),
        avg_cost: Some(numbers::double(held.average())),
    })
}

pub fn positions_multi(
    world: &World,
    state: &State,
    id: i32,
    account: Option<usize>,
) -> Vec<Answer> {
    let accounts = 0..state.desk.accounts.len();
    let wanted = accounts.filter(|one| account.is_none_or(|account| account == *one));
    let all = wanted.flat_map(|account| {
        let held = state.desk.accounts[account].positions.iter();
        held.map(move |(index, held)| multi(world, state, id, account, *index, *held))
    });
    all.collect()
}

fn multi(
    world: &World,
    state: &State,
    id: i32,
    account: usize,
    index: Index,
    held: Position,
) -> Answer {
    let known = &world.instruments[index];
    Answer::PositionMulti(PositionMulti {
        req_id: Some(id),
        account: Some(state.desk.accounts[account].id.clone()),
        contract: Some(Contract { primary_exch: None, ..known.contract(known.home()) }),
        position: Some(numbers::text(held.quantity)),
        avg_cost: Some(numbers::double(held.average())),
        model_code: None,
    })
}

pub fn values_multi(
    world: &World,
    state: &State,
    id: i32,
    account: usize,
    ledger_only: bool,
) -> Vec<Answer> {
    let name = &state.desk.accounts[account].id;
    let rows = account_rows(world, state, account).into_iter();
    rows.filter(|row| !ledger_only || row.ledger || row.key == "NetLiquidation")
        .map(|row| {
            Answer::AccountUpdateMulti(AccountUpdateMulti {
                req_id: Some(id),
                account: Some(name.clone()),
                model_code: None,
                key: Some(row.key.to_owned()),
                value: Some(row.value),
                currency: Some(row.currency.to_owned()),
            })
        })
        .collect()
}

/// The rows that were asked for, of every account. `$LEDGER` is the base currency's ledger,
/// `$LEDGER:ALL` that of every currency.
pub fn summary(world: &World, state: &State, id: i32, tags: &[String]) -> Vec<Answer> {
    let wants = |row: &Row| {
        tags.iter().any(|tag| match tag.strip_prefix("$LEDGER") {
            Some("") => row.ledger && row.currency == "BASE",
            Some(":ALL") => row.ledger,
            Some(currency) => row.ledger && currency.strip_prefix(':') == Some(row.currency),
            None => !row.ledger && tag == row.key,
        })
    };
    let accounts = 0..state.desk.accounts.len();
    let all = accounts.flat_map(|account| {
        let name = &state.desk.accounts[account].id;
        let rows = account_rows(world, state, account).into_iter().filter(wants);
        rows.map(move |row| {
            Answer::AccountSummary(AccountSummary {
                req_id: Some(id),
                account: Some(name.clone()),
                tag: Some(row.key.to_owned()),
                value: Some(row.value),
                currency: Some(row.currency.to_owned()),
            })
        })
    });
    all.collect()
}

pub fn gains(world: &World, state: &State, id: i32, gains: &Gains) -> Answer {
    let some = |value: Decimal| Some(numbers::double(value.round_dp(4)));
    let scene = state.scene(world);
    let Some(index) = gains.instrument else {
        let value = state.desk.valuation(gains.account, &scene);
        return Answer::PnL(PnL {
            req_id: Some(id),
            daily_pnl: some(value.daily),
            unrealized_pnl: some(value.unrealized),
            realized_pnl: some(value.realized),
        });
    };
    let known = &world.instruments[index];
    let held = state.desk.accounts[gains.account].positions.get(&index).copied();
    let held = held.unwrap_or_default();
    let price = scene.price(index).unwrap_or_else(|| held.average());
    let worth = held.worth(price * known.multiple());
    let unrealized = worth - held.cost;
    let realized = state.desk.realized(gains.account, index);
    Answer::PnLSingle(PnLSingle {
        req_id: Some(id),
        position: Some(numbers::text(held.quantity)),
        daily_pnl: some(unrealized + realized),
        unrealized_pnl: some(unrealized),
        realized_pnl: some(realized),
        value: some(worth),
    })
}

/// A position has changed, to zero perhaps.
pub fn moved(world: &World, state: &mut State, account: usize, index: Index) {
    if state.cut_off {
        return;
    }
    let held = state.desk.accounts[account].positions.get(&index).copied().unwrap_or_default();
    let told = position(world, state, account, index, held);
    state.tell_all(&told, |client| client.positions);
    let told = portfolio(world, state, account, index, held);
    let rows = download(world, state, account);
    for client in state.clients.iter().filter(|client| client.portfolio == Some(account)) {
        client.send(told.clone());
        let values = rows.iter().filter(|row| matches!(row, Answer::AccountValue(_)));
        values.for_each(|value| client.send(value.clone()));
    }
    for client in &state.clients {
        let wanted = client.positions_multi.iter();
        for (id, _) in wanted.filter(|(_, one)| one.is_none_or(|one| one == account)) {
            client.send(multi(world, state, *id, account, index, held));
        }
    }
}

/// Once a second gains, every three minutes everything else.
pub fn beat(world: &World, state: &mut State, time: i64) {
    if state.cut_off {
        return;
    }
    let mut clients = std::mem::take(&mut state.clients);
    for client in &mut clients {
        let mut following = std::mem::take(&mut client.gains);
        for (id, one) in &mut following {
            let answer = gains(world, state, *id, one);
            let near = state.is_near_present(time, EVERY);
            if near && one.told.as_ref() != Some(&answer) {
                client.send(answer.clone());
                one.told = Some(answer);
            }
        }
        client.gains = following;
        if time % EVERY != 0 || !state.is_near_present(time, EVERY) {
            continue;
        }
        let portfolio = client.portfolio.map(|account| download(world, state, account));
        let rows = client.summaries.iter().map(|(id, tags)| summary(world, state, *id, tags));
        for answer in portfolio.into_iter().chain(rows).flatten() {
            client.send(answer);
        }
    }
    state.clients = clients;
}
