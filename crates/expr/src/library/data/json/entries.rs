//! A `JObject` seen as `IDictionary<string, JToken>`.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::json::{JToken, Key, NameMatch};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::object::{Token, maybe, token, token_value};
use super::sequence::{children_of, found};
use crate::library::core::collections::ArrayObject;
use crate::library::core::tuples::Record;
use crate::library::rows::{Args, Row, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Object, Str, Value};

/// The view.
pub(super) struct Entries(pub(super) JToken);

impl Object for Entries {
    fn type_of(&self) -> Type {
        Type::of(&ENTRIES)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn identity(&self) -> Option<(usize, u32)> {
        Some(self.0.identity())
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::new(&self.0.to_text())))
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(children_of(self.0.clone(), true)))
    }
}

fn this<'v>(a: &'v Args<'_>) -> Result<&'v JToken, Thrown> {
    a.obj::<Entries>(0).map(|entries| &entries.0)
}

/// The name and the value of the pair in argument 1.
fn parts(a: &Args<'_>) -> Result<(Option<Str>, Option<JToken>), Thrown> {
    let pair = a.obj::<Record>(1)?;
    let value = pair.parts.get(1).and_then(|value| value.downcast::<Token>()).map(|token| token.0.clone());
    Ok((pair.parts.first().and_then(Value::as_str).cloned(), value))
}

/// Does the object hold this very value under the name?
fn holds(a: &Args<'_>) -> Result<bool, Thrown> {
    let (name, value) = parts(a)?;
    let Some(name) = name else { return Ok(false) };
    let found = this(a)?.get(name.as_str(), NameMatch::Exact);
    Ok(found.zip(value).is_some_and(|(found, value)| found.same(&value)))
}

static ROWS: &[Row] = &[
    p("JToken this[string key]", |_, a| {
        let name = a.need_str(1, "propertyName")?;
        Ok(maybe(this(&a)?.get(name.as_str(), NameMatch::Exact)))
    }),
    set("JToken this[string key]", |_, a| {
        let name = a.need_str(1, "propertyName")?;
        this(&a)?.set_index(&Key::Name(name.as_str()), token(&a, 2)).map(|()| Value::Null)
    }),
    p("int Count", |_, a| Ok(Value::Int(i32::try_from(this(&a)?.count()).unwrap_or(i32::MAX)))),
    p("bool IsReadOnly", |_, _| Ok(Value::Bool(false))),
    p("ICollection<string> Keys", |_, a| {
        let names = this(&a)?.entries().into_iter().map(|(name, _)| Value::from(name.to_string())).collect();
        Ok(crate::library::core::collections::list_value(Type::string(), names))
    }),
    p("ICollection<JToken> Values", |_, _| {
        Err(Exception::new(ExceptionKind::NotImplemented, "The method or operation is not implemented."))
    }),
    m("bool ContainsKey(string key)", |_, a| {
        let name = a.need_str(1, "propertyName")?;
        Ok(Value::Bool(this(&a)?.get(name.as_str(), NameMatch::Exact).is_some()))
    }),
    m("bool TryGetValue(string key, out JToken value)", |_, mut a| {
        let name = a.need_str(1, "propertyName")?.clone();
        let found = this(&a)?.get(name.as_str(), NameMatch::Exact);
        let is_there = found.is_some();
        a.put(2, maybe(found));
        Ok(Value::Bool(is_there))
    }),
    m("void Add(string key, JToken value)", |_, a| {
        let name = a.need_str(1, "name")?;
        this(&a)?.add_property(name.as_str(), token(&a, 2)).map(|()| Value::Null)
    }),
    m("bool Remove(string key)", |_, a| {
        let name = a.need_str(1, "propertyName")?;
        Ok(Value::Bool(this(&a)?.remove_property(name.as_str())))
    }),
    m("void Clear()", |_, a| this(&a)?.clear().map(|()| Value::Null)),
    m("void Add(KeyValuePair<string, JToken> item)", |_, a| {
        let (name, value) = parts(&a)?;
        let Some(name) = name else { return Err(crate::library::null_argument("name")) };
        this(&a)?.add_property(name.as_str(), value.as_ref()).map(|()| Value::Null)
    }),
    m("bool Contains(KeyValuePair<string, JToken> item)", |_, a| holds(&a).map(Value::Bool)),
    m("bool Remove(KeyValuePair<string, JToken> item)", |_, a| {
        let there = holds(&a)?;
        if let (true, (Some(name), _)) = (there, parts(&a)?) {
            this(&a)?.remove_property(name.as_str());
        }
        Ok(Value::Bool(there))
    }),
    m("void CopyTo(KeyValuePair<string, JToken>[] array, int arrayIndex)", |_, a| {
        let of = this(&a)?;
        let array = a.need(1, "array")?.downcast::<ArrayObject>();
        let at = usize::try_from(a.int(2)).map_err(|_| {
            Exception::new(ExceptionKind::ArgumentOutOfRange, "arrayIndex is less than 0. (Parameter 'arrayIndex')")
        })?;
        let Some(array) = array else { return Ok(Value::Null) };
        let mut items = array.items_mut();
        let wrong = |message: &str| Err(Exception::new(ExceptionKind::Argument, message));
        if at > 0 && at >= items.len() {
            return wrong("arrayIndex is equal to or greater than the length of array.");
        }
        if of.count() > items.len() - at {
            return wrong(
                "The number of elements in the source JObject is greater than the available space from arrayIndex to the \
                 end of the destination array.",
            );
        }
        for (place, (name, value)) in items[at..].iter_mut().zip(of.entries()) {
            *place = super::sequence::entry(&name, token_value(value));
        }
        Ok(Value::Null)
    }),
];

/// The view's type: what a `JObject` is as a dictionary.
pub(super) static ENTRIES: TypeDef = class("Newtonsoft.Json.Linq.JObjectEntries")
    .implements("IDictionary<string, JToken>")
    .abstract_()
    .unlisted()
    .rows(&[ROWS])
    .def();

/// The pairs of an object as a sequence.
pub(super) fn pairs(of: &JToken) -> Value {
    let items =
        of.entries().into_iter().map(|(name, value)| super::sequence::entry(&name, token_value(value))).collect();
    let pair = Type::generic(&crate::library::core::tuples::PAIR, &[Type::string(), Type::of(&super::token::JTOKEN)]);
    found(pair, items)
}
