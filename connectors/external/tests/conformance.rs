//! The shared suite, switched on for every component. The vendor is a small program; what HTTP
//! does to others happens to its answers.

#![allow(clippy::unwrap_used)]

mod common;

use common::Rig;
use serde_json::json;

mod records {
    use super::*;

    testkit::source!(
        external::Records,
        mock = Rig,
        settings = json!({ "topics": ["market.trades"], "answer_secs": 2 }),
    );
}

mod deliveries {
    use super::*;

    testkit::sink!(
        external::Deliveries,
        mock = Rig,
        settings = json!({ "topics": ["orders.approved"], "answer_secs": 2 }),
    );
}

mod orders {
    use super::*;

    testkit::sink!(external::Orders, mock = Rig, settings = json!({ "answer_secs": 2 }));
}
