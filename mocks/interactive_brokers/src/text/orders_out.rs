//! An order on its way out, open or completed. What is not set is spelled as the vendor does, field
//! by field: nothing, a zero, the largest number, or the word `None`.

use super::spelling::{UNSET_DOUBLE, UNSET_INT};
use super::writer::Writer;
use crate::wire::{CompletedOrder, Contract, OpenOrder, Order, OrderCondition, OrderState};

pub fn open(version: i32, message: &OpenOrder) -> Vec<u8> {
    let (contract, order, state) = parts(&message.contract, &message.order, &message.order_state);
    let out = Writer::new(version, 5).int(message.order_id);
    let out = identity(out, "?", &contract, &order);
    let out = out.int(order.client_id).long(order.perm_id);
    let out = out.flag(order.outside_rth).flag(order.hidden).plain(order.discretionary_amt);
    let out = out.text(&order.good_after_time).raw(&shares_allocation(&order));
    let out = allocation(out, &order).raw("0");
    let out = ranges(out, &order).flag(order.block_order);
    let out = out.flag(order.sweep_to_fill).flag(order.all_or_none).int_or(order.min_qty, "");
    let out = out.int(order.oca_type).fixed("0 0 _").int(order.parent_id);
    let out = volatility(out, &order);
    let out = if is_delta_neutral(&order) { delta_neutral(out, &order) } else { out };
    let out = out.flag(order.continuous_update).int(order.reference_price_type);
    let out = out.double_or(order.trail_stop_price, "").double_or(order.trailing_percent, "");
    let out = combo(out.fixed("_ _"), &contract, &order);
    let out = scale(out, &order);
    let out = hedge(out, &order).flag(order.opt_out_smart_routing);
    let out = clearing(out, &contract, &order);
    let out = out.flag(order.solicited).flag(order.what_if);
    let out = margins(out, &state).flag(order.randomize_size).flag(order.randomize_price);
    let out = benchmark_and_conditions(out, &order);
    adjustments(out, &order).finish()
}

pub fn completed(version: i32, message: &CompletedOrder) -> Vec<u8> {
    let (contract, order, state) = parts(&message.contract, &message.order, &message.order_state);
    let out = identity(Writer::new(version, 101), "", &contract, &order).long(order.perm_id);
    let out = out.flag(order.outside_rth).flag(order.hidden).plain(order.discretionary_amt);
    let out = out.text(&order.good_after_time);
    let out = ranges(allocation(out, &order), &order);
    let out = out.flag(order.sweep_to_fill).flag(order.all_or_none).int_or(order.min_qty, "");
    let out = volatility(out.int(order.oca_type), &order);
    let out = if is_delta_neutral(&order) { short_delta_neutral(out, &order) } else { out };
    let out = out.flag(order.continuous_update).int(order.reference_price_type);
    let out = out.double_or(order.trail_stop_price, "").double_or(order.trailing_percent, "");
    let out = hedge(scale(combo(out, &contract, &order), &order), &order);
    let out = clearing(out, &contract, &order);
    let out = out.flag(order.solicited).text(&state.status);
    let out = out.flag(order.randomize_size).flag(order.randomize_price);
    let out = benchmark_and_conditions(out, &order);
    let out = out.double_or(order.trail_stop_price, UNSET_DOUBLE);
    let out = out.double_or(order.lmt_price_offset, UNSET_DOUBLE).plain(order.cash_qty);
    let out = out.flag(order.dont_use_auto_price_for_hedge).flag(order.is_oms_container);
    let out = out.text(&order.auto_cancel_date).text_or(&order.filled_quantity, "0");
    let out = out.int(order.ref_futures_con_id).flag(order.auto_cancel_parent);
    let out = out.text(&order.shareholder).flag(order.imbalance_only);
    let out = out.int(order.route_marketable_to_bbo);
    let parent = order.parent_perm_id.unwrap_or(i64::MAX);
    let out = out.raw(&parent.to_string()).time(&state.completed_time);
    let out = out.text(&state.completed_status);
    if out.from(170) { offsets(out, &order).finish() } else { out.finish() }
}

fn parts(
    contract: &Option<Contract>,
    order: &Option<Order>,
    state: &Option<OrderState>,
) -> (Contract, Order, OrderState) {
    (
        contract.clone().unwrap_or_default(),
        order.clone().unwrap_or_default(),
        state.clone().unwrap_or_default(),
    )
}

fn identity(out: Writer, no_right: &str, contract: &Contract, order: &Order) -> Writer {
    out.contract(contract, "0", no_right)
        .text(&contract.exchange)
        .text(&contract.currency)
        .text(&contract.local_symbol)
        .text(&contract.trading_class)
        .text(&order.action)
        .text_or(&order.total_quantity, "0")
        .text(&order.order_type)
        .double_or(order.lmt_price, "0.0")
        .double_or(order.aux_price, "0.0")
        .text_or(&order.tif, "DAY")
        .text(&order.oca_group)
        .text(&order.account)
        .text(&order.open_close)
        .int(order.origin)
        .text(&order.order_ref)
}

/// Account and shares, before them the permanent id as a double.
fn shares_allocation(order: &Order) -> String {
    let account = order.account.as_deref().unwrap_or_default();
    let quantity = order.total_quantity.as_deref().unwrap_or("0");
    format!("{}.0/{account}/{quantity}", order.perm_id.unwrap_or(0))
}

fn allocation(out: Writer, order: &Order) -> Writer {
    let out = out.text(&order.fa_group).text(&order.fa_method).text(&order.fa_percentage);
    let out = if out.from(177) { out } else { out.raw("") };
    out.text(&order.model_code)
        .text(&order.good_till_date)
        .text(&order.rule_80a)
        .double_or(order.percent_offset, "")
        .text(&order.settling_firm)
        .int(order.short_sale_slot)
        .text(&order.designated_location)
        .int_or(order.exempt_code, "-1")
}

fn ranges(out: Writer, order: &Order) -> Writer {
    out.double_or(order.starting_price, "")
        .double_or(order.stock_ref_price, "")
        .double_or(order.delta, "")
        .double_or(order.stock_range_lower, "")
        .double_or(order.stock_range_upper, "")
        .int_or(order.display_size.filter(|size| *size != 0), UNSET_INT)
}

fn volatility(out: Writer, order: &Order) -> Writer {
    out.int(order.trigger_method)
        .double_or(order.volatility, "")
        .int(order.volatility_type)
        .text_or(&order.delta_neutral_order_type, "None")
        .double_or(order.delta_neutral_aux_price, "")
}

/// The word `None` is a type too, as far as the fields after it go; only an empty one is not.
fn is_delta_neutral(order: &Order) -> bool {
    order.delta_neutral_order_type.as_deref() != Some("")
}

fn delta_neutral(out: Writer, order: &Order) -> Writer {
    out.int(order.delta_neutral_con_id)
        .text(&order.delta_neutral_settling_firm)
        .text(&order.delta_neutral_clearing_account)
        .text(&order.delta_neutral_clearing_intent)
        .text_or(&order.delta_neutral_open_close, "?")
        .flag(order.delta_neutral_short_sale)
        .int(order.delta_neutral_short_sale_slot)
        .text(&order.delta_neutral_designated_location)
}

fn short_delta_neutral(out: Writer, order: &Order) -> Writer {
    out.int(order.delta_neutral_con_id)
        .flag(order.delta_neutral_short_sale)
        .int(order.delta_neutral_short_sale_slot)
        .text(&order.delta_neutral_designated_location)
}

fn combo(out: Writer, contract: &Contract, order: &Order) -> Writer {
    let legs = &contract.combo_legs;
    let priced = legs.iter().any(|leg| leg.per_leg_price.is_some());
    let prices = if priced { legs.as_slice() } else { &[] };
    let routing: Vec<_> = order.smart_combo_routing_params.iter().collect();
    out.text(&contract.combo_legs_descrip)
        .count(legs.len())
        .each(legs, |out, leg| {
            out.int(leg.con_id)
                .int(leg.ratio)
                .text(&leg.action)
                .text(&leg.exchange)
                .int(leg.open_close)
                .int(leg.short_sales_slot)
                .text(&leg.designated_location)
                .int_or(leg.exempt_code, "-1")
        })
        .count(prices.len())
        .each(prices, |out, leg| out.double_or(leg.per_leg_price, ""))
        .count(routing.len())
        .each(&routing, |out, (tag, value)| out.raw(tag).raw(value))
}

fn scale(out: Writer, order: &Order) -> Writer {
    let out = out
        .int_or(order.scale_init_level_size, UNSET_INT)
        .int_or(order.scale_subs_level_size, UNSET_INT)
        .double_or(order.scale_price_increment, "");
    if !order.scale_price_increment.is_some_and(|increment| increment > 0.0) {
        return out;
    }
    out.double_or(order.scale_price_adjust_value, "")
        .int_or(order.scale_price_adjust_interval, UNSET_INT)
        .double_or(order.scale_profit_offset, "")
        .flag(order.scale_auto_reset)
        .int_or(order.scale_init_position, UNSET_INT)
        .int_or(order.scale_init_fill_qty, UNSET_INT)
        .flag(order.scale_random_percent)
}

fn hedge(out: Writer, order: &Order) -> Writer {
    let out = out.text(&order.hedge_type);
    if order.hedge_type.is_some() { out.text(&order.hedge_param) } else { out }
}

fn clearing(out: Writer, contract: &Contract, order: &Order) -> Writer {
    let out = out.text(&order.clearing_account).text(&order.clearing_intent).flag(order.not_held);
    let out = match &contract.delta_neutral_contract {
        None => out.raw("0"),
        Some(hedge) => {
            out.raw("1").int(hedge.con_id).double_or(hedge.delta, "0").double_or(hedge.price, "0")
        }
    };
    let out = out.text(&order.algo_strategy);
    if order.algo_strategy.is_none() {
        return out;
    }
    let params: Vec<_> = order.algo_params.iter().collect();
    out.count(params.len()).each(&params, |out, (tag, value)| out.raw(tag).raw(value))
}

fn margins(out: Writer, state: &OrderState) -> Writer {
    out.text(&state.status)
        .double_or(state.init_margin_before, UNSET_DOUBLE)
        .double_or(state.maint_margin_before, UNSET_DOUBLE)
        .double_or(state.equity_with_loan_before, UNSET_DOUBLE)
        .double_or(state.init_margin_change, UNSET_DOUBLE)
        .double_or(state.maint_margin_change, UNSET_DOUBLE)
        .double_or(state.equity_with_loan_change, UNSET_DOUBLE)
        .double_or(state.init_margin_after, UNSET_DOUBLE)
        .double_or(state.maint_margin_after, UNSET_DOUBLE)
        .double_or(state.equity_with_loan_after, UNSET_DOUBLE)
        .double_or(state.commission_and_fees, "")
        .double_or(state.min_commission_and_fees, "")
        .double_or(state.max_commission_and_fees, "")
        .text(&state.commission_and_fees_currency)
        .text(&state.warning_text)
}

fn benchmark_and_conditions(out: Writer, order: &Order) -> Writer {
    let pegged = matches!(order.order_type.as_deref(), Some("PEG BENCH" | "PEGBENCH"));
    let out = if pegged {
        out.int(order.reference_contract_id)
            .flag(order.is_pegged_change_amount_decrease)
            .double_or(order.pegged_change_amount, "0.0")
            .double_or(order.reference_change_amount, "0.0")
            .text(&order.reference_exchange_id)
    } else {
        out
    };
    let out = out.count(order.conditions.len()).each(&order.conditions, condition);
    if order.conditions.is_empty() {
        return out;
    }
    out.flag(order.conditions_ignore_rth).flag(order.conditions_cancel_order)
}

fn condition(out: Writer, condition: &OrderCondition) -> Writer {
    let joined = condition.is_conjunction_connection.unwrap_or(true);
    let out = out.int(condition.r#type).raw(if joined { "a" } else { "o" });
    if condition.r#type == Some(5) {
        return out.text(&condition.sec_type).text(&condition.exchange).text(&condition.symbol);
    }
    let out = out.flag(condition.is_more);
    let venue = |out: Writer| out.int(condition.con_id).text(&condition.exchange);
    match condition.r#type {
        Some(1) => venue(out.double_or(condition.price, "0.0")).int(condition.trigger_method),
        Some(3) => out.text(&condition.time),
        Some(4) => out.int(condition.percent),
        Some(6) => venue(out.int(condition.volume)),
        _ => venue(out.double_or(condition.change_percent, "0.0")),
    }
}

fn adjustments(out: Writer, order: &Order) -> Writer {
    let tier = order.soft_dollar_tier.clone().unwrap_or_default();
    let out = out
        .text_or(&order.adjusted_order_type, "None")
        .double_or(order.trigger_price, UNSET_DOUBLE)
        .double_or(order.trail_stop_price, UNSET_DOUBLE)
        .double_or(order.lmt_price_offset, UNSET_DOUBLE)
        .double_or(order.adjusted_stop_price, UNSET_DOUBLE)
        .double_or(order.adjusted_stop_limit_price, UNSET_DOUBLE)
        .double_or(order.adjusted_trailing_amount, UNSET_DOUBLE)
        .int(order.adjustable_trailing_unit)
        .text(&tier.name)
        .text(&tier.value)
        .text(&tier.display_name)
        .plain(order.cash_qty)
        .flag(order.dont_use_auto_price_for_hedge)
        .flag(order.is_oms_container)
        .flag(order.discretionary_up_to_limit_price)
        .int(order.use_price_mgmt_algo);
    let out = if out.from(158) { out.int_or(order.duration, "") } else { out };
    let out = if out.from(160) { out.int_or(order.post_to_ats, "") } else { out };
    let out = if out.from(162) { out.flag(order.auto_cancel_parent) } else { out };
    if out.from(170) { offsets(out, order) } else { out }
}

fn offsets(out: Writer, order: &Order) -> Writer {
    out.int_or(order.min_trade_qty, "")
        .int_or(order.min_compete_size, "")
        .double_or(order.compete_against_best_offset, "")
        .double_or(order.mid_offset_at_whole, "")
        .double_or(order.mid_offset_at_half, "")
}
