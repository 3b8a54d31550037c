use crate::wire::{Answer, ErrorMessage};

/// Why something was not done, in the vendor's numbers and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: i32,
    pub text: String,
}

/// Where an error belongs that belongs to no request.
pub const NOBODY: i32 = -1;

impl Refusal {
    pub fn new(code: i32, text: &str) -> Refusal {
        Refusal { code, text: text.to_owned() }
    }

    /// A request that makes no sense.
    pub fn invalid(cause: &str) -> Refusal {
        Refusal { code: 321, text: format!("Error validating request:-'bN' : cause - {cause}") }
    }

    pub fn no_contract(text: String) -> Refusal {
        Refusal { code: 200, text }
    }

    pub fn rejected(reason: &str) -> Refusal {
        Refusal { code: 201, text: format!("Order rejected - reason:{reason}") }
    }

    pub fn no_history(reason: &str) -> Refusal {
        let text = format!("Historical Market Data Service error message:{reason}");
        Refusal { code: 162, text }
    }

    /// As told to a client; `id` is that of the request or order.
    pub fn answer(&self, id: i32, now: i64) -> Answer {
        Answer::ErrorMessage(ErrorMessage {
            id: Some(id),
            error_time: Some(now.div_euclid(1_000_000)),
            error_code: Some(self.code),
            error_msg: Some(self.text.clone()),
            advanced_order_reject_json: None,
        })
    }
}
