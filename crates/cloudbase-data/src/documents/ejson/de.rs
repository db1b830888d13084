//! Reads EJSON into any type of serde's, straight from the text: a deserializer around another one.
//!
//! What a field wants decides how its value is read. A number takes `{"$numberInt": "1"}` and `1`, text
//! takes the hexadecimal digits of an ObjectId, bytes take `{"$binary": …}`. Everything else with a `$`
//! reaches the type as the object that it is, which the types of [`value`](crate::documents::value) read.

mod key;
mod number;

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};

use self::key::{Key, Peeked, value_of};
use crate::documents::value::Binary;
use crate::nested::{Nested, Reading, handed_on, passed_on};

/// A `T`, read from EJSON.
pub(crate) struct Ejson<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ejson<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(Reader(deserializer)).map(Self)
    }
}

/// What a type asks for, as far as EJSON has forms of its own for it.
#[derive(Clone, Copy, PartialEq)]
enum Hint {
    Any,
    Integer,
    Float32,
    Float64,
    Text,
    Bytes,
}

impl Hint {
    /// Whether the type holds the integer without rounding it: written back it would be another one.
    fn holds(self, integer: i128) -> bool {
        match self {
            Self::Float32 => integer as f32 as i128 == integer,
            Self::Float64 => integer as f64 as i128 == integer,
            _ => true,
        }
    }
}

/// As EJSON, and so everything nested.
#[derive(Clone, Copy)]
struct AsEjson;

impl Reading for AsEjson {
    fn reader<'de, D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> impl Deserializer<'de, Error = D::Error> {
        Reader(deserializer)
    }
}

struct Reader<D>(D);

macro_rules! hinted {
    ($hint:ident: $($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.deserialize_any(Scalar { visitor, hint: Hint::$hint })
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Reader<D> {
    type Error = D::Error;

    hinted!(Any: deserialize_any);
    hinted!(Integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128);
    hinted!(Float32: deserialize_f32);
    hinted!(Float64: deserialize_f64);
    hinted!(Text: deserialize_str deserialize_string);
    hinted!(Bytes: deserialize_bytes deserialize_byte_buf);
    passed_on!(AsEjson:
        deserialize_bool() deserialize_char() deserialize_option() deserialize_unit()
        deserialize_unit_struct(name: &'static str) deserialize_seq()
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_newtype_struct(name: &'static str)
        deserialize_identifier() deserialize_ignored_any()
    );

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// A value that may come in a form of its own.
struct Scalar<V> {
    visitor: V,
    hint: Hint,
}

impl<V> Scalar<V> {
    /// The visitor for an integer, if the type holds it.
    fn held<E: de::Error>(self, integer: impl Into<i128>) -> Result<V, E> {
        match self.hint.holds(integer.into()) {
            true => Ok(self.visitor),
            false => Err(E::custom(
                "a float does not hold this integer without rounding",
            )),
        }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Scalar<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    handed_on!(visitor:
        visit_bool: bool, visit_i128: i128, visit_u128: u128, visit_char: char, visit_str: &str,
        visit_borrowed_str: &'de str, visit_string: String, visit_bytes: &[u8],
        visit_borrowed_bytes: &'de [u8], visit_byte_buf: Vec<u8>
    );

    /// The numbers that come as text say their size.
    fn visit_i32<E: de::Error>(self, value: i32) -> Result<V::Value, E> {
        self.held(value)?.visit_i32(value)
    }

    /// A plain number: relaxed EJSON, which says by the size alone whether it has 32 bits or 64.
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<V::Value, E> {
        match i32::try_from(value) {
            Ok(small) => self.visit_i32(small),
            Err(_) => self.held(value)?.visit_i64(value),
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<V::Value, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => self.held(value)?.visit_u64(value),
        }
    }

    /// A double that is a whole number is one: what JavaScript or an average writes into a counter.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<V::Value, E> {
        match number::whole(value) {
            Some(whole) if self.hint == Hint::Integer => self.visitor.visit_i64(whole),
            _ => self.visitor.visit_f64(value),
        }
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Reader(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Reader(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Nested::new(seq, AsEjson))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Nested::new(data, AsEjson))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        let Some(key) = map.next_key::<Key<'de>>()? else {
            return self.visitor.visit_map(Nested::new(map, AsEjson));
        };
        match (key, self.hint) {
            (Key::Int, _) => self.visit_i32(number::int(&mut map)?),
            (Key::Long, _) => {
                let value = number::long(&mut map)?;
                self.held(value)?.visit_i64(value)
            }
            (Key::Double, _) => {
                let value = number::double(&mut map)?;
                self.visit_f64(value)
            }
            (Key::Oid, Hint::Text) => {
                let id: String = value_of(&mut map)?;
                self.visitor.visit_string(id)
            }
            (key @ Key::Binary, Hint::Bytes) => {
                let binary = Binary::deserialize(key.into_map(map))?;
                self.visitor.visit_byte_buf(binary.into_bytes())
            }
            (key, _) => self
                .visitor
                .visit_map(Nested::new(Peeked::new(key, map), AsEjson)),
        }
    }
}
