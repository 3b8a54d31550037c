//! Events to Confluent-framed Avro and back.
//!
//! The encoding of our own schemas is generated code, an order of magnitude quicker than a
//! general encoder; a record written with any other schema goes through `apache-avro`, which
//! resolves it to ours. Tests hold the two against each other.

mod codec;
mod error;
mod frame;
mod primitive;
mod registry;

pub use codec::{decode_event, encode_event};
pub use error::{DecodeError, EncodeError};
pub use frame::{Deserializer, HEADER_LEN, Serializer, schema_id};
pub use primitive::{Decode, Encode};
pub use registry::{Registry, RegistryError};
