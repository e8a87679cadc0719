//! The types that the compiler itself must know, and the interfaces they implement.
//!
//! The rows of the primitives stand in `library/text/rows.rs`.

use crate::library::rows::{Sort, virt};
use crate::library::text::enums::TYPE_CODE_ROWS;
use crate::library::text::rows;
use crate::library::typedef::{TypeDef, class, interface, structure};

macro_rules! number {
    ($($name:ident = $full:literal, $rows:ident;)*) => {
        $(
            #[doc = concat!("`", $full, "`")]
            pub static $name: TypeDef = structure($full)
                .implements(concat!("IComparable, IFormattable, IConvertible, IComparable<", $full, ">, IEquatable<", $full, ">"))
                .rows(&[rows::$rows, TYPE_CODE_ROWS])
                .def();
        )*
    };
}

number! {
    SBYTE = "System.SByte", SBYTE;
    BYTE = "System.Byte", BYTE;
    INT16 = "System.Int16", INT16;
    UINT16 = "System.UInt16", UINT16;
    INT32 = "System.Int32", INT32;
    UINT32 = "System.UInt32", UINT32;
    INT64 = "System.Int64", INT64;
    UINT64 = "System.UInt64", UINT64;
    SINGLE = "System.Single", SINGLE;
    DOUBLE = "System.Double", DOUBLE;
    DECIMAL = "System.Decimal", DECIMAL;
}

/// `System.Object`
pub static OBJECT: TypeDef = class("System.Object").rows(&[super::objects::OBJECT_ROWS]).def();
/// `System.ValueType`
pub static VALUE_TYPE: TypeDef = class("System.ValueType").abstract_().unlisted().def();
/// `System.Enum`
pub static ENUM: TypeDef = class("System.Enum")
    .extends("System.ValueType")
    .implements("IComparable, IFormattable, IConvertible")
    .abstract_()
    .rows(&[super::objects::ENUM_ROWS])
    .def();
/// `System.Delegate`
pub static DELEGATE: TypeDef =
    class("System.Delegate").abstract_().unlisted().rows(&[super::objects::DELEGATE_ROWS]).def();
/// `System.Boolean`
pub static BOOLEAN: TypeDef = structure("System.Boolean")
    .implements("IComparable, IConvertible, IComparable<bool>, IEquatable<bool>")
    .rows(&[rows::BOOLEAN, TYPE_CODE_ROWS])
    .def();
/// `System.Char`
pub static CHAR: TypeDef = structure("System.Char")
    .implements("IComparable, IConvertible, IComparable<char>, IEquatable<char>")
    .rows(&[rows::CHAR, TYPE_CODE_ROWS])
    .def();
/// `System.String`
pub static STRING: TypeDef = class("System.String")
    .implements("IEnumerable<char>, IComparable, IConvertible, ICloneable, IComparable<string>, IEquatable<string>")
    .rows(&[super::objects::STRING_ROWS, rows::STRING, rows::STRING_FIND, rows::STRING_CHANGE, TYPE_CODE_ROWS])
    .def();
/// `System.DateTime`
pub static DATE_TIME: TypeDef = structure("System.DateTime")
    .implements("IComparable, IFormattable, IConvertible, IComparable<DateTime>, IEquatable<DateTime>")
    .rows(&[rows::DATE_TIME])
    .def();
/// `System.DateTimeOffset`
pub static DATE_TIME_OFFSET: TypeDef = structure("System.DateTimeOffset")
    .implements("IComparable, IFormattable, IComparable<DateTimeOffset>, IEquatable<DateTimeOffset>")
    .rows(&[rows::DATE_TIME_OFFSET])
    .def();
/// `System.TimeSpan`
pub static TIME_SPAN: TypeDef = structure("System.TimeSpan")
    .implements("IComparable, IFormattable, IComparable<TimeSpan>, IEquatable<TimeSpan>")
    .rows(&[rows::TIME_SPAN])
    .def();
/// `System.Guid`
pub static GUID: TypeDef = structure("System.Guid")
    .implements("IComparable, IFormattable, IComparable<Guid>, IEquatable<Guid>")
    .rows(&[rows::GUID])
    .def();
/// `System.Nullable<T>`
pub static NULLABLE: TypeDef = structure("System.Nullable<T>").rows(&[super::objects::NULLABLE_ROWS]).def();
/// `System.Nullable`
pub static NULLABLE_STATIC: TypeDef =
    crate::library::typedef::static_class("System.Nullable").rows(&[super::objects::NULLABLE_STATIC_ROWS]).def();
/// `System.Type`
pub static TYPE: TypeDef = class("System.Type").abstract_().unlisted().rows(&[super::objects::TYPE_ROWS]).def();
/// `System.IComparable`
pub static ICOMPARABLE: TypeDef =
    interface("System.IComparable").unlisted().rows(&[super::objects::ICOMPARABLE_ROWS]).def();
/// `System.IComparable<T>`
pub static ICOMPARABLE_OF: TypeDef =
    interface("System.IComparable<in T>").unlisted().rows(&[super::objects::ICOMPARABLE_OF_ROWS]).def();
/// `System.IEquatable<T>`
pub static IEQUATABLE: TypeDef =
    interface("System.IEquatable<T>").unlisted().rows(&[super::objects::IEQUATABLE_ROWS]).def();
/// `System.IFormattable`
pub static IFORMATTABLE: TypeDef =
    interface("System.IFormattable").unlisted().rows(&[super::objects::IFORMATTABLE_ROWS]).def();
/// `System.IConvertible`
pub static ICONVERTIBLE: TypeDef = interface("System.IConvertible").unlisted().def();
/// `System.ICloneable`
pub static ICLONEABLE: TypeDef =
    interface("System.ICloneable").unlisted().rows(&[&[virt(Sort::Method, "object Clone()")]]).def();
/// `System.IDisposable`
pub static IDISPOSABLE: TypeDef =
    interface("System.IDisposable").unlisted().rows(&[super::objects::IDISPOSABLE_ROWS]).def();
/// `System.IFormatProvider`
pub static IFORMAT_PROVIDER: TypeDef = interface("System.IFormatProvider").unlisted().def();

pub use super::collections::ARRAY;
pub use super::collections::interfaces::{IENUMERABLE, IENUMERABLE_OF, IENUMERATOR_OF};
pub use super::exceptions::EXCEPTION;

pub(crate) static TYPES: &[&TypeDef] = &[
    &OBJECT,
    &VALUE_TYPE,
    &ENUM,
    &DELEGATE,
    &BOOLEAN,
    &CHAR,
    &SBYTE,
    &BYTE,
    &INT16,
    &UINT16,
    &INT32,
    &UINT32,
    &INT64,
    &UINT64,
    &SINGLE,
    &DOUBLE,
    &DECIMAL,
    &STRING,
    &DATE_TIME,
    &DATE_TIME_OFFSET,
    &TIME_SPAN,
    &GUID,
    &NULLABLE,
    &NULLABLE_STATIC,
    &TYPE,
    &ICOMPARABLE,
    &ICOMPARABLE_OF,
    &IEQUATABLE,
    &IFORMATTABLE,
    &ICONVERTIBLE,
    &ICLONEABLE,
    &IDISPOSABLE,
    &IFORMAT_PROVIDER,
];
