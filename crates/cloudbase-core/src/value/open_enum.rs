//! Enums of which the service may send values that this version does not know.

/// Declares an enum over strings that keeps what it does not know in `Unknown`.
///
/// It gets `as_str`, a total `From<&str>`, `Display`, and serde as a plain string, so that an
/// unknown value survives being read and written again.
///
/// ```
/// cloudbase_core::open_enum! {
///     /// How a user was verified.
///     pub enum Channel {
///         /// By e-mail.
///         Email = "email",
///         /// By text message.
///         Phone = "phone",
///     }
/// }
///
/// assert_eq!(Channel::from("email"), Channel::Email);
/// assert_eq!(Channel::from("pigeon").as_str(), "pigeon");
/// ```
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
            /// A value that this version of the SDK does not know.
            Unknown(::std::boxed::Box<str>),
        }

        impl $name {
            /// The value as the service spells it.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    other => Self::Unknown(other.into()),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::sdk::serde::Serialize for $name {
            fn serialize<S: $crate::sdk::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::sdk::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::sdk::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as $crate::sdk::serde::Deserialize>::deserialize(
                    deserializer,
                )?;
                ::std::result::Result::Ok(Self::from(&*text))
            }
        }
    };
}
