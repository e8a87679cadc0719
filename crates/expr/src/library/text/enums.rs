//! Enumerations of the text area.

use crate::library::rows::{Row, m};
use crate::library::typedef::{TypeDef, enumeration};
use crate::types::Type;
use crate::value::Value;

/// `System.DayOfWeek`
pub static DAY_OF_WEEK: TypeDef = enumeration(
    "System.DayOfWeek",
    &[("Sunday", 0), ("Monday", 1), ("Tuesday", 2), ("Wednesday", 3), ("Thursday", 4), ("Friday", 5), ("Saturday", 6)],
)
.def();
/// `System.DateTimeKind`
pub static DATE_TIME_KIND: TypeDef =
    enumeration("System.DateTimeKind", &[("Unspecified", 0), ("Utc", 1), ("Local", 2)]).def();
/// `System.MidpointRounding`
pub static MIDPOINT_ROUNDING: TypeDef = enumeration(
    "System.MidpointRounding",
    &[("ToEven", 0), ("AwayFromZero", 1), ("ToZero", 2), ("ToNegativeInfinity", 3), ("ToPositiveInfinity", 4)],
)
.def();
/// `System.StringComparison`
pub static STRING_COMPARISON: TypeDef = enumeration(
    "System.StringComparison",
    &[
        ("CurrentCulture", 0),
        ("CurrentCultureIgnoreCase", 1),
        ("InvariantCulture", 2),
        ("InvariantCultureIgnoreCase", 3),
        ("Ordinal", 4),
        ("OrdinalIgnoreCase", 5),
    ],
)
.def();
/// `System.StringSplitOptions`
pub static STRING_SPLIT_OPTIONS: TypeDef =
    enumeration("System.StringSplitOptions", &[("None", 0), ("RemoveEmptyEntries", 1), ("TrimEntries", 2)])
        .flags()
        .def();
/// `System.Base64FormattingOptions`
pub static BASE64_FORMATTING_OPTIONS: TypeDef =
    enumeration("System.Base64FormattingOptions", &[("None", 0), ("InsertLineBreaks", 1)]).flags().unlisted().def();
/// `System.Globalization.NumberStyles`
pub static NUMBER_STYLES: TypeDef = enumeration(
    "System.Globalization.NumberStyles",
    &[
        ("None", 0),
        ("AllowLeadingWhite", 1),
        ("AllowTrailingWhite", 2),
        ("AllowLeadingSign", 4),
        ("AllowTrailingSign", 8),
        ("AllowParentheses", 16),
        ("AllowDecimalPoint", 32),
        ("AllowThousands", 64),
        ("AllowExponent", 128),
        ("AllowCurrencySymbol", 256),
        ("AllowHexSpecifier", 512),
        ("Integer", 7),
        ("HexNumber", 515),
        ("Number", 111),
        ("Float", 167),
        ("Currency", 383),
        ("Any", 511),
    ],
)
.flags()
.unlisted()
.def();
/// `System.Globalization.DateTimeStyles`
pub static DATE_TIME_STYLES: TypeDef = enumeration(
    "System.Globalization.DateTimeStyles",
    &[
        ("None", 0),
        ("AllowLeadingWhite", 1),
        ("AllowTrailingWhite", 2),
        ("AllowInnerWhite", 4),
        ("AllowWhiteSpaces", 7),
        ("NoCurrentDateDefault", 8),
        ("AdjustToUniversal", 16),
        ("AssumeLocal", 32),
        ("AssumeUniversal", 64),
        ("RoundtripKind", 128),
    ],
)
.flags()
.unlisted()
.def();
/// `System.Globalization.TimeSpanStyles`
pub static TIME_SPAN_STYLES: TypeDef =
    enumeration("System.Globalization.TimeSpanStyles", &[("None", 0), ("AssumeNegative", 1)]).flags().unlisted().def();
/// `System.Text.NormalizationForm`
pub static NORMALIZATION_FORM: TypeDef =
    enumeration("System.Text.NormalizationForm", &[("FormC", 1), ("FormD", 2), ("FormKC", 5), ("FormKD", 6)])
        .unlisted()
        .def();
/// `System.TypeCode`
pub static TYPE_CODE: TypeDef = enumeration(
    "System.TypeCode",
    &[
        ("Empty", 0),
        ("Object", 1),
        ("DBNull", 2),
        ("Boolean", 3),
        ("Char", 4),
        ("SByte", 5),
        ("Byte", 6),
        ("Int16", 7),
        ("UInt16", 8),
        ("Int32", 9),
        ("UInt32", 10),
        ("Int64", 11),
        ("UInt64", 12),
        ("Single", 13),
        ("Double", 14),
        ("Decimal", 15),
        ("DateTime", 16),
        ("String", 18),
    ],
)
.unlisted()
.def();
/// `System.Globalization.UnicodeCategory`
pub static UNICODE_CATEGORY: TypeDef = enumeration(
    "System.Globalization.UnicodeCategory",
    &[
        ("UppercaseLetter", 0),
        ("LowercaseLetter", 1),
        ("TitlecaseLetter", 2),
        ("ModifierLetter", 3),
        ("OtherLetter", 4),
        ("NonSpacingMark", 5),
        ("SpacingCombiningMark", 6),
        ("EnclosingMark", 7),
        ("DecimalDigitNumber", 8),
        ("LetterNumber", 9),
        ("OtherNumber", 10),
        ("SpaceSeparator", 11),
        ("LineSeparator", 12),
        ("ParagraphSeparator", 13),
        ("Control", 14),
        ("Format", 15),
        ("Surrogate", 16),
        ("PrivateUse", 17),
        ("ConnectorPunctuation", 18),
        ("DashPunctuation", 19),
        ("OpenPunctuation", 20),
        ("ClosePunctuation", 21),
        ("InitialQuotePunctuation", 22),
        ("FinalQuotePunctuation", 23),
        ("OtherPunctuation", 24),
        ("MathSymbol", 25),
        ("CurrencySymbol", 26),
        ("ModifierSymbol", 27),
        ("OtherSymbol", 28),
        ("OtherNotAssigned", 29),
    ],
)
.unlisted()
.def();

/// `TypeCode` of a value.
pub(super) fn type_code(value: &Value) -> Value {
    let code = match value {
        Value::Null => 0,
        Value::Bool(_) => 3,
        Value::Char(_) => 4,
        Value::SByte(_) => 5,
        Value::Byte(_) => 6,
        Value::Short(_) => 7,
        Value::UShort(_) => 8,
        Value::Int(_) | Value::Enum(..) => 9,
        Value::UInt(_) => 10,
        Value::Long(_) => 11,
        Value::ULong(_) => 12,
        Value::Float(_) => 13,
        Value::Double(_) => 14,
        Value::Decimal(_) => 15,
        Value::DateTime(_) => 16,
        Value::Str(_) => 18,
        _ => 1,
    };
    Value::Enum(Type::of(&TYPE_CODE), code)
}

/// `GetTypeCode()` of the primitives.
pub(crate) static TYPE_CODE_ROWS: &[Row] = &[m("TypeCode GetTypeCode()", |_, a| Ok(type_code(a.get(0))))];
