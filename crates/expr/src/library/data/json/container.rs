//! `JContainer`, `JObject`, `JArray`, `JProperty`, `JConstructor`.

use apimite_dotnet::json::{JToken, Key, MergeSettings, NameMatch, parse_array, parse_object};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::content::{Content, content_of};
use super::entries::{Entries, pairs};
use super::object::{maybe, this, token, token_value};
use super::settings::merge_settings;
use super::token::{add_content, filled, flatten, property};
use super::{sequence, serialize};
use crate::library::core::collections::ArrayObject;
use crate::library::core::enumerators::Running;
use crate::library::rows::{Args, Row, conv, ctor, m, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::value::Value;

fn merge(cx: &mut Cx<'_>, a: &Args<'_>, settings: MergeSettings) -> Result<Value, Thrown> {
    let of = this(a)?;
    if a.get(1).is_null() {
        return Ok(Value::Null);
    }
    match content_of(cx, a.get(1))? {
        Content::One(other) => of.merge(&other, settings)?,
        many => {
            let array = JToken::array();
            let mut items = Vec::new();
            flatten(many, &mut items);
            for item in &items {
                array.add(item)?;
            }
            of.merge(&array, settings)?;
        }
    }
    Ok(Value::Null)
}

static CONTAINER: &[Row] = &[
    p("int Count", |_, a| Ok(Value::Int(i32::try_from(this(&a)?.count()).unwrap_or(i32::MAX)))),
    m("IEnumerable<JToken> Descendants()", |_, a| Ok(sequence::descendants(this(&a)?, false))),
    m("IEnumerable<JToken> DescendantsAndSelf()", |_, a| Ok(sequence::descendants(this(&a)?, true))),
    m("void Add(object content)", |cx, a| {
        let of = this(&a)?.clone();
        add_content(cx, &of, None, a.get(1))
    })
    .impure(),
    m("void AddFirst(object content)", |cx, a| {
        let of = this(&a)?.clone();
        add_content(cx, &of, Some(0), a.get(1))
    })
    .impure(),
    m("void ReplaceAll(object content)", |cx, a| {
        let of = this(&a)?.clone();
        of.clear()?;
        add_content(cx, &of, None, a.get(1))
    })
    .impure(),
    m("void RemoveAll()", |_, a| this(&a)?.clear().map(|()| Value::Null)).impure(),
    m("void Merge(object content)", |cx, a| merge(cx, &a, MergeSettings::default())).impure(),
    m("void Merge(object content, JsonMergeSettings settings)", |cx, a| merge(cx, &a, merge_settings(a.get(2))))
        .impure(),
];

/// `Newtonsoft.Json.Linq.JContainer`
pub static JCONTAINER: TypeDef =
    class("Newtonsoft.Json.Linq.JContainer").extends("JToken").abstract_().rows(&[CONTAINER]).def();

/// `StringComparison` as a way to compare names.
fn comparison(number: i64) -> NameMatch {
    if number % 2 == 1 { NameMatch::IgnoreCase } else { NameMatch::Exact }
}

fn name<'v>(a: &'v Args<'_>, index: usize) -> &'v str {
    a.str(index).map_or("", |text| text.as_str())
}

fn try_get(a: &mut Args<'_>, how: NameMatch, place: usize) -> Result<Value, Thrown> {
    let found = if a.get(1).is_null() { None } else { this(a)?.get(name(a, 1), how) };
    let is_there = found.is_some();
    a.put(place, maybe(found));
    Ok(Value::Bool(is_there))
}

fn view(a: &Args<'_>) -> Value {
    token(a, 0).map_or(Value::Null, |of| Value::object(Entries(of.clone())))
}

static OBJECT: &[Row] = &[
    ctor("()", |_, _| Ok(token_value(JToken::object()))),
    ctor("(JObject other)", |_, a| {
        a.need(0, "other")?;
        Ok(maybe(token(&a, 0).map(JToken::deep_clone)))
    }),
    ctor("(params object[] content)", |cx, a| filled(cx, JToken::object(), a.get(0))),
    ctor("(object content)", |cx, a| filled(cx, JToken::object(), a.get(0))),
    m("static JObject Parse(string json)", |cx, a| {
        let text = a.need_str(0, "s")?;
        cx.charge(text.as_str().len())?;
        parse_object(text.as_str()).map(token_value)
    }),
    m("static JObject FromObject(object o)", |cx, a| {
        let value = a.need(0, "o")?.clone();
        serialize::to_class(cx, &value, "JObject").map(token_value)
    }),
    p("JToken this[string propertyName]", |_, a| {
        let name = a.need_str(1, "propertyName")?;
        Ok(maybe(this(&a)?.get(name.as_str(), NameMatch::Exact)))
    }),
    set("JToken this[string propertyName]", |cx, a| {
        let name = a.need_str(1, "name")?;
        cx.charge(name.len())?;
        this(&a)?.set_index(&Key::Name(name.as_str()), token(&a, 2)).map(|()| Value::Null)
    }),
    m("IEnumerable<JProperty> Properties()", |_, a| Ok(sequence::lazy(&JPROPERTY, this(&a)?.clone()))),
    m("JProperty Property(string name)", |_, a| {
        Ok(maybe(this(&a)?.find_property(name(&a, 1), NameMatch::Exact).filter(|_| !a.get(1).is_null())))
    }),
    m("JProperty Property(string name, StringComparison comparison)", |_, a| {
        Ok(maybe(this(&a)?.find_property(name(&a, 1), comparison(a.number(2))).filter(|_| !a.get(1).is_null())))
    }),
    m("JEnumerable<JToken> PropertyValues()", |_, a| {
        let values = this(&a)?.entries().into_iter().map(|(_, value)| value).collect();
        Ok(sequence::found_tokens(values))
    }),
    m("JToken GetValue(string propertyName)", |_, a| {
        Ok(maybe(this(&a)?.get(name(&a, 1), NameMatch::Exact).filter(|_| !a.get(1).is_null())))
    }),
    m("JToken GetValue(string propertyName, StringComparison comparison)", |_, a| {
        Ok(maybe(this(&a)?.get(name(&a, 1), comparison(a.number(2))).filter(|_| !a.get(1).is_null())))
    }),
    m("bool TryGetValue(string propertyName, out JToken value)", |_, mut a| try_get(&mut a, NameMatch::Exact, 2)),
    m("bool TryGetValue(string propertyName, StringComparison comparison, out JToken value)", |_, mut a| {
        let how = comparison(a.number(2));
        try_get(&mut a, how, 3)
    }),
    m("void Add(string propertyName, JToken value)", |cx, a| {
        let name = a.need_str(1, "name")?;
        cx.charge(name.len())?;
        this(&a)?.add_property(name.as_str(), token(&a, 2)).map(|()| Value::Null)
    })
    .impure(),
    m("bool Remove(string propertyName)", |_, a| Ok(Value::Bool(this(&a)?.remove_property(name(&a, 1))))).impure(),
    m("bool ContainsKey(string propertyName)", |_, a| {
        let name = a.need_str(1, "propertyName")?;
        Ok(Value::Bool(this(&a)?.find_property(name.as_str(), NameMatch::Exact).is_some()))
    }),
    m("IEnumerator<KeyValuePair<string, JToken>> GetEnumerator()", |cx, a| {
        let each = sequence::children_of(this(&a)?.clone(), true);
        let ty = cx.registry().read_type("IEnumerator<KeyValuePair<string, JToken>>");
        Ok(Value::object(Running::new(each, ty)))
    }),
    conv("implicit operator IDictionary<string, JToken>(JObject value)", |_, a| Ok(view(&a))),
    conv("implicit operator ICollection<KeyValuePair<string, JToken>>(JObject value)", |_, a| Ok(view(&a))),
    conv("implicit operator IEnumerable<KeyValuePair<string, JToken>>(JObject value)", |_, a| {
        Ok(token(&a, 0).map_or(Value::Null, pairs))
    }),
];

/// `Newtonsoft.Json.Linq.JObject`
pub static JOBJECT: TypeDef = class("Newtonsoft.Json.Linq.JObject").extends("JContainer").rows(&[OBJECT]).def();

fn item<'v>(a: &'v Args<'_>, index: usize) -> Option<&'v JToken> {
    token(a, index)
}

static ARRAY: &[Row] = &[
    ctor("()", |_, _| Ok(token_value(JToken::array()))),
    ctor("(JArray other)", |_, a| {
        a.need(0, "other")?;
        Ok(maybe(token(&a, 0).map(JToken::deep_clone)))
    }),
    ctor("(params object[] content)", |cx, a| filled(cx, JToken::array(), a.get(0))),
    ctor("(object content)", |cx, a| filled(cx, JToken::array(), a.get(0))),
    m("static JArray Parse(string json)", |cx, a| {
        let text = a.need_str(0, "s")?;
        cx.charge(text.as_str().len())?;
        parse_array(text.as_str()).map(token_value)
    }),
    m("static JArray FromObject(object o)", |cx, a| {
        let value = a.need(0, "o")?.clone();
        serialize::to_class(cx, &value, "JArray").map(token_value)
    }),
    p("JToken this[int index]", |_, a| this(&a)?.index(&Key::Index(a.int(1))).map(maybe)),
    set("JToken this[int index]", |_, a| {
        this(&a)?.set_index(&Key::Index(a.int(1)), token(&a, 2)).map(|()| Value::Null)
    }),
    p("bool IsReadOnly", |_, _| Ok(Value::Bool(false))),
    m("int IndexOf(JToken item)", |_, a| {
        let of = this(&a)?;
        Ok(Value::Int(item(&a, 1).map_or(-1, |item| of.index_of(item))))
    }),
    m("void Insert(int index, JToken item)", |_, a| {
        let null = JToken::null();
        this(&a)?.insert(a.int(1), item(&a, 2).unwrap_or(&null)).map(|_| Value::Null)
    })
    .impure(),
    m("void RemoveAt(int index)", |_, a| this(&a)?.remove_at(a.int(1)).map(|()| Value::Null)).impure(),
    m("void Add(JToken item)", |cx, a| {
        cx.charge(128)?;
        let null = JToken::null();
        this(&a)?.add(item(&a, 1).unwrap_or(&null)).map(|_| Value::Null)
    })
    .impure(),
    m("void Clear()", |_, a| this(&a)?.clear().map(|()| Value::Null)).impure(),
    m("bool Contains(JToken item)", |_, a| {
        let of = this(&a)?;
        Ok(Value::Bool(item(&a, 1).is_some_and(|item| of.index_of(item) >= 0)))
    }),
    m("bool Remove(JToken item)", |_, a| {
        let of = this(&a)?;
        item(&a, 1).map_or(Ok(false), |item| of.remove_item(item)).map(Value::Bool)
    })
    .impure(),
    m("void CopyTo(JToken[] array, int arrayIndex)", |_, a| {
        let from = this(&a)?.children();
        a.need(1, "array")?;
        let array = a.obj::<ArrayObject>(1)?;
        let at = usize::try_from(a.int(2)).map_err(|_| {
            Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "arrayIndex is less than 0. (Parameter 'arrayIndex')",
            )
        })?;
        let mut items = array.items_mut();
        if at > 0 && at >= items.len() {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "arrayIndex is equal to or greater than the length of array.",
            ));
        }
        if items.len().saturating_sub(at) < from.len() {
            return Err(Exception::new(
                ExceptionKind::Argument,
                "The number of elements in the source JObject is greater than the available space from arrayIndex to the \
                 end of the destination array.",
            ));
        }
        for (offset, token) in from.into_iter().enumerate() {
            items[at + offset] = token_value(token);
        }
        Ok(Value::Null)
    })
    .impure(),
];

/// `Newtonsoft.Json.Linq.JArray`
pub static JARRAY: TypeDef =
    class("Newtonsoft.Json.Linq.JArray").extends("JContainer").implements("IList<JToken>").rows(&[ARRAY]).def();

static PROPERTY: &[Row] = &[
    ctor("(JProperty other)", |_, a| {
        a.need(0, "other")?;
        Ok(maybe(token(&a, 0).map(JToken::deep_clone)))
    }),
    ctor("(string name, params object[] content)", |cx, a| {
        let name = a.need_str(0, "name")?;
        property(cx, name.as_str(), a.get(1)).map(token_value)
    }),
    ctor("(string name, object content)", |cx, a| {
        let name = a.need_str(0, "name")?;
        property(cx, name.as_str(), a.get(1)).map(token_value)
    }),
    p("string Name", |_, a| Ok(Value::from(this(&a)?.name().to_string()))),
    p("JToken Value", |_, a| Ok(maybe(this(&a)?.property_value()))),
    set("JToken Value", |_, a| this(&a)?.set_value(token(&a, 1)).map(|()| Value::Null)),
];

/// `Newtonsoft.Json.Linq.JProperty`
pub static JPROPERTY: TypeDef = class("Newtonsoft.Json.Linq.JProperty").extends("JContainer").rows(&[PROPERTY]).def();

static CONSTRUCTOR: &[Row] = &[
    ctor("(string name)", |_, a| Ok(token_value(JToken::constructor(a.need_str(0, "name")?.as_str())))),
    ctor("(string name, params object[] content)", |cx, a| {
        let made = JToken::constructor(a.need_str(0, "name")?.as_str());
        filled(cx, made, a.get(1))
    }),
    p("string Name", |_, a| Ok(Value::from(this(&a)?.name().to_string()))),
];

/// `Newtonsoft.Json.Linq.JConstructor`
pub static JCONSTRUCTOR: TypeDef =
    class("Newtonsoft.Json.Linq.JConstructor").extends("JContainer").rows(&[CONSTRUCTOR]).def();
