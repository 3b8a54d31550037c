//! An order on its way in: some hundred fields, several of which stand there only if others do.

use super::reader::{Reader, Result};
use crate::wire::{
    ComboLeg, Contract, DeltaNeutralContract, Order, OrderCondition, PlaceOrderRequest,
    SoftDollarTier,
};

pub fn place(version: i32, r: &mut Reader<'_>) -> Result<PlaceOrderRequest> {
    let order_id = r.int()?;
    let mut contract = r.contract()?;
    contract.sec_id_type = r.text();
    contract.sec_id = r.text();
    let mut order = Order { order_id, ..Order::default() };
    head(&mut order, r)?;
    if contract.sec_type.as_deref() == Some("BAG") {
        combo(&mut contract, &mut order, r)?;
    }
    allocation(version, &mut order, r)?;
    limits(&mut order, r)?;
    volatility(&mut order, r)?;
    scale(&mut order, r)?;
    contract.delta_neutral_contract = delta_neutral(r)?;
    order.algo_strategy = r.text();
    if order.algo_strategy.is_some() {
        let count = r.count()?;
        order.algo_params = r.pairs(count);
    }
    order.algo_id = r.text();
    order.what_if = r.flag()?;
    order.order_misc_options = r.options();
    order.solicited = r.flag()?;
    order.randomize_size = r.flag()?;
    order.randomize_price = r.flag()?;
    pegged_to_benchmark(&mut order, r)?;
    order.conditions = conditions(r)?;
    if !order.conditions.is_empty() {
        order.conditions_ignore_rth = r.flag()?;
        order.conditions_cancel_order = r.flag()?;
    }
    tail(version, &contract, &mut order, r)?;
    Ok(PlaceOrderRequest {
        order_id,
        contract: Some(contract),
        order: Some(order),
        attached_orders: None,
    })
}

fn head(order: &mut Order, r: &mut Reader<'_>) -> Result<()> {
    order.action = r.text();
    order.total_quantity = r.quantity()?;
    order.order_type = r.text();
    order.lmt_price = r.double()?;
    order.aux_price = r.double()?;
    order.tif = r.text();
    order.oca_group = r.text();
    order.account = r.text();
    order.open_close = r.text();
    order.origin = r.int()?;
    order.order_ref = r.text();
    order.transmit = r.flag()?;
    order.parent_id = r.int()?;
    order.block_order = r.flag()?;
    order.sweep_to_fill = r.flag()?;
    order.display_size = r.int()?;
    order.trigger_method = r.int()?;
    order.outside_rth = r.flag()?;
    order.hidden = r.flag()?;
    Ok(())
}

fn combo(contract: &mut Contract, order: &mut Order, r: &mut Reader<'_>) -> Result<()> {
    for _ in 0..r.count()? {
        contract.combo_legs.push(ComboLeg {
            con_id: r.int()?,
            ratio: r.int()?,
            action: r.text(),
            exchange: r.text(),
            open_close: r.int()?,
            short_sales_slot: r.int()?,
            designated_location: r.text(),
            exempt_code: r.int()?,
            per_leg_price: None,
        });
    }
    for index in 0..r.count()? {
        let price = r.double()?;
        let leg = usize::try_from(index).ok().and_then(|index| contract.combo_legs.get_mut(index));
        if let Some(leg) = leg {
            leg.per_leg_price = price;
        }
    }
    let count = r.count()?;
    order.smart_combo_routing_params = r.pairs(count);
    Ok(())
}

fn allocation(version: i32, order: &mut Order, r: &mut Reader<'_>) -> Result<()> {
    r.skip(1);
    order.discretionary_amt = r.double()?;
    order.good_after_time = r.text();
    order.good_till_date = r.text();
    order.fa_group = r.text();
    order.fa_method = r.text();
    order.fa_percentage = r.text();
    if version < 177 {
        r.skip(1);
    }
    order.model_code = r.text();
    order.short_sale_slot = r.int()?;
    order.designated_location = r.text();
    order.exempt_code = r.int()?;
    order.oca_type = r.int()?;
    order.rule_80a = r.text();
    order.settling_firm = r.text();
    order.all_or_none = r.flag()?;
    order.min_qty = r.int()?;
    order.percent_offset = r.double()?;
    Ok(())
}

fn limits(order: &mut Order, r: &mut Reader<'_>) -> Result<()> {
    // Withdrawn attributes that must not be set, and an auction strategy that nothing uses here.
    r.skip(4);
    order.starting_price = r.double()?;
    order.stock_ref_price = r.double()?;
    order.delta = r.double()?;
    order.stock_range_lower = r.double()?;
    order.stock_range_upper = r.double()?;
    order.override_percentage_constraints = r.flag()?;
    Ok(())
}

fn volatility(order: &mut Order, r: &mut Reader<'_>) -> Result<()> {
    order.volatility = r.double()?;
    order.volatility_type = r.int()?;
    order.delta_neutral_order_type = r.text();
    order.delta_neutral_aux_price = r.double()?;
    if order.delta_neutral_order_type.is_some() {
        order.delta_neutral_con_id = r.int()?;
        order.delta_neutral_settling_firm = r.text();
        order.delta_neutral_clearing_account = r.text();
        order.delta_neutral_clearing_intent = r.text();
        order.delta_neutral_open_close = r.text();
        order.delta_neutral_short_sale = r.flag()?;
        order.delta_neutral_short_sale_slot = r.int()?;
        order.delta_neutral_designated_location = r.text();
    }
    order.continuous_update = r.flag()?;
    order.reference_price_type = r.int()?;
    order.trail_stop_price = r.double()?;
    order.trailing_percent = r.double()?;
    Ok(())
}

fn scale(order: &mut Order, r: &mut Reader<'_>) -> Result<()> {
    order.scale_init_level_size = r.int()?;
    order.scale_subs_level_size = r.int()?;
    order.scale_price_increment = r.double()?;
    if order.scale_price_increment.is_some_and(|increment| increment > 0.0) {
        order.scale_price_adjust_value = r.double()?;
        order.scale_price_adjust_interval = r.int()?;
        order.scale_profit_offset = r.double()?;
        order.scale_auto_reset = r.flag()?;
        order.scale_init_position = r.int()?;
        order.scale_init_fill_qty = r.int()?;
        order.scale_random_percent = r.flag()?;
    }
    order.scale_table = r.text();
    order.active_start_time = r.text();
    order.active_stop_time = r.text();
    order.hedge_type = r.text();
    if order.hedge_type.is_some() {
        order.hedge_param = r.text();
    }
    order.opt_out_smart_routing = r.flag()?;
    order.clearing_account = r.text();
    order.clearing_intent = r.text();
    order.not_held = r.flag()?;
    Ok(())
}

pub fn delta_neutral(r: &mut Reader<'_>) -> Result<Option<DeltaNeutralContract>> {
    if r.flag()? != Some(true) {
        return Ok(None);
    }
    let contract =
        DeltaNeutralContract { con_id: r.int()?, delta: r.double()?, price: r.double()? };
    Ok(Some(contract))
}

fn pegged_to_benchmark(order: &mut Order, r: &mut Reader<'_>) -> Result<()> {
    if !matches!(order.order_type.as_deref(), Some("PEG BENCH" | "PEGBENCH")) {
        return Ok(());
    }
    order.reference_contract_id = r.int()?;
    order.is_pegged_change_amount_decrease = r.flag()?;
    order.pegged_change_amount = r.double()?;
    order.reference_change_amount = r.double()?;
    order.reference_exchange_id = r.text();
    Ok(())
}

fn conditions(r: &mut Reader<'_>) -> Result<Vec<OrderCondition>> {
    let mut conditions = Vec::new();
    for _ in 0..r.count()? {
        let kind = r.int()?;
        let mut condition = OrderCondition {
            r#type: kind,
            is_conjunction_connection: r.text().map(|word| word == "a"),
            ..OrderCondition::default()
        };
        if kind == Some(5) {
            condition.sec_type = r.text();
            condition.exchange = r.text();
            condition.symbol = r.text();
            conditions.push(condition);
            continue;
        }
        condition.is_more = r.flag()?;
        match kind {
            Some(1) => condition.price = r.double()?,
            Some(3) => condition.time = r.text(),
            Some(4) => condition.percent = r.int()?,
            Some(6) => condition.volume = r.int()?,
            _ => condition.change_percent = r.double()?,
        }
        if matches!(kind, Some(1 | 6 | 7)) {
            condition.con_id = r.int()?;
            condition.exchange = r.text();
        }
        if kind == Some(1) {
            condition.trigger_method = r.int()?;
        }
        conditions.push(condition);
    }
    Ok(conditions)
}

fn tail(version: i32, contract: &Contract, order: &mut Order, r: &mut Reader<'_>) -> Result<()> {
    order.adjusted_order_type = r.text();
    order.trigger_price = r.double()?;
    order.lmt_price_offset = r.double()?;
    order.adjusted_stop_price = r.double()?;
    order.adjusted_stop_limit_price = r.double()?;
    order.adjusted_trailing_amount = r.double()?;
    order.adjustable_trailing_unit = r.int()?;
    order.ext_operator = r.text();
    order.soft_dollar_tier =
        Some(SoftDollarTier { name: r.text(), value: r.text(), display_name: None });
    order.cash_qty = r.double()?;
    order.mifid2_decision_maker = r.text();
    order.mifid2_decision_algo = r.text();
    order.mifid2_execution_trader = r.text();
    order.mifid2_execution_algo = r.text();
    order.dont_use_auto_price_for_hedge = r.flag()?;
    order.is_oms_container = r.flag()?;
    order.discretionary_up_to_limit_price = r.flag()?;
    order.use_price_mgmt_algo = r.flag()?.map(i32::from);
    order.duration = if version >= 158 { r.int()? } else { None };
    order.post_to_ats = if version >= 160 { r.int()? } else { None };
    order.auto_cancel_parent = if version >= 162 { r.flag()? } else { None };
    order.advanced_error_override = if version >= 166 { r.text() } else { None };
    order.manual_order_time = if version >= 169 { r.text() } else { None };
    if version < 170 {
        return Ok(());
    }
    if contract.exchange.as_deref() == Some("IBKRATS") {
        order.min_trade_qty = r.int()?;
    }
    let kind = order.order_type.as_deref().unwrap_or_default();
    if matches!(kind, "PEG BEST" | "PEGBEST") {
        order.min_compete_size = r.int()?;
        order.compete_against_best_offset = r.double()?;
    }
    let up_to_mid = order.compete_against_best_offset == Some(f64::INFINITY);
    if matches!(kind, "PEG MID" | "PEGMID") || up_to_mid {
        order.mid_offset_at_whole = r.double()?;
        order.mid_offset_at_half = r.double()?;
    }
    Ok(())
}
