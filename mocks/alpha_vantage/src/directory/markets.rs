//! `MARKET_STATUS`.

use jiff::civil::{Time, Weekday, time};
use jiff::tz::TimeZone;
use mockkit::time::{NEW_YORK, timestamp};

use crate::answer::{Answer, Table, same};
use crate::call::Call;
use crate::refusal::Result;

struct Market {
    region: &'static str,
    exchanges: &'static str,
    zone: &'static str,
    open: Time,
    close: Time,
    /// Local times of the noon break.
    pause: Option<(Time, Time)>,
}

const fn market(
    (region, exchanges, zone): (&'static str, &'static str, &'static str),
    open: (i8, i8),
    close: (i8, i8),
    pause: Option<(Time, Time)>,
) -> Market {
    let (open, close) = (time(open.0, open.1, 0, 0), time(close.0, close.1, 0, 0));
    Market { region, exchanges, zone, open, close, pause }
}

const fn pause(from: (i8, i8), to: (i8, i8)) -> Option<(Time, Time)> {
    Some((time(from.0, from.1, 0, 0), time(to.0, to.1, 0, 0)))
}

const MARKETS: &[Market] = &[
    market(
        ("United States", "NASDAQ, NYSE, AMEX, BATS", "America/New_York"),
        (9, 30),
        (16, 15),
        None,
    ),
    market(("Canada", "Toronto, Toronto Ventures", "America/Toronto"), (9, 30), (16, 0), None),
    market(("United Kingdom", "London", "Europe/London"), (8, 0), (16, 30), None),
    market(
        ("Germany", "XETRA, Berlin, Frankfurt, Munich, Stuttgart", "Europe/Berlin"),
        (8, 0),
        (20, 0),
        None,
    ),
    market(("France", "Paris", "Europe/Paris"), (9, 0), (17, 30), None),
    market(("Spain", "Barcelona, Madrid", "Europe/Madrid"), (9, 0), (17, 30), None),
    market(("Portugal", "Lisbon", "Europe/Lisbon"), (8, 0), (16, 30), None),
    market(("Japan", "Tokyo", "Asia/Tokyo"), (9, 0), (15, 0), pause((11, 30), (12, 30))),
    market(("India", "NSE, BSE", "Asia/Kolkata"), (9, 15), (15, 30), None),
    market(
        ("Mainland China", "Shanghai, Shenzhen", "Asia/Shanghai"),
        (9, 30),
        (15, 0),
        pause((11, 30), (13, 0)),
    ),
    market(("Hong Kong", "Hong Kong", "Asia/Hong_Kong"), (9, 30), (16, 0), pause((12, 0), (13, 0))),
    market(("Brazil", "Sao Paolo", "America/Sao_Paulo"), (10, 0), (17, 30), None),
    market(("Mexico", "Mexico", "America/Mexico_City"), (8, 30), (15, 0), None),
    market(("South Africa", "Johannesburg", "Africa/Johannesburg"), (9, 0), (17, 0), None),
];

const FOREX_NOTES: &str = "The forex market is open 24 hours a day, EXCEPT between 16:00 EST on \
    Friday and 17:00 EST on Sunday";
const CRYPTO_NOTES: &str = "The cryptocurrency market is open 24 hours a day";

pub fn market_status(call: &Call<'_>) -> Result<Answer> {
    let columns = [
        "market_type",
        "region",
        "primary_exchanges",
        "local_open",
        "local_close",
        "current_status",
        "notes",
    ];
    let mut table = Table::new(&columns.map(same));
    let status = |open: bool| if open { "open" } else { "closed" }.to_owned();
    for market in MARKETS {
        let zone = TimeZone::get(market.zone).unwrap_or(TimeZone::UTC);
        table.push([
            "Equity".to_owned(),
            market.region.to_owned(),
            market.exchanges.to_owned(),
            short(market.open),
            short(market.close),
            status(market.is_open(&zone, call.now)),
            market.notes(),
        ]);
    }
    let around_the_clock =
        [("Forex", is_forex_open(call.now), FOREX_NOTES), ("Cryptocurrency", true, CRYPTO_NOTES)];
    for (kind, open, notes) in around_the_clock {
        let [kind, global, from, to, notes] =
            [kind, "Global", "00:00", "23:59", notes].map(str::to_owned);
        table.push([kind, global.clone(), global, from, to, status(open), notes]);
    }
    let head = vec![("endpoint", "Global Market Open & Close Status".to_owned())];
    Ok(Answer::Json(Answer::Rows { head, key: "markets", table }.json()))
}

impl Market {
    /// The vendor knows weekends and no holidays.
    fn is_open(&self, zone: &TimeZone, now: i64) -> bool {
        let local = zone.to_datetime(timestamp(now));
        let weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
        let paused = self.pause.is_some_and(|(from, to)| (from..to).contains(&local.time()));
        !weekend && !paused && (self.open..self.close).contains(&local.time())
    }

    fn notes(&self) -> String {
        let Some((from, to)) = self.pause else { return String::new() };
        format!("Noon trading break from {} to {} local time", short(from), short(to))
    }
}

fn is_forex_open(now: i64) -> bool {
    let local = NEW_YORK.to_datetime(timestamp(now));
    match local.weekday() {
        Weekday::Saturday => false,
        Weekday::Friday => local.hour() < 16,
        Weekday::Sunday => local.hour() >= 17,
        _ => true,
    }
}

fn short(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}
