//! Messages as TWS writes them: fields in a fixed order, each ended by NUL, the first one a number
//! that says what the message is. Layouts spell the fields as Interactive Brokers does.

use std::sync::LazyLock;

use component::{Bad, OrBad};
use model::{BadDecimal, Decimal, Text};

/// Server versions that this crate speaks: from 179 on most messages grow, from 201 on they become
/// protobuf, whose prices are floats.
pub const VERSIONS: &str = "v164..178";
pub const OLDEST: i32 = 164;
pub const NEWEST: i32 = 178;

pub const TICK_PRICE: u32 = 1;
pub const TICK_SIZE: u32 = 2;
pub const ORDER_STATUS: u32 = 3;
pub const ERROR: u32 = 4;
pub const OPEN_ORDER: u32 = 5;
pub const NEXT_VALID_ID: u32 = 9;
pub const CONTRACT_DATA: u32 = 10;
pub const EXECUTION: u32 = 11;
pub const MANAGED_ACCOUNTS: u32 = 15;
pub const HISTORICAL_DATA: u32 = 17;
pub const TICK_STRING: u32 = 46;
pub const CURRENT_TIME: u32 = 49;
pub const REAL_TIME_BAR: u32 = 50;
pub const CONTRACT_DATA_END: u32 = 52;
pub const OPEN_ORDER_END: u32 = 53;
pub const EXECUTION_END: u32 = 55;
pub const COMMISSION_REPORT: u32 = 59;
pub const POSITION: u32 = 61;
pub const POSITION_END: u32 = 62;
pub const ACCOUNT_SUMMARY: u32 = 63;
pub const ACCOUNT_SUMMARY_END: u32 = 64;
pub const SYMBOL_SAMPLES: u32 = 79;
pub const HEAD_TIMESTAMP: u32 = 88;
pub const HISTORICAL_QUOTES: u32 = 97;
pub const HISTORICAL_TRADES: u32 = 98;
pub const TICK_BY_TICK: u32 = 99;
pub const ORDER_BOUND: u32 = 100;
pub const COMPLETED_ORDER: u32 = 101;
pub const COMPLETED_ORDERS_END: u32 = 102;

/// How the messages that we understand are laid out. Beside plain names:
///
/// - `@` is a contract;
/// - `name<177` and `name>=169` are there for some server versions only, `name=0` is written as 0
///   when nothing is said;
/// - `name:8?other` are eight fields, there unless `other` is empty, `name:7>other` unless it is
///   not above zero;
/// - `name*8` is a count and as many times eight fields, `name!3` a flag and three fields if set;
/// - what begins with `%` follows rules of its own.
const LAYOUTS: &[(u32, &str)] = &[
    (TICK_PRICE, "version rid tickType price size attrMask"),
    (TICK_SIZE, "version rid tickType size"),
    (
        ORDER_STATUS,
        "orderId status filled remaining avgFillPrice permId parentId lastFillPrice clientId \
         whyHeld mktCapPrice",
    ),
    (ERROR, "version id code message advancedOrderReject"),
    (
        OPEN_ORDER,
        "orderId @ action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose \
         origin orderRef clientId permId outsideRth hidden discretionaryAmt goodAfterTime \
         sharesAllocation faGroup faMethod faPercentage faProfile<177 modelCode goodTillDate \
         rule80A percentOffset settlingFirm shortSaleSlot designatedLocation exemptCode \
         auctionStrategy startingPrice stockRefPrice delta stockRangeLower stockRangeUpper \
         displaySize blockOrder sweepToFill allOrNone minQty ocaType eTradeOnly firmQuoteOnly \
         nbboPriceCap parentId triggerMethod volatility volatilityType deltaNeutralOrderType \
         deltaNeutralAuxPrice deltaNeutral:8?deltaNeutralOrderType continuousUpdate \
         referencePriceType trailStopPrice trailingPercent basisPoints basisPointsType \
         comboLegsDescrip legs*8 legPrices*1 routing*2 scaleInitLevelSize scaleSubsLevelSize \
         scalePriceIncrement scale:7>scalePriceIncrement hedgeType hedgeParam:1?hedgeType \
         optOutSmartRouting clearingAccount clearingIntent notHeld deltaNeutralContract!3 \
         algoStrategy algoParams*2?algoStrategy solicited whatIf status initMarginBefore \
         maintMarginBefore equityWithLoanBefore initMarginChange maintMarginChange \
         equityWithLoanChange initMarginAfter maintMarginAfter equityWithLoanAfter commission \
         minCommission maxCommission commissionCurrency warningText randomizeSize randomizePrice \
         %peg %conditions adjustedOrderType triggerPrice _ lmtPriceOffset adjustedStopPrice \
         adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit softDollarTierName \
         softDollarTierValue softDollarTierDisplayName cashQty dontUseAutoPriceForHedge \
         isOmsContainer discretionaryUpToLimitPrice usePriceMgmtAlgo duration postToAts \
         autoCancelParent minTradeQty>=170 minCompeteSize>=170 competeAgainstBestOffset>=170 \
         midOffsetAtWhole>=170 midOffsetAtHalf>=170",
    ),
    (NEXT_VALID_ID, "version orderId"),
    (
        CONTRACT_DATA,
        "rid symbol secType lastTrade strike right exchange currency localSymbol marketName \
         tradingClass conId minTick multiplier orderTypes validExchanges priceMagnifier underConId \
         longName primaryExchange contractMonth industry category subcategory timeZoneId \
         tradingHours liquidHours evRule evMultiplier secIds*2 aggGroup underSymbol underSecType \
         marketRuleIds realExpirationDate stockType minSize sizeIncrement suggestedSizeIncrement",
    ),
    (
        EXECUTION,
        "rid orderId @ execId time account venue side shares price permId clientId liquidation \
         cumQty avgPrice orderRef evRule evMultiplier modelCode lastLiquidity \
         pendingPriceRevision>=178",
    ),
    (MANAGED_ACCOUNTS, "version accounts"),
    (HISTORICAL_DATA, "rid start end bars*8"),
    (45, "version rid tickType value"),
    (TICK_STRING, "version rid tickType value"),
    (CURRENT_TIME, "version time"),
    (REAL_TIME_BAR, "version rid time open high low close volume wap count"),
    (CONTRACT_DATA_END, "version rid"),
    (OPEN_ORDER_END, "version"),
    (EXECUTION_END, "version rid"),
    (COMMISSION_REPORT, "version execId commission currency realizedPNL yield redemptionDate"),
    (POSITION, "version account @ position avgCost"),
    (POSITION_END, "version"),
    (ACCOUNT_SUMMARY, "version rid account key value currency"),
    (ACCOUNT_SUMMARY_END, "version rid"),
    (73, "version rid account modelCode key value currency"),
    (74, "version rid"),
    (SYMBOL_SAMPLES, "rid %samples"),
    (85, "providers*2"),
    (HEAD_TIMESTAMP, "rid time"),
    (90, "rid count date open close high low wap volume"),
    (HISTORICAL_QUOTES, "rid ticks*6 done"),
    (HISTORICAL_TRADES, "rid ticks*6 done"),
    (TICK_BY_TICK, "rid tickType time"),
    (ORDER_BOUND, "permId clientId orderId"),
    (
        COMPLETED_ORDER,
        "@ action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin \
         orderRef permId outsideRth hidden discretionaryAmt goodAfterTime faGroup faMethod \
         faPercentage faProfile<177 modelCode goodTillDate rule80A percentOffset settlingFirm \
         shortSaleSlot designatedLocation exemptCode startingPrice stockRefPrice delta \
         stockRangeLower stockRangeUpper displaySize sweepToFill allOrNone minQty ocaType \
         triggerMethod volatility volatilityType deltaNeutralOrderType deltaNeutralAuxPrice \
         deltaNeutral:4?deltaNeutralOrderType continuousUpdate referencePriceType trailStopPrice \
         trailingPercent comboLegsDescrip legs*8 legPrices*1 routing*2 scaleInitLevelSize \
         scaleSubsLevelSize scalePriceIncrement scale:7>scalePriceIncrement hedgeType \
         hedgeParam:1?hedgeType clearingAccount clearingIntent notHeld deltaNeutralContract!3 \
         algoStrategy algoParams*2?algoStrategy solicited status randomizeSize randomizePrice %peg \
         %conditions _ lmtPriceOffset cashQty dontUseAutoPriceForHedge isOmsContainer \
         autoCancelDate filledQuantity refFuturesConId autoCancelParent shareholder imbalanceOnly \
         routeMarketableToBbo parentPermId completedTime completedStatus",
    ),
    (COMPLETED_ORDERS_END, ""),
    (106, "rid start end timeZone sessions*3"),
];

/// What follows in a tick-by-tick message, by its type.
const TRADE_TICK: &str = "price size attrMask venue conditions";
const QUOTE_TICK: &str = "bid ask bidSize askSize attrMask";
const MIDPOINT_TICK: &str = "midPoint";

const CONTRACT: &str = "conId symbol secType lastTrade strike right multiplier exchange currency \
                        localSymbol tradingClass";

/// The request that places or modifies an order.
const PLACE_ORDER: &str = "orderId conId=0 symbol secType lastTrade strike right multiplier \
    exchange primaryExchange currency localSymbol tradingClass secIdType secId action \
    totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin=0 orderRef \
    transmit=1 parentId=0 blockOrder=0 sweepToFill=0 displaySize=0 triggerMethod=0 outsideRth=0 \
    hidden=0 _ discretionaryAmt=0 goodAfterTime goodTillDate faGroup faMethod faPercentage \
    faProfile<177 modelCode shortSaleSlot=0 designatedLocation exemptCode=-1 ocaType=0 rule80A \
    settlingFirm allOrNone=0 minQty percentOffset _=0 _=0 _ auctionStrategy=0 startingPrice \
    stockRefPrice delta stockRangeLower stockRangeUpper \
    overridePercentageConstraints=0 volatility volatilityType deltaNeutralOrderType \
    deltaNeutralAuxPrice continuousUpdate=0 referencePriceType trailStopPrice trailingPercent \
    scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement scale:7>scalePriceIncrement \
    scaleTable activeStartTime activeStopTime hedgeType hedgeParam:1?hedgeType optOutSmartRouting=0 \
    clearingAccount clearingIntent notHeld=0 deltaNeutralContract!3 algoStrategy \
    algoParams*2?algoStrategy algoId whatIf=0 orderMiscOptions solicited=0 randomizeSize=0 \
    randomizePrice=0 %peg %conditions adjustedOrderType triggerPrice lmtPriceOffset \
    adjustedStopPrice adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit=0 \
    extOperator softDollarTierName softDollarTierValue cashQty mifid2DecisionMaker \
    mifid2DecisionAlgo mifid2ExecutionTrader mifid2ExecutionAlgo dontUseAutoPriceForHedge=0 \
    isOmsContainer=0 discretionaryUpToLimitPrice=0 usePriceMgmtAlgo duration postToAts \
    autoCancelParent=0 advancedErrorOverride>=166 manualOrderTime>=169 \
    %offsets";

/// One piece of a layout.
#[derive(Clone, Copy)]
enum Part {
    Field {
        name: &'static str,
        default: &'static str,
    },
    Before(&'static str, i32),
    Since(&'static str, i32),
    /// As many fields, if another field is not empty, or is above zero.
    If {
        name: &'static str,
        width: usize,
        of: &'static str,
        is_positive: bool,
    },
    /// A count and rows, if another field is not empty.
    Rows {
        name: &'static str,
        width: usize,
        of: Option<&'static str>,
    },
    Flag(&'static str, usize),
    Conditions,
    Peg,
    Offsets,
    Samples,
}

static PARTS: LazyLock<Vec<(u32, Vec<Part>)>> =
    LazyLock::new(|| LAYOUTS.iter().map(|(id, layout)| (*id, parts(layout))).collect());
static PLACE_ORDER_PARTS: LazyLock<Vec<Part>> = LazyLock::new(|| parts(PLACE_ORDER));
static TICK_PARTS: LazyLock<[Vec<Part>; 3]> =
    LazyLock::new(|| [TRADE_TICK, QUOTE_TICK, MIDPOINT_TICK].map(parts));

fn parts(layout: &'static str) -> Vec<Part> {
    let words = layout.split_ascii_whitespace();
    words.flat_map(|word| if word == "@" { parts(CONTRACT) } else { vec![part(word)] }).collect()
}

fn part(word: &'static str) -> Part {
    let number = |text: &str| text.parse().expect("layouts are written by hand and tested");
    match word {
        "%conditions" => return Part::Conditions,
        "%peg" => return Part::Peg,
        "%offsets" => return Part::Offsets,
        "%samples" => return Part::Samples,
        _ => {}
    }
    if let Some((name, version)) = word.split_once(">=") {
        Part::Since(name, number(version) as i32)
    } else if let Some((name, version)) = word.split_once('<') {
        Part::Before(name, number(version) as i32)
    } else if let Some((name, rest)) = word.split_once(':') {
        let is_positive = rest.contains('>');
        let (width, of) = rest.split_once(['?', '>']).unwrap_or((rest, ""));
        Part::If { name, width: number(width), of, is_positive }
    } else if let Some((name, rest)) = word.split_once('*') {
        let (width, of) = rest.split_once('?').unwrap_or((rest, ""));
        Part::Rows { name, width: number(width), of: Some(of).filter(|of| !of.is_empty()) }
    } else if let Some((name, width)) = word.split_once('!') {
        Part::Flag(name, number(width))
    } else {
        let (name, default) = word.split_once('=').unwrap_or((word, ""));
        Part::Field { name, default }
    }
}

/// The fields of a message, by name.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    pub id: u32,
    values: Vec<(&'static str, &'a str)>,
}

/// Goes from field to field.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let end = rest.find('\0').unwrap_or(rest.len());
        self.at += end + 1;
        Some(&rest[..end])
    }

    /// So many fields as one text.
    fn take(&mut self, count: usize) -> Option<&'a str> {
        let start = self.at;
        if count == 0 {
            return Some("");
        }
        for _ in 0..count {
            self.next()?;
        }
        Some(self.text.get(start..self.at - 1).unwrap_or_default())
    }

    /// A count and rows of so many fields.
    fn rows(&mut self, name: &str, width: usize) -> Result<&'a str, Bad> {
        let start = self.at;
        let count = match self.next().unwrap_or_default() {
            "" => 0,
            count => count.parse::<usize>().or_bad(name)?,
        };
        let short = || Bad::new(name, format!("{count} rows are announced and not all are there"));
        if count > self.text.len() {
            return Err(short());
        }
        self.take(count * width).ok_or_else(short)?;
        Ok(&self.text[start..(self.at - 1).min(self.text.len())])
    }

    /// Conditions are of different lengths, which their types tell.
    fn conditions(&mut self) -> Result<&'a str, Bad> {
        let start = self.at;
        let bad = |found: &str| Bad::new("conditions", format!("cannot read {found:?}"));
        let count = match self.next().unwrap_or_default() {
            "" => 0,
            count => count.parse::<u16>().or_bad("conditions")?,
        };
        for _ in 0..count {
            let kind = self.next().unwrap_or_default();
            let more = match kind {
                "1" => 6,
                "3" | "4" => 3,
                "5" => 4,
                "6" | "7" => 5,
                other => return Err(bad(other)),
            };
            self.take(more).ok_or_else(|| bad(kind))?;
        }
        if count > 0 {
            self.take(2).ok_or_else(|| bad("ignoreRth"))?;
        }
        Ok(&self.text[start..(self.at - 1).min(self.text.len())])
    }
}

/// The number that a message begins with.
pub fn id_of(frame: &[u8]) -> Option<u32> {
    let end = frame.iter().position(|byte| *byte == 0).unwrap_or(frame.len());
    std::str::from_utf8(&frame[..end]).ok()?.parse().ok()
}

impl<'a> Fields<'a> {
    /// Reads a message. Fields beyond those we know are of a newer server; fields that are not
    /// there are unset. `None` if it is none that we know.
    pub fn read(frame: &'a [u8], version: i32) -> Result<Option<Self>, Bad> {
        let text = std::str::from_utf8(frame).or_bad("")?;
        let mut cursor = Cursor { text: text.strip_suffix('\0').unwrap_or(text), at: 0 };
        let id = cursor.next().unwrap_or_default();
        let id: u32 = id.parse().map_err(|_| Bad::new("", format!("no message begins {id:?}")))?;
        let Some((_, parts)) = PARTS.iter().find(|(known, _)| *known == id) else {
            return Ok(None);
        };
        let mut fields = Self { id, values: Vec::with_capacity(parts.len()) };
        fields.read_parts(parts, &mut cursor, version)?;
        if id == TICK_BY_TICK {
            let kind = match fields.text("tickType") {
                "1" | "2" => 0,
                "3" => 1,
                "4" => 2,
                other => return Err(Bad::new("tickType", format!("unknown type {other:?}"))),
            };
            fields.read_parts(&TICK_PARTS[kind], &mut cursor, version)?;
        }
        Ok(Some(fields))
    }

    fn read_parts(
        &mut self,
        parts: &[Part],
        cursor: &mut Cursor<'a>,
        version: i32,
    ) -> Result<(), Bad> {
        for part in parts {
            match *part {
                Part::Before(_, limit) if version >= limit => {}
                Part::Since(_, limit) if version < limit => {}
                Part::Field { name, .. } | Part::Before(name, _) | Part::Since(name, _) => {
                    self.put(name, cursor.next());
                }
                Part::If { of, is_positive, .. } if !self.holds(of, is_positive) => {}
                Part::If { name, width, .. } => self.put(name, cursor.take(width)),
                Part::Rows { of: Some(of), .. } if !self.holds(of, false) => {}
                Part::Rows { name, width, .. } => {
                    self.put(name, Some(cursor.rows(name, width)?));
                }
                Part::Flag(name, width) => {
                    let start = cursor.at;
                    if cursor.next() == Some("1") {
                        cursor.take(width).or_bad(name)?;
                    }
                    let end = (cursor.at - 1).min(cursor.text.len());
                    self.put(name, cursor.text.get(start..end));
                }
                Part::Conditions => self.put("conditions", Some(cursor.conditions()?)),
                Part::Peg if self.text("orderType").starts_with("PEG BENCH") => {
                    self.put("pegBench", cursor.take(5));
                }
                Part::Peg | Part::Offsets => {}
                Part::Samples => self.put("samples", cursor.text.get(cursor.at..)),
            }
        }
        Ok(())
    }

    fn put(&mut self, name: &'static str, value: Option<&'a str>) {
        if let Some(value) = value.filter(|_| name != "_") {
            self.values.push((name, value));
        }
    }

    /// Whether a field says something. The word `None` is something too: what depends on it is
    /// there.
    fn holds(&self, name: &str, is_positive: bool) -> bool {
        let text = self.text(name);
        if !is_positive {
            return !text.is_empty();
        }
        !is_unset(text) && model::money(text).is_ok_and(|value| value > Decimal::ZERO)
    }

    /// Every field, in order.
    pub fn values(&self) -> &[(&'static str, &'a str)] {
        &self.values
    }

    /// A field as it stands; empty when it is not there.
    pub fn text(&self, name: &str) -> &'a str {
        self.values.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
    }

    /// A field that says something.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        Some(self.text(name)).filter(|text| !is_unset(text))
    }

    /// A number, if it says one.
    pub fn decimal(&self, name: &str, read: Read) -> Result<Option<Decimal>, Bad> {
        self.value(name).map(|text| read(text).or_bad(name)).transpose()
    }

    /// A number that must be there.
    pub fn number(&self, name: &str, read: Read) -> Result<Decimal, Bad> {
        self.decimal(name, read)?.or_bad(name)
    }

    /// A whole number that must be there.
    pub fn int(&self, name: &str) -> Result<i64, Bad> {
        self.value(name).or_bad(name)?.parse().or_bad(name)
    }

    /// The rows of a list.
    pub fn rows(&self, name: &str, width: usize) -> Vec<Vec<&'a str>> {
        let fields: Vec<&str> = self.text(name).split('\0').skip(1).collect();
        fields.chunks_exact(width).map(<[&str]>::to_vec).collect()
    }
}

/// How a number is read from its text.
pub type Read = fn(&str) -> Result<Decimal, BadDecimal>;

/// Whether a field says nothing: it is empty, or holds the largest number of its type.
pub fn is_unset(text: &str) -> bool {
    let largest = [i32::MAX.into(), i64::MAX, i64::MIN];
    text.is_empty()
        || text.starts_with("1.797693134862315") && text.ends_with("308")
        || text.len() >= 10 && text.parse().is_ok_and(|number: i64| largest.contains(&number))
}

/// A message of ours.
#[derive(Clone, Debug)]
pub struct Out(String);

impl Out {
    pub fn new(id: u32) -> Self {
        Self(String::new()).with(id)
    }

    /// Adds a field. A NUL in it would begin another one: it is left out.
    #[must_use]
    pub fn with(mut self, field: impl std::fmt::Display) -> Self {
        let start = self.0.len();
        // Writing to a string cannot fail.
        let _ = std::fmt::Write::write_fmt(&mut self.0, format_args!("{field}"));
        if self.0[start..].contains('\0') {
            let clean = self.0[start..].replace('\0', "");
            self.0.truncate(start);
            self.0.push_str(&clean);
        }
        self.0.push('\0');
        self
    }

    /// Adds so many empty fields.
    #[must_use]
    pub fn empty(mut self, count: usize) -> Self {
        self.0.extend(std::iter::repeat_n('\0', count));
        self
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The fields of an order, by name; what is not there is as usual.
pub type Order = std::collections::BTreeMap<&'static str, Text>;

/// Name of a plain field of the request that places an order.
pub fn order_field(name: &str) -> Option<&'static str> {
    PLACE_ORDER_PARTS.iter().find_map(|part| match part {
        Part::Field { name: known, .. } | Part::Since(known, _) if *known == name => Some(*known),
        _ => None,
    })
}

/// Everything of an order that can be said again when it is modified.
pub fn order_of(open: &Fields<'_>) -> Order {
    let said = open.values().iter().filter(|(_, text)| !is_unset(text) && *text != "None");
    said.map(|(name, text)| (*name, Text::from(*text))).collect()
}

/// The request that places an order, or modifies the one with this id.
pub fn place_order(order: &Order, version: i32) -> Out {
    let text = |name: &str| order.get(name).map_or("", Text::as_str);
    let rows = |out: Out, name: &str| {
        let rows = text(name);
        rows.split('\0').fold(out, |out, field| out.with(if rows.is_empty() { "0" } else { field }))
    };
    let mut out = Out::new(3);
    for part in PLACE_ORDER_PARTS.iter() {
        out = match *part {
            Part::Before(_, limit) if version >= limit => out,
            Part::Since(_, limit) if version < limit => out,
            Part::Before(name, _) | Part::Since(name, _) => out.with(text(name)),
            Part::Field { name, default } => out.with(match text(name) {
                "" => default,
                said => said,
            }),
            Part::If { of, .. } if text(of).is_empty() => out,
            Part::If { name, width, .. } => match text(name) {
                "" => out.empty(width),
                said => said.split('\0').fold(out, |out, field| out.with(field)),
            },
            Part::Rows { of: Some(of), .. } if text(of).is_empty() => out,
            Part::Rows { name, .. } | Part::Flag(name, _) => rows(out, name),
            Part::Conditions => rows(out, "conditions"),
            Part::Peg if text("orderType").starts_with("PEG BENCH") => match text("pegBench") {
                "" => out.empty(5),
                said => said.split('\0').fold(out, |out, field| out.with(field)),
            },
            Part::Peg | Part::Samples => out,
            Part::Offsets if version < 170 => out,
            Part::Offsets => offsets(text).iter().fold(out, |out, name| out.with(text(name))),
        };
    }
    out
}

/// The last fields, which only a few orders have.
fn offsets<'a>(text: impl Fn(&'static str) -> &'a str) -> Vec<&'static str> {
    let mut names = Vec::new();
    if text("exchange") == "IBKRATS" {
        names.push("minTradeQty");
    }
    let is_to_mid = text("competeAgainstBestOffset").starts_with("Infinit");
    let kind = text("orderType");
    if kind == "PEG BEST" {
        names.extend(["minCompeteSize", "competeAgainstBestOffset"]);
    }
    if kind == "PEG MID" || kind == "PEG BEST" && is_to_mid {
        names.extend(["midOffsetAtWhole", "midOffsetAtHalf"]);
    }
    names
}
