//! Carries a way of reading into everything that is nested in a value: what deserializers around another
//! one share.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// A way of reading values.
pub(crate) trait Reading: Copy {
    /// `deserializer` with each value read in this way.
    fn reader<'de, D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> impl Deserializer<'de, Error = D::Error>;
}

/// What is nested in `inner`, a visitor, seed, sequence, map or enum, is read in this way as well.
pub(crate) struct Nested<T, R> {
    inner: T,
    reading: R,
}

impl<T, R> Nested<T, R> {
    pub(crate) fn new(inner: T, reading: R) -> Self {
        Self { inner, reading }
    }
}

/// The methods of a deserializer `self.0` whose visitors are nested in `$reading`.
macro_rules! passed_on {
    ($reading:ident: $($method:ident($($argument:ident: $type:ty),*))+) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($argument: $type,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            self.0.$method($($argument,)* $crate::nested::Nested::new(visitor, $reading))
        }
    )+};
}

/// The methods of a visitor that leaves a value to the visitor in its field.
macro_rules! handed_on {
    ($field:tt: $($method:ident: $type:ty),+) => {$(
        fn $method<E: serde::de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.$field.$method(value)
        }
    )+};
}

pub(crate) use {handed_on, passed_on};

impl<'de, V: Visitor<'de>, R: Reading> Visitor<'de> for Nested<V, R> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    handed_on!(inner:
        visit_bool: bool, visit_i32: i32, visit_i64: i64, visit_i128: i128, visit_u64: u64,
        visit_u128: u128, visit_f64: f64, visit_char: char, visit_str: &str,
        visit_borrowed_str: &'de str, visit_string: String, visit_bytes: &[u8],
        visit_borrowed_bytes: &'de [u8], visit_byte_buf: Vec<u8>
    );

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(self.reading.reader(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        let reader = self.reading.reader(deserializer);
        self.inner.visit_newtype_struct(reader)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Nested::new(seq, self.reading))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Nested::new(map, self.reading))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Nested::new(data, self.reading))
    }
}

impl<'de, T: DeserializeSeed<'de>, R: Reading> DeserializeSeed<'de> for Nested<T, R> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T::Value, D::Error> {
        self.inner.deserialize(self.reading.reader(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>, R: Reading> SeqAccess<'de> for Nested<A, R> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        let seed = Nested::new(seed, self.reading);
        self.inner.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>, R: Reading> MapAccess<'de> for Nested<A, R> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let seed = Nested::new(seed, self.reading);
        self.inner.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>, R: Reading> EnumAccess<'de> for Nested<A, R> {
    type Error = A::Error;
    type Variant = Nested<A::Variant, R>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Self::Variant), A::Error> {
        let (name, content) = self.inner.variant_seed(seed)?;
        Ok((name, Nested::new(content, self.reading)))
    }
}

impl<'de, A: VariantAccess<'de>, R: Reading> VariantAccess<'de> for Nested<A, R> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        let seed = Nested::new(seed, self.reading);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = Nested::new(visitor, self.reading);
        self.inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = Nested::new(visitor, self.reading);
        self.inner.struct_variant(fields, visitor)
    }
}
