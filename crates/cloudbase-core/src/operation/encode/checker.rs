//! The serializer that looks at what goes by.

use std::collections::HashSet;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{Checked, Path, Problem, Report};

/// Passes everything on to `inner`, and checks it on the way.
pub(super) struct Checker<'a, S> {
    pub(super) inner: S,
    pub(super) at: &'a Path<'a>,
    pub(super) report: &'a Report,
}

impl<'a, S: Serializer> Checker<'a, S> {
    fn checked<'v, T: ?Sized>(&self, value: &'v T) -> Checked<'v, T>
    where
        'a: 'v,
    {
        Checked {
            value,
            at: self.at,
            report: self.report,
        }
    }

    fn finite(&self, value: f64) -> Result<(), S::Error> {
        let name = match value {
            value if value.is_finite() => return Ok(()),
            value if value.is_nan() => "NaN",
            _ => "infinite",
        };
        Err(self.report.problem(Problem::NotFinite(name), self.at))
    }
}

macro_rules! open {
    ($($method:ident($($argument:ident: $type:ty),*) -> $members:ident),*) => {$(
        fn $method(self, $($argument: $type),*) -> Result<Self::$members, S::Error> {
            let (at, report) = (self.at, self.report);
            Ok(Members::new(self.inner.$method($($argument),*)?, at, report))
        }
    )*};
}

macro_rules! pass {
    ($($method:ident($($argument:ident: $type:ty),*)),*) => {$(
        fn $method(self, $($argument: $type),*) -> Result<S::Ok, S::Error> {
            self.inner.$method($($argument),*)
        }
    )*};
}

impl<'a, S: Serializer> Serializer for Checker<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Members<'a, S::SerializeSeq>;
    type SerializeTuple = Members<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Members<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Members<'a, S::SerializeTupleVariant>;
    type SerializeMap = Members<'a, S::SerializeMap>;
    type SerializeStruct = Members<'a, S::SerializeStruct>;
    type SerializeStructVariant = Members<'a, S::SerializeStructVariant>;

    pass!(
        serialize_bool(value: bool), serialize_char(value: char), serialize_str(value: &str),
        serialize_i8(value: i8), serialize_i16(value: i16), serialize_i32(value: i32),
        serialize_i64(value: i64), serialize_i128(value: i128), serialize_u8(value: u8),
        serialize_u16(value: u16), serialize_u32(value: u32), serialize_u64(value: u64),
        serialize_u128(value: u128), serialize_bytes(value: &[u8]), serialize_none(),
        serialize_unit(), serialize_unit_struct(name: &'static str),
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str)
    );

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.finite(value.into())?;
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.finite(value)?;
        self.inner.serialize_f64(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let value = self.checked(value);
        self.inner.serialize_some(&value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.checked(value);
        self.inner.serialize_newtype_struct(name, &value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let (parent, report) = (self.at, self.report);
        let at = &Path::Key {
            parent,
            name: variant,
        };
        let value = Checked { value, at, report };
        self.inner
            .serialize_newtype_variant(name, index, variant, &value)
    }

    open!(
        serialize_seq(len: Option<usize>) -> SerializeSeq,
        serialize_tuple(len: usize) -> SerializeTuple,
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct,
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeTupleVariant,
        serialize_map(len: Option<usize>) -> SerializeMap,
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct,
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeStructVariant
    );

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// The members of a list or an object as they are written.
pub(super) struct Members<'a, C> {
    inner: C,
    at: &'a Path<'a>,
    report: &'a Report,
    /// How many members of a list there were.
    index: usize,
    /// The keys of a map so far. A struct that is flattened into another comes as a map.
    keys: HashSet<String>,
    /// The names of a struct's fields so far: few, so they are compared one by one.
    names: Vec<&'static str>,
    /// The key whose value is next.
    key: String,
}

impl<'a, C> Members<'a, C> {
    fn new(inner: C, at: &'a Path<'a>, report: &'a Report) -> Self {
        Self {
            inner,
            at,
            report,
            index: 0,
            keys: HashSet::new(),
            names: Vec::new(),
            key: String::new(),
        }
    }

    fn item<T: ?Sized, E>(
        &mut self,
        value: &T,
        write: impl FnOnce(&mut C, &Checked<'_, T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (parent, index, report) = (self.at, self.index, self.report);
        self.index += 1;
        let at = &Path::Index { parent, index };
        write(&mut self.inner, &Checked { value, at, report })
    }

    fn field<T: ?Sized, E>(
        &mut self,
        name: &str,
        value: &T,
        write: impl FnOnce(&mut C, &Checked<'_, T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (parent, report) = (self.at, self.report);
        let at = &Path::Key { parent, name };
        write(&mut self.inner, &Checked { value, at, report })
    }
}

macro_rules! lists {
    ($($list:ident::$method:ident),*) => {$(
        impl<C: $list> $list for Members<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.item(value, |inner, value| inner.$method(value))
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

lists!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! structs {
    ($($structure:ident),*) => {$(
        impl<C: $structure> $structure for Members<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                if self.names.contains(&name) {
                    let at = Path::Key { parent: self.at, name };
                    return Err(self.report.problem(Problem::Duplicate, &at));
                }
                self.names.push(name);
                self.field(name, value, |inner, value| inner.serialize_field(name, value))
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                self.inner.skip_field(name)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

structs!(SerializeStruct, SerializeStructVariant);

impl<C: SerializeMap> SerializeMap for Members<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.inner.serialize_key(key)?;
        self.key = key_text(key);
        if self.keys.insert(self.key.clone()) {
            return Ok(());
        }
        let (parent, name) = (self.at, self.key.as_str());
        let at = Path::Key { parent, name };
        Err(self.report.problem(Problem::Duplicate, &at))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let key = std::mem::take(&mut self.key);
        self.field(&key, value, |inner, value| inner.serialize_value(value))
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

/// A key as the object will have it: JSON knows only texts, so `1` and `"1"` are the same.
fn key_text<T: Serialize + ?Sized>(key: &T) -> String {
    let json = serde_json::to_string(key).unwrap_or_default();
    serde_json::from_str(&json).unwrap_or(json)
}
