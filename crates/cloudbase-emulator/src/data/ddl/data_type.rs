//! Types of columns. Each of the parser's is matched by name, so that a new one is not taken for another.

use sqlparser::ast::{
    BinaryLength, CharacterLength, DataType, EnumMember, ExactNumberInfo, TimezoneInfo,
};

use super::unsupported;
use crate::data::catalog::Kind;
use crate::data::error::DataError;

/// The digits of FLOAT and DOUBLE, if they are limited.
pub(super) fn digits(data_type: &DataType) -> Result<Option<(u8, u8)>, DataError> {
    let (DataType::Float(info)
    | DataType::FloatUnsigned(info)
    | DataType::Double(info)
    | DataType::DoubleUnsigned(info)) = data_type
    else {
        return Ok(None);
    };
    let ExactNumberInfo::PrecisionAndScale(all, behind) = *info else {
        return Ok(None);
    };
    // MySQL's own limits.
    match (u8::try_from(all), u8::try_from(behind)) {
        (Ok(all @ 1..=255), Ok(behind @ 0..=30)) if behind <= all => Ok(Some((all, behind))),
        _ => Err(DataError::invalid_request(format!(
            "{data_type} has too many digits"
        ))),
    }
}

/// The type of a column.
pub(super) fn kind(data_type: &DataType) -> Result<Kind, DataError> {
    let int = |bits, unsigned| Ok(Kind::Int { bits, unsigned });
    match data_type {
        DataType::Bool | DataType::Boolean | DataType::TinyInt(_) => int(8, false),
        DataType::TinyIntUnsigned(_) => int(8, true),
        DataType::SmallInt(_) | DataType::Int2(_) => int(16, false),
        DataType::SmallIntUnsigned(_) | DataType::Int2Unsigned(_) => int(16, true),
        DataType::MediumInt(_) => int(24, false),
        DataType::MediumIntUnsigned(_) => int(24, true),
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => int(32, false),
        DataType::IntUnsigned(_) | DataType::IntegerUnsigned(_) | DataType::Int4Unsigned(_) => {
            int(32, true)
        }
        DataType::BigInt(_) | DataType::Int8(_) => int(64, false),
        DataType::BigIntUnsigned(_) | DataType::Int8Unsigned(_) => int(64, true),
        DataType::Bit(bits) => match bits.unwrap_or(1) {
            bits @ 1..=63 => Ok(Kind::Bit(bits as u8)),
            64 => Err(unsupported("BIT(64)")),
            bits => Err(too_big(data_type, bits, 64)),
        },
        DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => {
            decimal(data_type, info, false)
        }
        DataType::DecimalUnsigned(info) | DataType::DecUnsigned(info) => {
            decimal(data_type, info, true)
        }
        DataType::Float(info) | DataType::FloatUnsigned(info) => match *info {
            // So many bits ask for the longer type.
            ExactNumberInfo::Precision(25..=53) => Ok(Kind::Double),
            ExactNumberInfo::Precision(bits @ 54..) => Err(too_big(data_type, bits, 53)),
            ExactNumberInfo::Precision(..=24)
            | ExactNumberInfo::None
            | ExactNumberInfo::PrecisionAndScale(..) => Ok(Kind::Float),
        },
        DataType::Float4 => Ok(Kind::Float),
        DataType::Double(ExactNumberInfo::Precision(_))
        | DataType::DoubleUnsigned(ExactNumberInfo::Precision(_)) => Err(
            DataError::invalid_request(format!("{data_type} needs its digits behind the point")),
        ),
        DataType::Double(_)
        | DataType::DoubleUnsigned(_)
        | DataType::DoublePrecision
        | DataType::DoublePrecisionUnsigned
        | DataType::Real
        | DataType::RealUnsigned
        | DataType::Float8 => Ok(Kind::Double),
        DataType::Char(size) | DataType::Character(size) => {
            match characters(data_type, size.as_ref())? {
                Some(length @ 256..) => Err(too_big(data_type, length.into(), 255)),
                length => Ok(Kind::Char(length.unwrap_or(1))),
            }
        }
        DataType::Varchar(size)
        | DataType::CharacterVarying(size)
        | DataType::CharVarying(size)
        | DataType::Nvarchar(size) => match characters(data_type, size.as_ref())? {
            Some(length @ ..=65_535) => Ok(Kind::VarChar(length)),
            Some(length) => Err(too_big(data_type, length.into(), 65_535)),
            None => Err(DataError::invalid_request("VARCHAR needs its length")),
        },
        DataType::TinyText => Ok(Kind::Text(255)),
        DataType::Text => Ok(Kind::Text(65_535)),
        DataType::MediumText => Ok(Kind::Text(16_777_215)),
        DataType::LongText => Ok(Kind::Text(4_294_967_295)),
        DataType::Binary(size) => match size.unwrap_or(1) {
            length @ ..=255 => Ok(Kind::Binary(length as u32)),
            length => Err(too_big(data_type, length, 255)),
        },
        DataType::Varbinary(size) => match size {
            Some(BinaryLength::IntegerLength {
                length: length @ ..=65_535,
            }) => Ok(Kind::Blob(*length)),
            Some(BinaryLength::IntegerLength { length }) => {
                Err(too_big(data_type, *length, 65_535))
            }
            Some(BinaryLength::Max) | None => {
                Err(DataError::invalid_request("VARBINARY needs its length"))
            }
        },
        DataType::TinyBlob => Ok(Kind::Blob(255)),
        DataType::Blob(size) => Ok(Kind::Blob(holding(size.unwrap_or(65_535)))),
        DataType::MediumBlob => Ok(Kind::Blob(16_777_215)),
        DataType::LongBlob => Ok(Kind::Blob(4_294_967_295)),
        DataType::Date => Ok(Kind::Date),
        DataType::Datetime(digits) => Ok(Kind::DateTime {
            fraction: fraction(data_type, *digits)?,
        }),
        DataType::Timestamp(digits, TimezoneInfo::None) => Ok(Kind::Timestamp {
            fraction: fraction(data_type, *digits)?,
        }),
        DataType::Time(digits, TimezoneInfo::None) => Ok(Kind::Time {
            fraction: fraction(data_type, *digits)?,
        }),
        DataType::JSON => Ok(Kind::Json),
        DataType::Enum(members, None) => members
            .iter()
            .map(|member| match member {
                EnumMember::Name(name) => Ok(name.clone()),
                EnumMember::NamedValue(name, _) => Err(unsupported(&format!(
                    "a number for the ENUM member '{name}'"
                ))),
            })
            .collect::<Result<_, _>>()
            .map(Kind::Enum),
        DataType::Set(members) if members.len() <= 64 => Ok(Kind::Set(members.clone())),
        DataType::Custom(name, sizes) => {
            synonym(data_type, &name.to_string().to_ascii_uppercase(), sizes)
        }
        // Of other databases, or of this one and not of the embedded engine.
        DataType::Set(_)
        | DataType::Timestamp(..)
        | DataType::Time(..)
        | DataType::Enum(..)
        | DataType::GeometricType(_)
        | DataType::Table(_)
        | DataType::NamedTable { .. }
        | DataType::Uuid
        | DataType::CharacterLargeObject(_)
        | DataType::CharLargeObject(_)
        | DataType::Clob(_)
        | DataType::Bytes(_)
        | DataType::BigNumeric(_)
        | DataType::BigDecimal(_)
        | DataType::UTinyInt
        | DataType::USmallInt
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Int128
        | DataType::Int256
        | DataType::HugeInt
        | DataType::UHugeInt
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::UInt128
        | DataType::UInt256
        | DataType::UBigInt
        | DataType::Signed
        | DataType::SignedInteger
        | DataType::Unsigned
        | DataType::UnsignedInteger
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Datetime64(..)
        | DataType::TimestampNtz(_)
        | DataType::Interval { .. }
        | DataType::JSONB
        | DataType::Regclass
        | DataType::String(_)
        | DataType::FixedString(_)
        | DataType::Bytea
        | DataType::BitVarying(_)
        | DataType::VarBit(_)
        | DataType::Array(_)
        | DataType::Map(..)
        | DataType::Tuple(_)
        | DataType::Nested(_)
        | DataType::Struct(..)
        | DataType::Union(_)
        | DataType::Nullable(_)
        | DataType::LowCardinality(_)
        | DataType::Unspecified
        | DataType::Trigger
        | DataType::AnyType
        | DataType::TsVector
        | DataType::TsQuery => Err(unsupported(&format!("the column type {data_type}"))),
    }
}

/// Names of MySQL's that the parser has no type for.
fn synonym(data_type: &DataType, name: &str, sizes: &[String]) -> Result<Kind, DataError> {
    let size = |place: usize| sizes.get(place).map(|size| size.parse::<u64>());
    let int = |bits| {
        Ok(Kind::Int {
            bits,
            unsigned: false,
        })
    };
    match (name, size(0), size(1)) {
        ("YEAR", None | Some(Ok(4)), None) => Ok(Kind::Year),
        ("INT1", _, None) => int(8),
        ("INT3" | "MIDDLEINT", _, None) => int(24),
        ("NCHAR", None, None) => Ok(Kind::Char(1)),
        ("NCHAR", Some(Ok(length @ ..=255)), None) => Ok(Kind::Char(length as u32)),
        ("TEXT", Some(Ok(length)), None) => Ok(Kind::Text(holding(length))),
        ("FIXED", None, None) => decimal(data_type, &ExactNumberInfo::None, false),
        ("FIXED", Some(Ok(precision)), None) => {
            decimal(data_type, &ExactNumberInfo::Precision(precision), false)
        }
        ("FIXED", Some(Ok(precision)), Some(Ok(scale))) => {
            let scale = i64::try_from(scale).unwrap_or(i64::MAX);
            decimal(
                data_type,
                &ExactNumberInfo::PrecisionAndScale(precision, scale),
                false,
            )
        }
        _ => Err(unsupported(&format!("the column type {data_type}"))),
    }
}

/// The smallest of the four sizes of TEXT and BLOB that holds so much.
fn holding(length: u64) -> u64 {
    [255, 65_535, 16_777_215]
        .into_iter()
        .find(|size| length <= *size)
        .unwrap_or(4_294_967_295)
}

fn characters(
    data_type: &DataType,
    length: Option<&CharacterLength>,
) -> Result<Option<u32>, DataError> {
    match length {
        None => Ok(None),
        Some(CharacterLength::IntegerLength { length, unit: None }) => u32::try_from(*length)
            .map(Some)
            .map_err(|_| too_big(data_type, *length, 65_535)),
        Some(CharacterLength::IntegerLength { unit: Some(_), .. } | CharacterLength::Max) => {
            Err(unsupported(&format!("the column type {data_type}")))
        }
    }
}

fn fraction(data_type: &DataType, digits: Option<u64>) -> Result<u8, DataError> {
    match digits.unwrap_or(0) {
        digits @ ..=6 => Ok(digits as u8),
        digits => Err(too_big(data_type, digits, 6)),
    }
}

fn decimal(
    data_type: &DataType,
    info: &ExactNumberInfo,
    unsigned: bool,
) -> Result<Kind, DataError> {
    let (precision, scale) = match *info {
        // What MySQL takes 0 for, too.
        ExactNumberInfo::None | ExactNumberInfo::Precision(0) => (10, 0),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => {
            (precision, u64::try_from(scale).unwrap_or(u64::MAX))
        }
    };
    if scale > 30 || scale > precision {
        return Err(too_big(data_type, scale, precision.min(30)));
    }
    match u32::try_from(precision) {
        Ok(precision @ ..=65) => Ok(Kind::Decimal {
            precision,
            scale: scale as u32,
            unsigned,
        }),
        _ => Err(too_big(data_type, precision, 65)),
    }
}

fn too_big(data_type: &DataType, size: u64, most: u64) -> DataError {
    DataError::invalid_request(format!("{data_type}: {size} is too much, at most {most}"))
}
