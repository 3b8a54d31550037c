//! The processor.

use component::{Bad, Out, Processor, Result};
use model::{Event, InstrumentId, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Settings;
use crate::bar;
use crate::feed::{Feed, Kind};
use crate::price::Prices;
use crate::report::{Report, is_default};
use crate::seen::Memory;
use crate::thresholds::Rules;

/// Feeds of one instrument that are followed: a few vendors with trades, quotes and bars of some
/// intervals. When there are more, the one that was silent for longest is forgotten, so that a
/// vendor's nonsense cannot grow the state.
const MAX_FEEDS: usize = 32;

/// Time for which a complaint is held back unless the settings say otherwise.
const REPEAT_SECS: u32 = 300;

/// Watches market data and reports what is wrong or doubtful.
#[derive(Clone, Debug)]
pub struct Validate {
    rules: Rules,
    pause: i64,
}

/// What is known of one instrument.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    instrument: InstrumentId,
    feeds: Vec<Feed>,
    /// The prints of all feeds together, so that one vendor confirms or contradicts another.
    #[serde(default, skip_serializing_if = "is_default")]
    prices: Prices,
    memory: Memory,
}

impl Processor for Validate {
    const NAME: &'static str = "validate";
    const INPUTS: &'static [&'static str] = &["market.trades", "market.quotes", "market.bars"];
    type Settings = Settings;
    type State = State;
    type Global = ();

    fn new(settings: Settings) -> Result<Self> {
        let secs = settings.repeat_secs.unwrap_or(REPEAT_SECS);
        Ok(Self { rules: Rules::new(&settings)?, pause: i64::from(secs) * 1_000_000_000 })
    }

    fn key(&self, event: &Event) -> Option<Text> {
        let instrument = match event {
            Event::Trade(trade) => &trade.instrument,
            Event::Quote(quote) => &quote.instrument,
            Event::Bar(bar) => &bar.instrument,
            _ => return None,
        };
        Some(instrument.as_str().into())
    }

    fn apply(&self, state: &mut State, _: &(), event: &Event, out: &mut Out) -> Result<(), Bad> {
        let head = event.head();
        let (instrument, kind, series) = match event {
            Event::Trade(trade) => (&trade.instrument, Kind::Trades, Text::default()),
            Event::Quote(quote) => (&quote.instrument, Kind::Quotes, Text::default()),
            Event::Bar(bar) => (&bar.instrument, Kind::Bars, bar::series(bar)),
            _ => return Ok(()),
        };
        let limits = self.rules.of(instrument);
        let mut report = Report::new(out, instrument, self.pause);
        state.instrument.clone_from(instrument);
        let State { feeds, prices, memory, .. } = state;

        let feed = find_or_open(feeds, &head.source, kind, &series);
        // The silence that this record ends was before it.
        feed.let_time_pass(head.received_time, limits, &mut report);
        feed.hear(head);
        if let Some(repetition) = memory.notice(event, limits) {
            feed.repeated(head, repetition, &mut report);
            return Ok(());
        }
        match event {
            Event::Trade(trade) => feed.trade(trade, prices, limits, &mut report),
            Event::Quote(quote) => feed.quote(quote, limits, &mut report),
            Event::Bar(bar) => feed.bar(bar, limits, &mut report),
            _ => {}
        }
        Ok(())
    }

    fn tick(&self, state: &mut State, watermark: Timestamp, out: &mut Out) {
        let limits = self.rules.of(&state.instrument);
        let mut report = Report::new(out, &state.instrument, self.pause);
        for feed in &mut state.feeds {
            feed.let_time_pass(watermark, limits, &mut report);
        }
    }
}

fn find_or_open<'a>(
    feeds: &'a mut Vec<Feed>,
    source: &str,
    kind: Kind,
    series: &str,
) -> &'a mut Feed {
    let known = feeds.iter().position(|feed| feed.is(source, kind, series));
    let index = known.unwrap_or_else(|| {
        let silent = feeds.iter().enumerate().min_by_key(|(_, feed)| feed.heard());
        if let Some((silent, _)) = silent.filter(|_| feeds.len() >= MAX_FEEDS) {
            feeds.remove(silent);
        }
        feeds.push(Feed::new(source, kind, series));
        feeds.len() - 1
    });
    &mut feeds[index]
}
