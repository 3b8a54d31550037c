//! Who is what: contracts, symbols, rules and venues.

use super::{Ask, Result, details, options};
use crate::lookup;
use crate::refusal::Refusal;
use crate::wire::*;

/// Rows of an answer to a search.
const MAX_MATCHES: usize = 16;

pub fn answer(ask: &mut Ask<'_>, request: Request) -> Result<Option<Request>> {
    match request {
        Request::ContractDataRequest(request) => contract_details(ask, &request)?,
        Request::CancelContractData(_) => {}
        Request::MatchingSymbolsRequest(request) => matching(ask, &request),
        Request::MarketRuleRequest(request) => market_rule(ask, request.market_rule_id)?,
        Request::SecDefOptParamsRequest(request) => options::parameters(ask, &request)?,
        Request::CalculateImpliedVolatilityRequest(request) => {
            options::implied_volatility(ask, &request)?;
        }
        Request::CalculateOptionPriceRequest(request) => options::price(ask, &request)?,
        Request::CancelCalculateImpliedVolatility(_) | Request::CancelCalculateOptionPrice(_) => {}
        Request::FamilyCodesRequest(_) => {
            let code = |account: &crate::engine::Account| FamilyCode {
                account_id: Some(account.id.clone()),
                family_code: Some(String::new()),
            };
            let family_codes = ask.state.desk.accounts.iter().map(code).collect();
            ask.tell(Answer::FamilyCodes(FamilyCodes { family_codes }));
        }
        Request::SoftDollarTiersRequest(request) => {
            let tier = |name: &str, value: &str| SoftDollarTier {
                name: Some(name.to_owned()),
                value: Some(value.to_owned()),
                display_name: Some(format!("{name} {value}")),
            };
            let soft_dollar_tiers = vec![tier("Maximum", "0"), tier("Tier1", "10")];
            let req_id = request.req_id;
            ask.tell(Answer::SoftDollarTiers(SoftDollarTiers { req_id, soft_dollar_tiers }));
        }
        Request::MarketDepthExchangesRequest(_) => ask.tell(depth_exchanges()),
        Request::SmartComponentsRequest(request) => ask.tell(smart_components(request.req_id)),
        request => return Ok(Some(request)),
    }
    Ok(None)
}

fn contract_details(ask: &Ask<'_>, request: &ContractDataRequest) -> Result {
    let contract = request.contract.clone().unwrap_or_default();
    let found = lookup::find(&ask.world.instruments, &contract);
    if found.is_empty() {
        let text = "No security definition has been found for the request".to_owned();
        return Err(Refusal::no_contract(text));
    }
    let by_id = contract.con_id.is_some_and(|id| id != 0);
    let given = contract.exchange.as_deref().filter(|exchange| !exchange.is_empty());
    for index in found {
        let known = ask.known(index);
        // Whoever names no venue is told of every one.
        let exchanges: Vec<&str> = match given {
            Some(exchange) => vec![exchange],
            None if by_id => vec![known.routes()],
            None => known.exchanges.to_vec(),
        };
        for exchange in exchanges {
            ask.tell(details::details(ask, index, exchange, request.req_id));
        }
    }
    ask.tell(Answer::ContractDataEnd(ContractDataEnd { req_id: request.req_id }));
    Ok(())
}

/// By the start of the symbol, or by a word of the name.
fn matching(ask: &Ask<'_>, request: &MatchingSymbolsRequest) {
    let pattern = request.pattern.as_deref().unwrap_or_default().to_ascii_uppercase();
    let fits = |known: &&crate::instruments::Instrument| {
        let mut words = known.long_name.split_whitespace();
        !pattern.is_empty()
            && known.terms.is_none()
            && (known.symbol.starts_with(&pattern)
                || words.any(|word| word.to_ascii_uppercase().starts_with(&pattern)))
    };
    let found = ask.world.instruments.iter().filter(fits).take(MAX_MATCHES);
    let row = |known: &crate::instruments::Instrument| {
        let stock = known.sec_type == "STK" && known.currency == "USD";
        let kinds: &[&str] = if stock { &["CFD", "OPT", "IOPT", "WAR", "BAG"] } else { &[] };
        let contract = Contract {
            primary_exch: Some(known.home().to_owned()),
            description: Some(known.long_name.clone()),
            exchange: None,
            ..known.contract("")
        };
        ContractDescription {
            contract: Some(contract),
            derivative_sec_types: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        }
    };
    let contract_descriptions = found.map(row).collect();
    let req_id = request.req_id;
    ask.tell(Answer::SymbolSamples(SymbolSamples { req_id, contract_descriptions }));
}

fn market_rule(ask: &Ask<'_>, id: Option<i32>) -> Result {
    let id = id.unwrap_or(0);
    let used = ask.world.instruments.iter().find(|known| known.market_rule == id);
    let Some(known) = used else {
        return Err(Refusal::invalid(&format!("Market rule {id} is not known.")));
    };
    let increment = Some(crate::numbers::double(known.min_tick));
    let price_increments = vec![PriceIncrement { low_edge: Some(0.0), increment }];
    let market_rule_id = Some(id);
    ask.tell(Answer::MarketRule(MarketRule { market_rule_id, price_increments }));
    Ok(())
}

fn depth_exchanges() -> Answer {
    let row = |exchange: &str, kind: &str, service: &str| DepthMarketDataDescription {
        exchange: Some(exchange.to_owned()),
        sec_type: Some(kind.to_owned()),
        listing_exch: Some(String::new()),
        service_data_type: Some(service.to_owned()),
        agg_group: Some(1),
    };
    let depth_market_data_descriptions = vec![
        row("NYSE", "STK", "Deep"),
        row("ARCA", "STK", "Deep"),
        row("NASDAQ", "STK", "Deep2"),
        row("BATS", "STK", "Deep"),
        row("CME", "FUT", "Deep"),
        row("IDEALPRO", "CASH", "Deep"),
    ];
    Answer::MarketDepthExchanges(MarketDepthExchanges { depth_market_data_descriptions })
}

fn smart_components(req_id: Option<i32>) -> Answer {
    let venues = [
        (0, "AMEX", "A"),
        (1, "BEX", "B"),
        (2, "NYSENAT", "C"),
        (9, "EDGEA", "J"),
        (10, "DRCTEDGE", "K"),
        (12, "CHX", "M"),
        (13, "NYSE", "N"),
        (15, "ARCA", "P"),
        (16, "NASDAQ", "Q"),
        (23, "PHLX", "X"),
        (24, "BYX", "Y"),
        (25, "BATS", "Z"),
    ];
    let component = |(bit, exchange, letter): (i32, &str, &str)| SmartComponent {
        bit_number: Some(bit),
        exchange: Some(exchange.to_owned()),
        exchange_letter: Some(letter.to_owned()),
    };
    let smart_components = venues.into_iter().map(component).collect();
    Answer::SmartComponents(SmartComponents { req_id, smart_components })
}
