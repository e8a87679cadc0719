//! Rows: what one member is made of.

use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use crate::run::{Cx, Text};
use crate::types::Type;
use crate::value::{Each, Object, Str, Value};

/// A member's code. Argument 0 is the receiver of an instance or extension member.
pub type Native = for<'h, 'a> fn(&mut Cx<'h>, Args<'a>) -> Result<Value, Thrown>;
/// The code of a member that gives text and may borrow it from the host.
pub type TextFn = for<'h, 'a> fn(&mut Cx<'h>, Args<'a>) -> Result<Text<'h>, Thrown>;
/// The code that gives one text of the texts a member gives, without making the array; `None` when there is none at that place.
pub type ItemFn = for<'h, 'a> fn(&mut Cx<'h>, Args<'a>, usize) -> Result<Option<Text<'h>>, Thrown>;
/// The code that starts an enumeration.
pub type EachFn = for<'h, 'a> fn(&mut Cx<'h>, Args<'a>) -> Result<Each, Thrown>;

/// What a member is called with. One pointer, so that it is passed in a register.
pub struct Args<'a>(&'a mut Passed<'a>);

/// The arguments of one call.
pub(crate) struct Passed<'a> {
    /// Receiver first (instance and extension members), then one value for every declared parameter: defaults are filled in,
    /// `params` is an array. An `out` or `ref` parameter is written back from here.
    pub(crate) values: &'a mut [Value],
    /// The constant arguments behind them, shared by every call.
    pub(crate) fixed: &'a [Value],
    /// Type arguments: of the type first, of the member behind.
    pub(crate) types: &'a [Type],
}

impl<'a> Args<'a> {
    /// The arguments of a call.
    #[inline]
    pub(crate) fn new(given: &'a mut Passed<'a>) -> Self {
        Self(given)
    }
}

impl Args<'_> {
    /// Argument `index`.
    #[inline]
    pub fn get(&self, index: usize) -> &Value {
        static NULL: Value = Value::Null;
        match self.0.values.get(index) {
            Some(value) => value,
            None => self.0.fixed.get(index - self.0.values.len()).unwrap_or(&NULL),
        }
    }

    /// How many there are, the receiver included.
    pub fn count(&self) -> usize {
        self.0.values.len() + self.0.fixed.len()
    }

    /// Type arguments: of the type first, of the member behind.
    pub fn types(&self) -> &[Type] {
        self.0.types
    }

    /// Copies of the arguments from `index` on.
    pub fn from(&self, index: usize) -> Vec<Value> {
        (index..self.count()).map(|index| self.get(index).clone()).collect()
    }

    /// Argument `index`, moved out.
    pub fn take(&mut self, index: usize) -> Value {
        match self.0.values.get_mut(index) {
            Some(value) => std::mem::take(value),
            None => self.get(index).clone(),
        }
    }

    /// Writes an `out` or `ref` parameter (or a struct receiver) back.
    pub fn put(&mut self, index: usize, value: impl Into<Value>) {
        if let Some(place) = self.0.values.get_mut(index) {
            *place = value.into();
        }
    }

    /// Type argument `index`.
    pub fn ty(&self, index: usize) -> Type {
        self.0.types.get(index).copied().unwrap_or_else(Type::object)
    }

    /// A `bool` argument.
    pub fn bool(&self, index: usize) -> bool {
        self.get(index).as_bool()
    }

    /// An `int` argument.
    pub fn int(&self, index: usize) -> i32 {
        self.get(index).as_int()
    }

    /// A `long` argument.
    pub fn long(&self, index: usize) -> i64 {
        self.get(index).as_long()
    }

    /// A `double` argument.
    pub fn double(&self, index: usize) -> f64 {
        self.get(index).as_double()
    }

    /// A `char` argument.
    pub fn char(&self, index: usize) -> u16 {
        if let Value::Char(c) = self.get(index) { *c } else { 0 }
    }

    /// An enum argument as its number.
    pub fn number(&self, index: usize) -> i64 {
        self.get(index).integer().and_then(|n| i64::try_from(n).ok()).unwrap_or(0)
    }

    /// A `string` argument, `None` for `null`.
    pub fn str(&self, index: usize) -> Option<&Str> {
        self.get(index).as_str()
    }

    /// A `string` argument that must not be `null`.
    ///
    /// # Errors
    /// `ArgumentNullException` naming the parameter.
    pub fn need_str(&self, index: usize, name: &str) -> Result<&Str, Thrown> {
        self.str(index).ok_or_else(|| null_argument(name))
    }

    /// An argument that must not be `null`.
    ///
    /// # Errors
    /// `ArgumentNullException` naming the parameter.
    pub fn need(&self, index: usize, name: &str) -> Result<&Value, Thrown> {
        let value = self.get(index);
        if value.is_null() { Err(null_argument(name)) } else { Ok(value) }
    }

    /// The receiver's text. Compiled code never calls an instance member on `null`.
    pub fn this_str(&self) -> &Str {
        static EMPTY: Str = Str::EMPTY;
        self.str(0).unwrap_or(&EMPTY)
    }

    /// Argument `index` as the Rust type of an object.
    ///
    /// # Errors
    /// `NullReferenceException` for `null`, `InvalidCastException` for another object.
    pub fn obj<T: Object>(&self, index: usize) -> Result<&T, Thrown> {
        let value = self.get(index);
        value.downcast().ok_or_else(|| {
            if value.is_null() {
                Exception::new(ExceptionKind::NullReference, "Object reference not set to an instance of an object.")
            } else {
                Exception::new(ExceptionKind::InvalidCast, "Specified cast is not valid.")
            }
        })
    }
}

/// `ArgumentNullException` in .NET's words.
pub(crate) fn null_argument(name: &str) -> Thrown {
    Exception::new(ExceptionKind::ArgumentNull, format!("Value cannot be null. (Parameter '{name}')"))
}

/// How a member is carried out.
#[derive(Clone, Copy)]
pub enum Imp {
    /// A function that gives a value.
    Call(Native),
    /// A function that gives text, possibly borrowed from the host.
    Text(TextFn),
    /// Starts an enumeration: the row `GetEnumerator` of a type that `foreach` and LINQ read.
    Each(EachFn),
    /// An interface member: found by name and parameters on the run-time type.
    Virtual,
    /// A constant the compiler may fold.
    Constant(Default),
}

/// A constant written in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// A whole number of the row's type.
    Int(i64),
    /// A `ulong`.
    ULong(u64),
    /// A floating point number of the row's type.
    Float(f64),
    /// A text.
    Str(&'static str),
    /// A `bool`.
    Bool(bool),
    /// A `char`.
    Char(u16),
    /// A `decimal` as text.
    Decimal(&'static str),
    /// `null`.
    Null,
}

/// What a member reads of the exchange beyond its head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The request body.
    pub request_body: bool,
    /// The response body.
    pub response_body: bool,
}

impl Needs {
    /// Nothing.
    pub const NONE: Self = Self { request_body: false, response_body: false };
    /// The request body.
    pub const REQUEST_BODY: Self = Self { request_body: true, response_body: false };
    /// The response body.
    pub const RESPONSE_BODY: Self = Self { request_body: false, response_body: true };

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            request_body: self.request_body || other.request_body,
            response_body: self.response_body || other.response_body,
        }
    }
}

/// What a row declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A method.
    Method,
    /// A property, field or indexer that is read.
    Get,
    /// A property, field or indexer that is written; the value is the last argument.
    Set,
    /// A constructor.
    Constructor,
    /// An operator.
    Operator,
    /// A conversion operator.
    Conversion,
}

/// One member.
#[derive(Clone, Copy)]
pub struct Row {
    /// The signature in C# words.
    pub sig: &'static str,
    /// What it declares.
    pub sort: Sort,
    /// Its code.
    pub imp: Imp,
    /// In the documented allow-list? `None`: as its type.
    pub listed: Option<bool>,
    /// What it reads.
    pub needs: Needs,
    /// Same arguments, same result, no effect.
    pub pure: bool,
    /// Only for run-time dispatch (an explicit interface implementation).
    pub hidden: bool,
    /// Declared by this .NET generation or later only.
    pub core_only: bool,
    /// The short way of `member(…)[constant]`, for members that give `string[]`.
    pub item: Option<ItemFn>,
}

impl Row {
    const fn new(sort: Sort, sig: &'static str, imp: Imp) -> Self {
        Self {
            sig,
            sort,
            imp,
            listed: None,
            needs: Needs::NONE,
            pure: true,
            hidden: false,
            core_only: false,
            item: None,
        }
    }

    /// Not in the documented allow-list: lenient mode only.
    #[must_use]
    pub const fn unlisted(mut self) -> Self {
        self.listed = Some(false);
        self
    }

    /// In the documented allow-list although its type is not.
    #[must_use]
    pub const fn listed(mut self) -> Self {
        self.listed = Some(true);
        self
    }

    /// Reads a body.
    #[must_use]
    pub const fn reads(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// Has an effect, or depends on more than its arguments.
    #[must_use]
    pub const fn impure(mut self) -> Self {
        self.pure = false;
        self
    }

    /// One of its texts is asked for by its place: `Headers["X"][0]`.
    #[must_use]
    pub const fn item(mut self, item: ItemFn) -> Self {
        self.item = Some(item);
        self
    }

    /// Exists in .NET Core only.
    #[must_use]
    pub const fn core_only(mut self) -> Self {
        self.core_only = true;
        self
    }
}

/// A method: `string Substring(int startIndex)`, `static int Parse(string s)`.
pub const fn m(sig: &'static str, call: Native) -> Row {
    Row::new(Sort::Method, sig, Imp::Call(call))
}

/// A method that gives text, possibly borrowed from the host.
pub const fn mt(sig: &'static str, call: TextFn) -> Row {
    Row::new(Sort::Method, sig, Imp::Text(call))
}

/// An extension method, in a static class: `int Sum(this IEnumerable<int> source)`.
pub const fn ext(sig: &'static str, call: Native) -> Row {
    Row::new(Sort::Method, sig, Imp::Call(call))
}

/// A property, field or indexer: `int Length`, `static string Empty`, `char this[int index]`.
pub const fn p(sig: &'static str, get: Native) -> Row {
    Row::new(Sort::Get, sig, Imp::Call(get))
}

/// A property that gives text, possibly borrowed from the host.
pub const fn pt(sig: &'static str, get: TextFn) -> Row {
    Row::new(Sort::Get, sig, Imp::Text(get))
}

/// The setter of a property or indexer, same signature as its getter; the value is the last argument.
pub const fn set(sig: &'static str, set: Native) -> Row {
    Row::new(Sort::Set, sig, Imp::Call(set))
}

/// A constructor: `(int year, int month, int day)`.
pub const fn ctor(sig: &'static str, call: Native) -> Row {
    Row::new(Sort::Constructor, sig, Imp::Call(call))
}

/// An operator: `TimeSpan operator -(DateTime a, DateTime b)`.
pub const fn op(sig: &'static str, call: Native) -> Row {
    Row::new(Sort::Operator, sig, Imp::Call(call))
}

/// A conversion: `implicit operator JToken(string value)`, `explicit operator int(JToken value)`.
pub const fn conv(sig: &'static str, call: Native) -> Row {
    Row::new(Sort::Conversion, sig, Imp::Call(call))
}

/// A constant: `constant("int MaxValue", Default::Int(…))`.
pub const fn constant(sig: &'static str, value: Default) -> Row {
    Row::new(Sort::Get, sig, Imp::Constant(value))
}

/// A member of an interface; the run-time type's member of the same name carries it out.
pub const fn virt(sort: Sort, sig: &'static str) -> Row {
    Row::new(sort, sig, Imp::Virtual)
}

/// `GetEnumerator` of a sequence type whose values are not [`Object`]s with their own [`Object::each`].
pub const fn each(sig: &'static str, start: EachFn) -> Row {
    Row::new(Sort::Method, sig, Imp::Each(start))
}

/// An explicit interface implementation: found at run time, invisible to source.
pub const fn hidden(mut row: Row) -> Row {
    row.hidden = true;
    row
}
