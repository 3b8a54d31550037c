//! What is answered to each request.

mod accounts;
mod contracts;
mod details;
mod history;
mod market;
mod news;
mod options;
mod orders;
mod scanner;
mod session;

pub use news::told as news_bulletin;

use crate::clients::Client;
use crate::instruments::{Index, Instrument};
use crate::lookup;
use crate::refusal::Refusal;
use crate::state::{State, World};
use crate::wire::{Answer, Contract, Request};

/// Done, or why not.
type Result<T = ()> = std::result::Result<T, Refusal>;

/// One request of one client.
pub struct Ask<'a> {
    world: &'a World,
    state: &'a mut State,
    me: usize,
}

/// Answers a request of the client with this key, if it is still there.
pub fn request(world: &World, state: &mut State, key: u64, request: Request) {
    let Some(me) = state.clients.iter().position(|client| client.key == key) else { return };
    let id = id_of(&request).unwrap_or(crate::refusal::NOBODY);
    let mut ask = Ask { world, state, me };
    if let Err(refusal) = ask.answer(request) {
        ask.refuse(id, &refusal);
    }
    state.tell_orders(world);
}

/// The number that an error about a request carries.
pub fn id_of(request: &Request) -> Option<i32> {
    let (_, _, fields) = request.describe();
    let id = fields.get("reqId").or_else(|| fields.get("orderId"))?;
    id.as_i64().and_then(|id| i32::try_from(id).ok())
}

impl Ask<'_> {
    fn answer(&mut self, request: Request) -> Result {
        let request = match session::answer(self, request)? {
            None => return Ok(()),
            Some(request) => request,
        };
        let request = match orders::answer(self, request)? {
            None => return Ok(()),
            Some(request) => request,
        };
        let request = match market::answer(self, request)? {
            None => return Ok(()),
            Some(request) => request,
        };
        let request = match history::answer(self, request)? {
            None => return Ok(()),
            Some(request) => request,
        };
        let request = match accounts::answer(self, request)? {
            None => return Ok(()),
            Some(request) => request,
        };
        let request = match contracts::answer(self, request)? {
            None => return Ok(()),
            Some(request) => request,
        };
        match news::answer(self, request)? {
            None => Ok(()),
            Some(request) => scanner::answer(self, request),
        }
    }

    fn me(&self) -> &Client {
        &self.state.clients[self.me]
    }

    fn me_mut(&mut self) -> &mut Client {
        &mut self.state.clients[self.me]
    }

    fn tell(&self, answer: Answer) {
        self.me().send(answer);
    }

    fn refuse(&self, id: i32, refusal: &Refusal) {
        self.tell(refusal.answer(id, self.state.now()));
    }

    fn instrument(&self, contract: &Option<Contract>) -> Result<Index> {
        let contract = contract.clone().unwrap_or_default();
        lookup::one(&self.world.instruments, &contract).map_err(Refusal::no_contract)
    }

    fn known(&self, index: Index) -> &Instrument {
        &self.world.instruments[index]
    }

    /// The account of this name; the only one if no name is given.
    fn account(&self, id: &Option<String>) -> Result<usize> {
        match id.as_deref() {
            None | Some("") => Ok(0),
            Some(id) => self
                .state
                .desk
                .account(id)
                .ok_or_else(|| Refusal::invalid(&format!("Invalid account code '{id}'."))),
        }
    }
}

/// There is no such subscription.
fn unknown_id(id: i32) -> Refusal {
    Refusal::new(300, &format!("Can't find EId with tickerId:{id}"))
}
