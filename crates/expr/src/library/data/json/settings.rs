//! `JsonMergeSettings` and its enums. Not in the documented allow-list.

use std::any::Any;

use apimite_dotnet::Thrown;
use apimite_dotnet::json::{ArrayHandling, MergeSettings, NameMatch};
use parking_lot::Mutex;

use crate::library::rows::{Args, Row, ctor, p, set};
use crate::library::typedef::{TypeDef, class, enumeration};
use crate::types::Type;
use crate::value::{Object, Value};

/// A `JsonMergeSettings`.
struct SettingsObject(Mutex<MergeSettings>);

impl Object for SettingsObject {
    fn type_of(&self) -> Type {
        Type::of(&MERGE_SETTINGS)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The settings in a value; the defaults for `null`.
pub(super) fn merge_settings(value: &Value) -> MergeSettings {
    value.downcast::<SettingsObject>().map(|settings| *settings.0.lock()).unwrap_or_default()
}

fn held(a: &Args<'_>) -> Result<MergeSettings, Thrown> {
    Ok(*a.obj::<SettingsObject>(0)?.0.lock())
}

fn change(a: &Args<'_>, change: impl FnOnce(&mut MergeSettings)) -> Result<Value, Thrown> {
    change(&mut a.obj::<SettingsObject>(0)?.0.lock());
    Ok(Value::Null)
}

const ARRAYS: [ArrayHandling; 4] =
    [ArrayHandling::Concat, ArrayHandling::Union, ArrayHandling::Replace, ArrayHandling::Merge];

static ROWS: &[Row] = &[
    ctor("()", |_, _| Ok(Value::object(SettingsObject(Mutex::default())))),
    p("MergeArrayHandling MergeArrayHandling", |_, a| {
        let arrays = held(&a)?.arrays;
        let at = ARRAYS.iter().position(|known| *known == arrays).unwrap_or(0);
        Ok(Value::Enum(Type::of(&ARRAY_HANDLING), at as i64))
    }),
    set("MergeArrayHandling MergeArrayHandling", |_, a| {
        let arrays = usize::try_from(a.number(1)).ok().and_then(|at| ARRAYS.get(at)).copied().unwrap_or_default();
        change(&a, |settings| settings.arrays = arrays)
    }),
    p("MergeNullValueHandling MergeNullValueHandling", |_, a| {
        Ok(Value::Enum(Type::of(&NULL_HANDLING), i64::from(held(&a)?.nulls)))
    }),
    set("MergeNullValueHandling MergeNullValueHandling", |_, a| {
        let nulls = a.number(1) == 1;
        change(&a, |settings| settings.nulls = nulls)
    }),
    p("StringComparison PropertyNameComparison", |_, a| {
        let number = if held(&a)?.names == NameMatch::Exact { 4 } else { 5 };
        Ok(Value::Enum(Type::of(&crate::library::text::enums::STRING_COMPARISON), number))
    }),
    set("StringComparison PropertyNameComparison", |_, a| {
        let names = if a.number(1) % 2 == 1 { NameMatch::IgnoreCase } else { NameMatch::Exact };
        change(&a, |settings| settings.names = names)
    }),
];

/// `Newtonsoft.Json.Linq.JsonMergeSettings`
pub static MERGE_SETTINGS: TypeDef = class("Newtonsoft.Json.Linq.JsonMergeSettings").unlisted().rows(&[ROWS]).def();
/// `Newtonsoft.Json.Linq.MergeArrayHandling`
pub static ARRAY_HANDLING: TypeDef = enumeration(
    "Newtonsoft.Json.Linq.MergeArrayHandling",
    &[("Concat", 0), ("Union", 1), ("Replace", 2), ("Merge", 3)],
)
.unlisted()
.def();
/// `Newtonsoft.Json.Linq.MergeNullValueHandling`
pub static NULL_HANDLING: TypeDef =
    enumeration("Newtonsoft.Json.Linq.MergeNullValueHandling", &[("Ignore", 0), ("Merge", 1)]).unlisted().def();
