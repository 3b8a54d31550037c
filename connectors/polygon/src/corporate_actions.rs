//! Dividends, splits and changes of name.

use component::{Item, Result};
use http::Request;
use model::Timestamp;
use serde_json::value::RawValue;

use crate::list::{At, List, Lists, Mapped, about, days_before};
use crate::{map, settings};

/// Corporate actions, past and announced. Those that have not changed keep their ids.
pub type CorporateActions = Lists<Actions>;

pub struct Actions(settings::Window);

/// Lists for each symbol. Names are only known of symbols that are asked for.
const LISTS: usize = 3;
const DIVIDENDS: usize = 0;
const SPLITS: usize = 1;

impl List for Actions {
    const NAME: &'static str = "polygon_corporate_actions";
    const PUBLISHES: &'static [&'static str] = &["reference.corporate_actions"];
    type Settings = settings::Window;

    fn new(settings: Self::Settings) -> Result<Self> {
        Ok(Self(settings))
    }

    fn request(&self, list: usize, _: Option<Timestamp>, now: Timestamp) -> Option<Request> {
        let symbol = about(&self.0.symbols, list / LISTS)?;
        let (path, sort, since) = match list % LISTS {
            DIVIDENDS => ("/v3/reference/dividends", "ex_dividend_date", "ex_dividend_date.gte"),
            SPLITS => ("/v3/reference/splits", "execution_date", "execution_date.gte"),
            _ if symbol.is_empty() => return None,
            _ => {
                let request = Request::get("/vX/reference/tickers").segment(symbol);
                return Some(request.segment("events").query(&[("types", "ticker_change")]));
            }
        };
        let from = days_before(now, self.0.lookback_days);
        let request = Request::get(path).maybe("ticker", Some(symbol));
        Some(request.query(&[(since, &from), ("sort", sort), ("order", "asc"), ("limit", "1000")]))
    }

    fn map(&self, row: &RawValue, at: &mut At<'_>, items: &mut Vec<Item>) -> Mapped {
        let actions = match at.list % LISTS {
            DIVIDENDS => vec![map::dividend(row)?],
            SPLITS => vec![map::split(row)?],
            _ => map::name_changes(row)?,
        };
        items.extend(actions.into_iter().map(|action| Item::Event(action.into())));
        Ok(())
    }

    fn poll_secs(&self) -> u64 {
        self.0.poll_secs
    }
}
