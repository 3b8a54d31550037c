//! The binary form of every event, field by field.

// Written by `cargo xtask codegen` from schemas/*.avsc. Change the schema, not this file.

use model::*;

use crate::primitive::{self, Decode, Encode};
use crate::{DecodeError, EncodeError};

impl Encode for Activity {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.system.encode(out).map_err(|e| e.at("system"))?;
        self.broker_account.encode(out).map_err(|e| e.at("broker_account"))?;
        self.activity_id.encode(out).map_err(|e| e.at("activity_id"))?;
        self.kind.encode(out).map_err(|e| e.at("kind"))?;
        self.sub_kind.encode(out).map_err(|e| e.at("sub_kind"))?;
        self.date.encode(out).map_err(|e| e.at("date"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.net_amount.encode(out).map_err(|e| e.at("net_amount"))?;
        self.quantity.encode(out).map_err(|e| e.at("quantity"))?;
        self.per_unit_amount.encode(out).map_err(|e| e.at("per_unit_amount"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        self.status.encode(out).map_err(|e| e.at("status"))?;
        self.description.encode(out).map_err(|e| e.at("description"))?;
        Ok(())
    }
}

impl Decode for Activity {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            system: Decode::decode(input).map_err(|e| e.at("system"))?,
            broker_account: Decode::decode(input).map_err(|e| e.at("broker_account"))?,
            activity_id: Decode::decode(input).map_err(|e| e.at("activity_id"))?,
            kind: Decode::decode(input).map_err(|e| e.at("kind"))?,
            sub_kind: Decode::decode(input).map_err(|e| e.at("sub_kind"))?,
            date: Decode::decode(input).map_err(|e| e.at("date"))?,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            net_amount: Decode::decode(input).map_err(|e| e.at("net_amount"))?,
            quantity: Decode::decode(input).map_err(|e| e.at("quantity"))?,
            per_unit_amount: Decode::decode(input).map_err(|e| e.at("per_unit_amount"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
            status: Decode::decode(input).map_err(|e| e.at("status"))?,
            description: Decode::decode(input).map_err(|e| e.at("description"))?,
        })
    }
}

impl Encode for AlertStatus {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for AlertStatus {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Opened,
            1 => Self::Closed,
            other => return Err(DecodeError::symbol("AlertStatus", other)),
        })
    }
}

impl Encode for Severity {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for Severity {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Info,
            1 => Self::Warning,
            2 => Self::Error,
            other => return Err(DecodeError::symbol("Severity", other)),
        })
    }
}

impl Encode for Alert {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.alert_id.encode(out).map_err(|e| e.at("alert_id"))?;
        self.status.encode(out).map_err(|e| e.at("status"))?;
        self.severity.encode(out).map_err(|e| e.at("severity"))?;
        self.system.encode(out).map_err(|e| e.at("system"))?;
        self.component.encode(out).map_err(|e| e.at("component"))?;
        self.title.encode(out).map_err(|e| e.at("title"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        self.action.encode(out).map_err(|e| e.at("action"))?;
        self.since.encode(out).map_err(|e| e.at("since"))?;
        Ok(())
    }
}

impl Decode for Alert {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            alert_id: Decode::decode(input).map_err(|e| e.at("alert_id"))?,
            status: Decode::decode(input).map_err(|e| e.at("status"))?,
            severity: Decode::decode(input).map_err(|e| e.at("severity"))?,
            system: Decode::decode(input).map_err(|e| e.at("system"))?,
            component: Decode::decode(input).map_err(|e| e.at("component"))?,
            title: Decode::decode(input).map_err(|e| e.at("title"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
            action: Decode::decode(input).map_err(|e| e.at("action"))?,
            since: Decode::decode(input).map_err(|e| e.at("since"))?,
        })
    }
}

impl Encode for AlternativeRecord {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.dataset.encode(out).map_err(|e| e.at("dataset"))?;
        self.subject.encode(out).map_err(|e| e.at("subject"))?;
        self.record_id.encode(out).map_err(|e| e.at("record_id"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.values.encode(out).map_err(|e| e.at("values"))?;
        self.texts.encode(out).map_err(|e| e.at("texts"))?;
        Ok(())
    }
}

impl Decode for AlternativeRecord {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            dataset: Decode::decode(input).map_err(|e| e.at("dataset"))?,
            subject: Decode::decode(input).map_err(|e| e.at("subject"))?,
            record_id: Decode::decode(input).map_err(|e| e.at("record_id"))?,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            values: Decode::decode(input).map_err(|e| e.at("values"))?,
            texts: Decode::decode(input).map_err(|e| e.at("texts"))?,
        })
    }
}

impl Encode for OrderAction {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for OrderAction {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Place,
            1 => Self::Replace,
            2 => Self::Cancel,
            other => return Err(DecodeError::symbol("OrderAction", other)),
        })
    }
}

impl Encode for Side {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for Side {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Buy,
            1 => Self::Sell,
            other => return Err(DecodeError::symbol("Side", other)),
        })
    }
}

impl Encode for OrderType {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for OrderType {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Market,
            1 => Self::Limit,
            2 => Self::Stop,
            3 => Self::StopLimit,
            4 => Self::TrailingStop,
            other => return Err(DecodeError::symbol("OrderType", other)),
        })
    }
}

impl Encode for TimeInForce {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for TimeInForce {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Day,
            1 => Self::Gtc,
            2 => Self::Opg,
            3 => Self::Cls,
            4 => Self::Ioc,
            5 => Self::Fok,
            other => return Err(DecodeError::symbol("TimeInForce", other)),
        })
    }
}

impl Encode for OrderClass {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for OrderClass {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Simple,
            1 => Self::Bracket,
            2 => Self::Oco,
            3 => Self::Oto,
            4 => Self::Mleg,
            other => return Err(DecodeError::symbol("OrderClass", other)),
        })
    }
}

impl Encode for PositionIntent {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for PositionIntent {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::BuyToOpen,
            1 => Self::BuyToClose,
            2 => Self::SellToOpen,
            3 => Self::SellToClose,
            other => return Err(DecodeError::symbol("PositionIntent", other)),
        })
    }
}

impl Encode for OrderLeg {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.ratio_quantity.encode(out).map_err(|e| e.at("ratio_quantity"))?;
        self.side.encode(out).map_err(|e| e.at("side"))?;
        self.position_intent.encode(out).map_err(|e| e.at("position_intent"))?;
        Ok(())
    }
}

impl Decode for OrderLeg {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(Self {
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            ratio_quantity: Decode::decode(input).map_err(|e| e.at("ratio_quantity"))?,
            side: Decode::decode(input).map_err(|e| e.at("side"))?,
            position_intent: Decode::decode(input).map_err(|e| e.at("position_intent"))?,
        })
    }
}

impl Encode for OrderRequest {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.request_id.encode(out).map_err(|e| e.at("request_id"))?;
        self.action.encode(out).map_err(|e| e.at("action"))?;
        self.order_id.encode(out).map_err(|e| e.at("order_id"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.side.encode(out).map_err(|e| e.at("side"))?;
        self.quantity.encode(out).map_err(|e| e.at("quantity"))?;
        self.notional.encode(out).map_err(|e| e.at("notional"))?;
        self.order_type.encode(out).map_err(|e| e.at("order_type"))?;
        self.time_in_force.encode(out).map_err(|e| e.at("time_in_force"))?;
        self.limit_price.encode(out).map_err(|e| e.at("limit_price"))?;
        self.stop_price.encode(out).map_err(|e| e.at("stop_price"))?;
        self.trail_amount.encode(out).map_err(|e| e.at("trail_amount"))?;
        self.trail_percent.encode(out).map_err(|e| e.at("trail_percent"))?;
        self.extended_hours.encode(out).map_err(|e| e.at("extended_hours"))?;
        self.order_class.encode(out).map_err(|e| e.at("order_class"))?;
        self.take_profit_price.encode(out).map_err(|e| e.at("take_profit_price"))?;
        self.stop_loss_price.encode(out).map_err(|e| e.at("stop_loss_price"))?;
        self.stop_loss_limit_price.encode(out).map_err(|e| e.at("stop_loss_limit_price"))?;
        self.position_intent.encode(out).map_err(|e| e.at("position_intent"))?;
        self.legs.encode(out).map_err(|e| e.at("legs"))?;
        self.expires_at.encode(out).map_err(|e| e.at("expires_at"))?;
        self.strategy.encode(out).map_err(|e| e.at("strategy"))?;
        self.broker_options.encode(out).map_err(|e| e.at("broker_options"))?;
        Ok(())
    }
}

impl Decode for OrderRequest {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            request_id: Decode::decode(input).map_err(|e| e.at("request_id"))?,
            action: Decode::decode(input).map_err(|e| e.at("action"))?,
            order_id: Decode::decode(input).map_err(|e| e.at("order_id"))?,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            side: Decode::decode(input).map_err(|e| e.at("side"))?,
            quantity: Decode::decode(input).map_err(|e| e.at("quantity"))?,
            notional: Decode::decode(input).map_err(|e| e.at("notional"))?,
            order_type: Decode::decode(input).map_err(|e| e.at("order_type"))?,
            time_in_force: Decode::decode(input).map_err(|e| e.at("time_in_force"))?,
            limit_price: Decode::decode(input).map_err(|e| e.at("limit_price"))?,
            stop_price: Decode::decode(input).map_err(|e| e.at("stop_price"))?,
            trail_amount: Decode::decode(input).map_err(|e| e.at("trail_amount"))?,
            trail_percent: Decode::decode(input).map_err(|e| e.at("trail_percent"))?,
            extended_hours: Decode::decode(input).map_err(|e| e.at("extended_hours"))?,
            order_class: Decode::decode(input).map_err(|e| e.at("order_class"))?,
            take_profit_price: Decode::decode(input).map_err(|e| e.at("take_profit_price"))?,
            stop_loss_price: Decode::decode(input).map_err(|e| e.at("stop_loss_price"))?,
            stop_loss_limit_price: Decode::decode(input)
                .map_err(|e| e.at("stop_loss_limit_price"))?,
            position_intent: Decode::decode(input).map_err(|e| e.at("position_intent"))?,
            legs: Decode::decode(input).map_err(|e| e.at("legs"))?,
            expires_at: Decode::decode(input).map_err(|e| e.at("expires_at"))?,
            strategy: Decode::decode(input).map_err(|e| e.at("strategy"))?,
            broker_options: Decode::decode(input).map_err(|e| e.at("broker_options"))?,
        })
    }
}

impl Encode for ApprovedOrder {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.order_id.encode(out).map_err(|e| e.at("order_id"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.system.encode(out).map_err(|e| e.at("system"))?;
        self.broker_account.encode(out).map_err(|e| e.at("broker_account"))?;
        self.request.encode(out).map_err(|e| e.at("request"))?;
        self.reference_price.encode(out).map_err(|e| e.at("reference_price"))?;
        self.reference_time.encode(out).map_err(|e| e.at("reference_time"))?;
        self.checks.encode(out).map_err(|e| e.at("checks"))?;
        Ok(())
    }
}

impl Decode for ApprovedOrder {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            order_id: Decode::decode(input).map_err(|e| e.at("order_id"))?,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            system: Decode::decode(input).map_err(|e| e.at("system"))?,
            broker_account: Decode::decode(input).map_err(|e| e.at("broker_account"))?,
            request: Decode::decode(input).map_err(|e| e.at("request"))?,
            reference_price: Decode::decode(input).map_err(|e| e.at("reference_price"))?,
            reference_time: Decode::decode(input).map_err(|e| e.at("reference_time"))?,
            checks: Decode::decode(input).map_err(|e| e.at("checks"))?,
        })
    }
}

impl Encode for Audit {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.sequence.encode(out).map_err(|e| e.at("sequence"))?;
        self.actor.encode(out).map_err(|e| e.at("actor"))?;
        self.action.encode(out).map_err(|e| e.at("action"))?;
        self.subject.encode(out).map_err(|e| e.at("subject"))?;
        self.line.encode(out).map_err(|e| e.at("line"))?;
        Ok(())
    }
}

impl Decode for Audit {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            sequence: Decode::decode(input).map_err(|e| e.at("sequence"))?,
            actor: Decode::decode(input).map_err(|e| e.at("actor"))?,
            action: Decode::decode(input).map_err(|e| e.at("action"))?,
            subject: Decode::decode(input).map_err(|e| e.at("subject"))?,
            line: Decode::decode(input).map_err(|e| e.at("line"))?,
        })
    }
}

impl Encode for Balance {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.system.encode(out).map_err(|e| e.at("system"))?;
        self.broker_account.encode(out).map_err(|e| e.at("broker_account"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        self.cash.encode(out).map_err(|e| e.at("cash"))?;
        self.equity.encode(out).map_err(|e| e.at("equity"))?;
        self.buying_power.encode(out).map_err(|e| e.at("buying_power"))?;
        self.initial_margin.encode(out).map_err(|e| e.at("initial_margin"))?;
        self.maintenance_margin.encode(out).map_err(|e| e.at("maintenance_margin"))?;
        self.pending_in.encode(out).map_err(|e| e.at("pending_in"))?;
        self.pending_out.encode(out).map_err(|e| e.at("pending_out"))?;
        self.is_blocked.encode(out).map_err(|e| e.at("is_blocked"))?;
        Ok(())
    }
}

impl Decode for Balance {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            system: Decode::decode(input).map_err(|e| e.at("system"))?,
            broker_account: Decode::decode(input).map_err(|e| e.at("broker_account"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
            cash: Decode::decode(input).map_err(|e| e.at("cash"))?,
            equity: Decode::decode(input).map_err(|e| e.at("equity"))?,
            buying_power: Decode::decode(input).map_err(|e| e.at("buying_power"))?,
            initial_margin: Decode::decode(input).map_err(|e| e.at("initial_margin"))?,
            maintenance_margin: Decode::decode(input).map_err(|e| e.at("maintenance_margin"))?,
            pending_in: Decode::decode(input).map_err(|e| e.at("pending_in"))?,
            pending_out: Decode::decode(input).map_err(|e| e.at("pending_out"))?,
            is_blocked: Decode::decode(input).map_err(|e| e.at("is_blocked"))?,
        })
    }
}

impl Encode for Adjustment {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for Adjustment {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Raw,
            1 => Self::Split,
            2 => Self::Dividend,
            3 => Self::All,
            other => return Err(DecodeError::symbol("Adjustment", other)),
        })
    }
}

impl Encode for Bar {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.interval.encode(out).map_err(|e| e.at("interval"))?;
        self.end_time.encode(out).map_err(|e| e.at("end_time"))?;
        self.open.encode(out).map_err(|e| e.at("open"))?;
        self.high.encode(out).map_err(|e| e.at("high"))?;
        self.low.encode(out).map_err(|e| e.at("low"))?;
        self.close.encode(out).map_err(|e| e.at("close"))?;
        self.volume.encode(out).map_err(|e| e.at("volume"))?;
        self.vwap.encode(out).map_err(|e| e.at("vwap"))?;
        self.trade_count.encode(out).map_err(|e| e.at("trade_count"))?;
        self.adjustment.encode(out).map_err(|e| e.at("adjustment"))?;
        self.is_final.encode(out).map_err(|e| e.at("is_final"))?;
        Ok(())
    }
}

impl Decode for Bar {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            interval: Decode::decode(input).map_err(|e| e.at("interval"))?,
            end_time: Decode::decode(input).map_err(|e| e.at("end_time"))?,
            open: Decode::decode(input).map_err(|e| e.at("open"))?,
            high: Decode::decode(input).map_err(|e| e.at("high"))?,
            low: Decode::decode(input).map_err(|e| e.at("low"))?,
            close: Decode::decode(input).map_err(|e| e.at("close"))?,
            volume: Decode::decode(input).map_err(|e| e.at("volume"))?,
            vwap: Decode::decode(input).map_err(|e| e.at("vwap"))?,
            trade_count: Decode::decode(input).map_err(|e| e.at("trade_count"))?,
            adjustment: Decode::decode(input).map_err(|e| e.at("adjustment"))?,
            is_final: Decode::decode(input).map_err(|e| e.at("is_final"))?,
        })
    }
}

impl Encode for BreakSubject {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for BreakSubject {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Position,
            1 => Self::Cash,
            2 => Self::Fill,
            3 => Self::Order,
            other => return Err(DecodeError::symbol("BreakSubject", other)),
        })
    }
}

impl Encode for BreakKind {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for BreakKind {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::MissingInternal,
            1 => Self::MissingExternal,
            2 => Self::Quantity,
            3 => Self::Price,
            4 => Self::Amount,
            5 => Self::Timing,
            6 => Self::CorporateAction,
            7 => Self::DuplicateInternal,
            8 => Self::DuplicateExternal,
            9 => Self::Status,
            other => return Err(DecodeError::symbol("BreakKind", other)),
        })
    }
}

impl Encode for BreakStatus {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for BreakStatus {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Open,
            1 => Self::Explained,
            2 => Self::Closed,
            other => return Err(DecodeError::symbol("BreakStatus", other)),
        })
    }
}

impl Encode for Break {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.break_id.encode(out).map_err(|e| e.at("break_id"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.subject.encode(out).map_err(|e| e.at("subject"))?;
        self.kind.encode(out).map_err(|e| e.at("kind"))?;
        self.status.encode(out).map_err(|e| e.at("status"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        self.ours.encode(out).map_err(|e| e.at("ours"))?;
        self.theirs.encode(out).map_err(|e| e.at("theirs"))?;
        self.difference.encode(out).map_err(|e| e.at("difference"))?;
        self.first_seen_time.encode(out).map_err(|e| e.at("first_seen_time"))?;
        self.age_secs.encode(out).map_err(|e| e.at("age_secs"))?;
        self.explanation.encode(out).map_err(|e| e.at("explanation"))?;
        Ok(())
    }
}

impl Decode for Break {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            break_id: Decode::decode(input).map_err(|e| e.at("break_id"))?,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            subject: Decode::decode(input).map_err(|e| e.at("subject"))?,
            kind: Decode::decode(input).map_err(|e| e.at("kind"))?,
            status: Decode::decode(input).map_err(|e| e.at("status"))?,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
            ours: Decode::decode(input).map_err(|e| e.at("ours"))?,
            theirs: Decode::decode(input).map_err(|e| e.at("theirs"))?,
            difference: Decode::decode(input).map_err(|e| e.at("difference"))?,
            first_seen_time: Decode::decode(input).map_err(|e| e.at("first_seen_time"))?,
            age_secs: Decode::decode(input).map_err(|e| e.at("age_secs"))?,
            explanation: Decode::decode(input).map_err(|e| e.at("explanation"))?,
        })
    }
}

impl Encode for Checkpoint {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.component.encode(out).map_err(|e| e.at("component"))?;
        self.cursor.encode(out).map_err(|e| e.at("cursor"))?;
        self.sequence.encode(out).map_err(|e| e.at("sequence"))?;
        self.records.encode(out).map_err(|e| e.at("records"))?;
        Ok(())
    }
}

impl Decode for Checkpoint {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            component: Decode::decode(input).map_err(|e| e.at("component"))?,
            cursor: Decode::decode(input).map_err(|e| e.at("cursor"))?,
            sequence: Decode::decode(input).map_err(|e| e.at("sequence"))?,
            records: Decode::decode(input).map_err(|e| e.at("records"))?,
        })
    }
}

impl Encode for CommandKind {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for CommandKind {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Halt,
            1 => Self::Resume,
            other => return Err(DecodeError::symbol("CommandKind", other)),
        })
    }
}

impl Encode for Command {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.scope.encode(out).map_err(|e| e.at("scope"))?;
        self.kind.encode(out).map_err(|e| e.at("kind"))?;
        self.actor.encode(out).map_err(|e| e.at("actor"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        Ok(())
    }
}

impl Decode for Command {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            scope: Decode::decode(input).map_err(|e| e.at("scope"))?,
            kind: Decode::decode(input).map_err(|e| e.at("kind"))?,
            actor: Decode::decode(input).map_err(|e| e.at("actor"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
        })
    }
}

impl Encode for CorporateActionKind {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for CorporateActionKind {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::CashDividend,
            1 => Self::StockDividend,
            2 => Self::ForwardSplit,
            3 => Self::ReverseSplit,
            4 => Self::UnitSplit,
            5 => Self::SpinOff,
            6 => Self::CashMerger,
            7 => Self::StockMerger,
            8 => Self::StockAndCashMerger,
            9 => Self::NameChange,
            10 => Self::Redemption,
            11 => Self::WorthlessRemoval,
            12 => Self::RightsDistribution,
            13 => Self::PartialCall,
            14 => Self::Reorganization,
            15 => Self::Other,
            other => return Err(DecodeError::symbol("CorporateActionKind", other)),
        })
    }
}

impl Encode for CorporateAction {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.action_id.encode(out).map_err(|e| e.at("action_id"))?;
        self.kind.encode(out).map_err(|e| e.at("kind"))?;
        self.ex_date.encode(out).map_err(|e| e.at("ex_date"))?;
        self.record_date.encode(out).map_err(|e| e.at("record_date"))?;
        self.payable_date.encode(out).map_err(|e| e.at("payable_date"))?;
        self.effective_date.encode(out).map_err(|e| e.at("effective_date"))?;
        self.process_date.encode(out).map_err(|e| e.at("process_date"))?;
        self.cash_rate.encode(out).map_err(|e| e.at("cash_rate"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        self.new_rate.encode(out).map_err(|e| e.at("new_rate"))?;
        self.old_rate.encode(out).map_err(|e| e.at("old_rate"))?;
        self.new_instrument.encode(out).map_err(|e| e.at("new_instrument"))?;
        self.terms.encode(out).map_err(|e| e.at("terms"))?;
        Ok(())
    }
}

impl Decode for CorporateAction {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            action_id: Decode::decode(input).map_err(|e| e.at("action_id"))?,
            kind: Decode::decode(input).map_err(|e| e.at("kind"))?,
            ex_date: Decode::decode(input).map_err(|e| e.at("ex_date"))?,
            record_date: Decode::decode(input).map_err(|e| e.at("record_date"))?,
            payable_date: Decode::decode(input).map_err(|e| e.at("payable_date"))?,
            effective_date: Decode::decode(input).map_err(|e| e.at("effective_date"))?,
            process_date: Decode::decode(input).map_err(|e| e.at("process_date"))?,
            cash_rate: Decode::decode(input).map_err(|e| e.at("cash_rate"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
            new_rate: Decode::decode(input).map_err(|e| e.at("new_rate"))?,
            old_rate: Decode::decode(input).map_err(|e| e.at("old_rate"))?,
            new_instrument: Decode::decode(input).map_err(|e| e.at("new_instrument"))?,
            terms: Decode::decode(input).map_err(|e| e.at("terms"))?,
        })
    }
}

impl Encode for Stage {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for Stage {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Decode,
            1 => Self::Map,
            2 => Self::Encode,
            3 => Self::Apply,
            4 => Self::Deliver,
            other => return Err(DecodeError::symbol("Stage", other)),
        })
    }
}

impl Encode for DeadLetter {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.component.encode(out).map_err(|e| e.at("component"))?;
        self.stage.encode(out).map_err(|e| e.at("stage"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        self.field.encode(out).map_err(|e| e.at("field"))?;
        self.raw.encode(out).map_err(|e| e.at("raw"))?;
        self.topic.encode(out).map_err(|e| e.at("topic"))?;
        self.partition.encode(out).map_err(|e| e.at("partition"))?;
        self.offset.encode(out).map_err(|e| e.at("offset"))?;
        self.schema_id.encode(out).map_err(|e| e.at("schema_id"))?;
        self.attempts.encode(out).map_err(|e| e.at("attempts"))?;
        self.redrive_of.encode(out).map_err(|e| e.at("redrive_of"))?;
        Ok(())
    }
}

impl Decode for DeadLetter {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            component: Decode::decode(input).map_err(|e| e.at("component"))?,
            stage: Decode::decode(input).map_err(|e| e.at("stage"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
            field: Decode::decode(input).map_err(|e| e.at("field"))?,
            raw: Decode::decode(input).map_err(|e| e.at("raw"))?,
            topic: Decode::decode(input).map_err(|e| e.at("topic"))?,
            partition: Decode::decode(input).map_err(|e| e.at("partition"))?,
            offset: Decode::decode(input).map_err(|e| e.at("offset"))?,
            schema_id: Decode::decode(input).map_err(|e| e.at("schema_id"))?,
            attempts: Decode::decode(input).map_err(|e| e.at("attempts"))?,
            redrive_of: Decode::decode(input).map_err(|e| e.at("redrive_of"))?,
        })
    }
}

impl Encode for DeliveryStatus {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for DeliveryStatus {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Sending,
            1 => Self::Accepted,
            2 => Self::Rejected,
            3 => Self::Unknown,
            4 => Self::NotSent,
            other => return Err(DecodeError::symbol("DeliveryStatus", other)),
        })
    }
}

impl Encode for Delivery {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.delivery_id.encode(out).map_err(|e| e.at("delivery_id"))?;
        self.component.encode(out).map_err(|e| e.at("component"))?;
        self.order_id.encode(out).map_err(|e| e.at("order_id"))?;
        self.request_id.encode(out).map_err(|e| e.at("request_id"))?;
        self.status.encode(out).map_err(|e| e.at("status"))?;
        self.attempt.encode(out).map_err(|e| e.at("attempt"))?;
        self.deadline.encode(out).map_err(|e| e.at("deadline"))?;
        self.broker_order_id.encode(out).map_err(|e| e.at("broker_order_id"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        self.order.encode(out).map_err(|e| e.at("order"))?;
        Ok(())
    }
}

impl Decode for Delivery {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            delivery_id: Decode::decode(input).map_err(|e| e.at("delivery_id"))?,
            component: Decode::decode(input).map_err(|e| e.at("component"))?,
            order_id: Decode::decode(input).map_err(|e| e.at("order_id"))?,
            request_id: Decode::decode(input).map_err(|e| e.at("request_id"))?,
            status: Decode::decode(input).map_err(|e| e.at("status"))?,
            attempt: Decode::decode(input).map_err(|e| e.at("attempt"))?,
            deadline: Decode::decode(input).map_err(|e| e.at("deadline"))?,
            broker_order_id: Decode::decode(input).map_err(|e| e.at("broker_order_id"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
            order: Decode::decode(input).map_err(|e| e.at("order"))?,
        })
    }
}

impl Encode for FillKind {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for FillKind {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::New,
            1 => Self::Correction,
            2 => Self::Bust,
            other => return Err(DecodeError::symbol("FillKind", other)),
        })
    }
}

impl Encode for Fill {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.execution_id.encode(out).map_err(|e| e.at("execution_id"))?;
        self.vendor_execution_id.encode(out).map_err(|e| e.at("vendor_execution_id"))?;
        self.order_id.encode(out).map_err(|e| e.at("order_id"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.system.encode(out).map_err(|e| e.at("system"))?;
        self.broker_account.encode(out).map_err(|e| e.at("broker_account"))?;
        self.broker_order_id.encode(out).map_err(|e| e.at("broker_order_id"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.side.encode(out).map_err(|e| e.at("side"))?;
        self.price.encode(out).map_err(|e| e.at("price"))?;
        self.quantity.encode(out).map_err(|e| e.at("quantity"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        self.commission.encode(out).map_err(|e| e.at("commission"))?;
        self.cumulative_quantity.encode(out).map_err(|e| e.at("cumulative_quantity"))?;
        self.kind.encode(out).map_err(|e| e.at("kind"))?;
        self.corrects.encode(out).map_err(|e| e.at("corrects"))?;
        Ok(())
    }
}

impl Decode for Fill {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            execution_id: Decode::decode(input).map_err(|e| e.at("execution_id"))?,
            vendor_execution_id: Decode::decode(input).map_err(|e| e.at("vendor_execution_id"))?,
            order_id: Decode::decode(input).map_err(|e| e.at("order_id"))?,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            system: Decode::decode(input).map_err(|e| e.at("system"))?,
            broker_account: Decode::decode(input).map_err(|e| e.at("broker_account"))?,
            broker_order_id: Decode::decode(input).map_err(|e| e.at("broker_order_id"))?,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            side: Decode::decode(input).map_err(|e| e.at("side"))?,
            price: Decode::decode(input).map_err(|e| e.at("price"))?,
            quantity: Decode::decode(input).map_err(|e| e.at("quantity"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
            commission: Decode::decode(input).map_err(|e| e.at("commission"))?,
            cumulative_quantity: Decode::decode(input).map_err(|e| e.at("cumulative_quantity"))?,
            kind: Decode::decode(input).map_err(|e| e.at("kind"))?,
            corrects: Decode::decode(input).map_err(|e| e.at("corrects"))?,
        })
    }
}

impl Encode for Check {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for Check {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Stale,
            1 => Self::Spike,
            2 => Self::Crossed,
            3 => Self::Duplicate,
            4 => Self::OutOfOrder,
            5 => Self::MissingMinute,
            6 => Self::InvalidBar,
            7 => Self::IllegalTransition,
            other => return Err(DecodeError::symbol("Check", other)),
        })
    }
}

impl Encode for Finding {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.check.encode(out).map_err(|e| e.at("check"))?;
        self.severity.encode(out).map_err(|e| e.at("severity"))?;
        self.subject_id.encode(out).map_err(|e| e.at("subject_id"))?;
        self.detail.encode(out).map_err(|e| e.at("detail"))?;
        self.value.encode(out).map_err(|e| e.at("value"))?;
        self.threshold.encode(out).map_err(|e| e.at("threshold"))?;
        Ok(())
    }
}

impl Decode for Finding {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            check: Decode::decode(input).map_err(|e| e.at("check"))?,
            severity: Decode::decode(input).map_err(|e| e.at("severity"))?,
            subject_id: Decode::decode(input).map_err(|e| e.at("subject_id"))?,
            detail: Decode::decode(input).map_err(|e| e.at("detail"))?,
            value: Decode::decode(input).map_err(|e| e.at("value"))?,
            threshold: Decode::decode(input).map_err(|e| e.at("threshold"))?,
        })
    }
}

impl Encode for Statement {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for Statement {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Overview,
            1 => Self::IncomeStatement,
            2 => Self::BalanceSheet,
            3 => Self::CashFlow,
            4 => Self::Earnings,
            5 => Self::Estimates,
            6 => Self::Ratios,
            7 => Self::Shares,
            8 => Self::Other,
            other => return Err(DecodeError::symbol("Statement", other)),
        })
    }
}

impl Encode for Period {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for Period {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Annual,
            1 => Self::Quarterly,
            2 => Self::Trailing,
            3 => Self::Point,
            other => return Err(DecodeError::symbol("Period", other)),
        })
    }
}

impl Encode for Fundamental {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.fundamental_id.encode(out).map_err(|e| e.at("fundamental_id"))?;
        self.statement.encode(out).map_err(|e| e.at("statement"))?;
        self.period.encode(out).map_err(|e| e.at("period"))?;
        self.period_end.encode(out).map_err(|e| e.at("period_end"))?;
        self.report_date.encode(out).map_err(|e| e.at("report_date"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        self.values.encode(out).map_err(|e| e.at("values"))?;
        self.texts.encode(out).map_err(|e| e.at("texts"))?;
        Ok(())
    }
}

impl Decode for Fundamental {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            fundamental_id: Decode::decode(input).map_err(|e| e.at("fundamental_id"))?,
            statement: Decode::decode(input).map_err(|e| e.at("statement"))?,
            period: Decode::decode(input).map_err(|e| e.at("period"))?,
            period_end: Decode::decode(input).map_err(|e| e.at("period_end"))?,
            report_date: Decode::decode(input).map_err(|e| e.at("report_date"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
            values: Decode::decode(input).map_err(|e| e.at("values"))?,
            texts: Decode::decode(input).map_err(|e| e.at("texts"))?,
        })
    }
}

impl Encode for GapStatus {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for GapStatus {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Opened,
            1 => Self::Closed,
            2 => Self::Unrecoverable,
            other => return Err(DecodeError::symbol("GapStatus", other)),
        })
    }
}

impl Encode for Gap {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.gap_id.encode(out).map_err(|e| e.at("gap_id"))?;
        self.component.encode(out).map_err(|e| e.at("component"))?;
        self.status.encode(out).map_err(|e| e.at("status"))?;
        self.from_time.encode(out).map_err(|e| e.at("from_time"))?;
        self.to_time.encode(out).map_err(|e| e.at("to_time"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        self.recovered.encode(out).map_err(|e| e.at("recovered"))?;
        Ok(())
    }
}

impl Decode for Gap {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            gap_id: Decode::decode(input).map_err(|e| e.at("gap_id"))?,
            component: Decode::decode(input).map_err(|e| e.at("component"))?,
            status: Decode::decode(input).map_err(|e| e.at("status"))?,
            from_time: Decode::decode(input).map_err(|e| e.at("from_time"))?,
            to_time: Decode::decode(input).map_err(|e| e.at("to_time"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
            recovered: Decode::decode(input).map_err(|e| e.at("recovered"))?,
        })
    }
}

impl Encode for AssetClass {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for AssetClass {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Equity,
            1 => Self::Option,
            2 => Self::Crypto,
            3 => Self::Fx,
            4 => Self::Index,
            5 => Self::Future,
            6 => Self::Bond,
            7 => Self::Other,
            other => return Err(DecodeError::symbol("AssetClass", other)),
        })
    }
}

impl Encode for Instrument {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.name.encode(out).map_err(|e| e.at("name"))?;
        self.asset_class.encode(out).map_err(|e| e.at("asset_class"))?;
        self.venue.encode(out).map_err(|e| e.at("venue"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        self.broker_instrument_id.encode(out).map_err(|e| e.at("broker_instrument_id"))?;
        self.is_active.encode(out).map_err(|e| e.at("is_active"))?;
        self.is_tradable.encode(out).map_err(|e| e.at("is_tradable"))?;
        self.is_shortable.encode(out).map_err(|e| e.at("is_shortable"))?;
        self.is_fractionable.encode(out).map_err(|e| e.at("is_fractionable"))?;
        self.price_increment.encode(out).map_err(|e| e.at("price_increment"))?;
        self.quantity_increment.encode(out).map_err(|e| e.at("quantity_increment"))?;
        self.minimum_quantity.encode(out).map_err(|e| e.at("minimum_quantity"))?;
        self.multiplier.encode(out).map_err(|e| e.at("multiplier"))?;
        Ok(())
    }
}

impl Decode for Instrument {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            name: Decode::decode(input).map_err(|e| e.at("name"))?,
            asset_class: Decode::decode(input).map_err(|e| e.at("asset_class"))?,
            venue: Decode::decode(input).map_err(|e| e.at("venue"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
            broker_instrument_id: Decode::decode(input)
                .map_err(|e| e.at("broker_instrument_id"))?,
            is_active: Decode::decode(input).map_err(|e| e.at("is_active"))?,
            is_tradable: Decode::decode(input).map_err(|e| e.at("is_tradable"))?,
            is_shortable: Decode::decode(input).map_err(|e| e.at("is_shortable"))?,
            is_fractionable: Decode::decode(input).map_err(|e| e.at("is_fractionable"))?,
            price_increment: Decode::decode(input).map_err(|e| e.at("price_increment"))?,
            quantity_increment: Decode::decode(input).map_err(|e| e.at("quantity_increment"))?,
            minimum_quantity: Decode::decode(input).map_err(|e| e.at("minimum_quantity"))?,
            multiplier: Decode::decode(input).map_err(|e| e.at("multiplier"))?,
        })
    }
}

impl Encode for MarketState {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for MarketState {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Open,
            1 => Self::Closed,
            2 => Self::EarlyTrading,
            3 => Self::LateTrading,
            other => return Err(DecodeError::symbol("MarketState", other)),
        })
    }
}

impl Encode for MarketStatus {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.market.encode(out).map_err(|e| e.at("market"))?;
        self.day.encode(out).map_err(|e| e.at("day"))?;
        self.status.encode(out).map_err(|e| e.at("status"))?;
        self.open_time.encode(out).map_err(|e| e.at("open_time"))?;
        self.close_time.encode(out).map_err(|e| e.at("close_time"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        Ok(())
    }
}

impl Decode for MarketStatus {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            market: Decode::decode(input).map_err(|e| e.at("market"))?,
            day: Decode::decode(input).map_err(|e| e.at("day"))?,
            status: Decode::decode(input).map_err(|e| e.at("status"))?,
            open_time: Decode::decode(input).map_err(|e| e.at("open_time"))?,
            close_time: Decode::decode(input).map_err(|e| e.at("close_time"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
        })
    }
}

impl Encode for Sentiment {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.relevance.encode(out).map_err(|e| e.at("relevance"))?;
        self.score.encode(out).map_err(|e| e.at("score"))?;
        self.label.encode(out).map_err(|e| e.at("label"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        Ok(())
    }
}

impl Decode for Sentiment {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(Self {
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            relevance: Decode::decode(input).map_err(|e| e.at("relevance"))?,
            score: Decode::decode(input).map_err(|e| e.at("score"))?,
            label: Decode::decode(input).map_err(|e| e.at("label"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
        })
    }
}

impl Encode for NewsItem {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.news_id.encode(out).map_err(|e| e.at("news_id"))?;
        self.headline.encode(out).map_err(|e| e.at("headline"))?;
        self.summary.encode(out).map_err(|e| e.at("summary"))?;
        self.content.encode(out).map_err(|e| e.at("content"))?;
        self.author.encode(out).map_err(|e| e.at("author"))?;
        self.publisher.encode(out).map_err(|e| e.at("publisher"))?;
        self.url.encode(out).map_err(|e| e.at("url"))?;
        self.instruments.encode(out).map_err(|e| e.at("instruments"))?;
        self.symbols.encode(out).map_err(|e| e.at("symbols"))?;
        self.updated_time.encode(out).map_err(|e| e.at("updated_time"))?;
        self.topics.encode(out).map_err(|e| e.at("topics"))?;
        self.sentiment_score.encode(out).map_err(|e| e.at("sentiment_score"))?;
        self.sentiment_label.encode(out).map_err(|e| e.at("sentiment_label"))?;
        self.sentiments.encode(out).map_err(|e| e.at("sentiments"))?;
        Ok(())
    }
}

impl Decode for NewsItem {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            news_id: Decode::decode(input).map_err(|e| e.at("news_id"))?,
            headline: Decode::decode(input).map_err(|e| e.at("headline"))?,
            summary: Decode::decode(input).map_err(|e| e.at("summary"))?,
            content: Decode::decode(input).map_err(|e| e.at("content"))?,
            author: Decode::decode(input).map_err(|e| e.at("author"))?,
            publisher: Decode::decode(input).map_err(|e| e.at("publisher"))?,
            url: Decode::decode(input).map_err(|e| e.at("url"))?,
            instruments: Decode::decode(input).map_err(|e| e.at("instruments"))?,
            symbols: Decode::decode(input).map_err(|e| e.at("symbols"))?,
            updated_time: Decode::decode(input).map_err(|e| e.at("updated_time"))?,
            topics: Decode::decode(input).map_err(|e| e.at("topics"))?,
            sentiment_score: Decode::decode(input).map_err(|e| e.at("sentiment_score"))?,
            sentiment_label: Decode::decode(input).map_err(|e| e.at("sentiment_label"))?,
            sentiments: Decode::decode(input).map_err(|e| e.at("sentiments"))?,
        })
    }
}

impl Encode for Note {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.actor.encode(out).map_err(|e| e.at("actor"))?;
        self.action.encode(out).map_err(|e| e.at("action"))?;
        self.subject.encode(out).map_err(|e| e.at("subject"))?;
        self.details.encode(out).map_err(|e| e.at("details"))?;
        Ok(())
    }
}

impl Decode for Note {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            actor: Decode::decode(input).map_err(|e| e.at("actor"))?,
            action: Decode::decode(input).map_err(|e| e.at("action"))?,
            subject: Decode::decode(input).map_err(|e| e.at("subject"))?,
            details: Decode::decode(input).map_err(|e| e.at("details"))?,
        })
    }
}

impl Encode for OrderEventKind {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for OrderEventKind {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Approved,
            1 => Self::Denied,
            2 => Self::Submitted,
            3 => Self::NotSent,
            4 => Self::OutcomeUnknown,
            5 => Self::PendingNew,
            6 => Self::Accepted,
            7 => Self::New,
            8 => Self::Held,
            9 => Self::PartiallyFilled,
            10 => Self::Filled,
            11 => Self::Canceled,
            12 => Self::Expired,
            13 => Self::DoneForDay,
            14 => Self::Rejected,
            15 => Self::Replaced,
            16 => Self::PendingCancel,
            17 => Self::PendingReplace,
            18 => Self::Stopped,
            19 => Self::Suspended,
            20 => Self::Calculated,
            21 => Self::CancelRejected,
            22 => Self::ReplaceRejected,
            23 => Self::Restated,
            other => return Err(DecodeError::symbol("OrderEventKind", other)),
        })
    }
}

impl Encode for OrderEvent {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.order_id.encode(out).map_err(|e| e.at("order_id"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.system.encode(out).map_err(|e| e.at("system"))?;
        self.broker_account.encode(out).map_err(|e| e.at("broker_account"))?;
        self.kind.encode(out).map_err(|e| e.at("kind"))?;
        self.request_id.encode(out).map_err(|e| e.at("request_id"))?;
        self.action.encode(out).map_err(|e| e.at("action"))?;
        self.broker_order_id.encode(out).map_err(|e| e.at("broker_order_id"))?;
        self.client_order_id.encode(out).map_err(|e| e.at("client_order_id"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.side.encode(out).map_err(|e| e.at("side"))?;
        self.order_type.encode(out).map_err(|e| e.at("order_type"))?;
        self.time_in_force.encode(out).map_err(|e| e.at("time_in_force"))?;
        self.quantity.encode(out).map_err(|e| e.at("quantity"))?;
        self.notional.encode(out).map_err(|e| e.at("notional"))?;
        self.limit_price.encode(out).map_err(|e| e.at("limit_price"))?;
        self.stop_price.encode(out).map_err(|e| e.at("stop_price"))?;
        self.filled_quantity.encode(out).map_err(|e| e.at("filled_quantity"))?;
        self.average_price.encode(out).map_err(|e| e.at("average_price"))?;
        self.last_quantity.encode(out).map_err(|e| e.at("last_quantity"))?;
        self.last_price.encode(out).map_err(|e| e.at("last_price"))?;
        self.replaced_by.encode(out).map_err(|e| e.at("replaced_by"))?;
        self.replaces.encode(out).map_err(|e| e.at("replaces"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        Ok(())
    }
}

impl Decode for OrderEvent {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            order_id: Decode::decode(input).map_err(|e| e.at("order_id"))?,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            system: Decode::decode(input).map_err(|e| e.at("system"))?,
            broker_account: Decode::decode(input).map_err(|e| e.at("broker_account"))?,
            kind: Decode::decode(input).map_err(|e| e.at("kind"))?,
            request_id: Decode::decode(input).map_err(|e| e.at("request_id"))?,
            action: Decode::decode(input).map_err(|e| e.at("action"))?,
            broker_order_id: Decode::decode(input).map_err(|e| e.at("broker_order_id"))?,
            client_order_id: Decode::decode(input).map_err(|e| e.at("client_order_id"))?,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            side: Decode::decode(input).map_err(|e| e.at("side"))?,
            order_type: Decode::decode(input).map_err(|e| e.at("order_type"))?,
            time_in_force: Decode::decode(input).map_err(|e| e.at("time_in_force"))?,
            quantity: Decode::decode(input).map_err(|e| e.at("quantity"))?,
            notional: Decode::decode(input).map_err(|e| e.at("notional"))?,
            limit_price: Decode::decode(input).map_err(|e| e.at("limit_price"))?,
            stop_price: Decode::decode(input).map_err(|e| e.at("stop_price"))?,
            filled_quantity: Decode::decode(input).map_err(|e| e.at("filled_quantity"))?,
            average_price: Decode::decode(input).map_err(|e| e.at("average_price"))?,
            last_quantity: Decode::decode(input).map_err(|e| e.at("last_quantity"))?,
            last_price: Decode::decode(input).map_err(|e| e.at("last_price"))?,
            replaced_by: Decode::decode(input).map_err(|e| e.at("replaced_by"))?,
            replaces: Decode::decode(input).map_err(|e| e.at("replaces"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
        })
    }
}

impl Encode for OrderStatus {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for OrderStatus {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Approved,
            1 => Self::Denied,
            2 => Self::Submitted,
            3 => Self::NotSent,
            4 => Self::Unknown,
            5 => Self::PendingNew,
            6 => Self::Accepted,
            7 => Self::New,
            8 => Self::Held,
            9 => Self::PartiallyFilled,
            10 => Self::Filled,
            11 => Self::Canceled,
            12 => Self::Expired,
            13 => Self::Rejected,
            14 => Self::PendingCancel,
            15 => Self::PendingReplace,
            16 => Self::Suspended,
            other => return Err(DecodeError::symbol("OrderStatus", other)),
        })
    }
}

impl Encode for OrderState {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.order_id.encode(out).map_err(|e| e.at("order_id"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.system.encode(out).map_err(|e| e.at("system"))?;
        self.broker_account.encode(out).map_err(|e| e.at("broker_account"))?;
        self.status.encode(out).map_err(|e| e.at("status"))?;
        self.is_terminal.encode(out).map_err(|e| e.at("is_terminal"))?;
        self.broker_order_id.encode(out).map_err(|e| e.at("broker_order_id"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.side.encode(out).map_err(|e| e.at("side"))?;
        self.order_type.encode(out).map_err(|e| e.at("order_type"))?;
        self.time_in_force.encode(out).map_err(|e| e.at("time_in_force"))?;
        self.quantity.encode(out).map_err(|e| e.at("quantity"))?;
        self.notional.encode(out).map_err(|e| e.at("notional"))?;
        self.limit_price.encode(out).map_err(|e| e.at("limit_price"))?;
        self.stop_price.encode(out).map_err(|e| e.at("stop_price"))?;
        self.filled_quantity.encode(out).map_err(|e| e.at("filled_quantity"))?;
        self.average_price.encode(out).map_err(|e| e.at("average_price"))?;
        self.created_time.encode(out).map_err(|e| e.at("created_time"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        self.event_count.encode(out).map_err(|e| e.at("event_count"))?;
        self.last_event_id.encode(out).map_err(|e| e.at("last_event_id"))?;
        Ok(())
    }
}

impl Decode for OrderState {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            order_id: Decode::decode(input).map_err(|e| e.at("order_id"))?,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            system: Decode::decode(input).map_err(|e| e.at("system"))?,
            broker_account: Decode::decode(input).map_err(|e| e.at("broker_account"))?,
            status: Decode::decode(input).map_err(|e| e.at("status"))?,
            is_terminal: Decode::decode(input).map_err(|e| e.at("is_terminal"))?,
            broker_order_id: Decode::decode(input).map_err(|e| e.at("broker_order_id"))?,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            side: Decode::decode(input).map_err(|e| e.at("side"))?,
            order_type: Decode::decode(input).map_err(|e| e.at("order_type"))?,
            time_in_force: Decode::decode(input).map_err(|e| e.at("time_in_force"))?,
            quantity: Decode::decode(input).map_err(|e| e.at("quantity"))?,
            notional: Decode::decode(input).map_err(|e| e.at("notional"))?,
            limit_price: Decode::decode(input).map_err(|e| e.at("limit_price"))?,
            stop_price: Decode::decode(input).map_err(|e| e.at("stop_price"))?,
            filled_quantity: Decode::decode(input).map_err(|e| e.at("filled_quantity"))?,
            average_price: Decode::decode(input).map_err(|e| e.at("average_price"))?,
            created_time: Decode::decode(input).map_err(|e| e.at("created_time"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
            event_count: Decode::decode(input).map_err(|e| e.at("event_count"))?,
            last_event_id: Decode::decode(input).map_err(|e| e.at("last_event_id"))?,
        })
    }
}

impl Encode for PortfolioCash {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        self.cash.encode(out).map_err(|e| e.at("cash"))?;
        self.opening.encode(out).map_err(|e| e.at("opening"))?;
        self.movement_count.encode(out).map_err(|e| e.at("movement_count"))?;
        Ok(())
    }
}

impl Decode for PortfolioCash {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
            cash: Decode::decode(input).map_err(|e| e.at("cash"))?,
            opening: Decode::decode(input).map_err(|e| e.at("opening"))?,
            movement_count: Decode::decode(input).map_err(|e| e.at("movement_count"))?,
        })
    }
}

impl Encode for PortfolioPosition {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.quantity.encode(out).map_err(|e| e.at("quantity"))?;
        self.average_price.encode(out).map_err(|e| e.at("average_price"))?;
        self.cost.encode(out).map_err(|e| e.at("cost"))?;
        self.realized_profit.encode(out).map_err(|e| e.at("realized_profit"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        self.fill_count.encode(out).map_err(|e| e.at("fill_count"))?;
        self.last_execution_id.encode(out).map_err(|e| e.at("last_execution_id"))?;
        Ok(())
    }
}

impl Decode for PortfolioPosition {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            quantity: Decode::decode(input).map_err(|e| e.at("quantity"))?,
            average_price: Decode::decode(input).map_err(|e| e.at("average_price"))?,
            cost: Decode::decode(input).map_err(|e| e.at("cost"))?,
            realized_profit: Decode::decode(input).map_err(|e| e.at("realized_profit"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
            fill_count: Decode::decode(input).map_err(|e| e.at("fill_count"))?,
            last_execution_id: Decode::decode(input).map_err(|e| e.at("last_execution_id"))?,
        })
    }
}

impl Encode for Position {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.account.encode(out).map_err(|e| e.at("account"))?;
        self.system.encode(out).map_err(|e| e.at("system"))?;
        self.broker_account.encode(out).map_err(|e| e.at("broker_account"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.quantity.encode(out).map_err(|e| e.at("quantity"))?;
        self.average_price.encode(out).map_err(|e| e.at("average_price"))?;
        self.last_price.encode(out).map_err(|e| e.at("last_price"))?;
        self.market_value.encode(out).map_err(|e| e.at("market_value"))?;
        self.cost_basis.encode(out).map_err(|e| e.at("cost_basis"))?;
        self.unrealized_profit.encode(out).map_err(|e| e.at("unrealized_profit"))?;
        self.currency.encode(out).map_err(|e| e.at("currency"))?;
        Ok(())
    }
}

impl Decode for Position {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            account: Decode::decode(input).map_err(|e| e.at("account"))?,
            system: Decode::decode(input).map_err(|e| e.at("system"))?,
            broker_account: Decode::decode(input).map_err(|e| e.at("broker_account"))?,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            quantity: Decode::decode(input).map_err(|e| e.at("quantity"))?,
            average_price: Decode::decode(input).map_err(|e| e.at("average_price"))?,
            last_price: Decode::decode(input).map_err(|e| e.at("last_price"))?,
            market_value: Decode::decode(input).map_err(|e| e.at("market_value"))?,
            cost_basis: Decode::decode(input).map_err(|e| e.at("cost_basis"))?,
            unrealized_profit: Decode::decode(input).map_err(|e| e.at("unrealized_profit"))?,
            currency: Decode::decode(input).map_err(|e| e.at("currency"))?,
        })
    }
}

impl Encode for ProcessorState {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.processor.encode(out).map_err(|e| e.at("processor"))?;
        self.key.encode(out).map_err(|e| e.at("key"))?;
        self.state.encode(out).map_err(|e| e.at("state"))?;
        Ok(())
    }
}

impl Decode for ProcessorState {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            processor: Decode::decode(input).map_err(|e| e.at("processor"))?,
            key: Decode::decode(input).map_err(|e| e.at("key"))?,
            state: Decode::decode(input).map_err(|e| e.at("state"))?,
        })
    }
}

impl Encode for Quote {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.bid_price.encode(out).map_err(|e| e.at("bid_price"))?;
        self.bid_quantity.encode(out).map_err(|e| e.at("bid_quantity"))?;
        self.bid_venue.encode(out).map_err(|e| e.at("bid_venue"))?;
        self.ask_price.encode(out).map_err(|e| e.at("ask_price"))?;
        self.ask_quantity.encode(out).map_err(|e| e.at("ask_quantity"))?;
        self.ask_venue.encode(out).map_err(|e| e.at("ask_venue"))?;
        self.conditions.encode(out).map_err(|e| e.at("conditions"))?;
        self.tape.encode(out).map_err(|e| e.at("tape"))?;
        Ok(())
    }
}

impl Decode for Quote {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            bid_price: Decode::decode(input).map_err(|e| e.at("bid_price"))?,
            bid_quantity: Decode::decode(input).map_err(|e| e.at("bid_quantity"))?,
            bid_venue: Decode::decode(input).map_err(|e| e.at("bid_venue"))?,
            ask_price: Decode::decode(input).map_err(|e| e.at("ask_price"))?,
            ask_quantity: Decode::decode(input).map_err(|e| e.at("ask_quantity"))?,
            ask_venue: Decode::decode(input).map_err(|e| e.at("ask_venue"))?,
            conditions: Decode::decode(input).map_err(|e| e.at("conditions"))?,
            tape: Decode::decode(input).map_err(|e| e.at("tape"))?,
        })
    }
}

impl Encode for RunTrigger {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for RunTrigger {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Schedule,
            1 => Self::CatchUp,
            2 => Self::Asked,
            other => return Err(DecodeError::symbol("RunTrigger", other)),
        })
    }
}

impl Encode for RunStatus {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for RunStatus {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Planned,
            1 => Self::Asked,
            2 => Self::Started,
            3 => Self::Finished,
            4 => Self::Failed,
            5 => Self::Skipped,
            other => return Err(DecodeError::symbol("RunStatus", other)),
        })
    }
}

impl Encode for Run {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.job.encode(out).map_err(|e| e.at("job"))?;
        self.run_id.encode(out).map_err(|e| e.at("run_id"))?;
        self.schedule.encode(out).map_err(|e| e.at("schedule"))?;
        self.trigger.encode(out).map_err(|e| e.at("trigger"))?;
        self.status.encode(out).map_err(|e| e.at("status"))?;
        self.due_time.encode(out).map_err(|e| e.at("due_time"))?;
        self.started_time.encode(out).map_err(|e| e.at("started_time"))?;
        self.ended_time.encode(out).map_err(|e| e.at("ended_time"))?;
        self.attempt.encode(out).map_err(|e| e.at("attempt"))?;
        self.records.encode(out).map_err(|e| e.at("records"))?;
        self.detail.encode(out).map_err(|e| e.at("detail"))?;
        Ok(())
    }
}

impl Decode for Run {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            job: Decode::decode(input).map_err(|e| e.at("job"))?,
            run_id: Decode::decode(input).map_err(|e| e.at("run_id"))?,
            schedule: Decode::decode(input).map_err(|e| e.at("schedule"))?,
            trigger: Decode::decode(input).map_err(|e| e.at("trigger"))?,
            status: Decode::decode(input).map_err(|e| e.at("status"))?,
            due_time: Decode::decode(input).map_err(|e| e.at("due_time"))?,
            started_time: Decode::decode(input).map_err(|e| e.at("started_time"))?,
            ended_time: Decode::decode(input).map_err(|e| e.at("ended_time"))?,
            attempt: Decode::decode(input).map_err(|e| e.at("attempt"))?,
            records: Decode::decode(input).map_err(|e| e.at("records"))?,
            detail: Decode::decode(input).map_err(|e| e.at("detail"))?,
        })
    }
}

impl Encode for Silence {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.pattern.encode(out).map_err(|e| e.at("pattern"))?;
        self.until.encode(out).map_err(|e| e.at("until"))?;
        self.actor.encode(out).map_err(|e| e.at("actor"))?;
        self.reason.encode(out).map_err(|e| e.at("reason"))?;
        Ok(())
    }
}

impl Decode for Silence {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            pattern: Decode::decode(input).map_err(|e| e.at("pattern"))?,
            until: Decode::decode(input).map_err(|e| e.at("until"))?,
            actor: Decode::decode(input).map_err(|e| e.at("actor"))?,
            reason: Decode::decode(input).map_err(|e| e.at("reason"))?,
        })
    }
}

impl Encode for TradeStatus {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        primitive::write_long(*self as i64, out);
        Ok(())
    }
}

impl Decode for TradeStatus {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(match primitive::read_long(input)? {
            0 => Self::Original,
            1 => Self::Corrected,
            2 => Self::Canceled,
            other => return Err(DecodeError::symbol("TradeStatus", other)),
        })
    }
}

impl Encode for Trade {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.head.event_id.encode(out).map_err(|e| e.at("event_id"))?;
        self.head.source.encode(out).map_err(|e| e.at("source"))?;
        self.head.event_time.encode(out).map_err(|e| e.at("event_time"))?;
        self.head.received_time.encode(out).map_err(|e| e.at("received_time"))?;
        self.instrument.encode(out).map_err(|e| e.at("instrument"))?;
        self.symbol.encode(out).map_err(|e| e.at("symbol"))?;
        self.trade_id.encode(out).map_err(|e| e.at("trade_id"))?;
        self.venue.encode(out).map_err(|e| e.at("venue"))?;
        self.price.encode(out).map_err(|e| e.at("price"))?;
        self.quantity.encode(out).map_err(|e| e.at("quantity"))?;
        self.conditions.encode(out).map_err(|e| e.at("conditions"))?;
        self.tape.encode(out).map_err(|e| e.at("tape"))?;
        self.status.encode(out).map_err(|e| e.at("status"))?;
        Ok(())
    }
}

impl Decode for Trade {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = Head::decode(input)?;
        Ok(Self {
            head,
            instrument: Decode::decode(input).map_err(|e| e.at("instrument"))?,
            symbol: Decode::decode(input).map_err(|e| e.at("symbol"))?,
            trade_id: Decode::decode(input).map_err(|e| e.at("trade_id"))?,
            venue: Decode::decode(input).map_err(|e| e.at("venue"))?,
            price: Decode::decode(input).map_err(|e| e.at("price"))?,
            quantity: Decode::decode(input).map_err(|e| e.at("quantity"))?,
            conditions: Decode::decode(input).map_err(|e| e.at("conditions"))?,
            tape: Decode::decode(input).map_err(|e| e.at("tape"))?,
            status: Decode::decode(input).map_err(|e| e.at("status"))?,
        })
    }
}

/// Appends the binary form of any event.
pub fn encode_event(event: &Event, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match event {
        Event::Activity(e) => e.encode(out),
        Event::Alert(e) => e.encode(out),
        Event::AlternativeRecord(e) => e.encode(out),
        Event::OrderRequest(e) => e.encode(out),
        Event::ApprovedOrder(e) => e.encode(out),
        Event::Audit(e) => e.encode(out),
        Event::Balance(e) => e.encode(out),
        Event::Bar(e) => e.encode(out),
        Event::Break(e) => e.encode(out),
        Event::Checkpoint(e) => e.encode(out),
        Event::Command(e) => e.encode(out),
        Event::CorporateAction(e) => e.encode(out),
        Event::DeadLetter(e) => e.encode(out),
        Event::Delivery(e) => e.encode(out),
        Event::Fill(e) => e.encode(out),
        Event::Finding(e) => e.encode(out),
        Event::Fundamental(e) => e.encode(out),
        Event::Gap(e) => e.encode(out),
        Event::Instrument(e) => e.encode(out),
        Event::MarketStatus(e) => e.encode(out),
        Event::NewsItem(e) => e.encode(out),
        Event::Note(e) => e.encode(out),
        Event::OrderEvent(e) => e.encode(out),
        Event::OrderState(e) => e.encode(out),
        Event::PortfolioCash(e) => e.encode(out),
        Event::PortfolioPosition(e) => e.encode(out),
        Event::Position(e) => e.encode(out),
        Event::ProcessorState(e) => e.encode(out),
        Event::Quote(e) => e.encode(out),
        Event::Run(e) => e.encode(out),
        Event::Silence(e) => e.encode(out),
        Event::Trade(e) => e.encode(out),
    }
}

/// Reads an event of the kind at `index` in [`Event::KINDS`].
pub fn decode_event(index: usize, input: &mut &[u8]) -> Result<Event, DecodeError> {
    Ok(match index {
        0 => Event::from(Activity::decode(input)?),
        1 => Event::from(Alert::decode(input)?),
        2 => Event::from(AlternativeRecord::decode(input)?),
        3 => Event::from(OrderRequest::decode(input)?),
        4 => Event::from(ApprovedOrder::decode(input)?),
        5 => Event::from(Audit::decode(input)?),
        6 => Event::from(Balance::decode(input)?),
        7 => Event::from(Bar::decode(input)?),
        8 => Event::from(Break::decode(input)?),
        9 => Event::from(Checkpoint::decode(input)?),
        10 => Event::from(Command::decode(input)?),
        11 => Event::from(CorporateAction::decode(input)?),
        12 => Event::from(DeadLetter::decode(input)?),
        13 => Event::from(Delivery::decode(input)?),
        14 => Event::from(Fill::decode(input)?),
        15 => Event::from(Finding::decode(input)?),
        16 => Event::from(Fundamental::decode(input)?),
        17 => Event::from(Gap::decode(input)?),
        18 => Event::from(Instrument::decode(input)?),
        19 => Event::from(MarketStatus::decode(input)?),
        20 => Event::from(NewsItem::decode(input)?),
        21 => Event::from(Note::decode(input)?),
        22 => Event::from(OrderEvent::decode(input)?),
        23 => Event::from(OrderState::decode(input)?),
        24 => Event::from(PortfolioCash::decode(input)?),
        25 => Event::from(PortfolioPosition::decode(input)?),
        26 => Event::from(Position::decode(input)?),
        27 => Event::from(ProcessorState::decode(input)?),
        28 => Event::from(Quote::decode(input)?),
        29 => Event::from(Run::decode(input)?),
        30 => Event::from(Silence::decode(input)?),
        31 => Event::from(Trade::decode(input)?),
        other => return Err(DecodeError::symbol("event", other as i64)),
    })
}
