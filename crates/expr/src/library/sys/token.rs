//! `AsJwt`, `AsBasic` and what they give: `Jwt`, `BasicAuthCredentials`.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::web::{BasicCredentials, Jwt};
use apimite_dotnet::{Exception, ExceptionKind, Thrown};

use super::{date_time, text_or_null, texts_value, walk};
use crate::library::core::tuples::{PAIR, Record};
use crate::library::rows::{Args, each, ext, m, p};
use crate::library::typedef::{TypeDef, class, static_class};
use crate::run::{Cx, Text};
use crate::types::Type;
use crate::value::{Each, Object, Str, Value};

/// A `Jwt`, with its claims as the one object they are.
struct JwtObject(Arc<Jwt>, Value);

impl Object for JwtObject {
    fn type_of(&self) -> Type {
        Type::of(&JWT)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        None
    }
}

/// A `Jwt` value.
pub fn jwt_value(jwt: Jwt) -> Value {
    let jwt = Arc::new(jwt);
    Value::object(JwtObject(Arc::clone(&jwt), Value::object(ClaimsObject(jwt))))
}

/// The values of a claim in a `Jwt.Claims`; `None` for another dictionary.
pub fn claim_of<'v>(claims: &'v Value, name: &str) -> Option<Option<&'v [String]>> {
    claims.downcast::<ClaimsObject>().map(|claims| claims.0.claim(name))
}

/// The token in a value.
pub fn jwt_of(value: &Value) -> Option<&Jwt> {
    value.downcast::<JwtObject>().map(|jwt| jwt.0.as_ref())
}

fn jwt<'a>(a: &'a Args<'_>) -> Result<&'a Arc<Jwt>, Thrown> {
    Ok(&a.obj::<JwtObject>(0)?.0)
}

fn text(text: &Option<String>) -> Result<Value, Thrown> {
    Ok(text_or_null(text.as_deref()))
}

fn time(seconds: Option<i64>) -> Result<Value, Thrown> {
    Ok(seconds.map_or(Value::Null, |seconds| date_time(seconds, 1)))
}

static JWT: TypeDef = class("Jwt")
    .host()
    .abstract_()
    .rows(&[&[
        p("string Algorithm", |_, a| text(&jwt(&a)?.algorithm)),
        p("string Type", |_, a| text(&jwt(&a)?.token_type)),
        p("string Id", |_, a| text(&jwt(&a)?.id)),
        p("string Issuer", |_, a| text(&jwt(&a)?.issuer)),
        p("string Subject", |_, a| text(&jwt(&a)?.subject)),
        p("IEnumerable<string> Audiences", |_, a| Ok(texts_value(jwt(&a)?.audiences.clone()))),
        p("DateTime? ExpirationTime", |_, a| time(jwt(&a)?.expiration_time)),
        p("DateTime? NotBefore", |_, a| time(jwt(&a)?.not_before)),
        p("DateTime? IssuedAt", |_, a| time(jwt(&a)?.issued_at)),
        p("IReadOnlyDictionary<string, string[]> Claims", |_, a| Ok(a.obj::<JwtObject>(0)?.1.clone())),
    ]])
    .def();

/// `Jwt.Claims`.
struct ClaimsObject(Arc<Jwt>);

impl Object for ClaimsObject {
    fn type_of(&self) -> Type {
        Type::of(&CLAIMS)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        let ty = Type::generic(&PAIR, &[Type::string(), Type::array(Type::string())]);
        let pairs = self
            .0
            .claims
            .iter()
            .map(|(name, values)| Record::value(ty, [Value::Str(Str::new(name)), texts_value(values.clone())]));
        Some(Ok(walk(pairs.collect())))
    }
}

fn claims<'a>(a: &'a Args<'_>) -> Result<&'a Jwt, Thrown> {
    Ok(&a.obj::<ClaimsObject>(0)?.0)
}

fn unknown(name: &str) -> Thrown {
    Exception::new(ExceptionKind::KeyNotFound, format!("The given key '{name}' was not present in the dictionary."))
}

static CLAIMS: TypeDef = class("JwtClaims")
    .host()
    .abstract_()
    .implements("IReadOnlyDictionary<string, string[]>")
    .rows(&[&[
        p("string[] this[string key]", |_, a| {
            let name = a.need_str(1, "key")?;
            claims(&a)?.claim(name).map(|values| texts_value(values.to_vec())).ok_or_else(|| unknown(name))
        })
        .item(|_, a, index| {
            let name = a.need_str(1, "key")?;
            let values = claims(&a)?.claim(name).ok_or_else(|| unknown(name))?;
            Ok(values.get(index).map(|value| Text::Own(Str::new(value))))
        }),
        p("int Count", |_, a| Ok(Value::Int(claims(&a)?.claims.len() as i32))),
        p("IEnumerable<string> Keys", |_, a| {
            Ok(texts_value(claims(&a)?.claims.iter().map(|(name, _)| name.clone()).collect()))
        }),
        p("IEnumerable<string[]> Values", |_, a| {
            let values = claims(&a)?.claims.iter().map(|(_, values)| texts_value(values.clone())).collect();
            Ok(crate::library::core::collections::array_value(Type::array(Type::string()), values))
        }),
        m("bool ContainsKey(string key)", |_, a| {
            let name = a.need_str(1, "key")?;
            Ok(Value::Bool(claims(&a)?.claim(name).is_some()))
        }),
        m("bool TryGetValue(string key, out string[] value)", |_, mut a| {
            let name = a.need_str(1, "key")?.clone();
            let values = claims(&a)?.claim(&name).map(|values| texts_value(values.to_vec()));
            let found = values.is_some();
            a.put(2, values.unwrap_or_default());
            Ok(Value::Bool(found))
        }),
        each("IEnumerator<KeyValuePair<string, string[]>> GetEnumerator()", |cx, a| cx.iterate(a.get(0))),
    ]])
    .def();

/// A `BasicAuthCredentials`.
struct BasicObject(BasicCredentials);

impl Object for BasicObject {
    fn type_of(&self) -> Type {
        Type::of(&BASIC)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A `BasicAuthCredentials` value.
pub fn basic_value(credentials: BasicCredentials) -> Value {
    Value::object(BasicObject(credentials))
}

fn user(a: &Args<'_>) -> Result<Value, Thrown> {
    Ok(Value::Str(Str::new(&a.obj::<BasicObject>(0)?.0.user_id)))
}

static BASIC: TypeDef = class("BasicAuthCredentials")
    .host()
    .abstract_()
    .rows(&[&[
        p("string UserId", |_, a| user(&a)),
        p("string Username", |_, a| user(&a)).unlisted(),
        p("string Password", |_, a| Ok(Value::Str(Str::new(&a.obj::<BasicObject>(0)?.0.password)))),
    ]])
    .def();

/// Source: policy expressions reference, `AsBasic`, `TryParseBasic`, `AsJwt`, `TryParseJwt`.
static STRING_EXTENSIONS: TypeDef = static_class("StringExtensions")
    .host()
    .rows(&[&[
        ext("BasicAuthCredentials AsBasic(this string input)", |_, a| {
            Ok(a.str(0).and_then(|text| BasicCredentials::parse(text)).map_or(Value::Null, basic_value))
        }),
        ext("bool TryParseBasic(this string input, out BasicAuthCredentials result)", |_, mut a| {
            let parsed = a.str(0).and_then(|text| BasicCredentials::parse(text)).map(basic_value);
            let found = parsed.is_some();
            a.put(1, parsed.unwrap_or_default());
            Ok(Value::Bool(found))
        }),
        ext("Jwt AsJwt(this string input)", |_, a| {
            Ok(a.str(0).and_then(|text| Jwt::parse(text)).map_or(Value::Null, jwt_value))
        }),
        ext("bool TryParseJwt(this string input, out Jwt result)", |_, mut a| {
            let parsed = a.str(0).and_then(|text| Jwt::parse(text)).map(jwt_value);
            let found = parsed.is_some();
            a.put(1, parsed.unwrap_or_default());
            Ok(Value::Bool(found))
        }),
    ]])
    .def();

pub(crate) static TYPES: &[&TypeDef] = &[&JWT, &CLAIMS, &BASIC, &STRING_EXTENSIONS];
