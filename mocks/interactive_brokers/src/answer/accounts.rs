//! Positions, money, and what was gained or lost.

use super::{Ask, Result};
use crate::clients::Gains;
use crate::portfolio;
use crate::refusal::Refusal;
use crate::wire::*;

pub fn answer(ask: &mut Ask<'_>, request: Request) -> Result<Option<Request>> {
    match request {
        Request::PositionsRequest(_) => {
            ask.me_mut().positions = true;
            for answer in portfolio::positions(ask.world, ask.state) {
                ask.tell(answer);
            }
            ask.tell(Answer::PositionEnd(PositionEnd {}));
        }
        Request::CancelPositions(_) => ask.me_mut().positions = false,
        Request::PositionsMultiRequest(request) => positions_multi(ask, &request)?,
        Request::CancelPositionsMulti(cancel) => {
            ask.me_mut().positions_multi.remove(&cancel.req_id.unwrap_or(0));
        }
        Request::AccountDataRequest(request) => account_updates(ask, &request)?,
        Request::AccountUpdatesMultiRequest(request) => updates_multi(ask, &request)?,
        Request::CancelAccountUpdatesMulti(cancel) => {
            ask.me_mut().values_multi.remove(&cancel.req_id.unwrap_or(0));
        }
        Request::AccountSummaryRequest(request) => summary(ask, &request)?,
        Request::CancelAccountSummary(cancel) => {
            ask.me_mut().summaries.remove(&cancel.req_id.unwrap_or(0));
        }
        Request::PnLRequest(request) => {
            let account = ask.account(&request.account)?;
            gains(ask, request.req_id, Gains { account, instrument: None, told: None });
        }
        Request::PnLSingleRequest(request) => {
            let account = ask.account(&request.account)?;
            let id = request.con_id.unwrap_or(0);
            let found = ask.world.instruments.iter().position(|known| known.con_id == id);
            let text = "No security definition has been found for the request".to_owned();
            let instrument = Some(found.ok_or_else(|| Refusal::no_contract(text))?);
            gains(ask, request.req_id, Gains { account, instrument, told: None });
        }
        Request::CancelPnL(CancelPnL { req_id }) => forget_gains(ask, req_id),
        Request::CancelPnLSingle(CancelPnLSingle { req_id }) => forget_gains(ask, req_id),
        request => return Ok(Some(request)),
    }
    Ok(None)
}

fn forget_gains(ask: &mut Ask<'_>, id: Option<i32>) {
    ask.me_mut().gains.remove(&id.unwrap_or(0));
}

fn gains(ask: &mut Ask<'_>, id: Option<i32>, mut gains: Gains) {
    let id = id.unwrap_or(0);
    let answer = portfolio::gains(ask.world, ask.state, id, &gains);
    ask.tell(answer.clone());
    gains.told = Some(answer);
    ask.me_mut().gains.insert(id, gains);
}

fn positions_multi(ask: &mut Ask<'_>, request: &PositionsMultiRequest) -> Result {
    let id = request.req_id.unwrap_or(0);
    let account = match request.account.as_deref() {
        None | Some("" | "All") => None,
        Some(_) => Some(ask.account(&request.account)?),
    };
    for answer in portfolio::positions_multi(ask.world, ask.state, id, account) {
        ask.tell(answer);
    }
    ask.tell(Answer::PositionMultiEnd(PositionMultiEnd { req_id: Some(id) }));
    ask.me_mut().positions_multi.insert(id, account);
    Ok(())
}

/// One account at a time.
fn account_updates(ask: &mut Ask<'_>, request: &AccountDataRequest) -> Result {
    let account = ask.account(&request.acct_code)?;
    if !request.subscribe.unwrap_or(false) {
        ask.me_mut().portfolio = None;
        return Ok(());
    }
    let before = ask.me_mut().portfolio.replace(account);
    if before.is_some_and(|before| before != account) {
        let text = "New account data requested from TWS. API client has been unsubscribed from \
                    account data.";
        ask.refuse(crate::refusal::NOBODY, &Refusal::new(2100, text));
    }
    for answer in portfolio::download(ask.world, ask.state, account) {
        ask.tell(answer);
    }
    Ok(())
}

fn updates_multi(ask: &mut Ask<'_>, request: &AccountUpdatesMultiRequest) -> Result {
    let id = request.req_id.unwrap_or(0);
    let account = ask.account(&request.account)?;
    let ledger_only = request.ledger_and_nlv.unwrap_or(false);
    for answer in portfolio::values_multi(ask.world, ask.state, id, account, ledger_only) {
        ask.tell(answer);
    }
    ask.tell(Answer::AccountUpdateMultiEnd(AccountUpdateMultiEnd { req_id: Some(id) }));
    ask.me_mut().values_multi.insert(id, (account, ledger_only));
    Ok(())
}

fn summary(ask: &mut Ask<'_>, request: &AccountSummaryRequest) -> Result {
    let id = request.req_id.unwrap_or(0);
    if ask.me().summaries.len() >= ask.world.settings.limits.account_summaries
        && !ask.me().summaries.contains_key(&id)
    {
        let text = "Error processing request:-'bJ' : cause - Maximum number of account summary \
                    requests exceeded";
        return Err(Refusal::new(322, text));
    }
    let tags = request.tags.as_deref().unwrap_or_default();
    let tags: Vec<String> =
        tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    for answer in portfolio::summary(ask.world, ask.state, id, &tags) {
        ask.tell(answer);
    }
    ask.tell(Answer::AccountSummaryEnd(AccountSummaryEnd { req_id: Some(id) }));
    ask.me_mut().summaries.insert(id, tags);
    Ok(())
}
