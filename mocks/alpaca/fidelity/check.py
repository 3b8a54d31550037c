"""Drives the mock with Alpaca's own Python client, unchanged but for its base URLs.

The mock's ready line is expected in the environment variable FOLIOSTREAM_MOCK. Prints one line for
each thing that works; stops with a message at the first that does not.
"""

import asyncio
import json
import os
import sys
import threading
import time
import urllib.request
import uuid
from datetime import date, datetime, timezone

from alpaca.common.enums import Sort
from alpaca.common.exceptions import APIError
from alpaca.data.enums import (
    Adjustment,
    CorporateActionsType,
    DataFeed,
    MarketType,
    MostActivesBy,
    OptionsFeed,
)
from alpaca.data.historical import (
    CryptoHistoricalDataClient,
    NewsClient,
    OptionHistoricalDataClient,
    ScreenerClient,
    StockHistoricalDataClient,
)
from alpaca.data.historical.corporate_actions import CorporateActionsClient
from alpaca.data.live import CryptoDataStream, NewsDataStream, StockDataStream
from alpaca.data.live.option import OptionDataStream
from alpaca.data.requests import (
    CorporateActionsRequest,
    CryptoBarsRequest,
    CryptoLatestBarRequest,
    CryptoLatestOrderbookRequest,
    CryptoLatestQuoteRequest,
    CryptoLatestTradeRequest,
    CryptoQuoteRequest,
    CryptoSnapshotRequest,
    CryptoTradesRequest,
    MarketMoversRequest,
    MostActivesRequest,
    NewsRequest,
    OptionBarsRequest,
    OptionChainRequest,
    OptionLatestQuoteRequest,
    OptionLatestTradeRequest,
    OptionSnapshotRequest,
    OptionTradesRequest,
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    AssetClass,
    AssetStatus,
    ContractType,
    CorporateActionDateType,
    CorporateActionType,
    DTBPCheck,
    OrderClass,
    OrderSide,
    OrderStatus,
    OrderType,
    PDTCheck,
    QueryOrderStatus,
    TimeInForce,
    TradeConfirmationEmail,
)
from alpaca.trading.requests import (
    ClosePositionRequest,
    CreateWatchlistRequest,
    GetAssetsRequest,
    GetCalendarRequest,
    GetCorporateAnnouncementsRequest,
    GetOptionContractsRequest,
    GetOrderByIdRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    OptionLegRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
    UpdateWatchlistRequest,
)
from alpaca.trading.stream import TradingStream

KEY, SECRET = "test-key", "test-secret"
WAIT_SECONDS = 20
URLS = json.loads(os.environ["FOLIOSTREAM_MOCK"])["urls"]


def ok(name):
    print(f"ok {name}", flush=True)


def control(method, path, body=None):
    """Calls one of the mock's own control routes."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URLS["trading"] + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def advance(seconds):
    control("POST", "/_mock/clock", {"advance_secs": seconds})


def now():
    text = control("GET", "/_mock/clock")["now"]
    return datetime.fromisoformat(text[:19]).replace(tzinfo=timezone.utc)


def refused(call, status, code, *words):
    """The call must fail in the vendor's way; returns its body."""
    try:
        call()
    except APIError as error:
        assert error.status_code == status, (error.status_code, str(error))
        assert error.code == code, str(error)
        for word in words:
            assert word in error.message, error.message
        return json.loads(str(error))
    raise AssertionError(f"expected {status} {code}, but the call succeeded")


def trading():
    return TradingClient(KEY, SECRET, paper=True, url_override=URLS["trading"])


def check_account(client):
    account = client.get_account()
    assert account.status.value == "ACTIVE" and float(account.cash) > 0, account
    assert float(account.equity) == float(account.portfolio_value)
    assert float(account.buying_power) >= float(account.cash)
    ok("account")
    configuration = client.get_account_configurations()
    configuration.no_shorting = True
    assert client.set_account_configurations(configuration).no_shorting is True
    configuration.no_shorting = False
    assert client.set_account_configurations(configuration).no_shorting is False
    ok("account configurations")
    rows = client.get("/account/activities", {"activity_types": "CSD"})
    assert rows[0]["net_amount"] == account.cash and "::" in rows[0]["id"], rows
    ok("activities of money")


def check_calendar(client):
    clock = client.get_clock()
    assert clock.is_open and clock.timestamp < clock.next_close < clock.next_open, clock
    ok("clock")
    days = client.get_calendar(GetCalendarRequest(start=date(2013, 11, 25), end=date(2013, 12, 2)))
    assert [day.date.day for day in days] == [25, 26, 27, 29, 2], days
    assert days[3].close.hour == 13 and days[0].open.hour == 9, days
    ok("calendar")


def check_assets(client):
    assets = client.get_all_assets(GetAssetsRequest(status=AssetStatus.ACTIVE))
    assert {"AAPL", "BAC", "IBM", "SPY"} <= {asset.symbol for asset in assets}
    crypto = client.get_all_assets(GetAssetsRequest(asset_class=AssetClass.CRYPTO))
    assert crypto and all(asset.asset_class == AssetClass.CRYPTO for asset in crypto)
    ok("assets")
    asset = client.get_asset("BAC")
    assert client.get_asset(asset.id).symbol == "BAC" and asset.tradable and asset.fractionable
    assert client.get_asset("BTC/USD").symbol == "BTC/USD"
    refused(lambda: client.get_asset("NOSUCH"), 404, 40410000, "not found")
    ok("asset by symbol and id")


def price(client, symbol="BAC"):
    data = StockHistoricalDataClient(KEY, SECRET, url_override=URLS["data"])
    quote = data.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=symbol))[symbol]
    return quote.bid_price, quote.ask_price


def market(symbol, quantity, side=OrderSide.BUY, **more):
    return MarketOrderRequest(
        symbol=symbol, qty=quantity, side=side, time_in_force=TimeInForce.DAY, **more
    )


def limit(symbol, quantity, at, side=OrderSide.BUY, tif=TimeInForce.DAY, **more):
    return LimitOrderRequest(
        symbol=symbol, qty=quantity, side=side, time_in_force=tif, limit_price=at, **more
    )


def check_market_order(client):
    bid, ask = price(client)
    cash = float(client.get_account().cash)
    client_id = f"check-{uuid.uuid4()}"
    order = client.submit_order(market("BAC", 100, client_order_id=client_id))
    assert order.status in (OrderStatus.PENDING_NEW, OrderStatus.ACCEPTED) and order.qty == "100"
    filled = client.get_order_by_client_id(client_id)
    assert filled.id == order.id and filled.status == OrderStatus.FILLED, filled.status
    assert float(filled.filled_qty) == 100 and bid <= float(filled.filled_avg_price) <= ask + 0.05
    ok("market order fills")
    position = client.get_open_position("BAC")
    assert position.qty == "100" and position.side.value == "long"
    assert client.get_open_position(str(position.asset_id)).symbol == "BAC"
    assert [p.symbol for p in client.get_all_positions()] == ["BAC"]
    spent = cash - float(client.get_account().cash)
    assert abs(spent - float(position.cost_basis)) < 1e-6, (spent, position.cost_basis)
    ok("position and cash move together")
    fills = client.get("/account/activities/FILL")
    assert sum(float(row["qty"]) for row in fills if row["order_id"] == str(order.id)) == 100
    assert fills[0]["leaves_qty"] == "0" and fills[0]["type"] == "fill", fills[0]
    page = client.get("/account/activities", {"page_size": 1, "direction": "asc"})
    rest = client.get(
        "/account/activities", {"page_size": 1, "direction": "asc", "page_token": page[0]["id"]}
    )
    assert page[0]["activity_type"] == "CSD" and rest[0]["activity_type"] == "FILL"
    ok("activities of fills, page by page")
    duplicate = market("BAC", 1, client_order_id=client_id)
    refused(lambda: client.submit_order(duplicate), 422, 40010001, "must be unique")
    ok("client order id twice")


def check_notional_order(client):
    request = MarketOrderRequest(
        symbol="SPY", notional=100.5, side=OrderSide.BUY, time_in_force=TimeInForce.DAY
    )
    order = client.submit_order(request)
    assert order.notional == "100.5" and order.qty is None, order
    filled = client.get_order_by_id(order.id)
    assert filled.status == OrderStatus.FILLED and 0 < float(filled.filled_qty) < 1, filled
    ok("notional order")
    fraction = client.submit_order(market("SPY", 0.25))
    assert client.get_order_by_id(fraction.id).filled_qty == "0.25"
    ok("fractional order")


def check_resting_orders(client):
    bid, ask = price(client)
    low, high = round(bid - 1, 2), round(ask + 1, 2)
    orders = [
        limit("BAC", 10, low),
        limit("BAC", 10, low, tif=TimeInForce.GTC, extended_hours=True),
        StopOrderRequest(
            symbol="IBM", qty=5, side=OrderSide.BUY, time_in_force=TimeInForce.GTC, stop_price=250
        ),
        StopLimitOrderRequest(
            symbol="IBM", qty=5, side=OrderSide.BUY, time_in_force=TimeInForce.DAY,
            stop_price=251, limit_price=252,
        ),
        TrailingStopOrderRequest(
            symbol="BAC", qty=10, side=OrderSide.SELL, time_in_force=TimeInForce.DAY,
            trail_percent=5, order_class=OrderClass.SIMPLE,
        ),
    ]
    placed = [client.submit_order(order) for order in orders[:4]]
    # Selling into our own resting purchases is not allowed, so they go first.
    wash = refused(lambda: client.submit_order(orders[4]), 403, 40310000, "wash trade")
    assert wash["existing_order_id"] in {str(order.id) for order in placed}
    ok("wash trade")
    open_orders = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN, limit=10))
    assert [o.id for o in open_orders] == [o.id for o in reversed(placed)], open_orders
    assert {o.status for o in open_orders} == {OrderStatus.NEW}
    for symbol in ("BAC", "IBM"):
        found = client.get_orders(GetOrdersRequest(symbols=[symbol], nested=True))
        assert {order.symbol for order in found} == {symbol} and len(found) == 2
    ok("open orders listed")
    replaced = client.replace_order_by_id(
        placed[0].id, ReplaceOrderRequest(qty=7, limit_price=round(low - 0.5, 2))
    )
    old = client.get_order_by_id(placed[0].id)
    assert old.status == OrderStatus.REPLACED and old.replaced_by == replaced.id
    assert replaced.replaces == old.id and replaced.qty == "7"
    ok("replace order")
    client.cancel_order_by_id(replaced.id)
    assert client.get_order_by_id(replaced.id).status == OrderStatus.CANCELED
    refused(lambda: client.cancel_order_by_id(replaced.id), 422, 42210000, "canceled")
    ok("cancel order")
    outcomes = client.cancel_orders()
    assert {outcome.status for outcome in outcomes} == {200} and len(outcomes) == 3
    assert client.get_orders() == []
    ok("cancel all orders")
    trailing = client.submit_order(orders[4])
    assert trailing.order_type == OrderType.TRAILING_STOP
    shown = client.get_order_by_id(trailing.id)
    assert float(shown.stop_price) < float(shown.hwm), shown
    client.cancel_order_by_id(trailing.id)
    ok("trailing stop order")
    taken = client.submit_order(limit("BAC", 10, high, tif=TimeInForce.IOC))
    assert client.get_order_by_id(taken.id).status == OrderStatus.FILLED
    missed = client.submit_order(limit("BAC", 10, low, tif=TimeInForce.FOK))
    assert client.get_order_by_id(missed.id).status == OrderStatus.CANCELED
    ok("immediate or cancel, fill or kill")
    auction = client.submit_order(
        MarketOrderRequest(
            symbol="BAC", qty=10, side=OrderSide.BUY, time_in_force=TimeInForce.CLS
        )
    )
    assert auction.time_in_force == TimeInForce.CLS
    client.cancel_order_by_id(auction.id)
    closed = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED, limit=500))
    assert auction.id in {order.id for order in closed}
    ok("auction orders, closed orders listed")


def check_order_classes(client):
    bid, ask = price(client)
    bracket = client.submit_order(
        limit(
            "BAC", 5, round(bid - 1, 2), tif=TimeInForce.GTC, order_class=OrderClass.BRACKET,
            take_profit=TakeProfitRequest(limit_price=round(ask + 2, 2)),
            stop_loss=StopLossRequest(stop_price=round(bid - 2, 2), limit_price=round(bid - 3, 2)),
        )
    )
    assert bracket.order_class == OrderClass.BRACKET and len(bracket.legs) == 2
    assert {leg.status for leg in bracket.legs} == {OrderStatus.HELD}
    nested = client.get_order_by_id(bracket.id, GetOrderByIdRequest(nested=True))
    assert {leg.id for leg in nested.legs} == {leg.id for leg in bracket.legs}
    client.cancel_order_by_id(bracket.id)
    assert client.get_order_by_id(bracket.legs[0].id).status == OrderStatus.CANCELED
    ok("bracket order")
    entry = client.submit_order(
        market(
            "IBM", 3, order_class=OrderClass.BRACKET,
            take_profit=TakeProfitRequest(limit_price=400),
            stop_loss=StopLossRequest(stop_price=100),
        )
    )
    assert client.get_order_by_id(entry.legs[0].id).status == OrderStatus.NEW
    assert client.get_order_by_id(entry.legs[1].id).status == OrderStatus.HELD
    client.cancel_order_by_id(entry.legs[0].id)
    assert client.get_order_by_id(entry.legs[1].id).status == OrderStatus.CANCELED
    ok("bracket order after its entry filled")
    pair = client.submit_order(
        limit(
            "IBM", 3, 400, side=OrderSide.SELL, tif=TimeInForce.GTC, order_class=OrderClass.OCO,
            take_profit=TakeProfitRequest(limit_price=400),
            stop_loss=StopLossRequest(stop_price=100),
        )
    )
    assert pair.order_class == OrderClass.OCO and pair.legs[0].status == OrderStatus.HELD
    client.cancel_order_by_id(pair.id)
    ok("one-cancels-other order")
    trigger = client.submit_order(
        market(
            "IBM", 2, order_class=OrderClass.OTO, stop_loss=StopLossRequest(stop_price=100)
        )
    )
    assert client.get_order_by_id(trigger.legs[0].id).status == OrderStatus.NEW
    client.cancel_order_by_id(trigger.legs[0].id)
    ok("one-triggers-other order")


def check_refusals(client):
    bid, ask = price(client)
    body = refused(
        lambda: client.submit_order(market("SPY", 100_000)), 403, 40310000, "buying power"
    )
    assert float(body["buying_power"]) < float(body["cost_basis"]), body
    ok("insufficient buying power")
    body = refused(
        lambda: client.submit_order(market("BAC", 9_999, OrderSide.SELL)), 403, 40310000,
        "insufficient qty available",
    )
    assert body["symbol"] == "BAC" and float(body["existing_qty"]) > 0, body
    ok("insufficient quantity")
    refused(
        lambda: client.submit_order(limit("BAC", 1, 12.345)), 422, 42210000, "sub-penny increment"
    )
    ok("sub-penny price")
    refused(lambda: client.get_order_by_id(uuid.uuid4()), 404, 40410000, "order not found")
    refused(lambda: client.get_open_position("AIG"), 404, 40410000, "position does not exist")
    ok("not found")
    done = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED, limit=500))
    filled = next(order for order in done if order.status == OrderStatus.FILLED)
    refused(lambda: client.cancel_order_by_id(filled.id), 422, 42210000, '"filled" state')
    ok("order is done already")
    stop = StopOrderRequest(
        symbol="BAC", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.DAY,
        stop_price=round(ask + 1, 2),
    )
    body = refused(lambda: client.submit_order(stop), 422, 42210000, "less than current price")
    assert {"market_price", "stop_price"} <= set(body), body
    ok("stop on the wrong side")
    stranger = TradingClient("nobody", "wrong", paper=True, url_override=URLS["trading"])
    refused(stranger.get_account, 401, 40110000, "not authorized")
    data = StockHistoricalDataClient("nobody", "wrong", url_override=URLS["data"])
    try:
        data.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="BAC"))
        raise AssertionError("wrong keys were let in")
    except APIError as error:
        assert error.status_code in (401, 403), error
    ok("wrong keys")
    control("POST", "/_mock/faults", {"next": 1, "status": 429, "path": "/v2/account"})
    started = time.monotonic()
    assert client.get_account().status.value == "ACTIVE"
    assert time.monotonic() - started > 2, "the client waits before it tries again"
    ok("rate limit and retry")


def check_closing(client):
    held = client.get_open_position("BAC")
    order = client.close_position("BAC", ClosePositionRequest(percentage="50"))
    assert order.side == OrderSide.SELL, order
    left = client.get_open_position("BAC")
    assert float(left.qty) == float(held.qty) / 2, (held.qty, left.qty)
    ok("close part of a position")
    outcomes = client.close_all_positions(cancel_orders=True)
    assert {outcome.status for outcome in outcomes} == {200}, outcomes
    assert client.get_all_positions() == []
    account = client.get_account()
    assert float(account.equity) == float(account.cash), account
    ok("close all positions")
    history = client.get_portfolio_history(GetPortfolioHistoryRequest(period="1W", timeframe="1D"))
    assert history.timeframe == "1D" and len(history.timestamp) == len(history.equity) > 0
    ok("portfolio history")


def check_watchlists(client):
    created = client.create_watchlist(CreateWatchlistRequest(name="banks", symbols=["BAC"]))
    client.add_asset_to_watchlist_by_id(created.id, "AIG")
    client.update_watchlist_by_id(created.id, UpdateWatchlistRequest(name="lenders"))
    client.remove_asset_from_watchlist_by_id(created.id, "BAC")
    found = client.get_watchlist_by_id(created.id)
    assert found.name == "lenders" and [a.symbol for a in found.assets] == ["AIG"], found
    assert [w.id for w in client.get_watchlists()] == [created.id]
    client.delete_watchlist_by_id(created.id)
    assert client.get_watchlists() == []
    ok("watchlists")


def check_other_trading(client):
    found = client.get_corporate_announcements(
        GetCorporateAnnouncementsRequest(
            ca_types=[CorporateActionType.DIVIDEND], since=date(2013, 8, 1), until=date(2013, 9, 30)
        )
    )
    assert any(row.initiating_symbol == "IBM" and row.cash > 0.9 for row in found), found
    assert client.get_corporate_announcement_by_id(found[0].id).id == found[0].id
    ok("corporate announcements")
    contracts = client.get_option_contracts(GetOptionContractsRequest(underlying_symbols=["SPY"]))
    assert contracts.option_contracts == []
    ok("option contracts")


def check_every_word(client):
    """Each member of the client's own enumerations is understood."""
    for asset_class in AssetClass:
        found = client.get_all_assets(GetAssetsRequest(asset_class=asset_class))
        assert all(asset.asset_class == asset_class for asset in found), asset_class
    configuration = client.get_account_configurations()
    before = configuration.model_copy()
    for name, values in (
        ("dtbp_check", DTBPCheck), ("pdt_check", PDTCheck),
        ("trade_confirm_email", TradeConfirmationEmail), ("max_margin_multiplier", "124"),
        ("max_options_trading_level", range(4)), ("fractional_trading", (False, True)),
        ("ptp_no_exception_entry", (True, False)), ("suspend_trade", (True, False)),
    ):
        for value in values:
            setattr(configuration, name, value)
            assert getattr(client.set_account_configurations(configuration), name) == value, name
    client.set_account_configurations(before)
    for date_type in CorporateActionDateType:
        client.get_corporate_announcements(
            GetCorporateAnnouncementsRequest(
                ca_types=list(CorporateActionType), since=date(2013, 8, 1),
                until=date(2013, 9, 30), date_type=date_type,
            )
        )
    day = {"start": datetime(2013, 10, 7, 13, 30), "end": datetime(2013, 10, 7, 13, 31)}
    client = StockHistoricalDataClient(KEY, SECRET, url_override=URLS["data"])
    for feed in DataFeed:
        given = {"symbol_or_symbols": "BAC", "feed": feed}
        minutes = {"timeframe": TimeFrame.Minute, "adjustment": Adjustment.SPLIT, **day}
        assert client.get_stock_bars(StockBarsRequest(**minutes, **given))["BAC"]
        assert client.get_stock_latest_quote(StockLatestQuoteRequest(**given))["BAC"].bid_price
        assert client.get_stock_snapshot(StockSnapshotRequest(**given))["BAC"].latest_trade
    actions = CorporateActionsClient(KEY, SECRET, url_override=URLS["data"])
    for kind in CorporateActionsType:
        found = actions.get_corporate_actions(
            CorporateActionsRequest(types=[kind], start=date(2013, 1, 1), end=date(2013, 10, 7))
        )
        assert set(found.data) <= {kind.value + "s"}, (kind, found.data.keys())
    raw = StockHistoricalDataClient(KEY, SECRET, url_override=URLS["data"], raw_data=True)
    rows = raw.get_stock_trades(StockTradesRequest(symbol_or_symbols="BAC", limit=3, **day))
    assert set(rows["BAC"][0]) >= {"t", "x", "p", "s", "c", "i", "z"}, rows
    ok("every feed, class, kind of action and configuration; raw answers")


def check_data_refusals():
    client = StockHistoricalDataClient(KEY, SECRET, url_override=URLS["data"])
    for more, words in (
        ({"timeframe": "60Min"}, "timeframe"), ({"start": "soon"}, "start"),
        ({"limit": 10_001}, "limit"), ({"sort": "up"}, "sort"), ({"feed": "radio"}, "feed"),
        ({"adjustment": "none"}, "adjustment"), ({"page_token": "?"}, "page_token"),
        ({"asof": "lately"}, "asof"), ({"currency": "shells"}, "currency"),
        ({"start": "2013-10-08", "end": "2013-10-07"}, "end should not be before start"),
        ({"symbols": "CSP1"}, "invalid symbol: CSP1"), ({"symbols": ""}, "symbols is required"),
    ):
        try:
            client.get("/stocks/bars", {"symbols": "BAC", "timeframe": "1Min", **more})
        except APIError as error:
            assert error.status_code == 400 and words in error.message, (more, str(error))
        else:
            raise AssertionError(f"{more} was taken")
    ok("bad requests for data")


def check_history():
    client = StockHistoricalDataClient(KEY, SECRET, url_override=URLS["data"])
    day = datetime(2013, 10, 7, tzinfo=timezone.utc)
    bars = client.get_stock_bars(
        StockBarsRequest(
            symbol_or_symbols=["BAC", "IBM", "NOSUCH"], timeframe=TimeFrame(5, TimeFrameUnit.Minute),
            start=day, feed=DataFeed.IEX,
        )
    )
    assert set(bars.data) == {"BAC", "IBM"}, bars.data.keys()
    assert all(bar.low <= bar.open <= bar.high and bar.volume > 0 for bar in bars["BAC"])
    daily = client.get_stock_bars(
        StockBarsRequest(
            symbol_or_symbols="AAPL", timeframe=TimeFrame.Day, start=datetime(2012, 6, 1),
            end=datetime(2013, 6, 1), adjustment=Adjustment.ALL, sort=Sort.DESC,
        )
    )
    assert len(daily["AAPL"]) > 240 and daily["AAPL"][0].timestamp > daily["AAPL"][-1].timestamp
    ok("bars")
    few = client.get_stock_trades(StockTradesRequest(symbol_or_symbols="BAC", start=day, limit=25))
    assert len(few["BAC"]) == 25 and few["BAC"][0].exchange and few["BAC"][0].conditions
    trades = client.get_stock_trades(StockTradesRequest(symbol_or_symbols=["BAC", "IBM"], start=day))
    seen = [(trade.timestamp, trade.id) for trade in trades["BAC"]]
    assert seen == sorted(seen) and len(set(seen)) == len(seen) > 500
    ok("trades")
    quotes = client.get_stock_quotes(
        StockQuotesRequest(symbol_or_symbols=["BAC", "SPY"], start=day, limit=2_000)
    )
    assert all(quote.bid_price <= quote.ask_price for quote in quotes["BAC"])
    ok("quotes")
    whole = client.get("/stocks/bars", page_request(day, 10_000, None))
    pages, token = {}, None
    while True:
        page = client.get("/stocks/bars", page_request(day, 17, token))
        for symbol, rows in page["bars"].items():
            pages.setdefault(symbol, []).extend(rows)
        token = page["next_page_token"]
        if not token:
            break
    assert pages == whole["bars"], "pages must add up to the whole"
    ok("paging")
    for name, call, request in (
        ("trade", client.get_stock_latest_trade, StockLatestTradeRequest),
        ("quote", client.get_stock_latest_quote, StockLatestQuoteRequest),
        ("bar", client.get_stock_latest_bar, StockLatestBarRequest),
    ):
        latest = call(request(symbol_or_symbols=["BAC", "IBM"]))
        assert set(latest) == {"BAC", "IBM"}, latest
        assert latest["BAC"].timestamp <= now(), f"no {name} from the future"
    ok("latest trade, quote and bar")
    snapshot = client.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=["SPY", "BAC"]))
    assert snapshot["SPY"].previous_daily_bar.close > 100 and snapshot["BAC"].minute_bar.volume > 0
    ok("snapshots")


def page_request(day, limit, token):
    request = {"symbols": "BAC,IBM,SPY", "timeframe": "1Min", "start": day.isoformat()}
    request["limit"] = limit
    if token:
        request["page_token"] = token
    return request


def check_news_and_actions():
    client = NewsClient(KEY, SECRET, url_override=URLS["data"])
    news = client.get_news(NewsRequest(symbols="BAC", limit=12, include_content=True))
    items = news.data["news"]
    assert len(items) > 3 and all("BAC" in item.symbols and item.content for item in items)
    assert all(item.images for item in items)
    ok("news")
    actions = CorporateActionsClient(KEY, SECRET, url_override=URLS["data"]).get_corporate_actions(
        CorporateActionsRequest(start=date(2013, 1, 1), end=date(2013, 10, 7))
    )
    groups = actions.data
    dividend = next(d for d in groups["cash_dividends"] if d.symbol == "AAPL")
    assert dividend.rate in (2.65, 3.05), dividend
    assert len(groups) >= 10, groups.keys()
    ok("corporate actions")
    splits = CorporateActionsClient(KEY, SECRET, url_override=URLS["data"]).get_corporate_actions(
        CorporateActionsRequest(
            symbols=["AAPL"], start=date(2005, 1, 1), end=date(2006, 1, 1),
            types=[CorporateActionsType.FORWARD_SPLIT],
        )
    )
    assert splits.data["forward_splits"][0].new_rate == 2, splits.data
    ok("corporate actions by type")


def check_other_data():
    screener = ScreenerClient(KEY, SECRET, url_override=URLS["data"])
    active = screener.get_most_actives(MostActivesRequest(by=MostActivesBy.VOLUME))
    assert active.most_actives[0].volume > 0
    screener.get_market_movers(MarketMoversRequest())
    ok("screener")
    for kind in MarketType:
        assert screener.get_market_movers(MarketMoversRequest(market_type=kind)).market_type == kind
    refused_movers = MarketMoversRequest(top=51)
    try:
        screener.get_market_movers(refused_movers)
        raise AssertionError("too many movers were given")
    except APIError as error:
        assert error.status_code == 400, error
    ok("movers of each market")
    check_crypto()
    check_options()


def check_crypto():
    client = CryptoHistoricalDataClient(KEY, SECRET, url_override=URLS["data"])
    pairs = ["BTC/USD", "ETH/USD"]
    series = {"symbol_or_symbols": pairs, "start": datetime(2013, 10, 7)}
    for found in (
        client.get_crypto_bars(CryptoBarsRequest(timeframe=TimeFrame.Day, **series)),
        client.get_crypto_quotes(CryptoQuoteRequest(**series)),
        client.get_crypto_trades(CryptoTradesRequest(**series)),
    ):
        assert found.data == {}, found
    for call, request in (
        (client.get_crypto_latest_bar, CryptoLatestBarRequest),
        (client.get_crypto_latest_quote, CryptoLatestQuoteRequest),
        (client.get_crypto_latest_trade, CryptoLatestTradeRequest),
        (client.get_crypto_latest_orderbook, CryptoLatestOrderbookRequest),
        (client.get_crypto_snapshot, CryptoSnapshotRequest),
    ):
        assert call(request(symbol_or_symbols=pairs)) == {}
    ok("crypto answers in shape")


def check_options():
    client = OptionHistoricalDataClient(KEY, SECRET, url_override=URLS["data"])
    contracts = ["SPY131018C00170000", "IBM131019P00180000"]
    bars = OptionBarsRequest(symbol_or_symbols=contracts, timeframe=TimeFrame.Day)
    assert client.get_option_bars(bars).data == {}
    assert client.get_option_trades(OptionTradesRequest(symbol_or_symbols=contracts)).data == {}
    for feed in OptionsFeed:
        given = {"symbol_or_symbols": contracts, "feed": feed}
        assert client.get_option_latest_quote(OptionLatestQuoteRequest(**given)) == {}
        assert client.get_option_latest_trade(OptionLatestTradeRequest(**given)) == {}
        assert client.get_option_snapshot(OptionSnapshotRequest(**given)) == {}
        chain = OptionChainRequest(
            underlying_symbol="SPY", feed=feed, type=ContractType.CALL, strike_price_gte=150.0,
            expiration_date_lte=date(2013, 12, 31),
        )
        assert client.get_option_chain(chain) == {}
    codes = client.get_option_exchange_codes()
    assert len(codes) > 10 and all(len(code) == 1 for code in codes), codes
    client = trading()
    contract = contracts[0]
    refused(lambda: client.get_option_contract(contract), 404, 40410000, "not found")
    refused(lambda: client.exercise_options_position(contract), 403, 40310000, "no available")
    legs = [
        OptionLegRequest(symbol=contract, ratio_qty=1, side=side)
        for contract, side in zip(contracts, (OrderSide.BUY, OrderSide.SELL))
    ]
    spread = MarketOrderRequest(
        qty=1, time_in_force=TimeInForce.DAY, order_class=OrderClass.MLEG, legs=legs
    )
    refused(lambda: client.submit_order(spread), 422, 42210000, contract)
    ok("options answer in shape")


class Background:
    """A stream of the client, run in a thread of its own until the block ends."""

    def __init__(self, stream):
        self.stream = stream
        self.thread = threading.Thread(target=stream.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        until(lambda: self.stream._running, "the stream did not start")
        return self

    def __exit__(self, *_):
        if self.stream._running:
            asyncio.run_coroutine_threadsafe(self.stream.stop_ws(), self.stream._loop)
        self.thread.join(WAIT_SECONDS)


def until(condition, complaint, meanwhile=lambda: None):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, complaint
        meanwhile()
        time.sleep(0.05)


def check_data_stream():
    stream = StockDataStream(KEY, SECRET, url_override=URLS["stream"])
    seen = {"trades": [], "quotes": [], "bars": [], "daily": [], "updated": []}

    def collect(name):
        async def handler(item):
            seen[name].append(item)

        return handler

    stream.subscribe_trades(collect("trades"), "BAC", "IBM")
    stream.subscribe_quotes(collect("quotes"), "BAC")
    stream.subscribe_bars(collect("bars"), "*")
    stream.subscribe_daily_bars(collect("daily"), "BAC")
    stream.subscribe_updated_bars(collect("updated"), "*")
    with Background(stream):
        until(
            lambda: all(seen.values()), f"missing: { {k: len(v) for k, v in seen.items()} }",
            meanwhile=lambda: advance(30),
        )
    trade, quote, bar = seen["trades"][0], seen["quotes"][0], seen["bars"][0]
    assert trade.symbol in ("BAC", "IBM") and trade.price > 0 and trade.timestamp.year == 2013
    assert quote.symbol == "BAC" and quote.bid_price <= quote.ask_price
    assert bar.volume > 0 and bar.timestamp.second == 0 and bar.vwap > 0
    times = [trade.timestamp for trade in seen["trades"]]
    assert times == sorted(times)
    ok("data stream: trades, quotes, bars, updated and daily bars")


def check_news_stream():
    stream = NewsDataStream(KEY, SECRET, url_override=URLS["news_stream"])
    seen = []

    async def handler(item):
        seen.append(item)

    stream.subscribe_news(handler, "*")
    with Background(stream):
        until(lambda: seen, "no news", meanwhile=lambda: advance(300))
    assert seen[0].headline and seen[0].content and seen[0].created_at.year == 2013
    ok("news stream")


def check_quiet_streams():
    """What is not replayed has its streams all the same."""
    async def handler(_):
        raise AssertionError("nothing was to come")

    def listens(feed, channel):
        clients = control("GET", "/_mock/streams")["data"]
        lists = [c["subscriptions"] for c in clients if c["feed"] == feed]
        return any(one.get(channel) for one in lists)

    crypto = CryptoDataStream(KEY, SECRET, url_override=URLS["crypto_stream"])
    for name in ("trades", "quotes", "bars", "updated_bars", "daily_bars", "orderbooks"):
        getattr(crypto, f"subscribe_{name}")(handler, "BTC/USD", "ETH/USD")
    with Background(crypto):
        until(lambda: listens("crypto", "orderbooks"), "crypto is not followed")
        crypto.unsubscribe_orderbooks("BTC/USD", "ETH/USD")
        until(lambda: not listens("crypto", "orderbooks"), "crypto is followed still")
    for feed in OptionsFeed:
        base = URLS["option_stream"].removesuffix("indicative")
        options = OptionDataStream(KEY, SECRET, url_override=base + feed.value)
        options.subscribe_trades(handler, "*")
        options.subscribe_quotes(handler, "SPY131018C00170000")
        with Background(options):
            until(lambda: listens(feed.value, "quotes"), f"{feed} is not followed")
            options.unsubscribe_quotes("SPY131018C00170000")
            until(lambda: not listens(feed.value, "quotes"), f"{feed} is followed still")
    ok("streams of crypto and of options")


def check_trading_stream(client):
    stream = TradingStream(KEY, SECRET, paper=True, url_override=URLS["trading_stream"])
    seen = []

    async def handler(update):
        seen.append(update)

    stream.subscribe_trade_updates(handler)
    with Background(stream):
        until(
            lambda: any(u["listens"] for u in control("GET", "/_mock/streams")["orders"]),
            "the client does not listen",
        )
        bought = client.submit_order(market("BAC", 40))
        until(lambda: [u for u in seen if u.event == "fill"], "no fill was told")
        bid, _ = price(client)
        resting = client.submit_order(limit("BAC", 1, round(bid - 1, 2)))
        replaced = client.replace_order_by_id(
            resting.id, ReplaceOrderRequest(limit_price=round(bid - 2, 2))
        )
        client.cancel_order_by_id(replaced.id)
        until(lambda: [u for u in seen if u.event == "canceled"], "no cancellation was told")
    events = [u.event for u in seen if u.order.id == bought.id]
    assert events[0] == "new" and events[-1] == "fill", events
    fills = [u for u in seen if u.event in ("fill", "partial_fill")]
    assert sum(u.qty for u in fills) == 40 and fills[-1].position_qty == 40
    assert len({u.execution_id for u in seen}) == len(seen)
    assert [u.event for u in seen if u.order.id == resting.id] == ["new", "replaced"]
    assert [u.event for u in seen if u.order.id == replaced.id] == ["new", "canceled"]
    client.close_all_positions(cancel_orders=True)
    ok("trading stream: new, fills, replaced, canceled")


def main():
    client = trading()
    check_account(client)
    check_calendar(client)
    check_assets(client)
    check_market_order(client)
    check_notional_order(client)
    check_resting_orders(client)
    check_order_classes(client)
    check_refusals(client)
    check_closing(client)
    check_watchlists(client)
    check_other_trading(client)
    check_every_word(client)
    check_data_stream()
    check_news_stream()
    check_quiet_streams()
    check_history()
    check_data_refusals()
    check_news_and_actions()
    check_other_data()
    check_trading_stream(client)
    print("alpaca-py finds nothing to complain about")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # one message, then the place
        print(f"not ok: {type(error).__name__}: {error}", file=sys.stderr)
        raise
