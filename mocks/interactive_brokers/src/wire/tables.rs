//! The numbers of the messages.

use prost::Message as _;

use super::{answers, requests};

macro_rules! requests {
    ($($id:literal $name:ident,)*) => {
        /// Anything a client may ask; each is read, answered and gone, so its size does not matter.
        #[allow(clippy::large_enum_variant)]
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request {
            $($name(requests::$name),)*
        }

        impl Request {
            /// Reads a protobuf payload; nothing if no message has this number.
            pub fn decode(id: u32, payload: &[u8]) -> Option<Result<Request, prost::DecodeError>> {
                match id {
                    $($id => Some(requests::$name::decode(payload).map(Request::$name)),)*
                    _ => None,
                }
            }

            /// The message's number, name, and contents as JSON.
            pub fn describe(&self) -> (u32, &'static str, serde_json::Value) {
                match self {
                    $(Request::$name(message) => {
                        let contents = serde_json::to_value(message).unwrap_or_default();
                        ($id, stringify!($name), contents)
                    })*
                }
            }
        }
    };
}

macro_rules! answers {
    ($($id:literal $name:ident($message:ident),)*) => {
        /// Anything a client may be told; the mock has no use for a few of them.
        #[allow(clippy::large_enum_variant, dead_code)]
        #[derive(Clone, Debug, PartialEq)]
        pub enum Answer {
            $($name(answers::$message),)*
        }

        impl Answer {
            pub fn id(&self) -> u32 {
                match self {
                    $(Answer::$name(_) => $id,)*
                }
            }

            /// The protobuf payload.
            pub fn payload(&self) -> Vec<u8> {
                match self {
                    $(Answer::$name(message) => message.encode_to_vec(),)*
                }
            }
        }
    };
}

requests! {
    1 MarketDataRequest,
    2 CancelMarketData,
    3 PlaceOrderRequest,
    4 CancelOrderRequest,
    5 OpenOrdersRequest,
    6 AccountDataRequest,
    7 ExecutionRequest,
    8 IdsRequest,
    9 ContractDataRequest,
    10 MarketDepthRequest,
    11 CancelMarketDepth,
    12 NewsBulletinsRequest,
    13 CancelNewsBulletins,
    14 SetServerLogLevelRequest,
    15 AutoOpenOrdersRequest,
    16 AllOpenOrdersRequest,
    17 ManagedAccountsRequest,
    18 FARequest,
    19 FAReplace,
    20 HistoricalDataRequest,
    21 ExerciseOptionsRequest,
    22 ScannerSubscriptionRequest,
    23 CancelScannerSubscription,
    24 ScannerParametersRequest,
    25 CancelHistoricalData,
    49 CurrentTimeRequest,
    50 RealTimeBarsRequest,
    51 CancelRealTimeBars,
    52 FundamentalsDataRequest,
    53 CancelFundamentalsData,
    54 CalculateImpliedVolatilityRequest,
    55 CalculateOptionPriceRequest,
    56 CancelCalculateImpliedVolatility,
    57 CancelCalculateOptionPrice,
    58 GlobalCancelRequest,
    59 MarketDataTypeRequest,
    61 PositionsRequest,
    62 AccountSummaryRequest,
    63 CancelAccountSummary,
    64 CancelPositions,
    65 VerifyRequest,
    66 VerifyMessageRequest,
    67 QueryDisplayGroupsRequest,
    68 SubscribeToGroupEventsRequest,
    69 UpdateDisplayGroupRequest,
    70 UnsubscribeFromGroupEventsRequest,
    71 StartApiRequest,
    74 PositionsMultiRequest,
    75 CancelPositionsMulti,
    76 AccountUpdatesMultiRequest,
    77 CancelAccountUpdatesMulti,
    78 SecDefOptParamsRequest,
    79 SoftDollarTiersRequest,
    80 FamilyCodesRequest,
    81 MatchingSymbolsRequest,
    82 MarketDepthExchangesRequest,
    83 SmartComponentsRequest,
    84 NewsArticleRequest,
    85 NewsProvidersRequest,
    86 HistoricalNewsRequest,
    87 HeadTimestampRequest,
    88 HistogramDataRequest,
    89 CancelHistogramData,
    90 CancelHeadTimestamp,
    91 MarketRuleRequest,
    92 PnLRequest,
    93 CancelPnL,
    94 PnLSingleRequest,
    95 CancelPnLSingle,
    96 HistoricalTicksRequest,
    97 TickByTickRequest,
    98 CancelTickByTick,
    99 CompletedOrdersRequest,
    100 WshMetaDataRequest,
    101 CancelWshMetaData,
    102 WshEventDataRequest,
    103 CancelWshEventData,
    104 UserInfoRequest,
    105 CurrentTimeInMillisRequest,
    106 CancelContractData,
    107 CancelHistoricalTicks,
    108 ConfigRequest,
    109 UpdateConfigRequest,
}

answers! {
    1 TickPrice(TickPrice),
    2 TickSize(TickSize),
    3 OrderStatus(OrderStatus),
    4 ErrorMessage(ErrorMessage),
    5 OpenOrder(OpenOrder),
    6 AccountValue(AccountValue),
    7 PortfolioValue(PortfolioValue),
    8 AccountUpdateTime(AccountUpdateTime),
    9 NextValidId(NextValidId),
    10 ContractData(ContractData),
    11 ExecutionDetails(ExecutionDetails),
    12 MarketDepth(MarketDepth),
    13 MarketDepthL2(MarketDepthL2),
    14 NewsBulletin(NewsBulletin),
    15 ManagedAccounts(ManagedAccounts),
    16 ReceiveFA(ReceiveFA),
    17 HistoricalData(HistoricalData),
    18 BondContractData(ContractData),
    19 ScannerParameters(ScannerParameters),
    20 ScannerData(ScannerData),
    21 TickOptionComputation(TickOptionComputation),
    45 TickGeneric(TickGeneric),
    46 TickString(TickString),
    49 CurrentTime(CurrentTime),
    50 RealTimeBarTick(RealTimeBarTick),
    51 FundamentalsData(FundamentalsData),
    52 ContractDataEnd(ContractDataEnd),
    53 OpenOrdersEnd(OpenOrdersEnd),
    54 AccountDataEnd(AccountDataEnd),
    55 ExecutionDetailsEnd(ExecutionDetailsEnd),
    57 TickSnapshotEnd(TickSnapshotEnd),
    58 MarketDataType(MarketDataType),
    59 CommissionAndFeesReport(CommissionAndFeesReport),
    61 Position(Position),
    62 PositionEnd(PositionEnd),
    63 AccountSummary(AccountSummary),
    64 AccountSummaryEnd(AccountSummaryEnd),
    65 VerifyMessageApi(VerifyMessageApi),
    66 VerifyCompleted(VerifyCompleted),
    67 DisplayGroupList(DisplayGroupList),
    68 DisplayGroupUpdated(DisplayGroupUpdated),
    71 PositionMulti(PositionMulti),
    72 PositionMultiEnd(PositionMultiEnd),
    73 AccountUpdateMulti(AccountUpdateMulti),
    74 AccountUpdateMultiEnd(AccountUpdateMultiEnd),
    75 SecDefOptParameter(SecDefOptParameter),
    76 SecDefOptParameterEnd(SecDefOptParameterEnd),
    77 SoftDollarTiers(SoftDollarTiers),
    78 FamilyCodes(FamilyCodes),
    79 SymbolSamples(SymbolSamples),
    80 MarketDepthExchanges(MarketDepthExchanges),
    81 TickReqParams(TickReqParams),
    82 SmartComponents(SmartComponents),
    83 NewsArticle(NewsArticle),
    84 TickNews(TickNews),
    85 NewsProviders(NewsProviders),
    86 HistoricalNews(HistoricalNews),
    87 HistoricalNewsEnd(HistoricalNewsEnd),
    88 HeadTimestamp(HeadTimestamp),
    89 HistogramData(HistogramData),
    90 HistoricalDataUpdate(HistoricalDataUpdate),
    91 RerouteMarketDataRequest(RerouteMarketDataRequest),
    92 RerouteMarketDepthRequest(RerouteMarketDepthRequest),
    93 MarketRule(MarketRule),
    94 PnL(PnL),
    95 PnLSingle(PnLSingle),
    96 HistoricalTicks(HistoricalTicks),
    97 HistoricalTicksBidAsk(HistoricalTicksBidAsk),
    98 HistoricalTicksLast(HistoricalTicksLast),
    99 TickByTickData(TickByTickData),
    100 OrderBound(OrderBound),
    101 CompletedOrder(CompletedOrder),
    102 CompletedOrdersEnd(CompletedOrdersEnd),
    103 ReplaceFAEnd(ReplaceFAEnd),
    104 WshMetaData(WshMetaData),
    105 WshEventData(WshEventData),
    106 HistoricalSchedule(HistoricalSchedule),
    107 UserInfo(UserInfo),
    108 HistoricalDataEnd(HistoricalDataEnd),
    109 CurrentTimeInMillis(CurrentTimeInMillis),
    110 ConfigResponse(ConfigResponse),
    111 UpdateConfigResponse(UpdateConfigResponse),
}
