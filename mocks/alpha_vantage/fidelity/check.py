"""Drives the mock with the Python clients alpha_vantage and avantage, unchanged but for their URL.

The mock's ready line is expected in the environment variable FOLIOSTREAM_MOCK. Prints one line for
each thing that works; stops with a message at the first that does not.
"""

import asyncio
import csv
import inspect
import json
import os
import re
import sys
import urllib.request

import pandas
from alpha_vantage.alphaintelligence import AlphaIntelligence
from alpha_vantage.alphavantage import AlphaVantage
from alpha_vantage.async_support.timeseries import TimeSeries as AsyncTimeSeries
from alpha_vantage.commodities import Commodities
from alpha_vantage.cryptocurrencies import CryptoCurrencies
from alpha_vantage.econindicators import EconIndicators
from alpha_vantage.foreignexchange import ForeignExchange
from alpha_vantage.fundamentaldata import FundamentalData
from alpha_vantage.options import Options
from alpha_vantage.techindicators import TechIndicators
from alpha_vantage.timeseries import TimeSeries
from avantage import AlphaVantageClient
from avantage.exceptions import AuthenticationError, InvalidParameterError, RateLimitError

KEY = "test-key"
QUERY = json.loads(os.environ["FOLIOSTREAM_MOCK"])["urls"]["query"]
AlphaVantage._ALPHA_VANTAGE_API_URL = QUERY + "?"
AlphaVantage._RAPIDAPI_URL = QUERY + "?"


def ok(name):
    print(f"ok {name}", flush=True)


def control(method, path, body=None):
    """Calls one of the mock's own control routes."""
    data = None if body is None else json.dumps(body).encode()
    url = QUERY.removesuffix("/query") + path
    request = urllib.request.Request(url, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def refused(call, *words):
    """The call must fail as it does with the vendor's refusals."""
    try:
        call()
    except ValueError as error:
        for word in words:
            assert word in str(error), str(error)
        return
    raise AssertionError("expected a ValueError, but the call succeeded")


def is_number(text):
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def check_daily():
    client = TimeSeries(KEY)
    days, meta = client.get_daily("IBM", outputsize="full")
    assert meta["2. Symbol"] == "IBM" and meta["4. Output Size"] == "Full size", meta
    assert meta["5. Time Zone"] == "US/Eastern", meta
    assert list(days) == sorted(days, reverse=True) and len(days) > 400, len(days)
    bar = days["2013-10-07"]
    assert list(bar) == ["1. open", "2. high", "3. low", "4. close", "5. volume"], bar
    assert bar["4. close"] == "182.0100" and bar["5. volume"] == "3908081", bar
    assert len(client.get_daily("IBM")[0]) == 100
    ok("daily bars, compact and full")
    adjusted, _ = client.get_daily_adjusted("IBM", outputsize="full")
    assert adjusted["2013-08-07"]["7. dividend amount"] == "0.9500", adjusted["2013-08-07"]
    before = adjusted["2013-08-06"]
    factor = 188.56 / (188.56 + 0.95)
    assert abs(float(before["5. adjusted close"]) - 190.99 * factor) < 1e-9, before
    assert before["4. close"] == "190.99" and before["8. split coefficient"] == "1.0", before
    ok("daily adjusted bars")
    for name in ("weekly", "weekly_adjusted", "monthly", "monthly_adjusted"):
        periods, meta = getattr(client, f"get_{name}")("IBM")
        first = next(iter(periods.values()))
        assert ("5. adjusted close" in first) == name.endswith("adjusted"), (name, first)
        assert "4. Time Zone" in meta, meta
        volume = "6. volume" if "adjusted" in name else "5. volume"
        total = sum(int(period[volume]) for period in periods.values())
        assert total == sum(int(day["5. volume"]) for day in days.values()), name
        ok(f"{name} bars add up")


def check_intraday():
    client = TimeSeries(KEY)
    for interval in ("1min", "5min", "15min", "30min", "60min"):
        bars, meta = client.get_intraday("IBM", interval, outputsize="full")
        assert meta["4. Interval"] == interval and meta["6. Time Zone"] == "US/Eastern", meta
        assert meta["3. Last Refreshed"] == next(iter(bars)), meta
        regular, _ = client.get_intraday("IBM", interval, "full", extended_hours="false")
        assert 0 < len(regular) < len(bars), interval
        assert all("09:00" <= time[11:16] < "16:00" for time in regular), interval
    assert len(client.get_intraday("IBM", "1min")[0]) == 100
    month, _ = client.get_intraday("IBM", "5min", "full", month="2013-10", adjusted="false")
    assert all(time.startswith("2013-10-") for time in month)
    ok("intraday bars of every interval")
    refused(lambda: client.get_intraday("IBM", "7min"), "Invalid API call", "TIME_SERIES_INTRADAY")
    refused(lambda: client.get_intraday("IBM", "5min", month="1999-12"), "Invalid API call")
    live, _ = client.get_intraday("IBM", "1min", entitlement="realtime")
    past, _ = client.get_intraday("IBM", "1min")
    assert max(live) > max(past), (max(live), max(past))
    ok("only an entitlement shows the day in progress")


def check_quotes():
    client = TimeSeries(KEY)
    quote, _ = client.get_quote_endpoint("IBM")
    assert list(quote)[0] == "01. symbol" and quote["10. change percent"].endswith("%"), quote
    change = float(quote["05. price"]) - float(quote["08. previous close"])
    assert abs(change - float(quote["09. change"])) < 1e-9, quote
    live, _ = client.get_quote_endpoint("IBM", entitlement="realtime")
    assert live["07. latest trading day"] > quote["07. latest trading day"], live
    nothing, _ = client.get_quote_endpoint("NOSUCH")
    assert nothing == {}, nothing
    ok("global quote")
    found, _ = client.get_symbol_search("IBM")
    assert list(found["1. symbol"])[0] == "IBM" and found["9. matchScore"][0] == "1.0000", found
    assert found["7. timezone"][0] == "UTC-04"
    ok("symbol search")
    markets, _ = client.get_market_status()
    us = markets[markets["region"] == "United States"].iloc[0]
    assert us["current_status"] == "open" and us["local_close"] == "16:15", us
    ok("market status")


def check_formats():
    client = TimeSeries(KEY, output_format="pandas")
    frame, _ = client.get_daily("IBM")
    assert isinstance(frame.index, pandas.DatetimeIndex) and frame["4. close"].dtype == float
    frame, _ = TimeSeries(KEY, output_format="pandas", indexing_type="integer").get_weekly("IBM")
    assert len(frame) > 50
    client.get_quote_endpoint("IBM")
    ok("pandas")
    client = TimeSeries(KEY, output_format="csv")
    headers = {
        "get_daily": "timestamp,open,high,low,close,volume",
        "get_daily_adjusted": "timestamp,open,high,low,close,adjusted_close,volume,"
        "dividend_amount,split_coefficient",
        "get_weekly": "timestamp,open,high,low,close,volume",
        "get_weekly_adjusted": "timestamp,open,high,low,close,adjusted close,volume,"
        "dividend amount",
        "get_monthly_adjusted": "timestamp,open,high,low,close,adjusted close,volume,"
        "dividend amount",
        "get_intraday": "timestamp,open,high,low,close,volume",
        "get_quote_endpoint": "symbol,open,high,low,price,volume,latestDay,previousClose,change,"
        "changePercent",
    }
    for method, header in headers.items():
        rows = list(getattr(client, method)("IBM")[0])
        assert ",".join(rows[0]) == header and len(rows) > 1, (method, rows[0])
        assert all(len(row) == len(rows[0]) for row in rows), method
    rows = list(client.get_symbol_search("BA")[0])
    assert rows[0][-1] == "matchScore" and len(rows) > 2, rows
    ok("csv")
    # A refusal is JSON whatever was asked for.
    rows = list(client.get_daily("NOSUCH")[0])
    assert rows[0][0].startswith("{"), rows
    ok("a refusal in place of csv")


def check_fundamentals():
    client = FundamentalData(KEY)
    overview, _ = client.get_company_overview("IBM")
    assert overview["Symbol"] == "IBM" and overview["CIK"] == "51143", overview
    assert float(overview["52WeekLow"]) <= float(overview["50DayMovingAverage"])
    for statement in ("income_statement", "balance_sheet", "cash_flow"):
        for period in ("annual", "quarterly"):
            for symbol in ("IBM", "AAPL", "BAC"):
                frame, meta = getattr(client, f"get_{statement}_{period}")(symbol)
                assert meta == symbol and len(frame) > 4, (statement, period, meta)
                assert list(frame)[:2] == ["fiscalDateEnding", "reportedCurrency"], list(frame)
    ok("overview and statements")
    for period in ("annual", "quarterly"):
        frame, _ = getattr(client, f"get_earnings_{period}")("IBM")
        assert "reportedEPS" in frame and len(frame) > 4, frame
    dividends, meta = client.get_dividends("IBM")
    assert meta == "IBM" and dividends["amount"][0] == "0.95", dividends
    splits, _ = client.get_splits("AAPL")
    assert list(splits["split_factor"]) == ["2.0000", "2.0000"], splits
    ok("earnings, dividends, splits")
    refused(lambda: client.get_company_overview("NOSUCH"), "no return was given")
    refused(lambda: client.get_company_overview("SPY"), "no return was given")
    ok("an unknown company is an empty object")


def check_currencies():
    client = ForeignExchange(KEY)
    rate, _ = client.get_currency_exchange_rate("USD", "JPY")
    assert rate["3. To_Currency Code"] == "JPY" and rate["7. Time Zone"] == "UTC", rate
    assert float(rate["8. Bid Price"]) < float(rate["9. Ask Price"])
    daily, meta = client.get_currency_exchange_daily("EUR", "USD", outputsize="full")
    assert meta["2. From Symbol"] == "EUR" and meta["6. Time Zone"] == "UTC", meta
    assert list(next(iter(daily.values()))) == ["1. open", "2. high", "3. low", "4. close"]
    again, _ = client.get_currency_exchange_daily("EUR", "USD", outputsize="full")
    old = sorted(daily)[:1000]
    assert all(again[day] == daily[day] for day in old if day in again)
    client.get_currency_exchange_intraday("EUR", "USD", "5min")
    client.get_currency_exchange_weekly("EUR", "USD")
    client.get_currency_exchange_monthly("EUR", "USD")
    refused(lambda: client.get_currency_exchange_daily("EUR", "XXX"), "FX_DAILY")
    ok("currencies")
    client = CryptoCurrencies(KEY)
    for name in ("daily", "weekly", "monthly"):
        bars, meta = getattr(client, f"get_digital_currency_{name}")("BTC", "EUR")
        assert meta["3. Digital Currency Name"] == "Bitcoin" and meta["7. Time Zone"] == "UTC"
        assert all(is_number(value) for value in next(iter(bars.values())).values())
    bars, meta = client.get_crypto_intraday("ETH", "USD", "5min")
    first = next(iter(bars.values()))
    assert isinstance(first["5. volume"], float) and isinstance(first["1. open"], str), first
    assert meta["9. Time Zone"] == "UTC" and len(bars) == 100, meta
    rate, _ = client.get_digital_currency_exchange_rate("BTC", "ETH")
    assert rate["8. Bid Price"] == "-", rate
    client = CryptoCurrencies(KEY, output_format="csv")
    rows = list(client.get_digital_currency_daily("BTC", "EUR")[0])
    assert rows[0] == ["timestamp", "open", "high", "low", "close", "volume"], rows[0]
    ok("digital currencies")


def check_series_of_values():
    for client in (EconIndicators(KEY), Commodities(KEY)):
        for name, method in inspect.getmembers(client, inspect.ismethod):
            if not name.startswith("get_"):
                continue
            frame, _ = method()
            assert list(frame) == ["date", "value"] and len(frame) > 10, (name, frame)
            assert list(frame["date"]) == sorted(frame["date"], reverse=True), name
            assert all(value == "." or is_number(value) for value in frame["value"]), name
    for maturity in ("3month", "2year", "5year", "7year", "10year", "30year"):
        for interval in ("daily", "weekly", "monthly"):
            frame, _ = EconIndicators(KEY).get_treasury_yield(interval, maturity)
            assert len(frame) > 100, (maturity, interval)
    assert "." in set(EconIndicators(KEY).get_treasury_yield("daily")[0]["value"])
    refused(lambda: EconIndicators(KEY).get_treasury_yield("hourly"), "TREASURY_YIELD")
    rows = list(EconIndicators(KEY, output_format="csv").get_cpi()[0])
    assert rows[0] == ["timestamp", "value"], rows[0]
    ok("economic indicators and commodities")


def check_indicators():
    client = TechIndicators(KEY)
    for name, method in inspect.getmembers(client, inspect.ismethod):
        if not name.startswith("get_"):
            continue
        for interval in ("5min",) if name == "get_vwap" else ("daily", "60min"):
            values, meta = method("IBM", interval=interval)
            assert meta["1: Symbol"] == "IBM" and "2: Indicator" in meta, (name, meta)
            if interval != "60min":
                first = next(iter(values.values()))
                assert all(is_number(value) for value in first.values()), (name, first)
    days, _ = TimeSeries(KEY).get_daily_adjusted("IBM")
    closes = [float(day["5. adjusted close"]) for day in list(days.values())[:20]]
    average, _ = client.get_sma("IBM", "daily", time_period=20)
    assert abs(float(next(iter(average.values()))["SMA"]) - sum(closes) / 20) < 1e-4
    frame, _ = TechIndicators(KEY, output_format="pandas").get_bbands("IBM", matype=1)
    assert list(frame) == ["Real Upper Band", "Real Middle Band", "Real Lower Band"], frame
    client.get_macdext("IBM", fastmatype="EMA", slowmatype=2)
    ok("technical indicators")


def check_intelligence():
    client = AlphaIntelligence(KEY)
    feed, _ = client.get_news_sentiment("IBM")
    assert len(feed) == 50 and list(feed["time_published"]) == sorted(
        feed["time_published"], reverse=True
    )
    assert all(any(t["ticker"] == "IBM" for t in row) for row in feed["ticker_sentiment"])
    assert feed["overall_sentiment_score"].dtype == float
    oldest = feed["time_published"].iloc[-1]
    more, _ = client.get_news_sentiment("IBM", time_to=oldest[:13], limit=10)
    assert len(more) == 10 and more["time_published"].max() <= oldest
    both, _ = client.get_news_sentiment(
        "IBM,CRYPTO:BTC", sort="EARLIEST", time_from="20130901T0000"
    )
    assert all(
        {"IBM", "CRYPTO:BTC"} <= {t["ticker"] for t in row} for row in both["ticker_sentiment"]
    )
    ok("news and sentiment")
    for name in ("top_gainers", "top_losers", "most_active"):
        frame, _ = getattr(client, f"get_{name}")()
        columns = ["ticker", "price", "change_amount", "change_percentage", "volume"]
        assert list(frame) == columns and len(frame) > 1, frame
    ok("movers")


def check_options():
    client = Options(KEY)
    for method in (client.get_historical_options, client.get_realtime_options):
        frame, _ = method("IBM")
        assert {"contractID", "strike", "bid", "ask"} <= set(frame) and len(frame) > 10, frame
    contract = frame["contractID"][0]
    one, _ = client.get_realtime_options("IBM", contract)
    assert list(one["contractID"]) == [contract]
    past, _ = client.get_historical_options("IBM", date="2013-06-03")
    assert set(past["date"]) == {"2013-06-03"} and "delta" in past
    ok("options")


CLASSES = (
    AlphaIntelligence, Commodities, CryptoCurrencies, EconIndicators, ForeignExchange,
    FundamentalData, Options, TechIndicators, TimeSeries,
)
NEEDED = {
    "symbol": "IBM", "from_symbol": "EUR", "to_symbol": "USD", "from_currency": "USD",
    "to_currency": "JPY", "market": "EUR", "keywords": "BA", "interval": "5min",
}
# What has no form but JSON, whatever is asked for.
JSON_ONLY = (
    "get_digital_currency_exchange_rate", "get_currency_exchange_rate", "get_market_status",
    "get_most_active", "get_news_sentiment", "get_top_gainers", "get_top_losers",
)


def check_every_method():
    """Each in every form that the client knows."""
    count = 0
    for kind in CLASSES:
        for form in ("json", "csv", "pandas"):
            if form == "csv" and kind in (TechIndicators, FundamentalData, ForeignExchange):
                continue
            client = kind(KEY, output_format=form)
            for name, method in inspect.getmembers(client, inspect.ismethod):
                if not name.startswith("get_") or (form == "csv" and name in JSON_ONLY):
                    continue
                known = inspect.signature(method).parameters.values()
                given = {p.name: NEEDED[p.name] for p in known if p.default is p.empty}
                if kind is CryptoCurrencies and "symbol" in given:
                    given["symbol"] = "BTC"
                data, _ = method(**given)
                rows = list(data) if form == "csv" else data
                assert len(rows) > (1 if form == "csv" else 0), (name, form)
                if form == "csv":
                    assert not rows[0][0].startswith("{"), (name, rows[0])
                    assert {len(row) for row in rows} == {len(rows[0])}, name
                count += 1
    assert count > 220, count
    ok(f"{count} methods and forms of the first client")


def check_refusals():
    refused(lambda: TimeSeries("wrong").get_daily("IBM"), "apikey", "invalid or missing")
    refused(lambda: TimeSeries(KEY).get_daily("NOSUCH"), "Invalid API call", "TIME_SERIES_DAILY.")
    refused(lambda: TimeSeries("demo").get_daily("AAPL"), "demo")
    TimeSeries("demo").get_daily("IBM")
    ok("wrong key, wrong symbol, demonstration key")
    faults = {
        "note": "5 calls per minute",
        "burst": "1 request per second",
        "daily_limit": "detected your API key as test-key",
        "premium": "premium endpoint",
    }
    for kind, words in faults.items():
        control("POST", "/_mock/faults", {"kind": kind})
        refused(lambda: TimeSeries(KEY).get_daily("IBM"), words)
        TimeSeries(KEY).get_daily("IBM")
    ok("throttles and notices")
    lenient = TimeSeries(KEY, treat_info_as_error=False)
    control("POST", "/_mock/faults", {"kind": "note"})
    try:
        lenient.get_daily("IBM")
        raise AssertionError("a note has no series")
    except KeyError:
        ok("a note is no series")
    rapid = TimeSeries(KEY, rapidapi=True)
    assert rapid.get_daily("IBM")[1]["2. Symbol"] == "IBM"
    ok("the key in a header")


def check_async():
    async def run():
        client = AsyncTimeSeries(KEY)
        try:
            return await client.get_daily("IBM")
        finally:
            await client.close()

    days, meta = asyncio.run(run())
    assert len(days) == 100 and meta["2. Symbol"] == "IBM"
    ok("the asynchronous client")


OTHER_NEEDED = {
    **NEEDED, "interval": "daily", "time_period": 20, "series_type": "close", "window_size": 20,
    "symbols": "IBM,AAPL", "range": "2month", "calculations": "MEAN,STDDEV", "quarter": "2013Q2",
}
OTHER_SPECIAL = {
    "crypto": {"symbol": "BTC"}, "commodities": {"symbol": "GOLD"}, "etf_profile": {"symbol": "SPY"},
    "vwap": {"interval": "5min"}, "intraday": {"interval": "5min"},
    "fixed_window": {"interval": "DAILY"}, "sliding_window": {"interval": "DAILY"},
}
GROUPS = (
    "analytics", "calendar", "commodities", "crypto", "economic", "equity", "forex",
    "fundamentals", "indicators", "intelligence", "options",
)


async def every_method(client):
    """Each method of the second client, with nothing but what it needs."""
    count = 0
    for group in GROUPS:
        for name, method in inspect.getmembers(getattr(client, group), inspect.ismethod):
            if name.startswith("_"):
                continue
            given = {}
            for parameter in inspect.signature(method).parameters.values():
                if parameter.default is parameter.empty and parameter.kind != parameter.VAR_KEYWORD:
                    given[parameter.name] = OTHER_NEEDED[parameter.name]
            for special in (OTHER_SPECIAL.get(group, {}), OTHER_SPECIAL.get(name, {})):
                given.update({key: value for key, value in special.items() if key in given})
            answer = await method(**given)
            assert answer, (group, name, answer)
            count += 1
    assert count > 110, count
    spot = await client.commodities.gold_silver_spot("XAG")
    assert spot["nominal"] == "XAGUSD" and is_number(spot["price"]), spot
    history = await client.commodities.gold_silver_history("GOLD", interval="daily")
    assert len(history.data) > 800, history
    ok(f"{count} methods of the second client")


def check_other_client():
    """What avantage reads with models of its own."""

    async def fails(call, kind):
        try:
            await call
        except kind:
            return
        raise AssertionError(f"expected {kind.__name__}, but the call succeeded")

    async def run():
        limits = {"base_url": QUERY, "rate_limit": 100_000, "max_retries": 1}
        async with AlphaVantageClient(KEY, **limits) as client:
            day = (await client.equity.daily_adjusted("IBM")).data[0]
            assert day.close == 182.01 and day.split_coefficient == 1.0, day
            quote = await client.equity.quote("BAC")
            assert quote.price == 13.81 and quote.volume > 0, quote
            assert (await client.equity.search("IBM"))[0].symbol == "IBM"
            rate = await client.forex.exchange_rate("USD", "JPY")
            assert rate.bid_price < rate.exchange_rate < rate.ask_price, rate
            assert len(await client.crypto.daily("BTC", "EUR")) == 350
            sheet = (await client.fundamentals.balance_sheet("AAPL")).quarterly_reports
            assert len(sheet) > 20
            overview = await client.fundamentals.overview("IBM")
            assert overview.pe_ratio > 0, overview
            chain = await client.options.historical("IBM")
            assert chain.contracts[0].delta is not None
            news = await client.intelligence.news_sentiment(tickers="IBM")
            assert len(news) == 50
            await every_method(client)
            await fails(client._request("NO_SUCH_FUNCTION"), InvalidParameterError)
            control("POST", "/_mock/faults", {"kind": "note"})
            await fails(client.equity.daily("IBM"), RateLimitError)
        async with AlphaVantageClient("wrong", **limits) as client:
            await fails(client.equity.daily("IBM"), AuthenticationError)

    asyncio.run(run())
    ok("the client avantage")


def check_csv_only():
    for query, header in {
        "LISTING_STATUS": "symbol,name,exchange,assetType,ipoDate,delistingDate,status",
        "EARNINGS_CALENDAR": "symbol,name,reportDate,fiscalDateEnding,estimate,currency,"
        "timeOfTheDay",
        "IPO_CALENDAR": "symbol,name,ipoDate,priceRangeLow,priceRangeHigh,currency,exchange",
    }.items():
        with urllib.request.urlopen(f"{QUERY}?function={query}&apikey={KEY}") as answer:
            assert answer.headers["content-type"] == "application/x-download"
            rows = list(csv.reader(answer.read().decode().splitlines()))
        assert ",".join(rows[0]) == header and len(rows) > 1, (query, rows[:2])
    ok("tables that come as csv only")


def check_transcript():
    requests = control("GET", "/_mock/requests")["requests"]
    assert requests and all("test-key" not in json.dumps(request) for request in requests)
    ok("keys are masked in the transcript")


def main():
    check_daily()
    check_intraday()
    check_quotes()
    check_formats()
    check_fundamentals()
    check_currencies()
    check_series_of_values()
    check_indicators()
    check_intelligence()
    check_options()
    check_every_method()
    check_refusals()
    check_async()
    check_other_client()
    check_csv_only()
    check_transcript()
    print("the Python clients find nothing to complain about")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # one message, then the place
        print(f"not ok: {type(error).__name__}: {error}", file=sys.stderr)
        raise
