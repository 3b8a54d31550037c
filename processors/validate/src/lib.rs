//! Watches market data: reports what is stale, doubtful, doubled or missing on `quality.findings`.
