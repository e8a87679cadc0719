//! Members of .NET values in a script: properties, indexers and methods by their snake-case names.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use apimite_expr::library::{Default as ParamDefault, Member, MemberKind, ParamMode, Registry};
use apimite_expr::types::Kind;
use apimite_expr::{Cx, Exception, ExceptionKind, Thrown, Type, Value};
use rhai::{Dynamic, Engine, EvalAltResult, INT, NativeCallContext};

use crate::bridge::{Net, NetError, ask};
use crate::convert::{from_json, params_array, to_net, to_script};
use crate::names::snake;

/// Most arguments of a method that a script can call.
const MOST_ARGUMENTS: usize = 5;

type Answer = Result<Dynamic, Box<EvalAltResult>>;

/// The .NET names behind the snake-case ones.
#[derive(Default)]
struct Names {
    properties: BTreeMap<String, BTreeSet<&'static str>>,
    /// With the numbers of arguments that some method of the name takes.
    methods: BTreeMap<String, (BTreeSet<&'static str>, BTreeSet<usize>)>,
}

impl Names {
    fn of(registry: &Registry) -> Self {
        let mut names = Self::default();
        for member in registry.types().iter().flat_map(|def| registry.all_declared(def)) {
            if member.is_static && !member.is_extension {
                continue;
            }
            match member.kind {
                MemberKind::Get => {
                    names.properties.entry(snake(member.name)).or_default().insert(member.name);
                }
                MemberKind::Method => {
                    let receiver = usize::from(member.is_extension);
                    let most = member.params.len().saturating_sub(receiver);
                    let least = member
                        .params
                        .iter()
                        .skip(receiver)
                        .filter(|p| p.default.is_none() && p.mode != ParamMode::Params)
                        .count();
                    let has_params = member.params.iter().any(|p| p.mode == ParamMode::Params);
                    let most = if has_params { MOST_ARGUMENTS } else { most.min(MOST_ARGUMENTS) };
                    let entry = names.methods.entry(snake(member.name)).or_default();
                    entry.0.insert(member.name);
                    entry.1.extend(least..=most);
                }
                _ => {}
            }
        }
        names
    }
}

/// Teaches an engine the members of all types of a library.
pub(crate) fn register(engine: &mut Engine, registry: &Registry) {
    let names = Names::of(registry);
    engine.register_type_with_name::<Net>(".NET value");
    engine.register_type_with_name::<NetError>(".NET exception");
    for (name, candidates) in names.properties {
        let candidates: Arc<[&'static str]> = candidates.into_iter().collect();
        engine.register_get(name, move |net: &mut Net| property(&net.0, &candidates));
    }
    for (name, (candidates, counts)) in names.methods {
        let candidates: Arc<[&'static str]> = candidates.into_iter().collect();
        for count in counts {
            let mut types = vec![TypeId::of::<Net>()];
            types.extend(std::iter::repeat_n(TypeId::of::<Dynamic>(), count));
            let candidates = Arc::clone(&candidates);
            engine.register_raw_fn(&name, types, move |_: NativeCallContext, args: &mut [&mut Dynamic]| {
                let mut args = args.iter_mut().map(|arg| std::mem::take(*arg));
                let receiver = args.next().and_then(Dynamic::try_cast::<Net>).map(|net| net.0).unwrap_or_default();
                method(&receiver, &candidates, args.collect())
            });
        }
    }
    register_basics(engine);
}

fn register_basics(engine: &mut Engine) {
    engine.register_indexer_get(|net: &mut Net, key: Dynamic| index(&net.0, key));
    engine.register_fn("to_string", |net: &mut Net| text(&net.0));
    engine.register_fn("to_debug", |net: &mut Net| text(&net.0));
    engine.register_fn("to_string", |error: &mut NetError| error.0.message.clone());
    engine.register_fn("to_debug", |error: &mut NetError| error.0.to_string());
    engine.register_get("message", |error: &mut NetError| error.0.message.clone());
    engine.register_get("type", |error: &mut NetError| error.0.kind.full_name().to_owned());
    engine.register_fn("==", |a: Net, b: Net| ask(|cx| cx.equals(&a.0, &b.0)));
    engine.register_fn("!=", |a: Net, b: Net| ask(|cx| cx.equals(&a.0, &b.0).map(|equal| !equal)));
    engine.register_fn("==", |a: Net, b: &str| text(&a.0).map(|a| a == b));
    engine.register_fn("!=", |a: Net, b: &str| text(&a.0).map(|a| a != b));
    engine.register_fn("==", |a: &str, b: Net| text(&b.0).map(|b| a == b));
    engine.register_fn("!=", |a: &str, b: Net| text(&b.0).map(|b| a != b));
    engine.register_fn("<", |a: Net, b: Net| ask(|cx| cx.compare(&a.0, &b.0).map(std::cmp::Ordering::is_lt)));
    engine.register_fn(">", |a: Net, b: Net| ask(|cx| cx.compare(&a.0, &b.0).map(std::cmp::Ordering::is_gt)));
    engine.register_fn("<=", |a: Net, b: Net| ask(|cx| cx.compare(&a.0, &b.0).map(std::cmp::Ordering::is_le)));
    engine.register_fn(">=", |a: Net, b: Net| ask(|cx| cx.compare(&a.0, &b.0).map(std::cmp::Ordering::is_ge)));
    engine.register_fn("+", |a: &str, b: Net| text(&b.0).map(|b| format!("{a}{b}")));
    engine.register_fn("+", |a: Net, b: &str| text(&a.0).map(|a| format!("{a}{b}")));
    engine.register_fn("contains", |net: &mut Net, key: &str| contains(&net.0, key));
    // `As<T>()` has no counterpart for want of type arguments; these are its uses.
    engine.register_fn("as_string", |net: &mut Net| body_text(&net.0, false).map(Dynamic::from));
    engine.register_fn("as_string", |net: &mut Net, preserve: bool| body_text(&net.0, preserve).map(Dynamic::from));
    engine.register_fn("as_json", |net: &mut Net| body_json(&net.0, false));
    engine.register_fn("as_json", |net: &mut Net, preserve: bool| body_json(&net.0, preserve));
    engine.register_iterator_result::<Items, Dynamic>();
    engine.register_fn("items", |net: &mut Net| ask(|cx| elements(cx, &net.0)));
    engine.register_iterator_result::<Net, Dynamic>();
}

/// The elements of a sequence, read at once.
#[derive(Clone)]
struct Items(Vec<Dynamic>);

impl IntoIterator for Items {
    type Item = Answer;
    type IntoIter = std::iter::Map<std::vec::IntoIter<Dynamic>, fn(Dynamic) -> Answer>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(Ok)
    }
}

impl IntoIterator for Net {
    type Item = Answer;
    type IntoIter = std::vec::IntoIter<Answer>;

    fn into_iter(self) -> Self::IntoIter {
        match ask(|cx| elements(cx, &self.0)) {
            Ok(items) => items.into_iter().map(Ok).collect::<Vec<_>>().into_iter(),
            Err(error) => vec![Err(error)].into_iter(),
        }
    }
}

fn elements(cx: &mut Cx<'_>, sequence: &Value) -> Result<rhai::Array, Thrown> {
    cx.collect(sequence)?.into_iter().map(|item| to_script(cx, item)).collect()
}

fn text(value: &Value) -> Result<String, Box<EvalAltResult>> {
    ask(|cx| cx.to_text(value).map(|text| text.as_str().to_owned()))
}

/// The types a value has, itself first, with the arguments of each.
fn types_of(cx: &Cx<'_>, value: &Value) -> Vec<Type> {
    value
        .type_of()
        .map(|ty| std::iter::once(ty).chain(cx.registry().supers(ty).iter().copied()).collect())
        .unwrap_or_default()
}

fn declared(cx: &Cx<'_>, ty: Type, name: &str) -> Vec<Arc<Member>> {
    let registry = cx.registry();
    match ty.kind() {
        Kind::Named { def, .. } => registry.declared(def.0, name),
        Kind::Array { .. } => {
            registry.base(ty).and_then(Type::def).map(|def| registry.declared(def, name)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn absent(value: &Value, what: &str) -> Thrown {
    let ty = value.type_of().map_or_else(|| "null".to_owned(), Type::csharp);
    Exception::new(ExceptionKind::NotSupported, format!("`{ty}` has no {what}"))
}

fn property(value: &Value, candidates: &[&'static str]) -> Answer {
    ask(|cx| {
        for ty in types_of(cx, value) {
            for name in candidates {
                let found = declared(cx, ty, name).into_iter().find(|m| m.kind == MemberKind::Get && !m.is_static);
                if let Some(member) = found {
                    let result = cx.call_member(&member, ty.args(), &mut [value.clone()])?;
                    return to_script(cx, result);
                }
            }
        }
        Err(absent(value, &format!("property `{}`", candidates.first().map_or_else(String::new, |name| snake(name)))))
    })
}

fn index(value: &Value, key: Dynamic) -> Answer {
    ask(|cx| {
        let key = to_net(cx, key)?;
        for ty in types_of(cx, value) {
            for member in declared(cx, ty, "this") {
                if member.kind != MemberKind::IndexGet {
                    continue;
                }
                if let Some(mut args) = fit(cx, &member, ty.args(), value, std::slice::from_ref(&key)) {
                    let result = cx.call_member(&member, ty.args(), &mut args)?;
                    return to_script(cx, result);
                }
            }
        }
        Err(absent(value, "index of that kind"))
    })
}

fn method(value: &Value, candidates: &[&'static str], args: Vec<Dynamic>) -> Answer {
    ask(|cx| {
        let args = args.into_iter().map(|arg| to_net(cx, arg)).collect::<Result<Vec<_>, _>>()?;
        for ty in types_of(cx, value) {
            for member in candidates.iter().flat_map(|name| declared(cx, ty, name)) {
                if member.kind == MemberKind::Method && !member.is_static {
                    let types = type_arguments(&member, ty.args());
                    if let Some(mut args) = fit(cx, &member, &types, value, &args) {
                        let result = cx.call_member(&member, &types, &mut args)?;
                        return to_script(cx, result);
                    }
                }
            }
        }
        for member in candidates.iter().flat_map(|name| cx.registry().extensions(name)) {
            let types = type_arguments(&member, &[]);
            if let Some(mut args) = fit(cx, &member, &types, value, &args) {
                let result = cx.call_member(&member, &types, &mut args)?;
                return to_script(cx, result);
            }
        }
        let name = candidates.first().map_or_else(String::new, |name| snake(name));
        Err(absent(value, &format!("method `{name}` for these {} arguments", args.len())))
    })
}

/// `object` stands for every type argument of a method: a script has no types to give.
fn type_arguments(member: &Member, of_type: &[Type]) -> Vec<Type> {
    of_type.iter().copied().chain(member.type_params.iter().map(|_| Type::object())).collect()
}

/// The arguments of a call, receiver first, if the member takes them.
fn fit(cx: &Cx<'_>, member: &Member, types: &[Type], receiver: &Value, given: &[Value]) -> Option<Vec<Value>> {
    let mut params = member.params.iter();
    if member.is_extension && !accepts(cx, receiver, params.next()?.ty.substitute(types)) {
        return None;
    }
    let mut args = vec![receiver.clone()];
    let mut given = given.iter();
    for param in params {
        let ty = param.ty.substitute(types);
        match param.mode {
            ParamMode::Ref | ParamMode::Out => return None,
            ParamMode::Params => {
                let element = ty.element()?;
                let rest = given.by_ref().map(|arg| coerce(cx, arg, element)).collect::<Option<Vec<_>>>()?;
                args.push(params_array(element, rest));
            }
            ParamMode::Value => match given.next() {
                Some(arg) => args.push(coerce(cx, arg, ty)?),
                None => args.push(default(param.default?, ty)),
            },
        }
    }
    given.next().is_none().then_some(args)
}

fn accepts(cx: &Cx<'_>, value: &Value, ty: Type) -> bool {
    ty == Type::object() || ty.is_open() || cx.is_instance(value, ty)
}

/// The value as a type, with the conversions that a number or a text of a script allows.
fn coerce(cx: &Cx<'_>, value: &Value, ty: Type) -> Option<Value> {
    if accepts(cx, value, ty) {
        return Some(value.clone());
    }
    let target = ty.underlying();
    match value {
        Value::Null => ty.takes_null().then_some(Value::Null),
        Value::Int(n) if target == Type::long() => Some(Value::Long(i64::from(*n))),
        Value::Int(n) if target == Type::double() => Some(Value::Double(f64::from(*n))),
        Value::Int(n) if target == Type::decimal() => Some(Value::Decimal((*n).into())),
        Value::Int(n) if target == Type::byte() => u8::try_from(*n).ok().map(Value::Byte),
        Value::Int(n) if target == Type::uint() => u32::try_from(*n).ok().map(Value::UInt),
        Value::Str(text) if target == Type::char() && text.len16() == 1 => text.unit(0).map(Value::Char),
        _ => None,
    }
}

fn default(default: ParamDefault, ty: Type) -> Value {
    match default {
        ParamDefault::Int(n) if ty.underlying() == Type::long() => Value::Long(n),
        ParamDefault::Int(n) if ty.underlying().is_enum() => Value::Enum(ty.underlying(), n),
        ParamDefault::Int(n) => Value::Int(INT::try_into(n).unwrap_or_default()),
        ParamDefault::ULong(n) => Value::ULong(n),
        ParamDefault::Float(n) => Value::Double(n),
        ParamDefault::Str(text) => Value::from(text),
        ParamDefault::Bool(b) => Value::Bool(b),
        ParamDefault::Char(unit) => Value::Char(unit),
        ParamDefault::Decimal(_) | ParamDefault::Null => Value::Null,
    }
}

/// `"name" in headers`.
fn contains(value: &Value, key: &str) -> Result<bool, Box<EvalAltResult>> {
    ask(|cx| {
        cx.call_named("ContainsKey", &mut [value.clone(), Value::from(key.to_owned())]).map(|found| found.as_bool())
    })
}

fn body_text(value: &Value, preserve: bool) -> Result<String, Box<EvalAltResult>> {
    ask(|cx| {
        for ty in types_of(cx, value) {
            let found = declared(cx, ty, "As").into_iter().find(|m| m.type_params.len() == 1);
            if let Some(member) = found {
                let types: Vec<Type> = ty.args().iter().copied().chain([Type::string()]).collect();
                let result = cx.call_member(&member, &types, &mut [value.clone(), Value::Bool(preserve)])?;
                return cx.to_text(&result).map(|text| text.as_str().to_owned());
            }
        }
        cx.to_text(value).map(|text| text.as_str().to_owned())
    })
}

fn body_json(value: &Value, preserve: bool) -> Answer {
    let text = body_text(value, preserve)?;
    match serde_json::from_str(&text) {
        Ok(json) => Ok(from_json(json)),
        Err(error) => Err(crate::bridge::raise(Exception::new(
            ExceptionKind::Format,
            format!("The message body is not a valid JSON. {error}"),
        ))),
    }
}
