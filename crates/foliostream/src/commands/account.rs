//! `account`: our books and the broker's, side by side.

use std::collections::BTreeMap;

use anyhow::Result;
use model::{Decimal, Event};

use crate::cli::{Account, Cli};
use crate::output;
use crate::platform::Platform;
use crate::tables::{cell, latest};

pub async fn run(cli: &Cli, command: &Account) -> Result<()> {
    let wiring = Platform::running(cli)?.look(&cli.prefix).await?;
    match command {
        Account::Positions => {
            let columns = ["account", "instrument", "ours", "broker", "average_price", "profit"];
            let ours = latest(&wiring, "portfolio.positions")?;
            let theirs = latest(&wiring, "accounts.positions")?;
            let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
            let blank = |key: &str| {
                let (account, instrument) = key.split_once('|').unwrap_or((key, ""));
                let mut row = vec![account.to_owned(), instrument.to_owned()];
                row.resize(columns.len(), String::new());
                row
            };
            for (key, event) in ours {
                let Event::PortfolioPosition(position) = event else { continue };
                let row = rows.entry(key.clone()).or_insert_with(|| blank(&key));
                row[2] = position.quantity.to_string();
                row[4] = cell(position.average_price.map(|p| p.round_dp(4)));
                row[5] = position.realized_profit.round_dp(2).to_string();
            }
            for (key, event) in theirs {
                let Event::Position(position) = event else { continue };
                let row = rows.entry(key.clone()).or_insert_with(|| blank(&key));
                row[3] = position.quantity.to_string();
            }
            output::table(cli.format, &columns, &rows.into_values().collect::<Vec<_>>())
        }
        Account::Balances => balances(cli, &wiring),
    }
}

fn balances(cli: &Cli, wiring: &runtime::Wiring) -> Result<()> {
    let columns = ["account", "currency", "our_cash", "broker_cash", "equity", "buying_power"];
    let mut ours: BTreeMap<String, Decimal> = BTreeMap::new();
    for (key, event) in latest(wiring, "portfolio.cash")? {
        if let Event::PortfolioCash(cash) = event {
            ours.insert(key, cash.cash);
        }
    }
    let mut rows = Vec::new();
    for (key, event) in latest(wiring, "accounts.balances")? {
        let Event::Balance(balance) = event else { continue };
        rows.push(vec![
            balance.account.to_string(),
            balance.currency.to_string(),
            cell(ours.get(&key)),
            balance.cash.to_string(),
            cell(balance.equity),
            cell(balance.buying_power),
        ]);
    }
    output::table(cli.format, &columns, &rows)
}
