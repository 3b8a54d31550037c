//! What is said, whatever the encoding: the vendor's protobuf messages. The text encoding spells
//! the same messages as fields in a fixed order, so that there is one model behind two codecs.
//!
//! A message is a line of the tables below: its scalars, then the messages in it (`one`, `many`),
//! lists of scalars (`list`) and pairs of texts (`map`). Every scalar may be absent, as on the
//! wire.

/// What a scalar of the tables is in Rust.
#[allow(non_camel_case_types)]
mod kind {
    pub type int32 = Option<i32>;
    pub type int64 = Option<i64>;
    pub type double = Option<f64>;
    pub type bool = Option<core::primitive::bool>;
    pub type string = Option<String>;
}

/// What an element of a list is in Rust.
#[allow(non_camel_case_types)]
mod element {
    pub type int32 = i32;
    pub type double = f64;
    pub type string = String;
}

macro_rules! messages {
    ($(
        $name:ident [$($kind:ident $field:ident = $tag:tt),*]
        $(one [$($one_type:ident $one:ident = $one_tag:tt),+])?
        $(many [$($many_type:ident $many:ident = $many_tag:tt),+])?
        $(list [$($list_kind:ident $list:ident = $list_tag:tt),+])?
        $(map [$($map:ident = $map_tag:tt),+])?;
    )*) => {$(
        #[derive(Clone, PartialEq, prost::Message, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $(
                #[prost($kind, optional, tag = $tag)]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: $crate::wire::kind::$kind,
            )*
            $($(
                #[prost(message, optional, tag = $one_tag)]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $one: Option<$one_type>,
            )+)?
            $($(
                #[prost(message, repeated, tag = $many_tag)]
                #[serde(skip_serializing_if = "Vec::is_empty")]
                pub $many: Vec<$many_type>,
            )+)?
            $($(
                #[prost($list_kind, repeated, tag = $list_tag)]
                #[serde(skip_serializing_if = "Vec::is_empty")]
                pub $list: Vec<$crate::wire::element::$list_kind>,
            )+)?
            $($(
                #[prost(btree_map = "string, string", tag = $map_tag)]
                #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
                pub $map: std::collections::BTreeMap<String, String>,
            )+)?
        }
    )*};
}

mod answers;
mod blocks;
mod requests;
mod tables;

pub use answers::*;
pub use blocks::*;
pub use requests::*;
pub use tables::{Answer, Request};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
