"""Drives the mock with the vendor's own Python client, unchanged but for its base addresses.

The mock's ready line is expected in the environment variable FOLIOSTREAM_MOCK. Prints one line for
each thing that works; stops with a message at the first that does not.
"""

import asyncio
import inspect
import json
import logging
import os
import sys
import threading
import time
import urllib.request
from datetime import date, datetime, timezone
from itertools import islice
from urllib.parse import urlparse

from massive import RESTClient, WebSocketClient
from massive.exceptions import AuthError, BadResponse
from urllib3.exceptions import MaxRetryError

KEY = "test-key"
WAIT_SECONDS = 20
URLS = json.loads(os.environ["FOLIOSTREAM_MOCK"])["urls"]
STREAM = urlparse(URLS["stream"]).netloc
STOCKS = ["AAPL", "BAC", "IBM", "SPY"]


def ok(name):
    print(f"ok {name}", flush=True)


def control(method, path, body=None):
    """Calls one of the mock's own control routes."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URLS["rest"] + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def advance(seconds):
    control("POST", "/_mock/clock", {"advance_secs": seconds})


def now():
    text = control("GET", "/_mock/clock")["now"]
    return datetime.fromisoformat(text[:19]).replace(tzinfo=timezone.utc)


def refused(call, *words):
    """The call must fail with the vendor's body; returns it."""
    try:
        call()
    except BadResponse as error:
        for word in words:
            assert word in str(error), str(error)
        return json.loads(str(error))
    raise AssertionError(f"expected a refusal with {words}, but the call succeeded")


def filled(item, *names):
    for name in names:
        assert getattr(item, name) is not None, f"no {name} in {item}"
    return item


def pages(call, few):
    """The same rows in small pages as in one."""
    whole = list(call(1_000))
    in_pages = list(call(few))
    assert len(whole) > few, f"{len(whole)} rows make no pages of {few}"
    assert in_pages == whole, "pages must add up to the whole"
    return whole


def check_bars(client):
    daily = list(client.list_aggs("AAPL", 1, "day", "2013-01-01", "2013-10-04", limit=50_000))
    assert len(daily) > 180, len(daily)
    for bar in daily:
        filled(bar, "open", "high", "low", "close", "volume", "vwap", "timestamp", "transactions")
        assert bar.low <= min(bar.open, bar.close) and bar.high >= max(bar.open, bar.close), bar
    winter, summer = daily[0].timestamp, daily[-1].timestamp
    assert (winter // 3_600_000 % 24, summer // 3_600_000 % 24) == (5, 4), "midnight in New York"
    small = list(client.list_aggs("AAPL", 1, "day", "2013-01-01", "2013-10-04", limit=50))
    assert small == daily, "pages must add up to the whole"
    back = list(client.list_aggs("AAPL", 1, "day", "2013-01-01", "2013-10-04", sort="desc", limit=7))
    assert back == daily[::-1], "backwards is the same the other way round"
    ok("list_aggs, page by page, forwards and backwards")
    assert client.get_aggs("AAPL", 1, "day", date(2013, 1, 1), date(2013, 10, 4)) == daily
    assert client.get_aggs("NOSUCH", 1, "day", "2013-01-01", "2013-10-04") == []
    ok("get_aggs")
    for multiplier, timespan in [
        (1, "second"), (5, "second"), (1, "minute"), (15, "minute"), (1, "hour"), (2, "day"),
        (1, "week"), (1, "month"), (1, "quarter"), (1, "year"),
    ]:
        bars = list(client.list_aggs("IBM", multiplier, timespan, "2013-09-01", now(), limit=500))
        assert bars and all(bar.volume > 0 for bar in bars), timespan
        times = [bar.timestamp for bar in bars]
        assert times == sorted(set(times)), timespan
    ok("every timespan")
    minutes = list(client.list_aggs("BAC", 1, "minute", "2013-10-07", "2013-10-07"))
    tens = list(client.list_aggs("BAC", 10, "minute", "2013-10-07", "2013-10-07", limit=20))
    assert sum(bar.volume for bar in minutes) == sum(bar.volume for bar in tens)
    ok("bars of ten minutes are made of those of one")
    previous = client.get_previous_close_agg("IBM")[0]
    filled(previous, "ticker", "open", "high", "low", "close", "volume", "vwap")
    assert previous.timestamp == 1380916800000, "16:00 in New York"
    ok("get_previous_close_agg")
    grouped = client.get_grouped_daily_aggs("2013-10-04", adjusted=True)
    assert {"AAPL", "IBM", "SPY"} <= {row.ticker for row in grouped}
    assert next(row for row in grouped if row.ticker == "IBM").close == previous.close
    assert client.get_grouped_daily_aggs("2013-10-05") == []
    for market in ("fx", "crypto"):
        rows = client.get_grouped_daily_aggs("2013-10-04", locale="global", market_type=market)
        assert rows and all(row.close > 0 for row in rows), market
    ok("get_grouped_daily_aggs")
    day = client.get_daily_open_close_agg("IBM", "2013-10-04")
    filled(day, "open", "high", "low", "close", "volume", "from_", "symbol", "status")
    today = client.get_daily_open_close_agg("IBM", now().date())
    filled(today, "pre_market")
    refused(lambda: client.get_daily_open_close_agg("IBM", "2013-10-05"), "NOT_FOUND", "message")
    ok("get_daily_open_close_agg")
    # Prices are as if the splits up to now had always been.
    old = client.get_aggs("AAPL", 1, "day", "2014-06-05", "2014-06-06")
    assert old == [], "nothing of the future"


def check_ticks(client):
    trades = list(islice(client.list_trades("BAC", limit=2), 7))
    for trade in trades:
        filled(trade, "id", "price", "size", "exchange", "sip_timestamp", "participant_timestamp")
        filled(trade, "sequence_number", "tape")
        assert isinstance(trade.id, str)
    numbers = [trade.sequence_number for trade in trades]
    assert numbers == list(range(numbers[0], numbers[0] - 7, -1)), numbers
    ok("list_trades, newest first, page by page")
    whole = list(client.list_trades("BAC", "2013-10-07", order="asc", limit=50_000))
    in_pages = list(client.list_trades("BAC", "2013-10-07", order="asc", limit=500))
    assert in_pages[: len(whole)] == whole and len(whole) > 1_000
    assert [t.sequence_number for t in whole] == list(range(1, len(whole) + 1))
    ok("list_trades of a day")
    first, last = whole[100].sip_timestamp, whole[120].sip_timestamp
    within = client.list_trades("BAC", timestamp_gte=first, timestamp_lt=last, order="asc")
    assert list(within) == whole[100:120]
    beyond = client.list_trades("BAC", timestamp_gt=first, timestamp_lte=last, order="asc")
    assert list(beyond) == whole[101:121]
    at = list(client.list_trades("BAC", timestamp=first))
    assert at == [whole[100]], at
    ok("list_trades between times")
    assert any(t.conditions for t in whole) and any(not t.conditions for t in whole)
    assert any(t.trf_id == 202 and t.exchange == 4 and t.trf_timestamp for t in whole)
    assert list(client.list_trades("NOSUCH")) == []
    ok("conditions and reporting facilities")
    quotes = list(islice(client.list_quotes("BAC", limit=3), 10))
    for quote in quotes:
        filled(quote, "bid_price", "bid_size", "bid_exchange", "ask_price", "ask_size")
        filled(quote, "ask_exchange", "sip_timestamp", "sequence_number", "tape")
        assert quote.bid_price <= quote.ask_price
    all_quotes = list(client.list_quotes("BAC", "2013-10-07", order="asc", limit=700))
    assert [q.sequence_number for q in all_quotes] == list(range(1, len(all_quotes) + 1))
    forex = next(client.list_quotes("C:EUR-USD", limit=1))
    assert 1 < forex.bid_price <= forex.ask_price < 2, forex
    crypto = next(client.list_trades("X:BTCUSD", limit=1))
    filled(crypto, "price", "size", "id", "participant_timestamp")
    ok("list_quotes")
    trade = client.get_last_trade("AAPL")
    filled(trade, "ticker", "price", "size", "exchange", "id", "sip_timestamp", "sequence_number")
    quote = client.get_last_quote("AAPL")
    assert quote.bid_price < quote.ask_price and quote.ticker == "AAPL", quote
    filled(quote, "bid_exchange", "ask_exchange", "sip_timestamp", "sequence_number", "tape")
    ok("get_last_trade, get_last_quote")
    refused(lambda: client.get_last_trade("NOSUCH"), "NOT_FOUND", "Ticker not found.")
    rate = client.get_last_forex_quote("AUD", "USD")
    assert rate.symbol == "AUD/USD" and rate.last.bid <= rate.last.ask, rate
    turned = client.get_last_forex_quote("USD", "AUD")
    assert abs(turned.last.ask * rate.last.bid - 1) < 1e-4, (turned, rate)
    converted = client.get_real_time_currency_conversion("EUR", "USD", amount=100, precision=3)
    assert converted.initial_amount == 100 and converted.converted == round(converted.last.ask * 100, 3)
    coin = client.get_last_crypto_trade("BTC", "USD")
    assert coin.price > 0 and coin.conditions, coin
    ok("currencies and coins")


def check_snapshots(client):
    some = client.get_snapshot_all("stocks", tickers=["AAPL", "BAC"])
    assert [row.ticker for row in some] == ["AAPL", "BAC"], some
    for row in some:
        filled(row, "day", "min", "prev_day", "last_trade", "last_quote", "updated")
        assert row.day.close > 0 and row.min.accumulated_volume > 0
    assert {row.ticker for row in client.get_snapshot_all("stocks")} >= set(STOCKS)
    for market in ("forex", "crypto"):
        assert client.get_snapshot_all(market), market
    ok("get_snapshot_all")
    one = client.get_snapshot_ticker("stocks", "IBM")
    change = one.last_trade.price - one.prev_day.close
    assert abs(one.todays_change - change) < 1e-9, (one.todays_change, change)
    refused(lambda: client.get_snapshot_ticker("stocks", "NOSUCH"), "NOT_FOUND")
    ok("get_snapshot_ticker")
    for direction, sign in (("gainers", 1), ("losers", -1)):
        rows = client.get_snapshot_direction("stocks", direction)
        assert all(row.todays_change_percent * sign > 0 for row in rows), rows
    ok("get_snapshot_direction")
    wanted = ["AAPL", "C:EURUSD", "I:SPX", "NOSUCH", "O:SPY131018C00170000", "X:BTCUSD"]
    rows = list(client.list_universal_snapshots(ticker_any_of=wanted, limit=2))
    assert [row.ticker for row in rows] == sorted(wanted), rows
    kinds = {row.ticker: row.type for row in rows}
    assert kinds["AAPL"] == "stocks" and kinds["C:EURUSD"] == "fx" and kinds["X:BTCUSD"] == "crypto"
    missing = next(row for row in rows if row.ticker == "NOSUCH")
    assert (missing.error, missing.message) == ("NOT_FOUND", "Ticker not found.")
    stock = next(row for row in rows if row.ticker == "AAPL")
    filled(stock, "name", "market_status", "session", "last_trade", "last_quote", "last_minute")
    option = next(row for row in rows if row.type == "options")
    filled(option, "break_even_price", "details", "greeks", "underlying_asset", "open_interest")
    index = next(row for row in rows if row.type == "indices")
    assert index.value > 1_000 and index.session.close, index
    stocks = list(client.list_universal_snapshots(type="stocks", limit=250))
    assert {row.ticker for row in stocks} >= set(STOCKS)
    later = list(client.list_universal_snapshots(type="stocks", ticker_gt="BAC"))
    assert "BAC" not in {row.ticker for row in later} and "IBM" in {row.ticker for row in later}
    ok("list_universal_snapshots")
    indices = list(client.get_snapshot_indices(ticker_any_of=["I:SPX", "I:NOPE"]))
    assert [row.ticker for row in indices] == ["I:NOPE", "I:SPX"] and indices[1].value > 0
    assert list(client.list_snapshot_indices(ticker_gte="I:NDX", limit=10))
    chain = list(client.list_snapshot_options_chain("SPY", params={"limit": 1}))
    assert len(chain) >= 2 and all(row.details.ticker.startswith("O:SPY") for row in chain)
    call = client.get_snapshot_option("SPY", "O:SPY131018C00170000")
    assert call.details.strike_price == 170 and call.day.close > 0, call
    book = client.get_snapshot_crypto_book("X:BTCUSD")
    assert book.bids[0].price <= book.asks[0].price and book.spread >= 0, book
    summaries = client.get_summaries(["AAPL", "NOSUCH"])
    assert [row.error for row in summaries] == [None, "NOT_FOUND"], summaries
    ok("indices, options, coins")


def check_reference(client):
    rows = pages(lambda few: client.list_tickers(limit=few), 4)
    names = [row.ticker for row in rows]
    assert names == sorted(names) and set(STOCKS) <= set(names)
    stocks = list(client.list_tickers(market="stocks", type="CS", exchange="XNYS", sort="name"))
    assert {"BAC", "IBM"} <= {row.ticker for row in stocks}
    assert all(row.primary_exchange == "XNYS" for row in stocks)
    assert [row.ticker for row in client.list_tickers(ticker="IBM")] == ["IBM"]
    assert [row.ticker for row in client.list_tickers(search="bank of")] == ["BAC"]
    gone = list(client.list_tickers(active=False))
    assert gone and all(row.delisted_utc and not row.active for row in gone)
    down = [row.ticker for row in client.list_tickers(market="fx", order="desc", limit=2)]
    assert down == sorted(down, reverse=True) and len(down) > 2
    ok("list_tickers")
    details = client.get_ticker_details("AAPL")
    filled(details, "name", "cik", "composite_figi", "address", "branding", "description")
    filled(details, "market_cap", "list_date", "share_class_shares_outstanding", "sic_code")
    assert client.get_ticker_details("BAC", date="2013-01-02").primary_exchange == "XNYS"
    assert client.get_ticker_details("C:EURUSD").base_currency_symbol == "EUR"
    refused(lambda: client.get_ticker_details("NOSUCH"), "NOT_FOUND", "Ticker not found.")
    ok("get_ticker_details")
    events = client.get_ticker_events("META", types="ticker_change")
    assert [event["ticker_change"]["ticker"] for event in events.events] == ["META", "FB"], events
    assert client.get_ticker_events("BBG000BCTLF6").events[1]["ticker_change"]["ticker"] == "NB"
    assert {row.code for row in client.get_ticker_types("stocks")} >= {"CS", "ETF", "ADRC"}
    assert client.get_related_companies("AAPL")[0].ticker
    ok("events, types, related companies")
    news = list(islice(client.list_ticker_news("AAPL", limit=3), 12))
    for item in news:
        filled(item, "id", "title", "author", "published_utc", "article_url", "publisher", "tickers")
        assert "AAPL" in item.tickers
    times = [item.published_utc for item in news]
    assert len(news) == 12 and times == sorted(times, reverse=True)
    assert any(item.insights for item in news), "no insights"
    since = client.list_ticker_news(published_utc_gte="2013-10-06", order="asc", limit=1_000)
    assert all(item.published_utc >= "2013-10-06T04" for item in since)
    ok("list_ticker_news")
    dividends = pages(lambda few: client.list_dividends(limit=few), 40)
    assert {row.dividend_type for row in dividends} >= {"CD", "SC"}
    apple = list(client.list_dividends("AAPL", ex_dividend_date_gte="2013-01-01", order="asc"))
    assert [row.cash_amount for row in apple] == [2.65, 3.05, 3.05], apple
    large = list(client.list_dividends(cash_amount_gt=3, limit=1_000))
    assert large and all(row.cash_amount > 3 for row in large)
    ok("list_dividends")
    splits = list(client.list_splits("AAPL", limit=1))
    assert [(row.execution_date, row.split_to) for row in splits] == [
        ("2005-02-28", 2), ("2000-06-21", 2)
    ], splits
    assert all(row.split_from > row.split_to for row in client.list_splits(reverse_split=True))
    ok("list_splits")
    newer = list(client.list_stocks_splits(ticker="AAPL", sort="execution_date.asc"))
    assert [row.historical_adjustment_factor for row in newer] == [0.25, 0.5], newer
    paid = list(client.list_stocks_dividends(
        ticker_any_of="AAPL,IBM", ex_dividend_date_gte="2013-01-01",
        sort="ticker.desc,ex_dividend_date.asc", limit=2,
    ))
    assert [row.ticker for row in paid] == ["IBM"] * 3 + ["AAPL"] * 3, paid
    assert all(row.distribution_type == "recurring" for row in paid)
    ok("list_stocks_splits, list_stocks_dividends")


def check_codes(client):
    assert {row.id for row in client.get_exchanges("stocks", "us")} >= {4, 10, 11, 12, 19}
    conditions = pages(lambda few: client.list_conditions(limit=few), 5)
    assert {12, 14, 37} <= {row.id for row in conditions}
    form_t = next(client.list_conditions("stocks", "trade", 12))
    assert form_t.update_rules.consolidated.updates_high_low is False
    assert list(client.list_conditions(sip="OPRA"))
    ok("get_exchanges, list_conditions")
    status = client.get_market_status()
    assert status.market == "open" and status.exchanges.nyse == "open", status
    assert status.server_time.endswith("-04:00") and status.currencies.fx == "open"
    holidays = client.get_market_holidays()
    assert (holidays[0].date, holidays[0].name) == ("2013-11-28", "Thanksgiving"), holidays
    early = next(day for day in holidays if day.status == "early-close")
    assert early.open.endswith("Z") and early.close.startswith("2013-11-29T18:00"), early
    ok("get_market_status, get_market_holidays")
    contracts = list(client.list_options_contracts("SPY", limit=1))
    assert len(contracts) >= 2 and contracts[0].underlying_ticker == "SPY"
    one = client.get_options_contract("O:IBM131019C00185000")
    assert one.strike_price == 185 and one.contract_type == "call", one
    refused(lambda: client.get_options_contract("O:NOSUCH131019C00185000"), "NOT_FOUND", "Option")
    ok("options contracts")


def check_fundamentals(client):
    rows = list(client.vx.list_stock_financials("IBM", limit=5))
    assert len(rows) > 10
    assert {row.timeframe for row in rows} <= {"annual", "quarterly"} if hasattr(rows[0], "timeframe") else True
    for row in rows:
        sheet = row.financials.balance_sheet
        total = sheet.liabilities.value + sheet.equity.value
        assert abs(sheet.assets.value - total) < 1 and row.cik == "0000051143", row
        assert row.financials.income_statement.revenues.unit == "USD"
    trailing = list(client.vx.list_stock_financials("IBM", timeframe="ttm", limit=1))
    assert trailing and trailing[0].fiscal_period == "TTM"
    assert list(client.vx.list_stock_financials(cik="0000320193", filing_date_gte="2013-01-01"))
    ok("vx.list_stock_financials")
    for name in ("income_statements", "balance_sheets", "cash_flow_statements"):
        call = getattr(client, f"list_financials_{name}")
        rows = list(call(tickers="AAPL", timeframe="quarterly", limit=4))
        assert len(rows) > 8 and all(row.tickers == ["AAPL"] for row in rows), name
        assert [row.period_end for row in rows] == sorted(row.period_end for row in rows)
    ratios = list(client.list_financials_ratios(ticker="IBM"))
    assert ratios[0].price_to_earnings > 0 and ratios[0].market_cap > 0, ratios
    ok("statements and ratios")
    assert list(islice(client.list_short_interest(ticker="BAC", limit=5), 12))[11].short_interest > 0
    volume = list(islice(client.list_short_volume(ticker="IBM", limit=5), 12))
    assert all(0 < row.short_volume < row.total_volume for row in volume) and len(volume) == 12
    assert list(client.list_stocks_floats(ticker="BAC"))[0].free_float > 0
    ipos = list(client.vx.list_ipos(limit=2))
    assert len(ipos) > 2 and ipos[0].ipo_status == "pending", ipos
    ok("short interest, short volume, float, public offerings")
    assert list(client.list_treasury_yields(date="2013-10-04"))[0].yield_30_year > 3
    for call in (client.list_inflation, client.list_inflation_expectations, client.list_labor_market_indicators):
        assert len(list(call(date_gte="2013-01-01", limit=3))) > 3
    assert list(client.list_futures_products()) == [] == list(client.list_tmx_corporate_events())
    ok("the economy; products without data are empty")


def check_indicators(client):
    span = {"timespan": "day", "timestamp_lte": "2013-10-04"}
    plain = client.get_sma("IBM", window=10, limit=3, expand_underlying=True, **span)
    assert len(plain.values) == 3 and len(plain.underlying.aggregates) == 3
    closes = [
        bar.close for bar in client.get_aggs("IBM", 1, "day", "2013-08-01", "2013-10-04", sort="desc")
    ]
    assert abs(plain.values[0].value - sum(closes[:10]) / 10) < 1e-9
    assert client.get_ema("IBM", window=10, order="asc", limit=2, **span).values[1].value > 0
    assert 0 < client.get_rsi("IBM", window=14, series_type="high", **span).values[0].value < 100
    macd = client.get_macd("IBM", short_window=12, long_window=26, signal_window=9, **span).values[0]
    assert abs(macd.value - macd.signal - macd.histogram) < 1e-9
    minute = client.get_sma("BAC", timespan="minute", window=2, limit=5)
    assert len(minute.values) == 5
    ok("get_sma, get_ema, get_rsi, get_macd")


def check_refusals(client):
    try:
        RESTClient(api_key=None, base=URLS["rest"])
    except AuthError:
        ok("a client without a key does not start")
    stranger = RESTClient(api_key="wrong", base=URLS["rest"], retries=0)
    body = refused(lambda: stranger.get_exchanges(), "Unknown API Key")
    assert body["status"] == "ERROR" and body["request_id"], body
    for call, words in (
        (lambda: client.get_aggs("IBM", 1, "fortnight", "2013-01-01", "2013-02-01"), "fortnight"),
        (lambda: client.get_aggs("IBM", 0, "day", "2013-01-01", "2013-02-01"), "multiplier"),
        (lambda: client.get_aggs("IBM", 1, "day", "2013-02-01", "2013-01-01"), "from"),
        (lambda: list(client.list_trades("IBM", limit=50_001)), "limit"),
        (lambda: list(client.list_trades("IBM", timestamp="soon")), "timestamp"),
        (lambda: list(client.list_dividends(dividend_type="XX")), "dividend_type"),
        (lambda: list(client.list_tickers(params={"cursor": "@@@"})), "cursor"),
    ):
        body = refused(call, words)
        assert body["status"] == "ERROR", body
    ok("bad requests")
    control("POST", "/_mock/faults", {"next": 1, "status": 429})
    try:
        client.get_exchanges()
    except MaxRetryError as error:
        # The client looks at nothing but the status here.
        assert "too many 429" in str(error), error
    else:
        raise AssertionError("expected too many requests")
    control("POST", "/_mock/faults", {"next": 2, "status": 503})
    patient = RESTClient(api_key=KEY, base=URLS["rest"], retries=3)
    assert patient.get_exchanges(), "the client tries again by itself"
    ok("too many requests, a server in trouble")
    answer = client.get_exchanges(raw=True)
    assert answer.headers["x-request-id"] == json.loads(answer.data)["request_id"]
    ok("request ids")


# What a method cannot do without, by the name of the parameter; the rest is up to the client.
ARGUMENTS = {
    "ticker": "AAPL", "date": "2013-10-04", "multiplier": 1, "timespan": "day",
    "from_": "2013-09-01", "to": "2013-10-04", "market_type": "stocks", "direction": "losers",
    "underlying_asset": "SPY", "option_contract": "O:SPY131018C00170000",
}
SPECIAL = {
    "get_options_contract": {"ticker": "O:SPY131018C00170000"},
    "get_snapshot_crypto_book": {"ticker": "X:BTCUSD"},
    "get_last_crypto_trade": {"from_": "BTC", "to": "USD"},
    "get_last_forex_quote": {"from_": "EUR", "to": "USD"},
    "get_real_time_currency_conversion": {"from_": "EUR", "to": "USD"},
    "get_ticker_details": {"ticker": "AAPL"},
    "get_related_companies": {"ticker": "AAPL"},
}
# Products that the mock has nothing of.
EMPTY = ("benzinga", "etf_global", "eu_merchant", "futures", "filings", "taxonomies", "tmx")


def check_every_method(client):
    single = RESTClient(api_key=KEY, base=URLS["rest"], retries=0, pagination=False)
    count = 0
    for holder, one_page in ((client, single), (client.vx, single.vx)):
        for name, method in inspect.getmembers(holder, inspect.ismethod):
            if not name.startswith(("get_", "list_")):
                continue
            known = inspect.signature(method).parameters.values()
            needed = {p.name: ARGUMENTS[p.name] for p in known if p.default is p.empty}
            given = {**needed, **SPECIAL.get(name, {})}
            answer = method(**given)
            is_paged = inspect.isgenerator(answer)
            rows = list(islice(answer, 25)) if is_paged else answer
            if any(product in name for product in EMPTY):
                assert rows == [], (name, rows)
            else:
                assert rows and not isinstance(rows, dict), (name, rows)
            if is_paged:
                page = list(getattr(one_page, name)(**given))
                assert page[:25] == rows[: len(page)], f"{name}: one page is not the first"
            body = json.loads(method(**given, raw=True).data)
            word = body.get("status", "OK") if isinstance(body, dict) else "OK"
            assert word in ("OK", "success"), (name, body)
            count += 1
    assert count > 85, count
    ok(f"{count} methods, parsed, page by page and raw")


class Background:
    """A socket of the client, run in a thread of its own until the block ends."""

    def __init__(self, topics, market="stocks", key=KEY, **more):
        self.seen, self.failure = [], None
        self.client = WebSocketClient(
            api_key=key, feed=STREAM, market=market, secure=False, subscriptions=topics,
            max_reconnects=3, **more,
        )
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        try:
            asyncio.run(self.client.connect(self.take))
        except Exception as failure:
            self.failure = failure

    async def take(self, messages):
        self.seen.extend([messages] if isinstance(messages, str) else messages)

    def of(self, kind):
        return [message for message in list(self.seen) if message.event_type == kind]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        loop = getattr(self.client.websocket, "loop", None)
        if loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(self.client.close(), loop)
        self.thread.join(WAIT_SECONDS)


def topics():
    clients = control("GET", "/_mock/streams")["clients"]
    return {topic for client in clients for topic in client["topics"]}


def until(condition, complaint, meanwhile=lambda: None):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, complaint
        meanwhile()
        time.sleep(0.05)


def check_stocks_socket(client):
    with Background(["T.BAC", "Q.BAC", "A.BAC", "AM.*"]) as socket:
        until(lambda: len(topics()) == 4, "no topics")
        kinds = ("T", "Q", "A", "AM")
        until(
            lambda: all(socket.of(kind) for kind in kinds), "not everything came",
            meanwhile=lambda: advance(20),
        )
        socket.client.subscribe("T.IBM", "LULD.*", "FMV.IBM")
        socket.client.unsubscribe("Q.BAC")
        until(lambda: topics() == {"T.BAC", "A.BAC", "AM.*", "T.IBM", "LULD.*", "FMV.IBM"}, "no change")
        until(
            lambda: socket.of("LULD") and socket.of("FMV"), "no limits or values",
            meanwhile=lambda: advance(20),
        )
        until(
            lambda: any(t.symbol == "IBM" for t in socket.of("T")), "no trades of IBM",
            meanwhile=lambda: advance(20),
        )
    trades = [trade for trade in socket.of("T") if trade.symbol == "BAC"]
    for trade in trades:
        filled(trade, "id", "price", "size", "exchange", "tape", "timestamp", "sequence_number")
    numbers = [trade.sequence_number for trade in trades]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "holes"
    history = client.list_trades(
        "BAC", timestamp_gte=trades[0].timestamp * 1_000_000,
        timestamp_lt=(trades[-1].timestamp + 1) * 1_000_000, order="asc", limit=10_000,
    )
    known = {trade.sequence_number: trade for trade in history}
    for trade in trades:
        same = known[trade.sequence_number]
        assert (same.id, same.price, same.size) == (trade.id, trade.price, trade.size)
        assert same.sip_timestamp // 1_000_000 == trade.timestamp
        assert same.conditions == trade.conditions and same.exchange == trade.exchange
    ok("socket: trades, the same as in the history")
    quote = socket.of("Q")[0]
    assert quote.bid_price <= quote.ask_price and quote.bid_size > 0 and quote.condition is not None
    for kind, length in (("A", 1_000), ("AM", 60_000)):
        bar = socket.of(kind)[0]
        assert bar.end_timestamp - bar.start_timestamp == length, bar
        filled(bar, "open", "high", "low", "close", "volume", "vwap", "accumulated_volume")
        filled(bar, "aggregate_vwap", "average_size")
    minutes = {bar.start_timestamp: bar for bar in socket.of("AM") if bar.symbol == "BAC"}
    shown = client.get_aggs("BAC", 1, "minute", min(minutes), max(minutes))
    for bar in shown:
        same = minutes[bar.timestamp]
        assert (bar.open, bar.close, bar.volume, bar.vwap) == (
            same.open, same.close, same.volume, same.vwap
        )
    ok("socket: quotes, second and minute bars, limits, values")


def check_hole(client):
    """Frames get lost; what is missing is in the history."""
    with Background(["T.BAC"]) as socket:
        until(lambda: topics() == {"T.BAC"}, "no topics")
        until(lambda: socket.of("T"), "no trades", meanwhile=lambda: advance(5))
        control("POST", "/_mock/faults", {"kind": "drop_frames", "stream": "stocks", "next": 2})
        until(
            lambda: not control("GET", "/_mock/faults")["pending"], "nothing was dropped",
            meanwhile=lambda: advance(2),
        )
        seen = len(socket.seen)
        until(lambda: len(socket.seen) > seen, "nothing after", meanwhile=lambda: advance(2))
    numbers = [trade.sequence_number for trade in socket.of("T")]
    missing = set(range(numbers[0], numbers[-1] + 1)) - set(numbers)
    assert missing, "a hole was to be seen"
    times = [trade.timestamp * 1_000_000 for trade in socket.of("T")]
    history = client.list_trades("BAC", timestamp_gte=times[0], order="asc", limit=50_000)
    assert missing <= {trade.sequence_number for trade in history}
    ok("socket: a hole is seen and filled from the history")


def check_reconnect():
    with Background(["T.BAC"]) as socket:
        until(lambda: topics() == {"T.BAC"}, "no topics")
        until(lambda: socket.of("T"), "no trades", meanwhile=lambda: advance(5))
        control("POST", "/_mock/faults", {"kind": "reset", "stream": "stocks"})
        until(
            lambda: not control("GET", "/_mock/faults")["pending"], "no reset",
            meanwhile=lambda: advance(5),
        )
        until(lambda: topics() == {"T.BAC"}, "not back")
        seen = len(socket.seen)
        until(lambda: len(socket.seen) > seen, "nothing after", meanwhile=lambda: advance(5))
    ok("socket: comes back after a reset")


def check_refused_sockets():
    with Background(["T.BAC"], key="wrong") as socket:
        until(lambda: socket.failure is not None, "a wrong key was let in")
    assert isinstance(socket.failure, AuthError), socket.failure
    assert str(socket.failure) == "authentication failed", socket.failure
    ok("socket: a wrong key")
    with Background(["T.BAC"]) as first:
        until(lambda: topics() == {"T.BAC"}, "no topics")
        first.client.max_reconnects = 0
        with Background(["T.IBM"]) as second:
            until(lambda: first.failure is not None, "the older one stays")
            until(lambda: topics() == {"T.IBM"}, "the newer one is not there")
            assert second.failure is None
    assert "1008" in str(first.failure), first.failure
    ok("socket: the older of two has to go")


def check_other_sockets():
    for market, wanted, kinds in (
        ("options", ["T.*", "Q.*", "AM.*"], ("T", "Q", "AM")),
        ("forex", ["C.EUR-USD", "CA.*", "CAS.EUR/USD"], ("C", "CA", "CAS")),
        ("crypto", ["XT.BTC-USD", "XQ.*", "XL2.*", "XA.*", "XAS.*"], ("XT", "XQ", "XL2", "XA", "XAS")),
        ("indices", ["V.I:SPX", "A.*", "AM.*"], ("V", "A", "AM")),
    ):
        with Background(wanted, market=market) as socket:
            until(lambda: len(topics()) == len(wanted), f"no topics of {market}")
            until(
                lambda: all(socket.of(kind) for kind in kinds), f"not everything of {market}",
                meanwhile=lambda: advance(20),
            )
        ok(f"socket: {market}")
    for market in ("futures", "futures/cme", "futures/cbot", "futures/nymex", "futures/comex"):
        with Background(["T.*", "Q.ESZ3", "A.*", "AM.ESZ3"], market=market) as socket:
            until(lambda: len(topics()) == 4, f"no topics of {market}")
            socket.client.unsubscribe_all()
            until(lambda: not topics(), f"topics of {market} are kept")
        assert socket.failure is None and not socket.seen, market
    with Background(["T.BAC", "AM.*"], raw=True) as socket:
        until(
            lambda: any('"ev":"T"' in str(message) for message in list(socket.seen)), "nothing raw",
            meanwhile=lambda: advance(5),
        )
    ok("socket: futures without data, messages as they come")


def main():
    logging.disable(logging.WARNING)
    client = RESTClient(api_key=KEY, base=URLS["rest"], retries=0)
    # A while into the session, so that there is something to ask for.
    advance(600)
    check_bars(client)
    check_ticks(client)
    check_snapshots(client)
    check_reference(client)
    check_codes(client)
    check_fundamentals(client)
    check_indicators(client)
    check_every_method(client)
    check_refusals(client)
    check_stocks_socket(client)
    check_hole(client)
    check_reconnect()
    check_refused_sockets()
    check_other_sockets()
    print("massive finds nothing to complain about")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # one message, then the place
        print(f"not ok: {type(error).__name__}: {error}", file=sys.stderr)
        raise
