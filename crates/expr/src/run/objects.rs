//! What every value can do: `ToString`, `Equals`, `GetHashCode`, `CompareTo`, `GetEnumerator`, and run-time type tests.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::cx::{Cx, null_reference};
use crate::library::{Args, Imp, Member, Passed};
use crate::types::{Kind, Type};
use crate::value::{Each, Enumerator, Str, Value};

/// One seed for the process: `GetHashCode` of a text differs between runs in .NET too, but equal texts must agree.
static HASHER: ahash::RandomState = ahash::RandomState::with_seeds(0x41, 0x70, 0x69, 0x6d);

impl Cx<'_> {
    /// `ToString()` of a value; `null` gives the empty text, as in concatenation.
    ///
    /// # Errors
    /// What the object's own `ToString` throws.
    pub fn to_text(&mut self, value: &Value) -> Result<Str, Thrown> {
        match value {
            Value::Null => Ok(Str::EMPTY),
            Value::Str(text) => Ok(text.clone()),
            Value::Object(object) => {
                self.guard()?;
                let object = Arc::clone(object);
                match object.to_text(self) {
                    Some(text) => text,
                    None => Ok(Str::from(object.type_of().reflected())),
                }
            }
            Value::Enum(ty, number) => Ok(Str::from(enum_text(*ty, *number))),
            Value::Host(ty, _) => {
                let Some(def) = ty.def() else { return Ok(Str::EMPTY) };
                match self.registry().declared(def, "ToString").first() {
                    Some(member) => {
                        let member = Arc::clone(member);
                        let text = self.call_member(&member, &[], &mut [value.clone()])?;
                        self.to_text(&text)
                    }
                    None => Ok(Str::from(ty.reflected())),
                }
            }
            primitive => crate::library::text::format::text_of(primitive, self.framework()),
        }
    }

    /// `IFormattable.ToString(format, invariant)`; `None` when the value is not formattable.
    ///
    /// # Errors
    /// `FormatException` for a format the type does not know.
    pub fn format(&mut self, value: &Value, format: &str) -> Result<Option<Str>, Thrown> {
        match value {
            Value::Object(object) => {
                self.guard()?;
                let object = Arc::clone(object);
                object.format(format, self).transpose()
            }
            Value::Enum(ty, number) => enum_format(*ty, *number, format).map(Some),
            Value::Null | Value::Str(_) | Value::Bool(_) | Value::Char(_) | Value::Host(..) => Ok(None),
            primitive => crate::library::text::format::format(primitive, format, self.framework()).map(Some),
        }
    }

    /// `object.Equals(a, b)`.
    ///
    /// # Errors
    /// What the object's own `Equals` throws.
    pub fn equals(&mut self, a: &Value, b: &Value) -> Result<bool, Thrown> {
        Ok(match (a, b) {
            (Value::Null, Value::Null) => true,
            (Value::Null, _) | (_, Value::Null) => false,
            (Value::Str(x), Value::Str(y)) => x == y,
            (Value::Int(x), Value::Int(y)) => x == y,
            (Value::Object(x), _) => {
                self.guard()?;
                let x = Arc::clone(x);
                match x.equals(b, self) {
                    Some(result) => result?,
                    None => a.same_object(b),
                }
            }
            (Value::Bool(x), Value::Bool(y)) => x == y,
            (Value::Char(x), Value::Char(y)) => x == y,
            (Value::SByte(x), Value::SByte(y)) => x == y,
            (Value::Byte(x), Value::Byte(y)) => x == y,
            (Value::Short(x), Value::Short(y)) => x == y,
            (Value::UShort(x), Value::UShort(y)) => x == y,
            (Value::UInt(x), Value::UInt(y)) => x == y,
            (Value::Long(x), Value::Long(y)) | (Value::TimeSpan(x), Value::TimeSpan(y)) => x == y,
            (Value::ULong(x), Value::ULong(y)) => x == y,
            (Value::Float(x), Value::Float(y)) => x == y || (x.is_nan() && y.is_nan()),
            (Value::Double(x), Value::Double(y)) => x == y || (x.is_nan() && y.is_nan()),
            (Value::Decimal(x), Value::Decimal(y)) => x == y,
            (Value::DateTime(x), Value::DateTime(y)) => ticks(*x) == ticks(*y),
            (Value::DateTimeOffset { ticks: x, offset: a }, Value::DateTimeOffset { ticks: y, offset: b }) => {
                utc_ticks(*x, *a) == utc_ticks(*y, *b)
            }
            (Value::Guid(x), Value::Guid(y)) => x == y,
            (Value::Enum(a, x), Value::Enum(b, y)) => a == b && x == y,
            (Value::Host(a, x), Value::Host(b, y)) => a == b && x == y,
            _ => false,
        })
    }

    /// A hash that agrees with [`Cx::equals`].
    ///
    /// # Errors
    /// What the object's own `GetHashCode` throws.
    pub fn hash(&mut self, value: &Value) -> Result<u64, Thrown> {
        if let Value::Object(object) = value {
            self.guard()?;
            let object = Arc::clone(object);
            return match object.hash(self) {
                Some(hash) => hash,
                None => Ok(match object.identity() {
                    Some(identity) => HASHER.hash_one(identity),
                    None => HASHER.hash_one(Arc::as_ptr(&object).cast::<()>() as usize),
                }),
            };
        }
        let mut hasher = HASHER.build_hasher();
        match value {
            Value::Str(text) => text.as_str().hash(&mut hasher),
            Value::Float(n) => plain(f64::from(*n)).to_bits().hash(&mut hasher),
            Value::Double(n) => plain(*n).to_bits().hash(&mut hasher),
            Value::Decimal(n) => n.normalize().hash(&mut hasher),
            Value::Bool(b) => b.hash(&mut hasher),
            Value::DateTime(data) => ticks(*data).hash(&mut hasher),
            Value::DateTimeOffset { ticks, offset } => utc_ticks(*ticks, *offset).hash(&mut hasher),
            Value::TimeSpan(t) => t.hash(&mut hasher),
            Value::Guid(g) => g.hash(&mut hasher),
            other => other.integer().unwrap_or(0).hash(&mut hasher),
        }
        Ok(hasher.finish())
    }

    /// `Comparer<T>.Default.Compare`: `null` first, texts by the invariant culture.
    ///
    /// # Errors
    /// `InvalidOperationException` when the values cannot be compared.
    pub fn compare(&mut self, a: &Value, b: &Value) -> Result<Ordering, Thrown> {
        Ok(match (a, b) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Less,
            (_, Value::Null) => Ordering::Greater,
            (Value::Str(x), Value::Str(y)) => crate::library::text::compare::culture(x, y, false),
            (Value::Float(x), Value::Float(y)) => compare_floats(f64::from(*x), f64::from(*y)),
            (Value::Double(x), Value::Double(y)) => compare_floats(*x, *y),
            (Value::Decimal(x), Value::Decimal(y)) => x.cmp(y),
            (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
            (Value::DateTime(x), Value::DateTime(y)) => ticks(*x).cmp(&ticks(*y)),
            (Value::DateTimeOffset { ticks: x, offset: a }, Value::DateTimeOffset { ticks: y, offset: b }) => {
                utc_ticks(*x, *a).cmp(&utc_ticks(*y, *b))
            }
            (Value::TimeSpan(x), Value::TimeSpan(y)) => x.cmp(y),
            (Value::Guid(x), Value::Guid(y)) => x.cmp(y),
            (Value::Object(x), _) => {
                self.guard()?;
                let x = Arc::clone(x);
                match x.compare(b, self) {
                    Some(result) => result?,
                    None => match b {
                        Value::Object(y) => {
                            let y = Arc::clone(y);
                            match y.compare(a, self) {
                                Some(result) => result?.reverse(),
                                None => return Err(not_comparable()),
                            }
                        }
                        _ => return Err(not_comparable()),
                    },
                }
            }
            _ if a.type_of() == b.type_of() => match (a.integer(), b.integer()) {
                (Some(x), Some(y)) => x.cmp(&y),
                _ => return Err(not_comparable()),
            },
            _ => {
                let name = a.type_of().map_or_else(String::new, |t| t.short_name());
                return Err(Exception::new(ExceptionKind::Argument, format!("Object must be of type {name}.")));
            }
        })
    }

    /// Starts reading a sequence.
    ///
    /// # Errors
    /// `NullReferenceException` for `null`, `InvalidCastException` for something that is no sequence.
    pub fn iterate(&mut self, sequence: &Value) -> Result<Each, Thrown> {
        match sequence {
            Value::Null => Err(null_reference()),
            Value::Str(text) => Ok(Box::new(Units { text: text.clone(), at: 0, low: None })),
            Value::Object(object) => {
                self.guard()?;
                match Arc::clone(object).each(self) {
                    Some(each) => each,
                    None => Err(bad_cast(object.type_of(), Type::of(&crate::library::core::names::IENUMERABLE))),
                }
            }
            Value::Host(ty, _) => {
                let found = ty.def().and_then(|def| self.registry().declared(def, "GetEnumerator").first().cloned());
                match found.as_deref().map(|member| member.row.imp) {
                    Some(Imp::Each(start)) => start(
                        self,
                        Args::new(&mut Passed { values: &mut [sequence.clone()], fixed: &[], types: ty.args() }),
                    ),
                    Some(Imp::Call(_)) => {
                        let member = found.ok_or_else(null_reference)?;
                        let value = self.call_member(&member, ty.args(), &mut [sequence.clone()])?;
                        self.iterate(&value)
                    }
                    _ => Err(bad_cast(*ty, Type::of(&crate::library::core::names::IENUMERABLE))),
                }
            }
            other => {
                let from = other.type_of().unwrap_or_else(Type::object);
                Err(bad_cast(from, Type::of(&crate::library::core::names::IENUMERABLE)))
            }
        }
    }

    /// `value is type` (false for `null`).
    pub fn is_instance(&self, value: &Value, ty: Type) -> bool {
        let ty = ty.underlying();
        match value.type_of() {
            None => false,
            Some(runtime) => {
                runtime == ty || (!ty.is_value_type() && self.registry().derives(runtime, ty)) || runtime.same(ty)
            }
        }
    }

    /// Unboxing or a reference conversion: the value itself, if it is of the type.
    ///
    /// # Errors
    /// `InvalidCastException`, or `NullReferenceException` for `null` as a value type.
    pub fn cast(&self, value: Value, ty: Type) -> Result<Value, Thrown> {
        if value.is_null() {
            return if ty.takes_null() { Ok(value) } else { Err(null_reference()) };
        }
        if self.is_instance(&value, ty) {
            return Ok(value);
        }
        // A boxed enum unboxes to its underlying type and back.
        let target = ty.underlying();
        match (&value, target.is_enum()) {
            (Value::Int(n), true) => return Ok(Value::Enum(target, i64::from(*n))),
            (Value::Enum(_, n), true) => return Ok(Value::Enum(target, *n)),
            (Value::Enum(_, n), false) if target == Type::int() => {
                return Ok(Value::Int(i32::try_from(*n).unwrap_or_default()));
            }
            _ => {}
        }
        Err(bad_cast(value.type_of().unwrap_or_else(Type::object), ty))
    }

    /// Runs a member with its arguments in place (receiver first). Interface members find their implementation.
    ///
    /// # Errors
    /// What the member throws.
    pub fn call_member(&mut self, member: &Member, types: &[Type], args: &mut [Value]) -> Result<Value, Thrown> {
        match member.row.imp {
            Imp::Call(call) => {
                let mut result = call(self, Args::new(&mut Passed { values: args, fixed: &[], types }));
                self.count_result(&mut result);
                result
            }
            Imp::Text(text) => {
                let text = text(self, Args::new(&mut Passed { values: args, fixed: &[], types }))?;
                let mut result = Ok(text.into_value());
                self.count_result(&mut result);
                result
            }
            Imp::Each(start) => {
                let each = start(self, Args::new(&mut Passed { values: args, fixed: &[], types }))?;
                let source = args.first().cloned().unwrap_or_default();
                let ty = member.ret.substitute(types);
                Ok(Value::object(crate::library::core::enumerators::Running::over(each, ty, source)))
            }
            Imp::Constant(constant) => Ok(constant_value(constant, member.ret)),
            Imp::Virtual => {
                let Some(runtime) = args.first().and_then(Value::type_of) else { return Err(null_reference()) };
                let Some((found, ty)) = self.registry().implementation(runtime, member, types) else {
                    return Err(Exception::new(
                        ExceptionKind::NotSupported,
                        format!("{} does not carry out {}.", runtime.clr(), member.row.sig),
                    ));
                };
                let extra = types.get(member.def.arity()..).unwrap_or(&[]);
                if extra.is_empty() {
                    self.call_member(&found, ty.args(), args)
                } else {
                    let all: Vec<Type> = ty.args().iter().chain(extra).copied().collect();
                    self.call_member(&found, &all, args)
                }
            }
        }
    }

    /// Calls an instance member by name, as an interface call would: for library code that serves many types.
    ///
    /// # Errors
    /// What the member throws; `NotSupportedException` when the run-time type has none of that name.
    pub fn call_named(&mut self, name: &str, args: &mut [Value]) -> Result<Value, Thrown> {
        let Some(runtime) = args.first().and_then(Value::type_of) else { return Err(null_reference()) };
        let mut at = Some(runtime);
        while let Some(ty) = at {
            let def = match ty.kind() {
                Kind::Named { def, .. } => Some(def.0),
                _ => None,
            };
            let count = args.len() - 1;
            let found = def.and_then(|d| {
                self.registry().declared(d, name).into_iter().find(|m| !m.is_static && m.params.len() == count)
            });
            if let Some(member) = found {
                return self.call_member(&member, ty.args(), args);
            }
            at = self.registry().base(ty);
        }
        Err(Exception::new(ExceptionKind::NotSupported, format!("{} has no member {name}.", runtime.clr())))
    }
}

/// One of the numbers that are equal: both zeros are, and all that are no number.
fn plain(number: f64) -> f64 {
    if number.is_nan() {
        f64::NAN
    } else if number == 0.0 {
        0.0
    } else {
        number
    }
}

/// The value of a constant of a type.
pub(crate) fn constant_value(constant: crate::library::Default, ty: Type) -> Value {
    use crate::library::Default as D;
    let ty = ty.underlying();
    match constant {
        D::Null => default_value(ty),
        D::Bool(b) => Value::Bool(b),
        D::Char(c) => Value::Char(c),
        D::Str(s) => Value::Str(Str::fixed(s)),
        D::Decimal(text) => text.parse().map_or(Value::Null, Value::Decimal),
        D::ULong(n) => Value::ULong(n),
        D::Float(n) if ty == Type::float() =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "the row states a float")]
            Value::Float(n as f32)
        }
        D::Float(n) => Value::Double(n),
        D::Int(n) => integer_of(ty, n),
    }
}

/// A whole number as a value of an integer, enum or floating type; it wraps.
pub(crate) fn integer_of(ty: Type, n: i64) -> Value {
    #![expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "unchecked conversion"
    )]
    if ty.is_enum() {
        return Value::Enum(ty, n);
    }
    if ty == Type::int() {
        Value::Int(n as i32)
    } else if ty == Type::long() {
        Value::Long(n)
    } else if ty == Type::byte() {
        Value::Byte(n as u8)
    } else if ty == Type::sbyte() {
        Value::SByte(n as i8)
    } else if ty == Type::short() {
        Value::Short(n as i16)
    } else if ty == Type::ushort() {
        Value::UShort(n as u16)
    } else if ty == Type::uint() {
        Value::UInt(n as u32)
    } else if ty == Type::ulong() {
        Value::ULong(n as u64)
    } else if ty == Type::char() {
        Value::Char(n as u16)
    } else if ty == Type::double() {
        Value::Double(n as f64)
    } else if ty == Type::float() {
        Value::Float(n as f32)
    } else if ty == Type::decimal() {
        Value::Decimal(n.into())
    } else {
        Value::Int(n as i32)
    }
}

/// `default(T)`.
pub(crate) fn default_value(ty: Type) -> Value {
    if !ty.is_value_type() || ty.nullable_of().is_some() {
        return Value::Null;
    }
    if ty == Type::bool() {
        return Value::Bool(false);
    }
    if ty == Type::date_time() {
        return Value::DateTime(0);
    }
    if ty == Type::date_time_offset() {
        return Value::DateTimeOffset { ticks: 0, offset: 0 };
    }
    if ty == Type::time_span() {
        return Value::TimeSpan(0);
    }
    if ty == Type::guid() {
        return Value::Guid(0);
    }
    if let Some(record) = crate::library::core::tuples::default_record(ty) {
        return record;
    }
    if ty.is_enum() || crate::types::is_number(ty) || ty == Type::char() {
        return integer_of(ty, 0);
    }
    Value::object(crate::library::core::tuples::EmptyStruct(ty))
}

pub(crate) fn ticks(data: u64) -> u64 {
    data & 0x3FFF_FFFF_FFFF_FFFF
}

fn utc_ticks(ticks: i64, offset: i16) -> i64 {
    ticks - i64::from(offset) * 600_000_000
}

fn compare_floats(a: f64, b: f64) -> Ordering {
    // NaN is less than every number.
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

fn not_comparable() -> Thrown {
    Exception::new(ExceptionKind::Argument, "At least one object must implement IComparable.")
}

pub(crate) fn bad_cast(from: Type, to: Type) -> Thrown {
    Exception::new(
        ExceptionKind::InvalidCast,
        format!("Unable to cast object of type '{}' to type '{}'.", from.reflected(), to.reflected()),
    )
}

/// An enum value's name, `A, B` for flags, else its number.
pub(crate) fn enum_text(ty: Type, number: i64) -> String {
    let Some(def) = ty.def() else { return number.to_string() };
    if let Some((name, _)) = def.values().iter().find(|(_, v)| *v == number) {
        return (*name).to_owned();
    }
    if def.is_flags() && number != 0 {
        let mut left = number;
        let mut names = Vec::new();
        let mut values: Vec<_> = def.values().iter().filter(|(_, v)| *v != 0).collect();
        values.sort_by_key(|(_, v)| std::cmp::Reverse(v.cast_unsigned()));
        for (name, value) in values {
            if left & value == *value {
                left &= !value;
                names.push(*name);
            }
        }
        if left == 0 {
            names.reverse();
            return names.join(", ");
        }
    }
    number.to_string()
}

fn enum_format(ty: Type, number: i64, format: &str) -> Result<Str, Thrown> {
    Ok(match format {
        "" | "G" | "g" | "F" | "f" => Str::from(enum_text(ty, number)),
        "D" | "d" => Str::from(number.to_string()),
        "X" | "x" => Str::from(format!("{:08X}", number & 0xFFFF_FFFF)),
        _ => {
            return Err(Exception::new(
                ExceptionKind::Format,
                "Format string can be only \"G\", \"g\", \"X\", \"x\", \"F\", \"f\", \"D\" or \"d\".",
            ));
        }
    })
}

struct Units {
    text: Str,
    at: usize,
    low: Option<u16>,
}

impl Enumerator for Units {
    fn next(&mut self, _cx: &mut Cx<'_>) -> Result<Option<Value>, Thrown> {
        if let Some(low) = self.low.take() {
            return Ok(Some(Value::Char(low)));
        }
        let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else { return Ok(None) };
        self.at += c.len_utf8();
        let mut units = [0; 2];
        let encoded = c.encode_utf16(&mut units);
        self.low = encoded.get(1).copied();
        Ok(encoded.first().map(|unit| Value::Char(*unit)))
    }
}
