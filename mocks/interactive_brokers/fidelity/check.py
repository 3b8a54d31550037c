"""Drives the mock with ib_async, unchanged, as its users do.

The mock's ready line is expected in the environment variable FOLIOSTREAM_MOCK. Prints one line for
each thing that works; stops with a message at the first that does not.
"""

import datetime
import json
import logging
import math
import os
import sys
import time
import urllib.request

from ib_async import (
    IB,
    ComboLeg,
    Contract,
    ExecutionFilter,
    Forex,
    Future,
    Index,
    LimitOrder,
    MarketOrder,
    Option,
    Order,
    PriceCondition,
    RequestError,
    ScannerSubscription,
    Stock,
    StopLimitOrder,
    StopOrder,
    TagValue,
    TimeCondition,
    WshEventData,
)

WAIT_SECONDS = 20
URLS = json.loads(os.environ["FOLIOSTREAM_MOCK"])["urls"]
HOST, PORT = URLS["tws"].removeprefix("tcp://").split(":")
ACCOUNT = "DU1234567"


class Complaints(logging.Handler):
    """What the client logs when it cannot read or use a message."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.texts = []

    def emit(self, record):
        text = record.getMessage()
        if text.startswith("Error ") and ", reqId " in text:
            return  # an answer of the mock, not a complaint about one
        self.texts.append(f"{record.name}: {text} {record.exc_info or ''}")


COMPLAINTS = Complaints()
logging.getLogger("ib_async").addHandler(COMPLAINTS)
logging.getLogger("ib_async").propagate = False


def ok(name):
    assert not COMPLAINTS.texts, f"{name}: the client complains: {COMPLAINTS.texts}"
    print(f"ok {name}", flush=True)


def control(method, path, body=None):
    """Calls one of the mock's own control routes."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URLS["control"] + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def advance(seconds):
    control("POST", "/_mock/clock", {"advance_secs": seconds})


def until(ib, condition, complaint, meanwhile=None):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, complaint() if callable(complaint) else complaint
        if meanwhile:
            meanwhile()
        ib.sleep(0.05)


def connect(client_id=7, **more):
    ib = IB()
    ib.connect(HOST, int(PORT), clientId=client_id, timeout=10, raiseSyncErrors=True, **more)
    return ib


class Errors:
    """Every error and notice a client is sent."""

    def __init__(self, ib):
        self.seen = []
        ib.errorEvent.connect(self.note, keep_ref=True)

    def note(self, request_id, code, text, contract):
        self.seen.append((request_id, code, text))

    def codes(self):
        return [code for _, code, _ in self.seen]


def refused(ib, call, code):
    """The call must fail in the vendor's way."""
    ib.RaiseRequestErrors = True
    try:
        call()
    except RequestError as error:
        assert error.code == code, error
    else:
        raise AssertionError(f"expected error {code}, but the call succeeded")
    finally:
        ib.RaiseRequestErrors = False


def check_connection(ib):
    assert ib.client.serverVersion() == 178 and ib.managedAccounts() == [ACCOUNT]
    now = ib.reqCurrentTime()
    assert now.year == 2013 and now.tzinfo, now
    assert not ib.reqUserInfo()
    ok("connection, time, user")
    errors = Errors(second := IB())
    try:
        second.connect(HOST, int(PORT), clientId=7, timeout=5)
        raise AssertionError("two clients with one id")
    except Exception as error:
        assert not isinstance(error, AssertionError), error
    assert 326 in errors.codes(), errors.seen
    COMPLAINTS.texts.clear()
    ok("one connection for each client id")


def check_accounts(ib):
    values = {row.tag: row for row in ib.accountValues(ACCOUNT) if row.currency in ("", "USD")}
    for tag in ("NetLiquidation", "TotalCashValue", "BuyingPower", "CashBalance", "AvailableFunds"):
        assert float(values[tag].value) > 0, tag
    assert any(row.currency == "BASE" for row in ib.accountValues())
    ok("account values")
    summary = {row.tag for row in ib.accountSummary()}
    wanted = {"AccountType", "NetLiquidation", "Cushion", "Leverage", "RegTEquity", "CashBalance"}
    assert wanted <= summary, wanted - summary
    ok("account summary")
    ib.reqAccountUpdates(ACCOUNT)
    ib.reqAccountUpdatesMulti(ACCOUNT)
    assert ib.reqPositions() == []
    ok("account updates and positions")


def check_contracts(ib):
    (details,) = ib.reqContractDetails(Stock("AAPL", "SMART", "USD"))
    assert details.contract.conId == 265598 and details.minTick == 0.01
    assert details.longName == "APPLE INC" and details.timeZoneId == "US/Eastern"
    assert details.tradingSessions()[0].start.hour == 4
    assert details.secIdList[0].value == "US0378331005" and "SMART" in details.validExchanges
    ok("contract details")
    contracts = [Stock("IBM", "SMART", "USD"), Forex("EURUSD"), Index("SPX", "CBOE")]
    contracts += [Contract(conId=756733), Future("ES", "20131220", "CME")]
    qualified = ib.qualifyContracts(*contracts)
    assert all(contract.conId for contract in qualified), qualified
    assert qualified[3].symbol == "SPY" and qualified[4].multiplier == "50"
    assert ib.qualifyContracts(Contract(secType="STK", symbol="IBM")) == [None]
    assert ib.qualifyContracts(Stock("NOSUCH", "SMART", "USD")) == [None]
    refused(ib, lambda: ib.reqContractDetails(Stock("NOSUCH", "SMART", "USD")), 200)
    many = ib.reqContractDetails(Stock("BAC", currency="USD"))
    assert len({row.contract.exchange for row in many}) == len(many) > 5
    ok("qualified contracts")
    found = ib.reqMatchingSymbols("IBM")
    assert any(row.contract.conId == 8314 and "OPT" in row.derivativeSecTypes for row in found)
    (rule,) = ib.reqMarketRule(26)
    assert (rule.lowEdge, rule.increment) == (0, 0.01)
    chains = ib.reqSecDefOptParams("IBM", "", "STK", 8314)
    assert {chain.exchange for chain in chains} > {"SMART"} and len(chains[0].strikes) > 10
    assert ib.reqSmartComponents("9c0001") and ib.reqMktDepthExchanges()
    ok("symbols, rules, option chains, venues")


def check_options(ib):
    chain = ib.reqSecDefOptParams("IBM", "", "STK", 8314)[0]
    option = Option("IBM", chain.expirations[-1], chain.strikes[10], "C", "SMART", currency="USD")
    assert ib.qualifyContracts(option) == [option] and len(option.localSymbol) == 21, option
    (ticker,) = ib.reqTickers(option)
    assert ticker.bid < ticker.ask and 0 < ticker.modelGreeks.delta < 1, ticker
    month = Option("IBM", chain.expirations[0], exchange="SMART", currency="USD")
    assert len(ib.reqContractDetails(month)) == 2 * len(chain.strikes)
    trade = ib.placeOrder(option, MarketOrder("BUY", 1))
    until(ib, trade.isDone, lambda: str(trade))
    assert trade.orderStatus.status == "Filled", trade
    ib.placeOrder(option, MarketOrder("SELL", 1))
    until(ib, lambda: ib.positions() == [], lambda: ib.positions())
    ok("options: chain, quote, trade")
    priced = ib.calculateOptionPrice(option, volatility=0.2, underPrice=182)
    assert 0 < priced.optPrice < 30 and 0 < priced.delta < 1, priced
    implied = ib.calculateImpliedVolatility(option, optionPrice=priced.optPrice, underPrice=182)
    assert abs(implied.impliedVol - 0.2) < 1e-3, implied
    ok("option calculations")


def check_history(ib, ibm, aapl):
    minutes = ib.reqHistoricalData(ibm, "", "1 D", "1 min", "TRADES", useRTH=True)
    assert minutes[0].date.hour == 9 and minutes[0].date.minute == 30 and minutes[0].volume > 0
    epochs = ib.reqHistoricalData(ibm, "", "1 D", "5 mins", "TRADES", useRTH=True, formatDate=2)
    assert epochs[0].date.tzinfo and epochs[0].date.hour == 13, epochs[0]
    days = ib.reqHistoricalData(aapl, "", "1 M", "1 day", "TRADES", useRTH=True)
    assert 18 <= len(days) <= 23 and isinstance(days[0].date, datetime.date), len(days)
    assert 60 < days[-1].close * 7 / 7 < 500, days[-1]
    adjusted = ib.reqHistoricalData(aapl, "", "1 Y", "1 day", "ADJUSTED_LAST", useRTH=True)
    raw = ib.reqHistoricalData(aapl, "", "1 Y", "1 day", "TRADES", useRTH=True)
    assert adjusted[0].close < raw[0].close and len(raw) > 245
    for what in ("BID", "ASK", "MIDPOINT", "BID_ASK"):
        bars = ib.reqHistoricalData(ibm, "", "1800 S", "1 min", what, useRTH=True)
        assert bars and bars[0].barCount == -1, (what, bars)
    sizes = ["1 secs", "5 secs", "30 secs", "2 mins", "15 mins", "30 mins", "1 hour", "4 hours"]
    for size in sizes:
        duration = "60 S" if "secs" in size else "1 D"
        assert ib.reqHistoricalData(ibm, "", duration, size, "TRADES", True), size
    for size in ("1 week", "1 month"):
        assert ib.reqHistoricalData(aapl, "", "1 Y", size, "TRADES", True), size
    end = datetime.datetime(2013, 6, 3, 20, tzinfo=datetime.timezone.utc)
    past = ib.reqHistoricalData(aapl, end, "5 D", "1 day", "TRADES", useRTH=True)
    assert past[-1].date == datetime.date(2013, 6, 3) and len(past) == 5, past
    forex = ib.reqHistoricalData(Forex("EURUSD"), "", "3600 S", "5 mins", "MIDPOINT", False)
    assert forex and 1 < forex[0].close < 2
    ok("historical bars")
    # The client takes 321 for a warning and waits on.
    for size, what in (("7 mins", "TRADES"), ("1 min", "bW")):
        errors = Errors(ib)
        assert not ib.reqHistoricalData(ibm, "", "1 D", size, what, True, timeout=2)
        assert 321 in errors.codes(), errors.seen
    COMPLAINTS.texts.clear()
    refused(ib, lambda: ib.reqHistoricalData(aapl, "", "1 D", "1 min", "TRADES", True), 162)
    for what in ("OPTION_IMPLIED_VOLATILITY", "HISTORICAL_VOLATILITY", "FEE_RATE"):
        refused(ib, lambda: ib.reqHistoricalData(ibm, "", "1 M", "1 day", what, True), 162)
    legs = [ComboLeg(conId=8314, ratio=1, action="BUY", exchange="SMART")]
    combo = Contract(symbol="IBM", secType="BAG", currency="USD", exchange="SMART", comboLegs=legs)
    refused(ib, lambda: ib.reqHistoricalData(combo, "", "1 D", "1 min", "TRADES", True), 200)
    again = lambda: ib.reqHistoricalData(ibm, "", "60 S", "5 secs", "TRADES", True)
    refused(ib, again, 162)
    ok("historical refusals and pacing")
    head = ib.reqHeadTimeStamp(aapl, "TRADES", useRTH=True)
    assert head.year <= 2012, head
    assert ib.reqHeadTimeStamp(aapl, "TRADES", True, formatDate=2) == head.replace(tzinfo=datetime.timezone.utc)
    schedule = ib.reqHistoricalSchedule(ibm, 5)
    assert len(schedule.sessions) == 5 and schedule.timeZone == "US/Eastern", schedule
    start = datetime.datetime(2013, 10, 7, 13, 30, tzinfo=datetime.timezone.utc)
    for what in ("TRADES", "BID_ASK", "MIDPOINT"):
        ticks = ib.reqHistoricalTicks(ibm, start, "", 10, what, useRth=True)
        assert len(ticks) == 10 and ticks[0].time >= start, (what, ticks)
    assert ib.reqHistogramData(ibm, True, "1 day")[0].count > 0
    ok("head timestamp, schedule, ticks, histogram")
    bars = ib.reqHistoricalData(ibm, "", "1 D", "1 min", "TRADES", True, keepUpToDate=True)
    seen = []
    bars.updateEvent += lambda bars, new: seen.append(bars[-1])
    until(ib, lambda: len(seen) > 2, "no updates", meanwhile=lambda: advance(5))
    ib.cancelHistoricalData(bars)
    ok("bars that stay up to date")


def check_market_data(ib, ibm, spy):
    ticker = ib.reqMktData(ibm, "100,101,104,106,165,221,225,233,236,258,293,294,295,318,456,595")
    until(ib, lambda: ticker.hasBidAsk() and ticker.last > 0, "no quote")
    assert ticker.bid < ticker.ask and ticker.minTick == 0.01 and ticker.marketDataType == 1
    assert ticker.volume > 0 and ticker.rtVolume > 0 and ticker.shortable == 3
    until(ib, lambda: ticker.ticks, "no live ticks", meanwhile=lambda: advance(1))
    ib.cancelMktData(ibm)
    (snapshot,) = ib.reqTickers(ibm)
    assert snapshot.marketPrice() > 0 and snapshot.close != snapshot.marketPrice()
    others = ib.qualifyContracts(Index("SPX", "CBOE", "USD"), Forex("EURUSD"))
    index, euro = ib.reqTickers(*others)
    assert index.last > 1000 and not index.hasBidAsk()
    assert 1 < euro.midpoint() < 2
    ok("quotes and snapshots")
    ib.reqMarketDataType(3)
    delayed = ib.reqMktData(spy)
    until(ib, delayed.hasBidAsk, "no delayed quote")
    assert delayed.marketDataType == 3
    ib.cancelMktData(spy)
    ib.reqMarketDataType(1)
    ok("delayed quotes")
    tickers = {}
    for kind in ("Last", "AllLast", "BidAsk", "MidPoint"):
        tickers[kind] = ib.reqTickByTickData(ibm, kind)
        until(ib, lambda: tickers[kind].tickByTicks, f"no {kind}", meanwhile=lambda: advance(1))
        ib.cancelTickByTickData(ibm, kind)
    ok("tick by tick")
    bars = ib.reqRealTimeBars(ibm, 5, "TRADES", False)
    middles = ib.reqRealTimeBars(ibm, 5, "MIDPOINT", False)
    enough = lambda: len(bars) > 2 and len(middles) > 2
    until(ib, enough, "no live bars", meanwhile=lambda: advance(5))
    assert (bars[1].time - bars[0].time).seconds == 5 and bars[0].low <= bars[0].high
    ib.cancelRealTimeBars(bars)
    ib.cancelRealTimeBars(middles)
    ok("bars of five seconds")
    depth = ib.reqMktDepth(ibm)
    smart = ib.reqMktDepth(spy, isSmartDepth=True)
    books = lambda: depth.domBids and depth.domAsks and smart.domBids
    until(ib, books, "no book", meanwhile=lambda: advance(1))
    ib.cancelMktDepth(ibm)
    ib.cancelMktDepth(spy, isSmartDepth=True)
    ok("depth")


def done(ib, trade):
    until(ib, trade.isDone, lambda: f"not done: {trade}")
    return trade


def check_orders(ib, ibm, spy):
    trade = done(ib, ib.placeOrder(ibm, MarketOrder("BUY", 100, orderRef="check-1")))
    assert trade.orderStatus.status == "Filled" and trade.filled() == 100, trade
    until(ib, lambda: all(f.commissionReport.commission for f in trade.fills), "no commission")
    assert trade.fills[0].execution.orderRef == "check-1" and trade.order.permId > 0
    statuses = [entry.status for entry in trade.log]
    assert statuses[:2] == ["PendingSubmit", "PreSubmitted"] and statuses[-1] == "Filled", statuses
    until(ib, lambda: ib.positions(), "no position")
    (position,) = ib.positions()
    assert position.position == 100 and position.contract.conId == 8314
    (item,) = ib.portfolio()
    assert abs(item.marketValue - 100 * item.marketPrice) < 1e-6
    ok("market order: fills, commission, position, portfolio")

    order = LimitOrder("BUY", 10, 150.25, orderRef="check-2")
    trade = ib.placeOrder(ibm, order)
    until(ib, lambda: trade.orderStatus.status == "Submitted", lambda: str(trade))
    order.lmtPrice, order.totalQuantity = 151.0, 20
    ib.placeOrder(ibm, order)
    changed = lambda: [row for row in ib.reqOpenOrders() if row.order.lmtPrice == 151.0]
    until(ib, changed, "not modified")
    assert changed()[0].order.totalQuantity == 20 and trade.orderStatus.remaining == 20
    ib.cancelOrder(order)
    done(ib, trade)
    assert trade.orderStatus.status == "Cancelled", trade
    ok("limit order: placed, modified, canceled")

    errors = Errors(ib)
    ib.client.cancelOrder(999_999)
    until(ib, lambda: 10147 in errors.codes(), lambda: errors.seen)
    ib.client.cancelOrder(order.orderId)
    until(ib, lambda: 10148 in errors.codes(), lambda: errors.seen)
    ib.client.placeOrder(order.orderId, ibm, order)
    until(ib, lambda: 103 in errors.codes(), lambda: errors.seen)
    ok("cancels and ids that come too late")


def check_order_types(ib, ibm, spy):
    orders = [
        LimitOrder("BUY", 1, 150, tif="GTC"),
        StopOrder("SELL", 1, 150),
        StopLimitOrder("SELL", 1, 149, 150),
        Order(action="SELL", totalQuantity=1, orderType="TRAIL", auxPrice=5, tif="GTC"),
        Order(action="SELL", totalQuantity=1, orderType="TRAIL", trailingPercent=5),
        Order(
            action="SELL", totalQuantity=1, orderType="TRAIL LIMIT", auxPrice=5,
            trailStopPrice=150, lmtPriceOffset=0.1,
        ),
        Order(action="BUY", totalQuantity=1, orderType="MIT", auxPrice=150),
        Order(action="BUY", totalQuantity=1, orderType="LIT", auxPrice=150, lmtPrice=149),
        Order(action="BUY", totalQuantity=1, orderType="MOC"),
        Order(action="BUY", totalQuantity=1, orderType="LOC", lmtPrice=150),
        Order(action="BUY", totalQuantity=1, orderType="REL", auxPrice=0.01, lmtPrice=150),
        Order(action="BUY", totalQuantity=1, orderType="PEG MKT", lmtPrice=150),
        Order(action="BUY", totalQuantity=1, orderType="PEG BENCH", startingPrice=150,
              referenceContractId=756733, peggedChangeAmount=0.1, referenceChangeAmount=0.1,
              referenceExchangeId="ARCA", isPeggedChangeAmountDecrease=False),
        Order(action="BUY", totalQuantity=1, orderType="PEG MID", midOffsetAtWhole=0,
              midOffsetAtHalf=0, lmtPrice=150),
        LimitOrder("BUY", 1, 150, conditions=[PriceCondition(price=1, conId=756733, exch="ARCA"),
                   TimeCondition(time="20300101 00:00:00 US/Eastern")]),
        LimitOrder("BUY", 1, 150, algoStrategy="Adaptive",
                   algoParams=[TagValue("adaptivePriority", "Normal")]),
        LimitOrder("BUY", 1, 150, tif="GTD", goodTillDate="20131008 15:00:00 US/Eastern"),
        LimitOrder("BUY", 1, 150, goodAfterTime="20131008 15:00:00 US/Eastern"),
        LimitOrder("BUY", 1, 150, outsideRth=True, hidden=True, allOrNone=True, displaySize=1),
    ]
    trades = [ib.placeOrder(ibm, order) for order in orders]
    working = ("Submitted", "PreSubmitted")
    stand = lambda: all(trade.orderStatus.status in working for trade in trades)
    until(ib, stand, lambda: [(t.order.orderType, t.orderStatus.status, t.log) for t in trades])
    assert trades[1].orderStatus.status == "PreSubmitted"
    told = {trade.order.orderId: trade.order for trade in ib.reqAllOpenOrders()}
    for order in orders:
        echo = told[order.orderId]
        assert (echo.orderType, echo.action) == (order.orderType, order.action), echo
    assert [type(c).__name__ for c in orders[14].conditions] == ["PriceCondition", "TimeCondition"]
    ok("order types")
    ib.reqGlobalCancel()
    until(ib, lambda: all(trade.isDone() for trade in trades), "not canceled")
    ok("global cancel")

    killed = done(ib, ib.placeOrder(ibm, LimitOrder("BUY", 10, 150, tif="IOC")))
    assert killed.orderStatus.status == "Cancelled", killed
    (ticker,) = ib.reqTickers(ibm)
    stop = ib.placeOrder(ibm, StopOrder("BUY", 1, round(ticker.ask - 5, 2)))
    done(ib, stop)
    assert stop.orderStatus.status == "Filled", stop
    touched = ib.placeOrder(ibm, Order(action="SELL", totalQuantity=1, orderType="MIT",
                                       auxPrice=round(ticker.bid - 5, 2)))
    assert done(ib, touched).orderStatus.status == "Filled"
    market = Order(action="BUY", totalQuantity=1, orderType="MTL")
    assert done(ib, ib.placeOrder(ibm, market)).orderStatus.status == "Filled"
    ok("orders that trade at once")


def check_groups(ib, ibm, spy):
    (ticker,) = ib.reqTickers(spy)
    bracket = ib.bracketOrder(
        "BUY", 10, round(ticker.ask + 1, 2), round(ticker.ask + 50, 2), round(ticker.bid - 50, 2)
    )
    entry, taker, stop = [ib.placeOrder(spy, order) for order in bracket]
    done(ib, entry)
    until(ib, lambda: taker.orderStatus.status == "Submitted", lambda: str(taker))
    assert stop.orderStatus.status == "PreSubmitted", stop
    bracket[1].lmtPrice = round(ticker.bid - 2, 2)
    ib.placeOrder(spy, bracket[1])
    assert done(ib, taker).orderStatus.status == "Filled", taker
    assert done(ib, stop).orderStatus.status == "Cancelled", stop
    ok("bracket")
    orders = [LimitOrder("BUY", 1, round(ticker.ask - 50, 2)), LimitOrder("BUY", 1, 100)]
    first, second = [ib.placeOrder(spy, o) for o in ib.oneCancelsAll(orders, "check-oca", 1)]
    until(ib, lambda: second.orderStatus.status == "Submitted", lambda: str(second))
    orders[0].lmtPrice = round(ticker.ask + 2, 2)
    ib.placeOrder(spy, orders[0])
    assert done(ib, first).orderStatus.status == "Filled"
    assert done(ib, second).orderStatus.status == "Cancelled"
    ok("one cancels all")
    state = ib.whatIfOrder(ibm, MarketOrder("BUY", 100))
    assert float(state.initMarginChange) > 0 and state.commission == 1.0, state
    ok("what if")


def check_refusals(ib, ibm):
    for order, code in [
        (LimitOrder("BUY", 10, 150.001), 110),
        (MarketOrder("BUY", 10_000_000), 201),
        (Order(action="BUY", totalQuantity=1, orderType="NOSUCH"), 387),
        (Order(action="BUY", totalQuantity=1, orderType="STP"), 107),
        (Order(action="BUY", totalQuantity=1, orderType="MOC", tif="GTC"), 113),
        (LimitOrder("BUY", 0.5, 150), 10243),
    ]:
        errors = Errors(ib)
        trade = ib.placeOrder(ibm, order)
        until(ib, lambda: code in errors.codes(), lambda: (code, errors.seen))
        until(ib, trade.isDone, lambda: str(trade))
    errors = Errors(ib)
    ib.placeOrder(Stock("NOSUCH", "SMART", "USD"), MarketOrder("BUY", 1))
    until(ib, lambda: 200 in errors.codes(), lambda: errors.seen)
    errors = Errors(ib)
    ib.client.send(777, 1)
    until(ib, lambda: 505 in errors.codes(), lambda: errors.seen)
    ok("orders that are refused")


def check_reports(ib):
    completed = ib.reqCompletedOrders(False)
    filled = [trade for trade in completed if trade.orderStatus.status == "Filled"]
    assert filled and filled[0].order.filledQuantity > 0, completed
    assert {trade.orderStatus.status for trade in completed} == {"Filled", "Cancelled"}
    ok("completed orders")
    fills = ib.reqExecutions()
    assert len(fills) >= 6 and all(fill.commissionReport.commission for fill in ib.fills())
    sold = ib.reqExecutions(ExecutionFilter(side="SELL", symbol="IBM"))
    assert sold and {fill.execution.side for fill in sold} == {"SLD"}
    assert ib.reqExecutions(ExecutionFilter(clientId=99)) == []
    assert ib.reqExecutions(ExecutionFilter(time="20131007-23:00:00")) == []
    ok("executions")
    pnl = ib.reqPnL(ACCOUNT)
    until(ib, lambda: not math.isnan(pnl.unrealizedPnL), "no profit or loss")
    single = ib.reqPnLSingle(ACCOUNT, "", 8314)
    held = control("GET", "/_mock/ledger")["accounts"][ACCOUNT]["positions"]["IBM"]["quantity"]
    until(ib, lambda: single.position == float(held), lambda: str(single))
    ib.cancelPnL(ACCOUNT)
    ib.cancelPnLSingle(ACCOUNT, "", 8314)
    ok("profit and loss")


def check_services(ib, ibm):
    providers = {row.code for row in ib.reqNewsProviders()}
    assert "BRFG" in providers
    stories = ib.reqHistoricalNews(ibm.conId, "BRFG+DJNL", "", "", 10)
    assert stories and ib.reqNewsArticle(stories[0].providerCode, stories[0].articleId).articleText
    refused(ib, lambda: ib.reqHistoricalNews(ibm.conId, "NOPE", "", "", 10), 10276)
    ib.reqNewsBulletins(True)
    until(ib, lambda: ib.newsBulletins(), "no bulletin")
    control("POST", "/_mock/bulletins", {"text": "a bulletin", "exchange": "NYSE"})
    until(ib, lambda: len(ib.newsBulletins()) > 1, "no second bulletin")
    ib.cancelNewsBulletins()
    ib.reqMktData(ibm, "mdoff,292")
    told = lambda: control("POST", "/_mock/news", {"symbol": "IBM", "headline": "a headline"})["told"]
    until(ib, lambda: ib.newsTicks(), "no headline", meanwhile=told)
    assert ib.newsTicks()[0].headline == "a headline"
    ib.cancelMktData(ibm)
    ok("news and bulletins")
    assert "TOP_PERC_GAIN" in ib.reqScannerParameters()
    scan = ScannerSubscription(
        instrument="STK", locationCode="STK.US.MAJOR", scanCode="TOP_PERC_GAIN", numberOfRows=3
    )
    rows = ib.reqScannerData(scan)
    assert [row.rank for row in rows] == [0, 1, 2], rows
    ok("scanner")
    refused(ib, lambda: ib.getWshMetaData(), 10276)
    refused(ib, lambda: ib.getWshEventData(WshEventData(conId=8314)), 10276)
    refused(ib, lambda: ib.reqFundamentalData(ibm, "ReportSnapshot"), 10358)
    COMPLAINTS.texts.clear()
    ok("services without a subscription")


def check_two_clients(ib, ibm):
    other = connect(client_id=8)
    resting = ib.placeOrder(ibm, LimitOrder("BUY", 1, 120, orderRef="mine"))
    until(ib, lambda: resting.orderStatus.status == "Submitted", lambda: str(resting))
    other.sleep(0.2)
    assert not [t for t in other.openTrades() if t.order.orderRef == "mine"]
    assert [t for t in other.reqAllOpenOrders() if t.order.permId == resting.order.permId]
    assert other.reqExecutions()
    master = connect(client_id=0)
    heard = []
    master.orderStatusEvent += lambda trade: heard.append(trade)
    second = ib.placeOrder(ibm, LimitOrder("BUY", 1, 121, orderRef="mine too"))
    until(ib, lambda: second.orderStatus.status == "Submitted", lambda: str(second))
    until(master, lambda: heard, "client 0 hears nothing")
    control("POST", "/_mock/orders", {
        "symbol": "IBM", "action": "BUY", "totalQuantity": "5", "orderType": "LMT",
        "lmtPrice": 119.0, "orderRef": "by hand",
    })
    byhand = lambda: [t for t in master.reqOpenOrders() if t.order.orderRef == "by hand"]
    until(master, byhand, "the order placed by hand is not bound")
    assert byhand()[0].order.orderId > 0
    master.reqAllOpenOrders()
    master.reqGlobalCancel()
    until(ib, lambda: resting.isDone() and second.isDone(), "not canceled by another client")
    other.disconnect()
    master.disconnect()
    ok("several clients")


def lost(ib):
    """Waits for the connection's end, which the client tells whoever waits by an exception."""
    deadline = time.monotonic() + WAIT_SECONDS
    while ib.isConnected():
        assert time.monotonic() < deadline, "still connected"
        try:
            ib.sleep(0.05)
        except ConnectionError:
            pass
    COMPLAINTS.texts.clear()


def check_comeback(ib, ibm):
    resting = ib.placeOrder(ibm, LimitOrder("BUY", 1, 130, orderRef="stays"))
    until(ib, lambda: resting.orderStatus.status == "Submitted", lambda: str(resting))
    control("POST", "/_mock/faults", {"kind": "reset", "stream": "tws"})
    lost(ib)
    again = connect()
    assert [t for t in again.openTrades() if t.order.permId == resting.order.permId], "lost"
    assert again.client.getReqId() > resting.order.orderId
    assert again.positions() and again.fills()
    ok("reconnect: orders, executions and positions are still there")
    errors = Errors(again)
    control("POST", "/_mock/faults", {"kind": "1100"})
    until(again, lambda: 1100 in errors.codes(), "no 1100")
    control("POST", "/_mock/faults", {"kind": "1102"})
    until(again, lambda: 1102 in errors.codes(), "no 1102")
    ok("connectivity notices")
    control("POST", "/_mock/faults", {"kind": "nightly_reset", "delay_ms": 300})
    lost(again)
    last = None
    deadline = time.monotonic() + WAIT_SECONDS
    while last is None:
        assert time.monotonic() < deadline, "closed for good"
        try:
            last = connect()
        except (ConnectionError, OSError, TimeoutError):
            time.sleep(0.1)
    COMPLAINTS.texts.clear()
    ok("nightly restart")
    return last


def check_rate(ib):
    for _ in range(120):
        ib.client.reqCurrentTime()
    assert ib.reqCurrentTime()
    ok("the client's own pace is allowed")


def main():
    ib = connect()
    ibm, spy, aapl = ib.qualifyContracts(
        Stock("IBM", "SMART", "USD"), Stock("SPY", "SMART", "USD"), Stock("AAPL", "SMART", "USD")
    )
    check_connection(ib)
    check_accounts(ib)
    check_contracts(ib)
    check_options(ib)
    check_history(ib, ibm, aapl)
    check_market_data(ib, ibm, spy)
    check_orders(ib, ibm, spy)
    check_order_types(ib, ibm, spy)
    check_groups(ib, ibm, spy)
    check_refusals(ib, ibm)
    check_reports(ib)
    check_services(ib, ibm)
    check_two_clients(ib, ibm)
    check_rate(ib)
    ib = check_comeback(ib, ibm)
    ib.disconnect()
    print("ib_async finds nothing to complain about")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # one message, then the place
        print(f"not ok: {type(error).__name__}: {error}", file=sys.stderr)
        raise
