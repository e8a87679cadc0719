//! `Authorization`: what `get-authorization-context` keeps in a variable.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;
use apimite_expr::library::{TypeDef, class, m, p};
use apimite_expr::value::Each;
use apimite_expr::{Cx, Object, Str, Type, Value};

use super::headers::{column, enumerate, missing};

/// An authorization: its access token and the claims that came with it.
#[derive(Clone, Debug)]
pub struct AuthorizationObject(Arc<Stored>);

#[derive(Debug)]
struct Stored {
    access_token: Str,
    claims: Vec<(Str, Value)>,
}

impl AuthorizationObject {
    /// Keeps an authorization.
    pub fn new(access_token: &str, claims: impl IntoIterator<Item = (String, Value)>) -> Self {
        let claims = claims.into_iter().map(|(name, value)| (Str::from(name), value)).collect();
        Self(Arc::new(Stored { access_token: Str::new(access_token), claims }))
    }

    /// As a value of a variable.
    pub fn value(self) -> Value {
        Value::object(self)
    }
}

impl Object for AuthorizationObject {
    fn type_of(&self) -> Type {
        Type::of(&AUTHORIZATION)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The claims of an authorization.
struct ClaimsObject(Arc<Stored>);

impl ClaimsObject {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.claims.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
    }

    fn pairs(&self) -> Vec<(Value, Value)> {
        self.0.claims.iter().map(|(name, value)| (Value::Str(name.clone()), value.clone())).collect()
    }
}

impl Object for ClaimsObject {
    fn type_of(&self) -> Type {
        Type::of(&CLAIMS)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(enumerate(Type::string(), Type::object(), self.pairs())))
    }
}

/// `Authorization`
static AUTHORIZATION: TypeDef = class("Authorization")
    .host()
    .abstract_()
    .rows(&[&[
        p("string AccessToken", |_, a| Ok(Value::Str(a.obj::<AuthorizationObject>(0)?.0.access_token.clone()))),
        p("IReadOnlyDictionary<string, object> Claims", |_, a| {
            Ok(Value::object(ClaimsObject(Arc::clone(&a.obj::<AuthorizationObject>(0)?.0))))
        }),
    ]])
    .def();

static CLAIMS: TypeDef = class("AuthorizationClaims")
    .host()
    .abstract_()
    .implements("IReadOnlyDictionary<string, object>")
    .rows(&[&[
        p("object this[string key]", |_, a| {
            let name = a.need_str(1, "key")?;
            a.obj::<ClaimsObject>(0)?.get(name).cloned().ok_or_else(|| missing(name))
        }),
        m("bool ContainsKey(string key)", |_, a| {
            Ok(Value::Bool(a.obj::<ClaimsObject>(0)?.get(a.need_str(1, "key")?).is_some()))
        }),
        m("bool TryGetValue(string key, out object value)", |_, mut a| {
            let found = a.obj::<ClaimsObject>(0)?.get(a.need_str(1, "key")?).cloned();
            let there = found.is_some();
            a.put(2, found.unwrap_or_default());
            Ok(Value::Bool(there))
        }),
        p("int Count", |_, a| {
            Ok(Value::Int(i32::try_from(a.obj::<ClaimsObject>(0)?.0.claims.len()).unwrap_or(i32::MAX)))
        }),
        p("IEnumerable<string> Keys", |_, a| {
            Ok(column(Type::string(), a.obj::<ClaimsObject>(0)?.pairs().into_iter().map(|(key, _)| key)))
        }),
        p("IEnumerable<object> Values", |_, a| {
            Ok(column(Type::object(), a.obj::<ClaimsObject>(0)?.pairs().into_iter().map(|(_, value)| value)))
        }),
    ]])
    .def();

/// The types of this file.
pub(super) static TYPES: &[&TypeDef] = &[&AUTHORIZATION, &CLAIMS];
