//! Writes any type of serde's as EJSON: a serializer around another one.

mod members;

use cloudbase_core::Timestamp;
use cloudbase_core::sdk::TIMESTAMP;
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};

use self::members::Members;
use crate::documents::value::{Binary, DateTime, PLAIN};

/// How numbers are written. Either way their types arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As plain JSON numbers where those are read back as the same type: `1`, `1.5`.
    Relaxed,
    /// As `{"$numberInt": "1"}` always.
    Canonical,
}

/// A value that is written as EJSON.
pub(crate) struct Encoded<'a, T: ?Sized> {
    pub(crate) value: &'a T,
    pub(crate) form: Form,
}

impl<T: Serialize + ?Sized> Serialize for Encoded<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Encoder {
            inner,
            form: self.form,
        })
    }
}

struct Encoder<S> {
    inner: S,
    form: Form,
}

impl<S: Serializer> Encoder<S> {
    fn wrapped(self, key: &'static str, text: &str) -> Result<S::Ok, S::Error> {
        let mut map = self.inner.serialize_map(Some(1))?;
        map.serialize_entry(key, text)?;
        map.end()
    }

    fn int(self, value: i32) -> Result<S::Ok, S::Error> {
        match self.form {
            Form::Relaxed => self.inner.serialize_i32(value),
            Form::Canonical => self.wrapped("$numberInt", &value.to_string()),
        }
    }

    /// A plain number of this size would be read as 32 bits, so it never stands alone.
    fn long(self, value: i64) -> Result<S::Ok, S::Error> {
        self.wrapped("$numberLong", &value.to_string())
    }

    fn unsigned(self, value: u128) -> Result<S::Ok, S::Error> {
        match i32::try_from(value) {
            Ok(small) => self.int(small),
            Err(_) => self.wide(i64::try_from(value).ok()),
        }
    }

    fn wide(self, value: Option<i64>) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => self.long(value),
            None => Err(S::Error::custom(
                "the database has no integers of more than 64 bits; use `Decimal128`",
            )),
        }
    }

    fn double(self, value: f64) -> Result<S::Ok, S::Error> {
        // `1.0` and `1` are the same to JSON, and so would their types be.
        if self.form == Form::Relaxed && value.is_finite() && value.fract() != 0.0 {
            return self.inner.serialize_f64(value);
        }
        let text = match value {
            f64::INFINITY => "Infinity".to_owned(),
            f64::NEG_INFINITY => "-Infinity".to_owned(),
            value if value.is_nan() => "NaN".to_owned(),
            value => format!("{value:?}"),
        };
        self.wrapped("$numberDouble", &text)
    }

    fn nested<'v, T: ?Sized>(&self, value: &'v T) -> Encoded<'v, T> {
        Encoded {
            value,
            form: self.form,
        }
    }

    fn members<C>(self, open: impl FnOnce(S) -> Result<C, S::Error>) -> Opened<C, S::Error> {
        Ok(Members {
            inner: open(self.inner)?,
            form: self.form,
        })
    }
}

type Opened<C, E> = Result<Members<C>, E>;

macro_rules! pass {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        }
    )*};
}

macro_rules! numbers {
    ($($method:ident: $type:ty => $form:ident($convert:expr)),*) => {$(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.$form($convert(value))
        }
    )*};
}

impl<S: Serializer> Serializer for Encoder<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Members<S::SerializeSeq>;
    type SerializeTuple = Members<S::SerializeTuple>;
    type SerializeTupleStruct = Members<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Members<S::SerializeTupleVariant>;
    type SerializeMap = Members<S::SerializeMap>;
    type SerializeStruct = Members<S::SerializeStruct>;
    type SerializeStructVariant = Members<S::SerializeStructVariant>;

    // The type of the field says what is stored, not the size of the value: a field keeps its type. Unsigned
    // ones, which the database has not, are stored as small as they fit, as JSON and JavaScript do.
    numbers!(
        serialize_i8: i8 => int(i32::from), serialize_i16: i16 => int(i32::from),
        serialize_i32: i32 => int(i32::from), serialize_i64: i64 => long(i64::from),
        serialize_i128: i128 => wide(|value| i64::try_from(value).ok()),
        serialize_u8: u8 => int(i32::from), serialize_u16: u16 => int(i32::from),
        serialize_u32: u32 => unsigned(u128::from), serialize_u64: u64 => unsigned(u128::from),
        serialize_u128: u128 => unsigned(u128::from),
        serialize_f32: f32 => double(f64::from), serialize_f64: f64 => double(f64::from)
    );
    pass!(serialize_bool: bool, serialize_char: char, serialize_str: &str,
        serialize_unit_struct: &'static str);

    fn serialize_bytes(self, bytes: &[u8]) -> Result<S::Ok, S::Error> {
        Binary::from(bytes).serialize(self.inner)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let value = self.nested(value);
        self.inner.serialize_some(&value)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        if name == TIMESTAMP {
            let at = serde_json::to_value(value).and_then(serde_json::from_value::<Timestamp>);
            let at = DateTime::from(at.map_err(S::Error::custom)?);
            return at.serialize(self.inner);
        }
        if name == PLAIN {
            return self.inner.serialize_newtype_struct(name, value);
        }
        let value = self.nested(value);
        self.inner.serialize_newtype_struct(name, &value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.nested(value);
        self.inner
            .serialize_newtype_variant(name, index, variant, &value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Opened<S::SerializeSeq, S::Error> {
        self.members(|inner| inner.serialize_seq(len))
    }

    fn serialize_tuple(self, len: usize) -> Opened<S::SerializeTuple, S::Error> {
        self.members(|inner| inner.serialize_tuple(len))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Opened<S::SerializeTupleStruct, S::Error> {
        self.members(|inner| inner.serialize_tuple_struct(name, len))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Opened<S::SerializeTupleVariant, S::Error> {
        self.members(|inner| inner.serialize_tuple_variant(name, index, variant, len))
    }

    fn serialize_map(self, len: Option<usize>) -> Opened<S::SerializeMap, S::Error> {
        self.members(|inner| inner.serialize_map(len))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Opened<S::SerializeStruct, S::Error> {
        self.members(|inner| inner.serialize_struct(name, len))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Opened<S::SerializeStructVariant, S::Error> {
        self.members(|inner| inner.serialize_struct_variant(name, index, variant, len))
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
