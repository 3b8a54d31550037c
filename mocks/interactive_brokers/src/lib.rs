//! A mock of TWS and IB Gateway.

mod codec;
mod engine;
mod frames;
mod instruments;
mod lookup;
mod numbers;
mod refusal;
mod settings;
mod text;
mod times;
mod wire;
